//! The options that segments of the reference ask for, as octets of a header.

use tcpspec_core::Outgoing;

use super::MAX_OPTIONS;

/// Kind 1, to align what follows (RFC 9293 §3.2).
const NO_OPERATION: u8 = 1;

/// A Maximum Segment Size option: kind, length, octets of text (RFC 9293 §3.2).
#[must_use]
pub const fn mss_option(mss: u16) -> [u8; 4] {
    let [high, low] = mss.to_be_bytes();
    [2, 4, high, low]
}

/// The length octet of a SACK option with so many blocks (RFC 2018 §3).
#[must_use]
pub fn sack_length(blocks: usize) -> u8 {
    u8::try_from(2 + 8 * blocks).unwrap_or(u8::MAX)
}

/// The options of one header, whole words of them.
#[derive(Clone, Copy, Debug)]
pub struct OptionOctets {
    octets: [u8; MAX_OPTIONS],
    count: usize,
}

impl OptionOctets {
    /// What `outgoing` asks for. All of it fits: a SYN carries no SACK blocks.
    #[must_use]
    pub fn of(outgoing: &Outgoing) -> Self {
        let mut options = Self { octets: [0; MAX_OPTIONS], count: 0 };
        if let Some(mss) = outgoing.mss {
            options.push(&mss_option(mss));
        }
        if let Some(shift) = outgoing.window_scale {
            options.push(&[NO_OPERATION, 3, 3, shift]);
        }
        if outgoing.sack_permitted {
            options.push(&[NO_OPERATION, NO_OPERATION, 4, 2]);
        }
        let blocks = outgoing.sack.as_slice();
        if !blocks.is_empty() {
            options.push(&[NO_OPERATION, NO_OPERATION, 5, sack_length(blocks.len())]);
            for (start, end) in blocks {
                options.push(&start.0.to_be_bytes());
                options.push(&end.0.to_be_bytes());
            }
        }
        options
    }

    /// The octets, for [`super::Header::options`].
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.octets[..self.count]
    }

    fn push(&mut self, octets: &[u8]) {
        self.octets[self.count..self.count + octets.len()].copy_from_slice(octets);
        self.count += octets.len();
    }
}
