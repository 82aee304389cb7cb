//! That every departure on smoltcp's list was read a second time.

use std::collections::BTreeMap;

use super::Deviations;
use crate::verdict::Reading;

/// Every entry of smoltcp's list: its reason and its reading.
fn read() -> Vec<(String, Option<Reading>)> {
    let Deviations { entries, findings, grid, requirements } = Deviations::built_in("smoltcp");
    let entries = entries.into_iter().map(|entry| (entry.cause.reason.clone(), entry.cause.reading));
    let findings = findings.into_iter().map(|entry| (entry.cause.reason.clone(), entry.cause.reading));
    let grid = grid.into_iter().map(|entry| (entry.cause.reason.clone(), entry.cause.reading));
    let requirements =
        requirements.into_iter().map(|entry| (entry.cause.reason.clone(), entry.cause.reading));
    entries.chain(findings).chain(grid).chain(requirements).collect()
}

#[test]
fn every_departure_of_smoltcp_was_read_and_those_with_one_cause_alike() {
    let mut causes: BTreeMap<String, Reading> = BTreeMap::new();
    for (reason, reading) in read() {
        let reading = reading.unwrap_or_else(|| panic!("nobody has read the entry: {reason}"));
        assert_eq!(*causes.entry(reason.clone()).or_insert(reading), reading, "{reason}");
    }
    let count = |reading: Reading| causes.values().filter(|known| **known == reading).count();
    let counts = Reading::ALL.map(|reading| format!("{} {}", count(reading), reading.word())).join(", ");
    let docs = include_str!("../../../docs/smoltcp.md");
    let sentence = format!("{} causes: {counts}", causes.len());
    assert!(docs.contains(&sentence), "docs/smoltcp.md does not say: {sentence}");
}

#[test]
fn what_is_arguable_says_what_the_answer_is() {
    for (reason, _) in read().iter().filter(|(_, reading)| *reading == Some(Reading::Arguable)) {
        let answer = ["V-", "SHLD-", "BCP", "documentation"];
        assert!(answer.iter().any(|word| reason.contains(word)), "{reason}");
    }
}
