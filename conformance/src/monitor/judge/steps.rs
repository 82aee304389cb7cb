//! What may follow when a segment arrives in SYN-RECEIVED or later (RFC 9293 §3.10.7.4).

use std::time::Duration;

use tcpspec_core::{Control, SeqNumber, State};

use super::arrive::Context;
use crate::monitor::arrival::Arrival;
use crate::monitor::hypothesis::{Ending, Hypotheses, Hypothesis, Reset, Why};
use crate::monitor::profile::{Brings, Side};

/// How certain it is that a segment passes the first check.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::monitor) enum Acceptable {
    Yes,
    No,
    Either,
    /// Only because this variation permits it.
    By(u32),
}

/// The first check: Table 6, for everything that RCV.NXT and the right edge may be.
pub(in crate::monitor) fn acceptable(
    hypothesis: &Hypothesis,
    segment: &Arrival,
    context: &Context<'_>,
) -> Acceptable {
    let (offered, room) = (context.offered(hypothesis), context.room(hypothesis));
    let mut seen = [false; 2];
    let inner = segment.seq.gt(hypothesis.nxt) && segment.seq.lt(hypothesis.nxt_most);
    let nxts = [hypothesis.nxt, hypothesis.nxt_most, segment.seq];
    let different = 1 + usize::from(hypothesis.nxt != hypothesis.nxt_most) + usize::from(inner);
    for &nxt in &nxts[..different] {
        for edge in [offered, room] {
            seen[usize::from(fits(nxt, edge.later(nxt), segment))] = true;
        }
    }
    // V-32: a FIN one past the edge, V-53: both ends outside.
    let fin_past = segment.has(Control::FIN) && segment.end_of_text() == offered.later(hypothesis.nxt);
    let straddles = segment.seq.lt(hypothesis.nxt_most) && reaches_past(offered, segment);
    match seen {
        [true, true] => Acceptable::Either,
        [true, false] if fin_past => Acceptable::By(32),
        [true, false] if straddles => Acceptable::By(53),
        [true, false] => Acceptable::No,
        [false, _] => Acceptable::Yes,
    }
}

/// Whether a segment that begins before this number goes on beyond it. One that begins half the sequence space away ends
/// on the other side of everything, and reaches nothing.
fn reaches_past(number: SeqNumber, segment: &Arrival) -> bool {
    segment.len() > number.since(segment.seq)
}

/// Table 6.
fn fits(nxt: SeqNumber, edge: SeqNumber, segment: &Arrival) -> bool {
    let window = edge.since(nxt);
    match (segment.len(), window) {
        (0, 0) => segment.seq == nxt,
        (_, 0) => false,
        (0, _) => segment.seq.in_window(nxt, window),
        (_, _) => segment.seq.in_window(nxt, window) || (segment.end() - 1).in_window(nxt, window),
    }
}

/// All that may follow.
pub(super) fn arrive(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.options.malformed {
        // V-51: whatever it is, it may be dropped, or the connection reset.
        out.push(hypothesis.excused_by(51));
        if !segment.has(Control::RST) {
            let ended = hypothesis.excused_by(51).closed(Ending::Reset);
            out.push(ended.owing_reset(context.ending(hypothesis.una, Why::IllegalOption, false)));
        }
    }
    if hypothesis.state == State::SynReceived && segment.has(Control::SYN) && segment.seq == hypothesis.irs {
        return syn_again(hypothesis, segment, context, out);
    }
    if hypothesis.state == State::TimeWait && segment.has(Control::SYN) && !segment.has(Control::RST) {
        return super::closing::syn_in_time_wait(hypothesis, segment, context, out);
    }
    let acceptable = acceptable(&hypothesis, segment, context);
    // Whoever offered less than there is room for is likelier to go by what was offered.
    let outside_first = segment.has(Control::RST) && acceptable != Acceptable::Yes;
    if outside_first {
        outside(hypothesis, segment, context, out);
    }
    match acceptable {
        Acceptable::No => {}
        Acceptable::Yes | Acceptable::Either => in_window(hypothesis, segment, context, out),
        Acceptable::By(variation) => in_window(hypothesis.excused_by(variation), segment, context, out),
    }
    if acceptable != Acceptable::Yes && !outside_first {
        outside(hypothesis, segment, context, out);
    }
}

