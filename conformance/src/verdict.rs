//! Verdicts: what came of one check of one stack.
//!
//! A verdict speaks about the stack under test. Our own bugs are panics, and trouble of the environment is a
//! `Result`; neither is a verdict. What it leaves out: how verdicts are reached (the bench), which deviations
//! are known (data), and how they are written down (reports).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use tcpspec_core::State;

use crate::requirement::Level;

/// A departure from the standard, with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Ids of the requirements that were not met; see [`crate::requirement::find`].
    pub requirements: Vec<String>,
    /// How grave it is: the level of the gravest of them, see [`crate::requirement::gravest`].
    pub level: Level,
    /// What was expected and what was seen instead, in one sentence that uses the RFC's terms.
    pub what: String,
    /// Which step of the scenario was not met, counted from zero; none if no single step is to blame.
    pub step: Option<usize>,
    /// Which line of the trace shows it, counted from zero; none if it shows in what is missing from the
    /// whole trace.
    pub trace_line: Option<usize>,
    /// What makes it the same departure as another one, if a rule found it and not a scenario's expectation.
    pub cause: Option<Cause>,
}

/// What two departures have in common if they are one for the people who mend them: stable across runs, seeds and
/// sequence numbers. Its `Display` is the signature of a finding.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Cause {
    /// Id of the rule that was broken, such as `I-057`.
    pub rule: Cow<'static, str>,
    /// The state that the rule's judge believes the stack's end to be in; none where it does not matter.
    pub state: Option<State>,
    /// The class of the segment or call in question, such as `RST in window`.
    pub class: Cow<'static, str>,
    /// What was different, such as `no answer`.
    pub differed: Cow<'static, str>,
}

/// `I-057 ESTABLISHED: RST in window: no answer`
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, state, class, differed } = self;
        f.write_str(rule)?;
        if let Some(state) = state {
            write!(f, " {state}")?;
        }
        write!(f, ": {class}: {differed}")
    }
}

/// `MUST-13, MAY-2 (MUST): what`
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requirements, level, what, step: _, trace_line: _, cause: _ } = self;
        match requirements.as_slice() {
            [] => write!(f, "{level}: {what}"),
            ids => write!(f, "{} ({level}): {what}", ids.join(", ")),
        }
    }
}

/// What a second reading of the standard makes of a departure. The strongest come first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reading {
    /// A MUST, or what §3.10 says happens, and nothing permits otherwise.
    Plain,
    /// Nothing but a SHOULD.
    Should,
    /// The letter is broken, but there is an answer: the reason says which.
    Arguable,
}

impl Reading {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Should, Self::Arguable];

    /// The word in lists and reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Should => "should",
            Self::Arguable => "arguable",
        }
    }
}

/// What came of a check. Its `Display` is the word that reports use, without the explanation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The stack did what the standard asks for.
    Pass,
    /// It did not.
    Fail(Failure),
    /// The evidence permits no judgement, for the reason given. Never counted as a pass.
    Inconclusive(String),
    /// The check did not run, for the reason given: the stack declares that it lacks something, or the
    /// environment does not offer it. Never counted as a pass.
    Skipped(String),
    /// It failed, and a deviation file lists just this failure. Does not fail the run.
    KnownDeviation {
        /// What happened.
        failure: Failure,
        /// Why it is known and left, from the deviation file.
        reason: String,
        /// What a second reading of the standard makes of it, from the deviation file.
        reading: Option<Reading>,
        /// Where it is discussed, from the deviation file.
        link: Option<String>,
    },
    /// It passed although a deviation file lists a failure. Fails the run, so that the list stays true.
    FixedDeviation {
        /// The reason that the deviation file gave.
        reason: String,
        /// Where it is discussed, from the deviation file.
        link: Option<String>,
    },
}

impl Verdict {
    /// The word that reports use, in capitals.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail(_) => "FAIL",
            Self::Inconclusive(_) => "INCONCLUSIVE",
            Self::Skipped(_) => "SKIPPED",
            Self::KnownDeviation { .. } => "KNOWN",
            Self::FixedDeviation { .. } => "FIXED",
        }
    }

    /// Whether it makes the run end with exit code 1: a failure that is not listed, or a listed one that is
    /// gone.
    #[must_use]
    pub const fn fails_the_run(&self) -> bool {
        match self {
            Self::Fail(_) | Self::FixedDeviation { .. } => true,
            Self::Pass | Self::Inconclusive(_) | Self::Skipped(_) | Self::KnownDeviation { .. } => false,
        }
    }

    /// The departure from the standard, listed or not, if there was one.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Fail(failure) | Self::KnownDeviation { failure, .. } => Some(failure),
            Self::Pass | Self::Inconclusive(_) | Self::Skipped(_) | Self::FixedDeviation { .. } => None,
        }
    }

    /// Why, in one sentence: what went wrong, or the reason given. A pass needs none.
    #[must_use]
    pub fn explanation(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(failure) => Some(&failure.what),
            Self::Inconclusive(reason)
            | Self::Skipped(reason)
            | Self::KnownDeviation { reason, .. }
            | Self::FixedDeviation { reason, .. } => Some(reason),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure() -> Failure {
        Failure {
            requirements: vec!["MUST-13".into(), "MAY-2".into()],
            level: Level::Must,
            what: "Expected TIME-WAIT for two MSL, seen CLOSED after one.".into(),
            step: Some(7),
            cause: None,
            trace_line: Some(12),
        }
    }

    #[test]
    fn each_verdict_has_its_word_its_weight_and_its_explanation() {
        let reason = || String::from("why");
        let known =
            Verdict::KnownDeviation { failure: failure(), reason: reason(), reading: None, link: None };
        let fixed = Verdict::FixedDeviation { reason: reason(), link: None };
        let what = failure().what;
        for (verdict, word, fails, explanation, shows_failure) in [
            (Verdict::Pass, "PASS", false, None, false),
            (Verdict::Fail(failure()), "FAIL", true, Some(what.as_str()), true),
            (Verdict::Inconclusive(reason()), "INCONCLUSIVE", false, Some("why"), false),
            (Verdict::Skipped(reason()), "SKIPPED", false, Some("why"), false),
            (known, "KNOWN", false, Some("why"), true),
            (fixed, "FIXED", true, Some("why"), false),
        ] {
            assert_eq!((verdict.to_string(), verdict.fails_the_run()), (word.to_owned(), fails));
            assert_eq!(verdict.explanation(), explanation);
            assert_eq!(verdict.failure().is_some(), shows_failure, "{word}");
        }
    }

    #[test]
    fn words_and_levels_can_be_aligned_in_columns() {
        assert_eq!(format!("{:<8}|{:>8}|", Verdict::Pass, Level::May), "PASS    |     MAY|");
    }

    #[test]
    fn a_failure_is_one_line_that_names_its_requirements() {
        let line = "MUST-13, MAY-2 (MUST): Expected TIME-WAIT for two MSL, seen CLOSED after one.";
        assert_eq!(failure().to_string(), line);
        assert_eq!(
            Failure { requirements: Vec::new(), ..failure() }.to_string(),
            format!("MUST: {}", failure().what)
        );
    }
}
