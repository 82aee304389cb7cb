//! What the codec promises, by example and against another codec (etherparse).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TcpHeader, TransportSlice};
use proptest::collection::vec;
use proptest::prelude::*;
use tcpspec_core::extensions::SackBlocks;
use tcpspec_core::options::{TcpOption, walk};
use tcpspec_core::segment::{Integrity, TextRange};

use super::*;

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

/// A header with the text that follows it, all fields arbitrary.
#[derive(Clone, Debug)]
struct Sample {
    endpoints: Endpoints,
    fields: (u32, u32, u8, u16, u16, u8, u8),
    options: Vec<u8>,
    text: Vec<u8>,
}

impl Sample {
    fn header(&self) -> Header<'_> {
        let (seq, ack, ctl, wnd, up, reserved, ttl) = self.fields;
        let (seq, ack, ctl) = (SeqNumber(seq), SeqNumber(ack), Control(ctl));
        Header {
            seq,
            ack,
            ctl,
            wnd,
            up,
            reserved,
            options: &self.options,
            ttl,
            traffic_class: 0,
            lies: Lies::default(),
        }
    }

    fn packet(&self) -> Vec<u8> {
        built(&self.endpoints, &self.header(), &self.text)
    }
}

fn endpoints() -> impl Strategy<Value = Endpoints> {
    let pair = |(source, from, destination, to): (IpAddr, u16, IpAddr, u16)| Endpoints {
        source: SocketAddr::new(source, from),
        destination: SocketAddr::new(destination, to),
    };
    prop_oneof![
        any::<([u8; 4], u16, [u8; 4], u16)>().prop_map(move |(a, p, b, q)| pair((a.into(), p, b.into(), q))),
        any::<([u8; 16], u16, [u8; 16], u16)>().prop_map(move |(a, p, b, q)| pair((
            a.into(),
            p,
            b.into(),
            q
        ))),
    ]
}

fn sample() -> impl Strategy<Value = Sample> {
    let fields = (any::<u32>(), any::<u32>(), any::<u8>(), any::<u16>(), any::<u16>(), 0..16_u8, any::<u8>());
    (endpoints(), fields, vec(any::<u8>(), 0..=40), vec(any::<u8>(), 0..80))
        .prop_map(|(endpoints, fields, options, text)| Sample { endpoints, fields, options, text })
}

/// `octets` with zeros up to a whole number of words.
fn padded(octets: &[u8]) -> Vec<u8> {
    let mut octets = octets.to_vec();
    octets.resize(octets.len().next_multiple_of(4), 0);
    octets
}

