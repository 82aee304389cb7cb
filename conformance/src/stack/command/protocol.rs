//! What tcpspec and a stack in another process say to each other, as `docs/your-stack.md` specifies it: one JSON object
//! a line, a reply to each request. Times and lengths of time are whole microseconds, octets are hexadecimal digits.
//!
//! It leaves out pipes and deadlines, and what a stack may not answer: both are for the modules beside it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use super::words::printable;
use crate::stack::{
    CallFailure, CallOutcome, Capability, Choice, Clock, Declaration, Knob, Report, Setup, SocketId, UserCall,
};

/// Version of the protocol. It grows when a word changes its meaning or goes.
pub(super) const VERSION: u32 = 1;

/// A request, with its number and its time.
#[derive(Serialize)]
pub(super) struct Request<'a> {
    pub(super) n: u64,
    pub(super) now: u64,
    #[serde(flatten)]
    pub(super) action: Action<'a>,
}

/// What the stack is asked to do.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub(super) enum Action<'a> {
    Hello {
        protocol: u32,
    },
    Reset {
        local: IpAddr,
        peer: IpAddr,
        seed: u64,
        receive_buffer: u32,
        send_buffer: u32,
        mtu: u16,
        nagle: bool,
        congestion_control: bool,
    },
    Listen {
        port: u16,
    },
    Connect {
        port: u16,
        remote: IpAddr,
        remote_port: u16,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        route: &'a [Ipv4Addr],
    },
    Accept {
        socket: u32,
    },
    Send {
        socket: u32,
        #[serde(with = "hex::serde")]
        text: &'a [u8],
        urgent: bool,
    },
    Receive {
        socket: u32,
        max: usize,
    },
    Close {
        socket: u32,
    },
    Abort {
        socket: u32,
    },
    Report {
        socket: u32,
    },
    Set {
        socket: u32,
        #[serde(flatten)]
        knob: KnobSetting,
    },
    Deliver {
        #[serde(with = "hex::serde")]
        packet: &'a [u8],
    },
    Run {
        until: u64,
    },
    Refuse {
        refuse: bool,
    },
}

/// A knob and what it is set to.
#[derive(Clone, Copy, Serialize)]
#[serde(tag = "knob", content = "value", rename_all = "kebab-case")]
pub(super) enum KnobSetting {
    Nagle(bool),
    KeepAlive(Option<u64>),
    UserTimeout(Option<u64>),
    TrafficClass(u8),
    Ttl(u8),
    ErrorReports(bool),
}

impl Action<'_> {
    pub(super) fn reset(setup: &Setup) -> Self {
        let Setup { local, peer, seed, receive_buffer, send_buffer, mtu, nagle, congestion_control } = *setup;
        Self::Reset { local, peer, seed, receive_buffer, send_buffer, mtu, nagle, congestion_control }
    }

    /// In the words of a finding: "the stack exited ... while it `what`".
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "was asked what it is",
            Self::Reset { .. } => "started over",
            Self::Listen { .. } => "took the call `open passive`",
            Self::Connect { .. } => "took the call `open active`",
            Self::Accept { .. } => "was asked for the connection of a listening socket",
            Self::Send { .. } => "took the call `send`",
            Self::Receive { .. } => "took the call `receive`",
            Self::Close { .. } => "took the call `close`",
            Self::Abort { .. } => "took the call `abort`",
            Self::Set { .. } => "took the call `set`",
            Self::Report { .. } => "took the call `report`",
            Self::Deliver { .. } => "took a segment",
            Self::Run { .. } => "let time pass",
            Self::Refuse { .. } => "was told what its network device takes",
        }
    }
}

impl<'a> From<UserCall<'a>> for Action<'a> {
    fn from(call: UserCall<'a>) -> Self {
        match call {
            UserCall::Listen { port } => Self::Listen { port },
            UserCall::Connect { port, remote, route } => {
                Self::Connect { port, remote: remote.ip(), remote_port: remote.port(), route }
            }
            UserCall::Accept { listener } => Self::Accept { socket: listener.0 },
            UserCall::Send { socket, text, urgent } => Self::Send { socket: socket.0, text, urgent },
            UserCall::Receive { socket, max } => Self::Receive { socket: socket.0, max },
            UserCall::Close { socket } => Self::Close { socket: socket.0 },
            UserCall::Abort { socket } => Self::Abort { socket: socket.0 },
            UserCall::Set { socket, knob } => Self::Set { socket: socket.0, knob: knob.into() },
            UserCall::Report { socket } => Self::Report { socket: socket.0 },
        }
    }
}

