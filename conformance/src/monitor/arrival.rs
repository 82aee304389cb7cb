//! A segment that arrived, without its text, and the class that findings name it by.

use std::fmt;

use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::{Control, Segment, SeqNumber};

/// What the options of a segment say that matters here.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Options {
    pub(super) mss: Option<u16>,
    pub(super) shift: Option<u8>,
    pub(super) sack_permitted: bool,
    /// TSval and TSecr.
    pub(super) timestamps: Option<(u32, u32)>,
    /// It reports blocks (RFC 2018 §3).
    pub(super) blocks: bool,
    /// Some option has an illegal length.
    pub(super) malformed: bool,
    /// Some option came twice, differently (V-43).
    pub(super) repeated: bool,
}

impl Options {
    pub(super) fn of(list: &[u8]) -> Self {
        let mut found = Self::default();
        if list.is_empty() {
            return found;
        }
        for option in options::walk(list) {
            match option {
                Ok(TcpOption::MaximumSegmentSize(mss)) => {
                    found.repeated |= found.mss.is_some_and(|known| known != mss);
                    found.mss = Some(mss);
                }
                Ok(TcpOption::WindowScale(shift)) => {
                    found.repeated |= found.shift.is_some_and(|known| known != shift);
                    found.shift = Some(shift);
                }
                Ok(TcpOption::SackPermitted) => found.sack_permitted = true,
                Ok(TcpOption::Sack(_)) => found.blocks = true,
                Ok(TcpOption::Timestamps { value, echo_reply }) => {
                    let pair = (value, echo_reply);
                    found.repeated |= found.timestamps.is_some_and(|known| known != pair);
                    found.timestamps = Some(pair);
                }
                Ok(_) => {}
                Err(_) => found.malformed = true,
            }
        }
        found
    }
}

/// A sound segment that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Arrival {
    pub(super) seq: SeqNumber,
    pub(super) ack: SeqNumber,
    pub(super) ctl: Control,
    pub(super) wnd: u16,
    /// Octets of text.
    pub(super) text: u32,
    pub(super) options: Options,
}

impl Arrival {
    pub(super) fn of(segment: &Segment<'_>) -> Self {
        Self {
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

    /// SEG.LEN
    pub(super) const fn len(&self) -> u32 {
        self.text + self.ctl.sequence_length()
    }

    pub(super) fn end(&self) -> SeqNumber {
        self.seq + self.len()
    }

    /// Where its text begins.
    pub(super) fn start_of_text(&self) -> SeqNumber {
        self.seq + u32::from(self.has(Control::SYN))
    }

    /// Where its text ends, and its FIN stands if it has one.
    pub(super) fn end_of_text(&self) -> SeqNumber {
        self.start_of_text() + self.text
    }
}

/// Where a number lies, seen from a window.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Place {
    /// It has no meaning here.
    #[default]
    Nowhere,
    /// Before the window, or before SND.UNA.
    Left,
    /// RCV.NXT, or SND.UNA.
    At,
    /// Further inside.
    Inside,
    /// Past the end.
    Beyond,
}

/// A call of the user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Called {
    Send,
    Receive,
    Close,
    Abort,
}

impl Called {
    /// The RFC's word for it (RFC 9293 §3.9.1).
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Send => "SEND",
            Self::Receive => "RECEIVE",
            Self::Close => "CLOSE",
            Self::Abort => "ABORT",
        }
    }
}

/// What came last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) enum Came {
    #[default]
    Nothing,
    Call(Called),
    Segment,
}

/// The class of what came last: what findings say instead of a segment's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(super) struct Class {
    pub(super) came: Came,
    pub(super) ctl: Control,
    pub(super) text: bool,
    pub(super) seq: Place,
    pub(super) ack: Place,
}

impl Class {
    /// The class of nothing at all.
    pub(super) const NONE: Self = Self {
        came: Came::Nothing,
        ctl: Control::NONE,
        text: false,
        seq: Place::Nowhere,
        ack: Place::Nowhere,
    };
}

/// `SYN,ACK with text, left of the window, acknowledging what was never sent`
impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = [
            (Control::SYN, "SYN"),
            (Control::FIN, "FIN"),
            (Control::RST, "RST"),
            (Control::URG, "URG"),
            (Control::ACK, "ACK"),
        ];
        match self.came {
            Came::Nothing => return f.write_str("the beginning"),
            Came::Call(call) => return f.write_str(call.name()),
            Came::Segment => {}
        }
        let mut comma = "";
        for (_, name) in bits.iter().filter(|(bit, _)| self.ctl.has(*bit)) {
            write!(f, "{comma}{name}")?;
            comma = ",";
        }
        if comma.is_empty() {
            f.write_str(if self.text { "text without ACK" } else { "no control bits" })?;
        } else if self.text {
            f.write_str(" with text")?;
        }
        f.write_str(match self.seq {
            Place::Nowhere => "",
            Place::Left => " left of the window",
            Place::At => " at RCV.NXT",
            Place::Inside => " in the window",
            Place::Beyond => " past the window",
        })?;
        f.write_str(match self.ack {
            Place::Nowhere | Place::At | Place::Inside => "",
            Place::Left => ", old acknowledgment",
            Place::Beyond => ", acknowledging what was never sent",
        })
    }
}
