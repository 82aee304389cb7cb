//! Structured fuzzing of one connection: octets become a [`Story`], a story drives a [`Tcb`] with every
//! invariant asserted.
//!
//! A story names numbers relative to the live connection (one below RCV.NXT, the right edge, between SND.UNA
//! and SND.NXT), so that what a fuzzer mutates stays close to where the rules change. Most stimuli are what a
//! peer and a user would do next; the rest is anything. Deadlines are virtual: time passes by firing due
//! timers in order.
//!
//! A [`HostStory`] does the same for several connections on one host; [`Subject`] is either.
//!
//! Left out: a second endpoint and a network between them. The peer here is a script without a memory of its
//! own.

use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use crate::event::{Action, Actions, Event, Timer};
use crate::invariants::{Violation, checked_step};
use crate::processing::Context;
use crate::rule::RuleSet;
use crate::segment::TextRange;
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::Tcb;
use crate::time::Instant;

mod choice;
mod hosts;
mod stimulus;
#[cfg(test)]
mod tests;

pub use choice::ProfileChoice;
pub use hosts::{Address, HostEvent, HostStory};
pub use stimulus::{Ack, Crafted, Options, Pause, PeerText, Seq, Stimulus, Urgent, UserCall, Window};

/// Most stimuli of a story that are run.
pub const LONGEST: usize = 64;

/// Most timers that one stretch of time fires; a connection whose peer is silent would otherwise retransmit
/// for as long as the story likes.
const MOST_TIMEOUTS: usize = 40;

/// What the fuzz target `segments` runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Subject {
    /// One connection.
    Connection(Story),
    /// Several of them on a host.
    Host(HostStory),
}

/// One connection seven times out of eight.
impl<'a> Arbitrary<'a> for Subject {
    fn arbitrary(octets: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        Ok(if octets.ratio(7, 8)? {
            Self::Connection(octets.arbitrary()?)
        } else {
            Self::Host(octets.arbitrary()?)
        })
    }
}

impl Subject {
    /// Runs the story.
    ///
    /// # Errors
    /// The first invariant that a step of a connection broke.
    ///
    /// # Panics
    /// With debug assertions, if a connection of a host broke one.
    pub fn run(&self) -> Result<Coverage, Violation> {
        match self {
            Self::Connection(story) => story.run(),
            Self::Host(story) => Ok(story.run()),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connection(story) => story.fmt(f),
            Self::Host(story) => story.fmt(f),
        }
    }
}

/// An endpoint and what happens to it.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub struct Story {
    /// The endpoint's choices.
    pub profile: ProfileChoice,
    /// The initial send sequence number of the first incarnation.
    pub iss: u32,
    /// The peer's initial send sequence number, where a stimulus does not choose one.
    pub irs: u32,
    /// What happens, in order; the first [`LONGEST`] count.
    #[arbitrary(with = until_empty)]
    pub stimuli: Vec<Stimulus>,
}

/// Stimuli for as long as there are octets; a `Vec` of its own would toss a coin after each.
fn until_empty(octets: &mut Unstructured<'_>) -> arbitrary::Result<Vec<Stimulus>> {
    let mut stimuli = Vec::new();
    while !octets.is_empty() && stimuli.len() < LONGEST {
        stimuli.push(octets.arbitrary()?);
    }
    Ok(stimuli)
}

/// What a run has shown.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Coverage {
    /// Rows of the decision table that were used.
    pub rules: RuleSet,
    /// Bit n: the state at position n of [`State::ALL`] was reached.
    states: u16,
}

impl Coverage {
    /// Whether `state` was reached.
    #[must_use]
    pub const fn reached(&self, state: State) -> bool {
        self.states & (1 << state as u16) != 0
    }

    /// Adds what another run has shown.
    pub fn merge(&mut self, other: Self) {
        self.rules.merge(other.rules);
        self.states |= other.states;
    }

    const fn reach(&mut self, state: State) {
        self.states |= 1 << state as u16;
    }
}

impl Story {
    /// Runs the story from CLOSED.
    ///
    /// # Errors
    /// The first invariant that a step broke.
    pub fn run(&self) -> Result<Coverage, Violation> {
        let mut run = Run::new(self);
        for stimulus in self.stimuli.iter().take(LONGEST) {
            run.take(stimulus)?;
        }
        Ok(run.coverage)
    }
}

/// A list of steps, one a line.
impl fmt::Display for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, iss, irs, stimuli } = self;
        writeln!(f, "ISS {iss}, IRS {irs}, {profile}")?;
        stimuli
            .iter()
            .take(LONGEST)
            .enumerate()
            .try_for_each(|(index, stimulus)| writeln!(f, "{:2}. {stimulus}", index + 1))
    }
}

/// A story in progress.
struct Run {
    tcb: Tcb,
    now: Instant,
    iss: SeqNumber,
    irs: SeqNumber,
    deadlines: [Option<Instant>; Timer::ALL.len()],
    actions: Actions,
    /// Octets of the segment or the call in hand; kept for its memory.
    text: Vec<u8>,
    coverage: Coverage,
}

