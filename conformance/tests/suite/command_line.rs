//! The `tcpspec` command as a user meets it: what it prints and how it ends.

use std::process::{Command, Output};

fn tcpspec(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpspec"));
    command.args(arguments).output().expect("the command was built with this test")
}

/// Exit code and standard output.
pub(crate) fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = tcpspec(arguments);
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

/// What a command that cannot run says.
pub(crate) fn trouble(arguments: &[&str]) -> String {
    let output = tcpspec(arguments);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    assert!(output.stdout.is_empty(), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// A file that lives as long as the test.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tcpspec-{}-{name}", std::process::id()));
        std::fs::write(&path, text).expect("a temporary file");
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("a plain name")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn smoltcp_departs_only_as_listed_over_both_families() {
    for family in [&["check"][..], &["check", "--ipv6"]] {
        let (code, report) = run(family);
        assert_eq!(code, Some(0), "{report}");
        assert!(report.contains("Known deviations"), "{report}");
        assert!(report.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns: {report}");
    }
}

#[test]
fn without_the_list_known_departures_fail_the_run_with_their_traces() {
    let (code, report) = run(&["check", "--no-deviations", "--filter", "3.6/"]);
    assert_eq!(code, Some(1));
    assert!(report.contains("FAIL 3.6/") && report.contains("ESTABLISHED   <"), "{report}");
}

#[test]
fn a_listed_departure_that_is_gone_fails_the_run() {
    let list = r#"
        [[cause]]
        versions = "*"
        reason = "Made up for this test."
        cases = [{ case = "3.5/passive-open", at = "end" }]
    "#;
    let list = Scratch::new("deviations.toml", list);
    let (code, report) = run(&["check", "--filter", "3.5/passive-open", "--deviations", list.name()]);
    assert_eq!(code, Some(1));
    assert!(report.contains("FIXED 3.5/passive-open"), "{report}");
}

/// A story in which nothing happens that is listed, and one in which something else does.
#[test]
fn a_listed_story_that_shows_nothing_or_something_else_fails_the_run() {
    let story = "+0 open active\n+0 < S\n+0 < F.\n+0 < . (1)\n+0.1 receive";
    for (stack, rule, instead) in [("reference", "I-045", "PASS"), ("smoltcp", "I-123", "FAIL")] {
        let entry = format!(
            "[[cause]]\nversions = \"*\"\nreason = \"Made up.\"\n\
             [[cause.finding]]\nrules = [\"{rule}\"]\ndiffered = [\"silence\"]\nstory = \"\"\"\n{story}\n\"\"\"\n"
        );
        let list = Scratch::new(&format!("{stack}.toml"), &entry);
        let check = ["check", "--stack", stack, "--deviations", list.name()];
        let (code, report) = run(&check);
        assert_eq!(code, Some(1));
        let gone = format!(
            "FIXED {rule}: silence\n  A listed departure no longer happens in its story:\n  Made up.\n"
        );
        assert!(report.contains(&gone) && report.contains(&format!("  Instead: {instead}")), "{report}");
        let (_, report) = run(&[&check[..], &["--format", "json"]].concat());
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["gone"][0]["rules"][0], rule, "{}", report["gone"]);
        let (_, report) = run(&[&check[..], &["--format", "junit"]].concat());
        assert!(report.contains("<testsuite name=\"known deviations\" tests=\"1\""), "{report}");
        let (_, report) = run(&[&check[..], &["--filter", "3.6/"]].concat());
        assert!(!report.contains("no longer happens"), "only the whole suite asks for them: {report}");
    }
}

#[test]
fn the_report_for_programs_is_json_with_a_version() {
    let (code, report) = run(&["check", "--no-deviations", "--filter", "3.6/", "--format", "json"]);
    assert_eq!(code, Some(1));
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["version"], 1);
    assert_eq!(report["stack"]["name"], "smoltcp");
    let departures =
        report["cases"].as_array().expect("cases").iter().filter_map(|case| case.get("departure"));
    for departure in departures {
        assert!(departure["signature"].as_str().is_some_and(|text| text.starts_with("3.6/")), "{departure}");
        assert!(departure["trace"].as_array().is_some_and(|lines| !lines.is_empty()), "{departure}");
    }
    assert_eq!(
        report["counts"]["failed"],
        report["cases"]
            .as_array()
            .map_or(0, |cases| { cases.iter().filter(|case| case["verdict"] == "fail").count() })
    );
}

#[test]
fn the_report_for_continuous_integration_is_junit_with_a_test_for_each_case() {
    let (code, report) = run(&["check", "--filter", "3.6", "--no-deviations", "--format", "junit"]);
    let (_, json) = run(&["check", "--filter", "3.6", "--no-deviations", "--format", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let count = |verdict: &str| json["counts"][verdict].as_u64().expect("a number");
    let (failed, skipped) = (count("failed"), count("skipped") + count("inconclusive"));
    assert_eq!(code, Some(1));
    let suite = format!("<testsuite name=\"3.6 closing\" tests=\"{}\"", count("passed") + failed + skipped);
    assert!(report.contains(&suite), "{suite}: {report}");
    assert_eq!(report.matches("<failure message=\"").count() as u64, failed, "{report}");
    assert_eq!(report.matches("<skipped").count() as u64, skipped, "{report}");
    assert!(
        report.contains("tcpspec replay 3.6/") && report.contains(" classname=\"smoltcp.3.6\""),
        "{report}"
    );
    let (code, listed) = run(&["check", "--filter", "3.6", "--format", "junit"]);
    assert_eq!((code, listed.matches("message=\"KNOWN: ").count() as u64), (Some(0), failed), "{listed}");
}

#[test]
fn cases_are_listed_and_selected_by_requirement() {
    let (code, list) = run(&["check", "--list", "--requirement", "MUST-13"]);
    assert_eq!(code, Some(0));
    assert!(list.contains("3.6.1/") && list.contains("MUST-13"), "{list}");
    let cases: Vec<_> = list.lines().take_while(|line| !line.is_empty()).collect();
    assert!(cases.iter().all(|line| line.contains('/') && line.contains(" MUST-13")), "{list}");
    assert!(list.ends_with(&format!("\n{} cases\n", cases.len())), "{list}");
    let (_, section) = run(&["check", "--list", "--filter", "3.6"]);
    let cases = section.lines().take_while(|line| !line.is_empty());
    assert!(cases.count() > 0 && section.lines().all(|line| !line.starts_with("3.6.1/")), "{section}");
    assert!(trouble(&["check", "--list", "--format", "json"]).contains("cannot be used with"));
}

#[test]
fn the_list_says_which_faults_each_case_finds_and_which_survive() {
    let (code, list) = run(&["check", "--list", "--filter", "3.6.1/"]);
    assert_eq!(code, Some(0));
    let cases: Vec<_> = list.lines().take_while(|line| !line.is_empty()).collect();
    assert!(cases.iter().all(|line| line.ends_with(" faults")), "{list}");
    let (code, long) = run(&["check", "--list", "--faults", "--filter", "3.6.1/"]);
    assert_eq!(code, Some(0));
    assert!(long.contains("\n    timer-never/time-wait\n"), "{long}");
    assert!(long.contains("found by none of these cases") && long.contains(" survive\n"), "{long}");
    assert!(trouble(&["check", "--faults"]).contains("--list"));
}

#[test]
fn a_faulty_reference_is_a_stack_like_any_other() {
    let fault = "faulty:timer-early/time-wait-after-one-lifetime";
    let (code, report) = run(&["check", "--stack", fault, "--requirement", "MUST-13"]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains(fault) && report.contains("FAIL 3.6.1/"), "{report}");
    let (code, trace) =
        run(&["replay", "3.5/passive-open", "--rules", "--stack", "faulty:drop-answer/LISTEN-5"]);
    assert_eq!(code, Some(1), "{trace}");
    assert!(trace.contains("LISTEN-5"), "{trace}");
    let near = trouble(&["check", "--stack", "faulty:drop-answer/LISTEN5"]);
    assert!(near.contains("did you mean drop-answer/LISTEN-5?"), "{near}");
}

#[test]
fn a_listed_case_that_fails_elsewhere_says_where_it_should_have() {
    let case = "3.5.1/restarted-peer-asks-anew";
    let list = |line: &str| {
        let cause = "[[cause]]\nversions = \"*\"\nreason = \"Made up.\"\n";
        Scratch::new(&format!("{}.toml", line.len()), &format!("{cause}cases = [\n{line}\n]\n"))
    };
    let elsewhere = list(&format!("{{ case = {case:?}, at = \"end\" }},"));
    let (code, report) = run(&["check", "--filter", case, "--deviations", elsewhere.name()]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("The list of known deviations expects it to fail at `end`."), "{report}");
    let pasted = list(report.lines().find(|line| line.starts_with("  { case = ")).expect("a line to paste"));
    let (code, report) = run(&["check", "--filter", case, "--deviations", pasted.name()]);
    assert_eq!(code, Some(0), "{report}");
    let (_, unlisted) = run(&["check", "--filter", case, "--no-deviations"]);
    assert!(unlisted.contains("\n  { case = ") && !unlisted.contains("expects it to fail"), "{unlisted}");
}

#[test]
fn a_replay_without_a_judgement_does_not_fail() {
    let skipped = "tcpspec 1\n\nscenario skipped\nneeds   urgent\n\n+0 close -> ok\n";
    let file = Scratch::new("skipped.tcpspec", skipped);
    let (code, text) = run(&["replay", file.name(), "--stack", "smoltcp"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("SKIPPED"), "{text}");
}

#[test]
fn what_no_file_of_ours_holds_is_refused_before_it_costs_anything() {
    let large = Scratch::new("large.tcpspec", "");
    std::fs::File::options()
        .write(true)
        .open(large.name())
        .and_then(|file| file.set_len(1 << 40).or_else(|_| file.set_len((4 << 20) + 1)))
        .expect("a file with a hole");
    assert!(trouble(&["replay", large.name()]).contains("too large for a scenario file, more than 4 MiB"));
    let said = trouble(&["check", "--deviations", large.name()]);
    assert!(said.contains("too large for a list of known deviations"), "{said}");
    let greedy = Scratch::new("greedy.tcpspec", "tcpspec 1\n\nscenario a\n\n+0 send 4294967295\n");
    assert!(trouble(&["replay", greedy.name()]).contains("a number from 0 to 1048576"));
    let unknown = Scratch::new("unknown.tcpspec", "tcpspec 1\n\nscenario a\nchecks MUST-131\n\n+0 close\n");
    let said = trouble(&["replay", unknown.name()]);
    assert!(
        said.contains("checks MUST-131, but there is no requirement MUST-131; did you mean MUST-13?"),
        "{said}"
    );
}

#[test]
fn two_stacks_are_told_a_story_and_the_one_that_departs_is_named() {
    let story = concat!(env!("CARGO_MANIFEST_DIR"), "/regressions/smoltcp-octets-never-sent.tcpspec");
    let (code, report) = run(&["differ", story]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("PARTED: smoltcp departs from the standard"), "{report}");
    assert!(report.contains("(RFC 9293 §3.5.2)"), "the clause: {report}");
    assert!(report.lines().any(|line| line.starts_with("=>")), "where: {report}");
    let (code, report) = run(&["differ", story, "--stack", "reference", "--against", "reference"]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("ALIKE"), "{report}");
}

#[test]
fn where_both_are_right_the_variation_is_named() {
    let case = "3.5.3/reset-inside-the-window-has-no-half-effect";
    let (code, report) = run(&["differ", case, "--no-expectations"]);
    assert_eq!(code, Some(0), "{report}");
    assert!(
        report.contains("PARTED: the standard permits both") && report.contains("V-13 (RFC 5961 §3.2)"),
        "{report}"
    );
    assert!(report.lines().all(|line| line.chars().count() <= 90), "{report}");
    assert!(trouble(&["differ", case, "--against", "nothing"]).contains("there are"));
}

#[test]
fn a_scenario_is_replayed_from_a_file_or_by_its_case() {
    let (code, trace) = run(&["replay", "3.5/passive-open", "--stack", "reference", "--rules"]);
    assert_eq!(code, Some(0), "{trace}");
    assert!(trace.contains("LISTEN-5") && trace.ends_with("PASS\n"), "{trace}");
    let scenario = "tcpspec 1\n\nscenario refused\n\n+0 < S\n+0 > S.\n";
    let file = Scratch::new("refused.tcpspec", scenario);
    let (code, trace) = run(&["replay", file.name()]);
    assert_eq!(code, Some(1), "{trace}");
    assert!(trace.contains("=>    0.000000                > R. =0:=0(0) ack 1"), "{trace}");
}

#[test]
fn what_cannot_be_done_is_said_with_its_cause() {
    assert!(trouble(&["check", "--filter", "nothing-like-it"]).contains("--list"));
    assert!(trouble(&["check", "--requirement", "MUST-131"]).contains("did you mean MUST-13?"));
    assert!(trouble(&["check", "--stack", "carrier-pigeon"]).contains("smoltcp, reference"));
    assert!(trouble(&["check", "--deviations", "no/such/file"]).starts_with("tcpspec: no/such/file: "));
    let said = trouble(&["replay", "no/such/file"]);
    let neither = "neither a case (see `tcpspec check --list`) nor a file that can be read: ";
    assert!(
        said.starts_with(&format!("tcpspec: no/such/file: {neither}")) && !said.contains("did you"),
        "{said}"
    );
    assert!(trouble(&["replay", "3.5/pasive-open"]).contains("; did you mean 3.5/passive-open?"));
    assert!(
        trouble(&["replay", "3.5/passive-open", "--rules"]).contains("only the reference tells its rules")
    );
    let said = trouble(&["check", "--requirement", "MUST-43"]);
    assert!(said.contains("no case checks MUST-43 yet; `tcpspec explain MUST-43` says more"), "{said}");
    assert!(trouble(&["explain", "RST-99"]).contains("nothing has the id RST-99"));
    let broken = Scratch::new("broken.tcpspec", "tcpspec 1\n\nscenario a\n\n+0 open sideways\n");
    let said = trouble(&["replay", broken.name()]);
    assert!(said.contains("5:9") && said.contains("sideways"), "{said}");
    let list = Scratch::new("broken.toml", "[[cause]]\nreason = 1\n");
    assert!(trouble(&["check", "--deviations", list.name()]).contains("broken.toml"));
    let gone = "[[cause]]\nversions = \"*\"\nreason = \"why\"\n\
                cases = [{ case = \"3.5/gone\", at = \"end\" }]\n";
    let list = Scratch::new("gone.toml", gone);
    let said = trouble(&["check", "--deviations", list.name()]);
    assert!(said.contains("gone.toml: case \"3.5/gone\": there is no such case"), "{said}");
}

#[test]
fn a_stack_that_is_not_built_in_is_asked_for_by_its_feature() {
    if !cfg!(feature = "linux") {
        assert!(trouble(&["check", "--stack", "linux"]).contains("`--features linux`"));
    }
}
