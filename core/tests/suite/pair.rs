//! Two connections, the segments between them, and a clock that jumps from timer to timer.
//!
//! The link keeps order and takes no time; a test names the segments it loses by their place in the trace.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use tcpspec_core::{Action, Instant, Profile, SeqNumber, State, Timer};

use crate::fixture::{Connection, Seg, When, arrives, open_active, open_passive, receive, times_out};

/// One of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// One end: the connection, when its timers go off, and what its user has read.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) received: Vec<u8>,
    deadlines: BTreeMap<Timer, Instant>,
}

/// Two ends that talk to each other.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) a: End,
    pub(crate) b: End,
    /// One line for each segment sent, with numbers relative to the initial ones of their sender.
    pub(crate) trace: Vec<String>,
    lost: BTreeSet<usize>,
    in_flight: VecDeque<(Side, Seg)>,
}

/// More timers than any story here needs.
const PATIENCE: usize = 200;

impl Pair {
    /// A asks B, which listens; the segments in `lost`, counted from zero, never arrive.
    pub(crate) fn opening(iss: [u32; 2], lost: impl IntoIterator<Item = usize>) -> Self {
        let end = |iss| {
            let mut connection = Connection::closed(Profile::default());
            connection.context.iss = SeqNumber(iss);
            End { connection, received: Vec::new(), deadlines: BTreeMap::new() }
        };
        let mut pair = Self {
            a: end(iss[0]),
            b: end(iss[1]),
            trace: Vec::new(),
            lost: lost.into_iter().collect(),
            in_flight: VecDeque::new(),
        };
        pair.on(Side::B, open_passive());
        pair.on(Side::A, open_active());
        pair
    }

    pub(crate) fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    pub(crate) fn states(&self) -> (State, State) {
        (self.a.connection.tcb.state, self.b.connection.tcb.state)
    }

    /// One event at one end; what it sends is on its way afterwards.
    pub(crate) fn on(&mut self, side: Side, when: When) {
        let ours = self.end(side).connection.context.iss;
        let theirs = self.end(side.other()).connection.context.iss;
        let end = self.end(side);
        end.connection.on(when);
        end.received.extend(&end.connection.actions.octets);
        end.keep_deadlines();
        for segment in end.connection.outgoing() {
            let relative = Seg {
                seq: segment.seq.wrapping_sub(ours.0),
                ack: segment.ack.wrapping_sub(theirs.0),
                ..segment.clone()
            };
            let lost = self.lost.contains(&self.trace.len());
            let fate = if lost { " (lost)" } else { "" };
            self.trace.push(format!("{side:?} {} WND={}{fate}", relative.notation(), segment.wnd));
            if !lost {
                self.in_flight.push_back((side.other(), segment));
            }
        }
    }

    /// Delivers until nothing is in flight; both users read whatever there is.
    pub(crate) fn deliver(&mut self) {
        while let Some((side, segment)) = self.in_flight.pop_front() {
            self.on(side, arrives(segment));
            if !self.end(side).connection.tcb.receive_queue.is_empty() {
                self.on(side, receive(u32::MAX));
            }
        }
    }

    /// Delivers, and lets timers go off in their order, until no timer runs.
    pub(crate) fn run(&mut self) {
        self.run_while(|_| true);
    }

    /// The same, but only while the condition holds; it is looked at when nothing is in flight.
    pub(crate) fn run_while(&mut self, condition: impl Fn(&Self) -> bool) {
        for _ in 0..PATIENCE {
            self.deliver();
            if !condition(self) || !self.next_timer() {
                return;
            }
        }
        panic!("timers still run after {PATIENCE} went off:\n{}", self.trace.join("\n"));
    }

    /// Lets the earliest timer go off; false if none runs.
    fn next_timer(&mut self) -> bool {
        let next = [(Side::A, &self.a), (Side::B, &self.b)]
            .into_iter()
            .flat_map(|(side, end)| end.deadlines.iter().map(move |(timer, at)| (*at, side, *timer)))
            .min_by_key(|(at, ..)| *at);
        let Some((at, side, timer)) = next else { return false };
        self.a.connection.context.now = at;
        self.b.connection.context.now = at;
        self.end(side).deadlines.remove(&timer);
        self.on(side, times_out(timer));
        true
    }
}

impl End {
    fn keep_deadlines(&mut self) {
        let now = self.connection.context.now;
        for action in &self.connection.actions.list {
            match action {
                Action::Arm(timer, duration) => drop(self.deadlines.insert(*timer, now + *duration)),
                Action::Stop(timer) => drop(self.deadlines.remove(timer)),
                _ => {}
            }
        }
        let running: Vec<_> = self.deadlines.keys().copied().collect();
        assert_eq!(
            running,
            self.connection.tcb.timers.iter().collect::<Vec<_>>(),
            "timers armed and stopped add up"
        );
    }
}
