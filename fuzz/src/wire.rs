//! The wire codec against two others: etherparse and smoltcp's.
//!
//! What is well formed must mean the same to all three. Left out: checksums as smoltcp sees them, which it does not
//! verify when built for fuzzing, and packets that only one of them is lenient about.

use std::net::{IpAddr, SocketAddr};

use arbitrary::Arbitrary;
use etherparse::{SlicedPacket, TransportSlice};
use smoltcp::wire::TcpPacket;
use tcpspec::wire::{Endpoints, Header, Lies, MAX_OPTIONS, build, parse};
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, SeqNumber};

/// A packet to build, and what happens to it on its way.
#[derive(Clone, Debug, Arbitrary)]
pub struct Packet {
    addresses: Addresses,
    ports: (u16, u16),
    seq: u32,
    ack: u32,
    ctl: u8,
    reserved: u8,
    wnd: u16,
    up: u16,
    options: Vec<u8>,
    text: Vec<u8>,
    data_offset: Option<u8>,
    bad_checksum: bool,
    damage: Vec<(u16, u8)>,
    cut: Option<u16>,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Addresses {
    V4([u8; 4], [u8; 4]),
    V6([u8; 16], [u8; 16]),
}

impl Packet {
    fn endpoints(&self) -> Endpoints {
        let (source, destination): (IpAddr, IpAddr) = match self.addresses {
            Addresses::V4(source, destination) => (source.into(), destination.into()),
            Addresses::V6(source, destination) => (source.into(), destination.into()),
        };
        Endpoints {
            source: SocketAddr::new(source, self.ports.0),
            destination: SocketAddr::new(destination, self.ports.1),
        }
    }

    fn header(&self) -> Header<'_> {
        Header {
            seq: SeqNumber(self.seq),
            ack: SeqNumber(self.ack),
            ctl: Control(self.ctl),
            wnd: self.wnd,
            up: self.up,
            reserved: self.reserved & 15,
            options: &self.options[..self.options.len().min(MAX_OPTIONS)],
            lies: Lies { bad_checksum: self.bad_checksum, data_offset: self.data_offset, ..Lies::default() },
            ..Header::default()
        }
    }

    /// Builds the packet, damages it and checks what everybody makes of it. Panics if somebody disagrees.
    pub fn check(&self) {
        let mut octets = Vec::new();
        let header = self.header();
        build(&self.endpoints(), &header, [&self.text, &[]], &mut octets).expect("short options and text");
        if self.damage.is_empty() && self.cut.is_none() {
            self.is_read_back(&octets);
        }
        for (place, flip) in &self.damage {
            let place = usize::from(*place) % octets.len();
            octets[place] ^= flip;
        }
        if let Some(cut) = self.cut {
            octets.truncate(usize::from(cut));
        }
        check_octets(&octets);
    }

    /// What was built is found again, lies included.
    fn is_read_back(&self, octets: &[u8]) {
        let parsed = parse(octets).expect("what we build is TCP");
        let (segment, header) = (parsed.segment, self.header());
        assert_eq!(parsed.endpoints, self.endpoints());
        assert_eq!((segment.seq, segment.ack, segment.ctl), (header.seq, header.ack, header.ctl));
        assert_eq!((segment.wnd, segment.up, segment.reserved), (header.wnd, header.up, header.reserved));
        if segment.integrity == Integrity::Sound && self.data_offset.is_none() {
            assert_eq!(segment.text, self.text);
            assert!(segment.options.starts_with(header.options));
        }
        assert_eq!(segment.integrity == Integrity::BadChecksum, self.bad_checksum);
    }
}

/// What must be true of any octets.
pub fn check_octets(octets: &[u8]) {
    let Ok(parsed) = parse(octets) else { return };
    let segment = parsed.segment;
    if segment.integrity != Integrity::Sound {
        return;
    }
    // Built again from what was found, it is found again.
    let mut again = Vec::new();
    let header = Header { ttl: parsed.ttl, ..Header::of_segment(&segment) };
    build(&parsed.endpoints, &header, [segment.text, &[]], &mut again).expect("it fitted before");
    let rebuilt = parse(&again).expect("what we build is TCP");
    assert_eq!((rebuilt.endpoints, rebuilt.segment, rebuilt.ttl), (parsed.endpoints, segment, parsed.ttl));

    // From here on the packet has no extension headers, of which everybody supports others.
    let sliced = SlicedPacket::from_ip(&again).expect("etherparse reads what we build");
    let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("etherparse sees no TCP") };
    assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (segment.seq.0, segment.ack.0));
    assert_eq!((tcp.window_size(), tcp.urgent_pointer()), (segment.wnd, segment.up));
    assert_eq!((tcp.options(), tcp.payload()), (segment.options, segment.text));
    assert_eq!(
        [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh()],
        [0, 1, 2, 3].map(|bit| segment.ctl.0 >> bit & 1 == 1)
    );
    assert_eq!(
        [tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()],
        [4, 5, 6, 7].map(|bit| segment.ctl.0 >> bit & 1 == 1)
    );

    let theirs = TcpPacket::new_checked(tcp.slice()).expect("smoltcp reads what we build");
    assert_eq!(theirs.seq_number().0.cast_unsigned(), segment.seq.0);
    assert_eq!(theirs.ack_number().0.cast_unsigned(), segment.ack.0);
    assert_eq!(usize::from(theirs.header_len()), 20 + segment.options.len());
    assert_eq!((theirs.window_len(), theirs.urgent_at()), (segment.wnd, segment.up));
    let ports = (parsed.endpoints.source.port(), parsed.endpoints.destination.port());
    assert_eq!((theirs.src_port(), theirs.dst_port()), ports);
    assert_eq!((theirs.syn(), theirs.fin(), theirs.rst()), (tcp.syn(), tcp.fin(), tcp.rst()));
}
