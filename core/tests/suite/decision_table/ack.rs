//! Fifth, check the ACK field (RFC 9293 §3.10.7.4 step 5; RFC 5961 §5).

use tcpspec_core::{Control, Profile, Rule, State, Timer};

use crate::fixture::{
    Connection, ISS, PEER_WINDOW, Seg, ack, arrives, bare, close, fin, numbers, receive, send, text,
};
use crate::table::{Also, Row, check, from_to, in_each};

const ANSWER: &[&str] = &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"];

fn row(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row { rule, story, state: given.tcb.state, given, when: arrives(segment), ..Row::quiet() }
}

/// A connection in `state` with the text "abc" in flight: 101, 102, 103. A FIN of ours, if any, is 104.
fn with_text_in_flight(state: State) -> Connection {
    let open = || Connection::in_state(State::Established).after(send(b"abc"));
    let connection = match state {
        State::Established => open(),
        State::FinWait1 => open().after(close()),
        State::CloseWait => open().after(arrives(fin(301, 101))),
        State::Closing => open().after(close()).after(arrives(fin(301, 101))),
        _ => open().after(arrives(fin(301, 101))).after(close()),
    };
    assert_eq!(connection.tcb.state, state);
    connection
}

pub(super) fn rows() -> Vec<Row> {
    [
        missing(),
        out_of_range(),
        in_syn_received(),
        acknowledges_text(),
        duplicate(),
        not_yet_sent(),
        window(),
        moves_on(),
        last_acknowledgment(),
        closed_before_open(),
    ]
    .concat()
}

fn missing() -> Vec<Row> {
    let states = || from_to(State::SynReceived, State::TimeWait);
    in_each(states(), |state| Row {
        also: &[Also::Unchanged],
        ..row(
            Rule::Ack1,
            "text without ACK is dropped",
            Connection::in_state(state),
            bare(numbers(state).rcv, Control::PSH).carrying(b"abc"),
        )
    })
}

fn out_of_range() -> Vec<Row> {
    let states = || from_to(State::Established, State::TimeWait);
    let far_below = |state| numbers(state).una.wrapping_sub(u32::from(PEER_WINDOW) + 1);
    let lowest = |state| numbers(state).una.wrapping_sub(u32::from(PEER_WINDOW));
    [
        in_each(states(), |state| Row {
            sent: ANSWER,
            also: &[Also::Unchanged],
            ..row(
                Rule::Ack2,
                "no peer can have sent this: dropped with its text and FIN",
                Connection::in_state(state),
                fin(numbers(state).rcv, far_below(state)).carrying(b"abc"),
            )
        }),
        in_each([State::Established], |state| Row {
            also: &[Also::RcvNxt(304), Also::UsesNot(Rule::Ack2)],
            ..row(
                Rule::Ack7,
                "the lowest number in range: the text counts",
                Connection::in_state(state),
                text(301, lowest(state), b"abc"),
            )
        }),
        in_each([State::Established], |state| Row {
            also: &[Also::RcvNxt(304)],
            ..row(
                Rule::Ack7,
                "without RFC 5961 any old number will do",
                Connection::in_state_with(state, Profile::rfc793()),
                text(301, far_below(state), b"abc"),
            )
        }),
    ]
    .concat()
}

fn in_syn_received() -> Vec<Row> {
    let passive = || Connection::in_state(State::SynReceived);
    let reset = |rule, story, given, number, sent| Row {
        sent,
        also: &[Also::Unchanged],
        ..row(rule, story, given, text(301, number, b"abc"))
    };
    let opened = |story, given| Row {
        state: State::Established,
        told: &["signal: connection open"],
        also: &[
            Also::SndUna(101),
            Also::SndWnd(1000),
            Also::Rests(Timer::Retransmission),
            Also::Rests(Timer::User),
        ],
        ..row(Rule::Ack4, story, given, ack(301, 101))
    };
    let waiting = passive().after(send(b"abc"));
    let old = Connection::in_state_with(State::SynReceived, Profile::rfc793());
    vec![
        reset(Rule::Ack3, "ISS itself", passive(), ISS, &["<SEQ=100><CTL=RST>"]),
        reset(Rule::Ack3, "past SND.NXT", passive(), 102, &["<SEQ=102><CTL=RST>"]),
        reset(Rule::Ack5, "ISS itself, without RFC 5961", old.clone(), ISS, &["<SEQ=100><CTL=RST>"]),
        reset(Rule::Ack5, "past SND.NXT, without RFC 5961", old, 102, &["<SEQ=102><CTL=RST>"]),
        opened("our SYN is acknowledged", passive()),
        opened(
            "our SYN is acknowledged, requests crossed",
            Connection::simultaneous_open(Profile::default()),
        ),
        Row {
            sent: &["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"],
            also: &[Also::SndNxt(104)],
            ..opened("queued text goes", waiting)
        },
    ]
}

