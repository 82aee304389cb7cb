//! STATUS (RFC 9293 §3.10.6). The rest of what STATUS may tell is the record itself, which the caller owns.

use crate::event::{CallError, Outcome};
use crate::processing::Processing;
use crate::rule::Rule;
use crate::state::State;

/// STATUS.
pub(super) fn status(step: &mut Processing<'_>) {
    match step.tcb.state {
        State::Closed => {
            step.fire(Rule::Status2);
            step.refuse(CallError::DoesNotExist);
        }
        state => {
            step.fire(Rule::Status3);
            step.reply(Outcome::Status(state));
        }
    }
}
