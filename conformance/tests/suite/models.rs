//! `tcpspec model` as a user meets it.

use crate::command_line::{run, trouble};

#[test]
fn a_model_is_explored_and_a_rule_taken_away_shows_its_counterexample() {
    let directory = std::env::temp_dir().join(format!("tcpspec-{}-model", std::process::id()));
    let save = directory.to_str().expect("a plain name");
    let (code, report) = run(&["model", "opening-old-syn", "--threads", "2", "--save", save]);
    assert_eq!(code, Some(0), "{report}");
    assert!(report.contains("yes [] nothing-old-opens") && report.contains("NO  <> settles"), "{report}");
    let file = directory.join("opening-old-syn-two-way-settles.trace");
    let saved = std::fs::read_to_string(&file).expect("the counterexample");
    std::fs::remove_dir_all(&directory).expect("ours");
    assert!(saved.lines().any(|line| line.contains("> S 50:50(0)")), "{saved}");
    assert!(saved.lines().all(|line| report.contains(line)), "{saved}");
    let (code, list) = run(&["model", "--list"]);
    assert_eq!(code, Some(0));
    assert!(list.contains("  opening/two-way: ") && list.contains("      breaks chosen"), "{list}");
    assert!(trouble(&["model", "carrier-pigeon"]).contains("--list"));
}
