//! What is sent again and when (RFC 9293 §3.8.1, §3.10.8; RFC 6298).

use std::time::Duration;

use tcpspec_core::{Instant, State, Timer};

use crate::fixture::{Connection, ack, arrives, send, syn_ack, times_out};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn each_timeout_waits_twice_as_long_up_to_a_minute() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    assert_eq!(connection.armed(Timer::Retransmission), Some(SECOND));
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        connection.on(times_out(Timer::Retransmission));
        assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"]);
        assert_eq!(connection.armed(Timer::Retransmission), Some(seconds * SECOND));
    }
}

#[test]
fn what_was_sent_twice_measures_nothing_and_leaves_the_timeout_long() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    let measured = connection.tcb.retransmission.round_trip;
    connection.on(times_out(Timer::Retransmission)).on(times_out(Timer::Retransmission));
    connection.pass(3 * SECOND);
    connection.on(arrives(ack(301, 104)));
    assert_eq!(connection.tcb.retransmission.round_trip, measured, "Karn");
    connection.on(send(b"def"));
    assert_eq!(connection.armed(Timer::Retransmission), Some(4 * SECOND));
    connection.pass(2 * SECOND);
    connection.on(arrives(ack(301, 107)));
    assert_ne!(connection.tcb.retransmission.round_trip, measured, "sent once: a measurement");
    connection.on(send(b"ghi"));
    // The first measurement was 0 s, this one 2 s: SRTT 0.25 s and RTTVAR 0.5 s.
    assert_eq!(connection.armed(Timer::Retransmission), Some(Duration::from_millis(2250)));
}

#[test]
fn an_acknowledgment_of_part_gives_the_rest_a_whole_timeout() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    connection.on(arrives(ack(301, 102)));
    assert_eq!(connection.armed(Timer::Retransmission), Some(SECOND));
    connection.on(arrives(ack(301, 104)));
    assert!(!connection.runs(Timer::Retransmission));
}

#[test]
fn duplicates_do_not_put_the_timeout_off() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    connection.on(arrives(ack(301, 101)));
    assert_eq!(connection.armed(Timer::Retransmission), None);
    assert!(connection.runs(Timer::Retransmission));
}

#[test]
fn what_was_lost_together_is_sent_again_as_acknowledgments_come() {
    let mut connection = Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(4000)));
    connection.on(send(&[b'x'; 3 * 536]));
    assert_eq!(connection.sent().len(), 3);
    connection.on(times_out(Timer::Retransmission));
    for seq in [101, 637, 1173] {
        let psh = if seq == 1173 { "PSH," } else { "" };
        assert_eq!(connection.sent(), [format!("<SEQ={seq}><ACK=301><CTL={psh}ACK><DATA=536 octets>")]);
        connection.on(arrives(ack(301, seq + 536).wnd(4000)));
    }
    assert!(connection.sent().is_empty() && !connection.runs(Timer::Retransmission));
    assert_eq!(connection.tcb.retransmission.recover, None);
}

#[test]
fn a_lost_syn_makes_text_start_with_three_seconds() {
    let mut connection = Connection::in_state(State::SynSent).after(times_out(Timer::Retransmission));
    assert_eq!(connection.armed(Timer::Retransmission), Some(2 * SECOND));
    connection.on(arrives(syn_ack(300, 101))).on(send(b"abc"));
    assert_eq!(connection.armed(Timer::Retransmission), Some(3 * SECOND), "RFC 6298 §5.7");
}

#[test]
fn a_retransmission_carries_the_current_acknowledgment_and_window() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    connection.on(arrives(crate::fixture::text(301, 101, b"xyz")));
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=304><CTL=PSH,ACK><DATA=abc>"]);
    assert_eq!(connection.offered(), Some(4093));
    assert!(!connection.runs(Timer::DelayedAck), "which is not due any more");
}

#[test]
fn the_user_timeout_starts_over_with_every_acknowledgment_of_something_new() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    assert_eq!(connection.armed(Timer::User), Some(300 * SECOND));
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.armed(Timer::User), None);
    connection.on(arrives(ack(301, 102)));
    assert_eq!(connection.armed(Timer::User), Some(300 * SECOND));
    connection.on(times_out(Timer::User));
    assert_eq!(connection.told(), ["signal: connection aborted due to user timeout"]);
    assert_eq!((connection.tcb.state, connection.sent().len()), (State::Closed, 0));
}

#[test]
fn a_clock_that_leaps_breaks_nothing() {
    let mut connection = Connection::in_state(State::Established);
    for (seq, now) in [(101, 0), (102, u64::MAX), (103, 0), (104, u64::MAX)] {
        connection.context.now = Instant(now);
        connection.on(send(b"x"));
        connection.context.now = Instant(u64::MAX - now);
        connection.on(arrives(ack(301, seq + 1)));
    }
    connection.on(send(b"x"));
    assert_eq!(connection.armed(Timer::Retransmission), Some(60 * SECOND), "the ceiling");
}
