//! What a stack's end of a connection may be like, as far as an onlooker can tell: a small set of plain records.
//!
//! The standard leaves choices, and a stack shows which it took only later. Each record is one way in which things may
//! stand; an event turns each into those that may follow, and what the stack sends strikes out those that it cannot
//! have come from. Where a choice is one of degree (how much was taken, how far a window reaches) a record holds an
//! interval instead. None left means that nothing the standard allows explains what was seen.

use tcpspec_core::{Instant, SeqNumber, State};

use super::arrival::Class;
use super::excuses::Excuses;

/// Records that one connection may have; more make it inconclusive.
pub(super) const MOST: usize = 64;

/// How a connection ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Ending {
    /// It has not.
    #[default]
    None,
    /// In good order, or by the user's own hand.
    Closed,
    /// The peer reset it, or it reset itself over what the peer sent.
    Reset,
    /// The same, before any user had it: who is given it is not told (§3.10.7.4, step 2).
    ResetUnheard,
    /// The peer refused it, before it was open.
    Refused,
    /// Nobody answered for too long.
    TimedOut,
}

/// Why an answer is due, and so which rule its absence breaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Why {
    /// There is no connection (I-032).
    NoConnection,
    /// An acknowledgment reached a listening socket (I-034).
    Listening,
    /// An acknowledgment of something never sent in SYN-SENT (I-037).
    SynSent,
    /// An unacceptable acknowledgment in SYN-RECEIVED (I-042).
    SynReceived,
    /// A connection request (I-035).
    Request,
    /// A connection request that crossed ours (I-039).
    Crossing,
    /// The SYN,ACK that opens a connection (I-040).
    Handshake,
    /// An unacceptable segment (I-045).
    Unacceptable,
    /// A retransmitted FIN in TIME-WAIT (I-065).
    TimeWait,
    /// A reset in the window but not at RCV.NXT (I-047).
    InexactReset,
    /// A SYN on a synchronized connection (I-051).
    Syn,
    /// An acknowledgment of something never sent (I-055).
    Unsent,
    /// An acknowledgment too old to be believed (I-056).
    Old,
    /// Text in order (I-103).
    InOrder,
    /// Two full segments' worth of text (I-103).
    TwoSegments,
    /// The peer's FIN (I-060).
    Fin,
    /// ABORT (I-068).
    Abort,
    /// A half-duplex end lost text (I-078).
    LostText,
    /// An illegal option (I-094).
    IllegalOption,
}

impl Why {
    /// Whether the answer is one of those that may be sent more seldom than asked for (V-12).
    pub(super) const fn may_be_throttled(self) -> bool {
        matches!(
            self,
            Self::Unacceptable | Self::TimeWait | Self::InexactReset | Self::Syn | Self::Unsent | Self::Old
        )
    }
}

/// An acknowledgment that is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Due {
    pub(super) by: Instant,
    pub(super) why: Why,
    pub(super) class: Class,
}

/// What a reset must look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// The answer to a segment with an acknowledgment: `<SEQ=SEG.ACK><CTL=RST>`.
    OfAck(SeqNumber),
    /// The answer to one without: `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`.
    OfNoAck(SeqNumber),
    /// A reset that ends a connection: its SEQ lies in what was sent and not acknowledged (V-41, V-50).
    Ending { una: SeqNumber, max: SeqNumber },
}

/// A reset that is due, or may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Reset {
    pub(super) form: Form,
    /// It must come; otherwise it may.
    pub(super) required: bool,
    pub(super) due: Due,
}

