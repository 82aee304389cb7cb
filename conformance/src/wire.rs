//! The codec between raw IP packets and TCP segments: thin, exact and able to lie.
//!
//! [`parse`] borrows from the packet and says what it finds: a wrong checksum or data offset is a property of
//! the segment, not an error. [`build`] writes every header that a hostile peer could send. Neither
//! allocates, provided the output has room. Both speak IPv4 and IPv6.
//!
//! What it leaves out: the meaning of options but for IPv4's source routes, fragments, and any opinion on whether a segment is a good
//! idea. Nor does it use a library: those at hand refuse to build what a conformance suite must send. Tests
//! compare it with one.

use std::fmt;
use std::net::SocketAddr;

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Outgoing, Segment, SeqNumber};

mod checksum;
mod icmp;
mod ip;
mod options;
mod route;
mod tcp;
#[cfg(test)]
mod tests;

pub use icmp::IcmpMessage;
pub use options::{OptionOctets, mss_option, sack_length};
pub use route::{MAX_HOPS, SourceRoute, arrive_by, leave_by, take_straight_way};

/// Most octets of options that a TCP header can hold (RFC 9293 §3.1: a data offset of 15 words).
pub const MAX_OPTIONS: usize = 40;

/// The time to live of packets that ask for no other.
pub const DEFAULT_TTL: u8 = 64;

/// The two sockets of a segment. Only address and port count: flow label and scope of an IPv6 socket are not
/// sent, and are zero when parsed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Endpoints {
    /// The sender.
    pub source: SocketAddr,
    /// The receiver, of the same address family.
    pub destination: SocketAddr,
}

impl Endpoints {
    /// The same pair for segments in the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source }
    }
}

/// `source > destination`, as packet tracers write it.
impl fmt::Display for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} > {}", self.source, self.destination)
    }
}

/// A TCP segment found in an IP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parsed<'a> {
    /// Between whom. The destination of a packet on a source route is the end of that route.
    pub endpoints: Endpoints,
    /// The segment. With a wrong data offset its options and text are empty, since nobody can say where one
    /// ends and the other begins. With a wrong checksum too, `integrity` is `BadChecksum`: then no field can
    /// be trusted.
    pub segment: Segment<'a>,
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// The Diffserv field of the IP header, its six bits (RFC 2474 §3).
    pub traffic_class: u8,
    /// The source route in the IPv4 header, if there is one.
    pub route: Option<SourceRoute<'a>>,
    /// The data offset field as it stands, in words.
    pub data_offset: u8,
}

/// Why a packet holds no TCP segment that a host would hand to its TCP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NotTcp {
    /// It ends inside the fixed part of the IP header.
    PacketTooShort,
    /// The version is neither 4 nor 6.
    NotIp(u8),
    /// The IPv4 header length is below five words or past the end of the packet.
    HeaderLengthWrong,
    /// The IPv4 header checksum does not match.
    HeaderChecksumWrong,
    /// A length in an IP header points past the end of what holds it, or into the header.
    LengthWrong,
    /// It is one of several fragments.
    Fragment,
    /// An IPv6 routing header says that it has farther to go.
    SourceRouted,
    /// It carries another protocol, with this number.
    OtherProtocol(u8),
    /// It ends inside the fixed part of the TCP header.
    SegmentTooShort,
}

impl fmt::Display for NotTcp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PacketTooShort => f.write_str("too short for an IP header"),
            Self::NotIp(version) => write!(f, "IP version {version}"),
            Self::HeaderLengthWrong => f.write_str("wrong IP header length"),
            Self::HeaderChecksumWrong => f.write_str("wrong IP header checksum"),
            Self::LengthWrong => f.write_str("wrong length in the IP header"),
            Self::Fragment => f.write_str("a fragment"),
            Self::SourceRouted => f.write_str("source-routed and not yet at its destination"),
            Self::OtherProtocol(number) => write!(f, "IP protocol {number}"),
            Self::SegmentTooShort => f.write_str("too short for a TCP header"),
        }
    }
}

impl std::error::Error for NotTcp {}

