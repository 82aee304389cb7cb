//! Eighth, check the FIN bit (RFC 9293 §3.10.7.4 step 8).

use super::Idealized;
use crate::event::{CallError, Signal, Timer};
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::Control;
use crate::state::State;
use crate::tcb::octets;

/// Takes a FIN that is next in sequence, holds one above a gap.
pub(super) fn eighth_check_fin(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    let fin = segment.ctl.has(Control::FIN);
    if !step.tcb.state.accepts_text() {
        if fin {
            fin_after_fin(step);
        }
        return;
    }
    let number = segment.seq + octets(segment.text.len());
    let in_order = fin && number == step.tcb.rcv.nxt;
    if in_order && !segment.text.is_empty() {
        step.fire(Rule::Fin4);
    } else if fin && !in_order {
        step.fire(Rule::Fin12);
        step.tcb.reassembly.hold_fin(number);
        step.acknowledge(AckDue::Now);
    }
    // A FIN in order counts whatever was held: a peer that sent text past it contradicts itself.
    if step.tcb.reassembly.release_fin(step.tcb.rcv.nxt) || in_order {
        take_fin(step);
    }
}

/// The peer has nothing more to send.
fn take_fin(step: &mut Processing<'_>) {
    step.signal(Signal::ConnectionClosing);
    let rcv = &mut step.tcb.rcv;
    rcv.nxt += 1;
    rcv.wnd = rcv.wnd.saturating_sub(1);
    rcv.fin = true;
    step.tcb.reassembly.clear();
    step.acknowledge(AckDue::Now);
    match step.tcb.state {
        State::Established => {
            let opened_by_this_segment = step.actions.rules.has(Rule::Ack4);
            step.fire(if opened_by_this_segment { Rule::Fin2 } else { Rule::Fin3 });
            step.enter(State::CloseWait);
        }
        State::FinWait1 => {
            step.fire(Rule::Fin6);
            step.enter(State::Closing);
        }
        State::FinWait2 => {
            // The same segment may have acknowledged our FIN: figure 5's note 2, in two small steps.
            let acknowledged_just_now = step.actions.rules.has(Rule::Ack12);
            step.fire(if acknowledged_just_now { Rule::Fin5 } else { Rule::Fin7 });
            step.enter_time_wait();
        }
        _ => {}
    }
}

/// A FIN beyond the one that was taken: no state changes, and RCV.NXT does not count it again (V-48).
fn fin_after_fin(step: &mut Processing<'_>) {
    step.acknowledge(AckDue::Now);
    step.fire(row_of_a_further_fin(step.tcb.state));
    if step.tcb.state == State::TimeWait {
        restart_time_wait(step);
    } else {
        step.fire(Rule::Fin14);
    }
}

/// What the eighth check says about a FIN after the first, in the states that can see one.
pub(super) const fn row_of_a_further_fin(state: State) -> Rule {
    match state {
        State::Closing => Rule::Fin9,
        State::LastAck => Rule::Fin10,
        State::TimeWait => Rule::Fin11,
        _ => Rule::Fin8,
    }
}

/// The peer's FIN came again: its sender has not seen our acknowledgment and needs another 2 MSL at most.
pub(super) fn restart_time_wait(step: &mut Processing<'_>) {
    let lifetimes = step.tcb.profile.msl.saturating_mul(2);
    step.arm(Timer::TimeWait, lifetimes);
}

/// After the FIN no text can come: RECEIVEs still queued are answered (§3.10.7.4 step 8).
pub(super) fn end_queued_receives(step: &mut Processing<'_>) {
    if step.tcb.rcv.fin {
        step.fail_receives(CallError::ConnectionClosing);
    }
}
