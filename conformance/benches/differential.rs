//! Whole comparisons a second, beside the stack alone: what all the checking costs.
//!
//! `cargo bench -p tcpspec --bench differential`. One story of sixteen events, fresh stacks each time. `replayed` hands
//! smoltcp the very packets and calls of the story, as they were recorded, and throws away what it sends. `bare` does
//! what a peer cannot do without as well: it builds each segment and reads those of the stack. Neither writes down or
//! judges anything, and neither reads the story: what it comes to was worked out before. `driven` is smoltcp under the
//! same driver: it tells the story step by step, as every other command does, without a monitor.
//! `watched` adds the monitor. `differential` tells it to smoltcp and to the reference, each under its monitor, and
//! compares the two. Compare the rows of one run; the machine decides the rest.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use tcpspec::bench::{self, Family};
use tcpspec::differential::{Differential, Parting};
use tcpspec::monitor::Monitor;
use tcpspec::scenario::{self, Scenario};
use tcpspec::stack::reference::Reference;
use tcpspec::stack::smoltcp::Smoltcp;
use tcpspec::stack::{
    CallOutcome, Declaration, Instant, Knob, NextTimer, Setup, SocketId, Stack, State, UserCall,
};
use tcpspec::verdict::Verdict;
use tcpspec::wire::{self, Endpoints, Header};

fn main() {
    divan::main();
}

/// Opening, text both ways, text that comes out of order and twice, a reset beyond the window, and both ends close.
const STORY: &str = "tcpspec 1

scenario sixteen-events

+0 open passive
+0 < S 0 win 65535 <mss 1460>
+0 < . 1 ack 1
+0 < P. 1(100)
+0.01 receive
+0 send 1000
+0.01 < . 101 ack 1001
+0 < P. 201(100)
+0 < P. 101(100)
+0.01 < P. 201(100)
+0 receive
+0 < R 9000
+0.01 < F. 301
+0 close
+0.01 < . 302
+0.01 < . 302
";

fn story() -> Scenario {
    let story = scenario::parse_one(STORY).expect("a story");
    assert_eq!(story.steps.len(), 16, "sixteen events");
    story
}

/// What a stack is given in the course of a story.
enum Given {
    Reset(Setup),
    Listen(u16),
    Accept(SocketId),
    Send(SocketId, Vec<u8>),
    Receive(SocketId, usize),
    Close(SocketId),
    Set(SocketId, Knob),
    Packet(Packet),
    Time(Instant),
}

/// A packet of the peer, and what it was built from.
struct Packet {
    octets: &'static [u8],
    endpoints: Endpoints,
    header: Header<'static>,
    text: &'static [u8],
}

impl Packet {
    fn of(octets: &[u8]) -> Self {
        // The record lives as long as the program.
        let octets = &*octets.to_vec().leak();
        let wire::Parsed { endpoints, segment, .. } = wire::parse(octets).expect("the peer sends segments");
        let packet = Self { octets, endpoints, header: Header::of_segment(&segment), text: segment.text };
        let mut built = Vec::new();
        packet.build(&mut built);
        assert_eq!(built, octets, "the same packet");
        packet
    }

    fn build(&self, packet: &mut Vec<u8>) {
        // Text is made for each segment, as by any peer.
        let text = self.text.to_vec();
        wire::build(&self.endpoints, &self.header, [&text, &[]], packet).expect("it was built before");
    }
}

/// smoltcp, and a record of what it is given.
#[derive(Default)]
struct Recorder {
    stack: Smoltcp,
    given: Vec<Given>,
}

impl Stack for Recorder {
    fn declaration(&self) -> &Declaration {
        self.stack.declaration()
    }

    fn reset(&mut self, setup: &Setup) {
        self.given.push(Given::Reset(*setup));
        self.stack.reset(setup);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        self.given.push(match call {
            UserCall::Listen { port } => Given::Listen(port),
            UserCall::Accept { listener } => Given::Accept(listener),
            UserCall::Send { socket, text, .. } => Given::Send(socket, text.to_vec()),
            UserCall::Receive { socket, max } => Given::Receive(socket, max),
            UserCall::Close { socket } => Given::Close(socket),
            UserCall::Set { socket, knob } => Given::Set(socket, knob),
            UserCall::Connect { .. } | UserCall::Abort { .. } | UserCall::Report { .. } => {
                unreachable!("the story has none")
            }
        });
        self.stack.call(call)
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.given.push(Given::Packet(Packet::of(packet)));
        self.stack.deliver(packet);
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        self.stack.emit(packet)
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.given.push(Given::Time(time));
        self.stack.run_until(time)
    }