/// The request that made the half-open connection, once more (V-4, V-5).
fn syn_again(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.has(Control::RST) {
        return out.push(hypothesis);
    }
    // With text or a FIN it reaches into the window: then Table 6 takes it, and the SYN is cut off.
    let reaches = acceptable(&hypothesis, segment, context) != Acceptable::No;
    if segment.has(Control::ACK) {
        if reaches && hypothesis.passive {
            fifth_ack(hypothesis, segment, context, out);
        }
        if hypothesis.passive {
            refuse(hypothesis, segment, context, out);
        } else {
            // V-4: figure 7 lets the SYN,ACK open the connection, unanswered, although Table 6 rejects it.
            fifth_ack(hypothesis.excused_by(4), segment, context, out);
        }
        return context.challenge(hypothesis, Why::Unacceptable, out);
    }
    context.challenge(hypothesis, Why::Unacceptable, out);
    let again = hypothesis.excused_by(5);
    out.push(Hypothesis { syn_ack: Some(context.at_once(Why::Request)), ..again });
    if reaches {
        // What is left of it has no ACK.
        out.push(hypothesis);
    }
}

/// The first check fails.
fn outside(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.has(Control::RST) {
        out.push(hypothesis);
        if segment.seq.ge(hypothesis.nxt)
            && segment.seq.le(hypothesis.nxt_most)
            && closed_window(&hypothesis, context)
        {
            // MUST-66 takes a reset at RCV.NXT whatever the window; SHLD-2 lets it carry text, Table 6 does not.
            second_rst(hypothesis, segment, context, out);
        }
        return;
    }
    let repeats_fin = hypothesis.state == State::TimeWait && segment.has(Control::FIN);
    let why = if repeats_fin { Why::TimeWait } else { Why::Unacceptable };
    let answered = hypothesis.owing_ack(context.at_once(why));
    // V-9: step 8 restarts the timer for a FIN that step 1 has dropped.
    let answered = if repeats_fin { super::closing::time_wait_again(answered, context) } else { answered };
    out.push(answered);
    refuse(hypothesis, segment, context, out);
    if !segment.has(Control::ACK) {
        out.push(hypothesis.excused_by(16));
    } else if context.throttled {
        out.push(hypothesis.excused_by(12));
    }
    let at_nxt = segment.seq.le(hypothesis.nxt_most) && segment.seq.ge(hypothesis.nxt - 1);
    if at_nxt
        && closed_window(&hypothesis, context)
        && !segment.has(Control::SYN)
        && segment.has(Control::ACK)
    {
        // The allowance of §3.4 for closed windows: the acknowledgment counts, the text does not (V-19).
        let bare = Arrival { text: 0, ctl: segment.ctl.without(Control::FIN), ..*segment };
        fifth_ack(answered.excused_by(19), &bare, context, out);
    }
}

/// Whether the window may be closed.
fn closed_window(hypothesis: &Hypothesis, context: &Context<'_>) -> bool {
    context.offered(hypothesis).le(hypothesis.nxt_most)
}

/// The first check passed.
fn in_window(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.has(Control::RST) {
        return second_rst(hypothesis, segment, context, out);
    }
    let syn_inside = segment.has(Control::SYN) && segment.seq.ge(hypothesis.nxt);
    if syn_inside {
        return fourth_syn(hypothesis, segment, context, out);
    }
    if segment.has(Control::SYN) {
        // The SYN lies left of the window, its text inside: challenged, or cut off.
        fourth_syn(hypothesis, segment, context, out);
    }
    if !segment.has(Control::ACK) {
        return out.push(hypothesis);
    }
    if !beyond(&hypothesis, segment) || !acknowledges(&hypothesis, segment.ack, context) {
        return fifth_ack(hypothesis, segment, context, out);
    }
    // V-38: what begins beyond RCV.NXT may be dropped whole, its acknowledgment with it.
    let (counts, dropped) = beyond_sides(&hypothesis, segment);
    let takes = hypothesis.takes | counts.bit();
    if crate::monitor::profile::is_consistent(takes) {
        fifth_ack(Hypothesis { takes, ..hypothesis }, segment, context, out);
    }
    push_taking(hypothesis.excused_by(38), dropped, out);
}

/// The two sides of the choice that a segment beyond RCV.NXT is about.
fn beyond_sides(hypothesis: &Hypothesis, segment: &Arrival) -> (Side, Side) {
    let brings = match (segment.text > 0, segment.has(Control::FIN)) {
        (true, true) => Brings::TextAndFin,
        (false, true) => Brings::Fin,
        (_, false) => Brings::Text,
    };
    if hypothesis.state == State::SynReceived {
        (Side::BeyondCountsHalfOpen(brings), Side::BeyondDroppedHalfOpen(brings))
    } else {
        (Side::BeyondCounts(brings), Side::BeyondDropped(brings))
    }
}

