//! Where things are: which files of the reference implement what a clause asks for, and which of its tests show it.
//!
//! These tables are the way from RFC 9293 into the code. Tests keep them true: every file exists, and the file named
//! for a row of the decision table is one that reports it.

use tcpspec_core::Rule;

use crate::requirement::Requirement;

/// The step-by-step tests of the decision table.
const ROWS: &str = "core/tests/suite/decision_table";

/// Files for a section.
struct Place {
    rfc: &'static str,
    section: &'static str,
    code: &'static [&'static str],
    tests: &'static [&'static str],
}

const fn place(
    rfc: &'static str,
    section: &'static str,
    code: &'static [&'static str],
    tests: &'static [&'static str],
) -> Place {
    Place { rfc, section, code, tests }
}

const CHECKS: &str = "core/src/segment_arrives/other_states";
const FIRST: &str = "core/src/segment_arrives/other_states/first_sequence.rs";
const SECOND: &str = "core/src/segment_arrives/other_states/second_reset.rs";
const FOURTH: &str = "core/src/segment_arrives/other_states/fourth_syn.rs";
const FIFTH: &str = "core/src/segment_arrives/other_states/fifth_ack.rs";
const SIXTH: &str = "core/src/segment_arrives/other_states/sixth_urgent.rs";
const SEVENTH: &str = "core/src/segment_arrives/other_states/seventh_text.rs";
const EIGHTH: &str = "core/src/segment_arrives/other_states/eighth_fin.rs";
const CLOSED: &str = "core/src/segment_arrives/closed.rs";
const LISTEN: &str = "core/src/segment_arrives/listen.rs";
const SYN_SENT: &str = "core/src/segment_arrives/syn_sent.rs";
const HEADER: &str = "core/src/segment_arrives.rs";
const EXTENSIONS: &str = "core/src/extensions.rs";
const CONGESTION: &str = "core/src/congestion.rs";
const ICMP: &str = "core/src/icmp.rs";
const OUTPUT: &str = "core/src/output.rs";
const PROCESSING: &str = "core/src/processing.rs";
const PROFILE: &str = "core/src/profile.rs";
const RETRANSMISSION: &str = "core/src/retransmission.rs";
const TIMEOUTS: &str = "core/src/timeouts.rs";
const TCB: &str = "core/src/tcb.rs";
const OPTIONS: &str = "core/src/options.rs";
const HOST: &str = "core/src/host.rs";
const HOST_TESTS: &str = "core/src/host/tests.rs";
const STORIES: &str = "core/tests/suite/stories";

