//! The Linux kernel that runs this program as a stack under test, on its own clock.
//!
//! Each run gets a network namespace with one TUN device in it: what the kernel sends into the device is what it says,
//! what is written to the device is what it hears, and none of it can reach another network. Namespace, device and
//! connections are gone when the next run begins. Packets that do not carry TCP are left out.
//!
//! The kernel processes a packet before the write to the device returns, so its answer is there at once. Only its
//! timers take time.
//!
//! Congestion control cannot be switched off; it begins with ten segments. The kernel doubles the sizes of buffers
//! to make room for its own records, does not go below about two thousand octets, and offers windows in whole
//! segments. Initial sequence numbers do not follow from the seed.
//!
//! It needs to be root and `/dev/net/tun`.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::panic::resume_unwind;
use std::time::{Duration, Instant as Moment};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::utsname::uname;
use tcpspec_core::{Instant, State};
use tun_rs::SyncDevice;

use self::namespace::Namespace;
use self::sockets::{BACKLOG, Endpoint, failed};
use crate::wire::carries_tcp;

use super::{
    CallFailure, CallOutcome, Capability, Choice, Clock, Declaration, Lost, NextTimer, Setup, SocketId,
    Stack, UserCall,
};

mod namespace;
mod sockets;
mod table;
#[cfg(test)]
mod tests;

/// How long the kernel, this program and what else the machine does may take to act at once. Twice the 40 ms for which
/// the kernel holds back an acknowledgment by default, and then some.
const SETTLE: Duration = Duration::from_millis(100);

/// The adapter. Any use before the first [`Stack::reset`] but for the declaration panics. A reset that the system does not
/// allow unwinds with [`Lost`]; [`Linux::new`] has tried one.
pub struct Linux {
    declaration: Declaration,
    host: Option<Host>,
}

impl Linux {
    /// An adapter that still has to be [reset](Stack::reset).
    ///
    /// # Errors
    /// The kernel cannot be tested here; why.
    pub fn new() -> Result<Self, String> {
        let probe = Setup {
            local: [192, 0, 2, 1].into(),
            peer: [192, 0, 2, 2].into(),
            seed: 0,
            receive_buffer: 4096,
            send_buffer: 4096,
            mtu: 1500,
            nagle: true,
            congestion_control: false,
        };
        namespace::network(&probe)?;
        Ok(Self { declaration: declaration(&release()?), host: None })
    }

    fn host(&mut self) -> &mut Host {
        self.host.as_mut().expect("Stack::reset comes before any other use")
    }
}

/// The kernel's name for its version, such as `6.1.0-18-amd64`.
fn release() -> Result<String, String> {
    let names = uname().map_err(|error| format!("cannot tell the kernel's version: {error}"))?;
    Ok(names.release().to_string_lossy().into_owned())
}

/// What Linux is, cannot do, and chose.
fn declaration(release: &str) -> Declaration {
    Declaration {
        name: "linux".into(),
        // What follows the three numbers is a build of that version, not one that comes before it.
        version: release.replacen('-', "+", 1).into(),
        msl: Duration::from_secs(30),
        msl_source: "half of TCP_TIMEWAIT_LEN, 60 s, in Linux's include/net/tcp.h".into(),
        settle: SETTLE,
        clock: Clock::Real,
        lacks: vec![(
            Capability::SourceRoute,
            "Linux takes it by setsockopt(IP_OPTIONS), for which this adapter has no safe binding".into(),
        ), (
            Capability::Reports,
            "Linux tells by SIGURG, by poll and by IP_RECVERR's queue, none of which this adapter asks".into(),
        ), (
            Capability::RefusingDevice,
            "a TUN device of Linux drops what nobody takes; it does not refuse it (drivers/net/tun.c, tun_net_xmit)".into(),
        ), (
            Capability::ExactBuffers,
            "SO_RCVBUF and SO_SNDBUF count the kernel's overhead, and have a least value (net/core/sock.c)".into(),
        )],
        chooses: vec![
            (
                Choice::DelayedAcknowledgment(Duration::from_millis(200)),
                "TCP_DELACK_MAX in Linux's include/net/tcp.h".into(),
            ),
            (
                Choice::HalfOpenTimeout(Duration::from_secs(63)),
                "net.ipv4.tcp_synack_retries is 5: given up after 1 + 2 + 4 + 8 + 16 + 32 s".into(),
            ),
            (Choice::Backlog(BACKLOG.into()), "what this adapter passes to listen(2)".into()),
        ],
    }
}

impl Stack for Linux {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        // First the connections, which hold the old namespace, then the namespace.
        self.host = None;
        match Host::new(setup) {
            Ok(host) => self.host = Some(host),
            // That says nothing about the kernel's TCP.
            Err(reason) => {
                resume_unwind(Box::new(Lost { what: reason, last_words: Vec::new(), finding: false }))
            }
        }
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        self.host().call(call)
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.host().device.send(packet).expect("a device takes every packet with an IP header");
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        packet.clear();
        let host = self.host();
        host.listen_to_device();
        match host.outgoing.pop_front() {
            None => false,
            Some(next) => {
                *packet = next;
                true
            }
        }
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.host().run_until(time)
    }

    fn next_timer(&self) -> NextTimer {
        NextTimer::Unknown
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.host.as_ref()?.state(socket)
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        self.host.as_ref()?.endpoints.get(index(socket))?.remote
    }
}

