//! The decision table of RFC 9293 §3.10, row by row: each in-scope rule at work in every state that its row names.

use std::collections::BTreeSet;

use tcpspec_core::{Rule, State};

use crate::table::Row;

mod abort;
mod ack;
mod close;
mod closed;
mod fin;
mod header;
mod icmp;
mod listen;
mod open;
mod receive;
mod reset;
mod send;
mod sequence;
mod status;
mod syn;
mod syn_sent;
mod text;
mod timeouts;
mod urgent;

/// Rules that one connection cannot show, and why. Those that nothing can show say so themselves
/// ([`Rule::never_used`]).
const NOT_SHOWN: [(Rule, &str); 4] = [
    (Rule::Open3, "room for another record is the host's to give"),
    (Rule::Pre2, "the host sees the address a segment was sent to"),
    (Rule::Pre3, "the host sees the address a segment came from"),
    (Rule::Listen8, "the host knows which remote socket a listener waits for"),
];

/// States that a row names and in which it cannot be met, and why.
const NOT_MET: [(Rule, &[State], &str); 10] = [
    (
        Rule::Open11,
        State::ALL.split_at(2).1,
        "a second passive OPEN makes another record, which is the host's to make; this record answers OPEN-12",
    ),
    (Rule::Ack6, &[State::FinWait2], "our FIN is acknowledged, so nothing is left to acknowledge"),
    (Rule::Urg4, &[State::Closing, State::LastAck], "step 5 ends with the acknowledgment (V-33)"),
    (Rule::Text7, &[State::Closing, State::LastAck], "step 5 ends with the acknowledgment (V-33)"),
    (Rule::Fin14, &[State::Closing, State::LastAck], "step 5 ends with the acknowledgment (V-33)"),
    (
        Rule::Timeout1,
        &[State::Listen, State::FinWait2, State::TimeWait],
        "the timeout is for undelivered text and control (§3.9.1.1), and there is none",
    ),
    (
        Rule::Icmp1,
        &[State::FinWait2, State::TimeWait],
        "nothing of ours is in flight that an error could be about",
    ),
    (
        Rule::Icmp2,
        &[State::FinWait2, State::TimeWait],
        "nothing of ours is in flight that an error could be about",
    ),
    (Rule::Timeout10, &[State::LastAck], "LAST-ACK begins when the FIN leaves, and the FIN leaves last"),
    (Rule::Timeout13, &[State::LastAck], "LAST-ACK begins when the FIN leaves, and the FIN leaves last"),
];

fn all_rows() -> Vec<Row> {
    [
        open::rows,
        send::rows,
        receive::rows,
        close::rows,
        abort::rows,
        status::rows,
        header::rows,
        icmp::rows,
        closed::rows,
        listen::rows,
        syn_sent::rows,
        sequence::rows,
        reset::rows,
        syn::rows,
        ack::rows,
        urgent::rows,
        text::rows,
        fin::rows,
        timeouts::rows,
    ]
    .iter()
    .flat_map(|rows| rows())
    .collect()
}

/// The states that the table names for a rule: `A..B`, `A|B`, `A (from B)`, `any state`.
fn states_of(rule: Rule) -> BTreeSet<State> {
    let named =
        |name: &str| State::from_name(name).unwrap_or_else(|| panic!("{rule} names the state {name:?}"));
    let mut states = BTreeSet::new();
    for part in rule.row().states.split('|') {
        let part = part.split(" (").next().unwrap_or_default();
        match part.split_once("..") {
            _ if part == "any state" => states.extend(State::ALL),
            Some((first, last)) => states.extend(crate::table::from_to(named(first), named(last))),
            None => drop(states.insert(named(part))),
        }
    }
    states
}

#[test]
fn every_rule_in_scope_has_a_row() {
    let shown: BTreeSet<Rule> = all_rows().iter().map(|row| row.rule).collect();
    let not_shown: Vec<Rule> = NOT_SHOWN.iter().map(|(rule, _)| *rule).collect();
    for rule in Rule::all().filter(|rule| rule.out_of_scope().is_none()) {
        let excused = not_shown.contains(&rule) || rule.never_used().is_some();
        assert_ne!(shown.contains(&rule), excused, "{rule}: {}", rule.row().condition);
    }
    let out_of_scope: Vec<_> = shown.iter().filter(|rule| rule.out_of_scope().is_some()).collect();
    assert!(out_of_scope.is_empty(), "rows of rules that are out of scope: {out_of_scope:?}");
}

#[test]
fn every_rule_is_shown_in_every_state_that_its_row_names() {
    let rows = all_rows();
    let mut missing = Vec::new();
    for rule in Rule::all().filter(|rule| rule.out_of_scope().is_none()) {
        if rule.never_used().is_some() || NOT_SHOWN.iter().any(|(excused, _)| *excused == rule) {
            continue;
        }
        let not_met =
            NOT_MET.iter().filter(|(excused, ..)| *excused == rule).flat_map(|(_, states, _)| *states);
        let shown: BTreeSet<State> =
            rows.iter().filter(|row| row.rule == rule).map(|row| row.given.tcb.state).collect();
        let expected: BTreeSet<State> =
            states_of(rule).difference(&not_met.copied().collect()).copied().collect();
        missing.extend(expected.difference(&shown).map(|state| format!("{rule} in {state}")));
    }
    assert!(missing.is_empty(), "not shown: {missing:?}");
}

#[test]
fn every_story_is_told_once() {
    let mut told = BTreeSet::new();
    for row in all_rows() {
        let key = (row.rule, row.story, row.given.tcb.state);
        assert!(told.insert(key), "twice: {key:?}");
    }
}
