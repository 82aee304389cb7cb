//! IP headers, as far as a host must look at them to find a TCP segment (RFC 791, RFC 8200).
//!
//! What it leaves out: fragments (a conformance run never sends any), source routes of IPv6, jumbograms, and the meaning
//! of every option but IPv4's source routes, which [`route`](super::route) reads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::checksum::{finish, sum};
use super::route::{self, SourceRoute};
use super::{NotTcp, Unbuildable};

/// The number of TCP in IP headers.
pub(super) const PROTOCOL_TCP: u8 = 6;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION_OPTIONS: u8 = 60;

/// Octets of an IPv4 header without options.
pub(super) const V4_HEADER: usize = 20;
/// Octets of the fixed IPv6 header.
pub(super) const V6_HEADER: usize = 40;

/// An IP packet that carries TCP.
pub(super) struct Packet<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// Time to live, or hop limit.
    pub(super) ttl: u8,
    /// The Diffserv field, its six bits.
    pub(super) traffic_class: u8,
    /// The source route, if there is one; `destination` is then its end.
    pub(super) route: Option<SourceRoute<'a>>,
    /// The whole segment, header included.
    pub(super) segment: &'a [u8],
}

/// Reads the IP header and whatever stands between it and the segment.
pub(super) fn read(octets: &[u8]) -> Result<Packet<'_>, NotTcp> {
    match octets.first().ok_or(NotTcp::PacketTooShort)? >> 4 {
        4 => read_v4(octets),
        6 => read_v6(octets),
        version => Err(NotTcp::NotIp(version)),
    }
}

fn read_v4(octets: &[u8]) -> Result<Packet<'_>, NotTcp> {
    let fixed = octets.first_chunk::<V4_HEADER>().ok_or(NotTcp::PacketTooShort)?;
    let header_length = usize::from(fixed[0] & 0x0f) * 4;
    if header_length < V4_HEADER {
        return Err(NotTcp::HeaderLengthWrong);
    }
    let header = octets.get(..header_length).ok_or(NotTcp::HeaderLengthWrong)?;
    // Nearly every header ends with its fixed part.
    if finish(sum(fixed) + sum(&header[V4_HEADER..])) != 0 {
        return Err(NotTcp::HeaderChecksumWrong);
    }
    let total = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
    let segment = octets.get(header_length..total).ok_or(NotTcp::LengthWrong)?;
    // "More fragments" and the offset; the reserved bit and "don't fragment" do not matter.
    if u16::from_be_bytes([fixed[6], fixed[7]]) & 0x3fff != 0 {
        return Err(NotTcp::Fragment);
    }
    if fixed[9] != PROTOCOL_TCP {
        return Err(NotTcp::OtherProtocol(fixed[9]));
    }
    let [.., a, b, c, d, e, f, g, h] = *fixed;
    let destination = Ipv4Addr::new(e, f, g, h);
    let route = route::read(destination, &header[V4_HEADER..]);
    Ok(Packet {
        source: Ipv4Addr::new(a, b, c, d).into(),
        destination: route.map_or(destination, |route| route.end()).into(),
        ttl: fixed[8],
        traffic_class: fixed[1] >> 2,
        route,
        segment,
    })
}

fn read_v6(octets: &[u8]) -> Result<Packet<'_>, NotTcp> {
    let (fixed, rest) = octets.split_first_chunk::<V6_HEADER>().ok_or(NotTcp::PacketTooShort)?;
    let payload_length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    let payload = rest.get(..payload_length).ok_or(NotTcp::LengthWrong)?;
    Ok(Packet {
        source: v6_address(fixed, 8),
        destination: v6_address(fixed, 24),
        ttl: fixed[7],
        traffic_class: (fixed[0] & 0x0f) << 2 | fixed[1] >> 6,
        route: None,
        segment: skip_extension_headers(fixed[6], payload)?,
    })
}

fn v6_address(header: &[u8; V6_HEADER], at: usize) -> IpAddr {
    let mut octets = [0; 16];
    octets.copy_from_slice(&header[at..at + 16]);
    Ipv6Addr::from(octets).into()
}

