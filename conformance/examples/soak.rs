//! The reference under the monitor in random stories: the one must do nothing that the other objects to, and the other
//! must be able to follow.
//!
//! Each story is made like those of `tcpspec fuzz`, and meets a reference with other choices (`Profile`): resets and
//! SYNs challenged or obeyed, acknowledgments delayed or not, half-duplex or not, short and long lifetimes. A story and
//! its reference are functions of the seed and a number, which an objection names.
//!
//! ```text
//! cargo run --release --example soak -- 1000000        # so many stories
//! cargo run --release --example soak -- 1000000 7      # from another seed
//! cargo run --release --example soak -- 1 7 1102320    # one story: how many, the seed, the first
//! cargo run --release --example soak -- 20000 7 permitted
//! ```
//!
//! The last one plays the stories to each reference that does something else the standard permits (`docs/faults.md`): so
//! many to each.
//!
//! It leaves out shrinking: replay the story that is printed, or give it to `tcpspec fuzz`.
#![forbid(unsafe_code)]

use std::env;
use std::num::NonZero;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use tcpspec::bench::{self, Family};
use tcpspec::engine::{Corpus, Draw};
use tcpspec::monitor::{Monitor, Uses};
use tcpspec::scenario;
use tcpspec::stack::Stack;
use tcpspec::stack::faulty::{self, Excuse, Fault, Faulty};
use tcpspec::stack::reference::Reference;
use tcpspec_core::Profile;
use tcpspec_core::profile::TimeWaitReuse;

/// Stories that a thread takes at a time.
const SHARE: u64 = 1000;

/// How long to wait before it says again how far it is.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Objections that are shown; more of them would say nothing new.
const MOST_SHOWN: usize = 40;

/// What came of the stories.
#[derive(Default)]
struct Tally {
    played: u64,
    /// Something in it could not be followed to the end.
    unfollowed: u64,
    /// There were too many hypotheses.
    overflowed: u64,
    objections: Vec<String>,
    /// Objections that have been shown, or would have been.
    shown: usize,
    violated: u64,
    uses: Uses,
}

/// What is played: stories of a seed from the first on, to references of all profiles or to those that do otherwise.
struct Plan {
    seed: u64,
    first: u64,
    /// For each of those that do otherwise.
    stories: u64,
    otherwise: Vec<&'static Fault>,
}

impl Plan {
    fn of_arguments() -> Self {
        let arguments: Vec<String> = env::args().skip(1).collect();
        let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
        let number = |index: usize, otherwise| numbers.get(index).copied().unwrap_or(otherwise);
        let permitted = |fault: &&Fault| matches!(fault.excuse, Some(Excuse::Permitted(_)));
        let chosen = arguments.iter().any(|argument| argument == "permitted");
        let otherwise = faulty::all().iter().filter(permitted).filter(|_| chosen).collect();
        Self { stories: number(0, 100_000), seed: number(1, 1), first: number(2, 0), otherwise }
    }

    fn all(&self) -> u64 {
        self.stories * self.otherwise.len().max(1) as u64
    }

    /// The stack that meets a story.
    fn stack(&self, number: u64, story: u64) -> (Box<dyn Stack>, String) {
        let turn = usize::try_from(number / self.stories).unwrap_or(usize::MAX);
        if let Some(fault) = self.otherwise.get(turn) {
            return (Box::new(Faulty::new(fault)), fault.name.clone());
        }
        let profile = profile(&mut Draw::of(!self.seed, story));
        (Box::new(Reference::with_profile(profile)), format!("{profile:?}"))
    }
}