/// Whether a segment begins beyond what RCV.NXT may be and brings something.
pub(super) fn beyond(hypothesis: &Hypothesis, segment: &Arrival) -> bool {
    segment.seq.gt(hypothesis.nxt) && segment.len() > 0
}

/// The second check.
fn second_rst(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    let half_open = hypothesis.state == State::SynReceived;
    if half_open && hypothesis.reopens {
        // MAY-2 (2): back to the TIME-WAIT of a connection that is not followed any more.
        out.blind = true;
        return;
    }
    let (exact, window) = if half_open {
        (Side::ExactResetHalfOpen, Side::WindowResetHalfOpen)
    } else {
        (Side::ExactReset, Side::WindowReset)
    };
    let may_be_exact = segment.seq.ge(hypothesis.nxt) && segment.seq.le(hypothesis.nxt_most);
    let may_be_inexact = !may_be_exact || hypothesis.nxt != hypothesis.nxt_most;
    if may_be_exact {
        // RCV.NXT was there, if this is what resets.
        let at = hypothesis.nxt_is(segment.seq);
        if hypothesis.state == State::TimeWait {
            push_taking(at.excused_by(10), Side::TimeWaitIgnoresResets, out);
            push_taking(at.closed(Ending::Closed), Side::ResetEndsTimeWait, out);
        } else {
            out.push(reset(at));
        }
    }
    if may_be_inexact {
        if segment.seq.lt(hypothesis.nxt_most) {
            // Its text reaches into the window, so Table 6 takes it; its number lies outside, so step 2 drops it.
            out.push(hypothesis);
            // Trimmed to the window at both ends, it begins at RCV.NXT.
            if reaches_past(context.offered(&hypothesis), segment) && hypothesis.state != State::TimeWait {
                out.push(reset(hypothesis.excused_by(53)));
            }
        }
        if hypothesis.state == State::TimeWait {
            push_taking(hypothesis.closed(Ending::Closed), Side::ResetEndsTimeWait, out);
            push_taking(hypothesis.excused_by(10), Side::TimeWaitIgnoresResets, out);
            return context.challenge(hypothesis, Why::InexactReset, out);
        }
        push_challenged(hypothesis, Why::InexactReset, exact, context, out);
        push_taking(reset(hypothesis.excused_by(13)), window, out);
    }
}

/// What a valid reset does.
fn reset(hypothesis: Hypothesis) -> Hypothesis {
    hypothesis.closed(match hypothesis.state {
        // Back in LISTEN, and nobody need know (V-60).
        State::SynReceived if hypothesis.passive => Ending::None,
        State::SynReceived => Ending::Refused,
        State::Closing | State::LastAck | State::TimeWait => Ending::Closed,
        _ => Ending::Reset,
    })
}

/// Adds a hypothesis that takes one side of a choice, unless it took the other before.
pub(super) fn push_taking(hypothesis: Hypothesis, side: Side, out: &mut Hypotheses) {
    let takes = hypothesis.takes | side.bit();
    if crate::monitor::profile::is_consistent(takes) {
        out.push(Hypothesis { takes, ..hypothesis });
    }
}

/// The same for an acknowledgment that may be throttled (V-12).
fn push_challenged(
    hypothesis: Hypothesis,
    why: Why,
    side: Side,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    push_taking(hypothesis.owing_ack(context.at_once(why)), side, out);
    if context.throttled {
        push_taking(hypothesis.excused_by(12), side, out);
    }
}

/// The fourth check: a SYN in the window.
fn fourth_syn(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if hypothesis.state == State::SynReceived && hypothesis.reopens {
        // MAY-2 (2), as with a reset.
        out.blind = true;
        return;
    }
    let ended = reset(hypothesis);
    if hypothesis.state == State::SynReceived && hypothesis.passive {
        // V-6
        out.push(ended);
        context.challenge(hypothesis.excused_by(6), Why::Syn, out);
        let reset = context.answer(segment, Why::SynReceived);
        let ended = ended.excused_by(6);
        out.push(ended.owing_reset(Reset { required: false, ..reset }));
        out.push(ended.owing_reset(context.ending(hypothesis.una, Why::SynReceived, false)));
        return refuse(hypothesis, segment, context, out);
    }
    let ended = ended.excused_by(14);
    push_challenged(hypothesis, Why::Syn, Side::SynChallenged, context, out);
    // V-41: no form is named for this reset.
    push_taking(ended.owing_reset(context.ending(hypothesis.una, Why::Syn, true)), Side::SynResets, out);
    let answer = context.answer(segment, Why::Syn);
    push_taking(ended.owing_reset(answer), Side::SynResets, out);
    refuse(hypothesis, segment, context, out);
}

