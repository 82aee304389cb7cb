//! What a run reached, as numbers that guide the search: states, rows of the decision table, cells of the grid.
//!
//! A cell is one square of the grid that the deterministic suite walks by hand: the state that a segment meets, its
//! control bits, where its SEQ lies and where its ACK lies, as the peer's own [ledger](crate::bench::ledger) knows
//! them. All of it is read off the trace, so that any stack has coverage, with or without rules of its own.
//!
//! It leaves out judgement, and coverage of code, which libFuzzer measures.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, SeqNumber, State};

use crate::bench::ledger::Ledger;
use crate::bench::peer_iss;
use crate::scenario::{Anchor, Scenario, SeqExpr};
use crate::trace::{End, Entry, Happening, SegmentRecord, Trace};

/// One thing that was reached: its kind in the highest octet.
pub type Feature = u64;

/// A set of features. Their hash need not withstand anybody: they are made here.
pub type FeatureSet = HashSet<Feature, BuildHasherDefault<FeatureHasher>>;

/// Hashes a feature by a multiplication.
#[derive(Clone, Copy, Debug, Default)]
pub struct FeatureHasher(u64);

impl Hasher for FeatureHasher {
    fn write(&mut self, octets: &[u8]) {
        octets.iter().for_each(|octet| self.write_u64((*octet).into()));
    }

