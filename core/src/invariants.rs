//! What is true of a connection after every step, and of every step: the invariants of one [`Tcb`].
//!
//! Each has an id that stays, the clauses it rests on and a sentence. `structure` has what the record must look like
//! (I-001 to I-024), `transition` what a step may do (I-030 to I-078). They serve unit tests, fuzz targets and the
//! model checker alike: [`checked_step`] is [`step`] with all of them asserted. The predicates read the record, the
//! event and the actions; they work out for themselves what a segment deserves and never ask the code under test.
//!
//! Left out: what only a trace or the wire can show (I-080 and above), and the few ids in [`NOT_IN_ONE_STEP`].

use alloc::string::String;
use core::fmt;

use crate::event::{Action, Actions, Call, Event, Outcome, Signal, Timer, TimerSet};
use crate::processing::{Context, step};
use crate::profile::{Profile, TimeWaitReuse};
use crate::retransmission::Retransmission;
use crate::segment::{Control, Integrity, Outgoing, Segment};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{Origin, ReceiveSequence, SendSequence, Tcb, Throttle, octets};

mod structure;
#[cfg(test)]
mod tests;
mod transition;

use transition::{closing, handshake, synchronized};

/// One thing that must be true of every step.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// `I-` and a number that never changes.
    pub id: &'static str,
    /// Where the standard says so; RFC 9293 unless another one is named.
    pub clause: &'static str,
    /// What must be true.
    pub sentence: &'static str,
    /// Whether it is.
    pub holds: fn(&Transition<'_>) -> bool,
}

/// Every invariant that one step can break, by id.
pub static INVARIANTS: &[Invariant] = &[
    structure::I_001,
    structure::I_002,
    structure::I_003,
    structure::I_004,
    structure::I_005,
    structure::I_006,
    structure::I_007,
    structure::I_008,
    structure::I_009,
    structure::I_010,
    structure::I_011,
    structure::I_012,
    structure::I_013,
    structure::I_014,
    structure::I_015,
    structure::I_016,
    structure::I_018,
    structure::I_020,
    structure::I_021,
    structure::I_022,
    structure::I_023,
    structure::I_024,
    handshake::I_030,
    handshake::I_031,
    handshake::I_032,
    handshake::I_033,
    handshake::I_034,
    handshake::I_035,
    handshake::I_036,
    handshake::I_037,
    handshake::I_038,
    handshake::I_039,
    handshake::I_040,
    handshake::I_041,
    handshake::I_042,
    handshake::I_043,
    handshake::I_044,
    synchronized::I_045,
    synchronized::I_046,
    synchronized::I_047,
    synchronized::I_048,
    synchronized::I_049,
    synchronized::I_050,
    synchronized::I_051,
    synchronized::I_052,
    synchronized::I_053,
    synchronized::I_054,
    synchronized::I_055,
    synchronized::I_056,
    synchronized::I_057,
    synchronized::I_058,
    closing::I_059,
    closing::I_060,
    closing::I_061,
    closing::I_062,
    closing::I_063,
    closing::I_064,
    closing::I_065,
    closing::I_066,
    closing::I_067,
    closing::I_068,
    closing::I_069,
    closing::I_070,
    closing::I_071,
    closing::I_072,
    closing::I_073,
    closing::I_074,
    closing::I_075,
    closing::I_076,
    closing::I_077,
    closing::I_078,
];

