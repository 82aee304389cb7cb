//! The report on promises: one line each, then the plainest telling of each that is broken.

use std::fmt::Write as _;

use super::terminal::wrapped;
use crate::promises::{Breach, Standing};
use crate::stack::Declaration;

/// Lines of a trace that are shown before the middle is left out, at its begin and at its end.
const SHOWN: usize = 30;

/// The table and what is broken, in 80 columns but for traces.
#[must_use]
pub fn render(stack: &Declaration, other: &Declaration, standings: &[Standing]) -> String {
    let mut text = format!(
        "{} {} with {} {}: what TCP promises\n\n",
        stack.name, stack.version, other.name, other.version
    );
    for Standing { id, sentence, kept, broken, moot, .. } in standings {
        let word = if *broken > 0 {
            format!("BROKEN {broken} of {}", kept + broken)
        } else {
            format!("kept {kept}")
        };
        let moot = if *moot > 0 { format!(", {moot} say nothing") } else { String::new() };
        let _ = writeln!(text, "{id}  {word}{moot}\n{}", wrapped(sentence, 6));
    }
    for Standing { id, shown_by, .. } in standings {
        if let Some(breach) = shown_by {
            let _ = writeln!(text, "\n{id} is broken:\n{}\n", wrapped(&breach.detail, 2));
            told(&mut text, breach);
        }
    }
    text
}

fn told(text: &mut String, Breach { story, trace, .. }: &Breach) {
    for line in story.lines() {
        let _ = writeln!(text, "{}", format!("    {line}").trim_end());
    }
    let Some(trace) = trace else { return };
    let lines: Vec<_> = trace.lines().collect();
    let hidden = lines.len().saturating_sub(2 * SHOWN);
    text.push('\n');
    for (index, line) in lines.iter().enumerate() {
        if hidden > 0 && index == SHOWN {
            let _ = writeln!(text, "      ... {hidden} lines left out ...");
        }
        if hidden == 0 || !(SHOWN..SHOWN + hidden).contains(&index) {
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

/// Whether everything is kept.
#[must_use]
pub fn all_kept(standings: &[Standing]) -> bool {
    standings.iter().all(|standing| standing.broken == 0)
}
