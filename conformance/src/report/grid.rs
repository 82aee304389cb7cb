//! The report on the grid: how many cells were played, what is not permitted, folded, gravest first; and the table of
//! what is expected in one situation.

use std::fmt::Write as _;

use super::terminal::wrapped;
use crate::bench::{self, Family};
use crate::deviation::{Deviations, GridDeviation};
use crate::grid::folded::{self, Fold, position_names, probe_names};
use crate::grid::{self, AckPosition, Cell, Expectation, Flags, Grid, Outlook, SeqPosition, Situation};
use crate::requirement;
use crate::stack::{Declaration, Stack};
use crate::trace::Trace;

/// The grid of one stack to report on.
#[derive(Clone, Debug)]
pub struct GridReport {
    stack: Declaration,
    family: Family,
    grid: Grid,
    folds: Vec<Shown>,
    fixed: Vec<GridDeviation>,
}

/// Cells that differ in one way, with what the list of known deviations says of them.
#[derive(Clone, Debug)]
struct Shown {
    fold: Fold,
    ranges: Vec<String>,
    /// The plainest of them, played.
    trace: Trace,
    listed: Listed,
}

#[derive(Clone, Debug)]
enum Listed {
    Not,
    /// The list has other cells that differ so.
    Otherwise(Vec<String>),
    Known(String),
}

impl GridReport {
    /// Folds the differences, applies the list of known deviations and plays the plainest cell of each fold once more.
    /// `whole`: the grid has all cells, so that what is listed and not there is gone.
    #[must_use]
    pub fn new(
        stack: &mut dyn Stack,
        family: Family,
        grid: Grid,
        deviations: &Deviations,
        whole: bool,
    ) -> Self {
        let declaration = stack.declaration().clone();
        let listed: Vec<&GridDeviation> = deviations.grid(&declaration.version).collect();
        let concerns = |entry: &GridDeviation, fold: &Fold| {
            let difference = &fold.difference;
            (entry.clause.as_str(), entry.requirement.as_str(), entry.what.as_str())
                == (difference.clause, difference.requirement, difference.what.as_str())
        };
        let folds: Vec<Shown> = folded::fold(&grid)
            .into_iter()
            .map(|fold| {
                let ranges: Vec<_> = fold.ranges().iter().map(ToString::to_string).collect();
                let listed = match listed.iter().find(|entry| concerns(entry, &fold)) {
                    None => Listed::Not,
                    Some(entry) if entry.cells == ranges || !whole => {
                        Listed::Known(entry.cause.reason.clone())
                    }
                    Some(entry) => Listed::Otherwise(entry.cells.clone()),
                };
                let trace = bench::run(stack, &grid::scenario(fold.plainest()), family).trace;
                Shown { fold, ranges, trace, listed }
            })
            .collect();
        let gone = |entry: &&&GridDeviation| !folds.iter().any(|shown| concerns(entry, &shown.fold));
        let fixed = listed.iter().filter(gone).filter(|_| whole).map(|entry| (*entry).clone()).collect();
        Self { stack: declaration, family, grid, folds, fixed }
    }

