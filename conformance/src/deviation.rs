//! Known deviations: departures that are listed with a reason, one data file per stack.
//!
//! An entry names a case and the step at which it fails, never a whole requirement, which would swallow new bugs. A
//! listed departure does not fail the run. One that no longer happens does, so that the list stays true; and so does
//! a case that fails at another step than the one listed.

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::scenario::Scenario;
use crate::verdict::Verdict;

/// The lists that are built in, by stack.
static BUILT_IN: [(&str, &str); 1] = [("smoltcp", include_str!("../deviations/smoltcp.toml"))];

/// A departure that is known.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviation {
    /// Id of the case.
    pub case: String,
    /// The step that is not met, as the scenario writes it; `end` for what is found after the last step.
    pub at: String,
    /// Versions of the stack that depart so.
    pub versions: VersionReq,
    /// What happens and why it is on the list, in a sentence.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
}

/// The list of one stack.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deviations {
    #[serde(default, rename = "deviation")]
    entries: Vec<Deviation>,
}

impl Deviations {
    /// Reads a list from TOML.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The built-in list of a stack; empty for a stack without one.
    #[must_use]
    pub fn built_in(stack: &str) -> Self {
        let text = BUILT_IN.iter().find(|(name, _)| *name == stack).map_or("", |(_, text)| *text);
        Self::parse(text).unwrap_or_else(|error| panic!("built-in deviations of {stack}: {error}"))
    }

    /// All entries.
    #[must_use]
    pub fn entries(&self) -> &[Deviation] {
        &self.entries
    }

    /// Applies the list to the verdict on a case.
    #[must_use]
    pub fn apply(&self, case: &str, scenario: &Scenario, version: &str, verdict: Verdict) -> Verdict {
        let Some(entry) = self.entries.iter().find(|entry| entry.case == case && entry.covers(version))
        else {
            return verdict;
        };
        let (reason, link) = (entry.reason.clone(), entry.link.clone());
        match verdict {
            Verdict::Fail(failure) if place(scenario, failure.step) == entry.at => {
                Verdict::KnownDeviation { failure, reason, link }
            }
            Verdict::Pass => Verdict::FixedDeviation { reason, link },
            other => other,
        }
    }
}

impl Deviation {
    /// Whether the entry is about this version. A version that is no version is covered by any range.
    fn covers(&self, version: &str) -> bool {
        Version::parse(version).map_or(true, |version| self.versions.matches(&version))
    }
}

/// Where a scenario fails, as deviation files name it: the step's text, or `end`.
#[must_use]
pub fn place(scenario: &Scenario, step: Option<usize>) -> String {
    match step.and_then(|step| scenario.steps.get(step)) {
        Some(step) => step.what.to_string(),
        None => "end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::Level;
    use crate::scenario;
    use crate::verdict::Failure;

    const LIST: &str = r#"
        [[deviation]]
        case = "1/a"
        at = "> R"
        versions = ">=0.14, <0.15"
        reason = "why"
    "#;

    fn scenario() -> Scenario {
        scenario::parse_one("tcpspec 1\n\nscenario a\n\n+0 open passive\n+0 > R\n").expect("valid")
    }

    fn failure(step: Option<usize>) -> Verdict {
        let what = "it differs".to_owned();
        Verdict::Fail(Failure { requirements: Vec::new(), level: Level::Must, what, step, trace_line: None })
    }

    fn judge(version: &str, verdict: Verdict) -> &'static str {
        let list = Deviations::parse(LIST).expect("valid");
        list.apply("1/a", &scenario(), version, verdict).word()
    }

    #[test]
    fn a_listed_failure_is_known_and_a_listed_pass_is_fixed() {
        assert_eq!(judge("0.14.0", failure(Some(1))), "KNOWN");
        assert_eq!(judge("0.14.0", Verdict::Pass), "FIXED");
        assert_eq!(judge("0.14.0", Verdict::Skipped("no".into())), "SKIPPED");
    }

    #[test]
    fn another_step_another_version_and_another_case_are_not_covered() {
        assert_eq!(judge("0.14.0", failure(Some(0))), "FAIL");
        assert_eq!(judge("0.14.0", failure(None)), "FAIL");
        assert_eq!(judge("0.15.0", failure(Some(1))), "FAIL");
        let list = Deviations::parse(LIST).expect("valid");
        assert_eq!(list.apply("1/b", &scenario(), "0.14.0", Verdict::Pass), Verdict::Pass);
    }

    #[test]
    fn a_file_with_an_unknown_word_is_refused_by_name() {
        let error =
            Deviations::parse("[[deviation]]\ncase = \"x\"\nbecause = \"y\"\n").expect_err("unknown word");
        assert!(error.to_string().contains("because"), "{error}");
    }

    #[test]
    fn built_in_lists_name_cases_and_steps_that_exist() {
        for (stack, _) in BUILT_IN {
            for entry in Deviations::built_in(stack).entries() {
                let case = crate::cases::all().iter().find(|case| case.id == entry.case);
                let case = case.unwrap_or_else(|| panic!("{stack}: no case {}", entry.case));
                let steps = case.scenario.steps.iter().map(|step| step.what.to_string());
                let mut places = steps.chain(["end".to_owned()]);
                assert!(
                    places.any(|place| place == entry.at),
                    "{stack}: {} has no step {:?}",
                    entry.case,
                    entry.at
                );
            }
        }
    }
}
