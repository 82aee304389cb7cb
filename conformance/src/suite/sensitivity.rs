//! What the suite is sensitive to: which [faults](crate::stack::faulty) each case finds.
//!
//! Worked out by playing, every time it is asked for; a stored table would be wrong the day after. A case that finds
//! nothing cannot fail, and a fault that no case finds survives.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tcpspec_core::{Instant, RuleSet};

use crate::bench::{self, Family};
use crate::cases::Case;
use crate::scenario;
use crate::stack::Stack;
use crate::stack::faulty::{self, Excuse, Fault, Faulty};
use crate::stack::reference::Reference;
use crate::trace::{Happening, Trace};
use crate::verdict::Verdict;

/// The fault whose name looks most like `name`, for "did you mean"; none if none is close.
#[must_use]
pub fn nearest_fault(name: &str) -> Option<&'static Fault> {
    let near = scenario::nearest(name, faulty::all().iter().map(|fault| fault.name.as_str()))?;
    faulty::find(near)
}

/// What a case makes of a fault.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reaction {
    /// The story is told like the reference tells it.
    Unmoved,
    /// Something is different, and the case does not mind.
    Passes,
    /// The case fails.
    Finds,
}

/// What the reference makes of a case.
#[derive(Clone, Debug)]
pub struct Told {
    case: &'static Case,
    /// What can be seen from outside, and when.
    seen: Vec<(Instant, Happening)>,
    rules: RuleSet,
    family: Family,
}

impl Told {
    /// Plays the case to the reference.
    ///
    /// # Errors
    /// The verdict, if it is no pass: then nothing can be learnt from the case.
    pub fn by_the_reference(case: &'static Case, family: Family) -> Result<Self, Box<Verdict>> {
        let mut reference = Reference::new();
        let bench::Run { trace, verdict } = bench::run(&mut reference, &case.scenario, family);
        if verdict != Verdict::Pass {
            return Err(Box::new(verdict));
        }
        let mut rules = reference.take_rules();
        trace.entries.iter().for_each(|entry| rules.merge(entry.rules));
        Ok(Self { case, seen: seen(trace), rules, family })
    }

    /// The case.
    #[must_use]
    pub const fn case(&self) -> &'static Case {
        self.case
    }

    /// Whether the case could show anything of the fault.
    fn reaches(&self, fault: &Fault) -> bool {
        fault.rule.is_none_or(|rule| self.rules.has(rule))
    }

    /// Plays the case to the reference with a fault.
    ///
    /// # Panics
    /// If the faulty reference does: a fault is wrong behaviour, and a panic would be found by any case.
    #[must_use]
    pub fn reaction(&self, fault: &'static Fault) -> Reaction {
        if !self.reaches(fault) {
            return Reaction::Unmoved;
        }
        let run = bench::run(&mut Faulty::new(fault), &self.case.scenario, self.family);
        match run.verdict {
            Verdict::Fail(failure) => {
                let (id, what) = (&self.case.id, failure.what);
                assert!(
                    !what.starts_with("the stack panicked"),
                    "{}, {id}: {what}\n{}",
                    fault.name,
                    run.trace
                );
                Reaction::Finds
            }
            _ if seen(run.trace) == self.seen => Reaction::Unmoved,
            _ => Reaction::Passes,
        }
    }
}

/// What can be seen from outside.
fn seen(trace: Trace) -> Vec<(Instant, Happening)> {
    trace.entries.into_iter().map(|entry| (entry.time, entry.happening)).collect()
}

