//! What the invariants look at: the record before a step, and the step itself.
//!
//! What a segment deserves is worked out here from the text of the standard, apart from the code that is
//! checked.

use crate::congestion::Congestion;
use crate::event::{Action, Actions, Call, Event, Outcome, Signal, Timer, TimerSet};
use crate::profile::{Profile, TimeWaitReuse};
use crate::retransmission::Retransmission;
use crate::segment::{Control, Integrity, Outgoing, Segment};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{Origin, ReceiveSequence, SendSequence, Tcb, Throttle, octets};

/// The scalars of a [`Tcb`] before a step, and the lengths of its queues. Taking it allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Before {
    /// Where the connection stood.
    pub state: State,
    /// How it was opened.
    pub origin: Origin,
    /// Send sequence variables.
    pub snd: SendSequence,
    /// Receive sequence variables.
    pub rcv: ReceiveSequence,
    /// The retransmission queue's clockwork.
    pub retransmission: Retransmission,
    /// Congestion control.
    pub congestion: Option<Congestion>,
    /// The incarnation in TIME-WAIT that a SYN was reopening.
    pub reopened: Option<(SendSequence, ReceiveSequence)>,
    /// Challenge acknowledgments sent.
    pub throttle: Throttle,
    /// The timers that ran.
    pub timers: TimerSet,
    /// The choices of this endpoint.
    pub profile: Profile,
    /// Keep-alive probes in a row that nothing had answered.
    pub unanswered_keep_alives: u8,
    /// Octets in the send queue.
    pub send_queue: u32,
    /// Octets in order that the user had not read.
    pub receive_queue: u32,
    /// RECEIVEs that waited.
    pub receives: u32,
    /// Octets held out of order.
    pub held: u32,
    /// The FIN held out of order.
    pub held_fin: Option<SeqNumber>,
}

impl Before {
    /// A snapshot of `tcb`.
    #[must_use]
    pub fn of(tcb: &Tcb) -> Self {
        Self {
            state: tcb.state,
            origin: tcb.origin,
            snd: tcb.snd,
            rcv: tcb.rcv,
            retransmission: tcb.retransmission,
            congestion: tcb.congestion,
            reopened: tcb.reopened,
            throttle: tcb.throttle,
            timers: tcb.timers,
            profile: tcb.profile,
            unanswered_keep_alives: tcb.keep_alive.map_or(0, |keep_alive| keep_alive.unanswered),
            send_queue: octets(tcb.send_queue.len()),
            receive_queue: octets(tcb.receive_queue.len()),
            receives: octets(tcb.receives.len()),
            held: tcb.reassembly.ranges().map(|(start, end)| end.since(start)).sum(),
            held_fin: tcb.reassembly.fin(),
        }
    }

    /// Whether our SYN was sent and not acknowledged.
    pub(super) const fn syn_outstanding(&self) -> bool {
        self.snd.syn
    }

    /// The number after the last octet that the user had read.
    pub(super) fn consumed(&self) -> SeqNumber {
        self.rcv.nxt - u32::from(self.rcv.fin) - self.receive_queue
    }

    /// Table 6 of §3.4: whether any of the segment lies in the receive window.
    pub(super) fn acceptable(&self, segment: &Segment<'_>) -> bool {
        let (nxt, wnd) = (self.rcv.nxt, self.rcv.wnd);
        match (segment.len(), wnd) {
            (0, 0) => segment.seq == nxt,
            (0, _) => segment.seq.in_window(nxt, wnd),
            (_, 0) => false,
            _ => segment.seq.in_window(nxt, wnd) || (segment.end() - 1).in_window(nxt, wnd),
        }
    }

    /// Whether the first check lets the segment's controls through: Table 6, and what lies at RCV.NXT of a
    /// closed window (MUST-66).
    pub(super) fn lets_pass(&self, segment: &Segment<'_>) -> bool {
        let at_closed_window = self.rcv.wnd == 0 && segment.seq == self.rcv.nxt && !segment.has(Control::SYN);
        self.acceptable(segment) || at_closed_window
    }

    /// The SYN,ACK of a simultaneous open, which Table 6 rejects by one and figure 7 takes (V-4).
    pub(super) fn is_crossing_syn(&self, segment: &Segment<'_>) -> bool {
        self.state == State::SynReceived
            && self.origin == Origin::Active
            && segment.seq == self.rcv.irs
            && segment.has(Control::SYN | Control::ACK)
    }

    /// Whether the segment asks for the early reuse that the profile grants (MAY-2).
    pub(super) fn is_reopening(&self, segment: &Segment<'_>) -> bool {
        self.state == State::TimeWait
            && self.profile.time_wait_reuse == TimeWaitReuse::HigherSequenceNumber
            && is_plain_syn(segment)
            && segment.seq.ge(self.rcv.nxt)
    }

