//! Whether a hypothesis allows what the stack sends, and what it becomes by it.

use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber, State};

use crate::monitor::emission::Emission;
use crate::monitor::hypothesis::{Ending, Form, Hypothesis};
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;

/// A connection may be given up over text after this long (RFC 9293 §3.8.3, SHLD-11).
pub(in crate::monitor) const LEAST_R2: Duration = Duration::from_secs(100);

/// How soon a retransmission timer may go off at the earliest, in practice (V-26).
const SOON: Duration = Duration::from_millis(100);

/// Why a hypothesis does not allow it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::monitor) struct Reason {
    pub(in crate::monitor) rule: &'static str,
    pub(in crate::monitor) differed: &'static str,
    /// What a number should have been: at least and at most.
    pub(in crate::monitor) wanted: Option<(&'static str, SeqNumber, SeqNumber)>,
}

const fn reason(rule: &'static str, differed: &'static str) -> Reason {
    Reason { rule, differed, wanted: None }
}

/// Explains a segment.
pub(in crate::monitor) fn explain(
    hypothesis: &Hypothesis,
    segment: &Emission,
    pair: &Pair,
    terms: &Terms,
) -> Result<Hypothesis, Reason> {
    if segment.has(Control::RST) {
        reset(hypothesis, segment, pair)
    } else if segment.has(Control::SYN) {
        syn(hypothesis, segment, pair)
    } else {
        ordinary(hypothesis, segment, pair, terms)
    }
}

/// A reset must be one that is due, or that ends a connection for a reason.
fn reset(hypothesis: &Hypothesis, segment: &Emission, pair: &Pair) -> Result<Hypothesis, Reason> {
    if segment.has(Control::SYN) || segment.has(Control::FIN) {
        return Err(reason("I-080", "a reset with SYN or FIN"));
    }
    let fitting = |index: &usize| hypothesis.resets[*index].filter(|reset| matches(reset.form, segment));
    // Of two that it may be, the one that must come.
    let order = |index: &usize| fitting(index).map_or(2, |reset| u8::from(!reset.required));
    if let Some(index) = [0, 1].into_iter().filter(|index| fitting(index).is_some()).min_by_key(order) {
        let mut after = *hypothesis;
        after.resets[index] = None;
        return Ok(after);
    }
    if may_give_up(hypothesis, segment.now, pair) {
        return Ok(hypothesis.closed(Ending::TimedOut));
    }
    let answered = stays_open_until(hypothesis, pair) > hypothesis.busy_since;
    if answered && segment.now.since(hypothesis.busy_since) >= LEAST_R2 {
        return Err(reason("I-108.2", "given up although its probes are answered"));
    }
    if pair.class.ctl.has(Control::RST) && hypothesis.resets == [None; 2] {
        return Err(reason("I-069", "answered by a reset"));
    }
    Err(match hypothesis.resets.iter().flatten().next().map(|reset| reset.form) {
        None => reason("I-120", "a reset that nothing called for"),
        Some(Form::OfAck(ack)) => {
            Reason { wanted: Some(("SEQ", ack, ack)), ..reason("I-080", "a reset of the wrong form") }
        }
        Some(Form::OfNoAck(ack)) => {
            Reason { wanted: Some(("ACK", ack, ack)), ..reason("I-080", "a reset of the wrong form") }
        }
        Some(Form::Ending { una, max }) => {
            Reason { wanted: Some(("SEQ", una, max)), ..reason("I-068", "a reset with the wrong number") }
        }
    })
}

fn matches(form: Form, segment: &Emission) -> bool {
    match form {
        Form::OfAck(ack) => segment.seq == ack && !segment.has(Control::ACK),
        Form::OfNoAck(end) => segment.seq == SeqNumber(0) && segment.has(Control::ACK) && segment.ack == end,
        Form::Ending { una, max } => segment.seq.ge(una) && segment.seq.le(max),
    }
}

