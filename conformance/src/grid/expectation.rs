//! What may come of a cell: the outcomes that RFC 9293 prescribes or permits, with their clauses.
//!
//! It is written from the text of §3.10.7 and from `docs/variations.md`, and shares nothing with the reference but the
//! names of states and bits: it is a second opinion on the reference, too. Outcomes are sets, because the standard
//! permits more than one; each that is not the letter of the clause names its line in `docs/variations.md`.

use super::axes::{AckPosition, Cell, SeqPosition, Situation};
use super::sighting::{Flight, Life, Reply, Sighting, Told};
use crate::stack::{Capability, Choice, Declaration};
use tcpspec_core::Control;

mod connected;
mod unconnected;

/// What may come of a cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectation {
    /// The requirement that decides the cell; in the catalogue.
    pub requirement: &'static str,
    /// The check of §3.10.7 that decides it.
    pub clause: &'static str,
    /// The outcomes, those by the letter first; never empty.
    pub outcomes: Vec<Outcome>,
}

/// One outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// Any of these answers.
    pub replies: Vec<Reply>,
    /// Whether there is a connection afterwards.
    pub life: Life,
    /// Any of these fates of the flight; none: whatever.
    pub flight: Vec<Flight>,
    /// So many numbers are acknowledged beyond RCV.NXT; none: whatever.
    pub taken: Option<u32>,
    /// What the user must learn.
    pub told: MustTell,
    /// The line of `docs/variations.md` that permits it; none if the clause asks for it.
    pub variation: Option<&'static str>,
}

/// What the user must learn.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum MustTell {
    /// Nobody looks.
    Whatever,
    /// The text that was taken, and nothing of a reset.
    NoReset,
    /// That the connection was reset or refused, if the stack declares that its users can tell.
    Reset,
}

impl Outcome {
    const fn new(life: Life) -> Self {
        Self {
            replies: Vec::new(),
            life,
            flight: Vec::new(),
            taken: None,
            told: MustTell::Whatever,
            variation: None,
        }
    }

    /// The connection is as if the probe had not come.
    fn unchanged() -> Self {
        Self { flight: vec![Flight::Same], taken: Some(0), told: MustTell::NoReset, ..Self::new(Life::Lives) }
    }

    /// The connection is gone, and the user is told.
    fn reset() -> Self {
        Self { told: MustTell::Reset, ..Self::new(Life::None) }
    }

    fn answering(self, replies: &[Reply]) -> Self {
        Self { replies: replies.to_vec(), ..self }
    }

    fn by(self, variation: &'static str) -> Self {
        Self { variation: Some(variation), ..self }
    }

    /// The outcome in words, such as `ACK, as before [V-5]`.
    #[must_use]
    pub fn in_words(&self, cell: Cell) -> String {
        let replies: Vec<_> = self.replies.iter().map(Reply::to_string).collect();
        let mut parts = vec![replies.join(" or ")];
        let before = match cell.situation {
            Situation::Closed | Situation::Listen => Life::None,
            Situation::SynSent => Life::Asks,
            _ => Life::Lives,
        };
        if self.life != before {
            parts.push(self.life.to_string());
        }
        match self.flight.as_slice() {
            [Flight::All] => parts.push("all acknowledged".to_owned()),
            [Flight::Part, Flight::Same] => parts.push("part acknowledged".to_owned()),
            _ => {}
        }
        if let Some(taken @ 1..) = self.taken {
            parts.push(format!("{taken} taken"));
        }
        match self.told {
            MustTell::Reset => parts.push("the user told of a reset".to_owned()),
            MustTell::Whatever | MustTell::NoReset if parts.len() == 1 => parts.push("as before".to_owned()),
            MustTell::Whatever | MustTell::NoReset => {}
        }
        let variation = self.variation.map_or(String::new(), |variation| format!(" [{variation}]"));
        format!("{}{variation}", parts.join(", "))
    }

