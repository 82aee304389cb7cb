//! What is sent, and what the user is told, close to what is objected to: rows of a table, each beside the one that is.

use std::time::Duration;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Control, Profile, SeqNumber};

use super::altered::{Alter, altered, broken, play};
use crate::stack::Stack;
use crate::stack::faulty::{self, Faulty};

pub(super) const OPEN: &str = "+0 open passive\n+0 < S\n+0 < .\n";
const SCALED: &str = "+0 open passive\n+0 < S <mss 1460,nop,wscale 7>\n+0 < .\n";

const FROM_NEAR_ZERO: &str = "setup peer.iss=4294967258\n\n+0 open passive\n+0 < S\n+0 < .\n";

/// The stack with the fault of this name.
pub(super) fn faulty(name: &str) -> Faulty {
    Faulty::new(faulty::all().iter().find(|fault| fault.name == name).expect("a fault of this name"))
}

#[test]
fn a_fault_is_objected_to_where_it_shows_and_nowhere_near() {
    let table: &[(&str, Option<&str>, &str, &str)] = &[
        // Cut up, with more waiting and room for it.
        ("mss/small-segments-only", Some("I-088.2"), OPEN, "+0 send 3000\n+1 receive\n"),
        // Half of the window is no more than that; nothing more waits; the user speaks up again in between.
        (
            "mss/small-segments-only",
            None,
            OPEN,
            "+0 < . win 150\n+0 send 90\n+0 send 90\n+0 < . ack 91\n+1 receive\n",
        ),
        ("mss/small-segments-only", None, OPEN, "+0 send 90\n+0 < . ack 91\n+0 send 90\n+1 receive\n"),
        // Out of the window, or without ACK.
        ("acknowledge-instead-of-silence/SEQ-10", Some("I-046"), OPEN, "+0 < R peer.nxt-10\n+1 receive\n"),
        ("acknowledge-instead-of-silence/SEQ-10", None, OPEN, "+0 < . peer.nxt-10\n+1 receive\n"),
        ("acknowledge-instead-of-silence/ACK-1", Some("I-054"), OPEN, "+0 < P 1(10)\n+1 receive\n"),
        ("acknowledge-instead-of-silence/ACK-1", None, OPEN, "+0 < P peer.nxt-10(5)\n+1 receive\n"),
        ("permitted/text-above-a-gap-not-kept", None, OPEN, "+0 < P 5(10)\n+1 receive\n"),
        // The user's timeout, with a word from the peer and without; and before it is long over.
        ("timer-never/user", Some("I-107"), OPEN, "+0 set user-timeout 5\n+0 send 10\n+40 receive\n"),
        ("timer-never/user", None, OPEN, "+0 set user-timeout 5\n+0 send 10\n+10 receive\n"),
        ("timer-never/user", None, OPEN, "+0 set user-timeout 5\n+0 send 10\n+4 < .\n+20 receive\n"),
        ("timer-never/user", None, OPEN, "+0 send 10\n+40 receive\n"),
        // ACCEPT.
        ("user/accept-never", Some("I-030.2"), OPEN, "+0 receive\n"),
        ("user/accept-never", None, "+0 open passive\n+0 < S\n", "+0 receive\n"),
        // Urgent text that the user has already read is no news.
        ("signal/urgent-text-never", Some("I-112.2"), OPEN, "+0 < PU. (10) urg 10\n+0 report\n"),
        ("signal/urgent-text-never", None, OPEN, "+0 < PU. (10) urg 10\n+0 receive 10\n+0 report\n"),
        (
            "signal/end-of-urgent-text-never",
            None,
            OPEN,
            "+0 < PU. (10) urg 10\n+0 report\n+0 receive 5\n+0 report\n",
        ),
        // What a connection announced that is gone is nobody's news, wherever its numbers began.
        (
            "signal/end-of-urgent-text-never",
            None,
            FROM_NEAR_ZERO,
            "+0 < PU. (10) urg 10\n+0 report\n+0 < R\n+0 report\n",
        ),
        (
            "signal/end-of-urgent-text-never",
            Some("I-112.3"),
            FROM_NEAR_ZERO,
            "+0 < PU. (10) urg 10\n+0 report\n+0 < P. (10)\n+0 receive\n+0 receive\n+0 report\n",
        ),
        // A SYN on a connection need not be looked at.
        (
            "signal/end-of-urgent-text-never",
            None,
            OPEN,
            "+0 < PU. (10) urg 10\n+0 report\n+0 < P. (10)\n+0 < SU. urg 15\n+0 receive\n+0 receive\n+0 < P. (20)\n+0 receive\n+0 report\n",
        ),
        // What opens the connection may have announced it already; what is not looked at may not.
        (
            "signal/urgent-text-told-once-only",
            None,
            "+0 open passive\n+0 < S\n",
            "+0 < PU. (10) urg 20\n+0 report\n+0 < PU. (10) urg 10\n+0 report\n",
        ),
        // An error that quotes nothing that is under way is nobody's trouble.
        (
            "signal/delivery-trouble-never",
            Some("I-117"),
            OPEN,
            "+0 send 10\n+0 < icmp host-unreachable\n+0 report\n",
        ),
        ("signal/delivery-trouble-never", None, OPEN, "+0 < icmp host-unreachable\n+0 report\n"),
        // Of two errors the user may be told twice.
        (
            "call/error-reports-not-switched-off",
            None,
            OPEN,
            "+0 send 10\n+0 < icmp host-unreachable\n+0 < icmp host-unreachable\n+0 report\n+0 set error-reports off\n+0 report\n",
        ),
        // A reset over the whole window may be trimmed, and is then exact, whatever became of one inside the window.
        (
            "permitted/segment-over-the-whole-window-trimmed",
            None,
            OPEN,
            "+0 < P. (10)\n+0 send 100\n+0.000001 < SR. rcv.last\n+0 < R. peer.nxt-10(5000)\n+3 < .\n",
        ),
        // Trouble of timeouts may have been there before the user said so; an error that comes afterwards may not.
        (
            "call/error-reports-not-switched-off",
            None,
            OPEN,
            "+0 send 10\n+10 set error-reports off\n+0 < icmp host-unreachable\n+0 report\n",
        ),
        (
            "call/error-reports-not-switched-off",
            Some("I-117.2"),
            OPEN,
            "+0 send 10\n+0 set error-reports off\n+0 < icmp host-unreachable\n+0 report\n",
        ),
        // What comes after the user has said that it does not want to know, though there was some to be told before.
        (
            "signal/delivery-trouble-never",
            None,
            OPEN,
            "+0 send 10\n+0 < icmp host-unreachable\n+0 set error-reports off\n+0 < icmp host-unreachable\n+0 report\n",
        ),
        ("signal/delivery-trouble-never", None, OPEN, "+0 send 10\n+0 < icmp source-quench\n+0 report\n"),
        // A SYN that crossed ours says as well whether windows are scaled.
        (
            "scaling/shift-in-an-answer-to-none",
            Some("I-096"),
            "+0 open active\n+0 < S <mss 1460>\n",
            "+0 receive\n",
        ),
        (
            "scaling/shift-in-an-answer-to-none",
            None,
            "+0 open active\n+0 < S <mss 1460,nop,wscale 0>\n",
            "+0 receive\n",
        ),
        // A FIN above a gap is in no block.
        (
            "signal/urgent-text-never",
            None,
            "+0 open passive\n+0 < S <mss 1460,nop,nop,sackOK>\n+0 < .\n",
            "+0 < F. 2\n+0 < . 3(1)\n+0 < . 1(1)\n+0.1 receive\n",
        ),
        // Another incarnation has its own.
        (
            "signal/urgent-text-never",
            None,
            OPEN,
            "+0 < R rcv.nxt\n+0 < S peer.nxt+1 <mss 1460,nop,wscale 2>\n+0.1 receive\n",
        ),
        ("option/no-mss-on-a-syn", Some("I-095.2"), "+0 open active\n", "+0 receive\n"),
        ("option/no-mss-on-a-syn", None, SCALED, "+0 receive\n"),
    ];
    check(table);
}

