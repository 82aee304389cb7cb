//! CLOSE (RFC 9293 §3.10.4): "I have no more to send". Receiving goes on until the peer closes too.

use crate::event::{CallError, Outcome};
use crate::processing::Processing;
use crate::rule::Rule;
use crate::state::State;

/// CLOSE.
pub(super) fn close(step: &mut Processing<'_>) {
    let tcb = &*step.tcb;
    let unread = tcb.profile.half_duplex_close && !tcb.receive_queue.is_empty();
    match tcb.state {
        State::Closed => {
            step.fire(Rule::Close2);
            step.refuse(CallError::DoesNotExist);
        }
        State::Listen => {
            step.fire(Rule::Close3);
            step.close_connection(CallError::ConnectionClosing);
            step.reply(Outcome::Ok);
        }
        State::SynSent => {
            step.fire(Rule::Close4);
            step.close_connection(CallError::ConnectionClosing);
            step.reply(Outcome::Ok);
        }
        State::SynReceived | State::CloseWait if tcb.snd.close_queued => closing_already(step, Rule::Close9),
        State::SynReceived if tcb.send_queue.is_empty() => {
            step.fire(Rule::Close5);
            step.tcb.snd.close_queued = true;
            step.enter(State::FinWait1);
            step.reply(Outcome::Ok);
        }
        State::SynReceived => {
            step.fire(Rule::Close6);
            step.tcb.snd.close_queued = true;
            step.reply(Outcome::Ok);
        }
        State::Established | State::CloseWait if unread => {
            // What is unread will never be read: the peer must learn of the loss (SHLD-3).
            step.fire(Rule::Close13);
            let seq = step.tcb.snd.nxt;
            step.close_connection(CallError::ConnectionClosing);
            step.send_reset(seq);
            step.reply(Outcome::Ok);
        }
        State::Established => {
            step.fire(if tcb.unsent() == 0 { Rule::Close7 } else { Rule::Close8 });
            begin_close(step);
            step.reply(Outcome::Ok);
        }
        State::CloseWait => {
            step.fire(if tcb.unsent() == 0 { Rule::Close10 } else { Rule::Close11 });
            step.tcb.snd.close_queued = true;
            step.reply(Outcome::Ok);
        }
        State::FinWait1 | State::FinWait2 => closing_already(step, Rule::Close9),
        State::Closing | State::LastAck | State::TimeWait => closing_already(step, Rule::Close12),
    }
}

fn closing_already(step: &mut Processing<'_>, rule: Rule) {
    step.fire(rule);
    step.refuse(CallError::ConnectionClosing);
}

/// FIN-WAIT-1 begins at once; the FIN follows the queued text.
fn begin_close(step: &mut Processing<'_>) {
    step.tcb.snd.close_queued = true;
    step.enter(State::FinWait1);
}

/// The connection has opened: a CLOSE that was queued in SYN-RECEIVED takes effect.
pub(crate) fn begin_queued_close(step: &mut Processing<'_>) {
    if step.tcb.snd.close_queued {
        begin_close(step);
    }
}
