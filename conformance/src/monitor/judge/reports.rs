//! What a stack says of text that it holds above a gap: the blocks of its selective acknowledgments (RFC 2018).
//!
//! A block must be of octets that arrived, lie above the acknowledgment number, and the first one must hold the segment
//! that came last. Whether a stack holds what arrived shows later: an acknowledgment that reaches past an octet which has
//! not come again says that it was there all the time (V-38), and so that it should have been reported.

use tcpspec_core::options::{TcpOption, walk};
use tcpspec_core::{Control, Instant, SeqNumber};

use crate::monitor::arrival::Arrival;
use crate::monitor::emission::Emission;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::stream::{Received, Stream};
use crate::monitor::terms::Terms;

/// The first number of a block, and the one past its last.
type Block = (SeqNumber, SeqNumber);

/// Blocks that the options of a header hold (RFC 2018 §3), and how many next to timestamps.
const MOST_BLOCKS: usize = 4;
const MOST_WITH_TIMESTAMPS: usize = 3;

/// What an incarnation's selective acknowledgments said, and what arrived that they are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::monitor) struct Reports {
    /// The numbers of the segment that came last of those that take any, if it repeats something.
    repeated: Option<Block>,
    /// The text of the last one with text, if it was certainly one to look at.
    trigger: Option<Block>,
    /// The first block of the latest report.
    first: Option<Block>,
    /// An octet that arrived and, if it was held, should have been reported.
    unreported: Option<Unreported>,
    /// Segments that have arrived.
    arrivals: u32,
}

/// An octet that an acknowledgment at some time left out, and why it should not have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Unreported {
    octet: SeqNumber,
    at: Instant,
    /// Segments that had arrived by then.
    arrivals: u32,
    rule: &'static str,
    differed: &'static str,
}

impl Reports {
    /// A segment has arrived, with RCV.NXT no further than `nxt_most`; whether its text is `certain` to be looked at.
    pub(in crate::monitor) fn note_arrival(&mut self, segment: &Arrival, nxt_most: SeqNumber, certain: bool) {
        self.arrivals += 1;
        if segment.len() == 0 {
            // Of what answers it RFC 2018 §4 does not say which block is the first.
            self.trigger = None;
            return;
        }
        self.repeated = segment.seq.lt(nxt_most).then(|| (segment.seq, segment.end()));
        self.trigger = certain.then(|| (segment.seq, segment.end_of_text()));
        // What comes again need not have been held before; a FIN may have the number now.
        let again = |missed: &mut Unreported| segment.seq.le(missed.octet) && segment.end().gt(missed.octet);
        self.unreported.take_if(again);
    }
}

/// Whether every hypothesis looks at the text of a segment, whatever it then makes of it.
pub(in crate::monitor) fn is_certainly_looked_at(pair: &Pair, segment: &Arrival) -> bool {
    let odd = segment.ctl.0 & (Control::SYN | Control::RST).0 != 0 || segment.options.malformed;
    let within = |una: SeqNumber| segment.ack.ge(una) && segment.ack.le(pair.snd_max);
    let open = pair.hypotheses.all(|one| one.state.accepts_text() && within(one.una));
    // With timestamps the segment may be an old duplicate (RFC 7323 §5).
    let old = pair.agreed_on_timestamps() || pair.may_be_ignored();
    !odd && !old && open && segment.has(Control::ACK) && segment.text > 0
}

