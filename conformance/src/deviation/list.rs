//! How a list is written: causes, and what shows each. Read into one entry for each thing that shows a cause.

use std::sync::Arc;

use semver::VersionReq;
use serde::Deserialize;

use super::{Deviation, Deviations, GridDeviation, KnownCause, KnownFinding, RequirementDeviation};
use crate::verdict::Reading;

/// A file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(default, rename = "cause")]
    causes: Vec<Listed>,
}

/// `[[cause]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    versions: VersionReq,
    reading: Option<Reading>,
    reason: String,
    link: Option<String>,
    /// What the stack lacks altogether.
    #[serde(default)]
    requirements: Vec<String>,
    #[serde(default)]
    cases: Vec<Case>,
    /// Of its findings that have none of their own.
    #[serde(default)]
    steps: Vec<Vec<String>>,
    #[serde(default)]
    grid: Vec<Cells>,
    #[serde(default, rename = "finding")]
    findings: Vec<Finding>,
}

/// `{ case = "...", at = "...", seen = ["..."] }`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    case: String,
    at: String,
    #[serde(default)]
    seen: Vec<String>,
}

/// `[[cause.grid]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cells {
    clause: String,
    requirement: String,
    what: String,
    cells: Vec<String>,
}

/// `[[cause.finding]]`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finding {
    rules: Vec<String>,
    #[serde(default)]
    states: Vec<String>,
    #[serde(default)]
    classes: Vec<String>,
    differed: Vec<String>,
    steps: Option<Vec<Vec<String>>>,
    story: Option<String>,
}

impl From<List> for Deviations {
    fn from(list: List) -> Self {
        let mut all = Self::default();
        for listed in list.causes {
            all.add(listed);
        }
        all
    }
}

impl Deviations {
    fn add(&mut self, listed: Listed) {
        let Listed { versions, reading, reason, link, requirements, cases, steps, grid, findings } = listed;
        let cause = Arc::new(KnownCause { versions, reading, reason, link });
        let entry = |Case { case, at, seen }| Deviation { case, at, seen, cause: Arc::clone(&cause) };
        self.entries.extend(cases.into_iter().map(entry));
        let cells = |Cells { clause, requirement, what, cells }| GridDeviation {
            clause,
            requirement,
            what,
            cells,
            cause: Arc::clone(&cause),
        };
        self.grid.extend(grid.into_iter().map(cells));
        let requirement = |id| RequirementDeviation { id, cause: Arc::clone(&cause) };
        self.requirements.extend(requirements.into_iter().map(requirement));
        for Finding { rules, states, classes, differed, steps: own, story } in findings {
            let steps = own.unwrap_or_else(|| steps.clone());
            let cause = Arc::clone(&cause);
            self.findings.push(KnownFinding { rules, states, classes, differed, steps, story, cause });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_have_the_steps_of_their_cause_unless_they_have_their_own() {
        let finding = "[[cause.finding]]\nrules = [\"I-051\"]\ndiffered = [\"late\"]\n";
        let list = Deviations::parse(&format!(
            "[[cause]]\nversions = \"*\"\nreason = \"why\"\nsteps = [[\"< SF*\"]]\n{finding}{finding}steps = []\n\
             {finding}steps = [[\"close\"], [\"< F*\", \"< F*\"]]\n"
        ));
        let steps = list.expect("a list").findings.into_iter().map(|finding| finding.steps);
        let steps: Vec<Vec<String>> =
            steps.map(|rows| rows.into_iter().map(|row| row.join(" ")).collect()).collect();
        assert_eq!(steps, [vec!["< SF*"], vec![], vec!["close", "< F* < F*"]]);
    }
}
