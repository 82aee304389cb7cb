//! Timeouts (RFC 9293 §3.10.8; RFC 6298 §5; §3.8.6).

use std::time::Duration;

use tcpspec_core::{Profile, Rule, State, Timer};

use crate::fixture::{
    Connection, ack, arrives, close, fin, keep_alive, numbers, receive, send, text, times_out,
};
use crate::table::{Also, Row, check, from_to, in_each};

fn row(rule: Rule, story: &'static str, given: Connection, timer: Timer) -> Row {
    Row { rule, story, state: given.tcb.state, given, when: times_out(timer), ..Row::quiet() }
}

/// A connection in `state` with "abc" in the send queue, its first octet 101, while the peer's window is `window`
/// octets; a window too small holds the text back.
fn with_text(state: State, window: u16) -> Connection {
    let open = || {
        Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(window))).after(send(b"abc"))
    };
    let connection = match state {
        State::Established => open(),
        State::FinWait1 => open().after(close()),
        State::CloseWait => open().after(arrives(fin(301, 101).wnd(window))),
        State::Closing => open().after(close()).after(arrives(fin(301, 101).wnd(window))),
        _ => open().after(arrives(fin(301, 101).wnd(window))).after(close()),
    };
    assert_eq!(connection.tcb.state, state);
    connection
}

const CLOSING_STATES: [State; 5] =
    [State::Established, State::FinWait1, State::CloseWait, State::Closing, State::LastAck];

pub(super) fn rows() -> Vec<Row> {
    [
        user(),
        syn(),
        head_of_the_queue(),
        fin_only(),
        first_threshold(),
        time_wait(),
        probes(),
        acknowledgment(),
        silly_window(),
        idle(),
    ]
    .concat()
}

fn user() -> Vec<Row> {
    let gone = |story, given, told| Row {
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
        ..row(Rule::Timeout1, story, given, Timer::User)
    };
    let signal: &[&str] = &["signal: connection aborted due to user timeout"];
    let both = &[
        "RECEIVE: error: connection aborted due to user timeout",
        "signal: connection aborted due to user timeout",
    ];
    [
        in_each([State::SynSent, State::SynReceived], |state| {
            gone("the SYN is never acknowledged", Connection::in_state(state), signal)
        }),
        in_each(CLOSING_STATES, |state| gone("text is never acknowledged", with_text(state, 1000), signal)),
        vec![gone("a waiting RECEIVE fails", with_text(State::Established, 1000).after(receive(9)), both)],
    ]
    .concat()
}

fn syn() -> Vec<Row> {
    let again = |rule, story, given: Connection, sent| Row {
        sent,
        also: &[Also::Starts(Timer::Retransmission, 2_000), Also::SndUna(100)],
        ..row(rule, story, given, Timer::Retransmission)
    };
    let answer = &["<SEQ=100><ACK=301><CTL=SYN,ACK>"];
    let crossed = Connection::simultaneous_open(Profile::default());
    let closed = Connection::in_state(State::SynReceived).after(close());
    vec![
        again(Rule::Timeout2, "the SYN again", Connection::in_state(State::SynSent), &["<SEQ=100><CTL=SYN>"]),
        again(Rule::Timeout3, "the SYN,ACK again", Connection::in_state(State::SynReceived), answer),
        again(Rule::Timeout3, "the SYN,ACK again, not the bare SYN", crossed, answer),
        again(Rule::Timeout14, "the SYN,ACK before the FIN", closed, answer),
    ]
}

fn head_of_the_queue() -> Vec<Row> {
    // A FIN in flight goes again with the last text before it.
    in_each(CLOSING_STATES, |state| Row {
        sent: match state {
            State::Established | State::CloseWait => &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,ACK><DATA=abc>"],
            _ => &["<SEQ=101><ACK=RCV.NXT><CTL=FIN,PSH,ACK><DATA=abc>"],
        },
        also: &[Also::Starts(Timer::Retransmission, 2_000), Also::SndUna(101)],
        ..row(Rule::Timeout4, "the oldest text again", with_text(state, 1000), Timer::Retransmission)
    })
}

fn fin_only() -> Vec<Row> {
    let states = [State::FinWait1, State::Closing, State::LastAck];
    let mut rows = in_each(states, |state| Row {
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=FIN,ACK>"],
        also: &[Also::Starts(Timer::Retransmission, 2_000), Also::SndNxt(102)],
        ..row(Rule::Timeout5, "the FIN again", Connection::in_state(state), Timer::Retransmission)
    });
    rows.extend(in_each([State::FinWait2, State::TimeWait], |state| Row {
        also: &[Also::Unchanged],
        ..row(Rule::Timeout6, "nothing is in flight", Connection::in_state(state), Timer::Retransmission)
    }));
    rows
}

