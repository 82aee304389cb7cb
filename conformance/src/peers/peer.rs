//! One end of two: a stack, its user and the link that carries what it sends.

use std::net::SocketAddr;

use tcpspec_core::State;

use crate::network::{Link, LinkOptions};
use crate::scenario::ScenarioCall;
use crate::stack::{CallFailure, CallOutcome, Setup, SocketId, Stack, UserCall};
use crate::trace::End;

/// How one end is set up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EndOptions {
    /// Address and port.
    pub socket: SocketAddr,
    /// Seed of what the stack chooses at random.
    pub seed: u64,
    /// Octets of receive buffer.
    pub receive_buffer: u32,
    /// Octets of send buffer.
    pub send_buffer: u32,
    /// Largest IP packet in octets.
    pub mtu: u16,
    /// Nagle's algorithm (RFC 9293 §3.7.4).
    pub nagle: bool,
    /// Congestion control (RFC 9293 §3.8.2).
    pub congestion_control: bool,
    /// The link that carries what this end sends.
    pub link: LinkOptions,
}

/// One end: a stack, its user and the link that carries what it sends.
pub(super) struct Peer {
    pub(super) stack: Box<dyn Stack>,
    pub(super) setup: Setup,
    pub(super) socket: SocketAddr,
    remote: SocketAddr,
    pub(super) listener: Option<SocketId>,
    pub(super) connection: Option<SocketId>,
    /// Octets that the user has sent on this connection.
    pub(super) sent: u32,
    pub(super) received: Vec<u8>,
    pub(super) outgoing: Link,
    /// The state that the trace showed last.
    pub(super) shown: Option<State>,
}

impl Peer {
    pub(super) fn new(mut stack: Box<dyn Stack>, options: &EndOptions, other: &EndOptions) -> Self {
        let setup = Setup {
            local: options.socket.ip(),
            peer: other.socket.ip(),
            seed: options.seed,
            receive_buffer: options.receive_buffer,
            send_buffer: options.send_buffer,
            mtu: options.mtu,
            nagle: options.nagle,
            congestion_control: options.congestion_control,
        };
        stack.reset(&setup);
        let _ = stack.take_rules();
        Self {
            stack,
            setup,
            socket: options.socket,
            remote: other.socket,
            listener: None,
            connection: None,
            sent: 0,
            received: Vec::new(),
            outgoing: Link::new(options.link),
            shown: Some(State::Closed),
        }
    }

    /// The user makes a call.
    pub(super) fn call(&mut self, end: End, call: ScenarioCall) -> CallOutcome {
        match call {
            ScenarioCall::OpenPassive => {
                let outcome = self.stack.call(UserCall::Listen { port: self.socket.port() });
                self.opened(&outcome, true);
                outcome
            }
            // There are no routers between two peers.
            ScenarioCall::OpenActive | ScenarioCall::OpenActiveBy(_) => {
                let (port, remote) = (self.socket.port(), self.remote);
                let outcome = self.stack.call(UserCall::Connect { port, remote, route: &[] });
                self.opened(&outcome, false);
                outcome
            }
            ScenarioCall::Send(len) | ScenarioCall::SendUrgent(len) => {
                let urgent = matches!(call, ScenarioCall::SendUrgent(_));
                let text: Vec<u8> =
                    (self.sent..self.sent.saturating_add(len)).map(|at| octet(end, at)).collect();
                let outcome = self.on_socket(|socket| UserCall::Send { socket, text: &text, urgent });
                if let CallOutcome::Sent(taken) = outcome {
                    self.sent += u32::try_from(taken).unwrap_or(u32::MAX);
                }
                outcome
            }
            ScenarioCall::Receive(max) => {
                let outcome = self.on_socket(|socket| UserCall::Receive { socket, max: max as usize });
                if let CallOutcome::Received(octets) = &outcome {
                    self.received.extend_from_slice(octets);
                }
                outcome
            }
            ScenarioCall::Close => self.on_socket(|socket| UserCall::Close { socket }),
            ScenarioCall::Report => self.on_socket(|socket| UserCall::Report { socket }),
            ScenarioCall::Abort => self.on_socket(|socket| UserCall::Abort { socket }),
            ScenarioCall::Set(knob) => {
                let knob = knob.resolve(self.stack.declaration().msl);
                self.on_socket(|socket| UserCall::Set { socket, knob })
            }
        }
    }

    /// A new socket begins a new story for the user; a refused OPEN changes nothing.
    fn opened(&mut self, outcome: &CallOutcome, listening: bool) {
        if let CallOutcome::Opened(socket) = outcome {
            let socket = Some(*socket);
            (self.listener, self.connection) = if listening { (socket, None) } else { (None, socket) };
            self.sent = 0;
            self.received.clear();
        }
    }

    /// Whether there is a connection; a listening socket is asked for one.
    pub(super) fn has_connection(&mut self) -> bool {
        if let (None, Some(listener)) = (self.connection, self.listener)
            && let CallOutcome::Opened(socket) = self.stack.call(UserCall::Accept { listener })
        {
            self.connection = Some(socket);
        }
        self.connection.is_some()
    }

    /// Makes a call on the connection; on the listening socket while it has no connection to give.
    fn on_socket<'c>(&mut self, call: impl FnOnce(SocketId) -> UserCall<'c>) -> CallOutcome {
        self.has_connection();
        match self.connection.or(self.listener) {
            Some(socket) => self.stack.call(call(socket)),
            None => CallOutcome::Error(CallFailure::NoConnection),
        }
    }
}

/// After how many positions the octets come again. It is a prime, so that no shift by a power of two goes unnoticed.
pub(crate) const PERIOD: u32 = 251;

/// The octet that the user of an end sends at a position of its stream.
#[must_use]
pub const fn octet(from: End, position: u32) -> u8 {
    ((position % PERIOD) as u8).wrapping_add(if matches!(from, End::Left) { 0 } else { 101 })
}
