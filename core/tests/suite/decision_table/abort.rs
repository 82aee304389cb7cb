//! ABORT (RFC 9293 §3.10.5).

use tcpspec_core::{Rule, State};

use crate::fixture::{Connection, abort, receive, send};
use crate::table::{Also, Row, check, from_to, in_each};

pub(super) fn rows() -> Vec<Row> {
    let row = |rule, story, given: Connection, sent, told| Row {
        rule,
        story,
        given,
        when: abort(),
        sent,
        state: State::Closed,
        told,
        also: &[Also::Forgotten],
    };
    let in_state = Connection::in_state;
    let both: &[&str] = &["RECEIVE: error: connection reset", "ok"];
    let reset: &[&str] = &["<SEQ=SND.NXT><CTL=RST>"];
    let waiting = |state| in_state(state).after(receive(10));
    [
        vec![
            row(
                Rule::Abort2,
                "there is no connection",
                in_state(State::Closed),
                &[],
                &["error: connection does not exist"],
            ),
            row(Rule::Abort3, "a waiting RECEIVE fails", waiting(State::Listen), &[], both),
            row(Rule::Abort4, "queued calls fail", waiting(State::SynSent).after(send(b"abc")), &[], both),
        ],
        in_each(from_to(State::SynReceived, State::FinWait2), |state| {
            row(Rule::Abort5, "the peer is told, a waiting RECEIVE fails", waiting(state), reset, both)
        }),
        vec![
            row(Rule::Abort5, "the peer is told", in_state(State::CloseWait), reset, &["ok"]),
            row(
                Rule::Abort5,
                "the number is the next to be sent, past text in flight",
                in_state(State::Established).after(send(b"abc")),
                &["<SEQ=104><CTL=RST>"],
                &["ok"],
            ),
        ],
        in_each(from_to(State::Closing, State::TimeWait), |state| {
            row(Rule::Abort6, "the peer has closed and is not told", in_state(state), &[], &["ok"])
        }),
    ]
    .concat()
}

#[test]
fn every_row_of_abort_holds() {
    check(rows());
}
