//! The suite tests itself: every case can fail, on the reference with one fault.

use std::collections::BTreeSet;

use tcpspec::bench::{self, Family};
use tcpspec::stack::faulty::{self, Excuse};
use tcpspec::stack::reference::Reference;
use tcpspec::suite::sensitivity::{self, Reaction};
use tcpspec::verdict::Verdict;
use tcpspec::{cases, requirement};
use tcpspec_core::{Rule, RuleSet};

#[test]
fn every_case_finds_a_fault_for_everything_that_it_checks_and_none_raises_a_false_alarm() {
    let matrix = sensitivity::play(cases::all().iter(), faulty::all().iter(), Family::V4);
    for (case, verdict) in matrix.left_out() {
        assert!(matches!(verdict, Verdict::Skipped(_)), "{}: {verdict}, on the reference", case.id);
    }
    let blind: Vec<_> =
        matrix.cases().filter(|(_, found)| found.is_empty()).map(|(case, _)| &case.id).collect();
    assert!(blind.is_empty(), "these cases find no fault, so nothing shows that they can fail: {blind:#?}");
    let unearned: Vec<_> = matrix.unearned().map(|(case, id)| format!("{}: {id}", case.id)).collect();
    assert!(
        unearned.is_empty(),
        "no fault that violates the requirement makes the case fail; one of both is missing: {unearned:#?}"
    );
    let alarms: Vec<_> =
        matrix.false_alarms().map(|(case, fault)| format!("{}: {}", case.id, fault.name)).collect();
    assert!(alarms.is_empty(), "these cases fail on what the standard permits: {alarms:#?}");
    let seen: Vec<_> = matrix
        .faults()
        .filter(|(fault, reaction)| {
            *reaction == Reaction::Finds && matches!(fault.excuse, Some(Excuse::Invisible(_)))
        })
        .map(|(fault, _)| &fault.name)
        .collect();
    assert!(seen.is_empty(), "a case finds what is said to be invisible: {seen:#?}");
}

#[test]
fn faults_have_names_of_their_own_and_name_requirements_of_the_catalogue() {
    let (mut names, mut aimless) = (BTreeSet::new(), Vec::new());
    for fault in faulty::all() {
        let name = &fault.name;
        assert!(names.insert(name), "{name} twice");
        let (kind, about) = name.split_once('/').expect(name);
        assert!(!kind.is_empty() && !about.is_empty() && fault.kind() == kind, "{name}");
        for id in &fault.violates {
            assert!(requirement::find(id).is_some(), "{name} violates {id}, which is not in the catalogue");
        }
        if fault.violates.is_empty() && fault.excuse.is_none() {
            aimless.push(name);
        }
        assert!(faulty::find(name).is_some_and(|found| found.name == *name));
    }
    assert!(aimless.is_empty(), "these violate nothing: {aimless:?}");
    assert!(names.len() >= 150, "{}", names.len());
    assert!(faulty::find("drop-answer/no-such-row").is_none());
}

#[test]
fn every_row_that_a_case_uses_on_a_connection_has_faults() {
    let mut reference = Reference::new();
    let mut rules = RuleSet::default();
    for case in cases::all() {
        let run = bench::run(&mut reference, &case.scenario, Family::V4);
        run.trace.entries.iter().for_each(|entry| rules.merge(entry.rules));
    }
    assert!(rules.has(Rule::Rst4) && rules.len() > 100, "{rules:?}");
    for rule in rules.iter() {
        if let Some(reason) = faulty::out_of_reach(rule) {
            assert_eq!(reason, faulty::DECIDED_BY_THE_HOST, "{rule}");
        }
    }
}
