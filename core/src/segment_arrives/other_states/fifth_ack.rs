//! Fifth, check the ACK field (RFC 9293 §3.10.7.4 step 5; RFC 5961 §5).

use super::Idealized;
use crate::event::{CallError, Signal, Timer};
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::Control;
use crate::segment_arrives::{Check, enter_established};
use crate::seq::SeqNumber;
use crate::state::State;

/// Takes the acknowledgment and the window, then whatever the state does with them.
pub(super) fn fifth_check_ack(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    if !segment.ctl.has(Control::ACK) {
        step.fire(Rule::Ack1);
        if segment.ctl.has(Control::FIN) {
            step.fire(Rule::Fin13);
        }
        return Check::Done;
    }
    let closed_before_open = step.tcb.syn_outstanding() && step.tcb.state == State::FinWait1;
    if step.tcb.state == State::SynReceived {
        if syn_received(step, segment) == Check::Done {
            return Check::Done;
        }
    } else if below_any_acknowledgment_in_flight(step, segment) == Check::Done {
        return Check::Done;
    }
    if as_in_established(step, segment) == Check::Done {
        return Check::Done;
    }
    match step.tcb.state {
        State::FinWait1 if closed_before_open && step.tcb.syn_outstanding() => {
            // The user closed before the handshake was over. What this segment carries is unverified (ACK-24).
            step.fire(Rule::Ack24);
            Check::Done
        }
        State::FinWait1 => fin_wait_1(step, closed_before_open),
        State::FinWait2 => {
            step.fire(Rule::Ack14);
            Check::Passed
        }
        State::CloseWait => {
            step.fire(Rule::Ack15);
            Check::Passed
        }
        State::Closing => closing(step),
        State::LastAck => last_ack(step),
        State::TimeWait => time_wait(step, segment),
        State::Closed | State::Listen | State::SynSent | State::SynReceived | State::Established => {
            Check::Passed
        }
    }
}

/// RFC 5961 §5: what no peer of this connection can have sent is discarded and answered (MAY-12).
fn below_any_acknowledgment_in_flight(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    let oldest = step.tcb.snd.una - step.tcb.snd.max_wnd;
    if !step.tcb.profile.acknowledgment_range || segment.ack.ge(oldest) {
        return Check::Passed;
    }
    step.fire(Rule::Ack2);
    step.challenge();
    Check::Done
}

/// SYN-RECEIVED: the acknowledgment of our SYN opens the connection, any other is reset.
fn syn_received(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    let snd = &step.tcb.snd;
    if snd.una.lt(segment.ack) && segment.ack.le(snd.nxt) {
        step.fire(Rule::Ack4);
        take_window(step, segment);
        enter_established(step);
        return Check::Passed;
    }
    if step.ack == AckDue::Now {
        // A closed window refused the segment and the first check answers it; only a valid acknowledgment passes.
        return Check::Done;
    }
    // The rule of the state goes before the range of RFC 5961 §5, which would acknowledge instead (V-46).
    step.fire(if step.tcb.profile.acknowledgment_range { Rule::Ack3 } else { Rule::Ack5 });
    step.fire(Rule::Ack5);
    step.send_reset(segment.ack);
    Check::Done
}

/// ESTABLISHED, and the part of it that every later state shares.
fn as_in_established(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    let before = (step.tcb.snd.una, step.tcb.snd.wnd);
    if segment.ack.gt(step.tcb.snd.nxt) {
        let last = matches!(step.tcb.state, State::LastAck | State::TimeWait);
        step.fire(if last { Rule::Ack9 } else { Rule::Ack8 });
        step.acknowledge(AckDue::Now);
        return Check::Done;
    }
    let handshake_was_open = step.tcb.syn_outstanding();
    if segment.ack.gt(before.0) {
        step.fire(Rule::Ack6);
        let text = acknowledge_text(step, segment.ack);
        path_delivered(step, text);
    } else {
        step.fire(Rule::Ack7);
        path_may_have_lost(step, segment);
    }
    if handshake_was_open && !step.tcb.syn_outstanding() {
        take_window(step, segment);
        step.tcb.reopened = None;
        signal_urgent_text_of_the_syn(step);
    } else if segment.ack.ge(before.0) && !handshake_was_open {
        // Before our SYN is acknowledged no window was ever set, so none is older or newer (SND.WL1 is unset).
        update_window(step, segment);
    }
    let opened = before.1 == 0 && step.tcb.snd.wnd > 0 && !handshake_was_open;
    let recovering = step.tcb.retransmission.recover.is_some() && step.tcb.snd.una != before.0;
    if step.tcb.outstanding() && (opened || recovering) {
        // What the closed window refused, or what was lost with the segment that timed out, goes at once.
        step.retransmit = true;
        restart_retransmission_timer(step);
    }
    Check::Passed
}

/// An urgent pointer that came with the peer's SYN waited for the connection to open (§3.10.7.2, MUST-32).
fn signal_urgent_text_of_the_syn(step: &mut Processing<'_>) {
    if step.tcb.rcv.up.is_some() {
        step.fire(Rule::Urg1);
        step.signal(Signal::UrgentText);
    }
}

