use std::net::SocketAddr;

use tcpspec_core::{Control, SeqNumber, options};

use super::*;
use crate::wire::{self, Endpoints, Header};

const SYN: Control = Control::SYN;
const ACK: Control = Control::ACK;
const FIN_ACK: Control = Control(Control::FIN.0 | Control::ACK.0);
const SYN_ACK: Control = Control(Control::SYN.0 | Control::ACK.0);

/// The peer's initial sequence number.
const IRS: u32 = 1000;

fn setup(local: &str, peer: &str) -> Setup {
    Setup {
        local: local.parse().unwrap(),
        peer: peer.parse().unwrap(),
        seed: 7,
        receive_buffer: 4096,
        send_buffer: 4096,
        mtu: 1500,
        nagle: true,
        congestion_control: false,
    }
}

fn ipv4() -> Setup {
    setup("192.0.2.1", "192.0.2.2")
}

/// What matters of a segment that the stack sent.
#[derive(Debug)]
struct Sent {
    ctl: Control,
    seq: SeqNumber,
    ack: SeqNumber,
    options: Vec<u8>,
    text: Vec<u8>,
}

/// A stack, and a peer that says what the test tells it to.
struct Story {
    stack: Smoltcp,
    to_stack: Endpoints,
}

impl Story {
    fn new(setup: &Setup) -> Self {
        let mut stack = Smoltcp::new();
        stack.reset(setup);
        let to_stack = Endpoints {
            source: SocketAddr::new(setup.peer, 4000),
            destination: SocketAddr::new(setup.local, 80),
        };
        Self { stack, to_stack }
    }

    fn packet(&self, ctl: Control, seq: u32, ack: SeqNumber, text: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        let header = Header { ctl, seq: SeqNumber(seq), ack, wnd: 65_535, ..Header::default() };
        wire::build(&self.to_stack, &header, [text, &[]], &mut packet).unwrap();
        packet
    }

    fn arrives(&mut self, ctl: Control, seq: u32, ack: SeqNumber, text: &[u8]) {
        let packet = self.packet(ctl, seq, ack, text);
        self.stack.deliver(&packet);
    }

    fn sent(&mut self) -> Option<Sent> {
        let mut packet = vec![1, 2, 3];
        if !self.stack.emit(&mut packet) {
            assert!(packet.is_empty(), "emit clears what it is given");
            return None;
        }
        let parsed = wire::parse(&packet).unwrap();
        assert_eq!(parsed.endpoints, self.to_stack.reversed());
        let segment = parsed.segment;
        Some(Sent {
            ctl: segment.ctl.without(Control::PSH),
            seq: segment.seq,
            ack: segment.ack,
            options: segment.options.to_vec(),
            text: segment.text.to_vec(),
        })
    }

    fn next(&mut self, ctl: Control) -> Sent {
        let sent = self.sent().expect("a segment from the stack");
        assert_eq!(sent.ctl, ctl, "{sent:?}");
        sent
    }

    fn open(&mut self, call: UserCall<'_>) -> SocketId {
        match self.stack.call(call) {
            CallOutcome::Opened(socket) => socket,
            other => panic!("{call:?} answers {other:?}"),
        }
    }

    fn send(&mut self, socket: SocketId, text: &[u8]) -> CallOutcome {
        self.stack.call(UserCall::Send { socket, text, urgent: false })
    }

    fn receive(&mut self, socket: SocketId) -> CallOutcome {
        self.stack.call(UserCall::Receive { socket, max: 1000 })
    }

    /// A passive open up to ESTABLISHED; the socket and what the stack will send next.
    fn established(&mut self) -> (SocketId, SeqNumber) {
        let listener = self.open(UserCall::Listen { port: 80 });
        self.arrives(SYN, IRS, SeqNumber(0), &[]);
        let nxt = self.next(SYN_ACK).seq + 1;
        self.arrives(ACK, IRS + 1, nxt, &[]);
        assert_eq!(self.stack.state(listener), Some(State::Established));
        (self.open(UserCall::Accept { listener }), nxt)
    }

    fn runs_for(&mut self, from: Instant, duration: Duration) -> Instant {
        self.stack.run_until(from + duration)
    }
}

