//! SEGMENT ARRIVES in SYN-SENT (RFC 9293 §3.10.7.3).

use tcpspec_core::{Control, Rule, State, Timer};

use crate::fixture::{Connection, Seg, ack, arrives, bare, fin, receive, rst, send, syn, syn_ack, text};
use crate::table::{Also, Row, check};

pub(super) fn rows() -> Vec<Row> {
    [unacceptable(), reset(), opened(), crossed(), dropped()].concat()
}

fn row(rule: Rule, story: &'static str, segment: Seg) -> Row {
    let given = Connection::in_state(State::SynSent);
    Row { rule, story, given, when: arrives(segment), state: State::SynSent, ..Row::quiet() }
}

fn unacceptable() -> Vec<Row> {
    let answered =
        |rule, story, segment, sent| Row { sent, also: &[Also::Unchanged], ..row(rule, story, segment) };
    let silent = |rule, story, segment| answered(rule, story, segment, &[]);
    vec![
        answered(Rule::SynSent1, "acknowledges ISS", ack(300, 100), &["<SEQ=100><CTL=RST>"]),
        answered(Rule::SynSent1, "acknowledges past SND.NXT", ack(300, 102), &["<SEQ=102><CTL=RST>"]),
        answered(Rule::SynSent1, "an old one with text", text(300, 50, b"abc"), &["<SEQ=50><CTL=RST>"]),
        answered(Rule::SynSent15, "the answer to an old SYN", syn_ack(300, 91), &["<SEQ=91><CTL=RST>"]),
        silent(Rule::SynSent2, "a RST for another connection", rst(300).and(Control::ACK)),
        silent(Rule::SynSent2, "a RST that acknowledges ISS", Seg { ack: 100, ..rst(300).and(Control::ACK) }),
    ]
}

fn reset() -> Vec<Row> {
    let refusal = |ctl| Seg { ack: 101, ..rst(0).and(Control::ACK).and(ctl) };
    let gone = |rule, story, segment, given: Connection, told| Row {
        given,
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
        ..row(rule, story, segment)
    };
    let given = || Connection::in_state(State::SynSent);
    let told: &[&str] = &["signal: connection reset"];
    vec![
        gone(Rule::SynSent4, "the peer refuses", refusal(Control::NONE), given(), told),
        gone(
            Rule::SynSent4,
            "the peer refuses, a waiting RECEIVE fails",
            refusal(Control::NONE),
            given().after(receive(10)),
            &["RECEIVE: error: connection reset", "signal: connection reset"],
        ),
        gone(Rule::SynSent16, "a RST goes before a SYN", refusal(Control::SYN), given(), told),
        Row { also: &[Also::Unchanged], ..row(Rule::SynSent5, "a RST that acknowledges nothing", rst(300)) },
        Row {
            also: &[Also::Unchanged, Also::Uses(Rule::SynSent5)],
            ..row(Rule::SynSent16, "nor one with a SYN", rst(300).and(Control::SYN))
        },
    ]
}

fn opened() -> Vec<Row> {
    const OPEN: &[Also] = &[
        Also::SndUna(101),
        Also::SndNxt(101),
        Also::SndWnd(1000),
        Also::RcvNxt(301),
        Also::Rests(Timer::Retransmission),
        Also::Rests(Timer::User),
    ];
    let established = |rule, story, segment| Row {
        sent: &["<SEQ=101><ACK=301><CTL=ACK>"],
        state: State::Established,
        told: &["signal: connection open"],
        also: OPEN,
        ..row(rule, story, segment)
    };
    vec![
        established(Rule::SynSent8, "the peer agrees", syn_ack(300, 101)),
        Row { also: &[], ..established(Rule::SynSent3, "SYN is acknowledged", syn_ack(300, 101)) },
        Row {
            given: Connection::in_state(State::SynSent).after(send(b"abc")),
            sent: &["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"],
            also: &[Also::SndNxt(104)],
            ..established(Rule::SynSent8, "queued text takes the acknowledgment along", syn_ack(300, 101))
        },
        Row {
            sent: &["<SEQ=101><ACK=304><CTL=ACK>"],
            also: &[Also::RcvNxt(304), Also::Unread(3)],
            ..established(Rule::SynSent9, "text comes along", syn_ack(300, 101).carrying(b"abc"))
        },
        Row {
            sent: &["<SEQ=101><ACK=302><CTL=ACK>"],
            state: State::CloseWait,
            told: &["signal: connection open", "signal: connection closing"],
            also: &[Also::RcvNxt(302)],
            ..established(Rule::SynSent9, "a FIN comes along", syn_ack(300, 101).and(Control::FIN))
        },
        Row {
            told: &["signal: connection open", "signal: urgent data"],
            also: &[],
            ..established(Rule::SynSent9, "an urgent pointer comes along", syn_ack(300, 101).urgent(9))
        },
    ]
}

fn crossed() -> Vec<Row> {
    let received = |rule, story, segment| Row {
        sent: &["<SEQ=100><ACK=301><CTL=SYN,ACK>"],
        state: State::SynReceived,
        also: &[
            Also::SndUna(100),
            Also::SndNxt(101),
            Also::RcvNxt(301),
            Also::SndWnd(1000),
            Also::Runs(Timer::Retransmission),
            Also::Unread(0),
        ],
        ..row(rule, story, segment)
    };
    vec![
        received(Rule::SynSent11, "requests crossed", syn(300)),
        received(Rule::SynSent12, "text on a SYN that crossed ours waits", syn(300).carrying(b"abc")),
        received(Rule::SynSent12, "a FIN on a SYN that crossed ours waits", syn(300).and(Control::FIN)),
    ]
}

fn dropped() -> Vec<Row> {
    let silent = |rule, story, segment| Row { also: &[Also::Unchanged], ..row(rule, story, segment) };
    vec![
        silent(Rule::SynSent13, "an acknowledgment without SYN", ack(300, 101)),
        silent(Rule::SynSent13, "a FIN,ACK without SYN", fin(300, 101)),
        silent(Rule::SynSent14, "a FIN", bare(300, Control::FIN)),
        silent(Rule::SynSent14, "text", bare(300, Control::NONE).carrying(b"abc")),
        silent(Rule::SynSent14, "nothing", bare(300, Control::NONE)),
    ]
}

#[test]
fn every_row_of_syn_sent_holds() {
    check(rows());
}

#[test]
fn text_of_the_syn_ack_is_cut_to_the_window() {
    let profile = tcpspec_core::Profile { receive_buffer: 2, ..tcpspec_core::Profile::default() };
    let mut connection = Connection::in_state_with(State::SynSent, profile);
    connection.on(arrives(syn_ack(300, 101).carrying(b"abc").and(Control::FIN)));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=303><CTL=ACK>"]);
    assert_eq!((connection.tcb.state, connection.offered()), (State::Established, Some(0)));
}

#[test]
fn the_peers_segment_size_is_taken_from_its_syn() {
    let opened = |options: &[u8]| {
        Connection::in_state(State::SynSent).after(arrives(syn_ack(300, 101).options(options)))
    };
    assert_eq!(opened(&[]).tcb.effective_mss(), 536, "the default of IPv4");
    assert_eq!(opened(&[2, 4, 2, 0]).tcb.effective_mss(), 512);
    assert_eq!(opened(&[2, 4, 255, 255]).tcb.effective_mss(), 1460, "no more than IP lets us send");
    assert_eq!(opened(&[2, 4, 0, 0]).tcb.effective_mss(), 1, "and no less than one octet");
}
