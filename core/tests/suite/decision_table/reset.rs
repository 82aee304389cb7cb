//! Second, check the RST bit (RFC 9293 §3.10.7.4 step 2, §3.5.3; RFC 5961 §3; RFC 1337 §3).

use std::time::Duration;

use tcpspec_core::{Control, Profile, Rule, State, Timer};

use crate::fixture::{Connection, Seg, arrives, close, fin, numbers, receive, rst, syn, text};
use crate::table::{Also, Row, check, from_to, in_each};

const CHALLENGE: &[&str] = &["<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>"];
const RESET: &[&str] = &["signal: connection reset"];
const REFUSED: &[&str] = &["signal: connection refused"];

fn all() -> impl Iterator<Item = State> {
    from_to(State::SynReceived, State::TimeWait)
}

/// A RST `offset` octets from RCV.NXT.
fn at(state: State, offset: i32) -> Seg {
    rst(numbers(state).rcv.wrapping_add_signed(offset))
}

/// Where a valid RST leads from `state`, SYN-RECEIVED by a passive OPEN, and what the user hears.
const fn outcome(state: State) -> (State, &'static [&'static str]) {
    match state {
        State::SynReceived => (State::Listen, &[]),
        State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => (State::Closed, RESET),
        _ => (State::Closed, &[]),
    }
}

/// A RST that ends the connection.
fn ends(rule: Rule, story: &'static str, given: Connection, segment: Seg) -> Row {
    let (state, told) = outcome(given.tcb.state);
    Row {
        rule,
        story,
        given,
        when: arrives(segment),
        state,
        told,
        also: &[Also::Rests(Timer::Retransmission)],
        ..Row::quiet()
    }
}

/// A RST that is answered by a challenge, or by nothing.
fn stays(
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
    [
        outside(),
        at_rcv_nxt(),
        out_of_time_wait(),
        inside(),
        inside_by_rfc_793(),
        throttled(),
        with_more_than_a_rst(),
    ]
    .concat()
}

fn outside() -> Vec<Row> {
    in_each(all(), |state| {
        let segment = at(state, -1).carrying(b"abc");
        stays(
            Rule::Rst1,
            "text that ends in the window does not make it valid",
            Connection::in_state(state),
            segment,
            &[],
        )
    })
}

fn at_rcv_nxt() -> Vec<Row> {
    let in_state = Connection::in_state;
    let valid = |rule, story, state| ends(rule, story, in_state(state), at(state, 0));
    let active = Connection::simultaneous_open(Profile::default());
    let both = &["RECEIVE: error: connection reset", "signal: connection reset"];
    [
        vec![valid(Rule::Rst2, "the listener goes on waiting", State::SynReceived)],
        vec![ends(
            Rule::Rst2,
            "the listener keeps the RECEIVE that waits",
            in_state(State::SynReceived).after(receive(10)),
            at(State::SynReceived, 0),
        )],
        vec![Row {
            state: State::Closed,
            told: REFUSED,
            also: &[Also::Forgotten],
            ..ends(Rule::Rst3, "the peer refuses", active.clone(), rst(301))
        }],
        vec![Row {
            state: State::Closed,
            told: &["RECEIVE: error: connection refused", "signal: connection refused"],
            ..ends(Rule::Rst3, "a waiting RECEIVE fails", active.after(receive(10)), rst(301))
        }],
        in_each(from_to(State::Established, State::CloseWait), |state| {
            valid(Rule::Rst4, "it is over", state)
        }),
        in_each(from_to(State::Established, State::FinWait2), |state| Row {
            told: both,
            also: &[Also::Forgotten],
            ..ends(Rule::Rst4, "a waiting RECEIVE fails", in_state(state).after(receive(10)), at(state, 0))
        }),
        in_each([State::Closing, State::LastAck], |state| valid(Rule::Rst5, "it is over", state)),
        vec![valid(Rule::Rst6, "TIME-WAIT ends early", State::TimeWait)],
    ]
    .concat()
}

fn out_of_time_wait() -> Vec<Row> {
    let patient = Profile { ignore_resets_in_time_wait: true, ..Profile::default() };
    let time_wait = || Connection::in_state_with(State::TimeWait, patient);
    let back = |story, given, told| Row {
        rule: Rule::Rst15,
        story,
        given,
        when: arrives(rst(1001)),
        state: State::TimeWait,
        told,
        also: &[
            Also::Starts(Timer::TimeWait, 240_000),
            Also::Rests(Timer::Retransmission),
            Also::SndNxt(102),
            Also::RcvNxt(302),
        ],
        ..Row::quiet()
    };
    vec![
        stays(Rule::Rst6, "RFC 1337 F1 ignores it", time_wait(), rst(302), &[]),
        stays(Rule::Rst10, "RFC 1337 F1 ignores it inside the window too", time_wait(), rst(303), &[]),
        back("the SYN was an old duplicate", Connection::reopened(), &[]),
        back(
            "the SYN was an old duplicate, a waiting RECEIVE fails",
            Connection::reopened().after(receive(10)),
            &["RECEIVE: error: connection reset"],
        ),
    ]
}

