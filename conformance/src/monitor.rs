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

use std::net::IpAddr;
use std::time::Duration;

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Instant, SeqNumber, State};

use crate::bench::Watcher;
use crate::scenario::IcmpKind;
use crate::stack::{CallOutcome, Declaration, NextTimer, Setup, UserCall};
use crate::verdict::Failure;
use crate::wire::{Endpoints, Parsed};

use arrival::{Arrival, Came, Class, Place};
use excuses::Excuses;
use hypothesis::{Hypotheses, Hypothesis};
use icmp::Hopeless;
use judge::arrive::{Context, Listening};
use judge::recovery::Flight;
use judge::{liveness, overdue, reports, steps, unasked};
use objection::{Judgement, Objection};
use pair::Pair;
use sockets::Sockets;
use stream::{Stream, Streams};
use terms::Terms;

mod arrival;
mod calls;
mod emission;
mod excuses;
mod hypothesis;
mod icmp;
mod judge;
pub mod law;
mod objection;
mod pair;
mod profile;
mod sends;
mod sockets;
mod stream;
mod terms;
#[cfg(test)]
mod tests;
mod ways;

pub use excuses::Uses;
pub use profile::{Brings, Side};

/// Pairs of sockets that one run may use before further ones are not judged.
const MOST_PAIRS: usize = 64;

/// Bare acknowledgments whose times are remembered to tell whether a throttle may be at work.
const MOST_ACKNOWLEDGMENTS: usize = 32;

/// The black-box oracle. One monitor may watch any number of runs, one after the other.
#[derive(Debug, Default)]
pub struct Monitor {
    terms: Option<Terms>,
    pairs: Vec<Pair>,
    /// How many of `pairs` belong to this run; the others are spare.
    pairs_in_use: usize,
    streams: Streams,
    sockets: Sockets,
    /// ACCEPT has given a connection although none was open: it may give half-open ones.
    gives_half_open: bool,
    /// The shortest user timeout that was set for a listening socket: its connections may have it.
    patience_of_listeners: Option<Duration>,
    /// The keep-alive interval that was set for one, likewise.
    keep_alive_of_listeners: Option<Duration>,
    /// Whether users want to hear of delivery trouble was said of connections that nothing tells apart.
    trouble_unjudged: bool,
    /// The request that ICMP has said to be hopeless.
    hopeless: Option<Hopeless>,
    /// When the latest bare acknowledgments left.
    acknowledgments: Recent,
    /// The list before the latest one, for its memory.
    spare: Hypotheses,
    /// Nothing is judged in what is left of this run.
    blind: bool,
    /// Runs in which something could not be followed.
    inconclusive: u64,
    /// Runs of these in which there were too many hypotheses.
    overflows: u64,
    uses: Uses,
    finding: Option<Box<Objection>>,
}

impl Monitor {
    /// A monitor that has not seen anything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// In how many runs since it was made something could not be followed, so that not everything was judged.
    #[must_use]
    pub const fn inconclusive(&self) -> u64 {
        self.inconclusive
    }

    /// In how many of these there were more hypotheses than fit.
    #[must_use]
    pub const fn overflows(&self) -> u64 {
        self.overflows
    }

    /// In how many runs since it was made each permitted variation excused something. Runs that it objected to do not
    /// count.
    #[must_use]
    pub const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// The same, and from now on they are counted anew.
    pub fn take_uses(&mut self) -> Uses {
        std::mem::take(&mut self.uses)
    }

    /// The pair of sockets with these endpoints, seen from the stack.
    fn pair(&mut self, endpoints: Endpoints) -> Option<usize> {
        let known = self.pairs[..self.pairs_in_use].iter().position(|pair| pair.endpoints == endpoints);
        if known.is_some() {
            return known;
        }
        if self.pairs_in_use == MOST_PAIRS {
            self.blind = true;
            return None;
        }
        match self.pairs.get_mut(self.pairs_in_use) {
            Some(spare) => *spare = Pair::new(endpoints),
            None => self.pairs.push(Pair::new(endpoints)),
        }
        self.pairs_in_use += 1;
        Some(self.pairs_in_use - 1)
    }

