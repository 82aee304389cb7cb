//! Which permitted variations were made use of (`docs/variations.md`).
//!
//! A hypothesis that is there only because a variation permits it carries the variation. What is left when a run ends
//! explains what was seen; a variation that everything left carries was needed. Where a variation is a matter of degree
//! (how long, how far, in what order) the hypotheses hold intervals, nothing carries it, and no use is counted.

use std::fmt;

/// Variations that there can be.
const MOST: usize = 64;

/// A set of variations, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Excuses(u64);

impl Excuses {
    pub(super) const NONE: Self = Self(0);

    /// With V-`variation`, which is at least 1 and at most 64.
    pub(super) const fn with(self, variation: u32) -> Self {
        Self(self.0 | 1 << (variation - 1))
    }

    pub(super) const fn common(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(super) const fn joined(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// In how many runs each variation was made use of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Uses([u64; MOST]);

impl Default for Uses {
    fn default() -> Self {
        Self([0; MOST])
    }
}

impl Uses {
    /// One more run, which made use of these.
    pub(super) fn count(&mut self, excuses: Excuses) {
        let mut left = excuses.0;
        while left != 0 {
            self.0[left.trailing_zeros() as usize] += 1;
            left &= left - 1;
        }
    }

    /// So many more runs made use of V-`variation`; there is none beyond 64.
    pub fn add(&mut self, variation: usize, runs: u64) {
        if let Some(count) = variation.checked_sub(1).and_then(|index| self.0.get_mut(index)) {
            *count += runs;
        }
    }

    /// The number of each variation that was made use of, and in how many runs.
    pub fn iter(&self) -> impl Iterator<Item = (usize, u64)> {
        (1..).zip(self.0).filter(|(_, runs)| *runs > 0)
    }
}

/// `V-5 in 12, V-12 in 3`: how many runs, by variation.
impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (variation, runs)) in self.iter().enumerate() {
            write!(f, "{}V-{variation} in {runs}", if index > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_counted_by_variation() {
        let mut uses = Uses::default();
        uses.count(Excuses::NONE.with(1).with(64));
        uses.count(
            Excuses::NONE.with(64).with(7).common(Excuses::NONE.with(64)).joined(Excuses::NONE.with(5)),
        );
        uses.add(5, 10);
        uses.add(0, 1);
        uses.add(65, 1);
        assert_eq!(uses.iter().collect::<Vec<_>>(), [(1, 1), (5, 11), (64, 2)]);
        assert_eq!(uses.to_string(), "V-1 in 1, V-5 in 11, V-64 in 2");
    }
}