/// The sections that have a place. The longest that fits counts.
static PLACES: &[Place] = &[
    place(
        "9293",
        "3.1",
        &[HEADER, "core/src/segment.rs", OPTIONS, "conformance/src/wire.rs"],
        &["core/tests/suite/decision_table/header.rs"],
    ),
    place("9293", "3.2", &[OPTIONS], &[OPTIONS]),
    place("9293", "3.3", &["core/src/state.rs", TCB], &["core/src/invariants"]),
    place(
        "9293",
        "3.4",
        &["core/src/seq.rs", FIRST],
        &["core/src/seq.rs", "core/tests/suite/decision_table/sequence.rs"],
    ),
    place("9293", "3.4.1", &["conformance/src/stack/reference.rs", HOST], &[HOST_TESTS]),
    place("9293", "3.4.2", &[PROFILE, "conformance/src/network.rs"], &["conformance/src/network/tests.rs"]),
    place(
        "9293",
        "3.5",
        &[LISTEN, SYN_SENT, TCB, SECOND],
        &["core/tests/suite/stories/figures.rs", "snapshots/opening.rs"],
    ),
    place(
        "9293",
        "3.5.1",
        &[SYN_SENT, FIRST, FOURTH],
        &["core/tests/suite/stories/figures.rs", "snapshots/opening.rs"],
    ),
    place("9293", "3.5.2", &[PROCESSING, CLOSED, FIRST], &["core/tests/suite/decision_table/closed.rs"]),
    place("9293", "3.5.3", &[SECOND], &["core/tests/suite/decision_table/reset.rs"]),
    place(
        "9293",
        "3.6",
        &["core/src/calls/close.rs", OUTPUT, EIGHTH],
        &["core/tests/suite/stories/closing.rs", "snapshots/closing.rs"],
    ),
    place(
        "9293",
        "3.6.1",
        &[PROCESSING, EIGHTH, FIRST, TIMEOUTS, "core/src/calls/close.rs"],
        &["core/tests/suite/stories/closing.rs", "snapshots/closing.rs", HOST_TESTS],
    ),
    place("9293", "3.7.1", &[OPTIONS, TCB, PROFILE, OUTPUT], &["core/tests/suite/stories/sending.rs"]),
    place("9293", "3.7.4", &[OUTPUT], &["core/tests/suite/stories/sending.rs"]),
    place("9293", "3.8", &[OUTPUT], &[STORIES]),
    place("9293", "3.8.1", &[RETRANSMISSION], &["core/tests/suite/stories/retransmission.rs"]),
    place(
        "9293",
        "3.8.2",
        &[CONGESTION, FIFTH, OUTPUT],
        &[CONGESTION, "core/tests/suite/stories/congestion.rs"],
    ),
    place("9293", "3.8.3", &[TIMEOUTS], &["core/tests/suite/decision_table/timeouts.rs"]),
    place(
        "9293",
        "3.8.4",
        &["core/src/calls/keep_alive.rs", TIMEOUTS, OUTPUT, FIFTH],
        &["core/tests/suite/stories/keep_alive.rs", "core/tests/suite/decision_table/timeouts.rs"],
    ),
    place(
        "9293",
        "3.8.5",
        &[SIXTH, "core/src/calls/send.rs"],
        &["core/tests/suite/stories/urgent.rs", "core/tests/suite/decision_table/urgent.rs"],
    ),
    place(
        "9293",
        "3.8.6",
        &[OUTPUT, FIFTH],
        &["core/tests/suite/stories/probing.rs", "core/tests/suite/decision_table/ack.rs"],
    ),
    place("9293", "3.8.6.1", &[OUTPUT, TIMEOUTS], &["core/tests/suite/stories/probing.rs"]),
    place("9293", "3.8.6.2.1", &[OUTPUT, TIMEOUTS], &["core/tests/suite/stories/sending.rs"]),
    place(
        "9293",
        "3.8.6.2.2",
        &["core/src/calls/receive.rs"],
        &["core/tests/suite/decision_table/receive.rs"],
    ),
    place("9293", "3.8.6.3", &[OUTPUT, SEVENTH], &["core/tests/suite/stories/acknowledgments.rs"]),
    place("9293", "3.9.1", &["core/src/calls.rs", HOST], &[HOST_TESTS]),
    place("9293", "3.9.2", &["conformance/src/wire/ip.rs"], &["conformance/src/wire/tests.rs"]),
    place("9293", "3.9.2.2", &[ICMP, HOST], &["core/tests/suite/decision_table/icmp.rs"]),
    place("9293", "3.9.2.3", &[HOST], &[HOST_TESTS]),
    place("9293", "3.10", &[PROCESSING, "core/src/segment_arrives"], &[ROWS]),
    place(
        "9293",
        "3.10.1",
        &["core/src/calls/open.rs", HOST],
        &["core/tests/suite/decision_table/open.rs", HOST_TESTS],
    ),
    place(
        "9293",
        "3.10.2",
        &["core/src/calls/send.rs", OUTPUT],
        &["core/tests/suite/decision_table/send.rs"],
    ),
    place("9293", "3.10.3", &["core/src/calls/receive.rs"], &["core/tests/suite/decision_table/receive.rs"]),
    place("9293", "3.10.4", &["core/src/calls/close.rs"], &["core/tests/suite/decision_table/close.rs"]),
    place("9293", "3.10.5", &["core/src/calls/abort.rs"], &["core/tests/suite/decision_table/abort.rs"]),
    place("9293", "3.10.6", &["core/src/calls/status.rs"], &["core/tests/suite/decision_table/status.rs"]),
    place("9293", "3.10.7", &["core/src/segment_arrives"], &[ROWS, "snapshots/tables"]),
    place("9293", "3.10.7.1", &[CLOSED], &["core/tests/suite/decision_table/closed.rs", "snapshots/tables"]),
    place("9293", "3.10.7.2", &[LISTEN], &["core/tests/suite/decision_table/listen.rs", "snapshots/tables"]),
    place(
        "9293",
        "3.10.7.3",
        &[SYN_SENT],
        &["core/tests/suite/decision_table/syn_sent.rs", "snapshots/tables"],
    ),
    place("9293", "3.10.7.4", &[CHECKS], &[ROWS, "snapshots/tables"]),
    place("9293", "3.10.8", &[TIMEOUTS], &["core/tests/suite/decision_table/timeouts.rs"]),
    place(
        "1122",
        "4.2.2.13",
        &["core/src/calls/close.rs", TIMEOUTS],
        &["core/tests/suite/stories/closing.rs"],
    ),
    place("1122", "4.2.2.15", &[RETRANSMISSION], &["core/tests/suite/stories/retransmission.rs"]),
    place("1122", "4.2.2.17", &[OUTPUT, TIMEOUTS], &["core/tests/suite/stories/probing.rs"]),
    place("1122", "4.2.2.20", &["core/src/segment_arrives"], &[ROWS]),
    place("1337", "", &[SECOND, PROFILE], &["core/tests/suite/decision_table/reset.rs"]),
    place("5961", "3", &[SECOND], &["core/tests/suite/decision_table/reset.rs"]),
    place("5961", "4", &[FOURTH], &["core/tests/suite/decision_table/syn.rs"]),
    place("5961", "5", &[FIFTH], &["core/tests/suite/decision_table/ack.rs"]),
    place("5961", "7", &[PROCESSING], &["core/tests/suite/decision_table/reset.rs"]),
    place("6191", "", &[FOURTH], &["core/tests/suite/decision_table/syn.rs", HOST_TESTS]),
    place(
        "6298",
        "",
        &[RETRANSMISSION, OUTPUT, FIFTH],
        &[RETRANSMISSION, "core/tests/suite/stories/retransmission.rs"],
    ),
    place("6429", "", &[OUTPUT, TIMEOUTS], &["core/tests/suite/stories/probing.rs"]),
    place("6528", "", &["conformance/src/stack/reference.rs"], &[HOST_TESTS]),
    place("6691", "", &[OPTIONS, TCB], &["core/tests/suite/stories/sending.rs"]),
    place("793", "3.9", &["core/src/segment_arrives", "core/src/calls"], &[ROWS]),
    place("5681", "", &[CONGESTION, FIFTH, OUTPUT], &[CONGESTION, "core/tests/suite/stories/congestion.rs"]),
    place("7323", "2", &[EXTENSIONS, PROCESSING], &[EXTENSIONS, "core/tests/suite/stories/extensions.rs"]),
    place("2018", "2", &[EXTENSIONS], &["core/tests/suite/stories/extensions.rs"]),
    place("2018", "3", &[EXTENSIONS], &[EXTENSIONS]),
    place("2018", "4", &[EXTENSIONS, SEVENTH], &[EXTENSIONS, "core/tests/suite/stories/extensions.rs"]),
    place("2018", "5.1", &[OUTPUT], &["core/tests/suite/stories/retransmission.rs"]),
    place(
        "2018",
        "8",
        &[EXTENSIONS, "core/src/reassembly.rs", FIFTH],
        &[EXTENSIONS, "core/src/reassembly.rs"],
    ),
    place("5681", "4.2", &[SEVENTH, OUTPUT], &["core/tests/suite/stories/acknowledgments.rs"]),
];

