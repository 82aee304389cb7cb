//! Honest lives keep every invariant, and every invariant can be broken: a step is taken, then its record or
//! its actions are spoiled by hand, and the spoiled step must be reported under the invariant's id.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::string::ToString;

use super::*;
use crate::event::{Action, Outcome, Remote, Timer};
use crate::profile::{Profile, TimeWaitReuse};
use crate::segment::{Control, Outgoing};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::Origin;
use crate::time::Instant;

mod lives;
mod structure;
mod transition;

const ISS: SeqNumber = SeqNumber(1_000);
const IRS: SeqNumber = SeqNumber(50_000);
/// The peer's first octet after its SYN.
const PEER: SeqNumber = SeqNumber(50_001);
/// Ours.
const OURS: SeqNumber = SeqNumber(1_001);

/// A way to break an invariant.
struct Case {
    id: &'static str,
    /// The record before the step.
    from: Tcb,
    event: Event<'static>,
    /// What the step should not have done.
    spoil: fn(&mut Tcb, &mut Actions),
}

fn case(id: &'static str, from: Tcb, event: Event<'static>, spoil: fn(&mut Tcb, &mut Actions)) -> Case {
    Case { id, from, event, spoil }
}

/// A segment with these numbers, a window of 4,096 and `len` octets of text.
fn segment(ctl: Control, seq: SeqNumber, ack: SeqNumber, len: usize) -> Event<'static> {
    with_window(ctl, seq, ack, len, 4_096)
}

fn with_window(ctl: Control, seq: SeqNumber, ack: SeqNumber, len: usize, wnd: u16) -> Event<'static> {
    let text: &'static [u8] = Box::leak(alloc::vec![b'x'; len].into_boxed_slice());
    let segment = Segment { seq, ack, ctl, wnd, up: 3, text, ..Segment::default() };
    Event::SegmentArrives(Box::leak(Box::new(segment)))
}

const SYN_ACK: Control = Control(0x12);
const FIN_ACK: Control = Control(0x11);
const RST_ACK: Control = Control(0x14);

