//! The monitor over stacks with one fault each.

use std::collections::BTreeSet;

use super::{Dice, Monitor, altered, random, shown, survivors};
use crate::bench::{self, Family};
use crate::cases;
use crate::engine::without_expectations;
use crate::monitor::law::LAWS;
use crate::scenario::Scenario;
use crate::stack::Stack;
use crate::stack::faulty::{self, Excuse, Fault, Faulty};
use crate::stack::reference::Reference;
use crate::trace::Happening;
use crate::verdict::Failure;
use tcpspec_core::Instant;

/// The suite's stories without their expectations, and those that it has no need of: what is found, the monitor finds.
fn stories() -> Vec<Scenario> {
    let cases = cases::all().iter().map(|case| without_expectations(&case.scenario));
    cases.chain(shown::stories()).collect()
}

/// What the monitor objects to first in a fault's stack, on the suite's stories, then on random ones.
fn caught(fault: &'static Fault, stories: &[Scenario], random: u64) -> Option<(Failure, Scenario)> {
    let mut monitor = Monitor::new();
    let mut play = |scenario: &Scenario| {
        let mut stack = Faulty::new(fault);
        let run = bench::run_watched(&mut stack, scenario, Family::V4, Some(&mut monitor));
        let failure = run.verdict.failure().filter(|failure| failure.cause.is_some()).cloned();
        failure.map(|failure| (failure, scenario.clone()))
    };
    let in_suite = stories.iter().find_map(&mut play);
    in_suite.or_else(|| (0..random).find_map(|seed| play(&random::scenario(&mut Dice::new(seed)))))
}

/// What can be seen of a story from outside, and when.
fn seen(stack: &mut dyn Stack, story: &Scenario) -> Vec<(Instant, Happening)> {
    let entries = bench::run(stack, story, Family::V4).trace.entries;
    entries.into_iter().map(|entry| (entry.time, entry.happening)).collect()
}

/// Whether any of the stories goes another way with the fault.
fn shown(fault: &'static Fault, stories: &[Scenario], references: &[Vec<(Instant, Happening)>]) -> bool {
    stories.iter().zip(references).any(|(story, told)| seen(&mut Faulty::new(fault), story) != *told)
}

/// The rule that a failure is about.
fn rule(failure: &Failure) -> Option<String> {
    failure.cause.as_ref().map(|cause| cause.rule.to_string())
}

/// What nothing can break from outside: a panic over an illegal option is seen by whoever runs the stack.
const NEVER_RAISED: [&str; 1] = ["I-094"];

#[test]
fn faults_are_caught_or_listed_what_is_permitted_is_let_pass_and_every_rule_is_broken_by_something() {
    let stories = stories();
    let references: Vec<_> = stories.iter().map(|story| seen(&mut Reference::new(), story)).collect();
    let mut raised: BTreeSet<String> = altered::rules().map(str::to_owned).collect();
    let (mut found, mut unseen, mut allowed, mut wrong) = (0, 0, 0, Vec::new());
    for fault in faulty::all() {
        let caught = caught(fault, &stories, 8);
        match (&fault.excuse, caught) {
            (Some(Excuse::Permitted(variation)), Some((failure, scenario))) => {
                let text = crate::scenario::print_file(std::slice::from_ref(&scenario));
                panic!("{} ({variation}): {failure}\n{:?}\n{text}", fault.name, failure.cause);
            }
            (Some(_), _) => {}
            (None, Some((failure, _))) => {
                found += 1;
                raised.extend(rule(&failure));
                if survivors::lists(&fault.name) {
                    wrong.push(format!("{} is caught: {failure}", fault.name));
                }
            }
            (None, None) if survivors::lists(&fault.name) => allowed += 1,
            (None, None) => {
                unseen += 1;
                if shown(fault, &stories, &references) {
                    wrong.push(format!("{} survives and is not listed", fault.name));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{found} caught, {unseen} leave every story as it is, {allowed} do what may be");
    let listed: usize = survivors::SURVIVORS.iter().map(|(_, faults)| faults.len()).sum();
    assert_eq!(listed, allowed, "a listed survivor is no fault any more");
    for law in LAWS {
        let breaks = raised.contains(law.id) != NEVER_RAISED.contains(&law.id);
        assert!(breaks, "{}: nothing breaks it, or it is listed in vain", law.id);
    }
}
