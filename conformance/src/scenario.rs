//! Scenarios: the one input type of cases, regressions, fuzzing and (later) packetdrill scripts.
//!
//! A scenario is a bounded list of steps: user calls on the stack, segments from a scripted peer, passing
//! time, and what must be seen. Segments name sequence and acknowledgment numbers relative to the live
//! connection; they are resolved from the peer's own [ledger](crate::bench::ledger) only, so that what a
//! stored scenario means can never change with the oracle. The text form is packetdrill's notation with
//! anchors; `docs/scenarios.md` documents it. [`parse`] and [`print_file`] are inverse for every scenario
//! that keeps the limits below.
//!
//! What it leaves out: running a scenario (the bench) and the meaning of anchors on a live connection (the
//! ledger).

use std::time::Duration;

use tcpspec_core::Control;

use crate::stack::{CallFailure, Capability};

mod error;
mod lexer;
mod parse;
mod print;
#[cfg(test)]
mod round_trip;

pub use error::ParseError;
pub(crate) use error::nearest;
pub use parse::{parse, parse_one};
pub use print::print_file;

/// Most steps that one scenario may have; the fewest is one.
pub const MAX_STEPS: usize = 1000;
/// Most octets of text that one segment may have: what an IPv4 packet holds beside its two headers and all
/// the options that fit.
pub const MAX_TEXT: u32 = 65_455;
/// Most octets of options that one segment may have: what the data offset field can count (RFC 9293 §3.1).
pub const MAX_OPTION_OCTETS: usize = 40;
/// Most lifetimes that a [`Span`] may have.
pub const MAX_MSL: u32 = 1000;
/// Most microseconds that a [`Span`] may add to its lifetimes or take from them: a year of 365 days.
pub const MAX_MICROS: i64 = 365 * 24 * 3600 * 1_000_000;
/// Most octets that one `send` may hand over, and that a buffer may hold: 1 MiB. A scenario may come from anywhere,
/// and what it asks for is made before the stack can refuse it.
pub const MAX_OCTETS: u32 = 1 << 20;
/// The smallest packet that a `setup` may name: what every IPv4 host must be able to forward whole (RFC 791 §3.2).
pub const MIN_MTU: u16 = 68;
/// Octets that `receive` asks for when it names no number.
pub const DEFAULT_RECEIVE: u32 = 65_535;

/// A story told to one stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scenario {
    /// Short name: words of lower-case letters and digits, each joined to the next by one hyphen, dot or
    /// slash.
    pub name: String,
    /// What the standard asks for, in one sentence on one line; may be empty.
    pub title: String,
    /// Ids of the requirements that the scenario checks.
    pub checks: Vec<String>,
    /// What the stack must be able to do; without it the scenario is skipped.
    pub needs: Vec<Capability>,
    /// How stack and peer are set up.
    pub setup: ScenarioSetup,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

/// The parts of a setup that a scenario may fix; the rest is the bench's default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScenarioSetup {
    /// Octets of send and of receive buffer, from 1 to [`MAX_OCTETS`].
    pub buffer: Option<u32>,
    /// Largest IP packet in octets, at least [`MIN_MTU`].
    pub mtu: Option<u16>,
    /// The peer's initial sequence number.
    pub peer_iss: Option<u32>,
    /// Seed of what the stack chooses at random.
    pub seed: Option<u64>,
    /// Nagle's algorithm on or off.
    pub nagle: Option<bool>,
}

/// One line of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, counted from the step before.
    pub when: When,
    /// What.
    pub what: What,
}

/// When a step happens, or when what it expects may happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// `+D`: D after the step before. For an expectation D is zero and means "at once".
    After(Span),
    /// `+A~+B`: not before A and not after B. Only for expectations.
    Between(Span, Span),
    /// `*`: whenever. Only for expectations.
    Whenever,
}

/// A length of time, part of it in units of the stack's declared maximum segment lifetime.
///
/// At most [`MAX_MSL`] lifetimes and [`MAX_MICROS`] microseconds either way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// So many times the MSL...
    pub msl: u32,
    /// ...plus so many microseconds, which may be negative if there are lifetimes to take them from.
    pub micros: i64,
}

