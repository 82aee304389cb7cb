//! First, check the sequence number (RFC 9293 §3.10.7.4 step 1, §3.4 Table 6).

use super::Idealized;
use super::eighth_fin::{restart_time_wait, row_of_a_further_fin};
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::{Control, Segment};
use crate::state::State;
use crate::tcb::{Origin, Tcb, octets};

/// Lets pass what lies in the window, cut to it; answers the rest with an acknowledgment.
pub(super) fn first_check_sequence_number<'a>(
    step: &mut Processing<'_>,
    segment: &Segment<'a>,
) -> Option<Idealized<'a>> {
    if rst_in_spite_of_a_closed_window(step.tcb, segment) {
        return Some(without_text(step.tcb, segment));
    }
    let (acceptable, rule) = acceptability(step.tcb, segment);
    step.fire(rule);
    if acceptable {
        fire_special_cases_of_acceptable(step, segment);
        return Some(trim(step.tcb, segment));
    }
    if segment.has(Control::RST) {
        return None;
    }
    if is_syn_of_simultaneous_open(step.tcb, segment) {
        step.fire(Rule::Seq15);
        return Some(trim(step.tcb, segment));
    }
    fire_special_cases_of_unacceptable(step, segment);
    step.acknowledge(AckDue::Now);
    if step.tcb.state == State::TimeWait && segment.has(Control::FIN) && segment.end() == step.tcb.rcv.nxt {
        // Steps 5 and 8 restart the timer for the peer's FIN, which step 1 has already answered (V-9).
        step.fire(Rule::Seq19);
        step.fire(Rule::Ack20);
        step.fire(row_of_a_further_fin(State::TimeWait));
        restart_time_wait(step);
    }
    let closed_window = step.tcb.rcv.wnd == 0 && segment.seq == step.tcb.rcv.nxt;
    (closed_window && !segment.has(Control::SYN)).then(|| without_text(step.tcb, segment))
}

/// The four cases of Table 6, and the row of the decision table that says so.
fn acceptability(tcb: &Tcb, segment: &Segment<'_>) -> (bool, Rule) {
    let (nxt, wnd, seq, len) = (tcb.rcv.nxt, tcb.rcv.wnd, segment.seq, segment.len());
    let rejected = |rule| if segment.has(Control::RST) { Rule::Seq10 } else { rule };
    match (len, wnd) {
        (0, 0) if seq == nxt => (true, Rule::Seq1),
        (0, 0) => (false, rejected(Rule::Seq2)),
        (0, _) if seq.in_window(nxt, wnd) => (true, Rule::Seq3),
        (0, _) => (false, rejected(Rule::Seq4)),
        (_, 0) => (false, rejected(Rule::Seq5)),
        (_, _) if seq.in_window(nxt, wnd) => (true, Rule::Seq6),
        (_, _) if (segment.end() - 1).in_window(nxt, wnd) => (true, Rule::Seq7),
        (_, _) if seq.lt(nxt) && segment.end().gt(nxt) => (false, rejected(Rule::Seq9)),
        (_, _) => (false, rejected(Rule::Seq8)),
    }
}

/// The SYN,ACK that crosses ours in a simultaneous open. Table 6 rejects it by one, figure 7 takes it (V-4).
fn is_syn_of_simultaneous_open(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    tcb.state == State::SynReceived
        && tcb.origin == Origin::Active
        && segment.seq == tcb.rcv.irs
        && segment.has(Control::SYN | Control::ACK)
}

/// A closed window still lets a RST at RCV.NXT through, whatever its length (MUST-66).
fn rst_in_spite_of_a_closed_window(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    segment.has(Control::RST) && !segment.is_empty() && tcb.rcv.wnd == 0 && segment.seq == tcb.rcv.nxt
}

/// What a closed window leaves of a segment at RCV.NXT: acknowledgment and urgent pointer (MUST-66, §3.8.6.1).
fn without_text<'a>(tcb: &Tcb, segment: &Segment<'a>) -> Idealized<'a> {
    Idealized {
        seq: segment.seq,
        ack: segment.ack,
        wnd: tcb.offered_by(segment),
        ctl: segment.ctl.without(Control::SYN | Control::FIN),
        urgent: urgent(segment),
        repeats: false,
        text: &[],
        empty: segment.is_empty(),
    }
}

