//! RECEIVE (RFC 9293 §3.10.3), and the window that reading opens (§3.8.6.2.2).

use tcpspec_core::{Profile, Rule, State};

use crate::fixture::{Connection, arrives, close, fin, numbers, receive, text};
use crate::table::{Also, Row, check, from_to, in_each};

fn opening() -> impl Iterator<Item = State> {
    from_to(State::Listen, State::SynReceived)
}

fn open() -> impl Iterator<Item = State> {
    from_to(State::Established, State::FinWait2)
}

fn no_queue(state: State) -> Connection {
    Connection::in_state_with(state, Profile { queued_receives: 0, ..Profile::default() })
}

/// A connection on which "abc" with a PUSH has arrived.
fn with_text(state: State) -> Connection {
    Connection::in_state(state).after(arrives(text(301, numbers(state).una, b"abc").pushed()))
}

/// The same in the states that follow the peer's FIN.
fn with_text_before_fin(state: State) -> Connection {
    let open = with_text(State::Established);
    let closed = || with_text(State::Established).after(close());
    let connection = match state {
        State::CloseWait => open.after(arrives(fin(304, 101))),
        State::Closing => closed().after(arrives(fin(304, 101))),
        State::LastAck => open.after(arrives(fin(304, 101))).after(close()),
        _ => closed().after(arrives(fin(304, 102))),
    };
    assert_eq!(connection.tcb.state, state);
    connection
}

pub(super) fn rows() -> Vec<Row> {
    [refused(), queued(), no_room(), read(), urgent_left(), window_opens(), after_the_fin()].concat()
}

fn refused() -> Vec<Row> {
    let row = |rule, state, told| Row {
        rule,
        story: "nothing to read, and nothing will come",
        given: Connection::in_state(state),
        when: receive(10),
        state,
        told,
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let closing = &["error: connection closing"];
    [
        vec![row(Rule::Receive2, State::Closed, &["error: connection does not exist"])],
        vec![row(Rule::Receive11, State::CloseWait, closing)],
        in_each(from_to(State::Closing, State::TimeWait), |state| row(Rule::Receive12, state, closing)),
    ]
    .concat()
}

fn queued() -> Vec<Row> {
    let row = |rule, state| Row {
        rule,
        story: "the request waits for text",
        given: Connection::in_state(state),
        when: receive(10),
        state,
        told: &["queued"],
        ..Row::quiet()
    };
    [
        in_each(opening(), |state| row(Rule::Receive3, state)),
        in_each(open(), |state| row(Rule::Receive5, state)),
    ]
    .concat()
}

fn no_room() -> Vec<Row> {
    let row = |rule, state| Row {
        rule,
        story: "no room for a request that has to wait",
        given: no_queue(state),
        when: receive(10),
        state,
        told: &["error: insufficient resources"],
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    [
        in_each(opening(), |state| row(Rule::Receive4, state)),
        in_each(open(), |state| row(Rule::Receive6, state)),
    ]
    .concat()
}

fn read() -> Vec<Row> {
    let whole = in_each(open(), |state| Row {
        rule: Rule::Receive7,
        story: "text on hand is returned at once, and the PUSH with its last octet",
        given: with_text(state),
        when: receive(10),
        state,
        told: &["received \"abc\" PUSH"],
        also: &[Also::Unread(0), Also::RcvWnd(4093), Also::UsesNot(Rule::Receive9)],
        ..Row::quiet()
    });
    let part = in_each(open(), |state| Row {
        rule: Rule::Receive7,
        story: "a small buffer takes part of the text and has not seen the PUSH",
        given: with_text(state),
        when: receive(2),
        state,
        told: &["received \"ab\""],
        also: &[Also::Unread(1)],
        ..Row::quiet()
    });
    [whole, part].concat()
}

fn urgent_left() -> Vec<Row> {
    in_each(open(), |state| Row {
        rule: Rule::Receive8,
        story: "more urgent text follows",
        given: Connection::in_state(state).after(arrives(text(301, numbers(state).una, b"abc").urgent(5))),
        when: receive(10),
        state,
        told: &["received \"abc\" URGENT"],
        also: &[Also::UsesNot(Rule::Urg6)],
        ..Row::quiet()
    })
}

fn window_opens() -> Vec<Row> {
    in_each(open(), |state| Row {
        rule: Rule::Receive9,
        story: "half the buffer is free again, and the peer learns of it",
        given: Connection::in_state_with(state, Profile { receive_buffer: 1000, ..Profile::default() })
            .after(arrives(text(301, numbers(state).una, &[b'x'; 500]))),
        when: receive(500),
        sent: &["<SEQ=SND.NXT><ACK=801><CTL=ACK>"],
        state,
        told: &["received 500 octets"],
        also: &[Also::RcvNxt(801), Also::RcvWnd(1000), Also::Offers(1000)],
    })
}

fn after_the_fin() -> Vec<Row> {
    let row = |rule, state| Row {
        rule,
        story: "text that came before the FIN is still the user's",
        given: with_text_before_fin(state),
        when: receive(10),
        state,
        told: &["received \"abc\" PUSH"],
        also: &[Also::Unread(0)],
        ..Row::quiet()
    };
    [
        vec![row(Rule::Receive10, State::CloseWait)],
        in_each(from_to(State::Closing, State::TimeWait), |state| row(Rule::Receive12, state)),
    ]
    .concat()
}

#[test]
fn every_row_of_receive_holds() {
    check(rows());
}

#[test]
fn queued_receives_are_answered_in_order_as_text_comes() {
    let mut connection =
        Connection::in_state(State::Established).after(receive(2)).after(receive(2)).after(receive(9));
    connection.on(arrives(text(301, 101, b"abc").pushed()));
    assert_eq!(connection.told(), ["RECEIVE: received \"ab\"", "RECEIVE: received \"c\" PUSH"]);
    connection.on(arrives(fin(304, 101)));
    assert_eq!(connection.told(), ["signal: connection closing", "RECEIVE: error: connection closing"]);
}

#[test]
fn a_host_with_half_duplex_close_reads_nothing_after_close() {
    let profile = Profile { half_duplex_close: true, ..Profile::default() };
    for state in [State::FinWait1, State::FinWait2] {
        let connection = Connection::in_state_with(state, profile).after(receive(10));
        assert_eq!(connection.told(), ["error: connection closing"], "{state}");
    }
}
