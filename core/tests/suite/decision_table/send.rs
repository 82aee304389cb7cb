//! SEND (RFC 9293 §3.10.2).

use std::time::Duration;

use tcpspec_core::{Profile, Rule, State, Timer};

use crate::fixture::{Connection, Remote, ack, arrives, close, numbers, send, send_urgent, send_with};
use crate::table::{Also, Row, check, from_to, in_each};

const OPEN: [State; 2] = [State::Established, State::CloseWait];
const OPENING: [State; 2] = [State::SynSent, State::SynReceived];

/// A connection whose send buffer has room for two octets.
fn small(state: State) -> Connection {
    Connection::in_state_with(state, Profile { send_buffer: 2, ..Profile::default() })
}

/// A connection whose peer has closed its window.
fn closed_window(state: State) -> Connection {
    let at = numbers(state);
    Connection::in_state(state).after(arrives(ack(at.rcv, at.una).wnd(0)))
}

pub(super) fn rows() -> Vec<Row> {
    [refused(), no_room(), queued(), sent(), urgent(), closing(), new_timeout()].concat()
}

fn refused() -> Vec<Row> {
    let unspecified =
        send_with(b"abc", |request| crate::fixture::Request { remote: Remote::Unspecified, ..request });
    let invalid = send_with(b"abc", |request| crate::fixture::Request { remote: Remote::Invalid, ..request });
    let row = |rule, story, state, when, told| Row {
        rule,
        story,
        given: Connection::in_state(state),
        when,
        state,
        told,
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    vec![
        row(
            Rule::Send2,
            "there is no connection",
            State::Closed,
            send(b"abc"),
            &["error: connection does not exist"],
        ),
        row(Rule::Send4, "send to whom?", State::Listen, unspecified, &["error: remote socket unspecified"]),
        row(Rule::Open4, "a multicast address", State::Listen, invalid, &["error: remote socket invalid"]),
    ]
}

fn no_room() -> Vec<Row> {
    let row = |rule, state| Row {
        rule,
        story: "text is taken whole or not at all",
        given: small(state),
        when: send(b"abc"),
        state,
        told: &["error: insufficient resources"],
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    [
        in_each([State::Listen], |state| row(Rule::Send5, state)),
        in_each(OPENING, |state| row(Rule::Send7, state)),
        in_each(OPEN, |state| row(Rule::Send10, state)),
    ]
    .concat()
}

fn queued() -> Vec<Row> {
    let turns_active = Row {
        rule: Rule::Send3,
        story: "a SEND on a listener asks for the connection; its text waits",
        given: Connection::in_state(State::Listen),
        when: send(b"abc"),
        sent: &["<SEQ=100><CTL=SYN>"],
        state: State::SynSent,
        told: &["ok"],
        also: &[Also::SndUna(100), Also::SndNxt(101), Also::Unsent(3)],
    };
    let waits = in_each(OPENING, |state| Row {
        rule: Rule::Send6,
        story: "text waits for ESTABLISHED",
        given: Connection::in_state(state),
        when: send(b"abc"),
        state,
        told: &["ok"],
        also: &[Also::SndNxt(101), Also::Unsent(3)],
        ..Row::quiet()
    });
    [vec![turns_active], waits].concat()
}

fn sent() -> Vec<Row> {
    let goes = in_each(OPEN, |state| Row {
        rule: Rule::Send8,
        story: "text goes at once, with an acknowledgment and PSH",
        given: Connection::in_state(state),
        when: send(b"abc"),
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,ACK><DATA=abc>"],
        state,
        told: &["ok"],
        also: &[
            Also::SndUna(101),
            Also::SndNxt(104),
            Also::Starts(Timer::Retransmission, 1_000),
            Also::UsesNot(Rule::Send9),
        ],
    });
    let in_pieces = in_each(OPEN, |state| Row {
        rule: Rule::Send8,
        story: "what is larger than a segment goes in several; the short rest waits (Nagle)",
        given: Connection::in_state(state),
        when: send(&[b'x'; 600]),
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=ACK><DATA=536 octets>"],
        state,
        told: &["ok"],
        also: &[Also::SndNxt(637), Also::Unsent(600), Also::Uses(Rule::Send9)],
    });
    let waits = in_each(OPEN, |state| Row {
        rule: Rule::Send9,
        story: "a closed window holds text back; it will be probed after one timeout",
        given: closed_window(state),
        when: send(b"abc"),
        state,
        told: &["ok"],
        also: &[
            Also::SndNxt(101),
            Also::Unsent(3),
            Also::Starts(Timer::Persist, 1_000),
            Also::Rests(Timer::Retransmission),
        ],
        ..Row::quiet()
    });
    [goes, in_pieces, waits].concat()
}

fn urgent() -> Vec<Row> {
    in_each(OPEN, |state| Row {
        rule: Rule::Send11,
        story: "the urgent pointer names the octet after the urgent text",
        given: Connection::in_state(state),
        when: send_urgent(b"abc"),
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,URG,ACK><UP=3><DATA=abc>"],
        state,
        told: &["ok"],
        also: &[Also::SndNxt(104)],
    })
}

fn closing() -> Vec<Row> {
    let row = |story, given: Connection| Row {
        rule: Rule::Send12,
        story,
        state: given.tcb.state,
        given,
        when: send(b"abc"),
        told: &["error: connection closing"],
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let closed = from_to(State::FinWait1, State::TimeWait).filter(|state| *state != State::CloseWait);
    let mut rows = in_each(closed, |state| row("nothing follows a CLOSE", Connection::in_state(state)));
    let queued = Connection::in_state(State::SynReceived).after(send(b"abc")).after(close());
    rows.push(row("nothing follows a CLOSE that waits for ESTABLISHED", queued));
    let queued = closed_window(State::CloseWait).after(send(b"abc")).after(close());
    rows.push(row("nothing follows a CLOSE that waits for text", queued));
    rows
}

fn new_timeout() -> Vec<Row> {
    let hurried = send_with(b"abc", |request| crate::fixture::Request {
        timeout: Some(Duration::from_secs(7)),
        ..request
    });
    let states = from_to(State::Listen, State::Established).chain([State::CloseWait]);
    in_each(states, |state| Row {
        rule: Rule::Send13,
        story: "the user timeout takes the value of the call",
        given: Connection::in_state(state),
        when: hurried.clone(),
        sent: match state {
            State::Listen => &["<SEQ=100><CTL=SYN>"],
            State::SynSent | State::SynReceived => &[],
            _ => &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,ACK><DATA=abc>"],
        },
        state: if state == State::Listen { State::SynSent } else { state },
        told: &["ok"],
        also: &[Also::Starts(Timer::User, 7_000)],
    })
}

#[test]
fn every_row_of_send_holds() {
    check(rows());
}
