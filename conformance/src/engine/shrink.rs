//! Shrinking: from a story that shows a departure to the shortest and plainest that shows the same one.
//!
//! By structure: fewer steps, shorter times, plainer fields, smaller numbers. Each candidate is simpler than what it
//! comes from, so shrinking ends; a budget ends it earlier. What counts as the same is the caller's business.

use std::time::Duration;

use tcpspec_core::Control;

use super::numbers;
use crate::scenario::{
    DEFAULT_RECEIVE, Damage, Scenario, ScenarioCall, ScenarioSetup, SegmentSpec, SeqExpr, Span, Step, What,
    When,
};

/// Shrinks a story. `same` says whether a candidate shows the same departure; it is asked at most `budget` times.
pub(crate) fn shrink(story: Scenario, budget: usize, same: &mut dyn FnMut(&Scenario) -> bool) -> Scenario {
    let mut search = Search { best: story, left: budget, same };
    loop {
        let before = search.best.clone();
        search.drop_steps();
        search.plainer_setup();
        for index in (0..search.best.steps.len()).rev() {
            search.plainer_step(index);
        }
        if search.best == before || search.left == 0 {
            return search.best;
        }
    }
}

struct Search<'s> {
    best: Scenario,
    left: usize,
    same: &'s mut dyn FnMut(&Scenario) -> bool,
}

impl Search<'_> {
    /// Takes a candidate if it shows the same departure.
    fn try_out(&mut self, candidate: Scenario) -> bool {
        if self.left == 0 || candidate.steps.is_empty() || candidate == self.best {
            return false;
        }
        self.left -= 1;
        let taken = (self.same)(&candidate);
        if taken {
            self.best = candidate;
        }
        taken
    }

    /// Leaves steps out, many at a time first, from the end on: what comes after the departure goes at once.
    fn drop_steps(&mut self) {
        let mut size = self.best.steps.len().div_ceil(2).max(1);
        loop {
            let mut end = self.best.steps.len();
            while end > 0 {
                let begin = end.saturating_sub(size);
                if !self.drop_range(begin, end) {
                    end = begin;
                } else {
                    end = begin.min(self.best.steps.len());
                }
            }
            if size == 1 {
                return;
            }
            size = size.div_ceil(2);
        }
    }

    fn drop_range(&mut self, begin: usize, end: usize) -> bool {
        let mut without = self.best.clone();
        let dropped: Vec<_> = without.steps.drain(begin..end).collect();
        // Perhaps it was only their time that mattered, or the numbers that they gave to what comes later.
        let waited = dropped.iter().map(span).fold(Span::default(), sum);
        let numbered = numbers::without(&self.best, &|index| (begin..end).contains(&index));
        let numbered = (numbered != without).then_some(numbered);
        for candidate in std::iter::once(without).chain(numbered) {
            let later = later(&candidate, begin, waited);
            if self.try_out(candidate) || later.is_some_and(|later| self.try_out(later)) {
                return true;
            }
        }
        false
    }

    fn plainer_setup(&mut self) {
        type Plainer = fn(&mut ScenarioSetup);
        let fields: [Plainer; 8] = [
            |setup| setup.buffer = None,
            |setup| setup.receive_buffer = None,
            |setup| setup.send_buffer = None,
            |setup| setup.congestion = None,
            |setup| setup.mtu = None,
            |setup| setup.peer_iss = None,
            |setup| setup.seed = None,
            |setup| setup.nagle = None,
        ];
        for plainer in fields {
            let mut candidate = self.best.clone();
            plainer(&mut candidate.setup);
            self.try_out(candidate);
        }
        let mut candidate = self.best.clone();
        candidate.needs.clear();
        self.try_out(candidate);
        let mut candidate = self.best.clone();
        candidate.connections.clear();
        self.try_out(candidate);
    }

    fn plainer_step(&mut self, index: usize) {
        for when in plainer_times(span(&self.best.steps[index])) {
            if self.with_step(index, |step| step.when = When::After(when)) {
                break;
            }
        }
        self.with_step(index, |step| step.connection = 1);
        match &self.best.steps[index].what {
            What::Call { call, .. } => {
                for call in plainer_calls(*call) {
                    if self.with_step(index, |step| step.what = What::Call { call, expected: Vec::new() }) {
                        break;
                    }
                }
            }
            What::Segment(_) => self.plainer_segment(index),
            What::Icmp(_) | What::Expect(_) | What::Quiet(_) | What::AtMost { .. } | What::Device { .. } => {}
        }
    }

    fn plainer_segment(&mut self, index: usize) {
        for plainer in PLAINER {
            let What::Segment(mut segment) = self.best.steps[index].what.clone() else { return };
            plainer(&mut segment);
            self.with_step(index, |step| step.what = What::Segment(segment));
        }
        for bit in [Control::ECE, Control::CWR, Control::PSH, Control::URG, Control::FIN, Control::SYN] {
            let What::Segment(mut segment) = self.best.steps[index].what.clone() else { return };
            segment.ctl = segment.ctl.without(bit);
            self.with_step(index, |step| step.what = What::Segment(segment));
        }
        let What::Segment(segment) = self.best.steps[index].what.clone() else { return };
        for len in smaller(segment.len) {
            let segment = SegmentSpec { len, ..segment.clone() };
            if self.with_step(index, |step| step.what = What::Segment(segment)) {
                break;
            }
        }
    }

    fn with_step(&mut self, index: usize, change: impl FnOnce(&mut Step)) -> bool {
        let mut candidate = self.best.clone();
        change(&mut candidate.steps[index]);
        let unmoved = numbers::unmoved(candidate.clone(), &self.best);
        let moves = unmoved != candidate;
        self.try_out(candidate) || moves && self.try_out(unmoved)
    }
}

