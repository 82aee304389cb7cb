//! In what two tellings of one story differ, as far as a user or a peer can tell.

use std::time::Duration;

use super::situation::Situation;
use super::turn::{Done, Mark, Turns, turns};
use super::variation::{self, Variation};
use super::{Telling, Which};
use crate::scenario::{Scenario, What};
use crate::stack::{Capability, Declaration};
use crate::trace::Happening;

/// In what two stacks differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The same call came to something else.
    Outcome {
        /// What it came to on the one stack and on the other.
        outcomes: [String; 2],
    },
    /// This one sends a reset, the other none.
    Reset(Which),
    /// This one answers with an acknowledgment, the other is silent.
    Answer(Which),
    /// This one has sent a SYN that the other has not.
    Opening(Which),
    /// This one has sent its FIN.
    Fin(Which),
    /// So many octets of text have been sent.
    Text([u32; 2]),
    /// So much of the peer's sequence space has been acknowledged.
    Acknowledged([u32; 2]),
}

/// A difference between two tellings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// The step of the scenario after which it shows, counted from zero; none: before the first.
    pub step: Option<usize>,
    /// The line of each trace with which that begins.
    pub lines: [usize; 2],
    /// The connection.
    pub connection: u8,
    /// What it is.
    pub kind: Kind,
    /// How much later than the other the one that is behind did the same, if it did.
    pub caught_up: Option<Duration>,
    /// The variation that permits both.
    pub variation: Option<&'static Variation>,
    /// What follows cannot be compared: the connections are in different states.
    pub splits: bool,
}

/// All differences of two tellings, in order, up to one from which on nothing can be compared.
pub(super) fn between(scenario: &Scenario, tellings: &[Telling; 2]) -> Vec<Difference> {
    let turns = [&tellings[0], &tellings[1]].map(|telling| turns(scenario, &telling.run.trace));
    // The turn in which a run broke off is not whole.
    let whole = |which: usize| turns[which].all.len() - usize::from(tellings[which].objection().is_some());
    let count = whole(0).min(whole(1));
    let search = Search { scenario, tellings, turns: [&turns[0], &turns[1]] };
    let mut differences = Vec::new();
    for turn in 0..count {
        search.in_turn(turn, &mut differences);
        if let Some(end) = differences.iter().position(|difference| difference.splits) {
            differences.truncate(end + 1);
            break;
        }
    }
    differences
}

struct Search<'a> {
    scenario: &'a Scenario,
    tellings: &'a [Telling; 2],
    turns: [&'a Turns; 2],
}

/// A quantity that only grows, and how to say that it differs.
type Quantity = (fn(&Done) -> Mark, fn([u32; 2], Which) -> Kind);

const QUANTITIES: [Quantity; 4] = [
    (|done| done.opened, |_, ahead| Kind::Opening(ahead)),
    (|done| done.acknowledged, |numbers, _| Kind::Acknowledged(numbers)),
    (|done| done.text, |numbers, _| Kind::Text(numbers)),
    (|done| done.fin, |_, ahead| Kind::Fin(ahead)),
];

