//! A definition as the checker sees it.

use std::sync::Arc;

use stateright::{Path, Property};

use super::definition::Definition;
use super::edges::Edges;
use super::moves::{Action, Moves};
use super::network::Discipline;
use super::property::{self, Question};
use super::telling;
use super::variation::{Change, Variation};
use super::world::World;

/// A definition, perhaps with a variation, and the questions to ask of it.
#[derive(Clone, Debug)]
pub struct Model {
    /// The definition, choices made otherwise included.
    pub definition: Definition,
    /// What is different, if anything.
    pub variation: Option<Variation>,
    /// The questions.
    pub questions: Vec<&'static Question>,
    /// The transitions that were taken.
    pub edges: Arc<Edges>,
}

impl Model {
    /// The model of a definition, with all questions that are answered yes.
    ///
    /// # Panics
    /// If the definition names a question that does not exist.
    #[must_use]
    pub fn new(definition: Definition) -> Self {
        let questions = questions(definition.holds);
        Self { definition, variation: None, questions, edges: Arc::default() }
    }

    /// The model with a variation, and one question that it answers no; all questions if it is harmless.
    ///
    /// # Panics
    /// If the variation names a question that does not exist.
    #[must_use]
    pub fn varied(mut definition: Definition, variation: &Variation, question: Option<&'static str>) -> Self {
        let questions = question.map_or_else(|| questions(definition.holds), |name| questions(&[name]));
        if let Change::Choice(choose) | Change::AnySynReopens(choose) = variation.change {
            choose(&mut definition);
        }
        Self { definition, variation: Some(*variation), questions, edges: Arc::default() }
    }

    /// The model with a variation and the questions of both.
    ///
    /// # Panics
    /// If one of them names a question that does not exist.
    #[must_use]
    pub fn varied_with_all_questions(definition: Definition, variation: &Variation) -> Self {
        let mut names = definition.holds.to_vec();
        names.extend(variation.breaks.iter().filter(|name| !definition.holds.contains(name)));
        let varied = Self::varied(definition, variation, None);
        Self { questions: questions(&names), ..varied }
    }

    /// What can happen.
    #[must_use]
    pub fn moves(&self) -> Moves<'_> {
        let change = self.variation.map(|variation| variation.change);
        // A choice is part of the definition by now.
        let change = change.filter(|change| !matches!(change, Change::Choice(_)));
        Moves { definition: &self.definition, change, edges: &self.edges }
    }
}

fn questions(names: &[&str]) -> Vec<&'static Question> {
    let find = |name: &&str| property::find(name).unwrap_or_else(|| panic!("there is no question {name}"));
    names.iter().map(find).collect()
}

impl stateright::Model for Model {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.moves().beginning()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        self.moves().list(world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        Some(self.moves().next(world, action))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        self.questions.iter().map(|question| question.property()).collect()
    }

    fn within_boundary(&self, world: &World) -> bool {
        let crowded = match self.definition.discipline {
            Discipline::Anything => false,
            Discipline::Limited { in_flight, .. } => world.network.packets().len() > usize::from(in_flight),
        };
        let warring = self.definition.longest_chain.is_some_and(|longest| world.chain > longest + 1);
        !crowded && !warring
    }

    fn format_action(&self, action: &Action) -> String {
        telling::action(action)
    }

    fn format_step(&self, world: &World, action: Action) -> Option<String> {
        Some(telling::step(self, world, action))
    }

    fn as_svg(&self, path: Path<World, Action>) -> Option<String> {
        Some(super::diagram::svg(&telling::story(self, path)))
    }
}
