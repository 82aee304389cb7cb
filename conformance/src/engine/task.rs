//! The work of one process: plays ranges of stories and single ones, and says what came of them.
//!
//! It leaves out how orders come and answers go ([`super::worker`]), and what is done with them
//! ([`super::campaign`]).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::coverage::{self, Feature, FeatureSet};
use super::{Corpus, Entry, Judge};
use crate::bench::{self, Family, Run};
use crate::engine::cause::{CauseRecord, cause_of};
use crate::scenario::{self, Scenario};
use crate::stack::{Clock, Declaration, Stack};
use crate::verdict::{Cause, Verdict};

/// What a process is asked to do.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// Add stories to the corpus, and take these features for reached.
    Learn { entries: Vec<Entry>, features: Vec<Feature> },
    /// Play the stories from one index up to, but without, another.
    Play { from: u64, to: u64 },
    /// Play this file's one scenario.
    Judge { text: String },
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Played(Played),
    Judged(Judged),
}

/// What came of a range of stories.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Played {
    pub(super) executions: u64,
    /// Stories that the judge could not decide.
    pub(super) inconclusive: u64,
    /// Stories that the stack cannot take part in.
    pub(super) skipped: u64,
    /// Those that reached something that nobody had before, in the order of their indexes.
    pub(super) reached: Vec<(Entry, Vec<Feature>)>,
    /// The number of each permitted variation that excused something, and in how many stories.
    pub(super) uses: Vec<(usize, u64)>,
    /// The first story with each cause, in the order of their indexes, and how many have it.
    pub(super) hits: Vec<Hit>,
}

/// Departures with one cause.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Hit {
    pub(super) cause: CauseRecord,
    /// The first story.
    pub(super) index: u64,
    pub(super) count: u64,
}

/// What came of one story.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// The word for the verdict.
    pub verdict: String,
    /// Why, in a sentence.
    pub explanation: Option<String>,
    /// Requirements that were not met.
    pub requirements: Vec<String>,
    /// How grave that is.
    pub level: Option<String>,
    /// The cause of the departure.
    pub cause: Option<CauseRecord>,
    /// The step that was not met.
    pub step: Option<usize>,
    /// The trace, line by line.
    pub trace: Vec<String>,
    /// The line of it that shows the departure.
    pub trace_line: Option<usize>,
}

/// How long a story lasts because it says so. A virtual clock jumps.
pub(super) fn time_asked(story: &Scenario, stack: &Declaration) -> Duration {
    match stack.clock {
        Clock::Real => bench::longest(story, stack.msl),
        Clock::Virtual => Duration::ZERO,
    }
}

/// A stack, and what is known of the campaign so far.
pub(super) struct Task<'s> {
    stack: &'s mut dyn Stack,
    family: Family,
    judge: Judge,
    corpus: Corpus,
    known: FeatureSet,
}

impl<'s> Task<'s> {
    pub(super) fn new(stack: &'s mut dyn Stack, family: Family, seed: u64) -> Self {
        let corpus = Corpus::new(seed, stack.declaration());
        Self { stack, family, judge: Judge::default(), corpus, known: FeatureSet::default() }
    }

    /// Does what it is asked to do; learning needs no answer. `begins` hears of each story, and of the time that it asks
    /// for.
    pub(super) fn perform(&mut self, order: &Order, mut begins: impl FnMut(Duration)) -> Option<Answer> {
        match order {
            Order::Learn { entries, features } => {
                self.corpus.add(entries);
                self.known.extend(features);
                None
            }
            Order::Play { from, to } => Some(Answer::Played(self.play(*from, *to, begins))),
            Order::Judge { text } => {
                let story = scenario::parse_one(text).expect("stories are written by the engine");
                begins(time_asked(&story, self.stack.declaration()));
                Some(Answer::Judged(self.judge(&story)))
            }
        }
    }

    fn play(&mut self, from: u64, to: u64, mut begins: impl FnMut(Duration)) -> Played {
        let mut played = Played::default();
        self.judge.take_uses();
        for index in from..to {
            let story = self.corpus.story(index);
            begins(time_asked(&story, self.stack.declaration()));
            let run = self.judge.judge(self.stack, &story, self.family);
            played.executions += 1;
            self.cover(index, &story, &run, &mut played);
            match &run.verdict {
                Verdict::Fail(failure) => played.hit(index, &cause_of(failure)),
                Verdict::Inconclusive(_) => played.inconclusive += 1,
                Verdict::Skipped(_) => played.skipped += 1,
                _ => {}
            }
        }
        played.uses.extend(self.judge.take_uses().iter());
        played
    }

    /// Notes what the story reached first.
    fn cover(&mut self, index: u64, story: &Scenario, run: &Run, played: &mut Played) {
        let mut new = Vec::new();
        coverage::features(story, &run.trace, |feature| {
            if self.known.insert(feature) {
                new.push(feature);
            }
        });
        if !new.is_empty() {
            // Nothing can be built upon what comes after a departure, because it ends the run.
            let kept = run.verdict.failure().and_then(|failure| failure.step).unwrap_or(story.steps.len());
            played.reached.push((Entry { index, kept }, new));
        }
    }

    fn judge(&mut self, story: &Scenario) -> Judged {
        let run = self.judge.judge(self.stack, story, self.family);
        let failure = run.verdict.failure();
        Judged {
            verdict: run.verdict.word().to_owned(),
            explanation: run.verdict.explanation().map(str::to_owned),
            requirements: failure.map(|failure| failure.requirements.clone()).unwrap_or_default(),
            level: failure.map(|failure| failure.level.to_string()),
            cause: failure.map(|failure| CauseRecord::from(&cause_of(failure))),
            step: failure.and_then(|failure| failure.step),
            trace: run.trace.lines().collect(),
            trace_line: failure.and_then(|failure| failure.trace_line),
        }
    }
}

impl Played {
    fn hit(&mut self, index: u64, cause: &Cause) {
        let cause = CauseRecord::from(cause);
        match self.hits.iter_mut().find(|hit| hit.cause == cause) {
            Some(hit) => hit.count += 1,
            None => self.hits.push(Hit { cause, index, count: 1 }),
        }
    }
}
