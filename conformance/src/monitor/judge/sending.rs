//! Sizes, flags, options and times of what is sent: what numbers and states alone do not say.

use std::time::Duration;

use tcpspec_core::{Control, SeqNumber, State};

use super::{recovery, silly};
use crate::monitor::arrival::{Came, Place};
use crate::monitor::emission::Emission;
use crate::monitor::hypothesis::Hypothesis;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;
use crate::wire::Parsed;

/// A stated size below this may be raised to a private floor (V-52).
pub(super) const LEAST_SIZE: u16 = 64;

/// Octets of options that a sender may leave room for in every segment.
pub(super) const MOST_OPTIONS: u32 = 40;

/// In practice no retransmission timer goes off sooner (V-26, V-62).
pub(super) const LEAST_RTO: Duration = Duration::from_millis(199);

/// A ceiling on the timeout is at least this (RFC 6298 §2.5).
const CEILING: Duration = Duration::from_secs(60);

/// Judges a segment that is no reset and begins no incarnation.
pub(in crate::monitor) fn sent(
    pair: &Pair,
    segment: &Emission,
    packet: &Parsed<'_>,
    terms: &Terms,
) -> Judgement {
    options(pair, segment)?;
    if segment.text > 0 {
        size(pair, segment, packet.segment.options.len(), terms)?;
        push(pair, segment, terms)?;
        whole(pair, segment)?;
        recovery::sent_again(pair, segment, terms)?;
        recovery::under_way(pair, segment, terms)?;
        recovery::after_timeout(pair, segment, terms)?;
        silly::filled(pair, segment, terms)?;
    }
    urgent(pair, segment, packet.segment.up)?;
    if !segment.is_bare() {
        spacing(pair, segment, terms)?;
        acknowledged(pair, segment, terms)?;
    }
    offer(pair, segment)?;
    silly::opened(pair, segment, terms)
}

/// The most octets of text next to so many of options, as far as the peer named a size.
pub(super) fn largest(pair: &Pair, options: usize, terms: &Terms) -> Option<u32> {
    let peer = pair.peer_options?;
    let v4 = terms.setup.local.is_ipv4();
    let stated = match peer.mss {
        Some(size) if size < LEAST_SIZE => 536,
        Some(size) => size,
        None if v4 => 536,
        None => 1220,
    };
    let fits = terms.setup.mtu.saturating_sub(if v4 { 40 } else { 60 });
    Some(u32::from(stated.min(fits)).saturating_sub(u32::try_from(options).unwrap_or(0)))
}

/// I-088, I-089: no more text than the peer takes.
fn size(pair: &Pair, segment: &Emission, options: usize, terms: &Terms) -> Judgement {
    let Some(most) = largest(pair, options, terms).filter(|_| !segment.has(Control::SYN)) else {
        return Ok(());
    };
    if segment.text <= most {
        return Ok(());
    }
    let named = pair.peer_options.is_some_and(|options| options.mss.is_some());
    let (rule, differed) =
        if named { ("I-088", "text too long") } else { ("I-089", "text longer than the default") };
    object(rule, "text", differed, format!("expected at most {most} octets of text, seen {}", segment.text))
}

/// I-088.2: text that fills a segment is not cut up. That a congestion window or a timer cut the segment before is ruled
/// out by another one that follows it at once.
fn whole(pair: &Pair, segment: &Emission) -> Judgement {
    let Some((short, most)) = pair.short.filter(|(short, _)| short.end() == segment.seq) else {
        return Ok(());
    };
    if short.now != segment.now {
        return Ok(());
    }
    let what = format!(
        "expected {most} octets in a segment, as they wait and the window takes them, seen `{short}`"
    );
    object("I-088.2", "text", "segments smaller than they can be", what)
}

/// Whether more text waits than the segment carries, and would fit in it: then how much fits.
pub(in crate::monitor) fn is_short(
    pair: &Pair,
    segment: &Emission,
    packet: &Parsed<'_>,
    terms: &Terms,
) -> Option<u32> {
    let iss = pair.iss.filter(|_| !pair.user_unknown && !terms.real && packet.route.is_none())?;
    let apart = Control(Control::SYN.0 | Control::FIN.0 | Control::RST.0 | Control::PSH.0 | Control::URG.0);
    let new = segment.text > 0 && segment.seq == pair.snd_max && segment.ctl.0 & apart.0 == 0;
    let own = pair.own_options.filter(|_| new)?.mss?;
    // V-52: what becomes of an absurd size is free.
    pair.peer_options.filter(|peer| peer.mss.is_none_or(|size| size >= LEAST_SIZE))?;
    let most = largest(pair, packet.segment.options.len(), terms)?.min(u32::from(own));
    let end = segment.seq + most;
    let waits = end.le(iss + 1 + pair.written);
    // Half of the largest window is as much as some senders put in one segment (V-57).
    let fits = |one: &Hypothesis| one.edge.ge(end) && one.widest / 2 >= most;
    (segment.text + MOST_OPTIONS < most && waits && pair.hypotheses.all(fits)).then_some(most)
}

