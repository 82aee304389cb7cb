//! When text goes: silly windows and Nagle's algorithm (RFC 9293 §3.8.6.2.1, §3.7.4), shrinking windows (§3.8.6).

use std::time::Duration;

use tcpspec_core::{Profile, State, Timer};

use crate::fixture::{
    Connection, Remote, Request, ack, arrives, carries, close, nagle, send, send_with, times_out,
};

const TEXT: &[u8] = &[b'x'; 2000];

/// How much of the text goes at once, in octets per segment.
fn goes(profile: Profile, largest: u16, window: u16, queued: &'static [u8]) -> (Vec<usize>, Connection) {
    let mut connection = Connection::in_state_with(State::Established, profile);
    connection.on(arrives(ack(301, 101).wnd(largest))).on(arrives(ack(301, 101).wnd(window)));
    connection.on(send(queued));
    (connection.outgoing().iter().map(|segment| segment.text.len()).collect(), connection)
}

/// The four rules of the sender, with segments of 536 octets and the recommended half.
#[test]
fn the_senders_rules_against_silly_windows() {
    let nagle = Profile::default();
    let eager = Profile { nagle: false, ..Profile::default() };
    /// The rule, the endpoint, the largest window, the present one, octets queued; octets of each segment that goes.
    type Case = (&'static str, Profile, u16, u16, usize, &'static [usize]);
    let table: [Case; 11] = [
        ("(1) a full-sized segment", nagle, 4000, 4000, 536, &[536]),
        ("(1) one after the other", nagle, 4000, 4000, 1072, &[536, 536]),
        ("(2) all there is", nagle, 4000, 4000, 50, &[50]),
        ("(2) all there is, exactly", nagle, 4000, 50, 50, &[50]),
        ("(2) not with text in flight", nagle, 4000, 4000, 586, &[536]),
        ("(2) unless Nagle is off", eager, 4000, 4000, 586, &[536, 50]),
        ("(3) half the largest window", nagle, 1000, 500, 600, &[500]),
        ("(3) one octet less is too small", nagle, 1000, 499, 600, &[]),
        ("(3) half of an odd window is rounded up", nagle, 1001, 500, 600, &[]),
        ("(3) not with text in flight", nagle, 1000, 1000, 1500, &[536]),
        ("(3) Nagle off: the rest of the window is too small", eager, 1000, 1000, 1500, &[536]),
    ];
    for (rule, profile, largest, window, queued, expected) in table {
        let (sent, connection) = goes(profile, largest, window, &TEXT[..queued]);
        assert_eq!(sent, expected, "{rule}");
        let waits = sent.is_empty();
        assert_eq!(connection.runs(Timer::SwsOverride), waits, "{rule}: the override timer");
        assert_eq!(connection.runs(Timer::Retransmission), !waits, "{rule}: the retransmission timer");
    }
}

#[test]
fn the_override_ends_the_wait_for_a_better_window() {
    let (sent, mut connection) = goes(Profile::default(), 1000, 150, &TEXT[..300]);
    assert!(sent.is_empty());
    assert_eq!(connection.armed(Timer::SwsOverride), Some(Duration::from_millis(500)));
    connection.on(times_out(Timer::SwsOverride));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=ACK><DATA=150 octets>"]);
    assert!(!connection.tcb.snd.override_fired, "it counts once");
}

#[test]
fn small_sends_wait_for_the_acknowledgment_and_go_together() {
    let mut connection = Connection::in_state(State::Established).after(send(b"a"));
    for _ in 0..3 {
        connection.on(send(b"bc"));
        assert!(connection.sent().is_empty());
    }
    connection.on(arrives(ack(301, 102)));
    assert_eq!(connection.sent(), ["<SEQ=102><ACK=301><CTL=PSH,ACK><DATA=bcbcbc>"]);
}

#[test]
fn without_nagle_small_sends_go_at_once() {
    let eager = Profile { nagle: false, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, eager);
    for seq in [101, 103, 105] {
        connection.on(send(b"ab"));
        assert_eq!(connection.sent(), [format!("<SEQ={seq}><ACK=301><CTL=PSH,ACK><DATA=ab>")]);
    }
}

/// A SEND or CLOSE that is refused lets nothing go: what may go has gone before (§3.10.2, §3.10.4).
#[test]
fn text_that_waits_leaves_with_the_event_that_lets_it_go() {
    for (event, may_go) in [(nagle(false), 60), (carries(50), 50)] {
        let mut connection = Connection::in_state_with(State::Established, Profile::default());
        connection.on(send(&TEXT[..536])).on(send(&TEXT[..60]));
        assert!(connection.sent().is_empty(), "text is in flight");
        connection.on(event);
        assert_eq!(connection.only_segment().text.len(), may_go);
        connection.on(close());
        assert_eq!(
            connection.outgoing().len(),
            usize::from(may_go == 60),
            "the FIN goes once no text is before it"
        );
        for refused in [send(b"late"), close()] {
            connection.on(refused);
            assert!(connection.sent().is_empty());
        }
    }
}

#[test]
fn a_push_marks_the_segment_with_its_last_octet() {
    let eager = Profile { nagle: false, ..Profile::default() };
    let mut connection = Connection::in_state_with(State::Established, eager);
    let pushed = send_with(&TEXT[..536], |request| Request { push: true, ..request });
    connection.on(arrives(ack(301, 101).wnd(0))).on(pushed).on(send(&TEXT[..600]));
    connection.on(arrives(ack(301, 101).wnd(2000)));
    let controls: Vec<_> = connection.sent().iter().map(|line| line.contains("PSH")).collect();
    assert_eq!(controls, [true, false, true], "{:?}", connection.sent());
}

#[test]
fn a_window_that_shrinks_under_text_in_flight_holds_new_text_back() {
    let mut connection = Connection::in_state(State::Established).after(send(&TEXT[..536]));
    connection.on(arrives(ack(301, 101).wnd(100)));
    connection.on(send(b"more"));
    assert!(connection.sent().is_empty(), "SND.UNA + SND.WND - SND.NXT is negative (MUST-34, SHLD-15)");
    connection.on(times_out(Timer::Retransmission));
    assert_eq!(
        connection.sent(),
        ["<SEQ=101><ACK=301><CTL=ACK><DATA=100 octets>"],
        "only what the window covers goes again (SHLD-16)"
    );
}

#[test]
fn a_listener_that_sends_keeps_its_text_for_the_open_connection() {
    let mut connection = Connection::in_state(State::Listen);
    connection.on(send_with(b"abc", |request| Request {
        remote: Remote::Specified,
        urgent: true,
        ..request
    }));
    assert_eq!(connection.sent(), ["<SEQ=100><CTL=SYN>"]);
    connection.on(arrives(crate::fixture::syn_ack(300, 101)));
    assert_eq!(connection.sent(), ["<SEQ=101><ACK=301><CTL=PSH,URG,ACK><UP=3><DATA=abc>"]);
}

#[test]
fn a_tiny_segment_size_is_honoured_octet_by_octet() {
    let mut connection = Connection::in_state(State::SynSent);
    connection.on(arrives(crate::fixture::syn_ack(300, 101).options(&[2, 4, 0, 1])));
    connection.on(send(b"abc"));
    let sizes: Vec<_> = connection.outgoing().iter().map(|segment| segment.text.len()).collect();
    assert_eq!(sizes, [1, 1, 1]);
}
