//! The executable reference as a stack under test: tcpspec-core's host, a codec and a virtual clock.
//!
//! It is held to the same suite as everybody else. Nothing here decides anything about TCP.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tcpspec_core::event::{Call, CallError, Outcome, Remote};
use tcpspec_core::host::{
    Connection, ConnectionId, Datagram, Ending, Host, IssSource, Settings, SocketPair, Step,
};
use tcpspec_core::{Actions, Context, Event, IcmpError, Instant, Profile, RuleSet, SeqNumber, State, Tcb};

use super::{
    CallFailure, CallOutcome, Capability, Choice, Clock, Declaration, Knob, NextTimer, Setup, SocketId,
    Stack, UserCall,
};
use crate::wire;

/// Connections that a listener may hold before they are accepted.
const BACKLOG: usize = 16;

/// Records of connections.
const MOST_CONNECTIONS: usize = 256;

/// The reference with a choice of profile, and of what takes the events of its connections.
#[derive(Debug)]
pub struct Reference<S = Step> {
    declaration: Declaration,
    profile: Profile,
    iss_at_start: Option<SeqNumber>,
    host: Host<S>,
    now: Instant,
    line: Line,
    /// The device takes nothing.
    refusing: bool,
}

impl Default for Reference {
    fn default() -> Self {
        Self::new()
    }
}

impl Reference {
    /// The reference as RFC 9293 recommends it, with the extensions of today.
    #[must_use]
    pub fn new() -> Self {
        Self::with_profile(Profile::extended())
    }

    /// The reference with other choices. Buffers, sizes and Nagle's algorithm come from the setup of each run.
    #[must_use]
    pub fn with_profile(profile: Profile) -> Self {
        Self::around(Host::new(settings_at_rest(profile)), profile)
    }

    /// Initial send sequence numbers from the clock alone: `iss` at time zero, one more every four microseconds (RFC
    /// 9293 §3.4.1). Anybody can guess them; this is for traces that people compare with the RFC's figures.
    #[must_use]
    pub fn with_clocked_iss(self, iss: SeqNumber) -> Self {
        Self { iss_at_start: Some(iss), ..self }
    }
}