/// I-113: what empties the send queue is pushed.
fn push(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let Some(iss) = pair.iss else { return Ok(()) };
    let last = segment.end_of_text() == iss + 1 + pair.written && segment.end_of_text().gt(pair.snd_max);
    let pushed = segment.has(Control::PSH) || segment.has(Control::FIN);
    if terms.real || pair.user_unknown || !last || pushed {
        return Ok(());
    }
    let what = format!("expected PSH on the segment that empties the send queue, seen `{segment}` without");
    object("I-113", "last segment of the text", "no PSH", what)
}

/// I-112: the urgent pointer names the octet after the urgent text.
fn urgent(pair: &Pair, segment: &Emission, up: u16) -> Judgement {
    let Some(iss) = pair.iss.filter(|_| !pair.user_unknown) else { return Ok(()) };
    let end = pair.urgent.map(|end| iss + 1 + end);
    if !segment.has(Control::URG) {
        let ahead = end.is_some_and(|end| segment.seq.lt(end) && end.since(segment.seq) <= 0xffff);
        let new = segment.text > 0 && segment.end_of_text().gt(pair.snd_max);
        if ahead && new && !segment.has(Control::SYN) {
            let what =
                format!("expected URG on text before the end of urgent text, seen `{segment}` without");
            return object("I-112", "urgent text", "no URG", what);
        }
        return Ok(());
    }
    let points_at = segment.seq + u32::from(up);
    match end {
        None => {
            let what = "URG is set although the user sent no urgent text".to_owned();
            object("I-112", "text", "URG without urgent text", what)
        }
        Some(end) if points_at != end && up != u16::MAX && segment.seq.lt(end) => {
            let what = format!("expected an urgent pointer of {}, seen {up}", end.since(segment.seq));
            object("I-112", "urgent text", "the pointer is elsewhere", what)
        }
        Some(_) => Ok(()),
    }
}

/// I-096, I-097, I-102: options that need the peer's.
fn options(pair: &Pair, segment: &Emission) -> Judgement {
    let own = segment.options;
    let syn = segment.has(Control::SYN);
    if !syn && (own.shift.is_some() || own.sack_permitted) {
        let what = format!("options that belong on a SYN are on `{segment}`");
        let rule = if own.shift.is_some() { "I-096" } else { "I-102" };
        return object(rule, "segment without SYN", "an option of a SYN", what);
    }
    if own.shift.is_some_and(|shift| shift > 14) {
        return object(
            "I-096",
            "SYN",
            "a shift above 14",
            "a Window Scale option says more than 14".to_owned(),
        );
    }
    if syn && segment.has(Control::ACK) {
        // A SYN of ours that crossed the peer's changes nothing (RFC 7323, appendix D); RFC 2018 does not say what the
        // SYN,ACK may then repeat. Otherwise what has been said before may be of another incarnation.
        let crossed = pair.own_options.is_some();
        let same = !crossed || pair.hypotheses.all(|one| !one.passive && !one.fresh);
        let Some(peer) = pair.peer_options.filter(|_| same) else { return Ok(()) };
        let unasked = [
            ("I-096", own.shift.is_some() && peer.shift.is_none()),
            ("I-102", own.sack_permitted && !peer.sack_permitted && !crossed),
            ("I-097", own.timestamps.is_some() && peer.timestamps.is_none()),
        ];
        if let Some((rule, _)) = unasked.into_iter().find(|(_, wrong)| *wrong) {
            let what = "a SYN,ACK carries an option that the SYN did not have".to_owned();
            return object(rule, "SYN,ACK", "an option that nobody offered", what);
        }
    }
    if !syn && pair.agreed_on_timestamps() && own.timestamps.is_none() {
        let what = format!("expected a Timestamps option on every segment, seen `{segment}` without");
        return object("I-097", "segment", "no timestamps", what);
    }
    Ok(())
}