/// Ids of the same two families that no step of a [`Tcb`] can break, each with the reason.
pub static NOT_IN_ONE_STEP: &[(&str, &str)] = &[
    (
        "I-017",
        "bounds the congestion window, and the reference has no congestion control: SND.WND alone governs",
    ),
    (
        "I-019",
        "bounds the queue of connections that wait to be accepted, which belongs to the host and not to a Tcb",
    ),
];

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
    /// The incarnation in TIME-WAIT that a SYN was reopening.
    pub reopened: Option<(SendSequence, ReceiveSequence)>,
    /// Challenge acknowledgments sent.
    pub throttle: Throttle,
    /// The timers that ran.
    pub timers: TimerSet,
    /// The choices of this endpoint.
    pub profile: Profile,
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
            reopened: tcb.reopened,
            throttle: tcb.throttle,
            timers: tcb.timers,
            profile: tcb.profile,
            send_queue: octets(tcb.send_queue.len()),
            receive_queue: octets(tcb.receive_queue.len()),
            receives: octets(tcb.receives.len()),
            held: tcb.reassembly.ranges().map(|(start, end)| end.since(start)).sum(),
            held_fin: tcb.reassembly.fin(),
        }
    }

    /// Whether our SYN was sent and not acknowledged.
    const fn syn_outstanding(&self) -> bool {
        self.snd.syn
    }

    /// The number after the last octet that the user had read.
    fn consumed(&self) -> SeqNumber {
        self.rcv.nxt - u32::from(self.rcv.fin) - self.receive_queue
    }

    /// Table 6 of §3.4: whether any of the segment lies in the receive window.
    fn acceptable(&self, segment: &Segment<'_>) -> bool {
        let (nxt, wnd) = (self.rcv.nxt, self.rcv.wnd);
        match (segment.len(), wnd) {
            (0, 0) => segment.seq == nxt,
            (0, _) => segment.seq.in_window(nxt, wnd),
            (_, 0) => false,
            _ => segment.seq.in_window(nxt, wnd) || (segment.end() - 1).in_window(nxt, wnd),
        }
    }

    /// Whether the first check lets the segment's controls through: Table 6, and what lies at RCV.NXT of a closed
    /// window (MUST-66).
    fn lets_pass(&self, segment: &Segment<'_>) -> bool {
        let at_closed_window = self.rcv.wnd == 0 && segment.seq == self.rcv.nxt && !segment.has(Control::SYN);
        self.acceptable(segment) || at_closed_window
    }

    /// The SYN,ACK of a simultaneous open, which Table 6 rejects by one and figure 7 takes (V-4).
    fn is_crossing_syn(&self, segment: &Segment<'_>) -> bool {
        self.state == State::SynReceived
            && self.origin == Origin::Active
            && segment.seq == self.rcv.irs
            && segment.has(Control::SYN | Control::ACK)
    }

    /// Whether the segment asks for the early reuse that the profile grants (MAY-2).
    fn is_reopening(&self, segment: &Segment<'_>) -> bool {
        self.state == State::TimeWait
            && self.profile.time_wait_reuse == TimeWaitReuse::HigherSequenceNumber
            && is_plain_syn(segment)
            && segment.seq.ge(self.rcv.nxt)
    }

    /// Whether the fourth check sees the segment's SYN: inside the window, or anywhere at all where RFC 5961 §4
    /// governs. The SYN of a simultaneous open that comes again is nobody's attack (V-4).
    fn counts_syn(&self, segment: &Segment<'_>) -> bool {
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
    fn counts_reset(&self, segment: &Segment<'_>) -> bool {
        let exact = segment.seq == self.rcv.nxt;
        let inside = segment.seq.in_window(self.rcv.nxt, self.rcv.wnd);
        segment.has(Control::RST) && (exact || (inside && !self.profile.exact_resets))
    }

    /// Whether RFC 1337's advice keeps a RST from ending this TIME-WAIT.
    fn ignores_resets(&self) -> bool {
        self.state == State::TimeWait && self.profile.ignore_resets_in_time_wait
    }

    /// The segment's first number that was still wanted: what trimming makes of SEG.SEQ.
    fn trimmed_seq(&self, segment: &Segment<'_>) -> SeqNumber {
        segment.seq.later(self.rcv.nxt)
    }

    /// Whether text of the segment lies in the window.
    fn has_new_text(&self, segment: &Segment<'_>) -> bool {
        let start = segment.seq + u32::from(segment.has(Control::SYN));
        let end = start + octets(segment.text.len());
        start.later(self.rcv.nxt).lt(end.earlier(self.rcv.nxt + self.rcv.wnd))
    }
}

