//! What is wrong with a text that is not a scenario, and where.
//!
//! Leaves out the judgement itself, which is the parser's: here are only the place, the words and the nearest
//! word.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use super::lexer::Line;

/// Why a text is not a scenario: the first thing that is wrong, its place, and what was expected there.
///
/// Displayed it is `line:column: message`, then the offending line with a caret under the place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ParseError {
    line: usize,
    column: usize,
    width: usize,
    message: String,
    text: String,
}

impl ParseError {
    /// An error at `place` of `line`, in octets from the line's start.
    pub(super) fn new(line: Line<'_>, place: Range<usize>, message: String) -> Self {
        let characters = |range: Range<usize>| line.text.get(range).map_or(0, |part| part.chars().count());
        Self {
            line: line.number,
            column: characters(0..place.start) + 1,
            width: characters(place).max(1),
            message,
            text: line.text.to_owned(),
        }
    }

    /// The offending line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// Where in the line, in characters counted from 1; one past the last character for what is missing at
    /// the end.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// What was found and what was expected, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}:{}: {}", self.line, self.column, self.message)?;
        let number = self.line.to_string();
        // A scenario may come from anywhere: nothing in it may steer the reader's terminal.
        let shown: String =
            self.text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
        writeln!(f, "{number} | {shown}")?;
        // Tabs are kept in the indentation, so that the caret stands right whatever their width.
        let indentation: String =
            self.text.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        write!(f, "{:1$} | ", "", number.len())?;
        write!(f, "{indentation}{}", "^".repeat(self.width))
    }
}

impl Error for ParseError {}

/// A found word as messages quote it: in backquotes, on one line, not too long.
pub(super) fn quoted(found: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = found.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if found.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    }
    format!("`{shown}`")
}

/// The end of a message that proposes the candidate nearest to `word`; empty if none is near.
pub(super) fn suggestion<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> String {
    nearest(word, candidates).map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The candidate with the fewest slips of the keyboard from `word`, if they are few for its length.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // Ids of cases are the longest words that anybody types.
    const LONGEST: usize = 80;
    let typed: Vec<char> = word.to_lowercase().chars().take(LONGEST + 1).collect();
    if typed.len() > LONGEST {
        return None;
    }
    let most = (typed.len() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (slips(&typed, &candidate.to_lowercase().chars().collect::<Vec<_>>()), candidate))
        // All of it typed anew is no likeness.
        .filter(|(slips, candidate)| *slips <= most && *slips < candidate.len())
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, candidate)| candidate)
}

/// Letters inserted, dropped, replaced, or swapped with their neighbour between the two words.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut fewest = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                fewest = fewest.min(before[j - 1] + 1);
            }
            row.push(fewest);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted_as_a_typist_makes_them() {
        let count = |a: &str, b: &str| slips(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>());
        for (a, b, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "abc", 0),
            ("acb", "abc", 1),
            ("ab", "abc", 1),
            ("xbc", "abc", 1),
        ] {
            assert_eq!(count(a, b), expected, "{a} {b}");
            assert_eq!(count(b, a), expected, "{b} {a}");
        }
    }

    #[test]
    fn the_nearest_word_is_proposed_only_if_it_is_near() {
        let words = ["snd.una", "snd.nxt", "sackOK", "ok", "or"];
        assert_eq!(nearest("snd.nx", words), Some("snd.nxt"));
        assert_eq!(nearest("SND.UNA", words), Some("snd.una"));
        assert_eq!(nearest("sackok", words), Some("sackOK"));
        assert_eq!(nearest("window", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest(&"o".repeat(100), words), None);
    }

    #[test]
    fn a_quoted_word_stays_on_one_line_and_short() {
        assert_eq!(quoted("a\u{7}b"), "`a\\u{7}b`");
        assert_eq!(quoted(&"x".repeat(41)), format!("`{}...`", "x".repeat(40)));
    }

    #[test]
    fn the_caret_stands_under_the_place_behind_tabs_and_wide_letters() {
        let line = Line { number: 12, text: "\té\u{1b}xyz" };
        let error = ParseError::new(line, 4..6, "m".to_owned());
        assert_eq!((error.line(), error.column(), error.message()), (12, 4, "m"));
        assert_eq!(error.to_string(), "12:4: m\n12 | \té\u{fffd}xyz\n   | \t  ^^");
    }

    #[test]
    fn what_is_missing_at_the_end_of_a_line_has_a_caret_past_it() {
        let error = ParseError::new(Line { number: 1, text: "+0" }, 2..2, "m".to_owned());
        assert_eq!(error.to_string(), "1:3: m\n1 | +0\n  |   ^");
    }
}