/// Requirements that the reference meets although the rows that name them are not part of it: without R2, the user
/// timeout is what has to outlast three minutes for a SYN and 100 seconds for text.
const MET_ALL_THE_SAME: [&str; 3] = ["MUST-21", "MUST-23", "SHLD-11"];

/// The file of the reference, and of its tests, for each family of rows of the decision table.
static FAMILIES: [(&str, &str, &str); 19] = [
    ("OPEN", "core/src/calls/open.rs", "open.rs"),
    ("SEND", "core/src/calls/send.rs", "send.rs"),
    ("RECV", "core/src/calls/receive.rs", "receive.rs"),
    ("CLOSE", "core/src/calls/close.rs", "close.rs"),
    ("ABORT", "core/src/calls/abort.rs", "abort.rs"),
    ("STATUS", "core/src/calls/status.rs", "status.rs"),
    ("PRE", HEADER, "header.rs"),
    ("CLOSED", CLOSED, "closed.rs"),
    ("LISTEN", LISTEN, "listen.rs"),
    ("SYNSENT", SYN_SENT, "syn_sent.rs"),
    ("SEQ", FIRST, "sequence.rs"),
    ("RST", SECOND, "reset.rs"),
    ("SYN", FOURTH, "syn.rs"),
    ("ACK", FIFTH, "ack.rs"),
    ("URG", SIXTH, "urgent.rs"),
    ("TEXT", SEVENTH, "text.rs"),
    ("FIN", EIGHTH, "fin.rs"),
    ("TO", TIMEOUTS, "timeouts.rs"),
    ("ICMP", ICMP, "icmp.rs"),
];

