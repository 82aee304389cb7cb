//! The report on a campaign: what was found, gravest first, each with its shortest story.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::terminal::{self, wrapped};
use crate::bench::Family;
use crate::deviation::KnownFinding;
use crate::engine::{Finding, Judged, Outcome, Progress};
use crate::scenario::{self, Scenario};
use crate::stack::Declaration;
use crate::verdict::Cause;

/// Causes of a cluster that are shown.
const SHOWN: usize = 4;

/// How far a campaign is, on one line.
#[must_use]
pub fn progress(progress: &Progress) -> String {
    let Progress { executions, reached, findings, corpus, elapsed, .. } = progress;
    let seconds = elapsed.as_secs_f64();
    let rate = *executions as f64 / seconds.max(0.001);
    let rules = if reached.rules > 0 { format!("{} rules, ", reached.rules) } else { String::new() };
    format!(
        "{seconds:.0} s: {executions} stories, {rate:.0} a second; {} states, {rules}{} cells, {corpus} in the \
         corpus; {findings} findings",
        reached.states, reached.cells
    )
}

/// Whether a campaign found only what is listed, all of that still happens, and the campaign went to its end.
#[must_use]
pub const fn is_as_expected(outcome: &Outcome) -> bool {
    outcome.given_up.is_none() && outcome.findings.is_empty() && outcome.gone.is_empty()
}

/// The whole report. `deviations` are the entries of the list that [`Outcome::gone`] counts.
#[must_use]
pub fn render(
    stack: &Declaration,
    family: Family,
    outcome: &Outcome,
    deviations: &[&KnownFinding],
    folder: &Path,
) -> String {
    let network = if family == Family::V6 { "IPv6" } else { "IPv4" };
    let mut text = format!("{} {} over {network}\n", stack.name, stack.version);
    for finding in &outcome.findings {
        departure(&mut text, finding, folder);
    }
    for entry in outcome.gone.iter().filter_map(|index| deviations.get(*index)) {
        text.push_str(&terminal::gone(entry));
    }
    known(&mut text, outcome, deviations);
    if let Some(reason) = &outcome.given_up {
        let _ = writeln!(text, "\nThe campaign ended before its time: {reason}.");
    }
    let _ = writeln!(text, "\n{}", progress(&outcome.progress));
    let Progress { inconclusive, skipped, known, .. } = outcome.progress;
    if outcome.uses.iter().next().is_some() {
        let used =
            format!("Permitted variations that excused something, in so many stories: {}", outcome.uses);
        let _ = writeln!(text, "{}", wrapped(&used, 0));
    }
    for (count, what) in [
        (known, "ended with a known deviation"),
        (inconclusive, "were inconclusive"),
        (skipped, "were skipped"),
    ] {
        if count > 0 {
            let _ = writeln!(text, "{count} stories {what}");
        }
    }
    text
}

/// One departure: its cluster, its shortest story, and what else belongs to it.
fn departure(text: &mut String, finding: &Finding, folder: &Path) {
    let seconds = finding.found_after.as_secs_f64();
    let Finding { seed, index, hits, .. } = finding;
    let _ = writeln!(text, "\nFAIL {} ({})", finding.cause.signature(), finding.gravity().name());
    let _ = writeln!(text, "{}", wrapped(&finding.what(), 2));
    let _ = writeln!(text, "  {hits} stories; the first was {seed}-{index}, after {seconds:.1} s");
    if !finding.repeats() {
        let _ = writeln!(text, "  It did not happen again when that story was told once more.");
    }
    let file = scenario::print_file(std::slice::from_ref(&finding.story));
    let story = file.lines().skip_while(|line| !line.starts_with("scenario")).skip(1);
    for line in story.filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "    {line}");
    }
    let others = finding.variants.len().saturating_sub(1);
    if others > 0 {
        let _ = writeln!(text, "  also with {others} other states and segments, such as");
        for (signature, hits) in finding.most_frequent(SHOWN) {
            let _ = writeln!(text, "    {hits:>8}  {signature}");
        }
    }
    let _ = writeln!(text, "  tcpspec replay {}", folder.join(finding.slug()).display());
}

/// Listed departures that happened, a paragraph for each reason.
fn known(text: &mut String, outcome: &Outcome, deviations: &[&KnownFinding]) {
    if outcome.known.is_empty() {
        return;
    }
    text.push_str("\nKnown deviations (`--no-deviations` shows them):\n");
    // Entries with one reason are one departure.
    let mut reasons: Vec<(&str, u64, BTreeSet<&str>)> = Vec::new();
    for (cause, hits) in &outcome.known {
        let listed = Cause::from(cause);
        let Some(entry) = entry_of(deviations, &listed) else { continue };
        match reasons.iter_mut().find(|(reason, ..)| *reason == entry.cause.reason) {
            Some((_, sum, rules)) => {
                *sum += hits;
                rules.insert(&cause.rule);
            }
            None => reasons.push((&entry.cause.reason, *hits, BTreeSet::from([&*cause.rule]))),
        }
    }
    reasons.sort_by_key(|(_, hits, _)| Reverse(*hits));
    for (reason, hits, rules) in reasons {
        let rules = rules.into_iter().collect::<Vec<_>>().join(" ");
        let _ = writeln!(text, "\n{}\n    {hits} stories: {rules}", wrapped(reason, 2));
    }
}

/// The entry by which a cause counts as known: where none is about it whatever the story, one that was about its story,
/// and of these one that names it.
fn entry_of<'e>(deviations: &[&'e KnownFinding], cause: &Cause) -> Option<&'e KnownFinding> {
    let naming = || deviations.iter().filter(|entry| entry.names(cause));
    let about = naming().find(|entry| entry.is_about(cause));
    about.or_else(|| naming().find(|entry| entry.is_specific())).or_else(|| naming().next()).copied()
}

/// What came of a finding's story, and the entry that lists it.
#[must_use]
pub fn replayed(story: &Scenario, judged: &Judged, known: Option<&KnownFinding>) -> String {
    let mut text = format!("{}\n", story.name);
    if !story.title.is_empty() {
        let _ = writeln!(text, "{}", wrapped(&story.title, 2));
    }
    text.push('\n');
    for (index, line) in judged.trace.iter().enumerate() {
        let mark = if judged.trace_line == Some(index) { "=>" } else { "  " };
        let _ = writeln!(text, "{mark}{line}");
    }
    let signature = judged.cause.as_ref().map_or(String::new(), |cause| format!(" {}", cause.signature()));
    let verdict = if known.is_some() { "KNOWN" } else { &judged.verdict };
    let _ = writeln!(text, "\n{verdict}{signature}");
    for paragraph in
        [judged.explanation.as_ref(), known.map(|entry| &entry.cause.reason)].into_iter().flatten()
    {
        let _ = writeln!(text, "{}", wrapped(paragraph, 2));
    }
    text
}
