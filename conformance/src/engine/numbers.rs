//! The peer's numbers in a story that becomes shorter: what goes takes its octets along, and every later segment that
//! counts from `peer.nxt` would come with a lower number. Where that number was what mattered, the octets that go would
//! look needed; so the rest may keep the numbers that it had.
//!
//! It leaves out numbers that hang on what the stack sends.

use std::collections::BTreeMap;

use tcpspec_core::Control;

use crate::scenario::{Anchor, Damage, Scenario, SegmentSpec, SeqExpr, What};

/// A story without some of its steps, in which the peer's other segments have the numbers that they had.
#[must_use]
pub(super) fn without(story: &Scenario, goes: &dyn Fn(usize) -> bool) -> Scenario {
    let stay = Vec::from_iter((0..story.steps.len()).filter(|index| !goes(*index)));
    let steps = stay.iter().map(|index| story.steps[*index].clone()).collect();
    as_before(Scenario { steps, ..story.clone() }, &stay, story)
}

/// A story in which steps were changed, with the numbers that the peer's segments had before.
#[must_use]
pub(super) fn unmoved(changed: Scenario, before: &Scenario) -> Scenario {
    let all = Vec::from_iter(0..before.steps.len());
    as_before(changed, &all, before)
}

/// Gives the segments of `story` the numbers that they had in another one, where each step was the one `of` it.
fn as_before(mut story: Scenario, of: &[usize], before: &Scenario) -> Scenario {
    let mut peers = Peers::default();
    let had = Vec::from_iter(before.steps.iter().map(|step| match &step.what {
        What::Segment(segment) => peers.send(step.connection, segment),
        _ => None,
    }));
    let mut peers = Peers::default();
    for (step, of) in story.steps.iter_mut().zip(of) {
        let What::Segment(segment) = &mut step.what else { continue };
        if let (Some(number), Some(offset)) = (had[*of], from_next(segment)) {
            let needed = number - peers.next(step.connection);
            if needed != offset {
                segment.seq = (needed != 0).then_some(SeqExpr::Anchor(Anchor::PeerNxt, needed));
            }
        }
        peers.send(step.connection, segment);
    }
    story
}

/// How far beyond `peer.nxt` a segment begins, if it counts from there.
const fn from_next(segment: &SegmentSpec) -> Option<i64> {
    match segment.seq {
        None => Some(0),
        Some(SeqExpr::Anchor(Anchor::PeerNxt, offset)) => Some(offset),
        Some(_) => None,
    }
}

/// What the peers of a story would send next, counted from their initial sequence numbers, as far as the story alone
/// says so. The bench's ledger has the last word.
#[derive(Default)]
struct Peers {
    next: BTreeMap<u8, i64>,
}

impl Peers {
    fn next(&self, connection: u8) -> i64 {
        self.next.get(&connection).copied().unwrap_or_default()
    }

    /// Takes note of a segment. Returns its number, if that is known.
    fn send(&mut self, connection: u8, segment: &SegmentSpec) -> Option<i64> {
        let next = self.next(connection);
        let number = match segment.seq {
            Some(SeqExpr::Relative(number)) => i64::from(number),
            _ => next + from_next(segment)?,
        };
        let controls = [Control::SYN, Control::FIN].into_iter().filter(|bit| segment.ctl.has(*bit)).count();
        let end = number + i64::from(segment.len) + i64::try_from(controls).unwrap_or_default();
        let astray = segment.from.is_some() || segment.to.is_some() || segment.damage != Damage::default();
        if number <= next && end > next && !astray && !segment.ctl.has(Control::RST) {
            self.next.insert(connection, end);
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{parse_one, print_file};

    fn story(steps: &str) -> Scenario {
        parse_one(&format!("tcpspec 1\n\nscenario a\n\n{steps}")).expect("valid")
    }

    /// The steps that are left when those with these indices go and the numbers stay.
    fn left(steps: &str, goes: &[usize]) -> String {
        let left = without(&story(steps), &|index| goes.contains(&index));
        let text = print_file(&[left]);
        text.split_once("\n\n").and_then(|(_, rest)| rest.split_once("\n\n")).expect("steps").1.to_owned()
    }

    #[test]
    fn what_comes_later_keeps_its_number() {
        let steps = "+0 < S\n+0 < .\n+0 < . (10)\n+0 < F.\n+0 < . peer.nxt-1\n+0 < . 5(1)\n+0 < . rcv.nxt\n";
        let wanted = "+0      < S\n+0      < .\n+0      < F. peer.nxt+10\n+0      < . peer.nxt+10\n\
                      +0      < . 5(1)\n+0      < . rcv.nxt\n";
        assert_eq!(left(steps, &[2]), wanted);
    }

    #[test]
    fn other_connections_and_what_the_peer_would_not_count_are_not_moved() {
        let steps = "+0 < S\n+0 @2 < S\n+0 < . (10)\n+0 < R\n+0 < . (3) bad-checksum\n+0 @2 < .\n";
        assert_eq!(left(steps, &[3, 4]), "+0      < S\n+0      @2 < S\n+0      < . (10)\n+0      @2 < .\n");
        assert_eq!(left(steps, &[1, 2, 3, 4]), "+0      < S\n+0      @2 < . peer.nxt+1\n");
    }

    #[test]
    fn a_segment_that_closes_a_gap_moves_what_follows_back() {
        let steps = "+0 < S\n+0 < . (10)\n+0 < . peer.nxt-10(11)\n+0 < .\n";
        assert_eq!(left(steps, &[1]), "+0      < S\n+0      < . (11)\n+0      < .\n");
    }

    #[test]
    fn a_shorter_segment_leaves_the_rest_where_it_was() {
        let before = story("+0 < S\n+0 < F. (10)\n+0 < .\n");
        let unmoved = unmoved(story("+0 < S\n+0 < .\n+0 < .\n"), &before);
        assert_eq!(unmoved, story("+0 < S\n+0 < .\n+0 < . peer.nxt+11\n"));
    }
}
