//! What a peer's segment brings counts once, however often it comes and however it is cut (P-19, P-20).
//!
//! Only a segment of which the stack has shown that it took all of it can be repeated or cut without a difference: one
//! that its first telling acknowledges before anything else happens. All later segments then have the numbers that they
//! had at first, whatever is acknowledged meanwhile, and what the user gets and what is acknowledged in the end must be the
//! same. When something is sent may change, and so may the state's clock: what lies more than a maximum segment lifetime
//! behind is not looked at.

use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, SeqNumber};

use super::{Relation, after, broken, moot, second_open};
use crate::bench::{self, Family, Run};
use crate::scenario::{Damage, MAX_STEPS, Scenario, ScenarioCall, ScenarioKnob, SeqExpr, Step, What, When};
use crate::stack::Stack;
use crate::trace::{End, Happening, SegmentRecord};
use crate::verdict::Verdict;

pub(super) const REPETITION: Relation = Relation {
    id: "P-19",
    requirement: "R9293-3.10-a",
    sentence: "a segment that was taken and comes again changes nothing for the user",
    holds: a_repetition_makes_no_difference,
};

pub(super) const CUT: Relation = Relation {
    id: "P-20",
    requirement: "R9293-3.10-a",
    sentence: "a segment cut in two brings what it brings as one",
    holds: a_cut_makes_no_difference,
};

/// How long after a segment was taken it comes again at the latest, in microseconds.
const SOON: i64 = 1_000_000;

/// Duplicate idempotence (P-19): one segment that was taken comes again before the step after it. `choice` says which.
pub fn a_repetition_makes_no_difference(
    stack: &mut dyn Stack,
    story: &Scenario,
    family: Family,
    choice: u32,
) -> Verdict {
    retold(
        &REPETITION,
        "with a segment that comes again",
        (stack, story, family),
        choice,
        |told, taken, _| {
            let mut story = told.story.clone();
            let again = story.steps[taken.step].what.clone();
            let next = story.steps.get_mut(taken.step + 1)?;
            let When::After(span) = &mut next.when else { return None };
            let wait = if span.msl > 0 { SOON } else { span.micros.min(SOON) };
            span.micros -= wait;
            let connection = story.steps[taken.step].connection;
            story.steps.insert(taken.step + 1, Step { when: after(wait), connection, what: again });
            Some(story)
        },
    )
}

/// Splitting (P-20): one segment that was taken comes in two parts, one right after the other; PSH and FIN are on the
/// second. Two such stories told the other way round are two segments that come as one. `choice` says which and where.
pub fn a_cut_makes_no_difference(
    stack: &mut dyn Stack,
    story: &Scenario,
    family: Family,
    choice: u32,
) -> Verdict {
    retold(&CUT, "with a segment cut in two", (stack, story, family), choice, |told, taken, choice| {
        let mut story = told.story.clone();
        let step = &mut story.steps[taken.step];
        let What::Segment(spec) = &mut step.what else { return None };
        let length = spec.len + u32::from(spec.ctl.has(Control::FIN));
        if length < 2 {
            return None;
        }
        let first = 1 + choice % (length - 1);
        let mut rest = spec.clone();
        rest.seq = Some(SeqExpr::Absolute((taken.seq + first).0));
        rest.len = spec.len - first;
        (spec.len, spec.ctl) = (first, spec.ctl.without(Control::PSH | Control::FIN));
        let rest = Step { when: after(0), connection: step.connection, what: What::Segment(rest) };
        story.steps.insert(taken.step + 1, rest);
        Some(story)
    })
}

/// A first telling, with the numbers that segments had in it.
struct Told {
    story: Scenario,
    run: Run,
    /// Where in the trace each step begins that is a call or a segment.
    begins: Vec<usize>,
}

/// A segment that the stack took whole.
#[derive(Clone, Copy)]
struct Taken {
    step: usize,
    seq: SeqNumber,
}

/// Tells the story, changes it, tells it again and compares what the user got.
fn retold(
    relation: &Relation,
    how: &str,
    (stack, story, family): (&mut dyn Stack, &Scenario, Family),
    choice: u32,
    change: impl FnOnce(&Told, Taken, u32) -> Option<Scenario>,
) -> Verdict {
    if let Some(moot) = moot(stack, story) {
        return moot;
    }
    let skipped = |why: &str| Verdict::Skipped(why.to_owned());
    let Some(told) = tell(stack, story, family) else { return skipped("the story has something else in it") };
    let taken = told.taken();
    let Some(index) = usize::try_from(choice).unwrap_or(0).checked_rem(taken.len()) else {
        return skipped("no segment is taken at once");
    };
    let changed = change(&told, taken[index], choice / 16);
    let Some(changed) = changed.filter(|changed| changed.steps.len() <= MAX_STEPS) else {
        return skipped("the segment cannot be changed");
    };
    let again = bench::run(stack, &changed, family);
    let until = told.run.trace.entries[told.begins[taken[index].step]].time + stack.declaration().msl;
    let [one, other] = [&told.run, &again].map(|run| outcomes(run, until));
    match again.verdict {
        Verdict::Fail(failure) => broken(relation, how, failure.trace_line, "nothing wrong", &failure.what),
        Verdict::Pass if one == other => Verdict::Pass,
        Verdict::Pass => {
            let at = one.iter().zip(&other).position(|(one, other)| one != other).unwrap_or_default();
            let line = |lines: &[String]| lines.get(at).cloned().unwrap_or_default();
            broken(relation, how, None, &line(&one), &line(&other))
        }
        undecided => undecided,
    }
}

