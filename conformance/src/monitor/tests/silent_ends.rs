//! What is said against a stack that was silent, where its connection might have ended without a word.

use super::Monitor;
use crate::bench::{self, Family};
use crate::scenario;
use crate::stack::Stack;
use crate::stack::reference::Reference;
use crate::stack::smoltcp::Smoltcp;

/// The rule and the state that the monitor names for a story.
fn objection(stack: &mut dyn Stack, steps: &str) -> String {
    let story = scenario::parse_one(&format!("tcpspec 1\n\nscenario a\n{steps}")).expect("valid");
    let run = bench::run_watched(stack, &story, Family::V4, Some(&mut Monitor::new()));
    let cause = run.verdict.failure().and_then(|failure| failure.cause.clone());
    cause.map_or_else(|| "nothing".to_owned(), |cause| cause.to_string())
}

#[test]
fn silence_is_blamed_and_not_what_a_connection_that_had_been_given_up_would_have_answered() {
    // smoltcp drops a segment with an old acknowledgment and is silent. After two minutes it might have given up.
    let steps = "+0 open active\n+0 < S.\n+0 send 1\n+120 < . (1) ack 0\n";
    for next in ["+0 abort\n", "+0 < . (1)\n", "+1 receive\n"] {
        assert_eq!(
            objection(&mut Smoltcp::new(), &format!("{steps}{next}")),
            "I-103 ESTABLISHED: ACK with text at RCV.NXT, old acknowledgment: no acknowledgment within 0.5 s",
            "{next}"
        );
        assert_eq!(objection(&mut Reference::new(), &format!("{steps}{next}")), "nothing", "{next}");
    }
}

#[test]
fn silence_is_blamed_and_not_what_a_connection_would_have_answered_that_a_reset_past_the_offer_had_ended() {
    // smoltcp is silent on a SYN,ACK in the window.
    let steps =
        "setup receive.buffer=70000\n+0 open active\n+0 < S.\n+0 < R rcv.last+1\n+0 < S.\n+1 receive\n";
    assert_eq!(
        objection(&mut Smoltcp::new(), steps),
        "I-051 ESTABLISHED: SYN,ACK at RCV.NXT: no acknowledgment at once"
    );
    assert_eq!(objection(&mut Reference::new(), steps), "nothing");
}

#[test]
fn a_reset_in_the_window_that_ended_the_connection_is_not_blamed_for_its_silence() {
    // smoltcp's reset for a segment without control bits lacks the acknowledgment.
    let steps = "+0 open active\n+0 < S.\n+0 < R rcv.last\n+0 < -\n";
    assert_eq!(
        objection(&mut Smoltcp::new(), steps),
        "I-080 CLOSED: no control bits: a reset of the wrong form"
    );
}