/// V-46: in SYN-RECEIVED whatever acknowledges nothing sent may be reset before its number and its control bits are
/// looked at, and the state stays (§3.5.2, group 2).
fn refuse(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    let bad = segment.has(Control::ACK) && !acknowledges(&hypothesis, segment.ack, context);
    if hypothesis.state == State::SynReceived && bad {
        out.push(hypothesis.excused_by(46).owing_reset(context.answer(segment, Why::SynReceived)));
    }
}

/// Whether an acknowledgment is of something sent and, before the connection is open, of something new.
fn acknowledges(hypothesis: &Hypothesis, ack: SeqNumber, context: &Context<'_>) -> bool {
    ack.gt(hypothesis.una) && ack.le(context.pair.snd_max)
}

/// The fifth check and what comes after it.
fn fifth_ack(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if hypothesis.state == State::SynReceived {
        if acknowledges(&hypothesis, segment.ack, context) {
            let opened = established(hypothesis, segment, context);
            if hypothesis.closing && opened.nxt_most != opened.nxt {
                lose_text(&opened, context, out);
            }
            // V-23: a FIN sent in SYN-RECEIVED may be acknowledged along with the SYN.
            let opened = super::closing::fin_acknowledged(opened, context).unwrap_or(opened);
            return seventh_text(opened, segment, context, out);
        }
        out.push(hypothesis.owing_reset(context.answer(segment, Why::SynReceived)));
        // V-46: with the check of RFC 5961 §5 before the text of the state.
        context.challenge(hypothesis.excused_by(46), Why::Old, out);
        if hypothesis.closing {
            super::closing::in_fin_wait_1_already(hypothesis.excused_by(23), segment, context, out);
        }
        return;
    }
    if segment.ack.gt(context.pair.snd_max) {
        if matches!(hypothesis.state, State::LastAck | State::TimeWait) {
            // V-63
            out.push(hypothesis.excused_by(63));
        }
        return context.challenge(hypothesis, Why::Unsent, out);
    }
    if old(&hypothesis, segment.ack) {
        // MAY-12: discarded and answered, or taken for an old acknowledgment. How large MAX.SND.WND is taken to be is
        // free (V-18), so this says nothing of the choice.
        context.challenge(hypothesis, Why::Old, out);
        return seventh_text(hypothesis.excused_by(18), segment, context, out);
    }
    let mut after = hypothesis;
    if segment.ack.gt(after.una) {
        after.una = segment.ack;
        after.waiting_since = context.now;
    }
    let advance = after.una.since(hypothesis.una);
    after = super::window::update(after, advance, segment, context);
    match super::closing::fin_acknowledged(after, context) {
        Some(closed) if closed.state == State::Closed => {
            out.push(closed);
            if segment.text > 0 {
                // V-59: the segment that ends LAST-ACK may be acknowledged all the same, for what else it brings.
                out.push(Hypothesis {
                    ends: Some((context.now, context.now + context.terms.settle)),
                    ..after
                });
            }
        }
        Some(after) => seventh_text(after, segment, context, out),
        None => seventh_text(after, segment, context, out),
    }
}

/// Below SND.UNA by more than the largest window: RFC 5961 §5 discards the segment (MAY-12).
fn old(hypothesis: &Hypothesis, ack: SeqNumber) -> bool {
    ack.lt(hypothesis.una) && hypothesis.una.since(ack) > hypothesis.widest
}

/// The connection is open (V-7: the window is taken from the segment that opened it).
pub(super) fn established(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>) -> Hypothesis {
    let edge = segment.ack + context.pair.window_of(segment);
    let state = if hypothesis.closing { State::FinWait1 } else { State::Established };
    Hypothesis {
        state,
        // Text that came with a SYN is taken now, if it was kept.
        nxt_most: reach(&hypothesis, context),
        closing: false,
        una: segment.ack,
        edge,
        edge_most: edge,
        wl1: segment.seq,
        wl2: segment.ack,
        widest: hypothesis.widest.max(context.pair.window_of(segment)),
        consumed: hypothesis.passive,
        syn_ack: None,
        ends: None,
        waiting_since: context.now,
        ..hypothesis
    }
}

