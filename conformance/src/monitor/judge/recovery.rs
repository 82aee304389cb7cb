//! What acknowledgments that repeat themselves bring about, and how much may be under way on a path of which little is
//! known (RFC 5681).
//!
//! Other algorithms are as good (MAY-18, V-56). So what is under way is held to a bound that all of them keep: ten
//! segments at first (RFC 6928), and for each acknowledgment as much as it acknowledges, or one segment. And what is sent
//! again too early, or not at all, is judged only where no timer, no report of blocks (RFC 2018) and no window that
//! shrank can have to do with it, and where nothing was lost before.

use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber};

use super::liveness::Wait;
use super::sending::{LEAST_RTO, largest};
use crate::monitor::arrival::{Arrival, Place};
use crate::monitor::emission::Emission;
use crate::monitor::hypothesis::Hypothesis;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;

/// Duplicate acknowledgments that count as a loss (RFC 5681 §3.2).
const OF_A_LOSS: u32 = 3;

/// What the third duplicate brings is due at once; so long after it, nothing but a timer will bring it.
const AT_ONCE: Duration = Duration::from_millis(100);

/// What a path of large segments may be given at first, in octets (RFC 6928 §2). Who begins with a number of octets,
/// whatever the size of a segment, keeps below it; who sends more does not know how much is under way.
const LARGEST_FIRST: u32 = 14_600;

/// What has happened to the text under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::monitor) struct Flight {
    /// When the first of it left, with nothing under way before.
    since: Instant,
    /// Segments of it, none if some of it was acknowledged: then it is not known how many are left.
    segments: u32,
    /// Acknowledgments that a sender may take for duplicates (RFC 5681 §2)...
    duplicates: u32,
    /// ...and those that every sender has to.
    certain: u32,
    /// When the third of these came, if what it brings has not come.
    third_at: Option<Instant>,
    /// Its head was sent again.
    again: bool,
    /// Something was sent again since the connection began.
    pub(in crate::monitor) lost: bool,
    /// Something but duplicates may have had it sent again: a window that shrank or was probed, an error of the network.
    disturbed: bool,
    /// The window of the acknowledgment that came last, if it was certainly looked at.
    window: Option<u16>,
    /// By how much what may be under way can have grown since the connection began, in octets.
    grown: u32,
    /// Octets of text that were sent since the head went again for a timeout, until anything arrives.
    after_timeout: Option<u32>,
}

impl Flight {
    /// A segment arrived. SND.UNA was `una`, by all hypotheses if they `agreed`: else what repeats it for one may have
    /// moved it for another.
    pub(in crate::monitor) fn note_arrival(
        pair: &mut Pair,
        segment: &Arrival,
        (una, agreed): (SeqNumber, bool),
        now: Instant,
        terms: &Terms,
    ) {
        if !segment.has(Control::ACK) || pair.iss.is_none() {
            return;
        }
        let size = largest(pair, 0, terms).unwrap_or(0);
        let shrunk = pair.hypotheses.any(|one| one.edge.lt(pair.snd_max));
        let looked_at = agreed
            && pair.class.seq == Place::At
            && pair.hypotheses.all(|one| one.nxt == one.nxt_most && one.una == una && !one.fresh);
        let moved = pair.hypotheses.first().una;
        let empty = segment.len() == 0 && !segment.has(Control::RST);
        let repeats = empty && segment.ack == una && una.lt(pair.snd_max);
        let same_window = pair.flight.window == Some(segment.wnd);
        let certain_window = pair.hypotheses.all(|one| one.edge == one.edge_most);
        let flight = &mut pair.flight;
        flight.after_timeout = None;
        flight.disturbed |= shrunk;
        if moved != una {
            let by = moved.since(una).min(1 << 30).max(size);
            (flight.segments, flight.duplicates, flight.certain) = (0, 0, 0);
            (flight.third_at, flight.again) = (None, false);
            flight.grown = flight.grown.saturating_add(by);
        } else {
            flight.grown = flight.grown.saturating_add(size);
        }
        if repeats && (same_window || flight.window.is_none()) {
            flight.duplicates += 1;
        }
        if repeats && looked_at && same_window && segment.ctl == Control::ACK {
            flight.certain += 1;
            if flight.certain == OF_A_LOSS && !flight.again {
                flight.third_at = Some(now);
            }
        }
        let plain = segment.ctl.0 & (Control::SYN | Control::RST).0 == 0 && !segment.options.malformed;
        let known = certain_window && plain && pair.class.ack == Place::Inside && (looked_at || moved != una);
        flight.window = known.then_some(segment.wnd);
    }

    /// The network has reported an error.
    pub(in crate::monitor) const fn note_error(&mut self) {
        self.disturbed = true;
        self.after_timeout = None;
    }

    /// The stack has sent something that takes sequence space; `timeout` says that the head, if it is it, goes again for a
    /// timeout.
    pub(in crate::monitor) fn note_emission(pair: &mut Pair, segment: &Emission, timeout: bool) {
        let (una, max) = (pair.hypotheses.first().una, pair.snd_max);
        let past_the_window = pair.hypotheses.any(|one| one.edge.le(segment.seq));
        let flight = &mut pair.flight;
        // Where nothing has arrived since, only another timeout brings the head once more.
        let timeout = timeout || flight.after_timeout.is_some();
        flight.after_timeout = if timeout && segment.repeats_head(una, max) {
            Some(segment.text)
        } else {
            flight.after_timeout.map(|sent| sent.saturating_add(segment.text))
        };
        if segment.seq.lt(max) {
            flight.lost = true;
            if segment.seq.le(una) {
                (flight.again, flight.third_at) = (true, None);
            }
            return;
        }
        // What a probe of a closed window carried goes again when the window opens, with or without the text behind it.
        flight.disturbed |= segment.text > 0 && past_the_window;
        if una == max {
            (flight.since, flight.segments) = (segment.now, 1);
            (flight.duplicates, flight.certain, flight.third_at, flight.again) = (0, 0, None, false);
        } else if flight.segments > 0 {
            flight.segments += 1;
        }
    }

