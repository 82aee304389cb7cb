//! How what was seen of a cell differs from all that is permitted, in one sentence.

use std::fmt;

use super::axes::Cell;
use super::expectation::{Expectation, MustTell, Outcome};
use super::sighting::{Flight, Life, Reply, Sighting, Told};

/// How grave a difference is. The greater is the graver.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gravity {
    /// The answer has another form.
    Form,
    /// An answer where silence is right.
    Talks,
    /// No answer where one is due.
    Silent,
    /// The user learns something else than what happened.
    Misinforms,
    /// What the segment asks for is not done.
    Ignores,
    /// What the segment must not achieve, it does.
    Obeys,
    /// A connection ends that must live.
    Dies,
    /// The stack panicked, or sent what no situation permits.
    Broken,
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Form => "FORM",
            Self::Talks => "TALKS",
            Self::Silent => "SILENT",
            Self::Misinforms => "MISINFORMS",
            Self::Ignores => "IGNORES",
            Self::Obeys => "OBEYS",
            Self::Dies => "DIES",
            Self::Broken => "BROKEN",
        })
    }
}

/// How a cell differs from all that is permitted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Difference {
    /// How grave it is.
    pub gravity: Gravity,
    /// The requirement that decides the cell.
    pub requirement: &'static str,
    /// The check of §3.10.7 that decides it.
    pub clause: &'static str,
    /// What was seen instead of what, in a few words without numbers of this run.
    pub what: String,
}

impl Difference {
    /// The bench objects to the run.
    pub(super) fn objection(expectation: &Expectation, what: String) -> Self {
        let Expectation { requirement, clause, .. } = *expectation;
        Self { gravity: Gravity::Broken, requirement, clause, what }
    }

    /// The difference from the permitted outcome that is nearest.
    pub(super) fn between(
        cell: Cell,
        expectation: &Expectation,
        seen: &Sighting,
        tells_resets: bool,
    ) -> Self {
        let parts = expectation.outcomes.iter().map(|outcome| parts(cell, outcome, seen, tells_resets));
        let nearest =
            parts.min_by_key(|parts| (parts.len(), parts.iter().map(|(gravity, _)| *gravity).max()));
        let nearest = nearest.expect("every expectation has an outcome");
        let gravity = nearest.iter().map(|(gravity, _)| *gravity).max().unwrap_or(Gravity::Form);
        let what: Vec<_> = nearest.into_iter().map(|(_, what)| what).collect();
        let Expectation { requirement, clause, .. } = *expectation;
        Self { gravity, requirement, clause, what: what.join("; ") }
    }
}

/// In what a sighting differs from one outcome, and how grave each is.
fn parts(cell: Cell, outcome: &Outcome, seen: &Sighting, tells_resets: bool) -> Vec<(Gravity, String)> {
    let mut parts = Vec::new();
    if !outcome.admits_reply(seen) {
        parts.push(reply(outcome, seen));
    }
    if outcome.life != seen.life {
        parts.push(life(outcome.life, seen.life));
        return parts;
    }
    if !outcome.admits_flight(seen) {
        parts.push(match seen.flight {
            Flight::Same => (Gravity::Ignores, "the acknowledgment has no effect".to_owned()),
            _ => (Gravity::Obeys, "what is in flight counts as acknowledged".to_owned()),
        });
    }
    if !outcome.admits_taken(seen) {
        let wanted = i64::from(outcome.taken.unwrap_or_default());
        parts.push(match seen.taken {
            less if less < wanted => (Gravity::Ignores, "text or FIN is not taken".to_owned()),
            _ => (Gravity::Obeys, "text or FIN is taken".to_owned()),
        });
    }
    let follows = !outcome.admits_taken(seen) && seen.told != Told::Reset;
    if !follows && !outcome.admits_told(cell, seen, tells_resets) {
        let what = match outcome.told {
            MustTell::Reset => format!("the user is told {} instead of reset", seen.told),
            _ if seen.told == Told::Reset => "the user is told of a reset".to_owned(),
            _ => format!("the user reads {} octets", seen.read),
        };
        parts.push((Gravity::Misinforms, what));
    }
    parts
}

fn reply(outcome: &Outcome, seen: &Sighting) -> (Gravity, String) {
    let wanted: Vec<_> = outcome.replies.iter().map(Reply::to_string).collect();
    let what = format!("{} instead of {}", seen.reply, wanted.join(" or "));
    let gravity = match seen.reply {
        Reply::Silence => Gravity::Silent,
        _ if outcome.replies.contains(&Reply::Silence) => Gravity::Talks,
        _ => Gravity::Form,
    };
    (gravity, what)
}

fn life(wanted: Life, seen: Life) -> (Gravity, String) {
    let gravity = match (wanted, seen) {
        (_, Life::Mute) | (Life::Lives | Life::Asks, Life::None | Life::Deaf) | (_, Life::Deaf) => {
            Gravity::Dies
        }
        (Life::None, Life::Lives | Life::Asks) | (Life::Lives, Life::Asks) => Gravity::Ignores,
        _ => Gravity::Obeys,
    };
    (gravity, format!("afterwards {seen} instead of {wanted}"))
}
