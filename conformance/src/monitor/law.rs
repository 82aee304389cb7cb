//! The rules that the monitor holds a stack to: an id, the requirements behind it and what to call it.
//!
//! Ids are those of the invariants (`I-nnn` for one endpoint, `P-nn` for what its user and its peer share). What it
//! leaves out: how a rule is judged, which is under `judge`.

use crate::requirement::{self, Level};

/// One rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Law {
    /// Its id, as findings cite it.
    pub id: &'static str,
    /// The requirements of the catalogue that it enforces; at least one.
    pub requirements: &'static [&'static str],
    /// The rule in a few words.
    pub sentence: &'static str,
}

const fn law(id: &'static str, requirements: &'static [&'static str], sentence: &'static str) -> Law {
    Law { id, requirements, sentence }
}

/// All rules, by id.
pub static LAWS: &[Law] = &[
    law("I-069", &["R9293-3.5.2-a"], "no reset answers a reset"),
    law("I-076", &["R9293-3.10.8-b"], "every SYN of an incarnation has SEQ=ISS"),
    law("I-085", &["R9293-3.4-a"], "no segment begins beyond SND.NXT"),
    law("I-086", &["R9293-3.10.8-b"], "an octet is the same at every transmission"),
    law("I-090", &["R9293-3.10.4-a", "R9293-3.4-d"], "one FIN, and nothing after it"),
    law("I-091", &["R9293-3.9.1.4-a", "R9293-3.6-b"], "the FIN follows every octet that the user sent"),
    law("I-092", &["MUST-2"], "every checksum is right"),
    law("I-093", &["R9293-3.1-b", "R9293-3.1-a", "MUST-69"], "headers are well formed"),
    law("I-095", &["MUST-65", "MUST-67"], "a Maximum Segment Size option only on a SYN, and not too large"),
    law("I-127", &["MUST-45"], "segments leave from the connection's sockets"),
    law("P-01", &["R9293-3.10-a"], "the user reads what the peer sent, each octet once and in order"),
    law("P-02", &["MUST-12"], "no orderly end of stream before every octet was read"),
];

impl Law {
    /// The level of the gravest requirement behind it.
    #[must_use]
    pub fn level(&self) -> Level {
        requirement::gravest(self.requirements.iter().copied()).unwrap_or(Level::Must)
    }
}

/// The rule with this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Law> {
    LAWS.iter().find(|law| law.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_is_there_once_and_stands_on_requirements_of_the_catalogue() {
        let ids: BTreeSet<_> = LAWS.iter().map(|law| law.id).collect();
        assert_eq!(ids.len(), LAWS.len());
        for law in LAWS {
            assert!(!law.requirements.is_empty() && !law.sentence.is_empty(), "{law:?}");
            for id in law.requirements {
                assert!(requirement::find(id).is_some(), "{} cites {id}", law.id);
            }
        }
    }
}
