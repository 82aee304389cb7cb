//! OPEN (RFC 9293 §3.10.1).

use crate::event::{CallError, Outcome, Remote};
use crate::output;
use crate::processing::Processing;
use crate::rule::Rule;
use crate::segment::{Control, TextRange};
use crate::state::State;
use crate::tcb::{Origin, ReceiveSequence, SendSequence};

/// OPEN without the active flag.
pub(super) fn open_passive(step: &mut Processing<'_>, remote: Remote) {
    match (step.tcb.state, remote) {
        (State::Closed | State::Listen, Remote::Invalid) => {
            step.fire(Rule::Open4);
            step.refuse(CallError::RemoteSocketInvalid);
        }
        (State::Closed, _) => {
            step.fire(Rule::Open5);
            step.tcb.user_timeout = step.tcb.profile.user_timeout;
            step.tcb.origin = Origin::Passive;
            step.enter(State::Listen);
            step.reply(Outcome::Ok);
        }
        // A second listener on the port is another record, which the host makes or refuses (MUST-41).
        (State::Listen, _) => {
            step.fire(Rule::Open11);
            step.refuse(CallError::AlreadyExists);
        }
        _ => already_exists(step),
    }
}

/// OPEN with the active flag.
pub(super) fn open_active(step: &mut Processing<'_>, remote: Remote) {
    match (step.tcb.state, remote) {
        (State::Closed | State::Listen, Remote::Invalid) => {
            step.fire(Rule::Open4);
            step.refuse(CallError::RemoteSocketInvalid);
        }
        (State::Closed, Remote::Unspecified) => {
            step.fire(Rule::Open6);
            step.refuse(CallError::RemoteSocketUnspecified);
        }
        (State::Closed, Remote::Specified) => {
            step.fire(Rule::Open7);
            step.tcb.user_timeout = step.tcb.profile.user_timeout;
            request_connection(step);
            step.reply(Outcome::Ok);
        }
        (State::Listen, Remote::Unspecified) => {
            step.fire(Rule::Open9);
            step.refuse(CallError::RemoteSocketUnspecified);
        }
        (State::Listen, Remote::Specified) => {
            step.fire(Rule::Open8);
            request_connection(step);
            step.reply(Outcome::Ok);
        }
        _ => already_exists(step),
    }
}

fn already_exists(step: &mut Processing<'_>) {
    step.fire(Rule::Open12);
    step.refuse(CallError::AlreadyExists);
}

/// Sends `<SEQ=ISS><CTL=SYN>` and enters SYN-SENT. Text waits until the connection is open.
pub(super) fn request_connection(step: &mut Processing<'_>) {
    step.tcb.origin = Origin::Active;
    begin_incarnation(step);
    step.enter(State::SynSent);
    output::send_new(step, Control::SYN, TextRange::default());
}

/// Chooses the initial send sequence number and offers the whole receive buffer (§3.4.1).
pub(crate) fn begin_incarnation(step: &mut Processing<'_>) {
    let iss = step.context.iss;
    let tcb = &mut *step.tcb;
    let mss = tcb.profile.default_mss;
    tcb.snd = SendSequence { una: iss, nxt: iss, iss, push: iss, mss, ..SendSequence::default() };
    // A SYN can offer no more than 65,535 octets: its window is never scaled (RFC 7323 §2.2).
    let wnd = tcb.profile.receive_buffer.min(u16::MAX.into());
    tcb.rcv = ReceiveSequence { wnd, ..ReceiveSequence::default() };
}
