//! SEGMENT ARRIVES in the SYN-SENT state (RFC 9293 §3.10.7.3).
//!
//! Left out: the security check (third check). The sequence number test that RFC 9293 prints for a RST is deleted
//! by erratum 8167: RCV.NXT has no value yet.

use super::listen::queue_what_came_with_the_syn;
use super::{Check, enter_established, other_states, take_options_of_syn};
use crate::event::{CallError, Signal};

use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::{Control, Segment, TextRange};
use crate::state::State;

/// The five checks, in order.
pub(super) fn arrives(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let checks = [first_check_ack, second_check_rst, fourth_check_syn, fifth_drop_the_rest];
    let _ = checks.iter().find(|check| check(step, segment) == Check::Done);
}

/// First, check the ACK bit: an acknowledgment of anything but our SYN shows a segment of another connection.
fn first_check_ack(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::ACK) {
        return Check::Passed;
    }
    let snd = &step.tcb.snd;
    if segment.ack.gt(snd.iss) && segment.ack.le(snd.nxt) {
        step.fire(Rule::SynSent3);
        return Check::Passed;
    }
    if segment.has(Control::RST) {
        step.fire(Rule::SynSent2);
    } else {
        step.fire(if segment.has(Control::SYN) { Rule::SynSent15 } else { Rule::SynSent1 });
        step.send_reset(segment.ack);
    }
    Check::Done
}

/// Second, check the RST bit: only one that acknowledges our SYN counts.
fn second_check_rst(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::RST) {
        return Check::Passed;
    }
    if segment.has(Control::SYN) {
        step.fire(Rule::SynSent16);
    }
    if segment.has(Control::ACK) {
        step.fire(Rule::SynSent4);
        step.close_connection(CallError::ConnectionReset);
        step.signal(Signal::ConnectionReset);
    } else {
        step.fire(Rule::SynSent5);
    }
    Check::Done
}

/// Fourth, check the SYN bit: the answer to our request, or a request that crossed it.
fn fourth_check_syn(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::SYN) {
        return Check::Passed;
    }
    take_options_of_syn(step, segment);
    step.tcb.rcv.irs = segment.seq;
    step.tcb.rcv.nxt = segment.seq + 1;
    let snd = &mut step.tcb.snd;
    // The window of a SYN is never scaled (RFC 7323 §2.2).
    snd.wnd = segment.wnd.into();
    snd.max_wnd = snd.wnd;
    snd.wl1 = segment.seq;
    snd.wl2 = segment.ack;
    if segment.has(Control::ACK) {
        our_request_was_answered(step, segment);
    } else {
        requests_crossed(step, segment);
    }
    Check::Done
}

/// SYN,ACK: ESTABLISHED, and what came with it is processed from the sixth check on.
fn our_request_was_answered(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let plain = segment.text.is_empty() && !segment.has(Control::FIN) && !segment.has(Control::URG);
    step.fire(if plain { Rule::SynSent8 } else { Rule::SynSent9 });
    other_states::acknowledge_text(step, segment.ack);
    enter_established(step);
    step.acknowledge(AckDue::Now);
    if !plain {
        other_states::process_text_of_syn(step, segment);
    }
}

/// A SYN without ACK: simultaneous open (MUST-10). From now on SYN,ACK is what is sent and sent again.
fn requests_crossed(step: &mut Processing<'_>, segment: &Segment<'_>) {
    step.fire(Rule::SynSent11);
    queue_what_came_with_the_syn(step, segment);
    step.enter(State::SynReceived);
    let iss = step.tcb.snd.iss;
    // The number is sent for the second time: its acknowledgment measures nothing (Karn).
    step.tcb.retransmission.sent_again();
    step.transmit_with_acknowledgment(iss, Control::SYN, TextRange::default());
    // The SYN,ACK is a transmission of its own and gets a whole timeout.
    let timeout = step.tcb.retransmission.timeout(&step.tcb.profile);
    step.arm(crate::event::Timer::Retransmission, timeout);
}

/// Fifth: neither SYN nor RST.
fn fifth_drop_the_rest(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    step.fire(if segment.has(Control::ACK) { Rule::SynSent13 } else { Rule::SynSent14 });
    Check::Done
}
