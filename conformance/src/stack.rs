//! The stack under test: one trait, one adapter per stack.
//!
//! A stack takes raw IP packets and user calls and gives raw IP packets and call outcomes. It runs until a given
//! time and says when its next timer is due, if it knows. Everything else it *declares*: what it cannot do and what
//! its authors chose, each with a source, so that a report can say "skipped: reason" and never pass in silence.
//!
//! What an adapter must not do: judge, retry, reorder or hide anything.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tcpspec_core::RuleSet;
pub use tcpspec_core::{Instant, State};

#[cfg(unix)]
pub mod command;
pub mod faulty;
#[cfg(all(feature = "linux", target_os = "linux"))]
pub mod linux;
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
    /// Congestion control on or off (§3.8.2); on only for stacks that do not lack [`Capability::CongestionControl`].
    /// Off, the peer's window alone governs what is sent. A stack that cannot switch it off ignores this.
    pub congestion_control: bool,
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
    /// OPEN active. Answers [`CallOutcome::Opened`] at once; how it ends is seen later.
    Connect {
        /// Local port.
        port: u16,
        /// The remote socket.
        remote: SocketAddr,
        /// The routers of a source route to it, none for the usual way (§3.9.2.1, MUST-51); some only over IPv4 and for
        /// stacks that do not lack [`Capability::SourceRoute`].
        route: &'a [Ipv4Addr],
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
        /// They are urgent (§3.8.5); only for stacks that do not lack [`Capability::Urgent`].
        urgent: bool,
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
    /// Sets one of the things that a user may set on a connection. Answers [`CallOutcome::Ok`], or an error where the
    /// stack has no such knob.
    Set {
        /// The connection.
        socket: SocketId,
        /// What to set.
        knob: Knob,
    },
    /// Asks for the next of what the stack has told the user unasked; answers [`CallOutcome::Reported`] or
    /// [`CallOutcome::WouldBlock`]. Only for stacks that do not lack [`Capability::Reports`].
    Report {
        /// The connection.
        socket: SocketId,
    },
}

/// What a stack tells its user unasked, while the connection lives on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Report {
    /// Urgent text is ahead, or more of it than was known (RFC 9293 §3.8.5, MUST-32).
    UrgentText,
    /// The urgent text has been read: no more of it is ahead (§3.8.5, MUST-33).
    UrgentTextEnds,
    /// A segment was not delivered, which may pass (§3.9.1.8, MUST-47; §3.9.2.2, SHLD-25).
    DeliveryTrouble,
}

impl Report {
    /// All reports.
    pub const ALL: [Self; 3] = [Self::UrgentText, Self::UrgentTextEnds, Self::DeliveryTrouble];

    /// The word for it in scenarios and replies.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::UrgentText => "urgent-text",
            Self::UrgentTextEnds => "urgent-text-ends",
            Self::DeliveryTrouble => "delivery-trouble",
        }
    }
}

/// What a user may set while a connection lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Knob {
    /// Nagle's algorithm (RFC 9293 §3.7.4, MUST-17).
    Nagle(bool),
    /// Keep-alives, sent after so long without traffic; none switches them off (§3.8.4, MUST-24, MUST-27).
    KeepAlive(Option<Duration>),
    /// R2: how long text may stay unacknowledged; none: the stack's default (§3.8.3, MUST-21).
    UserTimeout(Option<Duration>),
    /// The Diffserv field, its six bits, of what is sent from now on (§3.9.1.9, MUST-48; RFC 2474 §3).
    TrafficClass(u8),
    /// The time to live, or hop limit, of what is sent from now on (§3.9.2, MUST-49).
    TimeToLive(u8),
    /// Whether the user is told of delivery trouble (§3.9.1.8, SHLD-20).
    ErrorReports(bool),
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
    /// What the user is told.
    Reported(Report),
    /// The call was refused or the connection failed.
    Error(CallFailure),
}

