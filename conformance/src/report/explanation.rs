//! Explanations: what an id means, where it is implemented in the reference and which cases test it.
//!
//! This is the way from a clause to the code and back. Ids are requirements (`MUST-13`), rows of the decision table
//! (`RST-4`), sections of RFC 9293 (`3.6.1`) and cases (`3.5/passive-open`).

use std::fmt::Write as _;

use tcpspec_core::Rule;

use super::places::{self, Known};
use super::terminal::wrapped;
use crate::cases::{self, Case};
use crate::requirement::{self, Requirement, Wording};
use crate::scenario;

/// What an id means. Ids may be written in small letters; a section as `3.6.1` or `§3.6.1`.
///
/// # Errors
/// Nothing has this id; the error says what comes near.
pub fn explain(id: &str) -> Result<String, String> {
    let capitals = id.to_uppercase();
    if let Some(requirement) = requirement::all().iter().find(|known| known.id.eq_ignore_ascii_case(id)) {
        return Ok(of_requirement(requirement));
    }
    if let Some(rule) = Rule::from_id(&capitals) {
        return Ok(of_rule(rule));
    }
    if let Some(case) = cases::all().iter().find(|case| case.id == id) {
        return Ok(of_case(case));
    }
    let section = id.trim_start_matches('§');
    if section.starts_with("3.") && section.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return of_section(section)
            .ok_or_else(|| format!("nothing is known of section {section} of RFC 9293"));
    }
    let near = requirement::nearest(id).map_or(String::new(), |near| format!("; did you mean {}?", near.id));
    Err(format!(
        "nothing has the id {id}{near}\nids are requirements (MUST-13), rows of the decision table (RST-4), sections \
         of RFC 9293 (3.6.1) and cases (see `tcpspec check --list`)"
    ))
}

/// A section of RFC 9293: its requirements, the rows that it is the ground of, files, tests and cases.
fn of_section(section: &str) -> Option<String> {
    let clause = format!("RFC 9293 §{section}");
    let requirements: Vec<_> = requirement::all().iter().filter(|known| known.clause == clause).collect();
    let rows: Vec<_> = Rule::all().filter(|rule| names_section(rule.row().clause, section)).collect();
    let cases: Vec<_> = cases::all().iter().filter(|case| case.section == section).collect();
    if requirements.is_empty() && rows.is_empty() && cases.is_empty() {
        return None;
    }
    let mut text = format!("{clause}\n");
    if !requirements.is_empty() {
        text.push_str("\nAsks for:\n");
    }
    for requirement in requirements {
        let said = format!("{} ({}): {}", requirement.id, requirement.level, requirement.text);
        let _ = writeln!(text, "{}", wrapped(&said, 2));
    }
    if !rows.is_empty() {
        text.push_str("\nRows of the decision table:\n");
        rows.iter().for_each(|rule| rule_in_short(&mut text, *rule));
    }
    if let Some((code, tests)) = places::of_rfc_9293(section) {
        list(&mut text, "\nImplemented in the reference:", code);
        list(&mut text, "\nTested in the reference by:", tests);
    }
    let cases: Vec<_> = cases.iter().map(|case| case.id.as_str()).collect();
    if !cases.is_empty() {
        list(&mut text, "\nCases of the suite:", &cases);
    }
    Some(text)
}

/// Whether a clause cell names this very section.
fn names_section(clause: &str, section: &str) -> bool {
    clause.split([';', ',']).any(|part| part.trim().split(' ').next() == Some(section))
}

fn list<T: AsRef<str>>(text: &mut String, title: &str, items: &[T]) {
    let _ = writeln!(text, "{title}");
    items.iter().for_each(|item| {
        let _ = writeln!(text, "  {}", item.as_ref());
    });
}

