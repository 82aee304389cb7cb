//! Checking a model: every reachable state, the answers, and the shortest run to a "no".

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model as _, Path};

use super::definition::Definition;
use super::edges::Edges;
use super::model::Model;
use super::moves::Action;
use super::property::Question;
use super::telling::{self, Story};
use super::variation::Variation;
use super::world::World;

/// How far a check is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Progress {
    /// Distinct states so far.
    pub states: usize,
    /// States reached, the same ones again included.
    pub reached: usize,
    /// Moves from the beginning to the farthest state.
    pub depth: usize,
}

/// In which order states are visited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// Nearest first: with one thread the first counterexample is a shortest one.
    Breadth,
    /// Deepest first: keeps no states but those on the way.
    Depth,
}

/// What a check has found.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// How far it went: to the end, unless an answer was no.
    pub progress: Progress,
    /// How long it took.
    pub time: Duration,
    /// The questions that were asked.
    pub asked: Vec<&'static Question>,
    /// The transitions that were taken.
    pub edges: Arc<Edges>,
    /// The answers that were no, each with a run.
    pub violated: Vec<(&'static Question, Story)>,
}

/// How long to wait between two looks at a check that runs.
const LOOK: Duration = Duration::from_millis(20);

/// Visits every reachable state, `each` hears from time to time how far it is.
///
/// # Panics
/// If a thread of the checker panics, which is a fault of the model.
pub fn check(model: Model, order: Order, threads: usize, mut each: impl FnMut(Progress)) -> Outcome {
    let begun = Instant::now();
    let asked = model.questions.clone();
    let kept = model.clone();
    let builder = model.checker().threads(threads).finish_when(HasDiscoveries::AnyFailures);
    let (progress, found) = match order {
        Order::Breadth => finish(builder.spawn_bfs(), &mut each),
        Order::Depth => finish(builder.spawn_dfs(), &mut each),
    };
    let violated = asked.iter().filter_map(|question| {
        let path = found.iter().find(|(name, _)| *name == question.name)?.1.clone();
        Some((*question, telling::counterexample(&kept, question, path)))
    });
    let violated = violated.collect();
    Outcome { progress, time: begun.elapsed(), asked, edges: kept.edges, violated }
}

type Found = Vec<(&'static str, Path<World, Action>)>;

fn finish(mut checker: impl Checker<Model>, each: &mut dyn FnMut(Progress)) -> (Progress, Found) {
    let look = |checker: &dyn Fn() -> (usize, usize, usize)| {
        let (states, reached, depth) = checker();
        Progress { states, reached, depth }
    };
    let handles = checker.handles();
    while !handles.iter().all(thread::JoinHandle::is_finished) {
        thread::sleep(LOOK);
        each(look(&|| (checker.unique_state_count(), checker.state_count(), checker.max_depth())));
    }
    for handle in handles {
        handle.join().expect("a thread of the checker panicked");
    }
    let progress = look(&|| (checker.unique_state_count(), checker.state_count(), checker.max_depth()));
    (progress, checker.discoveries().into_iter().collect())
}

/// Checks a definition: all its questions, all states. A big one goes deepest first, which takes a tenth of the memory.
pub fn definition(definition: Definition, threads: usize, each: impl FnMut(Progress)) -> Outcome {
    let order = if definition.big { Order::Depth } else { Order::Breadth };
    check(Model::new(definition), order, threads, each)
}

/// Checks a definition with a variation: for each question that it is said to break, the shortest run to a "no"; if it
/// is said to be harmless, all questions and all states.
pub fn variation(
    definition: &Definition,
    variation: &Variation,
    mut each: impl FnMut(Progress),
) -> Vec<Outcome> {
    let mut one = |question| {
        check(Model::varied(definition.clone(), variation, question), Order::Breadth, 1, &mut each)
    };
    if variation.breaks.is_empty() {
        return vec![one(None)];
    }
    variation.breaks.iter().map(|question| one(Some(question))).collect()
}