/// I-102: what a segment of the stack reports, and what it leaves out.
pub(in crate::monitor) fn reported(
    pair: &mut Pair,
    stream: Option<&Stream>,
    segment: &Emission,
    list: &[u8],
    terms: &Terms,
) -> Judgement {
    let known = pair.reports;
    if !segment.options.blocks && known.first.is_none() && known.unreported.is_none() {
        return Ok(());
    }
    let blocks = Blocks::of(list);
    let blocks = blocks.as_slice();
    let permitted = pair.peer_options.is_none_or(|options| options.sack_permitted);
    if let (false, Some(_)) = (permitted, blocks.first()) {
        let what = format!("blocks are reported on `{segment}` to a peer that has not permitted it");
        return object("I-102", "acknowledgment", "blocks without permission", what);
    }
    let Some(received) = stream.map(|stream| &stream.received).filter(|received| !received.doubtful) else {
        return Ok(());
    };
    if terms.real || !pair.hypotheses.all(|one| one.state.is_synchronized() && !one.fresh) {
        return Ok(());
    }
    let held_after_all = |missed: &Unreported| {
        let shown = segment.ack.gt(missed.octet) || covered(blocks, missed.octet);
        shown && missed.arrivals != known.arrivals
    };
    if let Some(missed) = known.unreported.filter(held_after_all) {
        let what = format!(
            "octets that are acknowledged or reported now, and did not come again, were held at {}: {}",
            missed.at, missed.differed
        );
        return object(missed.rule, "acknowledgment", missed.differed, what);
    }
    let irs = pair.hypotheses.first().irs;
    contents(&known, irs, segment, blocks, received)?;
    let again = !segment.is_bare() && segment.end().le(pair.snd_max);
    if again {
        // V-49: a packet repeated as it was reports what was held then.
        return Ok(());
    }
    order(&known, pair, segment, blocks)?;
    pair.reports.first = blocks.first().copied().or(known.first);
    // Probes and keep-alives ask, and need not answer as well (V-27, V-37).
    if segment.is_bare() && segment.seq == pair.snd_max {
        // What the stack sent in answer to the same segment may say more.
        let before = known.unreported.filter(|missed| missed.arrivals != known.arrivals);
        pair.reports.unreported = before.or_else(|| {
            let (octet, rule, differed) = left_out(pair, segment, blocks, received)?;
            let missed = Unreported { octet, at: segment.now, arrivals: known.arrivals, rule, differed };
            // Who acknowledges the number of a FIN need not have held text that came with it.
            (!received.may_end_with(octet)).then_some(missed)
        });
    }
    Ok(())
}

/// I-102.2: blocks are of octets that arrived, above the acknowledgment number.
fn contents(
    known: &Reports,
    irs: SeqNumber,
    segment: &Emission,
    blocks: &[Block],
    received: &Received,
) -> Judgement {
    let wrong = |differed, (start, end): Block| {
        let [start, end] = [start, end].map(|number| number.offset_from(irs));
        let what = format!("the block from {start} up to {end} on `{segment}`: {differed}");
        object("I-102.2", "acknowledgment", differed, what)
    };
    for (index, block) in blocks.iter().enumerate() {
        let (start, end) = *block;
        if start.ge(end) {
            return wrong("no octets in a block", *block);
        }
        if start.le(segment.ack) {
            // What came twice may be said so in a first block (RFC 2883 §4).
            let twice = known.repeated.is_some_and(|(from, to)| from.lt(end) && start.lt(to));
            if index > 0 || end.gt(segment.ack) || !twice {
                return wrong("a block not above the acknowledgment number", *block);
            }
        } else if !received.holds(start, end) {
            return wrong("a block of octets that never came", *block);
        }
    }
    Ok(())
}

/// I-102.3: no block but the first holds the segment that came last. Whether the first should have held more of it shows
/// later: a stack may have kept a part (SHLD-31).
fn order(known: &Reports, pair: &Pair, segment: &Emission, blocks: &[Block]) -> Judgement {
    let above = blocks.iter().filter(|(start, _)| start.gt(segment.ack));
    let Some((trigger, first)) = trigger(known, pair, segment).zip(above.clone().next().copied()) else {
        return Ok(());
    };
    if holds(first, trigger) || !above.clone().any(|block| holds(*block, trigger)) {
        return Ok(());
    }
    let irs = pair.hypotheses.first().irs;
    let [from, to, start, end] =
        [trigger.0, trigger.1, first.0, first.1].map(|number| number.offset_from(irs));
    let what = format!(
        "expected a first block with the segment that came last, from {from} up to {to}; seen one from {start} up to {end}"
    );
    object("I-102.3", "acknowledgment", "another block first", what)
}