fn urgent(segment: &Segment<'_>) -> Option<crate::seq::SeqNumber> {
    segment.has(Control::URG).then(|| segment.seq + u32::from(segment.up))
}

/// Cuts a segment to the window: old octets and a SYN before RCV.NXT, octets and a FIN past the right edge.
pub(super) fn trim<'a>(tcb: &Tcb, segment: &Segment<'a>) -> Idealized<'a> {
    let mut ctl = segment.ctl;
    let mut seq = segment.seq;
    let mut text = segment.text;
    let mut repeats = false;
    if seq.lt(tcb.rcv.nxt) {
        if ctl.has(Control::SYN) {
            ctl = ctl.without(Control::SYN);
            seq += 1;
        }
        let old = tcb.rcv.nxt.since(seq).min(octets(text.len()));
        text = &text[old as usize..];
        seq += old;
        repeats = old > 0;
        if seq.lt(tcb.rcv.nxt) {
            // Even the FIN, if there is one, was taken before.
            ctl = ctl.without(Control::FIN);
            seq = tcb.rcv.nxt;
        }
    }
    let start_of_text = seq + u32::from(ctl.has(Control::SYN));
    let room = if start_of_text.le(tcb.right_edge()) { tcb.right_edge().since(start_of_text) } else { 0 };
    if octets(text.len()) + u32::from(ctl.has(Control::FIN)) > room {
        ctl = ctl.without(Control::FIN);
        text = &text[..(room as usize).min(text.len())];
    }
    Idealized {
        seq,
        ack: segment.ack,
        wnd: tcb.offered_by(segment),
        ctl,
        urgent: urgent(segment),
        repeats,
        text,
        empty: segment.is_empty(),
    }
}

/// Reports rows that single out cases of an acceptable segment.
fn fire_special_cases_of_acceptable(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let nxt = step.tcb.rcv.nxt;
    let (text_or_control, right_edge) = (!segment.is_empty(), step.tcb.right_edge());
    if text_or_control && segment.end().gt(right_edge) {
        step.fire(Rule::Seq11);
    }
    if segment.seq.gt(nxt) {
        step.fire(if text_or_control { Rule::Seq12 } else { Rule::Seq21 });
    }
    let syn_again = segment.has(Control::SYN) && segment.seq == step.tcb.rcv.irs;
    if syn_again && step.tcb.state == State::SynReceived {
        step.fire(if segment.has(Control::ACK) { Rule::Seq23 } else { Rule::Seq22 });
    }
}

/// Reports rows that single out cases of an unacceptable segment.
fn fire_special_cases_of_unacceptable(step: &mut Processing<'_>, segment: &Segment<'_>) {
    let nxt = step.tcb.rcv.nxt;
    let syn_again = segment.has(Control::SYN) && segment.seq == step.tcb.rcv.irs;
    let fin_again = segment.has(Control::FIN) && segment.end() == nxt && step.tcb.rcv.fin;
    match step.tcb.state {
        State::SynReceived if syn_again => step.fire(Rule::Seq14),
        State::Established
        | State::FinWait1
        | State::FinWait2
        | State::CloseWait
        | State::Closing
        | State::LastAck
        | State::TimeWait
            if segment.has(Control::SYN) =>
        {
            step.fire(if syn_again { Rule::Seq16 } else { Rule::Syn5 });
        }
        state @ (State::CloseWait | State::Closing | State::LastAck) if fin_again => {
            step.fire(Rule::Seq18);
            step.fire(row_of_a_further_fin(state));
        }
        _ => {}
    }
    let probe = segment.seq == nxt - 1 && segment.ctl.sequence_length() == 0 && segment.text.len() <= 1;
    if probe && step.tcb.state.is_synchronized() {
        step.fire(Rule::Seq17);
    }
    let bare_fin = segment.has(Control::FIN) && segment.text.is_empty() && !segment.has(Control::SYN);
    if bare_fin && step.tcb.rcv.wnd == 0 && segment.seq == nxt && step.tcb.state.accepts_text() {
        step.fire(Rule::Seq20);
    }
}