impl From<Knob> for KnobSetting {
    fn from(knob: Knob) -> Self {
        match knob {
            Knob::Nagle(on) => Self::Nagle(on),
            Knob::KeepAlive(interval) => Self::KeepAlive(interval.map(microseconds)),
            Knob::UserTimeout(timeout) => Self::UserTimeout(timeout.map(microseconds)),
            Knob::TrafficClass(class) => Self::TrafficClass(class),
            Knob::TimeToLive(ttl) => Self::Ttl(ttl),
            Knob::ErrorReports(on) => Self::ErrorReports(on),
        }
    }
}

/// The answer to `hello`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hello {
    pub(super) n: u64,
    #[serde(rename = "protocol")]
    _protocol: u32,
    name: String,
    version: String,
    msl: u64,
    msl_source: String,
    #[serde(default)]
    settle: u64,
    #[serde(default)]
    clock: ClockWord,
    #[serde(default)]
    lacks: BTreeMap<String, String>,
    #[serde(default)]
    chooses: Vec<Chosen>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum ClockWord {
    #[default]
    Virtual,
    Real,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chosen {
    choice: ChoiceWord,
    source: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ChoiceWord {
    SilentWhenClosed,
    ThrottledAcknowledgments {
        limit: u32,
        interval: u64,
    },
    #[serde(rename = "fin-wait-2-timeout")]
    FinWait2Timeout(u64),
    HalfOpenTimeout(u64),
    Backlog(u32),
    ResetOnUnreadText,
    DelayedAcknowledgment(u64),
    Reassembles(u32),
}

impl Hello {
    /// The declaration, or what is wrong with it.
    pub(super) fn declaration(self) -> Result<Declaration, String> {
        let named = [("name", &self.name), ("version", &self.version), ("msl_source", &self.msl_source)];
        if let Some((field, _)) = named.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(format!("`{field}` is empty"));
        }
        let lacks = self.lacks.into_iter().map(|(word, reason)| {
            let Some(capability) = Capability::ALL.into_iter().find(|known| known.name() == word) else {
                let known = Capability::ALL.map(Capability::name).join(", ");
                let word = printable(&word);
                return Err(format!("`lacks` names `{word}`; there are {known}"));
            };
            if reason.trim().is_empty() {
                return Err(format!("`lacks` gives no reason for `{word}`"));
            }
            Ok((capability, printable(&reason).into()))
        });
        let chooses = self.chooses.into_iter().map(|Chosen { choice, source }| {
            if source.trim().is_empty() {
                return Err("`chooses` has a choice without a source".to_owned());
            }
            Ok((choice.choice(), printable(&source).into()))
        });
        Ok(Declaration {
            lacks: lacks.collect::<Result<_, _>>()?,
            chooses: chooses.collect::<Result<_, _>>()?,
            name: printable(&self.name).into(),
            version: printable(&self.version).into(),
            msl: Duration::from_micros(self.msl),
            msl_source: printable(&self.msl_source).into(),
            settle: Duration::from_micros(self.settle),
            clock: match self.clock {
                ClockWord::Virtual => Clock::Virtual,
                ClockWord::Real => Clock::Real,
            },
        })
    }
}

impl ChoiceWord {
    const fn choice(self) -> Choice {
        match self {
            Self::SilentWhenClosed => Choice::SilentWhenClosed,
            Self::ThrottledAcknowledgments { limit, interval } => {
                Choice::ThrottledAcknowledgments { limit, interval: Duration::from_micros(interval) }
            }
            Self::FinWait2Timeout(time) => Choice::FinWait2Timeout(Duration::from_micros(time)),
            Self::HalfOpenTimeout(time) => Choice::HalfOpenTimeout(Duration::from_micros(time)),
            Self::Backlog(connections) => Choice::Backlog(connections),
            Self::ResetOnUnreadText => Choice::ResetOnUnreadText,
            Self::DelayedAcknowledgment(time) => Choice::DelayedAcknowledgment(Duration::from_micros(time)),
            Self::Reassembles(octets) => Choice::Reassembles(octets),
        }
    }
}

/// The answer to every request but `hello`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reply {
    pub(super) n: u64,
    /// The answer to a call.
    pub(super) outcome: Option<Outcome>,
    /// The time reached: the answer to `run`.
    pub(super) now: Option<u64>,
    /// What the stack sends.
    #[serde(default)]
    pub(super) packets: Vec<Packet>,
    /// When its next timer is due: `null` is never, and left out is "ask me".
    #[serde(default, deserialize_with = "given")]
    pub(super) next_timer: Option<Option<u64>>,
    /// The state of every socket that shows one, in the words of RFC 9293.
    #[serde(default)]
    pub(super) states: BTreeMap<u32, String>,
}

