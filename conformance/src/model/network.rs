//! What is under way between the two ends of a model: small segments, and the rules by which a network treats them.
//!
//! Left out: addresses, checksums, and option octets other than a Maximum Segment Size option on every SYN.

use std::hash::{Hash, Hasher};

use tcpspec_core::{Control, Outgoing, SeqNumber};

use crate::trace::End;

/// Most octets of text in one segment of a model.
pub const MOST_TEXT: usize = 4;

/// A segment under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Packet {
    /// Who sent it, or seems to have.
    pub from: End,
    /// SEG.SEQ
    pub seq: SeqNumber,
    /// SEG.ACK; zero unless ACK is set.
    pub ack: SeqNumber,
    /// Control bits.
    pub ctl: Control,
    /// The window field.
    pub wnd: u16,
    /// Octets of text.
    pub len: u8,
    /// The text, the first `len` octets of it.
    pub text: [u8; MOST_TEXT],
    /// The sender's incarnation that sent it, counted from one; [`FORGED`] for an attacker's. No stack sees it.
    pub of: u8,
    /// The receiver's incarnation that it is meant for; zero for one that no particular incarnation is to get, as a
    /// SYN. No stack sees it.
    pub to: u8,
    /// Ticks that it has been under way.
    pub age: u8,
}

/// The incarnation of segments that were under way before anything else happened.
pub const LEFTOVER: u8 = 9;

/// The incarnation of segments that no connection has sent.
pub const FORGED: u8 = u8::MAX;

impl Packet {
    /// What a step of a connection sends. `of` and `to` are the incarnations at both ends.
    #[must_use]
    pub fn sent(from: End, segment: &Outgoing, (front, back): (&[u8], &[u8]), of: u8, to: u8) -> Self {
        let mut text = [0; MOST_TEXT];
        let octets = front.iter().chain(back);
        text.iter_mut().zip(octets).for_each(|(place, octet)| *place = *octet);
        let len = (front.len() + back.len()).min(MOST_TEXT) as u8;
        let Outgoing { seq, ack, ctl, wnd, .. } = *segment;
        // PSH says nothing to a model and would double its segments.
        Self { from, seq, ack, ctl: ctl.without(Control::PSH), wnd, len, text, of, to, age: 0 }
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// Everything that tells two segments apart, numbers counted from where each end will begin its next incarnation.
    fn key(&self, origins: [SeqNumber; 2]) -> (u64, u64) {
        let [own, other] = match self.from {
            End::Left => origins,
            End::Right => [origins[1], origins[0]],
        };
        let ack = if self.ctl.has(Control::ACK) { self.ack.since(other) } else { 0 };
        let numbers = u64::from(self.seq.since(own)) << 32 | u64::from(ack);
        let from = u64::from(self.from == End::Right);
        let ghosts =
            u64::from(self.of) << 48 | u64::from(self.to) << 40 | u64::from(self.age) << 33 | from << 32;
        (numbers, ghosts | u64::from(self.ctl.0) << 24 | u64::from(self.wnd) << 8 | u64::from(self.len))
    }

    /// What packets are sorted by: any order that is the same for equal states will do.
    fn order(&self) -> (bool, u8, u32, u32, u8, u16, [u8; MOST_TEXT], u8, u8, u8) {
        let Self { from, seq, ack, ctl, wnd, len, text, of, to, age } = *self;
        (from == End::Right, age, seq.0, ack.0, ctl.0, wnd, text, len, of, to)
    }
}

/// How a network treats what is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discipline {
    /// Whatever was ever sent may arrive at any time, any number of times, or never: every loss, every duplicate, every
    /// delay and every order. Nothing leaves the network, so no number of faults has to be assumed.
    Anything,
    /// Each segment arrives once, in any order, unless it is one of so many that are lost or so many that come twice.
    Limited {
        /// Segments that may be lost.
        losses: u8,
        /// Segments that may be duplicated.
        duplicates: u8,
        /// Segments that may be under way at once; a run that would need more is not followed.
        in_flight: u8,
    },
}

/// What is under way: a sorted list, so that equal networks are equal values.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Network(Vec<Packet>);

impl Network {
    /// A network that holds these segments.
    #[must_use]
    pub fn holding(packets: impl IntoIterator<Item = Packet>) -> Self {
        let mut network = Self::default();
        packets.into_iter().for_each(|packet| network.insert(packet, Discipline::Anything));
        network
    }

    /// The segments under way.
    #[must_use]
    pub fn packets(&self) -> &[Packet] {
        &self.0
    }

    /// A segment is sent.
    pub fn insert(&mut self, packet: Packet, discipline: Discipline) {
        match self.0.binary_search_by_key(&packet.order(), Packet::order) {
            // What may arrive any number of times need not be there twice.
            Ok(_) if discipline == Discipline::Anything => {}
            Ok(place) | Err(place) => self.0.insert(place, packet),
        }
    }

    /// A segment leaves the network.
    pub fn remove(&mut self, packet: &Packet) {
        if let Ok(place) = self.0.binary_search_by_key(&packet.order(), Packet::order) {
            self.0.remove(place);
        }
    }

    /// A tick: everything grows older, and what has reached the age of `lifetime` is gone.
    pub fn age(&mut self, lifetime: u8) {
        self.0.iter_mut().for_each(|packet| packet.age += 1);
        self.0.retain(|packet| packet.age < lifetime);
        self.0.sort_by_key(Packet::order);
    }

    /// Feeds everything that matters to a hasher, numbers counted from `origins`, the left end's first.
    pub fn hash_from<H: Hasher>(&self, origins: [SeqNumber; 2], state: &mut H) {
        state.write_usize(self.0.len());
        for packet in &self.0 {
            packet.key(origins).hash(state);
            packet.text.hash(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u32) -> Packet {
        let segment = Outgoing { seq: SeqNumber(seq), ctl: Control::ACK, ..Outgoing::default() };
        Packet::sent(End::Left, &segment, (b"a", b"b"), 1, 1)
    }

    #[test]
    fn a_segment_that_may_come_any_number_of_times_is_held_once() {
        let mut network = Network::holding([packet(1), packet(1), packet(2)]);
        assert_eq!(network.packets(), [packet(1), packet(2)]);
        let limited = Discipline::Limited { losses: 0, duplicates: 0, in_flight: 9 };
        network.insert(packet(1), limited);
        assert_eq!(network.packets().len(), 3);
        network.remove(&packet(1));
        assert_eq!(network.packets(), [packet(1), packet(2)]);
    }

    #[test]
    fn a_segment_dies_of_old_age() {
        let mut network = Network::holding([packet(1)]);
        network.age(2);
        assert_eq!(network.packets()[0].age, 1);
        network.insert(packet(1), Discipline::Anything);
        network.age(2);
        assert_eq!(network.packets(), [Packet { age: 1, ..packet(1) }]);
    }

    #[test]
    fn text_comes_out_of_both_parts_of_the_queue() {
        assert_eq!(packet(1).text(), b"ab");
    }
}
