//! The deterministic suite on the reference: a case that the reference fails is wrong, or the reference is.

use tcpspec::bench::{self, Family};
use tcpspec::cases;
use tcpspec::stack::Stack;
use tcpspec::stack::reference::Reference;
use tcpspec::verdict::Verdict;

#[test]
fn the_reference_passes_every_case_on_both_families_but_those_that_are_beyond_it() {
    let mut reference = Reference::new();
    let mut failures = Vec::new();
    for case in cases::all() {
        for family in [Family::V4, Family::V6] {
            let run = bench::run(&mut reference, &case.scenario, family);
            let lacks = |need| reference.declaration().lack(need).is_some();
            let elsewhere = case.scenario.setup.network.is_some_and(|only| only != family);
            if elsewhere || case.scenario.all_needs().any(lacks) {
                assert!(matches!(run.verdict, Verdict::Skipped(_)), "{}", case.id);
                continue;
            }
            if run.verdict != Verdict::Pass {
                let why = run.verdict.explanation().unwrap_or_default();
                failures.push(format!("{} over {family:?}: {}: {why}\n{}", case.id, run.verdict, run.trace));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures\n\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn sections_stand_in_the_order_of_the_standard() {
    // RFC 9293 first, then the RFCs of extensions.
    let place = |section: &'static str| -> (bool, Vec<u32>) {
        let extension = section.strip_prefix("rfc");
        let parts = extension.unwrap_or(section).split('.');
        (extension.is_some(), parts.map(|part| part.parse().expect("a number")).collect())
    };
    let sections: Vec<_> = cases::all().iter().map(|case| place(case.section)).collect();
    assert!(sections.is_sorted(), "{sections:?}");
}
