//! Segments as scenarios write them: those that the peer sends, and what the stack's must look like.

use tcpspec_core::Control;

use super::Family;

/// A number in the sequence space of one side.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SeqExpr {
    /// `N`: relative to the initial sequence number of the side whose number it is.
    Relative(u32),
    /// `=N`: as it stands.
    Absolute(u32),
    /// `anchor`, `anchor+N`, `anchor-N`, with N at most 2^32 - 1.
    Anchor(Anchor, i64),
}

/// Named points of the live connection, as the peer knows them. `docs/scenarios.md` says what each falls back
/// to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Anchor {
    /// `peer.nxt`: what the peer would send next.
    PeerNxt,
    /// `rcv.nxt`: what the stack expects next: the last acknowledgment number that it sent.
    RcvNxt,
    /// `rcv.mid`: the middle of the window that the stack offers.
    RcvMid,
    /// `rcv.last`: the last octet of it.
    RcvLast,
    /// `rcv.edge`: the first octet past it.
    RcvEdge,
    /// `snd.una`: the oldest octet of the stack that the peer has not acknowledged.
    SndUna,
    /// `snd.mid`: inside what is in flight from the stack.
    SndMid,
    /// `snd.nxt`: just past everything that the stack has sent.
    SndNxt,
    /// `snd.old`: below anything that the stack may accept (RFC 5961 §5).
    SndOld,
    /// `snd.was`: the stack's initial sequence number of the incarnation before this one.
    SndWas,
    /// `seg.seq`: SEG.SEQ of the peer's latest segment.
    SegSeq,
    /// `seg.ack`: its SEG.ACK.
    SegAck,
    /// `seg.end`: its SEG.SEQ + SEG.LEN.
    SegEnd,
}

impl Anchor {
    /// All anchors.
    pub const ALL: [Self; 13] = [
        Self::PeerNxt,
        Self::RcvNxt,
        Self::RcvMid,
        Self::RcvLast,
        Self::RcvEdge,
        Self::SndUna,
        Self::SndMid,
        Self::SndNxt,
        Self::SndOld,
        Self::SndWas,
        Self::SegSeq,
        Self::SegAck,
        Self::SegEnd,
    ];

    /// The anchors that a number of the peer's text may be counted from: SEQ of its own segments, ACK of the
    /// stack's. The `seg.` ones may stand on both sides.
    pub const OF_PEER: [Self; 8] = [
        Self::PeerNxt,
        Self::RcvNxt,
        Self::RcvMid,
        Self::RcvLast,
        Self::RcvEdge,
        Self::SegSeq,
        Self::SegEnd,
        Self::SegAck,
    ];

    /// The anchors that a number of the stack's text may be counted from: ACK of the peer's segments, SEQ of
    /// its own. The `seg.` ones may stand on both sides.
    pub const OF_STACK: [Self; 8] = [
        Self::SndUna,
        Self::SndMid,
        Self::SndNxt,
        Self::SndOld,
        Self::SndWas,
        Self::SegAck,
        Self::SegSeq,
        Self::SegEnd,
    ];

    /// The anchor's name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PeerNxt => "peer.nxt",
            Self::RcvNxt => "rcv.nxt",
            Self::RcvMid => "rcv.mid",
            Self::RcvLast => "rcv.last",
            Self::RcvEdge => "rcv.edge",
            Self::SndUna => "snd.una",
            Self::SndMid => "snd.mid",
            Self::SndNxt => "snd.nxt",
            Self::SndOld => "snd.old",
            Self::SndWas => "snd.was",
            Self::SegSeq => "seg.seq",
            Self::SegAck => "seg.ack",
            Self::SegEnd => "seg.end",
        }
    }
}

/// A segment for the peer to send.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentSpec {
    /// Control bits.
    pub ctl: Control,
    /// SEG.SEQ, counted from one of [`Anchor::OF_PEER`]; none: `peer.nxt`.
    pub seq: Option<SeqExpr>,
    /// Octets of text, at most [`MAX_TEXT`](super::MAX_TEXT).
    pub len: u32,
    /// SEG.ACK, counted from one of [`Anchor::OF_STACK`]; none: `snd.nxt` if ACK is set, else the number 0 as
    /// it stands.
    pub ack: Option<SeqExpr>,
    /// The window field; none: [`SegmentSpec::DEFAULT_WINDOW`].
    pub wnd: Option<u16>,
    /// The urgent pointer field.
    pub up: u16,
    /// Options, at most [`MAX_OPTION_OCTETS`](super::MAX_OPTION_OCTETS), padded with zero octets to whole words; none: a Maximum
    /// Segment Size of 1460 on a SYN, nothing otherwise.
    pub options: Option<Vec<OptionSpec>>,
    /// The source address, if it is not the one that the connection's peer has.
    pub from: Option<AddressClass>,
    /// The destination address, if it is not the stack's.
    pub to: Option<AddressClass>,
    /// The routers that it came by, on a source route that ends with the stack; IPv4 only.
    pub route: Option<Route>,
    /// What is wrong with the header.
    pub damage: Damage,
}

