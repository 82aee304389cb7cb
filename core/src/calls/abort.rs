//! ABORT (RFC 9293 §3.10.5).

use crate::event::{CallError, Outcome};
use crate::processing::Processing;
use crate::rule::Rule;
use crate::state::State;

/// ABORT: everything queued is given up; the peer is told where it might still care.
pub(super) fn abort(step: &mut Processing<'_>) {
    let (rule, reset) = match step.tcb.state {
        State::Closed => {
            step.fire(Rule::Abort2);
            return step.refuse(CallError::DoesNotExist);
        }
        State::Listen => (Rule::Abort3, None),
        State::SynSent => (Rule::Abort4, None),
        State::SynReceived | State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
            (Rule::Abort5, Some(step.tcb.snd.nxt))
        }
        State::Closing | State::LastAck | State::TimeWait => (Rule::Abort6, None),
    };
    step.fire(rule);
    step.close_connection(CallError::ConnectionReset);
    if let Some(seq) = reset {
        step.send_reset(seq);
    }
    step.reply(Outcome::Ok);
}
