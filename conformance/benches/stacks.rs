//! Segments and connection lifecycles a second: the reference beside bare smoltcp, under the same driver, in one run.
//!
//! `cargo bench -p tcpspec`. Compare the two columns of one run; the machine decides the rest.

use std::net::{Ipv4Addr, SocketAddr};

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use tcpspec::stack::{self, CallOutcome, Setup, SocketId, Stack, UserCall};
use tcpspec::wire::{self, Endpoints, Header};
use tcpspec_core::{Control, SeqNumber};

fn main() {
    divan::main();
}

/// The stacks in this process, whose time is the driver's.
const STACKS: [&str; 2] = ["smoltcp", "reference"];

const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// Segments in each measured batch of the segment benchmarks.
const BATCH: u32 = 1000;

/// Octets of text in each segment.
const TEXT: [u8; 100] = [7; 100];

/// A peer that has a connection with a stack, and moves segments back and forth.
struct Driver {
    stack: Box<dyn Stack>,
    endpoints: Endpoints,
    socket: SocketId,
    seq: SeqNumber,
    ack: SeqNumber,
    packet: Vec<u8>,
}

impl Driver {
    /// A fresh stack with a connection in ESTABLISHED.
    fn connected(name: &str) -> Self {
        let endpoints = Endpoints {
            source: SocketAddr::new(PEER.into(), 49_152),
            destination: SocketAddr::new(STACK.into(), 80),
        };
        let mut driver = Self {
            stack: stack::by_name(name).expect("a built-in stack"),
            endpoints,
            socket: SocketId(0),
            seq: SeqNumber(1000),
            ack: SeqNumber(0),
            packet: Vec::new(),
        };
        driver.open();
        driver
    }

    /// Starts over and shakes hands. Two segments come in, one goes out.
    fn open(&mut self) {
        self.stack.reset(&Setup {
            local: STACK.into(),
            peer: PEER.into(),
            seed: 1,
            receive_buffer: 4096,
            send_buffer: 4096,
            mtu: 1500,
            congestion_control: false,
            nagle: true,
        });
        self.seq = SeqNumber(1000);
        let CallOutcome::Opened(listener) = self.stack.call(UserCall::Listen { port: 80 }) else {
            panic!("the stack cannot listen");
        };
        self.deliver(Control::SYN, &[]);
        self.take();
        self.deliver(Control::ACK, &[]);
        let CallOutcome::Opened(socket) = self.stack.call(UserCall::Accept { listener }) else {
            panic!("the connection did not open");
        };
        self.socket = socket;
    }

    /// One segment to the stack.
    fn deliver(&mut self, ctl: Control, text: &[u8]) {
        let header = Header { seq: self.seq, ack: self.ack, ctl, wnd: 65_535, ..Header::default() };
        wire::build(&self.endpoints, &header, [text, &[]], &mut self.packet).expect("a plain segment");
        self.stack.deliver(&self.packet);
        self.seq += text.len() as u32 + ctl.sequence_length();
    }

    /// Everything from the stack; the peer will acknowledge it with its next segment.
    fn take(&mut self) {
        while self.stack.emit(&mut self.packet) {
            let segment = wire::parse(&self.packet).expect("a TCP segment").segment;
            self.ack = segment.end();
        }
    }

    /// Text to the stack, read by its user.
    fn receive(&mut self) {
        self.deliver(Control::ACK | Control::PSH, &TEXT);
        black_box(self.stack.call(UserCall::Receive { socket: self.socket, max: TEXT.len() }));
        self.take();
    }

    /// Text from the stack, acknowledged.
    fn send(&mut self) {
        self.stack.call(UserCall::Send { socket: self.socket, text: &TEXT, urgent: false });
        self.take();
        self.deliver(Control::ACK, &[]);
        self.take();
    }

    /// Handshake, text both ways, close by the stack and then by the peer, up to TIME-WAIT: ten segments.
    fn lifecycle(&mut self) {
        self.open();
        self.receive();
        self.send();
        self.stack.call(UserCall::Close { socket: self.socket });
        self.take();
        self.deliver(Control::ACK, &[]);
        self.deliver(Control::ACK | Control::FIN, &[]);
        self.take();
    }
}

/// Segments with text that the stack takes.
#[divan::bench(args = STACKS)]
fn segments_received(bencher: Bencher<'_, '_>, name: &str) {
    let mut driver = Driver::connected(name);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| (0..BATCH).for_each(|_| driver.receive()));
}

/// Segments with text that the stack sends, each acknowledged: two segments an item.
#[divan::bench(args = STACKS)]
fn segments_sent(bencher: Bencher<'_, '_>, name: &str) {
    let mut driver = Driver::connected(name);
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| (0..BATCH).for_each(|_| driver.send()));
}

/// Bare acknowledgments that the stack takes.
#[divan::bench(args = STACKS)]
fn acknowledgments(bencher: Bencher<'_, '_>, name: &str) {
    let mut driver = Driver::connected(name);
    bencher
        .counter(ItemsCount::new(BATCH))
        .bench_local(|| (0..BATCH).for_each(|_| driver.deliver(Control::ACK, &[])));
}

/// Whole lifecycles on a fresh stack each.
#[divan::bench(args = STACKS)]
fn lifecycles(bencher: Bencher<'_, '_>, name: &str) {
    let mut driver = Driver::connected(name);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| driver.lifecycle());
}