/// The routers of a source route in the order in which a packet passes them, from 1 to [`Route::MAX_HOPS`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Route([Option<AddressClass>; Self::MAX_HOPS]);

impl Route {
    /// What the IPv4 header has room for (RFC 791 §3.1).
    pub const MAX_HOPS: usize = crate::wire::MAX_HOPS;

    /// None if there are too many routers, or no router at all.
    #[must_use]
    pub fn new(hops: &[AddressClass]) -> Option<Self> {
        let mut all = [None; Self::MAX_HOPS];
        let places = all.get_mut(..hops.len()).filter(|places| !places.is_empty())?;
        places.iter_mut().zip(hops).for_each(|(place, hop)| *place = Some(*hop));
        Some(Self(all))
    }

    /// The routers.
    pub fn hops(&self) -> impl Iterator<Item = AddressClass> {
        self.0.iter().flatten().copied()
    }
}

/// A sort of address. Which one that is depends on the address family; `docs/scenarios.md` has the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AddressClass {
    /// `peer`: the scripted peer's.
    Peer,
    /// `stack`: the stack's own.
    Stack,
    /// `other`: another host of the same network.
    Other,
    /// `router`: a router of the same network.
    Router,
    /// `broadcast`: every host of the link. IPv6 has a multicast group for it.
    Broadcast,
    /// `subnet-broadcast`: every host of the network that the stack's address is in; likewise.
    SubnetBroadcast,
    /// `multicast`: a group that every host is in.
    Multicast,
    /// `unspecified`: no address.
    Unspecified,
    /// `loopback`: the sender's own host, whoever that is.
    Loopback,
}

impl AddressClass {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Peer,
        Self::Stack,
        Self::Other,
        Self::Router,
        Self::Broadcast,
        Self::SubnetBroadcast,
        Self::Multicast,
        Self::Unspecified,
        Self::Loopback,
    ];

    /// Its word in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Stack => "stack",
            Self::Other => "other",
            Self::Router => "router",
            Self::Broadcast => "broadcast",
            Self::SubnetBroadcast => "subnet-broadcast",
            Self::Multicast => "multicast",
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
        }
    }
}

impl SegmentSpec {
    /// The window field of a segment that names none.
    pub const DEFAULT_WINDOW: u16 = 65_535;
}

/// What is wrong with the header of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Damage {
    /// The checksum does not match.
    pub bad_checksum: bool,
    /// The data offset field, in words of four octets, if it is not the true one; at most 15.
    pub data_offset: Option<u8>,
    /// The four reserved bits, at most 15.
    pub reserved: u8,
    /// The IP header has an option that no TCP knows and every IP skips. Nothing is wrong with that.
    pub ip_options: bool,
    /// So many octets of the segment arrive, and no more: at most [`Self::MAX_CUT`], which is no whole header.
    pub cut: Option<u8>,
}

impl Damage {
    /// One octet less than a header has.
    pub const MAX_CUT: u8 = 19;
}

/// An error message that ICMP brings, about a segment of the connection's that the stack sent or might have sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpSpec {
    /// What it says.
    pub kind: IcmpKind,
    /// SEG.SEQ of the segment that it quotes, counted from one of [`Anchor::OF_STACK`]; none: `snd.una`.
    pub seq: Option<SeqExpr>,
}

/// Error messages of ICMP (RFC 792, RFC 4443) that concern a TCP (RFC 9293 §3.9.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IcmpKind {
    /// `net-unreachable`: no route.
    NetUnreachable,
    /// `host-unreachable`
    HostUnreachable,
    /// `protocol-unreachable`: the host knows no TCP.
    ProtocolUnreachable,
    /// `port-unreachable`
    PortUnreachable,
    /// `time-exceeded`: the hop limit did not suffice.
    TimeExceeded,
    /// `parameter-problem`: something in the IP header.
    ParameterProblem,
    /// `source-quench`: send more slowly; IPv4 only, and obsolete.
    SourceQuench,
}

