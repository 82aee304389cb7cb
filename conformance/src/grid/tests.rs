use std::time::Duration;

use super::*;
use crate::deviation::Deviations;
use crate::report::grid::GridReport;
use crate::requirement;
use crate::stack::faulty::{self, Excuse, Faulty};
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;
use tcpspec_core::Profile;
use tcpspec_core::profile::TimeWaitReuse;

fn all_cells() -> impl Iterator<Item = Cell> {
    Cell::base().chain(Cell::variants())
}

/// The cells in the states alone, without text: enough to meet every check.
fn cells_in(situations: &'static [Situation]) -> impl Iterator<Item = Cell> {
    all_cells().filter(|cell| situations.contains(&cell.situation))
}

/// The folds in one line each, for messages.
fn folds(grid: &Grid) -> Vec<String> {
    let line = |fold: folded::Fold| {
        let ranges: Vec<_> = fold.ranges().iter().map(ToString::to_string).collect();
        format!("{} [{}]", fold.difference.what, ranges.join("; "))
    };
    folded::fold(grid).into_iter().map(line).collect()
}

fn assert_no_difference(name: &str, grid: &Grid) {
    assert_eq!(folds(grid), [""; 0], "{name}");
    for (cell, outlook) in &grid.cells {
        assert!(!matches!(outlook, Outlook::Unreached(_)), "{name}: {cell}: {outlook:?}");
    }
}

#[test]
fn the_reference_does_what_the_second_opinion_permits_over_both_families() {
    for family in [Family::V4, Family::V6] {
        assert_no_difference("reference", &play(&mut Reference::new(), family, all_cells()));
    }
}

#[test]
fn whatever_profile_the_reference_has_the_second_opinion_permits_it() {
    let profiles = [
        ("793", Profile::rfc793()),
        ("1337", Profile { ignore_resets_in_time_wait: true, ..Profile::default() }),
        ("reuse", Profile { time_wait_reuse: TimeWaitReuse::HigherSequenceNumber, ..Profile::rfc793() }),
        ("at once", Profile { delayed_ack: None, nagle: false, ..Profile::default() }),
        ("slow", Profile { initial_rto: Duration::from_secs(3), ..Profile::default() }),
    ];
    for (name, profile) in profiles {
        assert_no_difference(name, &play(&mut Reference::with_profile(profile), Family::V4, all_cells()));
    }
}

#[test]
fn a_host_that_closes_both_ways_may_reset_text_after_close() {
    let profile = Profile { half_duplex_close: true, ..Profile::default() };
    let situations = &[Situation::FinWait1, Situation::FinWait2];
    let grid = play(&mut Reference::with_profile(profile), Family::V4, cells_in(situations));
    assert_no_difference("half duplex", &grid);
    let excused = grid.cells.iter().filter(|(_, outlook)| *outlook == Outlook::Met(Some("V-22"))).count();
    assert!(excused > 0);
    let full = Reference::new().declaration().clone();
    let cell = Cell {
        situation: Situation::FinWait2,
        text: Cell::TEXT,
        flags: Flags::Ack,
        seq: SeqPosition::Next,
        ack: AckPosition::Next,
    };
    let excuses = expectation(cell, &full).outcomes;
    assert!(excuses.iter().all(|outcome| outcome.life == Life::Lives), "only a host that declares it");
}

#[test]
fn smoltcp_differs_in_the_ways_that_are_listed_and_in_no_other() {
    let deviations = Deviations::built_in("smoltcp");
    for family in [Family::V4, Family::V6] {
        let mut smoltcp = Smoltcp::new();
        let grid = play(&mut smoltcp, family, all_cells());
        let report = GridReport::new(&mut smoltcp, family, grid.clone(), &deviations, true);
        let text = report.render(false);
        assert!(report.is_as_expected(), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "wider than 80 columns: {text}");
        let bare = GridReport::new(&mut smoltcp, family, grid, &Deviations::default(), true);
        assert!(!bare.is_as_expected());
    }
}