/// Rows that are reported elsewhere than the rest of their family.
static STRAYS: [(Rule, &str); 10] = [
    (Rule::Open3, HOST),
    (Rule::Pre2, HOST),
    (Rule::Pre3, HOST),
    (Rule::Listen8, HOST),
    (Rule::Send8, OUTPUT),
    (Rule::SynSent12, LISTEN),
    (Rule::Syn5, FIRST),
    (Rule::Urg6, "core/src/calls/receive.rs"),
    (Rule::Fin1, HEADER),
    (Rule::Fin13, FIFTH),
];

/// The file that implements a row and the one that tests it; none if nothing does.
pub(super) fn of_rule(rule: Rule) -> Option<(&'static str, String)> {
    if rule.out_of_scope().is_some() || rule.never_used().is_some() {
        return None;
    }
    let family = rule.id().split('-').next().unwrap_or_default();
    let (_, file, tests) = FAMILIES.iter().find(|(name, ..)| *name == family)?;
    Some(match STRAYS.iter().find(|(stray, _)| *stray == rule) {
        Some((_, HOST)) => (HOST, HOST_TESTS.to_owned()),
        Some((_, file)) => (file, format!("{ROWS}/{tests}")),
        None => (file, format!("{ROWS}/{tests}")),
    })
}

/// What is known of where a requirement is implemented and tested.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// These files implement it, those test it; the most telling first.
    Files(Vec<String>, Vec<String>),
    /// The reference does not have it.
    NotYet,
    /// No table says.
    Nothing,
}

