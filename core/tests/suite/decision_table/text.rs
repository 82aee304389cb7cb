//! Seventh, process the segment text (RFC 9293 §3.10.7.4 step 7, §3.8.6.3).

use tcpspec_core::{Profile, Rule, State, Timer};

use crate::fixture::{Connection, Seg, arrives, numbers, receive, text};
use crate::table::{Also, Row, check, from_to, in_each};

fn open() -> impl Iterator<Item = State> {
    from_to(State::Established, State::FinWait2)
}

fn at(state: State, seq: u32, octets: &[u8]) -> Seg {
    text(seq, numbers(state).una, octets)
}

fn row(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row { rule, story, state: given.tcb.state, given, when: arrives(segment), ..Row::quiet() }
}

pub(super) fn rows() -> Vec<Row> {
    [next_in_sequence(), out_of_order(), overlapping(), unwanted(), with_the_handshake()].concat()
}

fn next_in_sequence() -> Vec<Row> {
    let in_state = Connection::in_state;
    let narrow =
        |state| Connection::in_state_with(state, Profile { receive_buffer: 2, ..Profile::default() });
    [
        in_each(open(), |state| Row {
            also: &[
                Also::RcvNxt(304),
                Also::RcvWnd(4093),
                Also::Unread(3),
                Also::Starts(Timer::DelayedAck, 200),
            ],
            ..row(Rule::Text1, "taken; the acknowledgment may wait", in_state(state), at(state, 301, b"abc"))
        }),
        in_each(open(), |state| Row {
            told: &["RECEIVE: received \"abc\""],
            also: &[Also::Unread(0)],
            ..row(
                Rule::Text1,
                "a RECEIVE was waiting",
                in_state(state).after(receive(9)),
                at(state, 301, b"abc"),
            )
        }),
        in_each(open(), |state| Row {
            told: &["RECEIVE: received \"abc\" PUSH"],
            ..row(
                Rule::Text2,
                "with a PUSH",
                in_state(state).after(receive(9)),
                at(state, 301, b"abc").pushed(),
            )
        }),
        in_each(open(), |state| Row {
            also: &[Also::RcvNxt(303), Also::RcvWnd(0), Also::Unread(2)],
            ..row(Rule::Text3, "more than the buffer holds", narrow(state), at(state, 301, b"abc"))
        }),
    ]
    .concat()
}

fn out_of_order() -> Vec<Row> {
    let held = |state| Connection::in_state(state).after(arrives(at(state, 304, b"def")));
    [
        in_each(open(), |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=301><CTL=ACK>"],
            also: &[Also::RcvNxt(301), Also::Unread(0), Also::RcvWnd(4096)],
            ..row(
                Rule::Text5,
                "held, and the gap is reported",
                Connection::in_state(state),
                at(state, 304, b"def"),
            )
        }),
        in_each(open(), |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=307><CTL=ACK>"],
            also: &[Also::RcvNxt(307), Also::RcvWnd(4090), Also::Unread(6)],
            ..row(Rule::Text4, "the gap closes", held(state), at(state, 301, b"abc"))
        }),
        in_each([State::Established], |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=303><CTL=ACK>"],
            also: &[Also::RcvNxt(303), Also::UsesNot(Rule::Text4)],
            ..row(
                Rule::Text1,
                "part of a gap is filled, which is reported at once",
                held(state),
                at(state, 301, b"ab"),
            )
        }),
    ]
    .concat()
}

fn overlapping() -> Vec<Row> {
    let held = |state| Connection::in_state(state).after(arrives(at(state, 304, b"def")));
    let read = |state| Connection::in_state(state).after(arrives(at(state, 301, b"abc"))).after(receive(3));
    [
        in_each(open(), |state| Row {
            also: &[Also::RcvNxt(306), Also::Unread(2)],
            ..row(Rule::Text6, "only what is new counts", read(state), at(state, 302, b"BCde"))
        }),
        in_each(open(), |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=307><CTL=ACK>"],
            also: &[Also::RcvNxt(307), Also::Unread(6), Also::Uses(Rule::Text4)],
            ..row(Rule::Text6, "the front of what is held comes again", held(state), at(state, 301, b"abcD"))
        }),
        in_each(open(), |state| Row {
            sent: &["<SEQ=SND.NXT><ACK=301><CTL=ACK>"],
            also: &[Also::RcvNxt(301), Also::Uses(Rule::Text5)],
            ..row(Rule::Text6, "what is held comes again", held(state), at(state, 304, b"def"))
        }),
    ]
    .concat()
}

fn unwanted() -> Vec<Row> {
    let half_duplex = Profile { half_duplex_close: true, ..Profile::default() };
    [
        in_each([State::CloseWait, State::TimeWait], |state| Row {
            also: &[Also::WindowNoted],
            ..row(
                Rule::Text7,
                "text after the FIN is ignored",
                Connection::in_state(state),
                at(state, numbers(state).rcv, b"abc"),
            )
        }),
        in_each([State::FinWait1, State::FinWait2], |state| Row {
            sent: &["<SEQ=SND.NXT><CTL=RST>"],
            state: State::Closed,
            told: &["signal: connection reset"],
            also: &[Also::Forgotten],
            ..row(
                Rule::Text8,
                "nobody can read it any more",
                Connection::in_state_with(state, half_duplex),
                at(state, 301, b"abc"),
            )
        }),
    ]
    .concat()
}

fn with_the_handshake() -> Vec<Row> {
    let opened = |story, given, segment: Seg| Row {
        state: State::Established,
        told: &["signal: connection open"],
        ..row(Rule::Text9, story, given, segment)
    };
    let waiting =
        Connection::in_state(State::Listen).after(arrives(crate::fixture::syn(300).carrying(b"abc")));
    vec![
        Row {
            also: &[Also::RcvNxt(304), Also::Unread(3)],
            ..opened(
                "text with the acknowledgment of our SYN",
                Connection::in_state(State::SynReceived),
                text(301, 101, b"abc"),
            )
        },
        Row {
            sent: &["<SEQ=101><ACK=307><CTL=ACK>"],
            also: &[Also::RcvNxt(307), Also::Unread(6)],
            ..opened("together with what came on the SYN", waiting, text(304, 101, b"def"))
        },
    ]
}

#[test]
fn every_row_of_text_holds() {
    check(rows());
}

#[test]
fn the_last_of_several_pushes_is_the_one_reported() {
    let mut connection = Connection::in_state(State::Established);
    for seq in [301, 304] {
        connection.on(arrives(text(seq, 101, b"abc").pushed()));
    }
    connection.on(receive(4));
    assert_eq!(connection.told(), ["received \"abca\""]);
    connection.on(receive(4));
    assert_eq!(connection.told(), ["received \"bc\" PUSH"]);
}