    fn judged(&mut self, judgement: Judgement) {
        if let Err(objection) = judgement {
            self.finding.get_or_insert(objection);
            self.blind = true;
        }
    }

    /// Whether a segment for a pair without connection finds a listening socket.
    fn listening(&self, index: usize, hypothesis: &Hypothesis, terms: &Terms) -> Listening {
        let pair = &self.pairs[index];
        let port = pair.endpoints.source.port();
        if !self.sockets.listens(port) {
            return Listening::No;
        }
        if terms.several {
            return Listening::Yes;
        }
        if hypothesis.consumed {
            return Listening::No;
        }
        let others = self.pairs[..self.pairs_in_use].iter().enumerate();
        let mut others =
            others.filter(|(other, pair)| *other != index && pair.endpoints.source.port() == port);
        let free = |pair: &Pair| {
            pair.hypotheses.all(|hypothesis| hypothesis.state == State::Closed && !hypothesis.consumed)
        };
        if others.all(|(_, pair)| free(pair)) { Listening::Yes } else { Listening::Perhaps }
    }

    /// Connections on a port that nobody has accepted.
    fn backlog(&self, port: u16) -> u32 {
        let waits = |pair: &&Pair| {
            let unaccepted = pair.stream.is_some_and(|stream| self.streams.all[stream].socket.is_none());
            let passive = |hypothesis: &Hypothesis| hypothesis.passive;
            pair.endpoints.source.port() == port && unaccepted && pair.hypotheses.any(passive)
        };
        let waiting = self.pairs[..self.pairs_in_use].iter().filter(waits).count();
        u32::try_from(waiting).unwrap_or(u32::MAX)
    }

