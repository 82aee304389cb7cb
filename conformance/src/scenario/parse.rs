//! From text to scenarios: the file, headers, steps and calls.
//!
//! Setups are read in [`setup`], calls in [`call`], segments in [`segment`], numbers and lengths of time in [`number`]. The first thing that is wrong
//! ends the reading; nothing is guessed, repaired or skipped. Left out: whether requirement ids exist (the
//! catalogue knows) and whether a story can be true (a run shows it).

use std::collections::BTreeMap;

use super::error::{ParseError, quoted, suggestion};
use super::lexer::{Cursor, Kind, Line, Token, lines};
use super::{MAX_CONNECTIONS, MAX_STEPS, Scenario, Span, Step, What, When};
use crate::stack::Capability;

mod call;
mod number;
#[cfg(test)]
mod refusals;
mod segment;
mod setup;

const HEADER_WORDS: [&str; 6] = ["scenario", "title", "checks", "needs", "setup", "connection"];

/// Reads a file of scenarios: the version line, then at least one scenario, each with a name of its own.
///
/// # Errors
/// The first thing that is wrong, with its place and what was expected there.
pub fn parse(text: &str) -> Result<Vec<Scenario>, ParseError> {
    let (version, scenarios) = read(text)?;
    if scenarios.is_empty() {
        return Err(no_scenario(version));
    }
    Ok(scenarios.into_iter().map(|(_, scenario)| scenario).collect())
}

/// Reads a file that holds exactly one scenario.
///
/// # Errors
/// As [`parse`]; a second scenario is an error at its first line.
pub fn parse_one(text: &str) -> Result<Scenario, ParseError> {
    let (version, scenarios) = read(text)?;
    let mut scenarios = scenarios.into_iter();
    match (scenarios.next(), scenarios.next()) {
        (Some((_, only)), None) => Ok(only),
        (_, Some((line, _))) => Err(whole(line, |code| format!("found {code}, expected only one scenario"))),
        (None, None) => Err(no_scenario(version)),
    }
}

fn no_scenario(version: Line<'_>) -> ParseError {
    version.error_at_end("a line `scenario NAME` below it")
}

/// A scenario and its first line.
type Located<'a> = (Line<'a>, Scenario);

/// The version line and the scenarios below it.
fn read(text: &str) -> Result<(Line<'_>, Vec<Located<'_>>), ParseError> {
    let mut lines = lines(text);
    let version = version_line(lines.next(), text)?;
    let mut done = Vec::new();
    let mut draft: Option<Draft<'_>> = None;
    let mut names = BTreeMap::new();
    for line in lines {
        match (line_sort(line)?, &mut draft) {
            (Sort::Scenario, _) => {
                finish(draft.take(), &mut done)?;
                draft = Some(Draft::new(line, &mut names)?);
            }
            (Sort::Header(word), Some(draft)) => draft.header(word, line)?,
            (Sort::Step, Some(draft)) => draft.step(line)?,
            (Sort::Header(_) | Sort::Step, None) => {
                return Err(whole(line, |code| format!("found {code}, expected `scenario NAME` before it")));
            }
        }
    }
    finish(draft, &mut done)?;
    Ok((version, done))
}

/// Puts a scenario that is complete with the others.
fn finish<'a>(draft: Option<Draft<'a>>, done: &mut Vec<Located<'a>>) -> Result<(), ParseError> {
    let Some(Draft { line, scenario, .. }) = draft else { return Ok(()) };
    if scenario.steps.is_empty() {
        return Err(whole(line, |code| format!("found {code} without steps, expected at least one step")));
    }
    done.push((line, scenario));
    Ok(())
}

/// An error about all that the line says.
fn whole(line: Line<'_>, message: impl FnOnce(&str) -> String) -> ParseError {
    let code = line.code();
    let (start, end) = (code.len() - code.trim_start().len(), code.trim_end().len());
    line.error(start..end, message(&quoted(code.trim())))
}