/// A namespace with all that is in it.
struct Host {
    /// In the order of their [`SocketId`]s. They are dropped first, while they can still be reset.
    endpoints: Vec<Endpoint>,
    device: SyncDevice,
    namespace: Namespace,
    setup: Setup,
    begun: Moment,
    /// TCP packets that were read from the device.
    outgoing: VecDeque<Vec<u8>>,
    buffer: Vec<u8>,
}

impl Host {
    fn new(setup: &Setup) -> Result<Self, String> {
        let (namespace, device) = namespace::network(setup)?;
        Ok(Self {
            endpoints: Vec::new(),
            device,
            namespace,
            setup: *setup,
            begun: Moment::now(),
            outgoing: VecDeque::new(),
            buffer: vec![0; usize::from(u16::MAX)],
        })
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        let setup = self.setup;
        match call {
            UserCall::Listen { port } => self.open(|setup| Endpoint::listen(setup, port)),
            UserCall::Connect { port, remote, route: _ } => {
                self.open(|setup| Endpoint::connect(setup, port, remote))
            }
            UserCall::Accept { listener } => {
                match self.endpoint(listener).map(|listener| listener.accept()) {
                    None => CallOutcome::Error(CallFailure::NoConnection),
                    Some(Err(outcome)) => outcome,
                    Some(Ok(endpoint)) => self.opened(endpoint),
                }
            }
            UserCall::Send { socket, text, urgent } => self.on(socket, |it| it.send(text, urgent)),
            UserCall::Receive { socket, max } => self.on(socket, |it| it.receive(max)),
            UserCall::Close { socket } => self.on(socket, Endpoint::close),
            UserCall::Abort { socket } => self.on(socket, Endpoint::abort),
            UserCall::Set { socket, knob } => self.on(socket, |it| it.set(knob, &setup)),
            UserCall::Report { .. } => CallOutcome::Error(CallFailure::Other("not asked for".into())),
        }
    }

    /// Opens a socket inside the namespace.
    fn open(&mut self, open: impl FnOnce(&Setup) -> io::Result<Endpoint>) -> CallOutcome {
        let opened = self.namespace.visit().and_then(|_visit| open(&self.setup));
        match opened {
            Ok(endpoint) => self.opened(endpoint),
            Err(error) => failed(&error, false),
        }
    }

    fn opened(&mut self, endpoint: Endpoint) -> CallOutcome {
        let id = SocketId(u32::try_from(self.endpoints.len()).expect("fewer sockets than u32 can count"));
        self.endpoints.push(endpoint);
        CallOutcome::Opened(id)
    }

    fn endpoint(&mut self, socket: SocketId) -> Option<&mut Endpoint> {
        self.endpoints.get_mut(index(socket))
    }

    fn on(&mut self, socket: SocketId, call: impl FnOnce(&mut Endpoint) -> CallOutcome) -> CallOutcome {
        self.endpoint(socket).map_or(CallOutcome::Error(CallFailure::NoConnection), call)
    }

    fn now(&self) -> Instant {
        Instant(u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX))
    }

    /// Waits until `time`, or until the kernel has sent something.
    fn run_until(&mut self, time: Instant) -> Instant {
        loop {
            self.listen_to_device();
            let now = self.now();
            if now >= time || !self.outgoing.is_empty() {
                return now;
            }
            self.wait(time.since(now));
        }
    }

    /// Waits so long, or until the device has something to read.
    fn wait(&self, time: Duration) {
        // Whole milliseconds, rounded up; who has to wait longer than this can count asks again.
        let time = time.as_micros().div_ceil(1000).try_into().unwrap_or(i32::MAX);
        let timeout = PollTimeout::try_from(time).expect("not negative");
        // Whatever ends the wait, a signal too, the caller looks at the clock and at the device.
        let _ = poll(&mut [PollFd::new(self.device.as_fd(), PollFlags::POLLIN)], timeout);
    }

    /// Reads what the kernel has sent.
    fn listen_to_device(&mut self) {
        loop {
            match self.device.recv(&mut self.buffer) {
                Ok(len) if carries_tcp(&self.buffer[..len]) => {
                    self.outgoing.push_back(self.buffer[..len].to_vec());
                }
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => panic!("cannot read from the device: {error}"),
            }
        }
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        let endpoint = self.endpoints.get(index(socket))?;
        let _visit = self.namespace.visit().ok()?;
        let mut rows = table::rows(self.setup.local.is_ipv4());
        rows.retain(|row| row.local == endpoint.local);
        let of_peer = |remote: u16| rows.iter().find(|row| row.remote == remote).map(|row| row.state);
        Some(
            match endpoint.remote {
                Some(remote) => of_peer(remote.port()),
                None => {
                    let accepted = |port| {
                        self.endpoints.iter().any(|it| it.remote.is_some_and(|remote| remote.port() == port))
                    };
                    let waiting = rows.iter().find(|row| row.state != State::Listen && !accepted(row.remote));
                    waiting.map(|row| row.state).or_else(|| of_peer(0))
                }
            }
            .unwrap_or(State::Closed),
        )
    }
}

const fn index(socket: SocketId) -> usize {
    socket.0 as usize
}
