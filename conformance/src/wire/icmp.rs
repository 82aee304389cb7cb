//! ICMP error messages, as far as a host must read them to tell a connection (RFC 792, RFC 4443; RFC 9293 §3.9.2.2).
//!
//! Left out: every message that is no error or quotes no TCP segment, and the size that "packet too big" brings.

use std::net::{IpAddr, SocketAddr};

use super::checksum::{finish, sum};
use super::{Endpoints, ip};

/// Octets of an ICMP message before what it quotes.
const HEADER: usize = 8;

/// An error message about a TCP segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IcmpMessage {
    /// Type and code, in ICMP or ICMPv6 as the addresses say.
    pub type_and_code: (u8, u8),
    /// Between whom the segment went that is quoted: from the host that is told.
    pub quoted: Endpoints,
    /// Its sequence number.
    pub seq: u32,
}

/// Reads an IP packet without options that brings an ICMP error about a TCP segment; none if it brings anything else.
pub(super) fn read(packet: &[u8]) -> Option<IcmpMessage> {
    let (header_length, protocol, pseudo_header) = match packet.first()? >> 4 {
        4 => (ip::V4_HEADER, *packet.get(9)?, 0),
        6 => {
            let length = packet.len().checked_sub(ip::V6_HEADER)? as u64;
            let addresses = sum(packet.get(8..ip::V6_HEADER)?);
            (ip::V6_HEADER, *packet.get(6)?, addresses + length + u64::from(ip::PROTOCOL_ICMP_V6))
        }
        _ => return None,
    };
    let is_icmp = match header_length {
        ip::V4_HEADER => protocol == ip::PROTOCOL_ICMP,
        _ => protocol == ip::PROTOCOL_ICMP_V6,
    };
    let message = packet.get(header_length..)?;
    if !is_icmp || finish(pseudo_header + sum(message)) != 0 {
        return None;
    }
    let (quoted, seq) = quotation(message.get(HEADER..)?)?;
    Some(IcmpMessage { type_and_code: (*message.first()?, *message.get(1)?), quoted, seq })
}

/// The sockets and the sequence number of a quoted segment, of which eight octets are enough (RFC 792).
fn quotation(packet: &[u8]) -> Option<(Endpoints, u32)> {
    let (source, destination, protocol, tcp): (IpAddr, IpAddr, u8, &[u8]) = match packet.first()? >> 4 {
        4 => {
            let address =
                |at: usize| packet.get(at..at + 4)?.first_chunk::<4>().map(|octets| IpAddr::from(*octets));
            let header_length = usize::from(packet.first()? & 0x0f) * 4;
            (address(12)?, address(16)?, *packet.get(9)?, packet.get(header_length..)?)
        }
        6 => {
            let address =
                |at: usize| packet.get(at..at + 16)?.first_chunk::<16>().map(|octets| IpAddr::from(*octets));
            (address(8)?, address(24)?, *packet.get(6)?, packet.get(ip::V6_HEADER..)?)
        }
        _ => return None,
    };
    let [a, b, c, d, seq @ ..] = *tcp.first_chunk::<8>()?;
    let port = |high, low| u16::from_be_bytes([high, low]);
    let quoted = Endpoints {
        source: SocketAddr::new(source, port(a, b)),
        destination: SocketAddr::new(destination, port(c, d)),
    };
    (protocol == ip::PROTOCOL_TCP).then(|| (quoted, u32::from_be_bytes(seq)))
}
