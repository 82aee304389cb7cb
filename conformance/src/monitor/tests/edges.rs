//! Beginnings and ends of connections: what the user is told of them, and when they may be given up. Each story that is
//! objected to stands beside one that is not.

use tcpspec_core::{Control, SeqNumber};

use super::altered::{Alter, altered, broken, play};
use super::near::{OPEN, check};

const PASSIVE: &str = "+0 open passive\n";
const ACTIVE: &str = "+0 open active\n";
/// The receive buffer has one octet more than the window field can say.
const ROOM_BEYOND_THE_FIELD: &str = "setup buffer=65536\n\n+0 open passive\n+0 < S\n+0 < .\n";
const HALF_OPEN: &str = "+0 open passive\n+0 < S\n";

#[test]
fn what_the_user_is_told_of_connections_that_are_no_more_or_not_yet() {
    check(&[
        ("signal/refusal-never", Some("I-073"), ACTIVE, "+0 < S\n+0 < R\n+0 receive\n"),
        // Whoever has called CLOSE waits for nothing.
        ("signal/refusal-never", None, ACTIVE, "+0 < S\n+0 close\n+0 < R\n+0 receive\n"),
        (
            "signal/user-timeout-never",
            Some("I-073"),
            OPEN,
            "+0 set user-timeout 5\n+0 send 10\n+40 receive\n",
        ),
        (
            "signal/user-timeout-never",
            None,
            OPEN,
            "+0 set user-timeout 5\n+0 send 10\n+0 close\n+40 receive\n",
        ),
        // V-60: a half-open connection may be handed out, its text may not.
        (
            "signal/open-before-it-is",
            None,
            HALF_OPEN,
            "+0 receive\n+0 send 10\n+0 < .\n+0 < P. (10)\n+0 receive\n+1 receive\n",
        ),
        ("signal/open-before-it-is", None, HALF_OPEN, "+0 receive\n+0 < R\n+0 receive\n+0 < S\n+0 receive\n"),
        (
            "text/of-a-syn-before-the-connection-opens",
            Some("P-01"),
            "+0 open passive\n+0 < S 0(10)\n",
            "+0 receive\n+0 < .\n+0 < P. (5)\n+0.5 receive\n",
        ),
        // SEND where nobody is, and to a connection that the listening socket has got.
        ("user/send-without-connection", Some("I-074.2"), PASSIVE, "+0 send 10\n"),
        ("user/send-without-connection", Some("I-074.2"), OPEN, "+0 abort\n+0 send 10\n"),
        ("user/send-without-connection", None, OPEN, "+0 send 10\n"),
        // OPEN of a pair whose connection is there, and of one whose connection was refused.
        ("user/open-twice", Some("I-074"), "+0 open active\n+0 < S.\n", "+0 open active\n"),
        ("user/open-twice", None, ACTIVE, "+0 < R. ack snd.nxt\n+0 open active\n"),
    ]);
}

#[test]
fn a_connection_that_was_reset_before_anybody_had_it_is_nobodys() {
    // The user comes after the reset.
    check(&[
        ("user/reset-reported-as-no-connection", None, OPEN, "+0 < R\n+0 receive\n"),
        ("user/reset-reported-as-no-connection", Some("I-073"), OPEN, "+0 send 10\n+0 < R\n+0 receive\n"),
        // The first reset may lie in the true window (V-45) and have ended it; that nothing is told says that it has not.
        (
            "user/reset-reported-as-no-connection",
            Some("I-073"),
            ROOM_BEYOND_THE_FIELD,
            "+0 < R rcv.edge\n+0 receive\n+0 < R rcv.nxt\n+0 receive\n",
        ),
    ]);
}

#[test]
fn who_answers_the_probes_of_a_closed_window_is_not_given_up() {
    let opening = "+0 open passive\n+0 < S\n+0 < . win 0\n+0 send 10\n";
    // Probes are sent after one second, two, four and so on; this one is sent as a reset.
    let gives_up: Alter = |number, _, header| {
        if number == 8 {
            (header.ctl, header.ack) = (Control::RST, SeqNumber(0));
        }
        usize::from(number <= 8)
    };
    let answered = "+20 < . ack 1 win 0\n".repeat(6) + "+10 < R\n";
    let run = play(&mut altered(|_| {}, gives_up), opening, &answered);
    assert_eq!(broken(&run), Some("I-108.2"), "{:?}\n{}", run.verdict, run.trace);
    // Nobody answers, and R2 is over; or the user has said how long to wait.
    let run = play(&mut altered(|_| {}, gives_up), opening, "+130 < R\n");
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
    let limited = format!("+0 set user-timeout 60\n{answered}");
    let run = play(&mut altered(|_| {}, gives_up), opening, &limited);
    assert_eq!(broken(&run), None, "{:?}\n{}", run.verdict, run.trace);
}
