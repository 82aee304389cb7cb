//! The octets that flow: a fixed pattern of the position in the stream, so that every octet can be checked wherever
//! and however often it appears.

/// Whose octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stream {
    /// What the peer sends.
    Peer,
    /// What the stack's user sends.
    Stack,
}

/// The octet at this position. The period is a prime, so that no shift by a power of two goes unnoticed.
const fn octet(stream: Stream, position: u32) -> u8 {
    let start = match stream {
        Stream::Peer => 0,
        Stream::Stack => 101,
    };
    ((position % 251) as u8).wrapping_add(start)
}

/// `len` octets from `position` on.
pub(super) fn text(stream: Stream, position: u32, len: u32) -> Vec<u8> {
    (0..len).map(|index| octet(stream, position.wrapping_add(index))).collect()
}

/// The first position where `text`, which begins at `position`, is not what was sent.
pub(super) fn first_wrong(stream: Stream, position: u32, text: &[u8]) -> Option<u32> {
    (position..)
        .zip(text)
        .find(|(position, found)| octet(stream, *position) != **found)
        .map(|(wrong, _)| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_right_at_its_position_and_nowhere_near_it() {
        let sent = text(Stream::Stack, 1000, 300);
        assert_eq!(first_wrong(Stream::Stack, 1000, &sent), None);
        assert_eq!(first_wrong(Stream::Stack, 1001, &sent), Some(1001));
        assert_eq!(first_wrong(Stream::Peer, 1000, &sent), Some(1000));
        let mut torn = sent;
        torn[7] ^= 1;
        assert_eq!(first_wrong(Stream::Stack, 1000, &torn), Some(1007));
    }
}
