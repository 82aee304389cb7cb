//! A story as a sequence diagram in SVG, for the explorer: two lifelines, time downwards, states beside them.

use std::fmt::Write as _;

use tcpspec_core::State;

use super::telling::Story;
use crate::trace::{End, Happening, Trace};

const ROW: usize = 26;
const LEFT: usize = 170;
const RIGHT: usize = 670;
const MIDDLE: usize = LEFT.midpoint(RIGHT);
const WIDTH: usize = 790;

/// The diagram. A segment that arrives late has an arrow from the middle, one that stays under way ends there.
#[must_use]
pub(super) fn svg(story: &Story) -> String {
    let height = ROW * (story.lines.len() + 3);
    let mut svg = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{WIDTH}' height='{height}' font-family='monospace' font-size='12'>\
         <defs><marker id='head' markerWidth='8' markerHeight='8' refX='7' refY='4' orient='auto'>\
         <path d='M0,0 L8,4 L0,8 z'/></marker></defs>\
         <rect width='{WIDTH}' height='{height}' fill='white'/>"
    );
    for (x, name) in [(LEFT, "A"), (RIGHT, "B")] {
        let _ = write!(
            svg,
            "<text x='{x}' y='16' text-anchor='middle' font-weight='bold'>{name}</text>\
             <line x1='{x}' y1='22' x2='{x}' y2='{height}' stroke='#999'/>"
        );
    }
    let mut shown: [Option<State>; 2] = [None; 2];
    let mut time = None;
    for (row, line) in story.lines.iter().enumerate() {
        let y = ROW * (row + 2);
        draw(&mut svg, y, &line.entry.happening, &line.comment);
        if story.timed && time.replace(line.entry.time) != Some(line.entry.time) {
            text(&mut svg, 6, y, "start", &format!("tick {}", line.entry.time.0 / 1_000_000), "fill='#a50'");
        }
        let states = [(line.entry.left, LEFT - 10, "end"), (line.entry.right, RIGHT + 10, "start")];
        for ((state, x, anchor), shown) in states.into_iter().zip(&mut shown) {
            if let Some(state) = state.filter(|state| *shown != Some(*state)) {
                text(&mut svg, x, y, anchor, state.name(), "font-weight='bold'");
                *shown = Some(state);
            }
        }
    }
    svg.push_str("</svg>");
    svg
}

fn draw(svg: &mut String, y: usize, happening: &Happening, comment: &str) {
    let trace = Trace::in_absolute_numbers();
    match happening {
        Happening::Call { end, call, outcome } => {
            let separator = if outcome.is_empty() { "" } else { ": " };
            let (x, anchor) = if *end == End::Left { (LEFT + 8, "start") } else { (RIGHT - 8, "end") };
            text(svg, x, y, anchor, &format!("{call}{separator}{outcome}"), "font-style='italic'");
        }
        Happening::Note(note) => text(svg, MIDDLE, y, "middle", note, "fill='#a50'"),
        Happening::Segment { from, segment, lost } => {
            let to = if *lost { MIDDLE + 40 } else { x_of(from.other()) };
            arrow(svg, y, x_of(*from), to, if *lost { "stroke-dasharray='4'" } else { "" });
            let lost = if *lost { "  lost" } else { "" };
            label(svg, MIDDLE, y, &format!("{}{lost}", trace.segment_text(*from, segment)), comment);
        }
        Happening::Departure { from, segment } => {
            arrow(svg, y, x_of(*from), MIDDLE, "stroke-dasharray='4'");
            label(svg, x_of(*from).midpoint(MIDDLE), y, &trace.segment_text(*from, segment), comment);
        }
        Happening::Arrival { from, segment } => {
            arrow(svg, y, MIDDLE, x_of(from.other()), "");
            label(svg, x_of(from.other()).midpoint(MIDDLE), y, &trace.segment_text(*from, segment), comment);
        }
    }
}

const fn x_of(end: End) -> usize {
    match end {
        End::Left => LEFT,
        End::Right => RIGHT,
    }
}

fn arrow(svg: &mut String, y: usize, from: usize, to: usize, style: &str) {
    let _ = write!(
        svg,
        "<line x1='{from}' y1='{y}' x2='{to}' y2='{y}' stroke='black' marker-end='url(#head)' {style}/>"
    );
}

fn label(svg: &mut String, x: usize, y: usize, words: &str, comment: &str) {
    let comment = if comment.is_empty() { String::new() } else { format!("  ({comment})") };
    text(svg, x, y - 4, "middle", &format!("{words}{comment}"), "");
}

fn text(svg: &mut String, x: usize, y: usize, anchor: &str, words: &str, style: &str) {
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let _ = write!(svg, "<text x='{x}' y='{y}' text-anchor='{anchor}' {style}>{words}</text>");
}
