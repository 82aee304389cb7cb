//! What the stack sends, and what it owes and has not sent.

use std::time::Duration;

use tcpspec_core::{Control, Instant};

use super::Monitor;
use super::emission::Emission;
use super::hypothesis::{Hypotheses, Hypothesis};
use super::judge::{beginnings, emission as form, explain, liveness, overdue, reports, sending};
use super::objection::{self, Judgement, Objection};
use super::terms::Terms;
use super::ways;
use crate::stack::NextTimer;
use crate::wire::Parsed;

impl Monitor {
    /// Judges a segment of the stack and takes note of it.
    pub(super) fn sends(&mut self, now: Instant, packet: &Parsed<'_>, terms: &Terms) -> Judgement {
        form::header(packet, terms)?;
        let Some(index) = self.pair(packet.endpoints) else { return Ok(()) };
        overdue::expire(&mut self.pairs[index], now);
        let segment = Emission::of(now, &packet.segment);
        let begins = segment.has(Control::SYN) && self.pairs[index].iss.is_some_and(|iss| iss != segment.seq);
        if self.pairs[index].hypotheses.blind {
            return Ok(());
        }
        if !segment.has(Control::RST) && !begins {
            let stream = self.pairs[index].stream.map(|stream| &self.streams.all[stream]);
            form::sequence(&self.pairs[index], stream, &packet.segment)?;
            sending::sent(&self.pairs[index], &segment, packet, terms)?;
        }
        if segment.is_bare() && !segment.has(Control::RST) {
            sending::called_for(&self.pairs[index], &segment, terms)?;
            sending::silence(&self.pairs[index], &segment, terms)?;
        }
        // An acknowledgment that says nothing new and that nothing called for may be one too (V-12).
        let pair = &self.pairs[index];
        let repeats = pair.last_ack == Some(segment.ack) && pair.offered == Some(pair.offer_of(&segment));
        let throttled = pair
            .hypotheses
            .any(|hypothesis| hypothesis.ack.map_or(repeats, |due| due.why.may_be_throttled()));
        let another = self.explained(index, &segment, terms)?;
        if segment.has(Control::SYN) && (another || self.pairs[index].iss.is_none()) {
            self.begins(index, &segment, terms)?;
        }
        if another {
            self.follow_new_incarnation(index);
        }
        let pair = &mut self.pairs[index];
        if !segment.has(Control::RST) {
            let stream = pair.stream.map(|stream| &self.streams.all[stream]);
            reports::reported(pair, stream, &segment, packet.segment.options, terms)?;
        }
        if segment.is_bare() && segment.has(Control::ACK) {
            pair.credit = pair.credit.saturating_sub(1);
            pair.acknowledged_at = now;
            if throttled {
                self.acknowledgments.push(now);
            }
        }
        ways::taken(pair, &segment, packet, terms)?;
        pair.short = sending::is_short(pair, &segment, packet, terms).map(|most| (segment, most));
        pair.note(&segment);
        Ok(())
    }

    /// I-066, I-115: the number that an incarnation begins with.
    fn begins(&self, index: usize, segment: &Emission, terms: &Terms) -> Judgement {
        // V-36: where no more connections fit, the number of a SYN,ACK may say what the request was.
        let port = self.pairs[index].endpoints.source.port();
        let full = terms.backlog.is_some_and(|most| self.backlog(port) >= most);
        if segment.has(Control::ACK) && full {
            return Ok(());
        }
        beginnings::after_the_last(&self.pairs[index], segment, terms)?;
        beginnings::among_others(&self.pairs[..self.pairs_in_use], segment, index)
    }