    /// Whether the fourth check sees the segment's SYN: inside the window, or anywhere at all where RFC 5961
    /// §4 governs. The SYN of a simultaneous open that comes again is nobody's attack (V-4).
    pub(super) fn counts_syn(&self, segment: &Segment<'_>) -> bool {
        if !segment.has(Control::SYN) || segment.has(Control::RST) {
            return false;
        }
        let challenged = match self.state {
            State::SynReceived => self.origin == Origin::Active && segment.seq != self.rcv.irs,
            state => state.is_synchronized(),
        };
        segment.seq.in_window(self.rcv.nxt, self.rcv.wnd) || (self.profile.challenge_syns && challenged)
    }

    /// Whether the second check resets the connection for this RST (§3.5.3; RFC 5961 §3).
    pub(super) fn counts_reset(&self, segment: &Segment<'_>) -> bool {
        let exact = segment.seq == self.rcv.nxt;
        let inside = segment.seq.in_window(self.rcv.nxt, self.rcv.wnd);
        segment.has(Control::RST) && (exact || (inside && !self.profile.exact_resets))
    }

    /// Whether RFC 1337's advice keeps a RST from ending this TIME-WAIT.
    pub(super) fn ignores_resets(&self) -> bool {
        self.state == State::TimeWait && self.profile.ignore_resets_in_time_wait
    }

    /// The segment's first number that was still wanted: what trimming makes of SEG.SEQ.
    pub(super) fn trimmed_seq(&self, segment: &Segment<'_>) -> SeqNumber {
        segment.seq.later(self.rcv.nxt)
    }

    /// Whether text of the segment lies in the window.
    pub(super) fn has_new_text(&self, segment: &Segment<'_>) -> bool {
        let start = segment.seq + u32::from(segment.has(Control::SYN));
        let end = start + octets(segment.text.len());
        start.later(self.rcv.nxt).lt(end.earlier(self.rcv.nxt + self.rcv.wnd))
    }
}

/// SYN without ACK or RST: somebody asks for a connection.
pub(super) fn is_plain_syn(segment: &Segment<'_>) -> bool {
    segment.has(Control::SYN) && !segment.has(Control::ACK) && !segment.has(Control::RST)
}

/// One step: what was, what happened, what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Transition<'a> {
    /// The record before the step.
    pub before: &'a Before,
    /// What happened.
    pub event: &'a Event<'a>,
    /// What the step asked for.
    pub actions: &'a Actions,
    /// The record after the step.
    pub after: &'a Tcb,
}

impl<'a> Transition<'a> {
    /// The segment that arrived, if checksum and data offset were right.
    pub(super) fn segment(&self) -> Option<&'a Segment<'a>> {
        match *self.event {
            Event::SegmentArrives(segment) if segment.integrity == Integrity::Sound => Some(segment),
            _ => None,
        }
    }

    /// The sound segment that arrived in `state`.
    pub(super) fn segment_in(&self, state: State) -> Option<&'a Segment<'a>> {
        self.segment().filter(|_| self.before.state == state)
    }

    /// The sound segment that arrived in SYN-RECEIVED or later: the states of §3.10.7.4.
    pub(super) fn segment_in_other_states(&self) -> Option<&'a Segment<'a>> {
        self.segment().filter(|_| has_both_numbers(self.before.state))
    }

    /// The call, if the event was one.
    pub(super) fn call(&self) -> Option<&'a Call<'a>> {
        match self.event {
            Event::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The timer that went off, if it was one that ran.
    pub(super) fn timeout(&self) -> Option<Timer> {
        match *self.event {
            Event::Timeout(timer) if self.before.timers.has(timer) => Some(timer),
            _ => None,
        }
    }

    /// The segment, if a synchronized connection takes it through the fifth check: the right place, no RST,
    /// no SYN that counts, an acknowledgment that can be one of this connection.
    pub(super) fn accepted(&self) -> Option<&'a Segment<'a>> {
        let before = self.before;
        self.segment().filter(|segment| {
            let oldest = before.snd.una - before.snd.max_wnd;
            let not_too_old = !before.profile.acknowledgment_range || segment.ack.ge(oldest);
            let verified = !before.syn_outstanding() || segment.ack.gt(before.snd.una);
            before.state.is_synchronized()
                && before.lets_pass(segment)
                && !segment.has(Control::RST)
                && !before.counts_syn(segment)
                && segment.has(Control::ACK)
                && segment.ack.le(before.snd.nxt)
                && not_too_old
                && verified
        })
    }

    /// Whether the record is still that of the same incarnation, both initial numbers known.
    pub(super) fn same_connection(&self) -> bool {
        let (before, after) = (self.before.state, self.after.state);
        has_both_numbers(before)
            && has_both_numbers(after)
            && (before, after) != (State::TimeWait, State::SynReceived)
            && (before, after) != (State::SynReceived, State::TimeWait)
    }

    /// Whether our own numbers are still those of the same incarnation.
    pub(super) fn same_send_side(&self) -> bool {
        let survived = !matches!(self.after.state, State::Closed | State::Listen);
        self.same_connection() || (self.before.state == State::SynSent && survived)
    }

    /// Whether nothing was sent.
    pub(super) fn silent(&self) -> bool {
        self.actions.segments().next().is_none()
    }

    /// The segment that was sent, if it was exactly one.
    pub(super) fn only_segment(&self) -> Option<&'a Outgoing> {
        let mut segments = self.actions.segments();
        segments.next().filter(|_| segments.next().is_none())
    }

    /// Whether exactly one segment was sent, and that a RST.
    pub(super) fn only_reset(&self) -> Option<&'a Outgoing> {
        self.only_segment().filter(|sent| sent.ctl.has(Control::RST))
    }