#[test]
fn a_listed_difference_that_is_gone_or_has_other_cells_fails_the_run() {
    let deviations = Deviations::built_in("smoltcp");
    let all: Vec<Cell> = all_cells().collect();
    // The reference has none of what is listed of smoltcp. Its version is not the one that the list is about.
    let list = |cells: &str, what: &str| {
        Deviations::parse(&format!(
            "[[cause]]\nversions = \"*\"\nreason = \"why\"\n[[cause.grid]]\nclause = \"§3.10.7.1\"\n\
             requirement = \"R9293-3.5.2-a\"\nwhat = \"{what}\"\ncells = [\"{cells}\"]\n"
        ))
        .expect("TOML")
    };
    let mut smoltcp = Smoltcp::new();
    let grid =
        play(&mut smoltcp, Family::V4, all.into_iter().filter(|cell| cell.situation == Situation::Closed));
    let known = "SF(0,10) in CLOSED, seq next, ack next";
    let silence = "silence instead of RST,ACK from 0";
    for (list, words) in [
        (list("SF in CLOSED, seq next, ack next", silence), "has other cells"),
        (list(known, "silence"), "FIXED silence"),
        (list(known, silence), "1 ways not listed, 1 known"),
    ] {
        let report = GridReport::new(&mut smoltcp, Family::V4, grid.clone(), &list, true);
        assert!(report.render(false).contains(words), "{}", report.render(false));
        assert!(!report.is_as_expected());
    }
    let report = GridReport::new(&mut smoltcp, Family::V4, grid, &deviations, false);
    assert!(report.is_as_expected(), "part of the grid: {}", report.render(false));
}

#[test]
fn what_the_standard_permits_is_no_difference() {
    let permitted = faulty::all().iter().filter(|fault| matches!(fault.excuse, Some(Excuse::Permitted(_))));
    for fault in permitted {
        let grid = play(&mut Faulty::new(fault), Family::V4, all_cells());
        assert_eq!(folds(&grid), [""; 0], "{}", fault.name);
    }
}

#[test]
fn faults_differ_in_the_cells_that_they_are_about() {
    use Situation::{CloseWait, Closed, Established, LastAck, Listen, SynReceived, SynSent, TimeWait};
    let faults: [(&str, &'static [Situation], Gravity); 8] = [
        ("drop-answer/CLOSED-2", &[Closed], Gravity::Silent),
        ("answer-seq-high/LISTEN-2", &[Listen], Gravity::Form),
        ("drop-answer/SYNSENT-1", &[SynSent], Gravity::Silent),
        ("reset-instead-of-silence/LISTEN-1", &[Listen], Gravity::Talks),
        ("answer-with-reset/SEQ-8", &[Established, CloseWait], Gravity::Dies),
        ("drop-answer/ACK-8", &[Established], Gravity::Silent),
        ("drop-answer/ACK-5", &[SynReceived], Gravity::Silent),
        ("drop-answer/SEQ-19", &[LastAck, TimeWait], Gravity::Silent),
    ];
    for (name, situations, gravity) in faults {
        let fault = faulty::find(name).unwrap_or_else(|| panic!("no fault {name}"));
        let grid = play(&mut Faulty::new(fault), Family::V4, cells_in(situations));
        let folded = folded::fold(&grid);
        assert_eq!(
            folded.first().map(|fold| fold.difference.gravity),
            Some(gravity),
            "{name}: {:?}",
            folds(&grid)
        );
    }
}

#[test]
fn every_cell_is_played_or_carries_a_reason_and_both_are_counted() {
    let base = play(&mut Reference::new(), Family::V4, Cell::base());
    let void: usize = base.void().values().sum();
    assert_eq!((base.cells.len(), base.played(), void), (3168, 1236, 1932));
    let variants = play(&mut Reference::new(), Family::V4, Cell::variants());
    let void: usize = variants.void().values().sum();
    assert_eq!((variants.cells.len(), variants.played(), void), (4896, 1764, 3132));
    let reasons: Vec<_> = base.void().into_keys().chain(variants.void().into_keys()).collect();
    assert!(Void::ALL.iter().all(|void| reasons.contains(void)), "a reason that nothing carries");
}

#[test]
fn every_cell_names_a_requirement_of_the_catalogue_and_outcomes_that_exclude_something() {
    let declaration = Reference::new().declaration().clone();
    for cell in all_cells().filter(|cell| cell.void().is_none()) {
        let expectation = expectation(cell, &declaration);
        assert!(requirement::find(expectation.requirement).is_some(), "{cell}: {}", expectation.requirement);
        assert_eq!(expectation.outcomes[0].variation, None, "{cell}: the letter comes first");
        for outcome in &expectation.outcomes {
            assert!(!outcome.replies.is_empty(), "{cell}: any answer would do");
            let known = |id: &str| include_str!("../../../docs/variations.md").contains(&format!("| {id} |"));
            assert!(outcome.variation.is_none_or(known), "{cell}: {:?}", outcome.variation);
        }
    }
}

#[test]
fn a_fold_names_all_of_its_cells_and_no_other() {
    let grid = play(&mut Smoltcp::new(), Family::V4, Cell::base());
    for fold in folded::fold(&grid) {
        let named: usize = fold.ranges().iter().map(|range| range.cells().count()).sum();
        assert_eq!(named, fold.cells.len(), "{:?}", fold.difference);
        for cell in fold.ranges().iter().flat_map(|range| range.cells().collect::<Vec<_>>()) {
            assert!(fold.cells.contains(&cell), "{cell}");
        }
    }
}
