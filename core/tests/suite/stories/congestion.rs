//! How much a path is trusted with: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 9293 §3.8.2,
//! RFC 5681, RFC 6582).

use tcpspec_core::{Profile, State, Timer};

use crate::fixture::{Connection, ack, arrives, send, text, times_out};

const SMSS: u32 = 536;
const TEXT: &[u8] = &[b'x'; 20_000];

/// A connection with a roomy window at the peer and plenty of text to send.
fn bulk() -> Connection {
    let profile = Profile { send_buffer: 20_000, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    connection.on(arrives(ack(301, 101).wnd(65_535))).on(send(TEXT));
    connection
}

/// The sequence numbers of the segments that went, counted in segments from the first octet.
fn segments(connection: &Connection) -> Vec<u32> {
    connection.outgoing().iter().map(|segment| (segment.seq - 101) / SMSS).collect()
}

/// Acknowledges so many segments from the first on.
fn acknowledge(segments: u32) -> crate::fixture::When {
    arrives(ack(301, 101 + segments * SMSS).wnd(65_535))
}

#[test]
fn the_first_flight_is_four_small_segments_and_each_acknowledgment_opens_by_one() {
    let mut connection = bulk();
    assert_eq!(segments(&connection), [0, 1, 2, 3]);
    connection.on(acknowledge(1));
    assert_eq!(segments(&connection), [4, 5]);
    connection.on(acknowledge(3));
    assert_eq!(segments(&connection), [6, 7, 8], "two segments at once open by one");
}

#[test]
fn a_lost_syn_leaves_one_segment_for_the_first_flight() {
    let profile = Profile { send_buffer: 20_000, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::SynReceived, profile)
        .after(times_out(Timer::Retransmission))
        .after(arrives(ack(301, 101).wnd(65_535)));
    connection.on(send(TEXT));
    assert_eq!(segments(&connection), [0]);
}

#[test]
fn the_third_duplicate_sends_the_oldest_segment_again_before_its_timer() {
    let mut connection = bulk();
    for duplicate in 1..=3 {
        connection.on(acknowledge(0));
        // Three segments have left the path, so a new one may follow the one that is repeated.
        let expected: &[u32] = if duplicate == 3 { &[0, 4] } else { &[] };
        assert_eq!(segments(&connection), expected, "duplicate {duplicate}");
    }
    connection.on(acknowledge(0));
    assert_eq!(segments(&connection), [5], "each further duplicate is a segment that left the path");
    connection.on(acknowledge(1));
    assert_eq!(segments(&connection), [1, 6], "a partial acknowledgment: the next was lost, too");
    connection.on(acknowledge(6));
    let path = connection.tcb.congestion.expect("open");
    assert!(!path.recovering);
    assert!(path.window <= path.threshold);
}

#[test]
fn what_looks_like_a_duplicate_and_is_none_repeats_nothing() {
    let with_text = arrives(text(301, 101, b"a").wnd(65_535));
    let another_window = arrives(ack(301, 101).wnd(65_534));
    for harmless in [with_text, another_window] {
        let mut connection = bulk();
        connection.on(acknowledge(0)).on(acknowledge(0)).on(harmless);
        let again =
            connection.outgoing().iter().any(|segment| !segment.text.is_empty() && segment.seq == 101);
        assert!(!again);
    }
}

#[test]
fn answers_to_probes_of_a_closed_window_are_no_loss() {
    let mut connection =
        Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(0))).after(send(b"waiting"));
    connection.on(times_out(Timer::Persist));
    let probe = connection.only_segment();
    for _ in 0..5 {
        connection.on(arrives(ack(301, probe.seq).wnd(0)));
        assert!(connection.outgoing().iter().all(|segment| segment.text.is_empty()));
    }
}

#[test]
fn after_a_timeout_one_segment_goes_at_a_time_until_the_path_answers() {
    let mut connection = bulk();
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(segments(&connection), [0]);
    connection.on(acknowledge(0)).on(acknowledge(0)).on(acknowledge(0));
    assert_eq!(segments(&connection), [] as [u32; 0], "duplicates of a loss that the timer has dealt with");
    connection.on(acknowledge(1));
    assert_eq!(segments(&connection), [1]);
    connection.on(acknowledge(4));
    assert_eq!(segments(&connection), [4, 5], "half of the first flight is reached: slowly from here");
}

#[test]
fn without_congestion_control_the_peers_window_alone_governs() {
    let profile = Profile { send_buffer: 20_000, congestion_control: false, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    connection.on(arrives(ack(301, 101).wnd(65_535))).on(send(TEXT));
    assert_eq!(
        connection.outgoing().len(),
        20_000_usize.div_ceil(536) - 1,
        "the last, short one waits for company"
    );
    connection.on(acknowledge(0)).on(acknowledge(0)).on(acknowledge(0));
    assert!(connection.sent().is_empty(), "no fast retransmit either");
}