/// SYN without ACK or RST: somebody asks for a connection.
fn is_plain_syn(segment: &Segment<'_>) -> bool {
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
    fn segment(&self) -> Option<&'a Segment<'a>> {
        match *self.event {
            Event::SegmentArrives(segment) if segment.integrity == Integrity::Sound => Some(segment),
            _ => None,
        }
    }

    /// The sound segment that arrived in `state`.
    fn segment_in(&self, state: State) -> Option<&'a Segment<'a>> {
        self.segment().filter(|_| self.before.state == state)
    }

    /// The sound segment that arrived in SYN-RECEIVED or later: the states of §3.10.7.4.
    fn segment_in_other_states(&self) -> Option<&'a Segment<'a>> {
        self.segment().filter(|_| has_both_numbers(self.before.state))
    }

    /// The call, if the event was one.
    fn call(&self) -> Option<&'a Call<'a>> {
        match self.event {
            Event::Call(call) => Some(call),
            _ => None,
        }
    }

    /// The timer that went off, if it was one that ran.
    fn timeout(&self) -> Option<Timer> {
        match *self.event {
            Event::Timeout(timer) if self.before.timers.has(timer) => Some(timer),
            _ => None,
        }
    }

    /// The segment, if a synchronized connection takes it through the fifth check: the right place, no RST, no SYN
    /// that counts, an acknowledgment that can be one of this connection.
    fn accepted(&self) -> Option<&'a Segment<'a>> {
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
    fn same_connection(&self) -> bool {
        let (before, after) = (self.before.state, self.after.state);
        has_both_numbers(before)
            && has_both_numbers(after)
            && (before, after) != (State::TimeWait, State::SynReceived)
            && (before, after) != (State::SynReceived, State::TimeWait)
    }

    /// Whether our own numbers are still those of the same incarnation.
    fn same_send_side(&self) -> bool {
        let survived = !matches!(self.after.state, State::Closed | State::Listen);
        self.same_connection() || (self.before.state == State::SynSent && survived)
    }

    /// Whether nothing was sent.
    fn silent(&self) -> bool {
        self.actions.segments().next().is_none()
    }

    /// The segment that was sent, if it was exactly one.
    fn only_segment(&self) -> Option<&'a Outgoing> {
        let mut segments = self.actions.segments();
        segments.next().filter(|_| segments.next().is_none())
    }

    /// Whether exactly one segment was sent, and that a RST.
    fn only_reset(&self) -> Option<&'a Outgoing> {
        self.only_segment().filter(|sent| sent.ctl.has(Control::RST))
    }

    /// Whether exactly `<SEQ=seq><CTL=RST>` was sent.
    fn only_reset_at(&self, seq: SeqNumber) -> bool {
        self.only_reset().is_some_and(|sent| sent.seq == seq && sent.ctl == Control::RST && sent.is_empty())
    }

    /// Whether exactly `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>` was sent (URG may be set while urgent text waits).
    fn only_acknowledgment(&self) -> bool {
        let (snd, rcv) = (&self.after.snd, &self.after.rcv);
        self.only_segment().is_some_and(|sent| {
            let ctl = sent.ctl.without(Control::URG);
            sent.seq == snd.nxt && sent.ack == rcv.nxt && ctl == Control::ACK && sent.text.len == 0
        })
    }

    /// Whether the step answered with a challenge acknowledgment and changed nothing, or stayed silent because the
    /// limit of RFC 5961 §7 was used up.
    fn challenged(&self) -> bool {
        let limit = self.after.profile.challenge_limit;
        let used_up = limit.is_some_and(|(limit, _)| self.after.throttle.sent >= limit);
        self.unchanged() && (self.only_acknowledgment() || (used_up && self.silent()))
    }

    /// Whether the record is what it was, but for timers, counters and what was last acknowledged.
    fn unchanged(&self) -> bool {
        let (before, after) = (self.before, Before::of(self.after));
        let sent = ReceiveSequence {
            acknowledged: before.rcv.acknowledged,
            advertised: before.rcv.advertised,
            ..after.rcv
        };
        Before { rcv: sent, timers: before.timers, throttle: before.throttle, ..after } == *before
    }

    /// Whether the segment left no trace at all, except that the user's timers ran on.
    fn ignored(&self) -> bool {
        self.unchanged() && self.actions.list.is_empty()
    }

    /// Whether the user was told `signal`.
    fn told(&self, signal: Signal) -> bool {
        self.actions.signals().any(|told| told == signal)
    }

    /// Whether the call was refused.
    fn refused(&self) -> bool {
        matches!(self.actions.reply(), Some(Outcome::Error(_)))
    }

    /// Whether new text left in this step: octets at or beyond the old SND.NXT.
    fn sent_new_text(&self) -> bool {
        let nxt = self.before.snd.nxt;
        self.actions.segments().any(|sent| sent.text.len > 0 && (sent.seq + sent.text.len).gt(nxt))
    }

    /// Whether `action` is among what the step asked for.
    fn asked_for(&self, action: Action) -> bool {
        self.actions.list.contains(&action)
    }
}

