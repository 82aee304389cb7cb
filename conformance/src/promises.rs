//! What TCP promises its users, asked of any stack that runs on virtual time, without a model of TCP.
//!
//! Two questions. Does a [transfer](crate::transfer) between two ends come to a good end whatever the network did
//! (P-01 to P-10), with the stack as either end and as both? And does one story come to the same when it is told twice
//! with something changed that must make no difference (P-15 to P-19, P-20)? What is broken is shown by the plainest
//! transfer or story among those that were found.
//!
//! It leaves out which requirement is behind a broken promise, lists of known deviations, and a stack that never comes
//! back: for all that there are campaigns ([`crate::engine`]).

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::bench::Family;
use crate::differential::relations::{RELATIONS, Relation};
use crate::engine::{Corpus, Draw, shrink};
use crate::scenario::{self, Scenario};
use crate::stack::{Lost, Stack};
use crate::trace::Trace;
use crate::transfer::{Network, PROMISES, Setting, Transfer};
use crate::verdict::Verdict;

#[cfg(test)]
mod tests;

/// How often a candidate may be told while a transfer or a story is made plainer.
const BUDGET: usize = 200;

/// Where a stack stands with one promise.
#[derive(Clone, Debug)]
pub struct Standing {
    /// Its id among the invariants.
    pub id: &'static str,
    /// What is true as long as it is kept.
    pub sentence: &'static str,
    /// Tellings that kept it.
    pub kept: u32,
    /// Tellings that broke it.
    pub broken: u32,
    /// Stories that say nothing about it.
    pub moot: u32,
    /// The plainest that broke it.
    pub shown_by: Option<Breach>,
}

/// A telling that broke a promise.
#[derive(Clone, Debug)]
pub struct Breach {
    /// What was true instead.
    pub detail: String,
    /// What was told, in its own notation.
    pub story: String,
    /// What happened, where one telling shows it.
    pub trace: Option<Trace>,
    size: usize,
}

/// Which of two ends is the stack under test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Seat {
    Left,
    Right,
    Both,
}

const SEATS: [Seat; 3] = [Seat::Left, Seat::Right, Seat::Both];

/// Makes a stack with nothing behind it.
pub type Start<'s> = &'s dyn Fn() -> Box<dyn Stack>;

/// Tells `runs` transfers between the stack and the other one, three times each, and `runs` stories twice for each
/// relation. The same seed asks the same.
#[must_use]
pub fn survey(stack: Start<'_>, other: Start<'_>, seed: u64, runs: u32, family: Family) -> Vec<Standing> {
    let mut standings: Vec<_> =
        PROMISES.iter().map(|promise| Standing::new(promise.id, promise.sentence)).collect();
    for number in 0..runs {
        let transfer = Transfer::drawn(&mut Draw::of(seed, number.into()));
        for seat in SEATS {
            let tell = |transfer: &Transfer| tell(transfer, [stack, other], seat, family);
            record(&mut standings, &transfer, seat, &tell);
        }
    }
    let mut stack = stack();
    standings.extend(RELATIONS.iter().map(|relation| held(&mut *stack, relation, seed, runs, family)));
    standings
}

impl Standing {
    const fn new(id: &'static str, sentence: &'static str) -> Self {
        Self { id, sentence, kept: 0, broken: 0, moot: 0, shown_by: None }
    }

    fn breaks(&mut self, breach: Breach) {
        self.broken += 1;
        if self.shown_by.as_ref().is_none_or(|known| breach.size < known.size) {
            self.shown_by = Some(breach);
        }
    }
}

/// A promise that a transfer broke.
struct Broken {
    id: &'static str,
    detail: String,
    trace: Option<Trace>,
}

