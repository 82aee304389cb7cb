//! The suite at work: plays cases to a stack, one after the other, and applies the list of known deviations.
//!
//! This is also how a stack that is not built in is tested: implement [`Stack`] and play the suite to it.
//!
//! ```
//! use tcpspec::bench::Family;
//! use tcpspec::deviation::Deviations;
//! use tcpspec::report::{Report, terminal};
//! use tcpspec::stack::{Stack, reference::Reference};
//! use tcpspec::suite::{self, Selection};
//!
//! let mut stack = Reference::new(); // yours
//! let selection = Selection { filter: Some("time-wait".into()), ..Selection::default() };
//! let deviations = Deviations::default();
//! let results = suite::play(&mut stack, selection.cases(), Family::V4, &deviations, |_| {});
//! let report = Report { stack: stack.declaration().clone(), family: Family::V4, results };
//! println!("{}", terminal::render(&report));
//! assert!(report.is_as_expected());
//! ```

use crate::bench::{self, Family};
use crate::cases::{self, Case};
use crate::deviation::Deviations;
use crate::stack::Stack;
use crate::trace::Trace;
use crate::verdict::Verdict;

/// Which cases to play.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Only cases with this text in their id.
    pub filter: Option<String>,
    /// Only cases that check this requirement.
    pub requirement: Option<String>,
}

impl Selection {
    /// The cases that are meant, in the suite's order.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        cases::all().iter().filter(|case| {
            self.filter.as_ref().is_none_or(|text| case.id.contains(text.as_str()))
                && self.requirement.as_ref().is_none_or(|id| case.scenario.checks.contains(id))
        })
    }
}

/// What came of one case.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CaseResult {
    /// The case.
    pub case: &'static Case,
    /// What happened.
    pub trace: Trace,
    /// What it means, known deviations applied.
    pub verdict: Verdict,
}

/// Plays cases to a stack. `progress` is called before each.
pub fn play(
    stack: &mut dyn Stack,
    cases: impl Iterator<Item = &'static Case>,
    family: Family,
    deviations: &Deviations,
    mut progress: impl FnMut(&'static Case),
) -> Vec<CaseResult> {
    cases
        .map(|case| {
            progress(case);
            let bench::Run { trace, verdict } = bench::run(stack, &case.scenario, family);
            let verdict = deviations.apply(&case.id, &case.scenario, stack.declaration().version, verdict);
            CaseResult { case, trace, verdict }
        })
        .collect()
}