/// Where a requirement is implemented and tested: by the rows that name it, then by its section.
pub(super) fn of_requirement(requirement: &Requirement, rows: &[Rule]) -> Known {
    let not_built = !rows.is_empty() && rows.iter().all(|rule| rule.out_of_scope().is_some());
    let not_built = not_built && !MET_ALL_THE_SAME.contains(&requirement.id);
    if not_built {
        return Known::NotYet;
    }
    let (mut code, mut tests) = (Vec::new(), Vec::new());
    for (file, test) in rows.iter().filter_map(|rule| of_rule(*rule)) {
        add(&mut code, file);
        add(&mut tests, &test);
    }
    let (rfc, section) = requirement.clause.split_once(" §").unwrap_or_default();
    match of_section(rfc.trim_start_matches("RFC "), section.split(' ').next().unwrap_or_default()) {
        Some(place) => {
            place.code.iter().for_each(|file| add(&mut code, file));
            place.tests.iter().for_each(|file| add(&mut tests, file));
        }
        None if matches!(rfc, "RFC 7323" | "RFC 2018" | "RFC 5482") => return Known::NotYet,
        None => {}
    }
    if code.is_empty() { Known::Nothing } else { Known::Files(code, tests) }
}

/// The files of a section of RFC 9293.
pub(super) fn of_rfc_9293(section: &str) -> Option<(&'static [&'static str], &'static [&'static str])> {
    of_section("9293", section).map(|place| (place.code, place.tests))
}

fn of_section(rfc: &str, section: &str) -> Option<&'static Place> {
    let fits = |place: &&Place| {
        place.rfc == rfc
            && section
                .strip_prefix(place.section)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || place.section.is_empty())
    };
    PLACES.iter().filter(fits).max_by_key(|place| place.section.len())
}

fn add(files: &mut Vec<String>, file: &str) {
    if !files.iter().any(|known| known == file) {
        files.push(file.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requirement;
    use std::path::{Path, PathBuf};

    /// The repository; none in a packaged crate, where the files are elsewhere.
    fn root() -> Option<PathBuf> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        root.join("core").exists().then_some(root)
    }

    #[test]
    fn every_file_that_is_named_exists() {
        let Some(root) = root() else { return };
        let of_sections = PLACES.iter().flat_map(|place| place.code.iter().chain(place.tests));
        let of_rows = Rule::all().filter_map(of_rule).flat_map(|(code, tests)| [code.to_owned(), tests]);
        for file in of_sections.map(|file| (*file).to_owned()).chain(of_rows) {
            assert!(root.join(&file).exists(), "{file}");
        }
    }

    #[test]
    fn the_file_named_for_a_row_reports_it_and_rows_without_a_file_are_reported_nowhere() {
        let Some(root) = root() else { return };
        for rule in Rule::all() {
            let variant = format!("Rule::{rule:?}");
            let reports = |file: &Path| {
                let text = std::fs::read_to_string(file).unwrap_or_default();
                text.match_indices(&variant).any(|(at, _)| {
                    !text[at + variant.len()..].starts_with(|next: char| next.is_ascii_digit())
                })
            };
            match of_rule(rule) {
                Some((file, _)) => assert!(reports(&root.join(file)), "{rule} is not reported in {file}"),
                None => assert!(
                    rule.out_of_scope().is_some() || rule.never_used().is_some(),
                    "{rule} is in scope and has no file"
                ),
            }
        }
    }

    #[test]
    fn whatever_a_case_checks_has_a_place() {
        let ids: std::collections::BTreeSet<_> =
            crate::cases::all().iter().flat_map(|case| &case.scenario.checks).collect();
        let nowhere: Vec<_> = ids
            .into_iter()
            .filter_map(|id| {
                let requirement = requirement::find(id).expect("cases name known requirements");
                let known = of_requirement(requirement, &requirement::implemented_by(id));
                let found = matches!(known, Known::Files(..));
                (!found).then(|| format!("{id} ({}): {known:?}", requirement.clause))
            })
            .collect();
        assert!(nowhere.is_empty(), "{nowhere:#?}");
    }

    #[test]
    fn what_is_not_built_is_not_claimed() {
        let id = "R7323-3.2-a";
        let requirement = requirement::find(id).unwrap_or_else(|| panic!("{id}"));
        assert_eq!(of_requirement(requirement, &requirement::implemented_by(id)), Known::NotYet, "{id}");
    }
}
