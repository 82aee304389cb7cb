//! What the codec promises, by example and against another codec (etherparse).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{SlicedPacket, TransportSlice};
use tcpspec_core::extensions::SackBlocks;
use tcpspec_core::options::{TcpOption, walk};
use tcpspec_core::segment::{Integrity, TextRange};

use super::*;

mod arbitrary;
mod network;

const V4: Endpoints = Endpoints {
    source: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 4000),
    destination: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)), 80),
};
const V6: Endpoints = Endpoints {
    source: SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 4000),
    destination: SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)), 80),
};

fn built(endpoints: &Endpoints, header: &Header<'_>, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    build(endpoints, header, [text, &[]], &mut out).expect("fits");
    out
}

fn syn() -> Header<'static> {
    Header {
        seq: SeqNumber(1000),
        ctl: Control::SYN,
        wnd: 65_535,
        options: &[2, 4, 5, 180],
        ..Header::default()
    }
}

#[test]
fn a_syn_over_ipv4_stands_octet_for_octet() {
    let expected = [
        0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0xb6, 0xc8, 192, 0, 2, 1, 192, 0, 2, 2, // IP
        0x0f, 0xa0, 0, 80, 0, 0, 3, 0xe8, 0, 0, 0, 0, 0x60, 0x02, 0xff, 0xff, 0, 0x4b, 0, 0, // TCP
        2, 4, 5, 180, // Maximum Segment Size
    ];
    assert_eq!(built(&V4, &syn(), &[]), expected);
}

#[test]
fn what_is_built_is_parsed_in_both_families_and_with_odd_text() {
    let all = Header {
        seq: SeqNumber(u32::MAX),
        ack: SeqNumber(7),
        ctl: Control(0xff),
        wnd: 1,
        up: 2,
        reserved: 0x0f,
        options: &[1, 1, 1, 1, 254, 4, 9, 9],
        ttl: 3,
        traffic_class: 46,
        lies: Lies::default(),
    };
    for endpoints in [V4, V6] {
        for text in [&b""[..], b"a", b"ab", b"abc"] {
            let packet = built(&endpoints, &all, text);
            let parsed = parse(&packet).expect("is TCP");
            assert_eq!((parsed.endpoints, parsed.ttl, parsed.data_offset), (endpoints, 3, 7));
            assert_eq!(parsed.traffic_class, 46);
            let Segment { integrity, text: found, .. } = parsed.segment;
            assert_eq!((integrity, found), (Integrity::Sound, text));
            assert_eq!(Header { ttl: 3, traffic_class: 46, ..Header::of_segment(&parsed.segment) }, all);
        }
    }
}

#[test]
fn text_in_two_parts_is_the_text_in_one() {
    let mut out = Vec::new();
    for cut in 0..=5 {
        build(&V6, &syn(), [&b"hello"[..cut], &b"hello"[cut..]], &mut out).expect("fits");
        assert_eq!(out, built(&V6, &syn(), b"hello"));
    }
}

#[test]
fn options_are_padded_with_end_of_list() {
    let packet = built(&V4, &Header { options: &[3, 3, 7], ..syn() }, b"x");
    let segment = parse(&packet).expect("is TCP").segment;
    assert_eq!((segment.options, segment.text), (&[3, 3, 7, 0][..], &b"x"[..]));
}

/// The options of an acknowledgment that reports so many blocks.
fn outgoing_with_blocks(count: u32) -> OptionOctets {
    let mut sack = SackBlocks::default();
    (1..=count).for_each(|block| sack.push((SeqNumber(10 * block), SeqNumber(10 * block + 5))));
    OptionOctets::of(&Outgoing { sack, ..Outgoing::default() })
}

#[test]
fn an_outgoing_segment_of_the_reference_keeps_its_fields() {
    let outgoing = Outgoing {
        seq: SeqNumber(5),
        ack: SeqNumber(6),
        ctl: Control::SYN | Control::ACK,
        wnd: 7,
        up: 8,
        mss: Some(1220),
        window_scale: Some(7),
        sack_permitted: true,
        sack: SackBlocks::default(),
        text: TextRange::default(),
    };
    let options = OptionOctets::of(&outgoing);
    let header = Header::of_outgoing(&outgoing, options.as_slice());
    let packet = built(&V6, &header, &[]);
    let segment = parse(&packet).expect("is TCP").segment;
    assert_eq!((segment.seq, segment.ack, segment.ctl), (outgoing.seq, outgoing.ack, outgoing.ctl));
    assert_eq!((segment.wnd, segment.up, segment.integrity), (7, 8, Integrity::Sound));
    let options = walk(segment.options).filter(|option| *option != Ok(TcpOption::NoOperation));
    let expected =
        [TcpOption::MaximumSegmentSize(1220), TcpOption::WindowScale(7), TcpOption::SackPermitted].map(Ok);
    assert!(options.eq(expected), "{:?}", segment.options);
    assert!(outgoing_with_blocks(4).as_slice().len() <= MAX_OPTIONS);
    let blocks = outgoing_with_blocks(2);
    let options: Vec<_> = walk(blocks.as_slice()).collect();
    assert_eq!(options[2], Ok(TcpOption::Sack(&[0, 0, 0, 10, 0, 0, 0, 15, 0, 0, 0, 20, 0, 0, 0, 25])));
}

