//! Fourth, check the SYN bit (RFC 9293 §3.10.7.4 step 4, §3.6.1; RFC 5961 §4; RFC 6191 §2).

use std::time::Duration;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Control, Profile, Rule, SeqNumber, State, Timer};

use crate::fixture::{Connection, Seg, arrives, close, fin, numbers, receive, rst, syn, syn_ack, text};
use crate::table::{Also, Row, check, from_to, in_each};

const CHALLENGE: &[&str] = &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"];

fn synchronized() -> impl Iterator<Item = State> {
    from_to(State::Established, State::TimeWait)
}

/// A SYN one octet inside the window.
fn inside(state: State) -> Seg {
    syn(numbers(state).rcv + 1)
}

fn unchanged(
    rule: Rule,
    story: &'static str,
    given: Connection,
    segment: Seg,
    sent: &'static [&'static str],
) -> Row {
    let state = given.tcb.state;
    Row { rule, story, given, when: arrives(segment), sent, state, also: &[Also::Unchanged], ..Row::quiet() }
}

pub(super) fn rows() -> Vec<Row> {
    [in_syn_received(), challenged(), by_rfc_793(), outside(), throttled(), reuse_accepted(), reuse_refused()]
        .concat()
}

fn in_syn_received() -> Vec<Row> {
    let active = Connection::simultaneous_open;
    let row = |rule, story, given, segment, state| Row {
        rule,
        story,
        given,
        when: arrives(segment),
        state,
        ..Row::quiet()
    };
    let rst = &["<SEQ=0><ACK=303><CTL=RST,ACK>"];
    let reset = |story, given, segment, sent: &'static [&'static str]| Row {
        sent,
        told: &["signal: connection reset"],
        also: &[Also::Forgotten],
        ..row(Rule::Syn2, story, given, segment, State::Closed)
    };
    vec![
        Row {
            also: &[Also::Rests(Timer::Retransmission)],
            ..row(
                Rule::Syn1,
                "back to LISTEN",
                Connection::in_state(State::SynReceived),
                syn(302),
                State::Listen,
            )
        },
        Row {
            also: &[Also::Starts(Timer::TimeWait, 240_000)],
            ..row(Rule::Syn1, "back to TIME-WAIT", Connection::reopened(), syn(1002), State::TimeWait)
        },
        unchanged(
            Rule::Syn2,
            "requests crossed: a challenge",
            active(Profile::default()),
            syn(302),
            CHALLENGE,
        ),
        reset("requests crossed, without RFC 5961: over", active(Profile::rfc793()), syn(302), rst),
    ]
}

fn challenged() -> Vec<Row> {
    let states = || from_to(State::Established, State::LastAck);
    [
        in_each(states(), |state| {
            unchanged(Rule::Syn3, "inside the window", Connection::in_state(state), inside(state), CHALLENGE)
        }),
        in_each(states(), |state| {
            let segment = syn_ack(numbers(state).rcv, numbers(state).una).carrying(b"abc");
            unchanged(Rule::Syn3, "at RCV.NXT, with text", Connection::in_state(state), segment, CHALLENGE)
        }),
    ]
    .concat()
}

fn by_rfc_793() -> Vec<Row> {
    let row = |rule, story, state, segment, sent| Row {
        rule,
        story,
        given: Connection::in_state_with(state, Profile::rfc793()),
        when: arrives(segment),
        sent,
        state: State::Closed,
        told: &["signal: connection reset"],
        also: &[Also::Forgotten],
    };
    let without_ack = |state| -> &[&str] {
        match numbers(state).rcv {
            301 => &["<SEQ=0><ACK=303><CTL=RST,ACK>"],
            _ => &["<SEQ=0><ACK=304><CTL=RST,ACK>"],
        }
    };
    let states = || from_to(State::Established, State::LastAck);
    [
        in_each(states(), |state| {
            row(Rule::Syn4, "a SYN is an error", state, inside(state), without_ack(state))
        }),
        in_each(states(), |state| {
            row(
                Rule::Syn4,
                "a SYN,ACK is an error",
                state,
                inside(state).and(Control::ACK),
                &["<SEQ=0><CTL=RST>"],
            )
        }),
        vec![row(
            Rule::Syn12,
            "without RFC 5961 a SYN ends TIME-WAIT",
            State::TimeWait,
            inside(State::TimeWait),
            without_ack(State::TimeWait),
        )],
    ]
    .concat()
}

