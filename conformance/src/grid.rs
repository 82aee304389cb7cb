//! The grid: every state of the connection against every class of segments at every position of SEQ and ACK.
//!
//! Eleven states, eight classes of control bits, six positions each of SEQ and ACK make 3,168 cells; cells with text
//! and second ways into a state come besides. A [`Cell`] is played as a scenario, or carries a reason from a closed
//! list why it cannot be ([`Void`]). What came of it is read from the trace ([`Sighting`]) and held against what the
//! standard permits ([`Expectation`]), which shares no code with the reference. Cells that differ in one way are
//! [folded] into one line.
//!
//! It leaves out what one segment cannot show: timers, windows, options, urgent text.

use std::collections::BTreeMap;

use crate::bench::{self, Family};
use crate::scenario::Scenario;
use crate::stack::{Capability, Stack};
use crate::trace::Trace;

mod axes;
mod difference;
mod expectation;
pub mod folded;
mod sighting;
mod story;
#[cfg(test)]
mod tests;

pub use axes::{AckPosition, Cell, Flags, SeqPosition, Situation, Void};
pub use difference::{Difference, Gravity};
pub use expectation::{Expectation, MustTell, Outcome, expectation};
pub use sighting::{Flight, Life, NoSight, Reply, Sighting, Told};

/// What came of one cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outlook {
    /// It cannot be.
    Void(Void),
    /// The stack could not be brought there, for the reason given, or the scenario has no verdict.
    Unreached(String),
    /// It was played; these lines of `docs/variations.md` were needed to permit what was seen, if one was.
    Met(Option<&'static str>),
    /// It was played, and what was seen is not permitted.
    Differs(Difference),
}

impl Outlook {
    /// Whether the cell was played, and something was seen.
    #[must_use]
    pub const fn was_played(&self) -> bool {
        matches!(self, Self::Met(_) | Self::Differs(_))
    }
}

/// What came of the grid on one stack.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Grid {
    /// Every cell that was asked for, in order.
    pub cells: Vec<(Cell, Outlook)>,
}

impl Grid {
    /// How many cells were played.
    #[must_use]
    pub fn played(&self) -> usize {
        self.cells.iter().filter(|(_, outlook)| outlook.was_played()).count()
    }

    /// How many cells cannot be, by reason.
    #[must_use]
    pub fn void(&self) -> BTreeMap<Void, usize> {
        let mut counts = BTreeMap::new();
        for (_, outlook) in &self.cells {
            if let Outlook::Void(void) = outlook {
                *counts.entry(*void).or_default() += 1;
            }
        }
        counts
    }

    /// The cells that differ.
    pub fn differences(&self) -> impl Iterator<Item = (Cell, &Difference)> {
        self.cells.iter().filter_map(|(cell, outlook)| match outlook {
            Outlook::Differs(difference) => Some((*cell, difference)),
            _ => None,
        })
    }
}

/// The scenario of a cell.
#[must_use]
pub fn scenario(cell: Cell) -> Scenario {
    story::scenario(cell)
}

/// Plays cells to a stack.
pub fn play(stack: &mut dyn Stack, family: Family, cells: impl Iterator<Item = Cell>) -> Grid {
    let mut shows = BTreeMap::new();
    let cells = cells.map(|cell| {
        let outlook = match cell.void() {
            Some(void) => Outlook::Void(void),
            None => {
                let shows = *shows.entry(cell.situation).or_insert_with(|| {
                    let run = bench::run(stack, &story::control(cell.situation), family);
                    sighting::flight_shows(cell.situation, &run)
                });
                play_cell(stack, family, cell, shows)
            }
        };
        (cell, outlook)
    });
    Grid { cells: cells.collect() }
}

/// Plays one cell and says what was seen.
///
/// # Errors
/// Why nothing was seen of it.
pub fn look(stack: &mut dyn Stack, family: Family, cell: Cell) -> (Trace, Result<Sighting, NoSight>) {
    let run = bench::run(stack, &story::scenario(cell), family);
    let sighting = sighting::read(cell, &run, false);
    (run.trace, sighting)
}

fn play_cell(stack: &mut dyn Stack, family: Family, cell: Cell, flight_shows: bool) -> Outlook {
    let run = bench::run(stack, &story::scenario(cell), family);
    let declaration = stack.declaration();
    let expectation = expectation(cell, declaration);
    let tells_resets = declaration.lack(Capability::TellsResets).is_none();
    match sighting::read(cell, &run, flight_shows) {
        Err(NoSight::NotReached(why) | NoSight::NotPlayed(why)) => Outlook::Unreached(why),
        Err(NoSight::Objection(why)) => Outlook::Differs(Difference::objection(&expectation, why)),
        Ok(seen) => {
            let admitted = |outcome: &&Outcome| outcome.admits(cell, &seen, tells_resets);
            match expectation.outcomes.iter().find(admitted) {
                Some(outcome) => Outlook::Met(outcome.variation),
                None => Outlook::Differs(Difference::between(cell, &expectation, &seen, tells_resets)),
            }
        }
    }
}
