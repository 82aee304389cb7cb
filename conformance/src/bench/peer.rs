//! The scripted peer: turns what a scenario writes into a packet.

use std::net::Ipv4Addr;

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Segment, SeqNumber};

use super::ledger::{Ledger, Space};
use super::streams;
use super::{Bench, Departure, Happening};
use crate::scenario::{Anchor, IcmpSpec, OptionSpec, SegmentSpec, SeqExpr};
use crate::trace::{End, SegmentRecord};
use crate::wire::{self, Endpoints};

impl Bench<'_> {
    /// Sends a segment to the stack.
    pub(super) fn peer_sends(&mut self, connection: usize, spec: &SegmentSpec) -> Result<(), Departure> {
        let (seq, ack) = self.numbers_of(connection, spec);
        let of = &self.connections[connection];
        let syn = u32::from(spec.ctl.has(Control::SYN));
        let position = (seq + syn).since(of.ledger.peer_iss + 1);
        let text = streams::text((of.label, End::Right), position, spec.len);
        let options = options_of(spec, &of.ledger);
        let segment = Segment {
            seq,
            ack,
            ctl: spec.ctl,
            wnd: spec.wnd.unwrap_or(SegmentSpec::DEFAULT_WINDOW),
            up: spec.up,
            reserved: spec.damage.reserved,
            options: &options,
            text: &text,
            ..Segment::default()
        };
        let mut header = wire::Header::of_segment(&segment);
        header.lies.bad_checksum = spec.damage.bad_checksum;
        header.lies.data_offset = spec.damage.data_offset;
        let (endpoints, regular) = self.endpoints_of(connection, spec);
        if let Some(octets) = spec.damage.cut {
            header.lies.ip_length = Some(wire::length_with(&endpoints, octets));
            self.note(format!("of the next segment {octets} octets arrive"));
        }
        let mut packet = std::mem::take(&mut self.packet);
        wire::build(&endpoints, &header, [&text, &[]], &mut packet)
            .expect("the parser limits options and text to what a packet holds");
        if spec.damage.ip_options {
            wire::add_ip_options(&mut packet);
        }
        if let Some(route) = &spec.route {
            let passed: Vec<_> = self.addresses.route(route).collect();
            wire::arrive_by(&mut packet, &passed);
            self.note(match passed.is_empty() {
                true => "IPv6 has no source routes".to_owned(),
                false => format!("the next segment came by {}", listed(&passed)),
            });
        }
        let is_as_meant = header.lies == wire::Lies::default()
            && !spec.damage.ip_options
            && spec.route.is_none()
            && options.len().is_multiple_of(4);
        let parsed = match is_as_meant {
            true => Some(wire::as_read(&endpoints, &header, &text)),
            false => wire::parse(&packet).ok(),
        };
        let integrity = parsed.map_or(Integrity::BadDataOffset, |parsed| parsed.segment.integrity);
        let record = SegmentRecord { integrity, ..SegmentRecord::of(&segment) };
        // What goes astray is nothing that the other end has to reckon with.
        self.connections[connection].ledger.sent(record.clone(), !regular || integrity != Integrity::Sound);
        if let Some(parsed) = parsed {
            self.watch(|watcher, now| watcher.delivered(now, &parsed))?;
        }
        self.guarded(|stack| stack.deliver(&packet))?;
        self.packet = packet;
        self.write_down(connection, Happening::Segment { from: End::Right, segment: record, lost: false });
        self.stimulated()
    }

    /// An ICMP error arrives that quotes a segment of the connection's.
    pub(super) fn icmp_arrives(&mut self, connection: usize, spec: IcmpSpec) -> Result<(), Departure> {
        let of = &self.connections[connection];
        let seq = of.ledger.resolve(spec.seq.unwrap_or(SeqExpr::Anchor(Anchor::SndUna, 0)), Space::Stack);
        let quoted = wire::Header {
            seq: seq.number,
            ack: of.ledger.peer_nxt,
            ctl: Control::ACK,
            ..wire::Header::default()
        };
        let endpoints = of.endpoints.reversed();
        let Some(type_and_code) = spec.kind.type_and_code(self.addresses.family) else {
            self.note(format!("ICMPv6 has no message for {}", spec.kind.name()));
            return Ok(());
        };
        let mut segment = Vec::new();
        wire::build(&endpoints, &quoted, [&[], &[]], &mut segment).expect("no options and no text");
        let packet = wire::icmp_error(type_and_code, endpoints, &segment);
        self.trace.current = self.connections[connection].numbering;
        self.note(format!("ICMP reports {} for ={}", spec.kind.name(), seq.number));
        self.watch(|watcher, now| watcher.icmp_error(now, spec.kind, endpoints, seq.number))?;
        self.guarded(|stack| stack.deliver(&packet))?;
        self.stimulated()
    }

    /// The numbers that the segment asks for; a note says where the peer cannot know one.
    fn numbers_of(&mut self, connection: usize, spec: &SegmentSpec) -> (SeqNumber, SeqNumber) {
        let ledger = &self.connections[connection].ledger;
        let seq = ledger.resolve(spec.seq.unwrap_or(SeqExpr::Anchor(Anchor::PeerNxt, 0)), Space::Peer);
        let ack = match spec.ack {
            Some(ack) => ack,
            None if spec.ctl.has(Control::ACK) => SeqExpr::Anchor(Anchor::SndNxt, 0),
            None => SeqExpr::Absolute(0),
        };
        let ack = ledger.resolve(ack, Space::Stack);
        for (name, resolved) in [("sequence", seq), ("acknowledgment", ack)] {
            if resolved.fallback {
                let number = resolved.number;
                self.note(format!("the peer cannot know the {name} number asked for; it uses ={number}"));
            }
        }
        (seq.number, ack.number)
    }

    /// Between which sockets the segment goes, and whether those are the connection's; a note says if not.
    fn endpoints_of(&mut self, connection: usize, spec: &SegmentSpec) -> (Endpoints, bool) {
        let regular = self.connections[connection].endpoints;
        if spec.from.is_none() && spec.to.is_none() {
            return (regular, true);
        }
        let mut endpoints = regular;
        for (socket, class) in [(&mut endpoints.source, spec.from), (&mut endpoints.destination, spec.to)] {
            if let Some(class) = class {
                socket.set_ip(self.addresses.of_class(class));
            }
        }
        if endpoints != regular {
            self.note(format!("the next segment goes from {endpoints}"));
        }
        (endpoints, endpoints == regular)
    }
}