/// One way in which things may stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Hypothesis {
    /// LISTEN is CLOSED here: whether somebody listens is known of the host.
    pub(super) state: State,
    /// The peer asked for the connection.
    pub(super) passive: bool,
    /// CLOSE was called in SYN-RECEIVED (V-23).
    pub(super) closing: bool,
    /// It is about an incarnation whose SYN has not been seen while an older one may still live.
    pub(super) fresh: bool,
    /// The peer's FIN was taken.
    pub(super) fin_taken: bool,
    /// The socket that listened became this connection, and does not listen any more.
    pub(super) consumed: bool,
    /// It follows a connection in TIME-WAIT without a pause (MAY-2).
    pub(super) reopens: bool,
    /// The largest window that it has surely heard of.
    pub(super) widest: u32,
    /// How the connection ended.
    pub(super) ending: Ending,
    /// The peer's initial sequence number.
    pub(super) irs: SeqNumber,
    /// SND.UNA
    pub(super) una: SeqNumber,
    /// RCV.NXT is at least this...
    pub(super) nxt: SeqNumber,
    /// ...and at most this.
    pub(super) nxt_most: SeqNumber,
    /// SND.UNA+SND.WND is at least this...
    pub(super) edge: SeqNumber,
    /// ...and at most this.
    pub(super) edge_most: SeqNumber,
    /// SEQ and ACK of the segment that the window was last taken from.
    pub(super) wl1: SeqNumber,
    pub(super) wl2: SeqNumber,
    /// An acknowledgment is due.
    pub(super) ack: Option<Due>,
    /// A SYN,ACK is due.
    pub(super) syn_ack: Option<Due>,
    /// Resets that are due.
    pub(super) resets: [Option<Reset>; 2],
    /// The earliest and the latest time at which the present state may end by itself.
    pub(super) ends: Option<(Instant, Instant)>,
    /// When SND.UNA last moved, or something to send began to wait.
    pub(super) waiting_since: Instant,
    /// Since when there has always been something undelivered: a user timeout counts from SEND (RFC 9293 §3.9.1.1).
    pub(super) busy_since: Instant,
    /// What of the stack's profile it takes for granted.
    pub(super) takes: u32,
    /// The variations without which it would not be there.
    pub(super) excuses: Excuses,
}

impl Hypothesis {
    /// No connection.
    pub(super) const CLOSED: Self = Self {
        state: State::Closed,
        passive: false,
        closing: false,
        fresh: false,
        fin_taken: false,
        consumed: false,
        reopens: false,
        widest: 0,
        ending: Ending::None,
        irs: SeqNumber(0),
        una: SeqNumber(0),
        nxt: SeqNumber(0),
        nxt_most: SeqNumber(0),
        edge: SeqNumber(0),
        edge_most: SeqNumber(0),
        wl1: SeqNumber(0),
        wl2: SeqNumber(0),
        ack: None,
        syn_ack: None,
        resets: [None; 2],
        ends: None,
        waiting_since: Instant(0),
        busy_since: Instant(0),
        takes: 0,
        excuses: Excuses::NONE,
    };

    /// It is there only because V-`variation` permits it.
    pub(super) const fn excused_by(self, variation: u32) -> Self {
        Self { excuses: self.excuses.with(variation), ..self }
    }

    /// The connection is no more; what was due to nobody is not due any longer, resets excepted.
    pub(super) const fn closed(self, ending: Ending) -> Self {
        Self {
            ending,
            // A half-open connection that nobody is told of leaves the socket listening (V-60).
            consumed: self.consumed || !matches!(ending, Ending::None),
            takes: self.takes,
            excuses: self.excuses,
            resets: self.resets,
            fin_taken: self.fin_taken,
            ..Self::CLOSED
        }
    }

    /// The connection was given up, or reset by the peer or over what it sent, and nothing need have said so.
    pub(super) const fn ended_without_a_word(&self) -> bool {
        matches!(self.state, State::Closed) && matches!(self.ending, Ending::TimedOut | Ending::Reset)
    }

    /// An acknowledgment is due, by the earlier of two times.
    pub(super) fn owing_ack(self, due: Due) -> Self {
        let ack = self.ack.filter(|ack| ack.by <= due.by).unwrap_or(due);
        Self { ack: Some(ack), ..self }
    }

