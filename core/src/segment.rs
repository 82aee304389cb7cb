//! Segments: what arrives ([`Segment`]) and what is to be sent ([`Outgoing`]).
//!
//! A [`Segment`] can express every nonsense that the wire can: any set of control bits, any option octets, a header
//! that is damaged. An [`Outgoing`] names its text as a range of the send queue instead of carrying it. Header
//! octets and checksums are the business of whoever owns the wire.

use core::fmt;
use core::ops::{BitOr, BitOrAssign};

use crate::extensions::SackBlocks;
use crate::seq::SeqNumber;

/// The control bits of a segment (RFC 9293 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Control(pub u8);

impl Control {
    /// No bit set.
    pub const NONE: Self = Self(0);
    /// No more text from the sender.
    pub const FIN: Self = Self(0x01);
    /// Synchronize sequence numbers.
    pub const SYN: Self = Self(0x02);
    /// Reset the connection.
    pub const RST: Self = Self(0x04);
    /// Push function.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment field counts.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x20);
    /// Explicit congestion notification echo (RFC 3168).
    pub const ECE: Self = Self(0x40);
    /// Congestion window reduced (RFC 3168).
    pub const CWR: Self = Self(0x80);

    /// Whether every bit of `bits` is set.
    #[must_use]
    pub const fn has(self, bits: Self) -> bool {
        self.0 & bits.0 == bits.0
    }

    /// The same bits without those of `bits`.
    #[must_use]
    pub const fn without(self, bits: Self) -> Self {
        Self(self.0 & !bits.0)
    }

    /// Octets of sequence space that SYN and FIN take: 0, 1 or 2 (RFC 9293 §3.4).
    #[must_use]
    pub const fn sequence_length(self) -> u32 {
        self.has(Self::SYN) as u32 + self.has(Self::FIN) as u32
    }
}

impl BitOr for Control {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Control {
    fn bitor_assign(&mut self, other: Self) {
        *self = *self | other;
    }
}

/// packetdrill's letters: `S F R P U E W`, `.` for ACK, `-` for none.
impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LETTERS: [(Control, &str); 8] = [
            (Control::SYN, "S"),
            (Control::FIN, "F"),
            (Control::RST, "R"),
            (Control::PSH, "P"),
            (Control::URG, "U"),
            (Control::ECE, "E"),
            (Control::CWR, "W"),
            (Control::ACK, "."),
        ];
        if *self == Self::NONE {
            return f.write_str("-");
        }
        LETTERS.iter().filter(|(bit, _)| self.has(*bit)).try_for_each(|(_, letter)| f.write_str(letter))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether the header of a segment that arrived can be trusted (RFC 9293 §3.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Integrity {
    /// Checksum and data offset are right.
    #[default]
    Sound,
    /// The checksum does not match (MUST-3).
    BadChecksum,
    /// The data offset is below five words or points past the end of the segment.
    BadDataOffset,
}

/// A segment that arrived (RFC 9293 §3.1), in host byte order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Segment<'a> {
    /// SEG.SEQ
    pub seq: SeqNumber,
    /// SEG.ACK; without meaning unless ACK is set.
    pub ack: SeqNumber,
    /// Control bits.
    pub ctl: Control,
    /// The window field as it stands in the header, unscaled.
    pub wnd: u16,
    /// The urgent pointer field; without meaning unless URG is set.
    pub up: u16,
    /// The four reserved bits, to be ignored (RFC 9293 §3.1).
    pub reserved: u8,
    /// The option octets, unparsed and possibly malformed; see [`crate::options`].
    pub options: &'a [u8],
    /// Segment text.
    pub text: &'a [u8],
    /// What the receiver's IP and checksum code found.
    pub integrity: Integrity,
}

impl Segment<'_> {
    /// SEG.LEN: octets of text plus one each for SYN and FIN (RFC 9293 §3.4).
    #[must_use]
    pub fn len(&self) -> u32 {
        // A text longer than the sequence space cannot come from any wire; saturating keeps the function total.
        u32::try_from(self.text.len()).unwrap_or(u32::MAX).min(u32::MAX >> 1) + self.ctl.sequence_length()
    }

    /// Whether the segment takes no sequence space.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SEG.SEQ + SEG.LEN: the number after the last one that the segment takes.
    #[must_use]
    pub fn end(&self) -> SeqNumber {
        self.seq + self.len()
    }

    /// Whether every bit of `bits` is set.
    #[must_use]
    pub const fn has(&self, bits: Control) -> bool {
        self.ctl.has(bits)
    }

    /// Whether the segment asks for a connection and does nothing else: SYN without ACK and RST (§3.10.7.2).
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.has(Control::SYN) && !self.has(Control::ACK) && !self.has(Control::RST)
    }
}

/// A range of the send queue, in octets from its front.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct TextRange {
    /// Offset of the first octet.
    pub start: u32,
    /// Number of octets.
    pub len: u32,
}

/// A segment to be sent. Its text is `text` of the connection's send queue, valid until the next step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Outgoing {
    /// SEG.SEQ
    pub seq: SeqNumber,
    /// SEG.ACK; zero unless ACK is set.
    pub ack: SeqNumber,
    /// Control bits.
    pub ctl: Control,
    /// The window field.
    pub wnd: u16,
    /// The urgent pointer field; zero unless URG is set.
    pub up: u16,
    /// Maximum Segment Size option, on SYN segments (RFC 9293 §3.7.1).
    pub mss: Option<u16>,
    /// Window Scale option, on SYN segments: our shift (RFC 7323 §2.2).
    pub window_scale: Option<u8>,
    /// SACK-permitted option, on SYN segments (RFC 2018 §2).
    pub sack_permitted: bool,
    /// What a SACK option reports, if there is anything (RFC 2018 §3).
    pub sack: SackBlocks,
    /// Where the text stands in the send queue.
    pub text: TextRange,
}

impl Outgoing {
    /// SEG.LEN in octets of sequence space.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.text.len + self.ctl.sequence_length()
    }

    /// Whether the segment takes no sequence space.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// SEG.SEQ + SEG.LEN.
    #[must_use]
    pub fn end(&self) -> SeqNumber {
        self.seq + self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn controls_are_written_in_packetdrills_letters() {
        assert_eq!(format!("{}", Control::NONE), "-");
        assert_eq!(format!("{:?}", Control::SYN | Control::ACK), "S.");
        assert_eq!(format!("{}", Control(0xff)), "SFRPUEW.");
        assert_eq!(Control(0xff).without(Control(0xfe)), Control::FIN);
    }

    #[test]
    fn syn_and_fin_take_a_number_each() {
        let (seq, ctl) = (SeqNumber(u32::MAX), Control::SYN | Control::FIN);
        let arrived = Segment { seq, ctl, text: b"abc", ..Segment::default() };
        assert_eq!((arrived.len(), arrived.end(), arrived.is_empty()), (5, SeqNumber(4), false));
        let sent = Outgoing { seq, ctl, text: TextRange { start: 0, len: 3 }, ..Outgoing::default() };
        assert_eq!((sent.len(), sent.end(), sent.is_empty()), (5, SeqNumber(4), false));
        assert!(Segment::default().is_empty());
        assert!(Outgoing::default().is_empty());
    }
}
