//! Closing in all its forms (RFC 9293 §3.6, §3.6.1).

use std::time::Duration;

use tcpspec_core::{Profile, State, Timer};

use crate::fixture::{Connection, ack, arrives, bare, close, fin, receive, rst, send, syn, text, times_out};
use tcpspec_core::Control;

#[test]
fn a_half_closed_connection_goes_on_receiving() {
    let mut connection = Connection::in_state(State::FinWait2);
    for (seq, octets) in [(301, b"abc"), (304, b"def")] {
        connection.on(arrives(text(seq, 102, octets))).on(receive(9));
        assert_eq!(connection.told(), [format!("received {:?}", String::from_utf8_lossy(octets))]);
    }
    connection.on(arrives(fin(307, 102)));
    assert_eq!(connection.tcb.state, State::TimeWait);
}

#[test]
fn a_half_closed_connection_goes_on_sending() {
    let mut connection = Connection::in_state(State::CloseWait).after(send(b"abc"));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=302><CTL=PSH,ACK><DATA=abc>"]);
    connection.on(arrives(ack(302, 104))).on(close());
    assert_eq!(connection.sent(), ["<SEQ=104><ACK=302><CTL=FIN,ACK>"]);
    connection.on(arrives(ack(302, 105)));
    assert_eq!(connection.tcb.state, State::Closed);
}

#[test]
fn a_host_with_half_duplex_close_resets_when_text_is_lost() {
    let profile = Profile { half_duplex_close: true, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::FinWait2, profile);
    connection.on(arrives(ack(301, 102)));
    assert_eq!(connection.tcb.state, State::FinWait2, "without text nothing is lost");
    connection.on(arrives(text(305, 102, b"abc")));
    assert_eq!(
        (connection.sent(), connection.tcb.state),
        (vec!["<SEQ=102><CTL=RST>".to_owned()], State::Closed)
    );
}

#[test]
fn a_host_with_half_duplex_close_closes_in_good_order_when_all_is_read() {
    let profile = Profile { half_duplex_close: true, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, profile);
    connection.on(arrives(text(301, 101, b"abc"))).on(receive(3)).on(close());
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=304><CTL=FIN,ACK>"]);
    connection.on(arrives(fin(304, 102)));
    assert_eq!(connection.tcb.state, State::TimeWait);
}

#[test]
fn time_wait_starts_over_when_the_peer_repeats_its_fin() {
    let mut connection = Connection::in_state(State::TimeWait);
    for _ in 0..3 {
        connection.on(arrives(fin(301, 102)));
        assert_eq!(connection.sent(), ["<SEQ=102><ACK=302><CTL=ACK>"]);
        assert_eq!(connection.armed(Timer::TimeWait), Some(Duration::from_secs(240)));
    }
    connection.on(arrives(ack(302, 102)));
    assert_eq!(connection.armed(Timer::TimeWait), None, "a bare acknowledgment does not");
}

#[test]
fn the_fin_crossing_a_lost_acknowledgment_leads_through_closing() {
    let mut connection = Connection::in_state(State::Closing);
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=302><CTL=FIN,ACK>"]);
    connection.on(arrives(fin(301, 102)));
    assert_eq!(
        connection.tcb.state,
        State::Closing,
        "an old FIN is answered, and its acknowledgment is lost with it"
    );
    connection.on(arrives(ack(302, 102)));
    assert_eq!(connection.tcb.state, State::TimeWait);
}

#[test]
fn a_reopened_connection_falls_back_and_can_be_reopened_again() {
    let mut connection = Connection::reopened();
    connection.on(arrives(rst(1001)));
    assert_eq!((connection.tcb.state, connection.tcb.rcv.nxt.0), (State::TimeWait, 302));
    connection.on(arrives(syn(2000)));
    assert_eq!(connection.sent(), ["<SEQ=5000><ACK=2001><CTL=SYN,ACK>"]);
    connection.on(arrives(ack(2001, 5001)));
    assert_eq!(connection.tcb.state, State::Established);
    connection.on(arrives(rst(2001)));
    assert_eq!(connection.tcb.state, State::Closed, "now it is a connection of its own");
}

#[test]
fn a_close_before_the_handshake_is_over_ends_in_good_order() {
    let mut connection = Connection::in_state(State::SynReceived).after(close());
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(connection.sent(), ["<SEQ=100><ACK=301><CTL=SYN,ACK>"]);
    connection.on(arrives(ack(301, 101)));
    assert_eq!(
        connection.sent(),
        ["<SEQ=101><ACK=301><CTL=FIN,ACK>"],
        "what was lost with the SYN goes again"
    );
    connection.on(arrives(fin(301, 102)));
    assert_eq!(
        (connection.tcb.state, connection.sent()),
        (State::TimeWait, vec!["<SEQ=102><ACK=302><CTL=ACK>".into()])
    );
}

#[test]
fn a_fin_without_ack_does_not_close_anything() {
    let mut connection = Connection::in_state(State::Established).after(arrives(bare(301, Control::FIN)));
    assert_eq!((connection.tcb.state, connection.sent().len()), (State::Established, 0));
    connection.on(arrives(fin(301, 101)));
    assert_eq!(connection.tcb.state, State::CloseWait);
}
