//! Explanations: what an id means, where it is implemented in the reference and which cases test it.
//!
//! This is the way from a clause to the code and back. Ids are requirements (`MUST-13`), rows of the decision table
//! (`RST-4`), and cases (`3.5/passive-open`).

use std::fmt::Write as _;

use tcpspec_core::Rule;

use super::terminal::wrapped;
use crate::cases::{self, Case};
use crate::requirement::{self, Requirement, Wording};
use crate::scenario;

/// Where the reference implements what a section of RFC 9293 asks for. The longest section that fits counts.
const CODE: [(&str, &[&str]); 36] = [
    ("3.1", &["core/src/segment.rs", "core/src/options.rs", "conformance/src/wire.rs"]),
    ("3.2", &["core/src/options.rs"]),
    ("3.3", &["core/src/tcb.rs", "core/src/state.rs"]),
    ("3.4", &["core/src/seq.rs", "core/src/segment_arrives/other_states/first_sequence.rs"]),
    ("3.4.1", &["core/src/host.rs", "conformance/src/stack/reference.rs"]),
    ("3.4.2", &["core/src/profile.rs"]),
    ("3.5", &["core/src/segment_arrives/listen.rs", "core/src/segment_arrives/syn_sent.rs"]),
    (
        "3.5.1",
        &["core/src/segment_arrives/syn_sent.rs", "core/src/segment_arrives/other_states/first_sequence.rs"],
    ),
    ("3.5.2", &["core/src/processing.rs", "core/src/segment_arrives/closed.rs"]),
    ("3.5.3", &["core/src/segment_arrives/other_states/second_reset.rs"]),
    ("3.6", &["core/src/calls/close.rs", "core/src/segment_arrives/other_states/eighth_fin.rs"]),
    ("3.6.1", &["core/src/calls/close.rs", "core/src/timeouts.rs"]),
    ("3.7.1", &["core/src/options.rs", "core/src/tcb.rs", "core/src/output.rs"]),
    ("3.7.4", &["core/src/output.rs"]),
    ("3.8.1", &["core/src/retransmission.rs"]),
    ("3.8.2", &["core/src/retransmission.rs"]),
    ("3.8.3", &["core/src/timeouts.rs"]),
    ("3.8.5", &["core/src/segment_arrives/other_states/sixth_urgent.rs", "core/src/calls/send.rs"]),
    ("3.8.6", &["core/src/output.rs", "core/src/segment_arrives/other_states/fifth_ack.rs"]),
    ("3.8.6.1", &["core/src/output.rs", "core/src/timeouts.rs"]),
    ("3.8.6.2.1", &["core/src/output.rs"]),
    ("3.8.6.2.2", &["core/src/calls/receive.rs"]),
    ("3.8.6.3", &["core/src/output.rs", "core/src/segment_arrives/other_states/seventh_text.rs"]),
    ("3.9.1", &["core/src/calls.rs", "core/src/host.rs"]),
    ("3.9.2", &["core/src/host.rs"]),
    ("3.10.1", &["core/src/calls/open.rs", "core/src/host.rs"]),
    ("3.10.2", &["core/src/calls/send.rs"]),
    ("3.10.3", &["core/src/calls/receive.rs"]),
    ("3.10.4", &["core/src/calls/close.rs"]),
    ("3.10.5", &["core/src/calls/abort.rs"]),
    ("3.10.6", &["core/src/calls/status.rs"]),
    ("3.10.7.1", &["core/src/segment_arrives/closed.rs"]),
    ("3.10.7.2", &["core/src/segment_arrives/listen.rs"]),
    ("3.10.7.3", &["core/src/segment_arrives/syn_sent.rs"]),
    ("3.10.7.4", &["core/src/segment_arrives/other_states.rs"]),
    ("3.10.8", &["core/src/timeouts.rs"]),
];

/// The file of each family of rows of the decision table.
const FAMILIES: [(&str, &str); 21] = [
    ("OPEN", "core/src/calls/open.rs"),
    ("SEND", "core/src/calls/send.rs"),
    ("RECV", "core/src/calls/receive.rs"),
    ("CLOSE", "core/src/calls/close.rs"),
    ("ABORT", "core/src/calls/abort.rs"),
    ("STATUS", "core/src/calls/status.rs"),
    ("PRE", "core/src/segment_arrives.rs"),
    ("CLOSED", "core/src/segment_arrives/closed.rs"),
    ("LISTEN", "core/src/segment_arrives/listen.rs"),
    ("SYNSENT", "core/src/segment_arrives/syn_sent.rs"),
    ("PAWS", ""),
    ("SEQ", "core/src/segment_arrives/other_states/first_sequence.rs"),
    ("RST", "core/src/segment_arrives/other_states/second_reset.rs"),
    ("SEC", ""),
    ("SYN", "core/src/segment_arrives/other_states/fourth_syn.rs"),
    ("ACK", "core/src/segment_arrives/other_states/fifth_ack.rs"),
    ("URG", "core/src/segment_arrives/other_states/sixth_urgent.rs"),
    ("TEXT", "core/src/segment_arrives/other_states/seventh_text.rs"),
    ("FIN", "core/src/segment_arrives/other_states/eighth_fin.rs"),
    ("TO", "core/src/timeouts.rs"),
    ("ICMP", ""),
];

