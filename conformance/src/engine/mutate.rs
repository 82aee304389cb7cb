//! Scenarios from others that reached something new: cut, joined, and changed in a place or two.
//!
//! It leaves out which stories are worth it (the [corpus](super::corpus)).

use super::draw::Draw;
use super::generate::{self, MOST_STEPS, PeerProfile, Stage};
use crate::scenario::{Scenario, Step, What, When};
use crate::stack::Declaration;

/// A story made from `base`, with a part of `other` maybe.
pub(super) fn scenario(
    draw: &mut Draw<'_>,
    stack: &Declaration,
    base: &Scenario,
    other: &Scenario,
) -> Scenario {
    let mut scenario = base.clone();
    let labels = base.steps.iter().map(|step| step.connection).max().unwrap_or(1);
    let connections = if draw.one_in(8) { labels.max(2) } else { labels };
    let stage = Stage { stack, peer: PeerProfile::draw(draw), connections };
    for _ in 0..1 + draw.weighted(&[(6, 0), (3, 1), (2, 3)]) {
        change(draw, &stage, &mut scenario, other);
    }
    scenario.steps.truncate(MOST_STEPS);
    if scenario.steps.is_empty() {
        scenario.steps.push(generate::step(draw, &stage, true));
    }
    let of_other = other.needs.iter().filter(|need| !base.needs.contains(need));
    scenario.needs.extend(of_other);
    scenario
}

/// Changes one thing.
fn change(draw: &mut Draw<'_>, stage: &Stage<'_>, scenario: &mut Scenario, other: &Scenario) {
    let steps = &mut scenario.steps;
    let count = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    let at = draw.below(count) as usize;
    match draw.weighted(&[(6, 0), (5, 1), (2, 2), (2, 3), (1, 4), (5, 5), (4, 6), (2, 7), (1, 8)]) {
        // What a story led to is reached again at its end.
        0 => steps.extend((0..=draw.below(3)).map(|_| generate::step(draw, stage, true))),
        1 => steps.insert(draw.below(count + 1) as usize, generate::step(draw, stage, true)),
        2 if !steps.is_empty() => drop(steps.remove(at)),
        3 if !steps.is_empty() => steps.insert(draw.below(count + 1) as usize, steps[at].clone()),
        4 if at > 0 => steps.swap(at, at - 1),
        5 if !steps.is_empty() => change_step(draw, stage, &mut steps[at]),
        6 if !steps.is_empty() => steps[at].when = When::After(generate::pause(draw)),
        7 => {
            steps.truncate(at + 1);
            let from = draw.below(u32::try_from(other.steps.len()).unwrap_or(u32::MAX)) as usize;
            steps.extend_from_slice(other.steps.get(from..).unwrap_or_default());
        }
        _ => scenario.setup = generate::setup(draw, stage.stack),
    }
}

fn change_step(draw: &mut Draw<'_>, stage: &Stage<'_>, step: &mut Step) {
    match &mut step.what {
        What::Segment(segment) => generate::change_segment(draw, stage.peer, segment),
        What::Call { call, .. } => *call = generate::any_call(draw, stage),
        What::Device { refuses } => *refuses = !*refuses,
        What::Icmp(_) | What::Expect(_) | What::Quiet(_) | What::AtMost { .. } => {
            *step = generate::step(draw, stage, true);
        }
    }
}
