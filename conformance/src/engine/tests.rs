//! What must hold of every story, whoever it is told to.

use std::collections::HashSet;

use super::*;
use crate::scenario::{parse_one, print_file};
use crate::stack::by_name;
use crate::verdict::Verdict;

/// Stories of a campaign whose corpus has grown for some rounds.
fn stories(name: &str, count: u64) -> Vec<Scenario> {
    let stack = by_name(name).expect("built in");
    let mut corpus = Corpus::new(5, stack.declaration());
    let mut stories = Vec::new();
    for index in 0..count {
        stories.push(corpus.story(index));
        if index % 10 == 9 {
            corpus.add(&[Entry { index, kept: usize::MAX }]);
        }
    }
    stories
}

#[test]
fn every_story_can_be_written_down_and_read_again() {
    for story in stories("reference", 3000) {
        let text = print_file(std::slice::from_ref(&story));
        assert_eq!(parse_one(&text).as_ref(), Ok(&story), "{text}");
    }
}

#[test]
fn a_story_is_a_function_of_seed_index_and_corpus() {
    assert_eq!(stories("smoltcp", 300), stories("smoltcp", 300));
    assert_ne!(stories("smoltcp", 300), stories("reference", 300), "stacks can do different things");
}

#[test]
fn every_story_can_be_told_to_its_stack() {
    for name in ["reference", "smoltcp"] {
        let mut stack = by_name(name).expect("built in");
        for story in stories(name, 300) {
            let run = judge(&mut *stack, &story, Family::V4);
            assert!(!matches!(run.verdict, Verdict::Skipped(_)), "{}", print_file(&[story]));
        }
    }
}

#[test]
fn random_stories_reach_every_state() {
    let mut stack = by_name("reference").expect("built in");
    let mut features = HashSet::new();
    for story in stories("reference", 3000) {
        let run = judge(&mut *stack, &story, Family::V4);
        coverage::features(&story, &run.trace, |feature| {
            features.insert(feature);
        });
    }
    let reached = coverage::Reached::of(&features);
    assert_eq!(reached.states, 11);
    assert!(reached.rules > 100 && reached.cells > 500, "{reached:?}");
}

#[test]
fn what_goes_between_sockets_that_were_given_up_says_nothing_of_a_connections_numbers() {
    // The request of the first OPEN is sent again after a second; by then the connection is another one.
    let lines = "+0 open active\n+0 open passive\n+0 < S\n+0 < .\n+1.5 < P. (1)\n+0 receive\n+0 send 1\n";
    let scenario = parse_one(&format!("tcpspec 1\nscenario a\n{lines}")).expect("valid");
    let mut reference = by_name("reference").expect("built in");
    let run = judge(&mut *reference, &scenario, Family::V4);
    let text = run.trace.to_string();
    assert_eq!(text.matches(" > S 0:0(0) ").count(), 2, "{text}");
    for line in ["< P. 1:2(1) ack 1 win 65535", "receive -> 1", "send 1 -> 1", "> P. 1:2(1) ack 2 win "] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}
