//! The one's complement checksum of IPv4 headers and TCP segments (RFC 1071; RFC 9293 §3.1).
//!
//! Sums are kept unfolded so that parts can be added up. A part of odd length counts as padded with one zero
//! octet, so only the last part of a sum may be odd.

use std::net::IpAddr;

use super::ip::PROTOCOL_TCP;

/// The sum of `octets` as big-endian 16-bit words, not yet folded to 16 bits.
pub(super) fn sum(octets: &[u8]) -> u64 {
    // A 32-bit word is two 16-bit ones: folding adds its halves. No slice is long enough to overflow 64 bits.
    let (words, rest) = octets.as_chunks::<4>();
    let last = match *rest {
        [] => [0; 4],
        [a] => [a, 0, 0, 0],
        [a, b] => [a, b, 0, 0],
        [a, b, c, ..] => [a, b, c, 0],
    };
    let words: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
    words + u64::from(u32::from_be_bytes(last))
}

/// The checksum field for a sum. Over octets that hold their own right checksum the result is zero.
pub(super) const fn finish(sum: u64) -> u16 {
    let mut folded = sum;
    while folded > 0xffff {
        folded = (folded & 0xffff) + (folded >> 16);
    }
    !(folded as u16)
}

/// The sum of the pseudo-header of a segment of `length` octets (RFC 9293 §3.1; RFC 8200 §8.1).
pub(super) fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> u64 {
    address(source) + address(destination) + u64::from(PROTOCOL_TCP) + length as u64
}

fn address(address: IpAddr) -> u64 {
    match address {
        IpAddr::V4(v4) => sum(&v4.octets()),
        IpAddr::V6(v6) => sum(&v6.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, word by word.
    fn slow(octets: &[u8]) -> u16 {
        let mut folded = 0_u32;
        for word in octets.chunks(2) {
            folded += u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0));
            folded = (folded & 0xffff) + (folded >> 16);
        }
        !u16::try_from(folded).expect("folded after each addition")
    }

    #[test]
    fn the_example_of_rfc_1071_sums_to_ddf2() {
        assert_eq!(finish(sum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7])), !0xddf2);
    }

    #[test]
    fn nothing_sums_to_zero_and_ones_fold_to_ones() {
        assert_eq!(finish(sum(&[])), 0xffff);
        assert_eq!(finish(sum(&[0xff; 6])), 0);
        assert_eq!(finish(u64::MAX), 0);
    }

    proptest::proptest! {
        #[test]
        fn the_fast_sum_is_the_sum_word_by_word(octets: Vec<u8>) {
            proptest::prop_assert_eq!(finish(sum(&octets)), slow(&octets));
        }

        #[test]
        fn sums_of_parts_add_up_when_only_the_last_is_odd(first: Vec<u16>, last: Vec<u8>) {
            let mut whole: Vec<u8> = first.iter().flat_map(|word| word.to_be_bytes()).collect();
            let parts = sum(&whole) + sum(&last);
            whole.extend_from_slice(&last);
            proptest::prop_assert_eq!(finish(parts), slow(&whole));
        }
    }
}
