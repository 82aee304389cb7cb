//! The oracle: follows a stack from outside and says where it departs from the standard.
//!
//! The monitor sees what anybody beside the stack could see: packets in, packets out, user calls and their answers, and
//! time. It judges every emission (may the stack send this now?), every obligation (did what was due come in time?) and
//! the user's interface (are the octets, the end and the errors right?). What the standard leaves open is allowed, each
//! place by name (`docs/variations.md`) and only on evidence. When in doubt it does not judge.
//!
//! It shares the vocabulary of the reference (sequence numbers, segments, options) and none of its decisions, so that
//! each checks the other. It leaves out what needs two runs to see, which is for a comparison of runs, and what the
//! wire cannot show.

use tcpspec_core::Instant;
use tcpspec_core::segment::Integrity;

use crate::bench::Watcher;
use crate::stack::{CallOutcome, Declaration, Setup, UserCall};
use crate::verdict::Failure;
use crate::wire::{Endpoints, Parsed};

use objection::Objection;
use pair::Pair;
use sockets::Sockets;
use stream::Stream;

mod judge;
pub mod law;
mod objection;
mod pair;
mod sockets;
mod stream;
#[cfg(test)]
mod tests;

/// Pairs of sockets that one run may use before further ones are not judged.
const MOST_PAIRS: usize = 64;

/// Connections of one run whose streams are followed.
const MOST_STREAMS: usize = 256;

/// The black-box oracle. One monitor may watch any number of runs, one after the other.
#[derive(Debug, Default)]
pub struct Monitor {
    setup: Option<Setup>,
    pairs: Vec<Pair>,
    /// How many of `pairs` belong to this run; the others are spare.
    pairs_in_use: usize,
    streams: Streams,
    sockets: Sockets,
    finding: Option<Box<Objection>>,
}

impl Monitor {
    /// A monitor that has not seen anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The pair of sockets with these endpoints, seen from the stack.
    fn pair(&mut self, endpoints: Endpoints) -> Option<usize> {
        let known = self.pairs[..self.pairs_in_use].iter().position(|pair| pair.endpoints == endpoints);
        if known.is_some() {
            return known;
        }
        if self.pairs_in_use == MOST_PAIRS {
            return None;
        }
        match self.pairs.get_mut(self.pairs_in_use) {
            Some(spare) => *spare = Pair::new(endpoints),
            None => self.pairs.push(Pair::new(endpoints)),
        }
        self.pairs_in_use += 1;
        Some(self.pairs_in_use - 1)
    }

    fn judged(&mut self, judgement: Result<(), Box<Objection>>) {
        if let Err(objection) = judgement {
            self.finding.get_or_insert(objection);
        }
    }
}

/// The streams of a run's connections; the memory of those before is used again.
#[derive(Debug, Default)]
struct Streams {
    all: Vec<Stream>,
    in_use: usize,
}

impl Streams {
    /// Another stream, if there is room.
    fn begin(&mut self) -> Option<usize> {
        if self.in_use == MOST_STREAMS {
            return None;
        }
        match self.all.get_mut(self.in_use) {
            Some(spare) => spare.clear(),
            None => self.all.push(Stream::default()),
        }
        self.in_use += 1;
        Some(self.in_use - 1)
    }
}

impl Watcher for Monitor {
    fn begin(&mut self, _declaration: &Declaration, setup: &Setup) {
        self.setup = Some(*setup);
        self.pairs_in_use = 0;
        self.streams.in_use = 0;
        self.sockets.clear();
        self.finding = None;
    }

    fn called(&mut self, _now: Instant, call: UserCall<'_>, outcome: &CallOutcome) {
        let judgement = judge::user::called(self, call, outcome);
        self.judged(judgement);
    }

    fn delivered(&mut self, _now: Instant, packet: &Parsed<'_>) {
        let Some(pair) = self.pair(packet.endpoints.reversed()) else { return };
        if packet.segment.integrity == Integrity::Sound {
            self.pairs[pair].delivered(&packet.segment, &mut self.streams);
        }
    }

    fn emitted(&mut self, _now: Instant, packet: &Parsed<'_>) {
        let judgement = judge::emission::emitted(self, packet);
        self.judged(judgement);
    }

    fn device_refuses(&mut self, _now: Instant, _refuses: bool) {}

    fn quiet(&mut self, _now: Instant) {}

    fn end(&mut self, _now: Instant) {}

    fn next_deadline(&self) -> Option<Instant> {
        None
    }

    fn take_finding(&mut self) -> Option<Failure> {
        self.finding.take().map(|objection| objection.failure())
    }
}