/// Whether something has been waiting for long enough to give the connection up.
pub(in crate::monitor) fn may_give_up(hypothesis: &Hypothesis, now: Instant, pair: &Pair) -> bool {
    let waits = || match hypothesis.state {
        State::Closed | State::Listen | State::TimeWait | State::FinWait2 => false,
        State::SynSent | State::SynReceived => true,
        _ => pair.unfinished(hypothesis),
    };
    // Several keep-alives that nobody answers are a verdict, one is none (RFC 9293 §3.8.4, MUST-29).
    let open = hypothesis.state.is_synchronized() && hypothesis.state != State::TimeWait;
    let dead = pair.keep_alive.is_some() && pair.unanswered >= 2 && open;
    let long = |since| now.since(since) >= pair.patience.unwrap_or(LEAST_R2);
    dead || long(hypothesis.busy_since) && waits() && long(stays_open_until(hypothesis, pair))
}

/// Until when the peer has certainly answered the probes of its closed window: so long the connection stays open (RFC 9293
/// §3.8.6.1, MUST-37). What the user limits, or has closed, may be given up all the same (RFC 6429 §4, V-40).
fn stays_open_until(hypothesis: &Hypothesis, pair: &Pair) -> Instant {
    let held = matches!(hypothesis.state, State::Established | State::CloseWait);
    let closed = hypothesis.edge_most.le(hypothesis.una);
    let free = pair.patience.is_some() || pair.user_unknown;
    if held && closed && !free { pair.answered_at } else { Instant::ZERO }
}

/// Whether the user's text has waited for so long, with no word from the peer, that the timeout which the user set has
/// ended the connection. Generous: many stacks look at the time only when they send again.
pub(in crate::monitor) fn must_have_given_up(hypothesis: &Hypothesis, now: Instant, pair: &Pair) -> bool {
    let Some((timeout, set_at)) = pair.timeout_of_user.filter(|_| !pair.user_unknown) else { return false };
    let open = hypothesis.state.is_synchronized() && hypothesis.state != State::TimeWait;
    let waits = pair.iss.is_some_and(|iss| hypothesis.una.lt(iss + 1 + pair.written));
    let unheard = pair.heard_at <= hypothesis.waiting_since;
    let late = timeout * 2 + Duration::from_secs(10);
    open && waits && unheard && now.since(hypothesis.waiting_since.max(set_at)) >= late
}

/// Whether the timeout that the user set may be what ended the connection, and not one of the stack's own before.
fn the_users_is_over(pair: &Pair, now: Instant) -> bool {
    pair.timeout_of_user.is_some_and(|(timeout, set_at)| now.since(set_at) >= timeout)
}

/// A SYN, or a SYN,ACK.
fn syn(hypothesis: &Hypothesis, segment: &Emission, pair: &Pair) -> Result<Hypothesis, Reason> {
    let same = pair.iss.is_none_or(|iss| iss == segment.seq);
    match hypothesis.state {
        State::SynSent | State::SynReceived if !hypothesis.fresh && !same => Err(Reason {
            wanted: pair.iss.map(|iss| ("SEQ", iss, iss)),
            ..reason("I-076", "another SEQ than the SYN before")
        }),
        State::SynSent if segment.has(Control::ACK) => Err(reason("I-030", "a SYN,ACK before any SYN came")),
        State::SynSent => Ok(Hypothesis { una: segment.seq, ..*hypothesis }),
        State::SynReceived if !segment.has(Control::ACK) => {
            // A request that crosses the peer's may still be on its way out.
            if hypothesis.passive { Err(reason("I-035", "a SYN without ACK")) } else { Ok(*hypothesis) }
        }
        State::SynReceived => {
            if segment.ack.lt(hypothesis.irs + 1) || segment.ack.gt(hypothesis.nxt_most) {
                return Err(Reason {
                    wanted: Some(("ACK", hypothesis.irs + 1, hypothesis.nxt_most)),
                    ..reason("I-035", "a SYN,ACK that acknowledges another number")
                });
            }
            let una = segment.seq;
            let at = hypothesis.nxt.later(segment.ack);
            // V-5: what asked for an acknowledgment gets the same answer as the request.
            let again = hypothesis.ack.is_some() && hypothesis.syn_ack.is_none();
            let hypothesis = if again { hypothesis.excused_by(5) } else { *hypothesis };
            Ok(Hypothesis { una, syn_ack: None, ack: None, fresh: false, nxt: at, ..hypothesis })
        }
        State::Closed | State::Listen => Err(reason("I-120", "a SYN without a request or an OPEN")),
        // V-23: closed in SYN-RECEIVED, it is in FIN-WAIT-1 and its SYN is still unacknowledged.
        _ if hypothesis.closing && same && hypothesis.una == segment.seq => {
            acknowledgment(hypothesis, segment, pair)
        }
        _ => Err(reason("I-030", "a SYN on an open connection")),
    }
}

