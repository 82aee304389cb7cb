//! The reference keeps its promises; faults break them, each the one that it should.

use super::*;
use crate::stack;
use crate::stack::reference::Reference;

fn reference() -> Box<dyn Stack> {
    Box::new(Reference::new())
}

fn broken(name: &str) -> Vec<&'static str> {
    let start = || stack::by_name(name).expect("a stack");
    let standings = survey(&start, &reference, 1, 60, Family::V4);
    standings.iter().filter(|standing| standing.broken > 0).map(|standing| standing.id).collect()
}

#[test]
fn the_reference_keeps_every_promise_over_both_families() {
    for family in [Family::V4, Family::V6] {
        for standing in survey(&reference, &reference, 1, 80, family) {
            assert_eq!(standing.broken, 0, "{standing:?}");
            assert!(standing.kept >= 10, "{standing:?}");
        }
    }
}

#[test]
fn faults_break_what_they_should() {
    for (name, id) in [
        ("faulty:text/repeated-segment-taken-again", "P-01"),
        ("faulty:plain-integers/text-past-zero-has-no-end", "P-17"),
        ("faulty:header/push-needed-for-text", "P-20"),
    ] {
        let broken = broken(name);
        assert!(broken.contains(&id), "{name}: {broken:?}");
    }
}

#[test]
fn smoltcp_never_comes_to_rest_after_a_close_in_syn_received_and_the_transfer_that_shows_it_is_short() {
    let start = || stack::by_name("smoltcp").expect("a stack");
    let standings = survey(&start, &reference, 1, 60, Family::V4);
    let rest = standings.iter().find(|standing| standing.id == "P-08").expect("the promise");
    let Breach { trace, story, .. } = rest.shown_by.as_ref().expect("a transfer that shows it");
    let lines = trace.as_ref().expect("its trace").entries.len();
    assert!(lines < 30, "{lines} lines\n{story}");
}