/// The row for a RST inside the window and not at RCV.NXT.
const fn inside_rule(state: State) -> Rule {
    match state {
        State::SynReceived => Rule::Rst7,
        State::Closing | State::LastAck => Rule::Rst9,
        State::TimeWait => Rule::Rst10,
        _ => Rule::Rst8,
    }
}

fn inside() -> Vec<Row> {
    let last = |state| rst(Connection::in_state(state).tcb.right_edge().0 - 1);
    let challenged = |story, given: Connection, segment| {
        stays(inside_rule(given.tcb.state), story, given, segment, CHALLENGE)
    };
    let active = Connection::simultaneous_open(Profile::default());
    let reopened = Connection::reopened();
    [
        in_each(all(), |state| challenged("one past RCV.NXT", Connection::in_state(state), at(state, 1))),
        in_each(all(), |state| {
            challenged("last octet of the window", Connection::in_state(state), last(state))
        }),
        vec![challenged("requests crossed", active, rst(302))],
        vec![challenged("out of TIME-WAIT", reopened, rst(1002))],
    ]
    .concat()
}

fn inside_by_rfc_793() -> Vec<Row> {
    let active = Connection::simultaneous_open(Profile::rfc793());
    let mut rows = in_each(all(), |state| {
        let given = Connection::in_state_with(state, Profile::rfc793());
        ends(inside_rule(state), "without RFC 5961 it counts", given, at(state, 1))
    });
    rows.push(Row {
        state: State::Closed,
        told: REFUSED,
        ..ends(Rule::Rst7, "without RFC 5961 it counts, requests crossed", active, rst(302))
    });
    rows
}

fn throttled() -> Vec<Row> {
    let challenge_limit = Some((1, Duration::from_secs(5)));
    in_each(all(), |state| {
        let profile = Profile { challenge_limit, ..Profile::default() };
        let given = Connection::in_state_with(state, profile).after(arrives(at(state, 1)));
        stays(Rule::Rst11, "no more challenges in this interval", given, at(state, 1), &[])
    })
}

fn with_more_than_a_rst() -> Vec<Row> {
    let in_state = Connection::in_state;
    let closed = Connection::with_closed_window;
    [
        in_each(all(), |state| {
            ends(Rule::Rst12, "whatever text it carries", in_state(state), at(state, 0).carrying(b"why"))
        }),
        in_each(all(), |state| ends(Rule::Rst13, "closed window", closed(state), at(state, 0))),
        in_each(all(), |state| Row {
            also: &[Also::Uses(Rule::Rst12), Also::UsesNot(Rule::Seq10)],
            ..ends(Rule::Rst13, "closed window, with text", closed(state), at(state, 0).carrying(b"why"))
        }),
        in_each(all(), |state| {
            ends(Rule::Rst14, "a SYN in it", in_state(state), at(state, 0).and(Control::SYN))
        }),
    ]
    .concat()
}

#[test]
fn every_row_of_rst_holds() {
    check(rows());
}

#[test]
fn challenges_are_allowed_again_in_the_next_interval() {
    let profile = Profile { challenge_limit: Some((2, Duration::from_secs(5))), ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    let answers = |connection: &mut Connection| connection.on(arrives(rst(302))).sent().len();
    assert_eq!([answers(&mut connection), answers(&mut connection), answers(&mut connection)], [1, 1, 0]);
    connection.pass(Duration::from_secs(5));
    assert_eq!([answers(&mut connection), answers(&mut connection), answers(&mut connection)], [1, 1, 0]);
}

#[test]
fn a_listener_that_was_reset_takes_the_next_request() {
    let mut connection = Connection::in_state(State::Listen).after(receive(10)).after(arrives(syn(300)));
    connection.on(arrives(rst(301)));
    assert_eq!((connection.tcb.state, connection.tcb.receives.len()), (State::Listen, 1));
    connection.on(arrives(syn(900)));
    assert_eq!(connection.sent(), ["<SEQ=100><ACK=901><CTL=SYN,ACK>"]);
}

#[test]
fn unread_text_survives_a_reset_in_time_wait() {
    let path = [close(), arrives(text(301, 102, b"abc")), arrives(fin(304, 102))];
    let mut connection = Connection::in_state(State::Established).after_all(path);
    connection.on(arrives(rst(305)));
    assert_eq!((connection.tcb.state, connection.told()), (State::Closed, vec!["unread 3".to_owned()]));
    assert_eq!(connection.actions.octets, b"abc");
}