/// What stands after the extension headers, if it is TCP. Every header takes at least eight octets, so this
/// ends.
fn skip_extension_headers(first: u8, payload: &[u8]) -> Result<&[u8], NotTcp> {
    let (mut next, mut rest) = (first, payload);
    loop {
        match next {
            PROTOCOL_TCP => return Ok(rest),
            HOP_BY_HOP | DESTINATION_OPTIONS | ROUTING | FRAGMENT => {}
            other => return Err(NotTcp::OtherProtocol(other)),
        }
        let fixed = rest.first_chunk::<8>().ok_or(NotTcp::LengthWrong)?;
        let length = match next {
            // A header that declares the packet to be its only fragment changes nothing (RFC 6946).
            FRAGMENT if u16::from_be_bytes([fixed[2], fixed[3]]) & 0xfff9 != 0 => {
                return Err(NotTcp::Fragment);
            }
            FRAGMENT => 8,
            // Somebody else's: the address in the header is not where it is going.
            ROUTING if fixed[3] != 0 => return Err(NotTcp::SourceRouted),
            _ => (usize::from(fixed[1]) + 1) * 8,
        };
        next = fixed[0];
        rest = rest.get(length..).ok_or(NotTcp::LengthWrong)?;
    }
}

/// Appends an IP header for a segment of `segment` octets, with a time to live and a Diffserv field. `claimed` replaces the packet's length in the
/// header.
pub(super) fn write(
    source: IpAddr,
    destination: IpAddr,
    (ttl, traffic_class): (u8, u8),
    segment: usize,
    claimed: Option<u16>,
    out: &mut Vec<u8>,
) -> Result<(), Unbuildable> {
    match (source, destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let total = field(V4_HEADER + segment)?;
            let mut header = v4_header(from, to, ttl, PROTOCOL_TCP, claimed.unwrap_or(total));
            if traffic_class != 0 {
                header[1] = traffic_class << 2;
                header[10..12].fill(0);
                let checksum = finish(sum(&header));
                header[10..12].copy_from_slice(&checksum.to_be_bytes());
            }
            out.extend_from_slice(&header);
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let payload = field(segment)?;
            // The lie is told in octets of the whole packet for both families; this field counts the payload.
            let claimed = claimed.map(|total| total.saturating_sub(V6_HEADER as u16));
            let mut header = v6_header(from, to, ttl, PROTOCOL_TCP, claimed.unwrap_or(payload));
            header[0] |= traffic_class >> 2;
            header[1] |= traffic_class << 6;
            out.extend_from_slice(&header);
        }
        _ => return Err(Unbuildable::MixedFamilies),
    }
    Ok(())
}

/// Octets of the IP header that [`write`] writes for this source.
pub(super) const fn header_length(source: IpAddr) -> usize {
    match source {
        IpAddr::V4(_) => V4_HEADER,
        IpAddr::V6(_) => V6_HEADER,
    }
}

fn field(length: usize) -> Result<u16, Unbuildable> {
    u16::try_from(length).map_err(|_| Unbuildable::TextTooLong)
}

fn v4_header(source: Ipv4Addr, destination: Ipv4Addr, ttl: u8, protocol: u8, total: u16) -> [u8; V4_HEADER] {
    let mut header = [0; V4_HEADER];
    header[0] = 0x45;
    header[2..4].copy_from_slice(&total.to_be_bytes());
    header[6] = 0x40; // Don't fragment: the identification then has no meaning (RFC 6864 §4.1).
    header[8] = ttl;
    header[9] = protocol;
    header[12..16].copy_from_slice(&source.octets());
    header[16..20].copy_from_slice(&destination.octets());
    let checksum = finish(sum(&header));
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}

fn v6_header(
    source: Ipv6Addr,
    destination: Ipv6Addr,
    hop_limit: u8,
    next: u8,
    payload: u16,
) -> [u8; V6_HEADER] {
    let mut header = [0; V6_HEADER];
    header[0] = 0x60;
    header[4..6].copy_from_slice(&payload.to_be_bytes());
    header[6] = next;
    header[7] = hop_limit;
    header[8..24].copy_from_slice(&source.octets());
    header[24..40].copy_from_slice(&destination.octets());
    header
}

