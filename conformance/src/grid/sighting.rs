//! What a run shows of a cell: the answer to the probe, and the fate of the connection, as far as the peer and the
//! user can tell.

use std::fmt;
use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber};

use super::axes::{Cell, Situation};
use super::story;
use crate::bench::Run;
use crate::bench::ledger::{Ledger, Space};
use crate::scenario::{Anchor, SeqExpr};
use crate::trace::{End, Happening, SegmentRecord, Trace};
use crate::verdict::Verdict;

/// How long an answer may take that the standard lets a stack delay (MUST-40).
const DELAY: Duration = Duration::from_millis(500);

/// The answer to the probe.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reply {
    /// None.
    Silence,
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, perhaps on a repetition of what is in flight (V-28, V-50).
    Ack,
    /// SYN,ACK
    SynAck,
    /// `<SEQ=SEG.ACK><CTL=RST>`
    ResetAtAck,
    /// `<SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>`
    ResetFromZero,
    /// A RST, with or without ACK, at SND.NXT.
    ResetAtNext,
    /// Something else.
    Other,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silence => "silence",
            Self::Ack => "ACK",
            Self::SynAck => "SYN,ACK",
            Self::ResetAtAck => "RST at SEG.ACK",
            Self::ResetFromZero => "RST,ACK from 0",
            Self::ResetAtNext => "RST at SND.NXT",
            Self::Other => "something else",
        })
    }
}

/// What the first follow-ups found.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Life {
    /// A connection answers.
    Lives,
    /// No connection (any more); where there was a listener, it takes requests.
    None,
    /// SYN-SENT: the stack still waits for an answer.
    Asks,
    /// No connection, and the listener does not take requests.
    Deaf,
    /// Nothing answers.
    Mute,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lives => "connected",
            Self::None => "no connection",
            Self::Asks => "still asking",
            Self::Deaf => "no connection, listener gone",
            Self::Mute => "answers nothing more",
        })
    }
}

/// How much of what was in flight counts as acknowledged.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Flight {
    /// None: it is sent again from SND.UNA on, or there was none.
    Same,
    /// Part of it: it is sent again from further on.
    Part,
    /// All: nothing is sent again.
    All,
    /// It would not have been sent again by then anyway.
    Unknown,
}

/// What the user learned in the end, after any octets.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Told {
    /// Nothing, or no user asked.
    Nothing,
    /// More octets than one call can give: there is no end to them.
    Octets,
    /// The peer has closed.
    End,
    /// Reset or refused.
    Reset,
    /// Some other failure.
    Failure,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "nothing",
            Self::Octets => "octets without end",
            Self::End => "end",
            Self::Reset => "reset",
            Self::Failure => "a failure",
        })
    }
}

/// What a run shows of a cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Sighting {
    /// The answer.
    pub reply: Reply,
    /// Replies that the answer could be taken for; more than one where their numbers fall together.
    pub could_be: Vec<Reply>,
    /// Whether there is a connection.
    pub life: Life,
    /// What became of the flight.
    pub flight: Flight,
    /// Numbers that the stack acknowledged beyond RCV.NXT.
    pub taken: i64,
    /// Octets that the user read after the probe.
    pub read: u32,
    /// What the user learned after them.
    pub told: Told,
}

/// Why a run shows nothing of the cell.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum NoSight {
    /// The prelude did not lead to the situation.
    NotReached(String),
    /// The bench objects to the run: a panic, a malformed segment, wrong octets.
    Objection(String),
    /// The scenario was not played, or has no verdict.
    NotPlayed(String),
}

impl fmt::Display for NoSight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReached(why) | Self::Objection(why) | Self::NotPlayed(why) => f.write_str(why),
        }
    }
}

/// What is in the trace around the probe.
struct Parts<'t> {
    /// The peer's book when the probe was sent.
    before: Ledger,
    time: Instant,
    probe: &'t SegmentRecord,
    /// What the stack sent from the probe to the first follow-up, and when.
    until_asked: Vec<(Instant, &'t SegmentRecord)>,
    /// The follow-ups, each with what the stack sent until the next one or the end.
    answers: Vec<(&'t SegmentRecord, Vec<&'t SegmentRecord>)>,
}

