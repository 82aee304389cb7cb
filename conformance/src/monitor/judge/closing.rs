//! FINs, TIME-WAIT and what may follow it (RFC 9293 §3.6, §3.10.7.4 steps 5 and 8).

use tcpspec_core::{Control, Instant, SeqNumber, State};

use super::arrive::Context;
use super::steps::{Acceptable, acceptable, push_taking, seventh_text};
use crate::monitor::arrival::Arrival;
use crate::monitor::hypothesis::{Ending, Hypotheses, Hypothesis, Why};
use crate::monitor::profile::Side;

/// The peer's FIN, at `fin`, is taken.
pub(super) fn fin_taken(hypothesis: Hypothesis, fin: SeqNumber, context: &Context<'_>) -> Hypothesis {
    let after = Hypothesis { fin_taken: true, ..hypothesis.nxt_is(fin + 1) };
    let after = after.owing_ack(context.soon(Why::Fin));
    match hypothesis.state {
        State::FinWait1 => Hypothesis { state: State::Closing, ..after },
        State::FinWait2 => time_wait(after, context),
        _ => Hypothesis { state: State::CloseWait, ..after },
    }
}

/// What the acknowledgment of our FIN brings about, if SND.UNA is past it.
pub(super) fn fin_acknowledged(hypothesis: Hypothesis, context: &Context<'_>) -> Option<Hypothesis> {
    let fin = context.pair.fin?;
    if hypothesis.una.le(fin) {
        return None;
    }
    Some(match hypothesis.state {
        State::FinWait1 => Hypothesis {
            state: State::FinWait2,
            ends: context.terms.fin_wait_2_timeout.map(|timeout| (context.now + timeout, Instant(u64::MAX))),
            ..hypothesis
        },
        State::Closing => time_wait(hypothesis, context),
        State::LastAck => hypothesis.closed(Ending::Closed),
        _ => hypothesis,
    })
}

/// V-23: closed in SYN-RECEIVED, it is in FIN-WAIT-1 already. There an acknowledgment of nothing new is a duplicate, and
/// what it brings is taken all the same.
pub(super) fn in_fin_wait_1_already(
    hypothesis: Hypothesis,
    segment: &Arrival,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    out.push(hypothesis);
    if segment.ack == hypothesis.una && (segment.text > 0 || segment.has(Control::FIN)) {
        seventh_text(Hypothesis { state: State::FinWait1, ..hypothesis }, segment, context, out);
    }
}

/// TIME-WAIT begins. Windows and what waits to be sent are past.
fn time_wait(hypothesis: Hypothesis, context: &Context<'_>) -> Hypothesis {
    Hypothesis {
        state: State::TimeWait,
        edge: hypothesis.una,
        edge_most: hypothesis.una,
        wl1: SeqNumber(0),
        wl2: SeqNumber(0),
        widest: 0,
        waiting_since: Instant(0),
        busy_since: Instant(0),
        ends: Some(ends_of_time_wait(context)),
        ..hypothesis
    }
}

/// TIME-WAIT may begin again (V-9): it may end as it would have, or later.
pub(super) fn time_wait_again(hypothesis: Hypothesis, context: &Context<'_>) -> Hypothesis {
    let (earliest, latest) = ends_of_time_wait(context);
    let earliest = hypothesis.ends.map_or(earliest, |(earliest, _)| earliest);
    Hypothesis { ends: Some((earliest, latest)), ..hypothesis }
}

fn ends_of_time_wait(context: &Context<'_>) -> (Instant, Instant) {
    let end = context.now + context.terms.msl * 2;
    let slack = context.terms.msl / 4 + super::steps::SECOND + context.terms.settle;
    (end - context.terms.settle, end + slack)
}

/// A SYN in TIME-WAIT: as on any synchronized connection, or a new incarnation, or silence (V-15).
pub(super) fn syn_in_time_wait(
    hypothesis: Hypothesis,
    segment: &Arrival,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    let challenged = hypothesis.owing_ack(context.at_once(Why::Syn));
    // V-9: it may repeat the peer's FIN as well.
    let again = segment.has(Control::FIN);
    out.push(if again { time_wait_again(challenged, context) } else { challenged });
    if context.throttled {
        out.push(hypothesis.excused_by(12));
    }
    if segment.seq.lt(hypothesis.nxt) && acceptable(&hypothesis, segment, context) != Acceptable::No {
        // The SYN is cut off at the left edge of the window, and what is left means nothing here.
        out.push(if again { time_wait_again(hypothesis, context) } else { hypothesis });
    }
    if segment.has(Control::ACK) {
        if segment.seq.ge(hypothesis.nxt) && segment.seq.lt(context.room(&hypothesis)) {
            reset_by_syn(hypothesis, segment, context, out);
        }
        return;
    }
    let higher = segment.seq.ge(hypothesis.nxt);
    if higher || segment.options.timestamps.is_some() {
        // MAY-2, RFC 6191: only for a sequence number, or a timestamp, above all that came before.
        out.push(Hypothesis {
            state: State::SynReceived,
            passive: true,
            fresh: true,
            reopens: true,
            irs: segment.seq,
            takes: hypothesis.takes,
            excuses: hypothesis.excuses.with(15),
            syn_ack: Some(context.at_once(Why::Request)),
            ends: context.end_of_half_open(),
            waiting_since: context.now,
            busy_since: context.now,
            nxt_most: segment.start_of_text() + segment.text.min(context.terms.setup.receive_buffer),
            nxt: segment.seq + 1,
            ..Hypothesis::CLOSED
        });
        if segment.has(Control::FIN) {
            // V-24: TIME-WAIT ended for a request, and that is discarded for its FIN.
            out.push(hypothesis.excused_by(15).excused_by(24).closed(Ending::Closed));
        }
    }
    // RFC 6191 §2: a refused request is dropped in silence.
    if context.pair.agreed_on_timestamps() || segment.options.timestamps.is_some() || !higher {
        out.push(hypothesis.excused_by(15));
    }
    if segment.seq.ge(hypothesis.nxt) && segment.seq.lt(context.room(&hypothesis)) {
        reset_by_syn(hypothesis, segment, context, out);
    }
}

/// RFC 793: a SYN in the window is an error and ends the connection.
fn reset_by_syn(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    let ended = hypothesis.excused_by(15).closed(Ending::Closed);
    push_taking(ended.owing_reset(context.ending(hypothesis.una, Why::Syn, true)), Side::SynResets, out);
    push_taking(ended.owing_reset(context.answer(segment, Why::Syn)), Side::SynResets, out);
}
