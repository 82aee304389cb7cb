//! CLOSE (RFC 9293 §3.10.4).

use tcpspec_core::{Profile, Rule, State, Timer};

use crate::fixture::{Connection, ack, arrives, close, fin, receive, send, text};
use crate::table::{Also, Row, check, from_to, in_each};

/// ESTABLISHED or CLOSE-WAIT with text that a closed window holds back.
fn with_unsent_text(state: State) -> Connection {
    let rcv = crate::fixture::numbers(state).rcv;
    Connection::in_state(state).after(arrives(ack(rcv, 101).wnd(0))).after(send(b"abc"))
}

/// A connection of a half-duplex host with unread text.
fn with_unread_text(state: State) -> Connection {
    let profile = Profile { half_duplex_close: true, ..Profile::default() };
    let connection =
        Connection::in_state_with(State::Established, profile).after(arrives(text(301, 101, b"abc")));
    if state == State::CloseWait { connection.after(arrives(fin(304, 101))) } else { connection }
}

pub(super) fn rows() -> Vec<Row> {
    [before_a_request_came(), in_syn_received(), first_to_close(), second_to_close(), again(), unread()]
        .concat()
}

fn before_a_request_came() -> Vec<Row> {
    let row = |rule, story, given, told| Row {
        rule,
        story,
        given,
        when: close(),
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
        ..Row::quiet()
    };
    let both = &["RECEIVE: error: connection closing", "ok"];
    let (listen, syn_sent) = (Connection::in_state(State::Listen), Connection::in_state(State::SynSent));
    vec![
        row(
            Rule::Close2,
            "there is no connection",
            Connection::in_state(State::Closed),
            &["error: connection does not exist"],
        ),
        row(Rule::Close3, "the listener goes", listen.clone(), &["ok"]),
        row(Rule::Close3, "the listener goes, a waiting RECEIVE fails", listen.after(receive(10)), both),
        row(Rule::Close4, "the request is given up without a word", syn_sent.clone(), &["ok"]),
        row(Rule::Close4, "queued calls fail", syn_sent.after(send(b"abc")).after(receive(10)), both),
    ]
}

fn in_syn_received() -> Vec<Row> {
    let at_once = |story, given| Row {
        rule: Rule::Close5,
        story,
        given,
        when: close(),
        sent: &["<SEQ=101><ACK=301><CTL=FIN,ACK>"],
        state: State::FinWait1,
        told: &["ok"],
        also: &[Also::SndUna(100), Also::SndNxt(102), Also::Runs(Timer::Retransmission)],
    };
    vec![
        at_once("nothing was sent, so the FIN goes at once", Connection::in_state(State::SynReceived)),
        at_once("the same after a simultaneous open", Connection::simultaneous_open(Profile::default())),
        Row {
            rule: Rule::Close6,
            story: "a SEND waits for ESTABLISHED, and CLOSE waits behind it",
            given: Connection::in_state(State::SynReceived).after(send(b"abc")),
            when: close(),
            state: State::SynReceived,
            told: &["ok"],
            also: &[Also::SndNxt(101), Also::Unsent(3)],
            ..Row::quiet()
        },
    ]
}

fn first_to_close() -> Vec<Row> {
    vec![
        Row {
            rule: Rule::Close7,
            story: "nothing is left to send, so the FIN goes",
            given: Connection::in_state(State::Established),
            when: close(),
            sent: &["<SEQ=101><ACK=301><CTL=FIN,ACK>"],
            state: State::FinWait1,
            told: &["ok"],
            also: &[Also::SndNxt(102), Also::Runs(Timer::Retransmission)],
        },
        Row {
            rule: Rule::Close7,
            story: "text in flight does not hold the FIN back",
            given: Connection::in_state(State::Established).after(send(b"abc")),
            when: close(),
            sent: &["<SEQ=104><ACK=301><CTL=FIN,ACK>"],
            state: State::FinWait1,
            told: &["ok"],
            also: &[Also::SndNxt(105)],
        },
        Row {
            rule: Rule::Close8,
            story: "the FIN waits behind text, FIN-WAIT-1 begins all the same",
            given: with_unsent_text(State::Established),
            when: close(),
            state: State::FinWait1,
            told: &["ok"],
            also: &[Also::SndNxt(101), Also::Unsent(3), Also::Runs(Timer::Persist)],
            ..Row::quiet()
        },
    ]
}