/// SND.UNA moves to `ack`: acknowledged text leaves the queue, measurements end, timers start over.
///
/// Returns the octets of text among what was acknowledged.
pub(in crate::segment_arrives) fn acknowledge_text(step: &mut Processing<'_>, ack: SeqNumber) -> u32 {
    let now = step.context.now;
    let tcb = &mut *step.tcb;
    let syn = tcb.syn_outstanding();
    let fin = tcb.snd.fin.is_some_and(|fin| tcb.snd.una.le(fin) && ack.gt(fin));
    let text = ack.since(tcb.snd.una) - u32::from(syn) - u32::from(fin);
    tcb.send_queue.drain(..text as usize);
    tcb.snd.una = ack;
    tcb.snd.syn = false;
    tcb.snd.up = tcb.snd.up.filter(|up| up.gt(ack));
    tcb.retransmission.acknowledged(ack, now, &tcb.profile);
    if syn {
        tcb.retransmission.syn_acknowledged();
    }
    restart_retransmission_timer(step);
    step.stop(Timer::User);
    text
}

/// Congestion control learns that text has arrived (RFC 5681 §3.1, RFC 6582 §3.2).
fn path_delivered(step: &mut Processing<'_>, text: u32) {
    let tcb = &mut *step.tcb;
    let (una, flight, smss) = (tcb.snd.una, tcb.text_in_flight(), tcb.effective_mss());
    let lost =
        tcb.congestion.as_mut().is_some_and(|congestion| congestion.acknowledged(text, una, flight, smss));
    step.retransmit |= lost && flight > 0;
}

/// Congestion control learns of a duplicate acknowledgment: empty, of what is in flight, with the window unchanged (RFC
/// 5681 §2). The answers to probes of a closed window look the same and tell of no loss.
fn path_may_have_lost(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    let tcb = &mut *step.tcb;
    let snd = &tcb.snd;
    let (una, nxt, flight, smss) = (snd.una, snd.nxt, tcb.text_in_flight(), tcb.effective_mss());
    let repeated = segment.empty && segment.ack == una && segment.wnd == snd.wnd;
    let duplicate = repeated && snd.wnd > 0 && flight > 0;
    if let Some(congestion) = tcb.congestion.as_mut().filter(|_| duplicate) {
        step.retransmit |= congestion.duplicate(una, nxt, flight, smss);
    }
}

/// RFC 6298 §5.3: a new acknowledgment gives the rest a whole timeout.
fn restart_retransmission_timer(step: &mut Processing<'_>) {
    if step.tcb.outstanding() {
        let timeout = step.tcb.retransmission.timeout(&step.tcb.profile);
        step.arm(Timer::Retransmission, timeout);
    } else {
        step.stop(Timer::Retransmission);
    }
}

/// SND.WND from a segment that is not older than the last one that set it.
fn update_window(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    let snd = &step.tcb.snd;
    let newer = snd.wl1.lt(segment.seq) || (snd.wl1 == segment.seq && snd.wl2.le(segment.ack));
    if newer {
        step.fire(Rule::Ack10);
        take_window(step, segment);
    } else {
        step.fire(Rule::Ack11);
    }
    if step.tcb.snd.wnd == 0 {
        // A peer that keeps its window closed but answers is alive (MUST-37).
        step.stop(Timer::User);
    }
}

fn take_window(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    let snd = &mut step.tcb.snd;
    snd.wnd = segment.wnd;
    snd.max_wnd = snd.max_wnd.max(snd.wnd);
    snd.wl1 = segment.seq;
    snd.wl2 = segment.ack;
}

fn fin_wait_1(step: &mut Processing<'_>, closed_before_open: bool) -> Check {
    let acknowledged = step.tcb.fin_acknowledged();
    if closed_before_open {
        step.fire(if acknowledged { Rule::Ack23 } else { Rule::Ack22 });
    }
    if acknowledged {
        step.fire(Rule::Ack12);
        step.enter(State::FinWait2);
    } else {
        step.fire(Rule::Ack13);
    }
    Check::Passed
}

fn closing(step: &mut Processing<'_>) -> Check {
    if step.tcb.fin_acknowledged() {
        step.fire(Rule::Ack16);
        step.enter_time_wait();
    } else {
        step.fire(Rule::Ack17);
    }
    Check::Done
}

fn last_ack(step: &mut Processing<'_>) -> Check {
    if step.tcb.fin_acknowledged() {
        step.fire(Rule::Ack18);
        step.hand_over_unread_text();
        step.close_connection(CallError::ConnectionClosing);
    } else {
        step.fire(Rule::Ack19);
        step.fire(Rule::Ack25);
    }
    Check::Done
}

/// TIME-WAIT: the FIN of the peer was dealt with in the first check; an empty acknowledgment is not answered, for
/// two ends in TIME-WAIT would never stop.
fn time_wait(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    step.fire(if segment.ctl.has(Control::FIN) { Rule::Ack20 } else { Rule::Ack21 });
    Check::Passed
}
