//! Where a stack stands on each of the 119 requirements that RFC 9293 numbers, and what says so.
//!
//! Five kinds of ground are gathered: the cases that check an id, played while the monitor watches; the monitor's rules;
//! the cells of the grid that it decides; the choices of the profile; and measures of its own for what none of these
//! shows. What no machine can test carries a reason from a closed list.
//!
//! It leaves out new judgements: it only gathers, and says so where there is nothing.

use std::collections::BTreeMap;

use crate::bench::{self, Family};
use crate::cases;
use crate::deviation::Deviations;
use crate::grid::{self, Cell, Grid, Outlook};
use crate::monitor::Monitor;
use crate::monitor::law::LAWS;
use crate::profile;
use crate::requirement::{self, Requirement};
use crate::stack::{Clock, Stack};
use crate::verdict::Verdict;
use measures::Found;

mod choices;
mod measures;
mod raw;
#[cfg(test)]
mod tests;

/// Where a stack stands on one requirement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Standing {
    /// The requirement.
    pub requirement: &'static Requirement,
    /// In one word.
    pub word: Word,
    /// What says so, the gravest first.
    pub grounds: Vec<Ground>,
}

/// A standing in one word. The greater is the graver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Word {
    /// No machine can test it.
    Untestable(Reason),
    /// Nothing tests it yet.
    Untested,
    /// What tests it did not run on this stack.
    Skipped,
    /// It leaves a choice, and this says which was taken.
    Chooses,
    /// What tests it found nothing.
    Passes,
    /// Something departs from it, as listed.
    Known,
    /// Something departs from it.
    Departs,
}

impl Word {
    /// The word itself.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Untestable(_) => "not testable",
            Self::Untested => "UNTESTED",
            Self::Skipped => "skipped",
            Self::Chooses => "chooses",
            Self::Passes => "passes",
            Self::Known => "departs, known",
            Self::Departs => "DEPARTS",
        }
    }
}

/// Why no machine tests a requirement. The list is closed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// It speaks of the inside of a stack.
    Internal,
    /// It advises applications.
    Advice,
    /// It speaks of a call or report that stacks under test are not asked for.
    NoCall,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 3] = [Self::Internal, Self::Advice, Self::NoCall];

    /// The reason in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Internal => "it speaks of the inside of a stack, which neither segments nor calls show",
            Self::Advice => "it advises applications",
            Self::NoCall => {
                "it speaks of a call or report that the interface to stacks under test does not have"
            }
        }
    }
}

/// What no machine tests, and why.
pub static UNTESTABLE: [(&str, Reason); 11] = [
    ("MUST-43", Reason::NoCall),
    ("MUST-44", Reason::Internal),
    ("SHLD-6", Reason::Internal),
    ("SHLD-10", Reason::Internal),
    ("SHLD-13", Reason::Advice),
    ("SHLD-23", Reason::Advice),
    ("REC-1", Reason::Internal),
    ("MAY-9", Reason::NoCall),
    ("MAY-14", Reason::NoCall),
    ("MAY-15", Reason::NoCall),
    ("MAY-17", Reason::NoCall),
];

/// One thing that says where a stack stands.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ground {
    /// What it says.
    pub word: Word,
    /// What it is, such as `3.6/half-close` or `grid, 120 cells`.
    pub what: String,
}

/// The numbered requirements.
fn numbered() -> impl Iterator<Item = &'static Requirement> {
    let families = ["MUST-", "SHLD-", "REC-", "MAY-"];
    requirement::all().iter().filter(move |known| families.iter().any(|family| known.id.starts_with(family)))
}

type Grounds = BTreeMap<&'static str, Vec<Ground>>;

/// Where a stack stands on every numbered requirement.
pub fn survey(stack: &mut dyn Stack, family: Family, deviations: &Deviations) -> Vec<Standing> {
    let mut grounds = Grounds::new();
    play_cases(stack, family, deviations, &mut grounds);
    let real = stack.declaration().clock == Clock::Real;
    if !real {
        let grid = grid::play(stack, family, Cell::base().chain(Cell::variants()));
        of_grid(stack, &grid, deviations, &mut grounds);
    }
    for (id, what, found) in measured(stack, family) {
        let (word, said) = match found {
            Found::Meets(said) => (Word::Passes, said),
            Found::Departs(said) => (Word::Departs, said),
            Found::Chooses(said) => (Word::Chooses, said),
            Found::NotConcerned(said) => (Word::Skipped, said),
        };
        grounds.entry(id).or_default().push(Ground { word, what: format!("{what}: {said}") });
    }
    numbered()
        .map(|requirement| standing(requirement, grounds.remove(requirement.id), deviations, stack))
        .collect()
}

/// What profile, single cells and measures say.
fn measured(stack: &mut dyn Stack, family: Family) -> Vec<choices::Measured> {
    let mut measured = choices::of_profile(&profile::infer(stack, family));
    measured.extend(choices::of_cells(stack, family));
    measured.extend(measures::measure(stack, family));
    measured.extend(raw::measure(stack, family));
    measured
}

