//! The page on scenarios keeps pace with the language: its examples parse and it names every word. That on variations
//! has every one that explains a difference. What the page on the oracle shows of its stories is what a run prints.
//!
//! The pages are outside the package, so in a packaged crate there is nothing to compare with.

use tcpspec::bench::Family;
use tcpspec::differential::{Differential, VARIATIONS};
use tcpspec::report::differential as sides;
use tcpspec::scenario::{AddressClass, Anchor, IcmpKind, MAX_STEPS, parse, parse_one, print_file};
use tcpspec::stack::{self, Capability};

/// The page on scenarios, if the whole repository is here.
fn page() -> Option<String> {
    page_on("scenarios")
}

/// A page, if the whole repository is here.
fn page_on(subject: &str) -> Option<String> {
    let path = format!("{}/../docs/{subject}.md", env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(path).ok();
    if page.is_none() {
        println!("skipped: docs/{subject}.md is not part of this package");
    }
    page
}

/// The blocks fenced as `tcpspec`, each with the number of its first line. A block without a version line
/// shows steps alone; it gets the lines that go before them.
fn examples(page: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim() == "```tcpspec" {
            let block: Vec<&str> =
                lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
            let block = block.join("\n");
            let whole = if block.starts_with("tcpspec ") {
                block
            } else {
                format!("tcpspec 1\nscenario steps\n{block}")
            };
            found.push((index + 2, whole));
        }
    }
    found
}

#[test]
fn every_example_parses_and_prints_to_itself() {
    let Some(page) = page() else { return };
    let examples = examples(&page);
    assert!(examples.iter().any(|(_, text)| text.contains("\ntitle ")), "a complete example is missing");
    for (line, text) in examples {
        let scenarios = parse(&text).unwrap_or_else(|error| panic!("the example at line {line}: {error}"));
        assert_eq!(parse(&print_file(&scenarios)), Ok(scenarios), "the example at line {line}");
    }
}

#[test]
fn the_complete_example_is_in_canonical_form() {
    let Some(page) = page() else { return };
    let complete =
        examples(&page).into_iter().find(|(_, text)| text.contains("\ntitle ")).expect("an example").1;
    let without_comments: Vec<&str> =
        complete.lines().map(|line| line.split("//").next().unwrap_or_default().trim_end()).collect();
    let printed = print_file(&parse(&complete).expect("parses"));
    assert_eq!(printed.trim_end(), without_comments.join("\n"));
}

#[test]
fn the_page_names_every_word_of_the_language() {
    let Some(page) = page() else { return };
    let words = "open passive|open active|send N|receive|close|abort|quiet D|at-most N in D|nothing|end|reset|refused|\
                 closing|no-connection|timed-out|failure|mss N|wscale N|sackOK|TS val N ecr N|nop|eol|\
                 raw HEX|bad-checksum|offset N|reserved N|cut N|win >N|buffer|receive.buffer|send.buffer|mtu|peer.iss|seed|\
                 nagle|congestion|connection N|service|client|peer|set nagle|set keep-alive D|set user-timeout D|\
                 set traffic-class N|set error-reports on|report|urgent-text|urgent-text-ends|delivery-trouble|send N urgent|device refuses|device accepts|from ADDRESS|to ADDRESS|class N|\
                 urg N|ip-options|network|ipv4|ipv6|< icmp ERROR";
    let names = Anchor::ALL.map(Anchor::name).into_iter().chain(Capability::ALL.map(Capability::name));
    let names = names.chain(AddressClass::ALL.map(AddressClass::name));
    let names = names.chain(IcmpKind::ALL.map(IcmpKind::name));
    for word in words.split('|').chain(names) {
        assert!(page.contains(&format!("`{word}")), "{word} is missing");
    }
    assert!(page.contains(&format!("{MAX_STEPS} steps")), "the limit of steps is missing");
}

#[test]
fn every_variation_that_explains_a_difference_is_on_the_page() {
    let Some(page) = page_on("variations") else { return };
    for variation in VARIATIONS {
        assert!(page.contains(&format!("| {} |", variation.id)), "{variation:?}");
    }
}

#[test]
fn what_the_page_on_the_oracle_shows_is_what_differ_prints() {
    let Some(page) = page_on("oracle") else { return };
    let stories = examples(&page);
    assert!(stories.len() >= 3, "the page has stories");
    let built_in = |name| stack::by_name(name).expect("built in");
    let (mut smoltcp, mut reference) = (built_in("smoltcp"), built_in("reference"));
    let mut shown = page.split("```text\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    for (line, story) in stories {
        let story = parse_one(&story).unwrap_or_else(|error| panic!("the story at line {line}: {error}"));
        let comparison = Differential::default().compare(&mut *smoltcp, &mut *reference, &story, Family::V4);
        let printed = sides::render(&story, &comparison);
        assert_eq!(shown.next(), Some(&*printed), "the story at line {line}");
    }
    assert_eq!(shown.next(), None, "a block without its story");
}
