use std::fs;
use std::net::SocketAddr;

use tcpspec_core::{Control, SeqNumber};

use super::*;
use crate::wire::{self, Endpoints, Header};

const SYN: Control = Control::SYN;
const ACK: Control = Control::ACK;

/// The peer's initial sequence number.
const IRS: u32 = 1000;

fn setup(local: &str, peer: &str) -> Setup {
    Setup {
        local: local.parse().unwrap(),
        peer: peer.parse().unwrap(),
        seed: 0,
        receive_buffer: 4096,
        send_buffer: 4096,
        mtu: 1500,
        nagle: true,
        congestion_control: false,
    }
}

/// Runs a story over both families, on a kernel that can be tested.
fn over_both_families(story: impl Fn(Linux, &Setup)) {
    for setup in [setup("192.0.2.1", "192.0.2.2"), setup("2001:db8::1", "2001:db8::2")] {
        match Linux::new() {
            Ok(mut stack) => {
                stack.reset(&setup);
                story(stack, &setup);
            }
            Err(reason) => {
                assert_ne!(std::env::var("TCPSPEC_REQUIRE_LINUX").as_deref(), Ok("1"), "{reason}");
                eprintln!("skipped: {reason}");
            }
        }
    }
}

fn endpoints(setup: &Setup) -> Endpoints {
    Endpoints { source: SocketAddr::new(setup.peer, 4000), destination: SocketAddr::new(setup.local, 80) }
}

fn arrives(stack: &mut Linux, setup: &Setup, ctl: Control, seq: u32, ack: SeqNumber, text: &[u8]) {
    let mut packet = Vec::new();
    let header = Header { ctl, seq: SeqNumber(seq), ack, wnd: 65_535, ..Header::default() };
    wire::build(&endpoints(setup), &header, [text, &[]], &mut packet).unwrap();
    stack.deliver(&packet);
}

/// Control bits, SEG.SEQ and SEG.ACK of the next segment, which is there already.
fn sent(stack: &mut Linux, setup: &Setup) -> (Control, SeqNumber, SeqNumber) {
    let mut packet = Vec::new();
    assert!(stack.emit(&mut packet), "nothing was sent");
    let parsed = wire::parse(&packet).unwrap();
    assert_eq!(parsed.endpoints, endpoints(setup).reversed());
    (parsed.segment.ctl, parsed.segment.seq, parsed.segment.ack)
}

fn opened(outcome: CallOutcome) -> SocketId {
    match outcome {
        CallOutcome::Opened(socket) => socket,
        other => panic!("not opened: {other:?}"),
    }
}

/// Opens passively, shakes hands and accepts. Answers the listening socket, the connection and its next number.
fn connected(stack: &mut Linux, setup: &Setup) -> (SocketId, SocketId, SeqNumber) {
    let listener = opened(stack.call(UserCall::Listen { port: 80 }));
    assert_eq!(stack.state(listener), Some(State::Listen));
    arrives(stack, setup, SYN, IRS, SeqNumber(0), &[]);
    let (ctl, iss, ack) = sent(stack, setup);
    assert_eq!((ctl, ack), (SYN | ACK, SeqNumber(IRS + 1)));
    assert_eq!(stack.state(listener), Some(State::SynReceived));
    assert_eq!(stack.call(UserCall::Accept { listener }), CallOutcome::WouldBlock);
    arrives(stack, setup, ACK, IRS + 1, iss + 1, &[]);
    assert_eq!(stack.state(listener), Some(State::Established));
    let socket = opened(stack.call(UserCall::Accept { listener }));
    assert_eq!(stack.state(listener), Some(State::Listen));
    (listener, socket, iss + 1)
}

#[test]
fn a_connection_opens_carries_text_both_ways_and_closes_by_the_states_of_the_standard() {
    over_both_families(|mut stack, setup| {
        let (_, socket, nxt) = connected(&mut stack, setup);
        assert_eq!(stack.call(UserCall::Receive { socket, max: 9 }), CallOutcome::WouldBlock);
        arrives(&mut stack, setup, ACK, IRS + 1, nxt, b"hello");
        assert_eq!(
            stack.call(UserCall::Receive { socket, max: 9 }),
            CallOutcome::Received(b"hello".to_vec())
        );
        let text = UserCall::Send { socket, text: b"good day", urgent: false };
        assert_eq!(stack.call(text), CallOutcome::Sent(8));
        while sent(&mut stack, setup).1 + 8 != nxt + 8 {}
        arrives(&mut stack, setup, ACK, IRS + 6, nxt + 8, &[]);
        assert_eq!(stack.call(UserCall::Close { socket }), CallOutcome::Ok);
        assert_eq!(stack.state(socket), Some(State::FinWait1));
        assert_eq!(stack.call(text), CallOutcome::Error(CallFailure::Closing));
        arrives(&mut stack, setup, ACK, IRS + 6, nxt + 9, &[]);
        assert_eq!(stack.state(socket), Some(State::FinWait2));
        arrives(&mut stack, setup, ACK | Control::FIN, IRS + 6, nxt + 9, &[]);
        assert_eq!(stack.state(socket), Some(State::TimeWait));
        assert_eq!(stack.call(UserCall::Receive { socket, max: 9 }), CallOutcome::EndOfStream);
    });
}

