//! What may follow when a segment arrives: in CLOSED, LISTEN and SYN-SENT (RFC 9293 §3.10.7.1 to §3.10.7.3).

use tcpspec_core::{Control, Instant, SeqNumber, State};

use crate::monitor::arrival::{Arrival, Class};
use crate::monitor::hypothesis::{Due, Ending, Form, Hypotheses, Hypothesis, Reset, Why};
use crate::monitor::pair::Pair;
use crate::monitor::stream::Received;
use crate::monitor::terms::Terms;

use super::steps;

/// Whether somebody listens on the port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::monitor) enum Listening {
    Yes,
    No,
    /// Nothing says whether the socket still listens.
    Perhaps,
}

/// What is known besides the hypothesis.
pub(in crate::monitor) struct Context<'a> {
    pub(in crate::monitor) now: Instant,
    pub(in crate::monitor) terms: &'a Terms,
    pub(in crate::monitor) pair: &'a Pair,
    pub(in crate::monitor) received: Option<&'a Received>,
    /// Octets that the user has read.
    pub(in crate::monitor) read: u32,
    pub(in crate::monitor) listening: Listening,
    /// So many connections wait to be accepted.
    pub(in crate::monitor) backlog: u32,
    /// The budget for acknowledgments of unacceptable segments is used up (V-12).
    pub(in crate::monitor) throttled: bool,
    pub(in crate::monitor) class: Class,
}

impl<'a> Context<'a> {
    /// What is known where nobody listens and no throttle is at work.
    pub(in crate::monitor) const fn of_pair(
        now: Instant,
        terms: &'a Terms,
        pair: &'a Pair,
        received: Option<&'a Received>,
        read: u32,
    ) -> Self {
        let (listening, backlog, throttled) = (Listening::No, 0, false);
        Self { now, terms, pair, received, read, listening, backlog, throttled, class: pair.class }
    }
}

impl Context<'_> {
    /// Something is due at once.
    pub(in crate::monitor) fn at_once(&self, why: Why) -> Due {
        Due { by: self.now + self.terms.settle, why, class: self.class }
    }

    /// A hypothesis in which an acknowledgment is due at once that may be throttled (V-12).
    pub(in crate::monitor) fn challenge(&self, hypothesis: Hypothesis, why: Why, out: &mut Hypotheses) {
        out.push(hypothesis.owing_ack(self.at_once(why)));
        if self.throttled {
            out.push(hypothesis.excused_by(12));
        }
    }

    /// When a connection that somebody asked for may be given up before it is open, as declared (V-40).
    pub(in crate::monitor) fn end_of_half_open(&self) -> Option<(Instant, Instant)> {
        self.terms.half_open_timeout.map(|timeout| (self.now + timeout, Instant(u64::MAX)))
    }

    /// An acknowledgment is due within the time that it may be held back.
    pub(in crate::monitor) fn soon(&self, why: Why) -> Due {
        // Less than half a second; a stack on a real clock is not asked for microseconds.
        let tick = std::time::Duration::from_micros(1);
        let by = self.now + self.terms.delay;
        let by = if self.terms.real { by + self.terms.settle } else { by - tick };
        Due { by, why, class: self.class }
    }

    /// The reset that answers a segment (RFC 9293 §3.5.2).
    pub(in crate::monitor) fn answer(&self, segment: &Arrival, why: Why) -> Reset {
        let form =
            if segment.has(Control::ACK) { Form::OfAck(segment.ack) } else { Form::OfNoAck(segment.end()) };
        Reset { form, required: true, due: self.at_once(why) }
    }

    /// A reset that ends a connection.
    pub(in crate::monitor) fn ending(&self, una: SeqNumber, why: Why, required: bool) -> Reset {
        let max = self.pair.snd_max.later(una);
        Reset { form: Form::Ending { una, max }, required, due: self.at_once(why) }
    }

    /// The first octet that the stack may refuse: the right edge of the widest window that it ever offered.
    pub(in crate::monitor) fn offered(&self, hypothesis: &Hypothesis) -> SeqNumber {
        let before = hypothesis.irs + 1;
        self.pair.offered.map_or(before + u32::from(self.pair.window_of_syn), |edge| edge.later(before))
    }

    /// The first octet that the stack cannot have room for. Window updates may be held back (V-45).
    pub(in crate::monitor) fn room(&self, hypothesis: &Hypothesis) -> SeqNumber {
        let buffer = self.terms.setup.receive_buffer;
        // What a system makes of a buffer's size is its own affair, unless it says otherwise.
        let buffer = if self.terms.exact_buffers { buffer } else { 1 << 30 };
        // Where nobody can tell whose octets the user read, any number of them may have been this connection's.
        let read = if self.pair.user_unknown { 1 << 30 } else { self.read };
        let room = hypothesis.irs + 1 + read.saturating_add(buffer).min(1 << 30);
        room.later(self.offered(hypothesis))
    }
}

/// All that may follow from one hypothesis.
pub(in crate::monitor) fn arrive(
    hypothesis: Hypothesis,
    segment: &Arrival,
    context: &Context<'_>,
    out: &mut Hypotheses,
) {
    if context.pair.may_be_ignored() {
        out.push(hypothesis);
    }
    match hypothesis.state {
        State::Closed | State::Listen => {
            if context.listening != Listening::No {
                listen(hypothesis, segment, context, out);
            }
            if context.listening != Listening::Yes {
                closed(hypothesis, segment, context, out);
            }
        }
        State::SynSent => syn_sent(hypothesis, segment, context, out),
        _ if hypothesis.fresh => out.blind = true,
        _ => steps::arrive(hypothesis, segment, context, out),
    }
}

