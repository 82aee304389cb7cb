//! The deterministic suite: scenarios with expectations, one file per section of RFC 9293, and one for each extension
//! that another RFC adds, in `conformance/cases`.
//!
//! A case is a [`Scenario`] that names the requirements it checks. To add one, write it into the file of its
//! section; a new file is named in `FILES`. Cases judge from outside: by segments, time and what the user's
//! calls answer.

use std::sync::LazyLock;

use crate::scenario::{self, Scenario};

/// The files of the suite: the section of RFC 9293, or the RFC of an extension, its title in a few words, and the scenarios.
static FILES: [(&str, &str, &str); 40] = [
    ("3.1", "the header", include_str!("../cases/3.1-header.tcpspec")),
    ("3.4", "sequence numbers", include_str!("../cases/3.4-sequence-numbers.tcpspec")),
    ("3.4.1", "initial sequence numbers", include_str!("../cases/3.4.1-initial-sequence-numbers.tcpspec")),
    ("3.5", "opening", include_str!("../cases/3.5-opening.tcpspec")),
    ("3.5.1", "half-open connections", include_str!("../cases/3.5.1-half-open.tcpspec")),
    ("3.5.2", "when to reset", include_str!("../cases/3.5.2-reset-generation.tcpspec")),
    ("3.5.3", "what a reset does", include_str!("../cases/3.5.3-reset-processing.tcpspec")),
    ("3.6", "closing", include_str!("../cases/3.6-closing.tcpspec")),
    ("3.6.1", "TIME-WAIT", include_str!("../cases/3.6.1-time-wait.tcpspec")),
    ("3.7.1", "maximum segment size", include_str!("../cases/3.7.1-maximum-segment-size.tcpspec")),
    ("3.7.4", "Nagle's algorithm", include_str!("../cases/3.7.4-nagle.tcpspec")),
    ("3.8.1", "retransmission timeout", include_str!("../cases/3.8.1-retransmission-timeout.tcpspec")),
    ("3.8.2", "congestion control", include_str!("../cases/3.8.2-congestion-control.tcpspec")),
    ("3.8.3", "connection failures", include_str!("../cases/3.8.3-connection-failures.tcpspec")),
    ("3.8.4", "keep-alives", include_str!("../cases/3.8.4-keep-alive.tcpspec")),
    ("3.8.5", "urgent text", include_str!("../cases/3.8.5-urgent.tcpspec")),
    ("3.8.6", "managing the window", include_str!("../cases/3.8.6-window-management.tcpspec")),
    ("3.8.6.1", "probing a closed window", include_str!("../cases/3.8.6.1-zero-window-probing.tcpspec")),
    ("3.8.6.2", "silly windows", include_str!("../cases/3.8.6.2-silly-windows.tcpspec")),
    ("3.8.6.3", "delayed acknowledgments", include_str!("../cases/3.8.6.3-delayed-acknowledgments.tcpspec")),
    ("3.9.1.1", "several connections", include_str!("../cases/3.9.1.1-open.tcpspec")),
    ("3.9.1.2", "text of the user", include_str!("../cases/3.9.1.2-send.tcpspec")),
    ("3.9.1.8", "delivery trouble", include_str!("../cases/3.9.1.8-asynchronous-reports.tcpspec")),
    ("3.9.1.9", "differentiated services", include_str!("../cases/3.9.1.9-differentiated-services.tcpspec")),
    ("3.9.2", "IP options, time to live", include_str!("../cases/3.9.2-lower-level.tcpspec")),
    ("3.9.2.1", "source routes", include_str!("../cases/3.9.2.1-source-routes.tcpspec")),
    ("3.9.2.2", "ICMP", include_str!("../cases/3.9.2.2-icmp.tcpspec")),
    ("3.9.2.3", "addresses", include_str!("../cases/3.9.2.3-addresses.tcpspec")),
    ("3.10.1", "OPEN", include_str!("../cases/3.10.1-open.tcpspec")),
    ("3.10.2", "SEND", include_str!("../cases/3.10.2-send.tcpspec")),
    ("3.10.3", "RECEIVE", include_str!("../cases/3.10.3-receive.tcpspec")),
    ("3.10.4", "CLOSE", include_str!("../cases/3.10.4-close.tcpspec")),
    ("3.10.5", "ABORT", include_str!("../cases/3.10.5-abort.tcpspec")),
    ("3.10.7.1", "segments in CLOSED", include_str!("../cases/3.10.7.1-closed.tcpspec")),
    ("3.10.7.2", "segments in LISTEN", include_str!("../cases/3.10.7.2-listen.tcpspec")),
    ("3.10.7.3", "segments in SYN-SENT", include_str!("../cases/3.10.7.3-syn-sent.tcpspec")),
    ("3.10.7.4", "segments in other states", include_str!("../cases/3.10.7.4-other-states.tcpspec")),
    ("3.10.8", "timeouts", include_str!("../cases/3.10.8-timeouts.tcpspec")),
    (
        "rfc2018",
        "selective acknowledgment",
        include_str!("../cases/rfc2018-selective-acknowledgment.tcpspec"),
    ),
    ("rfc7323", "window scaling", include_str!("../cases/rfc7323-window-scale.tcpspec")),
];