    /// A reset is due, or may come. Of more than two the oldest is let off.
    pub(super) fn owing_reset(self, reset: Reset) -> Self {
        if self.resets.contains(&Some(reset)) {
            return self;
        }
        let resets = match self.resets {
            [None, second] => [second, Some(reset)],
            [first, None] => [first, Some(reset)],
            [Some(_), second] => [second, Some(reset)],
        };
        Self { resets, ..self }
    }

    /// Resets that may come and have not come at once do not come any more.
    pub(super) fn forget_resets_that_might_have_come_by(&mut self, now: Instant) {
        for reset in &mut self.resets {
            let forgotten = reset.take_if(|reset| !reset.required && reset.due.by <= now);
            if forgotten.is_some_and(|reset| reset.due.why == Why::NoConnection) {
                // A closed port was silent.
                self.excuses = self.excuses.with(35);
            }
        }
    }

    /// RCV.NXT is known.
    pub(super) const fn nxt_is(self, nxt: SeqNumber) -> Self {
        Self { nxt, nxt_most: nxt, ..self }
    }

    /// One record for this and another one that differs from it only in degree; none if they differ in more.
    fn joined(&self, other: &Self, extent: Extent) -> Option<Self> {
        let wl = if self.wl1.lt(other.wl1) || self.wl1 == other.wl1 && self.wl2.lt(other.wl2) {
            other
        } else {
            self
        };
        let mut joined = Self {
            edge: self.edge.earlier(other.edge),
            edge_most: self.edge_most.later(other.edge_most),
            // A segment that is not newer than the later of the two may have been taken or not, as far as the window goes.
            wl1: wl.wl1,
            wl2: wl.wl2,
            widest: self.widest.min(other.widest),
            takes: self.takes & other.takes,
            excuses: self.excuses.common(other.excuses),
            ..*self
        };
        if extent == Extent::All {
            joined.nxt = self.nxt.earlier(other.nxt);
            joined.nxt_most = self.nxt_most.later(other.nxt_most);
            joined.waiting_since = self.waiting_since.max(other.waiting_since);
            joined.busy_since = self.busy_since.min(other.busy_since);
            joined.ack = later(self.ack, other.ack)?;
            joined.syn_ack = later(self.syn_ack, other.syn_ack)?;
            joined.ends = match (self.ends, other.ends) {
                (Some((from, to)), Some((other_from, other_to))) => {
                    Some((from.min(other_from), to.max(other_to)))
                }
                (None, None) => None,
                _ => return None,
            };
        }
        let mut alike = Self {
            edge: joined.edge,
            edge_most: joined.edge_most,
            wl1: joined.wl1,
            wl2: joined.wl2,
            widest: joined.widest,
            takes: joined.takes,
            excuses: joined.excuses,
            ..*other
        };
        if extent == Extent::All {
            let Self { nxt, nxt_most, waiting_since, busy_since, ack, syn_ack, ends, .. } = joined;
            alike = Self { nxt, nxt_most, waiting_since, busy_since, ack, syn_ack, ends, ..alike };
        }
        (alike == joined).then_some(joined)
    }

    /// When the first thing falls due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        let resets = self.resets.iter().flatten().filter(|reset| reset.required).map(|reset| reset.due.by);
        let acks = self.ack.iter().chain(&self.syn_ack).map(|due| due.by);
        resets.chain(acks).min()
    }
}

/// In how much two records may differ and still be made one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extent {
    /// In how far the peer's window reaches.
    Window,
    /// In every interval and every time.
    All,
}

/// The later of two dues; none if only one is there.
fn later(one: Option<Due>, other: Option<Due>) -> Option<Option<Due>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(Some(if one.by < other.by { other } else { one })),
        (None, None) => Some(None),
        _ => None,
    }
}

