//! RFC 9293 §3.6: figures 12 and 13, and what the section says without a figure.

use std::time::Duration;

use tcpspec::peers::Peers;
use tcpspec::scenario::ScenarioCall;

use crate::figures::{A, B, CLOSE, OPEN, established, now, review};

/// Long enough for TIME-WAIT to end.
const LONG: Duration = Duration::from_secs(600);

/// Figure 12.
fn normal_close() -> Peers {
    let mut peers = established();
    peers.call(A, CLOSE);
    now(&mut peers);
    peers.call(B, CLOSE);
    peers.run_until_quiet(LONG);
    peers
}

#[test]
fn figure_12_normal_close() {
    review(
        "figure-12-normal-close",
        "Normal close sequence (RFC 9293 §3.6, figure 12, lines 1 to 6)\n\
         Look at: B enters CLOSE-WAIT when A's FIN arrives and LAST-ACK when it sends its own; A, who closed\n\
         first, is the one that waits 2 MSL (240 s) in TIME-WAIT.",
        &normal_close(),
    );
}

#[test]
fn figure_12_normal_close_with_rules() {
    let mut peers = normal_close();
    peers.trace.with_rules = true;
    review(
        "figure-12-normal-close-with-rules",
        "Normal close sequence (RFC 9293 §3.6, figure 12), with the rows of the decision table that were used\n\
         Under a call or timeout: the rows of the end that made the call or had the timeout.\n\
         Under a segment: the rows of the end that got it.",
        &peers,
    );
}

#[test]
fn figure_13_simultaneous_close() {
    let mut peers = established();
    peers.hold_next(A);
    peers.call(A, CLOSE);
    peers.call(B, CLOSE);
    peers.step();
    peers.step();
    peers.release(A);
    peers.step();
    peers.hold_next(A);
    peers.step();
    peers.step();
    peers.release(A);
    peers.run_until_quiet(LONG);
    review(
        "figure-13-simultaneous-close",
        "Simultaneous close sequence (RFC 9293 §3.6, figure 13, lines 1 to 4)\n\
         Look at: a FIN that does not acknowledge ours leads to CLOSING, the ACK of ours from there to\n\
         TIME-WAIT; both ends wait 2 MSL. Where the figure writes both ends on one line, here each event has\n\
         its own.",
        &peers,
    );
}

#[test]
fn three_segment_close() {
    let mut peers = established();
    peers.call(A, CLOSE);
    peers.lose_next(B);
    now(&mut peers);
    peers.call(B, CLOSE);
    peers.run_until_quiet(LONG);
    review(
        "three-segment-close",
        "Close in three segments (RFC 9293 §3.10.7.4, step 8, FIN-WAIT-1)\n\
         Look at: A sees FIN, FIN+ACK, ACK, and goes from FIN-WAIT-1 to TIME-WAIT in one step. The reference\n\
         acknowledges a FIN at once; the network loses that ACK, and B's FIN carries the same news.",
        &peers,
    );
}

#[test]
fn half_close() {
    let mut peers = established();
    peers.call(A, CLOSE);
    now(&mut peers);
    peers.call(A, ScenarioCall::Send(10));
    peers.call(B, ScenarioCall::Receive(100));
    peers.call(B, ScenarioCall::Send(100));
    now(&mut peers);
    peers.call(A, ScenarioCall::Receive(100));
    peers.run_for(Duration::from_secs(1));
    peers.call(B, ScenarioCall::Send(50));
    peers.call(B, CLOSE);
    now(&mut peers);
    peers.call(A, ScenarioCall::Receive(100));
    peers.call(A, ScenarioCall::Receive(100));
    review(
        "half-close",
        "Half-close: A has closed, B goes on sending (RFC 9293 §3.6, §3.6.1)\n\
         Look at: A may not send any more but reads and acknowledges in FIN-WAIT-2; B's user was told the end\n\
         and sends on in CLOSE-WAIT; A's user reads all text before the end. A's window does not grow by the\n\
         100 octets read: it opens in steps of half the buffer of 256 (§3.8.6.2.2).",
        &peers,
    );
}

#[test]
fn time_wait_answers_a_retransmitted_fin() {
    let mut peers = established();
    peers.call(A, CLOSE);
    now(&mut peers);
    peers.call(B, CLOSE);
    peers.lose_next(A);
    peers.run_until_quiet(LONG);
    review(
        "time-wait-retransmitted-fin",
        "TIME-WAIT when the last ACK is lost (RFC 9293 §3.10.7.4, steps 1 and 8; §3.10.8)\n\
         Look at: B sends its FIN again after one retransmission timeout (1 s); A acknowledges it again and\n\
         waits another 2 MSL from then on: until 241 s, not 240 s.",
        &peers,
    );
}

#[test]
fn time_wait_lasts_two_maximum_segment_lifetimes() {
    let mut peers = established();
    peers.call(A, CLOSE);
    now(&mut peers);
    peers.call(B, CLOSE);
    now(&mut peers);
    peers.run_for(Duration::from_secs(240) - Duration::from_micros(1));
    peers.call(A, OPEN);
    peers.run_for(Duration::from_micros(1));
    peers.call(A, OPEN);
    review(
        "time-wait-two-msl",
        "TIME-WAIT lasts 2 MSL (RFC 9293 §3.6.1, MUST-13; §3.10.8; MSL is 2 minutes, §3.4.2)\n\
         Look at: one microsecond before its end the pair of sockets is still taken; then the connection is\n\
         CLOSED and the same user can open it again, with a number that the clock has moved on.",
        &peers,
    );
}
