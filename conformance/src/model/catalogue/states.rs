//! Users who do anything at any time: all states, all edges of figure 5.

use super::ends;
use crate::model::definition::{Ask, Definition};
use crate::model::network::Discipline;

/// The models of states.
pub(super) fn definitions() -> Vec<Definition> {
    vec![states()]
}

fn states() -> Definition {
    let mut ends = ends(&[], &[]);
    ends[0].anything_of = &[Ask::Listen, Ask::Send(1), Ask::Connect, Ask::Close];
    ends[1].anything_of = &[Ask::Listen, Ask::Connect, Ask::Close];
    Definition {
        id: "states",
        question: "Are all states and all edges of figure 5 reached?",
        ends,
        discipline: Discipline::Limited { losses: 0, duplicates: 0, in_flight: 2 },
        timeouts: Some(0),
        holds: &["invariants", "stream", "text-before-end"],
        ..Definition::default()
    }
}
