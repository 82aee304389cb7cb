//! Keep-alives on or off for one connection (RFC 9293 §3.8.4, MUST-24, MUST-27).

use core::time::Duration;

use crate::event::{CallError, Outcome, Timer};
use crate::processing::Processing;
use crate::state::State;
use crate::tcb::KeepAlive;

/// Probes the connection after so long without a segment from the peer, or never.
pub(super) fn keep_alive(step: &mut Processing<'_>, interval: Option<Duration>) {
    if step.tcb.state == State::Closed {
        return step.refuse(CallError::DoesNotExist);
    }
    step.tcb.keep_alive = interval.map(|interval| KeepAlive { interval, unanswered: 0 });
    // The interval counts from here.
    step.stop(Timer::KeepAlive);
    step.reply(Outcome::Ok);
}