#[test]
fn a_wrong_data_offset_hides_options_and_text_and_nothing_else() {
    let honest = built(&V4, &syn(), b"text");
    for (offset, integrity) in [
        (0, Integrity::BadDataOffset),
        (4, Integrity::BadDataOffset),
        (5, Integrity::Sound),
        (7, Integrity::Sound),
        (8, Integrity::BadDataOffset),
        (15, Integrity::BadDataOffset),
    ] {
        let lies = Lies { data_offset: Some(offset), ..Lies::default() };
        let packet = built(&V4, &Header { lies, ..syn() }, b"text");
        let parsed = parse(&packet).expect("is TCP");
        assert_eq!((parsed.data_offset, parsed.segment.integrity), (offset, integrity));
        assert_eq!((parsed.segment.seq, parsed.segment.ctl), (SeqNumber(1000), Control::SYN));
        let taken = parsed.segment.options.len() + parsed.segment.text.len();
        assert_eq!(taken, if integrity == Integrity::Sound { 8 } else { 0 });
        assert_eq!(packet.len(), honest.len());
    }
}

#[test]
fn a_wrong_checksum_is_wrong_whatever_the_right_one_is() {
    // Sweeps the right checksum through all its values, 0000 and ffff among them if they occur.
    let mut seen = [false; 2];
    for up in 0..=u16::MAX {
        let header = Header { up, ..syn() };
        let right = built(&V4, &header, b"odd");
        assert_eq!(parse(&right).expect("is TCP").segment.integrity, Integrity::Sound);
        let lies = Lies { bad_checksum: true, ..Lies::default() };
        let wrong = built(&V4, &Header { lies, ..header }, b"odd");
        let segment = parse(&wrong).expect("is TCP").segment;
        assert_eq!((segment.integrity, segment.text), (Integrity::BadChecksum, &b"odd"[..]));
        seen[0] |= right[36..38] == [0, 0];
        seen[1] |= right[36..38] == [0, 1];
    }
    assert_eq!(seen, [true, true]);
}

#[test]
fn a_bad_checksum_outranks_a_bad_data_offset() {
    let lies = Lies { bad_checksum: true, data_offset: Some(1), ip_length: None };
    let packet = built(&V6, &Header { lies, ..syn() }, b"text");
    let segment = parse(&packet).expect("is TCP").segment;
    assert_eq!(
        (segment.integrity, segment.options, segment.text),
        (Integrity::BadChecksum, &[][..], &[][..])
    );
}

#[test]
fn a_length_that_lies_is_too_long_or_cuts_the_text() {
    for (endpoints, honest) in [(V4, 44 + 6), (V6, 64 + 6)] {
        let lying = |length| {
            let lies = Lies { ip_length: Some(length), ..Lies::default() };
            built(&endpoints, &Header { lies, ..syn() }, b"sixsix")
        };
        assert_eq!(parse(&lying(honest + 1)), Err(NotTcp::LengthWrong));
        let packet = lying(honest - 2);
        let segment = parse(&packet).expect("is TCP").segment;
        assert_eq!((segment.integrity, segment.text), (Integrity::BadChecksum, &b"sixs"[..]));
        let fixed = honest - 6 - 4;
        assert_eq!(parse(&lying(fixed - 1)), Err(NotTcp::SegmentTooShort));
        let segment = parse(&lying(fixed)).expect("is TCP").segment.integrity;
        assert_eq!(segment, Integrity::BadChecksum);
    }
    let lies = Lies { ip_length: Some(19), ..Lies::default() };
    assert_eq!(parse(&built(&V4, &Header { lies, ..syn() }, &[])), Err(NotTcp::LengthWrong));
    assert_eq!(parse(&built(&V6, &Header { lies, ..syn() }, &[])), Err(NotTcp::SegmentTooShort));
}

#[test]
fn octets_after_the_packet_are_padding() {
    for endpoints in [V4, V6] {
        let mut packet = built(&endpoints, &syn(), b"a");
        packet.extend_from_slice(&[0xee; 7]);
        let segment = parse(&packet).expect("is TCP").segment;
        assert_eq!((segment.integrity, segment.text), (Integrity::Sound, &b"a"[..]));
    }
}

#[test]
fn what_cannot_be_built_leaves_nothing() {
    let mut out = vec![1, 2, 3];
    let mixed = Endpoints { source: V4.source, destination: V6.destination };
    assert_eq!(build(&mixed, &syn(), [&[], &[]], &mut out), Err(Unbuildable::MixedFamilies));
    assert!(out.is_empty());
    let header = Header { options: &[1; 41], ..syn() };
    assert_eq!(build(&V4, &header, [&[], &[]], &mut out), Err(Unbuildable::OptionsTooLong));
    for (endpoints, most) in [(V4, 65_535 - 20 - 24), (V6, 65_535 - 24)] {
        let text = vec![b'a'; most + 1];
        assert_eq!(build(&endpoints, &syn(), [&text, &[]], &mut out), Err(Unbuildable::TextTooLong));
        assert!(out.is_empty());
        assert_eq!(build(&endpoints, &syn(), [&text[..most], &[]], &mut out), Ok(()));
        assert_eq!(parse(&out).expect("is TCP").segment.text.len(), most);
    }
}

