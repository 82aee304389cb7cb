//! The catalogue of requirements: what the standard asks for, one row per rule, each with an id.
//!
//! The rows are `requirement/catalogue.tsv`, a file to be read beside the RFCs: id, level, clause, the rule
//! in our own words, category, how it can be tested, and whom it concerns. The 119 rules that RFC 9293
//! numbers (`MUST-n`, `SHLD-n`, `MAY-n`, `REC-n`) keep their numbers. RFC 9293 lists them all in its Appendix
//! B and puts the number in the clause that states the rule, with one exception: MUST-22 stands in the
//! appendix only. Where the two disagree on the level, the catalogue follows the clause, and the row says so.
//! The other rules are unnumbered sentences of RFC 9293 and of the RFCs that it defers to; their ids, such as
//! `R5961-3.2-b`, are ours and begin with the RFC and the section.
//!
//! What it leaves out: verdicts, and the decision table of section 3.10, which is [`tcpspec_core::rule`];
//! [`implemented_by`] joins the two.

use std::cmp::Reverse;
use std::fmt;
use std::sync::LazyLock;

use tcpspec_core::Rule;

const CATALOGUE: &str = include_str!("requirement/catalogue.tsv");

static ALL: LazyLock<Vec<Requirement>> =
    LazyLock::new(|| CATALOGUE.lines().skip(1).map(requirement).collect());

/// How strong a requirement is, in the words of RFC 2119. The greater is the graver; that MUST comes after
/// MUST NOT, which is just as grave, and SHOULD after SHOULD NOT, only makes the order total.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Level {
    /// Left to the implementer.
    May,
    /// Forbidden unless there is a good reason.
    ShouldNot,
    /// Asked for unless there is a good reason not to.
    Should,
    /// Forbidden.
    MustNot,
    /// Required.
    Must,
}

impl Level {
    /// All levels, the lightest first.
    pub const ALL: [Self; 5] = [Self::May, Self::ShouldNot, Self::Should, Self::MustNot, Self::Must];

    /// The words of RFC 2119, such as `MUST NOT`.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::May => "MAY",
            Self::ShouldNot => "SHOULD NOT",
            Self::Should => "SHOULD",
            Self::MustNot => "MUST NOT",
            Self::Must => "MUST",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

/// What it takes to see whether a stack meets a requirement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Testability {
    /// Segments and time suffice.
    Wire,
    /// User calls are needed too.
    Api,
    /// One has to look inside the stack.
    Internal,
    /// Nothing can show it: advice to applications, say.
    NotTestable,
}

impl Testability {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Wire, Self::Api, Self::Internal, Self::NotTestable];

    /// The word for it in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wire => "wire",
            Self::Api => "api",
            Self::Internal => "internal",
            Self::NotTestable => "not-testable",
        }
    }
}

/// Which part of a stack a requirement speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AppliesTo {
    /// Whoever sends text.
    Sender,
    /// Whoever receives it.
    Receiver,
    /// Both ends.
    Both,
    /// The calls of the user.
    AppInterface,
    /// The way to and from IP.
    LowerLayer,
}

impl AppliesTo {
    /// All parts.
    pub const ALL: [Self; 5] =
        [Self::Sender, Self::Receiver, Self::Both, Self::AppInterface, Self::LowerLayer];

    /// The words for it in the catalogue.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sender => "sender",
            Self::Receiver => "receiver",
            Self::Both => "both",
            Self::AppInterface => "app interface",
            Self::LowerLayer => "lower layer",
        }
    }
}

/// How the standard words a requirement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Wording {
    /// In the capitals of RFC 2119, with a number of its own (in RFC 9293) or in a list of rules (elsewhere).
    Capitals,
    /// In capitals, but without a number where the others have one: `[U]` in the catalogue.
    Unnumbered,
    /// In plain prose that defines what correct behaviour is: `[l]` in the catalogue.
    Prose,
}

