//! The octets that flow: a fixed pattern of the position in the stream, so that every octet can be checked wherever
//! and however often it appears.

use crate::peers::octet;
use crate::trace::End;

/// A stream: the label of its connection, and who sends it.
pub(super) type Stream = (u8, End);

/// How far the patterns of two connections are shifted that follow each other.
const SHIFT: u32 = 17;

/// `len` octets from `position` on.
pub(super) fn text(stream: Stream, position: u32, len: u32) -> Vec<u8> {
    (0..len).map(|index| octet_of(stream, position.wrapping_add(index))).collect()
}

/// The first position where `text`, which begins at `position`, is not what was sent.
pub(super) fn first_wrong(stream: Stream, position: u32, text: &[u8]) -> Option<u32> {
    let wrong = |(position, found): &(u32, &u8)| octet_of(stream, *position) != **found;
    (position..).zip(text).find(wrong).map(|(wrong, _)| wrong)
}

fn octet_of((label, from): Stream, position: u32) -> u8 {
    octet(from, position.wrapping_add(SHIFT * (u32::from(label) - 1)))
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
    }
}
