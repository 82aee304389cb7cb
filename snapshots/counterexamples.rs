//! What appears when a rule is taken away: the shortest run of each variation of the models, in `counterexamples/`.

use tcpspec::model::report::{Subject, subjects};

/// The counterexamples of a variation, one after the other. Not the time they took.
fn told(subject: Subject) -> String {
    let (name, title) = (subject.name(), subject.title());
    let report = subject.check(1, |_| {});
    assert!(report.is_as_expected(), "{}", report.text());
    let mut text = format!("{name}: {title}\n");
    for (question, story) in report.counterexamples() {
        text.push_str(&format!("\nNO {question}\n{}\n", story.text_lines().join("\n")));
    }
    text
}

#[test]
fn every_rule_taken_away_has_its_counterexample() {
    let broken = |subject: &Subject| subject.variation.is_some_and(|variation| !variation.breaks.is_empty());
    for subject in subjects(None).into_iter().filter(broken) {
        let file = subject.name().replace('/', "-");
        crate::review("counterexamples", &file, &told(subject));
    }
}