/// §3.10.7.1
fn closed(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.has(Control::RST) {
        return out.push(hypothesis);
    }
    if segment.options.malformed {
        // V-51: an illegal option may make any segment nothing.
        out.push(hypothesis.excused_by(51));
    }
    // V-35: silence, where it is declared.
    let reset = context.answer(segment, Why::NoConnection);
    out.push(hypothesis.owing_reset(Reset { required: !context.terms.silent_when_closed, ..reset }));
}

/// §3.10.7.2
fn listen(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    if segment.has(Control::RST) {
        return out.push(hypothesis);
    }
    if segment.has(Control::ACK) {
        if segment.options.malformed {
            out.push(hypothesis.excused_by(51));
        }
        return out.push(hypothesis.owing_reset(context.answer(segment, Why::Listening)));
    }
    if !segment.has(Control::SYN) {
        return out.push(hypothesis);
    }
    let begun = Hypothesis {
        state: State::SynReceived,
        passive: true,
        fin_taken: false,
        fresh: context.pair.iss.is_some(),
        irs: segment.seq,
        takes: hypothesis.takes,
        excuses: hypothesis.excuses,
        resets: hypothesis.resets,
        syn_ack: Some(context.at_once(Why::Request)),
        ends: context.end_of_half_open(),
        waiting_since: context.now,
        busy_since: context.now,
        ..Hypothesis::CLOSED
    };
    // V-24: text on a SYN is kept, acknowledged at once or later, or dropped.
    let kept = segment.start_of_text() + segment.text.min(context.terms.setup.receive_buffer);
    out.push(Hypothesis { nxt_most: kept, ..begun.nxt_is(segment.seq + 1) });
    if let Some(variation) = discards(segment, context) {
        let discarded = hypothesis.excused_by(variation);
        out.push(discarded);
        if matches!(variation, 36 | 51) {
            let reset = context.answer(segment, Why::IllegalOption);
            out.push(discarded.owing_reset(Reset { required: false, ..reset }));
        }
    }
}

/// What permits a request to be discarded, if anything does: no room for the connection (V-36), an illegal option (V-51), a
/// FIN (V-24), an absurd size (V-52).
fn discards(segment: &Arrival, context: &Context<'_>) -> Option<u32> {
    if context.terms.backlog.is_some_and(|most| context.backlog >= most) {
        Some(36)
    } else if segment.options.malformed {
        Some(51)
    } else if segment.has(Control::FIN) {
        Some(24)
    } else {
        absurd(segment).then_some(52)
    }
}

/// A maximum segment size that leaves no room for text (V-52).
fn absurd(segment: &Arrival) -> bool {
    segment.options.mss.is_some_and(|mss| mss < 64)
}

/// §3.10.7.3
fn syn_sent(hypothesis: Hypothesis, segment: &Arrival, context: &Context<'_>, out: &mut Hypotheses) {
    let Some(iss) = context.pair.iss else {
        // The stack holds its SYN back: what acknowledges it cannot be told.
        out.blind = true;
        return;
    };
    let reset = segment.has(Control::RST);
    if segment.options.malformed {
        // V-51: dropped, or the connection reset.
        out.push(hypothesis.excused_by(51));
        if !reset {
            let ended = hypothesis.excused_by(51).closed(Ending::Reset);
            out.push(ended.owing_reset(context.ending(iss, Why::IllegalOption, false)));
        }
    }
    let covers = segment.has(Control::ACK) && segment.ack.gt(iss) && segment.ack.le(context.pair.snd_max);
    if segment.has(Control::ACK) && !covers {
        let refused =
            if reset { hypothesis } else { hypothesis.owing_reset(context.answer(segment, Why::SynSent)) };
        return out.push(refused);
    }
    if reset {
        if !covers {
            return out.push(hypothesis);
        }
        out.push(hypothesis.closed(Ending::Refused));
        // V-3: as printed, RST.SEQ is compared with a RCV.NXT that does not exist yet.
        if segment.seq != SeqNumber(0) {
            out.push(hypothesis.excused_by(3));
        }
        return;
    }
    if !segment.has(Control::SYN) {
        return out.push(hypothesis);
    }
    if segment.has(Control::FIN) {
        // V-24
        out.push(hypothesis.excused_by(24));
    }
    let heard = Hypothesis {
        passive: false,
        irs: segment.seq,
        una: iss,
        nxt: segment.seq + 1,
        nxt_most: segment.start_of_text() + segment.text.min(context.terms.setup.receive_buffer),
        ..hypothesis
    };
    if covers {
        // V-24: text on the SYN,ACK may be dropped. V-55: its acknowledgment may wait for company.
        let opened = steps::established(heard, segment, context);
        steps::control_taken(opened.owing_ack(context.soon(Why::Handshake)), false, context, out);
    } else {
        out.push(Hypothesis {
            state: State::SynReceived,
            syn_ack: Some(context.at_once(Why::Crossing)),
            ..heard
        });
    }
}
