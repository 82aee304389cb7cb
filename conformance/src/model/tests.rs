use super::report::{Report, subjects};
use super::*;

fn reports() -> impl Iterator<Item = Report> {
    subjects(None).into_iter().map(|subject| subject.check(1, |_| {}))
}

#[test]
fn every_model_holds_and_every_variation_breaks_what_it_says() {
    for report in reports() {
        assert!(report.is_as_expected(), "{}", report.text());
    }
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