    fn write_u64(&mut self, number: u64) {
        let mixed = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ mixed >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

const RULE: u64 = 1 << 56;
const TRANSITION: u64 = 2 << 56;
const CELL: u64 = 3 << 56;
const ANSWER: u64 = 4 << 56;
const CALL: u64 = 5 << 56;
const VARIATION: u64 = 6 << 56;

const KIND: u64 = 0xff << 56;

/// The feature of a permitted variation that was made use of, by its number.
#[must_use]
pub fn variation(number: u32) -> Feature {
    VARIATION | u64::from(number)
}

/// How much was reached, in the units that people count.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Serialize)]
pub struct Reached {
    /// Rows of the decision table; of the reference only.
    pub rules: usize,
    /// States that the stack showed before or after an event.
    pub states: usize,
    /// Pairs of a state and the one after it.
    pub transitions: usize,
    /// Cells of the grid.
    pub cells: usize,
    /// Cells together with what came of them.
    pub answers: usize,
    /// Permitted variations that were made use of.
    pub variations: usize,
}

impl Reached {
    /// Counts features.
    pub fn of<'f>(features: impl IntoIterator<Item = &'f Feature>) -> Self {
        let mut reached = Self::default();
        let (mut rules, mut states) = (HashSet::new(), HashSet::new());
        for feature in features {
            match feature & KIND {
                RULE => drop(rules.insert(feature & 0xffff)),
                TRANSITION => {
                    states.extend([feature & 0xf, feature >> 4 & 0xf]);
                    reached.transitions += 1;
                }
                CELL => reached.cells += 1,
                ANSWER => reached.answers += 1,
                VARIATION => reached.variations += 1,
                _ => {}
            }
        }
        states.remove(&UNKNOWN);
        (reached.rules, reached.states) = (rules.len(), states.len());
        reached
    }
}

/// What stands for a state that is not shown.
const UNKNOWN: u64 = 15;

fn number(state: Option<State>) -> u64 {
    state.map_or(UNKNOWN, |state| state as u64)
}

/// What is known of one connection on the way through a trace.
struct Side {
    label: u8,
    ledger: Ledger,
    /// The state that the stack showed last.
    state: Option<State>,
}

/// What a run of `scenario` reached. Features come in the order of the trace, and may come again.
pub fn features(scenario: &Scenario, trace: &Trace, mut found: impl FnMut(Feature)) {
    let mut sides: Vec<Side> = Vec::new();
    for (index, entry) in trace.entries.iter().enumerate() {
        if matches!(entry.happening, Happening::Note(_)) {
            continue;
        }
        let label = trace.connection_of(index).max(1);
        let known = sides.iter().position(|side| side.label == label);
        let side = known.unwrap_or_else(|| {
            sides.push(Side { label, ledger: Ledger::new(peer_iss(scenario, label)), state: None });
            sides.len() - 1
        });
        of_entry(&mut sides[side], &trace.entries[index..], &mut found);
    }
}

/// What the first of these entries reached.
fn of_entry(side: &mut Side, entries: &[Entry], found: &mut impl FnMut(Feature)) {
    let entry = &entries[0];
    let (before, after) = (number(side.state), number(entry.left));
    for rule in entry.rules.iter() {
        found(RULE | before << 16 | rule as u64);
    }
    let kind = match &entry.happening {
        Happening::Segment { from: End::Right, segment, .. } => {
            let cell = cell(side.state, segment, &side.ledger);
            found(CELL | cell);
            let (state_after, answer) = answer(entries);
            found(ANSWER | cell | number(state_after) << 24 | answer << 32);
            side.ledger.sent(segment.clone(), segment.integrity != Integrity::Sound);
            1
        }
        Happening::Segment { from: End::Left, segment, .. } => {
            side.ledger.seen(segment);
            2
        }
        Happening::Call { call, outcome, .. } => {
            found(CALL | before | after << 4 | word(call) << 8 | word(outcome) << 24);
            3
        }
        Happening::Departure { .. } | Happening::Arrival { .. } | Happening::Note(_) => return,
    };
    if entry.left.is_some() || side.state.is_some() {
        found(TRANSITION | before | after << 4 | kind << 8);
    }
    side.state = entry.left;
}

/// The cell of the grid that a segment of the peer falls into.
fn cell(state: Option<State>, segment: &SegmentRecord, ledger: &Ledger) -> u64 {
    let ctl = segment.ctl;
    let flags = [Control::SYN, Control::FIN, Control::RST, Control::ACK, Control::URG]
        .iter()
        .fold(u64::from(segment.len > 0), |bits, flag| bits << 1 | u64::from(ctl.has(*flag)));
    let damaged = u64::from(segment.integrity != Integrity::Sound);
    let acknowledges = if ctl.has(Control::ACK) { ack_position(segment.ack, ledger) } else { 0 };
    number(state) | flags << 4 | seq_position(segment, ledger) << 10 | acknowledges << 14 | damaged << 18
}

fn anchor(ledger: &Ledger, anchor: Anchor) -> SeqNumber {
    // Which number space does not matter for an anchor.
    ledger.resolve(SeqExpr::Anchor(anchor, 0), crate::bench::ledger::Space::Peer).number
}

/// Where the sequence numbers of a segment lie.
fn seq_position(segment: &SegmentRecord, ledger: &Ledger) -> u64 {
    let (next, edge) = (anchor(ledger, Anchor::RcvNxt), anchor(ledger, Anchor::RcvEdge));
    let (begin, end) = (segment.seq, segment.end());
    let beyond = u64::from(end.gt(edge)) << 3;
    match begin.offset_from(next) {
        0 => 1 | beyond,
        ..0 if end.le(next) => {
            if begin.offset_from(next) == -1 {
                2
            } else {
                3
            }
        }
        ..0 => 4 | beyond,
        _ if begin.ge(edge) => {
            if begin == edge {
                5
            } else {
                6
            }
        }
        _ => 7 | beyond,
    }
}

/// Where an acknowledgment number lies.
fn ack_position(ack: SeqNumber, ledger: &Ledger) -> u64 {
    let (una, next) = (anchor(ledger, Anchor::SndUna), anchor(ledger, Anchor::SndNxt));
    let old = anchor(ledger, Anchor::SndOld);
    if ack.gt(next) {
        if ack == next + 1 { 1 } else { 2 }
    } else if ack == next {
        if una == next { 3 } else { 4 }
    } else if ack.gt(una) {
        5
    } else if ack == una {
        6
    } else if ack.ge(old) {
        7
    } else {
        8
    }
}

/// What the stack did about the event of the first of these entries: its state, and the first thing that it sent.
fn answer(entries: &[Entry]) -> (Option<State>, u64) {
    let answer = entries.get(1).filter(|answer| answer.time == entries[0].time);
    match answer.map(|answer| (&answer.happening, answer.left)) {
        Some((Happening::Segment { from: End::Left, segment, .. }, left)) => {
            let flags = u64::from(segment.ctl.without(Control::PSH | Control::ECE | Control::CWR).0);
            (left, 1 | flags << 1 | u64::from(segment.len > 0) << 9 | u64::from(segment.wnd == 0) << 10)
        }
        _ => (entries[0].left, 0),
    }
}

/// A number for the words of a call or an outcome, whatever the numbers in it.
fn word(text: &str) -> u64 {
    // FNV-1a, folded to sixteen bits: a clash hides a feature and does no other harm.
    let hash = text
        .bytes()
        .filter(|octet| !octet.is_ascii_digit())
        .fold(0x811c_9dc5_u32, |hash, octet| (hash ^ u32::from(octet)).wrapping_mul(0x0100_0193));
    u64::from(hash >> 16 ^ hash & 0xffff)
}
