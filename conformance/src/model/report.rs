//! Checks for people: what was asked, what was answered, and why not.

use std::fmt::Write as _;

use super::check::{self, Outcome, Progress};
use super::definition::Definition;
use super::definitions;
use super::property::Kind;
use super::telling::Story;
use super::variation::Variation;

/// A model, or one of its variations.
#[derive(Clone, PartialEq, Debug)]
pub struct Subject {
    /// The model.
    pub definition: Definition,
    /// The rule removed.
    pub variation: Option<Variation>,
}

/// What came of a subject.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was checked.
    pub subject: Subject,
    /// One outcome, or one for each question that the variation is said to break.
    pub outcomes: Vec<Outcome>,
}

/// The subjects with this name: `opening` with its variations, `opening/two-way`; without a name, all but the big ones.
#[must_use]
pub fn subjects(name: Option<&str>) -> Vec<Subject> {
    let all = definitions().into_iter().flat_map(|definition| {
        let plain = Subject { definition: definition.clone(), variation: None };
        let varied = definition.variations.iter();
        let varied = varied
            .map(move |variation| Subject { variation: Some(*variation), definition: definition.clone() });
        std::iter::once(plain).chain(varied.collect::<Vec<_>>())
    });
    all.filter(|subject| match name {
        None => !subject.definition.big,
        Some(name) => subject.name() == name || subject.definition.id == name,
    })
    .collect()
}

impl Subject {
    /// Its name on the command line.
    #[must_use]
    pub fn name(&self) -> String {
        let Self { definition, variation } = self;
        variation.map_or_else(
            || definition.id.to_owned(),
            |variation| format!("{}/{}", definition.id, variation.id),
        )
    }

    /// What it asks, or what it does otherwise.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.variation.map_or(self.definition.question, |variation| variation.sentence)
    }

    /// Checks it.
    pub fn check(self, threads: usize, each: impl FnMut(Progress)) -> Report {
        let outcomes = match &self.variation {
            None => vec![check::definition(self.definition.clone(), threads, each)],
            Some(variation) => check::variation(&self.definition, variation, each),
        };
        Report { subject: self, outcomes }
    }
}

impl Report {
    /// Whether a model answers every question with yes, and a variation breaks all that it is said to break.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        let breaks = self.subject.variation.is_some_and(|variation| !variation.breaks.is_empty());
        self.outcomes.iter().all(|outcome| outcome.violated.is_empty() != breaks)
    }

    /// The runs that answer a question with no: the name of each question and the run.
    pub fn counterexamples(&self) -> impl Iterator<Item = (&'static str, &Story)> {
        self.outcomes
            .iter()
            .flat_map(|outcome| &outcome.violated)
            .map(|(question, story)| (question.name, story))
    }

    /// The report for a terminal.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}\n", self.subject.name(), self.subject.title());
        for outcome in &self.outcomes {
            tell(&mut text, outcome);
        }
        if !self.is_as_expected() {
            text.push_str("  NOT AS EXPECTED\n");
        }
        text
    }
}

fn tell(text: &mut String, outcome: &Outcome) {
    let Progress { states, reached, depth } = outcome.progress;
    let seconds = outcome.time.as_secs_f64();
    let stopped = if outcome.violated.is_empty() { "all" } else { "stopped after" };
    let _ =
        writeln!(text, "  {stopped} {states} states, reached {reached} times, depth {depth}, {seconds:.1} s");
    for question in &outcome.asked {
        let story = outcome.violated.iter().find(|(violated, _)| violated.name == question.name);
        let answer = if story.is_some() { "NO " } else { "yes" };
        let kind = if question.kind == Kind::Liveness { "<>" } else { "[]" };
        let _ = writeln!(text, "  {answer} {kind} {}: {}", question.name, question.sentence);
        if let Some((_, story)) = story {
            story.text_lines().iter().for_each(|line| {
                let _ = writeln!(text, "      {line}");
            });
        }
    }
}

/// The list of models and variations.
#[must_use]
pub fn list() -> String {
    let mut text = String::new();
    for subject in definitions().iter().flat_map(|definition| subjects(Some(definition.id))) {
        let breaks = match subject.variation {
            None => String::new(),
            Some(variation) if variation.breaks.is_empty() => "\n      harmless".into(),
            Some(variation) => format!("\n      breaks {}", variation.breaks.join(", ")),
        };
        let indent = if subject.variation.is_some() { "  " } else { "" };
        let _ = writeln!(text, "{indent}{}: {}{breaks}", subject.name(), subject.title());
    }
    text
}