/// What an id means.
///
/// # Errors
/// Nothing has this id; the error says what comes near.
pub fn explain(id: &str) -> Result<String, String> {
    if let Some(requirement) = requirement::find(id) {
        return Ok(of_requirement(requirement));
    }
    if let Some(rule) = Rule::from_id(id) {
        return Ok(of_rule(rule));
    }
    if let Some(case) = cases::all().iter().find(|case| case.id == id) {
        return Ok(of_case(case));
    }
    let near = requirement::nearest(id).map_or(String::new(), |near| format!("; did you mean {}?", near.id));
    Err(format!(
        "nothing has the id {id}{near}\nids are requirements (MUST-13), rows of the decision table (RST-4) and cases \
         (see `check --list`)"
    ))
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
    implemented(&mut text, requirement, &rules);
    tested(&mut text, |case| case.scenario.checks.iter().any(|check| check == requirement.id));
    text
}

/// The files of the reference, those of the decision table's rows first.
fn implemented(text: &mut String, requirement: &Requirement, rules: &[Rule]) {
    let mut files: Vec<&str> = Vec::new();
    let mut add = |file: &'static str| {
        if !file.is_empty() && !files.contains(&file) {
            files.push(file);
        }
    };
    rules.iter().filter(|rule| rule.out_of_scope().is_none()).for_each(|rule| add(file_of(*rule)));
    if let Some(section) = requirement.clause.strip_prefix("RFC 9293 §") {
        let fits = |(start, _): &&(&str, &[&str])| {
            section == *start || section.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'))
        };
        if let Some((_, code)) = CODE.iter().filter(fits).max_by_key(|(start, _)| start.len()) {
            code.iter().for_each(|file| add(file));
        }
    }
    if files.is_empty() {
        text.push_str("Not part of the reference yet.\n\n");
    } else {
        text.push_str("Implemented in the reference:\n");
        files.iter().for_each(|file| text.push_str(&format!("  {file}\n")));
        text.push('\n');
    }
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
    if rule.out_of_scope().is_some() {
        text.push_str("Not part of the reference.\n");
    } else {
        let _ = writeln!(text, "Implemented in the reference:\n  {} (Rule::{rule:?})", file_of(rule));
        let _ = writeln!(text, "\nTested row by row:\n  core/tests/suite/decision_table");
    }
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
        text.push_str("No case of the suite tests it yet.\n");
        return;
    }
    text.push_str("Tested by:\n");
    for case in cases {
        let said = format!("{}: {}", case.id, case.scenario.title);
        let _ = writeln!(text, "{}", wrapped(&said, 2));
    }
}

/// The file that implements a row.
fn file_of(rule: Rule) -> &'static str {
    let family = rule.id().split('-').next().unwrap_or_default();
    FAMILIES.iter().find(|(name, _)| *name == family).map_or("", |(_, file)| file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn every_file_that_is_named_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        if !root.join("core").exists() {
            return; // Outside the workspace the files are elsewhere.
        }
        let of_sections = CODE.iter().flat_map(|(_, files)| files.iter());
        for file in of_sections.chain(FAMILIES.iter().map(|(_, file)| file)).filter(|file| !file.is_empty()) {
            assert!(root.join(file).is_file(), "{file}");
        }
    }

    #[test]
    fn every_row_in_scope_has_a_file() {
        for rule in Rule::all().filter(|rule| rule.out_of_scope().is_none()) {
            assert!(!file_of(rule).is_empty(), "{rule}");
        }
    }

    #[test]
    fn requirements_rows_and_cases_explain_themselves() {
        let time_wait = explain("MUST-13").expect("a requirement");
        assert!(time_wait.contains("RFC 9293 §3.6.1"), "{time_wait}");
        assert!(time_wait.contains("core/src/timeouts.rs"), "{time_wait}");
        let reset = explain("RST-4").expect("a row");
        assert!(reset.contains("second_reset.rs (Rule::Rst4)"), "{reset}");
        let case = explain(&cases::all()[0].id).expect("a case");
        assert!(case.contains("tcpspec 1"), "{case}");
    }

    #[test]
    fn an_unknown_id_is_refused_with_a_suggestion() {
        let error = explain("MUST-131").expect_err("no such id");
        assert!(error.contains("did you mean MUST-13"), "{error}");
    }
}