    /// A sound segment is about to reach the stack.
    fn arrives(&mut self, now: Instant, packet: &Parsed<'_>, terms: &Terms) {
        let Some(index) = self.pair(packet.endpoints.reversed()) else { return };
        overdue::expire(&mut self.pairs[index], now);
        let segment = Arrival::of(&packet.segment);
        let una = self.pairs[index].hypotheses.first().una;
        let agreed = self.pairs[index].hypotheses.all(|hypothesis| hypothesis.una == una);
        let opens = segment.has(Control::SYN) && !segment.has(Control::ACK) && !segment.has(Control::RST);
        let all_closed = self.pairs[index].hypotheses.all(|hypothesis| hypothesis.state == State::Closed);
        let listening = || self.listening(index, self.pairs[index].hypotheses.first(), terms);
        let begins = opens && all_closed && listening() != Listening::No;
        if begins {
            let stream = self.streams.begin();
            self.pairs[index].begin_incarnation(stream);
            self.pairs[index].patience = self.patience_of_listeners;
            self.pairs[index].keep_alive = self.keep_alive_of_listeners;
            if let Some(stream) = stream {
                self.streams.all[stream].pair = index;
            }
        }
        let class = class(&self.pairs[index], &segment);
        let pair = &mut self.pairs[index];
        pair.class = class;
        ways::arrives(pair, &segment, packet, begins);
        pair.active = now;
        pair.disturbed = true;
        (pair.arrived_at, pair.short) = (now, None);
        pair.credit = pair.credit.saturating_add(1);
        let repeats = segment.has(Control::ACK) && segment.ack == una;
        pair.repeated_acks = if repeats { pair.repeated_acks.saturating_add(1) } else { 0 };
        let plain = segment.has(Control::ACK) && segment.ctl.0 & (Control::SYN | Control::RST).0 == 0;
        let plain = plain && !pair.may_be_ignored();
        // What begins beyond RCV.NXT may be dropped whole (V-38): then nothing has been received.
        let certain = class.seq == Place::At || class.seq == Place::Inside && segment.len() == 0;
        if plain && certain && class.ack != Place::Beyond {
            (pair.unanswered, pair.heard_at) = (0, now);
            if class.ack == Place::Inside {
                pair.answered_at = now;
            }
        }
        if pair.hypotheses.blind {
            if let Some(stream) = pair.stream {
                self.streams.all[stream].received.doubtful = true;
            }
            return;
        }
        let certain = reports::is_certainly_looked_at(pair, &segment);
        let nxt_most = pair.hypotheses.first().nxt_most;
        pair.reports.note_arrival(&segment, nxt_most, certain);
        if segment.has(Control::URG) {
            self.note_urgent(index, &segment, packet.segment.up, now, terms);
        }
        self.take_text(index, packet.segment.text, &segment, now, terms);
        if self.pairs[index].hypotheses.blind {
            self.blind = true;
            return;
        }
        let mut after = Hypotheses::none_in(std::mem::take(&mut self.spare));
        self.successors(index, &segment, now, terms, &mut after);
        let pair = &mut self.pairs[index];
        let fresh_peer = |hypothesis: &Hypothesis| {
            hypothesis.irs == segment.seq && hypothesis.state != State::Closed && !hypothesis.fresh
        };
        let none_left = after.is_empty();
        self.spare = std::mem::replace(&mut pair.hypotheses, after);
        if pair.hypotheses.first().una != una {
            pair.acknowledged(now);
        }
        Flight::note_arrival(pair, &segment, (una, agreed), now, terms);
        if none_left {
            pair.hypotheses = Hypotheses::start();
            pair.hypotheses.blind = true;
        }
        if segment.has(Control::SYN) && pair.hypotheses.any(fresh_peer) {
            pair.note_peer_options(segment.options);
        }
        if segment.has(Control::SYN)
            && pair.hypotheses.any(|hypothesis| hypothesis.fresh && hypothesis.irs == segment.seq)
        {
            pair.request_options = Some(segment.options);
        }
        let opened = |hypothesis: &Hypothesis| hypothesis.passive && hypothesis.state.is_synchronized();
        if let Some(stream) = pair.stream.filter(|_| pair.hypotheses.any(opened)) {
            self.streams.all[stream].opened = true;
        }
        self.blind |= self.pairs[index].hypotheses.blind;
    }

    /// A segment says that urgent text is ahead.
    fn note_urgent(&mut self, index: usize, segment: &Arrival, up: u16, now: Instant, terms: &Terms) {
        let pair = &self.pairs[index];
        let read = pair.stream.map_or(0, |stream| self.streams.all[stream].read);
        let read = u32::try_from(read).unwrap_or(u32::MAX);
        let context = Context::of_pair(now, terms, pair, None, read);
        let certain = unasked::is_certainly_looked_at(pair, segment, &context);
        let read = pair.hypotheses.first().irs + 1 + read;
        self.pairs[index].unasked.note_arrival(segment, certain, up, read);
    }

    /// All that may follow from all that may be.
    fn successors(
        &self,
        index: usize,
        segment: &Arrival,
        now: Instant,
        terms: &Terms,
        after: &mut Hypotheses,
    ) {
        let pair = &self.pairs[index];
        let stream = pair.stream.map(|stream| &self.streams.all[stream]);
        let throttled = terms.throttle.is_some_and(|(limit, interval)| {
            self.acknowledgments.within(now, interval) >= usize::try_from(limit).unwrap_or(usize::MAX)
        });
        for hypothesis in pair.hypotheses.as_slice() {
            let context = Context {
                now,
                terms,
                pair,
                received: stream.map(|stream| &stream.received),
                read: stream.map_or(0, |stream| u32::try_from(stream.read).unwrap_or(u32::MAX)),
                listening: self.listening(index, hypothesis, terms),
                backlog: if terms.backlog.is_some() { self.backlog(pair.endpoints.source.port()) } else { 0 },
                throttled,
                class: pair.class,
            };
            judge::arrive::arrive(*hypothesis, segment, &context, after);
        }
    }