#[test]
fn building_again_into_the_same_buffer_keeps_its_memory() {
    let mut out = built(&V6, &syn(), &[7; 1000]);
    let before = (out.as_ptr(), out.capacity());
    build(&V4, &syn(), [&[7; 900], &[7; 100]], &mut out).expect("fits");
    assert_eq!((out.as_ptr(), out.capacity()), before);
}

/// Writes the right header checksum into an IPv4 packet that was tampered with.
fn repaired(mut packet: Vec<u8>) -> Vec<u8> {
    packet[10..12].fill(0);
    let header = usize::from(packet[0] & 0x0f) * 4;
    let checksum = checksum::finish(checksum::sum(&packet[..header]));
    packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    packet
}

#[test]
fn packets_without_a_segment_say_why() {
    let good = built(&V4, &syn(), &[]);
    let tampered = |at: usize, octet: u8| {
        let mut packet = good.clone();
        packet[at] = octet;
        packet
    };
    assert_eq!(parse(&[]), Err(NotTcp::PacketTooShort));
    assert_eq!(parse(&good[..19]), Err(NotTcp::PacketTooShort));
    assert_eq!(parse(&good[..43]), Err(NotTcp::LengthWrong));
    assert_eq!(parse(&tampered(0, 0x55)), Err(NotTcp::NotIp(5)));
    assert_eq!(parse(&tampered(0, 0x44)), Err(NotTcp::HeaderLengthWrong));
    assert_eq!(parse(&tampered(0, 0x4f)), Err(NotTcp::HeaderLengthWrong));
    assert_eq!(parse(&tampered(8, 1)), Err(NotTcp::HeaderChecksumWrong));
    assert_eq!(parse(&repaired(tampered(6, 0x20))), Err(NotTcp::Fragment));
    assert_eq!(parse(&repaired(tampered(7, 1))), Err(NotTcp::Fragment));
    assert_eq!(parse(&repaired(tampered(9, 17))), Err(NotTcp::OtherProtocol(17)));
    let good = built(&V6, &syn(), &[]);
    assert_eq!(parse(&good[..39]), Err(NotTcp::PacketTooShort));
    assert_eq!(parse(&good[..63]), Err(NotTcp::LengthWrong));
}

#[test]
fn ipv4_options_are_skipped() {
    let mut packet = built(&V4, &syn(), b"text");
    packet.splice(20..20, [1, 1, 1, 0]);
    packet[0] = 0x46;
    packet[3] += 4;
    let packet = repaired(packet);
    let parsed = parse(&packet).expect("is TCP");
    assert_eq!((parsed.endpoints, parsed.segment.text), (V4, &b"text"[..]));
    assert_eq!(parsed.segment.integrity, Integrity::Sound);
}

/// An IPv6 packet with these headers between the fixed one and TCP; `first` is the number of the first of
/// them.
fn extended(first: u8, headers: &[u8]) -> Vec<u8> {
    let mut packet = built(&V6, &syn(), b"text");
    packet.splice(40..40, headers.iter().copied());
    packet[5] += u8::try_from(headers.len()).expect("short");
    packet[6] = first;
    packet
}

#[test]
fn ipv6_extension_headers_are_skipped_or_named() {
    let hop_by_hop_then_destination =
        [60, 0, 1, 4, 0, 0, 0, 0, 6, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    for packet in [
        extended(0, &hop_by_hop_then_destination),
        extended(43, &[6, 0, 0, 0, 0, 0, 0, 0]), // a routing header at its end
        extended(44, &[6, 0, 0, 0, 1, 2, 3, 4]), // the only fragment
    ] {
        let parsed = parse(&packet).expect("is TCP");
        assert_eq!((parsed.endpoints, parsed.segment.text), (V6, &b"text"[..]));
        assert_eq!(parsed.segment.integrity, Integrity::Sound);
    }
    assert_eq!(parse(&extended(43, &[6, 0, 0, 1, 0, 0, 0, 0])), Err(NotTcp::SourceRouted));
    assert_eq!(parse(&extended(44, &[6, 0, 0, 1, 0, 0, 0, 0])), Err(NotTcp::Fragment));
    assert_eq!(parse(&extended(44, &[6, 0, 0, 8, 0, 0, 0, 0])), Err(NotTcp::Fragment));
    assert_eq!(parse(&extended(60, &[59, 0, 1, 4, 0, 0, 0, 0])), Err(NotTcp::OtherProtocol(59)));
    assert_eq!(parse(&extended(60, &[6, 200, 1, 4, 0, 0, 0, 0])), Err(NotTcp::LengthWrong));
    let mut short = extended(0, &[0, 0, 1, 4, 0, 0, 0, 0]);
    short.truncate(44);
    short[5] = 4;
    assert_eq!(parse(&short), Err(NotTcp::LengthWrong));
}