fn version_line<'a>(line: Option<Line<'a>>, text: &'a str) -> Result<Line<'a>, ParseError> {
    const EXPECTED: &str = "the version line `tcpspec 1`";
    let Some(line) = line else {
        let first = Line { number: 1, text: text.lines().next().unwrap_or("") };
        return Err(first.error(0..0, format!("found no scenarios, expected {EXPECTED}")));
    };
    let mut words = line.words().map(|(_, word)| word);
    match (words.next(), words.next(), words.next()) {
        (Some("tcpspec"), Some("1"), None) => Ok(line),
        (Some("tcpspec"), Some(_), None) => {
            Err(whole(line, |code| format!("found {code}, expected `tcpspec 1`, the only version so far")))
        }
        _ => Err(whole(line, |code| format!("found {code}, expected {EXPECTED} before all else"))),
    }
}

/// The sorts of lines below the version line.
enum Sort {
    Scenario,
    Header(Header),
    Step,
}

/// The header lines of a scenario after its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    Title,
    Checks,
    Needs,
    Setup,
    Connection,
}

fn line_sort(line: Line<'_>) -> Result<Sort, ParseError> {
    let Some((place, word)) = line.words().next() else {
        return Err(line.error_at_end("a header line or a step"));
    };
    let missing_time = word.starts_with(['<', '>', '@'])
        || ["quiet", "at-most", "device"].contains(&word)
        || call::WORDS.contains(&word);
    let message = match word {
        _ if word.starts_with(['+', '*']) => return Ok(Sort::Step),
        "scenario" => return Ok(Sort::Scenario),
        "title" => return Ok(Sort::Header(Header::Title)),
        "checks" => return Ok(Sort::Header(Header::Checks)),
        "needs" => return Ok(Sort::Header(Header::Needs)),
        "setup" => return Ok(Sort::Header(Header::Setup)),
        "connection" => return Ok(Sort::Header(Header::Connection)),
        "tcpspec" => "found a second version line, expected one, at the top of the file".to_owned(),
        _ if missing_time => format!("found {}, expected its time before it, such as `+0`", quoted(word)),
        _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '.') => {
            format!("found {}, expected a time counted from the step before, such as `+0.1`", quoted(word))
        }
        _ => format!(
            "found {}, expected a step (`+0 ...`) or one of {}{}",
            quoted(word),
            listed(HEADER_WORDS),
            suggestion(word, HEADER_WORDS)
        ),
    };
    Err(line.error(place, message))
}

/// Words as messages list them.
fn listed<'w>(words: impl IntoIterator<Item = &'w str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}

/// A scenario of which more lines may come.
struct Draft<'a> {
    line: Line<'a>,
    scenario: Scenario,
    headers: Vec<Header>,
}

impl<'a> Draft<'a> {
    /// A scenario that begins on `line`; `names` has those of the file so far and their lines.
    fn new(line: Line<'a>, names: &mut BTreeMap<&'a str, usize>) -> Result<Self, ParseError> {
        let mut words = line.words().skip(1);
        let (place, name) = words.next().ok_or_else(|| line.error_at_end("the scenario's name"))?;
        if !is_name(name) {
            let message = format!(
                "found {}, expected a name: words of lower-case letters and digits, joined by single `-`, \
                 `.` or `/`",
                quoted(name)
            );
            return Err(line.error(place, message));
        }
        if let Some((place, word)) = words.next() {
            let message = format!("found {}, expected nothing after the scenario's name", quoted(word));
            return Err(line.error(place, message));
        }
        if let Some(other) = names.insert(name, line.number) {
            let message =
                format!("found {} a second time, expected another name than on line {}", quoted(name), other);
            return Err(line.error(place, message));
        }
        let scenario = Scenario {
            name: name.to_owned(),
            title: String::new(),
            checks: Vec::new(),
            needs: Vec::new(),
            setup: super::ScenarioSetup::default(),
            connections: Vec::new(),
            steps: Vec::new(),
        };
        Ok(Self { line, scenario, headers: Vec::new() })
    }