fn outside() -> Vec<Row> {
    [
        in_each(synchronized(), |state| {
            unchanged(Rule::Syn5, "step 1 answers it", Connection::in_state(state), syn(200), CHALLENGE)
        }),
        in_each(synchronized(), |state| {
            let given = Connection::with_closed_window(state);
            unchanged(Rule::Syn5, "closed window", given, syn(numbers(state).rcv), CHALLENGE)
        }),
        in_each(synchronized(), |state| {
            let given = Connection::in_state_with(state, Profile::rfc793());
            unchanged(Rule::Syn5, "step 1 answers it, without RFC 5961 too", given, syn(200), CHALLENGE)
        }),
    ]
    .concat()
}

fn throttled() -> Vec<Row> {
    let profile = Profile { challenge_limit: Some((1, Duration::from_secs(5))), ..Profile::default() };
    let silent = |given: Connection, state| {
        let given = given.after(arrives(inside(state)));
        unchanged(Rule::Syn6, "no more challenges in this interval", given, inside(state), &[])
    };
    let mut rows = in_each(synchronized(), |state| silent(Connection::in_state_with(state, profile), state));
    rows.push(silent(Connection::simultaneous_open(profile), State::SynReceived));
    rows
}

/// TIME-WAIT on an endpoint that lets a SYN reopen the connection.
fn reusable() -> Connection {
    let profile = Profile { time_wait_reuse: TimeWaitReuse::HigherSequenceNumber, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::TimeWait, profile);
    connection.context.iss = SeqNumber(5000);
    connection
}

fn reuse_accepted() -> Vec<Row> {
    let row = |story, given, segment, sent| Row {
        rule: Rule::Syn11,
        story,
        given,
        when: arrives(segment),
        sent,
        state: State::SynReceived,
        also: &[Also::Rests(Timer::TimeWait), Also::Starts(Timer::Retransmission, 1_000)],
        ..Row::quiet()
    };
    let mut low = reusable();
    low.context.iss = SeqNumber(7);
    vec![
        row("the number after the old FIN", reusable(), syn(302), &["<SEQ=5000><ACK=303><CTL=SYN,ACK>"]),
        row(
            "a number far beyond the window",
            reusable(),
            syn(90_000),
            &["<SEQ=5000><ACK=90001><CTL=SYN,ACK>"],
        ),
        row("our number is above all old ones", low, syn(302), &["<SEQ=103><ACK=303><CTL=SYN,ACK>"]),
    ]
}

fn reuse_refused() -> Vec<Row> {
    let in_state = Connection::in_state;
    let refused = |story, given, segment| unchanged(Rule::Syn12, story, given, segment, CHALLENGE);
    vec![
        refused("no early reuse: a challenge", in_state(State::TimeWait), inside(State::TimeWait)),
        refused("the number of the old FIN", reusable(), syn(301)),
        refused("a number long used", reusable(), syn(90)),
        refused("a SYN,ACK opens nothing", reusable(), inside(State::TimeWait).and(Control::ACK)),
    ]
}

#[test]
fn every_row_of_syn_holds() {
    check(rows());
}

#[test]
fn a_reopened_connection_opens_and_forgets_the_old_one() {
    let mut connection = Connection::reopened();
    assert_eq!(connection.sent(), ["<SEQ=5000><ACK=1001><CTL=SYN,ACK>"]);
    assert!(connection.tcb.reopened.is_some());
    connection.on(arrives(text(1001, 5001, b"new")));
    assert_eq!((connection.tcb.state, connection.tcb.reopened), (State::Established, None));
    connection.on(receive(10));
    assert_eq!(connection.told(), ["received \"new\""]);
}

#[test]
fn unread_text_of_the_old_incarnation_goes_to_the_user_first() {
    let path = [close(), arrives(text(301, 102, b"old")), arrives(fin(304, 102))];
    let open = Connection::in_state_with(State::Established, reusable().tcb.profile);
    let mut connection = open.after_all(path);
    connection.on(arrives(syn(1000)));
    assert_eq!(
        (connection.told(), &connection.actions.octets[..]),
        (vec!["unread 3".to_owned()], &b"old"[..])
    );
}

#[test]
fn a_syn_with_rst_never_reopens() {
    let connection = reusable().after(arrives(rst(1000).and(Control::SYN)));
    assert_eq!(connection.tcb.state, State::TimeWait);
    assert!(!connection.used(Rule::Syn11));
}