impl<S: FnMut(&mut Tcb, Context, Event<'_>, &mut Actions)> Reference<S> {
    /// The reference of [`Reference::new`], but for what `step` makes of the events of its connections.
    #[must_use]
    pub fn with_step(step: S) -> Self {
        let profile = Profile::extended();
        Self::around(Host::with_step(settings_at_rest(profile), step), profile)
    }

    fn around(host: Host<S>, profile: Profile) -> Self {
        Self {
            declaration: Declaration {
                name: "reference".into(),
                version: env!("CARGO_PKG_VERSION").into(),
                msl: profile.msl,
                msl_source: "RFC 9293 §3.4.2".into(),
                settle: Duration::from_millis(1),
                clock: Clock::Virtual,
                lacks: lacks(&profile),
                chooses: chooses(&profile),
            },
            profile,
            iss_at_start: None,
            host,
            now: Instant::ZERO,
            line: Line::default(),
            refusing: false,
        }
    }

    fn connection(&self, socket: SocketId) -> Option<&Connection> {
        self.host.connection(ConnectionId(socket.0))
    }

    /// A call of the host; what it sends goes to the network.
    fn host_call(&mut self, socket: SocketId, call: Call<'_>) -> Outcome {
        let Self { host, now, line, .. } = self;
        host.call(*now, ConnectionId(socket.0), call, &mut |datagram| line.take(&datagram))
    }

    fn send(&mut self, socket: SocketId, text: &[u8], urgent: bool) -> CallOutcome {
        let Some(connection) = self.connection(socket) else {
            return CallOutcome::Error(CallFailure::NoConnection);
        };
        let room = connection.tcb.profile.send_buffer as usize - connection.tcb.send_queue.len();
        let ending = connection.ending;
        let text = &text[..text.len().min(room)];
        let remote = Remote::Unspecified;
        match self.host_call(socket, Call::Send { text, push: true, urgent, timeout: None, remote }) {
            Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
            _ if text.is_empty() => CallOutcome::WouldBlock,
            _ => CallOutcome::Sent(text.len()),
        }
    }

    fn set(&mut self, socket: SocketId, knob: Knob) -> CallOutcome {
        let Some(connection) = self.connection(socket) else {
            return CallOutcome::Error(CallFailure::NoConnection);
        };
        let ending = connection.ending;
        match knob {
            Knob::Nagle(on) => {
                self.host.set_nagle(ConnectionId(socket.0), on);
                CallOutcome::Ok
            }
            Knob::UserTimeout(timeout) => {
                let timeout = timeout.or(self.profile.user_timeout);
                let remote = Remote::Unspecified;
                match self
                    .host_call(socket, Call::Send { text: &[], push: false, urgent: false, timeout, remote })
                {
                    Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
                    _ => CallOutcome::Ok,
                }
            }
            Knob::KeepAlive(interval) => match self.host_call(socket, Call::KeepAlive { interval }) {
                Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
                _ => CallOutcome::Ok,
            },
            Knob::TrafficClass(class) => {
                let pair = connection.pair;
                self.line.choose_class(pair, class);
                CallOutcome::Ok
            }
        }
    }

    /// An error that ICMP reports goes to the connection that it quotes; nothing else is looked at.
    fn icmp_arrives(&mut self, packet: &[u8]) {
        let Some(message) = wire::parse_icmp_error(packet) else { return };
        let Some(error) = icmp_error(&message) else { return };
        let pair = SocketPair { local: message.quoted.source, remote: message.quoted.destination };
        let Self { host, now, line, .. } = self;
        host.icmp_error(*now, &pair, SeqNumber(message.seq), error, &mut |datagram| {
            line.take(&datagram);
        });
    }

    fn receive(&mut self, socket: SocketId, max: usize) -> CallOutcome {
        let Some(connection) = self.connection(socket) else {
            return CallOutcome::Error(CallFailure::NoConnection);
        };
        if connection.tcb.receive_queue.is_empty() && connection.unread.is_empty() {
            return nothing_to_read(connection);
        }
        let max = u32::try_from(max).unwrap_or(u32::MAX);
        let ending = connection.ending;
        match self.host_call(socket, Call::Receive { max }) {
            Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
            _ => CallOutcome::Received(self.host.octets().to_vec()),
        }
    }
}

/// What a profile leaves out.
fn lacks(profile: &Profile) -> Vec<(Capability, Cow<'static, str>)> {
    let both_ways = (Capability::HalfClose, "the profile closes both ways (MAY-1)".into());
    profile.half_duplex_close.then_some(both_ways).into_iter().collect()
}

/// What a profile chooses, as far as it excuses something.
fn chooses(profile: &Profile) -> Vec<(Choice, Cow<'static, str>)> {
    let delay = profile.delayed_ack.map(Choice::DelayedAcknowledgment);
    let limit =
        profile.challenge_limit.map(|(limit, interval)| Choice::ThrottledAcknowledgments { limit, interval });
    let unread = profile.half_duplex_close.then_some(Choice::ResetOnUnreadText);
    [delay, limit, unread].into_iter().flatten().map(|choice| (choice, "its profile".into())).collect()
}

/// What a host is like before the setup of the first run.
fn settings_at_rest(profile: Profile) -> Settings {
    Settings {
        address: Ipv4Addr::UNSPECIFIED.into(),
        profile,
        backlog: BACKLOG,
        most_connections: MOST_CONNECTIONS,
        iss: IssSource::Fixed(SeqNumber(0)),
    }
}

