//! The two streams of one connection as its user and the network show them.
//!
//! What the user handed over, what the peer's segments carried, and how much of that the user has read. It holds
//! facts only: whether a stack may show them is for the judges.

use tcpspec_core::{Control, SeqNumber};

use super::arrival::Arrival;
use crate::stack::SocketId;

/// Connections of one run whose streams are followed.
const MOST_STREAMS: usize = 256;

/// Octets of one direction that are kept; a stream beyond is not compared.
const MOST_OCTETS: usize = 1 << 22;

/// FINs at different places that one peer may send before its connection is no longer followed.
const MOST_FINS: usize = 4;

/// The streams of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// The socket that the user reads and writes it by, once known.
    pub(super) socket: Option<SocketId>,
    /// The peer asked for the connection, and it may have been open.
    pub(super) opened: bool,
    /// The user has called ABORT.
    pub(super) aborted: bool,
    /// What the user has sent.
    pub(super) sent: Vec<u8>,
    /// The user sent more than is kept: what follows is not compared.
    pub(super) overlong: bool,
    /// What the peer's segments brought.
    pub(super) received: Received,
    /// Octets that the user has read.
    pub(super) read: usize,
    /// The pair of sockets that it belongs to.
    pub(super) pair: usize,
}

impl Stream {
    pub(super) fn clear(&mut self) {
        self.socket = None;
        self.opened = false;
        self.aborted = false;
        self.sent.clear();
        self.overlong = false;
        self.received.clear();
        self.read = 0;
    }

    /// The user's call took these octets.
    pub(super) fn send(&mut self, text: &[u8]) {
        if self.sent.len() + text.len() > MOST_OCTETS {
            self.overlong = true;
        } else {
            self.sent.extend_from_slice(text);
        }
    }
}

/// The streams of a run's connections; the memory of those before is used again.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) all: Vec<Stream>,
    pub(super) in_use: usize,
}

impl Streams {
    /// Another stream, if there is room.
    pub(super) fn begin(&mut self) -> Option<usize> {
        if self.in_use == MOST_STREAMS {
            return None;
        }
        match self.all.get_mut(self.in_use) {
            Some(spare) => spare.clear(),
            None => self.all.push(Stream::default()),
        }
        self.in_use += 1;
        Some(self.in_use - 1)
    }
}

/// What the segments of the peer brought, by position in its stream.
#[derive(Clone, Debug, Default)]
pub(super) struct Received {
    /// The number of the octet at position zero.
    base: Option<SeqNumber>,
    octets: Vec<u8>,
    /// Positions that were brought: disjoint ranges in order, none touching the next.
    ranges: Vec<(u32, u32)>,
    /// The same position came with different octets, or more came than is kept: contents are not judged.
    pub(super) doubtful: bool,
    /// Positions at which the peer ended its stream.
    fins: [u32; MOST_FINS],
    fin_count: usize,
    /// A PSH or FIN came with text up to here.
    pub(super) pushed: u32,
}

impl Received {
    fn clear(&mut self) {
        self.base = None;
        self.octets.clear();
        self.ranges.clear();
        self.doubtful = false;
        self.fin_count = 0;
        self.pushed = 0;
    }

    /// Text arrived at a position.
    pub(super) fn text(&mut self, position: u32, text: &[u8]) {
        let (Ok(start), Ok(len)) = (usize::try_from(position), u32::try_from(text.len())) else { return };
        if text.is_empty() {
            return;
        }
        if start + text.len() > MOST_OCTETS {
            self.doubtful = true;
            return;
        }
        if self.octets.len() < start + text.len() {
            self.octets.resize(start + text.len(), 0);
        }
        let end = position + len;
        let octets = &mut self.octets;
        for &(from, to) in &self.ranges {
            let (low, high) = (from.max(position), to.min(end));
            if low < high {
                let known = &octets[low as usize..high as usize];
                self.doubtful |= known != &text[(low - position) as usize..(high - position) as usize];
            }
        }
        octets[start..start + text.len()].copy_from_slice(text);
        self.cover(position, end);
    }

    /// Takes what a segment brings, as far as there is room.
    pub(super) fn take(&mut self, irs: SeqNumber, room: SeqNumber, segment: &Arrival, text: &[u8]) {
        let base = irs + 1;
        self.doubtful |= self.base.is_some_and(|known| known != base);
        self.base = Some(base);
        let offset = segment.start_of_text().offset_from(base);
        let skipped = usize::try_from(-i64::from(offset)).unwrap_or(0);
        let position = u32::try_from(offset).unwrap_or(0);
        let space = usize::try_from(room.offset_from(base + position)).unwrap_or(0);
        let fin = segment.end_of_text().offset_from(base);
        if let (true, Ok(fin)) = (segment.has(Control::FIN), u32::try_from(fin)) {
            // A FIN may be taken one past the right edge (V-32).
            if segment.end_of_text().le(room) {
                self.fin(fin);
                self.pushed = self.pushed.max(fin);
            }
        }
        if let Some(text) = text.get(skipped..) {
            let kept = &text[..space.min(text.len())];
            self.text(position, kept);
            if segment.has(Control::PSH) {
                let end = position.saturating_add(u32::try_from(kept.len()).unwrap_or(u32::MAX));
                self.pushed = self.pushed.max(end);
            }
        }
    }

