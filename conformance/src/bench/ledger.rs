//! What the scripted peer knows of the connection: only what it sent and what it was sent.
//!
//! Scenarios name numbers by anchors; this is what they are resolved from, and nothing else is, so that improving the
//! oracle can never change what a stored scenario means. Where the peer cannot know, a fixed fallback stands in, and
//! the ledger says that it did.

use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::{Control, SeqNumber};

use crate::scenario::{Anchor, SeqExpr};
use crate::trace::SegmentRecord;

/// Whose initial sequence number a relative number counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Space {
    /// Numbers of the peer's octets: SEG.SEQ of its segments, SEG.ACK of the stack's.
    Peer,
    /// Numbers of the stack's octets.
    Stack,
}

/// A resolved number, and whether a fallback stood in for something not yet known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// The number.
    pub number: SeqNumber,
    /// Part of it is a fallback.
    pub fallback: bool,
}

/// The peer's book of the connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// The peer's initial sequence number.
    pub peer_iss: SeqNumber,
    /// What the peer would send next.
    pub peer_nxt: SeqNumber,
    /// Just past everything that the peer has sent without a gap, in whatever order: no stack can have taken more.
    gapless: SeqNumber,
    /// What the peer has sent above that, from here to there.
    above: Vec<(SeqNumber, SeqNumber)>,
    /// The stack's initial sequence number, once its SYN was seen.
    pub stack_iss: Option<SeqNumber>,
    /// Its initial sequence number of the incarnation before.
    stack_was: Option<SeqNumber>,
    /// Just past everything seen from the stack.
    stack_nxt: SeqNumber,
    /// Oldest number of the stack that the peer has not acknowledged.
    stack_una: SeqNumber,
    /// The last acknowledgment number from the stack.
    acknowledged: Option<SeqNumber>,
    /// The last window from the stack, scaled.
    window: Option<u32>,
    /// The largest window that the peer has offered, scaled.
    offered: u32,
    /// The window shift that each side's SYN carried; a shift counts only if both have one (RFC 7323 §2.2).
    shift_of_peer: Option<u8>,
    shift_of_stack: Option<u8>,
    /// The peer's latest segment.
    latest: Option<SegmentRecord>,
}

impl Ledger {
    /// Nothing sent, nothing seen.
    #[must_use]
    pub const fn new(peer_iss: SeqNumber) -> Self {
        Self {
            peer_iss,
            peer_nxt: peer_iss,
            gapless: peer_iss,
            above: Vec::new(),
            stack_iss: None,
            stack_was: None,
            stack_nxt: SeqNumber(1),
            stack_una: SeqNumber(1),
            acknowledged: None,
            window: None,
            offered: 0,
            shift_of_peer: None,
            shift_of_stack: None,
            latest: None,
        }
    }

    /// The peer sent a segment.
    pub fn sent(&mut self, segment: SegmentRecord, damaged: bool) {
        let contiguous = segment.seq.le(self.peer_nxt) && segment.end().gt(self.peer_nxt);
        if contiguous && !damaged && !segment.ctl.has(Control::RST) {
            self.peer_nxt = segment.end();
        }
        if !damaged && !segment.ctl.has(Control::RST) {
            self.close_gaps(segment.seq, segment.end());
        }
        if segment.ctl.has(Control::SYN) && !damaged {
            self.shift_of_peer = shift(&segment);
        }
        if segment.ctl.has(Control::ACK) && !damaged {
            if segment.ack.gt(self.stack_una) && segment.ack.le(self.stack_nxt) {
                self.stack_una = segment.ack;
            }
            self.offered = self.offered.max(self.scaled(&segment, self.shift_of_peer));
        }
        self.latest = Some(segment);
    }

    /// The peer has sent these numbers too.
    fn close_gaps(&mut self, start: SeqNumber, end: SeqNumber) {
        self.above.push((start, end));
        let next = |ledger: &Self| {
            let follows =
                |(start, end): &&(SeqNumber, SeqNumber)| start.le(ledger.gapless) && end.gt(ledger.gapless);
            ledger.above.iter().find(follows).map(|(_, end)| *end)
        };
        while let Some(end) = next(self) {
            self.gapless = end;
        }
        let gapless = self.gapless;
        self.above.retain(|(_, end)| end.gt(gapless));
    }

    /// Whether the peer has sent everything before this number.
    #[must_use]
    pub const fn has_sent_all_before(&self, number: SeqNumber) -> bool {
        number.le(self.gapless)
    }

