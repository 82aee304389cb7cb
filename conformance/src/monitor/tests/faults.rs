//! The monitor over stacks with one fault each.

use std::collections::BTreeMap;

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
    let random = std::env::var("TCPSPEC_SCENARIOS").ok().and_then(|count| count.parse().ok()).unwrap_or(30);
    let mut survivors: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut found, mut visible) = (0, 0);
    for fault in faulty::all() {
        let caught = caught(fault, &stories, random);
        match (&fault.excuse, caught) {
            (Some(Excuse::Permitted(variation)), Some((failure, scenario))) => {
                let text = crate::scenario::print_file(std::slice::from_ref(&scenario));
                eprintln!(
                    "ALARM {} ({variation}): {failure}: {:?}\n{text}",
                    fault.name,
                    failure.cause.as_ref().map(ToString::to_string)
                );
            }
            (Some(_), _) => {}
            (None, Some((failure, _))) => {
                visible += 1;
                found += 1;
                eprintln!("caught {}: {:?}", fault.name, failure.cause.as_ref().map(ToString::to_string));
            }
            (None, None) => {
                visible += 1;
                *survivors.entry(fault.kind()).or_default() += 1;
                eprintln!("SURVIVOR {} {:?}", fault.name, fault.violates);
            }
        }
    }
    eprintln!("TOTAL {found} of {visible}: {survivors:?}");
}

