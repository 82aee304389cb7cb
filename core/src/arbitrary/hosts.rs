//! Structured fuzzing of a host: listeners, several connections, addresses that are nobody's.
//!
//! What one connection does is the business of [`Story`](super::Story); here segments are plain, and what matters is
//! who gets them. A host asserts every invariant itself when built with debug assertions.

use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;

use arbitrary::{Arbitrary, Unstructured};

use super::{Coverage, LONGEST, ProfileChoice};
use crate::event::{Call, Remote};
use crate::host::{ConnectionId, Host, IssSource, Settings};
use crate::segment::{Control, Segment};
use crate::seq::SeqNumber;
use crate::time::Instant;

/// The host's address.
const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

/// The initial send sequence number of every connection: what a plain peer has to acknowledge is then known.
const ISS: u32 = 300;

/// A host and what happens to it.
#[derive(Clone, PartialEq, Eq, Debug, Arbitrary)]
pub struct HostStory {
    /// The choices of its endpoint.
    pub profile: ProfileChoice,
    /// How few records it has room for: 1 to 8.
    pub room: u8,
    /// What happens, in order; the first [`LONGEST`] count.
    #[arbitrary(with = until_empty)]
    pub events: Vec<HostEvent>,
}

/// Events for as long as there are octets.
fn until_empty(octets: &mut Unstructured<'_>) -> arbitrary::Result<Vec<HostEvent>> {
    let mut events = Vec::new();
    while !octets.is_empty() && events.len() < LONGEST {
        events.push(octets.arbitrary()?);
    }
    Ok(events)
}

/// An address that a packet may name.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum Address {
    /// The host's own.
    Own,
    /// A neighbour's; there are four.
    Neighbour(u8),
    /// Everybody's.
    Broadcast,
    /// A group's.
    Multicast,
    /// Nobody's.
    Unspecified,
}

impl Address {
    fn ip(self) -> Ipv4Addr {
        match self {
            Self::Own => HERE,
            Self::Neighbour(which) => Ipv4Addr::new(192, 0, 2, 2 + which % 4),
            Self::Broadcast => Ipv4Addr::BROADCAST,
            Self::Multicast => Ipv4Addr::new(224, 0, 0, 1),
            Self::Unspecified => Ipv4Addr::UNSPECIFIED,
        }
    }
}

/// One thing that happens to a host. Ports are taken from a few, so that they meet.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub enum HostEvent {
    /// Passive OPEN, for anybody or for one remote socket.
    Listen(u8, Option<(Address, u8)>),
    /// Active OPEN.
    Connect(u8, Address, u8),
    /// A listener's oldest connection is accepted.
    Accept(u8),
    /// CLOSE, ABORT, SEND, RECEIVE or STATUS on a connection or a listener.
    Call(u8, u8),
    /// The user is done with a connection.
    Release(u8),
    /// The next segment of a peer that does what it should: SYN, ACK, text, FIN in turn.
    Plain(Address, u8, u8, u8),
    /// Any segment between any addresses.
    Segment {
        /// Source address and port.
        source: (Address, u8),
        /// Destination address and port.
        destination: (Address, u8),
        /// Control bits.
        ctl: u8,
        /// SEG.SEQ
        seq: u8,
        /// SEG.ACK
        ack: u8,
    },
    /// Time passes, in units of a tenth of a second.
    Wait(u16),
}

fn port(choice: u8) -> u16 {
    80 + u16::from(choice % 3)
}

fn socket(address: Address, choice: u8) -> SocketAddr {
    SocketAddr::new(address.ip().into(), port(choice))
}

impl HostStory {
    /// Runs the story from a host without connections.
    ///
    /// # Panics
    /// With debug assertions, if a connection broke an invariant.
    #[must_use]
    pub fn run(&self) -> Coverage {
        let mut host = Host::new(Settings {
            address: HERE.into(),
            profile: self.profile.profile(),
            backlog: 2,
            most_connections: usize::from(self.room % 8) + 1,
            iss: IssSource::Fixed(SeqNumber(ISS)),
        });
        let mut coverage = Coverage::default();
        let mut now = Instant::ZERO;
        for event in self.events.iter().take(LONGEST) {
            event.happen(&mut host, &mut now);
            coverage.rules.merge(host.take_rules());
            host.connections().iter().for_each(|connection| coverage.reach(connection.tcb.state));
        }
        coverage
    }
}

impl HostEvent {
    fn happen(self, host: &mut Host, now: &mut Instant) {
        let emit = &mut |_: crate::host::Datagram<'_>| {};
        match self {
            Self::Listen(at, remote) => {
                let remote = remote.map(|(address, port)| socket(address, port));
                let _ = host.listen(port(at), remote);
            }
            Self::Connect(at, address, to) => {
                let _ = host.connect(*now, port(at), socket(address, to), emit);
            }
            Self::Accept(id) => {
                let _ = host.accept(ConnectionId(id.into()));
            }
            Self::Call(id, which) => {
                let _ = host.call(*now, ConnectionId(id.into()), call(which), emit);
            }
            Self::Release(id) => host.release(ConnectionId(id.into())),
            Self::Plain(address, from, to, turn) => {
                let destination = SocketAddr::new(HERE.into(), port(to));
                host.segment_arrives(*now, socket(address, from), destination, &plain(turn), emit);
            }
            Self::Segment { source, destination, ctl, seq, ack } => {
                let segment = Segment {
                    seq: SeqNumber(1000) + u32::from(seq),
                    ack: SeqNumber(ISS) + u32::from(ack),
                    ctl: Control(ctl),
                    wnd: 1000,
                    ..Segment::default()
                };
                let (from, to) = (socket(source.0, source.1), socket(destination.0, destination.1));
                host.segment_arrives(*now, from, to, &segment, emit);
            }
            Self::Wait(tenths) => {
                *now = *now + Duration::from_millis(100 * u64::from(tenths));
                host.timeouts(*now, emit);
            }
        }
    }
}

fn call(which: u8) -> Call<'static> {
    let remote = Remote::Unspecified;
    match which % 5 {
        0 => Call::Close,
        1 => Call::Abort,
        2 => Call::Send { text: b"hello", push: true, urgent: false, timeout: None, remote },
        3 => Call::Receive { max: 3 },
        _ => Call::Status,
    }
}

/// What a peer sends in this turn that counts from 1000 and never loses anything.
fn plain(turn: u8) -> Segment<'static> {
    let ctl = |more: Control| Control::ACK | more;
    let segment = |seq, ctl, text| Segment {
        seq: SeqNumber(seq),
        ack: SeqNumber(ISS + 1),
        ctl,
        wnd: 1000,
        text,
        ..Segment::default()
    };
    match turn % 4 {
        0 => segment(1000, Control::SYN, b""),
        1 => segment(1001, ctl(Control::NONE), b""),
        2 => segment(1001, ctl(Control::PSH), b"hello"),
        _ => segment(1006, ctl(Control::FIN), b""),
    }
}

/// A list of events, one a line.
impl fmt::Display for HostStory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { profile, room, events } = self;
        writeln!(f, "room for {}, {profile}", room % 8 + 1)?;
        events
            .iter()
            .take(LONGEST)
            .enumerate()
            .try_for_each(|(index, event)| writeln!(f, "{:2}. {event:?}", index + 1))
    }
}