proptest! {
    #[test]
    fn parsing_what_was_built_returns_every_field(sample in sample()) {
        let packet = sample.packet();
        let parsed = parse(&packet).expect("is TCP");
        let options = padded(&sample.options);
        prop_assert_eq!(parsed.endpoints, sample.endpoints);
        prop_assert_eq!(usize::from(parsed.data_offset) * 4, 20 + options.len());
        prop_assert_eq!(parsed.segment.integrity, Integrity::Sound);
        prop_assert_eq!(parsed.segment.text, &sample.text);
        let header = Header { ttl: parsed.ttl, ..Header::of_segment(&parsed.segment) };
        prop_assert_eq!(header, Header { options: &options, ..sample.header() });
        prop_assert_eq!(as_read(&sample.endpoints, &header, &sample.text), parsed);
    }

    #[test]
    fn etherparse_reads_what_we_build(sample in sample()) {
        let packet = sample.packet();
        let sliced = SlicedPacket::from_ip(&packet).expect("etherparse parses it");
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("etherparse finds TCP") };
        let header = sample.header();
        let ends = (sample.endpoints.source, sample.endpoints.destination);
        let addresses = (ends.0.ip(), ends.1.ip());
        match sliced.net.expect("etherparse finds IP") {
            NetSlice::Ipv4(ip) => {
                let ip = ip.header();
                prop_assert_eq!((ip.source_addr().into(), ip.destination_addr().into()), addresses);
                prop_assert_eq!(ip.ttl(), header.ttl);
                prop_assert_eq!(ip.header_checksum(), ip.to_header().calc_header_checksum());
                let checksum = tcp.calc_checksum_ipv4(ip.source(), ip.destination()).expect("short");
                prop_assert_eq!(tcp.checksum(), checksum);
            }
            NetSlice::Ipv6(ip) => {
                let ip = ip.header();
                prop_assert_eq!((ip.source_addr().into(), ip.destination_addr().into()), addresses);
                prop_assert_eq!(ip.hop_limit(), header.ttl);
                let checksum = tcp.calc_checksum_ipv6(ip.source(), ip.destination()).expect("short");
                prop_assert_eq!(tcp.checksum(), checksum);
            }
            NetSlice::Arp(_) => panic!("not ARP"),
        }
        prop_assert_eq!((tcp.source_port(), tcp.destination_port()), (ends.0.port(), ends.1.port()));
        prop_assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (header.seq.0, header.ack.0));
        prop_assert_eq!((tcp.window_size(), tcp.urgent_pointer()), (header.wnd, header.up));
        let bits = [tcp.fin(), tcp.syn(), tcp.rst(), tcp.psh(), tcp.ack(), tcp.urg(), tcp.ece(), tcp.cwr()];
        prop_assert_eq!(bits, std::array::from_fn(|bit| header.ctl.0 >> bit & 1 == 1));
        prop_assert_eq!(tcp.ns(), header.reserved & 1 == 1);
        prop_assert_eq!(tcp.options(), padded(&sample.options));
        prop_assert_eq!(tcp.payload(), &sample.text);
    }

    #[test]
    fn we_read_what_etherparse_builds(sample in sample()) {
        let header = Header { reserved: sample.header().reserved & 1, ..sample.header() };
        let mut theirs = TcpHeader::new(
            sample.endpoints.source.port(), sample.endpoints.destination.port(), header.seq.0, header.wnd,
        );
        theirs.acknowledgment_number = header.ack.0;
        theirs.urgent_pointer = header.up;
        theirs.ns = header.reserved == 1;
        theirs.set_options_raw(header.options).expect("at most 40");
        let bit = |control| header.ctl.has(control);
        (theirs.fin, theirs.syn, theirs.rst) = (bit(Control::FIN), bit(Control::SYN), bit(Control::RST));
        (theirs.psh, theirs.ack, theirs.urg) = (bit(Control::PSH), bit(Control::ACK), bit(Control::URG));
        (theirs.ece, theirs.cwr) = (bit(Control::ECE), bit(Control::CWR));
        let builder = match (sample.endpoints.source.ip(), sample.endpoints.destination.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => PacketBuilder::ipv4(from.octets(), to.octets(), header.ttl),
            (IpAddr::V6(from), IpAddr::V6(to)) => PacketBuilder::ipv6(from.octets(), to.octets(), header.ttl),
            mixed => panic!("{mixed:?}"),
        };
        let mut packet = Vec::new();
        builder.tcp_header(theirs).write(&mut packet, &sample.text).expect("fits");
        let parsed = parse(&packet).expect("is TCP");
        prop_assert_eq!(parsed.endpoints, sample.endpoints);
        prop_assert_eq!(parsed.segment.integrity, Integrity::Sound);
        prop_assert_eq!(parsed.segment.text, &sample.text[..]);
        let ours = Header { ttl: parsed.ttl, ..Header::of_segment(&parsed.segment) };
        prop_assert_eq!(ours, Header { options: &padded(&sample.options), ..header });
    }

    #[test]
    fn a_flipped_bit_of_the_segment_is_never_sound(sample in sample(), bit: prop::sample::Index) {
        let mut packet = sample.packet();
        let start = ip::header_length(sample.endpoints.source.ip());
        let bit = bit.index((packet.len() - start) * 8);
        packet[start + bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(parse(&packet).expect("is TCP").segment.integrity, Integrity::BadChecksum);
    }

    #[test]
    fn lies_change_what_they_say_and_nothing_else(sample in sample(), offset in 0..16_u8) {
        let honest = sample.packet();
        let start = ip::header_length(sample.endpoints.source.ip());
        let lies = Lies { data_offset: Some(offset), ..Lies::default() };
        let mut lying = built(&sample.endpoints, &Header { lies, ..sample.header() }, &sample.text);
        let parsed = parse(&lying).expect("is TCP");
        prop_assert_ne!(parsed.segment.integrity, Integrity::BadChecksum);
        prop_assert_eq!(parsed.data_offset, offset);
        lying[start + 12] = honest[start + 12];
        lying[start + 16..start + 18].copy_from_slice(&honest[start + 16..start + 18]);
        prop_assert_eq!(lying, honest);
    }

    #[test]
    fn arbitrary_octets_never_panic(
        version in prop::option::of(prop_oneof![Just(0x45_u8), Just(0x46), Just(0x60)]),
        mut octets in vec(any::<u8>(), 0..120),
    ) {
        if let (Some(version), Some(first)) = (version, octets.first_mut()) {
            *first = version;
        }
        if let Ok(parsed) = parse(&octets) {
            prop_assert!(parsed.segment.options.len() <= MAX_OPTIONS && octets.len() >= 40);
        }
    }

    #[test]
    fn damaged_packets_never_panic(
        sample in sample(),
        keep: prop::sample::Index,
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut packet = sample.packet();
        let whole = packet.len();
        packet.truncate(keep.index(whole + 1));
        if packet.len() < whole {
            prop_assert!(parse(&packet).is_err());
        }
        if !packet.is_empty() {
            for (at, octet) in damage {
                let at = at.index(packet.len());
                packet[at] = octet;
            }
        }
        // An IPv4 header that was damaged is only looked into when its checksum is right again.
        if packet.len() >= 60 && packet[0] >> 4 == 4 {
            packet = repaired(packet);
        }
        if let Ok(parsed) = parse(&packet) {
            let taken = parsed.segment.options.len() + parsed.segment.text.len();
            prop_assert!(taken + 40 <= packet.len());
        }
    }
}

