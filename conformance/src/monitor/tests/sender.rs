//! What a sender and the window it meets make of each other, close to what is objected to: rows of a table, each beside
//! the one that is.

use super::near::{OPEN, check};

const CONTROLLED: &str = "setup congestion=on\n\n+0 open passive\n+0 < S\n+0 < .\n";
const WITHOUT_NAGLE: &str = "setup nagle=off\n\n+0 open passive\n+0 < S\n+0 < .\n";
const NARROW: &str = "+0 open passive\n+0 < S\n+0 < .\n+0 < P. (10)\n+0 < P. (10) win 10\n";
const SCALED: &str = "+0 open passive\n+0 < S <mss 536,nop,wscale 7>\n+0 < .\n";
/// Six segments are under way, sent without waiting for each other.
const SIX: &str = "setup congestion=on nagle=off\n\n+0 open passive\n+0 < S\n+0 < .\n+0 send 100\n+0 send 100\n\
                   +0 send 100\n+0 send 100\n+0 send 100\n+0 send 100\n";
/// Four segments are under way, as large as the peer takes.
const FOUR: &str = "setup congestion=on\n\n+0 open passive\n+0 < S <mss 100>\n+0 < .\n+0 send 400\n";

#[test]
fn a_fault_of_the_sender_is_objected_to_where_it_shows_and_nowhere_near() {
    check(&[
        (
            "send/short-segments-wait-for-ever",
            Some("I-109.2"),
            WITHOUT_NAGLE,
            "+0 send 10\n+0 send 10\n+0.9 receive\n",
        ),
        // With Nagle's algorithm; with a window that holds the first alone.
        ("send/short-segments-wait-for-ever", None, OPEN, "+0 send 10\n+0 send 10\n+0.9 receive\n"),
        (
            "send/short-segments-wait-for-ever",
            None,
            WITHOUT_NAGLE,
            "+0 < . win 20\n+0 send 10\n+0 send 10\n+0.9 receive\n",
        ),
        // What waited before it was switched off may go on waiting; old acknowledgments say nothing of windows.
        (
            "send/short-segments-wait-for-ever",
            None,
            OPEN,
            "+0 send 10\n+0 send 10\n+0 set nagle off\n+0.9 receive\n",
        ),
        (
            "permitted/congestion-control",
            None,
            SIX,
            "+0 < . ack snd.old+1 win 0\n+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n",
        ),
        (
            "call/nagle-cannot-be-switched",
            Some("I-109.2"),
            OPEN,
            "+0 set nagle off\n+0 send 10\n+0 send 10\n+0.9 receive\n",
        ),
        (
            "call/nagle-cannot-be-switched",
            None,
            OPEN,
            "+0 set nagle on\n+0 send 10\n+0 send 10\n+0.9 receive\n",
        ),
        (
            "window/nothing-when-it-opens",
            Some("I-023.2"),
            OPEN,
            "+0 < . win 0\n+0.1 < .\n+0 send 3000\n+0.8 receive\n",
        ),
        (
            "window/nothing-when-it-opens",
            None,
            OPEN,
            "+0 < . win 0\n+0.1 < . win 0\n+0 send 3000\n+0.8 receive\n",
        ),
        (
            "scaling/windows-of-the-peer-unshifted",
            Some("I-023.2"),
            SCALED,
            "+0 < . win 10\n+0 send 3000\n+0.4 receive\n",
        ),
        ("scaling/windows-of-the-peer-unshifted", None, OPEN, "+0 < . win 10\n+0 send 3000\n+0.4 receive\n"),
        ("silly-window/filled-at-once", Some("I-109"), NARROW, "+0 send 3000\n+0 receive\n"),
        // All of it fits; the largest window is no larger.
        ("silly-window/filled-at-once", None, NARROW, "+0 send 10\n+0 receive\n"),
        (
            "silly-window/filled-at-once",
            None,
            "+0 open passive\n+0 < S win 10\n+0 < . win 10\n",
            "+0 send 3000\n+0 receive\n",
        ),
        ("permitted/short-segments-wait-100-ms", None, NARROW, "+0 send 3000\n+0.3 receive\n"),
        (
            "offer/one-octet-at-a-time",
            Some("I-110"),
            OPEN,
            "+0 < . (1460)\n+0 < . (1460)\n+0 < . (1176)\n+0 receive 10\n+0 receive 10\n",
        ),
        (
            "offer/one-octet-at-a-time",
            None,
            OPEN,
            "+0 < . (1460)\n+0 < . (1460)\n+0 < . (1176)\n+0 receive 2100\n",
        ),
        ("congestion/none", Some("I-123"), SIX, "+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n+0.5 receive\n"),
        ("congestion/none", None, SIX, "+0 < . ack 1\n+0 < . ack 1\n+0.5 receive\n"),
        (
            "congestion/none",
            None,
            SIX,
            "+0 < . ack 1 win 1000\n+0 < . ack 1 win 2000\n+0 < . ack 1 win 3000\n+0.5 receive\n",
        ),
        (
            "congestion/none",
            Some("I-114"),
            "setup congestion=on\n\n+0 open passive\n+0 < S <mss 100>\n+0 < .\n",
            "+0 send 1500\n",
        ),
        ("congestion/none", None, CONTROLLED, "+0 send 1500\n+0 send 1500\n"),
        ("congestion/the-second-duplicate-is-enough", Some("I-123"), SIX, "+0 < . ack 1\n+0 < . ack 1\n"),
        ("congestion/the-second-duplicate-is-enough", None, SIX, "+0 < . ack 1\n+0.9 receive\n"),
        (
            "congestion/every-duplicate-counts-as-the-third",
            Some("I-123.2"),
            SIX,
            "+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n",
        ),
        (
            "congestion/every-duplicate-counts-as-the-third",
            None,
            SIX,
            "+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n+2 receive\n",
        ),
        // The first timeout may be a probe of another algorithm; segments of a hundred octets may be part of one.
        ("congestion/timeout-sends-everything-again", Some("I-017"), FOUR, "+8 receive\n"),
        ("congestion/timeout-sends-everything-again", None, FOUR, "+2 receive\n"),
        ("congestion/timeout-sends-everything-again", None, FOUR, "+2 < . ack 101\n+2 receive\n"),
        ("congestion/timeout-sends-everything-again", None, SIX, "+8 receive\n"),
        (
            "congestion/window-updates-count",
            Some("I-123"),
            SIX,
            "+0 < . ack 1 win 1000\n+0 < . ack 1 win 2000\n+0 < . ack 1 win 3000\n",
        ),
        ("congestion/window-updates-count", None, SIX, "+0 < . ack 1\n+0 < . ack 1\n+0 < . ack 1\n"),
        (
            "keep-alive/traffic-does-not-put-it-off",
            Some("I-111"),
            OPEN,
            "+0 set keep-alive 10\n+0.1 < P. (10)\n+6 < P. (10)\n+6 receive\n",
        ),
        (
            "keep-alive/traffic-does-not-put-it-off",
            None,
            OPEN,
            "+0 set keep-alive 10\n+0.1 < P. (10)\n+6 < P. (10)\n+1 receive\n",
        ),
    ]);
}