/// Why a call failed, in classes that every programming interface can tell apart.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
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
    Other(Cow<'static, str>),
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

/// What a stack can do, and what its authors chose; every choice and every lack names the source of the knowledge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Declaration {
    /// Short name, as on the command line.
    pub name: Cow<'static, str>,
    /// Version of the stack.
    pub version: Cow<'static, str>,
    /// Maximum segment lifetime: half of how long TIME-WAIT lasts.
    pub msl: Duration,
    /// Where the MSL is from.
    pub msl_source: Cow<'static, str>,
    /// How long after an event the stack may take to act at once, on its own clock.
    pub settle: Duration,
    /// Whose time it runs on.
    pub clock: Clock,
    /// Things that the stack cannot do, each with a reason.
    pub lacks: Vec<(Capability, Cow<'static, str>)>,
    /// What its authors chose where a choice excuses something, each with a source.
    pub chooses: Vec<(Choice, Cow<'static, str>)>,
}

impl Declaration {
    /// Why the stack lacks `capability`, if it does.
    #[must_use]
    pub fn lack(&self, capability: Capability) -> Option<&str> {
        self.lacks.iter().find(|(lacking, _)| *lacking == capability).map(|(_, reason)| reason.as_ref())
    }
}

/// Whose time a stack runs on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Clock {
    /// The bench's: [`Stack::run_until`] jumps, and every run is repeatable.
    #[default]
    Virtual,
    /// The world's: [`Stack::run_until`] waits.
    Real,
}

/// What a scenario may need of a stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Capability {
    /// The user can tell a reset from an orderly end, and a refused OPEN from one that is under way (MUST-12).
    TellsResets,
    /// Urgent text (RFC 9293 §3.8.5).
    Urgent,
    /// Active OPEN: the stack can be a client.
    ActiveOpen,
    /// The user can go on reading after CLOSE (MAY-1 lets a stack do without).
    HalfClose,
    /// A listening socket that serves several connections at once.
    SeveralConnections,
    /// [`Stack::refuse_packets`]: a network device that takes nothing for a while.
    RefusingDevice,
    /// [`Knob::KeepAlive`].
    KeepAlive,
    /// [`Knob::UserTimeout`].
    UserTimeout,
    /// [`Knob::TrafficClass`].
    TrafficClass,
    /// [`Knob::TimeToLive`].
    TimeToLive,
    /// Active OPEN takes a source route (§3.9.2.1, MUST-51).
    SourceRoute,
    /// The source route that a segment came by is the way back for the connection (§3.9.2.1, MUST-53).
    ReturnRoute,
    /// [`UserCall::Report`] and [`Knob::ErrorReports`].
    Reports,
    /// Errors that ICMP reports reach the connection that they concern (§3.9.2.2).
    Icmp,
    /// Congestion control (§3.8.2); without it only the peer's window limits what is sent.
    CongestionControl,
    /// Window scaling (RFC 7323 §2): it offers a shift, and answers one.
    WindowScaling,
    /// Selective acknowledgments (RFC 2018): it permits them, and reports without delay what it holds above a gap.
    SelectiveAcknowledgment,
    /// Buffers hold exactly as many octets as the setup says, and the window offered says how many are free.
    ExactBuffers,
}

impl Capability {
    /// All capabilities.
    pub const ALL: [Self; 18] = [
        Self::TellsResets,
        Self::Urgent,
        Self::ActiveOpen,
        Self::HalfClose,
        Self::SeveralConnections,
        Self::RefusingDevice,
        Self::KeepAlive,
        Self::UserTimeout,
        Self::TrafficClass,
        Self::TimeToLive,
        Self::SourceRoute,
        Self::ReturnRoute,
        Self::Reports,
        Self::Icmp,
        Self::CongestionControl,
        Self::WindowScaling,
        Self::SelectiveAcknowledgment,
        Self::ExactBuffers,
    ];

    /// The word for it in scenarios and declarations.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TellsResets => "tells-resets",
            Self::Urgent => "urgent",
            Self::ActiveOpen => "active-open",
            Self::HalfClose => "half-close",
            Self::SeveralConnections => "several-connections",
            Self::RefusingDevice => "refusing-device",
            Self::KeepAlive => "keep-alive",
            Self::UserTimeout => "user-timeout",
            Self::TrafficClass => "traffic-class",
            Self::TimeToLive => "ttl",
            Self::SourceRoute => "source-route",
            Self::ReturnRoute => "return-route",
            Self::Reports => "reports",
            Self::Icmp => "icmp",
            Self::CongestionControl => "congestion-control",
            Self::WindowScaling => "window-scaling",
            Self::SelectiveAcknowledgment => "selective-acknowledgment",
            Self::ExactBuffers => "exact-buffers",
        }
    }
}

