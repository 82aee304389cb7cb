//! Lines and tokens of the text form, and a cursor that walks the tokens of one line.
//!
//! Leaves out all meaning: whether `S.` is a set of flags and `2msl` a length of time is the parser's to say.

use std::ops::Range;

use super::error::{ParseError, quoted, suggestion};

/// A line of the text, with its number counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Line<'a> {
    pub(super) number: usize,
    pub(super) text: &'a str,
}

/// The lines that hold more than white space and comments.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    // Some editors begin a file with a byte order mark; it says nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines()
        .enumerate()
        .map(|(index, text)| Line { number: index + 1, text })
        .filter(|line| !line.code().trim().is_empty())
}

impl<'a> Line<'a> {
    /// The line up to its comment.
    pub(super) fn code(self) -> &'a str {
        self.text.find("//").map_or(self.text, |at| &self.text[..at])
    }

    /// The words between white space, each with its place.
    pub(super) fn words(self) -> impl Iterator<Item = (Range<usize>, &'a str)> {
        let code = self.code();
        code.split_whitespace().map(move |word| {
            let start = word.as_ptr().addr() - code.as_ptr().addr();
            (start..start + word.len(), word)
        })
    }

    /// The prose after the first word, without white space around it, and its place.
    ///
    /// In prose `//` starts a comment only after white space, so that it may hold the address of a page.
    pub(super) fn prose(self) -> (Range<usize>, &'a str) {
        let start = self.words().next().map_or(0, |(place, _)| place.end);
        let rest = &self.text[start..];
        let comment = rest
            .match_indices("//")
            .find(|(at, _)| rest[..*at].chars().next_back().is_none_or(char::is_whitespace));
        let prose = comment.map_or(rest, |(at, _)| &rest[..at]).trim_end();
        let end = start + prose.len();
        let prose = prose.trim_start();
        (end - prose.len()..end, prose)
    }

    /// An error at `place`.
    pub(super) fn error(self, place: Range<usize>, message: String) -> ParseError {
        ParseError::new(self, place, message)
    }

    /// An error about something that is missing at the line's end.
    pub(super) fn error_at_end(self, expected: &str) -> ParseError {
        let end = self.code().trim_end().len();
        self.error(end..end, format!("found the end of the line, expected {expected}"))
    }
}

/// The sorts of tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Letters, digits, dots and underscores; hyphens too between letters of a word that begins with a
    /// letter.
    Word,
    Plus,
    Minus,
    Tilde,
    Star,
    Equals,
    Colon,
    Comma,
    Open,
    Close,
    Less,
    Greater,
    Arrow,
    At,
}

/// A token, and the octet of the line where it starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    start: usize,
}

