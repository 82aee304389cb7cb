//! The same story told to two stacks, and where they part.
//!
//! Each stack is judged by a [monitor](crate::monitor) of its own, and by what the scenario expects; two stacks that
//! differ may both be right. Their traces are cut into turns, one for each thing that user and peer do, and compared turn
//! by turn in what a user and a peer can tell apart: outcomes of calls, resets, what is opened, closed, sent and
//! acknowledged, and whether a segment is answered. What the standard always leaves open (V-28: how text is cut, windows,
//! delayed acknowledgments, PUSH, initial numbers) is not looked at; what it leaves open here is told apart from the
//! rest by its [variation](Variation). The stacks part at the first judged difference: the first objection, or else the
//! first difference that no variation explains.
//!
//! It leaves out what is right, which is for the monitor and the scenario to say; state is shown and helps to name a
//! variation, and is no ground for a verdict.

use crate::bench::{self, Family, Run};
use crate::monitor::Monitor;
use crate::scenario::Scenario;
use crate::stack::{Declaration, Stack};
use crate::verdict::{Failure, Verdict};

mod difference;
mod merged;
pub mod relations;
mod situation;
#[cfg(test)]
mod tests;
mod turn;
mod variation;

pub use difference::{Difference, Kind};
pub use merged::{Line, merged};
pub use variation::{VARIATIONS, Variation};

/// One of the two stacks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Which {
    /// The stack under test.
    First,
    /// The one that it is held against.
    Second,
}

impl Which {
    /// Both, in order.
    pub const BOTH: [Self; 2] = [Self::First, Self::Second];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// What one stack made of the story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Telling {
    /// The stack.
    pub stack: Declaration,
    /// What happened, and what it means.
    pub run: Run,
}

impl Telling {
    /// What the stack is objected to, if it is.
    #[must_use]
    pub const fn objection(&self) -> Option<&Failure> {
        self.run.verdict.failure()
    }

    /// Why nothing follows from it, if nothing does.
    fn undecided(&self) -> Option<&str> {
        match &self.run.verdict {
            Verdict::Skipped(reason) | Verdict::Inconclusive(reason) => Some(reason),
            _ => None,
        }
    }
}

/// Where two stacks part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Parting {
    /// They do not.
    None,
    /// The monitor, or the scenario, objects to this one first.
    Objection(Which),
    /// It objects to both, for the same.
    Alike,
    /// It objects to neither, but this is where they are no longer alike: [`Comparison::parting_difference`].
    Difference,
    /// One of them could not be asked.
    Undecided(Which),
}

/// Two tellings of one story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// Of the first stack and of the second.
    pub tellings: [Telling; 2],
    /// In what they differ, in order, as far as they were compared: to the end of the shorter, or to where nothing
    /// that follows is comparable any more.
    pub differences: Vec<Difference>,
    /// Where they part.
    pub parting: Parting,
}

impl Comparison {
    /// What this stack made of the story.
    #[must_use]
    pub const fn telling(&self, which: Which) -> &Telling {
        &self.tellings[which as usize]
    }

    /// Whether anything is objected to in any of them.
    #[must_use]
    pub fn fails(&self) -> bool {
        self.tellings.iter().any(|telling| telling.run.verdict.fails_the_run())
    }

    /// The difference that makes two stories of one: the first that no variation explains, or else the one from which
    /// on nothing can be compared.
    #[must_use]
    pub fn parting_difference(&self) -> Option<&Difference> {
        parting_difference(&self.differences)
    }
}

fn parting_difference(differences: &[Difference]) -> Option<&Difference> {
    let unexplained = differences.iter().find(|difference| difference.variation.is_none());
    unexplained.or_else(|| differences.iter().find(|difference| difference.splits))
}

/// Compares stacks, for any number of stories one after the other.
#[derive(Debug, Default)]
pub struct Differential {
    monitors: [Monitor; 2],
}

impl Differential {
    /// Tells a story to two stacks, each under its own monitor, and compares what they make of it.
    pub fn compare(
        &mut self,
        first: &mut dyn Stack,
        second: &mut dyn Stack,
        scenario: &Scenario,
        family: Family,
    ) -> Comparison {
        let [one, other] = &mut self.monitors;
        let tell = |stack: &mut dyn Stack, monitor: &mut Monitor| {
            let run = bench::run_watched(stack, scenario, family, Some(monitor));
            Telling { stack: stack.declaration().clone(), run }
        };
        let tellings = [tell(first, one), tell(second, other)];
        compared(scenario, tellings)
    }
}

/// What two tellings of a story amount to.
fn compared(scenario: &Scenario, tellings: [Telling; 2]) -> Comparison {
    let undecided = Which::BOTH.into_iter().find(|which| tellings[*which as usize].undecided().is_some());
    if let Some(which) = undecided {
        return Comparison { tellings, differences: Vec::new(), parting: Parting::Undecided(which) };
    }
    let differences = difference::between(scenario, &tellings);
    let parting = match [tellings[0].objection(), tellings[1].objection()] {
        [Some(one), Some(other)] if is_same(one, other) => Parting::Alike,
        [Some(one), Some(other)] if is_earlier(other, one) => Parting::Objection(Which::Second),
        [Some(_), _] => Parting::Objection(Which::First),
        [None, Some(_)] => Parting::Objection(Which::Second),
        [None, None] if parting_difference(&differences).is_some() => Parting::Difference,
        [None, None] => Parting::None,
    };
    Comparison { tellings, differences, parting }
}

/// Whether two objections are to the same, at the same step.
fn is_same(one: &Failure, other: &Failure) -> bool {
    one.step == other.step && one.cause == other.cause && one.requirements == other.requirements
}

/// Whether an objection comes at an earlier step than another.
fn is_earlier(one: &Failure, other: &Failure) -> bool {
    one.step.unwrap_or(usize::MAX) < other.step.unwrap_or(usize::MAX)
}