/// SYN-RECEIVED and later: both initial sequence numbers are known.
const fn has_both_numbers(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen | State::SynSent)
}

/// The states in which text may have to go out.
const fn sends_text(state: State) -> bool {
    matches!(state, State::Established | State::FinWait1 | State::CloseWait | State::Closing)
}

/// An invariant that a step broke.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    /// The invariant's id.
    pub id: &'static str,
    /// Where the standard says so.
    pub clause: &'static str,
    /// What should have been true.
    pub sentence: &'static str,
    /// The step: event, numbers before and after, actions.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, clause, sentence, detail } = self;
        write!(f, "{id} ({clause}): {sentence}\n{detail}")
    }
}

impl core::error::Error for Violation {}

/// The invariants that a step broke, by id.
pub fn violated<'t>(transition: &'t Transition<'_>) -> impl Iterator<Item = &'static Invariant> + 't {
    INVARIANTS.iter().filter(|invariant| !(invariant.holds)(transition))
}

/// Checks a step against every invariant; the first one broken is reported.
///
/// # Errors
/// The violation, with the step in its detail. Allocates only then.
pub fn check(transition: &Transition<'_>) -> Result<(), Violation> {
    match violated(transition).next() {
        None => Ok(()),
        Some(&Invariant { id, clause, sentence, .. }) => {
            let Transition { before, event, actions, after } = transition;
            let happened = describe(event);
            let detail = alloc::format!(
                "{} -> {} on {happened}\nbefore: {before:?}\nafter:  {:?}\nactions: {:?}\nrules: {:?}",
                before.state,
                after.state,
                Before::of(after),
                actions.list,
                actions.rules,
            );
            Err(Violation { id, clause, sentence, detail })
        }
    }
}

/// The event without the octets it brings.
fn describe(event: &Event<'_>) -> String {
    match *event {
        Event::SegmentArrives(segment) => {
            let text = segment.text.len();
            alloc::format!("{:?} with {text} octets of text", Segment { text: &[], ..*segment })
        }
        Event::Call(Call::Send { text, push, urgent, timeout, remote }) => {
            let len = text.len();
            let call = Call::Send { text: &[], push, urgent, timeout, remote };
            alloc::format!("{call:?} with {len} octets of text")
        }
        Event::Call(call) => alloc::format!("{call:?}"),
        Event::Timeout(timer) => String::from(timer.name()),
    }
}

/// [`step`], and every invariant asserted of it.
///
/// # Errors
/// The first invariant that the step broke; the record and the actions are as the step left them.
pub fn checked_step(
    tcb: &mut Tcb,
    context: Context,
    event: Event<'_>,
    actions: &mut Actions,
) -> Result<(), Violation> {
    let before = Before::of(tcb);
    step(tcb, context, event, actions);
    check(&Transition { before: &before, event: &event, actions, after: tcb })
}
