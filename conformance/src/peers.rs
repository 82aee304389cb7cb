//! Two stacks, a link in each direction and a virtual clock between them; out comes a trace with both ends' states.
//!
//! The left end is A, the right end B of the RFC's figures. Both open the same pair of sockets, so every incarnation
//! of the story is of one connection. User calls happen at the present time and what they send waits until time is
//! given to run: two calls at one time are simultaneous. On a link without delay a segment arrives in the instant
//! in which it is sent and has one line in the trace, with the states that it leaves behind at both ends; a segment
//! that is under way for longer has a line when it departs and one when it arrives, as in the RFC's figures.
//!
//! It leaves out every judgement. Nor does it catch a stack's panic: whoever runs two stacks wants to see it.

use std::net::Ipv4Addr;
use std::time::Duration;

use tcpspec_core::{Instant, RuleSet, State};

use crate::network::{Fate, Link, LinkOptions};
use crate::scenario::ScenarioCall;
use crate::stack::{CallOutcome, NextTimer, Stack};
use crate::trace::{End, Entry, Happening, SegmentRecord, Trace};
use crate::wire::{self, Endpoints};

mod peer;
#[cfg(test)]
mod tests;

pub(crate) use peer::PERIOD;
use peer::Peer;
pub use peer::{EndOptions, octet};

/// Addresses reserved for documentation (RFC 5737), and ports: A's, then B's.
const SOCKETS: [(Ipv4Addr, u16); 2] =
    [(Ipv4Addr::new(192, 0, 2, 1), 49_152), (Ipv4Addr::new(192, 0, 2, 2), 80)];

/// How often a stack is polled that does not say when its next timer is due.
const POLL: Duration = Duration::from_millis(10);

/// Segments that may be sent in one story; two stacks that send more never stop.
const MOST_SEGMENTS: u32 = 100_000;

/// How often in a row a stack may ask for time and do nothing with it, at one point in time.
const MOST_IDLE_ROUNDS: u32 = 100;

/// How two stacks are joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeersOptions {
    /// The link from A to B. The one from B to A is the same with the next seed.
    pub link: LinkOptions,
    /// Seed of what the stacks choose at random; B gets the next one.
    pub seed: u64,
    /// Octets of buffer of each connection, in each direction.
    pub buffer: u32,
    /// Largest IP packet in octets.
    pub mtu: u16,
    /// Nagle's algorithm (RFC 9293 §3.7.4).
    pub nagle: bool,
}

impl Default for PeersOptions {
    fn default() -> Self {
        Self { link: LinkOptions::default(), seed: 1, buffer: 4096, mtu: 1500, nagle: true }
    }
}

impl PeersOptions {
    /// The options of each end, A's first.
    #[must_use]
    pub fn ends(&self) -> [EndOptions; 2] {
        [0, 1].map(|index| EndOptions {
            socket: SOCKETS[index].into(),
            seed: self.seed.wrapping_add(index as u64),
            receive_buffer: self.buffer,
            send_buffer: self.buffer,
            mtu: self.mtu,
            nagle: self.nagle,
            congestion_control: false,
            link: LinkOptions { seed: self.link.seed.wrapping_add(index as u64), ..self.link },
        })
    }
}

/// Why a run stopped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stop {
    /// Nothing is under way and no timer runs.
    Quiet,
    /// The time was over.
    TimeIsUp,
    /// The stacks sent more segments than any story needs, or a timer that is due does nothing.
    Runaway,
}

/// Two stacks, joined.
pub struct Peers {
    /// What happened. Set its initial sequence numbers to zero before anything happens to see absolute numbers.
    pub trace: Trace,
    ends: [Peer; 2],
    now: Instant,
    segments: u32,
    /// How often in a row time was given and nothing came of it.
    idle_rounds: u32,
    rules: RuleSet,
    packet: Vec<u8>,
}