    /// Whether nothing differs but what is listed, and all of that does.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.fixed.is_empty() && self.folds.iter().all(Shown::is_known)
    }

    /// The report for a terminal. `scenarios`: those of the plainest cells instead of their traces.
    #[must_use]
    pub fn render(&self, scenarios: bool) -> String {
        let mut text = self.counts();
        for shown in self.folds.iter().filter(|shown| !shown.is_known()) {
            self.difference(&mut text, shown, scenarios);
        }
        for entry in &self.fixed {
            let _ = writeln!(text, "\nFIXED {} ({}): {}", entry.what, entry.clause, entry.cells.join("; "));
            text.push_str("  Remove it from the list of known deviations.\n");
        }
        self.known(&mut text);
        let (new, listed) = self.folds.iter().partition::<Vec<_>, _>(|shown| !shown.is_known());
        let _ = writeln!(
            text,
            "\n{} cells differ: {} ways not listed, {} known{}",
            self.grid.differences().count(),
            new.len(),
            listed.len(),
            if self.fixed.is_empty() {
                String::new()
            } else {
                format!(", {} listed and gone", self.fixed.len())
            }
        );
        text
    }

    /// How many cells there are, by what came of them.
    fn counts(&self) -> String {
        let network = match self.family {
            Family::V4 => "IPv4",
            Family::V6 => "IPv6",
        };
        let Declaration { name, version, .. } = &self.stack;
        let mut text = format!("{name} {version} over {network}\n\n");
        let base = |cell: &Cell| cell.text == 0 && Situation::STATES.contains(&cell.situation);
        for (of_base, what) in
            [(true, "states, flags and positions"), (false, "text, second ways into a state")]
        {
            let cells = || self.grid.cells.iter().filter(|(cell, _)| base(cell) == of_base);
            let void = cells().filter(|(_, outlook)| matches!(outlook, Outlook::Void(_))).count();
            let played = cells().filter(|(_, outlook)| outlook.was_played()).count();
            let _ =
                writeln!(text, "  {:>5} cells, {what}: {played} played, {void} cannot be", cells().count());
        }
        text.push('\n');
        for (void, count) in self.grid.void() {
            let _ = writeln!(text, "  {count:>5}  {}", void.reason());
        }
        let unreached: Vec<_> = self
            .grid
            .cells
            .iter()
            .filter_map(|(cell, outlook)| match outlook {
                Outlook::Unreached(why) => Some((cell, why)),
                _ => None,
            })
            .collect();
        if let Some((cell, why)) = unreached.first() {
            let situation = cell.situation;
            let _ = writeln!(text, "  {:>5}  not reached; the first, in {situation}: {why}", unreached.len());
        }
        text
    }

    /// What is listed: the cells that have one reason together.
    fn known(&self, text: &mut String) {
        let mut reasons: Vec<&str> = Vec::new();
        for reason in self.folds.iter().filter_map(Shown::reason) {
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        if !reasons.is_empty() {
            text.push_str("\nKnown deviations:\n");
        }
        for reason in reasons {
            let _ = writeln!(text, "\n{}", wrapped(reason, 2));
            for shown in self.folds.iter().filter(|shown| shown.reason() == Some(reason)) {
                heading(text, &shown.fold);
                ranges(text, shown);
            }
        }
    }

    fn difference(&self, text: &mut String, shown: &Shown, scenarios: bool) {
        text.push('\n');
        heading(text, &shown.fold);
        ranges(text, shown);
        if let Listed::Otherwise(cells) = &shown.listed {
            let _ = writeln!(text, "  The list of known deviations has other cells:");
            for cells in cells {
                let _ = writeln!(text, "{}", wrapped(cells, 4));
            }
        }
        let cell = shown.fold.plainest();
        let expectation = grid::expectation(cell, &self.stack);
        if let Some(requirement) = requirement::find(expectation.requirement) {
            let said = format!("{} ({}): {}", requirement.id, requirement.level, requirement.text);
            let _ = writeln!(text, "{}", wrapped(&said, 2));
        }
        let _ = writeln!(text, "  {cell}");
        let _ = writeln!(text, "{}", wrapped(&format!("permitted: {}", outcomes(cell, &expectation)), 4));
        if scenarios {
            let scenario = grid::scenario(cell);
            for line in crate::scenario::print_file(&[scenario]).lines() {
                let _ = writeln!(text, "    {line}");
            }
        } else {
            let _ = write!(text, "{}", shown.trace);
        }
    }
}

impl Shown {
    const fn is_known(&self) -> bool {
        matches!(self.listed, Listed::Known(_))
    }

    /// Why it is on the list, if it is.
    fn reason(&self) -> Option<&str> {
        match &self.listed {
            Listed::Known(reason) => Some(reason),
            Listed::Not | Listed::Otherwise(_) => None,
        }
    }
}

