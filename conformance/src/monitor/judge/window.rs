//! How far the peer lets the stack send (RFC 9293 §3.8.6, §3.10.7.4 step 5).

use super::arrive::Context;
use crate::monitor::arrival::Arrival;
use crate::monitor::hypothesis::Hypothesis;

/// The window after an acknowledgment that is not beyond SND.NXT and moved SND.UNA by `advance`.
pub(super) fn update(
    hypothesis: Hypothesis,
    advance: u32,
    segment: &Arrival,
    context: &Context<'_>,
) -> Hypothesis {
    if segment.ack.lt(hypothesis.una) {
        // Old acknowledgments bring no windows.
        return hypothesis;
    }
    let offered = segment.ack + context.pair.window_of(segment);
    let newer =
        hypothesis.wl1.lt(segment.seq) || hypothesis.wl1 == segment.seq && hypothesis.wl2.le(segment.ack);
    let repeats = hypothesis.wl1 == segment.seq && hypothesis.wl2 == segment.ack;
    let shrinks = offered.lt(hypothesis.edge);
    // V-38: out of order, it may have been dropped.
    let taken = !super::steps::beyond(&hypothesis, segment) || advance > 0;
    if newer && taken && !(repeats && shrinks) {
        // V-8: stacks that go by the highest acknowledgment take this one too, for it is not below SND.UNA.
        return Hypothesis {
            edge: offered,
            edge_most: offered,
            wl1: segment.seq,
            wl2: segment.ack,
            widest: hypothesis.widest.max(context.pair.window_of(segment)),
            ..hypothesis
        };
    }
    // V-8: old by WL1 and WL2, new by its acknowledgment; or a smaller window told with nothing else new.
    let taken = if newer { (segment.seq, segment.ack) } else { (hypothesis.wl1, hypothesis.wl2) };
    Hypothesis {
        edge: hypothesis.edge.earlier(offered),
        // SND.WND counts from SND.UNA: where it stays as it is, the edge moves along (§3.3.1).
        edge_most: (hypothesis.edge_most + advance).later(offered),
        wl1: taken.0,
        wl2: taken.1,
        ..hypothesis
    }
}
