//! The bench: a stack, a scripted peer and the time between them; out comes a trace with a verdict.
//!
//! The bench owns time. It performs a scenario's steps one by one, resolves what they name from the peer's
//! [`ledger`], writes everything down and compares what the stack sends with what the scenario expects. Whatever the
//! scenario says, every segment of the stack must be well formed, come from the right sockets and carry the octets
//! that its user sent; and what the scenario does not expect must not come, other than bare acknowledgments and
//! retransmissions (V-28), and a reset when the user calls CLOSE or ABORT (V-41).
//!
//! It leaves out rules of its own about TCP beyond these: what is right is for the scenario to say.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Instant, SeqNumber};

use crate::deviation::place;
use crate::requirement::{self, Level};
use crate::scenario::{Scenario, ScenarioCall, SegmentPattern, SegmentSpec, Step, What, When};
use crate::stack::{CallOutcome, Setup, SocketId, Stack, UserCall};
use crate::trace::{End, Entry, Happening, SegmentRecord, Trace};
use crate::verdict::{Failure, Verdict};
use crate::wire::{self, Endpoints};
use ledger::Ledger;
use tally::Tally;

mod guard;
pub mod ledger;
mod matching;
mod peer;
mod streams;
mod tally;
#[cfg(test)]
mod tests;
mod user;
mod watch;

pub use guard::keep_panics_of_stacks_quiet;
pub use watch::Watcher;

/// How long an expectation without a time (`*`) is waited for.
const PATIENCE: Duration = Duration::from_secs(600);

/// The passive end's port.
const SERVICE_PORT: u16 = 80;

/// The active end's port.
const CLIENT_PORT: u16 = 49_152;

/// The peer's initial sequence number, unless a scenario asks for another.
const PEER_ISS: u32 = 1000;

/// Octets of buffer in each direction, unless a scenario asks for another number.
const BUFFER: u32 = 4096;

/// Which network the bench imitates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Family {
    /// IPv4
    #[default]
    V4,
    /// IPv6
    V6,
}

/// What came of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Run {
    /// What happened.
    pub trace: Trace,
    /// What it means.
    pub verdict: Verdict,
}

/// Plays a scenario to a stack.
pub fn run(stack: &mut dyn Stack, scenario: &Scenario, family: Family) -> Run {
    run_watched(stack, scenario, family, None)
}

/// Plays a scenario to a stack while a judge watches. The first departure ends the run, whoever finds it.
pub fn run_watched<'s>(
    stack: &'s mut dyn Stack,
    scenario: &Scenario,
    family: Family,
    watcher: Option<&'s mut dyn Watcher>,
) -> Run {
    let lacking = scenario.needs.iter().find_map(|need| stack.declaration().lack(*need));
    if let Some(reason) = lacking {
        return Run { trace: Trace::default(), verdict: Verdict::Skipped(reason.to_owned()) };
    }
    let mut bench = Bench::new(stack, scenario, family, watcher);
    let outcome = bench.begin().and_then(|()| bench.perform(scenario));
    let verdict = match outcome {
        Ok(()) => Verdict::Pass,
        Err(Departure { what, step, undecided: true, .. }) => {
            let place = match step {
                Some(index) => format!("step {} (`{}`) was over", index + 1, place(scenario, step)),
                None => "the time after the last step was over".to_owned(),
            };
            Verdict::Inconclusive(format!("{what} before {place}"))
        }
        Err(Departure { found: Some(failure), step, trace_line, .. }) => Verdict::Fail(Failure {
            step: failure.step.or(step),
            trace_line: failure.trace_line.or(trace_line),
            ..*failure
        }),
        Err(Departure { what, step, trace_line, undecided: false, found: None }) => Verdict::Fail(Failure {
            requirements: scenario.checks.clone(),
            level: requirement::gravest(scenario.checks.iter().map(String::as_str)).unwrap_or(Level::Must),
            what,
            step,
            trace_line,
            cause: None,
        }),
    };
    Run { trace: bench.trace, verdict }
}

/// Something that the stack should not have done, or should have; it ends the run.
#[derive(Debug)]
struct Departure {
    what: String,
    step: Option<usize>,
    trace_line: Option<usize>,
    /// It ends the run, but nothing says that the stack may not do it.
    undecided: bool,
    /// A watcher found it.
    found: Option<Box<Failure>>,
}

impl Departure {
    fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), step: None, trace_line: None, undecided: false, found: None }
    }

    fn undecided(what: impl Into<String>) -> Self {
        Self { undecided: true, ..Self::new(what) }
    }

    fn at_line(mut self, line: usize) -> Self {
        self.trace_line = Some(line);
        self
    }
}