    fn next_timer(&self) -> NextTimer {
        self.stack.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.stack.state(socket)
    }
}

/// What a peer does with the segments of both.
#[derive(Clone, Copy, PartialEq)]
enum Peer {
    /// It has packets that were made before, and reads none.
    Replays,
    /// It builds each packet, and reads each that the stack sends.
    Speaks,
}

/// Gives smoltcp what it was given before.
fn give(stack: &mut Smoltcp, given: &[Given], peer: Peer, packet: &mut Vec<u8>) {
    for given in given {
        match given {
            Given::Reset(setup) => stack.reset(setup),
            Given::Listen(port) => drop(stack.call(UserCall::Listen { port: *port })),
            Given::Accept(listener) => drop(stack.call(UserCall::Accept { listener: *listener })),
            Given::Send(socket, text) => {
                drop(stack.call(UserCall::Send { socket: *socket, text, urgent: false }));
            }
            Given::Receive(socket, max) => drop(stack.call(UserCall::Receive { socket: *socket, max: *max })),
            Given::Close(socket) => drop(stack.call(UserCall::Close { socket: *socket })),
            Given::Set(socket, knob) => drop(stack.call(UserCall::Set { socket: *socket, knob: *knob })),
            Given::Packet(replayed) if peer == Peer::Replays => stack.deliver(replayed.octets),
            Given::Packet(spoken) => {
                spoken.build(packet);
                stack.deliver(packet);
            }
            Given::Time(time) => drop(black_box(stack.run_until(*time))),
        }
        while stack.emit(packet) {
            if peer == Peer::Speaks {
                let _ = black_box(wire::parse(packet));
            }
            black_box(&packet);
        }
    }
}

/// smoltcp alone.
fn alone(bencher: Bencher<'_, '_>, peer: Peer) {
    let mut recorder = Recorder::default();
    let run = bench::run(&mut recorder, &story(), Family::V4);
    assert_eq!(run.verdict, Verdict::Pass);
    let (mut stack, mut packet) = (Smoltcp::new(), Vec::new());
    bencher
        .counter(ItemsCount::new(1_u32))
        .bench_local(|| give(&mut stack, &recorder.given, peer, &mut packet));
}

/// smoltcp alone, given packets that were built before.
#[divan::bench]
fn replayed(bencher: Bencher<'_, '_>) {
    alone(bencher, Peer::Replays);
}

/// smoltcp alone, with a peer that builds and reads segments and judges nothing.
#[divan::bench]
fn bare(bencher: Bencher<'_, '_>) {
    alone(bencher, Peer::Speaks);
}

/// smoltcp under the bench, which writes down what happens; nobody judges it.
#[divan::bench]
fn driven(bencher: Bencher<'_, '_>) {
    let (story, mut stack) = (story(), Smoltcp::new());
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let run = bench::run(&mut stack, &story, Family::V4);
        assert_eq!(run.verdict, Verdict::Pass);
    });
}

/// smoltcp under the bench, judged by the monitor.
#[divan::bench]
fn watched(bencher: Bencher<'_, '_>) {
    let (story, mut stack, mut monitor) = (story(), Smoltcp::new(), Monitor::new());
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let run = bench::run_watched(&mut stack, &story, Family::V4, Some(&mut monitor));
        assert_eq!(run.verdict, Verdict::Pass);
    });
}

/// smoltcp and the reference, each judged, and compared.
#[divan::bench]
fn differential(bencher: Bencher<'_, '_>) {
    let (story, mut stack, mut reference) = (story(), Smoltcp::new(), Reference::new());
    let mut differential = Differential::default();
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| {
        let comparison = differential.compare(&mut stack, &mut reference, &story, Family::V4);
        assert_eq!(comparison.parting, Parting::None);
    });
}