/// Tells a field that is `null` from one that was left out.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<u64>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Octets: an IP packet, or text.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub(super) struct Packet(#[serde(with = "hex::serde")] pub(super) Vec<u8>);

/// The answer to a call, in the words that scenarios use.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Outcome {
    Ok,
    Opened(u32),
    Accepted { socket: u32, remote: IpAddr, remote_port: u16 },
    Sent(usize),
    Received(Packet),
    Nothing,
    End,
    Reported(ReportWord),
    Error(String),
}

/// What the user is told, in the words that scenarios use.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ReportWord {
    UrgentText,
    UrgentTextEnds,
    DeliveryTrouble,
}

impl ReportWord {
    const fn report(self) -> Report {
        match self {
            Self::UrgentText => Report::UrgentText,
            Self::UrgentTextEnds => Report::UrgentTextEnds,
            Self::DeliveryTrouble => Report::DeliveryTrouble,
        }
    }
}

impl Outcome {
    /// The outcome of `call`, or why a stack cannot give this answer to it.
    pub(super) fn of(self, call: &UserCall<'_>) -> Result<CallOutcome, String> {
        let outcome = match self {
            Self::Ok => CallOutcome::Ok,
            Self::Opened(socket) | Self::Accepted { socket, .. } => CallOutcome::Opened(SocketId(socket)),
            Self::Sent(octets) => CallOutcome::Sent(octets),
            Self::Received(Packet(octets)) => CallOutcome::Received(octets),
            Self::Nothing => CallOutcome::WouldBlock,
            Self::End => CallOutcome::EndOfStream,
            Self::Reported(word) => CallOutcome::Reported(word.report()),
            Self::Error(word) => CallOutcome::Error(failure(&word)),
        };
        if possible(call, &outcome) {
            Ok(outcome)
        } else {
            Err(format!("`{outcome}` is no answer to that call"))
        }
    }
}

/// Whether a call of this kind can have such an outcome at all.
const fn possible(call: &UserCall<'_>, outcome: &CallOutcome) -> bool {
    match (call, outcome) {
        (_, CallOutcome::Error(_))
        | (UserCall::Listen { .. } | UserCall::Connect { .. }, CallOutcome::Opened(_))
        | (UserCall::Accept { .. }, CallOutcome::Opened(_) | CallOutcome::WouldBlock)
        | (UserCall::Receive { .. }, CallOutcome::WouldBlock | CallOutcome::EndOfStream)
        | (UserCall::Send { .. }, CallOutcome::WouldBlock)
        | (UserCall::Report { .. }, CallOutcome::Reported(_) | CallOutcome::WouldBlock)
        | (UserCall::Close { .. } | UserCall::Abort { .. } | UserCall::Set { .. }, CallOutcome::Ok) => true,
        (UserCall::Send { text, .. }, CallOutcome::Sent(octets)) => *octets <= text.len(),
        (UserCall::Receive { max, .. }, CallOutcome::Received(octets)) => {
            !octets.is_empty() && octets.len() <= *max
        }
        _ => false,
    }
}

fn failure(word: &str) -> CallFailure {
    match word {
        "reset" => CallFailure::Reset,
        "refused" => CallFailure::Refused,
        "closing" => CallFailure::Closing,
        "no-connection" => CallFailure::NoConnection,
        "timed-out" => CallFailure::TimedOut,
        _ => CallFailure::Other(printable(word).into()),
    }
}

/// A length of time as the protocol writes it.
fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
