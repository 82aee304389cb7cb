//! Sixth, check the URG bit (RFC 9293 §3.10.7.4 step 6, §3.8.5).

use super::Idealized;
use crate::calls::consumed;
use crate::event::Signal;
use crate::processing::Processing;
use crate::rule::Rule;

/// RCV.UP only moves forward; the user is told whenever it does (MUST-32, which step 6 would limit to the first
/// time).
pub(super) fn sixth_check_urg(step: &mut Processing<'_>, segment: &Idealized<'_>) {
    let Some(urgent) = segment.urgent else { return };
    if !step.tcb.state.accepts_text() {
        return step.fire(Rule::Urg4);
    }
    if step.tcb.rcv.wnd == 0 {
        step.fire(Rule::Urg5);
    }
    let ahead = urgent.gt(consumed(step.tcb));
    match step.tcb.rcv.up {
        _ if !ahead => step.fire(Rule::Urg3),
        Some(up) if urgent.le(up) => step.fire(Rule::Urg2),
        _ => {
            step.fire(Rule::Urg1);
            step.tcb.rcv.up = Some(urgent);
            step.signal(Signal::UrgentText);
        }
    }
}