/// Whether the flight is sent again before the first follow-up when nothing happens.
pub(super) fn flight_shows(situation: Situation, run: &Run) -> bool {
    let segments = segments(&run.trace);
    let peers = segments.iter().filter(|(_, from, _)| *from == End::Right).count();
    let mut left = peers.saturating_sub(story::follow_ups(situation));
    let mut ledger = Ledger::new(first_number(&segments));
    let mut latest = Instant::ZERO;
    for (time, from, segment) in segments {
        match from {
            End::Right if left == 0 => return false,
            End::Right => {
                left -= 1;
                latest = time;
                ledger.sent(segment.clone(), false);
            }
            // An answer may repeat numbers, too: the SYN,ACK of a simultaneous open.
            End::Left if again(&ledger, segment) && time > latest + SLACK => return true,
            End::Left => ledger.seen(segment),
        }
    }
    false
}

/// Reads a run of a cell.
pub(super) fn read(cell: Cell, run: &Run, flight_shows: bool) -> Result<Sighting, NoSight> {
    match &run.verdict {
        Verdict::Skipped(reason) | Verdict::Inconclusive(reason) => {
            return Err(NoSight::NotPlayed(reason.clone()));
        }
        Verdict::Fail(failure) => return Err(NoSight::Objection(failure.what.clone())),
        Verdict::Pass | Verdict::KnownDeviation { .. } | Verdict::FixedDeviation { .. } => {}
    }
    let parts = parts(cell.situation, &run.trace)
        .ok_or_else(|| NoSight::NotReached("the probe was not sent".to_owned()))?;
    reached(cell.situation, &parts.before).map_err(NoSight::NotReached)?;
    let could_be = replies(cell.situation, &parts);
    let (read, told) = told(&run.trace);
    Ok(Sighting {
        reply: could_be[0],
        could_be,
        life: life(cell.situation, &parts),
        flight: flight(cell.situation, &parts, flight_shows),
        taken: taken(&parts),
        read,
        told,
    })
}

type Sent<'t> = (Instant, End, &'t SegmentRecord);

fn segments(trace: &Trace) -> Vec<Sent<'_>> {
    trace
        .entries
        .iter()
        .filter_map(|entry| match &entry.happening {
            Happening::Segment { from, segment, .. } => Some((entry.time, *from, segment)),
            _ => None,
        })
        .collect()
}

/// The peer's initial sequence number: that of its first segment in every story of the grid.
fn first_number(segments: &[Sent<'_>]) -> SeqNumber {
    segments.iter().find(|(_, from, _)| *from == End::Right).map_or(SeqNumber(0), |(_, _, first)| first.seq)
}

fn parts(situation: Situation, trace: &Trace) -> Option<Parts<'_>> {
    let segments = segments(trace);
    let peers: Vec<usize> = (0..segments.len()).filter(|index| segments[*index].1 == End::Right).collect();
    let first_follow_up = peers.len().checked_sub(story::follow_ups(situation))?;
    let at = peers[first_follow_up.checked_sub(1)?];
    let mut before = Ledger::new(first_number(&segments));
    for (_, from, segment) in &segments[..at] {
        match from {
            End::Right => before.sent((*segment).clone(), false),
            End::Left => before.seen(segment),
        }
    }
    let until = |index: usize| peers.get(index + 1).copied().unwrap_or(segments.len());
    let until_asked = &segments[at + 1..until(first_follow_up - 1)];
    let answers = (first_follow_up..peers.len()).map(|index| {
        let answered = &segments[peers[index] + 1..until(index)];
        (segments[peers[index]].2, answered.iter().map(|(_, _, segment)| *segment).collect())
    });
    Some(Parts {
        before,
        time: segments[at].0,
        probe: segments[at].2,
        until_asked: until_asked.iter().map(|(time, _, segment)| (*time, *segment)).collect(),
        answers: answers.collect(),
    })
}

/// Numbers seen before, sent again.
fn again(ledger: &Ledger, segment: &SegmentRecord) -> bool {
    segment.end() != segment.seq && !segment.ctl.has(Control::RST) && !ledger.is_new(segment)
}