/// Everything else: text, FIN, acknowledgments.
fn ordinary(
    hypothesis: &Hypothesis,
    segment: &Emission,
    pair: &Pair,
    terms: &Terms,
) -> Result<Hypothesis, Reason> {
    match hypothesis.state {
        State::Closed if hypothesis.ending == Ending::TimedOut && the_users_is_over(pair, segment.now) => {
            return Err(reason("I-107", "a segment after the user's timeout"));
        }
        State::Closed | State::Listen => {
            return Err(reason("I-120", "a segment of a connection that is no more"));
        }
        State::SynSent => return Err(reason("I-041", "a segment before the peer's SYN came")),
        _ if hypothesis.fresh => return Err(reason("I-035", "a segment before the SYN,ACK")),
        _ => {}
    }
    if !segment.has(Control::ACK) {
        return Err(reason("I-081", "no acknowledgment"));
    }
    let mut after = acknowledgment(hypothesis, segment, pair)?;
    if segment.text > 0 {
        text(hypothesis, segment, pair)?;
    }
    if segment.has(Control::FIN) {
        fin(hypothesis, segment, pair)?;
    }
    if segment.is_bare() {
        if let Some(variation) = bare(hypothesis, segment, pair, terms)? {
            after = after.excused_by(variation);
        }
    } else if hypothesis.una == pair.snd_max {
        after.waiting_since = segment.now;
    }
    if hypothesis.state == State::LastAck && hypothesis.ends.is_some() {
        // The last thing that the connection does (V-59).
        return Ok(after.closed(Ending::Closed));
    }
    Ok(Hypothesis { ack: None, ..after })
}

/// I-081 to I-083: the acknowledgment number.
fn acknowledgment(hypothesis: &Hypothesis, segment: &Emission, pair: &Pair) -> Result<Hypothesis, Reason> {
    let wanted = Some(("ACK", hypothesis.nxt, hypothesis.nxt_most));
    if segment.ack.gt(hypothesis.nxt_most) {
        return Err(Reason { wanted, ..reason("I-083", "acknowledges what has not arrived in order") });
    }
    if segment.ack.ge(hypothesis.nxt) {
        return Ok(hypothesis.nxt_is(segment.ack));
    }
    let again = !segment.is_bare() && segment.end().le(pair.snd_max);
    if again
        && segment.ack.gt(hypothesis.irs)
        && pair.acknowledged_then.is_none_or(|then| segment.ack.ge(then))
    {
        // V-49: a packet repeated as it was.
        return Ok(hypothesis.excused_by(49));
    }
    let less = "acknowledges less than arrived in order";
    let back = pair.last_ack.is_some_and(|last| segment.ack.lt(last));
    Err(Reason { wanted, ..reason(if back { "I-082" } else { "I-081" }, less) })
}

