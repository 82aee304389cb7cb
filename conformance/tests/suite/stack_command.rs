//! A stack in another process: the worked shim in Python, in good health and with a fault that ends it.

use std::process::{Command, Stdio};

use serde_json::Value;
use tcpspec::stack::{self, Stack, command::Limits};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/python");

/// Whether there is a Python to run the shim. CI has one.
fn python() -> bool {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let found = found.is_ok_and(|status| status.success());
    if !found {
        println!("skipped: no python3");
    }
    found
}

/// The report on a program, for programs.
fn check(program: &str, options: &[&str]) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcpspec"));
    command.args(["check", "--format", "json", "--stack-command", program]).args(options);
    let output = command.output().expect("the command was built with this test");
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// What each failure has to say.
fn failures(report: &Value) -> Vec<&str> {
    let cases = report["cases"].as_array().expect("cases").iter();
    cases.filter_map(|case| case["departure"]["what"].as_str()).collect()
}

#[test]
fn the_worked_shim_passes_nearly_all_of_the_suite_over_both_families() {
    if !python() {
        return;
    }
    for options in [&[][..], &["--ipv6"]] {
        let report = check(&format!("python3 '{FOLDER}/shim.py'"), options);
        assert_eq!(report["stack"]["name"], "toy-python");
        let (passed, failures) = (report["counts"]["passed"].as_u64(), failures(&report));
        // It is a toy: a new case may find what it does not do. But it must not be lost.
        assert!(passed.is_some_and(|passed| passed >= 10 * failures.len() as u64), "{failures:#?}");
        assert!(!failures.iter().any(|what| what.contains(" while it ")), "{failures:#?}");
    }
}

#[test]
fn a_shim_that_is_killed_in_one_call_fails_the_cases_that_make_it_and_no_others() {
    if !python() {
        return;
    }
    let fault = format!(
        "import os, sys; sys.path.insert(0, '{FOLDER}'); import shim; \
         shim.Host.send = lambda *_: os.abort(); shim.main()"
    );
    let report = check(&format!("python3 -c \"{fault}\""), &["--filter", "3.6"]);
    let (lost, fine) = ("the stack was ended by signal 6 (SIGABRT) while it took the call `send`", "pass");
    for case in report["cases"].as_array().expect("cases") {
        let id = case["id"].as_str().expect("an id");
        let story = tcpspec::cases::all().iter().find(|case| case.id == id).expect("a case");
        let sends = story.scenario.steps.iter().any(|step| step.what.to_string().starts_with("send "));
        match case["departure"]["what"].as_str() {
            Some(what) => assert!(sends && what == lost, "{id}: {what}"),
            None => assert!(!sends && case["verdict"] == fine, "{id}"),
        }
    }
    assert!(failures(&report).contains(&lost));
}

/// The page on stacks of one's own, if the whole repository is here.
fn page() -> Option<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/your-stack.md");
    let page = std::fs::read_to_string(path).ok();
    if page.is_none() {
        println!("skipped: docs/your-stack.md is not part of this package");
    }
    page
}

#[test]
fn the_page_declares_a_stack_as_the_protocol_has_it() {
    let Some(page) = page() else { return };
    let (_, example) = page.split_once("```json\n").expect("an example of a declaration");
    let (example, _) = example.split_once("```").expect("its end");
    let choices = page.split("| in the protocol |").nth(1).expect("the table of choices").lines();
    let choices = choices.skip(2).map_while(|row| row.split(" | `").nth(1)?.strip_suffix("` |"));
    let choices: Vec<_> =
        choices.map(|choice| format!("{{\"choice\": {choice}, \"source\": \"the page\"}}")).collect();
    let (before, _) = example.split_once("\"chooses\"").expect("choices");
    let hello = format!("{before}\"chooses\": [{}]}}", choices.join(", ")).replace('\n', " ");
    let script = format!("read -r l; echo '{hello}'; read -r l");
    let line = format!("sh -c {}", shlex::try_quote(&script).expect("no zero octet"));
    let stack = stack::command::Command::start(&line, Limits::default()).expect("it is as the page says");
    assert_eq!((stack.declaration().name.as_ref(), stack.declaration().chooses.len()), ("my-stack", 8));
}

#[test]
fn the_page_names_every_request_and_every_answer() {
    let Some(page) = page() else { return };
    let requests = "hello|reset|listen|connect|accept|send|receive|close|abort|set|deliver|run|refuse";
    let fields =
        "outcome|now|packets|next_timer|states|congestion_control|keep-alive|user-timeout|traffic-class";
    for word in requests.split('|') {
        assert!(page.contains(&format!("\n| `{word}` | ")), "{word} is missing");
    }
    for word in fields.split('|') {
        assert!(page.contains(&format!("`{word}`")), "{word} is missing");
    }
}
