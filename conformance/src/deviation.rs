//! Known deviations: departures that are listed with a reason, one data file per stack.
//!
//! A list has one entry for each cause, with all that shows it: cases of the suite and the steps at which they fail,
//! cells of the grid, findings of campaigns. It never names a whole requirement where something less will do, which would
//! swallow new bugs. A listed departure does not fail the run. One that no longer happens does, so that the list stays
//! true; and so does a case that fails at another step than the one listed, or where something else is seen there.

use std::sync::Arc;

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::cases;
use crate::scenario::Scenario;
use crate::suite;
use crate::verdict::{Cause, Failure, Reading, Verdict};

mod finding;
mod list;
#[cfg(test)]
mod reading;

pub use finding::KnownFinding;

/// The lists that are built in, by stack.
static BUILT_IN: [(&str, &str); 3] = [
    ("reference", include_str!("../deviations/reference.toml")),
    ("smoltcp", include_str!("../deviations/smoltcp.toml")),
    ("linux", include_str!("../deviations/linux.toml")),
];

/// Why a stack departs from the standard, and which versions do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownCause {
    /// Versions of the stack that depart so.
    pub versions: VersionReq,
    /// How the standard's text bears it out; none: not read a second time.
    pub reading: Option<Reading>,
    /// What happens and why it is on the list, in a sentence.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
}

/// A case that is known to fail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deviation {
    /// Id of the case.
    pub case: String,
    /// The step that is not met, as the scenario writes it; `end` for what is found after the last step.
    pub at: String,
    /// What is seen there, as [`seen`] tells it, one for each network if they differ; empty: whatever is seen.
    pub seen: Vec<String>,
    /// Why.
    pub cause: Arc<KnownCause>,
}

/// Cells of the [grid](crate::grid) that are known to differ in one way, as `tcpspec grid` prints them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GridDeviation {
    /// The check of RFC 9293 §3.10.7 that decides them.
    pub clause: String,
    /// The requirement that decides them.
    pub requirement: String,
    /// How they differ.
    pub what: String,
    /// Which they are: the ranges, word for word.
    pub cells: Vec<String>,
    /// Why.
    pub cause: Arc<KnownCause>,
}

/// A requirement that a [measure](crate::standing) finds departed from, known as a whole: only for what a stack lacks
/// altogether, for it swallows whatever else departs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequirementDeviation {
    /// Id of the requirement.
    pub id: String,
    /// Why.
    pub cause: Arc<KnownCause>,
}

/// The list of one stack.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(from = "list::List")]
pub struct Deviations {
    entries: Vec<Deviation>,
    findings: Vec<KnownFinding>,
    grid: Vec<GridDeviation>,
    requirements: Vec<RequirementDeviation>,
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

    /// The entry for a requirement as a whole, if there is one for this version.
    #[must_use]
    pub fn requirement(&self, id: &str, version: &str) -> Option<&RequirementDeviation> {
        self.requirements.iter().find(|entry| entry.id == id && entry.cause.covers(version))
    }

    /// The entries about cells of the grid that concern this version.
    pub fn grid(&self, version: &str) -> impl Iterator<Item = &GridDeviation> {
        self.grid.iter().filter(move |entry| entry.cause.covers(version))
    }

    /// All entries for findings of campaigns.
    #[must_use]
    pub fn findings(&self) -> &[KnownFinding] {
        &self.findings
    }

    /// The entry for a departure with this cause whatever the story, if there is one.
    #[must_use]
    pub fn finding(&self, cause: &Cause, version: &str) -> Option<&KnownFinding> {
        self.findings_of(version).find(|entry| entry.is_about(cause))
    }

    /// The entry for a departure with this cause in the shortest story that shows it, if there is one: the one that says
    /// most of it.
    #[must_use]
    pub fn finding_in(&self, cause: &Cause, story: &Scenario, version: &str) -> Option<&KnownFinding> {
        let in_story = |entry: &&KnownFinding| !entry.due_to(cause, story).is_empty();
        let specific = |entry: &&KnownFinding| entry.is_specific() && in_story(entry);
        let found = self.finding(cause, version).or_else(|| self.findings_of(version).find(specific));
        found.or_else(|| self.findings_of(version).find(in_story))
    }

    /// Applies the list to the verdict of a judge: a departure with a cause that is listed is known.
    #[must_use]
    pub fn apply_to_cause(&self, version: &str, verdict: Verdict) -> Verdict {
        applied(verdict, |cause| self.finding(cause, version))
    }

