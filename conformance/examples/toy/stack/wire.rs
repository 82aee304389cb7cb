//! Segments in IP packets: reads what is well formed, writes what is right. No fragments, no extension headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

pub(super) const FIN: u8 = 1;
pub(super) const SYN: u8 = 2;
pub(super) const RST: u8 = 4;
pub(super) const PSH: u8 = 8;
pub(super) const ACK: u8 = 16;

const TCP: u8 = 6;

/// One segment.
#[derive(Clone, Debug, Default)]
pub(super) struct Segment {
    pub(super) seq: u32,
    pub(super) ack: u32,
    pub(super) flags: u8,
    pub(super) window: u16,
    pub(super) mss: Option<u16>,
    pub(super) text: Vec<u8>,
}

impl Segment {
    pub(super) const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// What it takes of the sequence space.
    pub(super) fn length(&self) -> u32 {
        self.text.len() as u32 + u32::from(self.has(SYN)) + u32::from(self.has(FIN))
    }
}

/// A packet that carries TCP, with its checksum looked at but not yet judged.
pub(super) struct Packet {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) checksum_is_right: bool,
    pub(super) segment: Segment,
}

/// Reads a packet, unless it is none that a TCP takes.
pub(super) fn parse(packet: &[u8]) -> Option<Packet> {
    let (source, destination, octets) = match packet.first()? >> 4 {
        4 => ipv4(packet)?,
        6 => ipv6(packet)?,
        _ => return None,
    };
    let offset = usize::from(octets.get(12)? >> 4) * 4;
    if octets.len() < 20 || !(20..=octets.len()).contains(&offset) {
        return None;
    }
    let segment = Segment {
        seq: u32::from_be_bytes(octets[4..8].try_into().ok()?),
        ack: u32::from_be_bytes(octets[8..12].try_into().ok()?),
        flags: octets[13],
        window: number(&octets[14..16]),
        mss: mss_option(&octets[20..offset]),
        text: octets[offset..].to_vec(),
    };
    Some(Packet {
        source: SocketAddr::new(source, number(&octets[0..2])),
        destination: SocketAddr::new(destination, number(&octets[2..4])),
        checksum_is_right: checksum(&[&pseudo_header(source, destination, octets.len()), octets]) == 0,
        segment,
    })
}

fn ipv4(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let header = usize::from(packet[0] & 15) * 4;
    let total = usize::from(number(packet.get(2..4)?));
    let whole =
        20 <= header && header <= total && total <= packet.len() && number(&packet[6..8]) & 0x3fff == 0;
    if !whole || packet[9] != TCP || checksum(&[&packet[..header]]) != 0 {
        return None;
    }
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 4] = packet[at..at + 4].try_into().ok()?;
        Some(Ipv4Addr::from(octets).into())
    };
    Some((address(12)?, address(16)?, &packet[header..total]))
}

fn ipv6(packet: &[u8]) -> Option<(IpAddr, IpAddr, &[u8])> {
    let total = 40 + usize::from(number(packet.get(4..6)?));
    if total > packet.len() || packet[6] != TCP {
        return None;
    }
    let address = |at: usize| -> Option<IpAddr> {
        let octets: [u8; 16] = packet[at..at + 16].try_into().ok()?;
        Some(Ipv6Addr::from(octets).into())
    };
    Some((address(8)?, address(24)?, &packet[40..total]))
}

/// The maximum segment size that the options name. What is malformed ends them.
fn mss_option(mut options: &[u8]) -> Option<u16> {
    loop {
        match options {
            [] | [0, ..] => return None,
            [1, rest @ ..] => options = rest,
            [2, 4, high, low, ..] => return Some(u16::from_be_bytes([*high, *low])),
            [_, length, ..] if (2..=options.len()).contains(&usize::from(*length)) => {
                options = &options[usize::from(*length)..];
            }
            _ => return None,
        }
    }
}

/// The IP packet that carries a segment.
pub(super) fn build(source: SocketAddr, destination: SocketAddr, segment: &Segment) -> Vec<u8> {
    let mut octets = Vec::new();
    octets.extend(source.port().to_be_bytes());
    octets.extend(destination.port().to_be_bytes());
    octets.extend(segment.seq.to_be_bytes());
    octets.extend(segment.ack.to_be_bytes());
    octets.extend([if segment.mss.is_some() { 6 << 4 } else { 5 << 4 }, segment.flags]);
    octets.extend(segment.window.to_be_bytes());
    octets.extend([0; 4]);
    if let Some(mss) = segment.mss {
        octets.extend([2, 4]);
        octets.extend(mss.to_be_bytes());
    }
    octets.extend(&segment.text);
    let sum = checksum(&[&pseudo_header(source.ip(), destination.ip(), octets.len()), &octets]);
    octets[16..18].copy_from_slice(&sum.to_be_bytes());
    let mut packet = ip_header(source.ip(), destination.ip(), octets.len());
    packet.extend(octets);
    packet
}

fn ip_header(source: IpAddr, destination: IpAddr, length: usize) -> Vec<u8> {
    let mut header = match source {
        IpAddr::V4(_) => vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, TCP, 0, 0],
        IpAddr::V6(_) => vec![0x60, 0, 0, 0, 0, 0, TCP, 64],
    };
    header.extend(octets_of(source));
    header.extend(octets_of(destination));
    if source.is_ipv4() {
        header[2..4].copy_from_slice(&((20 + length) as u16).to_be_bytes());
        let sum = checksum(&[&header]);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
    } else {
        header[4..6].copy_from_slice(&(length as u16).to_be_bytes());
    }
    header
}

/// What the checksum covers besides the segment (RFC 9293, section 3.1).
fn pseudo_header(source: IpAddr, destination: IpAddr, length: usize) -> Vec<u8> {
    let mut header = [octets_of(source), octets_of(destination)].concat();
    if source.is_ipv4() {
        header.extend([0, TCP]);
        header.extend((length as u16).to_be_bytes());
    } else {
        header.extend((length as u32).to_be_bytes());
        header.extend([0, 0, 0, TCP]);
    }
    header
}

fn octets_of(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The Internet checksum (RFC 1071) of parts that all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let mut sum: u32 =
        words.map(|word| u32::from(word[0]) << 8 | u32::from(*word.get(1).unwrap_or(&0))).sum();
    while sum >> 16 != 0 {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn number(octets: &[u8]) -> u16 {
    u16::from_be_bytes([octets[0], octets[1]])
}
