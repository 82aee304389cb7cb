//! SEND (RFC 9293 §3.10.2).

use core::time::Duration;

use crate::calls::open;
use crate::event::{CallError, Outcome, Remote};
use crate::output;
use crate::processing::Processing;
use crate::rule::Rule;
use crate::state::State;
use crate::tcb::octets;

/// The parameters of SEND.
pub(super) struct Request<'a> {
    pub(super) text: &'a [u8],
    pub(super) push: bool,
    pub(super) urgent: bool,
    pub(super) timeout: Option<Duration>,
    pub(super) remote: Remote,
}

/// SEND: text is queued whole or refused whole; what may go, goes when the step ends.
pub(super) fn send(step: &mut Processing<'_>, request: &Request<'_>) {
    let full = step.tcb.send_queue.len() + request.text.len() > step.tcb.profile.send_buffer as usize;
    match step.tcb.state {
        State::Closed => {
            step.fire(Rule::Send2);
            step.refuse(CallError::DoesNotExist);
        }
        State::Listen if request.remote == Remote::Unspecified => {
            step.fire(Rule::Send4);
            step.refuse(CallError::RemoteSocketUnspecified);
        }
        State::Listen if request.remote == Remote::Invalid => {
            step.fire(Rule::Open4);
            step.refuse(CallError::RemoteSocketInvalid);
        }
        State::Listen if full => {
            step.fire(Rule::Send5);
            step.refuse(CallError::InsufficientResources);
        }
        State::Listen => {
            step.fire(Rule::Send3);
            open::request_connection(step);
            queue(step, request);
        }
        State::SynSent | State::SynReceived if step.tcb.snd.close_queued => closing(step),
        State::SynSent | State::SynReceived if full => {
            step.fire(Rule::Send7);
            step.refuse(CallError::InsufficientResources);
        }
        State::SynSent | State::SynReceived => {
            step.fire(Rule::Send6);
            queue(step, request);
        }
        State::Established | State::CloseWait if step.tcb.snd.close_queued => closing(step),
        State::Established | State::CloseWait if full => {
            step.fire(Rule::Send10);
            step.refuse(CallError::InsufficientResources);
        }
        State::Established | State::CloseWait => {
            queue(step, request);
            if output::send_new_text(step) {
                step.fire(Rule::Send9);
            }
        }
        State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait => {
            closing(step);
        }
    }
}

/// The user has closed: nothing more may be sent (§3.10.2, also for a CLOSE that is still queued).
fn closing(step: &mut Processing<'_>) {
    step.fire(Rule::Send12);
    step.refuse(CallError::ConnectionClosing);
}

fn queue(step: &mut Processing<'_>, request: &Request<'_>) {
    let Request { text, push, urgent, timeout, remote: _ } = *request;
    let tcb = &mut *step.tcb;
    tcb.send_queue.extend(text);
    let end = tcb.send_queue_start() + octets(tcb.send_queue.len());
    if push {
        tcb.snd.push = end;
    }
    if urgent && !text.is_empty() {
        // The urgent pointer names the octet after the urgent text (MUST-62).
        tcb.snd.up = Some(end);
        step.fire(Rule::Send11);
    }
    if timeout.is_some() {
        step.tcb.user_timeout = timeout;
        step.stop(crate::event::Timer::User);
        step.fire(Rule::Send13);
    }
    step.reply(Outcome::Ok);
}
