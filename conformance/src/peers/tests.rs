//! Two stacks tell a story: what the trace says of it, and that a hostile network does not change what users get.

use super::*;
use crate::network::Ratio;
use crate::stack::CallFailure;
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;
use tcpspec_core::{Control, Profile, Segment, SeqNumber};

const A: End = End::Left;
const B: End = End::Right;

fn reference(iss: u32) -> Box<dyn Stack> {
    Box::new(Reference::with_profile(Profile::default()).with_clocked_iss(SeqNumber(iss)))
}

fn peers(options: &PeersOptions) -> Peers {
    Peers::new(reference(100), reference(300), options)
}

fn connected(mut peers: Peers) -> Peers {
    peers.call(B, ScenarioCall::OpenPassive);
    peers.call(A, ScenarioCall::OpenActive);
    peers.run_until_quiet(Duration::from_secs(600));
    peers
}

/// The trace without times, options and superfluous spaces.
fn story(peers: &Peers) -> Vec<String> {
    let squeeze = |line: String| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    peers.trace.lines().map(squeeze).map(|line| line.replace(" win 4096 <mss 1460>", "")).collect()
}

#[test]
fn without_delay_a_segment_has_one_line_with_the_states_it_leaves_behind() {
    assert_eq!(
        story(&connected(peers(&PeersOptions::default()))),
        [
            "CLOSED | open passive -> ok LISTEN",
            "SYN-SENT open active -> ok LISTEN",
            "SYN-SENT > S 0:0(0) SYN-RECEIVED",
            "ESTABLISHED < S. 0:0(0) ack 1 SYN-RECEIVED",
            "ESTABLISHED > . 1:1(0) ack 1 win 4096 ESTABLISHED",
        ]
    );
}

#[test]
fn with_delay_a_segment_has_a_line_at_each_end() {
    let link = LinkOptions { delay: Duration::from_millis(10), ..LinkOptions::default() };
    let peers = connected(peers(&PeersOptions { link, ..PeersOptions::default() }));
    assert_eq!(
        story(&peers)[2..6],
        [
            "SYN-SENT > S 0:0(0) ...",
            "... > S 0:0(0) SYN-RECEIVED",
            "... < S. 0:0(0) ack 1 SYN-RECEIVED",
            "ESTABLISHED < S. 0:0(0) ack 1 ...",
        ]
    );
    assert_eq!(peers.now(), Instant(30_000));
}

#[test]
fn segments_cross_if_one_is_held_until_the_other_has_arrived() {
    let mut peers = peers(&PeersOptions::default());
    peers.hold_next(A);
    peers.call(A, ScenarioCall::OpenActive);
    peers.call(B, ScenarioCall::OpenActive);
    assert!(peers.step() && peers.step());
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::SynReceived), Some(State::SynSent)));
    assert!(peers.release(A) && !peers.release(A), "one segment was held");
    assert!(peers.step());
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::SynReceived), Some(State::SynReceived)));
    assert_eq!(peers.run_until_quiet(Duration::from_secs(10)), Stop::Quiet);
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::Established), Some(State::Established)));
    assert!(!peers.step());
}

#[test]
fn a_lost_segment_is_marked_and_sent_again() {
    let mut peers = peers(&PeersOptions::default());
    peers.lose_next(B);
    let peers = connected(peers);
    let story = story(&peers);
    assert_eq!(story[3], "SYN-SENT < S. 0:0(0) ack 1 lost SYN-RECEIVED");
    assert_eq!(peers.now(), Instant(1_000_000), "one retransmission timeout");
    assert_eq!(peers.state(A), Some(State::Established));
}

#[test]
fn a_crash_forgets_the_connection_and_keeps_the_time() {
    let mut peers = connected(peers(&PeersOptions::default()));
    peers.run_for(Duration::from_secs(5));
    peers.crash(A);
    assert_eq!((peers.state(A), peers.state(B)), (Some(State::Closed), Some(State::Established)));
    assert_eq!(peers.call(A, ScenarioCall::Send(1)), CallOutcome::Error(CallFailure::NoConnection));
    peers.call(B, ScenarioCall::Send(1));
    peers.run_for(Duration::ZERO);
    assert_eq!(peers.state(B), Some(State::Closed), "A answers with a reset");
    assert_eq!(peers.now(), Instant(5_000_000));
}

