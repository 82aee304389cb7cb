//! The report for a terminal: sections, then departures, gravest first, in 80 columns without colour.

use std::cmp::Reverse;
use std::fmt::Write as _;

use super::{Counts, Report};
use crate::bench::Run;
use crate::deviation::{KnownFinding, case_line, place, seen};
use crate::requirement;
use crate::scenario::Scenario;
use crate::stack::Declaration;
use crate::suite::{CaseResult, Gone};
use crate::trace::Trace;
use crate::verdict::{Failure, Reading, Verdict};

/// The whole report.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    let stack = &report.stack;
    let cases = report.results.len();
    let _ = writeln!(text, "{} {} over {}: {cases} cases\n", stack.name, stack.version, report.network());
    sections(&mut text, report);
    if stack.msl.as_secs() < 120 {
        // RFC 9293 §3.4.2 defines the lifetime as two minutes; TIME-WAIT is judged by what the stack declares (V-64).
        let _ = writeln!(
            text,
            "\nTIME-WAIT is judged by the declared MSL of {} s, short of the standard's 120 s\n({}).",
            stack.msl.as_secs_f32(),
            stack.msl_source
        );
    }
    departures(&mut text, report);
    known(&mut text, report);
    without_verdict(&mut text, report);
    let _ = writeln!(text, "\n{}", report.counts().text());
    text
}

/// One line per section.
fn sections(text: &mut String, report: &Report) {
    for results in report.results.chunk_by(|a, b| a.case.section == b.case.section) {
        let case = results[0].case;
        let counts = Counts::of(results.iter().map(|result| &result.verdict));
        let _ = writeln!(text, "  {:<10} {:<26} {}", case.section, case.topic, counts.text());
    }
}

/// New departures in full, and listed ones that are gone.
fn departures(text: &mut String, report: &Report) {
    let mut failed: Vec<_> = report
        .results
        .iter()
        .filter_map(|result| match &result.verdict {
            Verdict::Fail(failure) => Some((result, failure)),
            _ => None,
        })
        .collect();
    failed.sort_by_key(|(_, failure)| Reverse(failure.level));
    for (result, failure) in failed {
        text.push('\n');
        departure(text, result, failure);
    }
    for result in &report.results {
        if let Verdict::FixedDeviation { reason, .. } = &result.verdict {
            text.push('\n');
            fixed(text, result, reason);
        }
    }
    for Gone { entry, instead } in &report.gone {
        text.push_str(&gone(entry));
        let _ = writeln!(text, "{}", wrapped(&format!("Instead: {instead}"), 2));
    }
}

/// A departure that is listed with a story, which does not show it any more.
pub(super) fn gone(entry: &KnownFinding) -> String {
    let what = format!("{}: {}", entry.rules.join(", "), entry.differed.join(", "));
    let reason = wrapped(&entry.cause.reason, 2);
    let story = entry.story.as_deref().unwrap_or_default();
    format!(
        "\nFIXED {what}\n  A listed departure no longer happens in its story:\n{reason}\n\n{}\n",
        indented(story)
    )
}

/// Every line of a text four columns further to the right.
fn indented(text: &str) -> String {
    text.lines().filter(|line| !line.is_empty()).map(|line| format!("    {line}\n")).collect()
}

/// What fails the run about one case: a departure with its trace, or a listed one that is gone. Empty if nothing does.
#[must_use]
pub fn finding(result: &CaseResult) -> String {
    let mut text = String::new();
    match &result.verdict {
        Verdict::Fail(failure) => departure(&mut text, result, failure),
        Verdict::FixedDeviation { reason, .. } => fixed(&mut text, result, reason),
        Verdict::Pass | Verdict::Inconclusive(_) | Verdict::Skipped(_) | Verdict::KnownDeviation { .. } => {}
    }
    text
}

/// A listed departure that is gone.
fn fixed(text: &mut String, result: &CaseResult, reason: &str) {
    let _ =
        writeln!(text, "FIXED {}\n  The case passes, but a deviation is listed: {reason}", result.case.id);
    let _ = writeln!(text, "  Remove it from the list of known deviations.");
}

/// One departure: case, requirement, what was seen, trace.
fn departure(text: &mut String, result: &CaseResult, failure: &Failure) {
    let _ = writeln!(text, "FAIL {} ({})", result.case.id, failure.level);
    let _ = writeln!(text, "{}", wrapped(&result.case.scenario.title, 2));
    for requirement in failure.requirements.iter().filter_map(|id| requirement::find(id)) {
        let said = format!("{} ({}): {}", requirement.id, requirement.clause, requirement.text);
        let _ = writeln!(text, "{}", wrapped(&said, 2));
    }
    let _ = writeln!(text, "{}\n", wrapped(&format!("Seen: {}.", failure.what), 2));
    text.push_str(&trace(&result.trace, failure.trace_line));
    let at = place(&result.case.scenario, failure.step);
    if let Some(listed) = &result.listed_at {
        let elsewhere = match *listed == at {
            true => "The list of known deviations has it fail there, but something else is seen.".to_owned(),
            false => format!("The list of known deviations expects it to fail at `{listed}`."),
        };
        let _ = writeln!(text, "\n{}", wrapped(&elsewhere, 2));
    }
    // The second line is for an entry in a list of known deviations, to be pasted whole.
    let line = case_line(&result.case.id, &at, seen(failure));
    let _ = writeln!(text, "\n  tcpspec replay {}\n  {line}", result.case.id);
}

