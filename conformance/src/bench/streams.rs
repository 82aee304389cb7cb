//! The octets that flow: a fixed pattern of the position in the stream, so that every octet can be checked wherever
//! and however often it appears.

use crate::peers::{PERIOD, octet};
use crate::trace::End;

/// A stream: the label of its connection, and who sends it.
pub(super) type Stream = (u8, End);

/// How far the patterns of two connections are shifted that follow each other.
const SHIFT: u32 = 17;

/// `len` octets from `position` on.
pub(super) fn text(stream: Stream, position: u32, len: u32) -> Vec<u8> {
    let mut text = Vec::with_capacity(len as usize);
    stretches(stream, position, len as usize).for_each(|stretch| text.extend_from_slice(stretch));
    text
}

/// The first position where `text`, which begins at `position`, is not what was sent.
pub(super) fn first_wrong(stream: Stream, position: u32, text: &[u8]) -> Option<u32> {
    let mut before = 0;
    for stretch in stretches(stream, position, text.len()) {
        let found = &text[before..before + stretch.len()];
        if found != stretch {
            let right = found.iter().zip(stretch).take_while(|(found, sent)| found == sent).count();
            return u32::try_from(before + right).ok().map(|wrong| position.wrapping_add(wrong));
        }
        before += stretch.len();
    }
    None
}

/// `len` octets from `position` on, in slices of one period of the pattern at most.
fn stretches((label, from): Stream, position: u32, len: usize) -> impl Iterator<Item = &'static [u8]> {
    let period = match from {
        End::Left => &PERIOD_OF_STACK,
        End::Right => &PERIOD_OF_PEER,
    };
    let mut next = position.wrapping_add(SHIFT * (u32::from(label) - 1));
    let mut left = len;
    std::iter::from_fn(move || {
        let rest = &period[(next % PERIOD) as usize..];
        // Positions are counted modulo 2^32, which is no multiple of the period.
        let before_zero = ((u32::MAX - next) as usize).saturating_add(1);
        let stretch = &rest[..rest.len().min(before_zero).min(left)];
        next = next.wrapping_add(stretch.len() as u32);
        left -= stretch.len();
        (!stretch.is_empty()).then_some(stretch)
    })
}

/// The pattern's octets from position zero on, until they come again.
static PERIOD_OF_STACK: [u8; PERIOD as usize] = period(End::Left);
static PERIOD_OF_PEER: [u8; PERIOD as usize] = period(End::Right);

const fn period(from: End) -> [u8; PERIOD as usize] {
    let mut octets = [0; PERIOD as usize];
    let mut position = 0;
    while position < PERIOD {
        octets[position as usize] = octet(from, position);
        position += 1;
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_right_at_its_position_and_nowhere_near_it() {
        let (ours, theirs) = ((1, End::Left), (1, End::Right));
        let sent = text(ours, 1000, 300);
        assert_eq!(first_wrong(ours, 1000, &sent), None);
        assert_eq!(first_wrong(ours, 1001, &sent), Some(1001));
        assert_eq!(first_wrong(theirs, 1000, &sent), Some(1000));
        assert_eq!(first_wrong((2, End::Left), 1000, &sent), Some(1000));
        let mut torn = sent;
        torn[7] ^= 1;
        assert_eq!(first_wrong(ours, 1000, &torn), Some(1007));
        torn[7] ^= 1;
        torn[299] ^= 1;
        assert_eq!(first_wrong(ours, 1000, &torn), Some(1299));
    }

    #[test]
    fn each_octet_is_that_of_its_position() {
        for (label, from, position) in
            [(1, End::Left, 0), (3, End::Right, 240), (1, End::Left, u32::MAX - 600)]
        {
            let octet_at =
                |index: u32| octet(from, position.wrapping_add(SHIFT * (u32::from(label) - 1) + index));
            for len in [0, 1, 11, 250, 251, 252, 1460] {
                let one_by_one: Vec<_> = (0..len).map(octet_at).collect();
                assert_eq!(text((label, from), position, len), one_by_one, "{len} octets from {position} on");
            }
        }
    }
}