fn acknowledges_text() -> Vec<Row> {
    let states = || from_to(State::Established, State::Closing).filter(|state| *state != State::FinWait2);
    let rcv = |state| numbers(state).rcv;
    [
        in_each(states(), |state| Row {
            also: &[Also::SndUna(104), Also::Unsent(0)],
            ..row(Rule::Ack6, "all of it", with_text_in_flight(state), ack(rcv(state), 104))
        }),
        in_each(states(), |state| Row {
            also: &[
                Also::SndUna(102),
                Also::Unsent(2),
                Also::Starts(Timer::Retransmission, 1_000),
                Also::Starts(Timer::User, 300_000),
            ],
            ..row(Rule::Ack6, "part of it", with_text_in_flight(state), ack(rcv(state), 102))
        }),
    ]
    .concat()
}

fn duplicate() -> Vec<Row> {
    in_each(from_to(State::Established, State::Closing), |state| Row {
        also: &[Also::WindowNoted],
        ..row(
            Rule::Ack7,
            "nothing new is acknowledged",
            Connection::in_state(state),
            ack(numbers(state).rcv, numbers(state).una),
        )
    })
}

fn not_yet_sent() -> Vec<Row> {
    let dropped = |rule, state| Row {
        sent: ANSWER,
        also: &[Also::Unchanged],
        ..row(
            rule,
            "what was never sent is acknowledged: dropped with its text and FIN",
            Connection::in_state(state),
            fin(numbers(state).rcv, numbers(state).snd + 1).carrying(b"abc"),
        )
    };
    [
        in_each(from_to(State::Established, State::Closing), |state| dropped(Rule::Ack8, state)),
        in_each([State::LastAck, State::TimeWait], |state| dropped(Rule::Ack9, state)),
    ]
    .concat()
}

fn window() -> Vec<Row> {
    let states = || from_to(State::Established, State::Closing);
    let at = |state, offset| ack(numbers(state).rcv + offset, numbers(state).una);
    [
        in_each(states(), |state| Row {
            also: &[Also::SndWnd(500)],
            ..row(
                Rule::Ack10,
                "a window from the same numbers",
                Connection::in_state(state),
                at(state, 0).wnd(500),
            )
        }),
        in_each(states(), |state| Row {
            also: &[Also::SndWnd(700), Also::UsesNot(Rule::Ack10)],
            ..row(
                Rule::Ack11,
                "a window from an older number is not taken",
                Connection::in_state(state).after(arrives(at(state, 10).wnd(700))),
                at(state, 0).wnd(500),
            )
        }),
        in_each([State::Established, State::CloseWait], |state| Row {
            sent: &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,ACK><DATA=abc>"],
            also: &[Also::SndWnd(500), Also::Rests(Timer::Persist)],
            ..row(
                Rule::Ack10,
                "an open window lets text go",
                Connection::in_state(state).after(arrives(at(state, 0).wnd(0))).after(send(b"abc")),
                at(state, 0).wnd(500),
            )
        }),
    ]
    .concat()
}

fn moves_on() -> Vec<Row> {
    let in_state = Connection::in_state;
    let rest: &[Also] = &[Also::Rests(Timer::Retransmission), Also::Rests(Timer::User), Also::SndUna(102)];
    let wait: &[Also] = &[Also::Starts(Timer::TimeWait, 240_000), Also::Rests(Timer::Retransmission)];
    let unchanged: &[Also] = &[Also::WindowNoted];
    let row =
        |rule, story, given, segment, state, also| Row { state, also, ..row(rule, story, given, segment) };
    vec![
        row(
            Rule::Ack12,
            "our FIN is acknowledged",
            in_state(State::FinWait1),
            ack(301, 102),
            State::FinWait2,
            rest,
        ),
        row(
            Rule::Ack13,
            "our FIN is not",
            in_state(State::FinWait1),
            ack(301, 101),
            State::FinWait1,
            unchanged,
        ),
        row(
            Rule::Ack13,
            "text before the FIN is, the FIN is not",
            with_text_in_flight(State::FinWait1),
            ack(301, 104),
            State::FinWait1,
            &[Also::SndUna(104), Also::Runs(Timer::Retransmission)],
        ),
        row(
            Rule::Ack14,
            "nothing is left",
            in_state(State::FinWait2),
            ack(301, 102),
            State::FinWait2,
            unchanged,
        ),
        row(
            Rule::Ack15,
            "text is acknowledged as ever",
            with_text_in_flight(State::CloseWait),
            ack(302, 104),
            State::CloseWait,
            &[Also::SndUna(104)],
        ),
        row(
            Rule::Ack16,
            "our FIN is acknowledged",
            in_state(State::Closing),
            ack(302, 102),
            State::TimeWait,
            wait,
        ),
        row(
            Rule::Ack17,
            "our FIN is not",
            in_state(State::Closing),
            ack(302, 101),
            State::Closing,
            unchanged,
        ),
        row(
            Rule::Ack17,
            "text before the FIN is, the FIN is not",
            with_text_in_flight(State::Closing),
            ack(302, 104),
            State::Closing,
            &[Also::SndUna(104)],
        ),
    ]
}