/// I-105, I-018: timeouts double, and the first is no shorter than round trips can be.
fn spacing(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let again =
        segment.end().le(pair.snd_max) && pair.hypotheses.all(|hypothesis| hypothesis.una == segment.seq);
    let closed = pair
        .hypotheses
        .any(|hypothesis| hypothesis.state.is_synchronized() && hypothesis.edge.le(hypothesis.una));
    // In a simultaneous open the SYN,ACK goes out while the timer of the SYN runs (RFC 6298 §5.1).
    let crossing =
        segment.has(Control::SYN | Control::ACK) && pair.hypotheses.any(|hypothesis| !hypothesis.passive);
    if !again || closed || crossing || terms.real || pair.disturbed {
        return Ok(());
    }
    let interval = segment.now.since(pair.head_at);
    // After a fast retransmission the timer goes off that was running before it (RFC 6298 §5.1).
    if !pair.repeated && interval < LEAST_RTO {
        let what = format!("expected no retransmission before a timeout, seen one after {interval:?}");
        return object("I-018", "retransmission", "too early", what);
    }
    // The first of them may be a probe of another algorithm (V-56).
    let doubled = interval + terms.settle >= pair.interval * 2 || interval >= CEILING;
    if pair.repetitions >= 2 && !doubled {
        let what = format!("expected the timeout to double from {:?}, seen {interval:?}", pair.interval);
        return object("I-105", "retransmission", "the timeout does not double", what);
    }
    Ok(())
}

/// I-014.2: what the peer has is not sent again. One octet may be a probe (V-27, V-37).
fn acknowledged(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let probe = segment.text <= 1 && segment.ctl.0 & (Control::SYN | Control::FIN).0 == 0;
    let all = |one: &Hypothesis| one.state.is_synchronized() && segment.end().le(one.una);
    if terms.real || probe || !pair.hypotheses.all(all) {
        return Ok(());
    }
    let what = format!("everything up to {} is acknowledged, seen `{segment}`", pair.hypotheses.first().una);
    object("I-014.2", "retransmission", "of what is acknowledged", what)
}

/// I-046, I-054: a reset outside the window and a segment without ACK are dropped, and nothing says so.
pub(in crate::monitor) fn silence(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let reset = pair.class.ctl.has(Control::RST);
    // V-38: what begins beyond RCV.NXT may be dropped before anybody looks for its ACK, and then answered.
    let without =
        pair.class.ctl.0 & (Control::ACK | Control::SYN | Control::RST).0 == 0 && pair.class.seq == Place::At;
    let arrived = pair.arrived_at == segment.now && pair.class.came == Came::Segment && (reset || without);
    // It says what was said before: no timer and no user has brought it about.
    let repeats = segment.seq == pair.snd_max
        && pair.last_ack == Some(segment.ack)
        && pair.offered == Some(pair.offer_of(segment));
    let unknown = terms.real || pair.user_unknown || pair.keep_alive.is_some();
    let owes =
        pair.hypotheses.any(|one| one.ack.is_some() || one.syn_ack.is_some() || one.state == State::Closed);
    if unknown || !arrived || !repeats || owes {
        return Ok(());
    }
    let rule = if reset { "I-046" } else { "I-054" };
    let what = format!("expected silence after {}, seen `{segment}`", pair.class);
    object(rule, pair.class.to_string(), "answered by an acknowledgment", what)
}

/// I-121: of immediate acknowledgments each has a cause: a segment that arrived, or room that the user made.
pub(in crate::monitor) fn called_for(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let repeats = segment.seq == pair.snd_max && pair.last_ack == Some(segment.ack);
    let idle = pair.credit == 0
        && pair.acknowledged_at == segment.now
        && pair.hypotheses.all(|hypothesis| hypothesis.ack.is_none());
    let unknown = terms.real || pair.user_unknown || pair.keep_alive.is_some();
    if unknown || !segment.is_bare() || !repeats || !idle {
        return Ok(());
    }
    let what =
        format!("expected one acknowledgment for each segment that arrived, seen another: `{segment}`");
    object("I-121", "acknowledgment", "nothing called for it", what)
}

/// I-005: the right edge of the window does not move to the left.
fn offer(pair: &Pair, segment: &Emission) -> Judgement {
    let Some(known) = pair.offered.filter(|_| segment.has(Control::ACK)) else { return Ok(()) };
    let current = pair.last_ack.is_none_or(|last| segment.ack.ge(last));
    let fin = pair.hypotheses.any(|hypothesis| hypothesis.fin_taken);
    let again = !segment.is_bare() && segment.end().le(pair.snd_max);
    let edge: SeqNumber = pair.offer_of(segment);
    // V-30: what a shift cannot say is rounded down; the first scaled window follows an unscaled one.
    let slack = pair.granularity();
    if !current || fin || again || (edge + (slack - 1)).ge(known) {
        return Ok(());
    }
    let back = known.since(edge);
    let what = format!("expected the right edge of the window to stay, seen it move left by {back} octets");
    object("I-005", "window", "shrinks", what)
}
