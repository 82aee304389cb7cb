use std::collections::BTreeSet;

use super::*;
use crate::report;
use crate::requirement::Testability;
use crate::stack::faulty::{self, Faulty};
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;

fn of_reference() -> Vec<Standing> {
    survey(&mut Reference::new(), Family::V4, &Deviations::built_in("reference"))
}

fn of_smoltcp(deviations: &Deviations) -> Vec<Standing> {
    survey(&mut Smoltcp::new(), Family::V4, deviations)
}

#[test]
fn every_numbered_requirement_is_tested_on_a_built_in_stack_or_carries_a_reason() {
    let (reference, smoltcp) = (of_reference(), of_smoltcp(&Deviations::built_in("smoltcp")));
    assert_eq!((reference.len(), smoltcp.len()), (119, 119));
    let untested: BTreeSet<&str> = reference
        .iter()
        .zip(&smoltcp)
        .filter(|(one, other)| one.word == Word::Untested && other.word == Word::Untested)
        .map(|(one, _)| one.requirement.id)
        .collect();
    assert!(untested.is_empty(), "nothing tests {untested:?}, and no reason says why");
}

#[test]
fn what_no_machine_tests_is_really_tested_by_none_and_is_rarely_visible_on_the_wire() {
    let smoltcp = of_smoltcp(&Deviations::default());
    for (id, reason) in UNTESTABLE {
        let found = smoltcp.iter().find(|standing| standing.requirement.id == id).expect(id);
        assert_eq!(found.word, Word::Untestable(reason), "{id} is tested");
        let expected = match reason {
            Reason::Internal => found.requirement.testability == Testability::Internal,
            Reason::Advice => found.requirement.testability == Testability::NotTestable,
            Reason::NoCall => found.requirement.testability == Testability::Api,
        };
        assert!(expected, "{id}: {reason:?} does not fit the catalogue");
    }
    assert!(Reason::ALL.iter().all(|reason| UNTESTABLE.iter().any(|(_, known)| known == reason)));
}

#[test]
fn the_reference_departs_only_where_it_lacks_something_and_smoltcp_as_listed() {
    let reference = of_reference();
    assert!(report::standing::is_as_expected(&reference), "{reference:#?}");
    let known: Vec<_> =
        reference.iter().filter(|standing| standing.word == Word::Known).map(|s| s.requirement.id).collect();
    assert_eq!(known, ["SHLD-4", "SHLD-8"]);
    let smoltcp = of_smoltcp(&Deviations::built_in("smoltcp"));
    let table = report::standing::render(Smoltcp::new().declaration(), Family::V4, &smoltcp);
    assert!(report::standing::is_as_expected(&smoltcp), "{table}");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns: {table}");
    let bare = of_smoltcp(&Deviations::default());
    assert!(!report::standing::is_as_expected(&bare));
}

#[test]
fn a_measure_departs_on_a_fault_of_what_it_measures() {
    for (id, name) in [
        ("MUST-8", "initial-number/clock-stands"),
        ("SHLD-1", "initial-number/always-zero"),
        ("MUST-9", "initial-number/clock-alone"),
        ("MUST-58", "ignore/TEXT-4"),
        ("MUST-59", "drop-answer/TEXT-4"),
        ("SHLD-17", "window/shrinking-resets"),
    ] {
        let fault = faulty::find(name).unwrap_or_else(|| panic!("no fault {name}"));
        assert!(fault.violates.contains(&id), "{name} does not violate {id}");
        let measured = measured(&mut Faulty::new(fault), Family::V4);
        let departs =
            |(measured, _, found): &choices::Measured| *measured == id && matches!(found, Found::Departs(_));
        assert!(measured.iter().any(departs), "{id} is met in spite of {name}: {measured:?}");
    }
}

#[test]
fn over_ipv6_nothing_is_said_of_the_ipv4_header() {
    let measured = measured(&mut Reference::new(), Family::V6);
    for id in ["MAY-4", "MAY-10", "MAY-11"] {
        let found = measured.iter().find(|(measured, _, _)| *measured == id).map(|(_, _, found)| found);
        assert!(matches!(found, Some(Found::NotConcerned(_))), "{id}: {found:?}");
    }
}
