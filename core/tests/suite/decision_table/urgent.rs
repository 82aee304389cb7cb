//! Sixth, check the URG bit (RFC 9293 §3.10.7.4 step 6, §3.8.5).

use tcpspec_core::{Rule, State};

use crate::fixture::{Connection, Seg, ack, arrives, fin, numbers, receive, text};
use crate::table::{Also, Row, check, from_to, in_each};

fn open() -> impl Iterator<Item = State> {
    from_to(State::Established, State::FinWait2)
}

fn abc(state: State) -> Seg {
    text(301, numbers(state).una, b"abc")
}

fn row(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    Row { rule, story, state: given.tcb.state, given, when: arrives(segment), ..Row::quiet() }
}

pub(super) fn rows() -> Vec<Row> {
    [told(), not_told(), after_the_fin(), closed_window(), read()].concat()
}

fn told() -> Vec<Row> {
    let signalled = |story, given, segment| Row {
        told: &["signal: urgent data"],
        ..row(Rule::Urg1, story, given, segment)
    };
    let in_urgent_mode = |state| Connection::in_state(state).after(arrives(abc(state).urgent(3)));
    [
        in_each(open(), |state| {
            signalled("urgent text arrives", Connection::in_state(state), abc(state).urgent(3))
        }),
        in_each(open(), |state| {
            signalled(
                "urgent text is announced",
                Connection::in_state(state),
                ack(301, numbers(state).una).urgent(500),
            )
        }),
        in_each(open(), |state| {
            let further = ack(304, numbers(state).una).urgent(9);
            signalled("the pointer moves on", in_urgent_mode(state), further)
        }),
    ]
    .concat()
}

fn not_told() -> Vec<Row> {
    let announced =
        |state| Connection::in_state(state).after(arrives(ack(301, numbers(state).una).urgent(10)));
    [
        in_each(open(), |state| {
            row(Rule::Urg2, "the same pointer again", announced(state), abc(state).urgent(10))
        }),
        in_each(open(), |state| {
            row(Rule::Urg2, "the pointer never recedes", announced(state), abc(state).urgent(2))
        }),
        in_each(open(), |state| {
            row(Rule::Urg3, "the pointer is at the text", Connection::in_state(state), abc(state).urgent(0))
        }),
        in_each(open(), |state| {
            let straddling = text(299, numbers(state).una, b"yzabc").urgent(2);
            row(Rule::Urg3, "the pointer is in what was read", Connection::in_state(state), straddling)
        }),
    ]
    .concat()
}

fn after_the_fin() -> Vec<Row> {
    in_each([State::CloseWait, State::TimeWait], |state| {
        let at = numbers(state);
        row(
            Rule::Urg4,
            "nothing urgent follows a FIN",
            Connection::in_state(state),
            ack(at.rcv, at.una).urgent(9),
        )
    })
}

fn closed_window() -> Vec<Row> {
    in_each(open(), |state| Row {
        sent: &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"],
        told: &["signal: urgent data"],
        also: &[Also::Uses(Rule::Urg1), Also::Unread(0), Also::Offers(0)],
        ..row(
            Rule::Urg5,
            "a closed window does not hide urgent text",
            Connection::with_closed_window(state),
            abc(state).urgent(3),
        )
    })
}

fn read() -> Vec<Row> {
    let urgent_text = |state| Connection::in_state(state).after(arrives(abc(state).urgent(3)));
    let ends = |given: Connection| Row {
        rule: Rule::Urg6,
        story: "the user has read all that was urgent",
        state: given.tcb.state,
        given,
        when: receive(10),
        told: &["signal: end of urgent data", "received \"abc\""],
        ..Row::quiet()
    };
    let mut rows = in_each(open(), |state| ends(urgent_text(state)));
    rows.push(ends(urgent_text(State::Established).after(arrives(fin(304, 101)))));
    rows
}

#[test]
fn every_row_of_urg_holds() {
    check(rows());
}

#[test]
fn what_follows_the_urgent_text_comes_in_another_buffer() {
    let mut connection = Connection::in_state(State::Established);
    connection.on(arrives(text(301, 101, b"urgent text").urgent(6)));
    connection.on(receive(100));
    assert_eq!(connection.told(), ["signal: end of urgent data", "received \"urgent\""]);
    connection.on(receive(100));
    assert_eq!(connection.told(), ["received \" text\""]);
}

#[test]
fn two_waiting_receives_keep_urgent_text_apart() {
    let mut connection = Connection::in_state(State::Established).after(receive(100)).after(receive(100));
    connection.on(arrives(text(301, 101, b"urgent text").urgent(6)));
    assert_eq!(
        connection.told(),
        [
            "signal: urgent data",
            "signal: end of urgent data",
            "RECEIVE: received \"urgent\"",
            "RECEIVE: received \" text\"",
        ]
    );
}
