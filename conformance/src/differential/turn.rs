//! A trace cut into turns: what the user or the peer does, and what the stack does until the next such thing.
//!
//! Turns of two tellings of one story correspond one by one, whatever the stacks did. Numbers are relative to the
//! initial ones, and what is cumulative is kept as such, so that it does not matter how it was cut.

use std::ops::Range;
use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber, State};

use crate::scenario::{Scenario, What};
use crate::trace::{End, Happening, Numbering, SegmentRecord, Trace};

/// How late an answer may be that was called for (MUST-40).
pub(super) const DELAY: Duration = Duration::from_millis(500);

/// One turn.
#[derive(Clone, Debug)]
pub(super) struct Turn {
    /// The scenario's step that began it; none for what came before the first such step.
    pub(super) step: Option<usize>,
    /// Its entries in the trace.
    pub(super) entries: Range<usize>,
    /// When it began.
    pub(super) began: Instant,
    /// The state of the stack's end before it, if it shows it.
    pub(super) state: Option<State>,
    /// The segment that began it, if one did.
    pub(super) arrival: Option<Arrival>,
}

impl Turn {
    /// How long after the turn began.
    pub(super) fn after(&self, time: Instant) -> Duration {
        time.since(self.began.min(time))
    }
}

/// All turns of a trace.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    pub(super) all: Vec<Turn>,
    /// Connections of the story: the highest label.
    pub(super) connections: u8,
    /// What had been done when each turn was over: for each turn as many as there are connections.
    done: Vec<Done>,
}

impl Turns {
    /// What had been done on a connection when a turn was over.
    pub(super) fn done(&self, turn: usize, label: u8) -> &Done {
        &self.done[turn * usize::from(self.connections) + usize::from(label) - 1]
    }

    /// The first turn from this one on after which something had been done on a connection.
    pub(super) fn first(&self, from: usize, label: u8, is: impl Fn(&Done) -> bool) -> Option<usize> {
        (from..self.all.len()).find(|turn| is(self.done(*turn, label)))
    }

    /// A turn begins with what had been done before it.
    fn begin(&mut self, turn: Turn) {
        self.all.push(turn);
        let before = self.done.len() - usize::from(self.connections);
        self.done.extend_from_within(before..);
        self.done[before + usize::from(self.connections)..].iter_mut().for_each(Done::turned);
    }
}

/// A segment that began a turn, and where it lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Arrival {
    pub(super) ctl: Control,
    /// SEG.LEN
    pub(super) len: u32,
    /// It has options.
    pub(super) options: bool,
    /// SEG.SEQ counted from RCV.NXT, as far as that shows.
    pub(super) seq: i64,
    /// Octets from RCV.NXT to the edge of what the window has offered.
    pub(super) window: i64,
    /// SEG.ACK counted from just past all that was sent, if it has one.
    pub(super) ack: Option<i64>,
}

impl Arrival {
    fn of(segment: &SegmentRecord, numbers: Numbering, done: &Done) -> Self {
        let from = |number: SeqNumber, initial: Option<SeqNumber>, octets: u32| {
            i64::from(number.offset_from(initial.unwrap_or_default() + octets))
        };
        Self {
            ctl: segment.ctl,
            len: segment.end().since(segment.seq),
            options: !segment.options.is_empty(),
            seq: from(segment.seq, numbers.right, done.reached),
            window: i64::from(done.offered.saturating_sub(done.reached)),
            ack: segment.ctl.has(Control::ACK).then(|| from(segment.ack, numbers.left, done.sent)),
        }
    }

    pub(super) const fn has(&self, bits: Control) -> bool {
        self.ctl.has(bits)
    }

    /// Just past what it occupies, from RCV.NXT.
    pub(super) fn end(&self) -> i64 {
        self.seq + i64::from(self.len)
    }

    /// Whether it occupies nothing and lies at the edge of what was offered, or so little beyond it that the true edge,
    /// which is hidden by a shift (RFC 7323 §2.4), may lie farther.
    pub(super) const fn is_empty_at_the_edge(&self) -> bool {
        const MOST_HIDDEN: i64 = 1 << 14;
        self.len == 0 && self.window > 0 && self.seq >= self.window && self.seq - self.window < MOST_HIDDEN
    }

    /// Whether it begins in the window.
    pub(super) const fn begins_inside(&self) -> bool {
        self.seq >= 0 && self.seq < self.window
    }
}

/// A number that only grows, and when it last did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Mark {
    pub(super) at: u32,
    pub(super) since: Instant,
}

impl Mark {
    fn raise(&mut self, to: u32, now: Instant) {
        if to > self.at {
            *self = Self { at: to, since: now };
        }
    }
}