impl Span {
    /// The length for a stack with this MSL.
    #[must_use]
    pub fn resolve(self, msl: Duration) -> Duration {
        let lifetimes = msl.saturating_mul(self.msl);
        let micros = Duration::from_micros(self.micros.unsigned_abs());
        if self.micros < 0 { lifetimes.saturating_sub(micros) } else { lifetimes.saturating_add(micros) }
    }
}

/// What a step does or expects.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// The user makes a call; the outcome must be one of `expected` unless that is empty.
    Call {
        /// The call.
        call: ScenarioCall,
        /// Outcomes that are right.
        expected: Vec<ExpectedOutcome>,
    },
    /// The peer sends a segment.
    Segment(SegmentSpec),
    /// The stack must send a segment that matches one of these.
    Expect(Vec<SegmentPattern>),
    /// The stack must send nothing for so long.
    Quiet(Span),
}

/// User calls as scenarios write them. They all concern the scenario's one connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScenarioCall {
    /// `open passive`
    OpenPassive,
    /// `open active`
    OpenActive,
    /// `send N`: the next N octets of the stream, at most [`MAX_OCTETS`].
    Send(u32),
    /// `receive [N]`: at most N octets, [`DEFAULT_RECEIVE`] if none is named.
    Receive(u32),
    /// `close`
    Close,
    /// `abort`
    Abort,
}

/// A class of call outcomes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ExpectedOutcome {
    /// `ok`
    Ok,
    /// `N`: octets sent or received. Received octets must also be the right ones.
    Octets(u32),
    /// `nothing`
    Nothing,
    /// `end`
    EndOfStream,
    /// `reset`, `refused`, `closing`, `no-connection`, `timed-out`. There is no word for a stack's own words
    /// ([`CallFailure::Other`]); they print as `failure`.
    Failure(CallFailure),
    /// `failure`: any of them.
    AnyFailure,
}

/// A number in the sequence space of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeqExpr {
    /// `N`: relative to the initial sequence number of the side whose number it is.
    Relative(u32),
    /// `=N`: as it stands.
    Absolute(u32),
    /// `anchor`, `anchor+N`, `anchor-N`, with N at most 2^32 - 1.
    Anchor(Anchor, i64),
}

/// Named points of the live connection, as the peer knows them. `docs/scenarios.md` says what each falls back
/// to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Anchor {
    /// `peer.nxt`: what the peer would send next.
    PeerNxt,
    /// `rcv.nxt`: what the stack expects next: the last acknowledgment number that it sent.
    RcvNxt,
    /// `rcv.mid`: the middle of the window that the stack offers.
    RcvMid,
    /// `rcv.last`: the last octet of it.
    RcvLast,
    /// `rcv.edge`: the first octet past it.
    RcvEdge,
    /// `snd.una`: the oldest octet of the stack that the peer has not acknowledged.
    SndUna,
    /// `snd.mid`: inside what is in flight from the stack.
    SndMid,
    /// `snd.nxt`: just past everything that the stack has sent.
    SndNxt,
    /// `snd.old`: below anything that the stack may accept (RFC 5961 §5).
    SndOld,
    /// `seg.seq`: SEG.SEQ of the peer's latest segment.
    SegSeq,
    /// `seg.ack`: its SEG.ACK.
    SegAck,
    /// `seg.end`: its SEG.SEQ + SEG.LEN.
    SegEnd,
}

impl Anchor {
    /// All anchors.
    pub const ALL: [Self; 12] = [
        Self::PeerNxt,
        Self::RcvNxt,
        Self::RcvMid,
        Self::RcvLast,
        Self::RcvEdge,
        Self::SndUna,
        Self::SndMid,
        Self::SndNxt,
        Self::SndOld,
        Self::SegSeq,
        Self::SegAck,
        Self::SegEnd,
    ];

