//! Arbitrary packets: read back as they were built, by us and by another codec; damage is never taken for sound, and never
//! panics.

use etherparse::{NetSlice, PacketBuilder, TcpHeader};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

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
