//! The suite at work: plays cases to a stack and applies the list of known deviations. Cases that have to wait for a real
//! clock are played [side by side].
//!
//! [side by side]: play_side_by_side
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
//! let gone = suite::gone(&mut stack, Family::V4, &deviations);
//! let report = Report { stack: stack.declaration().clone(), family: Family::V4, results, gone };
//! println!("{}", terminal::render(&report));
//! assert!(report.is_as_expected());
//! ```

use crate::bench::{self, Family, Run};
use crate::cases::{self, Case};
use crate::deviation::Deviations;
use crate::scenario;
use crate::stack::Stack;
use crate::trace::Trace;
use crate::verdict::Verdict;

mod listed;
pub mod sensitivity;
mod side_by_side;

pub use listed::{Gone, gone};
pub use side_by_side::{Turn, Waiting, play_side_by_side};

/// Which cases to play.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Only the cases of this section if it is the number of one, such as `3.6`; else only cases with this text in their
    /// id.
    pub filter: Option<String>,
    /// Only cases that check this requirement.
    pub requirement: Option<String>,
}

impl Selection {
    /// The cases that are meant, in the suite's order.
    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        cases::all().iter().filter(|case| {
            self.filter.as_deref().is_none_or(|text| is_meant(case, text))
                && self.requirement.as_ref().is_none_or(|id| case.scenario.checks.contains(id))
        })
    }
}

/// Whether a filter means this case.
fn is_meant(case: &Case, text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit());
    if text.split('.').all(number) { case.section == text } else { case.id.contains(text) }
}

/// The case whose id looks most like `id`, for "did you mean"; none if none is close.
#[must_use]
pub fn nearest_case(id: &str) -> Option<&'static Case> {
    let near = scenario::nearest(id, cases::all().iter().map(|case| case.id.as_str()))?;
    cases::all().iter().find(|case| case.id == near)
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
    /// Where the list of known deviations expects the case to fail, if it does. A verdict of FAIL then means that it
    /// failed elsewhere.
    pub listed_at: Option<String>,
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
            let run = bench::run(stack, &case.scenario, family);
            result(case, run, deviations, &stack.declaration().version)
        })
        .collect()
}

/// What a run means once the list of known deviations has been applied.
fn result(case: &'static Case, run: Run, deviations: &Deviations, version: &str) -> CaseResult {
    let Run { trace, verdict } = run;
    let verdict = deviations.apply(&case.id, &case.scenario, version, verdict);
    let listed_at = deviations.expected_at(&case.id, version).map(str::to_owned);
    CaseResult { case, trace, verdict, listed_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sections of the cases that a filter selects.
    fn sections(filter: &str) -> Vec<&'static str> {
        let selection = Selection { filter: Some(filter.to_owned()), ..Selection::default() };
        let mut sections: Vec<_> = selection.cases().map(|case| case.section).collect();
        sections.dedup();
        sections
    }

    #[test]
    fn the_number_of_a_section_selects_that_section_alone() {
        assert_eq!(sections("3.6"), ["3.6"]);
        assert_eq!(sections("3.6.1"), ["3.6.1"]);
        assert_eq!(sections("3"), [""; 0]);
        assert!(sections("3.6.").contains(&"3.6.1"), "not a number: a part of the id");
        assert!(sections("open").len() > 1);
    }

    #[test]
    fn the_nearest_case_is_one_slip_away() {
        let near = |id| nearest_case(id).map(|case| case.id.as_str());
        assert_eq!(near("3.5/pasive-open"), Some("3.5/passive-open"));
        assert_eq!(near("no/such/file"), None);
    }
}