/// What an ICMP error means to a connection (RFC 9293 §3.9.2.2); none if it means nothing here. "Fragmentation needed" is
/// for path MTU discovery, which goes before its place among the hard errors (§3.7.2).
const fn icmp_error(message: &wire::IcmpMessage) -> Option<IcmpError> {
    Some(match (message.quoted.source.is_ipv4(), message.type_and_code) {
        (true, (3, 0 | 1 | 5) | (11 | 12, _)) => IcmpError::Soft,
        (true, (3, 2 | 3)) => IcmpError::Hard,
        (true, (4, _)) => IcmpError::SourceQuench,
        (false, (1, 0 | 3) | (3 | 4, _)) => IcmpError::Soft,
        (false, (1, 4)) => IcmpError::Hard,
        _ => return None,
    })
}

/// RECEIVE would wait, or never succeed.
fn nothing_to_read(connection: &Connection) -> CallOutcome {
    match connection.ending {
        Some(Ending::Failed(error)) => CallOutcome::Error(failure(error, connection.ending)),
        _ if connection.peer_closed => CallOutcome::EndOfStream,
        Some(Ending::Closed) => CallOutcome::Error(CallFailure::NoConnection),
        None => CallOutcome::WouldBlock,
    }
}

/// What a program is told of an error: how the connection ended, if it has.
fn failure(error: CallError, ending: Option<Ending>) -> CallFailure {
    let error = match ending {
        Some(Ending::Failed(cause)) => cause,
        Some(Ending::Closed) | None => error,
    };
    match error {
        CallError::ConnectionReset => CallFailure::Reset,
        CallError::ConnectionRefused => CallFailure::Refused,
        CallError::ConnectionClosing => CallFailure::Closing,
        CallError::UserTimeout => CallFailure::TimedOut,
        CallError::DestinationUnreachable => CallFailure::Other(error.text().into()),
        CallError::DoesNotExist => CallFailure::NoConnection,
        CallError::AlreadyExists
        | CallError::RemoteSocketUnspecified
        | CallError::RemoteSocketInvalid
        | CallError::InsufficientResources => CallFailure::Other(error.text().into()),
    }
}

/// What the host's datagrams become on their way to the network.
#[derive(Debug, Default)]
struct Line {
    emitted: VecDeque<Vec<u8>>,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    /// Diffserv fields that users have chosen, a pair of sockets once at most (RFC 9293 §3.9.1.9, MUST-48).
    classes: Vec<(SocketPair, u8)>,
}

impl Line {
    /// Puts a datagram of the host on the wire.
    fn take(&mut self, datagram: &Datagram<'_>) {
        let endpoints = wire::Endpoints { source: datagram.pair.local, destination: datagram.pair.remote };
        let options = wire::OptionOctets::of(datagram.segment);
        let chosen = self.classes.iter().find(|(pair, _)| *pair == datagram.pair);
        let traffic_class = chosen.map_or(0, |(_, class)| *class);
        let header =
            wire::Header { traffic_class, ..wire::Header::of_outgoing(datagram.segment, options.as_slice()) };
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.clear();
        wire::build(&endpoints, &header, [datagram.text.0, datagram.text.1], &mut packet)
            .expect("a host speaks one address family and four octets of options fit");
        self.emitted.push_back(packet);
    }

    /// What this pair of sockets sends carries `class` from now on.
    fn choose_class(&mut self, pair: SocketPair, class: u8) {
        self.classes.retain(|(chosen, _)| *chosen != pair);
        self.classes.push((pair, class));
    }
}

/// Initial send sequence numbers: a clock of four microseconds plus a keyed hash of the pair (RFC 6528 §3).
fn choose_iss(pair: &SocketPair, now: Instant, secret: u64) -> SeqNumber {
    let mut hasher = DefaultHasher::new();
    (secret, pair).hash(&mut hasher);
    clocked_iss(pair, now, hasher.finish())
}

/// Initial send sequence numbers from a clock of four microseconds that begins at `start` (RFC 9293 §3.4.1).
fn clocked_iss(_pair: &SocketPair, now: Instant, start: u64) -> SeqNumber {
    let low = |value: u64| u32::try_from(value & u64::from(u32::MAX)).unwrap_or_default();
    SeqNumber(low(now.0 / 4)) + low(start)
}