/// Tells each story to the stack with the fault: the rule is broken, or none.
pub(super) fn check(table: &[(&str, Option<&str>, &str, &str)]) {
    let mut wrong = Vec::new();
    for (name, rule, opening, story) in table {
        let run = play(&mut faulty(name) as &mut dyn Stack, opening, story);
        if broken(&run) != *rule {
            wrong.push(format!("{name}: expected {rule:?}, {:?}\n{story}\n{}", run.verdict, run.trace));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_packet_repeated_as_it_was_acknowledges_what_it_did_and_no_less() {
    let profile: fn(&mut Profile) = |profile| profile.delayed_ack = None;
    // The third packet answers the peer's text, or is the user's; what is repeated comes after it.
    let old: Alter = |number, _, header| {
        if number > 2 {
            header.ack = SeqNumber(1001);
        }
        1
    };
    let run = play(&mut altered(profile, old), OPEN, "+0 send 10\n+0 < P. 1(10)\n+1.5 receive\n");
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    let run = play(&mut altered(profile, old), OPEN, "+0 < P. 1(10)\n+0 send 10\n+1.5 receive\n");
    assert_eq!(broken(&run), Some("I-082"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn an_open_that_succeeds_says_that_the_reset_before_it_counted() {
    let obeys: fn(&mut Profile) = |profile| {
        profile.exact_resets = false;
        profile.challenge_limit = Some((1, Duration::from_secs(1)));
    };
    // The one challenge of this second has been sent: silence might be that of a throttle (V-12).
    let story = "+0 < F.\n+0.2 < F. peer.nxt-1\n+0 < R rcv.nxt+1\n+0 open active\n+0.01 < S. rcv.nxt-1\n\
                 +0 < R. rcv.nxt+1\n+0 < . rcv.nxt(10)\n+0.1 receive\n";
    let run = play(&mut altered(obeys, |_, _, _| 1), "+0 open active\n+0 < S.\n", story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    // The first one counted: this one must, too, and what comes after it meets no connection.
    let answers: Alter = |number, _, header| usize::from(number < 5 || !header.ctl.has(Control::RST));
    let run = play(&mut altered(obeys, answers), "+0 open active\n+0 < S.\n", story);
    assert_eq!(broken(&run), Some("I-032"), "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn whose_socket_a_connection_is_that_follows_another_without_a_pause_is_not_said() {
    let story =
        "+0 close\n+0 < . 1 ack 2\n+0 < F. 1 ack 2\n+2msl-0.001 < F. 1 ack 2\n+0 < S\n+0 < .\n+0 send 10\n";
    let reopens: fn(&mut Profile) = |profile| profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber;
    let run = play(&mut altered(reopens, |_, _, _| 1), OPEN, story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}

#[test]
fn the_text_of_a_syn_on_a_connection_is_not_held() {
    let extended: fn(&mut Profile) = |profile| {
        *profile = Profile { delayed_ack: None, ..Profile::extended() };
    };
    // The FIN has the number that the last octet of the refused SYN had.
    let story = "+0 < . 31(10)\n+1 < S. (100)\n+0 < S\n+0 < .\n+0 < P. 11(10)\n+0 < F. 21\n+0.6 < P. 1(10)\n";
    let opening = "+0 open passive\n+0 < S <mss 1460,nop,nop,sackOK>\n";
    let run = play(&mut altered(extended, |_, _, _| 1), opening, story);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}
