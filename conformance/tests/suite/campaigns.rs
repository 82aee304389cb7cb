//! `tcpspec fuzz`, `replay` of what it found, and `promote`, as a user meets them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::command_line::{run, trouble};

/// A folder that lives as long as the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("tcpspec-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    fn name(&self) -> &str {
        self.0.to_str().expect("a plain name")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A fault of which a campaign needs to know nothing, and that shows at once.
const FAULTY: &str = "faulty:drop-answer/LISTEN-5";

/// The findings in a folder, by name, without when they were found.
fn findings(folder: &Path) -> BTreeMap<String, serde_json::Value> {
    let entries = fs::read_dir(folder).expect("findings");
    let finding = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let text = fs::read_to_string(entry.path().join("finding.json")).expect("a finding");
        let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        json.as_object_mut().expect("an object").remove("found_after_seconds").expect("when it was found");
        (entry.file_name().into_string().expect("a plain name"), json)
    };
    entries.map(finding).collect()
}

/// A campaign over `runs` stories; its findings, and how it ended.
fn campaign(folder: &Folder, runs: &str, options: &[&str]) -> (Option<i32>, String) {
    let fixed = ["fuzz", "--seed", "1", "--runs", runs, "--output", folder.name()];
    run(&[&fixed[..], options].concat())
}

#[test]
fn one_process_or_several_find_the_same() {
    let found = ["1", "3"].map(|jobs| {
        let folder = Folder::new(&format!("jobs-{jobs}"));
        // More than one round, so that what is found depends on what was learnt.
        let (code, report) = campaign(&folder, "2300", &["--no-deviations", "--jobs", jobs]);
        assert_eq!(code, Some(1), "{report}");
        findings(&folder.0.join("smoltcp"))
    });
    assert!(found[0].len() > 10, "{:?}", found[0].keys());
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_finding_is_replayed_listed_and_then_known() {
    let folder = Folder::new("promoted");
    let (code, report) = campaign(&folder, "300", &["--stack", FAULTY]);
    assert_eq!(code, Some(1), "{report}");
    let found = folder.0.join(FAULTY.replace([':', '/'], "-"));
    let list = folder.0.join("list.toml");
    fs::write(&list, "").expect("a list");
    let list = list.to_str().expect("a plain name");
    for (name, finding) in findings(&found) {
        let place = found.join(&name);
        let place = place.to_str().expect("a plain name");
        let (code, replayed) = run(&["replay", place, "--stack", FAULTY]);
        assert_eq!(code, Some(1), "{replayed}");
        let signature = finding["signature"].as_str().expect("a signature");
        assert!(replayed.contains(&format!("FAIL {signature}")), "{replayed}");
        let (code, mended) = run(&["replay", place, "--stack", "reference"]);
        assert_eq!(code, Some(0), "{mended}");
        let (code, listed) = run(&["promote", place, "--known", "--reason", "A fault.", "--into", list]);
        assert_eq!(code, Some(0), "{listed}");
        let (code, known) = run(&["replay", place, "--stack", FAULTY, "--deviations", list]);
        assert_eq!(code, Some(0), "{known}");
        assert!(known.contains(&format!("KNOWN {signature}")) && known.contains("A fault."), "{known}");
    }
    let regressions = folder.0.join("regressions");
    fs::create_dir(&regressions).expect("a folder");
    let first = fs::read_dir(&found).expect("findings").next().expect("a finding").expect("an entry").path();
    let [first, into] = [&first, &regressions].map(|path| path.to_str().expect("a plain name"));
    let (code, stored) = run(&["promote", first, "--into", into]);
    assert_eq!(code, Some(0), "{stored}");
    assert!(trouble(&["promote", first, "--into", into]).contains("it is stored already"));
    let file =
        fs::read_dir(&regressions).expect("a regression").next().expect("one").expect("an entry").path();
    let (code, replayed) = run(&["replay", file.to_str().expect("a plain name"), "--stack", FAULTY]);
    assert_eq!(code, Some(1), "{replayed}");
}

#[test]
fn what_is_listed_but_no_longer_happens_fails_the_campaign() {
    let folder = Folder::new("fixed");
    let list = folder.0.join("list.toml");
    let entry = "[[cause]]\nversions = \"*\"\nreason = \"It was silent.\"\n\
                 [[cause.finding]]\nrules = [\"I-032\"]\ndiffered = [\"no reset\"]\nstory = \"+0 < S\"\n";
    fs::write(&list, entry).expect("a list");
    let list = list.to_str().expect("a plain name");
    let (code, report) = campaign(&folder, "10", &["--stack", "reference", "--deviations", list]);
    assert_eq!(code, Some(1), "{report}");
    assert!(report.contains("FIXED") && report.contains("It was silent."), "{report}");
}

#[test]
fn findings_that_cannot_be_kept_are_printed_and_the_trouble_is_named() {
    let folder = Folder::new("full");
    fs::write(folder.0.join(FAULTY.replace([':', '/'], "-")), "in the way").expect("a file");
    let fixed = ["fuzz", "--runs", "300", "--stack", FAULTY, "--output", folder.name()];
    let said = trouble(&fixed);
    assert!(said.contains("scenario found/") && said.contains("cannot write"), "{said}");
}

#[test]
fn what_is_listed_of_smoltcp_still_happens_over_both_families() {
    let folder = Folder::new("listed");
    for family in [&[] as &[&str], &["--ipv6"]] {
        let (code, report) = campaign(&folder, "100", family);
        assert_eq!(code, Some(0), "{family:?}: {report}");
    }
}