    /// The anchors that a number of the peer's text may be counted from: SEQ of its own segments, ACK of the
    /// stack's. The `seg.` ones may stand on both sides.
    pub const OF_PEER: [Self; 8] = [
        Self::PeerNxt,
        Self::RcvNxt,
        Self::RcvMid,
        Self::RcvLast,
        Self::RcvEdge,
        Self::SegSeq,
        Self::SegEnd,
        Self::SegAck,
    ];

    /// The anchors that a number of the stack's text may be counted from: ACK of the peer's segments, SEQ of
    /// its own. The `seg.` ones may stand on both sides.
    pub const OF_STACK: [Self; 7] =
        [Self::SndUna, Self::SndMid, Self::SndNxt, Self::SndOld, Self::SegAck, Self::SegSeq, Self::SegEnd];

    /// The anchor's name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PeerNxt => "peer.nxt",
            Self::RcvNxt => "rcv.nxt",
            Self::RcvMid => "rcv.mid",
            Self::RcvLast => "rcv.last",
            Self::RcvEdge => "rcv.edge",
            Self::SndUna => "snd.una",
            Self::SndMid => "snd.mid",
            Self::SndNxt => "snd.nxt",
            Self::SndOld => "snd.old",
            Self::SegSeq => "seg.seq",
            Self::SegAck => "seg.ack",
            Self::SegEnd => "seg.end",
        }
    }
}

/// A segment for the peer to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentSpec {
    /// Control bits.
    pub ctl: Control,
    /// SEG.SEQ, counted from one of [`Anchor::OF_PEER`]; none: `peer.nxt`.
    pub seq: Option<SeqExpr>,
    /// Octets of text, at most [`MAX_TEXT`].
    pub len: u32,
    /// SEG.ACK, counted from one of [`Anchor::OF_STACK`]; none: `snd.nxt` if ACK is set, else the number 0 as
    /// it stands.
    pub ack: Option<SeqExpr>,
    /// The window field; none: [`SegmentSpec::DEFAULT_WINDOW`].
    pub wnd: Option<u16>,
    /// The urgent pointer field.
    pub up: u16,
    /// Options, at most [`MAX_OPTION_OCTETS`], padded with zero octets to whole words; none: a Maximum
    /// Segment Size of 1460 on a SYN, nothing otherwise.
    pub options: Option<Vec<OptionSpec>>,
    /// What is wrong with the header.
    pub damage: Damage,
}

impl SegmentSpec {
    /// The window field of a segment that names none.
    pub const DEFAULT_WINDOW: u16 = 65_535;
}

/// What is wrong with the header of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Damage {
    /// The checksum does not match.
    pub bad_checksum: bool,
    /// The data offset field, in words of four octets, if it is not the true one; at most 15.
    pub data_offset: Option<u8>,
    /// The four reserved bits, at most 15.
    pub reserved: u8,
}

/// A TCP option to send, or to find.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OptionSpec {
    /// `mss N`
    MaximumSegmentSize(u16),
    /// `wscale N`
    WindowScale(u8),
    /// `sackOK`
    SackPermitted,
    /// `TS val N ecr N`
    Timestamps {
        /// TSval
        value: u32,
        /// TSecr
        echo_reply: u32,
    },
    /// `nop`
    NoOperation,
    /// `eol`
    EndOfList,
    /// `raw HEX`: any octets, at least one.
    Raw(Vec<u8>),
}

/// What a segment from the stack must look like; what is none is not looked at. Nor are PSH, ECE and CWR, which a
/// pattern therefore must not name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentPattern {
    /// Control bits: any of SYN, FIN, RST, URG and ACK.
    pub ctl: Control,
    /// SEG.SEQ, counted from one of [`Anchor::OF_STACK`].
    pub seq: Option<SeqExpr>,
    /// Octets of text.
    pub len: Option<u32>,
    /// SEG.ACK, counted from one of [`Anchor::OF_PEER`].
    pub ack: Option<SeqExpr>,
    /// The window field.
    pub wnd: Option<WindowPattern>,
    /// Options that must be there, in any order and company; at least one.
    pub options: Option<Vec<OptionSpec>>,
}

/// What a window field must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowPattern {
    /// `win N`
    Exactly(u16),
    /// `win >N`
    Above(u16),
}
