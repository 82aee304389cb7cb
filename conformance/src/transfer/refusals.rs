//! The exchange of acknowledgments that the letter of the standard does not end (RFC 9293 §3.10.7.4 step 1, V-19).

use tcpspec_core::Control;
use tcpspec_core::segment::Integrity;

use crate::trace::{End, Happening, SegmentRecord, Trace};

/// So many refusals in a row, departures and arrivals counted, are an exchange without end.
pub(super) const MOST_REFUSALS: usize = 64;

/// How many segments at the end of a trace are empty acknowledgments that refuse each other: each lies at or past the
/// right edge that the other one offers, because that much text, a probe or a FIN before it is not there.
///
/// By the letter of Table 6 each is answered by the other (RFC 9293 §3.10.7.4 step 1, V-19), as fast as the network
/// carries them, until text gets through or a user reads. Appendix A.2 knows of the problem.
pub(super) fn refusals_in_a_row(trace: &Trace) -> usize {
    let segments = trace.entries.iter().rev().filter_map(|entry| match &entry.happening {
        Happening::Segment { from, segment, .. }
        | Happening::Departure { from, segment }
        | Happening::Arrival { from, segment } => Some((*from, segment)),
        Happening::Call { .. } | Happening::Note(_) => None,
    });
    let sound = segments.filter(|(_, segment)| segment.integrity == Integrity::Sound).take(MOST_REFUSALS);
    let mut latest: [Option<&SegmentRecord>; 2] = [None, None];
    let mut count = 0;
    for (from, segment) in sound {
        let known = latest[usize::from(from == End::Right)].get_or_insert(segment);
        if *known != segment || segment.ctl != Control::ACK || segment.len > 0 {
            break;
        }
        count += 1;
    }
    let past = |one: &SegmentRecord, other: &SegmentRecord| one.seq.ge(other.ack + u32::from(other.wnd));
    match latest {
        [Some(left), Some(right)] if past(left, right) && past(right, left) => count,
        _ => 0,
    }
}