fn passive_handshake(setup: &Setup, mss: u16) {
    let mut story = Story::new(setup);
    let listener = story.open(UserCall::Listen { port: 80 });
    assert_eq!(story.stack.state(listener), Some(State::Listen));
    assert_eq!(story.stack.call(UserCall::Accept { listener }), CallOutcome::WouldBlock);

    story.arrives(SYN, IRS, SeqNumber(0), &[]);
    let answer = story.next(SYN_ACK);
    assert_eq!(answer.ack, SeqNumber(IRS + 1));
    assert_eq!(options::maximum_segment_size(&answer.options), Some(mss));
    assert_eq!(story.stack.call(UserCall::Accept { listener }), CallOutcome::WouldBlock);
    assert_eq!(story.send(listener, b"x"), CallOutcome::WouldBlock);

    story.arrives(ACK, IRS + 1, answer.seq + 1, &[]);
    let socket = story.open(UserCall::Accept { listener });
    assert_eq!(story.stack.state(socket), Some(State::Established));
    assert_eq!(story.stack.state(listener), Some(State::Listen));
    assert_eq!(story.stack.remote(socket), Some(SocketAddr::new(setup.peer, 4000)));
    assert!(story.sent().is_none());
}

#[test]
fn a_passive_open_over_ipv4() {
    passive_handshake(&ipv4(), 1460);
}

#[test]
fn a_passive_open_over_ipv6() {
    passive_handshake(&setup("2001:db8::1", "2001:db8::2"), 1440);
}

#[test]
fn a_peer_on_another_network_is_answered() {
    passive_handshake(&setup("192.0.2.1", "198.51.100.9"), 1460);
    passive_handshake(&setup("2001:db8::1", "2001:db8:9::2"), 1440);
}

#[test]
fn an_active_open_sends_its_request_at_once() {
    let mut story = Story::new(&ipv4());
    let socket =
        story.open(UserCall::Connect { port: 80, remote: "192.0.2.2:4000".parse().unwrap(), route: &[] });
    let request = story.next(SYN);
    assert_eq!(story.receive(socket), CallOutcome::WouldBlock);
    story.arrives(SYN_ACK, IRS, request.seq + 1, &[]);
    let answer = story.next(ACK);
    assert_eq!((answer.seq, answer.ack), (request.seq + 1, SeqNumber(IRS + 1)));
    assert_eq!(story.stack.state(socket), Some(State::Established));
}

#[test]
fn text_goes_both_ways() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    assert_eq!(story.receive(socket), CallOutcome::WouldBlock);
    story.arrives(ACK, IRS + 1, nxt, b"hello");
    assert_eq!(story.receive(socket), CallOutcome::Received(b"hello".to_vec()));

    assert_eq!(story.send(socket, b"goodbye"), CallOutcome::Sent(7));
    let sent = story.next(ACK);
    assert_eq!((sent.seq, sent.text.as_slice()), (nxt, b"goodbye".as_slice()));
    assert_eq!(sent.ack, SeqNumber(IRS + 6));
}

#[test]
fn a_full_send_buffer_takes_nothing_more() {
    let mut story = Story::new(&ipv4());
    let (socket, _) = story.established();
    assert_eq!(story.send(socket, &[0; 5000]), CallOutcome::Sent(4096));
    assert_eq!(story.send(socket, &[0; 5000]), CallOutcome::Sent(0));
}

#[test]
fn a_delayed_acknowledgment_leaves_when_its_timer_is_due() {
    let mut story = Story::new(&ipv4());
    let (_, nxt) = story.established();
    story.arrives(ACK, IRS + 1, nxt, b"hello");
    assert!(story.sent().is_none());
    let NextTimer::At(due) = story.stack.next_timer() else { panic!("no timer") };
    assert_eq!(due.since(Instant::ZERO), Duration::from_millis(10));
    assert_eq!(story.runs_for(Instant::ZERO, Duration::from_secs(5)), due);
    assert_eq!(story.next(ACK).ack, SeqNumber(IRS + 6));
}

