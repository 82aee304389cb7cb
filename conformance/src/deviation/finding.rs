//! Entries for departures that campaigns find: by the parts of their causes.

use std::collections::BTreeSet;
use std::sync::Arc;

use tcpspec_core::State;

use super::KnownCause;
use crate::scenario::{self, Scenario, Step};
use crate::verdict::Cause;

/// Any rule, or any difference.
const ANY: &str = "*";

/// Departures that campaigns find, and that are known: by the parts of their causes ([`Cause`]).
///
/// The rules and what differed must be named, so that an entry never covers more than was looked at; `*` stands for any,
/// where steps say what brings it about: after some of what a stack does wrong nothing need be right any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownFinding {
    /// Ids of rules; at least one.
    pub rules: Vec<String>,
    /// States, as the RFC spells them; none: whatever the state.
    pub states: Vec<String>,
    /// Classes of segments or calls, in which `*` stands for anything; none: whatever the class.
    pub classes: Vec<String>,
    /// What differed; at least one.
    pub differed: Vec<String>,
    /// What brings it about: rows of patterns of steps, in which `*` stands for anything. Then the entry is about a story
    /// only if the shortest one that shows the departure has steps like those of a row, in its order; none: the cause
    /// alone says enough. Patterns that begin with `*` are about any connection, all others of a row about one and the
    /// same, whose label they leave out.
    pub steps: Vec<Vec<String>>,
    /// A story that shows it: what stands below the name of a scenario. A campaign plays it first, so that the list stays
    /// true.
    pub story: Option<String>,
    /// Why.
    pub cause: Arc<KnownCause>,
}

impl KnownFinding {
    /// Whether the entry is about this cause, whatever the story.
    #[must_use]
    pub fn is_about(&self, cause: &Cause) -> bool {
        self.steps.is_empty() && self.names(cause)
    }

    /// The steps of a story that bring a departure with this cause about: those like the last of a row, behind steps
    /// like the others. None if the entry is not about it.
    #[must_use]
    pub fn due_to(&self, cause: &Cause, story: &Scenario) -> BTreeSet<usize> {
        if !self.names(cause) {
            return BTreeSet::new();
        }
        let labels: BTreeSet<_> = story.steps.iter().map(|step| step.connection).collect();
        let of_all: Vec<_> = story.steps.iter().map(Step::action).collect();
        let mut due = BTreeSet::new();
        for label in labels {
            let of_one = |step: &Step| (step.connection == label).then(|| step.what.to_string());
            let of_one: Vec<_> = story.steps.iter().map(of_one).collect();
            due.extend(self.steps.iter().flat_map(|row| ends_of(row, &of_all, &of_one)));
        }
        due
    }

    /// Whether the entry names all parts of this cause.
    #[must_use]
    pub fn names(&self, cause: &Cause) -> bool {
        let state = cause.state.map_or("", State::name);
        self.rules.iter().any(|rule| rule == ANY || *rule == cause.rule)
            && self.differed.iter().any(|differed| differed == ANY || *differed == cause.differed)
            && (self.states.is_empty() || self.states.iter().any(|known| known == state))
            && (self.classes.is_empty() || self.classes.iter().any(|class| matches(class, &cause.class)))
    }

    /// Whether the entry names rules and what differed, and is not about whatever its steps bring about.
    #[must_use]
    pub fn is_specific(&self) -> bool {
        !self.rules.iter().chain(&self.differed).any(|name| name == ANY)
    }

    /// Why the entry can be of no use, or would cover too much.
    pub(super) fn problem(&self) -> Option<String> {
        if self.rules.is_empty() || self.differed.is_empty() {
            return Some("it must name rules and what differed".to_owned());
        }
        if let Some(state) = self.states.iter().find(|state| State::from_name(state).is_none()) {
            return Some(format!("there is no state {state}"));
        }
        if !self.is_specific() && self.steps.is_empty() {
            return Some("it is about any departure, so it must have steps".to_owned());
        }
        let says_nothing = |pattern: &String| pattern.trim_matches(['*', '<', ' ']).is_empty();
        if self.steps.iter().any(|row| row.is_empty() || row.iter().all(says_nothing)) {
            return Some("a row of steps is about any story".to_owned());
        }
        let scenario = self.scenario()?;
        scenario.err().map(|error| format!("its story is none: {error}"))
    }

