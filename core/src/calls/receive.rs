//! RECEIVE (RFC 9293 §3.10.3), and what reading does to the window (§3.8.6.2.2).

use crate::event::{Action, CallError, Outcome, Signal};
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::state::State;
use crate::tcb::{Tcb, octets};

/// RECEIVE: answered at once if text is there, else queued.
pub(super) fn receive(step: &mut Processing<'_>, max: u32) {
    let empty = step.tcb.receive_queue.is_empty();
    let no_room = step.tcb.receives.len() >= usize::from(step.tcb.profile.queued_receives);
    match step.tcb.state {
        State::Closed => {
            step.fire(Rule::Receive2);
            step.refuse(CallError::DoesNotExist);
        }
        State::Listen | State::SynSent | State::SynReceived if no_room => {
            step.fire(Rule::Receive4);
            step.refuse(CallError::InsufficientResources);
        }
        State::Listen | State::SynSent | State::SynReceived => {
            step.fire(Rule::Receive3);
            queue(step, max);
        }
        State::FinWait1 | State::FinWait2 if step.tcb.profile.half_duplex_close => {
            // Such a host's users cannot read once they have closed (MAY-1).
            step.refuse(CallError::ConnectionClosing);
        }
        State::Established | State::FinWait1 | State::FinWait2 if empty && no_room => {
            step.fire(Rule::Receive6);
            step.refuse(CallError::InsufficientResources);
        }
        State::Established | State::FinWait1 | State::FinWait2 if empty => {
            step.fire(Rule::Receive5);
            queue(step, max);
        }
        State::Established | State::FinWait1 | State::FinWait2 => {
            step.fire(Rule::Receive7);
            let received = read(step, max);
            step.reply(received);
        }
        State::CloseWait if !empty => {
            step.fire(Rule::Receive10);
            let received = read(step, max);
            step.reply(received);
        }
        State::CloseWait => {
            step.fire(Rule::Receive11);
            step.refuse(CallError::ConnectionClosing);
        }
        State::Closing | State::LastAck | State::TimeWait => {
            step.fire(Rule::Receive12);
            // Text that came before the FIN is still the user's (§3.6, §3.9.1.4); only then does the call fail.
            if empty {
                step.refuse(CallError::ConnectionClosing);
            } else {
                let received = read(step, max);
                step.reply(received);
            }
        }
    }
}

fn queue(step: &mut Processing<'_>, max: u32) {
    step.tcb.receives.push_back(max);
    step.reply(Outcome::Queued);
}

/// Answers queued RECEIVEs, oldest first, while there is text.
pub(crate) fn serve_queued_receives(step: &mut Processing<'_>) {
    while !step.tcb.receive_queue.is_empty() {
        let Some(max) = step.tcb.receives.pop_front() else { return };
        let received = read(step, max);
        step.actions.push(Action::Complete(received));
    }
}

/// Moves text to the user.
fn read(step: &mut Processing<'_>, max: u32) -> Outcome {
    let tcb = &mut *step.tcb;
    let from = consumed(tcb);
    // What follows the urgent text never shares a buffer with it: the boundary would be lost (§3.9.1.3).
    let urgent_left = tcb.rcv.up.filter(|up| up.gt(from)).map_or(u32::MAX, |up| up.since(from));
    let len = octets(tcb.receive_queue.len()).min(max).min(urgent_left);
    step.actions.take_from(&mut tcb.receive_queue, len as usize);
    let consumed = consumed(tcb);
    let push = tcb.rcv.push.is_some_and(|push| push.le(consumed));
    if push {
        tcb.rcv.push = None;
    }
    let urgent = tcb.rcv.up.is_some_and(|up| up.gt(consumed));
    if urgent {
        step.fire(Rule::Receive8);
    } else if step.tcb.rcv.up.take().is_some() {
        step.fire(Rule::Urg6);
        step.signal(Signal::UrgentTextEnds);
    }
    offer_freed_space(step);
    Outcome::Received { len, push, urgent }
}

/// The number after the last octet that the user has read.
pub(crate) fn consumed(tcb: &Tcb) -> crate::seq::SeqNumber {
    tcb.rcv.nxt - u32::from(tcb.rcv.fin) - octets(tcb.receive_queue.len())
}

/// Opens the window by what reading has freed, but not in small steps (MUST-39).
fn offer_freed_space(step: &mut Processing<'_>) {
    let tcb = &mut *step.tcb;
    if !tcb.state.accepts_text() {
        return;
    }
    let buffer = tcb.profile.receive_buffer;
    let free = buffer.saturating_sub(octets(tcb.receive_queue.len())).min(tcb.largest_window());
    let gain = free.saturating_sub(tcb.rcv.wnd);
    if gain > 0 && gain >= (buffer / 2).min(tcb.effective_mss()) {
        tcb.rcv.wnd = free;
        step.fire(Rule::Receive9);
        step.acknowledge(AckDue::Now);
    }
}