impl Search<'_> {
    /// Notes what differs in a turn and did not before it, the graver first.
    fn in_turn(&self, turn: usize, found: &mut Vec<Difference>) {
        let mut note = |label, kind, caught_up| found.push(self.difference(turn, label, kind, caught_up));
        for label in 1..=self.turns[0].connections {
            let done = self.done(turn, label);
            if let Some(by) = ahead(done.map(|done| u32::from(done.resets > 0))) {
                note(label, Kind::Reset(by), None);
            }
            let mut progress = false;
            for (mark, kind) in QUANTITIES {
                let Some(by) = ahead(done.map(|done| mark(done).at)) else { continue };
                progress = true;
                if turn == 0 || ahead(self.done(turn - 1, label).map(|done| mark(done).at)).is_none() {
                    let numbers = done.map(|done| mark(done).at);
                    note(label, kind(numbers, by), self.caught_up(turn, label, mark, by));
                }
            }
            let arrival = self.step(turn).is_some_and(|what| matches!(what, What::Segment(_)));
            let answered = ahead(done.map(|done| u32::from(done.answers > 0)));
            let silent = |by: Which| done[by.other() as usize].carried == 0;
            let resets = done.iter().any(|done| done.resets > 0);
            if let Some(by) = answered.filter(|by| arrival && !progress && !resets && silent(*by)) {
                note(label, Kind::Answer(by), None);
            }
        }
        if let Some(outcomes) = self.outcomes(turn) {
            note(self.label(turn), Kind::Outcome { outcomes: outcomes.map(str::to_owned) }, None);
        }
    }

    fn done(&self, turn: usize, label: u8) -> [&Done; 2] {
        self.turns.map(|turns| turns.done(turn, label))
    }

    fn step(&self, turn: usize) -> Option<&What> {
        self.turns[0].all[turn].step.map(|step| &self.scenario.steps[step].what)
    }

    fn label(&self, turn: usize) -> u8 {
        self.turns[0].all[turn].step.map_or(1, |step| self.scenario.steps[step].connection)
    }

    /// How much later the one that is behind in a turn had done as much as the other had then, if it ever did.
    fn caught_up(&self, turn: usize, label: u8, mark: fn(&Done) -> Mark, ahead: Which) -> Option<Duration> {
        let (leader, behind) = (self.turns[ahead as usize], self.turns[ahead.other() as usize]);
        let (goal, opened) = (mark(leader.done(turn, label)), leader.done(turn, label).opened.at);
        let there = behind.first(turn, label, |done| done.opened.at == opened && mark(done).at >= goal.at)?;
        let late = behind.all[turn].after(mark(behind.done(there, label)).since);
        Some(late.saturating_sub(leader.all[turn].after(goal.since)))
    }

    /// What the turn's call came to, if it is another thing on each stack.
    fn outcomes(&self, turn: usize) -> Option<[&str; 2]> {
        self.turns[0].all[turn].step?;
        let outcome = |which: Which| {
            let trace = &self.tellings[which as usize].run.trace;
            match &trace.entries.get(self.turns[which as usize].all[turn].entries.start)?.happening {
                Happening::Call { outcome, .. } => Some(outcome.as_ref()),
                _ => None,
            }
        };
        let outcomes = [outcome(Which::First)?, outcome(Which::Second)?];
        let tells = |telling: &Telling| telling.stack.lack(Capability::TellsResets).is_none();
        let tells = self.tellings.iter().all(tells);
        let [one, other] = outcomes;
        (one != other && class(one, tells) != class(other, tells)).then_some(outcomes)
    }

    fn difference(&self, turn: usize, label: u8, kind: Kind, caught_up: Option<Duration>) -> Difference {
        let declarations: [&Declaration; 2] = [&self.tellings[0].stack, &self.tellings[1].stack];
        let situation =
            Situation::of(self.scenario, self.turns, (turn, label), (&kind, caught_up), declarations);
        let variation = variation::explaining(&situation);
        let splits = match (&kind, variation) {
            (_, Some(variation)) => variation.splits,
            (Kind::Outcome { .. } | Kind::Reset(_), None) => true,
            (_, None) => caught_up.is_none(),
        };
        let lines = [0, 1].map(|which| self.turns[which].all[turn].entries.start);
        let step = self.turns[0].all[turn].step;
        Difference { step, lines, connection: label, kind, caught_up, variation, splits }
    }
}

/// Who has more, if one has.
const fn ahead([one, other]: [u32; 2]) -> Option<Which> {
    if one > other {
        Some(Which::First)
    } else if one < other {
        Some(Which::Second)
    } else {
        None
    }
}

/// What a user learns of an outcome, whatever words an interface has for a refusal (RFC 9293 §3.9.1). One that cannot
/// tell a reset from an orderly end makes no difference between them.
fn class(outcome: &str, tells_resets: bool) -> &str {
    match outcome {
        // Another word for the reset of an attempt to open.
        "refused" | "reset" if tells_resets => "reset",
        "timed-out" | "end" if tells_resets => outcome,
        // A buffer that takes nothing.
        "nothing" | "0" => "nothing",
        // A second CLOSE may answer either (§3.10.4).
        "ok" | "closing" => "ok",
        number if number.parse::<u32>().is_ok() => number,
        _ => "refusal",
    }
}

impl Difference {
    /// Which stack is behind: it has done less, or the other has done something that it has not.
    #[must_use]
    pub const fn behind(&self) -> Option<Which> {
        match self.kind {
            Kind::Outcome { .. } => None,
            Kind::Reset(by) | Kind::Answer(by) | Kind::Opening(by) | Kind::Fin(by) => Some(by.other()),
            Kind::Text(numbers) | Kind::Acknowledged(numbers) => match ahead(numbers) {
                Some(by) => Some(by.other()),
                None => None,
            },
        }
    }

    /// What differs, in one sentence without its full stop; the stacks have these names.
    #[must_use]
    pub fn sentence(&self, names: [&str; 2]) -> String {
        let name = |which: Which| names[which as usize];
        let [one, other] = names;
        let what = match &self.kind {
            Kind::Outcome { outcomes: [this, that] } => {
                format!("the call answers `{this}` on {one} and `{that}` on {other}")
            }
            Kind::Reset(by) => format!("{} sends a reset, {} none", name(*by), name(by.other())),
            Kind::Answer(by) => {
                format!("{} answers with an acknowledgment, {} is silent", name(*by), name(by.other()))
            }
            Kind::Opening(by) => format!("{} sends a SYN, {} does not", name(*by), name(by.other())),
            Kind::Fin(by) => format!("{} sends its FIN, {} does not", name(*by), name(by.other())),
            Kind::Text([this, that]) => {
                format!("{one} has sent {this} octets of text, {other} {that}")
            }
            Kind::Acknowledged([this, that]) => {
                format!("{one} acknowledges {this}, {other} {that}")
            }
        };
        match self.caught_up {
            None => what,
            Some(late) if late.is_zero() => format!("{what} until the next step"),
            Some(late) => format!("{what} until {} ms later", late.as_millis()),
        }
    }
}
