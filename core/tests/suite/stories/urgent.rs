//! The urgent mechanism from the sender's side (RFC 9293 §3.8.5).

use tcpspec_core::{Profile, State, Timer};

use crate::fixture::{Connection, ack, arrives, send, send_urgent, text, times_out};

#[test]
fn every_segment_says_how_far_the_urgent_text_goes() {
    let mut connection = Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(4000)));
    connection.on(send_urgent(&[b'u'; 1072]));
    let pointers: Vec<_> = connection.outgoing().iter().map(|segment| (segment.seq, segment.up)).collect();
    assert_eq!(pointers, [(101, 1072), (637, 536)]);
}

#[test]
fn urgent_text_that_a_closed_window_holds_back_is_announced() {
    let mut connection = Connection::in_state(State::Established).after(arrives(ack(301, 101).wnd(0)));
    connection.on(send_urgent(b"abc"));
    assert!(connection.sent().is_empty());
    connection.on(arrives(text(302, 101, b"x").wnd(0)));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=URG,ACK><UP=3>"]);
}

#[test]
fn the_flag_goes_when_all_urgent_text_is_acknowledged() {
    let mut connection = Connection::in_state(State::Established).after(send_urgent(b"abc"));
    connection.on(arrives(ack(301, 103)));
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=103><ACK=301><CTL=PSH,URG,ACK><UP=1><DATA=c>"]);
    connection.on(arrives(ack(301, 104))).on(send(b"def"));
    assert_eq!(connection.sent(), ["<SEQ=104><ACK=301><CTL=PSH,ACK><DATA=def>"]);
}

#[test]
fn urgent_text_of_any_length_is_announced_as_far_as_the_field_reaches() {
    static LONG: [u8; 70_000] = [b'u'; 70_000];
    let roomy = Profile { send_buffer: 100_000, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, roomy);
    connection.on(send_urgent(&LONG));
    assert_eq!(connection.outgoing()[0].up, u16::MAX, "MUST-31");
}

#[test]
fn an_urgent_send_without_text_announces_nothing() {
    let mut connection = Connection::in_state(State::Established);
    connection.on(send_urgent(b"")).on(send(b"abc"));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=abc>"]);
}
