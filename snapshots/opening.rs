//! RFC 9293 §3.5 and §3.5.1: figures 6 to 11.

use std::time::Duration;

use tcpspec::scenario::ScenarioCall;

use crate::figures::{A, B, LISTEN, OPEN, established, now, old_syn, peers, review};

#[test]
fn figure_6_basic_three_way_handshake() {
    let mut peers = peers([100, 300]);
    peers.call(B, LISTEN);
    peers.call(A, OPEN);
    now(&mut peers);
    peers.call(A, ScenarioCall::Send(10));
    peers.run_until_quiet(Duration::from_secs(1));
    review(
        "figure-06-basic-three-way-handshake",
        "Basic three-way handshake (RFC 9293 §3.5, figure 6, lines 1 to 5)\n\
         Look at: each end's first number is acknowledged by number + 1; the bare ACK takes no number.\n\
         The reference sets PSH with the last text (§3.9.1.2, MUST-61), which the figure leaves out.\n\
         After the figure's end: B acknowledges the text, which may wait; here for 200 ms (§3.8.6.3).",
        &peers,
    );
}

#[test]
fn figure_7_simultaneous_open() {
    let mut peers = peers([100, 300]);
    peers.hold_next(A);
    peers.call(A, OPEN);
    peers.step();
    peers.call(B, OPEN);
    peers.step();
    peers.release(A);
    peers.step();
    peers.hold_next(A);
    peers.step();
    peers.step();
    peers.release(A);
    peers.run_until_quiet(Duration::from_secs(1));
    review(
        "figure-07-simultaneous-open",
        "Simultaneous open (RFC 9293 §3.5, figure 7, lines 1 to 7; MUST-10)\n\
         Look at: both ends go CLOSED, SYN-SENT, SYN-RECEIVED, ESTABLISHED; the SYN,ACK repeats the number of\n\
         the SYN. Table 6 of §3.4 would reject that repeated number; the figure shows that it counts.",
        &peers,
    );
}

#[test]
fn figure_8_recovery_from_an_old_duplicate_syn() {
    let mut peers = peers([100, 300]);
    peers.call(B, LISTEN);
    peers.hold_next(A);
    peers.call(A, OPEN);
    peers.step();
    let old = old_syn(&peers, A, 90);
    peers.inject(A, &old);
    now(&mut peers);
    peers.run_for(Duration::from_micros(400));
    peers.release(A);
    peers.run_until_quiet(Duration::from_millis(100));
    review(
        "figure-08-old-duplicate-syn",
        "Recovery from an old duplicate SYN (RFC 9293 §3.5, figure 8, lines 1 to 8)\n\
         Look at: A resets what acknowledges 91, with a number that B believes; B returns to LISTEN, not to\n\
         CLOSED, and answers the real SYN with a new number.",
        &peers,
    );
}

#[test]
fn figure_9_half_open_connection_discovery() {
    let mut peers = established();
    peers.run_for(Duration::from_micros(1204));
    peers.crash(A);
    peers.call(A, OPEN);
    now(&mut peers);
    peers.call(B, LISTEN);
    peers.run_until_quiet(Duration::from_secs(1));
    review(
        "figure-09-half-open-discovery",
        "Half-open connection discovery (RFC 9293 §3.5.1, figure 9, lines 1 to 7)\n\
         Look at: B's window is 100 to 355, so the SYN is outside; B says what it expects, and A resets the\n\
         number that B named. After the figure's end B's user listens again, and A's SYN, sent again after\n\
         1 s, leads to figure 6. B's new first number comes from its clock: one more every 4 µs.",
        &peers,
    );
}

#[test]
fn figure_10_active_side_causes_half_open_discovery() {
    let mut peers = established();
    peers.crash(A);
    peers.call(B, ScenarioCall::Send(10));
    peers.run_until_quiet(Duration::from_secs(1));
    peers.call(B, ScenarioCall::Receive(1));
    review(
        "figure-10-active-side-causes-discovery",
        "Active side causes half-open connection discovery (RFC 9293 §3.5.1, figure 10, lines 1 to 3)\n\
         Look at: A knows no connection and resets with the number that B's ACK named, so B believes it.\n\
         The reference sets PSH with the last text, which the figure leaves out. After the figure's end:\n\
         B's user learns that the connection was reset (MUST-12).",
        &peers,
    );
}

#[test]
fn figure_11_old_duplicate_syn_meets_two_passive_sockets() {
    let mut peers = peers([100, 300]);
    peers.call(A, LISTEN);
    peers.call(B, LISTEN);
    let old = old_syn(&peers, A, 90);
    peers.inject(A, &old);
    peers.run_until_quiet(Duration::from_secs(1));
    review(
        "figure-11-old-duplicate-syn-in-two-listeners",
        "Old duplicate SYN initiates a reset on two passive sockets (RFC 9293 §3.5.1, figure 11)\n\
         The figure's Z is 90 and its X is 300. A sent nothing of late: the SYN comes out of the network.\n\
         Look at: A stays in LISTEN and resets the ACK; B returns to LISTEN without telling its user.",
        &peers,
    );
}
