//! Stories that reached something new, and what the next ones are made from.
//!
//! Guidance must not depend on how many processes work at the same time. So a campaign goes in rounds: the stories of
//! a round are functions of the seed, their index and the corpus as it was when the round began; what they reached is
//! merged in the order of their indexes when all are done. The corpus itself is a list of indexes, so that a process
//! that starts in the middle can make it again.
//!
//! It leaves out running anything.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::draw::Draw;
use super::{generate, mutate};
use crate::cases;
use crate::scenario::{Scenario, Span, Step, What, When};
use crate::stack::{Clock, Declaration};

/// Of so many stories, one is made from nothing.
const FROM_NOTHING: u32 = 3;

/// Entries that count as recent; they are made use of more often.
const RECENT: u32 = 64;

/// Entries that are kept; a story takes some thousand octets, and processes that play have a limit.
const MOST: usize = 16_384;

/// How long a story lasts at most on a real clock, where one that waits for minutes costs hundreds of others. It is time
/// for four retransmissions.
const LONGEST: Duration = Duration::from_secs(20);

/// A story that reached something, as everybody can make it again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Its index.
    pub index: u64,
    /// How many of its steps are worth keeping.
    pub kept: usize,
}

/// The corpus of one campaign.
#[derive(Clone, Debug)]
pub struct Corpus {
    seed: u64,
    stack: Declaration,
    /// The suite's stories come first, then those that reached something, of which the oldest go when there are too many.
    entries: Vec<Scenario>,
    /// How many are the suite's.
    of_suite: usize,
}

impl Corpus {
    /// What every campaign begins with: the stories of the suite that the stack can take part in.
    #[must_use]
    pub fn new(seed: u64, stack: &Declaration) -> Self {
        let able = |scenario: &&Scenario| scenario.all_needs().all(|need| stack.lack(need).is_none());
        let stories = cases::all().iter().map(|case| &case.scenario);
        let entries = stories.filter(able).map(without_expectations).filter(|story| !story.steps.is_empty());
        let entries: Vec<_> = entries.collect();
        Self { seed, stack: stack.clone(), of_suite: entries.len(), entries }
    }

    /// The story with this index, as the corpus is now.
    #[must_use]
    pub fn story(&self, index: u64) -> Scenario {
        let mut draw = Draw::of(self.seed, index);
        let mut story = if self.entries.is_empty() || draw.one_in(FROM_NOTHING) {
            generate::scenario(&mut draw, &self.stack)
        } else {
            let (base, other) = (self.pick(&mut draw), self.pick(&mut draw));
            mutate::scenario(&mut draw, &self.stack, base, other)
        };
        if self.stack.clock == Clock::Real {
            end_in_time(&mut story, self.stack.msl);
        }
        story.name = format!("fuzz/{}-{index}", self.seed);
        story
    }

    fn pick(&self, draw: &mut Draw<'_>) -> &Scenario {
        let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let from_end = if draw.one_in(2) { draw.below(count.min(RECENT)) } else { draw.below(count) };
        &self.entries[(count - 1 - from_end) as usize]
    }

    /// Adds stories of the round that is over.
    pub fn add(&mut self, entries: &[Entry]) {
        let stories: Vec<_> = entries.iter().map(|entry| self.kept(*entry)).collect();
        self.entries.extend(stories.into_iter().filter(|story| !story.steps.is_empty()));
        let found = self.entries.len() - self.of_suite;
        self.entries.drain(self.of_suite..self.of_suite + found.saturating_sub(MOST));
    }

    fn kept(&self, entry: Entry) -> Scenario {
        let mut story = self.story(entry.index);
        story.steps.truncate(entry.kept);
        story
    }
}

/// Ends a story where it would last longer than [`LONGEST`]: the step that would come later comes then.
fn end_in_time(story: &mut Scenario, msl: Duration) {
    let mut left = LONGEST;
    for index in 0..story.steps.len() {
        // No other steps are in stories that expect nothing.
        let When::After(span) = story.steps[index].when else { continue };
        let wait = span.resolve(msl);
        if wait > left {
            let micros = i64::try_from(left.as_micros()).unwrap_or(i64::MAX);
            story.steps[index].when = When::After(Span { msl: 0, micros });
            story.steps.truncate(index + 1);
            return;
        }
        left -= wait;
    }
}

/// What happens in a scenario, without what it expects. The time in which it expects things passes all the same.
#[must_use]
pub fn without_expectations(scenario: &Scenario) -> Scenario {
    let mut waited = Span::default();
    let mut steps = Vec::new();
    for step in &scenario.steps {
        let after = match (&step.what, step.when) {
            (What::Expect(_), When::Whenever) => Span { msl: 0, micros: 1_100_000 },
            (What::Expect(_), When::Between(_, to)) => to,
            (What::Expect(_), When::After(_)) => Span::default(),
            (What::Quiet(quiet) | What::AtMost { span: quiet, .. }, When::After(after)) => sum(*quiet, after),
            (_, When::After(after)) => after,
            (_, When::Between(..) | When::Whenever) => Span::default(),
        };
        waited = sum(waited, after);
        let what = match &step.what {
            What::Expect(_) | What::Quiet(_) | What::AtMost { .. } => continue,
            What::Call { call, .. } => What::Call { call: *call, expected: Vec::new() },
            What::Segment(_) | What::Icmp(_) | What::Device { .. } => step.what.clone(),
        };
        let connection = step.connection;
        steps.push(Step { when: When::After(std::mem::take(&mut waited)), connection, what });
    }
    let setup = crate::scenario::ScenarioSetup { network: None, ..scenario.setup };
    Scenario { title: String::new(), checks: Vec::new(), setup, steps, ..scenario.clone() }
}

fn sum(a: Span, b: Span) -> Span {
    Span { msl: a.msl + b.msl, micros: a.micros + b.micros }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench;
    use crate::stack::{Stack, reference::Reference};

    #[test]
    fn on_a_real_clock_no_story_asks_for_more_time_than_there_is() {
        let reference = Reference::new();
        let real = Declaration { clock: Clock::Real, ..reference.declaration().clone() };
        let (real, jumps) = (Corpus::new(3, &real), Corpus::new(3, reference.declaration()));
        let longest = |corpus: &Corpus, index| bench::longest(&corpus.story(index), corpus.stack.msl);
        let mut cut = 0;
        for index in 0..500 {
            assert_eq!(longest(&real, index), longest(&jumps, index).min(LONGEST));
            cut += usize::from(longest(&jumps, index) > LONGEST);
        }
        assert!(cut > 50, "{cut}");
    }

    #[test]
    fn a_corpus_keeps_the_suite_and_the_latest_and_does_not_grow_for_ever() {
        let reference = Reference::new();
        let mut corpus = Corpus::new(3, reference.declaration());
        let suite = corpus.entries.clone();
        for round in 0..6 {
            let entries = (0..4096).map(|story| Entry { index: round * 4096 + story, kept: 1 });
            corpus.add(&entries.collect::<Vec<_>>());
            assert!(corpus.entries.len() <= suite.len() + MOST);
        }
        assert_eq!(corpus.entries.len(), suite.len() + MOST);
        assert_eq!(corpus.entries[..suite.len()], suite);
        assert_eq!(corpus.entries.last().map(|story| &*story.name), Some("fuzz/3-24575"));
    }
}