    /// Whether a sighting is of this outcome.
    #[must_use]
    pub fn admits(&self, cell: Cell, seen: &Sighting, tells_resets: bool) -> bool {
        self.admits_reply(seen)
            && self.life == seen.life
            && self.admits_flight(seen)
            && self.admits_taken(seen)
            && self.admits_told(cell, seen, tells_resets)
    }

    pub(super) fn admits_reply(&self, seen: &Sighting) -> bool {
        seen.could_be.iter().any(|reply| self.replies.contains(reply))
    }

    pub(super) fn admits_flight(&self, seen: &Sighting) -> bool {
        self.flight.is_empty() || seen.flight == Flight::Unknown || self.flight.contains(&seen.flight)
    }

    pub(super) fn admits_taken(&self, seen: &Sighting) -> bool {
        self.taken.is_none_or(|taken| i64::from(taken) == seen.taken)
    }

    pub(super) fn admits_told(&self, cell: Cell, seen: &Sighting, tells_resets: bool) -> bool {
        let unread = if cell.situation.window_closed() { 1000 } else { 0 };
        let taken = self.taken.is_some_and(|taken| taken > 0 && taken >= cell.text);
        let text = if taken { cell.text } else { 0 };
        match self.told {
            MustTell::Whatever => true,
            // What came before the reset may still be read, or may be gone.
            MustTell::Reset => !tells_resets || seen.told == Told::Reset,
            MustTell::NoReset => {
                seen.read == unread + text && !matches!(seen.told, Told::Reset | Told::Octets)
            }
        }
    }
}

/// Any RST.
const RESETS: [Reply; 3] = [Reply::ResetAtAck, Reply::ResetFromZero, Reply::ResetAtNext];

/// What may come of a cell on a stack that declares this.
#[must_use]
pub fn expectation(cell: Cell, declaration: &Declaration) -> Expectation {
    let mut expectation = match cell.situation {
        Situation::Closed => unconnected::closed(cell),
        Situation::Listen => unconnected::listen(cell),
        Situation::SynSent => unconnected::syn_sent(cell),
        _ => connected::expectation(cell),
    };
    let chooses = |wanted: Choice| declaration.chooses.iter().any(|(choice, _)| *choice == wanted);
    let half_duplex = declaration.lack(Capability::HalfClose).is_some() || chooses(Choice::ResetOnUnreadText);
    if cell.situation == Situation::Closed && chooses(Choice::SilentWhenClosed) {
        expectation.outcomes.push(Outcome::new(Life::Mute).answering(&[Reply::Silence]).by("V-35"));
    }
    let closed_by_user =
        matches!(cell.situation, Situation::FinWait1 | Situation::FinWait2 | Situation::FinWait2WindowClosed);
    if half_duplex && closed_by_user && cell.text > 0 {
        expectation.outcomes.push(Outcome::reset().answering(&RESETS).by("V-22"));
    }
    expectation
}

/// Table 6 of §3.4, in terms of positions: whether the first or the last number of the segment is in the window.
fn is_acceptable(cell: Cell) -> bool {
    match cell.seq {
        SeqPosition::Next => !cell.situation.window_closed() || cell.is_empty(),
        SeqPosition::Inside | SeqPosition::Last => true,
        SeqPosition::Left | SeqPosition::Edge | SeqPosition::Beyond => false,
    }
}

/// Whether the segment has the bit.
fn has(cell: Cell, bit: Control) -> bool {
    cell.flags.control().has(bit)
}

/// What an acceptable acknowledgment at this position does to the flight.
fn acknowledged(cell: Cell) -> Vec<Flight> {
    match cell.ack {
        AckPosition::Next if cell.situation.flight() > 0 => vec![Flight::All],
        // Only segments that are entirely acknowledged leave the queue: the first may be sent again whole.
        AckPosition::Inside => vec![Flight::Part, Flight::Same],
        _ => vec![Flight::Same],
    }
}