/// The text that came last, if it lies above a gap and inside the window that was offered.
fn trigger(known: &Reports, pair: &Pair, segment: &Emission) -> Option<Block> {
    let offered = pair.offered?;
    known.trigger.filter(|(start, end)| start.gt(segment.ack) && end.le(offered))
}

/// An octet that has arrived above a gap and that a bare acknowledgment should have reported if the stack holds it.
fn left_out(
    pair: &Pair,
    segment: &Emission,
    blocks: &[Block],
    received: &Received,
) -> Option<(SeqNumber, &'static str, &'static str)> {
    let mut ranges = received.above(segment.ack);
    let above = blocks.iter().find(|(start, _)| start.gt(segment.ack));
    let Some(first) = above else {
        return ranges.next().map(|(start, _)| (start, "I-102.4", "no blocks"));
    };
    let trigger = trigger(&pair.reports, pair, segment).filter(|trigger| !holds(*first, *trigger));
    if let Some((start, end)) = trigger.filter(|(start, end)| received.holds(*start, *end)) {
        return Some(match overlap(*first, (start, end)) {
            false => (start, "I-102.3", "not the segment that came last"),
            true if first.0.gt(start) => (start, "I-102.3", "not the whole segment"),
            true => (first.1, "I-102.3", "not the whole segment"),
        });
    }
    let next = first.1 + 1;
    if received.holds(first.1, next) && received.above(segment.ack).any(|range| holds(range, (first.1, next)))
    {
        return Some((first.1, "I-102.2", "a part of a block"));
    }
    let before = first.0 - 1;
    // A FIN before the block has a number, and is no octet that a block must have.
    if received.above(segment.ack).any(|range| holds(range, (before, first.0))) {
        return Some((before, "I-102.2", "a part of a block"));
    }
    let most = if segment.options.timestamps.is_some() { MOST_WITH_TIMESTAMPS } else { MOST_BLOCKS };
    let more = ranges.find(|(start, _)| !covered(blocks, *start)).filter(|_| blocks.len() < most);
    more.map(|(start, _)| (start, "I-102.4", "fewer blocks than there is room for"))
}

/// Whether a block has the octet.
fn covered(blocks: &[Block], octet: SeqNumber) -> bool {
    blocks.iter().any(|(start, end)| start.le(octet) && end.gt(octet))
}

fn holds(block: Block, text: Block) -> bool {
    block.0.le(text.0) && block.1.ge(text.1)
}

fn overlap(one: Block, other: Block) -> bool {
    one.0.lt(other.1) && other.0.lt(one.1)
}

/// The blocks of a segment.
#[derive(Clone, Copy)]
struct Blocks {
    blocks: [Block; MOST_BLOCKS],
    count: usize,
}

impl Blocks {
    fn of(list: &[u8]) -> Self {
        let mut found = Self { blocks: [(SeqNumber(0), SeqNumber(0)); MOST_BLOCKS], count: 0 };
        let reports = walk(list).filter_map(|option| match option {
            Ok(TcpOption::Sack(octets)) => Some(octets),
            _ => None,
        });
        for block in reports.flat_map(|octets| octets.as_chunks::<8>().0) {
            let [a, b, c, d, e, f, g, h] = *block;
            if found.count < MOST_BLOCKS {
                let number = |octets| SeqNumber(u32::from_be_bytes(octets));
                found.blocks[found.count] = (number([a, b, c, d]), number([e, f, g, h]));
                found.count += 1;
            }
        }
        found
    }

    fn as_slice(&self) -> &[Block] {
        &self.blocks[..self.count]
    }
}