impl Token<'_> {
    fn place(self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// Splits a line into tokens.
fn tokens(line: Line<'_>) -> Result<Vec<Token<'_>>, ParseError> {
    let code = line.code();
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(first) = code[start..].chars().next() {
        let rest = &code[start..];
        if first.is_whitespace() {
            start += first.len_utf8();
            continue;
        }
        let (kind, len) = match first {
            'A'..='Z' | 'a'..='z' | '0'..='9' | '.' | '_' => (Kind::Word, word_len(rest)),
            '-' if rest.starts_with("->") => (Kind::Arrow, 2),
            '+' => (Kind::Plus, 1),
            '-' => (Kind::Minus, 1),
            '~' => (Kind::Tilde, 1),
            '*' => (Kind::Star, 1),
            '=' => (Kind::Equals, 1),
            ':' => (Kind::Colon, 1),
            ',' => (Kind::Comma, 1),
            '(' => (Kind::Open, 1),
            ')' => (Kind::Close, 1),
            '<' => (Kind::Less, 1),
            '>' => (Kind::Greater, 1),
            '@' => (Kind::At, 1),
            other => {
                let message = format!(
                    "found {}, which has no meaning in a scenario",
                    quoted(&rest[..other.len_utf8()])
                );
                return Err(line.error(start..start + other.len_utf8(), message));
            }
        };
        found.push(Token { kind, text: &rest[..len], start });
        start += len;
    }
    Ok(found)
}

/// Octets of the word that `rest` begins with.
///
/// A hyphen between letters joins (`no-connection`); before a digit, and after what began with a digit, it
/// subtracts (`peer.nxt-1`, `2msl-msl`).
fn word_len(rest: &str) -> usize {
    let octets = rest.as_bytes();
    let hyphens_join = octets[0].is_ascii_alphabetic();
    let letter = |at: usize| octets.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut len = 1;
    while let Some(octet) = octets.get(len) {
        let belongs = match octet {
            b'.' | b'_' => true,
            b'-' => hyphens_join && letter(len - 1) && letter(len + 1),
            _ => octet.is_ascii_alphanumeric(),
        };
        if !belongs {
            break;
        }
        len += 1;
    }
    len
}

/// The tokens of a line, and how many of them are used.
pub(super) struct Cursor<'a> {
    line: Line<'a>,
    tokens: Vec<Token<'a>>,
    used: usize,
}

impl<'a> Cursor<'a> {
    /// At the first token of `line`.
    pub(super) fn new(line: Line<'a>) -> Result<Self, ParseError> {
        Ok(Self { line, tokens: tokens(line)?, used: 0 })
    }

    /// The next token, not used up.
    pub(super) fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.used).copied()
    }

    /// The next token if it is a word, not used up.
    pub(super) fn peek_word(&self) -> Option<&'a str> {
        self.peek().filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    /// Uses up the next token if it is of this kind.
    pub(super) fn take(&mut self, kind: Kind) -> bool {
        let taken = self.peek().is_some_and(|token| token.kind == kind);
        self.used += usize::from(taken);
        taken
    }

    /// Uses up the next token if it is this word.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let taken = self.peek_word() == Some(word);
        self.used += usize::from(taken);
        taken
    }

    /// Uses up the next token, which must be of this kind.
    pub(super) fn require(&mut self, kind: Kind, expected: &str) -> Result<(), ParseError> {
        if self.take(kind) { Ok(()) } else { Err(self.unexpected(expected)) }
    }

    /// Uses up the next token if it is a word that `meaning` knows.
    pub(super) fn take_known<T>(&mut self, meaning: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let known = self.peek_word().and_then(meaning);
        self.used += usize::from(known.is_some());
        known
    }

    /// How many tokens are used, for [`Self::error_since`].
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// The next token is not what was expected.
    pub(super) fn unexpected(&self, expected: &str) -> ParseError {
        self.unexpected_word(expected, [])
    }

    /// The next token is not what was expected, which might have been one of `candidates`.
    pub(super) fn unexpected_word<'c>(
        &self,
        expected: &str,
        candidates: impl IntoIterator<Item = &'c str>,
    ) -> ParseError {
        let Some(token) = self.peek() else {
            return self.line.error_at_end(expected);
        };
        let mut message = format!("found {}, expected {expected}", quoted(token.text));
        if token.kind == Kind::Word {
            message.push_str(&suggestion(token.text, candidates));
        }
        self.line.error(token.place(), message)
    }

    /// The tokens used since so many were used make no sense together.
    pub(super) fn error_since(&self, earlier: usize, message: impl FnOnce(&str) -> String) -> ParseError {
        self.error_over(earlier..self.used, message)
    }

    /// The tokens in this range make no sense together; `message` is given their text.
    pub(super) fn error_over(&self, range: Range<usize>, message: impl FnOnce(&str) -> String) -> ParseError {
        let place = match self.tokens.get(range) {
            Some([first, .., last]) => first.start..last.place().end,
            Some([only]) => only.place(),
            Some([]) | None => self.line.text.len()..self.line.text.len(),
        };
        let text = message(&quoted(&self.line.text[place.clone()]));
        self.line.error(place, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        tokens(Line { number: 1, text }).unwrap().into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn hyphens_join_letters_and_subtract_numbers() {
        assert_eq!(texts("bad-checksum no-connection"), ["bad-checksum", "no-connection"]);
        assert_eq!(
            texts("peer.nxt-1 2msl-1ms 2msl-msl"),
            ["peer.nxt", "-", "1", "2msl", "-", "1ms", "2msl", "-", "msl"]
        );
        assert_eq!(texts("- -> ->5"), ["-", "->", "->", "5"]);
    }

    #[test]
    fn a_step_falls_apart_as_its_author_reads_it() {
        assert_eq!(
            texts("+0~+.5 > S. 0:10(10) ack =1 win >5 <TS val 1 ecr 2,nop> or -"),
            [
                "+", "0", "~", "+", ".5", ">", "S.", "0", ":", "10", "(", "10", ")", "ack", "=", "1", "win",
                ">", "5", "<", "TS", "val", "1", "ecr", "2", ",", "nop", ">", "or", "-"
            ]
        );
    }

    #[test]
    fn comments_and_blank_lines_are_no_lines() {
        let text = "\u{feff}// one\r\n\n  two // 2\r\n\t//\nthree";
        let found: Vec<_> = lines(text).map(|line| (line.number, line.code())).collect();
        assert_eq!(found, [(3, "  two "), (5, "three")]);
    }

    #[test]
    fn prose_may_hold_an_address() {
        let prose = |text| Line { number: 1, text }.prose();
        assert_eq!(
            prose("title see https://example.org now // a comment"),
            (6..33, "see https://example.org now")
        );
        assert_eq!(prose("title  // nothing").1, "");
        assert_eq!(prose("title//nothing").1, "");
        assert_eq!(prose("title"), (5..5, ""));
    }

    #[test]
    fn words_know_their_places() {
        let line = Line { number: 1, text: " é  b // c" };
        assert_eq!(line.words().collect::<Vec<_>>(), [(1..3, "é"), (5..6, "b")]);
    }

    #[test]
    fn an_unknown_sign_is_an_error_at_its_column() {
        let error = tokens(Line { number: 7, text: "+0 é" }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "7:4: found `é`, which has no meaning in a scenario\n7 | +0 é\n  |    ^"
        );
    }
}
