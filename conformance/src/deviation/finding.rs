//! Entries for departures that campaigns find: by the parts of their causes.

use semver::VersionReq;
use serde::Deserialize;
use tcpspec_core::State;

use crate::scenario;
use crate::verdict::{Cause, Reading};

/// Departures that campaigns find, and that are known: by the parts of their causes ([`Cause`]).
///
/// The rules and what differed must be named, so that an entry never covers more than was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFinding {
    /// Ids of rules; at least one.
    pub rules: Vec<String>,
    /// States, as the RFC spells them; none: whatever the state.
    #[serde(default)]
    pub states: Vec<String>,
    /// Classes of segments or calls, in which `*` stands for anything; none: whatever the class.
    #[serde(default)]
    pub classes: Vec<String>,
    /// What differed; at least one.
    pub differed: Vec<String>,
    /// Versions of the stack that depart so.
    pub versions: VersionReq,
    /// How the standard's text bears it out; none: not read a second time.
    pub reading: Option<Reading>,
    /// What happens and why it is on the list, in a sentence.
    pub reason: String,
    /// Where it is discussed.
    pub link: Option<String>,
    /// A file with one scenario that shows it. A campaign plays it first, so that the list stays true.
    pub scenario: Option<String>,
}

impl KnownFinding {
    /// Whether the entry is about this cause.
    #[must_use]
    pub fn is_about(&self, cause: &Cause) -> bool {
        let state = cause.state.map_or("", State::name);
        self.rules.iter().any(|rule| *rule == cause.rule)
            && self.differed.iter().any(|differed| *differed == cause.differed)
            && (self.states.is_empty() || self.states.iter().any(|known| known == state))
            && (self.classes.is_empty() || self.classes.iter().any(|class| matches(class, &cause.class)))
    }

    /// Why the entry can be of no use, or would cover too much.
    pub(super) fn problem(&self) -> Option<String> {
        if self.rules.is_empty() || self.differed.is_empty() {
            return Some("it must name rules and what differed".to_owned());
        }
        if let Some(state) = self.states.iter().find(|state| State::from_name(state).is_none()) {
            return Some(format!("there is no state {state}"));
        }
        let scenario = self.scenario.as_deref().map(scenario::parse_one)?;
        scenario.err().map(|error| format!("its scenario is none: {error}"))
    }
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

    fn entry(text: &str) -> KnownFinding {
        let text = format!("{text}\nversions = \"*\"\nreason = \"why\"");
        toml::from_str(&text).expect("an entry")
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
        let state = "rules = [\"I-051\"]\ndiffered = [\"late\"]\nstates = [\"OPEN\"]";
        assert_eq!(problem(state), "there is no state OPEN");
        let scenario = "rules = [\"I-051\"]\ndiffered = [\"late\"]\nscenario = \"\"";
        assert!(problem(scenario).starts_with("its scenario is none: "));
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
