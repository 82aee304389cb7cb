//! The README shows real output: what it prints of a replay is what a replay prints.

use tcpspec::bench::{self, Family};
use tcpspec::report::terminal;
use tcpspec::{scenario, stack};

/// A file of the repository; none in a packaged crate, where there is nothing to compare with.
fn file(name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"))).ok();
    if text.is_none() {
        println!("skipped: {name} is not part of this package");
    }
    text
}

#[test]
fn the_departure_in_the_readme_is_what_replay_prints() {
    let stored = "conformance/regressions/smoltcp-octets-never-sent.tcpspec";
    let (Some(readme), Some(scenario)) = (file("README.md"), file(stored)) else { return };
    let scenario = scenario::parse_one(&scenario).expect("a stored scenario parses");
    let mut smoltcp = stack::by_name("smoltcp").expect("built in");
    let run = bench::run(&mut *smoltcp, &scenario, Family::V4);
    let printed = terminal::replay(&scenario, smoltcp.declaration(), &run);
    assert!(readme.contains(stored), "the README names the file");
    assert!(readme.contains(&format!("```\n{printed}```\n")), "the README should show:\n{printed}");
}

#[test]
fn the_readme_counts_the_departures_as_the_list_does() {
    let Some(readme) = file("README.md") else { return };
    let list = tcpspec::deviation::Deviations::built_in("smoltcp");
    let mut reasons: Vec<_> = list.entries().iter().map(|entry| &entry.cause.reason).collect();
    let cases = reasons.len();
    reasons.sort_unstable();
    reasons.dedup();
    let causes = reasons.len();
    let said = format!("{cases} cases in which smoltcp departs, for {causes} causes");
    let words: Vec<_> = readme.split_whitespace().collect();
    assert!(words.join(" ").contains(&said), "the README should say: {said}");
}