impl Run {
    fn new(story: &Story) -> Self {
        let mut coverage = Coverage::default();
        coverage.reach(State::Closed);
        Self {
            tcb: Tcb::closed(story.profile.profile()),
            now: Instant::ZERO,
            iss: SeqNumber(story.iss),
            irs: SeqNumber(story.irs),
            deadlines: [None; Timer::ALL.len()],
            actions: Actions::default(),
            text: Vec::new(),
            coverage,
        }
    }

    /// One event, checked.
    fn step(&mut self, event: Event<'_>) -> Result<(), Violation> {
        let context = Context { now: self.now, iss: self.iss };
        let opening = matches!(self.tcb.state, State::Closed | State::Listen | State::TimeWait);
        let unread = next_unread(&self.tcb);
        checked_step(&mut self.tcb, context, event, &mut self.actions)?;
        self.coverage.rules.merge(self.actions.rules);
        self.coverage.reach(self.tcb.state);
        if opening && !matches!(self.tcb.state, State::Closed | State::Listen | State::TimeWait) {
            // The next incarnation numbers from elsewhere, as a clock would have it (§3.4.1).
            self.iss += 250_000;
        }
        self.check_streams(unread)?;
        for action in &self.actions.list {
            match *action {
                Action::Arm(timer, duration) => self.deadlines[timer as usize] = Some(self.now + duration),
                Action::Stop(timer) => self.deadlines[timer as usize] = None,
                Action::Transmit(_)
                | Action::Signal(_)
                | Action::Reply(_)
                | Action::Complete(_)
                | Action::Unread(_) => {}
            }
        }
        Ok(())
    }

    /// Every octet of both streams is a function of its number: what the user reads and what is sent must be
    /// it.
    fn check_streams(&self, unread: Option<SeqNumber>) -> Result<(), Violation> {
        let first_read = unread.unwrap_or(self.tcb.rcv.irs + 1);
        let read = (&self.actions.octets[..], &[][..]);
        let received = is_stream(first_read, read);
        let sent = self.actions.segments().all(|segment| {
            let TextRange { start, len } = segment.text;
            let text = self.tcb.text(TextRange { start, len });
            text.0.len() + text.1.len() == len as usize && is_stream(segment.seq, text)
        });
        let (id, sentence) = match (received, sent) {
            (true, true) => return Ok(()),
            (false, _) => ("P-01", "what the user reads is what the peer sent, each octet once and in order"),
            (true, false) => ("I-086", "an octet is the same in every transmission"),
        };
        let detail = alloc::format!("{:?}\nactions: {:?}", self.tcb, self.actions);
        Err(Violation { id, clause: "§3.4, §3.8", sentence, detail })
    }

    /// Time passes up to `until`; timers that are due fire in order.
    fn pass_time(&mut self, until: Instant) -> Result<(), Violation> {
        for _ in 0..MOST_TIMEOUTS {
            let due = Timer::ALL
                .into_iter()
                .filter_map(|timer| self.deadlines[timer as usize].map(|at| (at, timer)))
                .min()
                .filter(|&(at, _)| at <= until);
            let Some((at, timer)) = due else { break };
            self.now = self.now.max(at);
            self.deadlines[timer as usize] = None;
            self.step(Event::Timeout(timer))?;
        }
        self.now = self.now.max(until);
        Ok(())
    }

    /// Lets time pass until the `index`th of the timers that run goes off.
    fn fire_armed(&mut self, index: u8) -> Result<(), Violation> {
        let armed = || Timer::ALL.into_iter().filter_map(|timer| self.deadlines[timer as usize]);
        match armed().count() {
            0 => Ok(()),
            count => match armed().nth(usize::from(index) % count) {
                Some(at) => self.pass_time(at),
                None => Ok(()),
            },
        }
    }

    /// A timer goes off that does not run: a late one of an earlier time. One that runs is waited for.
    fn fire_any(&mut self, timer: Timer) -> Result<(), Violation> {
        match self.deadlines[timer as usize] {
            Some(at) => self.pass_time(at),
            None => self.step(Event::Timeout(timer)),
        }
    }

    fn wait(&mut self, duration: Duration) -> Result<(), Violation> {
        self.pass_time(self.now + duration)
    }
}

/// The number of the next octet that the user will read, if the connection knows one.
fn next_unread(tcb: &Tcb) -> Option<SeqNumber> {
    let known = !matches!(tcb.state, State::Closed | State::Listen | State::SynSent);
    known.then(|| crate::calls::consumed(tcb))
}

/// The octet that has this number, in either stream.
fn octet(seq: SeqNumber) -> u8 {
    // Neighbours differ, and so do numbers that are a power of two apart.
    (seq.0 ^ (seq.0 >> 7) ^ (seq.0 >> 15)).to_le_bytes()[0]
}

fn is_stream(start: SeqNumber, (front, back): (&[u8], &[u8])) -> bool {
    (0..).zip(front.iter().chain(back)).all(|(offset, &found)| found == octet(start + offset))
}