/// What makes a field of a segment plainer.
const PLAINER: [fn(&mut SegmentSpec); 11] = [
    |segment| (segment.from, segment.to) = (None, None),
    |segment| segment.options = None,
    |segment| segment.damage = Damage::default(),
    |segment| segment.up = 0,
    |segment| segment.wnd = None,
    |segment| segment.wnd = segment.wnd.map(|_| 1000),
    |segment| segment.seq = None,
    |segment| segment.ack = None,
    |segment| segment.seq = segment.seq.map(|seq| nearer(seq, 0)),
    |segment| segment.ack = segment.ack.map(|ack| nearer(ack, 0)),
    |segment| {
        segment.seq = segment.seq.map(|seq| nearer(seq, 1));
        segment.ack = segment.ack.map(|ack| nearer(ack, 1));
    },
];

/// A number at its anchor, or so far from it, to the side on which it is.
fn nearer(number: SeqExpr, distance: i64) -> SeqExpr {
    match number {
        SeqExpr::Anchor(anchor, offset) if offset.abs() > distance => {
            SeqExpr::Anchor(anchor, offset.signum() * distance)
        }
        other => other,
    }
}

/// A story in which the step with this index comes later, by so much; none if that is no other story.
fn later(story: &Scenario, index: usize, waited: Span) -> Option<Scenario> {
    let mut later = story.clone();
    let next = later.steps.get_mut(index).filter(|_| waited != Span::default())?;
    next.when = When::After(sum(waited, span(next)));
    Some(later)
}

fn span(step: &Step) -> Span {
    match step.when {
        When::After(span) => span,
        When::Between(..) | When::Whenever => Span::default(),
    }
}

fn sum(a: Span, b: Span) -> Span {
    Span { msl: a.msl + b.msl, micros: a.micros + b.micros }
}

/// Shorter times, shortest first; round ones.
fn plainer_times(now: Span) -> Vec<Span> {
    /// For comparison only: no stack declares less.
    const MSL: Duration = Duration::from_secs(1);
    let round = [0, 1000, 100_000, 500_000, 1_000_000, 3_000_000, 10_000_000, 60_000_000];
    let shorter = round.map(|micros| Span { msl: 0, micros });
    shorter.into_iter().filter(|span| span.resolve(MSL) < now.resolve(MSL)).collect()
}

