//! Text and a FIN that arrived above a gap, held until the gap closes (RFC 9293 §3.10.7.4, SHLD-31).
//!
//! Nothing here knows about windows: the caller trims to the window first, which also bounds what is held.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::seq::SeqNumber;
use crate::tcb::octets;

/// Most separate blocks held at once; for text that needs another, the last is dropped and will be sent again (V-38). The
/// newest text is never what is dropped, for a selective acknowledgment must report it (RFC 2018 §8).
pub const MAX_BLOCKS: usize = 32;

/// A run of octets above a gap.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Block {
    start: SeqNumber,
    text: Vec<u8>,
}

impl Block {
    fn end(&self) -> SeqNumber {
        self.start + octets(self.text.len())
    }
}

/// What is held out of order: blocks sorted, disjoint and apart from each other, and at most one FIN.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Reassembly {
    blocks: Vec<Block>,
    fin: Option<SeqNumber>,
}

impl Reassembly {
    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.fin.is_none()
    }

    /// The held runs as (first, one past the last), in order.
    pub fn ranges(&self) -> impl Iterator<Item = (SeqNumber, SeqNumber)> {
        self.blocks.iter().map(|block| (block.start, block.end()))
    }

    /// The held runs with their text, in order.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (SeqNumber, &[u8])> {
        self.blocks.iter().map(|block| (block.start, &block.text[..]))
    }

    /// The sequence number of the held FIN, if one is held.
    #[must_use]
    pub const fn fin(&self) -> Option<SeqNumber> {
        self.fin
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        let Self { blocks, fin } = self;
        blocks.clear();
        *fin = None;
    }

    /// Holds text that starts at `start`. Octets that are held already are kept as they are.
    pub(crate) fn hold(&mut self, start: SeqNumber, text: &[u8]) {
        let end = start + octets(text.len());
        // Every block that overlaps or touches the new text melts into one with it.
        if text.is_empty() {
            return;
        }
        let first = self.blocks.iter().position(|block| block.end().ge(start)).unwrap_or(self.blocks.len());
        let count = self.blocks[first..].iter().take_while(|block| block.start.le(end)).count();
        let first = if count == 0 && self.blocks.len() >= MAX_BLOCKS {
            self.blocks.pop();
            first.min(self.blocks.len())
        } else {
            first
        };
        let mut merged = Block { start, text: Vec::with_capacity(text.len()) };
        let mut next = start;
        for block in self.blocks.drain(first..first + count) {
            if block.start.lt(next) && merged.text.is_empty() {
                merged.start = block.start;
            } else {
                merged
                    .text
                    .extend_from_slice(&text[next.since(start) as usize..block.start.since(start) as usize]);
            }
            merged.text.extend_from_slice(&block.text);
            next = block.end().later(start);
        }
        if next.lt(end) {
            merged.text.extend_from_slice(&text[next.since(start) as usize..]);
        }
        self.blocks.insert(first, merged);
    }

    /// Holds a FIN with this sequence number. Of two the earlier counts: a forged one above a gap must not keep the
    /// peer's own from being taken.
    pub(crate) fn hold_fin(&mut self, fin: SeqNumber) {
        self.fin = Some(self.fin.map_or(fin, |held| held.earlier(fin)));
    }

    /// Whether any octet from `start` up to `end` is held.
    pub(crate) fn overlaps(&self, start: SeqNumber, end: SeqNumber) -> bool {
        self.blocks.iter().any(|block| block.start.lt(end) && block.end().gt(start))
    }

    /// Moves what follows `next` without a gap into `queue`; returns how many octets that were.
    pub(crate) fn release(&mut self, next: SeqNumber, queue: &mut VecDeque<u8>) -> u32 {
        let mut upto = next;
        while let Some(block) = self.blocks.first().filter(|block| block.start.le(upto)) {
            let known = (upto.since(block.start) as usize).min(block.text.len());
            queue.extend(&block.text[known..]);
            upto = upto.later(block.end());
            self.blocks.remove(0);
        }
        upto.since(next)
    }

    /// Takes the held FIN if it is the next thing in sequence; forgets one that is behind.
    pub(crate) fn release_fin(&mut self, next: SeqNumber) -> bool {
        match self.fin {
            Some(fin) if fin.le(next) => {
                self.fin = None;
                fin == next
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn release(reassembly: &mut Reassembly, next: u32) -> Vec<u8> {
        let mut queue = VecDeque::new();
        let count = reassembly.release(SeqNumber(next), &mut queue);
        assert_eq!(count as usize, queue.len());
        queue.into()
    }

    fn ranges(reassembly: &Reassembly) -> Vec<(u32, u32)> {
        reassembly.ranges().map(|(start, end)| (start.0, end.0)).collect()
    }

    #[test]
    fn a_gap_that_closes_releases_what_was_held_behind_it() {
        let mut held = Reassembly::default();
        held.hold(SeqNumber(10), b"cd");
        held.hold(SeqNumber(14), b"gh");
        assert_eq!(release(&mut held, 8), b"");
        assert_eq!(release(&mut held, 10), b"cd");
        assert_eq!(ranges(&held), [(14, 16)]);
        assert_eq!(release(&mut held, 15), b"h");
        assert!(held.is_empty());
    }

    #[test]
    fn blocks_that_touch_or_overlap_become_one() {
        let mut held = Reassembly::default();
        held.hold(SeqNumber(10), b"ab");
        held.hold(SeqNumber(16), b"gh");
        held.hold(SeqNumber(12), b"cd");
        assert_eq!(ranges(&held), [(10, 14), (16, 18)]);
        held.hold(SeqNumber(8), b"yzABCDef");
        assert_eq!(ranges(&held), [(8, 18)]);
        assert_eq!(release(&mut held, 8), b"yzabcdefgh", "octets that came first stay");
    }

    #[test]
    fn no_more_than_the_limit_of_blocks_is_held() {
        let mut held = Reassembly::default();
        for index in 0..=MAX_BLOCKS as u32 {
            held.hold(SeqNumber(10 * index), b"x");
        }
        assert_eq!(held.ranges().count(), MAX_BLOCKS);
        held.hold(SeqNumber(1), b"y");
        assert_eq!(ranges(&held)[0], (0, 2), "text that touches a block needs no new one");
    }

    #[test]
    fn a_held_fin_is_taken_once_when_it_is_next() {
        let mut held = Reassembly::default();
        held.hold_fin(SeqNumber(8));
        held.hold_fin(SeqNumber(7));
        held.hold_fin(SeqNumber(9));
        assert!(!held.release_fin(SeqNumber(6)));
        assert_eq!(held.fin(), Some(SeqNumber(7)));
        assert!(held.release_fin(SeqNumber(7)));
        assert!(!held.release_fin(SeqNumber(7)));
        held.hold_fin(SeqNumber(5));
        assert!(!held.release_fin(SeqNumber(6)), "a FIN behind what was taken never counts");
        assert!(held.is_empty());
    }

    proptest! {
        /// A map from number to octet is the obvious model of what is held.
        #[test]
        fn holding_and_releasing_equals_a_map_of_octets(
            base: u32,
            pieces in prop::collection::vec((1_u32..60, prop::collection::vec(any::<u8>(), 1..12)), 0..20),
            next in 0_u32..70,
        ) {
            let mut held = Reassembly::default();
            let mut model = BTreeMap::new();
            for (offset, text) in &pieces {
                held.hold(SeqNumber(base) + *offset, text);
                for (index, octet) in text.iter().enumerate() {
                    model.entry(*offset + index as u32).or_insert(*octet);
                }
            }
            let runs: Vec<_> = held.ranges().collect();
            for pair in runs.windows(2) {
                prop_assert!(pair[0].1.lt(pair[1].0), "sorted and apart: {:?}", runs);
            }
            let count: u32 = runs.iter().map(|(start, end)| end.since(*start)).sum();
            prop_assert_eq!(count as usize, model.len());

            let expected: Vec<u8> = if runs.iter().any(|(start, _)| start.le(SeqNumber(base) + next)) {
                (next..).map_while(|offset| model.get(&offset).copied()).collect()
            } else {
                Vec::new()
            };
            let mut queue = VecDeque::new();
            held.release(SeqNumber(base) + next, &mut queue);
            prop_assert_eq!(Vec::from(queue), expected);
        }
    }
}