const ROUTERS: [Ipv4Addr; 3] =
    [Ipv4Addr::new(192, 0, 2, 3), Ipv4Addr::new(198, 51, 100, 1), Ipv4Addr::new(203, 0, 113, 9)];

#[test]
fn a_packet_on_a_source_route_is_addressed_to_the_next_router_and_sums_up_to_its_end() {
    let plain = built(&V4, &syn(), b"text");
    for hops in [&ROUTERS[..1], &ROUTERS[..2], &ROUTERS] {
        let mut packet = plain.clone();
        leave_by(&mut packet, hops);
        assert_eq!(packet[16..20], hops[0].octets(), "the header names the next router");
        let parsed = parse(&packet).expect("TCP");
        assert_eq!((parsed.endpoints, parsed.segment.integrity), (V4, Integrity::Sound));
        let route = parsed.route.expect("a route");
        assert!(!route.is_complete() && route.passed().next().is_none());
        assert!(route.hops().eq(hops.iter().copied()), "{route:?}");
        take_straight_way(&mut packet);
        assert_eq!(packet, plain);
    }
    let expected = [131, 11, 4, 198, 51, 100, 1, 192, 0, 2, 2, 0];
    let mut packet = plain.clone();
    leave_by(&mut packet, &ROUTERS[..2]);
    assert_eq!(packet[20..32], expected, "RFC 1122 §3.2.1.8, case (A)");
}

#[test]
fn a_packet_that_has_arrived_tells_the_way_that_it_came() {
    let plain = built(&V4, &syn(), b"text");
    for passed in [&ROUTERS[..1], &ROUTERS] {
        let mut packet = plain.clone();
        arrive_by(&mut packet, passed);
        let parsed = parse(&packet).expect("TCP");
        assert_eq!((parsed.endpoints, parsed.segment.integrity), (V4, Integrity::Sound));
        let route = parsed.route.expect("a route");
        assert!(route.is_complete() && route.hops().next().is_none());
        assert!(route.passed().eq(passed.iter().copied()), "{route:?}");
        take_straight_way(&mut packet);
        assert_eq!(packet, plain);
    }
}

