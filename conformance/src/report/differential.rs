//! Two tellings of one story, side by side, and where they part.

use std::fmt::Write as _;

use super::terminal::wrapped;
use crate::deviation::place;
use crate::differential::{Comparison, Difference, Line, Parting, Which, merged};
use crate::requirement;
use crate::scenario::Scenario;
use crate::stack::State;
use crate::trace::Entry;
use crate::verdict::Failure;

/// Lines around the parting that are shown of a long story, before it and after it.
const BEFORE: usize = 60;
const AFTER: usize = 30;

/// The comparison of one scenario.
#[must_use]
pub fn render(scenario: &Scenario, comparison: &Comparison) -> String {
    let names = names(comparison);
    let [one, other] = &comparison.tellings;
    let mut text = format!(
        "{}: {} {} (-) and {} {} (+)\n",
        scenario.name, one.stack.name, one.stack.version, other.stack.name, other.stack.version
    );
    if !scenario.title.is_empty() {
        let _ = writeln!(text, "{}", wrapped(&scenario.title, 2));
    }
    text.push('\n');
    trace(&mut text, comparison);
    text.push('\n');
    parting(&mut text, scenario, comparison, [&names[0], &names[1]]);
    text
}

/// What the two are called; two of one name are told apart.
fn names(comparison: &Comparison) -> [String; 2] {
    let [one, other] = [0, 1].map(|which| comparison.tellings[which].stack.name.to_string());
    if one == other { [format!("the first {one}"), format!("the second {other}")] } else { [one, other] }
}

/// Both traces in one: what only one of them has is marked as its own.
fn trace(text: &mut String, comparison: &Comparison) {
    let lines = merged(comparison);
    let marked = lines.iter().position(|line| is_parting(comparison, *line));
    let shown = marked.map_or(0..BEFORE + AFTER, |at| at.saturating_sub(BEFORE)..at + AFTER);
    let left_out = |text: &mut String, count: usize| {
        if count > 0 {
            let _ = writeln!(text, "      ... {count} lines left out ...");
        }
    };
    left_out(text, shown.start.min(lines.len()));
    for (index, line) in lines.iter().enumerate().filter(|(index, _)| shown.contains(index)) {
        let (sign, states) = match *line {
            Line::Both(at) => (' ', [0, 1].map(|which| entry(comparison, which, at[which]).left)),
            Line::Only(Which::First, at) => ('-', [entry(comparison, 0, at).left, None]),
            Line::Only(Which::Second, at) => ('+', [None, entry(comparison, 1, at).left]),
        };
        let (which, at) = match *line {
            Line::Both([at, _]) => (0, at),
            Line::Only(which, at) => (which as usize, at),
        };
        let [one, other] = states.map(|state| state.map_or("", State::name));
        let time = entry(comparison, which, at).time.to_string();
        let mark = if marked == Some(index) { "=>" } else { "  " };
        let happening = comparison.tellings[which].run.trace.text_of(at);
        let line = format!("{mark}{sign} {time:>11}  {one:<12} {other:<12} {happening}");
        let _ = writeln!(text, "{}", line.trim_end());
    }
    left_out(text, lines.len().saturating_sub(shown.end));
}

fn entry(comparison: &Comparison, which: usize, at: usize) -> &Entry {
    &comparison.tellings[which].run.trace.entries[at]
}

/// Whether a line is the one where the two part.
fn is_parting(comparison: &Comparison, line: Line) -> bool {
    let (which, at) = match comparison.parting {
        Parting::None | Parting::Undecided(_) => return false,
        Parting::Objection(which) => {
            (which, objected(comparison, which).and_then(|failure| failure.trace_line))
        }
        Parting::Alike => {
            (Which::First, objected(comparison, Which::First).and_then(|failure| failure.trace_line))
        }
        Parting::Difference => {
            let last = comparison.parting_difference();
            (Which::First, last.map(|difference| difference.lines[0]))
        }
    };
    at.is_some_and(|at| match line {
        Line::Both(lines) => lines[which as usize] == at,
        Line::Only(whose, line) => whose == which && line == at,
    })
}

fn objected(comparison: &Comparison, which: Which) -> Option<&Failure> {
    comparison.telling(which).objection()
}

/// In words: who is wrong and why, or why nobody is.
fn parting(text: &mut String, scenario: &Scenario, comparison: &Comparison, names: [&str; 2]) {
    let name = |which: Which| names[which as usize];
    match comparison.parting {
        Parting::None => text.push_str("ALIKE\n"),
        Parting::Undecided(which) => {
            let verdict = &comparison.telling(which).run.verdict;
            let reason = verdict.explanation().unwrap_or_default();
            let _ = writeln!(text, "{verdict} on {}\n{}", name(which), wrapped(reason, 2));
            return;
        }
        Parting::Objection(which) => {
            let _ = writeln!(text, "PARTED: {} departs from the standard", name(which));
            objected(comparison, which).iter().for_each(|failure| objection(text, scenario, failure));
            if let Some(failure) = objected(comparison, which.other()) {
                let _ = writeln!(text, "and so does {}, later or elsewhere", name(which.other()));
                objection(text, scenario, failure);
            }
        }
        Parting::Alike => {
            text.push_str("ALIKE: both depart from the standard, in the same way\n");
            objected(comparison, Which::First).iter().for_each(|failure| objection(text, scenario, failure));
        }
        Parting::Difference => {
            let known = comparison.parting_difference().and_then(|difference| difference.variation);
            text.push_str(match known {
                Some(_) => "PARTED: the standard permits both\n",
                None => "PARTED: the monitor objects to neither, and no variation explains it\n",
            });
        }
    }
    differences(text, scenario, comparison, names);
}

/// What a stack is objected to.
fn objection(text: &mut String, scenario: &Scenario, failure: &Failure) {
    let by = match &failure.cause {
        Some(cause) => format!("rule {}", cause.rule),
        None => "what the scenario expects".to_owned(),
    };
    let _ = writeln!(text, "{}", wrapped(&format!("{} ({by}): {}", failure.level, failure.what), 2));
    for requirement in failure.requirements.iter().filter_map(|id| requirement::find(id)) {
        let said = format!("{} ({}): {}", requirement.id, requirement.clause, requirement.text);
        let _ = writeln!(text, "{}", wrapped(&said, 4));
    }
    if failure.step.is_some() {
        let _ = writeln!(text, "    at `{}`", place(scenario, failure.step));
    }
}

/// Most differences of one kind that are shown one by one.
const SHOWN: usize = 20;

/// In what they differ besides, and what permits it.
fn differences(text: &mut String, scenario: &Scenario, comparison: &Comparison, names: [&str; 2]) {
    let all = &comparison.differences;
    if !all.is_empty() {
        text.push_str("In these they differ:\n");
    }
    for difference in all.iter().take(SHOWN) {
        let _ = writeln!(text, "{}", wrapped(&sentence(scenario, difference, names), 2));
    }
    if all.len() > SHOWN {
        let _ = writeln!(text, "  and {} more", all.len() - SHOWN);
    }
}

fn sentence(scenario: &Scenario, difference: &Difference, names: [&str; 2]) -> String {
    let after = difference.step.map_or("the beginning".to_owned(), |step| place(scenario, Some(step)));
    let why = match difference.variation {
        Some(it) => format!("{} ({}): {}", it.id, it.clause, it.what),
        None => "No variation that is known explains it".to_owned(),
    };
    let on =
        if difference.connection > 1 { format!(" on @{}", difference.connection) } else { String::new() };
    format!("after `{after}`{on} {}. {why}.", difference.sentence(names))
}