    /// Text that some hypothesis may take becomes part of the peer's stream.
    fn take_text(&mut self, index: usize, text: &[u8], segment: &Arrival, now: Instant, terms: &Terms) {
        if segment.has(Control::RST) || text.is_empty() && !segment.has(Control::FIN) {
            return;
        }
        let pair = &self.pairs[index];
        let Some(stream) = pair.stream else { return };
        let received = &self.streams.all[stream].received;
        let read = u32::try_from(self.streams.all[stream].read).unwrap_or(u32::MAX);
        let context = Context::of_pair(now, terms, pair, Some(received), read);
        let mut taken = None;
        for hypothesis in pair.hypotheses.as_slice() {
            let begins = matches!(hypothesis.state, State::Closed | State::SynSent);
            let irs = if begins { segment.seq } else { hypothesis.irs };
            let base = Hypothesis { irs, ..*hypothesis };
            let believed = !segment.has(Control::ACK) && begins
                || segment.has(Control::ACK) && segment.ack.le(pair.snd_max);
            let takes = match hypothesis.state {
                State::Closed => segment.has(Control::SYN) && !segment.has(Control::ACK),
                State::SynSent => segment.has(Control::SYN),
                // A SYN in the window is refused with its text; left of it, it is cut off.
                state => {
                    (state == State::SynReceived || state.accepts_text())
                        && (!segment.has(Control::SYN) || segment.seq.lt(hypothesis.nxt_most))
                }
            };
            let fits = begins || steps::acceptable(&base, segment, &context) != steps::Acceptable::No;
            if believed && takes && fits {
                let room = context.room(&base);
                if taken.is_some_and(|(known, _)| known != irs) {
                    // Two incarnations may take it, and only one can be followed.
                    self.pairs[index].hypotheses.blind = true;
                    return;
                }
                taken = Some((irs, room));
            }
        }
        if let Some((irs, room)) = taken {
            let Stream { received, .. } = &mut self.streams.all[stream];
            received.take(irs, room, segment, text);
            // Of a FIN that is not remembered nobody knows when it is reached.
            self.pairs[index].hypotheses.blind |= received.too_many_fins();
        }
    }
}

/// Where a segment lies, for findings to say.
fn class(pair: &Pair, segment: &Arrival) -> Class {
    let first = pair.hypotheses.first();
    let known = !matches!(first.state, State::Closed | State::Listen | State::SynSent);
    let seq = if !known {
        Place::Nowhere
    } else if segment.seq.lt(first.nxt) {
        Place::Left
    } else if segment.seq == first.nxt {
        Place::At
    } else if pair.offered.is_some_and(|edge| segment.seq.lt(edge)) {
        Place::Inside
    } else {
        Place::Beyond
    };
    let ack = if pair.iss.is_none() || !segment.has(Control::ACK) || first.state == State::Closed {
        Place::Nowhere
    } else if segment.ack.gt(pair.snd_max) {
        Place::Beyond
    } else if segment.ack.lt(first.una) {
        Place::Left
    } else {
        Place::Inside
    };
    let bits = Control::SYN | Control::FIN | Control::RST | Control::ACK | Control::URG;
    Class { came: Came::Segment, ctl: Control(segment.ctl.0 & bits.0), text: segment.text > 0, seq, ack }
}

/// The times of the latest events of a kind.
#[derive(Debug, Default)]
struct Recent {
    times: [Instant; MOST_ACKNOWLEDGMENTS],
    count: usize,
}

impl Recent {
    fn push(&mut self, now: Instant) {
        self.times[self.count % MOST_ACKNOWLEDGMENTS] = now;
        self.count += 1;
    }

    /// How many there were in the time before now, as far as remembered.
    fn within(&self, now: Instant, interval: Duration) -> usize {
        let known = &self.times[..self.count.min(MOST_ACKNOWLEDGMENTS)];
        known.iter().filter(|time| now.since(**time) < interval).count()
    }
}