    fn header(&mut self, header: Header, line: Line<'_>) -> Result<(), ParseError> {
        if !self.scenario.steps.is_empty() {
            return Err(whole(line, |code| {
                format!("found {code} after a step, expected header lines before steps")
            }));
        }
        if self.headers.contains(&header) && header != Header::Connection {
            return Err(whole(line, |code| format!("found {code}, expected only one line of this sort")));
        }
        self.headers.push(header);
        match header {
            Header::Title => self.scenario.title = title(line)?,
            Header::Checks => self.scenario.checks = listing(line, "requirement ids", requirement_id)?,
            Header::Needs => self.scenario.needs = listing(line, "names of capabilities", capability)?,
            Header::Setup => self.scenario.setup = setup::setup(line)?,
            Header::Connection => {
                let connection = setup::connection(line, &self.scenario.connections)?;
                self.scenario.connections.push(connection);
            }
        }
        Ok(())
    }

    fn step(&mut self, line: Line<'_>) -> Result<(), ParseError> {
        if self.scenario.steps.len() == MAX_STEPS {
            return Err(whole(line, |code| format!("found {code}, expected no more than {MAX_STEPS} steps")));
        }
        self.scenario.steps.push(step(line)?);
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit())
    };
    name.split(['-', '.', '/']).all(word)
}

fn title(line: Line<'_>) -> Result<String, ParseError> {
    let (place, prose) = line.prose();
    if prose.is_empty() {
        return Err(line.error_at_end("a sentence"));
    }
    if prose.contains(char::is_control) {
        let message = format!("found {}, expected a sentence without control characters", quoted(prose));
        return Err(line.error(place, message));
    }
    Ok(prose.to_owned())
}

/// The words of a header line, none of them twice.
fn listing<T: PartialEq>(
    line: Line<'_>,
    expected: &str,
    meaning: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, ParseError> {
    let mut found = Vec::new();
    for (place, word) in line.words().skip(1) {
        let item = meaning(word).map_err(|instead| {
            line.error(place.clone(), format!("found {}, expected {instead}", quoted(word)))
        })?;
        if found.contains(&item) {
            let message = format!("found {} a second time, expected different {expected}", quoted(word));
            return Err(line.error(place, message));
        }
        found.push(item);
    }
    if found.is_empty() { Err(line.error_at_end(expected)) } else { Ok(found) }
}

fn requirement_id(word: &str) -> Result<String, String> {
    let belongs = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_');
    if word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.bytes().all(belongs) {
        Ok(word.to_owned())
    } else {
        Err("requirement ids such as `MUST-13`, with spaces between them".to_owned())
    }
}

fn capability(word: &str) -> Result<Capability, String> {
    let names = Capability::ALL.map(Capability::name);
    Capability::ALL
        .into_iter()
        .find(|capability| capability.name() == word)
        .ok_or_else(|| format!("one of {}{}", listed(names), suggestion(word, names)))
}

fn step(line: Line<'_>) -> Result<Step, ParseError> {
    let mut cursor = Cursor::new(line)?;
    let when = when(&mut cursor)?;
    let time_ends = cursor.used();
    let connection = if cursor.take(Kind::At) { label(&mut cursor)? } else { 1 };
    let label_ends = cursor.used();
    let what = what(&mut cursor)?;
    if cursor.peek().is_some() {
        return Err(left_over(&cursor, &what));
    }
    // Label and time are judged last, because what is right depends on the action.
    if connection != 1 && matches!(what, What::Quiet(_) | What::Device { .. }) {
        let problem = "expected no label: silence and the device concern all connections";
        return Err(cursor.error_over(time_ends..label_ends, |label| format!("found {label}, {problem}")));
    }
    match time_problem(when, &what) {
        Some(problem) => Err(cursor.error_over(0..time_ends, |time| format!("found {time}, {problem}"))),
        None => Ok(Step { when, connection, what }),
    }
}

/// A connection's number, behind the `@` in steps.
fn label(cursor: &mut Cursor<'_>) -> Result<u8, ParseError> {
    number::within(cursor, "a connection", 1..=MAX_CONNECTIONS.into())
}

/// The line goes on after all that could be read.
fn left_over(cursor: &Cursor<'_>, what: &What) -> ParseError {
    let (fields, order): (&[&str], _) = match what {
        What::Segment(_) => (&segment::FIELDS, "SEQ(LEN), ack, win, urg, <OPTIONS>, from, to, by, damage"),
        What::Expect(_) => (&segment::PATTERN_FIELDS, "SEQ(LEN), ack, win, urg, <OPTIONS>, class, ttl, by"),
        What::Call { .. } => return cursor.unexpected_word("the end of the line", ["or", "urgent", "by"]),
        What::Icmp(_) | What::Quiet(_) | What::AtMost { .. } | What::Device { .. } => {
            return cursor.unexpected("the end of the line");
        }
    };
    let is_field = |token: Token<'_>| token.kind == Kind::Less || fields.contains(&token.text);
    if cursor.peek().is_some_and(is_field) {
        cursor.unexpected(&format!("each field once and in the order {order}"))
    } else {
        cursor.unexpected_word("the end of the line", fields.iter().copied())
    }
}

fn when(cursor: &mut Cursor<'_>) -> Result<When, ParseError> {
    if cursor.take(Kind::Star) {
        return Ok(When::Whenever);
    }
    cursor.require(Kind::Plus, "a time: `+D`, `+A~+B` or `*`")?;
    let first = number::span(cursor)?;
    if !cursor.take(Kind::Tilde) {
        return Ok(When::After(first));
    }
    cursor.require(Kind::Plus, "`+` and the end of the range, as in `+0~+0.5`")?;
    Ok(When::Between(first, number::span(cursor)?))
}

/// What is wrong with this time for this action.
fn time_problem(when: When, what: &What) -> Option<&'static str> {
    match (when, what) {
        (When::After(span), What::Expect(_)) if span != Span::default() => Some(
            "expected `+0` (at once), a range such as `+0~+0.5` (within half a second), or `*` before what \
             the stack must send",
        ),
        (When::Between(from, to), What::Expect(_))
            if from != to && from.msl >= to.msl && from.micros >= to.micros =>
        {
            Some("expected a range that ends after it begins")
        }
        (When::After(_) | When::Between(..) | When::Whenever, What::Expect(_)) | (When::After(_), _) => None,
        (
            When::Between(..) | When::Whenever,
            What::Call { .. }
            | What::Segment(_)
            | What::Icmp(_)
            | What::Quiet(_)
            | What::AtMost { .. }
            | What::Device { .. },
        ) => Some("expected a plain `+D`: ranges and `*` are for what the stack must send"),
    }
}