impl Peers {
    /// Resets both stacks and joins them.
    #[must_use]
    pub fn new(left: Box<dyn Stack>, right: Box<dyn Stack>, options: &PeersOptions) -> Self {
        Self::unlike([left, right], options.ends())
    }

    /// Resets both stacks and joins them, each with options of its own. Their addresses are of one family.
    #[must_use]
    pub fn unlike(stacks: [Box<dyn Stack>; 2], options: [EndOptions; 2]) -> Self {
        let [left, right] = stacks;
        let ends = [Peer::new(left, &options[0], &options[1]), Peer::new(right, &options[1], &options[0])];
        Self {
            trace: Trace::default(),
            ends,
            now: Instant::ZERO,
            segments: 0,
            idle_rounds: 0,
            rules: RuleSet::default(),
            packet: Vec::new(),
        }
    }

    /// The present time.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The state of an end's connection, of its listening socket while there is no connection, CLOSED with neither;
    /// none if the stack does not show it.
    #[must_use]
    pub fn state(&self, end: End) -> Option<State> {
        let peer = self.end(end);
        match peer.connection.or(peer.listener) {
            Some(socket) => peer.stack.state(socket),
            None => Some(State::Closed),
        }
    }

    /// The octets that an end's user has received since its latest OPEN.
    #[must_use]
    pub fn received(&self, end: End) -> &[u8] {
        &self.end(end).received
    }

    /// The octets that an end's user has handed over since its latest OPEN.
    #[must_use]
    pub fn sent(&self, end: End) -> u32 {
        self.end(end).sent
    }

    /// Segments that were sent or have arrived so far.
    #[must_use]
    pub const fn segments(&self) -> u32 {
        self.segments
    }

    /// The link that carries what an end sends.
    #[must_use]
    pub fn link(&self, from: End) -> &Link {
        &self.end(from).outgoing
    }

    /// The link that carries what an end sends does something else from now on. What is under way arrives as planned.
    pub fn set_link(&mut self, from: End, options: LinkOptions) {
        self.end_mut(from).outgoing.set_options(options);
        self.write_down(Happening::Note(format!("another network for what {} sends", from.letter())));
    }

    /// The sockets of segments from an end, for packets to [`Peers::inject`].
    #[must_use]
    pub fn endpoints(&self, from: End) -> Endpoints {
        Endpoints { source: self.end(from).socket, destination: self.end(from.other()).socket }
    }

    /// The user of an end makes a call. What it sends leaves when time is given to run.
    pub fn call(&mut self, end: End, call: ScenarioCall) -> CallOutcome {
        self.catch_up(end);
        let outcome = self.end_mut(end).call(end, call);
        self.take_rules(end);
        self.write_down(Happening::Call { end, call: call.text(), outcome: outcome.text() });
        outcome
    }

    /// RECEIVE by a user who looks often: as [`Peers::call`], but where there is nothing to read, no connection yet
    /// included, there is no line in the trace either.
    pub fn look(&mut self, end: End, max: u32) -> CallOutcome {
        self.catch_up(end);
        if !self.end_mut(end).has_connection() {
            return CallOutcome::WouldBlock;
        }
        let call = ScenarioCall::Receive(max);
        let outcome = self.end_mut(end).call(end, call);
        self.take_rules(end);
        if outcome != CallOutcome::WouldBlock {
            self.write_down(Happening::Call { end, call: call.text(), outcome: outcome.text() });
        }
        outcome
    }

    /// Lets one thing happen at the present time: a segment arrives that was under way, or else an end sends one. False
    /// if there is nothing to do. An end sends all that it has before the other gets a turn.
    pub fn step(&mut self) -> bool {
        BOTH.into_iter().any(|end| self.deliver_next(end))
            || BOTH.into_iter().any(|end| self.transmit_next(end))
    }

    /// Runs until nothing is under way and no timer runs, but no longer than `limit`.
    pub fn run_until_quiet(&mut self, limit: Duration) -> Stop {
        self.run(self.now + limit)
    }

