//! A campaign: rounds of stories on several processes, what they reached, and the findings.
//!
//! It leaves out how findings are kept and shown: whoever runs a campaign is told of each as it comes.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::cause::{CauseRecord, Cluster, Death};
use super::coverage::{Feature, FeatureSet, Reached};
use super::pool::{News, Pool};
use super::task::{Answer, Hit, Order, Played};
use super::telling::{Told, tell};
use super::{Corpus, Entry, finding::Finding};
use crate::monitor::Uses;
use crate::scenario::Scenario;
use crate::stack::{Clock, Declaration};
use crate::verdict::{Cause, Verdict};

mod shrinking;

/// Stories of a round: the guidance of the next one waits for all of them.
const ROUND: u64 = 2048;

/// Stories that a process plays between two answers.
const CHUNK: u64 = 64;

/// The same for a stack on a real clock, where a story takes seconds.
const SLOW: (u64, u64) = (128, 1);

/// A stack whose process has ended so often is not played to any more.
const MOST_DEATHS: usize = 5;

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
    /// Set by whoever wants the campaign to end now, with what it has found so far.
    pub ending: Arc<AtomicBool>,
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
    /// Departures found, those with one cause counted once.
    pub findings: usize,
    /// Stories that ended with a departure that is listed.
    pub known: u64,
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
    /// A cause that was told of is listed: its shortest story has the steps that bring the listed departure about.
    Explained(&'a Finding),
    /// A process ended, in this way, while it played the stories from one index up to, but without, another. Each of
    /// them is told again, alone.
    Ended(&'a Death, (u64, u64)),
    /// Some stories more are played.
    Progress(Progress),
}

/// What came of a campaign.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// How far it came.
    pub progress: Progress,
    /// One finding for each cluster of causes that are not listed, gravest first.
    pub findings: Vec<Finding>,
    /// Causes that are listed, and how many stories had them.
    pub known: BTreeMap<CauseRecord, u64>,
    /// In how many stories each permitted variation excused something.
    pub uses: Uses,
    /// Scenarios of [`Subject::to_show`] that no longer show what is listed, by index.
    pub gone: Vec<usize>,
    /// Why it ended before its time, if it did.
    pub given_up: Option<String>,
}

/// What a campaign is about.
pub struct Subject<'a> {
    /// The stack.
    pub stack: &'a Declaration,
    /// Makes the command of a process that calls [`super::serve`] with that stack and the campaign's seed.
    pub start: &'a dyn Fn() -> Command,
    /// Whether a departure with this cause is listed: then it is counted and no more.
    pub listed: &'a dyn Fn(&Cause) -> bool,
    /// The steps of a story that bring a departure with this cause about, if that is listed: then it is known, provided
    /// that no shorter story does without them.
    pub due_to: &'a dyn Fn(&Cause, &Scenario) -> BTreeSet<usize>,
    /// Stories that show listed departures, played first; none for those that nobody keeps.
    pub to_show: &'a [Option<Scenario>],
    /// Whether the story with this index is to show a departure with this cause.
    pub shows: &'a dyn Fn(usize, &Cause) -> bool,
}

/// Runs a campaign.
///
/// # Errors
/// Processes that cannot be started, and whatever `told` cannot do, such as writing a finding to a full disk.
pub fn run(
    options: &Options,
    subject: &Subject<'_>,
    told: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
) -> io::Result<Outcome> {
    let pool = Pool::new(subject.start, options.jobs)?;
    let (round, chunk) = if subject.stack.clock == Clock::Real { SLOW } else { (ROUND, CHUNK) };
    let mut campaign = Campaign {
        options,
        begun: Instant::now(),
        chunk,
        stack: subject.stack,
        corpus: Corpus::new(options.seed, subject.stack),
        taught: vec![(0, 0); pool.len()],
        pool,
        lessons: Vec::new(),
        features: HashSet::default(),
        listed: subject.listed,
        due_to: subject.due_to,
        explained: BTreeSet::new(),
        known: BTreeMap::new(),
        uses: Uses::default(),
        findings: BTreeMap::new(),
        progress: Progress::default(),
        deaths: 0,
        told,
    };
    let gone = campaign.gone(subject)?;
    let mut next = 0;
    let given_up = loop {
        let end = (next + round).min(options.runs.unwrap_or(u64::MAX));
        if campaign.is_ending() {
            break Some("it was interrupted".to_owned());
        }
        if next >= end || campaign.is_late() {
            break None;
        }
        campaign.round(next, end)?;
        if campaign.deaths >= MOST_DEATHS {
            break Some(format!("the stack ended its process {MOST_DEATHS} times"));
        }
        next = end;
    };
    campaign.tell_progress()?;
    let Campaign { findings, known, uses, progress, .. } = campaign;
    let mut findings: Vec<_> = findings.into_values().collect();
    findings.sort_by_key(|finding| (finding.gravity(), finding.steps(), finding.cause.clone()));
    Ok(Outcome { progress, findings, known, uses, gone, given_up })
}

struct Campaign<'c> {
    options: &'c Options,
    begun: Instant,
    chunk: u64,
    stack: &'c Declaration,
    corpus: Corpus,
    pool: Pool<'c>,
    /// What each round taught, for processes that do not know it yet.
    lessons: Vec<Order>,
    /// How many lessons each process has had, and in which incarnation.
    taught: Vec<(u64, usize)>,
    features: FeatureSet,
    listed: &'c dyn Fn(&Cause) -> bool,
    due_to: &'c dyn Fn(&Cause, &Scenario) -> BTreeSet<usize>,
    /// Causes whose shortest stories were listed.
    explained: BTreeSet<CauseRecord>,
    known: BTreeMap<CauseRecord, u64>,
    uses: Uses,
    findings: BTreeMap<Cluster, Finding>,
    progress: Progress,
    deaths: usize,
    told: &'c mut dyn FnMut(Event<'_>) -> io::Result<()>,
}