fn what(cursor: &mut Cursor<'_>) -> Result<What, ParseError> {
    const EXPECTED: &str =
        "`<`, `>`, quiet, at-most, device or a call: open, send, receive, close, abort, set";
    if cursor.take(Kind::Less) {
        if cursor.take_word("icmp") {
            return Ok(What::Icmp(segment::icmp(cursor)?));
        }
        return Ok(What::Segment(segment::spec(cursor)?));
    }
    if cursor.take(Kind::Greater) {
        let mut patterns = vec![segment::pattern(cursor)?];
        while cursor.take_word("or") {
            patterns.push(segment::pattern(cursor)?);
        }
        return Ok(What::Expect(patterns));
    }
    if cursor.take_word("quiet") {
        return Ok(What::Quiet(number::span(cursor)?));
    }
    if cursor.take_word("at-most") {
        let octets = number::within(cursor, "octets of text", 0..=u32::MAX.into())?;
        if !cursor.take_word("in") {
            return Err(cursor.unexpected_word("`in` and a length of time", ["in"]));
        }
        return Ok(What::AtMost { octets, span: number::span(cursor)? });
    }
    if cursor.take_word("device") {
        return Ok(What::Device { refuses: choice(cursor, ["accepts", "refuses"])? });
    }
    let Some(word) = cursor.take_known(|word| call::WORDS.into_iter().find(|call| *call == word)) else {
        return Err(
            cursor.unexpected_word(EXPECTED, call::WORDS.into_iter().chain(["quiet", "at-most", "device"]))
        );
    };
    Ok(What::Call { call: call::call(word, cursor)?, expected: call::outcomes(cursor)? })
}

/// The second of two words, not the first.
fn choice(cursor: &mut Cursor<'_>, words: [&'static str; 2]) -> Result<bool, ParseError> {
    let found = cursor.take_known(|word| words.iter().position(|known| *known == word));
    let [no, yes] = words;
    found
        .map(|index| index == 1)
        .ok_or_else(|| cursor.unexpected_word(&format!("`{yes}` or `{no}`"), [yes, no]))
}
