//! What selective acknowledgments may say of what has arrived, and what not: a stack whose blocks are made up.

use tcpspec_core::{Control, Profile, SeqNumber};

use super::altered::{Alter, altered, broken, play};
use crate::stack::faulty::{self, Faulty};

/// Two of padding, kind and length, then the edges of each block; the peer's first octet has the number 1001.
const fn report<const OCTETS: usize>(edges: &[(u8, u8)]) -> [u8; OCTETS] {
    let mut option = [1; OCTETS];
    (option[2], option[3]) = (5, OCTETS as u8 - 2);
    let mut block = 0;
    while block < edges.len() {
        let numbers = [1000 + edges[block].0 as u32, 1000 + edges[block].1 as u32];
        let mut edge = 0;
        while edge < 2 {
            let octets = numbers[edge].to_be_bytes();
            let mut at = 0;
            while at < 4 {
                option[4 + 8 * block + 4 * edge + at] = octets[at];
                at += 1;
            }
            edge += 1;
        }
        block += 1;
    }
    option
}

const OPEN: &str = "+0 open passive\n+0 < S <sackOK,nop,nop>\n+0 < .\n";
const NOT_PERMITTED: &str = "+0 open passive\n+0 < S\n+0 < .\n";
const TWO_GAPS: &str = "+0 < . 11(10)\n+0 < . 31(10)\n+1 receive\n";
const FILLED: &str = "+0 < . 11(10)\n+0 < . 31(10)\n+0 < . 1(10)\n+0 < . 21(10)\n+1 receive\n";
const SENT_AGAIN: &str = "+0 < . 11(10)\n+0 < . 31(10)\n+0 < . 1(20)\n+0 < . 21(20)\n+1 receive\n";
const JOINED: &str = "+0 < . 11(10)\n+0 < . 21(10)\n+0 < . 1(10)\n+1 receive\n";
const TWICE: &str = "+0 < P. 1(10)\n+0 < P. 1(10)\n+1 receive\n";
const ASKED: &str = "+0 < . 11(10)\n+0 < . 31(10)\n+0 < . 9001\n+1 receive\n";
const OLD_AND_CHALLENGED: &str = "+0 < P. 1(10)\n+0 < . 11(0) ack 999\n+1 receive\n";

static NOTHING: [u8; 0] = [];
static LOW_FIRST: [u8; 20] = report(&[(11, 21), (31, 41)]);
static HIGH_FIRST: [u8; 20] = report(&[(31, 41), (11, 21)]);
static LOW: [u8; 12] = report(&[(11, 21)]);
static HIGH: [u8; 12] = report(&[(31, 41)]);
static MISSING: [u8; 20] = report(&[(31, 41), (11, 22)]);
static EMPTY: [u8; 20] = report(&[(31, 41), (11, 11)]);
static SHORT: [u8; 20] = report(&[(31, 40), (11, 21)]);
static HIGH_BUT_ONE: [u8; 12] = report(&[(31, 40)]);
static SECOND_OF_TWO: [u8; 12] = report(&[(21, 31)]);
static OLD: [u8; 12] = report(&[(1, 11)]);

/// Makes the options of the fourth packet, or of the third, what they are not.
macro_rules! reports {
    ($number:literal, $options:ident) => {
        |number, _, header| {
            if number == $number && header.ctl == Control::ACK {
                header.options = &$options;
            }
            1
        }
    };
}

/// Says nothing of what the third and every later packet ought to report.
const SILENT: Alter = |number, _, header| {
    if number > 1 && header.ctl == Control::ACK {
        header.options = &NOTHING;
    }
    1
};

/// Does not hold what came last.
const DROPPED: Alter = |number, _, header| {
    if number > 1 && header.ctl == Control::ACK {
        header.options = if number == 2 { &LOW } else { &NOTHING };
    }
    1
};

/// Has no room for the last octet of what came last.
const CUT: Alter = |number, _, header| {
    match number {
        2 => header.options = &SHORT,
        3 => header.options = &HIGH_BUT_ONE,
        _ => {}
    }
    1
};