    /// Lets so much time pass. A time of zero lets arrive what arrives at once.
    pub fn run_for(&mut self, duration: Duration) -> Stop {
        let end = self.now + duration;
        let stop = self.run(end);
        self.move_to(end);
        stop
    }

    /// Lets time pass until something happens, a segment's arrival or a timeout, and everything at that time. None if
    /// something happened before `until`.
    pub fn run_to_next(&mut self, until: Instant) -> Option<Stop> {
        if let Some(stop) = self.advance(until) {
            return Some(stop);
        }
        if self.settle() { None } else { Some(Stop::Runaway) }
    }

    /// The next segment that an end sends is lost.
    pub fn lose_next(&mut self, from: End) {
        self.end_mut(from).outgoing.lose_next();
    }

    /// The next segment that an end sends stays in the network until [`Peers::release`].
    pub fn hold_next(&mut self, from: End) {
        self.end_mut(from).outgoing.hold_next();
    }

    /// Lets the oldest segment of an end arrive that was held, when time is next given to run. False if there is none
    /// or its lifetime is over.
    pub fn release(&mut self, from: End) -> bool {
        let now = self.now;
        self.end_mut(from).outgoing.release(now)
    }

    /// A packet that an end seems to have sent long ago arrives now at the other end.
    pub fn inject(&mut self, from: End, packet: &[u8]) {
        self.arrive(from, packet);
    }

    /// An end loses its memory: its stack starts over, and its user too.
    pub fn crash(&mut self, end: End) {
        let peer = self.end_mut(end);
        let setup = peer.setup;
        peer.stack.reset(&setup);
        let _ = peer.stack.take_rules();
        (peer.listener, peer.connection, peer.sent) = (None, None, 0);
        peer.received.clear();
        self.catch_up(end);
        self.write_down(Happening::Note(format!("{} crashes", end.letter())));
    }

    fn end(&self, end: End) -> &Peer {
        &self.ends[index(end)]
    }

    fn end_mut(&mut self, end: End) -> &mut Peer {
        &mut self.ends[index(end)]
    }

    fn run(&mut self, until: Instant) -> Stop {
        loop {
            if let Some(stop) = self.advance(until) {
                return stop;
            }
        }
    }

    /// Lets everything happen that happens now, and time pass until the next point at which something does. None if
    /// there is one before `until`.
    fn advance(&mut self, until: Instant) -> Option<Stop> {
        let before = (self.now, self.segments);
        if !self.settle() || self.idle_rounds > MOST_IDLE_ROUNDS {
            return Some(Stop::Runaway);
        }
        match self.next_event() {
            None => return Some(Stop::Quiet),
            Some(time) if time > until => {
                self.move_to(until);
                return Some(Stop::TimeIsUp);
            }
            Some(time) => self.move_to(time),
        }
        self.note_silent_timeouts();
        self.idle_rounds = if before == (self.now, self.segments) { self.idle_rounds + 1 } else { 0 };
        None
    }

    /// The next time at which a segment arrives or a timer is due.
    fn next_event(&self) -> Option<Instant> {
        let timer = |peer: &Peer| match peer.stack.next_timer() {
            NextTimer::At(time) => Some(time.max(self.now)),
            NextTimer::Never => None,
            NextTimer::Unknown => Some(self.now + POLL),
        };
        self.ends.iter().flat_map(|peer| [timer(peer), peer.outgoing.next_delivery()]).flatten().min()
    }

    /// Lets both stacks run until `time`, at which no segment has arrived yet.
    fn move_to(&mut self, time: Instant) {
        self.now = self.now.max(time);
        for end in BOTH {
            self.catch_up(end);
        }
    }

    /// Brings a stack's clock to the present.
    fn catch_up(&mut self, end: End) {
        let now = self.now;
        self.end_mut(end).stack.run_until(now);
        self.take_rules(end);
    }

