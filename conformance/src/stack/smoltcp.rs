//! smoltcp as a stack under test, in this process and on a virtual clock.
//!
//! The adapter is an event loop such as smoltcp's documentation asks for: poll after each packet and each
//! user call, then whenever `poll_at` says. One smoltcp socket is one connection: a listening socket *becomes* its
//! connection. So the adapter, as programs do, keeps another one listening whenever the last one got a request. And as
//! programs do it opens a socket again that is closed, where there is one: nothing of the connection before may show.
//!
//! smoltcp answers `InvalidState` to calls on connections that are not there (yet, or any more), whatever the
//! cause. A program that looks at `state()` after each poll knows more, and so does the adapter: it remembers
//! the last state that was not CLOSED. smoltcp closes a socket by itself on a reset, at the end of LAST-ACK
//! and TIME-WAIT, on a user timeout and when its address is taken away; the adapter never does the last two.
//! So a socket that went to CLOSED from ESTABLISHED was reset, and one that went there from SYN-SENT was
//! refused.
//!
//! It leaves out timestamps. Congestion control is off unless a scenario asks for it, so that the peer's window alone
//! governs what is sent. The delayed acknowledgment is left at smoltcp's default of 10 ms. Checksums are left on;
//! smoltcp skips the test of TCP checksums under `cfg(fuzzing)`.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::Duration;

use ::smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use ::smoltcp::socket::{Socket, tcp};
use ::smoltcp::time::{Duration as SmoltcpDuration, Instant as SmoltcpInstant};
use ::smoltcp::wire::{HardwareAddress, IpCidr};

use tcpspec_core::{Instant, State};

use self::device::Device;
use self::listening::UserSocket;
use super::{
    CallFailure, CallOutcome, Capability, Choice, Clock, Declaration, Knob, NextTimer, Setup, SocketId,
    Stack, UserCall,
};

mod device;
mod listening;

/// What smoltcp is, cannot do, and chose.
static DECLARATION: LazyLock<Declaration> = LazyLock::new(|| {
    Declaration {
    name: "smoltcp".into(),
    version: "0.14.0".into(),
    msl: Duration::from_secs(5),
    msl_source: "half of CLOSE_DELAY, 10 s, in smoltcp's src/socket/tcp.rs".into(),
    settle: Duration::from_millis(1),
    clock: Clock::Virtual,
    lacks: vec![
        (
            Capability::Urgent,
            "smoltcp ignores the urgent pointer and cannot send urgent text (src/wire/tcp.rs, Repr::parse)"
                .into(),
        ),
        (
            Capability::TrafficClass,
            "smoltcp writes a Diffserv field of zero (src/wire/ipv4.rs, Repr::emit)".into(),
        ),
        (
            Capability::Reports,
            "smoltcp tells its user of nothing but ends: it has no urgent text and hears no ICMP (src/socket/tcp.rs)"
                .into(),
        ),
        (Capability::SourceRoute, "smoltcp sends no IPv4 options (src/wire/ipv4.rs, Repr::emit)".into()),
        (
            Capability::Icmp,
            "smoltcp hands no ICMP error to a TCP socket (src/iface/interface/ipv4.rs)".into(),
        ),
    ],
    chooses: vec![
        (
            Choice::DelayedAcknowledgment(Duration::from_millis(10)),
            "ACK_DELAY_DEFAULT in smoltcp's src/socket/tcp.rs".into(),
        ),
        (
            Choice::ThrottledAcknowledgments { limit: 1, interval: Duration::from_secs(1) },
            "challenge_ack_reply in smoltcp's src/socket/tcp.rs".into(),
        ),
        (
            Choice::Backlog(listening::BACKLOG),
            "smoltcp leaves it to the program, here BACKLOG in src/stack/smoltcp/listening.rs".into(),
        ),
    ],
}
});

/// How often `poll_at` may ask for another poll at the same time before this counts as an endless loop.
const MAX_IDLE_POLLS: u32 = 10_000;

/// The adapter. Any use before the first [`Stack::reset`] but for the declaration panics.
#[derive(Default)]
pub struct Smoltcp {
    host: Option<Host>,
}

impl Smoltcp {
    /// An adapter that still has to be [reset](Stack::reset).
    #[must_use]
    pub const fn new() -> Self {
        Self { host: None }
    }

    fn host(&mut self) -> &mut Host {
        self.host.as_mut().expect("Stack::reset comes before any other use")
    }
}

