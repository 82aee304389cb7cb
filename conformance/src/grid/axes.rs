//! The axes of the grid: situations, classes of flags, positions of SEQ and ACK, text; and why a cell cannot be.

use std::fmt;

use tcpspec_core::{Control, State};

/// Where a connection is when the probe arrives. The first eleven are the states of RFC 9293 §3.3.2; the others are
/// second ways to be in one of them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Situation {
    /// Nobody listens, and there is no connection.
    Closed,
    /// A passive OPEN.
    Listen,
    /// An active OPEN, unanswered.
    SynSent,
    /// A SYN came to a listener.
    SynReceived,
    /// Ten octets came and were read, ten were sent and are in flight.
    Established,
    /// As ESTABLISHED, then CLOSE: ten octets and the FIN are in flight.
    FinWait1,
    /// As FIN-WAIT-1, then all was acknowledged.
    FinWait2,
    /// Ten octets and the peer's FIN came, ten octets are in flight.
    CloseWait,
    /// As FIN-WAIT-1, then the peer's FIN came.
    Closing,
    /// As CLOSE-WAIT, then CLOSE: ten octets and the FIN are in flight.
    LastAck,
    /// As FIN-WAIT-2, then the peer's FIN came.
    TimeWait,
    /// SYN-RECEIVED by a simultaneous open: the origin is active (MUST-11).
    SynReceivedFromSynSent,
    /// As ESTABLISHED, but the receive buffer is full of what the user has not read.
    EstablishedWindowClosed,
    /// As FIN-WAIT-2, but the receive buffer is full.
    FinWait2WindowClosed,
}

impl Situation {
    /// The eleven states.
    pub const STATES: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];
    /// The second ways.
    pub const VARIANTS: [Self; 3] =
        [Self::SynReceivedFromSynSent, Self::EstablishedWindowClosed, Self::FinWait2WindowClosed];

    /// The state.
    #[must_use]
    pub const fn state(self) -> State {
        match self {
            Self::Closed => State::Closed,
            Self::Listen => State::Listen,
            Self::SynSent => State::SynSent,
            Self::SynReceived | Self::SynReceivedFromSynSent => State::SynReceived,
            Self::Established | Self::EstablishedWindowClosed => State::Established,
            Self::FinWait1 => State::FinWait1,
            Self::FinWait2 | Self::FinWait2WindowClosed => State::FinWait2,
            Self::CloseWait => State::CloseWait,
            Self::Closing => State::Closing,
            Self::LastAck => State::LastAck,
            Self::TimeWait => State::TimeWait,
        }
    }

    /// Whether the receive window is closed.
    #[must_use]
    pub const fn window_closed(self) -> bool {
        matches!(self, Self::EstablishedWindowClosed | Self::FinWait2WindowClosed)
    }

    /// Sequence numbers of the stack in flight.
    #[must_use]
    pub const fn flight(self) -> u32 {
        match self {
            Self::Closed | Self::Listen | Self::FinWait2 | Self::FinWait2WindowClosed | Self::TimeWait => 0,
            Self::SynSent | Self::SynReceived | Self::SynReceivedFromSynSent => 1,
            Self::Established | Self::EstablishedWindowClosed | Self::CloseWait => 10,
            Self::FinWait1 | Self::Closing | Self::LastAck => 11,
        }
    }
}

impl fmt::Display for Situation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.state().name())?;
        f.write_str(match self {
            Self::SynReceivedFromSynSent => " from SYN-SENT",
            Self::EstablishedWindowClosed | Self::FinWait2WindowClosed => " with a closed window",
            _ => "",
        })
    }
}

/// Classes of control bits: each bit of the state machine alone and with ACK where that makes a difference, and one
/// that no stack sends. URG and PSH are left out: they change nothing that this grid looks at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Flags {
    /// No bit at all: the fifth check drops it everywhere.
    None,
    /// ACK
    Ack,
    /// SYN: a request.
    Syn,
    /// SYN and ACK: an answer to one.
    SynAck,
    /// FIN and ACK: every FIN of a sane peer.
    FinAck,
    /// RST: the form that resets what has an ACK field.
    Rst,
    /// RST and ACK: the form that resets what has none.
    RstAck,
    /// SYN and FIN without ACK: contradictory, as scanners send it; one segment with two controls.
    SynFin,
}

