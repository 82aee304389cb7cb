//! Two stacks, one story: who departs, what both may do, and what is no difference at all.

use std::collections::BTreeSet;
use std::time::Duration;

use tcpspec_core::{Profile, SeqNumber};

use super::*;
use crate::cases;
use crate::engine::without_expectations;
use crate::scenario;
use crate::stack::faulty::{self, Faulty};
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;

/// A connection in ESTABLISHED that the peer opened, and what happens on it.
fn opened(steps: &str) -> Scenario {
    let opening = "+0 open passive\n+0 < S 0 win 65535 <mss 1460>\n+0 < . 1 ack 1\n";
    scenario::parse_one(&format!("tcpspec 1\n\nscenario a\n\n{opening}{steps}")).expect("a story")
}

/// The comparison of the reference with itself, once as recommended and once with this profile.
fn with_profile(steps: &str, profile: Profile) -> Comparison {
    let (mut one, mut other) = (Reference::with_profile(profile), Reference::new());
    Differential::default().compare(&mut one, &mut other, &opened(steps), Family::V4)
}

fn ids(comparison: &Comparison) -> Vec<&'static str> {
    comparison.differences.iter().map(|it| it.variation.map_or("none", |it| it.id)).collect()
}

#[test]
fn a_stack_does_not_differ_from_itself_wherever_its_numbers_begin() {
    let mut differential = Differential::default();
    let (mut one, mut other) = (Reference::new(), Reference::new().with_clocked_iss(SeqNumber(u32::MAX)));
    let mut shows = 0;
    for case in cases::all() {
        let story = without_expectations(&case.scenario);
        let comparison = differential.compare(&mut one, &mut other, &story, Family::V4);
        // Where three pairs of sockets show it, a clock alone is a departure of its own (SHLD-1).
        let failure = comparison.telling(Which::Second).run.verdict.failure();
        let cause = failure.and_then(|failure| failure.cause.as_ref());
        let clock_alone = cause.is_some_and(|cause| cause.rule == "I-115.2");
        shows += u32::from(clock_alone);
        let parting = if clock_alone { Parting::Objection(Which::Second) } else { Parting::None };
        assert_eq!((&comparison.parting, ids(&comparison)), (&parting, vec![]), "{}", case.id);
    }
    assert!(shows <= 3, "{shows} cases show that the numbers are a clock's");
}

#[test]
fn where_smoltcp_and_the_reference_part_smoltcp_departs_or_both_are_right() {
    let mut differential = Differential::default();
    let (mut unexplained, mut objected, mut compared) = (BTreeSet::new(), 0, 0);
    for case in cases::all() {
        let story = without_expectations(&case.scenario);
        let comparison = differential.compare(&mut Smoltcp::new(), &mut Reference::new(), &story, Family::V4);
        assert!(comparison.telling(Which::Second).objection().is_none(), "{}: {comparison:?}", case.id);
        compared += usize::from(!matches!(comparison.parting, Parting::Undecided(_)));
        objected += usize::from(comparison.parting == Parting::Objection(Which::First));
        if comparison.parting == Parting::Difference && ids(&comparison).contains(&"none") {
            unexplained.insert(case.id.as_str());
        }
    }
    // Departures that a case knows and no rule of the monitor does.
    let known = ["3.9.1.1/broadcast-cannot-be-asked", "3.9.1.1/multicast-cannot-be-asked"];
    let unknown: Vec<_> = unexplained.iter().filter(|id| !known.contains(id)).collect();
    assert_eq!(unknown, [&""; 0]);
    assert!(compared > 400 && objected > 30, "{objected} of {compared}");
}

#[test]
fn a_fault_is_the_faulty_stacks() {
    let mut differential = Differential::default();
    let mut blamed = 0;
    for fault in faulty::all().iter().step_by(60) {
        let (mut one, mut other) = (Reference::new(), Faulty::new(fault));
        let mut found = false;
        for case in cases::all() {
            let comparison = differential.compare(&mut one, &mut other, &case.scenario, Family::V4);
            let objects = comparison.parting == Parting::Objection(Which::Second);
            let right = objects
                || matches!(comparison.parting, Parting::None | Parting::Difference | Parting::Undecided(_));
            assert!(right, "{} in {}: {:?}", fault.name, case.id, comparison.parting);
            found |= objects;
        }
        blamed += usize::from(found);
    }
    assert!(blamed > 6, "{blamed}");
}

#[test]
fn two_that_depart_in_the_same_way_are_alike() {
    let fault = faulty::find("drop-answer/RST-8").or(faulty::all().first()).expect("a fault");
    let mut differential = Differential::default();
    let alike = cases::all().iter().any(|case| {
        let (mut one, mut other) = (Faulty::new(fault), Faulty::new(fault));
        let comparison = differential.compare(&mut one, &mut other, &case.scenario, Family::V4);
        assert!(!matches!(comparison.parting, Parting::Objection(_)), "{}", case.id);
        comparison.parting == Parting::Alike && comparison.fails()
    });
    assert!(alike, "no case finds {}", fault.name);
}