/// Every case with every fault.
#[derive(Clone, Debug)]
pub struct Matrix {
    cases: Vec<Told>,
    left_out: Vec<(&'static Case, Verdict)>,
    faults: Vec<&'static Fault>,
    /// One row for each fault, one cell for each case.
    reactions: Vec<Vec<Reaction>>,
}

/// Plays cases to faulty references, on all processors. Cases that the reference does not pass, for it lacks what they
/// need, are left out.
#[must_use]
pub fn play(
    selected: impl Iterator<Item = &'static Case>,
    faults: impl Iterator<Item = &'static Fault>,
    family: Family,
) -> Matrix {
    let (mut cases, mut left_out) = (Vec::new(), Vec::new());
    for case in selected {
        match Told::by_the_reference(case, family) {
            Ok(told) => cases.push(told),
            Err(verdict) => left_out.push((case, *verdict)),
        }
    }
    let faults: Vec<_> = faults.collect();
    let next = AtomicUsize::new(0);
    let rows = Mutex::new(vec![Vec::new(); faults.len()]);
    let work = || {
        while let Some((index, fault)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            faults.get(index).map(|fault| (index, *fault))
        } {
            let row = cases.iter().map(|told| told.reaction(fault)).collect();
            rows.lock().expect("nobody panics with it")[index] = row;
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(work);
        }
    });
    let reactions = rows.into_inner().expect("nobody panics with it");
    Matrix { cases, left_out, faults, reactions }
}

impl Matrix {
    /// The cases that the reference does not pass, with its verdict.
    #[must_use]
    pub fn left_out(&self) -> &[(&'static Case, Verdict)] {
        &self.left_out
    }

    /// The cases that were played, with the faults that each finds.
    pub fn cases(&self) -> impl Iterator<Item = (&'static Case, Vec<&'static Fault>)> {
        self.cases.iter().enumerate().map(|(index, told)| {
            let finds = |row: &&Vec<Reaction>| row[index] == Reaction::Finds;
            let faults = self.faults.iter().zip(&self.reactions).filter(|(_, row)| finds(row));
            (told.case, faults.map(|(fault, _)| *fault).collect())
        })
    }

    /// The faults, with the strongest reaction of any case.
    pub fn faults(&self) -> impl Iterator<Item = (&'static Fault, Reaction)> {
        let strongest = |row: &Vec<Reaction>| row.iter().max().copied().unwrap_or(Reaction::Unmoved);
        self.faults.iter().zip(&self.reactions).map(move |(fault, row)| (*fault, strongest(row)))
    }

    /// Faults that no case finds although nothing excuses them, each with what is known of why.
    pub fn survivors(&self) -> impl Iterator<Item = (&'static Fault, &'static str)> {
        self.faults().filter(|(fault, _)| fault.excuse.is_none()).filter_map(|(fault, reaction)| {
            let reached = self.cases.iter().any(|told| told.reaches(fault));
            match reaction {
                Reaction::Finds => None,
                Reaction::Passes => Some((fault, "some case shows it, none minds")),
                Reaction::Unmoved if reached => Some((fault, "no case shows it")),
                Reaction::Unmoved => Some((fault, "no case uses the row")),
            }
        })
    }

    /// Cases that fail on what the standard permits, and do not say that they check what it recommends: they ask for
    /// too much.
    pub fn false_alarms(&self) -> impl Iterator<Item = (&'static Case, &'static Fault)> {
        self.cases().flat_map(|(case, found)| {
            let permitted = |fault: &&Fault| matches!(fault.excuse, Some(Excuse::Permitted(_)));
            let unsaid =
                |fault: &&Fault| !case.scenario.checks.iter().any(|id| fault.violates.contains(&id.as_str()));
            let found = found.into_iter().filter(permitted).filter(unsaid);
            found.map(|fault| (case, fault)).collect::<Vec<_>>()
        })
    }

    /// What a case says that it checks and no fault makes it fail for: the requirement is named in vain, or a fault is
    /// missing.
    pub fn unearned(&self) -> impl Iterator<Item = (&'static Case, &'static str)> {
        self.cases().flat_map(|(case, found)| {
            let earned = move |id: &str| found.iter().any(|fault| fault.violates.contains(&id));
            case.scenario
                .checks
                .iter()
                .map(String::as_str)
                .filter(move |id| !earned(id))
                .map(move |id| (case, id))
        })
    }
}
