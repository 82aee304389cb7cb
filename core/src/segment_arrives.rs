//! SEGMENT ARRIVES (RFC 9293 §3.10.7): one file per state that has its own subsection, the numbered checks in the
//! RFC's order, one function each.

use crate::congestion::Congestion;
use crate::extensions;
use crate::options;
use crate::processing::Processing;
use crate::rule::Rule;
use crate::segment::{Control, Integrity, Segment};
use crate::state::State;

mod closed;
mod listen;
mod other_states;
mod syn_sent;

/// Whether a segment goes on to the next check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Check {
    /// On to the next check.
    Passed,
    /// Dealt with, or dropped.
    Done,
}

/// Takes a segment through the checks of the state it meets.
pub(crate) fn segment_arrives(step: &mut Processing<'_>, segment: &Segment<'_>) {
    if check_header(step, segment) == Check::Done {
        return;
    }
    let state = step.tcb.state;
    match state {
        State::Closed => closed::arrives(step, segment),
        State::Listen => listen::arrives(step, segment),
        State::SynSent => syn_sent::arrives(step, segment),
        _ => other_states::arrives(step, segment),
    }
    let no_sequence_to_check = matches!(state, State::Closed | State::Listen | State::SynSent);
    if no_sequence_to_check && step.tcb.state == state && segment.has(Control::FIN) {
        step.fire(Rule::Fin1);
    }
}

/// What has to be right before any state looks at the segment (§3.1).
fn check_header(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    match segment.integrity {
        Integrity::BadChecksum => {
            step.fire(Rule::Pre1);
            return Check::Done;
        }
        Integrity::BadDataOffset => {
            step.fire(Rule::Pre4);
            return Check::Done;
        }
        Integrity::Sound => {}
    }
    for option in options::walk(segment.options) {
        match option {
            Ok(options::TcpOption::Unknown { .. }) => step.fire(Rule::Pre6),
            // The rest of the list is ignored and the segment processed: of the outcomes that the RFC allows, the
            // one that a forged option cannot use against the connection (MUST-7, V-51).
            Err(_) => step.fire(Rule::Pre5),
            Ok(_) => {}
        }
    }
    if segment.reserved != 0 {
        step.fire(Rule::Pre7);
    }
    Check::Passed
}

/// Takes SendMSS from the options of the peer's SYN (§3.7.1, MUST-14, MUST-15), and what both ends agree on.
fn take_options_of_syn(step: &mut Processing<'_>, segment: &Segment<'_>) {
    if let Some(mss) = options::maximum_segment_size(segment.options) {
        step.tcb.snd.mss = mss;
    }
    extensions::agree(step, segment);
}

/// The connection is open: ESTABLISHED begins, queued calls take effect (§3.10.4, §3.10.7.4 step 5).
fn enter_established(step: &mut Processing<'_>) {
    step.enter(State::Established);
    let tcb = &mut *step.tcb;
    extensions::offer_the_whole_buffer(tcb);
    let syn_was_lost = tcb.retransmission.syn_timed_out || tcb.retransmission.cautious;
    let begin = || Congestion::begin(tcb.effective_mss(), syn_was_lost, step.context.now);
    tcb.congestion = tcb.profile.congestion_control.then(begin);
    step.signal(crate::event::Signal::Established);
    crate::calls::begin_queued_close(step);
}
