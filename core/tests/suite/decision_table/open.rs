//! OPEN (RFC 9293 §3.10.1).

use tcpspec_core::{Call, Rule, State, Timer};

use crate::fixture::{Connection, Remote, When, open_active, open_passive, receive};
use crate::table::{Also, Row, check, from_to, in_each};

fn passive(remote: Remote) -> When {
    When::Calls(Call::OpenPassive { remote })
}

fn active(remote: Remote) -> When {
    When::Calls(Call::OpenActive { remote })
}

pub(super) fn rows() -> Vec<Row> {
    [refused_for_the_remote_socket(), opened(), exists_already()].concat()
}

fn refused_for_the_remote_socket() -> Vec<Row> {
    let refusal = |rule, story, when, told| {
        move |state| Row {
            rule,
            story,
            given: Connection::in_state(state),
            when,
            state,
            told,
            also: &[Also::Unchanged],
            ..Row::quiet()
        }
    };
    let both = [State::Closed, State::Listen];
    let (passive, active) = (passive(Remote::Invalid), active(Remote::Invalid));
    let unspecified = When::Calls(Call::OpenActive { remote: Remote::Unspecified });
    let invalid = &["error: remote socket invalid"];
    let missing = &["error: remote socket unspecified"];
    [
        in_each(both, |state| {
            refusal(Rule::Open4, "no listening for a multicast address", passive.clone(), invalid)(state)
        }),
        in_each(both, |state| {
            refusal(Rule::Open4, "no asking a multicast address", active.clone(), invalid)(state)
        }),
        in_each([State::Closed], |state| {
            refusal(Rule::Open6, "ask whom?", unspecified.clone(), missing)(state)
        }),
        in_each([State::Listen], |state| {
            refusal(Rule::Open9, "ask whom?", unspecified.clone(), missing)(state)
        }),
    ]
    .concat()
}

fn opened() -> Vec<Row> {
    const REQUESTED: &[Also] = &[
        Also::SndUna(100),
        Also::SndNxt(101),
        Also::Starts(Timer::Retransmission, 1_000),
        Also::Starts(Timer::User, 300_000),
    ];
    let listening = |story, remote| Row {
        rule: Rule::Open5,
        story,
        given: Connection::in_state(State::Closed),
        when: passive(remote),
        state: State::Listen,
        told: &["ok"],
        also: &[Also::Rests(Timer::User), Also::Rests(Timer::Retransmission)],
        ..Row::quiet()
    };
    let requesting = |rule, story, given| Row {
        rule,
        story,
        given,
        when: open_active(),
        sent: &["<SEQ=100><CTL=SYN>"],
        state: State::SynSent,
        told: &["ok"],
        also: REQUESTED,
    };
    vec![
        listening("waits for anyone", Remote::Unspecified),
        listening("waits for one remote socket", Remote::Specified),
        requesting(Rule::Open7, "asks for a connection", Connection::in_state(State::Closed)),
        requesting(Rule::Open8, "turns active", Connection::in_state(State::Listen)),
        requesting(
            Rule::Open8,
            "turns active and keeps the queued RECEIVE",
            Connection::in_state(State::Listen).after(receive(10)),
        ),
    ]
}

fn exists_already() -> Vec<Row> {
    let refused = |rule, story, state, when| Row {
        rule,
        story,
        given: Connection::in_state(state),
        when,
        state,
        told: &["error: connection already exists"],
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let later = || from_to(State::SynSent, State::TimeWait);
    [
        vec![refused(Rule::Open11, "one record listens once", State::Listen, open_passive())],
        in_each(later(), |state| refused(Rule::Open12, "a second active OPEN", state, open_active())),
        in_each(later(), |state| refused(Rule::Open12, "a passive OPEN of the same", state, open_passive())),
    ]
    .concat()
}

#[test]
fn every_row_of_open_holds() {
    check(rows());
}

#[test]
fn the_syn_carries_our_window_and_segment_size() {
    let syn = Connection::in_state(State::SynSent).only_segment();
    assert_eq!((syn.wnd, syn.options), (4096, vec![2, 4, 5, 180]));
}

#[test]
fn the_origin_is_remembered() {
    use tcpspec_core::tcb::Origin;
    assert_eq!(Connection::in_state(State::SynReceived).tcb.origin, Origin::Passive);
    assert_eq!(Connection::in_state(State::Listen).after(open_active()).tcb.origin, Origin::Active);
    assert_eq!(Connection::reopened().tcb.origin, Origin::TimeWait);
}
