//! Whether something waits that only the stack can move, and by when it has to.
//!
//! A segment may be lost, so whoever waits for an answer repeats the question; whoever has text and no window asks for
//! one (RFC 9293 §3.8.1, §3.8.6.1, §3.10.8; RFC 6298). How long that takes is bounded generously: a timeout grows with
//! round trips and doubles. A stack that has said when it will next do something by itself, and nothing it owes happens
//! before, sleeps for ever.

use std::time::Duration;

use tcpspec_core::{Instant, State};

use super::recovery;
use super::sending::{LEAST_SIZE, MOST_OPTIONS, largest};
use crate::monitor::hypothesis::Hypothesis;
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;

/// Something has to leave by then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::monitor) struct Wait {
    pub(in crate::monitor) rule: &'static str,
    pub(in crate::monitor) what: &'static str,
    pub(in crate::monitor) by: Instant,
}

/// A short segment may wait for company at most so long (RFC 9293 §3.8.6.2.1).
const OVERRIDE: Duration = Duration::from_millis(1100);

/// What may go now goes at once: no timer has to do with it. So long is more than enough for a full segment...
const AT_ONCE: Duration = Duration::from_millis(100);

/// ...and for a short one of a user who has switched Nagle's algorithm off.
const WITHOUT_NAGLE: Duration = Duration::from_millis(500);

/// What a retransmission timeout is at the least in this reckoning: the three seconds of RFC 6298 §5 (5.7).
const LEAST_TIMEOUT: Duration = Duration::from_secs(3);

/// What waits in a hypothesis.
pub(in crate::monitor) fn waits(hypothesis: &Hypothesis, pair: &Pair, terms: &Terms) -> Option<Wait> {
    let iss = pair.iss.filter(|_| !hypothesis.fresh)?;
    match hypothesis.state {
        State::Closed | State::Listen | State::FinWait2 => return None,
        State::TimeWait => {
            let (_, latest) = hypothesis.ends?;
            return Some(Wait {
                rule: "I-064",
                what: "TIME-WAIT ended too soon, or does not end",
                by: latest,
            });
        }
        _ => {}
    }
    let patience = || {
        let timeout = pair.longest_round_trip.max(pair.longest_interval).max(LEAST_TIMEOUT);
        timeout * 4 + Duration::from_secs(10) + terms.settle
    };
    if let Some(wait) = recovery::wait(pair, terms).or_else(|| held(hypothesis, pair, terms)) {
        return Some(wait);
    }
    if hypothesis.una.lt(pair.snd_max) {
        let by = pair.sent_at.max(hypothesis.waiting_since) + patience();
        return Some(Wait { rule: "I-014", what: "what is unacknowledged is not sent again", by });
    }
    let closing = matches!(hypothesis.state, State::FinWait1 | State::Closing | State::LastAck);
    let unsent = (iss + 1 + pair.written).gt(pair.snd_max) && !pair.user_unknown;
    let fin_unsent = closing && pair.fin.is_none();
    if !hypothesis.state.is_synchronized() || !unsent && !fin_unsent {
        return None;
    }
    let open = hypothesis.edge.gt(pair.snd_max);
    let since = pair.active.max(hypothesis.waiting_since);
    let soon = since + OVERRIDE + terms.settle;
    Some(match (open, unsent) {
        (true, true) => {
            Wait { rule: "I-023", what: "text is not sent although the window is open", by: soon }
        }
        (true, false) => Wait { rule: "I-091", what: "the FIN is not sent", by: soon },
        (false, _) => Wait { rule: "I-108", what: "a closed window is not probed", by: since + patience() },
    })
}

/// I-023.2, I-109.2: a full segment that the window takes goes at once, and so does all that there is where Nagle's algorithm
/// is off (RFC 9293 §3.8.6.2.1, 1 and 2), if the peer's window alone governs. Stacks that control congestion anyway send
/// so little whatever they know of the path: one segment, or two as long as nothing was lost.
fn held(hypothesis: &Hypothesis, pair: &Pair, terms: &Terms) -> Option<Wait> {
    let end = pair.iss? + 1 + pair.written;
    let unknown = terms.real || terms.setup.congestion_control || pair.user_unknown;
    if unknown || end.le(pair.snd_max) || pair.fin.is_some() {
        return None;
    }
    let sends = matches!(hypothesis.state, State::Established | State::CloseWait | State::FinWait1);
    if !sends || hypothesis.edge.le(pair.snd_max) {
        return None;
    }
    // V-52: what becomes of an absurd size is free.
    pair.peer_options.filter(|peer| peer.mss.is_none_or(|size| size >= LEAST_SIZE))?;
    let size = largest(pair, 0, terms)?;
    let (waiting, usable) = (end.since(pair.snd_max), hypothesis.edge.since(pair.snd_max));
    let under_way = pair.snd_max.since(hypothesis.una);
    // A probe of a closed window says nothing of the path, however often it was sent.
    let lost = pair.flight.lost;
    if lost && under_way > 1 {
        return None;
    }
    let room = (if lost { size } else { 2 * size }).saturating_sub(under_way);
    let since = pair.active.max(hypothesis.waiting_since).max(pair.asked_at);
    // V-57: one octet less than the window takes may be all that a sender lets go.
    if waiting.min(usable - 1) >= size && size <= room {
        let what = "a full segment is not sent although the window is open";
        return Some(Wait { rule: "I-023.2", what, by: since + AT_ONCE + terms.settle });
    }
    if pair.without_nagle && waiting < usable && waiting + MOST_OPTIONS <= room.min(size) {
        let what = "text that fits in the window is not sent although Nagle's algorithm is off";
        return Some(Wait { rule: "I-109.2", what, by: since + WITHOUT_NAGLE + terms.settle });
    }
    None
}
