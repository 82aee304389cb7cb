//! A campaign: rounds of stories on several processes, what they reached, and the findings.
//!
//! It leaves out how findings are kept and shown: whoever runs a campaign is told of each as it comes.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::process::Command;
use std::time::{Duration, Instant};

use super::cause::{CauseRecord, Death};
use super::coverage::{Feature, Reached};
use super::pool::{News, Pool};
use super::task::{Answer, Hit, Judged, Order, Played};
use super::{Corpus, Entry, finding::Finding, shrink};
use crate::scenario::{self, Scenario};
use crate::stack::{Clock, Declaration};

/// Stories of a round: the guidance of the next one waits for all of them.
const ROUND: u64 = 2048;

/// Stories that a process plays between two answers.
const CHUNK: u64 = 64;

/// The same for a stack on a real clock, where a story takes seconds.
const SLOW: (u64, u64) = (16, 1);

/// A stack whose process has ended so often is not played to any more.
const MOST_DEATHS: usize = 8;

/// How many candidates are tried to shrink one finding, and how many of them may cost a process.
const SHRINKING: (usize, usize) = (3000, 24);

/// How long processes that still play are waited for when time is up.
const GRACE: Duration = Duration::from_millis(500);

/// How long findings may be shrunk at least after time is up.
const OVERTIME: Duration = Duration::from_secs(2);

/// What a campaign is to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything follows from it.
    pub seed: u64,
    /// Ends after so many stories.
    pub runs: Option<u64>,
    /// Ends after so long.
    pub time: Option<Duration>,
    /// Processes that play at the same time.
    pub jobs: usize,
    /// The longest that one story may take before the process is lost; see [`super::Limits`].
    pub patience: Duration,
}

/// How far a campaign is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Stories played.
    pub executions: u64,
    /// Stories that could not be judged, among them.
    pub inconclusive: u64,
    /// Stories that the stack could not take part in, among them.
    pub skipped: u64,
    /// Stories of the corpus that reached something new.
    pub corpus: usize,
    /// What was reached.
    pub reached: Reached,
    /// Causes found.
    pub findings: usize,
    /// Time since the beginning.
    pub elapsed: Duration,
}

/// What whoever runs a campaign is told.
#[derive(Debug)]
pub enum Event<'a> {
    /// A new cause was found, and is yet to be shrunk.
    Found(&'a Finding),
    /// A finding is as short as it gets.
    Shrunk(&'a Finding),
    /// Some stories more are played.
    Progress(Progress),
}

/// What came of a campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// How far it came.
    pub progress: Progress,
    /// One finding for each cause, gravest first.
    pub findings: Vec<Finding>,
    /// Why it ended before its time, if it did.
    pub given_up: Option<String>,
}

/// Runs a campaign. `start` makes the command of a process that calls [`super::serve`] with the same stack and seed.
///
/// # Errors
/// Processes that cannot be started, and whatever `told` cannot do, such as writing a finding to a full disk.
pub fn run(
    options: &Options,
    stack: &Declaration,
    start: &dyn Fn() -> Command,
    told: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<Outcome> {
    let pool = Pool::new(start, options.jobs)?;
    let (round, chunk) = if stack.clock == Clock::Real { SLOW } else { (ROUND, CHUNK) };
    let mut campaign = Campaign {
        options,
        begun: Instant::now(),
        chunk,
        corpus: Corpus::new(options.seed, stack),
        taught: vec![(0, 0); pool.len()],
        pool,
        lessons: Vec::new(),
        known: HashSet::new(),
        findings: BTreeMap::new(),
        progress: Progress::default(),
        deaths: 0,
        told,
    };
    let mut next = 0;
    let given_up = loop {
        let end = (next + round).min(options.runs.unwrap_or(u64::MAX));
        if next >= end || campaign.is_late() {
            break None;
        }
        campaign.round(next, end)?;
        if campaign.deaths >= MOST_DEATHS {
            break Some(format!("the stack ended its process {MOST_DEATHS} times"));
        }
        next = end;
    };
    let Campaign { findings, mut progress, begun, .. } = campaign;
    progress.elapsed = begun.elapsed();
    let mut findings: Vec<_> = findings.into_values().collect();
    findings.sort_by_key(|finding| (finding.gravity(), finding.steps(), finding.cause.clone()));
    Ok(Outcome { progress, findings, given_up })
}

struct Campaign<'c> {
    options: &'c Options,
    begun: Instant,
    chunk: u64,
    corpus: Corpus,
    pool: Pool<'c>,
    /// What each round taught, for processes that do not know it yet.
    lessons: Vec<Order>,
    /// How many lessons each process has had, and in which incarnation.
    taught: Vec<(u64, usize)>,
    known: HashSet<Feature>,
    findings: BTreeMap<CauseRecord, Finding>,
    progress: Progress,
    deaths: usize,
    told: &'c mut dyn FnMut(Event<'_>) -> io::Result<()>,
}