fn heading(text: &mut String, fold: &Fold) {
    let Fold { difference, cells } = fold;
    let line = format!(
        "{} {}, {} ({}): {}",
        difference.gravity,
        count(cells.len()),
        difference.clause,
        difference.requirement,
        difference.what
    );
    let _ = writeln!(text, "{}", wrapped(&line, 0));
}

fn count(cells: usize) -> String {
    format!("{cells} cell{}", if cells == 1 { "" } else { "s" })
}

fn ranges(text: &mut String, shown: &Shown) {
    for range in &shown.ranges {
        let _ = writeln!(text, "{}", wrapped(range, 4));
    }
}

/// The outcomes that are permitted, in words.
fn outcomes(cell: Cell, expectation: &Expectation) -> String {
    let outcomes: Vec<_> = expectation.outcomes.iter().map(|outcome| outcome.in_words(cell)).collect();
    outcomes.join("; or ")
}

/// What is expected of every probe in a situation: classes that are treated alike share a line.
#[must_use]
pub fn table(situation: Situation, declaration: &Declaration) -> String {
    let mut text = String::new();
    let texts = [0, Cell::TEXT];
    let probes: Vec<(Flags, u32)> =
        Flags::ALL.into_iter().flat_map(|flags| texts.map(|text| (flags, text))).collect();
    let of_probe = |(flags, octets): (Flags, u32)| lines(situation, flags, octets, declaration);
    let all: Vec<_> = probes.iter().map(|probe| of_probe(*probe)).collect();
    for alike in groups(&all) {
        let names: Vec<_> = alike.iter().map(|index| probes[*index]).collect();
        let _ = writeln!(text, "\n{}", probe_names(&names).join("  "));
        for Line { seqs, acks, expected } in &all[alike[0]] {
            let positions = format!("seq {seqs}, ack {acks}");
            let _ = writeln!(text, "  {positions}\n{}", wrapped(expected, 6));
        }
    }
    text
}

#[derive(PartialEq)]
struct Line {
    seqs: String,
    acks: String,
    expected: String,
}

fn lines(situation: Situation, flags: Flags, text: u32, declaration: &Declaration) -> Vec<Line> {
    let expected = |seq, ack| {
        let cell = Cell { situation, text, flags, seq, ack };
        let expectation = cell.void().is_none().then(|| grid::expectation(cell, declaration))?;
        let words = outcomes(cell, &expectation);
        Some(format!("{}, {}: {words}", expectation.clause, expectation.requirement))
    };
    let seqs: Vec<_> = SeqPosition::ALL
        .into_iter()
        .filter(|seq| AckPosition::ALL.iter().any(|ack| expected(*seq, *ack).is_some()))
        .collect();
    let acks: Vec<_> = AckPosition::ALL
        .into_iter()
        .filter(|ack| seqs.iter().any(|seq| expected(*seq, *ack).is_some()))
        .collect();
    let rows: Vec<Vec<Option<String>>> =
        seqs.iter().map(|seq| acks.iter().map(|ack| expected(*seq, *ack)).collect()).collect();
    let mut lines = Vec::new();
    for alike in groups(&rows) {
        let row = &rows[alike[0]];
        let names: Vec<_> = alike.iter().map(|index| seqs[*index]).collect();
        for same in groups(row) {
            let Some(expected) = &row[same[0]] else { continue };
            let ack_names: Vec<_> = same.iter().map(|index| acks[*index]).collect();
            lines.push(Line {
                seqs: position_names(&names, &seqs, SeqPosition::name),
                acks: position_names(&ack_names, &acks, AckPosition::name),
                expected: expected.clone(),
            });
        }
    }
    lines
}

/// Indices of equal items, in the order of their first.
fn groups<T: PartialEq>(items: &[T]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match groups.iter_mut().find(|group| items[group[0]] == *item) {
            Some(group) => group.push(index),
            None => groups.push(vec![index]),
        }
    }
    groups
}
