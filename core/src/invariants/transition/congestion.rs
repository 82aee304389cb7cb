//! What congestion control may do in one step (I-017, I-114, I-130). Only upper bounds: a sender that does less is
//! right, too.

use super::super::Invariant;
use super::super::observation::Transition;
use crate::congestion::{Congestion, DUPLICATES_OF_A_LOSS};
use crate::event::Timer;

pub(in crate::invariants) const I_017: Invariant = Invariant {
    id: "I-017",
    clause: "§3.8.2 MUST-19, RFC 5681 §3.1, §3.2",
    sentence: "the congestion window is never less than a segment, one segment after a retransmission timeout, and a loss \
               leaves ssthresh at no more than max(FlightSize/2, 2*SMSS)",
    holds: |t| {
        let Some((before, after)) = both(t) else { return true };
        let smss = t.after.effective_mss();
        let half = (flight(t) / 2).max(2 * smss);
        let timed_out = t.timeout() == Some(Timer::Retransmission);
        let lost =
            after.recovering && !before.recovering || timed_out && t.before.retransmission.doublings == 0;
        after.window >= smss
            && (!timed_out || after.window == smss)
            && (!lost || after.threshold <= half)
            && (lost || after.threshold == before.threshold)
    },
};

pub(in crate::invariants) const I_114: Invariant = Invariant {
    id: "I-114",
    clause: "RFC 5681 §3.1",
    sentence: "new text keeps what is in flight within the congestion window, and only a probe of a closed window is exempt",
    holds: |t| {
        let Some(after) = t.after.congestion else { return true };
        let probe = t.timeout() == Some(Timer::Persist);
        probe || !t.sent_new_text() || t.after.text_in_flight() <= after.window
    },
};

pub(in crate::invariants) const I_130: Invariant = Invariant {
    id: "I-130",
    clause: "RFC 5681 §3.1, §3.2",
    sentence: "an acknowledgment opens the congestion window by no more than a segment, except that fast recovery begins with \
               three for the duplicates",
    holds: |t| {
        let Some((before, after)) = both(t) else { return true };
        let smss = t.after.effective_mss();
        let begins = after.recovering && !before.recovering;
        let allowed = if begins {
            after.threshold.saturating_add(smss * u32::from(DUPLICATES_OF_A_LOSS))
        } else {
            before.window.saturating_add(smss)
        };
        after.window <= allowed
    },
};

/// Congestion control before and after a step, if the connection had it all the time.
fn both(t: &Transition<'_>) -> Option<(Congestion, Congestion)> {
    Some((t.before.congestion?, t.after.congestion?))
}

/// Octets of text that were in flight when the step began.
fn flight(t: &Transition<'_>) -> u32 {
    let snd = &t.before.snd;
    let fin = snd.fin.is_some_and(|fin| snd.una.le(fin));
    snd.nxt.since(snd.una) - u32::from(snd.syn) - u32::from(fin)
}