/// Stories from one index up to, but without, another.
type Range = (u64, u64);

/// A round under way.
#[derive(Default)]
struct Round {
    /// Ranges that nobody plays yet, in order.
    waiting: VecDeque<Range>,
    /// Ranges of single stories, one of which ended the process of this number: only a process that has seen nothing
    /// later may play them, or it would not report what they reach first.
    suspects: Vec<VecDeque<Range>>,
    /// What each process plays.
    playing: Vec<Option<Range>>,
    played: BTreeMap<u64, Played>,
    deaths: BTreeMap<u64, Death>,
}

impl Round {
    /// The next range for a process.
    fn take(&mut self, worker: usize, last: u64) -> Option<Range> {
        let queue =
            if self.suspects[worker].is_empty() { &mut self.waiting } else { &mut self.suspects[worker] };
        queue.front().is_some_and(|range| range.0 <= last).then(|| queue.pop_front()).flatten()
    }
}

impl Campaign<'_> {
    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    fn is_late(&self) -> bool {
        self.options.time.is_some_and(|time| self.elapsed() >= time)
    }

    /// Time is up, and what may be taken on top of it for shrinking, too.
    fn is_overdue(&self) -> bool {
        self.options.time.is_some_and(|time| self.elapsed() >= time + (time / 10).max(OVERTIME))
    }

    /// Plays a round, merges what it reached, and shrinks what it found.
    fn round(&mut self, from: u64, to: u64) -> io::Result<()> {
        let workers = self.pool.len();
        let mut round = Round {
            suspects: vec![VecDeque::new(); workers],
            playing: vec![None; workers],
            ..Round::default()
        };
        let mut begin = from;
        while begin < to {
            let end = (begin + self.chunk).min(to);
            round.waiting.push_back((begin, end));
            begin = end;
        }
        self.play(&mut round)?;
        let last = self.last_index(&round);
        self.merge(&round, last);
        let new: Vec<_> = round
            .played
            .range(..=last)
            .flat_map(|(_, played)| played.hits.iter().map(|hit| (hit.index, hit.cause.clone())))
            .chain(
                round.deaths.range(..=last).map(|(index, death)| (*index, CauseRecord::from(&death.cause()))),
            )
            .collect();
        self.deaths += round.deaths.range(..=last).count();
        self.shrink_new(new)?;
        let (entries, features) = self.lesson(&round, last);
        self.corpus.add(&entries);
        self.progress.corpus += entries.len();
        self.lessons.push(Order::Learn { entries, features });
        self.tell_progress()
    }

    /// The last story that counts: the one after which the stack is given up.
    fn last_index(&self, round: &Round) -> u64 {
        let left = MOST_DEATHS.saturating_sub(self.deaths);
        round.deaths.keys().nth(left.saturating_sub(1)).copied().unwrap_or(u64::MAX)
    }

    /// Has all stories of a round played.
    fn play(&mut self, round: &mut Round) -> io::Result<()> {
        for worker in 0..self.pool.len() {
            self.dispatch(round, worker);
        }
        let mut late_since = None;
        while round.playing.iter().any(Option::is_some) {
            let news = self.pool.next(Duration::from_millis(100))?;
            if let Some((worker, news)) = news {
                let range = round.playing[worker].take();
                match news {
                    News::Death(death) => self.died(round, worker, range, death)?,
                    News::Answer(answer) => {
                        if let (Answer::Played(played), Some(range)) = (*answer, range) {
                            self.heard(&played.hits)?;
                            round.played.insert(range.0, played);
                        }
                    }
                }
                self.dispatch(round, worker);
            }
            if self.is_late() {
                let since = *late_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= GRACE {
                    return self.abandon(round);
                }
            }
        }
        Ok(())
    }

    /// Gives a process the next range to play, and before that what it has not learnt yet.
    fn dispatch(&mut self, round: &mut Round, worker: usize) {
        if self.is_late() {
            return;
        }
        let last = self.last_index(round);
        let Some(range) = round.take(worker, last) else { return };
        let incarnation = self.pool.incarnation(worker);
        let (taught_to, taught) = self.taught[worker];
        let taught = if taught_to == incarnation { taught } else { 0 };
        for lesson in &self.lessons[taught..] {
            self.pool.order(worker, lesson);
        }
        self.taught[worker] = (incarnation, self.lessons.len());
        self.pool.order(worker, &Order::Play { from: range.0, to: range.1 });
        round.playing[worker] = Some(range);
    }

    /// A process ended over a range: a finding if it was one story, else each of them is played alone.
    fn died(
        &mut self,
        round: &mut Round,
        worker: usize,
        range: Option<Range>,
        death: Death,
    ) -> io::Result<()> {
        self.pool.restart(worker)?;
        match range {
            Some((from, to)) if to - from > 1 => {
                round.suspects[worker].extend((from..to).map(|index| (index, index + 1)));
            }
            Some((index, _)) => {
                self.heard_of_death(index, &death)?;
                round.deaths.insert(index, death);
            }
            None => {}
        }
        Ok(())
    }

    /// Ends the processes that are still busy.
    fn abandon(&mut self, round: &mut Round) -> io::Result<()> {
        for worker in 0..self.pool.len() {
            if round.playing[worker].take().is_some() {
                self.pool.restart(worker)?;
            }
        }
        Ok(())
    }

    /// Takes note of causes as soon as they are known, so that nothing is lost if we are.
    fn heard(&mut self, hits: &[Hit]) -> io::Result<()> {
        for hit in hits {
            if !self.findings.contains_key(&hit.cause) {
                let finding = self.finding(hit.index, hit.cause.clone(), None);
                (self.told)(Event::Found(&finding))?;
                self.findings.insert(hit.cause.clone(), finding);
            }
        }
        Ok(())
    }

    fn heard_of_death(&mut self, index: u64, death: &Death) -> io::Result<()> {
        let cause = CauseRecord::from(&death.cause());
        if !self.findings.contains_key(&cause) {
            let finding = self.finding(index, cause.clone(), Some(death.what()));
            (self.told)(Event::Found(&finding))?;
            self.findings.insert(cause, finding);
        }
        Ok(())
    }

    fn finding(&self, index: u64, cause: CauseRecord, what: Option<String>) -> Finding {
        Finding {
            cause,
            seed: self.options.seed,
            index,
            hits: 0,
            found_after: self.elapsed(),
            story: self.corpus.story(index),
            shortened: false,
            what,
            judged: None,
        }
    }

    /// Merges how much was played and how often each cause was hit, in the order of the stories.
    fn merge(&mut self, round: &Round, last: u64) {
        for played in round.played.range(..=last).map(|(_, played)| played) {
            self.progress.executions += played.executions;
            self.progress.inconclusive += played.inconclusive;
            self.progress.skipped += played.skipped;
            for hit in &played.hits {
                if let Some(finding) = self.findings.get_mut(&hit.cause) {
                    finding.hits += hit.count;
                }
            }
        }
        for (_, death) in round.deaths.range(..=last) {
            self.progress.executions += 1;
            if let Some(finding) = self.findings.get_mut(&CauseRecord::from(&death.cause())) {
                finding.hits += 1;
            }
        }
    }

    /// What everybody learns from a round: stories that reached something first, and what that was.
    fn lesson(&mut self, round: &Round, last: u64) -> (Vec<Entry>, Vec<Feature>) {
        let (mut entries, mut features) = (Vec::new(), Vec::new());
        for (entry, reached) in round.played.range(..=last).flat_map(|(_, played)| &played.reached) {
            let before = features.len();
            features.extend(reached.iter().copied().filter(|feature| self.known.insert(*feature)));
            if features.len() > before {
                entries.push(*entry);
            }
        }
        (entries, features)
    }

    /// Shrinks the causes of this round that no earlier one had. The first story with a cause stands for it.
    fn shrink_new(&mut self, mut new: Vec<(u64, CauseRecord)>) -> io::Result<()> {
        new.sort();
        // What a process that was given up heard of does not count.
        let counted: HashSet<_> = new.iter().map(|(_, cause)| cause).collect();
        self.findings.retain(|cause, finding| finding.shortened || counted.contains(cause));
        for (index, cause) in &new {
            let Some(finding) = self.findings.get(cause).filter(|finding| !finding.shortened) else {
                continue;
            };
            let mut finding = Finding { index: *index, story: self.corpus.story(*index), ..finding.clone() };
            self.shrink(&mut finding)?;
            finding.shortened = true;
            (self.told)(Event::Shrunk(&finding))?;
            self.findings.insert(cause.clone(), finding);
            self.tell_progress()?;
        }
        Ok(())
    }

    fn shrink(&mut self, finding: &mut Finding) -> io::Result<()> {
        let cause = finding.cause.clone();
        let (budget, most_deaths) = SHRINKING;
        let (mut trouble, mut deaths) = (None, 0);
        let short = shrink::shrink(finding.story.clone(), budget, &mut |story| {
            if trouble.is_some() || deaths >= most_deaths || self.is_overdue() {
                return false;
            }
            match self.judge(story) {
                Ok(Ok(judged)) => judged.cause.as_ref() == Some(&cause),
                Ok(Err(death)) => {
                    deaths += 1;
                    // Nobody waits for a stack that hangs when time is up.
                    deaths = if self.is_late() { most_deaths } else { deaths };
                    CauseRecord::from(&death.cause()) == cause
                }
                Err(error) => {
                    trouble = Some(error);
                    false
                }
            }
        });
        if let Some(error) = trouble {
            return Err(error);
        }
        finding.story = short;
        finding.judged = match self.judge(&finding.story)? {
            Ok(judged) => Some(judged),
            Err(_) => self.before_the_end(&finding.story)?,
        };
        Ok(())
    }

    /// What can be seen of a story that ends the process: all but its last step.
    fn before_the_end(&mut self, story: &Scenario) -> io::Result<Option<Judged>> {
        let mut before = story.clone();
        before.steps.pop();
        if before.steps.is_empty() {
            return Ok(None);
        }
        Ok(self.judge(&before)?.ok().map(|judged| Judged {
            verdict: "FAIL".to_owned(),
            explanation: None,
            ..judged
        }))
    }

    /// Plays one story in the first process.
    fn judge(&mut self, story: &Scenario) -> io::Result<Result<Judged, Death>> {
        judge_in(&mut self.pool, story, self.options.patience)
    }

    fn tell_progress(&mut self) -> io::Result<()> {
        self.progress.reached = Reached::of(&self.known);
        self.progress.findings = self.findings.len();
        self.progress.elapsed = self.begun.elapsed();
        (self.told)(Event::Progress(self.progress))
    }
}

/// Plays one story in the first process of a pool, which is started anew if that ends it.
pub(super) fn judge_in(
    pool: &mut Pool<'_>,
    story: &Scenario,
    patience: Duration,
) -> io::Result<Result<Judged, Death>> {
    pool.order(0, &Order::Judge { text: scenario::print_file(std::slice::from_ref(story)) });
    // The process ends itself when its own limit is over; this is for one that cannot.
    let mut patience_left = 4 * patience + Duration::from_secs(5);
    let look = Duration::from_millis(100);
    loop {
        match pool.next(look)? {
            Some((0, News::Answer(answer))) => {
                if let Answer::Judged(judged) = *answer {
                    return Ok(Ok(judged));
                }
            }
            Some((worker, News::Death(death))) => {
                pool.restart(worker)?;
                if worker == 0 {
                    return Ok(Err(death));
                }
            }
            Some(_) => {}
            None if patience_left.is_zero() => {
                pool.restart(0)?;
                return Ok(Err(Death::Hang));
            }
            None => patience_left = patience_left.saturating_sub(look),
        }
    }
}