    /// Whether exactly `<SEQ=seq><CTL=RST>` was sent.
    pub(super) fn only_reset_at(&self, seq: SeqNumber) -> bool {
        self.only_reset().is_some_and(|sent| sent.seq == seq && sent.ctl == Control::RST && sent.is_empty())
    }

    /// Whether exactly `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` was sent (URG may be set while urgent text
    /// waits).
    pub(super) fn only_acknowledgment(&self) -> bool {
        let (snd, rcv) = (&self.after.snd, &self.after.rcv);
        self.only_segment().is_some_and(|sent| {
            let ctl = sent.ctl.without(Control::URG);
            sent.seq == snd.nxt && sent.ack == rcv.nxt && ctl == Control::ACK && sent.text.len == 0
        })
    }

    /// Whether the step answered with a challenge acknowledgment and changed nothing, or stayed silent
    /// because the limit of RFC 5961 §7 was used up.
    pub(super) fn challenged(&self) -> bool {
        let limit = self.after.profile.challenge_limit;
        let used_up = limit.is_some_and(|(limit, _)| self.after.throttle.sent >= limit);
        self.unchanged() && (self.only_acknowledgment() || (used_up && self.silent()))
    }

    /// Whether the record is what it was, but for timers, counters and what was last acknowledged.
    pub(super) fn unchanged(&self) -> bool {
        let (before, after) = (self.before, Before::of(self.after));
        let sent = ReceiveSequence {
            acknowledged: before.rcv.acknowledged,
            advertised: before.rcv.advertised,
            ..after.rcv
        };
        let unanswered_keep_alives = before.unanswered_keep_alives;
        let (timers, throttle) = (before.timers, before.throttle);
        Before { rcv: sent, timers, throttle, unanswered_keep_alives, ..after } == *before
    }

    /// Whether the segment left no trace at all, except that the user's timers ran on.
    pub(super) fn ignored(&self) -> bool {
        self.unchanged() && self.actions.list.is_empty()
    }

    /// The octets that the window field of an arriving segment stands for: scaled as both SYNs agreed, if it is no SYN
    /// (RFC 7323 §2.2, §2.3).
    pub(super) fn window_of(&self, segment: &Segment<'_>) -> u32 {
        let scale = if segment.has(Control::SYN) { 1 } else { 1_u32 << self.after.snd.shift };
        u32::from(segment.wnd) * scale
    }

    /// Whether the user was told `signal`.
    pub(super) fn told(&self, signal: Signal) -> bool {
        self.actions.signals().any(|told| told == signal)
    }

    /// Whether the call was refused.
    pub(super) fn refused(&self) -> bool {
        matches!(self.actions.reply(), Some(Outcome::Error(_)))
    }

    /// Whether new text left in this step: octets at or beyond the old SND.NXT.
    pub(super) fn sent_new_text(&self) -> bool {
        let nxt = self.before.snd.nxt;
        self.actions.segments().any(|sent| sent.text.len > 0 && (sent.seq + sent.text.len).gt(nxt))
    }

    /// Whether `action` is among what the step asked for.
    pub(super) fn asked_for(&self, action: Action) -> bool {
        self.actions.list.contains(&action)
    }
}

/// SYN-RECEIVED and later: both initial sequence numbers are known.
pub(super) const fn has_both_numbers(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::SynSent)
}

/// The states in which text may have to go out.
pub(super) const fn sends_text(state: State) -> bool {
    matches!(state, State::Established | State::FinWait1 | State::CloseWait | State::Closing)
}