/// Finds the TCP segment in an IP packet, without copying. IPv4 options other than source routes and the IPv6 headers for hop-by-hop
/// options, routing and destination options are skipped; octets after the length that the IP header gives are
/// padding.
///
/// # Errors
///
/// [`NotTcp`] if there is none. A wrong TCP checksum (MUST-3) or data offset is not an error, see
/// [`Parsed::segment`].
pub fn parse(packet: &[u8]) -> Result<Parsed<'_>, NotTcp> {
    let packet = ip::read(packet)?;
    let pseudo_header = checksum::pseudo_header(packet.source, packet.destination, packet.segment.len());
    let checksum_right = checksum::finish(pseudo_header + checksum::sum(packet.segment)) == 0;
    let (ports, segment, data_offset) = tcp::read(packet.segment, checksum_right)?;
    let endpoints = Endpoints {
        source: SocketAddr::new(packet.source, ports.source),
        destination: SocketAddr::new(packet.destination, ports.destination),
    };
    let ip::Packet { ttl, traffic_class, route, .. } = packet;
    Ok(Parsed { endpoints, segment, ttl, traffic_class, route, data_offset })
}

/// What [`parse`] finds in a packet that [`build`] has built from the same: nobody need read it to know, as long as it
/// tells no lies and its options are whole words.
pub(crate) fn as_read<'a>(endpoints: &Endpoints, header: &Header<'a>, text: &'a [u8]) -> Parsed<'a> {
    debug_assert!(header.lies == Lies::default() && header.options.len().is_multiple_of(4));
    let Header { seq, ack, ctl, wnd, up, reserved, options, ttl, traffic_class, lies: _ } = *header;
    let integrity = Integrity::Sound;
    Parsed {
        endpoints: *endpoints,
        segment: Segment { seq, ack, ctl, wnd, up, reserved: reserved & 0x0f, options, text, integrity },
        ttl,
        traffic_class,
        route: None,
        data_offset: (tcp::header_length(header) / 4) as u8,
    }
}

/// Whether an IP packet without extension headers carries TCP, as far as its header says; for adapters that have to
/// leave out what a stack says in other protocols.
#[must_use]
pub fn carries_tcp(packet: &[u8]) -> bool {
    let protocol = match packet.first().map(|first| first >> 4) {
        Some(4) => packet.get(9),
        Some(6) => packet.get(6),
        _ => None,
    };
    protocol == Some(&ip::PROTOCOL_TCP)
}

/// A TCP header to be built, and what it needs of the IP header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header<'a> {
    /// SEG.SEQ
    pub seq: SeqNumber,
    /// SEG.ACK, written whether ACK is set or not.
    pub ack: SeqNumber,
    /// Control bits.
    pub ctl: Control,
    /// The window field.
    pub wnd: u16,
    /// The urgent pointer field, written whether URG is set or not.
    pub up: u16,
    /// The four reserved bits; higher ones are ignored.
    pub reserved: u8,
    /// Option octets as they shall stand, padded with zeros to whole words; at most [`MAX_OPTIONS`].
    pub options: &'a [u8],
    /// Time to live, or hop limit.
    pub ttl: u8,
    /// The Diffserv field of the IP header, its six bits.
    pub traffic_class: u8,
    /// What the packet claims that is not so.
    pub lies: Lies,
}

/// What a packet claims that is not so. Everything that is not a lie is true of the packet as built: the
/// checksum, for one, is right for a header with a wrong data offset.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Lies {
    /// One bit of the TCP checksum is flipped.
    pub bad_checksum: bool,
    /// The data offset field, in words; only its low four bits count.
    pub data_offset: Option<u8>,
    /// Octets of the whole packet according to the IP header. For IPv6, whose field counts the octets after
    /// the header, 40 less than this but not below zero.
    pub ip_length: Option<u16>,
}

impl Default for Header<'_> {
    fn default() -> Self {
        Self {
            seq: SeqNumber::default(),
            ack: SeqNumber::default(),
            ctl: Control::NONE,
            wnd: 0,
            up: 0,
            reserved: 0,
            options: &[],
            ttl: DEFAULT_TTL,
            traffic_class: 0,
            lies: Lies::default(),
        }
    }
}