/// Whether anybody outside the stack can have this address (RFC 9293 §3.9.2.3, MUST-63; RFC 1122 §3.2.1.3).
fn can_be_a_peer(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
    !(broadcast || address.is_multicast() || address.is_unspecified() || address.is_loopback())
}

impl Watcher for Monitor {
    fn begin(&mut self, declaration: &Declaration, setup: &Setup) {
        self.terms = Some(Terms::new(declaration, setup));
        self.pairs_in_use = 0;
        self.streams.in_use = 0;
        self.sockets.clear();
        (self.patience_of_listeners, self.keep_alive_of_listeners) = (None, None);
        self.acknowledgments = Recent::default();
        (self.trouble_unjudged, self.gives_half_open) = (false, false);
        self.hopeless = None;
        self.blind = false;
        self.finding = None;
    }

    fn icmp_error(&mut self, now: Instant, kind: IcmpKind, quoted: Endpoints, seq: SeqNumber) {
        self.icmp(now, kind, quoted, seq);
    }

    fn called(&mut self, now: Instant, call: UserCall<'_>, outcome: &CallOutcome) {
        if matches!((call, outcome), (UserCall::Connect { .. }, CallOutcome::Opened(_))) {
            self.hopeless = None;
        }
        if !self.blind {
            let judgement = self.call(now, call, outcome);
            self.judged(judgement);
        }
    }

    fn delivered(&mut self, now: Instant, packet: &Parsed<'_>) {
        let Some(terms) = self.terms.filter(|_| !self.blind) else { return };
        let ours = packet.endpoints.destination.ip() == terms.setup.local;
        // What is not for this host, comes from nobody, or is damaged must have no effect at all (I-092, I-116, I-126).
        if ours && can_be_a_peer(packet.endpoints.source.ip()) && packet.segment.integrity == Integrity::Sound
        {
            self.arrives(now, packet, &terms);
            let used = &self.pairs[..self.pairs_in_use];
            self.inconclusive += u64::from(self.blind);
            self.overflows += u64::from(self.blind && used.iter().any(|pair| pair.hypotheses.overflowed));
        }
    }

    fn emitted(&mut self, now: Instant, packet: &Parsed<'_>) {
        if let Some(terms) = self.terms.filter(|_| !self.blind) {
            let judgement = self.sends(now, packet, &terms);
            self.judged(judgement);
        } else if let Some(hopeless) = self.hopeless {
            self.judged(hopeless.sends(now, packet));
        }
    }

    fn device_refuses(&mut self, _now: Instant, _refuses: bool) {
        // What leaves when the device takes packets again was made when it did not, and is out of date.
        self.blind = true;
        self.inconclusive += 1;
    }

    fn quiet(&mut self, now: Instant, next: NextTimer) {
        if !self.blind {
            let judgement = self.nothing_missing(now, next);
            self.judged(judgement);
        }
    }

    fn end(&mut self, _now: Instant) {
        let used = self.pairs[..self.pairs_in_use].iter().map(Pair::excuses);
        self.uses.count(used.fold(Excuses::NONE, Excuses::joined));
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.blind {
            return None;
        }
        let terms = self.terms.as_ref()?;
        let due = |pair: &Pair, hypothesis: &Hypothesis| {
            let wait = liveness::waits(hypothesis, pair, terms).map(|wait| wait.by);
            [hypothesis.next_due(), wait].into_iter().flatten().min()
        };
        let pairs = self.pairs[..self.pairs_in_use].iter().filter(|pair| !pair.hypotheses.blind);
        pairs
            .filter_map(|pair| pair.hypotheses.as_slice().iter().filter_map(|one| due(pair, one)).min())
            .min()
    }

    fn take_finding(&mut self) -> Option<Failure> {
        self.finding.take().map(|objection| objection.failure())
    }
}