#[test]
fn a_route_that_cannot_be_is_not_written_and_a_malformed_one_is_not_read() {
    let many = [ROUTERS[0]; MAX_HOPS + 1];
    for plain in [built(&V4, &syn(), &[]), built(&V6, &syn(), &[])] {
        let mut packet = plain.clone();
        leave_by(&mut packet, &many);
        arrive_by(&mut packet, &many);
        leave_by(&mut packet, &[]);
        arrive_by(&mut packet, &[]);
        take_straight_way(&mut packet);
        assert_eq!(packet, plain);
    }
    let mut over_ipv6 = built(&V6, &syn(), &[]);
    leave_by(&mut over_ipv6, &ROUTERS);
    assert_eq!(over_ipv6, built(&V6, &syn(), &[]));
    for (at, octet) in [(20, 7), (21, 6), (21, 200), (22, 3), (22, 5), (22, 16)] {
        let mut packet = built(&V4, &syn(), &[]);
        arrive_by(&mut packet, &ROUTERS[..2]);
        packet[at] = octet;
        let packet = repaired(packet);
        assert_eq!(parse(&packet).expect("TCP").route, None, "octet {at} is {octet}");
    }
}

#[test]
fn ip_options_change_nothing_about_the_segment() {
    for (endpoints, added) in [(V4, 4), (V6, 8)] {
        let plain = built(&endpoints, &syn(), b"text");
        let mut packet = plain.clone();
        add_ip_options(&mut packet);
        assert_eq!(packet.len(), plain.len() + added);
        let (parsed, expected) = (parse(&packet).expect("TCP"), parse(&plain).expect("TCP"));
        assert_eq!(parsed, expected);
        let sliced = SlicedPacket::from_ip(&packet).expect("another codec agrees");
        assert!(matches!(sliced.transport, Some(TransportSlice::Tcp(_))));
        let mut twice = packet.clone();
        add_ip_options(&mut twice);
        assert_eq!(twice, packet, "only packets as they were built");
    }
}

#[test]
fn icmp_errors_are_read_as_they_were_built_and_no_octet_may_change() {
    for (endpoints, quoted) in [(V4, built(&V4, &syn(), &[])), (V6, built(&V6, &syn(), &[]))] {
        let mut packet = icmp_error((3, 1), endpoints, &quoted);
        let seq = parse(&quoted).expect("a segment").segment.seq.0;
        let message = IcmpMessage { type_and_code: (3, 1), quoted: endpoints, seq };
        assert_eq!(parse_icmp_error(&packet), Some(message));
        assert_eq!(parse_icmp_error(&quoted), None, "a segment is no error");
        for length in 0..packet.len() {
            assert_ne!(parse_icmp_error(&packet[..length]), Some(message), "{length} octets");
        }
        let last = packet.len() - 1;
        packet[last] ^= 1;
        assert_eq!(parse_icmp_error(&packet), None, "the checksum is wrong");
    }
}

#[test]
fn icmp_errors_quote_a_segment_and_have_the_right_checksum() {
    for (endpoints, type_and_code) in [(V4, (3, 1)), (V6, (1, 3))] {
        let quoted = built(&endpoints, &syn(), &[]);
        let packet = icmp_error(type_and_code, endpoints, &quoted);
        let sliced = SlicedPacket::from_ip(&packet).expect("another codec agrees");
        let (found, payload) = match (&sliced.net, &sliced.transport) {
            (Some(NetSlice::Ipv4(_)), Some(TransportSlice::Icmpv4(icmp))) => {
                let checksum = icmp.header().icmp_type.calc_checksum(icmp.payload());
                assert_eq!(icmp.checksum(), checksum);
                ((icmp.type_u8(), icmp.code_u8()), icmp.payload())
            }
            (Some(NetSlice::Ipv6(ip)), Some(TransportSlice::Icmpv6(icmp))) => {
                let (source, destination) = (ip.header().source(), ip.header().destination());
                assert!(icmp.is_checksum_valid(source, destination));
                ((icmp.type_u8(), icmp.code_u8()), icmp.payload())
            }
            other => panic!("{other:?}"),
        };
        assert_eq!((found, payload), (type_and_code, &quoted[..]));
    }
}
