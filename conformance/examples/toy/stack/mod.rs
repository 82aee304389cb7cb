//! The adapter: what makes a [`Stack`] of the toy. Yours is of this size.

use std::borrow::Cow;
use std::time::Duration;

use self::connection::{Connection, Ended, MSL, Read};
use self::host::{Host, Settings};
use tcpspec::stack::{
    CallFailure, CallOutcome, Capability, Clock, Declaration, Instant, Knob, NextTimer, Setup, SocketId,
    Stack, State, UserCall,
};

pub(crate) use self::host::Bug;

mod connection;
mod host;
mod sending;
mod wire;

/// The toy under test.
#[derive(Debug)]
pub(crate) struct Toy {
    bugs: Vec<Bug>,
    declaration: Declaration,
    host: Host,
}

impl Toy {
    /// A toy with these bugs.
    #[must_use]
    pub(crate) fn with(bugs: &[Bug]) -> Self {
        let lack = |capability, reason| (capability, Cow::Borrowed(reason));
        let declaration = Declaration {
            name: "toy".into(),
            version: "0.1.0".into(),
            msl: Duration::from_micros(MSL),
            msl_source: "MSL in examples/toy/connection.rs".into(),
            settle: Duration::ZERO,
            clock: Clock::Virtual,
            lacks: vec![
                lack(Capability::Urgent, "the toy ignores the urgent pointer"),
                lack(Capability::KeepAlive, "the toy sends none"),
                lack(Capability::UserTimeout, "the toy's R2 is fixed"),
                lack(Capability::TrafficClass, "the toy writes zero"),
                lack(Capability::TimeToLive, "the toy writes 64"),
                lack(Capability::SourceRoute, "the toy knows none"),
                lack(Capability::Reports, "the toy tells nothing unasked"),
                lack(Capability::ReturnRoute, "the toy skips IPv4 options"),
                lack(Capability::Icmp, "the toy hears no ICMP"),
                lack(Capability::CongestionControl, "the toy has none"),
                lack(Capability::WindowScaling, "the toy offers no shift"),
                lack(Capability::SelectiveAcknowledgment, "the toy reports no blocks"),
            ],
            chooses: Vec::new(),
        };
        let nowhere = std::net::Ipv4Addr::UNSPECIFIED.into();
        let host = Host::new(settings(nowhere, 0, (0, 0), 1500, true, bugs));
        Self { bugs: bugs.to_vec(), declaration, host }
    }
}

fn settings(
    address: std::net::IpAddr,
    seed: u64,
    (receive_buffer, send_buffer): (u32, u32),
    mtu: u16,
    nagle: bool,
    bugs: &[Bug],
) -> Settings {
    let headers = if address.is_ipv4() { 40 } else { 60 };
    Settings {
        address,
        seed,
        receive_buffer: receive_buffer as usize,
        send_buffer: send_buffer as usize,
        largest_text: usize::from(mtu.saturating_sub(headers)),
        nagle,
        bugs: bugs.to_vec(),
    }
}

fn outcome(result: Result<CallOutcome, Ended>) -> CallOutcome {
    result.unwrap_or_else(|ended| {
        CallOutcome::Error(match ended {
            Ended::NoConnection => CallFailure::NoConnection,
            Ended::Reset => CallFailure::Reset,
            Ended::Refused => CallFailure::Refused,
            Ended::TimedOut => CallFailure::TimedOut,
            Ended::Closing => CallFailure::Closing,
            Ended::Because(words) => CallFailure::Other(words.into()),
        })
    })
}

fn opened(socket: usize) -> CallOutcome {
    CallOutcome::Opened(SocketId(u32::try_from(socket).expect("fewer sockets than u32 can count")))
}

const fn number(socket: SocketId) -> usize {
    socket.0 as usize
}

impl Stack for Toy {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        let buffers = (setup.receive_buffer, setup.send_buffer);
        let settings = settings(setup.local, setup.seed, buffers, setup.mtu, setup.nagle, &self.bugs);
        self.host = Host::new(settings);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        let host = &mut self.host;
        outcome(match call {
            UserCall::Listen { port } => host.listen(port).map(opened),
            UserCall::Connect { port, remote, route: _ } => host.connect(port, remote).map(opened),
            UserCall::Accept { listener } => {
                host.accept(number(listener)).map(|accepted| accepted.map_or(CallOutcome::WouldBlock, opened))
            }
            UserCall::Send { socket, text, urgent: _ } => host
                .on(number(socket), Err(Ended::Because("no peer yet")), |connection, outgoing| {
                    connection.send(text, outgoing)
                })
                .map(CallOutcome::Sent),
            UserCall::Receive { socket, max } => host
                .on(number(socket), Ok(Read::Nothing), |connection, outgoing| {
                    connection.receive(max, outgoing)
                })
                .map(|read| match read {
                    Read::Text(text) => CallOutcome::Received(text),
                    Read::Nothing => CallOutcome::WouldBlock,
                    Read::End => CallOutcome::EndOfStream,
                }),
            UserCall::Close { socket } => {
                host.give_up(number(socket), Connection::close).map(|()| CallOutcome::Ok)
            }
            UserCall::Abort { socket } => {
                host.give_up(number(socket), Connection::abort).map(|()| CallOutcome::Ok)
            }
            UserCall::Set { socket, knob: Knob::Nagle(on) } => host
                .on(number(socket), Err(Ended::NoConnection), |connection, _| {
                    connection.sending.nagle = on;
                    Ok(())
                })
                .map(|()| CallOutcome::Ok),
            UserCall::Set { .. } => Err(Ended::Because("no such knob")),
            UserCall::Report { .. } => Err(Ended::Because("nothing is told unasked")),
        })
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.host.deliver(packet);
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        let next = self.host.take_packet();
        packet.clear();
        packet.extend(next.iter().flatten());
        next.is_some()
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.host.run_until(time.0);
        Instant(self.host.now)
    }

    fn next_timer(&self) -> NextTimer {
        self.host.next_timer().map_or(NextTimer::Never, |time| NextTimer::At(Instant(time)))
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.host.state(number(socket)).and_then(State::from_name)
    }

    fn remote(&self, socket: SocketId) -> Option<std::net::SocketAddr> {
        self.host.remote(number(socket))
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.host.refusing = refuse;
    }
}
