//! The fuzz engine: from random stories to a handful of findings.
//!
//! Stories are [generated](Corpus), guided by what earlier ones [reached](coverage), and [judged](judge) by whoever
//! watches a run. What departs is shrunk to the shortest story with the same [cause](crate::verdict::Cause), and one
//! finding stands for all with that cause. Campaigns run in processes of their own, because a stack under test may
//! loop for ever, eat the memory or end its process; each of these is a finding like any other.
//!
//! It leaves out the rules by which a run is judged, which are the bench's and the monitor's, and printing.

use crate::bench::{self, Family, Run};
use crate::monitor::{Monitor, Uses};
use crate::scenario::Scenario;
use crate::stack::Stack;

mod campaign;
pub mod cause;
mod corpus;
pub mod coverage;
mod draw;
pub mod finding;
mod generate;
mod mutate;
mod numbers;
pub mod octets;
mod pool;
mod shrink;
mod task;
mod telling;
#[cfg(test)]
mod tests;
mod worker;

pub use campaign::{Event, Options, Outcome, Progress, Subject, run};
pub use corpus::{Corpus, Entry, without_expectations};
pub use draw::Draw;
pub use finding::Finding;
pub(crate) use shrink::shrink;
pub use task::Judged;
pub use telling::replay;
pub use worker::{HUNG, Limits, serve};

/// Judges stories, one after the other.
#[derive(Debug, Default)]
pub struct Judge {
    monitor: Monitor,
}

impl Judge {
    /// Plays a story to a stack and judges what the stack does.
    pub fn judge(&mut self, stack: &mut dyn Stack, scenario: &Scenario, family: Family) -> Run {
        bench::run_watched(stack, scenario, family, Some(&mut self.monitor))
    }

    /// How often each permitted variation excused something in the stories since this was asked before.
    pub fn take_uses(&mut self) -> Uses {
        self.monitor.take_uses()
    }
}

/// Plays a story to a stack and judges what the stack does. Whoever judges a story does it this way: campaigns, the
/// replay of findings, fuzz targets.
pub fn judge(stack: &mut dyn Stack, scenario: &Scenario, family: Family) -> Run {
    Judge::default().judge(stack, scenario, family)
}
