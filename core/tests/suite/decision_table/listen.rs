//! SEGMENT ARRIVES in LISTEN (RFC 9293 §3.10.7.2).

use tcpspec_core::{Control, Profile, Rule, State, Timer};

use crate::fixture::{Connection, Seg, ack, arrives, bare, fin, receive, rst, syn, syn_ack, text};
use crate::table::{Also, Row, check};

pub(super) fn rows() -> Vec<Row> {
    [ignored(), requested()].concat()
}

fn ignored() -> Vec<Row> {
    let row = |rule, story, segment: Seg, sent| Row {
        rule,
        story,
        given: Connection::in_state(State::Listen),
        when: arrives(segment),
        sent,
        state: State::Listen,
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    vec![
        row(Rule::Listen1, "a RST has nothing to reset", rst(300), &[]),
        row(Rule::Listen1, "a RST goes before a SYN", rst(300).and(Control::SYN), &[]),
        row(Rule::Listen1, "a RST goes before an ACK", rst(300).and(Control::ACK), &[]),
        row(
            Rule::Listen2,
            "nothing was sent that could be acknowledged",
            ack(300, 77),
            &["<SEQ=77><CTL=RST>"],
        ),
        row(Rule::Listen2, "a SYN,ACK", syn_ack(300, 77), &["<SEQ=77><CTL=RST>"]),
        row(Rule::Listen2, "a FIN,ACK with text", fin(300, 77).carrying(b"abc"), &["<SEQ=77><CTL=RST>"]),
        row(Rule::Listen9, "a FIN alone", bare(300, Control::FIN), &[]),
        row(Rule::Listen9, "text alone", bare(300, Control::PSH).carrying(b"abc"), &[]),
        row(Rule::Listen9, "no bit at all", bare(300, Control::NONE), &[]),
    ]
}

fn requested() -> Vec<Row> {
    let row = |rule, story, segment: Seg| Row {
        rule,
        story,
        given: Connection::in_state(State::Listen),
        when: arrives(segment),
        sent: &["<SEQ=100><ACK=301><CTL=SYN,ACK>"],
        state: State::SynReceived,
        also: &[
            Also::SndUna(100),
            Also::SndNxt(101),
            Also::SndWnd(0),
            Also::RcvNxt(301),
            Also::Unread(0),
            Also::Offers(4096),
            Also::Starts(Timer::Retransmission, 1_000),
        ],
        ..Row::quiet()
    };
    vec![
        row(Rule::Listen5, "a SYN is answered", syn(300)),
        row(Rule::Listen6, "text on the SYN waits and is not acknowledged", syn(300).carrying(b"abc")),
        row(Rule::Listen7, "a FIN on the SYN waits", syn(300).and(Control::FIN)),
        row(Rule::Listen7, "an urgent pointer on the SYN waits", syn(300).carrying(b"abc").urgent(4)),
    ]
}

#[test]
fn every_row_of_listen_holds() {
    check(rows());
}

#[test]
fn what_came_with_the_syn_is_delivered_once_the_connection_is_open() {
    let segment = syn(300).carrying(b"abc").urgent(4).and(Control::FIN | Control::PSH);
    let mut connection = Connection::in_state(State::Listen).after(receive(10)).after(arrives(segment));
    assert_eq!(connection.told(), [""; 0], "nothing is delivered before the handshake is over");
    connection.on(arrives(ack(301, 101)));
    assert_eq!(connection.tcb.state, State::CloseWait);
    assert_eq!(
        connection.told(),
        [
            "signal: connection open",
            "signal: urgent data",
            "signal: connection closing",
            "signal: end of urgent data",
            "RECEIVE: received \"abc\" PUSH",
        ]
    );
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=305><CTL=ACK>"]);
}

#[test]
fn text_of_the_syn_that_comes_again_with_more_counts_once() {
    let mut connection = Connection::in_state(State::Listen).after(arrives(syn(300).carrying(b"abc")));
    connection.on(arrives(text(301, 101, b"abcdef")));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=307><CTL=ACK>"]);
    connection.on(receive(10));
    assert_eq!(connection.told(), ["received \"abcdef\""]);
    assert!(connection.tcb.reassembly.is_empty());
}

#[test]
fn text_of_the_syn_that_comes_again_as_it_was_counts_once() {
    let mut connection = Connection::in_state(State::Listen).after(arrives(syn(300).carrying(b"abc")));
    connection.on(arrives(text(301, 101, b"abc")));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=304><CTL=ACK>"]);
    assert_eq!(connection.tcb.receive_queue.len(), 3);
    assert!(connection.tcb.reassembly.is_empty());
}

#[test]
fn text_on_the_syn_beyond_the_window_is_left_for_the_peer_to_send_again() {
    let profile = Profile { receive_buffer: 2, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Listen, profile);
    connection.on(arrives(syn(300).carrying(b"abc").and(Control::FIN)));
    connection.on(arrives(ack(301, 101)));
    assert_eq!((connection.tcb.state, connection.tcb.rcv.nxt.0), (State::Established, 303));
}
