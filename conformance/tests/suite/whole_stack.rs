//! `tcpspec grid`, `profile` and `requirements` as a user meets them.

use std::process::{Command, Output};

fn tcpspec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpspec"));
    command.args(arguments).output().expect("the command was built with this test")
}

/// Exit code and standard output.
fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = tcpspec(arguments);
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn the_whole_grid_of_smoltcp_differs_only_as_listed_and_says_how_much_was_played() {
    let (code, report) = run(&["grid"]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("3168 cells") && report.contains("1236 played, 1932 cannot be"), "{report}");
}

#[test]
fn a_difference_that_is_not_listed_fails_the_run_with_a_trace_or_a_scenario_to_replay() {
    let part = ["grid", "--no-deviations", "--filter", "CLOSED: SF"];
    let (code, report) = run(&part);
    assert_eq!(code, Some(1));
    assert!(report.contains("SILENT 2 cells, §3.10.7.1 (R9293-3.5.2-a)"), "{report}");
    assert!(report.contains("< SF 0:0(0)"), "{report}");
    let (code, report) = run(&[&part[..], &["--scenarios"]].concat());
    assert_eq!(code, Some(1));
    let begins = report.find("tcpspec 1").expect("a scenario");
    let scenario: String = report[begins..].lines().map_while(scenario_line).collect();
    let path = std::env::temp_dir().join(format!("tcpspec-{}-cell.tcpspec", std::process::id()));
    std::fs::write(&path, scenario).expect("a temporary file");
    let file = path.to_str().expect("a plain name");
    let (code, trace) = run(&["replay", "--no-deviations", file]);
    assert_eq!(code, Some(1), "the monitor judges what expects nothing: {trace}");
    let (listed, known) = run(&["replay", file]);
    let _ = std::fs::remove_file(&path);
    assert!(listed == Some(0) && known.contains("\nKNOWN\n"), "{known}");
    assert!(trace.contains("< SF 0:0(0)") && trace.contains("no reset by"), "{trace}");
}

/// A line of a scenario in a report; none once the report goes on.
fn scenario_line(line: &str) -> Option<String> {
    let ends = line.contains("cells differ");
    (!ends).then(|| format!("{}\n", line.trim_start()))
}

#[test]
fn cells_that_are_not_there_cannot_be_played() {
    let output = tcpspec(&["grid", "--filter", "no such cell"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no cell matches"));
}

#[test]
fn the_profile_is_a_table_with_values_clauses_and_evidence() {
    for stack in ["smoltcp", "reference"] {
        let (code, table) = run(&["profile", "--stack", stack]);
        assert_eq!(code, Some(0), "{table}");
        assert!(table.contains("\nlength of TIME-WAIT") && table.contains("declared: 2 x"), "{table}");
        assert!(table.contains("> . 2:2(0) ack 2"), "the evidence: {table}");
        assert!(table.contains("0 other than declared"), "{table}");
    }
}

#[test]
fn a_stack_that_is_other_than_declared_ends_with_one() {
    let (code, table) = run(&["profile", "--stack", "faulty:timer-early/time-wait-after-one-lifetime"]);
    assert_eq!(code, Some(1), "{table}");
    assert!(table.contains("DECLARED OTHERWISE: 2 x 120 s"), "{table}");
}

#[test]
fn requirements_has_a_line_for_each_of_the_119_and_fails_on_what_is_not_listed() {
    let (code, table) = run(&["requirements"]);
    assert_eq!(code, Some(0), "{table}");
    let families = ["MUST-", "SHLD-", "REC-", "MAY-"];
    let rows = table.lines().filter(|line| families.iter().any(|family| line.starts_with(family)));
    assert_eq!(rows.count(), 119, "{table}");
    let (code, table) = run(&["requirements", "--no-deviations"]);
    assert_eq!(code, Some(1));
    assert!(table.contains("MUST-66  DEPARTS"), "{table}");
}