/// A row of the catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Requirement {
    /// Its id, such as `MUST-13` or `R5961-3.2-b`.
    pub id: &'static str,
    /// How strong it is.
    pub level: Level,
    /// Where it stands, such as `RFC 9293 §3.6.1`; an item of a list in parentheses: `RFC 6298 §5 (5.7)`.
    pub clause: String,
    /// How the standard words it.
    pub wording: Wording,
    /// What it asks for, in our words.
    pub text: &'static str,
    /// Its subject, one word such as `window`.
    pub category: &'static str,
    /// What it takes to test it.
    pub testability: Testability,
    /// How: stimulus and what must be seen.
    pub how_to_test: &'static str,
    /// Whom it concerns.
    pub applies_to: AppliesTo,
}

/// Every requirement, in the order of the catalogue: the numbered ones first.
#[must_use]
pub fn all() -> &'static [Requirement] {
    &ALL
}

/// The requirement with this id, if there is one.
#[must_use]
pub fn find(id: &str) -> Option<&'static Requirement> {
    all().iter().find(|requirement| requirement.id == id)
}

/// The requirement whose id looks most like `id`, for "did you mean": the closest, and of those the one that agrees
/// with it from the front for longest. Case never counts, and punctuation only between equals. None if more than a third of the letters and digits, or two of a short id,
/// would have to change.
#[must_use]
pub fn nearest(id: &str) -> Option<&'static Requirement> {
    let wanted = id.to_uppercase();
    let wanted_bare = bare(&wanted);
    let limit = (wanted_bare.chars().count() / 3).max(2);
    all()
        .iter()
        .map(|requirement| {
            let known = requirement.id.to_uppercase();
            let in_front = wanted.chars().zip(known.chars()).take_while(|(a, b)| a == b).count();
            let distances = (distance(&wanted_bare, &bare(&known)), distance(&wanted, &known));
            ((distances, Reverse(in_front)), requirement)
        })
        .min_by_key(|(nearness, _)| *nearness)
        .filter(|(((bare_distance, _), _), _)| *bare_distance <= limit)
        .map(|(_, requirement)| requirement)
}

/// An id without its punctuation.
fn bare(id: &str) -> String {
    id.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The gravest level among the requirements with these ids; unknown ids have none.
#[must_use]
pub fn gravest<'a>(ids: impl IntoIterator<Item = &'a str>) -> Option<Level> {
    ids.into_iter().filter_map(|id| find(id).map(|requirement| requirement.level)).max()
}

/// The rows of the decision table that carry out the requirement with this id, as far as one of their cells names
/// it. A range, such as `MUST-24..MUST-29`, names its members.
#[must_use]
pub fn implemented_by(id: &str) -> Vec<Rule> {
    let rows = Rule::all().filter(|rule| {
        let row = rule.row();
        [row.condition, row.response, row.next_state, row.effects, row.clause]
            .iter()
            .any(|cell| names(cell, id))
    });
    rows.collect()
}

/// Whether a cell names `id` as a whole word or inside a range.
fn names(clause: &str, id: &str) -> bool {
    clause.split([' ', ';', ',', '(', ')']).any(|word| match word.split_once("..") {
        None => word == id && !word.is_empty(),
        Some((first, last)) => match (numbered(first), numbered(id), numbered(last)) {
            (Some((family, from)), Some((mine, number)), Some((same, to))) => {
                family == mine && family == same && (from..=to).contains(&number)
            }
            _ => false,
        },
    })
}

/// `MUST-13` as its family and number.
fn numbered(id: &str) -> Option<(&str, u32)> {
    let (family, number) = id.rsplit_once('-')?;
    Some((family, number.parse().ok()?))
}

/// How many characters have to be added, dropped or replaced to turn `a` into `b` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[row.len() - 1]
}