impl Stack for Smoltcp {
    fn declaration(&self) -> &Declaration {
        &DECLARATION
    }

    fn reset(&mut self, setup: &Setup) {
        self.host = Some(Host::new(setup));
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        let host = self.host();
        let outcome = host.call(call);
        host.poll();
        outcome
    }

    fn deliver(&mut self, packet: &[u8]) {
        let host = self.host();
        host.device.put(packet);
        host.poll();
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        self.host().device.take(packet)
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        let host = self.host();
        host.run_until(SmoltcpInstant::from_micros(i64::try_from(time.0).unwrap_or(i64::MAX)));
        instant(host.now)
    }

    fn next_timer(&self) -> NextTimer {
        let host = self.host.as_ref().expect("Stack::reset comes before any other use");
        host.due.map_or(NextTimer::Never, |due| NextTimer::At(instant(due)))
    }

    fn refuse_packets(&mut self, refuse: bool) {
        let host = self.host();
        host.device.refuse(refuse);
        host.poll();
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        let host = self.host.as_ref()?;
        let handle = host.connections.get(host.subject(socket)?)?.handle?;
        let remote = host.sockets.get::<tcp::Socket<'_>>(handle).remote_endpoint()?;
        Some(SocketAddr::new(remote.addr.into(), remote.port))
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        let host = self.host.as_ref()?;
        let connection = host.connections.get(host.subject(socket)?)?;
        Some(connection.handle.map_or(State::Closed, |handle| host.state(handle)))
    }
}

/// One smoltcp host with all its connections.
struct Host {
    setup: Setup,
    device: Device,
    interface: Interface,
    sockets: SocketSet<'static>,
    /// What the user's sockets are, in the order of their [`SocketId`]s.
    users: Vec<UserSocket>,
    connections: Vec<Connection>,
    now: SmoltcpInstant,
    /// When `poll_at` wants the next poll, never before `now`.
    due: Option<SmoltcpInstant>,
}

/// What a program knows of one socket.
struct Connection {
    /// The smoltcp socket; none once another connection has it.
    handle: Option<SocketHandle>,
    /// The last state but CLOSED that the socket showed after a poll.
    last_open: State,
    /// The user made the socket CLOSED: ABORT, or CLOSE where there was no connection yet.
    given_up: bool,
    /// The peer had closed, and all was read, when another connection got the socket.
    ended: bool,
}