fn main() -> ExitCode {
    let plan = Plan::of_arguments();
    let (next, tally) = (AtomicU64::new(0), Mutex::new(Tally::default()));
    let begun = Instant::now();
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let playing: Vec<_> = (0..threads).map(|_| scope.spawn(|| play(&plan, &next, &tally))).collect();
        let mut told = Duration::ZERO;
        while !playing.iter().all(ScopedJoinHandle::is_finished) {
            thread::sleep(Duration::from_millis(50));
            if begun.elapsed() - told >= BETWEEN_LINES {
                told = begun.elapsed();
                eprintln!("{}", tally.lock().expect("no thread panics with it").line(told));
            }
        }
    });
    let tally = tally.into_inner().expect("no thread panics with it");
    println!("{}", tally.line(begun.elapsed()));
    println!("permitted variations that excused something, in so many stories: {}", tally.uses);
    if tally.violated + tally.overflowed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Tally {
    /// What came of the stories so far.
    fn line(&self, after: Duration) -> String {
        let Self { played, unfollowed, overflowed, violated, .. } = self;
        let seconds = after.as_secs_f64();
        format!(
            "{played} stories in {seconds:.0} s: {:.0} a second; {violated} violations, {overflowed} with more \
             hypotheses than fit, {unfollowed} not judged to the end",
            *played as f64 / seconds
        )
    }

    /// Adds what one share of the stories came to. What is objected to is shown at once.
    fn add(&mut self, share: Self) {
        self.played += share.played;
        self.unfollowed += share.unfollowed;
        self.overflowed += share.overflowed;
        share.uses.iter().for_each(|(variation, stories)| self.uses.add(variation, stories));
        self.violated += share.violated;
        for objection in share.objections {
            if self.shown < MOST_SHOWN {
                println!("{objection}");
            }
            self.shown += 1;
        }
    }
}

/// Plays shares of the stories until there are none left.
fn play(plan: &Plan, next: &AtomicU64, tally: &Mutex<Tally>) {
    let corpus = Corpus::new(plan.seed, Reference::new().declaration());
    loop {
        let first = next.fetch_add(SHARE, Ordering::Relaxed);
        if first >= plan.all() {
            break;
        }
        let (mut monitor, mut share) = (Monitor::new(), Tally::default());
        for number in first..plan.all().min(first + SHARE) {
            play_one(plan, number, &corpus, &mut monitor, &mut share);
        }
        share.unfollowed = monitor.inconclusive();
        share.overflowed = monitor.overflows();
        share.uses = *monitor.uses();
        tally.lock().expect("no thread panics with it").add(share);
    }
}

fn play_one(plan: &Plan, number: u64, corpus: &Corpus, monitor: &mut Monitor, tally: &mut Tally) {
    let index = plan.first + number % plan.stories;
    let story = corpus.story(index);
    let (mut stack, who) = plan.stack(number, index);
    let family = if index % 4 == 3 { Family::V6 } else { Family::V4 };
    let overflows = monitor.overflows();
    let run = bench::run_watched(&mut *stack, &story, family, Some(monitor));
    tally.played += 1;
    let failure = run.verdict.failure();
    tally.violated += u64::from(failure.is_some());
    let overflowed = monitor.overflows() > overflows;
    if failure.is_some() || overflowed {
        let text = scenario::print_file(std::slice::from_ref(&story));
        let what = failure.map_or_else(|| "too many hypotheses".to_owned(), ToString::to_string);
        let Plan { seed, .. } = plan;
        tally.objections.push(format!("story {index} of seed {seed}: {what}\n{who}\n{text}\n{}", run.trace));
    }
}

/// One of the profiles that the reference can have.
fn profile(draw: &mut Draw<'_>) -> Profile {
    let base = draw.weighted(&[(2, Profile::extended()), (1, Profile::default()), (1, Profile::rfc793())]);
    Profile {
        exact_resets: base.exact_resets != draw.one_in(4),
        challenge_syns: base.challenge_syns != draw.one_in(4),
        acknowledgment_range: base.acknowledgment_range != draw.one_in(4),
        ignore_resets_in_time_wait: draw.one_in(3),
        time_wait_reuse: draw.of_these(&[TimeWaitReuse::HigherSequenceNumber, TimeWaitReuse::Refused]),
        delayed_ack: draw.of_these(&[None, Some(200), Some(499)]).map(Duration::from_millis),
        half_duplex_close: draw.one_in(4),
        msl: Duration::from_secs(draw.of_these(&[1, 30, 120])),
        challenge_limit: draw.of_these(&[
            None,
            None,
            Some((1, Duration::from_secs(1))),
            Some((10, Duration::from_secs(5))),
        ]),
        minimum_rto: Duration::from_millis(draw.of_these(&[200, 1000])),
        maximum_rto: Duration::from_secs(draw.of_these(&[60, 120])),
        sws_override: Duration::from_millis(draw.of_these(&[100, 500, 1000])),
        measure_round_trips: !draw.one_in(4),
        user_timeout: draw.of_these(&[None, Some(300), Some(100)]).map(Duration::from_secs),
        ..base
    }
}