/// Reads a line of the catalogue. The catalogue is ours: a bad line is a bug, which the tests would find.
fn requirement(line: &'static str) -> Requirement {
    let [id, level, clause, marked, category, testability, how_to_test, applies_to] =
        *line.split('\t').collect::<Vec<_>>()
    else {
        panic!("not eight cells: {line}");
    };
    let level = Level::ALL.into_iter().find(|known| known.words() == level);
    let testability = Testability::ALL.into_iter().find(|known| known.name() == testability);
    let applies_to = AppliesTo::ALL.into_iter().find(|known| known.name() == applies_to);
    let (wording, text) = match (marked.strip_prefix("[l] "), marked.strip_prefix("[U] ")) {
        (Some(text), _) => (Wording::Prose, text),
        (_, Some(text)) => (Wording::Unnumbered, text),
        (None, None) => (Wording::Capitals, marked),
    };
    Requirement {
        id,
        wording,
        level: level.unwrap_or_else(|| panic!("unknown level: {line}")),
        clause: readable(clause).unwrap_or_else(|| panic!("not a clause: {line}")),
        text,
        category,
        testability: testability.unwrap_or_else(|| panic!("unknown testability: {line}")),
        how_to_test,
        applies_to: applies_to.unwrap_or_else(|| panic!("unknown part: {line}")),
    }
}

