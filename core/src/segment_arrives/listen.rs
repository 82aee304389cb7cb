//! SEGMENT ARRIVES in the LISTEN state (RFC 9293 §3.10.7.2).
//!
//! Left out: the security check (third check, first part). A SYN from another remote socket than the one named in
//! the OPEN never gets here; [`crate::host`] answers it.

use super::{Check, take_options_of_syn};
use crate::calls;
use crate::output;
use crate::processing::Processing;
use crate::rule::Rule;
use crate::segment::{Control, Segment, TextRange};
use crate::state::State;

/// The four checks, in order.
pub(super) fn arrives(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let checks = [first_check_rst, second_check_ack, third_check_syn, fourth_drop_the_rest];
    let _ = checks.iter().find(|check| check(step, segment) == Check::Done);
}

/// First, check for a RST: there is nothing to reset.
fn first_check_rst(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::RST) {
        return Check::Passed;
    }
    step.fire(Rule::Listen1);
    Check::Done
}

/// Second, check for an ACK: nothing was sent that it could acknowledge.
fn second_check_ack(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::ACK) {
        return Check::Passed;
    }
    step.fire(Rule::Listen2);
    step.send_reset(segment.ack);
    Check::Done
}

/// Third, check for a SYN: a connection request.
fn third_check_syn(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::SYN) {
        return Check::Passed;
    }
    step.fire(Rule::Listen5);
    calls::begin_incarnation(step);
    take_options_of_syn(step, segment);
    step.tcb.rcv.irs = segment.seq;
    step.tcb.rcv.nxt = segment.seq + 1;
    queue_what_came_with_the_syn(step, segment);
    step.enter(State::SynReceived);
    output::send_new(step, Control::SYN, TextRange::default());
    Check::Done
}

/// Text and controls other than SYN wait until ESTABLISHED (§3.10.7.2 third check, §3.10.7.3 fourth check).
///
/// Only the SYN is acknowledged meanwhile: whoever sent the rest will send it again, and nothing of it counts
/// before the handshake shows that the SYN was no old duplicate (§3.5).
pub(super) fn queue_what_came_with_the_syn(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let tcb = &mut *step.tcb;
    let active = tcb.state == State::SynSent;
    let fits = segment.text.len().min(tcb.rcv.wnd as usize);
    let (mut rule_text, mut rule_controls) = (Rule::Listen6, Rule::Listen7);
    if active {
        (rule_text, rule_controls) = (Rule::SynSent12, Rule::SynSent12);
    }
    tcb.reassembly.hold(tcb.rcv.nxt, &segment.text[..fits]);
    if segment.has(Control::FIN) && segment.text.len() < tcb.rcv.wnd as usize {
        tcb.reassembly.hold_fin(segment.end() - 1);
    }
    if segment.has(Control::URG) {
        let up = segment.seq + u32::from(segment.up);
        tcb.rcv.up = Some(up).filter(|up| up.gt(tcb.rcv.nxt));
    }
    if segment.has(Control::PSH) && fits > 0 {
        tcb.rcv.push = Some(tcb.rcv.nxt + crate::tcb::octets(fits));
    }
    if !segment.text.is_empty() {
        step.fire(rule_text);
    }
    if segment.has(Control::FIN) || segment.has(Control::URG) {
        step.fire(rule_controls);
    }
}

/// Fourth: without SYN the segment cannot be valid.
fn fourth_drop_the_rest(step: &mut Processing<'_>, _segment: &Segment<'_>) -> Check {
    step.fire(Rule::Listen9);
    Check::Done
}
