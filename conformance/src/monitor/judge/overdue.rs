//! What was due and did not come, and what time alone brings about.

use tcpspec_core::{Instant, State};

use super::explain::{may_give_up, must_have_given_up};
use crate::monitor::hypothesis::{Due, Ending, Hypotheses, Hypothesis, Why};
use crate::monitor::pair::Pair;

/// What a hypothesis still owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::monitor) enum Missing {
    Ack(Due),
    SynAck(Due),
    Reset(Due),
}

/// The first thing that was due by now.
pub(in crate::monitor) fn missing(hypothesis: &Hypothesis, now: Instant) -> Option<Missing> {
    let ack = hypothesis.ack.filter(|due| due.by <= now).map(Missing::Ack);
    let syn_ack = hypothesis.syn_ack.filter(|due| due.by <= now).map(Missing::SynAck);
    let required = hypothesis.resets.iter().flatten().filter(|reset| reset.required);
    let reset = required.map(|reset| reset.due).find(|due| due.by <= now).map(Missing::Reset);
    reset.or(syn_ack).or(ack)
}

/// Where nothing is left but that the connection ended without a word, the acknowledgment that is missing otherwise is
/// remembered. A reset in the window is answered or ends the connection, so that the lack of an answer says nothing.
pub(in crate::monitor) fn note_suspicion(pair: &mut Pair, now: Instant) {
    let mut others = pair.hypotheses.as_slice().iter().filter(|one| !one.ended_without_a_word());
    let Some(likeliest) = others.next() else { return };
    let Some(first @ Missing::Ack(due)) = missing(likeliest, now) else { return };
    if due.why != Why::InexactReset && others.all(|one| missing(one, now).is_some()) {
        pair.suspicion = Some((*likeliest, first));
    }
}

/// The rule that something missing breaks, and the words for it.
pub(in crate::monitor) const fn rule(missing: Missing) -> (&'static str, &'static str) {
    let why = match missing {
        Missing::Ack(due) | Missing::SynAck(due) | Missing::Reset(due) => due.why,
    };
    let rule = match why {
        Why::NoConnection => "I-032",
        Why::Listening => "I-034",
        Why::SynSent => "I-037",
        Why::SynReceived => "I-042",
        Why::Request => "I-035",
        Why::Crossing => "I-039",
        Why::Handshake => "I-040",
        Why::Unacceptable => "I-045",
        Why::TimeWait => "I-065",
        Why::InexactReset => "I-047",
        Why::Syn => "I-051",
        Why::Unsent => "I-055",
        Why::Old => "I-056",
        Why::InOrder => "I-103",
        Why::TwoSegments => "I-103.2",
        Why::Fin => "I-060",
        Why::Abort => "I-068",
        Why::LostText => "I-078",
        Why::IllegalOption => "I-094",
    };
    let words = match (missing, why) {
        (Missing::Reset(_), _) => "no reset",
        (Missing::SynAck(_), _) => "no SYN,ACK",
        (Missing::Ack(_), Why::InOrder | Why::Handshake | Why::Fin) => "no acknowledgment within 0.5 s",
        (Missing::Ack(_), _) => "no acknowledgment at once",
    };
    (rule, words)
}

/// What may have happened by itself until now: states that end, connections that are given up.
pub(in crate::monitor) fn expire(pair: &mut Pair, now: Instant) {
    let due = |hypothesis: &Hypothesis| {
        let ends = hypothesis.ends.is_some_and(|(earliest, _)| earliest <= now);
        ends || may_give_up(hypothesis, now, pair)
    };
    if !pair.hypotheses.any(due) {
        return;
    }
    let mut after = Hypotheses::none();
    for hypothesis in pair.hypotheses.as_slice() {
        let lasts = hypothesis.ends.is_none_or(|(_, latest)| now <= latest);
        if lasts && !must_have_given_up(hypothesis, now, pair) {
            after.push(*hypothesis);
        }
    }
    for hypothesis in pair.hypotheses.as_slice() {
        if hypothesis.ends.is_some_and(|(earliest, _)| earliest <= now) {
            // TIME-WAIT has to end; FIN-WAIT-2 may, and what is half open, of which nobody is told (V-40, V-60).
            after.push(match hypothesis.state {
                State::SynReceived => hypothesis.excused_by(40).closed(Ending::None),
                State::FinWait2 => hypothesis.excused_by(40).closed(Ending::Closed),
                _ => hypothesis.closed(Ending::Closed),
            });
        } else if may_give_up(hypothesis, now, pair) {
            let silent = hypothesis.passive && hypothesis.state == State::SynReceived;
            after.push(hypothesis.closed(if silent { Ending::None } else { Ending::TimedOut }));
        }
    }
    after.blind |= pair.hypotheses.blind;
    pair.hypotheses = after;
}
