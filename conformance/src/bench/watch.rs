//! Judges that watch a run from outside while it happens.

use tcpspec_core::{Instant, SeqNumber};

use super::{Bench, Departure};
use crate::scenario::IcmpKind;
use crate::stack::{CallOutcome, Clock, Declaration, NextTimer, Setup, UserCall};
use crate::verdict::Failure;
use crate::wire::{Endpoints, Parsed};

/// Sees what anybody outside the stack could see, in the order in which it happens, and may object.
///
/// After each of the methods that tell of an event the bench asks for a finding; a finding ends the run.
pub trait Watcher {
    /// A run begins: the stack was reset with this setup.
    fn begin(&mut self, declaration: &Declaration, setup: &Setup);

    /// The user made a call and got this answer. What it made the stack send comes afterwards.
    fn called(&mut self, now: Instant, call: UserCall<'_>, outcome: &CallOutcome);

    /// A packet is about to reach the stack's host.
    fn delivered(&mut self, now: Instant, packet: &Parsed<'_>);

    /// The stack sent a packet.
    fn emitted(&mut self, now: Instant, packet: &Parsed<'_>);

    /// An ICMP error is about to reach the stack's host; it quotes a segment that went between these sockets, from the
    /// stack, with this sequence number. Judges that know nothing of ICMP need not listen.
    fn icmp_error(&mut self, now: Instant, kind: IcmpKind, quoted: Endpoints, seq: SeqNumber) {
        let _ = (now, kind, quoted, seq);
    }

    /// The network device takes nothing from now on, or takes packets again.
    fn device_refuses(&mut self, now: Instant, refuses: bool);

    /// The stack ran until `now` and has no more to send: what was due by then and did not come is missing. It says when
    /// its next timer is due.
    fn quiet(&mut self, now: Instant, next: NextTimer);

    /// The story is over; nothing more will be seen.
    fn end(&mut self, now: Instant);

    /// When something falls due: the bench polls the stack then, unless it is past.
    fn next_deadline(&self) -> Option<Instant>;

    /// The first objection that has not been asked for yet.
    fn take_finding(&mut self) -> Option<Failure>;
}

impl Bench<'_> {
    /// Tells the watcher of an event; its objection ends the run.
    pub(super) fn watch(&mut self, tell: impl FnOnce(&mut dyn Watcher, Instant)) -> Result<(), Departure> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        tell(&mut **watcher, self.now);
        match watcher.take_finding() {
            None => Ok(()),
            Some(failure) => {
                let departure = Departure { found: Some(Box::new(failure)), ..Departure::new("") };
                Err(match self.trace.entries.len() {
                    0 => departure,
                    lines => departure.at_line(lines - 1),
                })
            }
        }
    }

    /// Makes a user call; its panic or the watcher's objection is a departure.
    pub(super) fn call_stack(&mut self, call: UserCall<'_>) -> Result<CallOutcome, Departure> {
        let outcome = self.guarded(|stack| stack.call(call))?;
        self.watch(|watcher, now| watcher.called(now, call, &outcome))?;
        Ok(outcome)
    }

    /// Nothing more comes from the stack at the present time.
    pub(super) fn watch_quiet(&mut self) -> Result<(), Departure> {
        if self.watcher.is_none() {
            return Ok(());
        }
        let next = self.guarded(|stack| stack.next_timer())?;
        self.watch(|watcher, now| watcher.quiet(now, next))?;
        self.at_rest = self.stack.declaration().clock == Clock::Virtual
            && match next {
                NextTimer::At(time) => time > self.now,
                NextTimer::Never => true,
                NextTimer::Unknown => false,
            };
        Ok(())
    }

    /// The story is over.
    pub(super) fn end_watch(&mut self) -> Result<(), Departure> {
        self.watch(|watcher, now| watcher.end(now))
    }

    /// How far the stack may run before the watcher wants to look: `time`, or the watcher's deadline before it.
    pub(super) fn next_stop(&self, time: Instant) -> Instant {
        let deadline = self.watcher.as_ref().and_then(|watcher| watcher.next_deadline());
        deadline.filter(|deadline| *deadline > self.now).map_or(time, |deadline| deadline.min(time))
    }
}