fn second_to_close() -> Vec<Row> {
    vec![
        Row {
            rule: Rule::Close10,
            story: "nothing is left to send, so the FIN goes",
            given: Connection::in_state(State::CloseWait),
            when: close(),
            sent: &["<SEQ=101><ACK=302><CTL=FIN,ACK>"],
            state: State::LastAck,
            told: &["ok"],
            also: &[Also::SndNxt(102), Also::Runs(Timer::Retransmission)],
        },
        Row {
            rule: Rule::Close11,
            story: "LAST-ACK begins only when the FIN leaves, and that waits behind text",
            given: with_unsent_text(State::CloseWait),
            when: close(),
            state: State::CloseWait,
            told: &["ok"],
            also: &[Also::SndNxt(101), Also::Unsent(3)],
            ..Row::quiet()
        },
    ]
}

fn again() -> Vec<Row> {
    let row = |rule, story, given: Connection| Row {
        rule,
        story,
        state: given.tcb.state,
        given,
        when: close(),
        told: &["error: connection closing"],
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let once = "one CLOSE is enough";
    let in_state = |rule| move |state| row(rule, once, Connection::in_state(state));
    let mut rows = in_each([State::FinWait1, State::FinWait2], in_state(Rule::Close9));
    rows.extend(in_each(from_to(State::Closing, State::TimeWait), in_state(Rule::Close12)));
    let waiting = with_unsent_text(State::CloseWait).after(close());
    rows.push(row(Rule::Close9, "one CLOSE is enough, even one that waits for text", waiting));
    let waiting = Connection::in_state(State::SynReceived).after(send(b"abc")).after(close());
    rows.push(row(Rule::Close9, "one CLOSE is enough, even one that waits for ESTABLISHED", waiting));
    rows
}

fn unread() -> Vec<Row> {
    in_each([State::Established, State::CloseWait], |state| Row {
        rule: Rule::Close13,
        story: "unread text will never be read, and the peer must know",
        given: with_unread_text(state),
        when: close(),
        sent: &["<SEQ=101><CTL=RST>"],
        state: State::Closed,
        told: &["ok"],
        also: &[Also::Forgotten],
    })
}

#[test]
fn every_row_of_close_holds() {
    check(rows());
}

#[test]
fn the_fin_follows_text_that_the_window_held_back() {
    for (state, after) in [(State::Established, State::FinWait1), (State::CloseWait, State::LastAck)] {
        let rcv = crate::fixture::numbers(state).rcv;
        let mut connection = with_unsent_text(state).after(close());
        connection.on(arrives(ack(rcv, 101)));
        assert_eq!(connection.sent(), [format!("<SEQ=101><ACK={rcv}><CTL=FIN,PSH,ACK><DATA=abc>")]);
        assert_eq!(connection.tcb.state, after);
        assert_eq!(connection.tcb.snd.nxt.0, 105);
    }
}

#[test]
fn a_close_queued_in_syn_received_runs_when_the_connection_opens() {
    let mut connection = Connection::in_state(State::SynReceived).after(send(b"abc")).after(close());
    connection.on(arrives(ack(301, 101)));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=FIN,PSH,ACK><DATA=abc>"]);
    assert_eq!(
        (connection.tcb.state, connection.told()),
        (State::FinWait1, vec!["signal: connection open".to_owned()])
    );
    assert!(!connection.used(Rule::Ack22), "that row is for a FIN sent before the connection opened");
}