    /// Lets everything happen that happens at the present time. False if it does not stop.
    fn settle(&mut self) -> bool {
        while self.segments < MOST_SEGMENTS {
            if !self.step() {
                return true;
            }
        }
        false
    }

    /// Delivers one segment of an end, if one has arrived by now.
    fn deliver_next(&mut self, from: End) -> bool {
        let now = self.now;
        let Some(packet) = self.end_mut(from).outgoing.receive(now) else { return false };
        self.segments += 1;
        self.arrive(from, &packet);
        self.end_mut(from).outgoing.recycle(packet);
        true
    }

    /// Sends one segment of an end, if it has one. One that arrives at once is delivered at once.
    fn transmit_next(&mut self, from: End) -> bool {
        let mut packet = std::mem::take(&mut self.packet);
        let now = self.now;
        let sent = self.end_mut(from).stack.emit(&mut packet);
        if sent {
            self.segments += 1;
            let link = &mut self.end_mut(from).outgoing;
            let fate = link.send(now, &packet);
            let arrived = if fate == Fate::UnderWay(now) { link.receive(now) } else { None };
            match &arrived {
                Some(arrived) if *arrived == packet => {
                    self.hand_over(from, arrived);
                    self.write_segment(&packet, |segment| Happening::Segment { from, segment, lost: false });
                }
                Some(damaged) => {
                    self.write_segment(&packet, |segment| Happening::Departure { from, segment });
                    self.arrive(from, damaged);
                }
                None => self.write_segment(&packet, |segment| match fate {
                    Fate::Lost => Happening::Segment { from, segment, lost: true },
                    Fate::Held | Fate::UnderWay(_) => Happening::Departure { from, segment },
                }),
            }
            if let Some(buffer) = arrived {
                self.end_mut(from).outgoing.recycle(buffer);
            }
        }
        self.packet = packet;
        sent
    }

    /// A segment of `from` arrives after a time in the network.
    fn arrive(&mut self, from: End, packet: &[u8]) {
        self.hand_over(from, packet);
        self.write_segment(packet, |segment| Happening::Arrival { from, segment });
    }

    fn hand_over(&mut self, from: End, packet: &[u8]) {
        let to = from.other();
        self.catch_up(to);
        self.end_mut(to).stack.deliver(packet);
        self.take_rules(to);
    }

    fn take_rules(&mut self, end: End) {
        let rules = self.end_mut(end).stack.take_rules();
        self.rules.merge(rules);
    }

    fn write_segment(&mut self, packet: &[u8], happening: impl FnOnce(SegmentRecord) -> Happening) {
        let happening = match wire::parse(packet) {
            Ok(parsed) => happening(SegmentRecord::of(&parsed.segment)),
            Err(not_tcp) => Happening::Note(format!("a packet that is no TCP segment: {not_tcp}")),
        };
        self.write_down(happening);
    }

    /// A timeout that ends something has a line of its own, for it may send nothing.
    fn note_silent_timeouts(&mut self) {
        let changed = |end: &End| self.state(*end) != self.end(*end).shown;
        let of: Vec<_> = BOTH.into_iter().filter(changed).map(End::letter).collect();
        if !of.is_empty() {
            self.write_down(Happening::Note(format!("timeout of {}", of.join(" and "))));
        }
    }

    fn write_down(&mut self, happening: Happening) {
        let [left, right] = BOTH.map(|end| {
            let state = self.state(end);
            self.end_mut(end).shown = state;
            state
        });
        let rules = std::mem::take(&mut self.rules);
        self.trace.push(Entry { time: self.now, happening, left, right, rules });
    }
}

/// Both ends, A first.
const BOTH: [End; 2] = [End::Left, End::Right];

const fn index(end: End) -> usize {
    match end {
        End::Left => 0,
        End::Right => 1,
    }
}