/// A segment of the stack that no step has taken yet.
#[derive(Debug)]
struct Emission {
    time: Instant,
    segment: SegmentRecord,
    trace_line: usize,
    /// A bare acknowledgment, octets seen before, or a reset on the user's word: nobody need ask for it (V-28).
    tolerable: bool,
}

struct Bench<'s> {
    stack: &'s mut dyn Stack,
    watcher: Option<&'s mut dyn Watcher>,
    setup: Setup,
    settle: Duration,
    msl: Duration,
    now: Instant,
    /// When the step before this one happened.
    previous: Instant,
    trace: Trace,
    ledger: Ledger,
    local: IpAddr,
    peer: IpAddr,
    /// From the peer to the stack.
    endpoints: Endpoints,
    listener: Option<SocketId>,
    connection: Option<SocketId>,
    /// Octets that the stack's user has sent on this connection, and read from it.
    sent: u32,
    read: u32,
    pending: VecDeque<Emission>,
    tally: Tally,
    /// The user has just called CLOSE or ABORT.
    user_ends: bool,
    packet: Vec<u8>,
}

impl<'s> Bench<'s> {
    fn new(
        stack: &'s mut dyn Stack,
        scenario: &Scenario,
        family: Family,
        watcher: Option<&'s mut dyn Watcher>,
    ) -> Self {
        // Addresses reserved for documentation (RFC 5737, RFC 3849).
        let (local, peer): (IpAddr, IpAddr) = match family {
            Family::V4 => (Ipv4Addr::new(192, 0, 2, 1).into(), Ipv4Addr::new(192, 0, 2, 2).into()),
            Family::V6 => {
                let address = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last).into();
                (address(1), address(2))
            }
        };
        let setup = &scenario.setup;
        let setup_of_stack = Setup {
            local,
            peer,
            seed: setup.seed.unwrap_or(1),
            receive_buffer: setup.buffer.unwrap_or(BUFFER),
            send_buffer: setup.buffer.unwrap_or(BUFFER),
            mtu: setup.mtu.unwrap_or(1500),
            nagle: setup.nagle.unwrap_or(true),
            congestion_control: false,
        };
        let (settle, msl) = (stack.declaration().settle, stack.declaration().msl);
        let peer_iss = SeqNumber(setup.peer_iss.unwrap_or(PEER_ISS));
        let mut trace = Trace::default();
        trace.current.right = Some(peer_iss);
        Self {
            stack,
            watcher,
            setup: setup_of_stack,
            settle,
            msl,
            now: Instant::ZERO,
            previous: Instant::ZERO,
            trace,
            ledger: Ledger::new(peer_iss),
            local,
            peer,
            endpoints: Endpoints {
                source: SocketAddr::new(peer, CLIENT_PORT),
                destination: SocketAddr::new(local, SERVICE_PORT),
            },
            listener: None,
            connection: None,
            sent: 0,
            read: 0,
            pending: VecDeque::new(),
            tally: Tally::default(),
            user_ends: false,
            packet: Vec::new(),
        }
    }

    /// Lets the stack start over. What goes wrong then is the first step's.
    fn begin(&mut self) -> Result<(), Departure> {
        let setup = self.setup;
        self.guarded(|stack| stack.reset(&setup))
            .map_err(|departure| Departure { step: Some(0), ..departure })?;
        if let Some(watcher) = &mut self.watcher {
            watcher.begin(self.stack.declaration(), &setup);
        }
        let _ = self.stack.take_rules();
        Ok(())
    }

    fn perform(&mut self, scenario: &Scenario) -> Result<(), Departure> {
        let judged = scenario.steps.iter().any(|step| matches!(step.what, What::Expect(_) | What::Quiet(_)));
        for (index, step) in scenario.steps.iter().enumerate() {
            self.perform_step(step, judged)
                .map_err(|departure| Departure { step: departure.step.or(Some(index)), ..departure })?;
        }
        self.advance(self.now + self.settle)?;
        self.end_watch()?;
        // A stack may go on sending the text that its user gave it after the story's last step has been told.
        let ctl = Control::SYN | Control::FIN | Control::RST;
        self.pending.retain(|Emission { segment, .. }| segment.len == 0 || segment.ctl.0 & ctl.0 != 0);
        self.nothing_unexpected(judged)
    }

    fn perform_step(&mut self, step: &Step, judged: bool) -> Result<(), Departure> {
        match &step.what {
            What::Call { call, expected } => {
                self.wait_for(step.when, judged)?;
                self.nothing_unexpected(judged)?;
                self.user_call(*call, expected)
            }
            What::Segment(spec) => {
                self.wait_for(step.when, judged)?;
                self.nothing_unexpected(judged)?;
                self.peer_sends(spec)
            }
            What::Expect(patterns) => self.expect(step.when, patterns),
            What::Quiet(span) => {
                self.wait_for(step.when, judged)?;
                self.forgive_before(self.now);
                self.silence(self.now + span.resolve(self.msl))
            }
        }
    }

    /// Lets the time pass that a stimulus is after the step before it.
    fn wait_for(&mut self, when: When, judged: bool) -> Result<(), Departure> {
        if let When::After(span) = when {
            let due = self.previous + span.resolve(self.msl);
            if let Err(departure) = self.advance(due.max(self.now)) {
                // A segment that nothing asked for is judged all the same, however many came after it.
                if departure.undecided {
                    self.nothing_unexpected(judged)?;
                }
                return Err(departure);
            }
        }
        self.previous = self.now;
        Ok(())
    }

    /// Lets the stack run until `time`, and takes what it sends.
    fn advance(&mut self, time: Instant) -> Result<(), Departure> {
        loop {
            let stop = self.next_stop(time);
            let reached = self.guarded(|stack| stack.run_until(stop))?;
            self.now = self.now.max(reached);
            self.collect()?;
            if reached >= stop {
                self.watch_quiet()?;
            }
            if reached >= time {
                return Ok(());
            }
        }
    }

    /// Lets the stack run until `time`. The first segment breaks the silence, and ends the run.
    fn silence(&mut self, time: Instant) -> Result<(), Departure> {
        loop {
            if let Some(emission) = self.pending.pop_front() {
                return Err(self.unexpected(&emission, "nothing may be sent here"));
            }
            let stop = self.next_stop(time);
            let reached = self.guarded(|stack| stack.run_until(stop))?;
            self.now = self.now.max(reached);
            if self.collect_one()? || reached < stop {
                continue;
            }
            self.watch_quiet()?;
            if reached >= time {
                self.previous = self.now;
                return Ok(());
            }
        }
    }

    /// Takes everything that the stack has to send.
    fn collect(&mut self) -> Result<(), Departure> {
        while self.collect_one()? {}
        Ok(())
    }

    /// Takes the next segment that the stack has to send. Says whether there was one.
    fn collect_one(&mut self) -> Result<bool, Departure> {
        let mut packet = std::mem::take(&mut self.packet);
        let sent = self.guarded(|stack| stack.emit(&mut packet))?;
        if sent {
            self.take_packet(&packet)?;
        }
        self.packet = packet;
        Ok(sent)
    }

    /// Writes a packet down and checks what must be true of every one.
    fn take_packet(&mut self, packet: &[u8]) -> Result<(), Departure> {
        let parsed = wire::parse(packet).map_err(|not_tcp| {
            Departure::new(format!("the stack sent a packet that no host would take for TCP: {not_tcp}"))
        })?;
        let segment = SegmentRecord::of(&parsed.segment);
        let tolerable = self.is_tolerable(&segment);
        let new_incarnation = segment.ctl.has(Control::SYN) && self.ledger.stack_iss != Some(segment.seq);
        if new_incarnation && self.ledger.stack_iss.is_some() {
            (self.connection, self.sent, self.read) = (None, 0, 0);
        }
        let new_text = segment.len > 0
            && !segment.ctl.has(Control::RST)
            && self.ledger.stack_iss.is_some()
            && self.ledger.is_new(&segment);
        self.tally.count(self.now, new_text)?;
        self.ledger.seen(&segment);
        let trace_line =
            self.write_down(Happening::Segment { from: End::Left, segment: segment.clone(), lost: false });
        let wrong = if parsed.segment.integrity == Integrity::BadChecksum {
            Some("MUST-2: the checksum of a segment is wrong".to_owned())
        } else if parsed.segment.integrity == Integrity::BadDataOffset {
            Some("the data offset of a segment is wrong".to_owned())
        } else if parsed.endpoints != self.endpoints.reversed() {
            Some(format!("a segment went between the wrong sockets: {}", parsed.endpoints))
        } else {
            self.wrong_text(&segment, parsed.segment.text)
        };
        self.watch(|watcher, now| watcher.emitted(now, &parsed))?;
        match wrong {
            Some(what) => Err(Departure::new(what).at_line(trace_line)),
            None => {
                self.pending.push_back(Emission { time: self.now, segment, trace_line, tolerable });
                Ok(())
            }
        }
    }

    /// Whether a segment is always welcome: a bare acknowledgment of nothing too new, octets sent before (V-28), or
    /// a reset that CLOSE or ABORT brings about, for users may reset at any time (RFC 9293 §3.5.2, V-41).
    fn is_tolerable(&self, segment: &SegmentRecord) -> bool {
        let judged = segment.ctl.without(Control::PSH | Control::ECE | Control::CWR | Control::URG);
        let bare = judged == Control::ACK && segment.len == 0;
        let truthful = segment.ack.le(self.ledger.peer_nxt);
        let again = segment.end() != segment.seq && !self.ledger.is_new(segment);
        if segment.ctl.has(Control::RST) { self.user_ends } else { bare && truthful || again }
    }

    /// Octets must be those that the user sent, at every transmission (I-086).
    fn wrong_text(&self, segment: &SegmentRecord, text: &[u8]) -> Option<String> {
        let iss = self.ledger.stack_iss.filter(|_| !text.is_empty())?;
        let syn = u32::from(segment.ctl.has(Control::SYN));
        let position = (segment.seq + syn).since(iss + 1);
        let beyond = position.checked_add(segment.len).is_none_or(|end| end > self.sent);
        if segment.ctl.has(Control::RST) {
            None
        } else if beyond {
            Some(format!("a segment carries octets that the user has not sent, from position {position} on"))
        } else {
            let wrong = streams::first_wrong(End::Left, position, text)?;
            Some(format!("octet {wrong} of the stream is not the one that the user sent"))
        }
    }

    /// The next segment must be one of these.
    fn expect(&mut self, when: When, patterns: &[SegmentPattern]) -> Result<(), Departure> {
        let (earliest, latest) = match when {
            When::After(span) => (self.previous, self.previous + span.resolve(self.msl)),
            When::Between(from, to) => {
                (self.previous + from.resolve(self.msl), self.previous + to.resolve(self.msl))
            }
            When::Whenever => (self.previous, self.previous + PATIENCE),
        };
        let latest = latest + self.settle;
        let mut instead = None;
        loop {
            let Some(emission) = self.pending.pop_front() else {
                if self.now >= latest {
                    let wanted = format!("expected {}", described(when, patterns));
                    return Err(instead.map_or_else(
                        || Departure::new(format!("{wanted}, nothing was sent")),
                        |emission| self.unexpected(&emission, &wanted),
                    ));
                }
                let stop = self.next_stop(latest);
                let reached = self.guarded(|stack| stack.run_until(stop))?;
                self.now = self.now.max(reached);
                self.collect()?;
                if reached >= stop {
                    self.watch_quiet()?;
                }
                continue;
            };
            let matched =
                patterns.iter().any(|pattern| matching::matches(pattern, &emission.segment, &self.ledger));
            if matched && emission.time + self.settle < earliest {
                let wanted = described(when, patterns);
                return Err(self.unexpected(&emission, &format!("it came too early: expected {wanted}")));
            }
            if matched && emission.time <= latest {
                self.previous = emission.time;
                return Ok(());
            }
            if !emission.tolerable || emission.time > latest {
                return Err(self.unexpected(&emission, &format!("expected {}", described(when, patterns))));
            }
            instead = Some(emission);
        }
    }

    /// What was welcome anyway and came before `time` does not break a silence that begins then.
    fn forgive_before(&mut self, time: Instant) {
        while self.pending.front().is_some_and(|emission| emission.tolerable && emission.time < time) {
            self.pending.pop_front();
        }
    }

    /// Nothing is left that a step should have taken.
    fn nothing_unexpected(&mut self, judged: bool) -> Result<(), Departure> {
        while let Some(emission) = self.pending.pop_front() {
            if judged && !emission.tolerable {
                return Err(self.unexpected(&emission, "nothing asked for it"));
            }
        }
        Ok(())
    }

    fn unexpected(&self, emission: &Emission, why: &str) -> Departure {
        let text = self.trace.segment_text(End::Left, &emission.segment);
        Departure::new(format!("the stack sent `{text}`; {why}")).at_line(emission.trace_line)
    }

    /// Writes an event down with the stack's state after it; returns its line.
    fn write_down(&mut self, happening: Happening) -> usize {
        let socket = self.connection.or(self.listener);
        let left = socket.and_then(|socket| {
            catch_unwind(AssertUnwindSafe(|| self.stack.state(socket))).unwrap_or_default()
        });
        let rules = self.stack.take_rules();
        self.trace.push(Entry { time: self.now, happening, left, right: None, rules });
        self.trace.entries.len() - 1
    }

    fn note(&mut self, note: String) {
        let rules = tcpspec_core::RuleSet::default();
        let happening = Happening::Note(note);
        self.trace.push(Entry { time: self.now, happening, left: None, right: None, rules });
    }
}

/// Patterns as a scenario writes them, with their time.
fn described(when: When, patterns: &[SegmentPattern]) -> String {
    let patterns: Vec<_> = patterns.iter().map(|pattern| format!("`> {pattern}`")).collect();
    let patterns = patterns.join(" or ");
    match when {
        When::After(_) => format!("{patterns} at once"),
        When::Between(from, to) => {
            let unit = if to.msl == 0 { " s" } else { "" };
            format!("{patterns} between {from} and {to}{unit} after the step before")
        }
        When::Whenever => patterns,
    }
}