#[test]
fn a_close_lingers_in_time_wait_for_ten_seconds() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    assert_eq!(story.stack.call(UserCall::Close { socket }), CallOutcome::Ok);
    assert_eq!(story.next(FIN_ACK).seq, nxt);
    assert_eq!(story.send(socket, b"x"), CallOutcome::Error(CallFailure::Closing));
    story.arrives(ACK, IRS + 1, nxt + 1, &[]);
    assert_eq!(story.stack.state(socket), Some(State::FinWait2));

    let start = story.runs_for(Instant::ZERO, Duration::from_millis(1234));
    story.arrives(FIN_ACK, IRS + 1, nxt + 1, &[]);
    assert_eq!(story.next(ACK).ack, SeqNumber(IRS + 2));
    assert_eq!(story.receive(socket), CallOutcome::EndOfStream);
    let end = start + 2 * story.stack.declaration().msl;
    assert_eq!(story.stack.next_timer(), NextTimer::At(end));
    story.stack.run_until(end - Duration::from_micros(1));
    assert_eq!(story.stack.state(socket), Some(State::TimeWait));
    assert_eq!(story.stack.run_until(end), end);
    assert_eq!(story.stack.state(socket), Some(State::Closed));
    assert_eq!(story.stack.next_timer(), NextTimer::Never);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::NoConnection));
}

#[test]
fn an_orderly_end_is_not_a_reset() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    story.arrives(FIN_ACK, IRS + 1, nxt, b"last");
    assert_eq!(story.receive(socket), CallOutcome::Received(b"last".to_vec()));
    assert_eq!(story.receive(socket), CallOutcome::EndOfStream);
    assert_eq!(story.send(socket, b"x"), CallOutcome::Sent(1));
}

#[test]
fn a_reset_when_established_is_told_apart_from_the_users_own_abort() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    story.arrives(Control::RST, IRS + 1, nxt, &[]);
    assert_eq!(story.stack.state(socket), Some(State::Closed));
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::Reset));
    assert_eq!(story.send(socket, b"x"), CallOutcome::Error(CallFailure::Reset));

    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    assert_eq!(story.stack.call(UserCall::Abort { socket }), CallOutcome::Ok);
    assert_eq!(story.next(Control::RST | ACK).seq, nxt);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::NoConnection));
}

#[test]
fn a_refused_open_is_told_apart_from_one_that_the_user_gave_up() {
    let mut story = Story::new(&ipv4());
    let socket =
        story.open(UserCall::Connect { port: 80, remote: "192.0.2.2:4000".parse().unwrap(), route: &[] });
    let request = story.next(SYN);
    story.arrives(Control::RST | ACK, 0, request.seq + 1, &[]);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::Refused));

    let mut story = Story::new(&ipv4());
    let socket =
        story.open(UserCall::Connect { port: 80, remote: "192.0.2.2:4000".parse().unwrap(), route: &[] });
    assert_eq!(story.stack.call(UserCall::Close { socket }), CallOutcome::Ok);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::NoConnection));
}

#[test]
fn a_reset_when_syn_received_takes_the_listener_back() {
    let mut story = Story::new(&ipv4());
    let listener = story.open(UserCall::Listen { port: 80 });
    story.arrives(SYN, IRS, SeqNumber(0), &[]);
    story.next(SYN_ACK);
    story.arrives(Control::RST, IRS + 1, SeqNumber(0), &[]);
    assert_eq!(story.stack.state(listener), Some(State::Listen));
    assert_eq!(story.receive(listener), CallOutcome::WouldBlock);
}

#[test]
fn a_closed_socket_is_opened_again_and_who_had_it_hears_what_it_would() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    story.arrives(Control::RST, IRS + 1, nxt, &[]);
    let sockets = story.stack.host().sockets.iter().count();
    let remote = "192.0.2.2:4000".parse().unwrap();
    let again = story.open(UserCall::Connect { port: 80, remote, route: &[] });
    story.next(SYN);
    assert_eq!(story.stack.host().sockets.iter().count(), sockets);
    assert_eq!(story.stack.state(again), Some(State::SynSent));
    assert_eq!(story.stack.state(socket), Some(State::Closed));
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::Reset));
    assert_eq!(story.send(socket, b"x"), CallOutcome::Error(CallFailure::Reset));
    assert_eq!(story.stack.call(UserCall::Abort { socket }), CallOutcome::Ok);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::NoConnection));
    assert_eq!(story.receive(again), CallOutcome::WouldBlock);
}