impl IcmpKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NetUnreachable,
        Self::HostUnreachable,
        Self::ProtocolUnreachable,
        Self::PortUnreachable,
        Self::TimeExceeded,
        Self::ParameterProblem,
        Self::SourceQuench,
    ];

    /// Its word in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NetUnreachable => "net-unreachable",
            Self::HostUnreachable => "host-unreachable",
            Self::ProtocolUnreachable => "protocol-unreachable",
            Self::PortUnreachable => "port-unreachable",
            Self::TimeExceeded => "time-exceeded",
            Self::ParameterProblem => "parameter-problem",
            Self::SourceQuench => "source-quench",
        }
    }

    /// Type and code in ICMP over IPv4 or in ICMPv6; none where there is no such message.
    #[must_use]
    pub const fn type_and_code(self, family: Family) -> Option<(u8, u8)> {
        Some(match (self, family) {
            (Self::NetUnreachable, Family::V4) => (3, 0),
            (Self::HostUnreachable, Family::V4) => (3, 1),
            (Self::ProtocolUnreachable, Family::V4) => (3, 2),
            (Self::PortUnreachable, Family::V4) => (3, 3),
            (Self::TimeExceeded, Family::V4) => (11, 0),
            (Self::ParameterProblem, Family::V4) => (12, 0),
            (Self::SourceQuench, Family::V4) => (4, 0),
            (Self::NetUnreachable, Family::V6) => (1, 0),
            (Self::HostUnreachable, Family::V6) => (1, 3),
            (Self::ProtocolUnreachable, Family::V6) => (4, 1),
            (Self::PortUnreachable, Family::V6) => (1, 4),
            (Self::TimeExceeded, Family::V6) => (3, 0),
            (Self::ParameterProblem, Family::V6) => (4, 0),
            (Self::SourceQuench, Family::V6) => return None,
        })
    }
}

/// A TCP option to send, or to find.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OptionSpec {
    /// `mss N`
    MaximumSegmentSize(u16),
    /// `wscale N`
    WindowScale(u8),
    /// `sackOK`
    SackPermitted,
    /// `TS val N ecr N`
    Timestamps {
        /// TSval
        value: u32,
        /// TSecr
        echo_reply: u32,
    },
    /// `sack START:END...`: blocks of numbers of the stack's in a segment of the peer's, and
    /// the other way round.
    Sack(Vec<(SeqExpr, SeqExpr)>),
    /// `nop`
    NoOperation,
    /// `eol`
    EndOfList,
    /// `raw HEX`: any octets, at least one.
    Raw(Vec<u8>),
    /// `no-mss` and the like, in patterns: there must be no option of this kind.
    Without(OptionKind),
}

/// A kind of option that a pattern can forbid.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OptionKind {
    /// Maximum Segment Size.
    MaximumSegmentSize,
    /// Window Scale.
    WindowScale,
    /// SACK-permitted.
    SackPermitted,
    /// SACK.
    Sack,
    /// Timestamps.
    Timestamps,
}

impl OptionKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::MaximumSegmentSize, Self::WindowScale, Self::SackPermitted, Self::Sack, Self::Timestamps];

    /// The word that forbids it.
    #[must_use]
    pub const fn forbidden(self) -> &'static str {
        match self {
            Self::MaximumSegmentSize => "no-mss",
            Self::WindowScale => "no-wscale",
            Self::SackPermitted => "no-sackOK",
            Self::Sack => "no-sack",
            Self::Timestamps => "no-TS",
        }
    }
}

/// What a segment from the stack must look like; what is none is not looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SegmentPattern {
    /// Control bits: exactly these of SYN, FIN, RST, URG and ACK. PSH, if named, must be there too; without it nobody
    /// looks. ECE and CWR are not looked at, so a pattern must not name them.
    pub ctl: Control,
    /// SEG.SEQ, counted from one of [`Anchor::OF_STACK`].
    pub seq: Option<SeqExpr>,
    /// SEG.SEQ may be any number from `seq` to this one, which only a pattern with a `seq` has.
    pub seq_to: Option<SeqExpr>,
    /// Octets of text.
    pub len: Option<u32>,
    /// SEG.ACK, counted from one of [`Anchor::OF_PEER`].
    pub ack: Option<SeqExpr>,
    /// The window field.
    pub wnd: Option<WindowPattern>,
    /// The urgent pointer field.
    pub up: Option<u16>,
    /// Options that must be there, in any order and company; at least one.
    pub options: Option<Vec<OptionSpec>>,
    /// The Diffserv field of the IP header, its six bits: at most [`MAX_TRAFFIC_CLASS`](super::MAX_TRAFFIC_CLASS).
    pub traffic_class: Option<u8>,
    /// The time to live, or hop limit, in the IP header.
    pub ttl: Option<u8>,
    /// The routers that a source route has it pass, in this order.
    pub route: Option<Route>,
}

/// What a window field must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WindowPattern {
    /// `win N`
    Exactly(u16),
    /// `win >N`
    Above(u16),
}
