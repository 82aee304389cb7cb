//! STATUS (RFC 9293 §3.10.6).

use tcpspec_core::{Rule, State};

use crate::fixture::{Connection, status};
use crate::table::{Also, Row, check, from_to, in_each};

pub(super) fn rows() -> Vec<Row> {
    let row = |rule, state, told| Row {
        rule,
        story: "the name of the state, and nothing changes",
        given: Connection::in_state(state),
        when: status(),
        state,
        told,
        also: &[Also::Unchanged],
        ..Row::quiet()
    };
    let mut rows = vec![row(Rule::Status2, State::Closed, &["error: connection does not exist"])];
    rows.extend(in_each(from_to(State::Listen, State::TimeWait), |state| {
        row(Rule::Status3, state, answer(state))
    }));
    rows
}

const fn answer(state: State) -> &'static [&'static str] {
    match state {
        State::Closed => &["state = CLOSED"],
        State::Listen => &["state = LISTEN"],
        State::SynSent => &["state = SYN-SENT"],
        State::SynReceived => &["state = SYN-RECEIVED"],
        State::Established => &["state = ESTABLISHED"],
        State::FinWait1 => &["state = FIN-WAIT-1"],
        State::FinWait2 => &["state = FIN-WAIT-2"],
        State::CloseWait => &["state = CLOSE-WAIT"],
        State::Closing => &["state = CLOSING"],
        State::LastAck => &["state = LAST-ACK"],
        State::TimeWait => &["state = TIME-WAIT"],
    }
}

#[test]
fn every_row_of_status_holds() {
    check(rows());
}