/// `RFC 6298 §5 (5.7)` from `6298:5(5.7)`.
fn readable(clause: &str) -> Option<String> {
    let (rfc, place) = clause.split_once(':')?;
    Some(match place.split_once('(') {
        None => format!("RFC {rfc} §{place}"),
        Some((section, item)) => format!("RFC {rfc} §{section} ({item}"),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn exactly_the_119_numbered_rules_of_rfc_9293_are_there_under_their_numbers() {
        let mut families: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        let mut count = 0;
        for (family, number) in all().iter().filter_map(|requirement| numbered(requirement.id)) {
            families.entry(family).or_default().insert(number);
            count += 1;
        }
        let expected = [("MAY", 18), ("MUST", 69), ("REC", 1), ("SHLD", 31)];
        assert!(families.iter().map(|(family, numbers)| (*family, numbers.len())).eq(expected));
        for (family, last) in expected {
            assert!(families[family].iter().copied().eq(1..=u32::try_from(last).expect("small")), "{family}");
        }
        assert_eq!(count, 119);
        for requirement in all().iter().filter(|requirement| numbered(requirement.id).is_some()) {
            assert!(requirement.clause.starts_with("RFC 9293 §3."), "{requirement:?}");
        }
    }

    #[test]
    fn the_family_of_a_numbered_rule_agrees_with_its_level() {
        for requirement in all() {
            let levels = match numbered(requirement.id) {
                Some(("MUST", _)) => [Level::Must, Level::MustNot],
                Some(("SHLD", _)) => [Level::Should, Level::ShouldNot],
                Some(("MAY", _)) => [Level::May; 2],
                Some(("REC", _)) => [Level::Should; 2],
                _ => continue,
            };
            assert!(levels.contains(&requirement.level), "{requirement:?}");
        }
    }

    #[test]
    fn ids_are_unique_and_every_row_is_complete() {
        let ids: BTreeSet<&str> = all().iter().map(|requirement| requirement.id).collect();
        assert_eq!((ids.len(), all().len()), (431, 431));
        for requirement in all() {
            let Requirement {
                id,
                level: _,
                clause,
                text,
                category,
                testability: _,
                how_to_test,
                applies_to: _,
                wording: _,
            } = requirement;
            for cell in [*id, clause, text, category, how_to_test] {
                assert!(!cell.is_empty() && cell.trim() == cell, "{requirement:?}");
            }
            assert!(category.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{requirement:?}");
            assert_eq!(find(id), Some(requirement));
        }
    }

    #[test]
    fn every_clause_names_an_rfc_and_a_section() {
        const RFCS: [&str; 14] = [
            "793", "1122", "1337", "2018", "5482", "5681", "5961", "6191", "6298", "6429", "6528", "6691",
            "7323", "9293",
        ];
        for requirement in all() {
            let clause = requirement.clause.as_str();
            let (rfc, place) = clause.strip_prefix("RFC ").and_then(|c| c.split_once(" §")).expect(clause);
            assert!(RFCS.contains(&rfc), "{clause}");
            let (section, item) = place.split_once(' ').unwrap_or((place, "(1)"));
            let mut parts = section.split('.');
            let first = parts.next().unwrap_or_default();
            let appendix = matches!(first.as_bytes(), [b'A'..=b'Z']);
            assert!(appendix || is_number(first), "{clause}");
            assert!(parts.all(is_number), "{clause}");
            let item = item.strip_prefix('(').and_then(|item| item.strip_suffix(')')).expect(clause);
            assert!(
                !item.is_empty() && item.chars().all(|c| c.is_ascii_alphanumeric() || c == '.'),
                "{clause}"
            );
        }
    }

    fn is_number(part: &str) -> bool {
        !part.is_empty() && part.bytes().all(|octet| octet.is_ascii_digit())
    }

    #[test]
    fn an_id_of_ours_begins_with_its_rfc() {
        for requirement in all().iter().filter(|requirement| numbered(requirement.id).is_none()) {
            let rfc =
                requirement.id.strip_prefix('R').and_then(|id| id.split('-').next()).expect(requirement.id);
            assert!(requirement.clause.starts_with(&format!("RFC {rfc} §")), "{requirement:?}");
        }
    }

    #[test]
    fn clauses_are_written_for_readers() {
        let clause = |id| find(id).map(|requirement| requirement.clause.as_str());
        assert_eq!(clause("MUST-13"), Some("RFC 9293 §3.6.1"));
        assert_eq!(clause("R6298-5.7-a"), Some("RFC 6298 §5 (5.7)"));
        assert_eq!(clause("R9293-A.1.1-a"), Some("RFC 9293 §A.1.1"));
        assert_eq!(clause("MUST-70"), None);
    }

    #[test]
    fn a_level_is_greater_when_graver() {
        assert!(Level::Must > Level::Should && Level::MustNot > Level::Should);
        assert!(Level::Should > Level::May && Level::ShouldNot > Level::May);
        assert!(Level::ALL.is_sorted());
        assert_eq!(gravest(["MAY-2", "SHLD-4", "no such id", "MUST-13", "SHLD-2"]), Some(Level::Must));
        assert_eq!(gravest(["no such id"]), None);
    }

    #[test]
    fn an_unknown_id_suggests_the_nearest_and_nonsense_suggests_nothing() {
        let suggestion = |id| nearest(id).map(|requirement| requirement.id);
        assert_eq!(suggestion("must-13"), Some("MUST-13"));
        assert_eq!(suggestion("MUST13"), Some("MUST-13"));
        assert_eq!(suggestion("SHOULD-31"), Some("SHLD-31"));
        assert_eq!(suggestion("R5961-3.2b"), Some("R5961-3.2-b"));
        assert_eq!(suggestion("time-wait"), None);
        assert_eq!(suggestion(""), None);
    }

    #[test]
    fn distances_count_insertions_deletions_and_replacements() {
        for (a, b, expected) in
            [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("kitten", "sitting", 3), ("é", "e", 1)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn rows_of_the_decision_table_are_found_by_whole_words_and_ranges() {
        assert_eq!(implemented_by("MUST-13"), [Rule::Timeout9]);
        assert_eq!(implemented_by("MUST-3"), [Rule::Pre1], "and not the rows of MUST-32");
        assert_eq!(implemented_by("MUST-1"), []);
        assert_eq!(implemented_by("MAY-2"), [Rule::Rst15, Rule::Syn8, Rule::Syn11]);
        for inside in ["MUST-24", "MUST-26", "MUST-29", "SHLD-12", "MAY-6"] {
            assert_eq!(implemented_by(inside), [Rule::Timeout11], "{inside}");
        }
        for outside in ["MUST-30", "SHLD-26 ", "MAY-26", "SHLD-27", ""] {
            assert_eq!(implemented_by(outside), [], "{outside}");
        }
    }

    #[test]
    fn every_id_in_the_decision_table_is_in_the_catalogue() {
        for rule in Rule::all() {
            let words = rule.row().clause.split([' ', ';', ',', '(', ')']).flat_map(|word| word.split(".."));
            for id in words.filter(|word| numbered(word).is_some()) {
                assert!(find(id).is_some(), "{rule} names {id}");
            }
        }
    }
}