/// What goes again is that of the rows above; this is the third time.
fn first_threshold() -> Vec<Row> {
    let third = |given: Connection, story, sent| {
        let twice = [times_out(Timer::Retransmission), times_out(Timer::Retransmission)];
        Row {
            sent,
            told: &["signal: delivery trouble"],
            also: &[Also::Starts(Timer::Retransmission, 8_000)],
            ..row(Rule::Timeout7, story, given.after_all(twice), Timer::Retransmission)
        }
    };
    let syn = |state, sent| third(Connection::in_state(state), "the SYN for the third time", sent);
    let mut rows = vec![
        syn(State::SynSent, &["<SEQ=100><CTL=SYN>"]),
        syn(State::SynReceived, &["<SEQ=100><ACK=301><CTL=SYN,ACK>"]),
    ];
    rows.extend(in_each(CLOSING_STATES, |state| {
        let sent: &[&str] = match state {
            State::Established | State::CloseWait => &["<SEQ=101><ACK=RCV.NXT><CTL=PSH,ACK><DATA=abc>"],
            _ => &["<SEQ=101><ACK=RCV.NXT><CTL=FIN,PSH,ACK><DATA=abc>"],
        };
        third(with_text(state, 1000), "the oldest text for the third time", sent)
    }));
    rows
}

fn time_wait() -> Vec<Row> {
    let unread = Connection::in_state(State::FinWait2)
        .after(arrives(text(301, 102, b"abc")))
        .after(arrives(fin(304, 102)));
    let gone = |story, given, told| Row {
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
        ..row(Rule::Timeout9, story, given, Timer::TimeWait)
    };
    vec![
        gone("2 MSL are over", Connection::in_state(State::TimeWait), &[]),
        gone("what the user has not read is handed over", unread, &["unread 3"]),
    ]
}

fn probes() -> Vec<Row> {
    let states = [State::Established, State::FinWait1, State::CloseWait, State::Closing];
    in_each(states, |state| Row {
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=ACK><DATA=a>"],
        also: &[Also::SndNxt(102), Also::Starts(Timer::Retransmission, 1_000)],
        ..row(
            Rule::Timeout10,
            "one octet asks whether the window is open",
            with_text(state, 0),
            Timer::Persist,
        )
    })
}

fn acknowledgment() -> Vec<Row> {
    in_each(from_to(State::Established, State::FinWait2), |state| Row {
        sent: &["<SEQ=SND.NXT><ACK=304><CTL=ACK>"],
        also: &[Also::Rests(Timer::DelayedAck)],
        ..row(
            Rule::Timeout12,
            "the acknowledgment has waited long enough",
            Connection::in_state(state).after(arrives(text(301, numbers(state).una, b"abc"))),
            Timer::DelayedAck,
        )
    })
}

fn silly_window() -> Vec<Row> {
    let states = [State::Established, State::FinWait1, State::CloseWait, State::Closing];
    in_each(states, |state| Row {
        sent: &["<SEQ=101><ACK=RCV.NXT><CTL=ACK><DATA=ab>"],
        also: &[Also::SndNxt(103), Also::Rests(Timer::SwsOverride), Also::Runs(Timer::Retransmission)],
        ..row(Rule::Timeout13, "a small window has to do", with_text(state, 2), Timer::SwsOverride)
    })
}

fn idle() -> Vec<Row> {
    let hours = Duration::from_secs(7200);
    in_each([State::Established, State::CloseWait, State::FinWait2], |state| {
        let given = Connection::in_state(state).after(keep_alive(Some(hours)));
        let sent: &[&str] = match state {
            State::CloseWait => &["<SEQ=100><ACK=302><CTL=ACK>"],
            State::FinWait2 => &["<SEQ=101><ACK=301><CTL=ACK>"],
            _ => &["<SEQ=100><ACK=301><CTL=ACK>"],
        };
        Row {
            sent,
            also: &[Also::Starts(Timer::KeepAlive, 75_000)],
            ..row(Rule::Timeout11, "an idle peer is asked whether it is there", given, Timer::KeepAlive)
        }
    })
}

#[test]
fn every_row_of_timeouts_holds() {
    check(rows());
}

#[test]
fn a_timer_that_is_not_armed_changes_nothing() {
    for state in State::ALL {
        let given = Connection::in_state(state);
        for timer in Timer::ALL.into_iter().filter(|timer| !given.runs(*timer)) {
            let after = given.clone().after(times_out(timer));
            assert_eq!(after.tcb, given.tcb, "{} in {state}", timer.name());
            assert!(after.actions.list.is_empty(), "{} in {state}", timer.name());
        }
    }
}

#[test]
fn the_user_timeout_runs_only_while_something_is_undelivered() {
    for state in State::ALL {
        let waits = matches!(
            state,
            State::SynSent | State::SynReceived | State::FinWait1 | State::Closing | State::LastAck
        );
        assert_eq!(Connection::in_state(state).runs(Timer::User), waits, "{state}");
    }
    let patient = Profile { user_timeout: None, ..Profile::default() };
    assert!(!Connection::in_state_with(State::SynSent, patient).runs(Timer::User));
}

#[test]
fn every_timer_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<_> = Timer::ALL.iter().map(|timer| timer.name()).collect();
    assert_eq!(names.len(), Timer::ALL.len());
}