#[test]
fn a_reset_is_told_once_and_then_there_is_no_connection() {
    over_both_families(|mut stack, setup| {
        let (_, socket, nxt) = connected(&mut stack, setup);
        arrives(&mut stack, setup, Control::RST, IRS + 1, nxt, &[]);
        assert_eq!(stack.state(socket), Some(State::Closed));
        let receive = UserCall::Receive { socket, max: 9 };
        assert_eq!(stack.call(receive), CallOutcome::Error(CallFailure::Reset));
        assert_eq!(stack.call(receive), CallOutcome::Error(CallFailure::NoConnection));
    });
}

#[test]
fn a_reset_is_told_by_close_too() {
    over_both_families(|mut stack, setup| {
        let (_, socket, nxt) = connected(&mut stack, setup);
        arrives(&mut stack, setup, Control::RST, IRS + 1, nxt, &[]);
        assert_eq!(stack.call(UserCall::Close { socket }), CallOutcome::Error(CallFailure::Reset));
    });
}

#[test]
fn a_reset_in_close_wait_is_told_as_one() {
    over_both_families(|mut stack, setup| {
        let (_, socket, nxt) = connected(&mut stack, setup);
        arrives(&mut stack, setup, ACK | Control::FIN, IRS + 1, nxt, &[]);
        assert_eq!(stack.state(socket), Some(State::CloseWait));
        arrives(&mut stack, setup, Control::RST, IRS + 2, nxt, &[]);
        assert_eq!(stack.state(socket), Some(State::Closed));
        let send = UserCall::Send { socket, text: b"late", urgent: false };
        assert_eq!(stack.call(send), CallOutcome::Error(CallFailure::Reset));
    });
}

#[test]
fn an_abort_is_a_reset() {
    over_both_families(|mut stack, setup| {
        let (_, socket, nxt) = connected(&mut stack, setup);
        assert_eq!(stack.call(UserCall::Abort { socket }), CallOutcome::Ok);
        assert_eq!(sent(&mut stack, setup), (Control::RST | ACK, nxt, SeqNumber(IRS + 1)));
        assert_eq!(stack.call(UserCall::Close { socket }), CallOutcome::Error(CallFailure::NoConnection));
    });
}

#[test]
fn what_the_kernel_sends_ends_the_wait() {
    over_both_families(|mut stack, setup| {
        stack.call(UserCall::Listen { port: 80 });
        arrives(&mut stack, setup, SYN, IRS, SeqNumber(0), &[]);
        let (_, iss, _) = sent(&mut stack, setup);
        // Sent again after about a second.
        let late = Instant(60_000_000);
        assert!(stack.run_until(late) < late);
        assert_eq!(sent(&mut stack, setup), (SYN | ACK, iss, SeqNumber(IRS + 1)));
        let reached = stack.run_until(Instant::ZERO);
        let soon = reached + Duration::from_millis(5);
        assert!(reached > Instant::ZERO && stack.run_until(soon) >= soon);
    });
}

#[test]
fn nothing_of_one_run_reaches_the_next() {
    over_both_families(|mut stack, setup| {
        let (_, socket, _) = connected(&mut stack, setup);
        stack.call(UserCall::Send { socket, text: b"never acknowledged", urgent: false });
        stack.reset(setup);
        assert!(!stack.emit(&mut Vec::new()));
        assert_eq!(stack.state(socket), None);
        connected(&mut stack, setup);
    });
}

#[test]
fn the_thread_stays_in_its_own_network() {
    let network = || fs::read_link("/proc/thread-self/ns/net").unwrap();
    let home = network();
    over_both_families(|mut stack, setup| {
        connected(&mut stack, setup);
        assert_eq!(network(), home);
    });
    assert_eq!(network(), home);
}

#[test]
fn a_distribution_s_build_of_a_version_is_that_version() {
    for release in ["6.1.0-18-amd64", "6.18.44-fc-v669", "6.12.1"] {
        let version = declaration(release).version;
        let parsed = semver::Version::parse(&version).unwrap();
        assert!(parsed.pre.is_empty() && release.starts_with(&format!("{}.{}", parsed.major, parsed.minor)));
    }
}
