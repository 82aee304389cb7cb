//! What the stack sends: taken, written down, and checked for what must be true of every segment.

use std::net::Ipv4Addr;

use tcpspec_core::Control;
use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::segment::Integrity;

use super::connection::Connection;
use super::ledger::Ledger;
use super::time::Moment;
use super::{Bench, Broke, Departure, streams};
use crate::trace::{End, Happening, SegmentRecord};
use crate::wire;

/// A segment of the stack that no step has taken yet.
#[derive(Debug)]
pub(super) struct Emission {
    pub(super) when: Moment,
    /// Its connection, by index.
    pub(super) connection: usize,
    pub(super) segment: SegmentRecord,
    /// The Diffserv field of its IP header.
    pub(super) traffic_class: u8,
    /// The time to live in its IP header.
    pub(super) ttl: u8,
    /// The routers that a source route has it pass.
    pub(super) hops: Vec<Ipv4Addr>,
    pub(super) trace_line: usize,
    /// A bare acknowledgment, octets seen before, or a reset on the user's word: nobody need ask for it (V-28).
    pub(super) tolerable: bool,
}

impl Emission {
    /// Text, and no control bit that changes anything.
    pub(super) fn is_mere_text(&self) -> bool {
        let ctl = Control::SYN | Control::FIN | Control::RST;
        self.segment.len > 0 && self.segment.ctl.0 & ctl.0 == 0
    }
}

impl Bench<'_> {
    /// Takes everything that the stack has to send.
    pub(super) fn collect(&mut self) -> Result<(), Departure> {
        while self.collect_one()? {}
        Ok(())
    }

    /// Takes the next segment that the stack has to send. Says whether there was one.
    pub(super) fn collect_one(&mut self) -> Result<bool, Departure> {
        let mut packet = std::mem::take(&mut self.packet);
        let sent = self.guarded(|stack| stack.emit(&mut packet))?;
        if sent {
            self.standstill = 0;
            self.take_packet(&packet)?;
        }
        self.packet = packet;
        Ok(sent)
    }

    /// Writes a packet down and checks what must be true of every one.
    fn take_packet(&mut self, packet: &[u8]) -> Result<(), Departure> {
        let parsed = wire::parse(packet).map_err(|not_tcp| {
            Departure::new(format!("the stack sent a packet that no host would take for TCP: {not_tcp}"))
                .broke(Broke::NotTcp)
        })?;
        let segment = SegmentRecord::of(&parsed.segment);
        let among_ours = |of: &Connection| of.endpoints.reversed() == parsed.endpoints;
        let ours = self.connections.iter().position(among_ours);
        let before = || self.connections.iter().position(|of| of.swapped().reversed() == parsed.endpoints);
        let connection = ours.or_else(before).unwrap_or_default();
        let of = &mut self.connections[connection];
        let tolerable = self.expects && of.tolerates(&segment);
        let other_iss = |iss| iss != segment.seq;
        if ours.is_some() && segment.ctl.has(Control::SYN) && of.ledger.stack_iss.is_some_and(other_iss) {
            of.start_over(!segment.ctl.has(Control::ACK));
        }
        // What goes between other sockets is in nobody's ledger: its text may be new.
        let new = |ledger: &Ledger| ours.is_none() || ledger.stack_iss.is_some() && ledger.is_new(&segment);
        let new_text = segment.len > 0 && !segment.ctl.has(Control::RST) && new(&of.ledger);
        self.tally.count(self.now, new_text)?;
        if ours.is_some() {
            of.ledger.seen(&segment);
        }
        let wrong = if parsed.segment.integrity == Integrity::BadChecksum {
            Some(("MUST-2: the checksum of a segment is wrong".to_owned(), Broke::Checksum))
        } else if parsed.segment.integrity == Integrity::BadDataOffset {
            Some(("the data offset of a segment is wrong".to_owned(), Broke::DataOffset))
        } else if self.watcher.is_some() {
            // Whoever watches follows every connection and both its streams, whatever numbers the peer made up.
            None
        } else if let Some(what) = wrong_options(&segment) {
            Some((what, Broke::Options))
        } else if ours.is_none() {
            Some((format!("a segment went between the wrong sockets: {}", parsed.endpoints), Broke::Sockets))
        } else {
            of.wrong_text(&segment, parsed.segment.text).map(|what| (what, Broke::OctetsSent))
        };
        let happening = Happening::Segment { from: End::Left, segment: segment.clone(), lost: false };
        let numbering = self.connections[connection].numbering;
        let trace_line = self.write_down(connection, happening);
        if ours.is_none() {
            self.connections[connection].numbering = numbering;
        }
        self.watch(|watcher, now| watcher.emitted(now, &parsed))?;
        if let Some((what, broke)) = wrong {
            return Err(Departure::new(what).at_line(trace_line).broke(broke));
        }
        if self.expects {
            let when = Moment { earliest: self.unseen_since, latest: self.now };
            let wire::Parsed { traffic_class, ttl, .. } = parsed;
            let hops = parsed.route.iter().flat_map(wire::SourceRoute::hops).collect();
            let emission =
                Emission { when, connection, segment, traffic_class, ttl, hops, trace_line, tolerable };
            self.pending.push_back(emission);
        }
        Ok(())
    }
}