/// Tells a story, with the user reading what is left at its end. None if it cannot be told with numbers as they stand.
fn tell(stack: &mut dyn Stack, story: &Scenario, family: Family) -> Option<Told> {
    let mut story = Scenario { steps: story.steps[..second_open(story)].to_vec(), ..story.clone() };
    let tells = |step: &Step| match &step.what {
        What::Call { call: ScenarioCall::Set(knob), .. } => {
            !matches!(knob, ScenarioKnob::KeepAlive(_) | ScenarioKnob::UserTimeout(_))
        }
        What::Call { .. } | What::Segment(_) => true,
        What::Icmp(_) | What::Expect(_) | What::Quiet(_) | What::AtMost { .. } | What::Device { .. } => false,
    };
    if !story.steps.iter().all(tells) || story.steps.len() >= MAX_STEPS {
        return None;
    }
    let reads =
        What::Call { call: ScenarioCall::Receive(crate::scenario::DEFAULT_RECEIVE), expected: vec![] };
    story.steps.push(Step { when: after(SOON), connection: 1, what: reads });
    let run = bench::run(stack, &story, family);
    let entries = &run.trace.entries;
    let begins: Vec<_> = (0..entries.len()).filter(|at| begins_step(&entries[*at].happening)).collect();
    if run.verdict != Verdict::Pass || begins.len() != story.steps.len() {
        return None;
    }
    for (step, at) in story.steps.iter_mut().zip(&begins) {
        if let (What::Segment(spec), Happening::Segment { segment, .. }) =
            (&mut step.what, &entries[*at].happening)
        {
            spec.seq = Some(SeqExpr::Absolute(segment.seq.0));
            spec.ack = Some(SeqExpr::Absolute(segment.ack.0));
        }
    }
    Some(Told { story, run, begins })
}

const fn begins_step(happening: &Happening) -> bool {
    matches!(happening, Happening::Call { .. } | Happening::Segment { from: End::Right, .. })
}

impl Told {
    /// The segments that were acknowledged before anything else happened, and not before they came.
    fn taken(&self) -> Vec<Taken> {
        let steps = self.story.steps.iter().enumerate().zip(&self.begins);
        steps.filter_map(|((step, what), at)| self.is_taken(step, &what.what, *at)).collect()
    }

    fn is_taken(&self, step: usize, what: &What, at: usize) -> Option<Taken> {
        let What::Segment(spec) = what else { return None };
        let Happening::Segment { segment, .. } = &self.run.trace.entries[at].happening else { return None };
        let odd = Control::SYN | Control::RST | Control::URG;
        let plain = spec.ctl.0 & odd.0 == 0
            && spec.ctl.has(Control::ACK)
            && spec.options.is_none()
            && spec.damage == Damage::default()
            && (spec.from, spec.to) == (None, None);
        let next = self.begins.get(step + 1).copied()?;
        let label = self.run.trace.connection_of(at);
        let acknowledged = |from: usize, to: usize| {
            let mine = (from..to).filter(|index| self.run.trace.connection_of(*index) == label);
            mine.filter_map(|index| acknowledges(&self.run.trace.entries[index].happening)).next_back()
        };
        let before = acknowledged(0, at)?;
        let afterwards = acknowledged(at, next)?;
        let covers = |ack: SeqNumber| segment.end().le(ack);
        let brings = segment.end() != segment.seq;
        (plain && brings && !covers(before) && covers(afterwards)).then_some(Taken { step, seq: segment.seq })
    }
}

/// What a segment of the stack acknowledges.
fn acknowledges(happening: &Happening) -> Option<SeqNumber> {
    match happening {
        Happening::Segment {
            from: End::Left, segment: SegmentRecord { ctl, ack, integrity, .. }, ..
        } if ctl.has(Control::ACK) && !ctl.has(Control::RST) && *integrity == Integrity::Sound => Some(*ack),
        _ => None,
    }
}

fn is_reset(happening: &Happening) -> bool {
    matches!(happening, Happening::Segment { segment, .. } if segment.ctl.has(Control::RST))
}

/// What the user's calls came to, and how far the stack acknowledged, by connection, until then.
fn outcomes(run: &Run, until: tcpspec_core::Instant) -> Vec<String> {
    let mut lines = Vec::new();
    let mut acknowledged = [None; crate::scenario::MAX_CONNECTIONS as usize + 1];
    for (index, entry) in run.trace.entries.iter().enumerate().take_while(|(_, entry)| entry.time <= until) {
        let label = run.trace.connection_of(index);
        match &entry.happening {
            Happening::Call { call, outcome, .. } => lines.push(format!("@{label} {call} -> {outcome}")),
            happening => {
                let place = &mut acknowledged[usize::from(label).min(16)];
                *place = acknowledges(happening).or(*place);
            }
        }
    }
    let numbers = acknowledged.iter().enumerate();
    let whole = run.trace.entries.last().is_none_or(|last| last.time <= until);
    // After a reset nothing is acknowledged that still was to be.
    let reset = run.trace.entries.iter().any(|entry| is_reset(&entry.happening));
    let numbers = numbers.filter(|_| whole && !reset);
    lines.extend(numbers.filter_map(|(label, ack)| Some(format!("@{label} acknowledged to ={}", (*ack)?))));
    lines
}
