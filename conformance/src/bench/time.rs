//! Time: the bench lets it pass, and is fair to stacks whose time passes by itself.
//!
//! On a virtual clock with known timers everything happens at one instant. A stack on a real clock, or one that does
//! not know its next timer, is looked at again and again, and what it sends may have waited since the last look: such
//! an event has a [`Moment`] with two ends, and only what is wrong at both of them is a departure. A bench that was
//! kept from looking in time, because the machine was busy, judges nothing any more: a run that is found wanting is
//! then inconclusive.

use std::time::Duration;

use tcpspec_core::Instant;

use super::{Bench, Broke, Departure, PATIENCE};
use crate::scenario::{Scenario, Span, What, When};
use crate::stack::{Clock, NextTimer};

/// How often a stack is looked at that runs on a real clock or does not know its next timer.
const LOOK: Duration = Duration::from_millis(10);

/// How often in a row a stack may be run without reaching a later time and without sending anything.
const MOST_STANDSTILLS: u32 = 10_000;

/// When something happened: not before the one instant and not after the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Moment {
    pub(super) earliest: Instant,
    pub(super) latest: Instant,
}

impl Moment {
    pub(super) const fn at(time: Instant) -> Self {
        Self { earliest: time, latest: time }
    }
}

/// How long a scenario lasts at most on a stack with this MSL, but for the settle time of each step. It can be over sooner
/// if the stack does what is expected of it as early as it may.
#[must_use]
pub fn longest(scenario: &Scenario, msl: Duration) -> Duration {
    let mut all = Duration::ZERO;
    for step in &scenario.steps {
        all += match step.when {
            When::After(span) | When::Between(_, span) => span.resolve(msl),
            When::Whenever => PATIENCE,
        };
        if let What::Quiet(span) = step.what {
            all += span.resolve(msl);
        }
    }
    all
}

impl Bench<'_> {
    /// Lets the time pass that a stimulus is after the step before it.
    pub(super) fn wait_for(&mut self, when: When) -> Result<(), Departure> {
        if let When::After(span) = when {
            let due = self.previous.latest + self.waiting_time(span);
            if let Err(departure) = self.advance(due.max(self.now)) {
                // A segment that nothing asked for is judged all the same, however many came after it.
                if departure.undecided {
                    self.nothing_unexpected(None)?;
                }
                return Err(departure);
            }
            self.note_lateness(due);
            self.late_in_all += self.now.since(due.min(self.now));
        }
        self.previous = Moment::at(self.now);
        Ok(())
    }

    /// How long to wait for a stimulus. One that is to come a little before some lifetimes are over must not come after
    /// them: on a real clock it comes earlier by the settle time, for nobody can say how late a wait there ends.
    fn waiting_time(&self, span: Span) -> Duration {
        let time = span.resolve(self.msl);
        let just_before = span.msl > 0 && span.micros < 0;
        match self.stack.declaration().clock {
            Clock::Real if just_before => time.saturating_sub(self.settle),
            Clock::Real | Clock::Virtual => time,
        }
    }

    /// Lets the stack run until `time`, and takes what it sends.
    pub(super) fn advance(&mut self, time: Instant) -> Result<(), Departure> {
        if self.at_rest && time <= self.now {
            return Ok(());
        }
        loop {
            let (stop, reached) = self.run_towards(time)?;
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
    pub(super) fn silence(&mut self, time: Instant) -> Result<(), Departure> {
        loop {
            // What may have been sent after the end breaks no silence.
            if self.pending.front().is_some_and(|emission| emission.when.latest <= time) {
                let emission = self.pending.pop_front().expect("just seen");
                return Err(self.unexpected(&emission, "nothing may be sent here"));
            }
            if self.now >= time && !self.pending.is_empty() {
                break;
            }
            let (stop, reached) = self.run_towards(time)?;
            if self.collect_one()? || reached < stop {
                continue;
            }
            self.watch_quiet()?;
            if reached >= time {
                break;
            }
        }
        self.previous = Moment::at(self.now);
        Ok(())
    }

    /// Lets the stack run towards `time`, as far as it can go unseen. Says how far that was to be and how far it went.
    pub(super) fn run_towards(&mut self, time: Instant) -> Result<(Instant, Instant), Departure> {
        let exact = self.is_exact();
        let mut stop = self.next_stop(time);
        if !exact {
            stop = stop.min(self.now + LOOK);
        }
        let before = self.now;
        let reached = self.guarded(|stack| stack.run_until(stop))?;
        self.now = self.now.max(reached);
        self.unseen_since = if exact { self.now } else { before };
        self.note_lateness(stop);
        self.standstill = if self.now > before { 0 } else { self.standstill + 1 };
        if reached < time && self.standstill > MOST_STANDSTILLS {
            let what = format!("the stack's clock stands still at {}", self.now);
            return Err(Departure::new(what).broke(Broke::Standstill));
        }
        Ok((stop, reached))
    }

    /// Takes what a stimulus made the stack send at once.
    pub(super) fn stimulated(&mut self) -> Result<(), Departure> {
        self.unseen_since = self.now;
        if self.stack.declaration().clock == Clock::Real {
            let now = self.now;
            self.now = now.max(self.guarded(|stack| stack.run_until(now))?);
            self.previous.latest = self.now;
            self.note_lateness(now);
            self.late_in_all += self.now.since(now);
        }
        self.collect()?;
        // Before time passes nothing more comes, and the stack has said when it acts again.
        if self.is_exact() { self.watch_quiet() } else { Ok(()) }
    }

    /// Whether the stack stops at each instant at which it has something to send.
    fn is_exact(&self) -> bool {
        self.stack.declaration().clock == Clock::Virtual && self.stack.next_timer() != NextTimer::Unknown
    }

    /// The bench meant to be here at `time`. On a virtual clock it is.
    fn note_lateness(&mut self, time: Instant) {
        if self.stack.declaration().clock == Clock::Real && self.now > time {
            self.late = self.late.max(self.now.since(time));
        }
    }

    /// Whether the bench was late by more than the stack itself may be, at once or little by little: a retransmission
    /// does not wait for a story that is told too slowly.
    pub(super) fn was_late(&self) -> bool {
        let real = self.stack.declaration().clock == Clock::Real;
        real && self.late.max(self.late_in_all) > self.settle.max(LOOK)
    }

    /// Why a run that found something decides nothing.
    pub(super) fn lateness(&self) -> String {
        format!(
            "the machine kept the bench waiting for {} ms; nothing follows from what it saw",
            self.late.max(self.late_in_all).as_millis()
        )
    }
}
