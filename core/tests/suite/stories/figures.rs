//! Figures 6 to 13 of RFC 9293, line by line, between two connections.

use std::time::Duration;

use tcpspec_core::{Rule, SeqNumber, State, Timer};

use crate::fixture::{
    Connection, Seg, ack, arrives, close, open_active, open_passive, rst, send, syn, syn_ack, text, times_out,
};

/// A line of a figure: `from` has just sent this and nothing else, and it arrives at `to`.
fn passes(from: &Connection, notation: &str, to: &mut Connection) {
    to.on(arrives(leaves(from, notation)));
}

/// A line of a figure whose segment stays in the network: `from` has just sent this and nothing else.
fn leaves(from: &Connection, notation: &str) -> Seg {
    assert_eq!(from.sent(), [notation]);
    from.only_segment()
}

fn states(a: &Connection, b: &Connection) -> (State, State) {
    (a.tcb.state, b.tcb.state)
}

/// Two ends of an open connection whose next sequence numbers are 100 and 300, as figures 9, 10, 12 and 13 have it.
fn open() -> (Connection, Connection) {
    let (mut a, mut b) = (Connection::with_iss(99), Connection::with_iss(299));
    b.on(open_passive());
    a.on(open_active());
    passes(&a, "<SEQ=99><CTL=SYN>", &mut b);
    passes(&b, "<SEQ=299><ACK=100><CTL=SYN,ACK>", &mut a);
    passes(&a, "<SEQ=100><ACK=300><CTL=ACK>", &mut b);
    assert_eq!(states(&a, &b), (State::Established, State::Established));
    (a, b)
}

#[test]
fn figure_6_basic_three_way_handshake() {
    let (mut a, mut b) = (Connection::with_iss(100), Connection::with_iss(300));
    b.on(open_passive());
    assert_eq!(states(&a, &b), (State::Closed, State::Listen));
    a.on(open_active());
    passes(&a, "<SEQ=100><CTL=SYN>", &mut b);
    assert_eq!(states(&a, &b), (State::SynSent, State::SynReceived));
    passes(&b, "<SEQ=300><ACK=101><CTL=SYN,ACK>", &mut a);
    assert_eq!(states(&a, &b), (State::Established, State::SynReceived));
    passes(&a, "<SEQ=101><ACK=301><CTL=ACK>", &mut b);
    assert_eq!(states(&a, &b), (State::Established, State::Established));
    a.on(send(b"data"));
    passes(&a, "<SEQ=101><ACK=301><CTL=PSH,ACK><DATA=data>", &mut b);
    assert_eq!(b.tcb.rcv.nxt, SeqNumber(105));
}

#[test]
fn figure_7_simultaneous_connection_synchronization() {
    let (mut a, mut b) = (Connection::with_iss(100), Connection::with_iss(300));
    a.on(open_active());
    b.on(open_active());
    let crossing = leaves(&a, "<SEQ=100><CTL=SYN>");
    passes(&b, "<SEQ=300><CTL=SYN>", &mut a);
    assert_eq!(states(&a, &b), (State::SynReceived, State::SynSent));
    b.on(arrives(crossing));
    assert_eq!(states(&a, &b), (State::SynReceived, State::SynReceived));
    let crossing = leaves(&a, "<SEQ=100><ACK=301><CTL=SYN,ACK>");
    passes(&b, "<SEQ=300><ACK=101><CTL=SYN,ACK>", &mut a);
    assert_eq!(states(&a, &b), (State::Established, State::SynReceived));
    b.on(arrives(crossing));
    assert_eq!(states(&a, &b), (State::Established, State::Established));
    assert!(a.sent().is_empty() && b.sent().is_empty(), "nothing is left to say");
}

