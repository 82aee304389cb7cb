//! What is known for sure of a pair of sockets: what went over the wire, in numbers.

use tcpspec_core::{Control, Segment, SeqNumber};

use super::Streams;
use crate::wire::Endpoints;

/// A pair of sockets and its present incarnation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Pair {
    /// From the stack to its peer.
    pub(super) endpoints: Endpoints,
    /// SEQ of the stack's SYN.
    pub(super) iss: Option<SeqNumber>,
    /// SEQ of the peer's SYN that the stack answered, or that answered the stack.
    pub(super) irs: Option<SeqNumber>,
    /// SEQ of a SYN that arrived last.
    pub(super) syn: Option<SeqNumber>,
    /// Just past everything that the stack has sent.
    pub(super) snd_max: SeqNumber,
    /// SEQ of the stack's FIN, once sent.
    pub(super) fin: Option<SeqNumber>,
    /// Segments that arrived and were not resets since the stack last sent a reset.
    pub(super) answerable: u32,
    /// The streams of the incarnation.
    pub(super) stream: Option<usize>,
}

impl Pair {
    pub(super) const fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            iss: None,
            irs: None,
            syn: None,
            snd_max: SeqNumber(0),
            fin: None,
            answerable: 0,
            stream: None,
        }
    }

    /// A sound segment is about to reach the stack.
    pub(super) fn delivered(&mut self, segment: &Segment<'_>, streams: &mut Streams) {
        if !segment.has(Control::RST) {
            self.answerable += 1;
        }
        if segment.has(Control::SYN) {
            self.syn = Some(segment.seq);
            if self.irs.is_none() {
                self.irs = self.syn;
            }
        }
        let Some(irs) = self.irs else { return };
        if segment.has(Control::RST) {
            return;
        }
        if self.stream.is_none() {
            self.stream = streams.begin();
        }
        let Some(stream) = self.stream.map(|index| &mut streams.all[index]) else { return };
        // Which of two requests the connection is about is not settled by arrivals alone.
        stream.received.doubtful |= self.syn.is_some_and(|syn| syn != irs);
        let first = if segment.has(Control::SYN) { segment.seq + 1 } else { segment.seq };
        let offset = first.offset_from(irs + 1);
        let skipped = usize::try_from(-i64::from(offset)).unwrap_or(0);
        let position = u32::try_from(offset).unwrap_or(0);
        if let Some(text) = segment.text.get(skipped..) {
            stream.received.text(position, text);
            let end = position.wrapping_add(u32::try_from(text.len()).unwrap_or(0));
            if segment.has(Control::FIN) {
                stream.received.fin(end);
            }
            if segment.has(Control::FIN) || segment.has(Control::PSH) {
                stream.received.pushed = stream.received.pushed.max(end);
            }
        }
    }

    /// The stack sent a SYN that is not the one it sent before: another incarnation.
    pub(super) fn begin_incarnation(&mut self, segment: &Segment<'_>, stream: Option<usize>) {
        *self = Self {
            iss: Some(segment.seq),
            irs: segment.has(Control::ACK).then(|| segment.ack - 1),
            syn: self.syn,
            snd_max: segment.end(),
            answerable: self.answerable,
            stream,
            ..Self::new(self.endpoints)
        };
    }
}