#[test]
fn running_stops_at_each_retransmission() {
    let mut story = Story::new(&ipv4());
    let (socket, nxt) = story.established();
    story.send(socket, b"hello");
    assert_eq!(story.stack.run_until(Instant(50_000_000)), Instant::ZERO, "output waits");
    story.next(ACK);
    let mut now = Instant::ZERO;
    for seconds in [1, 2, 4] {
        let due = now + Duration::from_secs(seconds);
        assert_eq!(story.stack.next_timer(), NextTimer::At(due));
        assert_eq!(story.stack.run_until(due - Duration::from_micros(1)), due - Duration::from_micros(1));
        assert!(story.sent().is_none());
        now = story.runs_for(due, Duration::from_secs(100));
        assert_eq!(now, due);
        let again = story.next(ACK);
        assert_eq!((again.seq, again.text.as_slice()), (nxt, b"hello".as_slice()));
    }
}

#[test]
fn the_clock_reaches_the_target_when_nothing_is_due() {
    let mut story = Story::new(&ipv4());
    story.established();
    assert_eq!(story.stack.next_timer(), NextTimer::Never);
    assert_eq!(story.stack.run_until(Instant(7_000_000)), Instant(7_000_000));
    assert_eq!(story.stack.run_until(Instant(3)), Instant(7_000_000), "time does not go back");
}

#[test]
fn a_reset_of_the_stack_leaves_nothing() {
    let mut story = Story::new(&ipv4());
    let (socket, _) = story.established();
    story.send(socket, b"never taken");
    story.stack.run_until(Instant(500_000));
    story.stack.reset(&ipv4());
    assert!(story.sent().is_none());
    assert_eq!(story.stack.state(socket), None);
    assert_eq!(story.receive(socket), CallOutcome::Error(CallFailure::NoConnection));
    assert_eq!(story.stack.next_timer(), NextTimer::Never);
    assert_eq!(story.stack.run_until(Instant(1)), Instant(1));
    let (socket, _) = story.established();
    assert_eq!(socket, SocketId(1));
}

#[test]
fn the_same_seed_gives_the_same_octets_and_another_one_does_not() {
    let octets = |seed| {
        let mut story = Story::new(&Setup { seed, ..ipv4() });
        let socket =
            story.open(UserCall::Connect { port: 80, remote: "192.0.2.2:4000".parse().unwrap(), route: &[] });
        let mut all = Vec::new();
        let mut packet = Vec::new();
        for _ in 0..3 {
            story.stack.run_until(Instant(10_000_000));
            assert!(story.stack.emit(&mut packet));
            all.extend_from_slice(&packet);
        }
        story.stack.call(UserCall::Abort { socket });
        assert!(story.stack.emit(&mut packet));
        all.extend_from_slice(&packet);
        all
    };
    assert_eq!(octets(1), octets(1));
    assert_ne!(octets(1), octets(2));
}

#[test]
fn nagle_holds_a_second_small_segment_only_when_it_is_on() {
    for nagle in [true, false] {
        let mut story = Story::new(&Setup { nagle, ..ipv4() });
        let (socket, _) = story.established();
        story.send(socket, b"one");
        story.next(ACK);
        story.send(socket, b"two");
        assert_eq!(story.sent().is_none(), nagle);
    }
}

#[test]
fn the_mtu_bounds_what_is_sent_and_the_window_alone_how_much() {
    let mut story = Story::new(&Setup { mtu: 576, nagle: false, ..ipv4() });
    let (socket, _) = story.established();
    story.send(socket, &[0; 4096]);
    let sizes: Vec<_> = std::iter::from_fn(|| story.sent()).map(|sent| sent.text.len()).collect();
    assert_eq!(sizes, [536, 536, 536, 536, 536, 536, 536, 344]);
}