/// The ways in which things may stand, likeliest first. Seldom more than two; records are large, so they are not moved
/// when the list is.
#[derive(Clone, Debug, Default)]
pub(super) struct Hypotheses {
    all: Vec<Hypothesis>,
    /// Something came that cannot be followed: nothing is judged any more.
    pub(super) blind: bool,
    /// There were more than fit.
    pub(super) overflowed: bool,
}

impl Hypotheses {
    /// Nothing has happened.
    pub(super) fn start() -> Self {
        Self { all: vec![Hypothesis::CLOSED], ..Self::none() }
    }

    /// None yet.
    pub(super) const fn none() -> Self {
        Self { all: Vec::new(), blind: false, overflowed: false }
    }

    /// None yet, in the memory of those that were.
    pub(super) fn none_in(mut spare: Self) -> Self {
        spare.all.clear();
        Self { all: spare.all, ..Self::none() }
    }

    /// Adds one unless it is there. Two that differ in what they take of the profile for granted, or in what excuses them,
    /// are one that takes only what both do: choices never multiply hypotheses.
    pub(super) fn push(&mut self, hypothesis: Hypothesis) {
        let Hypothesis { takes, excuses, .. } = hypothesis;
        let same = |known: &&mut Hypothesis| Hypothesis { takes, excuses, ..**known } == hypothesis;
        if let Some(known) = self.all.iter_mut().find(same) {
            known.takes &= takes;
            known.excuses = known.excuses.common(excuses);
        } else if self.all.len() < MOST || self.make_room() {
            self.all.push(hypothesis);
        } else {
            (self.blind, self.overflowed) = (true, true);
        }
    }

    /// Makes one of several that differ in degree only: first in how far the peer's window reaches, then in all that is an
    /// interval or a time. What remains allows whatever any of them did. Says whether there is room now.
    fn make_room(&mut self) -> bool {
        for extent in [Extent::Window, Extent::All] {
            let mut kept: Vec<Hypothesis> = Vec::with_capacity(MOST);
            for hypothesis in &self.all {
                let joined = |known: &mut Hypothesis| {
                    known.joined(hypothesis, extent).map(|joined| *known = joined).is_some()
                };
                if !kept.iter_mut().any(joined) {
                    kept.push(*hypothesis);
                }
            }
            self.all = kept;
            if self.all.len() < MOST {
                return true;
            }
        }
        false
    }

    /// Leaves one of each that have become equal.
    pub(super) fn merge(&mut self) {
        if self.all.len() > 1 {
            for hypothesis in std::mem::take(&mut self.all) {
                self.push(hypothesis);
            }
        }
    }

    /// The variations without which nothing would be left.
    pub(super) fn excuses(&self) -> Excuses {
        let all = self.all.iter().map(|hypothesis| hypothesis.excuses);
        all.reduce(Excuses::common).unwrap_or(Excuses::NONE)
    }

    pub(super) fn as_slice(&self) -> &[Hypothesis] {
        &self.all
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [Hypothesis] {
        &mut self.all
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The likeliest. There is always one but while the list is made.
    pub(super) fn first(&self) -> &Hypothesis {
        self.all.first().unwrap_or(&Hypothesis::CLOSED)
    }

    #[inline]
    pub(super) fn all(&self, holds: impl FnMut(&Hypothesis) -> bool) -> bool {
        self.as_slice().iter().all(holds)
    }

    #[inline]
    pub(super) fn any(&self, holds: impl FnMut(&Hypothesis) -> bool) -> bool {
        self.as_slice().iter().any(holds)
    }

    /// Leaves out those for which it does not hold, unless that would leave none: then nothing changes.
    #[inline]
    pub(super) fn retain(&mut self, mut holds: impl FnMut(&Hypothesis) -> bool) -> bool {
        let holding = self.all.iter().filter(|hypothesis| holds(hypothesis)).count();
        if holding > 0 && holding < self.all.len() {
            self.all.retain(holds);
        }
        holding > 0
    }
}
