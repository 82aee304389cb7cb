//! When an acknowledgment goes (RFC 9293 §3.8.6.3; RFC 5681 §4.2), and the window it offers (§3.8.6.2.2).

use std::time::Duration;

use tcpspec_core::{Profile, Rule, State, Timer};

use crate::fixture::{Connection, ack, arrives, receive, send, text, times_out};

const FULL: &[u8] = &[b'x'; 1460];

#[test]
fn every_second_full_sized_segment_is_acknowledged_at_once() {
    let profile = Profile { receive_buffer: 65_535, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    let mut seq = 301;
    for answered in [false, true, false, true] {
        connection.on(arrives(text(seq, 101, FULL)));
        seq += 1460;
        assert_eq!(connection.sent().len(), usize::from(answered), "up to {seq}");
        assert_eq!(connection.runs(Timer::DelayedAck), !answered);
    }
    assert_eq!(connection.sent(), [format!("<SEQ=101><ACK={seq}><CTL=ACK>")]);
}

#[test]
fn the_delay_counts_from_the_first_octet_that_waits() {
    let mut connection = Connection::in_state(State::Established).after(arrives(text(301, 101, b"abc")));
    assert_eq!(connection.armed(Timer::DelayedAck), Some(Duration::from_millis(200)));
    connection.on(arrives(text(304, 101, b"def")));
    assert_eq!(connection.armed(Timer::DelayedAck), None, "the timer is not started over");
    connection.on(times_out(Timer::DelayedAck));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=307><CTL=ACK>"]);
}

#[test]
fn text_of_ours_takes_the_acknowledgment_along() {
    let mut connection = Connection::in_state(State::Established).after(arrives(text(301, 101, b"abc")));
    connection.on(send(b"xyz"));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=304><CTL=PSH,ACK><DATA=xyz>"]);
    assert!(!connection.runs(Timer::DelayedAck));
}

#[test]
fn without_delay_every_segment_is_acknowledged() {
    let prompt = Profile { delayed_ack: None, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, prompt);
    connection.on(arrives(text(301, 101, b"abc")));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=304><CTL=ACK>"]);
}

#[test]
fn each_segment_above_a_gap_is_answered_at_once() {
    let mut connection = Connection::in_state(State::Established);
    for seq in [304, 310, 307] {
        connection.on(arrives(text(seq, 101, b"abc")));
        assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=ACK>"]);
    }
    connection.on(arrives(text(301, 101, b"abc")));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=313><CTL=ACK>"], "one acknowledgment for all (MUST-59)");
}

#[test]
fn text_and_the_retransmission_it_calls_for_share_one_segment() {
    let mut connection = Connection::in_state(State::Established).after(send(&[b'x'; 900]));
    connection.on(times_out(Timer::Retransmission));
    // 536 octets are in flight and the rest waits; a part is acknowledged by a segment that brings text.
    connection.on(arrives(text(301, 201, b"abc")));
    assert_eq!(connection.sent()[0], "<SEQ=201><ACK=304><CTL=ACK><DATA=436 octets>");
    assert!(connection.sent().iter().all(|sent| sent.contains("DATA")), "{:?}", connection.sent());
}

#[test]
fn a_window_does_not_open_in_small_steps() {
    let profile = Profile { receive_buffer: 1000, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    connection.on(arrives(text(301, 101, &[b'x'; 1000])));
    assert_eq!(connection.tcb.rcv.wnd, 0);
    connection.on(receive(499));
    assert!(connection.sent().is_empty() && !connection.used(Rule::Receive9));
    connection.on(receive(1));
    assert_eq!(
        (connection.sent(), connection.offered()),
        (vec!["<SEQ=101><ACK=1301><CTL=ACK>".to_owned()], Some(500))
    );
}

#[test]
fn the_step_of_a_window_is_a_segment_when_that_is_less_than_half_the_buffer() {
    let mut connection =
        Connection::in_state(State::Established).after(arrives(text(301, 101, &[b'x'; 1000])));
    connection.on(receive(535));
    assert!(!connection.used(Rule::Receive9));
    connection.on(receive(1));
    assert!(connection.used(Rule::Receive9));
    assert_eq!(connection.offered(), Some(4096 - 464));
}

#[test]
fn no_more_than_the_field_can_say_is_offered() {
    let profile = Profile { receive_buffer: 1_000_000, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    assert_eq!(connection.tcb.rcv.wnd, 65_535);
    connection.on(arrives(text(301, 101, FULL))).on(receive(1460));
    assert_eq!((connection.tcb.rcv.wnd, connection.offered()), (65_535, Some(65_535)));
}

#[test]
fn the_right_edge_never_moves_left() {
    let profile = Profile { receive_buffer: 600, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    let mut edge = connection.tcb.right_edge();
    for (seq, len, read) in [(301, 100, 30), (401, 300, 0), (701, 200, 50), (901, 10, 600), (901, 500, 1)] {
        let octets = vec![b'x'; len];
        connection.on(arrives(text(seq, 101, &octets))).on(receive(read));
        let now = connection.tcb.right_edge();
        assert!(edge.le(now), "from {edge} to {now}");
        edge = now;
    }
    connection.on(arrives(ack(connection.tcb.rcv.nxt.0, 101)));
    assert_eq!(connection.tcb.right_edge(), edge);
}
