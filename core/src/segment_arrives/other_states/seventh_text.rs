//! Seventh, process the segment text (RFC 9293 §3.10.7.4 step 7, §3.8.6.3).

use super::Idealized;
use crate::event::{CallError, Signal};
use crate::extensions;
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::Control;
use crate::segment_arrives::Check;
use crate::state::State;
use crate::tcb::octets;

/// Takes text that is next in sequence, holds text above a gap.
pub(super) fn seventh_process_text(step: &mut Processing<'_>, segment: &Idealized<'_>) -> Check {
    if !step.tcb.state.accepts_text() {
        if !segment.text.is_empty() {
            step.fire(Rule::Text7);
        }
        return Check::Passed;
    }
    let released = release_what_waited_for_established(step);
    if released == 0 && segment.text.is_empty() {
        return Check::Passed;
    }
    // A CLOSE that waited for the handshake comes before the text that waited with it.
    if step.tcb.profile.half_duplex_close && step.tcb.state != State::Established {
        return text_after_close(step);
    }
    if segment.text.is_empty() {
        return Check::Passed;
    }
    // No SYN is left here: the first check cut off an old one, and the fourth ends with any other.
    let start = segment.seq;
    let end = start + octets(segment.text.len());
    if segment.ctl.has(Control::PSH) {
        let push = step.tcb.rcv.push.map_or(end, |push| push.later(end));
        step.tcb.rcv.push = Some(push);
    }
    if segment.repeats || step.tcb.reassembly.overlaps(start, end) {
        step.fire(Rule::Text6);
    }
    let nxt = step.tcb.rcv.nxt;
    if start.gt(nxt) {
        step.fire(Rule::Text5);
        step.tcb.reassembly.hold(start, segment.text);
        extensions::note_arrival_above_gap(step.tcb, start);
        step.acknowledge(AckDue::Now);
    } else if end.gt(nxt) {
        // What waited for ESTABLISHED may have covered the front of this text.
        take(step, segment, &segment.text[nxt.since(start) as usize..]);
    }
    Check::Passed
}

/// Text that is next in sequence, and whatever it makes contiguous.
fn take(step: &mut Processing<'_>, segment: &Idealized<'_>, text: &[u8]) {
    let tcb = &mut *step.tcb;
    let gap = !tcb.reassembly.is_empty();
    tcb.receive_queue.extend(text);
    let len = octets(text.len());
    advance(step, len);
    let tcb = &mut *step.tcb;
    // Nothing can follow a FIN in order; what is held behind it is none of this stream's text.
    let last = segment.ctl.has(Control::FIN);
    let released = if last { 0 } else { tcb.reassembly.release(tcb.rcv.nxt, &mut tcb.receive_queue) };
    advance(step, released);
    step.fire(if segment.ctl.has(Control::PSH) { Rule::Text2 } else { Rule::Text1 });
    if step.tcb.rcv.wnd == 0 {
        step.fire(Rule::Text3);
    }
    if released > 0 {
        step.fire(Rule::Text4);
    }
    if step.actions.rules.has(Rule::Ack4) {
        step.fire(Rule::Text9);
    }
    // At least every second full-sized segment is acknowledged at once (SHLD-19), and a gap that closes always is
    // (RFC 5681 §4.2).
    step.tcb.unacknowledged += len + released;
    let two_segments = 2 * u32::from(step.tcb.profile.announced_mss);
    let at_once = gap || step.tcb.unacknowledged >= two_segments;
    step.acknowledge(if at_once { AckDue::Now } else { AckDue::Soon });
}

/// RCV.NXT moves over text; the right edge of the window stays where it is.
fn advance(step: &mut Processing<'_>, len: u32) {
    let rcv = &mut step.tcb.rcv;
    rcv.nxt += len;
    rcv.wnd = rcv.wnd.saturating_sub(len);
}

/// Text that came with the SYN counts from ESTABLISHED on (§3.5, §3.10.7.2). Returns how many octets that were.
fn release_what_waited_for_established(step: &mut Processing<'_>) -> u32 {
    let tcb = &mut *step.tcb;
    let released = tcb.reassembly.release(tcb.rcv.nxt, &mut tcb.receive_queue);
    if released > 0 {
        step.fire(Rule::Text9);
        advance(step, released);
        step.acknowledge(AckDue::Now);
    }
    released
}

/// A host whose users cannot read after CLOSE tells the peer that its text is lost (SHLD-3).
fn text_after_close(step: &mut Processing<'_>) -> Check {
    step.fire(Rule::Text8);
    let seq = step.tcb.snd.nxt;
    step.close_connection(CallError::ConnectionReset);
    step.send_reset(seq);
    step.signal(Signal::ConnectionReset);
    Check::Done
}