    /// Applies the list to the verdict on a story that is as short as it gets.
    #[must_use]
    pub fn apply_to_story(&self, story: &Scenario, version: &str, verdict: Verdict) -> Verdict {
        applied(verdict, |cause| self.finding_in(cause, story, version))
    }

    /// The entries for findings that are about this version.
    pub fn findings_of(&self, version: &str) -> impl Iterator<Item = &KnownFinding> {
        self.findings.iter().filter(move |entry| entry.cause.covers(version))
    }

    /// Checks the entries against the suite, whatever versions they are about.
    ///
    /// # Errors
    /// The first entry that could never apply, because its case or its step does not exist or because an entry before
    /// it says the same thing of the same versions; and why.
    pub fn check(&self) -> Result<(), String> {
        for (index, entry) in self.entries.iter().enumerate() {
            let problem = |what: String| Err(format!("case {:?}: {what}", entry.case));
            let Some(case) = cases::all().iter().find(|case| case.id == entry.case) else {
                let near = suite::nearest_case(&entry.case);
                let near = near.map_or(String::new(), |near| format!("; did you mean {}?", near.id));
                return problem(format!("there is no such case{near}"));
            };
            let steps = (0..case.scenario.steps.len()).map(Some).chain([None]);
            if !steps.into_iter().any(|step| place(&case.scenario, step) == entry.at) {
                return problem(format!(
                    "{:?} is neither a step of the case nor `end`; `tcpspec explain {}` shows its steps",
                    entry.at, case.id
                ));
            }
            let versions = &entry.cause.versions;
            let same = |other: &Deviation| other.case == entry.case && other.cause.versions == *versions;
            if self.entries[..index].iter().any(same) {
                return problem(format!("it is listed for versions {versions} before"));
            }
        }
        self.check_findings()
    }

    fn check_findings(&self) -> Result<(), String> {
        let problems = self.findings.iter().map(KnownFinding::problem);
        let first = problems.enumerate().find_map(|(index, problem)| Some((index, problem?)));
        first.map_or(Ok(()), |(index, problem)| Err(format!("finding {}: {problem}", index + 1)))
    }

    /// Where the list expects a case to fail, if it does.
    #[must_use]
    pub fn expected_at(&self, case: &str, version: &str) -> Option<&str> {
        self.entry(case, version).map(|entry| entry.at.as_str())
    }

    fn entry(&self, case: &str, version: &str) -> Option<&Deviation> {
        self.entries.iter().find(|entry| entry.case == case && entry.cause.covers(version))
    }

    /// Applies the list to the verdict on a case.
    #[must_use]
    pub fn apply(&self, case: &str, scenario: &Scenario, version: &str, verdict: Verdict) -> Verdict {
        let Some(entry) = self.entry(case, version) else { return verdict };
        let KnownCause { reading, reason, link, .. } = KnownCause::clone(&entry.cause);
        match verdict {
            Verdict::Fail(failure)
                if place(scenario, failure.step) == entry.at && entry.lists(seen(&failure)) =>
            {
                Verdict::KnownDeviation { failure, reason, reading, link }
            }
            Verdict::Pass => Verdict::FixedDeviation { reason, link },
            other => other,
        }
    }
}

impl Deviation {
    fn lists(&self, seen: &str) -> bool {
        self.seen.is_empty() || self.seen.iter().any(|listed| listed == seen)
    }
}

impl KnownCause {
    /// Whether it is about this version. A version that is no version is covered by any range.
    fn covers(&self, version: &str) -> bool {
        Version::parse(version).map_or(true, |version| self.versions.matches(&version))
    }
}

/// A verdict, given the entry for a cause.
fn applied<'e>(verdict: Verdict, entry: impl FnOnce(&Cause) -> Option<&'e KnownFinding>) -> Verdict {
    let Verdict::Fail(failure) = verdict else { return verdict };
    match failure.cause.as_ref().and_then(entry) {
        Some(entry) => {
            let KnownCause { reading, reason, link, .. } = KnownCause::clone(&entry.cause);
            Verdict::KnownDeviation { failure, reason, reading, link }
        }
        None => Verdict::Fail(failure),
    }
}

/// Where a scenario fails, as deviation files name it: the step's text, or `end`.
#[must_use]
pub fn place(scenario: &Scenario, step: Option<usize>) -> String {
    match step.and_then(|step| scenario.steps.get(step)) {
        Some(step) => step.action(),
        None => "end".to_owned(),
    }
}

/// What was seen in a failure, without what was expected in its place.
#[must_use]
pub fn seen(failure: &Failure) -> &str {
    const NOTHING: &str = "nothing was sent";
    match failure.what.split_once("; ") {
        Some((seen, _)) => seen,
        None if failure.what.ends_with(NOTHING) => NOTHING,
        None => &failure.what,
    }
}

