//! The stack under test: one trait, one adapter per stack.
//!
//! A stack takes raw IP packets and user calls and gives raw IP packets and call outcomes. It runs until a given
//! time and says when its next timer is due, if it knows. Everything else it *declares*: what it cannot do and what
//! its authors chose, each with a source, so that a report can say "skipped: reason" and never pass in silence.
//!
//! What an adapter must not do: judge, retry, reorder or hide anything.

use std::net::IpAddr;
use std::time::Duration;

use tcpspec_core::{Instant, RuleSet, State};

pub mod reference;
pub mod smoltcp;

/// How a stack is to be set up for one run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setup {
    /// The stack's own address.
    pub local: IpAddr,
    /// The scripted peer's address, of the same family.
    pub peer: IpAddr,
    /// Seed of whatever the stack chooses at random.
    pub seed: u64,
    /// Octets of receive buffer of each connection.
    pub receive_buffer: u32,
    /// Octets of send buffer of each connection.
    pub send_buffer: u32,
    /// Largest IP packet in octets.
    pub mtu: u16,
    /// Nagle's algorithm on or off (RFC 9293 §3.7.4, MUST-17).
    pub nagle: bool,
}

/// A socket of the stack: what OPEN returns and the other calls take. The numbers are the stack's own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SocketId(pub u32);

/// User calls, with the meaning of RFC 9293 §3.9.1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UserCall<'a> {
    /// OPEN passive: wait for connection requests on `port`. Answers [`CallOutcome::Opened`].
    Listen {
        /// Local port.
        port: u16,
    },
    /// OPEN active to the peer's address. Answers [`CallOutcome::Opened`] at once; how it ends is seen later.
    Connect {
        /// Local port.
        port: u16,
        /// Port of the peer.
        remote_port: u16,
    },
    /// The connection that a listening socket got, if it got one. A stack without `accept` answers with the
    /// listening socket itself. Answers [`CallOutcome::Opened`] or [`CallOutcome::WouldBlock`].
    Accept {
        /// The listening socket.
        listener: SocketId,
    },
    /// SEND. Answers [`CallOutcome::Sent`] with the octets taken, which may be fewer, none
    /// if the buffer is full.
    Send {
        /// The connection.
        socket: SocketId,
        /// Octets to send.
        text: &'a [u8],
    },
    /// RECEIVE, without waiting.
    Receive {
        /// The connection.
        socket: SocketId,
        /// At most so many octets.
        max: usize,
    },
    /// CLOSE: no more to send; the user goes on reading (half-close, `shutdown(SHUT_WR)`).
    Close {
        /// The connection or the listening socket.
        socket: SocketId,
    },
    /// ABORT.
    Abort {
        /// The connection.
        socket: SocketId,
    },
}

/// The answer to a user call, as far as a program could tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallOutcome {
    /// Done.
    Ok,
    /// The socket that was opened or accepted.
    Opened(SocketId),
    /// So many octets were taken for sending.
    Sent(usize),
    /// Octets from the peer, at least one.
    Received(Vec<u8>),
    /// Nothing to give yet; ask again later.
    WouldBlock,
    /// The peer has closed and everything it sent was read.
    EndOfStream,
    /// The call was refused or the connection failed.
    Error(CallFailure),
}

/// Why a call failed, in classes that every programming interface can tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallFailure {
    /// "connection reset": the peer aborted.
    Reset,
    /// "connection refused": the peer answered our request with a reset.
    Refused,
    /// "connection closing": the user has closed already.
    Closing,
    /// There is no such connection (any more).
    NoConnection,
    /// The peer did not answer for too long.
    TimedOut,
    /// Something else, in the stack's words.
    Other(&'static str),
}

/// When a stack's next timer is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextTimer {
    /// At this time.
    At(Instant),
    /// No timer is armed.
    Never,
    /// The stack does not say; it has to be polled.
    Unknown,
}

/// What a stack can do, and what its authors chose. `&'static str`s name the source of the knowledge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// Short name, as on the command line.
    pub name: &'static str,
    /// Version of the stack.
    pub version: &'static str,
    /// Maximum segment lifetime: half of how long TIME-WAIT lasts.
    pub msl: Duration,
    /// Where the MSL is from.
    pub msl_source: &'static str,
    /// How long after an event the stack may take to act at once, on its own clock.
    pub settle: Duration,
    /// Things that the stack cannot do, each with a reason.
    pub lacks: &'static [(Capability, &'static str)],
}

impl Declaration {
    /// Why the stack lacks `capability`, if it does.
    #[must_use]
    pub fn lack(&self, capability: Capability) -> Option<&'static str> {
        self.lacks.iter().find(|(lacking, _)| *lacking == capability).map(|(_, reason)| *reason)
    }
}

/// What a scenario may need of a stack.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Capability {
    /// The user can tell a reset from an orderly end, and a refused OPEN from one that is under way (MUST-12).
    TellsResets,
    /// Urgent text (RFC 9293 §3.8.5).
    Urgent,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Self; 2] = [Self::TellsResets, Self::Urgent];

    /// The word for it in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TellsResets => "tells-resets",
            Self::Urgent => "urgent",
        }
    }
}

/// A TCP stack under test.
///
/// A bench calls [`Stack::reset`] before each run, then any of the others in any order. A stack that panics is
/// caught by the bench; the panic is a finding.
pub trait Stack {
    /// What the stack is, can and cannot do.
    fn declaration(&self) -> &Declaration;

    /// Starts over: no connections, nothing pending, time zero.
    fn reset(&mut self, setup: &Setup);

    /// Makes a user call at the present time.
    fn call(&mut self, call: UserCall<'_>) -> CallOutcome;

    /// Takes an IP packet from the network.
    fn deliver(&mut self, packet: &[u8]);

    /// Gives the next IP packet for the network, if there is one; writes it into `packet`, which is cleared first.
    fn emit(&mut self, packet: &mut Vec<u8>) -> bool;

    /// Runs until `time`, handling every timer that falls due, or until there is output. Returns the time reached.
    /// On a virtual clock this jumps.
    fn run_until(&mut self, time: Instant) -> Instant;

    /// When the next timer is due.
    fn next_timer(&self) -> NextTimer;

    /// The state of the connection or listening socket, if the stack shows it. A listening socket with a connection
    /// that nobody has accepted shows that connection's. Printed, never judged alone.
    fn state(&self, socket: SocketId) -> Option<State>;

    /// The rows of RFC 9293's decision table that the stack used since this was last asked. Only the reference
    /// knows; traces print them.
    fn take_rules(&mut self) -> RuleSet {
        RuleSet::default()
    }
}

/// The stacks that are built in, by the name that the command line uses.
pub const NAMES: [&str; 2] = ["smoltcp", "reference"];

/// A stack by its name.
#[must_use]
pub fn by_name(name: &str) -> Option<Box<dyn Stack>> {
    match name {
        "reference" => Some(Box::new(reference::Reference::new())),
        "smoltcp" => Some(Box::new(smoltcp::Smoltcp::new())),
        _ => None,
    }
}
