use std::collections::BTreeSet;

use tcpspec_core::event::Call;
use tcpspec_core::{Actions, Context, Event, Profile, Tcb};

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
    let faults = [
        ("MUST-8", "initial-number/clock-stands"),
        ("SHLD-1", "initial-number/always-zero"),
        ("MUST-9", "initial-number/clock-alone"),
        ("MUST-58", "ignore/TEXT-4"),
        ("MUST-59", "drop-answer/TEXT-4"),
        ("SHLD-17", "window/shrinking-resets"),
        ("MUST-20", "timer-never/user"),
        ("MUST-20", "timeout/gives-up-after-three"),
        ("SHLD-18", "permitted/acknowledge-at-once"),
        ("MUST-25", "timer-early/keep-alive-unasked"),
        ("MUST-28", "timer-early/keep-alive-unasked"),
    ];
    for (id, name) in faults {
        let fault = faulty::find(name).unwrap_or_else(|| panic!("no fault {name}"));
        assert!(fault.violates.contains(&id), "{name} does not violate {id}");
        let measured = measured(&mut Faulty::new(fault), Family::V4);
        let departs =
            |(measured, _, found): &choices::Measured| *measured == id && matches!(found, Found::Departs(_));
        assert!(measured.iter().any(departs), "{id} is met in spite of {name}: {measured:?}");
    }
    for (id, what, found) in measured(&mut Reference::new(), Family::V4) {
        let shown = faults.iter().any(|(known, _)| *known == id);
        assert!(shown || !matches!(found, Found::Meets(_)), "{id}: nothing shows that {what} can depart");
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

/// What the choice says of SHLD-3, which speaks of hosts that close both ways at once.
fn on_unread_text(stack: &mut dyn Stack) -> Found {
    let measured = choices::of_profile(&profile::infer(stack, Family::V4));
    measured.into_iter().find(|(id, _, _)| *id == "SHLD-3").expect("it is inferred").2
}

#[test]
fn whoever_closes_both_ways_at_once_resets_for_unread_text_and_whoever_reads_on_need_not() {
    let half_duplex = Profile { half_duplex_close: true, ..Profile::default() };
    assert!(matches!(on_unread_text(&mut Reference::new()), Found::NotConcerned(_)));
    assert!(matches!(on_unread_text(&mut Reference::with_profile(half_duplex)), Found::Meets(_)));
    let forgets_what_is_unread =
        |tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions| {
            if event == Event::Call(Call::Close) {
                tcb.receive_queue.clear();
            }
            tcpspec_core::step(tcb, context, event, actions);
        };
    let mut faulty = Reference::with_profile_and_step(half_duplex, forgets_what_is_unread);
    assert!(matches!(on_unread_text(&mut faulty), Found::Departs(_)));
}

#[test]
fn all_that_the_wire_shows_is_tested_and_most_of_what_calls_show() {
    let tested = |testability| {
        let reference = of_reference();
        let rows = reference.iter().filter(|standing| standing.requirement.testability == testability);
        let (tested, not): (Vec<_>, Vec<_>) = rows
            .map(|standing| (standing.requirement.id, standing.word))
            .partition(|(_, word)| !matches!(word, Word::Untestable(_) | Word::Untested | Word::Skipped));
        (tested.len(), not.into_iter().map(|(id, _)| id).collect::<Vec<_>>())
    };
    // The reference reads on after CLOSE, so that SHLD-3 is tested on other stacks only.
    assert_eq!(tested(Testability::Wire), (91, vec!["SHLD-3"]));
    assert_eq!(tested(Testability::Api).0, 16);
}
