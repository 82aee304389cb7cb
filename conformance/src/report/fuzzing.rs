//! The report on a campaign: what was found, gravest first, each with its shortest story.

use std::fmt::Write as _;
use std::path::Path;

use super::terminal::wrapped;
use crate::bench::Family;
use crate::deviation::Deviations;
use crate::engine::{Finding, Outcome, Progress};
use crate::scenario;
use crate::stack::Declaration;

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

/// Whether everything that a campaign found is listed, and the campaign went to its end.
#[must_use]
pub fn is_as_expected(stack: &Declaration, outcome: &Outcome, deviations: &Deviations) -> bool {
    outcome.given_up.is_none() && outcome.findings.iter().all(|finding| is_listed(finding, stack, deviations))
}

fn is_listed(finding: &Finding, stack: &Declaration, deviations: &Deviations) -> bool {
    deviations.finding(&finding.cause.signature(), &stack.version).is_some()
}

/// The whole report.
#[must_use]
pub fn render(
    stack: &Declaration,
    family: Family,
    outcome: &Outcome,
    deviations: &Deviations,
    folder: &Path,
) -> String {
    let network = if family == Family::V6 { "IPv6" } else { "IPv4" };
    let mut text = format!("{} {} over {network}\n", stack.name, stack.version);
    let (known, new): (Vec<_>, Vec<_>) =
        outcome.findings.iter().partition(|finding| is_listed(finding, stack, deviations));
    for finding in &new {
        departure(&mut text, finding, folder);
    }
    if !known.is_empty() {
        text.push_str("\nKnown deviations (`--no-deviations` shows them):\n");
    }
    for finding in known {
        let _ = writeln!(text, "  {:>8}  {}", finding.hits, finding.cause.signature());
    }
    if let Some(reason) = &outcome.given_up {
        let _ = writeln!(text, "\nThe campaign ended before its time: {reason}.");
    }
    let _ = writeln!(text, "\n{}", progress(&outcome.progress));
    let Progress { inconclusive, skipped, .. } = outcome.progress;
    if inconclusive + skipped > 0 {
        let _ = writeln!(text, "{inconclusive} stories were inconclusive, {skipped} were skipped");
    }
    text
}

fn departure(text: &mut String, finding: &Finding, folder: &Path) {
    let seconds = finding.found_after.as_secs_f64();
    let Finding { seed, index, hits, .. } = finding;
    let _ = writeln!(text, "\nFAIL {} ({})", finding.cause.signature(), finding.gravity().name());
    let _ = writeln!(text, "{}", wrapped(&finding.what(), 2));
    let _ = writeln!(text, "  {hits} stories; the first was {seed}-{index}, after {seconds:.1} s");
    let file = scenario::print_file(std::slice::from_ref(&finding.story));
    let story = file.lines().skip_while(|line| !line.starts_with("scenario")).skip(1);
    for line in story.filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "  tcpspec replay {}", folder.join(finding.slug()).display());
}