/// I-087: text stays inside the peer's window, but for probes of a closed one.
fn text(hypothesis: &Hypothesis, segment: &Emission, pair: &Pair) -> Result<(), Reason> {
    let end = segment.end_of_text();
    let new = end.gt(pair.snd_max);
    match hypothesis.state {
        State::SynReceived => return Err(reason("I-030", "text before the connection is open")),
        State::FinWait2 | State::TimeWait if new => return Err(reason("I-090", "text after the FIN")),
        _ => {}
    }
    if !new || end.le(hypothesis.edge_most) {
        return Ok(());
    }
    let closed = hypothesis.edge.le(hypothesis.una);
    if closed && end.since(hypothesis.edge_most.later(hypothesis.una)) <= 1 {
        return Ok(());
    }
    // A window that shrank to nothing with text in flight is probed in the same way: by an octet that is new (MUST-35,
    // §3.8.6.1).
    if closed && end == pair.snd_max + 1 && segment.text == 1 {
        return Ok(());
    }
    Err(Reason {
        wanted: Some(("SEQ+LEN", hypothesis.una, hypothesis.edge_most)),
        ..reason("I-087", "text beyond the window")
    })
}

/// A FIN needs a CLOSE.
fn fin(hypothesis: &Hypothesis, segment: &Emission, pair: &Pair) -> Result<(), Reason> {
    let closed = match hypothesis.state {
        State::FinWait1 | State::Closing | State::LastAck => true,
        State::FinWait2 | State::TimeWait => segment.end().le(pair.snd_max),
        State::SynReceived => hypothesis.closing,
        _ => pair.user_unknown,
    };
    if closed { Ok(()) } else { Err(reason("I-061", "a FIN although the user has not called CLOSE")) }
}

/// I-084: a bare acknowledgment has SEQ=SND.NXT, or a variation permits another.
fn bare(
    hypothesis: &Hypothesis,
    segment: &Emission,
    pair: &Pair,
    terms: &Terms,
) -> Result<Option<u32>, Reason> {
    if segment.seq == pair.snd_max {
        return Ok(None);
    }
    let wrong = Reason {
        wanted: Some(("SEQ", pair.snd_max, pair.snd_max)),
        ..reason("I-084", "an acknowledgment with another SEQ than SND.NXT")
    };
    let closed = hypothesis.edge.le(hypothesis.una);
    if hypothesis.una == pair.snd_max && segment.seq == hypothesis.una - 1 && !closed {
        // The answer to what is unacceptable is no keep-alive.
        let answers = hypothesis.ack.is_some_and(|due| due.why.may_be_throttled());
        let judged = keep_alive(segment, pair, terms);
        return judged.map(|()| None).map_err(|no| if answers { wrong } else { no });
    }
    // V-50: SND.NXT goes back to retransmit; a shrunken window pulls it back too. V-27, V-37: probes.
    let timer = pair.repeated || segment.now.since(pair.sent_at) >= SOON || pair.repeated_acks >= 3;
    let shrunk = hypothesis.edge.lt(pair.snd_max);
    // Or it has gone back, and part of what was sent was sent again since, or acknowledged.
    let back = timer || shrunk || segment.seq == pair.sent_to.later(hypothesis.una);
    if back && segment.seq.ge(hypothesis.una - 1) && segment.seq.lt(pair.snd_max) {
        return Ok(Some(if closed { 27 } else { 50 }));
    }
    Err(wrong)
}

/// I-111: a keep-alive needs a user who asked for it, and an idle connection.
fn keep_alive(segment: &Emission, pair: &Pair, terms: &Terms) -> Result<(), Reason> {
    match pair.keep_alive {
        None if pair.user_unknown => Ok(()),
        None => Err(reason("I-111", "a keep-alive that nobody asked for")),
        Some(interval) if segment.now.since(pair.heard_at) + terms.settle >= interval => Ok(()),
        Some(_) => Err(reason("I-111", "a keep-alive on a connection that is not idle")),
    }
}
