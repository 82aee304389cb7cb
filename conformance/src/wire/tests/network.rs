//! What surrounds a segment in its packet: source routes and other options of IP, and the errors of ICMP that quote one.

use etherparse::NetSlice;

use super::*;

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
