//! Where incarnations begin: the initial sequence numbers (RFC 9293 §3.4.1, RFC 6528).
//!
//! A number says little by itself. What the standard has of it shows in several: those of one pair of sockets follow a
//! clock, those of different pairs have nothing to do with each other.

use crate::monitor::emission::Emission;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::pair::Pair;
use crate::monitor::terms::Terms;
use tcpspec_core::{Instant, SeqNumber};

/// Ticks of the clock of four microseconds that are too few to say anything: a hundredth of a second.
const FEW: u128 = 2500;

/// Half of all numbers: what lies further ahead lies behind (§3.4).
const HALF: u128 = 1 << 31;

/// A millisecond in ticks: numbers are chosen before the segment leaves that shows them.
const ALIKE: u32 = 250;

/// I-115, I-066: where an incarnation begins, seen from the one before.
pub(in crate::monitor) fn after_the_last(pair: &Pair, segment: &Emission, terms: &Terms) -> Judgement {
    let present = pair.iss.map(|iss| (iss, pair.begun_at));
    let Some((before, chosen)) = present.or(pair.iss_before) else { return Ok(()) };
    let reopens = pair.hypotheses.all(|hypothesis| hypothesis.reopens);
    if reopens && present.is_some() && segment.seq.le(pair.snd_max) {
        let what =
            format!("expected a number above {}, the last one used, seen {}", pair.snd_max, segment.seq);
        return object("I-066", "SYN in TIME-WAIT", "not above the old numbers", what);
    }
    if reopens && present.is_some() {
        // MAY-2 takes the number from those before, not from the clock.
        return Ok(());
    }
    let elapsed = segment.now.since(chosen);
    // The clock ticks every four microseconds, or faster, and goes round in less than five hours.
    let ticks = elapsed.as_micros() / 4;
    let advance = u128::from(segment.seq.since(before));
    let stands = ticks < HALF && advance < ticks / 2;
    // However fast, it goes round in no less than the MSL: that is what keeps numbers apart. In a quarter of that time no
    // clock gets half-way. Whoever changes the secret keeps quiet for longer before (RFC 6528 §3).
    let goes_back = advance >= HALF && elapsed <= terms.msl / 4;
    if ticks >= FEW && (stands || goes_back) {
        let what =
            format!("expected a number some {ticks} above {before}, the one before, seen {}", segment.seq);
        return object("I-115", "SYN", "does not follow the clock", what);
    }
    Ok(())
}

/// I-115.2: the numbers of three pairs of sockets are not one and the same clock. That two agree by chance is seldom, and
/// three never do.
pub(in crate::monitor) fn among_others(pairs: &[Pair], segment: &Emission, own: usize) -> Judgement {
    let start = |iss: SeqNumber, then: Instant| iss - u32::try_from(then.0 / 4 % (1 << 32)).unwrap_or(0);
    let here = start(segment.seq, segment.now);
    let alike = |(index, pair): &(usize, &Pair)| {
        let there = pair.iss.map(|iss| start(iss, pair.begun_at));
        *index != own && there.is_some_and(|there| here.offset_from(there).unsigned_abs() <= ALIKE)
    };
    if pairs.iter().enumerate().filter(alike).count() < 2 {
        return Ok(());
    }
    let what = format!(
        "expected a number that those of other pairs of sockets do not tell, seen {}, which the clock alone makes of them",
        segment.seq
    );
    object("I-115.2", "SYN", "the clock alone", what)
}