#[test]
fn figure_8_recovery_from_old_duplicate_syn() {
    let (mut a, mut b) = (Connection::with_iss(100), Connection::with_iss(300));
    b.on(open_passive());
    a.on(open_active());
    let delayed = leaves(&a, "<SEQ=100><CTL=SYN>");
    b.on(arrives(syn(90)));
    passes(&b, "<SEQ=300><ACK=91><CTL=SYN,ACK>", &mut a);
    assert_eq!(states(&a, &b), (State::SynSent, State::SynReceived));
    passes(&a, "<SEQ=91><CTL=RST>", &mut b);
    assert_eq!(states(&a, &b), (State::SynSent, State::Listen));
    b.context.iss = SeqNumber(400);
    b.on(arrives(delayed));
    passes(&b, "<SEQ=400><ACK=101><CTL=SYN,ACK>", &mut a);
    passes(&a, "<SEQ=101><ACK=401><CTL=ACK>", &mut b);
    assert_eq!(states(&a, &b), (State::Established, State::Established));
}

#[test]
fn figure_9_half_open_connection_discovery() {
    // 400 lies in the window of B, which RFC 5961 answers as well; 50,000 lies beyond it.
    for iss in [400, 50_000] {
        let (_, mut b) = open();
        let mut a = Connection::with_iss(iss);
        a.on(open_active());
        passes(&a, &format!("<SEQ={iss}><CTL=SYN>"), &mut b);
        assert_eq!(states(&a, &b), (State::SynSent, State::Established));
        passes(&b, "<SEQ=300><ACK=100><CTL=ACK>", &mut a);
        passes(&a, "<SEQ=100><CTL=RST>", &mut b);
        assert_eq!(states(&a, &b), (State::SynSent, State::Closed));
        assert_eq!(b.told(), ["signal: connection reset"]);
        // Line 7: A asks again, and nobody is there.
        a.on(times_out(Timer::Retransmission));
        passes(&a, &format!("<SEQ={iss}><CTL=SYN>"), &mut b);
        passes(&b, &format!("<SEQ=0><ACK={}><CTL=RST,ACK>", iss + 1), &mut a);
        assert_eq!((a.tcb.state, a.told()), (State::Closed, vec!["signal: connection reset".to_owned()]));
    }
}

#[test]
fn figure_10_active_side_causes_half_open_connection_discovery() {
    let (_, mut b) = open();
    let mut a = Connection::with_iss(400);
    b.on(send(b"ten octets"));
    passes(&b, "<SEQ=300><ACK=100><CTL=PSH,ACK><DATA=ten octets>", &mut a);
    passes(&a, "<SEQ=100><CTL=RST>", &mut b);
    assert_eq!(b.tcb.state, State::Closed);
    assert!(b.used(Rule::Rst4));
}

#[test]
fn figure_11_old_duplicate_syn_meets_two_listeners() {
    let (mut a, mut b) = (Connection::with_iss(100), Connection::with_iss(300));
    a.on(open_passive());
    b.on(open_passive());
    b.on(arrives(syn(7777)));
    passes(&b, "<SEQ=300><ACK=7778><CTL=SYN,ACK>", &mut a);
    passes(&a, "<SEQ=7778><CTL=RST>", &mut b);
    assert_eq!(states(&a, &b), (State::Listen, State::Listen));
}

#[test]
fn figure_12_normal_close_sequence() {
    let (mut a, mut b) = open();
    a.on(close());
    passes(&a, "<SEQ=100><ACK=300><CTL=FIN,ACK>", &mut b);
    assert_eq!(states(&a, &b), (State::FinWait1, State::CloseWait));
    assert_eq!(b.told(), ["signal: connection closing"]);
    passes(&b, "<SEQ=300><ACK=101><CTL=ACK>", &mut a);
    assert_eq!(states(&a, &b), (State::FinWait2, State::CloseWait));
    b.on(close());
    passes(&b, "<SEQ=300><ACK=101><CTL=FIN,ACK>", &mut a);
    assert_eq!(states(&a, &b), (State::TimeWait, State::LastAck));
    assert_eq!(a.armed(Timer::TimeWait), Some(Duration::from_secs(240)));
    passes(&a, "<SEQ=101><ACK=301><CTL=ACK>", &mut b);
    assert_eq!(states(&a, &b), (State::TimeWait, State::Closed));
    a.on(times_out(Timer::TimeWait));
    assert_eq!(states(&a, &b), (State::Closed, State::Closed));
}