#[test]
fn blocks_are_of_what_came_above_a_gap_with_the_latest_first() {
    let table: &[(&str, Option<&str>, &str, &str, Alter)] = &[
        ("as it is", None, OPEN, TWO_GAPS, |_, _, _| 1),
        ("the latest first", None, OPEN, TWO_GAPS, reports!(2, HIGH_FIRST)),
        ("nobody permitted it", Some("I-102"), NOT_PERMITTED, TWO_GAPS, reports!(2, HIGH_FIRST)),
        ("an octet that never came", Some("I-102.2"), OPEN, TWO_GAPS, reports!(2, MISSING)),
        ("no octets", Some("I-102.2"), OPEN, TWO_GAPS, reports!(2, EMPTY)),
        ("the latest not first", Some("I-102.3"), OPEN, TWO_GAPS, reports!(2, LOW_FIRST)),
        ("any first, in answer to no text", None, OPEN, ASKED, reports!(3, LOW_FIRST)),
        (
            "not the whole of the latest, all of which is held",
            Some("I-102.3"),
            OPEN,
            FILLED,
            reports!(2, SHORT),
        ),
        ("all of the latest that there was room for", None, OPEN, SENT_AGAIN, CUT),
        ("the latest dropped, as far as anybody knows", None, OPEN, TWO_GAPS, reports!(2, LOW)),
        ("the latest dropped and sent again", None, OPEN, SENT_AGAIN, DROPPED),
        ("the latest held and not reported", Some("I-102.3"), OPEN, FILLED, reports!(2, LOW)),
        ("one block, the other dropped", None, OPEN, TWO_GAPS, reports!(2, HIGH)),
        ("one block of two that are held", Some("I-102.4"), OPEN, FILLED, reports!(2, HIGH)),
        ("no blocks any more", Some("I-102.4"), OPEN, FILLED, SILENT),
        ("no blocks any more, and all sent again", None, OPEN, SENT_AGAIN, SILENT),
        ("half of what touches", Some("I-102.2"), OPEN, JOINED, reports!(2, SECOND_OF_TWO)),
        ("what came twice", None, OPEN, TWICE, reports!(2, OLD)),
        ("what came once", Some("I-102.2"), OPEN, OLD_AND_CHALLENGED, reports!(1, OLD)),
    ];
    for (what, rule, opening, story, alter) in table {
        let reports: fn(&mut Profile) = |profile| profile.selective_acknowledgment = true;
        let run = play(&mut altered(reports, *alter), opening, story);
        assert_eq!(broken(&run), *rule, "{what}: {:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn a_fin_may_have_the_number_of_text_that_was_dropped() {
    let after_it = "+0 < . 11(10)\n+0 < . 31(10)\n+0 < . 1(10)\n+0 < F. 11\n+1 receive\n";
    let before_it = "+0 < . 11(10)\n+0 < F. 11\n+0 < . 31(10)\n+0 < . 1(10)\n+1 receive\n";
    for story in [after_it, before_it] {
        let mut stack = altered(|profile| profile.selective_acknowledgment = true, |_, _, _| 1);
        stack.loses = |segment| segment.seq == SeqNumber(1011) && !segment.text.is_empty();
        let run = play(&mut stack, OPEN, story);
        assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn text_that_was_held_is_reported_whatever_ends_behind_it() {
    let story = "+0 < . 11(10)\n+0 < F. 41\n+0 < . 31(10)\n+0 < . 1(10)\n+0 < . 21(10)\n+1 receive\n";
    let reports: fn(&mut Profile) = |profile| profile.selective_acknowledgment = true;
    let run = play(&mut altered(reports, reports!(3, HIGH)), OPEN, story);
    assert_eq!(broken(&run), Some("I-102.4"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn a_probe_of_a_closed_window_need_not_report_blocks() {
    let probes =
        faulty::all().iter().find(|fault| fault.name == "permitted/closed-window-probed-without-text");
    let mut stack = Faulty::new(probes.expect("a fault of this name"));
    let story = "+0.05 < . 101(100) win 0\n+0 send 300\n+0.1 < . win 0\n+7.1 < . 1(100) win 0\n+1 receive\n";
    let run = play(&mut stack, OPEN, story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    assert!(run.trace.to_string().contains("> . 0:0(0) ack 1 win 4096\n"), "{}", run.trace);
}