fn standing(
    requirement: &'static Requirement,
    grounds: Option<Vec<Ground>>,
    deviations: &Deviations,
    stack: &dyn Stack,
) -> Standing {
    let mut grounds = grounds.unwrap_or_default();
    grounds.sort_by(|a, b| b.cmp(a));
    let listed = deviations.requirement(requirement.id, &stack.declaration().version);
    let untestable = UNTESTABLE.iter().find(|(id, _)| *id == requirement.id);
    let has = |word: Word| grounds.iter().any(|ground| ground.word == word);
    let by_rules_alone =
        grounds.iter().all(|ground| ground.word != Word::Passes || ground.what.starts_with("rule "));
    let word = match (grounds.first().map(|ground| ground.word), untestable) {
        (Some(Word::Departs), _) if listed.is_some() => Word::Known,
        // No rule objected; but the choice, or why nothing is asked of this stack, says more.
        (Some(Word::Passes), _) if by_rules_alone && has(Word::Chooses) => Word::Chooses,
        (Some(Word::Passes), _) if by_rules_alone && has(Word::Skipped) => Word::Skipped,
        (Some(word), _) => word,
        (None, Some((_, reason))) => Word::Untestable(*reason),
        (None, None) => Word::Untested,
    };
    Standing { requirement, word, grounds }
}

/// Plays every case while the monitor watches. What the monitor objects to counts for the rule's requirements, not for
/// those of the case.
fn play_cases(stack: &mut dyn Stack, family: Family, deviations: &Deviations, grounds: &mut Grounds) {
    let mut watched = 0;
    // How many runs a rule objects to, as listed and otherwise.
    let mut objections: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let version = stack.declaration().version.clone();
    for case in cases::all() {
        let run = bench::run(stack, &case.scenario, family);
        let verdict = deviations.apply(&case.id, &case.scenario, &version, run.verdict);
        let word = match &verdict {
            Verdict::Pass => Word::Passes,
            Verdict::Fail(_) | Verdict::FixedDeviation { .. } => Word::Departs,
            Verdict::KnownDeviation { .. } => Word::Known,
            Verdict::Skipped(_) | Verdict::Inconclusive(_) => Word::Skipped,
        };
        for requirement in numbered().filter(|known| case.scenario.checks.iter().any(|id| id == known.id)) {
            let what = match &verdict {
                Verdict::Skipped(why) => format!("{}: {why}", case.id),
                _ => case.id.clone(),
            };
            grounds.entry(requirement.id).or_default().push(Ground { word, what });
        }
        if matches!(word, Word::Passes) {
            watched += 1;
            let mut monitor = Monitor::new();
            let run = bench::run_watched(stack, &case.scenario, family, Some(&mut monitor));
            if let Verdict::Fail(failure) = run.verdict
                && let Some(cause) = failure.cause
            {
                let known = deviations.finding(&cause, &version).is_some();
                objections.entry(cause.rule.into_owned()).or_default()[usize::from(!known)] += 1;
            }
        }
    }
    for law in LAWS {
        let [known, new] = objections.get(law.id).copied().unwrap_or_default();
        let word = match (known, new) {
            (_, 1..) => Word::Departs,
            (1.., 0) => Word::Known,
            (0, 0) => Word::Passes,
        };
        let what = match known + new {
            0 => format!("rule {}, {watched} runs", law.id),
            count => format!("rule {}, in {count} of {watched} runs", law.id),
        };
        for requirement in numbered().filter(|known| law.requirements.contains(&known.id)) {
            grounds.entry(requirement.id).or_default().push(Ground { word, what: what.clone() });
        }
    }
}

/// What the cells say that an id decides.
fn of_grid(stack: &dyn Stack, grid: &Grid, deviations: &Deviations, grounds: &mut Grounds) {
    let declaration = stack.declaration();
    let mut cells: BTreeMap<&'static str, [usize; 3]> = BTreeMap::new();
    for (cell, outlook) in &grid.cells {
        let index = match outlook {
            Outlook::Void(_) | Outlook::Unreached(_) => continue,
            Outlook::Met(_) => 0,
            Outlook::Differs(difference) => {
                let known = deviations.grid(&declaration.version).any(|entry| {
                    entry.what == difference.what && entry.requirement == difference.requirement
                });
                if known { 1 } else { 2 }
            }
        };
        cells.entry(grid::expectation(*cell, declaration).requirement).or_default()[index] += 1;
    }
    for (id, [met, known, new]) in cells {
        let word = match (known, new) {
            (_, 1..) => Word::Departs,
            (1.., 0) => Word::Known,
            (0, 0) => Word::Passes,
        };
        let differ = known + new;
        let what = match differ {
            0 => format!("grid, {met} cells"),
            _ => format!("grid, {differ} of {} cells", met + differ),
        };
        grounds.entry(id).or_default().push(Ground { word, what });
    }
}