impl Flags {
    /// All classes.
    pub const ALL: [Self; 8] =
        [Self::None, Self::Ack, Self::Syn, Self::SynAck, Self::FinAck, Self::Rst, Self::RstAck, Self::SynFin];

    /// The bits.
    #[must_use]
    pub const fn control(self) -> Control {
        match self {
            Self::None => Control::NONE,
            Self::Ack => Control::ACK,
            Self::Syn => Control::SYN,
            Self::SynAck => Control(Control::SYN.0 | Control::ACK.0),
            Self::FinAck => Control(Control::FIN.0 | Control::ACK.0),
            Self::Rst => Control::RST,
            Self::RstAck => Control(Control::RST.0 | Control::ACK.0),
            Self::SynFin => Control(Control::SYN.0 | Control::FIN.0),
        }
    }
}

/// As scenarios write them.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "-",
            Self::Ack => ".",
            Self::Syn => "S",
            Self::SynAck => "S.",
            Self::FinAck => "F.",
            Self::Rst => "R",
            Self::RstAck => "R.",
            Self::SynFin => "SF",
        })
    }
}

/// Where SEG.SEQ is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SeqPosition {
    /// All of the segment is before RCV.NXT; its last number (its only one, if it is empty) is RCV.NXT-1.
    Left,
    /// At RCV.NXT.
    Next,
    /// In the middle of the window.
    Inside,
    /// At the last octet of the window.
    Last,
    /// At the first octet past it.
    Edge,
    /// 1000 octets past it.
    Beyond,
}

impl SeqPosition {
    /// All positions, from left to right.
    pub const ALL: [Self; 6] = [Self::Left, Self::Next, Self::Inside, Self::Last, Self::Edge, Self::Beyond];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Next => "next",
            Self::Inside => "inside",
            Self::Last => "last",
            Self::Edge => "edge",
            Self::Beyond => "beyond",
        }
    }
}

/// Where SEG.ACK is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum AckPosition {
    /// Below SND.UNA - MAX.SND.WND, the oldest that RFC 5961 §5 accepts.
    Old,
    /// Just below SND.UNA.
    Below,
    /// At SND.UNA.
    Una,
    /// Inside what is in flight.
    Inside,
    /// At SND.NXT.
    Next,
    /// Above it.
    Beyond,
}

impl AckPosition {
    /// All positions, from left to right.
    pub const ALL: [Self; 6] = [Self::Old, Self::Below, Self::Una, Self::Inside, Self::Next, Self::Beyond];

    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::Below => "below",
            Self::Una => "una",
            Self::Inside => "inside",
            Self::Next => "next",
            Self::Beyond => "beyond",
        }
    }
}

/// A cell of the grid.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Cell {
    /// Where the connection is.
    pub situation: Situation,
    /// Octets of text in the probe: none, or [`Cell::TEXT`].
    pub text: u32,
    /// Its control bits.
    pub flags: Flags,
    /// Its sequence number.
    pub seq: SeqPosition,
    /// Its acknowledgment number.
    pub ack: AckPosition,
}

/// Why a cell is not played. The list is closed: whatever else goes wrong is a difference or makes the cell unreached.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Void {
    /// CLOSED, LISTEN and SYN-SENT have no RCV.NXT: one sequence number stands for all.
    NoReceiveWindow,
    /// The receive window is closed: it has neither inside nor last octet, and its edge is RCV.NXT.
    WindowClosed,
    /// Without the ACK bit the field means nothing. One value, SND.NXT, is played all the same, lest a stack believe it.
    NoAckBit,
    /// CLOSED and LISTEN have no SND.UNA: one acknowledgment number stands for all.
    NothingSent,
    /// Nothing is in flight: SND.UNA is SND.NXT.
    NothingInFlight,
    /// One number is in flight, which has no inside.
    OneNumberInFlight,
    /// The peer has offered no window yet: MAX.SND.WND is 0, and the position falls together with the next.
    NoWindowOffered,
}