/// The line for a case that fails at this place, where this is seen, among the `cases` of a cause.
#[must_use]
pub fn case_line(case: &str, place: &str, seen: &str) -> String {
    format!("{{ case = {}, at = {}, seen = [{}] }},", quoted(case), quoted(place), quoted(seen))
}

/// Text in double quotes, as TOML reads it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement::Level;
    use crate::scenario;

    const LIST: &str = r#"
        [[cause]]
        versions = ">=0.14, <0.15"
        reason = "why"
        cases = [{ case = "1/a", at = "> R" }]
    "#;

    fn scenario() -> Scenario {
        scenario::parse_one("tcpspec 1\n\nscenario a\n\n+0 open passive\n+0 > R\n").expect("valid")
    }

    fn failure(step: Option<usize>) -> Verdict {
        let what = "it differs".to_owned();
        Verdict::Fail(Failure {
            requirements: Vec::new(),
            level: Level::Must,
            what,
            step,
            trace_line: None,
            cause: None,
        })
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
    fn what_is_seen_elsewise_than_listed_is_not_covered() {
        let listed = LIST.replace("\"> R\" }", "\"> R\", seen = [\"nothing was sent\", \"it is `S`\"] }");
        let list = Deviations::parse(&listed).expect("valid");
        let judge = |what: &str| {
            let Verdict::Fail(failed) = failure(Some(1)) else { unreachable!("it fails") };
            let verdict = Verdict::Fail(Failure { what: what.to_owned(), ..failed });
            list.apply("1/a", &scenario(), "0.14.0", verdict).word()
        };
        assert_eq!(judge("expected `> R` at once, nothing was sent"), "KNOWN");
        assert_eq!(judge("it is `S`; expected `> R` at once"), "KNOWN");
        assert_eq!(judge("it is `F`; expected `> R` at once"), "FAIL");
        assert_eq!(judge("the stack panicked"), "FAIL");
    }

    #[test]
    fn a_file_with_an_unknown_word_is_refused_by_name() {
        let error =
            Deviations::parse("[[cause]]\nreason = \"x\"\nbecause = \"y\"\n").expect_err("unknown word");
        assert!(error.to_string().contains("because"), "{error}");
    }

    #[test]
    fn built_in_lists_name_cases_and_steps_that_exist() {
        for (stack, _) in BUILT_IN {
            assert_eq!(Deviations::built_in(stack).check(), Ok(()), "{stack}");
        }
    }

    /// What is wrong with a list of entries, each a case, a place and versions.
    fn problem(entries: &[(&str, &str, &str)]) -> String {
        let entry = |(case, at, versions): &(&str, &str, &str)| {
            let cases = case_line(case, at, "it differs");
            format!("[[cause]]\nversions = {versions:?}\nreason = \"why\"\ncases = [{cases}]\n")
        };
        let text: String = entries.iter().map(entry).collect();
        Deviations::parse(&text).expect("valid").check().err().unwrap_or_default()
    }

    #[test]
    fn an_entry_that_can_never_apply_is_named() {
        let known = ("3.5/passive-open", "end", "=0.14.0");
        assert_eq!(problem(&[known, ("3.5/passive-open", "open passive -> ok", "=0.13.0")]), "");
        assert_eq!(
            problem(&[known, ("3.5/pasive-open", "end", "*")]),
            "case \"3.5/pasive-open\": there is no such case; did you mean 3.5/passive-open?"
        );
        assert_eq!(
            problem(&[("3.5/passive-open", "> nowhere", "=0.1.0")]),
            "case \"3.5/passive-open\": \"> nowhere\" is neither a step of the case nor `end`; `tcpspec \
             explain 3.5/passive-open` shows its steps"
        );
        assert_eq!(
            problem(&[known, ("3.5/passive-open", "open passive -> ok", "= 0.14.0")]),
            "case \"3.5/passive-open\": it is listed for versions =0.14.0 before"
        );
    }

    #[test]
    fn a_line_to_paste_is_read_back_whatever_it_holds() {
        for text in ["> S. 0(0) ack 1 <mss 1460> or R", "end", "a \"b\" \\ c\td"] {
            let lines = format!("cases = [{}]", case_line("1/a", text, text));
            let read: toml::Table = toml::from_str(&lines).expect("TOML");
            assert_eq!(read["cases"][0]["at"].as_str(), Some(text));
            assert_eq!(read["cases"][0]["seen"][0].as_str(), Some(text));
        }
    }
}
