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

use crate::stack::{CallFailure, Capability, Knob, Report};

mod error;
mod lexer;
mod parse;
mod print;
#[cfg(test)]
mod round_trip;
mod segment;

pub use error::ParseError;
pub(crate) use error::nearest;
pub use parse::{parse, parse_one};
pub use print::print_file;
pub use segment::{
    AddressClass, Anchor, Damage, IcmpKind, IcmpSpec, OptionKind, OptionSpec, Route, SegmentPattern,
    SegmentSpec, SeqExpr, WindowPattern,
};

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
/// Most connections that one scenario may have; their labels are `@1` to `@16`.
pub const MAX_CONNECTIONS: u8 = 16;
/// The largest Diffserv field: six bits (RFC 2474 §3).
pub const MAX_TRAFFIC_CLASS: u8 = 63;
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
    /// Sockets of connections that are not what they would be otherwise, no label twice.
    pub connections: Vec<ConnectionSetup>,
    /// The steps, in order.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Whether it expects anything of the stack: some segment, a silence, a bound, or the outcome of a call.
    #[must_use]
    pub fn expects(&self) -> bool {
        self.steps.iter().any(|step| match &step.what {
            What::Call { expected, .. } => !expected.is_empty(),
            What::Expect(_) | What::Quiet(_) | What::AtMost { .. } => true,
            What::Segment(_) | What::Icmp(_) | What::Device { .. } => false,
        })
    }

    /// What the stack must be able to do: what the scenario names, and what its steps cannot do without.
    pub fn all_needs(&self) -> impl Iterator<Item = Capability> {
        let congestion = self.setup.congestion.unwrap_or(false).then_some(Capability::CongestionControl);
        let of_steps = self.steps.iter().filter_map(|step| step.what.need());
        self.needs.iter().copied().chain(congestion).chain(of_steps)
    }
}

/// The parts of a setup that a scenario may fix; the rest is the bench's default.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ScenarioSetup {
    /// Octets of send and of receive buffer, from 1 to [`MAX_OCTETS`].
    pub buffer: Option<u32>,
    /// Octets of receive buffer, if it is another number; likewise.
    pub receive_buffer: Option<u32>,
    /// Octets of send buffer, if it is another number; likewise.
    pub send_buffer: Option<u32>,
    /// Largest IP packet in octets, at least [`MIN_MTU`].
    pub mtu: Option<u16>,
    /// The peer's initial sequence number.
    pub peer_iss: Option<u32>,
    /// Seed of what the stack chooses at random.
    pub seed: Option<u64>,
    /// Nagle's algorithm on or off.
    pub nagle: Option<bool>,
    /// Congestion control on or off.
    pub congestion: Option<bool>,
    /// The only address family that the scenario is about.
    pub network: Option<Family>,
}

/// Which version of IP, and so which sort of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Family {
    /// IPv4
    #[default]
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The word for it: `ipv4` or `ipv6`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}

/// The sockets of one connection, as far as they are not the bench's default. The passive end is whichever waits: the
/// stack unless its user opens actively.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ConnectionSetup {
    /// The connection's label, from 1 to [`MAX_CONNECTIONS`].
    pub label: u8,
    /// The port of the passive end, not 0.
    pub service: Option<u16>,
    /// The port of the active end, not 0.
    pub client: Option<u16>,
    /// The address of the other end.
    pub peer: Option<AddressClass>,
}

/// One line of a scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// When, counted from the step before.
    pub when: When,
    /// Which connection: a label from 1 to [`MAX_CONNECTIONS`]. 1 for what concerns none or all: `quiet`, `device`.
    pub connection: u8,
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
    /// A router, or the peer, reports an error with a segment of the stack's.
    Icmp(IcmpSpec),
    /// The stack must send a segment that matches one of these.
    Expect(Vec<SegmentPattern>),
    /// The stack must send nothing for so long, on no connection.
    Quiet(Span),
    /// The stack may send no more than so much text in so long, new or again, on this connection.
    AtMost {
        /// Octets of text.
        octets: u32,
        /// How long they are counted.
        span: Span,
    },
    /// The network device takes no packet from the stack from now on, or takes them again.
    Device {
        /// It takes none.
        refuses: bool,
    },
}

