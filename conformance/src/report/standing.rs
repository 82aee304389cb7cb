//! The report on numbered requirements: one line each, with what says so.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::terminal::wrapped;
use crate::bench::Family;
use crate::stack::Declaration;
use crate::standing::{Standing, Word};

/// Grounds that a line names before it only counts.
const NAMED: usize = 2;

/// The table in 80 columns.
#[must_use]
pub fn render(stack: &Declaration, family: Family, standings: &[Standing]) -> String {
    let network = match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    let mut text = format!(
        "{} {} over {network}: the requirements that RFC 9293 numbers\n\n",
        stack.name, stack.version
    );
    for Standing { requirement, word, grounds } in standings {
        let head = format!("{:<8} {:<14} ", requirement.id, word.name());
        let said = match word {
            Word::Untestable(reason) => reason.words().to_owned(),
            Word::Untested => "nothing tests it yet".to_owned(),
            _ => {
                let alike = || grounds.iter().filter(|ground| says(*word, ground.word));
                let named: Vec<_> = alike().take(NAMED).map(|ground| ground.what.as_str()).collect();
                let more = alike().count().saturating_sub(NAMED);
                let more = if more > 0 { format!("; {more} more") } else { String::new() };
                format!("{}{more}", named.join("; "))
            }
        };
        let lines = wrapped(&said, head.len());
        let _ = writeln!(text, "{head}{}", &lines[head.len().min(lines.len())..]);
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for standing in standings {
        *counts.entry(standing.word.name()).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(word, count)| format!("{count} {word}")).collect();
    let total = format!("{} requirements: {}", standings.len(), counts.join("; "));
    let _ = writeln!(text, "\n{}", wrapped(&total, 0));
    text
}

/// Whether a ground is one for the word; a departure may be known only as a whole.
fn says(word: Word, ground: Word) -> bool {
    word == ground || (word == Word::Known && ground == Word::Departs)
}

/// Whether nothing departs but what is listed.
#[must_use]
pub fn is_as_expected(standings: &[Standing]) -> bool {
    standings.iter().all(|standing| standing.word != Word::Departs)
}