impl<'a> Header<'a> {
    /// The header of `outgoing`, an honest one, with these options. Note that the options that `outgoing`
    /// asks for are not looked at: the caller encodes them, see [`OptionOctets`].
    #[must_use]
    pub fn of_outgoing(outgoing: &Outgoing, options: &'a [u8]) -> Self {
        Self {
            seq: outgoing.seq,
            ack: outgoing.ack,
            ctl: outgoing.ctl,
            wnd: outgoing.wnd,
            up: outgoing.up,
            options,
            ..Self::default()
        }
    }

    /// The header of `segment`, an honest one whatever the segment's integrity says.
    #[must_use]
    pub fn of_segment(segment: &Segment<'a>) -> Self {
        Self {
            seq: segment.seq,
            ack: segment.ack,
            ctl: segment.ctl,
            wnd: segment.wnd,
            up: segment.up,
            reserved: segment.reserved,
            options: segment.options,
            ..Self::default()
        }
    }
}

/// Octets of a packet between these sockets of whose segment so many are there, for [`Lies::ip_length`].
#[must_use]
pub fn length_with(endpoints: &Endpoints, octets: u8) -> u16 {
    ip::header_length(endpoints.source.ip()) as u16 + u16::from(octets)
}

/// Puts an option into the IP header of a packet that nobody needs to know and everybody must skip: over IPv4 one for
/// experiments (RFC 4727 §3.3), over IPv6 one of the hop-by-hop options, likewise. A packet that is not from [`build`],
/// and one that cannot grow, is left alone.
pub fn add_ip_options(packet: &mut Vec<u8>) {
    ip::add_options(packet);
}

/// An ICMP error message with this type and code about a segment that went between these sockets: from the receiver of
/// `segment`, a whole packet of [`build`], back to its sender.
#[must_use]
pub fn icmp_error(type_and_code: (u8, u8), endpoints: Endpoints, segment: &[u8]) -> Vec<u8> {
    ip::icmp_error(type_and_code, endpoints.destination.ip(), endpoints.source.ip(), segment)
}

/// Reads an ICMP error message about a TCP segment; none if the packet brings anything else, is damaged, or has options
/// in its IP header.
#[must_use]
pub fn parse_icmp_error(packet: &[u8]) -> Option<IcmpMessage> {
    icmp::read(packet)
}

/// Why a packet cannot be built.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unbuildable {
    /// One address is IPv4, the other IPv6.
    MixedFamilies,
    /// More than [`MAX_OPTIONS`] octets of options.
    OptionsTooLong,
    /// The packet is longer than an IP header can say.
    TextTooLong,
}

impl fmt::Display for Unbuildable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MixedFamilies => "one address is IPv4, the other IPv6",
            Self::OptionsTooLong => "more than 40 octets of options",
            Self::TextTooLong => "more text than an IP packet can hold",
        })
    }
}

impl std::error::Error for Unbuildable {}

/// Builds an IP packet with one TCP segment into `out`, which is cleared first. The text comes in two parts
/// because that is how a ring buffer holds it; either may be empty.
///
/// # Errors
///
/// [`Unbuildable`]; `out` is then empty.
pub fn build(
    endpoints: &Endpoints,
    header: &Header<'_>,
    text: [&[u8]; 2],
    out: &mut Vec<u8>,
) -> Result<(), Unbuildable> {
    out.clear();
    if header.options.len() > MAX_OPTIONS {
        return Err(Unbuildable::OptionsTooLong);
    }
    let (source, destination) = (endpoints.source.ip(), endpoints.destination.ip());
    let segment_length = tcp::header_length(header) + text[0].len() + text[1].len();
    let start = ip::header_length(source);
    out.reserve(start + segment_length);
    ip::write(
        source,
        destination,
        (header.ttl, header.traffic_class),
        segment_length,
        header.lies.ip_length,
        out,
    )?;
    tcp::write(endpoints, header, out);
    out.extend_from_slice(text[0]);
    out.extend_from_slice(text[1]);
    let sum = checksum::pseudo_header(source, destination, segment_length) + checksum::sum(&out[start..]);
    // A difference of one is wrong in one's complement too, where inverting all bits of a zero would not be.
    let checksum = checksum::finish(sum) ^ u16::from(header.lies.bad_checksum);
    out[start + tcp::CHECKSUM_AT..][..2].copy_from_slice(&checksum.to_be_bytes());
    Ok(())
}
