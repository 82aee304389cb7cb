//! The monitor over the suite and over random scenarios.

use super::Monitor;
use crate::bench::{self, Family};
use crate::cases;
use crate::scenario;
use crate::stack::reference::Reference;
use random::Dice;

mod altered;
mod blocks;
mod edges;
mod false_alarms;
mod faults;
mod near;
mod permitted;
mod random;
mod sender;
mod shown;
mod silent_ends;
mod survivors;
mod variations;
mod ways;

/// Random scenarios of each test; more come with TCPSPEC_SCENARIOS.
fn rounds() -> u64 {
    std::env::var("TCPSPEC_SCENARIOS").ok().and_then(|count| count.parse().ok()).unwrap_or(3000)
}

#[test]
fn the_reference_gives_the_monitor_nothing_to_object_to_in_the_whole_suite() {
    let mut monitor = Monitor::new();
    for family in [Family::V4, Family::V6] {
        for case in cases::all() {
            let mut stack = Reference::new();
            let run = bench::run_watched(&mut stack, &case.scenario, family, Some(&mut monitor));
            let cause = run.verdict.failure().and_then(|failure| failure.cause.as_ref());
            assert_eq!(cause, None, "{}: {:?}\n{}", case.id, run.verdict, run.trace);
        }
    }
    assert_eq!(monitor.overflows(), 0);
}

#[test]
fn the_reference_gives_the_monitor_nothing_to_object_to_in_random_scenarios() {
    let mut monitor = Monitor::new();
    let start = std::env::var("TCPSPEC_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    for seed in start..start + rounds() {
        let mut dice = Dice::new(seed);
        let profile = random::profile(&mut dice);
        let scenario = random::scenario(&mut dice);
        let mut stack = Reference::with_profile(profile);
        let run = bench::run_watched(&mut stack, &scenario, Family::V4, Some(&mut monitor));
        // The bench has its own idea of what text a peer sends whose SYN is not the one it was set up with.
        if let Some(failure) = run.verdict.failure().filter(|failure| failure.cause.is_some()) {
            let text = scenario::print_file(std::slice::from_ref(&scenario));
            panic!("seed {seed}: {failure}\n{:?}\n{profile:?}\n{text}\n{}", failure.cause, run.trace);
        }
    }
    eprintln!("{} of {} runs were not judged to their end", monitor.inconclusive(), rounds());
    assert_eq!(monitor.overflows(), 0);
}