/// Routers as traces write them.
pub(super) fn listed(routers: &[Ipv4Addr]) -> String {
    routers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn options_of(spec: &SegmentSpec, ledger: &Ledger) -> Vec<u8> {
    let mut octets = Vec::new();
    match &spec.options {
        Some(options) => options.iter().for_each(|option| encode(option, ledger, &mut octets)),
        None if spec.ctl.has(Control::SYN) => octets.extend(wire::mss_option(1460)),
        None => {}
    }
    octets
}

/// An option as octets of a header.
fn encode(option: &OptionSpec, ledger: &Ledger, octets: &mut Vec<u8>) {
    match option {
        OptionSpec::MaximumSegmentSize(mss) => octets.extend(wire::mss_option(*mss)),
        OptionSpec::WindowScale(shift) => octets.extend([3, 3, *shift]),
        OptionSpec::SackPermitted => octets.extend([4, 2]),
        OptionSpec::Sack(blocks) => {
            octets.extend([5, wire::sack_length(blocks.len())]);
            for edge in blocks.iter().flat_map(|(start, end)| [start, end]) {
                octets.extend(ledger.resolve(*edge, Space::Stack).number.0.to_be_bytes());
            }
        }
        OptionSpec::Timestamps { value, echo_reply } => {
            octets.extend([8, 10]);
            octets.extend(value.to_be_bytes());
            octets.extend(echo_reply.to_be_bytes());
        }
        OptionSpec::NoOperation => octets.push(1),
        OptionSpec::EndOfList => octets.push(0),
        OptionSpec::Raw(raw) => octets.extend(raw),
        // Only patterns can say it.
        OptionSpec::Without(_) => {}
    }
}
