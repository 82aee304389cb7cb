//! The executable reference as a stack under test: tcpspec-core's host, a codec and a virtual clock.
//!
//! It is held to the same suite as everybody else. Nothing here decides anything about TCP.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tcpspec_core::event::{Call, CallError, Outcome, Remote, Signal};
use tcpspec_core::host::{Connection, ConnectionId, Ending, Host, IssSource, Settings, SocketPair, Step};
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Actions, Context, Event, IcmpError, Instant, Profile, RuleSet, SeqNumber, State, Tcb};

use super::{
    CallFailure, CallOutcome, Capability, Choice, Clock, Declaration, Knob, NextTimer, Report, Setup,
    SocketId, Stack, UserCall,
};
use crate::wire;
use line::Line;

mod line;

/// Connections that a listener may hold before they are accepted.
const BACKLOG: usize = 16;

/// A user timeout that never ends, as far as anybody can wait.
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

/// Records of connections.
const MOST_CONNECTIONS: usize = 256;

/// The reference with a choice of profile, and of what takes the events of its connections.
#[derive(Clone, Debug)]
pub struct Reference<S = Step> {
    declaration: Declaration,
    profile: Profile,
    iss_at_start: Option<SeqNumber>,
    host: Host<S>,
    address: IpAddr,
    /// Octets of text in the largest packet without IP options.
    largest_text: u16,
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
        Self::with_profile_and_step(Profile::extended(), step)
    }

    /// Likewise, with other choices.
    #[must_use]
    pub fn with_profile_and_step(profile: Profile, step: S) -> Self {
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
            address: Ipv4Addr::UNSPECIFIED.into(),
            largest_text: profile.largest_text,
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

    /// The route is there before the SYN is. Where the OPEN fails, the pair's connection keeps what it had.
    fn connect(&mut self, port: u16, remote: SocketAddr, route: &[Ipv4Addr]) -> CallOutcome {
        let pair = SocketPair { local: SocketAddr::new(self.address, port), remote };
        let before = self.line.of(pair).clone();
        *self.line.of(pair) = line::Chosen::by_the_user(route);
        let Self { host, now, line, .. } = self;
        match host.connect(*now, port, remote, &mut |datagram| line.take(&datagram)) {
            Ok(id) => {
                self.make_room_for_the_route(pair);
                CallOutcome::Opened(SocketId(id.0))
            }
            Err(error) => {
                *self.line.of(pair) = before;
                CallOutcome::Error(failure(error, None))
            }
        }
    }

    /// A segment arrived for a pair of sockets, by a source route or none (RFC 9293 §3.9.2.1). What an earlier connection
    /// of the pair left behind is none of this one's.
    fn came_by(&mut self, pair: SocketPair, route: Option<wire::SourceRoute<'_>>) {
        let live = |connection: &Connection| connection.pair == pair && connection.tcb.state != State::Closed;
        if self.line.knows(&pair) && !self.host.connections().iter().any(live) {
            self.line.forget(&pair);
        }
        if let Some(route) = route {
            self.line.of(pair).came_by(route.passed(), pair.remote.ip());
        }
    }

    /// IP options take their room from the text (§3.7.1, MUST-16).
    fn make_room_for_the_route(&mut self, pair: SocketPair) {
        let Self { host, now, line, largest_text, .. } = self;
        let octets = largest_text.saturating_sub(line.of(pair).option_octets());
        host.limit_text(*now, &pair, octets, &mut |datagram| line.take(&datagram));
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
            Knob::Nagle(on) => match self.host_call(socket, Call::Nagle { on }) {
                Outcome::Error(error) => CallOutcome::Error(failure(error, ending)),
                _ => CallOutcome::Ok,
            },
            Knob::UserTimeout(timeout) => {
                let timeout = timeout.or(self.profile.user_timeout).or(Some(FOR_EVER));
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
                self.line.of(pair).traffic_class = class;
                CallOutcome::Ok
            }
            Knob::ErrorReports(on) => {
                self.host.set_error_reports(ConnectionId(socket.0), on);
                CallOutcome::Ok
            }
            Knob::TimeToLive(ttl) => {
                let pair = connection.pair;
                self.line.of(pair).ttl = ttl;
                CallOutcome::Ok
            }
        }
    }

    /// The next of what the host tells the user of a connection.
    fn report(&mut self, socket: SocketId) -> CallOutcome {
        if self.connection(socket).is_none() {
            return CallOutcome::Error(CallFailure::NoConnection);
        }
        match self.host.next_report(ConnectionId(socket.0)) {
            Some(Signal::UrgentText) => CallOutcome::Reported(Report::UrgentText),
            Some(Signal::UrgentTextEnds) => CallOutcome::Reported(Report::UrgentTextEnds),
            Some(Signal::DeliveryTrouble) => CallOutcome::Reported(Report::DeliveryTrouble),
            // The others are told by what other calls answer.
            Some(_) | None => CallOutcome::WouldBlock,
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
        self.address = setup.local;
        self.largest_text = largest_text;
        self.line.start_over();
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        match call {
            UserCall::Listen { port } => match self.host.listen(port, None) {
                Ok(id) => CallOutcome::Opened(SocketId(id.0)),
                Err(error) => CallOutcome::Error(failure(error, None)),
            },
            UserCall::Connect { port, remote, route } => self.connect(port, remote, route),
            UserCall::Accept { listener } => match self.host.accept(ConnectionId(listener.0)) {
                Some(id) => CallOutcome::Opened(SocketId(id.0)),
                None => CallOutcome::WouldBlock,
            },
            UserCall::Send { socket, text, urgent } => self.send(socket, text, urgent),
            UserCall::Receive { socket, max } => self.receive(socket, max),
            UserCall::Set { socket, knob } => self.set(socket, knob),
            UserCall::Report { socket } => self.report(socket),
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
        if parsed.route.is_some_and(|route| !route.is_complete()) {
            // It is a router that would send it on, and this is a host.
            return;
        }
        let (source, destination) = (parsed.endpoints.source, parsed.endpoints.destination);
        let pair = SocketPair { local: destination, remote: source };
        let route = parsed.route.filter(|_| parsed.segment.integrity == Integrity::Sound);
        self.came_by(pair, route);
        let Self { host, now, line, .. } = self;
        host.segment_arrives(*now, source, destination, &parsed.segment, &mut |datagram| {
            line.take(&datagram);
        });
        if route.is_some() {
            self.make_room_for_the_route(pair);
        }
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        packet.clear();
        if self.refusing {
            return false;
        }
        self.line.give(packet)
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        while self.line.is_idle() || self.refusing {
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
