//! SEGMENT ARRIVES in the CLOSED state (RFC 9293 §3.10.7.1).

use crate::processing::Processing;
use crate::rule::Rule;
use crate::segment::{Control, Segment};

/// No connection: everything but a RST is answered with a RST; text is discarded.
pub(super) fn arrives(step: &mut Processing<'_>, segment: &Segment<'_>) {
    if segment.has(Control::RST) {
        return step.fire(Rule::Closed1);
    }
    if segment.has(Control::ACK) {
        step.fire(Rule::Closed3);
    } else {
        step.fire(Rule::Closed2);
        match (segment.ctl.has(Control::SYN), segment.ctl.has(Control::FIN), segment.text.is_empty()) {
            (true, false, true) => step.fire(Rule::Closed4),
            (false, false, _) => step.fire(Rule::Closed5),
            (true, true, _) => step.fire(Rule::Closed6),
            (true, false, false) | (false, true, _) => {}
        }
    }
    step.send_reset_for(segment);
}
