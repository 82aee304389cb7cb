//! Reports: what a person or a program reads of a run. Everything here returns text; nothing prints.

use crate::bench::Family;
use crate::stack::Declaration;
use crate::suite::{CaseResult, Gone};
use crate::verdict::Verdict;

pub mod differential;
pub mod explanation;
pub mod fuzzing;
pub mod grid;
pub mod json;
pub mod junit;
mod places;
pub mod profile;
pub mod promises;
pub mod standing;
pub mod terminal;

/// A run to report on.
#[derive(Clone, Debug)]
pub struct Report {
    /// The stack.
    pub stack: Declaration,
    /// Over which network.
    pub family: Family,
    /// What came of each case, in the suite's order.
    pub results: Vec<CaseResult>,
    /// Listed departures that do not happen in their stories any more.
    pub gone: Vec<Gone>,
}

/// How many cases came to each verdict.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// The stack did what the standard asks for.
    pub passed: usize,
    /// It did not, and nobody had listed it.
    pub failed: usize,
    /// It did not, as listed.
    pub known: usize,
    /// Listed, and gone.
    pub fixed: usize,
    /// Not run, for a reason.
    pub skipped: usize,
    /// Without judgement, for a reason.
    pub inconclusive: usize,
}

impl Counts {
    /// Counts verdicts.
    #[must_use]
    pub fn of<'a>(verdicts: impl Iterator<Item = &'a Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            *match verdict {
                Verdict::Pass => &mut counts.passed,
                Verdict::Fail(_) => &mut counts.failed,
                Verdict::KnownDeviation { .. } => &mut counts.known,
                Verdict::FixedDeviation { .. } => &mut counts.fixed,
                Verdict::Skipped(_) => &mut counts.skipped,
                Verdict::Inconclusive(_) => &mut counts.inconclusive,
            } += 1;
        }
        counts
    }

    /// `12 passed, 1 failed, 3 known deviations`, leaving out what did not happen.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { passed, failed, known, fixed, skipped, inconclusive } = *self;
        let named = [
            (passed, "passed"),
            (failed, "failed"),
            (known, if known == 1 { "known deviation" } else { "known deviations" }),
            (fixed, if fixed == 1 { "fixed deviation" } else { "fixed deviations" }),
            (skipped, "skipped"),
            (inconclusive, "inconclusive"),
        ];
        let parts: Vec<_> = named
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, name)| format!("{count} {name}"))
            .collect();
        if parts.is_empty() { "nothing ran".to_owned() } else { parts.join(", ") }
    }
}

impl Report {
    /// How many cases came to each verdict; a listed departure that is gone is a fixed one, with or without a case.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let counts = Counts::of(self.results.iter().map(|result| &result.verdict));
        Counts { fixed: counts.fixed + self.gone.len(), ..counts }
    }

    /// Whether everything came out as the standard, or the list of known deviations, has it.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.gone.is_empty() && !self.results.iter().any(|result| result.verdict.fails_the_run())
    }

    /// `IPv4` or `IPv6`.
    #[must_use]
    pub const fn network(&self) -> &'static str {
        match self.family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_said_without_zeros() {
        assert_eq!(Counts::default().text(), "nothing ran");
        let verdicts = [
            Verdict::Pass,
            Verdict::Pass,
            Verdict::Skipped("why".into()),
            Verdict::FixedDeviation { reason: "why".into(), link: None },
        ];
        assert_eq!(Counts::of(verdicts.iter()).text(), "2 passed, 1 fixed deviation, 1 skipped");
    }
}
