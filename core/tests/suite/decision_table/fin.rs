//! Eighth, check the FIN bit (RFC 9293 §3.10.7.4 step 8).

use tcpspec_core::{Control, Profile, Rule, State, Timer};

use crate::fixture::{Connection, Seg, arrives, bare, close, fin, numbers, receive, send, text};
use crate::table::{Also, Row, check, from_to, in_each};

const ANSWER: &[&str] = &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"];
const CLOSING: &[&str] = &["signal: connection closing"];

fn open() -> impl Iterator<Item = State> {
    from_to(State::Established, State::FinWait2)
}

fn row(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row { rule, story, state: given.tcb.state, given, when: arrives(segment), ..Row::quiet() }
}

pub(super) fn rows() -> Vec<Row> {
    [before_numbers_are_known(), taken(), taken_after_close(), above_a_gap(), again(), without_ack()].concat()
}

fn before_numbers_are_known() -> Vec<Row> {
    let dropped = |story, state, segment, sent| Row {
        sent,
        also: &[Also::Unchanged],
        ..row(Rule::Fin1, story, Connection::in_state(state), segment)
    };
    let alone = bare(300, Control::FIN);
    let reset = &["<SEQ=101><CTL=RST>"];
    vec![
        dropped("a FIN alone", State::Closed, alone.clone(), &["<SEQ=0><ACK=301><CTL=RST,ACK>"]),
        dropped("a FIN alone", State::Listen, alone.clone(), &[]),
        dropped("a FIN alone", State::SynSent, alone, &[]),
        dropped("a FIN,ACK", State::Closed, fin(300, 101), reset),
        dropped("a FIN,ACK", State::Listen, fin(300, 101), reset),
        dropped("a FIN,ACK", State::SynSent, fin(300, 101), &[]),
    ]
}

fn taken() -> Vec<Row> {
    let established = || Connection::in_state(State::Established);
    let to_close_wait = |rule, story, given, segment| Row {
        sent: &["<SEQ=SND.NXT><ACK=302><CTL=ACK>"],
        state: State::CloseWait,
        told: CLOSING,
        also: &[Also::RcvNxt(302), Also::RcvWnd(4095)],
        ..row(rule, story, given, segment)
    };
    vec![
        Row {
            told: &["signal: connection open", "signal: connection closing"],
            ..to_close_wait(
                Rule::Fin2,
                "with the acknowledgment of our SYN",
                Connection::in_state(State::SynReceived),
                fin(301, 101),
            )
        },
        to_close_wait(Rule::Fin3, "the peer has nothing more to send", established(), fin(301, 101)),
        Row {
            told: &["signal: connection closing", "RECEIVE: error: connection closing"],
            ..to_close_wait(
                Rule::Fin3,
                "a waiting RECEIVE fails",
                established().after(receive(9)),
                fin(301, 101),
            )
        },
        Row {
            sent: &["<SEQ=SND.NXT><ACK=305><CTL=ACK>"],
            also: &[Also::RcvNxt(305), Also::Unread(3), Also::Uses(Rule::Fin3)],
            ..to_close_wait(
                Rule::Fin4,
                "one acknowledgment for text and FIN",
                established(),
                fin(301, 101).carrying(b"abc"),
            )
        },
    ]
}

fn taken_after_close() -> Vec<Row> {
    let to = |rule, story, given, segment, state, also| Row {
        sent: &["<SEQ=SND.NXT><ACK=302><CTL=ACK>"],
        state,
        told: CLOSING,
        also,
        ..row(rule, story, given, segment)
    };
    let wait: &[Also] = &[
        Also::Starts(Timer::TimeWait, 240_000),
        Also::Rests(Timer::Retransmission),
        Also::Rests(Timer::User),
    ];
    let going: &[Also] = &[Also::Runs(Timer::Retransmission), Also::SndUna(101)];
    let in_state = Connection::in_state;
    let queued = Connection::in_state(State::SynReceived).after(send(b"abc")).after(close());
    vec![
        to(
            Rule::Fin5,
            "our FIN is acknowledged with it",
            in_state(State::FinWait1),
            fin(301, 102),
            State::TimeWait,
            wait,
        ),
        to(Rule::Fin6, "the FINs cross", in_state(State::FinWait1), fin(301, 101), State::Closing, going),
        to(
            Rule::Fin7,
            "the peer closes too",
            in_state(State::FinWait2),
            fin(301, 102),
            State::TimeWait,
            wait,
        ),
        Row {
            sent: &["<SEQ=101><ACK=302><CTL=FIN,PSH,ACK><DATA=abc>"],
            told: &["signal: connection open", "signal: connection closing"],
            ..to(
                Rule::Fin6,
                "a CLOSE that waited for ESTABLISHED goes first",
                queued,
                fin(301, 101),
                State::Closing,
                &[Also::SndNxt(105)],
            )
        },
    ]
}

