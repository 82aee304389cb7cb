//! Measures that look at the IP header, which traces leave out: identification of repetitions, options.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use tcpspec_core::{Control, Instant, SeqNumber};

use super::choices::Measured;
use super::measures::Found;
use crate::bench::Family;
use crate::stack::{Setup, Stack, UserCall};
use crate::wire::{self, Endpoints, Header};

const STACK: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const PEER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// Octets of an IPv4 header without options.
const PLAIN: usize = 20;

/// Everything that can be measured over IPv4; IPv6 has neither identification nor these options.
pub(super) fn measure(stack: &mut dyn Stack, family: Family) -> Vec<Measured> {
    if family == Family::V6 {
        let other = |id| (id, "the IPv4 header", Found::NotConcerned("this is IPv6".to_owned()));
        return ["MAY-4", "MAY-10", "MAY-11"].map(other).to_vec();
    }
    let mut measured = Vec::new();
    measured.extend(identification(stack));
    // Room for one timestamp, and for one address.
    let timestamp = [68, 8, 5, 0, 0, 0, 0, 0];
    let record = [7, 7, 4, 0, 0, 0, 0, 0];
    for (id, what, option) in [
        ("MAY-10", "a SYN with the IP Timestamp option", timestamp),
        ("MAY-11", "a SYN with the IP Record Route option", record),
    ] {
        let said = if answer(stack, &option).is_some() { "it is answered" } else { "it is dropped" };
        measured.push((id, what, Found::Chooses(said.to_owned())));
    }
    measured
}

fn fresh(stack: &mut dyn Stack) {
    stack.reset(&Setup {
        local: IpAddr::V4(STACK),
        peer: IpAddr::V4(PEER),
        seed: 1,
        receive_buffer: 4096,
        send_buffer: 4096,
        mtu: 1500,
        nagle: true,
        congestion_control: false,
    });
}

/// The next packet that the stack sends before `time`.
fn next(stack: &mut dyn Stack, time: Instant) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    // A stack may stop early any number of times; a limit keeps it from never coming back.
    for _ in 0..10_000 {
        if stack.emit(&mut packet) {
            return Some(packet);
        }
        if stack.run_until(time) >= time {
            return stack.emit(&mut packet).then_some(packet);
        }
    }
    None
}

/// The identification of a SYN and of its repetition (MAY-4).
fn identification(stack: &mut dyn Stack) -> Option<Measured> {
    fresh(stack);
    let remote = SocketAddr::new(IpAddr::V4(PEER), 80);
    stack.call(UserCall::Connect { port: 49_152, remote, route: &[] });
    let first = next(stack, Instant::ZERO + Duration::from_secs(1))?;
    let again = next(stack, Instant::ZERO + Duration::from_secs(10))?;
    let said = if first.get(4..6) == again.get(4..6) { "the same again" } else { "another one" };
    Some(("MAY-4", "identification of a repeated SYN", Found::Chooses(said.to_owned())))
}

/// What a listener answers to a SYN whose IP header has these options.
fn answer(stack: &mut dyn Stack, options: &[u8; 8]) -> Option<Vec<u8>> {
    fresh(stack);
    stack.call(UserCall::Listen { port: 80 });
    stack.deliver(&syn_with(options));
    next(stack, Instant::ZERO + Duration::from_millis(500))
}

/// A SYN with options in its IP header.
fn syn_with(options: &[u8; 8]) -> Vec<u8> {
    let endpoints = Endpoints {
        source: SocketAddr::new(IpAddr::V4(PEER), 49_152),
        destination: SocketAddr::new(IpAddr::V4(STACK), 80),
    };
    let header = Header { seq: SeqNumber(1000), ctl: Control::SYN, wnd: 65_535, ..Header::default() };
    let mut packet = Vec::new();
    wire::build(&endpoints, &header, [&[], &[]], &mut packet).expect("a SYN fits into a packet");
    packet.splice(PLAIN..PLAIN, options.iter().copied());
    let words = u8::try_from((PLAIN + options.len()) / 4).unwrap_or(15);
    packet[0] = 0x40 | words;
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX).to_be_bytes();
    packet[2..4].copy_from_slice(&length);
    packet[10..12].fill(0);
    let sum: u32 = packet[..PLAIN + options.len()]
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(u16::MAX);
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syn_with_ip_options_is_a_sound_packet() {
        let packet = syn_with(&[131, 7, 8, 192, 0, 2, 3, 0]);
        let parsed = wire::parse(&packet).expect("TCP");
        assert_eq!(parsed.segment.ctl, Control::SYN);
        assert_eq!(parsed.segment.integrity, tcpspec_core::segment::Integrity::Sound);
        assert_eq!(packet[0], 0x47);
    }
}