fn send(text: &'static [u8]) -> Event<'static> {
    Event::Call(Call::Send { text, push: false, urgent: false, timeout: None, remote: Remote::Specified })
}

const OPEN_ACTIVE: Event<'static> = Event::Call(Call::OpenActive { remote: Remote::Specified });
const OPEN_PASSIVE: Event<'static> = Event::Call(Call::OpenPassive { remote: Remote::Specified });
const CLOSE: Event<'static> = Event::Call(Call::Close);
const ABORT: Event<'static> = Event::Call(Call::Abort);

/// Takes the steps, each checked.
fn after(mut tcb: Tcb, events: &[Event<'_>]) -> Tcb {
    let mut actions = Actions::default();
    for event in events {
        let context = Context { now: Instant(1_000_000), iss: ISS };
        if let Err(violation) = checked_step(&mut tcb, context, *event, &mut actions) {
            panic!("{violation}");
        }
    }
    tcb
}

fn in_state(state: State, profile: Profile) -> Tcb {
    let closed = Tcb::closed(profile);
    let from = |state, events: &[Event<'_>]| after(in_state(state, profile), events);
    let tcb = match state {
        State::Closed => closed,
        State::Listen => from(State::Closed, &[OPEN_PASSIVE]),
        State::SynSent => from(State::Closed, &[OPEN_ACTIVE]),
        State::SynReceived => from(State::Listen, &[segment(Control::SYN, IRS, SeqNumber(0), 0)]),
        State::Established => from(State::SynReceived, &[segment(Control::ACK, PEER, OURS, 0)]),
        State::FinWait1 => from(State::Established, &[CLOSE]),
        State::FinWait2 => from(State::FinWait1, &[segment(Control::ACK, PEER, OURS + 1, 0)]),
        State::CloseWait => from(State::Established, &[segment(FIN_ACK, PEER, OURS, 0)]),
        State::Closing => from(State::FinWait1, &[segment(FIN_ACK, PEER, OURS, 0)]),
        State::LastAck => from(State::CloseWait, &[CLOSE]),
        State::TimeWait => from(State::FinWait2, &[segment(FIN_ACK, PEER, OURS + 1, 0)]),
    };
    assert_eq!(tcb.state, state);
    tcb
}

fn usual(state: State) -> Tcb {
    in_state(state, Profile::default())
}

fn rfc793(state: State) -> Tcb {
    in_state(state, Profile::rfc793())
}

fn reusing() -> Tcb {
    let profile = Profile { time_wait_reuse: TimeWaitReuse::HigherSequenceNumber, ..Profile::default() };
    in_state(State::TimeWait, profile)
}

fn half_duplex(state: State) -> Tcb {
    in_state(state, Profile { half_duplex_close: true, ..Profile::default() })
}

/// Some segment that nobody asked for.
fn stray() -> Action {
    Action::Transmit(Outgoing { seq: OURS + 7, ctl: Control::RST, ..Outgoing::default() })
}

fn only(actions: &mut Actions, action: Action) {
    actions.list.clear();
    actions.list.push(action);
}

/// Changes what was sent.
fn alter(actions: &mut Actions, change: fn(&mut Outgoing)) {
    for action in &mut actions.list {
        if let Action::Transmit(sent) = action {
            change(sent);
        }
    }
}

/// An established connection with six octets in flight.
fn sending() -> Tcb {
    after(usual(State::Established), &[send(b"answer")])
}

/// An endpoint that has no room for any text.
fn without_room(state: State) -> Tcb {
    in_state(state, Profile { receive_buffer: 0, ..Profile::default() })
}

/// A connection in TIME-WAIT that a SYN is opening again.
fn reopening() -> Tcb {
    after(reusing(), &[segment(Control::SYN, PEER + 9, SeqNumber(0), 0)])
}

/// Takes the step, which must be honest, spoils it, and returns what is reported.
fn reported(case: &Case) -> Vec<&'static str> {
    let before = Before::of(&case.from);
    let mut tcb = case.from.clone();
    let mut actions = Actions::default();
    let context = Context { now: Instant(2_000_000), iss: ISS };
    if let Err(violation) = checked_step(&mut tcb, context, case.event, &mut actions) {
        panic!("{} should start from an honest step\n{violation}", case.id);
    }
    (case.spoil)(&mut tcb, &mut actions);
    let transition = Transition { before: &before, event: &case.event, actions: &actions, after: &tcb };
    let ids: Vec<_> = violated(&transition).map(|invariant| invariant.id).collect();
    let first = check(&transition).expect_err("a spoiled step is a violation");
    assert_eq!(Some(&first.id), ids.first());
    assert!(first.to_string().contains(first.sentence), "{first}");
    ids
}

fn cases() -> Vec<Case> {
    let mut cases = structure::cases();
    cases.extend(transition::cases());
    cases
}

#[test]
fn each_invariant_is_reported_when_it_is_broken() {
    for case in cases() {
        let ids = reported(&case);
        assert!(ids.contains(&case.id), "{} was not reported, only {ids:?}", case.id);
    }
}

#[test]
fn each_invariant_has_a_case_that_breaks_it() {
    let cases = cases();
    for Invariant { id, clause, sentence, .. } in INVARIANTS {
        assert!(cases.iter().any(|case| case.id == *id), "no case breaks {id}");
        assert!(!clause.is_empty() && !sentence.is_empty());
    }
}

#[test]
fn every_id_of_both_families_is_checked_or_explained() {
    let listed: Vec<_> =
        (1..=24).chain(30..=78).chain([114, 130]).map(|number| alloc::format!("I-{number:03}")).collect();
    let mut known: Vec<_> = INVARIANTS.iter().map(|invariant| invariant.id).collect();
    assert!(known.is_sorted(), "the table is in the order of its ids");
    known.extend(NOT_IN_ONE_STEP.iter().map(|(id, _)| id));
    known.sort_unstable();
    assert_eq!(known, listed);
    assert!(NOT_IN_ONE_STEP.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn a_violation_says_what_happened_without_spilling_the_text() {
    let remote = Remote::Specified;
    let told = |event| describe(&event);
    assert!(told(segment(Control::ACK, PEER, OURS, 500)).ends_with(" with 500 octets of text"));
    let sent = Call::Send { text: b"hello", push: true, urgent: false, timeout: None, remote };
    let said = told(Event::Call(sent));
    assert!(said.starts_with("Send { text: []") && said.ends_with(" with 5 octets of text"), "{said}");
    assert_eq!(told(CLOSE), "Close");
    assert_eq!(told(Event::Timeout(Timer::Persist)), "PERSIST TIMEOUT");
}