fn last_acknowledgment() -> Vec<Row> {
    let unread = Connection::in_state(State::Established)
        .after(arrives(text(301, 101, b"abc")))
        .after(arrives(fin(304, 101)))
        .after(close());
    let in_state = Connection::in_state;
    let gone = |story, given, segment, told| Row {
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
        ..row(Rule::Ack18, story, given, segment)
    };
    let silent = |rule, story, segment| Row {
        also: &[Also::WindowNoted],
        ..row(rule, story, in_state(State::TimeWait), segment)
    };
    vec![
        gone("our FIN is acknowledged", in_state(State::LastAck), ack(302, 102), &[]),
        gone("what the user has not read is handed over", unread, ack(305, 102), &["unread 3"]),
        Row {
            also: &[Also::WindowNoted],
            ..row(Rule::Ack19, "our FIN is not", in_state(State::LastAck), ack(302, 101))
        },
        Row {
            also: &[Also::SndUna(104), Also::Unsent(0), Also::Runs(Timer::Retransmission)],
            ..row(Rule::Ack25, "text before the FIN is", with_text_in_flight(State::LastAck), ack(302, 104))
        },
        Row {
            sent: ANSWER,
            also: &[Also::Unchanged, Also::Starts(Timer::TimeWait, 240_000)],
            ..silent(Rule::Ack20, "the peer's FIN again", fin(301, 102))
        },
        silent(Rule::Ack21, "an empty acknowledgment is not answered", ack(302, 102)),
    ]
}

fn closed_before_open() -> Vec<Row> {
    let given = || Connection::in_state(State::SynReceived).after(close());
    vec![
        Row {
            also: &[
                Also::SndUna(101),
                Also::SndNxt(102),
                Also::SndWnd(1000),
                Also::Runs(Timer::Retransmission),
            ],
            ..row(Rule::Ack22, "the SYN is acknowledged, the FIN is not", given(), ack(301, 101))
        },
        Row {
            state: State::FinWait2,
            also: &[Also::SndUna(102), Also::SndWnd(1000), Also::Uses(Rule::Ack12)],
            ..row(Rule::Ack23, "SYN and FIN are acknowledged", given(), ack(301, 102))
        },
        Row {
            also: &[Also::SndUna(100), Also::RcvNxt(301), Also::Unread(0)],
            ..row(
                Rule::Ack24,
                "neither is: what comes along is not believed",
                given(),
                fin(301, 100).carrying(b"abc"),
            )
        },
        Row {
            sent: ANSWER,
            also: &[Also::Unchanged],
            ..row(Rule::Ack8, "what was never sent is: answered", given(), text(301, 103, b"abc"))
        },
    ]
}

#[test]
fn every_row_of_ack_holds() {
    check(rows());
}

#[test]
fn text_on_the_syn_is_delivered_although_the_user_closed_before_the_connection_opened() {
    let mut connection = Connection::in_state(State::Listen)
        .after(arrives(crate::fixture::syn(300).carrying(b"abc").urgent(2)))
        .after(close());
    assert_eq!(connection.tcb.state, State::FinWait1);
    connection.on(arrives(ack(301, 101)));
    assert_eq!(connection.told(), ["signal: urgent data"]);
    assert_eq!(connection.sent(), ["<SEQ=102><ACK=304><CTL=ACK>"], "and the FIN is not sent again for it");
    connection.on(receive(10));
    assert_eq!(connection.told(), ["signal: end of urgent data", "received \"a\""]);
}