/// Text came after a half-duplex CLOSE, where nobody is there to read it (V-22, I-078).
fn lose_text(hypothesis: &Hypothesis, context: &Context<'_>, out: &mut Hypotheses) {
    if context.terms.reset_on_unread || !context.terms.half_close {
        let ended = hypothesis.excused_by(22).closed(Ending::Closed);
        out.push(ended.owing_reset(context.ending(hypothesis.una, Why::LostText, true)));
    }
}

/// How far RCV.NXT may go with all that has arrived.
fn reach(hypothesis: &Hypothesis, context: &Context<'_>) -> SeqNumber {
    let base = hypothesis.irs + 1;
    let position = hypothesis.nxt_most.since(base);
    let known = context.received.map_or(position, |received| received.reach(position));
    (base + known).earlier(context.room(hypothesis)).later(hypothesis.nxt_most)
}

/// The seventh check: text.
pub(super) fn seventh_text(
    hypothesis: Hypothesis,
    segment: &Arrival,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    if !hypothesis.state.accepts_text() {
        // V-59, V-48: whether what is ignored is acknowledged is free.
        let fin_again = segment.has(Control::FIN) && segment.end_of_text() == hypothesis.nxt_most;
        let most = hypothesis.nxt_most + u32::from(fin_again);
        let after = Hypothesis { nxt_most: most, ..hypothesis };
        if hypothesis.state == State::TimeWait && segment.has(Control::FIN) {
            return out.push(super::closing::time_wait_again(after, context));
        }
        return out.push(after);
    }
    let offered = context.offered(&hypothesis).later(hypothesis.nxt);
    let mut after = hypothesis;
    let new_text = segment.text > 0 && segment.end_of_text().gt(hypothesis.nxt);
    if new_text || segment.has(Control::FIN) {
        after.nxt_most = reach(&hypothesis, context);
    }
    let in_order = segment.start_of_text().le(hypothesis.nxt);
    if new_text && in_order {
        after.nxt = segment.end_of_text().earlier(offered).later(hypothesis.nxt);
        after.nxt_most = after.nxt_most.later(after.nxt);
        let two_segments =
            after.nxt.since(context.pair.last_ack.unwrap_or(after.nxt)) >= context.pair.two_segments();
        after = after.owing_ack(if two_segments && !context.terms.real {
            context.at_once(Why::TwoSegments)
        } else {
            // That a segment fills a gap calls for haste only if what lies beyond was kept, which nothing shows (V-38).
            context.soon(Why::InOrder)
        });
    } else if segment.text > 0 {
        // V-59: whether text beyond a gap is acknowledged is free, and a gap is filled for certain only as far as RCV.NXT
        // is known; what repeats old text is answered.
        if segment.start_of_text().le(hypothesis.nxt) {
            after = after.owing_ack(context.soon(Why::InOrder));
        }
    }
    if new_text && hypothesis.state != State::Established {
        lose_text(&hypothesis, context, out);
    }
    let certain = hypothesis.nxt == hypothesis.nxt_most || after.nxt == after.nxt_most;
    let fin_in_order = segment.has(Control::FIN) && in_order && segment.end_of_text() == after.nxt && certain;
    // V-32: a FIN just past the right edge may be cut off, or taken.
    control_taken(after, fin_in_order && after.nxt.lt(offered.later(hypothesis.nxt + 1)), context, out);
}

/// The eighth check: whether a FIN among what was taken or held is reached.
pub(super) fn control_taken(
    hypothesis: Hypothesis,
    certain: bool,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    let base = hypothesis.irs + 1;
    if certain {
        return out.push(super::closing::fin_taken(hypothesis, hypothesis.nxt, context));
    }
    if let Some(received) = context.received {
        for fin in received.fins() {
            let fin = base + fin;
            if fin.ge(hypothesis.nxt) && fin.le(hypothesis.nxt_most) && hypothesis.state.accepts_text() {
                out.push(super::closing::fin_taken(hypothesis, fin, context));
            }
        }
    }
    out.push(hypothesis);
}

/// A second for whoever has to wait.
pub(super) const SECOND: Duration = Duration::from_secs(1);