fn anchor(ledger: &Ledger, anchor: Anchor) -> SeqNumber {
    let space = if Anchor::OF_PEER.contains(&anchor) { Space::Peer } else { Space::Stack };
    ledger.resolve(SeqExpr::Anchor(anchor, 0), space).number
}

/// Whether the prelude led to the situation, as far as the peer can tell.
fn reached(situation: Situation, ledger: &Ledger) -> Result<(), String> {
    let flight = anchor(ledger, Anchor::SndNxt).since(anchor(ledger, Anchor::SndUna));
    let opened = ledger.stack_iss.is_some();
    let window = anchor(ledger, Anchor::RcvEdge).since(anchor(ledger, Anchor::RcvNxt));
    let synchronized = !matches!(situation, Situation::Closed | Situation::Listen | Situation::SynSent);
    if matches!(situation, Situation::Closed | Situation::Listen) {
        return if opened { Err("the stack sent a SYN on its own".to_owned()) } else { Ok(()) };
    }
    if !opened {
        return Err("the stack sent no SYN".to_owned());
    }
    if flight != situation.flight() {
        return Err(format!("{flight} numbers are in flight instead of {}", situation.flight()));
    }
    if synchronized && anchor(ledger, Anchor::RcvNxt) != ledger.peer_nxt {
        return Err("not all that the peer sent was acknowledged".to_owned());
    }
    if synchronized && situation.window_closed() && window > 0 {
        return Err(format!("the window is {window} although the buffer should be full"));
    }
    if synchronized && !situation.window_closed() && window < 4 * Cell::TEXT {
        return Err(format!("the window is only {window}"));
    }
    Ok(())
}

/// What the answer could be taken for, the plainest first; never empty.
fn replies(situation: Situation, parts: &Parts<'_>) -> Vec<Reply> {
    let deadline = parts.time + DELAY + SLACK;
    let mut book = parts.before.clone();
    let mut answers = Vec::new();
    let mut repetitions = Vec::new();
    for (time, segment) in &parts.until_asked {
        if !again(&book, segment) {
            if *time > deadline {
                return vec![Reply::Other];
            }
            answers.push(*segment);
        } else if is_answer(parts, *time, segment) {
            repetitions.push(*segment);
        }
        book.seen(segment);
    }
    let repeated = |bits| repetitions.iter().any(|segment| segment.ctl.has(bits));
    match answers.as_slice() {
        [] if repeated(Control::SYN | Control::ACK) => vec![Reply::SynAck, Reply::Silence],
        [] if repeated(Control::ACK) => vec![Reply::Silence, Reply::Ack],
        [] => vec![Reply::Silence],
        [reset] if reset.ctl.has(Control::RST) => forms_of_reset(parts, reset),
        [answer] if answer.ctl.has(Control::SYN | Control::ACK) => {
            let right = answer.ack.gt(parts.probe.seq) && answer.ack.le(parts.probe.end());
            let above =
                situation != Situation::TimeWait || answer.seq.gt(anchor(&parts.before, Anchor::SndNxt));
            vec![if right && above { Reply::SynAck } else { Reply::Other }]
        }
        acks if acks.iter().all(|ack| is_plain_ack(parts, ack)) => vec![Reply::Ack],
        _ => vec![Reply::Other],
    }
}

/// Whether a repetition answers the probe: it comes at once, or with news. Its own time may come by chance.
fn is_answer(parts: &Parts<'_>, time: Instant, segment: &SegmentRecord) -> bool {
    let news = segment.ctl.has(Control::ACK) && segment.ack.gt(anchor(&parts.before, Anchor::RcvNxt));
    time <= parts.time + SLACK || (news && time <= parts.time + DELAY + SLACK)
}

/// For stacks whose clock is the world's.
const SLACK: Duration = Duration::from_millis(100);

fn forms_of_reset(parts: &Parts<'_>, reset: &SegmentRecord) -> Vec<Reply> {
    let (probe, with_ack) = (parts.probe, reset.ctl.has(Control::ACK));
    let forms = [
        (Reply::ResetAtAck, probe.ctl.has(Control::ACK) && !with_ack && reset.seq == probe.ack),
        (Reply::ResetFromZero, with_ack && reset.seq == SeqNumber(0) && reset.ack == probe.end()),
        (Reply::ResetAtNext, reset.seq == anchor(&parts.before, Anchor::SndNxt)),
    ];
    let mut forms: Vec<_> = forms.into_iter().filter(|(_, is)| *is).map(|(form, _)| form).collect();
    if forms.is_empty() {
        forms.push(Reply::Other);
    }
    forms
}

/// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`: SEQ within what is in flight (V-50), ACK not below what was acknowledged
/// before and not above what the peer has sent.
fn is_plain_ack(parts: &Parts<'_>, segment: &SegmentRecord) -> bool {
    let bare = segment.ctl.without(Control::PSH) == Control::ACK && segment.len == 0;
    let (una, nxt) = (anchor(&parts.before, Anchor::SndUna), anchor(&parts.before, Anchor::SndNxt));
    let acknowledged = parts.before.resolve(SeqExpr::Anchor(Anchor::RcvNxt, 0), Space::Peer);
    let not_below = acknowledged.fallback || acknowledged.number.le(segment.ack);
    let sent =
        if parts.probe.end().gt(parts.before.peer_nxt) { parts.probe.end() } else { parts.before.peer_nxt };
    bare && una.le(segment.seq) && segment.seq.le(nxt) && not_below && segment.ack.le(sent)
}

fn life(situation: Situation, parts: &Parts<'_>) -> Life {
    let Some((asked, answers)) = parts.answers.first() else { return Life::Mute };
    let answer = |wanted: Control| answers.iter().find(|segment| segment.ctl.has(wanted));
    if answer(Control::RST).is_some() {
        let listens = |answers: &[&SegmentRecord]| {
            answers.iter().any(|segment| segment.ctl.has(Control::SYN | Control::ACK))
        };
        return match parts.answers.get(1) {
            Some((_, answers)) if !listens(answers) => Life::Deaf,
            _ => Life::None,
        };
    }
    match answer(Control::ACK) {
        None => Life::Mute,
        Some(ack) if situation == Situation::SynSent && ack.ack == asked.end() => Life::Asks,
        Some(_) => Life::Lives,
    }
}

fn flight(situation: Situation, parts: &Parts<'_>, flight_shows: bool) -> Flight {
    if situation.flight() == 0 {
        return Flight::Same;
    }
    let una = anchor(&parts.before, Anchor::SndUna);
    match parts.until_asked.iter().find(|(_, segment)| again(&parts.before, segment)) {
        Some((_, first)) if first.seq.le(una) => Flight::Same,
        Some(_) => Flight::Part,
        None if flight_shows => Flight::All,
        None => Flight::Unknown,
    }
}

fn taken(parts: &Parts<'_>) -> i64 {
    let acknowledged = anchor(&parts.before, Anchor::RcvNxt);
    let first = parts.answers.first().map_or(&[][..], |(_, answers)| answers);
    let all = parts.until_asked.iter().map(|(_, segment)| *segment).chain(first.iter().copied());
    let acks = all.filter(|segment| segment.ctl.has(Control::ACK) && !segment.ctl.has(Control::RST));
    acks.map(|segment| i64::from(segment.ack.since(acknowledged).cast_signed())).max().unwrap_or(0)
}

/// What the follow-ups' two RECEIVEs gave: octets, and the last word.
fn told(trace: &Trace) -> (u32, Told) {
    let is_probe = |from: End| from == End::Right;
    let outcomes = trace.entries.iter().rev().map_while(|entry| match &entry.happening {
        Happening::Segment { from, .. } if is_probe(*from) => None,
        Happening::Call { outcome, .. } => Some(Some(outcome.as_ref())),
        _ => Some(None),
    });
    let outcomes: Vec<&str> = outcomes.flatten().collect();
    let octets = outcomes.iter().filter_map(|outcome| outcome.parse::<u32>().ok()).sum();
    // A user may be told of a reset only once.
    let reset = outcomes.iter().find(|outcome| matches!(**outcome, "reset" | "refused"));
    let told = match reset.or(outcomes.first()) {
        None | Some(&("nothing" | "no-connection")) => Told::Nothing,
        Some(&"end") => Told::End,
        Some(&("reset" | "refused")) => Told::Reset,
        Some(other) if other.parse::<u32>().is_ok() => Told::Octets,
        Some(_) => Told::Failure,
    };
    (octets, told)
}