    /// The stack has sent a SYN of a new incarnation while the old one might still have been there.
    fn follow_new_incarnation(&mut self, index: usize) {
        let reopens = self.pairs[index].hypotheses.all(|hypothesis| hypothesis.reopens);
        let old = self.pairs[index].stream;
        let stream = self.streams.begin();
        if let Some(stream) = stream {
            self.streams.all[stream].pair = index;
        }
        let pair = &mut self.pairs[index];
        // The request brought its options when it came.
        let options = pair.request_options;
        pair.begin_incarnation(stream);
        pair.patience = self.patience_of_listeners;
        pair.keep_alive = self.keep_alive_of_listeners;
        if let Some(options) = options {
            pair.note_peer_options(options);
        }
        // What came with the request was not kept for this incarnation.
        pair.hypotheses.blind |= pair.class.text || pair.class.ctl.has(Control::FIN);
        self.blind |= pair.hypotheses.blind;
        self.inconclusive += u64::from(pair.hypotheses.blind);
        if let Some(old) = old.filter(|_| reopens) {
            // Whether the user's socket is the old connection's, the new one's or both is the stack's affair.
            let old = &mut self.streams.all[old];
            (old.overlong, old.received.doubtful) = (true, true);
            pair.user_unknown = true;
        }
    }

    /// Leaves the hypotheses that allow the segment. Says whether it can only be the SYN of a new incarnation.
    fn explained(&mut self, index: usize, segment: &Emission, terms: &Terms) -> Result<bool, Box<Objection>> {
        let mut after = Hypotheses::none_in(std::mem::take(&mut self.spare));
        let pair = &self.pairs[index];
        let (mut reason, mut begins) = (None, true);
        for hypothesis in pair.hypotheses.as_slice() {
            match explain::explain(hypothesis, segment, pair, terms) {
                Ok(explained) => {
                    after.push(explained);
                    begins &= hypothesis.fresh && segment.has(Control::SYN);
                }
                Err(why) => reason = reason.or(Some((hypothesis, why))),
            }
        }
        if let (true, Some((hypothesis, why))) = (after.is_empty(), reason) {
            return Err(objection::unexplained(hypothesis, segment, &why, pair));
        }
        self.spare = std::mem::replace(&mut self.pairs[index].hypotheses, after);
        self.pairs[index].suspicion = None;
        Ok(begins)
    }

    /// Everything that was due by now must have come.
    pub(super) fn nothing_missing(&mut self, now: Instant, next: NextTimer) -> Judgement {
        let Some(terms) = &self.terms else { return Ok(()) };
        for pair in &mut self.pairs[..self.pairs_in_use] {
            if pair.hypotheses.blind {
                continue;
            }
            overdue::expire(pair, now);
            if pair.hypotheses.blind {
                continue;
            }
            // What cannot come before it is due is missing already.
            let sleeps = sleeps_until(now, next, terms);
            overdue::note_suspicion(pair, sleeps);
            if !pair.hypotheses.retain(|hypothesis| overdue::missing(hypothesis, sleeps).is_none()) {
                let first = pair.hypotheses.first();
                let missing = overdue::missing(first, sleeps).expect("every hypothesis misses something");
                return Err(
                    objection::suspected(pair, first).unwrap_or_else(|| objection::missing(first, missing))
                );
            }
            for hypothesis in pair.hypotheses.as_mut_slice() {
                hypothesis.forget_resets_that_might_have_come_by(sleeps);
            }
            pair.hypotheses.merge();
            let late = |hypothesis: &Hypothesis| {
                liveness::waits(hypothesis, pair, terms).filter(|wait| wait.by <= sleeps)
            };
            if pair.hypotheses.all(|hypothesis| late(hypothesis).is_some()) {
                let first = pair.hypotheses.first();
                return Err(objection::asleep(first, late(first), next, now));
            }
        }
        Ok(())
    }
}

/// Until when the stack does nothing by itself: it says so itself, or time has shown it.
fn sleeps_until(now: Instant, next: NextTimer, terms: &Terms) -> Instant {
    // What is due at its next timer may still come.
    let before = |time: Instant| time - Duration::from_micros(1);
    match next {
        _ if terms.real => now,
        NextTimer::At(time) => now.max(before(time)),
        NextTimer::Never => Instant(u64::MAX),
        NextTimer::Unknown => now,
    }
}