/// One scenario on one stack: its title, its trace and the verdict.
#[must_use]
pub fn replay(scenario: &Scenario, stack: &Declaration, run: &Run) -> String {
    let mut text = format!("{}, played to {} {}\n", scenario.name, stack.name, stack.version);
    if !scenario.title.is_empty() {
        let _ = writeln!(text, "{}", wrapped(&scenario.title, 2));
    }
    let marked = run.verdict.failure().and_then(|failure| failure.trace_line);
    let _ = writeln!(text, "\n{}\n{}", trace(&run.trace, marked), run.verdict);
    if let Some(explanation) = run.verdict.explanation() {
        let _ = writeln!(text, "{}", wrapped(explanation, 2));
    }
    text
}

/// Lines of a long trace that are shown at its beginning and at its end.
const SHOWN: usize = 60;

/// A trace with a mark at the line in question. Of a long one, the middle is left out, but not that line.
#[must_use]
pub fn trace(trace: &Trace, marked: Option<usize>) -> String {
    let mut text = String::new();
    let count = trace.entries.len();
    let left_out = |index: usize| count > 3 * SHOWN && (SHOWN..count - SHOWN).contains(&index);
    for (index, line) in trace.lines().enumerate() {
        let here = marked == Some(index);
        if index == SHOWN && left_out(index) {
            let _ = writeln!(text, "   ... {} lines left out ...", count - 2 * SHOWN);
        }
        if here || !left_out(index) {
            let _ = writeln!(text, "{}{line}", if here { "=>" } else { "  " });
        }
    }
    text
}

/// Cases that are known to depart for one reason.
struct Group<'a> {
    reason: &'a str,
    reading: Option<Reading>,
    link: Option<&'a str>,
    cases: Vec<String>,
}

/// Known deviations, a paragraph for each reason, with the cases that show it.
fn known(text: &mut String, report: &Report) {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for result in &report.results {
        if let Verdict::KnownDeviation { failure, reason, reading, link } = &result.verdict {
            let case = format!("{} ({})", result.case.id, failure.level);
            match groups.iter_mut().find(|group| group.reason == reason) {
                Some(group) => group.cases.push(case),
                None => {
                    let link = link.as_deref();
                    groups.push(Group { reason, reading: *reading, link, cases: vec![case] });
                }
            }
        }
    }
    if !groups.is_empty() {
        text.push_str("\nKnown deviations (`--no-deviations` shows their traces):\n");
    }
    // What the standard bears out best comes first; what nobody has read a second time comes last.
    groups.sort_by_key(|group| (group.reading.is_none(), group.reading));
    for Group { reason, reading, link, cases } in groups {
        let reading = reading.map_or(String::new(), |reading| format!("[{}] ", reading.word()));
        let _ = writeln!(text, "\n{}", wrapped(&format!("{reading}{reason}"), 2));
        link.iter().for_each(|link| text.push_str(&format!("  {link}\n")));
        cases.iter().for_each(|case| text.push_str(&format!("    {case}\n")));
    }
}

/// Cases that did not run or could not be judged, with their reasons.
fn without_verdict(text: &mut String, report: &Report) {
    for result in &report.results {
        if let Verdict::Skipped(reason) | Verdict::Inconclusive(reason) = &result.verdict {
            let _ = writeln!(text, "\n{} {}\n{}", result.verdict, result.case.id, wrapped(reason, 2));
        }
    }
}

/// Text in lines of at most 80 columns, indented.
#[must_use]
pub fn wrapped(text: &str, indent: usize) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always one line");
        if !line.is_empty() && indent + line.chars().count() + 1 + word.chars().count() > 80 {
            lines.push(word.to_owned());
        } else {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{:indent$}{line}", "")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::{Entry, Happening};
    use tcpspec_core::{Instant, RuleSet};

    #[test]
    fn the_middle_of_a_long_trace_is_left_out_but_not_the_marked_line() {
        let mut long = Trace::default();
        for index in 0..500 {
            long.push(Entry {
                time: Instant::ZERO,
                happening: Happening::Note(format!("event {index}")),
                left: None,
                right: None,
                rules: RuleSet::default(),
            });
        }
        let shown = trace(&long, Some(250));
        assert_eq!(shown.lines().count(), 2 * SHOWN + 2);
        for line in ["event 0", "... 380 lines left out ...", "event 250", "event 499"] {
            assert_eq!(shown.lines().filter(|shown| shown.ends_with(line)).count(), 1, "{line}");
        }
    }

    #[test]
    fn long_text_is_wrapped_at_eighty_columns_and_keeps_its_words() {
        let text = "word ".repeat(40);
        let lines = wrapped(&text, 4);
        assert!(lines.lines().all(|line| line.len() <= 80 && line.starts_with("    word")), "{lines}");
        assert_eq!(lines.split_whitespace().count(), 40);
        assert_eq!(wrapped("", 2), "  ");
    }
}
