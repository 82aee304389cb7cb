//! Idle connections: when a peer is asked whether it is there, and what becomes of one that never answers (RFC 9293
//! §3.8.4).

use std::time::Duration;

use tcpspec_core::{State, Timer};

use crate::fixture::{Connection, ack, arrives, keep_alive, send, text, times_out};

const HOURS: Option<Duration> = Some(Duration::from_secs(7200));

fn idle() -> Connection {
    Connection::in_state(State::Established).after(keep_alive(HOURS))
}

#[test]
fn nobody_is_asked_unless_the_user_wants_it() {
    for state in State::ALL {
        assert!(!Connection::in_state(state).runs(Timer::KeepAlive), "{state}");
    }
    let mut connection = idle();
    assert_eq!(connection.armed(Timer::KeepAlive), HOURS);
    connection.on(keep_alive(None));
    assert!(!connection.runs(Timer::KeepAlive));
}

#[test]
fn a_connection_with_something_on_its_way_is_not_idle() {
    let mut connection = idle();
    connection.on(send(b"x"));
    assert!(!connection.runs(Timer::KeepAlive), "an octet is unacknowledged");
    connection.on(arrives(ack(301, 102)));
    assert_eq!(connection.armed(Timer::KeepAlive), HOURS, "the interval begins with what arrived last");
    connection.on(arrives(text(301, 102, b"y")));
    assert_eq!(connection.armed(Timer::KeepAlive), HOURS);
}

#[test]
fn an_answer_makes_good_any_number_of_lost_probes() {
    let mut connection = idle();
    for _ in 0..8 {
        connection.on(times_out(Timer::KeepAlive));
        assert_eq!(connection.sent(), ["<SEQ=100><ACK=301><CTL=ACK>"]);
    }
    connection.on(arrives(ack(301, 101)));
    assert_eq!(connection.armed(Timer::KeepAlive), HOURS);
    assert_eq!(connection.tcb.state, State::Established);
}

#[test]
fn a_peer_that_never_answers_is_given_up_and_the_user_told() {
    let mut connection = idle();
    let mut probes = 0;
    while connection.tcb.state == State::Established && probes < 100 {
        connection.on(times_out(Timer::KeepAlive));
        probes += connection.sent().len();
    }
    assert_eq!(probes, 9);
    assert_eq!(connection.tcb.state, State::Closed);
    assert_eq!(connection.told(), ["signal: connection aborted due to user timeout"]);
}