    /// The stack sent a segment.
    pub fn seen(&mut self, segment: &SegmentRecord) {
        if segment.ctl.has(Control::RST) {
            return;
        }
        if segment.ctl.has(Control::SYN) && self.stack_iss != Some(segment.seq) {
            self.stack_was = self.stack_iss.replace(segment.seq);
            self.stack_una = segment.seq;
            self.stack_nxt = segment.end();
            self.shift_of_stack = shift(segment);
            self.begin_incarnation(segment);
        } else if segment.end().gt(self.stack_nxt) {
            self.stack_nxt = segment.end();
        }
        if segment.ctl.has(Control::ACK) {
            self.acknowledged = Some(segment.ack);
            self.window = Some(self.scaled(segment, self.shift_of_stack));
        }
    }

    /// The window of a segment whose sender announced this shift. That of a SYN is never scaled.
    fn scaled(&self, segment: &SegmentRecord, shift: Option<u8>) -> u32 {
        let agreed = self.shift_of_peer.is_some() && self.shift_of_stack.is_some();
        let shift = shift.filter(|_| agreed && !segment.ctl.has(Control::SYN)).unwrap_or(0);
        u32::from(segment.wnd) << shift
    }

    /// A SYN,ACK for a SYN with another number than before begins a new incarnation: the peer counts from there.
    fn begin_incarnation(&mut self, answer: &SegmentRecord) {
        let request = self.latest.as_ref().filter(|latest| latest.ctl.has(Control::SYN));
        if let Some(request) = request.filter(|request| answer.ack == request.seq + 1) {
            self.peer_iss = request.seq;
            self.peer_nxt = request.end();
            self.gapless = request.end();
            self.above.clear();
        }
    }

    /// Whether all that the stack has sent is acknowledged, and this is the number after it.
    #[must_use]
    pub fn is_idle_at(&self, number: SeqNumber) -> bool {
        self.stack_nxt == number && self.stack_una == number
    }

    /// Whether a segment of the stack carries something that was not seen before.
    #[must_use]
    pub fn is_new(&self, segment: &SegmentRecord) -> bool {
        self.stack_iss.is_none_or(|iss| segment.seq.lt(iss)) || segment.end().gt(self.stack_nxt)
    }

    /// The number that an expression stands for.
    #[must_use]
    pub fn resolve(&self, expression: SeqExpr, space: Space) -> Resolved {
        let known = |number| Resolved { number, fallback: false };
        match expression {
            SeqExpr::Absolute(number) => known(SeqNumber(number)),
            SeqExpr::Relative(offset) => match space {
                Space::Peer => known(self.peer_iss + offset),
                Space::Stack => Resolved {
                    number: self.stack_iss.unwrap_or_default() + offset,
                    fallback: self.stack_iss.is_none(),
                },
            },
            SeqExpr::Anchor(anchor, offset) => {
                let Resolved { number, fallback } = self.anchor(anchor);
                let low = u32::try_from(offset.rem_euclid(1 << 32)).unwrap_or_default();
                Resolved { number: number + low, fallback }
            }
        }
    }

    fn anchor(&self, anchor: Anchor) -> Resolved {
        let known = |number| Resolved { number, fallback: false };
        let of_stack = |number| Resolved { number, fallback: self.stack_iss.is_none() };
        let syn_sent = u32::from(self.peer_nxt != self.peer_iss);
        let nxt = self.acknowledged.unwrap_or(self.peer_iss + syn_sent);
        let window = self.window.unwrap_or(1);
        let of_window = |number| Resolved { number, fallback: self.acknowledged.is_none() };
        let latest = |pick: fn(&SegmentRecord) -> SeqNumber| match &self.latest {
            Some(segment) => known(pick(segment)),
            None => Resolved { number: SeqNumber::default(), fallback: true },
        };
        match anchor {
            Anchor::PeerNxt => known(self.peer_nxt),
            Anchor::RcvNxt => of_window(nxt),
            Anchor::RcvMid => of_window(nxt + window / 2),
            Anchor::RcvLast => of_window(nxt + window.saturating_sub(1)),
            Anchor::RcvEdge => of_window(nxt + window),
            Anchor::SndUna => of_stack(self.stack_una),
            Anchor::SndNxt => of_stack(self.stack_nxt),
            Anchor::SndMid => {
                let flight = self.stack_nxt.since(self.stack_una);
                let number = if flight > 1 { self.stack_una + flight / 2 } else { self.stack_nxt };
                Resolved { number, fallback: self.stack_iss.is_none() || flight <= 1 }
            }
            Anchor::SndOld if self.stack_iss.is_none() => of_stack(self.stack_una),
            Anchor::SndOld => of_stack(self.stack_una - self.offered - 1),
            Anchor::SndWas => {
                Resolved { number: self.stack_was.unwrap_or_default(), fallback: self.stack_was.is_none() }
            }
            Anchor::SegSeq => latest(|segment| segment.seq),
            Anchor::SegAck => latest(|segment| segment.ack),
            Anchor::SegEnd => latest(SegmentRecord::end),
        }
    }
}