    fn cover(&mut self, mut start: u32, mut end: u32) {
        let first = self.ranges.partition_point(|&(_, to)| to < start);
        let mut last = first;
        while let Some(&(from, to)) = self.ranges.get(last).filter(|&&(from, _)| from <= end) {
            (start, end) = (start.min(from), end.max(to));
            last += 1;
        }
        self.ranges.splice(first..last, [(start, end)]);
    }

    /// A FIN arrived at a position.
    pub(super) fn fin(&mut self, position: u32) {
        if self.may_end_at(position) {
            return;
        }
        if self.fin_count < MOST_FINS {
            self.fins[self.fin_count] = position;
        }
        self.fin_count = (self.fin_count + 1).min(MOST_FINS + 1);
    }

    /// Where the peer ended its stream, as far as remembered.
    pub(super) fn fins(&self) -> impl Iterator<Item = u32> {
        self.fins[..self.fin_count.min(MOST_FINS)].iter().copied()
    }

    /// Whether there were more ends than are remembered.
    pub(super) const fn too_many_fins(&self) -> bool {
        self.fin_count > MOST_FINS
    }

    /// Whether a FIN may have arrived at this position.
    pub(super) fn may_end_at(&self, position: u32) -> bool {
        self.too_many_fins() || self.fins().any(|known| known == position)
    }

    /// Whether a FIN may have arrived with this number.
    pub(super) fn may_end_with(&self, number: SeqNumber) -> bool {
        self.base.is_some_and(|base| number.ge(base) && self.may_end_at(number.since(base)))
    }

    /// Whether any FIN arrived.
    pub(super) const fn has_fin(&self) -> bool {
        self.fin_count > 0
    }

    /// How far the octets reach that follow `position` without a gap.
    pub(super) fn reach(&self, position: u32) -> u32 {
        let found = self.ranges.iter().find(|&&(from, to)| from <= position && position <= to);
        found.map_or(position, |&(_, to)| to)
    }

    /// Whether every octet between two numbers came. A FIN after them may count as one.
    pub(super) fn holds(&self, from: SeqNumber, to: SeqNumber) -> bool {
        let Some(base) = self.base.filter(|base| from.ge(*base)) else { return false };
        let (start, end) = (from.since(base), to.since(base));
        let reach = self.reach(start);
        reach >= end || end == reach + 1 && self.may_end_at(reach)
    }

    /// The runs of octets that came and begin above a number, as first number and one past the last.
    pub(super) fn above(&self, number: SeqNumber) -> impl Iterator<Item = (SeqNumber, SeqNumber)> {
        let runs = self
            .base
            .into_iter()
            .flat_map(|base| self.ranges.iter().map(move |&(from, to)| (base + from, base + to)));
        runs.filter(move |(from, _)| from.gt(number))
    }

    /// The octets from `position` on, if that many came.
    pub(super) fn get(&self, position: usize, len: usize) -> Option<&[u8]> {
        let start = u32::try_from(position).ok()?;
        let end = u32::try_from(position + len).ok()?;
        (self.reach(start) >= end).then(|| &self.octets[position..position + len])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_reach_as_far_as_they_came_without_a_gap() {
        let mut received = Received::default();
        received.text(0, b"abc");
        received.text(6, b"ghi");
        assert_eq!(
            (received.reach(0), received.reach(3), received.reach(4), received.reach(7)),
            (3, 3, 4, 9)
        );
        received.text(2, b"cdef");
        assert_eq!(received.reach(0), 9);
        assert_eq!(received.get(1, 8), Some(&b"bcdefghi"[..]));
        assert_eq!(received.get(1, 9), None);
        assert!(!received.doubtful);
        received.text(4, b"x");
        assert!(received.doubtful);
    }

    #[test]
    fn ends_of_the_stream_are_remembered_until_there_are_too_many() {
        let mut received = Received::default();
        assert!(!received.may_end_at(5));
        for position in [5, 5, 7, 9, 11] {
            received.fin(position);
        }
        assert!(received.may_end_at(5) && received.may_end_at(11) && !received.may_end_at(6));
        received.fin(13);
        assert!(received.may_end_at(6), "too many to say");
    }
}