impl What {
    /// What a stack must be able to do so that this can be done to it at all.
    const fn need(&self) -> Option<Capability> {
        match self {
            Self::Device { .. } => Some(Capability::RefusingDevice),
            Self::Call { call: ScenarioCall::OpenActive, .. } => Some(Capability::ActiveOpen),
            Self::Call { call: ScenarioCall::OpenActiveBy(_), .. } => Some(Capability::SourceRoute),
            Self::Call { call: ScenarioCall::SendUrgent(_), .. } => Some(Capability::Urgent),
            Self::Call { call: ScenarioCall::Set(knob), .. } => knob.need(),
            Self::Call { call: ScenarioCall::Report, .. } => Some(Capability::Reports),
            Self::Call { .. }
            | Self::Segment(_)
            | Self::Icmp(_)
            | Self::Expect(_)
            | Self::Quiet(_)
            | Self::AtMost { .. } => None,
        }
    }
}

impl ScenarioKnob {
    /// The knob with lengths of time for a stack with this MSL.
    #[must_use]
    pub fn resolve(self, msl: Duration) -> Knob {
        let time = |span: Option<Span>| span.map(|span| span.resolve(msl));
        match self {
            Self::Nagle(on) => Knob::Nagle(on),
            Self::KeepAlive(span) => Knob::KeepAlive(time(span)),
            Self::UserTimeout(span) => Knob::UserTimeout(time(span)),
            Self::TrafficClass(class) => Knob::TrafficClass(class),
            Self::TimeToLive(ttl) => Knob::TimeToLive(ttl),
            Self::ErrorReports(on) => Knob::ErrorReports(on),
        }
    }

    const fn need(self) -> Option<Capability> {
        match self {
            Self::Nagle(_) => None,
            Self::KeepAlive(_) => Some(Capability::KeepAlive),
            Self::UserTimeout(_) => Some(Capability::UserTimeout),
            Self::TrafficClass(_) => Some(Capability::TrafficClass),
            Self::TimeToLive(_) => Some(Capability::TimeToLive),
            Self::ErrorReports(_) => Some(Capability::Reports),
        }
    }
}

/// User calls as scenarios write them. They concern the connection of their step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScenarioCall {
    /// `open passive`
    OpenPassive,
    /// `open active`
    OpenActive,
    /// `open active by ROUTER,ROUTER...`: likewise, on this source route.
    OpenActiveBy(Route),
    /// `send N`: the next N octets of the stream, at most [`MAX_OCTETS`].
    Send(u32),
    /// `send N urgent`: likewise, and they are urgent.
    SendUrgent(u32),
    /// `receive [N]`: at most N octets, [`DEFAULT_RECEIVE`] if none is named.
    Receive(u32),
    /// `close`
    Close,
    /// `abort`
    Abort,
    /// `set KNOB VALUE`
    Set(ScenarioKnob),
    /// `report`: the next of what the stack tells unasked.
    Report,
}

impl ScenarioCall {
    /// Whether it is an OPEN.
    pub(crate) const fn opens(self) -> bool {
        matches!(self, Self::OpenPassive | Self::OpenActive | Self::OpenActiveBy(_))
    }
}

/// What a user sets on a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ScenarioKnob {
    /// `nagle on`, `nagle off`
    Nagle(bool),
    /// `keep-alive D`: after so long without traffic; none: `keep-alive off`.
    KeepAlive(Option<Span>),
    /// `user-timeout D`: R2; none: `user-timeout default`.
    UserTimeout(Option<Span>),
    /// `traffic-class N`: the Diffserv field, at most [`MAX_TRAFFIC_CLASS`].
    TrafficClass(u8),
    /// `ttl N`: the time to live, not 0.
    TimeToLive(u8),
    /// `error-reports on`, `error-reports off`
    ErrorReports(bool),
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
    /// `urgent-text`, `urgent-text-ends`, `delivery-trouble`
    Reported(Report),
    /// `reset`, `refused`, `closing`, `no-connection`, `timed-out`. There is no word for a stack's own words
    /// ([`CallFailure::Other`]); they print as `failure`.
    Failure(CallFailure),
    /// `failure`: any of them.
    AnyFailure,
}