/// Time is up, and what may be taken on top of it for shrinking, too.
fn is_overdue(options: &Options, elapsed: Duration) -> bool {
    let far_over = |time: Duration| elapsed >= time + (time / 10).max(OVERTIME);
    options.ending.load(Ordering::Relaxed) || options.time.is_some_and(far_over)
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

    /// The listed departures that do not happen any more: their stories show none, or only others.
    fn gone(&mut self, subject: &Subject<'_>) -> io::Result<Vec<usize>> {
        let mut gone = Vec::new();
        for (index, story) in subject.to_show.iter().enumerate() {
            let Some(story) = story else { continue };
            let Told::Judged(judged) = self.tell(story)? else { continue };
            let another = judged.cause.is_some_and(|cause| !(subject.shows)(index, &Cause::from(&cause)));
            if another || judged.verdict == Verdict::Pass.word() {
                gone.push(index);
            }
        }
        Ok(gone)
    }

    fn is_ending(&self) -> bool {
        self.options.ending.load(Ordering::Relaxed)
    }

    fn is_late(&self) -> bool {
        self.is_ending() || self.options.time.is_some_and(|time| self.elapsed() >= time)
    }

    fn is_overdue(&self) -> bool {
        is_overdue(self.options, self.elapsed())
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
        let new = self.merge(&round, last);
        self.deaths += round.deaths.range(..=last).count();
        self.shrink_new(&new)?;
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
                            for hit in &played.hits {
                                self.heard(hit.index, &hit.cause, None)?;
                            }
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
                (self.told)(Event::Ended(&death, (from, to)))?;
                round.suspects[worker].extend((from..to).map(|index| (index, index + 1)));
            }
            Some((index, _)) => {
                self.heard(index, &CauseRecord::from(&death.cause()), Some(death.what()))?;
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
    fn heard(&mut self, index: u64, cause: &CauseRecord, what: Option<String>) -> io::Result<()> {
        let cluster = Cluster::of(cause);
        if self.findings.contains_key(&cluster) || self.is_known(cause, index) {
            return Ok(());
        }
        let finding = Finding {
            cause: cause.clone(),
            seed: self.options.seed,
            index,
            hits: 0,
            variants: BTreeMap::new(),
            found_after: self.begun.elapsed(),
            story: self.corpus.story(index),
            shortened: false,
            repeats: true,
            what,
            judged: None,
        };
        (self.told)(Event::Found(&finding))?;
        self.findings.insert(cluster, finding);
        Ok(())
    }

    /// Whether a cause that the story with this index shows is listed: whatever the story, or because its shortest story
    /// was listed and this one has such steps as well.
    fn is_known(&self, cause: &CauseRecord, index: u64) -> bool {
        let has_steps = || !(self.due_to)(&Cause::from(cause), &self.corpus.story(index)).is_empty();
        (self.listed)(&Cause::from(cause)) || self.explained.contains(cause) && has_steps()
    }

    /// Merges how much was played and how often each cause was hit, in the order of the stories. Returns the first
    /// story with each cause that is not known.
    fn merge(&mut self, round: &Round, last: u64) -> Vec<(u64, CauseRecord)> {
        let mut hits: Vec<Hit> = Vec::new();
        for played in round.played.range(..=last).map(|(_, played)| played) {
            self.progress.executions += played.executions;
            self.progress.inconclusive += played.inconclusive;
            self.progress.skipped += played.skipped;
            played.uses.iter().for_each(|(variation, stories)| self.uses.add(*variation, *stories));
            hits.extend_from_slice(&played.hits);
        }
        for (index, death) in round.deaths.range(..=last) {
            self.progress.executions += 1;
            hits.push(Hit { cause: CauseRecord::from(&death.cause()), index: *index, count: 1 });
        }
        hits.sort_by_key(|hit| hit.index);
        let (mut first, mut seen) = (Vec::new(), BTreeSet::new());
        for Hit { cause, index, count } in hits {
            if self.is_known(&cause, index) {
                *self.known.entry(cause).or_default() += count;
                self.progress.known += count;
                continue;
            }
            let cluster = Cluster::of(&cause);
            if let Some(finding) = self.findings.get_mut(&cluster) {
                finding.hits += count;
                *finding.variants.entry(cause.clone()).or_default() += count;
            }
            if seen.insert(cause.clone()) {
                first.push((index, cause));
            }
        }
        first
    }

    /// What everybody learns from a round: stories that reached something first, and what that was.
    fn lesson(&mut self, round: &Round, last: u64) -> (Vec<Entry>, Vec<Feature>) {
        let (mut entries, mut features) = (Vec::new(), Vec::new());
        for (entry, reached) in round.played.range(..=last).flat_map(|(_, played)| &played.reached) {
            let before = features.len();
            features.extend(reached.iter().copied().filter(|feature| self.features.insert(*feature)));
            if features.len() > before {
                entries.push(*entry);
            }
        }
        (entries, features)
    }

    /// Plays one story in the first process, for as long as there is time for it.
    fn tell(&mut self, story: &Scenario) -> io::Result<Told> {
        let (begun, options) = (self.begun, self.options);
        let how = (self.stack, options.patience);
        tell(&mut self.pool, story, how, &|| is_overdue(options, begun.elapsed()))
    }

    fn tell_progress(&mut self) -> io::Result<()> {
        self.progress.reached = Reached::of(&self.features);
        self.progress.findings = self.findings.len();
        self.progress.elapsed = self.begun.elapsed();
        (self.told)(Event::Progress(self.progress))
    }
}
