//! Closed windows: probing them, and answering probes (RFC 9293 §3.8.6.1).

use std::time::Duration;

use tcpspec_core::{Profile, State, Timer};

use crate::fixture::{Connection, ack, arrives, close, fin, receive, send, text, times_out};

const SECOND: Duration = Duration::from_secs(1);

/// Text waits for a window that is closed.
fn waiting(octets: &'static [u8]) -> Connection {
    Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(0))).after(send(octets))
}

#[test]
fn probes_come_after_one_timeout_and_then_each_time_later() {
    let mut connection = waiting(b"abc");
    assert_eq!(connection.armed(Timer::Persist), Some(SECOND));
    connection.on(times_out(Timer::Persist));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=ACK><DATA=a>"]);
    assert_eq!(connection.armed(Timer::Retransmission), Some(SECOND));
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        connection.on(arrives(ack(301, 101).wnd(0)));
        connection.on(times_out(Timer::Retransmission));
        assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=ACK><DATA=a>"]);
        assert_eq!(connection.armed(Timer::Retransmission), Some(seconds * SECOND));
    }
}

#[test]
fn text_that_waits_for_a_window_is_under_the_user_timeout() {
    assert_eq!(waiting(b"abc").armed(Timer::User), Some(Duration::from_secs(300)));
}

#[test]
fn answers_to_probes_keep_the_connection_open() {
    let mut connection = waiting(b"abc").after(times_out(Timer::Persist));
    for _ in 0..3 {
        connection.on(arrives(ack(301, 101).wnd(0)));
        assert_eq!(connection.armed(Timer::User), Some(Duration::from_secs(300)), "MUST-37");
        connection.on(times_out(Timer::Retransmission));
        assert_eq!(connection.armed(Timer::User), None, "without an answer the user timeout goes on");
    }
}

#[test]
fn a_window_that_opens_lets_the_probe_and_the_rest_go_at_once() {
    let mut connection = waiting(&[b'x'; 600]).after(times_out(Timer::Persist));
    connection.on(arrives(ack(301, 101).wnd(1000)));
    assert_eq!(
        connection.sent(),
        ["<SEQ=101><ACK=301><CTL=ACK><DATA=x>", "<SEQ=102><ACK=301><CTL=ACK><DATA=536 octets>"]
    );
    assert!(!connection.runs(Timer::Persist));
    connection.on(arrives(ack(301, 638).wnd(1000)));
    assert_eq!(connection.sent().len(), 1, "the short rest goes when all before it is acknowledged");
}

#[test]
fn a_probe_that_is_taken_brings_the_next_one() {
    let mut connection = waiting(b"abc").after(times_out(Timer::Persist));
    connection.on(arrives(ack(301, 102).wnd(0)));
    assert_eq!((connection.sent().len(), connection.armed(Timer::Persist)), (0, Some(SECOND)));
    connection.on(times_out(Timer::Persist));
    assert_eq!(connection.sent(), ["<SEQ=102><ACK=301><CTL=ACK><DATA=b>"]);
}

#[test]
fn a_window_that_closes_over_text_in_flight_is_probed_with_its_first_octet() {
    let mut connection = Connection::in_state(State::Established).after(send(b"abc"));
    connection.on(arrives(ack(301, 101).wnd(0)));
    assert!(!connection.runs(Timer::Persist), "the retransmission timer does it (MUST-35)");
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=ACK><DATA=a>"]);
    connection.on(arrives(ack(301, 101).wnd(1000)));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"]);
}

#[test]
fn a_closed_window_does_not_hold_a_fin_back() {
    let mut connection = Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(0)));
    connection.on(close());
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=FIN,ACK>"]);
}

#[test]
fn the_last_octet_goes_as_a_probe_and_the_fin_behind_it() {
    let mut connection = waiting(b"a").after(close());
    connection.on(times_out(Timer::Persist));
    assert_eq!(
        connection.sent(),
        ["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=a>", "<SEQ=102><ACK=301><CTL=FIN,ACK>"]
    );
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=FIN,PSH,ACK><DATA=a>"]);
}

#[test]
fn a_probe_of_our_closed_window_is_answered_and_not_taken() {
    let narrow = Profile { receive_buffer: 3, ..Profile::default() };
    let mut connection =
        Connection::in_state_with(State::Established, narrow).after(arrives(text(301, 101, b"abc")));
    for _ in 0..3 {
        connection.on(arrives(text(304, 101, b"d")));
        assert_eq!(
            (connection.sent(), connection.offered()),
            (vec!["<SEQ=101><ACK=304><CTL=ACK>".to_owned()], Some(0))
        );
    }
    connection.on(receive(3));
    assert_eq!(connection.offered(), Some(3), "reading opens the window again");
    connection.on(arrives(text(304, 101, b"d")));
    assert_eq!(connection.tcb.receive_queue, [b'd']);
}

#[test]
fn a_fin_is_taken_once_the_window_opens() {
    let narrow = Profile { receive_buffer: 3, ..Profile::default() };
    let mut connection =
        Connection::in_state_with(State::Established, narrow).after(arrives(text(301, 101, b"abc")));
    connection.on(arrives(fin(304, 101)));
    assert_eq!(connection.tcb.state, State::Established);
    connection.on(receive(3)).on(arrives(fin(304, 101)));
    assert_eq!(connection.tcb.state, State::CloseWait);
}