#[test]
fn what_the_standard_leaves_open_is_named_and_what_is_decided_is_not() {
    let default = Profile::default;
    let lax =
        Profile { exact_resets: false, challenge_syns: false, acknowledgment_range: false, ..default() };
    let deaf = Profile { ignore_resets_in_time_wait: true, ..default() };
    let prompt = Profile { delayed_ack: None, ..default() };
    let brief = Profile { msl: Duration::from_secs(2), ..default() };
    let closed = "+0 close\n+0 < . 1 ack 2\n+0 < F. 1 ack 2\n";
    let table: [(&str, &Profile, &[&str]); 12] = [
        // A reset or a SYN: in the window, and where both have to do the same.
        ("+0 < R rcv.mid\n+0 receive\n", &lax, &["V-13"]),
        ("+0 < R rcv.nxt\n+0 receive\n", &lax, &[]),
        ("+0 < R rcv.edge+1\n+0 receive\n", &lax, &[]),
        ("+0 < S rcv.mid\n+0 receive\n", &lax, &["V-14"]),
        ("+0 < S rcv.edge+1\n+0 receive\n", &lax, &[]),
        // An acknowledgment of long ago.
        ("+0 < P. 1(10) ack snd.una-100000\n+0.5 receive\n", &lax, &["V-18"]),
        ("+0 < P. 1(10) ack snd.una\n+0.5 receive\n", &lax, &[]),
        // TIME-WAIT.
        (&format!("{closed}+0 < R rcv.nxt\n+0 < F. 1 ack 2\n"), &deaf, &["V-10"]),
        (&format!("{closed}+0 < . 2 ack 2\n+0 < F. 1 ack 2\n"), &deaf, &[]),
        (&format!("{closed}+10 < F. 1 ack 2\n"), &brief, &["V-64"]),
        // Text that is acknowledged at once, or a little later.
        ("+0 < P. 1(10)\n+0 < P. 11(10)\n", &prompt, &["V-28"]),
        ("+0 < P. 1(10)\n+1 receive\n", &prompt, &[]),
    ];
    for (steps, profile, expected) in table {
        let comparison = with_profile(steps, *profile);
        assert_eq!(ids(&comparison), expected, "{steps}{:?}", comparison.differences);
        assert!(!comparison.fails(), "{steps}");
        let parts = comparison.differences.iter().any(|it| it.splits);
        let parting = if parts { Parting::Difference } else { Parting::None };
        assert_eq!(comparison.parting, parting, "{steps}");
    }
}

#[test]
fn urgent_text_is_its_readers_affair_and_an_edge_that_the_shift_hides_is_not() {
    let before = "tcpspec 1\n\nscenario a\nsetup buffer=65536\n\n+0 open passive\n+0 < S <mss 1460,wscale 7>\n\
                  +0 < . (1)\n";
    for (steps, expected) in [
        ("+1 < PU. (3) urg 2\n+1 receive\n+0 receive\n", vec!["V-20"]),
        ("+1 < U. urg 2\n+1 receive\n", vec![]),
        ("+1 < U. rcv.edge urg 5\n+1 < .\n", vec!["V-45"]),
        ("+1 < . rcv.edge\n+1 < .\n", vec!["V-45"]),
        ("+1 < R rcv.edge\n+1 < .\n", vec!["V-45"]),
        ("+1 < . rcv.edge+1\n+1 < .\n", vec![]),
    ] {
        let story = scenario::parse_one(&format!("{before}{steps}")).expect("a story");
        let mut differential = Differential::default();
        let comparison = differential.compare(&mut Smoltcp::new(), &mut Reference::new(), &story, Family::V4);
        assert_eq!(ids(&comparison), expected, "{steps}{:?}", comparison.differences);
    }
}

#[test]
fn a_story_that_one_stack_cannot_take_part_in_decides_nothing() {
    let story = scenario::parse_one("tcpspec 1\n\nscenario a\n\n+0 open passive\n+0 send 1 urgent\n")
        .expect("a story");
    let mut differential = Differential::default();
    let comparison = differential.compare(&mut Reference::new(), &mut Smoltcp::new(), &story, Family::V4);
    assert_eq!(comparison.parting, Parting::Undecided(Which::Second));
}

#[test]
fn what_both_traces_have_is_shown_once_and_nothing_is_lost() {
    let comparison =
        with_profile("+0 < P. 1(10)\n+0.5 receive\n", Profile { delayed_ack: None, ..Profile::default() });
    let lines = merged(&comparison);
    for which in Which::BOTH {
        let own: Vec<_> = lines
            .iter()
            .filter_map(|line| match *line {
                Line::Both(lines) => Some(lines[which as usize]),
                Line::Only(whose, line) => (whose == which).then_some(line),
            })
            .collect();
        let count = comparison.telling(which).run.trace.entries.len();
        assert_eq!(own, (0..count).collect::<Vec<_>>());
    }
    let both = lines.iter().filter(|line| matches!(line, Line::Both(_))).count();
    assert!(both >= 6, "{lines:?}");
}
