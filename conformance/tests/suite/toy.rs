//! The worked example: a toy with three bugs. What the suite reports are these bugs, each by its requirement.

use std::collections::BTreeSet;

use tcpspec::bench::Family;
use tcpspec::deviation::Deviations;
use tcpspec::requirement::Level;
use tcpspec::suite::{self, CaseResult, Selection};

use stack::{Bug, Toy};

#[path = "../../examples/toy/stack/mod.rs"]
mod stack;

/// The cases that a toy with these bugs fails.
fn failures(bugs: &[Bug], family: Family) -> Vec<CaseResult> {
    let (cases, none) = (Selection::default(), Deviations::default());
    let mut results = suite::play(&mut Toy::with(bugs), cases.cases(), family, &none, |_| {});
    results.retain(|result| result.verdict.fails_the_run());
    results
}

fn ids(results: &[CaseResult]) -> BTreeSet<&str> {
    results.iter().map(|result| result.case.id.as_str()).collect()
}

#[test]
fn the_three_bugs_of_the_toy_are_what_the_suite_reports() {
    for family in [Family::V4, Family::V6] {
        assert_eq!(ids(&failures(&[], family)), BTreeSet::new(), "a toy without bugs, over {family:?}");
        let alone = Bug::ALL.map(|bug| failures(&[bug], family));
        let named = ["MUST-3", "MUST-13", "R9293-3.5.3-a"];
        for ((bug, found), requirement) in Bug::ALL.iter().zip(&alone).zip(named) {
            let names = |result: &CaseResult| {
                let failure = result.verdict.failure();
                failure.is_some_and(|failure| {
                    failure.level == Level::Must && failure.requirements.iter().any(|id| id == requirement)
                })
            };
            assert!(found.iter().any(names), "{bug:?} should be reported as {requirement}");
        }
        let together = failures(&Bug::ALL, family);
        let expected: BTreeSet<_> = alone.iter().flat_map(|found| ids(found)).collect();
        assert_eq!(ids(&together), expected, "together, over {family:?}");
    }
}
