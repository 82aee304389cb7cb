//! The option list of a segment (RFC 9293 §3.1, §3.2).
//!
//! Options that nobody here implements are skipped by their length octet (MUST-6); a malformed length ends the walk
//! with an error and never with a crash or an endless loop (MUST-7). What to *do* about a malformed list is decided
//! where segments arrive, not here.

/// One option as found in a header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpOption<'a> {
    /// Kind 1: padding.
    NoOperation,
    /// Kind 2: the largest text the sender of the option will take, in octets.
    MaximumSegmentSize(u16),
    /// Kind 3: window shift (RFC 7323 §2.2).
    WindowScale(u8),
    /// Kind 4: selective acknowledgment permitted (RFC 2018 §2).
    SackPermitted,
    /// Kind 5: selective acknowledgment blocks, eight octets each (RFC 2018 §3).
    Sack(&'a [u8]),
    /// Kind 8: timestamps (RFC 7323 §3.2).
    Timestamps {
        /// TSval
        value: u32,
        /// TSecr
        echo_reply: u32,
    },
    /// Any other kind.
    Unknown {
        /// Kind octet.
        kind: u8,
        /// The octets after the length octet.
        data: &'a [u8],
    },
}

/// An option whose length octet is missing, too small, past the end of the list, or wrong for its kind (MUST-7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IllegalOption {
    /// The kind octet of the offender.
    pub kind: u8,
}

/// Walks an option list. Ends at End of Option List, at the end of the octets, or after the first error.
#[derive(Clone, Debug)]
pub struct OptionWalk<'a> {
    rest: &'a [u8],
}

/// The options in `octets`, in order.
#[must_use]
pub const fn walk(octets: &[u8]) -> OptionWalk<'_> {
    OptionWalk { rest: octets }
}

impl<'a> Iterator for OptionWalk<'a> {
    type Item = Result<TcpOption<'a>, IllegalOption>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&kind, after_kind) = self.rest.split_first()?;
        match kind {
            0 => {
                self.rest = &[];
                None
            }
            1 => {
                self.rest = after_kind;
                Some(Ok(TcpOption::NoOperation))
            }
            _ => {
                let whole = after_kind.first().map_or(0, |&length| usize::from(length));
                let option = self.rest.get(2..whole).and_then(|data| parse(kind, data));
                self.rest = if option.is_some() { &self.rest[whole..] } else { &[] };
                Some(option.ok_or(IllegalOption { kind }))
            }
        }
    }
}

fn parse(kind: u8, data: &[u8]) -> Option<TcpOption<'_>> {
    Some(match (kind, data) {
        (2, &[high, low]) => TcpOption::MaximumSegmentSize(u16::from_be_bytes([high, low])),
        (3, &[shift]) => TcpOption::WindowScale(shift),
        (4, []) => TcpOption::SackPermitted,
        (5, blocks) if !blocks.is_empty() && blocks.len().is_multiple_of(8) => TcpOption::Sack(blocks),
        (8, &[a, b, c, d, e, f, g, h]) => TcpOption::Timestamps {
            value: u32::from_be_bytes([a, b, c, d]),
            echo_reply: u32::from_be_bytes([e, f, g, h]),
        },
        (2..=5 | 8, _) => return None,
        _ => TcpOption::Unknown { kind, data },
    })
}

/// The peer's Maximum Segment Size option, if the list carries one; the last of several counts.
#[must_use]
pub fn maximum_segment_size(octets: &[u8]) -> Option<u16> {
    walk(octets).filter_map(Result::ok).fold(None, |found, option| match option {
        TcpOption::MaximumSegmentSize(mss) => Some(mss),
        _ => found,
    })
}

/// What stands behind the End of Option List option: padding, which is zero (MUST-69). Nothing if there is no such
/// option, or an illegal one before it.
#[must_use]
pub fn after_end_of_list(octets: &[u8]) -> &[u8] {
    let mut rest = octets;
    loop {
        let whole = match rest {
            [] => return rest,
            [0, behind @ ..] => return behind,
            [1, ..] => 1,
            [_, length, ..] if *length >= 2 => usize::from(*length),
            [_, ..] => return &[],
        };
        rest = rest.get(whole..).unwrap_or(&[]);
    }
}

/// Whether the list holds an option of illegal length (MUST-7).
#[must_use]
pub fn is_malformed(octets: &[u8]) -> bool {
    walk(octets).any(|option| option.is_err())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn list(octets: &[u8]) -> Vec<Result<TcpOption<'_>, IllegalOption>> {
        walk(octets).collect()
    }

    #[test]
    fn what_stands_behind_the_end_of_the_list_is_found_past_any_option() {
        assert_eq!(after_end_of_list(&[1, 2, 4, 0, 0, 0, 7, 0]), [7, 0]);
        assert_eq!(after_end_of_list(&[0]), []);
        assert_eq!(after_end_of_list(&[1, 2, 4, 0, 0]), []);
        assert_eq!(after_end_of_list(&[2, 1, 0, 9]), [], "illegal");
        assert_eq!(after_end_of_list(&[2, 9, 0, 9]), [], "illegal");
    }

    #[test]
    fn options_are_found_in_order_up_to_end_of_list() {
        assert_eq!(
            list(&[1, 2, 4, 5, 180, 3, 3, 7, 4, 2, 0, 2, 4, 1, 1]),
            [
                Ok(TcpOption::NoOperation),
                Ok(TcpOption::MaximumSegmentSize(1460)),
                Ok(TcpOption::WindowScale(7)),
                Ok(TcpOption::SackPermitted),
            ]
        );
    }

    #[test]
    fn timestamps_and_sack_blocks_are_read() {
        assert_eq!(
            list(&[8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 10, 0, 0, 0, 3, 0, 0, 0, 4]),
            [
                Ok(TcpOption::Timestamps { value: 1, echo_reply: 2 }),
                Ok(TcpOption::Sack(&[0, 0, 0, 3, 0, 0, 0, 4])),
            ]
        );
    }

    #[test]
    fn an_unknown_option_is_skipped_by_its_length() {
        assert_eq!(
            list(&[254, 4, 9, 9, 2, 4, 2, 88]),
            [Ok(TcpOption::Unknown { kind: 254, data: &[9, 9] }), Ok(TcpOption::MaximumSegmentSize(600)),]
        );
        assert_eq!(maximum_segment_size(&[254, 4, 9, 9, 2, 4, 2, 88]), Some(600));
    }

    #[test]
    fn the_last_of_two_sizes_counts_and_none_is_none() {
        assert_eq!(maximum_segment_size(&[2, 4, 1, 0, 2, 4, 2, 0]), Some(512));
        assert_eq!(maximum_segment_size(&[1, 1, 1, 0]), None);
    }

    #[test]
    fn illegal_lengths_end_the_walk_with_an_error() {
        for octets in [
            &[254, 0, 1, 1][..], // length 0
            &[254, 1, 1, 1],     // length 1
            &[254, 5, 1, 1],     // past the end
            &[254],              // no length octet
            &[2, 3, 1, 1],       // wrong for a size
            &[3, 4, 1, 1],       // wrong for a shift
            &[4, 3, 1],          // wrong for SACK-permitted
            &[5, 2],             // no SACK block
            &[5, 9, 1, 1, 1, 1, 1, 1, 1],
            &[8, 4, 1, 1], // wrong for timestamps
        ] {
            assert_eq!(list(octets), [Err(IllegalOption { kind: octets[0] })], "{octets:?}");
            assert!(is_malformed(octets));
        }
        assert!(!is_malformed(&[1, 0, 254, 0]), "octets after End of Option List are padding");
    }
}