/// What a stack's authors chose where the standard leaves a choice, or where they depart from it on purpose. A choice
/// excuses only what it says, and only if it is declared (`docs/variations.md`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Choice {
    /// Nothing answers segments for ports on which nobody listens (V-35).
    SilentWhenClosed,
    /// At most so many acknowledgments of unacceptable segments in each interval (V-12; RFC 5961 §7).
    ThrottledAcknowledgments {
        /// So many.
        limit: u32,
        /// How long.
        interval: Duration,
    },
    /// FIN-WAIT-2 ends by itself after so long (V-40).
    FinWait2Timeout(Duration),
    /// SYN-RECEIVED ends by itself after so long (V-40).
    HalfOpenTimeout(Duration),
    /// So many connections may wait to be accepted; requests beyond are dropped (V-36).
    Backlog(u32),
    /// CLOSE with text that the user has not read, or text after CLOSE, resets the connection (V-22, SHLD-3).
    ResetOnUnreadText,
    /// Acknowledgments are held back for at most so long (§3.8.6.3).
    DelayedAcknowledgment(Duration),
    /// IP reassembles packets of up to so many octets (EMTU_R, RFC 1122 §3.3.2), which a Maximum Segment Size option
    /// may count on (§3.7.1, MUST-67) whatever the network takes in one piece.
    Reassembles(u32),
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

    /// The remote socket of a connection, as far as a program could ask for it (`getpeername`). None if the stack does
    /// not say; then connections that one listener gives are taken to come in the order in which they opened.
    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        let _ = socket;
        None
    }

    /// From now on the network device takes no packet, or takes packets again; what the stack could not send it sends
    /// later. Never called on a stack that declares to lack [`Capability::RefusingDevice`].
    fn refuse_packets(&mut self, refuse: bool) {
        let _ = refuse;
    }

    /// The rows of RFC 9293's decision table that the stack used since this was last asked. Only the reference
    /// knows; traces print them.
    fn take_rules(&mut self) -> RuleSet {
        RuleSet::default()
    }
}

/// What a stack outside this process unwinds with, by [`std::panic::resume_unwind`], when it is no more. To a bench it is
/// what a panic is of a stack in this process.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lost {
    /// What happened, in a sentence without its full stop.
    pub what: String,
    /// What it said last to whoever watches it, line by line.
    pub last_words: Vec<String>,
    /// It says something about the stack. Otherwise the stack was not asked at all.
    pub finding: bool,
}

/// The stacks that have a name, by which the command line knows them.
pub const NAMES: [&str; 3] = ["smoltcp", "reference", "linux"];

/// Why there is no stack to test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unavailable {
    /// No stack has this name.
    Unknown,
    /// The stack is there only in a program that was built with this feature, on Linux.
    NotBuiltIn(&'static str),
    /// The stack cannot run here, for the reason given: no root, no device, a program that does not start.
    Here(String),
}

/// A stack by its name, or by `faulty:` and the name of a [fault](faulty::Fault).
///
/// # Errors
/// An unknown name, a stack that is not built in, or one that cannot run here.
pub fn by_name(name: &str) -> Result<Box<dyn Stack>, Unavailable> {
    match name {
        "reference" => Ok(Box::new(reference::Reference::new())),
        "smoltcp" => Ok(Box::new(smoltcp::Smoltcp::new())),
        #[cfg(all(feature = "linux", target_os = "linux"))]
        "linux" => {
            linux::Linux::new().map(|stack| Box::new(stack) as Box<dyn Stack>).map_err(Unavailable::Here)
        }
        #[cfg(not(all(feature = "linux", target_os = "linux")))]
        "linux" => Err(Unavailable::NotBuiltIn("linux")),
        _ => match name.strip_prefix(faulty::PREFIX).and_then(faulty::find) {
            Some(fault) => Ok(Box::new(faulty::Faulty::new(fault))),
            None => Err(Unavailable::Unknown),
        },
    }
}