fn of_requirement(requirement: &Requirement) -> String {
    let mut text = String::new();
    let worded = match requirement.wording {
        Wording::Capitals => "",
        Wording::Unnumbered => " (in capitals, without a number)",
        Wording::Prose => " (in plain prose)",
    };
    let _ = writeln!(text, "{}, a {} of {}{worded}\n", requirement.id, requirement.level, requirement.clause);
    let _ = writeln!(text, "{}\n", wrapped(requirement.text, 2));
    let _ = writeln!(text, "How to test it:\n{}\n", wrapped(requirement.how_to_test, 2));
    let rules = requirement::implemented_by(requirement.id);
    if !rules.is_empty() {
        text.push_str("Rows of the decision table (RFC 9293 §3.10) that name it:\n");
        rules.iter().for_each(|rule| rule_in_short(&mut text, *rule));
        text.push('\n');
    }
    match places::of_requirement(requirement, &rules) {
        Known::Files(code, tests) => {
            list(&mut text, "Implemented in the reference:", &code);
            list(&mut text, "\nTested in the reference by:", &tests);
        }
        Known::NotYet => text.push_str("Not part of the reference yet.\n"),
        Known::Nothing => text.push_str("No table says where the reference implements it.\n"),
    }
    text.push('\n');
    tested(&mut text, |case| case.scenario.checks.iter().any(|check| check == requirement.id));
    text
}

fn of_rule(rule: Rule) -> String {
    let row = rule.row();
    let mut text = String::new();
    let _ = writeln!(text, "{}, a row of the decision table of RFC 9293 §3.10\n", row.id);
    let cells = [
        ("event", row.event),
        ("states", row.states),
        ("when", row.condition),
        ("response", row.response),
        ("next state", row.next_state),
        ("effects", row.effects),
        ("clause", row.clause),
    ];
    for (name, cell) in cells {
        let _ = writeln!(text, "  {name:<12}{}", wrapped(cell, 14).trim_start());
    }
    text.push('\n');
    match (places::of_rule(rule), rule.never_used()) {
        (Some((file, tests)), _) => {
            let _ = writeln!(text, "Implemented in the reference:\n  {file} (Rule::{rule:?})");
            let _ = writeln!(text, "\nTested in the reference by:\n  {tests}\n");
        }
        (None, Some(why)) => {
            let _ = writeln!(text, "No step uses it: {why}.\n");
        }
        (None, None) => text.push_str("Not part of the reference.\n\n"),
    }
    let named = |id: &String| requirement::implemented_by(id).contains(&rule);
    tested(&mut text, |case| case.scenario.checks.iter().any(named));
    text
}

fn of_case(case: &Case) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}, a case of section {} ({})\n", case.id, case.section, case.topic);
    for requirement in case.scenario.checks.iter().filter_map(|id| requirement::find(id)) {
        let said = format!(
            "{} ({}, {}): {}",
            requirement.id, requirement.level, requirement.clause, requirement.text
        );
        let _ = writeln!(text, "{}", wrapped(&said, 2));
    }
    text.push('\n');
    text.push_str(&scenario::print_file(std::slice::from_ref(&case.scenario)));
    text
}

fn rule_in_short(text: &mut String, rule: Rule) {
    let row = rule.row();
    let said =
        format!("{} ({}): {} -> {}, {}", row.id, row.states, row.condition, row.response, row.next_state);
    let _ = writeln!(text, "{}", wrapped(&said, 2));
}

fn tested(text: &mut String, tests: impl Fn(&Case) -> bool) {
    let cases: Vec<_> = cases::all().iter().filter(|case| tests(case)).collect();
    if cases.is_empty() {
        text.push_str("No case of the suite checks it by name.\n");
        return;
    }
    text.push_str("Cases of the suite:\n");
    for case in cases {
        let said = format!("{}: {}", case.id, case.scenario.title);
        let _ = writeln!(text, "{}", wrapped(&said, 2));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_rows_and_cases_explain_themselves() {
        let time_wait = explain("MUST-13").expect("a requirement");
        assert!(time_wait.contains("RFC 9293 §3.6.1"), "{time_wait}");
        assert!(time_wait.contains("core/src/timeouts.rs"), "{time_wait}");
        let reset = explain("RST-4").expect("a row");
        assert!(reset.contains("second_reset.rs (Rule::Rst4)"), "{reset}");
        assert_eq!(explain("must-13"), explain("MUST-13"));
        let section = explain("§3.10.7.1").expect("a section");
        assert!(section.contains("CLOSED-3") && section.contains("3.10.7.1/"), "{section}");
        assert!(explain("3.99").is_err());
        let case = explain(&cases::all()[0].id).expect("a case");
        assert!(case.contains("tcpspec 1"), "{case}");
    }

    #[test]
    fn an_unknown_id_is_refused_with_a_suggestion() {
        let error = explain("MUST-131").expect_err("no such id");
        assert!(error.contains("did you mean MUST-13"), "{error}");
    }
}