impl Void {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::NoReceiveWindow,
        Self::WindowClosed,
        Self::NoAckBit,
        Self::NothingSent,
        Self::NothingInFlight,
        Self::OneNumberInFlight,
        Self::NoWindowOffered,
    ];

    /// The reason in words.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::NoReceiveWindow => "no receive window in this state",
            Self::WindowClosed => "a closed window has no inside and no last octet",
            Self::NoAckBit => "without the ACK bit the acknowledgment number is void",
            Self::NothingSent => "nothing was sent in this state",
            Self::NothingInFlight => "nothing is in flight: SND.UNA is SND.NXT",
            Self::OneNumberInFlight => "one number in flight has no inside",
            Self::NoWindowOffered => "MAX.SND.WND is 0: the same number as just below SND.UNA",
        }
    }
}

impl Cell {
    /// Octets of text of a probe with text.
    pub const TEXT: u32 = 10;

    /// The 3,168 cells: states, classes of flags and positions, without text.
    pub fn base() -> impl Iterator<Item = Self> {
        Self::of(&Situation::STATES, 0)
    }

    /// The cells besides: text in the states, and the second ways to be in one, without and with text.
    pub fn variants() -> impl Iterator<Item = Self> {
        let ways = [0, Self::TEXT].into_iter().flat_map(|text| Self::of(&Situation::VARIANTS, text));
        Self::of(&Situation::STATES, Self::TEXT).chain(ways)
    }

    fn of(situations: &'static [Situation], text: u32) -> impl Iterator<Item = Self> {
        situations.iter().flat_map(move |&situation| {
            Flags::ALL.into_iter().flat_map(move |flags| {
                SeqPosition::ALL.into_iter().flat_map(move |seq| {
                    AckPosition::ALL.into_iter().map(move |ack| Self { situation, text, flags, seq, ack })
                })
            })
        })
    }

    /// Why the cell cannot be, if it cannot.
    #[must_use]
    pub fn void(self) -> Option<Void> {
        let seq = match self.situation {
            Situation::Closed | Situation::Listen | Situation::SynSent => {
                (self.seq != SeqPosition::Next).then_some(Void::NoReceiveWindow)
            }
            closed if closed.window_closed() => {
                matches!(self.seq, SeqPosition::Inside | SeqPosition::Last | SeqPosition::Edge)
                    .then_some(Void::WindowClosed)
            }
            _ => None,
        };
        seq.or_else(|| self.void_ack())
    }

    fn void_ack(self) -> Option<Void> {
        let void = |void| (self.ack != AckPosition::Next).then_some(void);
        if !self.flags.control().has(Control::ACK) {
            return void(Void::NoAckBit);
        }
        match (self.situation, self.ack) {
            (Situation::Closed | Situation::Listen, _) => void(Void::NothingSent),
            (
                Situation::SynSent | Situation::SynReceived | Situation::SynReceivedFromSynSent,
                AckPosition::Old,
            ) => Some(Void::NoWindowOffered),
            (situation, AckPosition::Una | AckPosition::Inside) if situation.flight() == 0 => {
                Some(Void::NothingInFlight)
            }
            (situation, AckPosition::Inside) if situation.flight() == 1 => Some(Void::OneNumberInFlight),
            _ => None,
        }
    }

    /// SEG.LEN: text, SYN and FIN.
    #[must_use]
    pub fn len(self) -> u32 {
        self.text + self.flags.control().sequence_length()
    }

    /// Whether the probe takes no sequence number.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// `FIN-WAIT-1: F.(10) seq inside ack una`
impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { situation, text, flags, seq, ack } = self;
        write!(f, "{situation}: {flags}")?;
        if *text > 0 {
            write!(f, "({text})")?;
        }
        write!(f, " seq {} ack {}", seq.name(), ack.name())
    }
}
