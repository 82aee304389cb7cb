use tcpspec_core::State;

use super::edges::Edges;
use super::property::Kind;
use super::report::{Report, subjects};
use super::*;

fn reports() -> impl Iterator<Item = Report> {
    subjects(None).into_iter().map(|subject| subject.check(1, |_| {}))
}

#[test]
fn every_model_holds_every_variation_breaks_what_it_says_and_figure_5_is_walked_whole() {
    let edges = Edges::default();
    for report in reports() {
        assert!(report.is_as_expected(), "{}", report.text());
        report.outcomes.iter().for_each(|outcome| edges.merge(&outcome.edges));
    }
    assert_eq!(edges.missing().collect::<Vec<_>>(), []);
    assert_eq!(edges.entered().count(), State::ALL.len());
}

#[test]
fn every_question_is_answered_no_by_some_variation() {
    let broken: Vec<_> = subjects(None).iter().filter_map(|s| s.variation).flat_map(|v| v.breaks).collect();
    let sensitive = |question: &&property::Question| broken.contains(&&question.name);
    // The reference keeps its invariants whatever a wrapper makes of its answers.
    let insensitive: Vec<_> = property::QUESTIONS
        .iter()
        .filter(|question| !sensitive(question))
        .map(|question| question.name)
        .collect();
    assert_eq!(insensitive, ["invariants"]);
    let count =
        |kind| property::QUESTIONS.iter().filter(sensitive).filter(|question| question.kind == kind).count();
    assert!(count(Kind::Safety) >= 12 && count(Kind::Liveness) >= 4);
}

#[test]
fn names_are_used_once_and_questions_exist() {
    let all = subjects(None);
    for (index, subject) in all.iter().enumerate() {
        assert!(all[..index].iter().all(|other| other.name() != subject.name()), "{}", subject.name());
        let names = subject.definition.holds.iter().chain(subject.variation.iter().flat_map(|v| v.breaks));
        names.for_each(|name| assert!(property::find(name).is_some(), "{}: {name}", subject.name()));
    }
    assert!(subjects(Some("no-such-model")).is_empty());
}
