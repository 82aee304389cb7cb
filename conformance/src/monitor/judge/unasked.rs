//! What the user is told unasked: that urgent text is ahead, that no more of it is, that a segment was not delivered
//! (RFC 9293 §3.8.5, §3.9.1.8).

use tcpspec_core::{Control, SeqNumber, State};

use super::steps::{Acceptable, acceptable};
use crate::monitor::arrival::Arrival;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::stack::Report;

use super::arrive::Context;

/// What a user should have been told, and was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(in crate::monitor) struct Unasked {
    /// Segments with URG that have arrived and may have announced more than was known.
    marked: u32,
    /// How often the user was told that urgent text is ahead.
    told: u32,
    /// Where the furthest urgent text certainly ends that the peer sent...
    end: Option<SeqNumber>,
    /// ...and where it may end.
    furthest: Option<SeqNumber>,
    /// The user must be told so.
    news: bool,
    /// The user was told that no more urgent text is ahead, after the last that was, or need not be.
    ended: bool,
    /// The user must be told that a segment was not delivered...
    trouble: bool,
    /// ...or may be.
    perhaps: bool,
    /// The user does not want to know that, or may not...
    unwanted: bool,
    /// ...and nothing was left to be told when that was said.
    silent: bool,
}

impl Unasked {
    /// A segment has arrived; the user has read the peer's octets up to `read`.
    pub(in crate::monitor) fn note_arrival(
        &mut self,
        segment: &Arrival,
        certain: bool,
        up: u16,
        read: SeqNumber,
    ) {
        if !segment.has(Control::URG) {
            return;
        }
        let end = segment.seq + u32::from(up);
        // V-20: the pointer may be taken for that of the last octet.
        let perhaps = self.end.is_none_or(|known| end.gt(known)) && (end + 1).gt(read);
        self.marked = self.marked.saturating_add(u32::from(perhaps || !certain));
        let further = self.furthest.is_none_or(|known| end.gt(known)) && end.gt(read);
        if further {
            // Of what may not have been looked at nothing need be told.
            (self.furthest, self.news, self.ended) = (Some(end), certain, !certain);
        }
        if certain {
            self.end = Some(self.end.map_or(end, |known| known.later(end)));
        }
    }

    /// A segment in flight was certainly not delivered.
    pub(in crate::monitor) const fn note_trouble(&mut self) {
        // The user may be told of each.
        self.perhaps |= self.trouble;
        self.trouble = !self.unwanted;
    }

    /// A segment was sent again: how often that must happen before it is trouble is the stack's choice (SHLD-9, SHLD-10).
    pub(in crate::monitor) const fn note_repetition(&mut self) {
        self.perhaps |= !self.unwanted;
    }

    /// The user says whether it wants to know of trouble.
    pub(in crate::monitor) const fn wants_to_know(&mut self, wants: bool) {
        (self.unwanted, self.silent) = (!wants, !wants && !self.trouble && !self.perhaps);
        self.trouble &= wants;
    }

    /// Some user has said so, and nothing tells of which connection.
    pub(in crate::monitor) const fn may_not_want_to_know(&mut self) {
        (self.unwanted, self.silent, self.trouble) = (true, false, false);
    }
}

/// Whether every hypothesis looks at the urgent pointer of a segment.
pub(in crate::monitor) fn is_certainly_looked_at(
    pair: &Pair,
    segment: &Arrival,
    context: &Context<'_>,
) -> bool {
    let plain = segment.ctl.0 & (Control::SYN | Control::RST).0 == 0 && segment.has(Control::ACK);
    plain
        && !segment.options.malformed
        && !pair.agreed_on_timestamps()
        && !pair.may_be_ignored()
        && pair.hypotheses.all(|one| {
            let open = matches!(one.state, State::Established | State::FinWait1 | State::FinWait2);
            let believed = segment.ack.ge(one.una) && segment.ack.le(pair.snd_max);
            let in_order = segment.seq == one.nxt && one.nxt == one.nxt_most;
            open && believed && in_order && acceptable(one, segment, context) == Acceptable::Yes
        })
}

/// The user asks what there is to be told, and is told this.
pub(in crate::monitor) fn told(pair: &mut Pair, report: Report) -> Judgement {
    let of = &mut pair.unasked;
    match report {
        Report::UrgentText => {
            (of.told, of.news) = (of.told.saturating_add(1), false);
            if of.told > of.marked {
                let what = format!(
                    "{} segments announced urgent text, and the user is told {} times",
                    of.marked, of.told
                );
                return object("I-112.2", "REPORT", "urgent text that did not come", what);
            }
        }
        Report::UrgentTextEnds => of.ended = true,
        Report::DeliveryTrouble if of.silent => {
            let what = "the user is told of delivery trouble and had said not to be".to_owned();
            return object("I-117.2", "REPORT", "not wanted", what);
        }
        Report::DeliveryTrouble => of.trouble = false,
    }
    Ok(())
}

/// The user asks and is told nothing, having read the peer's octets up to `read` of a connection that is still there.
pub(in crate::monitor) fn nothing(pair: &Pair, read: Option<SeqNumber>) -> Judgement {
    let of = &pair.unasked;
    let urgent = of.furthest.zip(read);
    if of.news && urgent.is_some_and(|(end, read)| end.gt(read)) {
        let what = "a segment announced urgent text, and the user is not told".to_owned();
        return object("I-112.2", "REPORT", "urgent text is not told", what);
    }
    // V-20: the pointer may be taken for that of the last octet.
    if of.told > 0 && !of.ended && urgent.is_some_and(|(end, read)| end.lt(read)) {
        let what = "the urgent text has been read, and the user is not told that no more is ahead".to_owned();
        return object("I-112.3", "REPORT", "the end is not told", what);
    }
    if of.trouble {
        let what = "a segment was not delivered, and the user is not told".to_owned();
        return object("I-117", "REPORT", "delivery trouble is not told", what);
    }
    Ok(())
}
