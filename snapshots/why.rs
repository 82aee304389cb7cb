//! The page that explains the rules by what happens without them keeps to what the models say: every figure and every
//! run on it is compared with a fresh one.

use tcpspec::model::check::Progress;
use tcpspec::model::report::{Report, subjects};

const PAGE: &str = include_str!("../docs/why.md");

/// The lines of the block that begins with a fence and these words.
fn block(words: &str) -> Option<Vec<&'static str>> {
    let mut lines = PAGE.lines();
    lines.by_ref().find(|line| line.strip_prefix("```text ") == Some(words))?;
    Some(lines.take_while(|line| *line != "```").collect())
}

/// The row of the table of models.
fn row(report: &Report) -> String {
    let Progress { states, depth, .. } = report.outcomes[0].progress;
    format!("| `{}` | {states} | {depth} |", report.subject.name())
}

#[test]
fn every_run_and_every_figure_on_the_page_is_what_the_models_give() {
    let mut shown = 0;
    for report in subjects(None).into_iter().map(|subject| subject.check(1, |_| {})) {
        assert!(report.is_as_expected(), "{}", report.text());
        let name = report.subject.name();
        if report.subject.variation.is_none() {
            let row = row(&report);
            assert!(PAGE.lines().any(|line| line.starts_with(&row)), "the table has no row {row}");
        } else {
            assert!(PAGE.contains(&format!("`{name}`")), "{name} is not on the page");
        }
        for (question, story) in report.counterexamples() {
            if let Some(block) = block(&format!("{name} {question}")) {
                shown += 1;
                assert_eq!(block, story.text_lines(), "{name} {question}");
            }
        }
    }
    let blocks = PAGE.lines().filter(|line| line.starts_with("```text ")).count();
    assert_eq!(shown, blocks, "a block on the page belongs to no counterexample");
}
