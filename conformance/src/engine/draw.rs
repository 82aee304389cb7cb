//! Where the choices of the generator come from: a seed, or the octets of another fuzzer.
//!
//! It leaves out what is chosen.

use crate::network::Generator;

/// A source of choices. The same source makes the same choices on every machine.
#[derive(Clone, Debug)]
pub enum Draw<'a> {
    /// Chance, from a seed.
    Chance(Generator),
    /// Octets that another fuzzer chose. When they are used up every choice is the first.
    Octets(&'a [u8]),
    /// Chance, and the octets that would make the same choices.
    Noted(Generator, Vec<u8>),
}

impl Draw<'_> {
    /// The choices of one scenario of a campaign.
    #[must_use]
    pub const fn of(seed: u64, index: u64) -> Self {
        // Seeds that differ by a little, and the indexes of one campaign, must not give sequences that overlap.
        let mut of_seed = Generator::new(seed);
        let mut of_index = Generator::new(of_seed.bits() ^ index.wrapping_mul(0xd134_2543_de82_ef95));
        Self::Chance(Generator::new(of_index.bits()))
    }

    /// A number below `limit`, or zero if there is none.
    pub fn below(&mut self, limit: u32) -> u32 {
        let chance = |generator: &mut Generator| generator.below(limit.into()).try_into().unwrap_or_default();
        let wanted = match limit {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        };
        match self {
            Self::Chance(generator) => chance(generator),
            Self::Noted(generator, octets) => {
                let number: u32 = chance(generator);
                octets.extend_from_slice(&number.to_be_bytes()[4 - wanted..]);
                number
            }
            Self::Octets(octets) => {
                let (taken, left) = octets.split_at(wanted.min(octets.len()));
                *octets = left;
                let number = taken.iter().fold(0, |number, octet| number << 8 | u32::from(*octet));
                number.checked_rem(limit).unwrap_or_default()
            }
        }
    }

    /// Any number.
    pub fn any(&mut self) -> u32 {
        self.below(u32::MAX)
    }

    /// Whether something happens that happens once in `of` times.
    pub fn one_in(&mut self, of: u32) -> bool {
        // Not the first choice, so that what is seldom does not happen when octets are used up.
        self.below(of) + 1 == of
    }

    /// One of these, each as likely as the others.
    ///
    /// # Panics
    /// With nothing to choose from.
    pub fn of_these<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(u32::try_from(choices.len()).unwrap_or(u32::MAX)) as usize]
    }

    /// One of these, each as likely as its weight says.
    ///
    /// # Panics
    /// With nothing to choose from.
    pub fn weighted<T: Copy>(&mut self, choices: &[(u32, T)]) -> T {
        let mut left = self.below(choices.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in choices {
            match left.checked_sub(*weight) {
                Some(rest) => left = rest,
                None => return *choice,
            }
        }
        choices.last().expect("something to choose from").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_an_index_are_one_sequence_and_no_other() {
        let first = |seed, index| {
            let mut draw = Draw::of(seed, index);
            [draw.any(), draw.any(), draw.any()]
        };
        assert_eq!(first(1, 7), first(1, 7));
        let mut all: Vec<_> =
            (0..100).flat_map(|seed| (0..100).map(move |index| first(seed, index))).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 10_000);
    }

    #[test]
    fn octets_choose_and_then_the_first_choice_is_taken() {
        let mut draw = Draw::Octets(&[3, 1, 0, 9]);
        assert_eq!(draw.below(5), 3);
        assert_eq!(draw.below(1000), 256);
        assert_eq!(draw.of_these(&["a", "b"]), "b");
        assert_eq!((draw.below(7), draw.any(), draw.one_in(2)), (0, 0, false));
        assert_eq!(draw.weighted(&[(1, "first"), (5, "second")]), "first");
    }

    #[test]
    fn weights_are_kept() {
        let mut draw = Draw::of(1, 1);
        let seldom = (0..10_000).filter(|_| draw.weighted(&[(9, false), (1, true)])).count();
        assert!((800..1200).contains(&seldom), "{seldom}");
    }
}