#[test]
fn an_injected_packet_comes_from_the_other_ends_sockets() {
    let mut peers = peers(&PeersOptions::default());
    peers.call(B, ScenarioCall::OpenPassive);
    let syn = Segment { seq: SeqNumber(90), ctl: Control::SYN, wnd: 1000, ..Segment::default() };
    let mut packet = Vec::new();
    wire::build(&peers.endpoints(A), &wire::Header::of_segment(&syn), [&[], &[]], &mut packet).unwrap();
    peers.inject(A, &packet);
    peers.run_for(Duration::ZERO);
    assert_eq!(
        story(&peers)[1..],
        [
            "... > S 0:0(0) win 1000 SYN-RECEIVED",
            "CLOSED < S. 0:0(0) ack 1 SYN-RECEIVED",
            "CLOSED > R 1:1(0) LISTEN",
        ]
    );
}

#[test]
fn a_timeout_that_sends_nothing_has_a_line() {
    let mut peers = connected(peers(&PeersOptions::default()));
    peers.call(A, ScenarioCall::Close);
    peers.run_for(Duration::ZERO);
    peers.call(B, ScenarioCall::Close);
    assert_eq!(peers.run_until_quiet(Duration::from_secs(600)), Stop::Quiet);
    assert_eq!(peers.now(), Instant(240_000_000));
    assert_eq!(story(&peers).last().unwrap(), "CLOSED * timeout of A CLOSED");
}

#[test]
fn a_run_stops_when_its_time_is_up() {
    let mut peers = connected(peers(&PeersOptions::default()));
    peers.lose_next(A);
    peers.call(A, ScenarioCall::Send(1));
    assert_eq!(peers.run_until_quiet(Duration::from_millis(999)), Stop::TimeIsUp);
    assert_eq!(peers.now(), Instant(999_000));
    assert_eq!(peers.run_for(Duration::from_millis(1)), Stop::TimeIsUp, "the acknowledgment is delayed");
    assert_eq!(peers.run_until_quiet(Duration::from_secs(1)), Stop::Quiet);
    assert_eq!(peers.now(), Instant(1_200_000));
}

/// Both users send, read and close while the network does its worst.
fn hostile_exchange(left: Box<dyn Stack>, right: Box<dyn Stack>, seed: u64) -> Peers {
    let tenth = Ratio { times: 1, of: 10 };
    let link = LinkOptions {
        seed,
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(10),
        loss: tenth,
        duplication: tenth,
        reordering: tenth,
        set_aside: Duration::from_millis(100),
        corruption: tenth,
        ..LinkOptions::default()
    };
    let mut peers = Peers::new(left, right, &PeersOptions { link, ..PeersOptions::default() });
    peers.call(B, ScenarioCall::OpenPassive);
    peers.call(A, ScenarioCall::OpenActive);
    peers.run_for(Duration::from_secs(40));
    for _ in 0..20 {
        for end in BOTH {
            peers.call(end, ScenarioCall::Send(1000));
        }
        peers.run_for(Duration::from_secs(20));
        for end in BOTH {
            peers.call(end, ScenarioCall::Receive(u32::MAX));
        }
    }
    for end in BOTH {
        peers.call(end, ScenarioCall::Close);
        peers.run_for(Duration::from_secs(40));
    }
    peers
}

/// How many octets an end's user has received, all of them right.
fn received(peers: &Peers, end: End) -> usize {
    let octets = peers.received(end);
    assert!(
        (0..).zip(octets).all(|(at, found)| octet(end.other(), at) == *found),
        "octets to {} differ",
        end.letter()
    );
    octets.len()
}

#[test]
fn a_hostile_network_delays_what_users_get_and_changes_nothing_of_it() {
    for seed in 1..=5 {
        let peers = hostile_exchange(reference(100), reference(300), 2 * seed);
        let counts = BOTH.map(|end| peers.link(end).counts());
        assert!(counts.iter().all(|counts| counts.lost > 0 && counts.duplicated > 0 && counts.corrupted > 0));
        assert_eq!(BOTH.map(|end| received(&peers, end)), [20_000, 20_000], "seed {seed}\n{}", peers.trace);
    }
}

#[test]
fn the_same_options_and_stacks_give_the_same_trace() {
    let tell = || hostile_exchange(reference(100), reference(300), 3).trace;
    assert_eq!(tell(), tell());
    assert_ne!(tell(), hostile_exchange(reference(100), reference(300), 4).trace);
}

#[test]
fn other_stacks_can_be_either_end() {
    let smoltcp = || -> Box<dyn Stack> { Box::new(Smoltcp::new()) };
    for [left, right] in [[smoltcp(), reference(300)], [reference(100), smoltcp()]] {
        let mut peers = connected(Peers::new(left, right, &PeersOptions::default()));
        for end in BOTH {
            peers.call(end, ScenarioCall::Send(5000));
            peers.run_for(Duration::from_secs(1));
            peers.call(end.other(), ScenarioCall::Receive(u32::MAX));
        }
        assert_eq!(BOTH.map(|end| received(&peers, end)), [4096, 4096], "{}", peers.trace);
    }
}
