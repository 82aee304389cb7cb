//! Faults that the suite finds by what its cases expect, and the monitor only where a story goes on for longer: rows of a
//! table, each beside one in which nothing can be said.

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Control, Profile};

use super::Monitor;
use super::altered::{Alter, altered, broken, play};
use super::false_alarms::{alters, deaf, declares, faulty};
use crate::bench::{self, Family};
use crate::scenario::{self, Scenario};
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;
use crate::stack::{Choice, Stack};

/// A fault, the rule that is broken if one is, and the story.
type Row = (&'static str, Option<&'static str>, &'static str);

const ROWS: &[Row] = &[
    // The FIN follows the text, once that is acknowledged; before that it may wait for its turn.
    ("ignore/CLOSE-8", Some("I-091"), "+0 < . win 0\n+0 send 1\n+0 close\n+0 < .\n+0 < .\n+2 receive\n"),
    ("ignore/CLOSE-8", None, "+0 < . win 0\n+0 send 1\n+0 close\n+0 < .\n+2 receive\n"),
    (
        "skip-transition/CLOSE-8",
        Some("I-091"),
        "+0 < . win 0\n+0 send 1\n+0 close\n+0 < .\n+0 < .\n+2 receive\n",
    ),
    // Nobody is given up who was never asked; a while of silence alone is none.
    ("drop-answer/TO-11", Some("I-073"), "+0 set keep-alive 10\n+9999 receive\n"),
    ("drop-answer/TO-11", None, "+0 set keep-alive 10\n+15 receive\n"),
    // TIME-WAIT is long over, or may just still be there (V-62).
    ("ignore/TO-9", Some("I-120"), "+0 close\n+0 < F.\n+600 < . rcv.nxt-1\n+1 receive\n"),
    ("ignore/TO-9", Some("I-034"), "+0 close\n+0 < F.\n+600 < .\n+1 receive\n"),
    ("ignore/TO-9", None, "+0 close\n+0 < F.\n+2msl+1 < . rcv.nxt-1\n+1 receive\n"),
    ("skip-transition/TO-9", Some("I-120"), "+0 close\n+0 < F.\n+600 < . rcv.nxt-1\n+1 receive\n"),
    // The last octet of the window is inside: what stands there acknowledges. The one before it does so anyway.
    ("off-by-one/right-edge-low", Some("I-023"), "+0 send 1\n+0 < . rcv.last\n+0 send 1\n+2 receive\n"),
    ("off-by-one/right-edge-low", None, "+0 send 1\n+0 < . rcv.last-1\n+0 send 1\n+2 receive\n"),
];

/// These open their connections themselves.
const WHOLE: &[Row] = &[
    (
        "ignore/CLOSE-11",
        Some("I-091"),
        "+0 open passive\n+0 < S\n+0 < . win 10\n+0 send 30\n+0 < F. ack 1\n+0 close\n+0 < .\n+0 < .\n+2 receive\n",
    ),
    (
        "ignore/CLOSE-11",
        None,
        "+0 open passive\n+0 < S\n+0 < . win 10\n+0 send 30\n+0 < F. ack 1\n+0 close\n+0 < .\n+0.5 receive\n",
    ),
    // A FIN that waits for the retransmission timer, which has doubled. While that is short, nobody can tell.
    (
        "field/fin-on-its-own",
        Some("I-091"),
        "+0 open passive\n+0 < S\n+0 < . win 10\n+0 send 30\n+1.5 close\n+0 < . ack 11 win 1000\n+0.1 < .\n+5 receive\n",
    ),
    (
        "field/fin-on-its-own",
        None,
        "+0 open passive\n+0 < S\n+0 < . win 10\n+0 send 30\n+0 close\n+0 < . ack 11 win 1000\n+0.1 < .\n+5 receive\n",
    ),
    // Crossing SYNs leave the connection half open.
    ("establish-at-once/SYNSENT-11", Some("I-030"), "+0 open active\n+0 < S\n+0 send 1500\n"),
    ("establish-at-once/SYNSENT-11", None, "+0 open active\n+0 < S\n+0 < .\n+0 send 1500\n"),
    // What looks like an option behind the end of the list is none. With Nagle's algorithm short segments are no news.
    (
        "option/after-the-end-of-the-list",
        Some("I-088.2"),
        "setup nagle=off\n\n+0 open passive\n+0 < S <mss 1300,eol,raw 02040400>\n+0 < .\n+0 send 1300\n+1 receive\n",
    ),
    (
        "option/after-the-end-of-the-list",
        None,
        "setup nagle=off\n\n+0 open passive\n+0 < S <mss 1300,eol,raw 02040400>\n+0 < .\n+0 send 1000\n+1 receive\n",
    ),
    // A hard error about a request; a soft one, one about another number, one of an open connection, and an OPEN that succeeds.
    ("ignore/ICMP-2", Some("I-117.3"), "+0 open active\n+0 < icmp port-unreachable\n+9 receive\n"),
    (
        "skip-transition/ICMP-2",
        Some("I-117.3"),
        "+0 open active\n+0 < icmp protocol-unreachable\n+9 receive\n",
    ),
    ("ignore/ICMP-2", None, "+0 open active\n+0 < icmp host-unreachable\n+9 receive\n"),
    ("ignore/ICMP-2", None, "+0 open active\n+0 < icmp port-unreachable snd.nxt+9\n+9 receive\n"),
    ("ignore/ICMP-2", None, "+0 open active\n+0 < S.\n+0 send 9\n+0 < icmp port-unreachable\n+9 receive\n"),
    ("ignore/ICMP-2", None, "+0 open active\n+0 < S\n+0 < icmp port-unreachable\n+9 receive\n"),
    (
        "ignore/ICMP-2",
        Some("I-117.3"),
        "+0 open active\n+0 < icmp port-unreachable\n+0 open active\n+9 receive\n",
    ),
    (
        "permitted/acknowledge-at-once",
        None,
        "+0 open active\n+0 < icmp port-unreachable\n+0 open active\n+9 receive\n",
    ),
    // Numbers go back within seconds, or after so long that a fast clock may have gone round.
    (
        "initial-number/goes-back",
        Some("I-115"),
        "+0 open passive\n+0 < S\n+0 < R 1\n+2 < S 5000\n+0 receive\n",
    ),
    ("initial-number/goes-back", None, "+0 open passive\n+0 < S\n+0 < R 1\n+31 < S 5000\n+0 receive\n"),
    // The clock alone shows in three pairs of sockets; two may agree by chance.
    (
        "initial-number/clock-alone",
        Some("I-115.2"),
        "+0 open passive\n+0 < S\n+1 @2 < S\n+1 @3 < S\n+0 receive\n",
    ),
    ("initial-number/clock-alone", None, "+0 open passive\n+0 < S\n+1 @2 < S\n+1 @2 < R 1\n+1 @2 < S 9\n"),
];

const OPEN: &str = "+0 open passive\n+0 < S\n+0 < .\n";

/// Each row with what it begins with.
fn rows() -> impl Iterator<Item = (Row, &'static str)> {
    let opened = ROWS.iter().map(|row| (*row, OPEN));
    opened.chain(WHOLE.iter().map(|row| (*row, "")))
}

/// The stories in which something can be said.
pub(super) fn stories() -> impl Iterator<Item = Scenario> {
    rows().filter(|((_, rule, _), _)| rule.is_some()).map(|((_, _, story), opening)| {
        let text = format!("tcpspec 1\n\nscenario shown\n\n{opening}{story}");
        scenario::parse_one(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    })
}

#[test]
fn a_fault_is_objected_to_where_the_story_goes_on_for_long_enough() {
    for ((name, rule, story), opening) in rows() {
        let run = play(&mut *faulty(name), opening, story);
        assert_eq!(broken(&run), rule, "{name}: {:?}\n{opening}{story}\n{}", run.verdict, run.trace);
        let run = play(&mut Reference::new(), opening, story);
        assert_eq!(broken(&run), None, "{:?}\n{opening}{story}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn who_hears_of_no_icmp_or_of_a_soft_error_may_ask_again() {
    let text = "tcpspec 1\n\nscenario told\n\n+0 open active\n+0 < icmp protocol-unreachable\n+9 receive\n";
    let story = scenario::parse_one(text).expect("a story");
    let goes_on = |stack: &mut dyn Stack, family| {
        let run = bench::run_watched(stack, &story, family, Some(&mut Monitor::new()));
        assert!(run.trace.to_string().matches("> S ").count() > 1, "{}", run.trace);
        broken(&run).map(str::to_owned)
    };
    // Over IPv6 it is a Parameter Problem that says so.
    assert_eq!(goes_on(&mut *faulty("ignore/ICMP-2"), Family::V4).as_deref(), Some("I-117.3"));
    assert_eq!(goes_on(&mut *faulty("ignore/ICMP-2"), Family::V6), None);
    assert_eq!(goes_on(&mut Smoltcp::new(), Family::V4), None);
}

#[test]
fn a_number_may_say_what_the_request_was_where_no_more_connections_fit() {
    let story = "+0 open passive\n+0 < S\n+0 < R 1\n+2 < S 5000\n+0 receive\n";
    let goes_back: Alter = |number, _, header| {
        header.seq = header.seq - if number == 1 { 1 << 29 } else { 0 };
        1
    };
    for (most, rule) in [(0, None), (9, Some("I-115"))] {
        let run = play(&mut *declares(Choice::Backlog(most), goes_back), "", story);
        assert_eq!(broken(&run), rule, "{most}: {:?}\n{}", run.verdict, run.trace);
    }
}

#[test]
fn a_number_that_follows_time_wait_without_a_pause_is_above_the_old_ones_and_need_not_follow_the_clock() {
    let reopens: fn(&mut Profile) = |profile| profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber;
    // A second is 250000 ticks: a thousand is above what was used, and slower than the clock.
    let alter: Alter = |number, _, header| {
        let again = number > 0 && header.ctl.has(Control::SYN);
        header.seq = header.seq - if again { 249_000 } else { 0 };
        1
    };
    let opening = "+0 open passive\n+0 < S\n+0 < .\n";
    let in_time_wait = "+0 close\n+0 < F.\n+1 < S peer.nxt+1000\n+0 receive\n";
    for (story, rule) in [(in_time_wait, None), ("+0 < R\n+1 < S peer.nxt+1000\n+0 receive\n", Some("I-115"))]
    {
        let run = play(&mut altered(reopens, alter), opening, story);
        assert_eq!(broken(&run), rule, "{:?}\n{}", run.verdict, run.trace);
        assert_eq!(run.trace.to_string().matches("> S. ").count(), 2, "{}", run.trace);
    }
}

#[test]
fn what_comes_from_the_own_address_of_the_stack_may_be_dropped_or_taken_for_a_peer_of_its_own() {
    let asks = |from: &str| format!("+0 open passive\n+0 < S from {from}\n+1 receive\n");
    let speaks = |from: &str| format!("+0 < . 5 ack 5 from {from}\n+1 close\n");
    for (story, rule) in [(asks("other"), "I-035"), (speaks("other"), "I-032")] {
        let run = play(&mut *deaf(|_| true), "", &story);
        assert_eq!(broken(&run), Some(rule), "{:?}\n{}", run.verdict, run.trace);
    }
    for story in [asks("stack"), speaks("stack")] {
        for stack in [&mut *deaf(|_| true), &mut Reference::new(), &mut Smoltcp::new()] {
            let run = play(stack, "", &story);
            assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
        }
    }
    // If it is answered, then as anybody would be.
    let wrong: Alter = |_, _, header| {
        header.seq += u32::from(header.ctl.has(Control::RST));
        1
    };
    let run = play(&mut *alters(wrong), "", &speaks("stack"));
    assert_eq!(broken(&run), Some("I-120"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn what_a_host_says_to_itself_need_not_be_seen() {
    for (peer, rule) in [("stack", None), ("other", Some("P-01"))] {
        let mut stack = altered(|_| {}, |_, _, _| 1);
        stack.hasty = true;
        let story = format!("connection 1 peer={peer}\n\n+0 open active\n+0 < P 1(10)\n+0 receive\n");
        let run = play(&mut stack, "", &story);
        assert_eq!(broken(&run), rule, "{:?}\n{}", run.verdict, run.trace);
    }
}
