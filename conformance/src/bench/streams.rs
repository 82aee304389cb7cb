//! The octets that flow: a fixed pattern of the position in the stream, so that every octet can be checked wherever
//! and however often it appears.

use crate::peers::octet;
use crate::trace::End;

/// `len` octets from `position` on.
pub(super) fn text(from: End, position: u32, len: u32) -> Vec<u8> {
    (0..len).map(|index| octet(from, position.wrapping_add(index))).collect()
}

/// The first position where `text`, which begins at `position`, is not what was sent.
pub(super) fn first_wrong(from: End, position: u32, text: &[u8]) -> Option<u32> {
    (position..).zip(text).find(|(position, found)| octet(from, *position) != **found).map(|(wrong, _)| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_right_at_its_position_and_nowhere_near_it() {
        let sent = text(End::Left, 1000, 300);
        assert_eq!(first_wrong(End::Left, 1000, &sent), None);
        assert_eq!(first_wrong(End::Left, 1001, &sent), Some(1001));
        assert_eq!(first_wrong(End::Right, 1000, &sent), Some(1000));
        let mut torn = sent;
        torn[7] ^= 1;
        assert_eq!(first_wrong(End::Left, 1000, &torn), Some(1007));
    }
}
