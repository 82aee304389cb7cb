//! Two traces as one: what both have in common once, the rest side by side in the order of time.

use std::ops::Range;

use super::{Comparison, Which};
use crate::trace::Trace;

/// How far ahead the same line is looked for.
const NEAR: usize = 16;

/// A line of two traces.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Line {
    /// Both have it: the line in each.
    Both([usize; 2]),
    /// Only this one has it.
    Only(Which, usize),
}

/// The lines of two tellings, in order.
#[must_use]
pub fn merged(comparison: &Comparison) -> Vec<Line> {
    let traces = [0, 1].map(|which| &comparison.tellings[which].run.trace);
    let turns = traces.map(turns);
    let mut lines = Vec::new();
    for turn in 0..turns[0].len().max(turns[1].len()) {
        let range = |which: usize| turns[which].get(turn).cloned().unwrap_or(0..0);
        merge(traces, [range(0), range(1)], &mut lines);
    }
    lines
}

/// Where the turns are.
fn turns(trace: &Trace) -> Vec<Range<usize>> {
    let begins = |index: &usize| super::turn::begins_turn(&trace.entries[*index].happening);
    let mut starts: Vec<_> = (0..trace.entries.len()).filter(begins).collect();
    starts.insert(0, 0);
    let ends = starts.iter().skip(1).copied().chain([trace.entries.len()]);
    starts.iter().copied().zip(ends).map(|(start, end)| start..end).collect()
}

/// One turn of both: equal lines are found again a little further on.
fn merge(traces: [&Trace; 2], ranges: [Range<usize>; 2], lines: &mut Vec<Line>) {
    let [mut one, mut other] = ranges;
    let texts = [(Which::First, one.clone()), (Which::Second, other.clone())]
        .map(|(which, range)| range.map(|line| traces[which as usize].text_of(line)).collect::<Vec<_>>());
    let (first, second) = (one.start, other.start);
    let is_same = |line: usize, that: usize| texts[0][line - first] == texts[1][that - second];
    while let (Some(line), Some(that)) = (one.clone().next(), other.clone().next()) {
        if is_same(line, that) {
            lines.push(Line::Both([line, that]));
            (one.start, other.start) = (line + 1, that + 1);
        } else if let Some(further) = other.clone().take(NEAR).find(|that| is_same(line, *that)) {
            lines.extend((that..further).map(|line| Line::Only(Which::Second, line)));
            other.start = further;
        } else {
            lines.push(Line::Only(Which::First, line));
            one.start = line + 1;
        }
    }
    lines.extend(one.map(|line| Line::Only(Which::First, line)));
    lines.extend(other.map(|line| Line::Only(Which::Second, line)));
}