fn above_a_gap() -> Vec<Row> {
    in_each(open(), |state| Row {
        sent: ANSWER,
        also: &[Also::RcvNxt(301)],
        ..row(
            Rule::Fin12,
            "held until the gap closes",
            Connection::in_state(state),
            fin(304, numbers(state).una),
        )
    })
}

fn again() -> Vec<Row> {
    let same = |state| fin(301, numbers(state).una);
    let further = |state| fin(numbers(state).rcv, numbers(state).una);
    let answered = |rule, story, state, segment| Row {
        sent: ANSWER,
        also: &[Also::WindowNoted],
        ..row(rule, story, Connection::in_state(state), segment)
    };
    let wait: &[Also] = &[Also::WindowNoted, Also::Starts(Timer::TimeWait, 240_000)];
    let in_time_wait =
        |story, segment| Row { also: wait, ..answered(Rule::Fin11, story, State::TimeWait, segment) };
    vec![
        answered(Rule::Fin8, "the FIN again", State::CloseWait, same(State::CloseWait)),
        answered(Rule::Fin8, "a FIN beyond the first", State::CloseWait, further(State::CloseWait)),
        answered(Rule::Fin9, "the FIN again", State::Closing, same(State::Closing)),
        answered(Rule::Fin10, "the FIN again", State::LastAck, same(State::LastAck)),
        in_time_wait("the FIN again", same(State::TimeWait)),
        in_time_wait("a FIN beyond the first", further(State::TimeWait)),
        answered(Rule::Fin14, "RCV.NXT does not count it", State::CloseWait, further(State::CloseWait)),
    ]
}

fn without_ack() -> Vec<Row> {
    in_each(from_to(State::SynReceived, State::TimeWait), |state| Row {
        also: &[Also::Unchanged],
        ..row(
            Rule::Fin13,
            "a FIN without ACK is dropped",
            Connection::in_state(state),
            bare(numbers(state).rcv, Control::FIN),
        )
    })
}

#[test]
fn every_row_of_fin_holds() {
    check(rows());
}

#[test]
fn a_held_fin_takes_effect_when_the_gap_closes() {
    let after = [
        (State::Established, State::CloseWait),
        (State::FinWait1, State::Closing),
        (State::FinWait2, State::TimeWait),
    ];
    for (state, next) in after {
        let una = numbers(state).una;
        let mut connection = Connection::in_state(state).after(arrives(fin(304, una).carrying(b"def")));
        connection.on(arrives(text(301, una, b"abc")));
        assert_eq!(connection.tcb.state, next);
        assert_eq!(connection.sent(), [format!("<SEQ={}><ACK=308><CTL=ACK>", numbers(state).snd)]);
        assert_eq!(connection.tcb.receive_queue.len(), 6);
    }
}

#[test]
fn a_forged_fin_above_a_gap_does_not_hide_the_peers_own() {
    let mut connection = Connection::in_state(State::Established).after(arrives(fin(2000, 101)));
    connection.on(arrives(fin(301, 101)));
    assert_eq!(
        (connection.tcb.state, connection.sent()),
        (State::CloseWait, vec!["<SEQ=101><ACK=302><CTL=ACK>".into()])
    );
}

#[test]
fn of_two_held_fins_the_earlier_counts() {
    let mut connection =
        Connection::in_state(State::Established).after(arrives(fin(2000, 101))).after(arrives(fin(304, 101)));
    connection.on(arrives(text(301, 101, b"abc")));
    assert_eq!((connection.tcb.state, connection.tcb.rcv.nxt.0), (State::CloseWait, 305));
}

#[test]
fn a_fin_one_past_the_window_waits() {
    let narrow = Profile { receive_buffer: 3, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, narrow);
    connection.on(arrives(fin(301, 101).carrying(b"abc")));
    assert_eq!((connection.tcb.state, connection.tcb.rcv.nxt.0), (State::Established, 304));
    connection.on(receive(3)).on(arrives(fin(304, 101)));
    assert_eq!(connection.tcb.state, State::CloseWait);
}
