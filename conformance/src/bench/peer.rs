//! The scripted peer: turns what a scenario writes into a packet.

use tcpspec_core::{Control, Segment};

use super::ledger::Space;
use super::streams;
use super::{Bench, Departure, End, Happening, SegmentRecord, SegmentSpec};
use crate::scenario::{Anchor, OptionSpec, SeqExpr};
use crate::wire;

impl Bench<'_> {
    /// Sends a segment to the stack.
    pub(super) fn peer_sends(&mut self, spec: &SegmentSpec) -> Result<(), Departure> {
        let seq = self.ledger.resolve(spec.seq.unwrap_or(SeqExpr::Anchor(Anchor::PeerNxt, 0)), Space::Peer);
        let ack = match spec.ack {
            Some(ack) => self.ledger.resolve(ack, Space::Stack),
            None if spec.ctl.has(Control::ACK) => {
                self.ledger.resolve(SeqExpr::Anchor(Anchor::SndNxt, 0), Space::Stack)
            }
            None => self.ledger.resolve(SeqExpr::Absolute(0), Space::Stack),
        };
        for (name, resolved) in [("sequence", seq), ("acknowledgment", ack)] {
            if resolved.fallback {
                let number = resolved.number;
                self.note(format!("the peer cannot know the {name} number asked for; it uses ={number}"));
            }
        }
        let syn = u32::from(spec.ctl.has(Control::SYN));
        let position = (seq.number + syn).since(self.ledger.peer_iss + 1);
        let text = streams::text(End::Right, position, spec.len);
        let options = self.options_of(spec);
        let segment = Segment {
            seq: seq.number,
            ack: ack.number,
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
        let mut packet = Vec::new();
        wire::build(&self.endpoints, &header, [&text, &[]], &mut packet)
            .expect("the parser limits options and text to what a packet holds");
        let integrity = wire::parse(&packet).map(|parsed| parsed.segment.integrity).unwrap_or_default();
        let record = SegmentRecord { integrity, ..SegmentRecord::of(&segment) };
        self.ledger.sent(record.clone(), integrity != tcpspec_core::segment::Integrity::Sound);
        if let Ok(parsed) = wire::parse(&packet) {
            self.watch(|watcher, now| watcher.delivered(now, &parsed))?;
        }
        self.guarded(|stack| stack.deliver(&packet))?;
        self.write_down(Happening::Segment { from: End::Right, segment: record, lost: false });
        self.collect()
    }

    fn options_of(&self, spec: &SegmentSpec) -> Vec<u8> {
        let mut octets = Vec::new();
        match &spec.options {
            Some(options) => options.iter().for_each(|option| encode(option, &mut octets)),
            None if spec.ctl.has(Control::SYN) => encode(&OptionSpec::MaximumSegmentSize(1460), &mut octets),
            None => {}
        }
        octets
    }
}

/// An option as octets of a header.
fn encode(option: &OptionSpec, octets: &mut Vec<u8>) {
    match option {
        OptionSpec::MaximumSegmentSize(mss) => octets.extend(wire::mss_option(*mss)),
        OptionSpec::WindowScale(shift) => octets.extend([3, 3, *shift]),
        OptionSpec::SackPermitted => octets.extend([4, 2]),
        OptionSpec::Timestamps { value, echo_reply } => {
            octets.extend([8, 10]);
            octets.extend(value.to_be_bytes());
            octets.extend(echo_reply.to_be_bytes());
        }
        OptionSpec::NoOperation => octets.push(1),
        OptionSpec::EndOfList => octets.push(0),
        OptionSpec::Raw(raw) => octets.extend(raw),
    }
}