#[test]
fn what_is_not_tcp_does_not_come_out() {
    let mut story = Story::new(&ipv4());
    let mut packet = story.packet(ACK, 1, SeqNumber(1), &[]);
    // Protocol 253 is for experiments (RFC 3692); smoltcp answers "protocol unreachable" in ICMP. The
    // header's checksum moves by as much as the protocol does.
    packet[9] = 253;
    let checksum = u16::from_be_bytes([packet[10], packet[11]]);
    let (difference, borrow) = checksum.overflowing_sub(253 - 6);
    packet[10..12].copy_from_slice(&difference.wrapping_sub(u16::from(borrow)).to_be_bytes());
    assert_eq!(wire::parse(&packet), Err(wire::NotTcp::OtherProtocol(253)));
    story.stack.deliver(&packet);
    assert!(story.sent().is_none());
    assert_eq!(story.stack.run_until(Instant(5)), Instant(5));
}

#[test]
fn one_listening_socket_gives_as_many_connections_as_ask_for_one() {
    let mut story = Story::new(&ipv4());
    let (first, nxt) = story.established();
    let listener = SocketId(0);
    for port in 4001..4011 {
        story.to_stack.source.set_port(port);
        story.arrives(SYN, IRS, SeqNumber(0), &[]);
        // Eight may wait; to the others nobody listens.
        let answer = if port <= 4008 { SYN_ACK } else { Control(Control::RST.0 | ACK.0) };
        story.next(answer);
    }
    assert_eq!(story.stack.state(listener), Some(State::SynReceived));
    assert_eq!(story.stack.call(UserCall::Accept { listener }), CallOutcome::WouldBlock);
    story.to_stack.source.set_port(4000);
    story.arrives(ACK, IRS + 1, nxt, b"first");
    assert_eq!(story.receive(first), CallOutcome::Received(b"first".to_vec()));
}

#[test]
fn a_listening_socket_that_is_closed_takes_what_waits_with_it() {
    let mut story = Story::new(&ipv4());
    let (accepted, _) = story.established();
    let listener = SocketId(0);
    story.to_stack.source.set_port(4001);
    story.arrives(SYN, IRS, SeqNumber(0), &[]);
    let nxt = story.next(SYN_ACK).seq + 1;
    story.arrives(ACK, IRS + 1, nxt, &[]);
    assert_eq!(story.stack.call(UserCall::Abort { socket: listener }), CallOutcome::Ok);
    story.next(Control(Control::RST.0 | ACK.0));
    assert_eq!(
        story.stack.call(UserCall::Accept { listener }),
        CallOutcome::Error(CallFailure::NoConnection)
    );
    story.arrives(SYN, IRS, SeqNumber(0), &[]);
    story.next(Control(Control::RST.0 | ACK.0));
    assert_eq!(story.stack.state(accepted), Some(State::Established));
}

#[test]
fn calls_on_a_socket_that_never_was_find_no_connection() {
    let mut story = Story::new(&ipv4());
    let socket = SocketId(3);
    for call in [
        UserCall::Accept { listener: socket },
        UserCall::Send { socket, text: b"x", urgent: false },
        UserCall::Receive { socket, max: 1 },
        UserCall::Close { socket },
        UserCall::Abort { socket },
    ] {
        assert_eq!(story.stack.call(call), CallOutcome::Error(CallFailure::NoConnection), "{call:?}");
    }
    assert_eq!(
        story.stack.call(UserCall::Listen { port: 0 }),
        CallOutcome::Error(CallFailure::Other("unaddressable destination".into()))
    );
    assert_eq!(story.stack.state(SocketId(0)), None, "an OPEN that fails leaves no socket");
}

#[test]
fn smoltcp_runs_with_its_own_checks_on() {
    // Its addition is the only one that can overflow here: without its checks this time would lie in the past.
    let overflow = || SmoltcpInstant::from_micros(i64::MAX) + SmoltcpDuration::from_micros(1);
    assert!(std::panic::catch_unwind(overflow).is_err());
}

#[test]
fn the_declared_version_is_the_one_that_is_built() {
    let lock = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    // A package taken from a registry has no lock file beside it.
    let Ok(lock) = std::fs::read_to_string(lock) else { return };
    let entry = format!("name = \"smoltcp\"\nversion = \"{}\"\n", Smoltcp::new().declaration().version);
    assert!(lock.replace("\r\n", "\n").contains(&entry), "the lock file has another smoltcp");
}