impl Connection {
    /// Whether a segment is always welcome: a bare acknowledgment of nothing too new, octets sent before (V-28), or
    /// a reset that CLOSE or ABORT brings about, for users may reset at any time (RFC 9293 §3.5.2, V-41), or the
    /// timeout that the user has set.
    fn tolerates(&self, segment: &SegmentRecord) -> bool {
        let judged = segment.ctl.without(Control::PSH | Control::ECE | Control::CWR | Control::URG);
        let bare = judged == Control::ACK && segment.len == 0;
        let truthful = self.ledger.has_sent_all_before(segment.ack);
        let again = segment.end() != segment.seq && !self.ledger.is_new(segment);
        if segment.ctl.has(Control::RST) {
            self.user_ends || self.gives_up
        } else {
            bare && truthful || again
        }
    }

    /// Octets must be those that the user sent, at every transmission (I-086).
    fn wrong_text(&self, segment: &SegmentRecord, text: &[u8]) -> Option<String> {
        let iss = self.ledger.stack_iss.filter(|_| !text.is_empty())?;
        let idle = self.ledger.is_idle_at(segment.seq + 1);
        if self.keeps_alive && idle && segment.len == 1 {
            // A keep-alive may carry one octet of anything: it was acknowledged before (MAY-6, V-37).
            return None;
        }
        let syn = u32::from(segment.ctl.has(Control::SYN));
        let position = (segment.seq + syn).since(iss + 1);
        let beyond = position.checked_add(segment.len).is_none_or(|end| end > self.sent);
        if segment.ctl.has(Control::RST) {
            None
        } else if beyond {
            Some(format!("a segment carries octets that the user has not sent, from position {position} on"))
        } else {
            let wrong = streams::first_wrong((self.label, End::Left), position, text)?;
            Some(format!("octet {wrong} of the stream is not the one that the user sent"))
        }
    }
}

/// What is wrong with a segment's options, whatever the scenario says.
fn wrong_options(segment: &SegmentRecord) -> Option<String> {
    let octets = &segment.options;
    for option in options::walk(octets) {
        match option {
            Err(illegal) => {
                return Some(format!("MUST-68: the length of an option of kind {} is wrong", illegal.kind));
            }
            Ok(TcpOption::MaximumSegmentSize(_)) if !segment.ctl.has(Control::SYN) => {
                return Some("MUST-65: a segment without SYN announces a segment size".to_owned());
            }
            Ok(_) => {}
        }
    }
    let behind = options::after_end_of_list(octets);
    let wrong = behind.iter().any(|octet| *octet != 0);
    wrong.then(|| "MUST-69: octets after the end of the list of options are not zero".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcpspec_core::SeqNumber;

    fn with_options(ctl: Control, octets: &[u8]) -> Option<String> {
        let segment = SegmentRecord {
            seq: SeqNumber(0),
            ack: SeqNumber(0),
            ctl,
            wnd: 0,
            up: 0,
            options: octets.to_vec(),
            len: 0,
            integrity: Integrity::Sound,
        };
        wrong_options(&segment).map(|what| what.split(':').next().unwrap_or_default().to_owned())
    }

    #[test]
    fn options_must_be_well_formed_whatever_a_scenario_says() {
        assert_eq!(with_options(Control::SYN, &[2, 4, 5, 180, 1, 0, 0, 0]), None);
        assert_eq!(with_options(Control::SYN, &[2, 4, 5, 180, 0, 0, 7, 0]).as_deref(), Some("MUST-69"));
        assert_eq!(with_options(Control::SYN, &[253, 1, 5, 180]).as_deref(), Some("MUST-68"));
        assert_eq!(with_options(Control::ACK, &[2, 4, 5, 180]).as_deref(), Some("MUST-65"));
        assert_eq!(with_options(Control::ACK, &[1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]), None);
    }
}
