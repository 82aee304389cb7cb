//! The stories of a list of known deviations: whether the stack still does in each what the story is listed for.
//!
//! Campaigns ask the same of their list. Here it makes the suite's list as true as its cases are: a change of the stack
//! that mends a departure, or turns it into another, shows in what was known already.

use crate::bench::{self, Family};
use crate::deviation::{Deviations, KnownFinding};
use crate::monitor::Monitor;
use crate::stack::Stack;
use crate::verdict::Verdict;

/// An entry whose story does not show it any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gone {
    /// The entry.
    pub entry: KnownFinding,
    /// What the story came to: nothing to object to, or something else.
    pub instead: Verdict,
}

/// Plays the stories that are listed for this version of the stack. A story that the stack or the network lacks something
/// for says nothing.
pub fn gone(stack: &mut dyn Stack, family: Family, deviations: &Deviations) -> Vec<Gone> {
    let version = stack.declaration().version.clone();
    let mut monitor = Monitor::default();
    let told = deviations.findings_of(&version).filter_map(|entry| {
        let story = entry.scenario()?.ok()?;
        let instead = bench::run_watched(stack, &story, family, Some(&mut monitor)).verdict;
        let gone = match &instead {
            Verdict::Pass => true,
            Verdict::Fail(failure) => !failure.cause.as_ref().is_some_and(|cause| entry.names(cause)),
            _ => false,
        };
        gone.then(|| Gone { entry: entry.clone(), instead })
    });
    told.collect()
}
