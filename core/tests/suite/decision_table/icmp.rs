//! Errors that ICMP reports (RFC 9293 §3.9.2.2).

use tcpspec_core::{IcmpError, Rule, State};

use crate::fixture::{Connection, reports, send};
use crate::table::{Also, Row, check, from_to, in_each};

/// The oldest number of ours that is in flight in every state but FIN-WAIT-2 and TIME-WAIT.
fn in_flight(state: State) -> Connection {
    let connection = Connection::in_state(state);
    match state {
        State::Established | State::CloseWait => connection.after(send(b"abc")),
        _ => connection,
    }
}

fn quoted(connection: &Connection) -> u32 {
    connection.tcb.snd.una.0
}

fn row(rule: Rule, story: &'static str, error: IcmpError, state: State) -> Row {
    let given = in_flight(state);
    let when = reports(error, quoted(&given));
    Row { rule, story, given, when, state, ..Row::quiet() }
}

const HAVE_SENT: [State; 7] = [
    State::SynSent,
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::CloseWait,
    State::Closing,
    State::LastAck,
];

pub(super) fn rows() -> Vec<Row> {
    [
        in_each(HAVE_SENT, |state| Row {
            told: &["signal: delivery trouble"],
            also: &[Also::Unchanged],
            ..row(Rule::Icmp1, "a soft error is passed on and aborts nothing", IcmpError::Soft, state)
        }),
        in_each(HAVE_SENT, |state| Row {
            told: &["signal: destination unreachable"],
            state: State::Closed,
            also: &[Also::Forgotten],
            ..row(Rule::Icmp2, "a hard error ends the connection", IcmpError::Hard, state)
        }),
        in_each(from_to(State::SynSent, State::TimeWait), |state| Row {
            also: &[Also::Unchanged],
            ..row(Rule::Icmp3, "a Source Quench means nothing any more", IcmpError::SourceQuench, state)
        }),
    ]
    .concat()
}

#[test]
fn every_row_of_icmp_holds() {
    check(rows());
}

#[test]
fn an_error_about_what_is_not_in_flight_is_nobodys() {
    for state in State::ALL {
        let given = in_flight(state);
        let (una, nxt) = (given.tcb.snd.una, given.tcb.snd.nxt);
        for seq in [una - 1, nxt, nxt + 1000] {
            for error in [IcmpError::Soft, IcmpError::Hard] {
                let after = given.clone().after(reports(error, seq.0));
                assert_eq!(after.tcb, given.tcb, "{error:?} in {state}");
                assert!(after.actions.list.is_empty(), "{error:?} in {state}");
            }
        }
    }
}