#[test]
fn figure_13_simultaneous_close_sequence() {
    let (mut a, mut b) = open();
    a.on(close());
    b.on(close());
    let crossing = leaves(&a, "<SEQ=100><ACK=300><CTL=FIN,ACK>");
    passes(&b, "<SEQ=300><ACK=100><CTL=FIN,ACK>", &mut a);
    b.on(arrives(crossing));
    assert_eq!(states(&a, &b), (State::Closing, State::Closing));
    let crossing = leaves(&a, "<SEQ=101><ACK=301><CTL=ACK>");
    passes(&b, "<SEQ=301><ACK=101><CTL=ACK>", &mut a);
    b.on(arrives(crossing));
    assert_eq!(states(&a, &b), (State::TimeWait, State::TimeWait));
    a.on(times_out(Timer::TimeWait));
    b.on(times_out(Timer::TimeWait));
    assert_eq!(states(&a, &b), (State::Closed, State::Closed));
}

/// The letter of Table 6 rejects the second SYN,ACK of figure 7 if the first was lost; both ends still meet.
#[test]
fn a_simultaneous_open_survives_the_loss_of_either_syn_ack() {
    for lost_by_a in [true, false] {
        let (mut a, mut b) = (Connection::with_iss(100), Connection::with_iss(300));
        a.on(open_active());
        b.on(open_active());
        a.on(arrives(syn(300)));
        b.on(arrives(syn(100)));
        let (loser, other) = if lost_by_a { (&mut a, &mut b) } else { (&mut b, &mut a) };
        let arrived = other.only_segment();
        loser.on(arrives(arrived));
        assert_eq!((loser.tcb.state, other.tcb.state), (State::Established, State::SynReceived));
        other.on(times_out(Timer::Retransmission));
        let again = other.only_segment();
        loser.on(arrives(again));
        let answer = loser.only_segment();
        other.on(arrives(answer));
        assert_eq!((loser.tcb.state, other.tcb.state), (State::Established, State::Established));
    }
}

/// RFC 9293 §3.5.2: a segment that acknowledges what was never sent finds a reset in every state before
/// ESTABLISHED, an acknowledgment afterwards.
#[test]
fn an_acknowledgment_of_nothing_sent_is_reset_before_established_and_acknowledged_after() {
    for state in State::ALL {
        let at = crate::fixture::numbers(state);
        let stranger = text(at.rcv, at.snd + 500, b"abc");
        let connection = Connection::in_state(state).after(arrives(stranger));
        let expected = if state.is_synchronized() {
            format!("<SEQ={}><ACK={}><CTL=ACK>", at.snd, at.rcv)
        } else {
            format!("<SEQ={}><CTL=RST>", at.snd + 500)
        };
        assert_eq!((connection.sent(), connection.tcb.state), (vec![expected], state));
    }
}

/// RFC 9293 §3.5.2: no reset answers a reset.
#[test]
fn no_reset_is_ever_sent_in_reply_to_a_reset() {
    for state in State::ALL {
        let at = crate::fixture::numbers(state);
        for segment in [rst(at.rcv), rst(at.rcv + 1), rst(at.rcv.wrapping_sub(1))] {
            for bits in [ack(0, 0), syn(0), syn_ack(0, 0)] {
                let segment = segment.clone().and(bits.ctl);
                let connection = Connection::in_state(state).after(arrives(segment));
                assert!(
                    connection.sent().iter().all(|sent| !sent.contains("RST")),
                    "{state}: {:?}",
                    connection.sent()
                );
            }
        }
    }
}