fn plainer_calls(call: ScenarioCall) -> Vec<ScenarioCall> {
    match call {
        ScenarioCall::Send(octets) => smaller(octets).into_iter().map(ScenarioCall::Send).collect(),
        ScenarioCall::SendUrgent(octets) => {
            let plain = std::iter::once(ScenarioCall::Send(octets));
            plain.chain(smaller(octets).into_iter().map(ScenarioCall::SendUrgent)).collect()
        }
        ScenarioCall::Receive(max) if max != DEFAULT_RECEIVE => vec![ScenarioCall::Receive(DEFAULT_RECEIVE)],
        _ => Vec::new(),
    }
}

/// Smaller numbers, smallest first; round ones, then half.
fn smaller(number: u32) -> Vec<u32> {
    let round = [0, 1, 2, 10, 100, 1000].into_iter().filter(|round| *round < number);
    round.chain((number > 2000).then_some(number / 2)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Family;
    use crate::engine::{self, Corpus};
    use crate::scenario::{Anchor, parse_one};
    use crate::stack::{Stack, reference::Reference};

    #[test]
    fn what_matters_is_kept_and_everything_else_goes() {
        let text = "tcpspec 1\n\nscenario a\nsetup buffer=70 seed=9\n\n+0 open passive\n+0 < S win 10\n+1 < . \
                    win 4096\n+0 send 5000\n+2 < P. peer.nxt+700(5) ack snd.nxt+100 win 0\n+0 close\n";
        let story = parse_one(text).expect("valid");
        let matters = |story: &Scenario| {
            story.steps.iter().any(|step| match &step.what {
                What::Segment(segment) => {
                    matches!(segment.ack, Some(SeqExpr::Anchor(Anchor::SndNxt, 1..)))
                }
                _ => false,
            })
        };
        let short = shrink(story, 1000, &mut |story| matters(story));
        let wanted = parse_one("tcpspec 1\n\nscenario a\n\n+0 < . ack snd.nxt+1\n").expect("valid");
        assert_eq!(short, wanted);
    }

    #[test]
    fn numbers_that_steps_gave_to_later_ones_are_kept_if_they_matter() {
        let text =
            "tcpspec 1\n\nscenario a\n\n+0 open active\n+0 < S.\n+0 < F.\n+0 < . (1)\n+0 < . (100)\n+0 < .\n";
        let story = parse_one(text).expect("valid");
        let mut reference = Reference::new();
        // The last segment comes beyond what the stack has.
        let mut beyond = |story: &Scenario| {
            let run = engine::judge(&mut reference, story, Family::V4);
            let trace = run.trace.to_string();
            trace.lines().any(|line| line.contains("< . 103:103(0)"))
        };
        let short = shrink(story, 1000, &mut beyond);
        let wanted = "tcpspec 1\n\nscenario a\n\n+0 < . peer.nxt+103\n";
        assert_eq!(short, parse_one(wanted).expect("valid"));
    }

    #[test]
    fn time_of_steps_that_go_is_kept_if_it_matters() {
        let text = "tcpspec 1\n\nscenario a\n\n+0 open passive\n+60 send 1\n+70 close\n";
        let story = parse_one(text).expect("valid");
        let waits =
            |story: &Scenario| story.steps.iter().map(|step| span(step).micros).sum::<i64>() >= 120_000_000;
        let short = shrink(story, 1000, &mut |story| waits(story));
        assert_eq!(short.steps.len(), 1);
    }

    #[test]
    fn the_budget_is_kept_and_shrinking_ends() {
        let reference = Reference::new();
        let corpus = Corpus::new(3, reference.declaration());
        for index in 0..50 {
            let mut asked = 0;
            let story = corpus.story(index);
            shrink(story.clone(), 7, &mut |_| {
                asked += 1;
                true
            });
            assert!(asked <= 7);
            let short = shrink(story, usize::MAX, &mut |_| true);
            assert_eq!(short.steps.len(), 1);
        }
    }
}