    /// The story as a scenario, if there is one.
    #[must_use]
    pub fn scenario(&self) -> Option<Result<Scenario, scenario::ParseError>> {
        let story = self.story.as_ref()?;
        Some(scenario::parse_one(&format!("tcpspec 1\n\nscenario listed\n{story}")))
    }
}

/// Where steps are like the last of a row, behind steps like the others in their order. Patterns that begin with `*` are
/// about the steps `of_all` connections, with their labels, the others about those `of_one` without.
fn ends_of(row: &[String], of_all: &[String], of_one: &[Option<String>]) -> Vec<usize> {
    let is_like = |pattern: &String, index: usize| match pattern.starts_with('*') {
        true => matches(pattern, &of_all[index]),
        false => of_one[index].as_ref().is_some_and(|step| matches(pattern, step)),
    };
    let Some((last, before)) = row.split_last() else { return Vec::new() };
    let mut from = 0;
    for pattern in before {
        match (from..of_all.len()).find(|index| is_like(pattern, *index)) {
            Some(index) => from = index + 1,
            None => return Vec::new(),
        }
    }
    (from..of_all.len()).filter(|index| is_like(last, *index)).collect()
}

/// Whether a text is what a pattern says, in which `*` stands for any number of any characters.
fn matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(head) else { return false };
    let mut starts = rest.char_indices().map(|(start, _)| start).chain([rest.len()]);
    starts.any(|start| matches(tail, &rest[start..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deviation::Deviations;

    fn entry(text: &str) -> KnownFinding {
        let text = format!("[[cause]]\nversions = \"*\"\nreason = \"why\"\n[[cause.finding]]\n{text}");
        Deviations::parse(&text).expect("a list").findings()[0].clone()
    }

    fn cause(rule: &'static str, state: State, class: &'static str) -> Cause {
        Cause { rule: rule.into(), state: Some(state), class: class.into(), differed: "no answer".into() }
    }

    #[test]
    fn an_entry_covers_what_it_names_and_nothing_else() {
        let known = entry(
            "rules = [\"I-051\"]\nstates = [\"ESTABLISHED\"]\nclasses = [\"SYN*window*\"]\ndiffered = [\"no answer\"]",
        );
        assert_eq!(known.problem(), None);
        assert!(known.is_about(&cause("I-051", State::Established, "SYN,FIN in the window")));
        assert!(!known.is_about(&cause("I-052", State::Established, "SYN,FIN in the window")));
        assert!(!known.is_about(&cause("I-051", State::TimeWait, "SYN,FIN in the window")));
        assert!(!known.is_about(&cause("I-051", State::Established, "SYN,FIN at RCV.NXT")));
        let other =
            Cause { differed: "late".into(), ..cause("I-051", State::Established, "SYN in the window") };
        assert!(!known.is_about(&other));
    }

    #[test]
    fn an_entry_that_would_cover_too_much_or_nothing_is_refused() {
        let problem = |text: &str| entry(text).problem().unwrap_or_default();
        assert_eq!(problem("rules = []\ndiffered = [\"late\"]"), "it must name rules and what differed");
        assert_eq!(problem("rules = [\"I-051\"]\ndiffered = []"), "it must name rules and what differed");
        let any = "rules = [\"*\"]\ndiffered = [\"*\"]";
        assert_eq!(problem(any), "it is about any departure, so it must have steps");
        let state = "rules = [\"I-051\"]\ndiffered = [\"late\"]\nstates = [\"OPEN\"]";
        assert_eq!(problem(state), "there is no state OPEN");
        for row in ["[]", "[\"*\"]", "[\"< *\"]"] {
            let steps = format!("rules = [\"I-051\"]\ndiffered = [\"late\"]\nsteps = [{row}]");
            assert_eq!(problem(&steps), "a row of steps is about any story");
        }
        let story = "rules = [\"I-051\"]\ndiffered = [\"late\"]\nstory = \"+0 fall\"";
        assert!(problem(story).starts_with("its story is none: "));
    }

    #[test]
    fn an_entry_with_steps_is_about_stories_that_have_them_in_its_order() {
        let known = entry(
            "rules = [\"I-051\"]\ndiffered = [\"no answer\"]\nsteps = [[\"< SF*\"], [\"< F*\", \"< *(*\"]]",
        );
        assert_eq!(known.problem(), None);
        let cause = cause("I-051", State::Established, "SYN in the window");
        assert!(!known.is_about(&cause), "the cause alone says too little");
        let due_to = |steps: &str| {
            let story = scenario::parse_one(&format!("tcpspec 1\nscenario a\n+0 open passive\n{steps}\n"));
            Vec::<usize>::from_iter(known.due_to(&cause, &story.expect("valid")))
        };
        assert_eq!(due_to("+0 < S"), [0; 0]);
        assert_eq!(due_to("+0 < SF.\n+0 < SF"), [1, 2]);
        assert_eq!(due_to("+0 < F.\n+0 < .\n+0 < . (1)"), [3]);
        assert_eq!(due_to("+0 < . (1)\n+0 < F."), [0; 0]);
        let other = Cause { differed: "late".into(), ..cause.clone() };
        let story = scenario::parse_one("tcpspec 1\nscenario a\n+0 < SF\n").expect("valid");
        assert!(known.due_to(&other, &story).is_empty());
        assert_eq!(Vec::from_iter(known.due_to(&cause, &story)), [0]);
    }

    #[test]
    fn an_entry_about_any_departure_is_about_stories_that_have_its_steps() {
        let known = entry("rules = [\"*\"]\ndiffered = [\"*\"]\nsteps = [[\"< SF*\"]]");
        assert_eq!(known.problem(), None);
        let cause = cause("I-051", State::Established, "SYN in the window");
        let story =
            |step: &str| scenario::parse_one(&format!("tcpspec 1\nscenario a\n{step}\n")).expect("valid");
        assert!(!known.is_about(&cause));
        assert_eq!(Vec::from_iter(known.due_to(&cause, &story("+0 < SF"))), [0]);
        assert!(known.due_to(&cause, &story("+0 < S")).is_empty());
    }

    #[test]
    fn an_entry_that_names_a_departure_comes_before_one_about_any() {
        let any = "[[cause.finding]]\nrules = [\"*\"]\ndiffered = [\"*\"]\nsteps = [[\"< SF*\"]]\n";
        let named = any.replacen('*', "I-051", 1).replacen('*', "no answer", 1);
        let causes = [("any", any), ("named", &named)];
        let list =
            causes.map(|(why, text)| format!("[[cause]]\nversions = \"*\"\nreason = \"{why}\"\n{text}"));
        let list = Deviations::parse(&list.concat()).expect("a list");
        let story = scenario::parse_one("tcpspec 1\nscenario a\n+0 < SF\n").expect("valid");
        let listed = |rule| {
            let cause = cause(rule, State::Established, "SYN in the window");
            list.finding_in(&cause, &story, "1.0.0").map(|entry| entry.cause.reason.clone())
        };
        assert_eq!(listed("I-051").as_deref(), Some("named"));
        assert_eq!(listed("I-052").as_deref(), Some("any"));
    }

    #[test]
    fn patterns_of_a_row_are_about_one_connection_unless_they_begin_with_a_star() {
        let due_to = |row: &str, steps: &str| {
            let known = entry(&format!("rules = [\"I-051\"]\ndiffered = [\"no answer\"]\nsteps = [{row}]"));
            let story = scenario::parse_one(&format!("tcpspec 1\nscenario a\n+0 open passive\n{steps}\n"));
            let cause = cause("I-051", State::Established, "SYN in the window");
            Vec::from_iter(known.due_to(&cause, &story.expect("valid")))
        };
        let (one, any) = ("[\"< F*\", \"< *(*\"]", "[\"*open passive\", \"*< F*\", \"< *(*\"]");
        for (steps, by_one, by_any) in [
            ("+0 @2 < F.\n+0 @2 < . (1)", vec![2], vec![2]),
            ("+0 @2 < F.\n+0 < . (1)", vec![], vec![2]),
            ("+0 @2 < F.\n+0 < F.\n+0 < . (1)\n+0 @2 < . (2)", vec![3, 4], vec![3, 4]),
        ] {
            assert_eq!(due_to(one, steps), by_one, "{steps}");
            assert_eq!(due_to(any, steps), by_any, "{steps}");
        }
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, text, is) in [
            ("", "", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("**é", "ééé", true),
        ] {
            assert_eq!(matches(pattern, text), is, "{pattern} {text}");
        }
    }
}