    /// Duplicates that it takes to have the head sent again: fewer if fewer can come (RFC 5827).
    const fn needed(&self) -> u32 {
        match self.segments {
            0 => 0,
            1 | 2 => 1,
            3 => 2,
            _ => OF_A_LOSS,
        }
    }
}

/// Whether what is sent again can be due to duplicates alone.
fn is_plain(pair: &Pair, terms: &Terms) -> bool {
    let permits = |options: Option<crate::monitor::arrival::Options>| {
        options.is_none_or(|options| options.sack_permitted)
    };
    let blocks = permits(pair.own_options) && permits(pair.peer_options);
    let open = |one: &Hypothesis| one.state.is_synchronized() && !one.fresh && one.edge.ge(pair.snd_max);
    !terms.real && !pair.user_unknown && !blocks && !pair.flight.disturbed && pair.hypotheses.all(open)
}

/// I-123, I-123.2: the head is sent again for the third duplicate, and once.
pub(in crate::monitor) fn sent_again(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let flight = &pair.flight;
    let head = segment.text > 1
        && segment.end().le(pair.snd_max)
        && pair.hypotheses.all(|one| one.una == segment.seq);
    // An acknowledgment has brought it: no timer goes off so soon (V-26).
    let soon = segment.now.since(flight.since) < LEAST_RTO && segment.now == pair.arrived_at;
    if !head || !soon || flight.segments == 0 || !is_plain(pair, terms) {
        return Ok(());
    }
    if !flight.lost && flight.duplicates < flight.needed() {
        let what = format!(
            "expected no retransmission before {} duplicate acknowledgments or a timeout, seen `{segment}` after {}",
            flight.needed(),
            flight.duplicates
        );
        return object("I-123", "retransmission", "before the third duplicate", what);
    }
    // Each of the segments above the lost one can bring a duplicate; those that follow may tell of another loss.
    if flight.again && flight.duplicates < flight.segments {
        let what = format!("expected one fast retransmission of each segment, seen another: `{segment}`");
        return object("I-123.2", "retransmission", "for a further duplicate", what);
    }
    Ok(())
}

/// I-114: what is under way is no more than slow start allows.
pub(in crate::monitor) fn under_way(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let new = segment.seq == pair.snd_max && segment.text > 1;
    if !terms.setup.congestion_control || terms.real || !new {
        return Ok(());
    }
    let Some(size) = largest(pair, 0, terms) else { return Ok(()) };
    // RFC 6928 §2, where RFC 5681 §3.1 allows two to four segments.
    let first = (10 * size).min((2 * size).max(LARGEST_FIRST));
    let most = first.saturating_add(pair.flight.grown);
    let end = segment.end_of_text();
    if pair.hypotheses.any(|one| !one.state.is_synchronized() || end.since(one.una) <= most) {
        return Ok(());
    }
    let seen = end.since(pair.hypotheses.first().una);
    let what = format!("expected at most {most} octets under way, seen {seen}");
    let differed = if seen <= LARGEST_FIRST.saturating_add(pair.flight.grown) {
        "the window begins with more than such segments allow"
    } else {
        "more under way than slow start allows"
    };
    object("I-114", "text", differed, what)
}

/// I-017: a timeout leaves one segment, until something is acknowledged (RFC 5681 §3.1, equation 4 and below).
pub(in crate::monitor) fn after_timeout(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let una = pair.hypotheses.first().una;
    let judged =
        terms.setup.congestion_control && segment.text > 1 && !segment.repeats_head(una, pair.snd_max);
    let Some(sent) = pair.flight.after_timeout.filter(|_| judged && is_plain(pair, terms)) else {
        return Ok(());
    };
    let Some(size) = largest(pair, 0, terms) else { return Ok(()) };
    let sent = sent.saturating_add(segment.text);
    if sent <= size || pair.hypotheses.any(|one| one.una != una) {
        return Ok(());
    }
    let what = format!(
        "expected no more than {size} octets before something is acknowledged, seen `{segment}` besides"
    );
    let of_the_peer = pair.peer_options.and_then(|options| options.mss).map_or(0, u32::from);
    let differed = if sent <= of_the_peer {
        "a segment is taken to be as large as the peer takes it"
    } else {
        "more than a segment after a timeout"
    };
    object("I-017", "text", differed, what)
}

/// I-123: what the third duplicate brings is due.
pub(in crate::monitor) fn wait(pair: &Pair, terms: &Terms) -> Option<Wait> {
    let third = pair.flight.third_at?;
    let enough = pair.flight.segments > OF_A_LOSS && !pair.flight.lost;
    if !terms.setup.congestion_control || !enough || !is_plain(pair, terms) {
        return None;
    }
    let what = "the third duplicate acknowledgment does not bring the oldest segment again";
    Some(Wait { rule: "I-123", what, by: third + AT_ONCE + terms.settle })
}