/// Tells a transfer. A panic breaks the promise that what is left to do gets done.
fn tell(
    transfer: &Transfer,
    [stack, other]: [Start<'_>; 2],
    seat: Seat,
    family: Family,
) -> Result<(), Broken> {
    let setting = match family {
        Family::V4 => Setting::default(),
        Family::V6 => Setting::over_ipv6(),
    };
    let told = catch_unwind(AssertUnwindSafe(|| {
        let ends = match seat {
            Seat::Left => [stack(), other()],
            Seat::Right => [other(), stack()],
            Seat::Both => [stack(), stack()],
        };
        transfer.tell_between(ends, &setting)
    }));
    match told {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(broken)) => Err(Broken { id: broken.id, detail: broken.detail, trace: Some(broken.trace) }),
        Err(panic) => {
            Err(Broken { id: "P-09", detail: format!("a stack panicked: {}", words(&*panic)), trace: None })
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let lost = || panic.downcast_ref::<Lost>().map(|lost| lost.what.clone());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).or_else(lost).unwrap_or_default()
}

fn record(
    standings: &mut [Standing],
    transfer: &Transfer,
    seat: Seat,
    tell: &dyn Fn(&Transfer) -> Result<(), Broken>,
) {
    let Err(broken) = tell(transfer) else {
        standings.iter_mut().for_each(|standing| standing.kept += 1);
        return;
    };
    let Some(standing) = standings.iter_mut().find(|standing| standing.id == broken.id) else { return };
    let size = |transfer: &Transfer, broken: &Broken| {
        let lines = broken.trace.as_ref().map_or(0, |trace| trace.entries.len());
        lines + transfer.acts.len()
    };
    // What is no plainer than the one that is shown is not worth the time.
    let known = standing.shown_by.as_ref().map_or(usize::MAX, |known| known.size);
    let (plain, broken) = if size(transfer, &broken) < known {
        plainer(transfer.clone(), broken, tell)
    } else {
        (transfer.clone(), broken)
    };
    let who = match seat {
        Seat::Left => "A is the stack under test, B the other",
        Seat::Right => "A is the other stack, B the one under test",
        Seat::Both => "both ends are the stack under test",
    };
    let size = size(&plain, &broken);
    standing.breaks(Breach {
        detail: broken.detail,
        story: format!("{who}\n{plain}"),
        trace: broken.trace,
        size,
    });
}

/// A transfer with fewer acts and a kinder network that still breaks the same promise.
fn plainer(
    mut best: Transfer,
    mut shown: Broken,
    tell: &dyn Fn(&Transfer) -> Result<(), Broken>,
) -> (Transfer, Broken) {
    let mut left = BUDGET;
    let mut take = |best: &mut Transfer, candidate: Transfer| {
        if left == 0 || candidate == *best {
            return false;
        }
        left -= 1;
        match tell(&candidate) {
            Err(broken) if broken.id == shown.id => {
                (*best, shown) = (candidate, broken);
                true
            }
            _ => false,
        }
    };
    loop {
        let before = best.clone();
        for index in (0..best.acts.len()).rev() {
            let mut candidate = best.clone();
            candidate.acts.remove(index);
            take(&mut best, candidate);
        }
        let kinder: [fn(&mut Network); 5] = [
            |network| network.corruption = 0,
            |network| network.reordering = 0,
            |network| network.duplication = 0,
            |network| network.jitter = 0,
            |network| network.loss = 0,
        ];
        for kinder in kinder {
            let mut candidate = best.clone();
            kinder(&mut candidate.network);
            take(&mut best, candidate);
        }
        if best == before {
            return (best, shown);
        }
    }
}

/// Where the stack stands with one relation.
fn held(stack: &mut dyn Stack, relation: &Relation, seed: u64, runs: u32, family: Family) -> Standing {
    let mut standing = Standing::new(relation.id, relation.sentence);
    let corpus = Corpus::new(seed, stack.declaration());
    for number in 0..runs {
        let story = corpus.story(number.into());
        let choice = Draw::of(seed ^ 1, number.into()).any();
        match (relation.holds)(stack, &story, family, choice) {
            Verdict::Pass => standing.kept += 1,
            Verdict::Fail(_) => {
                let breach = plainest(stack, relation, story, choice, family);
                standing.breaks(breach);
            }
            _ => standing.moot += 1,
        }
    }
    standing
}

fn plainest(
    stack: &mut dyn Stack,
    relation: &Relation,
    story: Scenario,
    choice: u32,
    family: Family,
) -> Breach {
    let mut told = |story: &Scenario| (relation.holds)(stack, story, family, choice);
    let plain = shrink(story, BUDGET, &mut |candidate| told(candidate).failure().is_some());
    let detail = told(&plain).failure().map(|failure| failure.what.clone()).unwrap_or_default();
    let size = plain.steps.len();
    Breach { detail, story: scenario::print_file(std::slice::from_ref(&plain)), trace: None, size }
}