/// The window shift that a SYN carries. Shifts above 14 count as 14 (RFC 7323 §2.3).
fn shift(syn: &SegmentRecord) -> Option<u8> {
    options::walk(&syn.options).find_map(|option| match option {
        Ok(TcpOption::WindowScale(shift)) => Some(shift.min(14)),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use tcpspec_core::segment::Integrity;

    fn segment(ctl: Control, seq: u32, ack: u32, wnd: u16, options: &[u8]) -> SegmentRecord {
        SegmentRecord {
            seq: SeqNumber(seq),
            ack: SeqNumber(ack),
            ctl,
            wnd,
            up: 0,
            options: options.to_vec(),
            len: 0,
            integrity: Integrity::Sound,
        }
    }

    /// The edge of the stack's window after a handshake with these options and an acknowledgment with window 100, and
    /// what is too old for the stack after the peer offered 100.
    fn edges(of_peer: &[u8], of_stack: &[u8]) -> (u32, u32) {
        let mut ledger = Ledger::new(SeqNumber(1000));
        ledger.sent(segment(Control::SYN, 1000, 0, 10, of_peer), false);
        ledger.seen(&segment(Control::SYN | Control::ACK, 5000, 1001, 10, of_stack));
        ledger.sent(segment(Control::ACK, 1001, 5001, 100, &[]), false);
        ledger.seen(&segment(Control::ACK, 5001, 1001, 100, &[]));
        let number = |anchor, space| ledger.resolve(SeqExpr::Anchor(anchor, 0), space).number.0;
        (number(Anchor::RcvEdge, Space::Peer), number(Anchor::SndOld, Space::Stack))
    }

    #[test]
    fn windows_are_scaled_when_both_sides_asked_for_it() {
        assert_eq!(edges(&[3, 3, 2], &[3, 3, 1]), (1001 + 200, 5001 - 400 - 1));
        assert_eq!(edges(&[3, 3, 15], &[3, 3, 0]), (1001 + 100, 5001_u32.wrapping_sub((100 << 14) + 1)));
        assert_eq!(edges(&[], &[3, 3, 1]), (1001 + 100, 5001 - 100 - 1));
        assert_eq!(edges(&[3, 3, 2], &[2, 4, 5, 180]), (1001 + 100, 5001 - 100 - 1));
    }

    #[test]
    fn the_window_of_a_syn_is_not_scaled() {
        let mut ledger = Ledger::new(SeqNumber(1000));
        ledger.sent(segment(Control::SYN, 1000, 0, 10, &[3, 3, 2]), false);
        ledger.seen(&segment(Control::SYN | Control::ACK, 5000, 1001, 10, &[3, 3, 1]));
        let edge = ledger.resolve(SeqExpr::Anchor(Anchor::RcvEdge, 0), Space::Peer);
        assert_eq!(edge.number, SeqNumber(1011));
    }

    #[test]
    fn what_fills_a_gap_has_all_behind_it_sent() {
        const ISS: u32 = u32::MAX - 9;
        let mut ledger = Ledger::new(SeqNumber(ISS));
        let mut sends = |start: u32, len, damaged| {
            let text = segment(Control::NONE, ISS.wrapping_add(start), 0, 0, &[]);
            ledger.sent(SegmentRecord { len, ..text }, damaged);
            (0..100).rev().find(|upto| ledger.has_sent_all_before(SeqNumber(ISS) + *upto))
        };
        assert_eq!(sends(20, 10, false), Some(0));
        assert_eq!(sends(0, 10, true), Some(0), "nobody can have taken it");
        assert_eq!(sends(40, 10, false), Some(0));
        assert_eq!(sends(0, 25, false), Some(30));
        assert_eq!(sends(30, 10, false), Some(50));
    }
}