impl Host {
    fn new(setup: &Setup) -> Self {
        let now = SmoltcpInstant::ZERO;
        let mut device = Device::new(setup.mtu);
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = setup.seed;
        let mut interface = Interface::new(config, &mut device, now);
        // Needs no route: an interface without a link layer sends everything down its one wire.
        let prefix = if setup.local.is_ipv4() { 24 } else { 64 };
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(setup.local.into(), prefix)).expect("room for one address");
        });
        let sockets = SocketSet::new(Vec::new());
        Self {
            setup: *setup,
            device,
            interface,
            sockets,
            users: Vec::new(),
            connections: Vec::new(),
            now,
            due: None,
        }
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        match call {
            UserCall::Listen { port } => self.listen(port),
            UserCall::Connect { port, remote, route: _ } => {
                let mut socket = self.closed_socket();
                let local = (self.setup.local, port);
                match socket.connect(self.interface.context(), (remote.ip(), remote.port()), local) {
                    Ok(()) => self.opened(socket),
                    Err(tcp::ConnectError::InvalidState) => invalid_state(),
                    Err(tcp::ConnectError::Unaddressable) => unaddressable(),
                }
            }
            UserCall::Accept { listener } => self.accept(listener),
            UserCall::Send { socket, text, urgent: _ } => match self.connection(socket) {
                None => CallOutcome::Error(CallFailure::NoConnection),
                Some((connection, None)) => connection.why_invalid(State::Closed),
                Some((connection, Some(socket))) => match socket.send_slice(text) {
                    Ok(taken) => CallOutcome::Sent(taken),
                    Err(tcp::SendError::InvalidState) => connection.why_invalid(state(socket.state())),
                },
            },
            UserCall::Receive { socket, max } => match self.connection(socket) {
                None => CallOutcome::Error(CallFailure::NoConnection),
                Some((connection, None)) if connection.ended => CallOutcome::EndOfStream,
                Some((connection, None)) => connection.why_invalid(State::Closed),
                Some((connection, Some(socket))) => receive(connection, socket, max),
            },
            UserCall::Close { socket } => self.give_up(socket, |connection, socket| {
                socket.close();
                connection.given_up |= socket.state() == tcp::State::Closed;
            }),
            UserCall::Abort { socket } => self.give_up(socket, |connection, socket| {
                socket.abort();
                connection.given_up = true;
            }),
            UserCall::Set { socket, knob } => match self.connection(socket) {
                None => CallOutcome::Error(CallFailure::NoConnection),
                Some((_, None)) => CallOutcome::Ok,
                Some((_, Some(socket))) => set(socket, knob),
            },
            UserCall::Report { .. } => {
                CallOutcome::Error(CallFailure::Other("nothing is told unasked".into()))
            }
        }
    }

    /// A socket that is closed, to be opened; what the user has set for another connection is not set for this one.
    fn closed_socket(&mut self) -> tcp::Socket<'static> {
        let buffer = |octets: u32| tcp::SocketBuffer::new(vec![0; octets as usize]);
        let Setup { receive_buffer, send_buffer, .. } = self.setup;
        let new = || tcp::Socket::new(buffer(receive_buffer), buffer(send_buffer));
        let mut socket = self.free_socket().unwrap_or_else(new);
        socket.set_keep_alive(None);
        socket.set_timeout(None);
        socket.set_hop_limit(None);
        socket.set_nagle_enabled(self.setup.nagle);
        // The default depends on which features of smoltcp happen to be enabled.
        let reno = self.setup.congestion_control;
        socket.set_congestion_control(if reno {
            tcp::CongestionControl::Reno
        } else {
            tcp::CongestionControl::None
        });
        socket
    }

    /// Takes the socket of a connection that is over, if there is one: with nothing left to send to the peer, not even a
    /// reset, nor to give to the user.
    fn free_socket(&mut self) -> Option<tcp::Socket<'static>> {
        let Self { connections, sockets, .. } = self;
        let is_free = |handle: SocketHandle| {
            let socket = sockets.get::<tcp::Socket<'_>>(handle);
            let silent = socket.remote_endpoint().is_none() && socket.recv_queue() == 0;
            socket.state() == tcp::State::Closed && silent
        };
        let connection = connections.iter_mut().find(|connection| connection.handle.is_some_and(is_free))?;
        // smoltcp is built with no other kind of socket.
        let Socket::Tcp(mut socket) = sockets.remove(connection.handle.take()?);
        connection.ended = socket.recv_slice(&mut []) == Err(tcp::RecvError::Finished);
        Some(socket)
    }

    fn opened(&mut self, socket: tcp::Socket<'static>) -> CallOutcome {
        let connection = self.add(socket);
        self.named(UserSocket::Connection(connection))
    }

    /// Adds a smoltcp socket; returns its place among the connections.
    fn add(&mut self, socket: tcp::Socket<'static>) -> usize {
        let last_open = state(socket.state());
        let handle = Some(self.sockets.add(socket));
        self.connections.push(Connection { handle, last_open, given_up: false, ended: false });
        self.connections.len() - 1
    }

    /// Gives the user a socket.
    fn named(&mut self, socket: UserSocket) -> CallOutcome {
        self.users.push(socket);
        let number = u32::try_from(self.users.len() - 1).expect("fewer sockets than u32 can count");
        CallOutcome::Opened(SocketId(number))
    }

    /// The connection that a call is about, with its socket if it still has one.
    fn connection(
        &mut self,
        socket: SocketId,
    ) -> Option<(&mut Connection, Option<&mut tcp::Socket<'static>>)> {
        let subject = self.subject(socket)?;
        let connection = &mut self.connections[subject];
        let socket = connection.handle.map(|handle| self.sockets.get_mut::<tcp::Socket<'static>>(handle));
        Some((connection, socket))
    }

    fn state(&self, handle: SocketHandle) -> State {
        state(self.sockets.get::<tcp::Socket<'_>>(handle).state())
    }

    /// Lets smoltcp do everything that it can do now, then looks at what a program could see.
    fn poll(&mut self) {
        self.interface.poll(self.now, &mut self.device, &mut self.sockets);
        for connection in &mut self.connections {
            let Some(handle) = connection.handle else { continue };
            let state = state(self.sockets.get::<tcp::Socket<'_>>(handle).state());
            if state != State::Closed {
                connection.last_open = state;
            }
        }
        self.keep_listening();
        let due = self.interface.poll_at(self.now, &self.sockets);
        self.due = due.map(|due| due.max(self.now));
    }

    fn run_until(&mut self, time: SmoltcpInstant) {
        let mut idle_polls = 0;
        while !self.device.has_output() {
            match self.due {
                // A device that refuses packets leaves smoltcp with work to do now; asking again changes nothing.
                Some(due) if due <= time && (due > self.now || !self.device.refuses()) => {
                    idle_polls = if due > self.now { 0 } else { idle_polls + 1 };
                    assert!(
                        idle_polls < MAX_IDLE_POLLS,
                        "smoltcp asks for a poll at {} again and again and does nothing",
                        self.now
                    );
                    self.now = due;
                    self.poll();
                }
                _ => {
                    self.now = self.now.max(time);
                    return;
                }
            }
        }
    }
}

impl Connection {
    /// What `InvalidState` means for a program that has watched the socket.
    fn why_invalid(&self, now: State) -> CallOutcome {
        let failure = match now {
            State::SynSent | State::SynReceived => return CallOutcome::WouldBlock,
            State::Listen | State::Established | State::CloseWait => return invalid_state(),
            State::FinWait1 | State::FinWait2 | State::Closing | State::LastAck | State::TimeWait => {
                CallFailure::Closing
            }
            State::Closed if self.given_up => CallFailure::NoConnection,
            State::Closed => match self.last_open {
                State::SynSent | State::SynReceived => CallFailure::Refused,
                State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
                    CallFailure::Reset
                }
                State::Closed | State::Listen | State::Closing | State::LastAck | State::TimeWait => {
                    CallFailure::NoConnection
                }
            },
        };
        CallOutcome::Error(failure)
    }
}

fn receive(connection: &Connection, socket: &mut tcp::Socket<'_>, max: usize) -> CallOutcome {
    let mut text = vec![0; max.min(socket.recv_queue())];
    match socket.recv_slice(&mut text) {
        Ok(0) => CallOutcome::WouldBlock,
        Ok(taken) => {
            text.truncate(taken);
            CallOutcome::Received(text)
        }
        Err(tcp::RecvError::Finished) => CallOutcome::EndOfStream,
        // RECEIVE on a socket that waits for a peer is in order (RFC 9293 §3.10.3).
        Err(tcp::RecvError::InvalidState) if socket.is_listening() => CallOutcome::WouldBlock,
        Err(tcp::RecvError::InvalidState) => connection.why_invalid(state(socket.state())),
    }
}

/// Sets what a user of smoltcp may set. Setting a timeout of none, as here, is smoltcp's default: it never gives up.
fn set(socket: &mut tcp::Socket<'_>, knob: Knob) -> CallOutcome {
    let smoltcps =
        |time: Duration| SmoltcpDuration::from_micros(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    match knob {
        Knob::Nagle(on) => socket.set_nagle_enabled(on),
        Knob::KeepAlive(interval) => socket.set_keep_alive(interval.map(smoltcps)),
        Knob::UserTimeout(timeout) => socket.set_timeout(timeout.map(smoltcps)),
        Knob::TimeToLive(ttl) => socket.set_hop_limit(Some(ttl)),
        Knob::TrafficClass(_) | Knob::ErrorReports(_) => {
            return CallOutcome::Error(CallFailure::Other("no such knob".into()));
        }
    }
    CallOutcome::Ok
}

fn invalid_state() -> CallOutcome {
    CallOutcome::Error(CallFailure::Other("invalid state".into()))
}

fn unaddressable() -> CallOutcome {
    CallOutcome::Error(CallFailure::Other("unaddressable destination".into()))
}

fn index(socket: SocketId) -> usize {
    usize::try_from(socket.0).unwrap_or(usize::MAX)
}

/// The bench's name for a time of smoltcp's; its clock starts at zero here and never goes below.
fn instant(time: SmoltcpInstant) -> Instant {
    Instant(u64::try_from(time.total_micros()).unwrap_or(0))
}

const fn state(state: tcp::State) -> State {
    match state {
        tcp::State::Closed => State::Closed,
        tcp::State::Listen => State::Listen,
        tcp::State::SynSent => State::SynSent,
        tcp::State::SynReceived => State::SynReceived,
        tcp::State::Established => State::Established,
        tcp::State::FinWait1 => State::FinWait1,
        tcp::State::FinWait2 => State::FinWait2,
        tcp::State::CloseWait => State::CloseWait,
        tcp::State::Closing => State::Closing,
        tcp::State::LastAck => State::LastAck,
        tcp::State::TimeWait => State::TimeWait,
    }
}

#[cfg(test)]
mod tests;
