//! In what situation two stacks differ: what a variation depends on.

use std::time::Duration;

use tcpspec_core::State;

use super::Which;
use super::difference::Kind;
use super::turn::{Arrival, Done, Turns};
use crate::scenario::{Scenario, ScenarioCall, Step, What};
use crate::stack::{Choice, Declaration};

/// A difference and what is around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Situation<'a> {
    pub(super) kind: &'a Kind,
    /// How much later the one that was behind did the same.
    pub(super) caught_up: Option<Duration>,
    /// What began the turn.
    pub(super) what: Option<&'a What>,
    /// The steps that belong to the turn: what began it, what came besides and what was waited for.
    steps: &'a [Step],
    /// What both stacks say that they were in, as far as they do; they agree.
    pub(super) state: Option<State>,
    /// They were in different states.
    pub(super) states_differ: bool,
    /// What had been done on the connection before the turn, by one stack and by the other.
    pub(super) before: [&'a Done; 2],
    /// The segment that began the turn, if one did.
    pub(super) arrival: Option<Arrival>,
    declarations: [&'a Declaration; 2],
    /// What one has done and the other has not was not done at once.
    pub(super) by_timer: bool,
    /// How long the story went on after the turn began.
    pub(super) time_left: Duration,
}

impl<'a> Situation<'a> {
    /// Of a difference that shows in a turn. Stacks that were in different states before it have differed since the
    /// turn that brought them there.
    pub(super) fn of(
        scenario: &'a Scenario,
        turns: [&'a Turns; 2],
        (turn, label): (usize, u8),
        (kind, caught_up): (&'a Kind, Option<Duration>),
        declarations: [&'a Declaration; 2],
    ) -> Self {
        let origin = origin(turns, turn);
        let first = &turns[0].all[origin];
        let next = turns[0].all.get(origin + 1).and_then(|turn| turn.step).unwrap_or(scenario.steps.len());
        let steps = &scenario.steps[first.step.unwrap_or_default()..next];
        let state = match turns.map(|turns| turns.all[origin].state) {
            [Some(one), Some(other)] => Some(one).filter(|_| one == other),
            [one, other] => one.or(other),
        };
        let last = turns[0].all.last().map_or(first.began, |last| last.began);
        let acted = |turns: &Turns| turns.all[turn].after(turns.done(turn, label).reset_at) > Duration::ZERO;
        Self {
            kind,
            caught_up,
            what: first.step.map(|step| &scenario.steps[step].what),
            steps,
            state,
            states_differ: origin != turn,
            before: turns.map(|turns| turns.done(origin.saturating_sub(1), label)),
            arrival: first.arrival,
            declarations,
            by_timer: turns.into_iter().any(acted),
            time_left: last.since(first.began.min(last)),
        }
    }

    /// The user's call that began the turn.
    pub(super) const fn call(&self) -> Option<ScenarioCall> {
        match self.what {
            Some(What::Call { call, .. }) => Some(*call),
            _ => None,
        }
    }

    /// Whether an ICMP error came.
    pub(super) fn icmp(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Icmp(_)))
    }

    /// Whether this stack declares such a choice.
    pub(super) fn declares(&self, which: Which, choice: impl Fn(&Choice) -> bool) -> bool {
        self.declarations[which as usize].chooses.iter().any(|(it, _)| choice(it))
    }

    /// Whether the stacks declare different lifetimes.
    pub(super) fn lifetimes_differ(&self) -> bool {
        self.declarations[0].msl != self.declarations[1].msl
    }

    /// Whether what arrived lies beyond the window that one of the stacks has offered and within that of the other.
    pub(super) fn beyond_one_offer(&self) -> bool {
        let [one, other] = self.before;
        let end = self.arrival.map_or(0, |it| i64::from(one.reached) + it.end());
        let (least, most) = (one.offered.min(other.offered), one.offered.max(other.offered));
        end > i64::from(least) && end <= i64::from(most)
    }

    /// Whether something came before that lay beyond the window offered.
    pub(super) fn beyond(&self) -> bool {
        self.before.iter().any(|done| done.beyond)
    }

    /// Whether urgent text came before.
    pub(super) fn urgent(&self) -> bool {
        self.before.iter().any(|done| done.urgent)
    }

    /// Whether the peer's numbers were known before, so that what arrives has its place.
    pub(super) fn is_open(&self) -> bool {
        self.before.iter().all(|done| done.reached > 0)
    }

    /// Whether something came before that left a gap.
    pub(super) fn gap(&self) -> bool {
        self.before.iter().any(|done| done.gap)
    }
}

/// The turn that brought two stacks into different states which they have not left since; the turn itself if they were
/// in one state before it, or do not say.
fn origin(turns: [&Turns; 2], turn: usize) -> usize {
    let differ = |turn: usize| match turns.map(|turns| turns.all[turn].state) {
        [Some(one), Some(other)] => one != other,
        _ => false,
    };
    (0..=turn).rev().find(|turn| !differ(*turn)).unwrap_or(turn)
}
