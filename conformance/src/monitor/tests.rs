//! The monitor over the suite.

use super::Monitor;
use crate::bench::{self, Family};
use crate::cases;
use crate::stack::reference::Reference;

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
}