/// An IPv4 option for experiments, four octets with its length (RFC 4727 §3.3).
const V4_OPTION: [u8; 4] = [30, 4, 0, 0];

/// Hop-by-hop options with one for experiments that is skipped where it is unknown (RFC 4727 §3.5; RFC 8200 §4.2). The
/// first octet is the next header.
const V6_OPTIONS: [u8; 8] = [PROTOCOL_TCP, 0, 0x1e, 4, 0, 0, 0, 0];

/// See [`super::add_ip_options`].
pub(super) fn add_options(packet: &mut Vec<u8>) {
    if is_plain_v4(packet) {
        return add_v4_options(packet, &V4_OPTION);
    }
    let is_v6 = packet.len() >= V6_HEADER && packet[0] >> 4 == 6 && packet[6] == PROTOCOL_TCP;
    if is_v6 && lengthen(packet, 4, V6_OPTIONS.len()) {
        packet[6] = HOP_BY_HOP;
        packet.splice(V6_HEADER..V6_HEADER, V6_OPTIONS);
    }
}

/// Whether a packet has an IPv4 header without options.
pub(super) fn is_plain_v4(packet: &[u8]) -> bool {
    packet.len() >= V4_HEADER && packet[0] == 0x45
}

/// Puts options, whole words, into an IPv4 header that has none. A packet that cannot grow is left alone.
pub(super) fn add_v4_options(packet: &mut Vec<u8>, options: &[u8]) {
    if lengthen(packet, 2, options.len()) {
        packet[0] += (options.len() / 4) as u8;
        packet.splice(V4_HEADER..V4_HEADER, options.iter().copied());
        correct_v4_checksum(packet);
    }
}

/// Takes all options out of an IPv4 header.
pub(super) fn remove_v4_options(packet: &mut Vec<u8>) {
    let header = usize::from(packet[0] & 0x0f) * 4;
    let length = u16::from_be_bytes([packet[2], packet[3]]) - (header - V4_HEADER) as u16;
    packet[2..4].copy_from_slice(&length.to_be_bytes());
    packet[0] = 0x45;
    packet.drain(V4_HEADER..header);
    correct_v4_checksum(packet);
}

/// Adds to the length field at `at`, if it can count so far.
fn lengthen(packet: &mut [u8], at: usize, by: usize) -> bool {
    let length = u16::from_be_bytes([packet[at], packet[at + 1]]);
    let Some(length) = length.checked_add(by as u16) else { return false };
    packet[at..][..2].copy_from_slice(&length.to_be_bytes());
    true
}

fn correct_v4_checksum(packet: &mut [u8]) {
    let header = usize::from(packet[0] & 0x0f) * 4;
    packet[10..12].copy_from_slice(&[0, 0]);
    let checksum = finish(sum(&packet[..header]));
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
}

/// The number of ICMP in IPv4 headers.
pub(super) const PROTOCOL_ICMP: u8 = 1;
/// The number of ICMPv6 in IPv6 headers.
pub(super) const PROTOCOL_ICMP_V6: u8 = 58;

/// See [`super::icmp_error`]. Addresses of two families give an empty packet.
pub(super) fn icmp_error(
    (kind, code): (u8, u8),
    source: IpAddr,
    destination: IpAddr,
    quoted: &[u8],
) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    // As much as a message may have that every host can take (RFC 1812 §4.3.2.3; RFC 4443 §3.1).
    message.extend_from_slice(&quoted[..quoted.len().min(500)]);
    let length = message.len() as u16;
    let (header, pseudo_header) = match (source, destination) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            let total = V4_HEADER as u16 + length;
            (v4_header(from, to, super::DEFAULT_TTL, PROTOCOL_ICMP, total).to_vec(), 0)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = v6_header(from, to, super::DEFAULT_TTL, PROTOCOL_ICMP_V6, length);
            // Addresses, length and protocol count in ICMPv6's checksum (RFC 4443 §2.3).
            (header.to_vec(), sum(&header[8..]) + u64::from(length) + u64::from(PROTOCOL_ICMP_V6))
        }
        _ => return Vec::new(),
    };
    let checksum = finish(pseudo_header + sum(&message));
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    [header, message].concat()
}