impl<S: FnMut(&mut Tcb, Context, Event<'_>, &mut Actions)> Stack for Reference<S> {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        let (ip_header, default_mss) = if setup.local.is_ipv4() { (20, 536) } else { (40, 1220) };
        let largest_text = setup.mtu.saturating_sub(ip_header + 20);
        let profile = Profile {
            receive_buffer: setup.receive_buffer,
            send_buffer: setup.send_buffer,
            announced_mss: largest_text,
            largest_text,
            default_mss,
            nagle: setup.nagle,
            congestion_control: setup.congestion_control,
            ..self.profile
        };
        self.host.start_over(Settings {
            address: setup.local,
            iss: match self.iss_at_start {
                Some(iss) => IssSource::Function { choose: clocked_iss, secret: iss.0.into() },
                None => IssSource::Function { choose: choose_iss, secret: setup.seed },
            },
            ..settings_at_rest(profile)
        });
        self.refusing = false;
        self.now = Instant::ZERO;
        self.line.spare.extend(self.line.emitted.drain(..));
        self.line.classes.clear();
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        match call {
            UserCall::Listen { port } => match self.host.listen(port, None) {
                Ok(id) => CallOutcome::Opened(SocketId(id.0)),
                Err(error) => CallOutcome::Error(failure(error, None)),
            },
            UserCall::Connect { port, remote } => {
                let Self { host, now, line, .. } = self;
                match host.connect(*now, port, remote, &mut |datagram| line.take(&datagram)) {
                    Ok(id) => CallOutcome::Opened(SocketId(id.0)),
                    Err(error) => CallOutcome::Error(failure(error, None)),
                }
            }
            UserCall::Accept { listener } => match self.host.accept(ConnectionId(listener.0)) {
                Some(id) => CallOutcome::Opened(SocketId(id.0)),
                None => CallOutcome::WouldBlock,
            },
            UserCall::Send { socket, text, urgent } => self.send(socket, text, urgent),
            UserCall::Receive { socket, max } => self.receive(socket, max),
            UserCall::Set { socket, knob } => self.set(socket, knob),
            UserCall::Close { socket } | UserCall::Abort { socket } => {
                let ending = self.connection(socket).and_then(|connection| connection.ending);
                let close = matches!(call, UserCall::Close { .. });
                match self.host_call(socket, if close { Call::Close } else { Call::Abort }) {
                    Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
                    _ => CallOutcome::Ok,
                }
            }
        }
    }

    fn deliver(&mut self, packet: &[u8]) {
        let Ok(parsed) = wire::parse(packet) else {
            return self.icmp_arrives(packet);
        };
        let Self { host, now, line, .. } = self;
        let (source, destination) = (parsed.endpoints.source, parsed.endpoints.destination);
        host.segment_arrives(*now, source, destination, &parsed.segment, &mut |datagram| {
            line.take(&datagram);
        });
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        packet.clear();
        if self.refusing {
            return false;
        }
        let Some(next) = self.line.emitted.pop_front() else { return false };
        packet.extend_from_slice(&next);
        self.line.spare.push(next);
        true
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        while self.line.emitted.is_empty() || self.refusing {
            let Some(deadline) = self.host.next_deadline().filter(|deadline| *deadline <= time) else {
                self.now = self.now.max(time);
                break;
            };
            self.now = self.now.max(deadline);
            let Self { host, now, line, .. } = self;
            host.timeouts(*now, &mut |datagram| line.take(&datagram));
        }
        self.now
    }

    fn next_timer(&self) -> NextTimer {
        self.host.next_deadline().map_or(NextTimer::Never, NextTimer::At)
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        let id = ConnectionId(socket.0);
        let listening = self.host.listener(id).map(|_| State::Listen);
        let unaccepted = || self.host.unaccepted(id).map(|connection| connection.tcb.state);
        self.connection(socket).map(|connection| connection.tcb.state).or_else(unaccepted).or(listening)
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        self.connection(socket).map(|connection| connection.pair.remote)
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.refusing = refuse;
    }

    fn take_rules(&mut self) -> RuleSet {
        self.host.take_rules()
    }
}