/// What a stack has done on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Done {
    /// Incarnations that it has asked for or agreed to.
    pub(super) opened: Mark,
    /// Octets of the peer's sequence space that it has acknowledged in the present one.
    pub(super) acknowledged: Mark,
    /// Octets of text that it has sent.
    pub(super) text: Mark,
    /// It has sent its FIN: 1.
    pub(super) fin: Mark,
    /// Octets of the peer's sequence space that have come in order, whether acknowledged or not.
    pub(super) reached: u32,
    /// Just past all of the peer's sequence space that its window has offered.
    pub(super) offered: u32,
    /// Just past all of its own sequence space that it has sent.
    pub(super) sent: u32,
    /// Something came that left a gap before it.
    pub(super) gap: bool,
    /// Something came that lay beyond the window offered.
    pub(super) beyond: bool,
    /// Urgent text came.
    pub(super) urgent: bool,
    /// Since when it has sent no further reset.
    pub(super) reset_at: Instant,
    /// Resets, in this turn.
    pub(super) resets: u32,
    /// Bare acknowledgments that may answer what began this turn, in this turn.
    pub(super) answers: u32,
    /// Other segments with ACK that left at once in this turn, and do as well.
    pub(super) carried: u32,
}

impl Done {
    /// A new turn begins.
    const fn turned(&mut self) {
        (self.resets, self.answers, self.carried) = (0, 0, 0);
    }

    /// The stack sent a segment, so long after the turn began.
    fn sends(
        &mut self,
        segment: &SegmentRecord,
        numbers: Numbering,
        new: bool,
        now: Instant,
        after: Duration,
    ) {
        if segment.ctl.has(Control::RST) {
            (self.resets, self.reset_at) = (self.resets + 1, now);
            return;
        }
        if new {
            let opened = Mark { at: self.opened.at + 1, since: now };
            let Self { answers, carried, resets, reset_at, .. } = *self;
            *self = Self { opened, answers, carried, resets, reset_at, ..Self::default() };
        }
        let bare = segment.end() == segment.seq;
        let acknowledges = segment.ctl.has(Control::ACK);
        self.answers += u32::from(acknowledges && bare && after <= DELAY);
        self.carried += u32::from(acknowledges && !bare && after.is_zero());
        if let Some(iss) = numbers.left {
            let end = segment.end().since(iss);
            self.sent = self.sent.max(end);
            let fin = u32::from(segment.ctl.has(Control::FIN));
            self.text.raise(end.saturating_sub(1 + fin), now);
            self.fin.raise(fin, now);
        }
        if let (Some(irs), true) = (numbers.right, acknowledges) {
            let ack = segment.ack.since(irs);
            self.acknowledged.raise(ack, now);
            self.reached = self.reached.max(ack);
            self.offered = self.offered.max(ack.saturating_add(segment.wnd.into()));
        }
    }

    /// The peer sent a segment.
    fn arrives(&mut self, arrival: &Arrival) {
        self.beyond |= arrival.len > 0 && arrival.end() > arrival.window;
        self.urgent |= arrival.len > 0 && arrival.has(Control::URG);
        if self.reached > 0 && arrival.len > 0 && arrival.begins_inside() {
            self.gap |= arrival.seq > 0;
            self.reached += if arrival.seq == 0 { arrival.len } else { 0 };
        }
    }
}

/// The turns of a trace of this scenario.
pub(super) fn turns(scenario: &Scenario, trace: &Trace) -> Turns {
    let begins = |what: &What| matches!(what, What::Call { .. } | What::Segment(_));
    let mut steps = scenario.steps.iter().enumerate().filter(|(_, step)| begins(&step.what));
    let connections = scenario.steps.iter().map(|step| step.connection).max().unwrap_or(1).max(1);
    let count = usize::from(connections);
    let mut turns = Turns {
        all: Vec::with_capacity(scenario.steps.len() + 1),
        connections,
        done: Vec::with_capacity((scenario.steps.len() + 1) * count),
    };
    turns.done.resize(count, Done::default());
    turns.all.push(Turn { step: None, entries: 0..0, began: Instant::ZERO, state: None, arrival: None });
    let (mut state, mut iss) = (None, vec![None; count]);
    for (index, entry) in trace.entries.iter().enumerate() {
        let connection = usize::from(trace.connection_of(index).clamp(1, connections)) - 1;
        let numbers = trace.numbering_of(index);
        if begins_turn(&entry.happening) {
            let arrival = match &entry.happening {
                Happening::Segment { segment, .. } => {
                    let done =
                        turns.done(turns.all.len() - 1, trace.connection_of(index).clamp(1, connections));
                    Some(Arrival::of(segment, numbers, done))
                }
                _ => None,
            };
            let step = steps.next().map(|(step, _)| step);
            turns.begin(Turn { step, entries: index..index, began: entry.time, state, arrival });
        }
        let last = turns.done.len() - count;
        let (turn, done) =
            (turns.all.last_mut().expect("there is a first"), &mut turns.done[last + connection]);
        turn.entries.end = index + 1;
        match &entry.happening {
            Happening::Segment { from: End::Left, segment, .. } => {
                let begins = numbers.left.is_some() && numbers.left != iss[connection];
                iss[connection] = numbers.left;
                done.sends(segment, numbers, begins, entry.time, turn.after(entry.time));
            }
            Happening::Segment { from: End::Right, .. } => {
                turn.arrival.iter().for_each(|arrival| done.arrives(arrival));
            }
            _ => {}
        }
        state = entry.left.or(state);
    }
    turns
}

/// Whether an entry is the user's or the peer's.
pub(super) const fn begins_turn(happening: &Happening) -> bool {
    matches!(happening, Happening::Call { .. } | Happening::Segment { from: End::Right, .. })
}
