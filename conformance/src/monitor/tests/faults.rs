//! The monitor over stacks with one fault each.

use super::{Dice, Monitor, random};
use crate::bench::{self, Family};
use crate::cases;
use crate::engine::without_expectations;
use crate::scenario::Scenario;
use crate::stack::faulty::{self, Excuse, Fault, Faulty};
use crate::verdict::Failure;

/// The suite's stories without their expectations: what is found, the monitor finds.
fn stories() -> Vec<Scenario> {
    cases::all().iter().map(|case| without_expectations(&case.scenario)).collect()
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

#[test]
fn faults_are_caught_and_what_is_permitted_is_not() {
    let stories = stories();
    let (mut found, mut visible) = (0, 0);
    for fault in faulty::all() {
        let caught = caught(fault, &stories, 8);
        match (&fault.excuse, caught) {
            (Some(Excuse::Permitted(variation)), Some((failure, scenario))) => {
                let text = crate::scenario::print_file(std::slice::from_ref(&scenario));
                panic!("{} ({variation}): {failure}\n{:?}\n{text}", fault.name, failure.cause);
            }
            (Some(_), _) => {}
            (None, caught) => {
                visible += 1;
                found += usize::from(caught.is_some());
                match caught {
                    Some((failure, _)) => println!("{}: {}", fault.name, failure),
                    None => println!("{}: not caught", fault.name),
                }
            }
        }
    }
    println!("{found} of {visible}");
    assert!(found * 10 > visible * 7, "{found} of {visible}");
}
