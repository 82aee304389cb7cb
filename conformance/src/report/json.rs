//! The report for programs: one JSON object with a version; documented in `docs/reports.md`.

use serde::Serialize;

use super::{Counts, Report};
use crate::deviation::place;
use crate::suite::{CaseResult, Gone};
use crate::verdict::{Reading, Verdict};

/// Version of the format. It grows when a field changes its meaning or goes, not when one is added.
pub const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    stack: Stack<'a>,
    network: &'a str,
    as_expected: bool,
    counts: CountsObject,
    cases: Vec<CaseObject<'a>>,
    gone: Vec<GoneObject<'a>>,
}

#[derive(Serialize)]
struct Stack<'a> {
    name: &'a str,
    version: &'a str,
    msl_seconds: f64,
}

#[derive(Serialize)]
struct CountsObject {
    passed: usize,
    failed: usize,
    known: usize,
    fixed: usize,
    skipped: usize,
    inconclusive: usize,
}

#[derive(Serialize)]
struct CaseObject<'a> {
    id: &'a str,
    section: &'a str,
    title: &'a str,
    checks: &'a [String],
    verdict: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reading: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    departure: Option<Departure<'a>>,
}

/// A listed departure that does not happen in its story any more.
#[derive(Serialize)]
struct GoneObject<'a> {
    rules: &'a [String],
    differed: &'a [String],
    reason: &'a str,
    story: &'a str,
    instead: String,
}

#[derive(Serialize)]
struct Departure<'a> {
    /// The same departure has the same signature in every run: case and step.
    signature: String,
    level: String,
    what: &'a str,
    trace: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_line: Option<usize>,
}

/// The whole report, as indented JSON with a newline at its end.
#[must_use]
pub fn render(report: &Report) -> String {
    let Counts { passed, failed, known, fixed, skipped, inconclusive } = report.counts();
    let document = Document {
        version: VERSION,
        stack: Stack {
            name: &report.stack.name,
            version: &report.stack.version,
            msl_seconds: report.stack.msl.as_secs_f64(),
        },
        network: report.network(),
        as_expected: report.is_as_expected(),
        counts: CountsObject { passed, failed, known, fixed, skipped, inconclusive },
        cases: report.results.iter().map(case).collect(),
        gone: report.gone.iter().map(gone).collect(),
    };
    let mut text =
        serde_json::to_string_pretty(&document).expect("plain strings and numbers always serialize");
    text.push('\n');
    text
}

fn gone(gone: &Gone) -> GoneObject<'_> {
    let Gone { entry, instead } = gone;
    GoneObject {
        rules: &entry.rules,
        differed: &entry.differed,
        reason: &entry.cause.reason,
        story: entry.story.as_deref().unwrap_or_default(),
        instead: instead.to_string(),
    }
}

fn case(result: &CaseResult) -> CaseObject<'_> {
    let scenario = &result.case.scenario;
    CaseObject {
        id: &result.case.id,
        section: result.case.section,
        title: &scenario.title,
        checks: &scenario.checks,
        verdict: result.verdict.word().to_lowercase(),
        explanation: result.verdict.explanation(),
        reading: match result.verdict {
            Verdict::KnownDeviation { reading, .. } => reading.map(Reading::word),
            _ => None,
        },
        departure: result.verdict.failure().map(|failure| Departure {
            signature: format!("{} @ {}", result.case.id, place(scenario, failure.step)),
            level: failure.level.to_string(),
            what: &failure.what,
            trace: result.trace.lines().collect(),
            trace_line: failure.trace_line,
        }),
    }
}
