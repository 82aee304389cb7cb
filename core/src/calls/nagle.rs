//! Nagle's algorithm on or off for one connection (RFC 9293 §3.7.4, MUST-17).

use crate::event::{CallError, Outcome};
use crate::processing::Processing;
use crate::state::State;

/// Lets short segments wait for the acknowledgment of others, or go at once: what may go now, goes when the step ends.
pub(super) fn nagle(step: &mut Processing<'_>, on: bool) {
    if step.tcb.state == State::Closed {
        return step.refuse(CallError::DoesNotExist);
    }
    step.tcb.profile.nagle = on;
    step.reply(Outcome::Ok);
}
