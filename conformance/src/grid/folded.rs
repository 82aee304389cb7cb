//! Cells that differ in the same way, as one line.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{AckPosition, Cell, Difference, Flags, Grid, SeqPosition, Situation};

/// Cells that differ in the same way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fold {
    /// How.
    pub difference: Difference,
    /// Which; never empty.
    pub cells: Vec<Cell>,
}

/// The differences of a grid, folded, the gravest first, and of those the one with the most cells.
#[must_use]
pub fn fold(grid: &Grid) -> Vec<Fold> {
    let mut folds: BTreeMap<(&str, &str, &str), Fold> = BTreeMap::new();
    for (cell, difference) in grid.differences() {
        folds
            .entry((difference.what.as_str(), difference.clause, difference.requirement))
            .or_insert_with(|| Fold { difference: difference.clone(), cells: Vec::new() })
            .cells
            .push(cell);
    }
    let mut folds: Vec<_> = folds.into_values().collect();
    folds.sort_by_key(|fold| (Reverse(fold.difference.gravity), Reverse(fold.cells.len())));
    folds
}

impl Fold {
    /// The plainest of the cells: no text, and the first of the grid.
    #[must_use]
    pub fn plainest(&self) -> Cell {
        *self.cells.iter().min_by_key(|cell| (cell.text, **cell)).expect("a fold has cells")
    }

    /// Which cells: ranges of every combination, but for those that cannot be. Together they are the cells.
    #[must_use]
    pub fn ranges(&self) -> Vec<Range> {
        let cells: BTreeSet<Cell> = self.cells.iter().copied().collect();
        let single = |cell: &Cell| Range {
            situations: BTreeSet::from([cell.situation]),
            probes: BTreeSet::from([(cell.flags, cell.text)]),
            seqs: BTreeSet::from([cell.seq]),
            acks: BTreeSet::from([cell.ack]),
        };
        let mut ranges: Vec<Range> = cells.iter().map(single).collect();
        // Along one axis after the other, then whatever still fits together.
        let along: [fn(&Range, &Range) -> bool; 5] = [
            |a, b| a.situations == b.situations && a.probes == b.probes && a.seqs == b.seqs,
            |a, b| a.situations == b.situations && a.probes == b.probes,
            |a, b| a.situations == b.situations,
            |a, b| a.probes == b.probes,
            |_, _| true,
        ];
        for may_join in along {
            let mut joined: Vec<Range> = Vec::new();
            for range in ranges {
                let fit = joined.iter_mut().find_map(|other| {
                    let union = may_join(other, &range).then(|| other.union(&range))?;
                    union.within(&cells).then_some((other, union))
                });
                match fit {
                    Some((other, union)) => *other = union,
                    None => joined.push(range),
                }
            }
            ranges = joined;
        }
        ranges
    }
}

/// Cells that are every combination of these, but for those that cannot be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Range {
    /// Where the connection is.
    pub situations: BTreeSet<Situation>,
    /// Control bits and octets of text.
    pub probes: BTreeSet<(Flags, u32)>,
    /// Sequence numbers.
    pub seqs: BTreeSet<SeqPosition>,
    /// Acknowledgment numbers.
    pub acks: BTreeSet<AckPosition>,
}

impl Range {
    fn union(&self, other: &Self) -> Self {
        Self {
            situations: &self.situations | &other.situations,
            probes: &self.probes | &other.probes,
            seqs: &self.seqs | &other.seqs,
            acks: &self.acks | &other.acks,
        }
    }

    fn combinations(&self) -> impl Iterator<Item = Cell> {
        self.situations.iter().flat_map(move |&situation| {
            self.probes.iter().flat_map(move |&(flags, text)| {
                self.seqs.iter().flat_map(move |&seq| {
                    self.acks.iter().map(move |&ack| Cell { situation, text, flags, seq, ack })
                })
            })
        })
    }

    /// The combinations that can be.
    pub fn cells(&self) -> impl Iterator<Item = Cell> {
        self.combinations().filter(|cell| cell.void().is_none())
    }

    /// Whether every combination is one of these or cannot be.
    fn within(&self, cells: &BTreeSet<Cell>) -> bool {
        self.combinations().all(|cell| cells.contains(&cell) || cell.void().is_some())
    }
}

/// `S S.(0,10) in ESTABLISHED, seq edge,beyond, ack any`
impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |set: &BTreeSet<_>| set.iter().copied().collect::<Vec<_>>();
        let (seqs, acks): (Vec<_>, Vec<_>) =
            (self.seqs.iter().copied().collect(), self.acks.iter().copied().collect());
        write!(
            f,
            "{} in {}, seq {}, ack {}",
            probe_names(&list(&self.probes)).join(" "),
            situation_names(&self.situations.iter().copied().collect::<Vec<_>>()),
            position_names(&seqs, &SeqPosition::ALL, SeqPosition::name),
            position_names(&acks, &AckPosition::ALL, AckPosition::name),
        )
    }
}

/// `F.` for a class without text, `F.(10)` with, `F.(0,10)` for both.
pub(crate) fn probe_names(probes: &[(Flags, u32)]) -> Vec<String> {
    let mut names: Vec<(Flags, Vec<String>)> = Vec::new();
    for (flags, text) in probes {
        match names.iter_mut().find(|(name, _)| name == flags) {
            Some((_, texts)) => texts.push(text.to_string()),
            None => names.push((*flags, vec![text.to_string()])),
        }
    }
    let name = |(flags, texts): (Flags, Vec<String>)| match texts.join(",").as_str() {
        "0" => flags.to_string(),
        texts => format!("{flags}({texts})"),
    };
    names.into_iter().map(name).collect()
}

fn situation_names(situations: &[Situation]) -> String {
    let connected: Vec<_> = Situation::STATES.into_iter().chain(Situation::VARIANTS).skip(3).collect();
    match situations {
        all if all.len() == 14 => "all states".to_owned(),
        all if *all == connected => "SYN-RECEIVED to TIME-WAIT".to_owned(),
        some => some.iter().map(Situation::to_string).collect::<Vec<_>>().join(", "),
    }
}

/// `any`, `left..inside` for three or more neighbours, else names joined by commas.
pub(crate) fn position_names<P: PartialEq + Copy>(
    some: &[P],
    all: &[P],
    name: impl Fn(P) -> &'static str,
) -> String {
    if some.len() == all.len() {
        return "any".to_owned();
    }
    let index = |position: &P| all.iter().position(|known| known == position).unwrap_or_default();
    let runs = some.chunk_by(|left, right| index(left) + 1 == index(right));
    let named = runs.map(|run| match run {
        [first, _, .., last] => format!("{}..{}", name(*first), name(*last)),
        few => few.iter().map(|position| name(*position)).collect::<Vec<_>>().join(","),
    });
    named.collect::<Vec<_>>().join(",")
}
