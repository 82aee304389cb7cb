//! A segment that the stack sent, without its text.

use std::fmt;

use tcpspec_core::{Control, Instant, Segment, SeqNumber};

use super::arrival::Options;

/// A segment that the stack sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Emission {
    pub(super) now: Instant,
    pub(super) seq: SeqNumber,
    pub(super) ack: SeqNumber,
    pub(super) ctl: Control,
    pub(super) wnd: u16,
    /// Octets of text.
    pub(super) text: u32,
    pub(super) options: Options,
}

impl Emission {
    pub(super) fn of(now: Instant, segment: &Segment<'_>) -> Self {
        Self {
            now,
            seq: segment.seq,
            ack: segment.ack,
            ctl: segment.ctl,
            wnd: segment.wnd,
            text: segment.len() - segment.ctl.sequence_length(),
            options: Options::of(segment.options),
        }
    }

    pub(super) const fn has(&self, bits: Control) -> bool {
        self.ctl.has(bits)
    }

    pub(super) fn end(&self) -> SeqNumber {
        self.seq + self.text + self.ctl.sequence_length()
    }

    /// Where its text ends, and its FIN stands if it has one.
    pub(super) fn end_of_text(&self) -> SeqNumber {
        self.end() - u32::from(self.has(Control::FIN))
    }

    /// The oldest octet that is not acknowledged is in it, and has been sent before.
    pub(super) fn repeats_head(&self, una: SeqNumber, max: SeqNumber) -> bool {
        self.seq.le(una) && self.end().gt(una) && self.seq.lt(max)
    }

    /// It takes no sequence space.
    pub(super) fn is_bare(&self) -> bool {
        self.end() == self.seq
    }
}

/// `<SEQ=101><ACK=300><CTL=ACK>`, as the RFC writes segments; numbers as they stand.
impl fmt::Display for Emission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<SEQ={}>", self.seq)?;
        if self.has(Control::ACK) {
            write!(f, "<ACK={}>", self.ack)?;
        }
        if self.text > 0 {
            write!(f, "<{} octets>", self.text)?;
        }
        let names =
            [(Control::SYN, "SYN"), (Control::FIN, "FIN"), (Control::RST, "RST"), (Control::ACK, "ACK")];
        f.write_str("<CTL=")?;
        let mut comma = "";
        for (_, name) in names.iter().filter(|(bit, _)| self.has(*bit)) {
            write!(f, "{comma}{name}")?;
            comma = ",";
        }
        f.write_str(">")
    }
}