/// A scenario of the suite.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Case {
    /// `section/name`, unique.
    pub id: String,
    /// Section of RFC 9293, or the RFC of an extension.
    pub section: &'static str,
    /// What the section is about, in a few words.
    pub topic: &'static str,
    /// The scenario.
    pub scenario: Scenario,
}

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let of_file = |&(section, topic, text): &(&'static str, &'static str, &'static str)| {
        let scenarios =
            scenario::parse(text).unwrap_or_else(|error| panic!("cases of section {section}: {error}"));
        scenarios.into_iter().map(move |scenario| Case {
            id: format!("{section}/{}", scenario.name),
            section,
            topic,
            scenario,
        })
    };
    FILES.iter().flat_map(of_file).collect()
});

/// All cases, in the order of the RFC's sections, then those of extensions.
#[must_use]
pub fn all() -> &'static [Case] {
    &CASES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement;
    use crate::scenario::{ExpectedOutcome, What};
    use crate::stack::{CallFailure, Capability};
    use std::collections::BTreeSet;

    #[test]
    fn ids_are_unique_and_every_case_has_a_title_and_names_known_requirements() {
        let mut ids = BTreeSet::new();
        for case in all() {
            assert!(ids.insert(&case.id), "{} twice", case.id);
            assert!(!case.scenario.title.is_empty(), "{} has no title", case.id);
            assert!(!case.scenario.checks.is_empty(), "{} checks nothing", case.id);
            for id in &case.scenario.checks {
                assert!(
                    requirement::find(id).is_some(),
                    "{} names {id}, which is not in the catalogue",
                    case.id
                );
            }
        }
    }

    #[test]
    fn every_case_can_fail() {
        for case in all() {
            let judges = |what: &What| match what {
                What::Expect(_) | What::Quiet(_) | What::AtMost { .. } => true,
                What::Call { expected, .. } => !expected.is_empty(),
                What::Segment(_) | What::Icmp(_) | What::Device { .. } => false,
            };
            assert!(case.scenario.steps.iter().any(|step| judges(&step.what)), "{} expects nothing", case.id);
        }
    }

    #[test]
    fn a_case_that_tells_resets_from_other_endings_needs_a_stack_that_does() {
        let tells = |outcome: &ExpectedOutcome| {
            matches!(outcome, ExpectedOutcome::Failure(CallFailure::Reset | CallFailure::Refused))
        };
        for case in all() {
            let mut calls = case.scenario.steps.iter().filter_map(|step| match &step.what {
                What::Call { expected, .. } => Some(expected),
                _ => None,
            });
            if calls.any(|expected| expected.iter().any(tells)) {
                assert!(case.scenario.needs.contains(&Capability::TellsResets), "{}", case.id);
            }
        }
    }
}
