//! Metamorphic relations: two tellings of one story to one stack that must come to the same (P-15 to P-20).
//!
//! No model of TCP is needed to see that a stack breaks one of these: it is compared with itself. A story is told as it
//! stands, then once more with something changed that must make no difference: nothing at all, where numbers begin, the
//! time of day and the ports, a segment that comes twice, a segment that is cut in two. What the second telling may change
//! is left out of the comparison.
//!
//! It leaves out stacks on a real clock, on which no two runs are alike, and stories that expect something, which a
//! changed telling need not meet.

use std::time::Duration;

use tcpspec_core::{Control, Instant};

use crate::bench::{self, Family, Run};
use crate::requirement::{self, Level};
use crate::scenario::{
    AddressClass, Anchor, ConnectionSetup, OptionSpec, Scenario, SegmentSpec, SeqExpr, Span, Step, What, When,
};
use crate::stack::{Clock, Stack};
use crate::trace::Happening;
use crate::verdict::{Cause, Failure, Verdict};

mod checkpoint;
mod stream;

pub use checkpoint::checkpoints_make_no_difference;
pub use stream::{a_cut_makes_no_difference, a_repetition_makes_no_difference};

/// A relation.
#[derive(Clone, Copy, Debug)]
pub struct Relation {
    /// Its id among the invariants.
    pub id: &'static str,
    /// The requirement of the catalogue that a stack breaks with it.
    pub requirement: &'static str,
    /// What makes no difference, in a few words.
    pub sentence: &'static str,
    /// Tells a story twice. The number chooses among the changes that the relation knows; any will do.
    pub holds: fn(&mut dyn Stack, &Scenario, Family, u32) -> Verdict,
}

/// All that any stack can be held to.
pub static RELATIONS: &[Relation] = &[DETERMINISM, NUMBERS, NAMES, stream::REPETITION, stream::CUT];

const DETERMINISM: Relation = Relation {
    id: "P-15",
    requirement: "R9293-3.10-a",
    sentence: "the same story told again ends the same",
    holds: |stack, story, family, _| telling_again_makes_no_difference(stack, story, family),
};

const NUMBERS: Relation = Relation {
    id: "P-17",
    requirement: "R9293-3.4-a",
    sentence: "where sequence numbers begin makes no difference",
    holds: numbers_may_begin_anywhere,
};

const NAMES: Relation = Relation {
    id: "P-18",
    requirement: "R9293-3.10-a",
    sentence: "ports and the time of day make no difference",
    holds: ports_and_time_make_no_difference,
};

/// Ports that there are.
const PORTS: u32 = 65_535;

/// Why a story says nothing about a stack here.
fn moot(stack: &dyn Stack, story: &Scenario) -> Option<Verdict> {
    let why = if stack.declaration().clock == Clock::Real {
        "no two runs on a real clock are alike"
    } else if story.expects() {
        "the story expects something"
    } else {
        return None;
    };
    Some(Verdict::Skipped(why.into()))
}

/// Determinism (P-15): the same calls and packets at the same times, from the same seed, bring the same packets and
/// outcomes, to the octet.
pub fn telling_again_makes_no_difference(stack: &mut dyn Stack, story: &Scenario, family: Family) -> Verdict {
    if let Some(moot) = moot(stack, story) {
        return moot;
    }
    let mut runs = [(); 2].map(|()| bench::run(stack, story, family));
    runs.iter_mut().for_each(|run| run.trace.absolute = true);
    let lines = runs.each_ref().map(|run| run.trace.lines().collect::<Vec<_>>());
    compared(&DETERMINISM, "told again", &lines)
}

/// Shift of sequence numbers (P-17): the peer's initial number is another, chosen by `choice`, half the time such that the
/// story crosses zero, and the stack's follows from another seed.
pub fn numbers_may_begin_anywhere(
    stack: &mut dyn Stack,
    story: &Scenario,
    family: Family,
    choice: u32,
) -> Verdict {
    if let Some(moot) = moot(stack, story) {
        return moot;
    }
    let story = relative_part(story);
    let mut shifted = story.clone();
    let near_zero = (choice / 2 % 4096).wrapping_neg();
    shifted.setup.peer_iss = Some(if choice.is_multiple_of(2) { near_zero } else { choice });
    shifted.setup.seed = Some(u64::from(choice) + 2);
    let tell = |story| relative_lines(&bench::run(stack, story, family), Duration::ZERO);
    alike(&NUMBERS, "with other initial numbers", [&story, &shifted].map(tell))
}

/// Shift of time and renaming of sockets (P-18): the story begins later, and all its ports are others.
pub fn ports_and_time_make_no_difference(
    stack: &mut dyn Stack,
    story: &Scenario,
    family: Family,
    choice: u32,
) -> Verdict {
    if let Some(moot) = moot(stack, story) {
        return moot;
    }
    let story = relative_part(story);
    let mut elsewhere = story.clone();
    let later = Duration::from_micros(u64::from(choice % 1_000_000_000));
    if let Some(Step { when: When::After(span), .. }) = elsewhere.steps.first_mut() {
        span.micros += i64::from(choice % 1_000_000_000);
    }
    let rename = |port: u16| {
        let renamed = (u32::from(port) + PORTS - 1 + choice % PORTS) % PORTS + 1;
        u16::try_from(renamed).unwrap_or(port)
    };
    elsewhere.connections = bench::sockets_of(&story);
    for ConnectionSetup { service, client, .. } in &mut elsewhere.connections {
        (*service, *client) = (service.map(rename), client.map(rename));
    }
    let here = relative_lines(&bench::run(stack, &story, family), Duration::ZERO);
    let there = relative_lines(&bench::run(stack, &elsewhere, family), later);
    alike(&NAMES, "on other ports and at another time", [here, there])
}

/// The story up to the first step that names a number as it stands, or one of an incarnation before: those are not
/// shifted with the rest.
fn relative_part(story: &Scenario) -> Scenario {
    let stands = |seq: SeqExpr| matches!(seq, SeqExpr::Absolute(_) | SeqExpr::Anchor(Anchor::SndWas, _));
    // A number of the peer's latest segment may be one of the other side, or the zero of a segment without ACK.
    let strange = |seq: SeqExpr, anchors: &[Anchor]| matches!(seq, SeqExpr::Anchor(anchor, _) if anchors.contains(&anchor));
    let of_option = |option: &OptionSpec| match option {
        OptionSpec::Sack(blocks) => blocks.iter().any(|(start, end)| stands(*start) || stands(*end)),
        _ => false,
    };
    let of_segment = |spec: &SegmentSpec| {
        let odd = |class: Option<AddressClass>| class.is_some();
        spec.seq.into_iter().chain(spec.ack).any(stands)
            || spec.seq.is_some_and(|seq| strange(seq, &[Anchor::SegAck]))
            || spec.ack.is_some_and(|ack| strange(ack, &[Anchor::SegAck, Anchor::SegSeq, Anchor::SegEnd]))
            || spec.options.iter().flatten().any(of_option)
            || odd(spec.from)
            || odd(spec.to)
    };
    let stays = |step: &Step| match &step.what {
        What::Segment(spec) => of_segment(spec),
        What::Icmp(_) => true,
        What::Call { .. } | What::Expect(_) | What::Quiet(_) | What::AtMost { .. } | What::Device { .. } => {
            false
        }
    };
    let upto = story.steps.iter().position(stays).unwrap_or(story.steps.len());
    let upto = upto.min(second_open(story));
    Scenario { steps: story.steps[..upto].to_vec(), ..story.clone() }
}

/// Where a story first opens a connection anew, perhaps the other way round: from there on the bench tells it by other
/// sockets than the stack may still use for it.
fn second_open(story: &Scenario) -> usize {
    let opens = |step: &Step| match step.what {
        What::Call { call, .. } => call.opens(),
        _ => false,
    };
    let again = |(index, step): (usize, &Step)| {
        let same = |before: &Step| before.connection == step.connection && opens(before);
        opens(step) && story.steps[..index].iter().any(same)
    };
    story.steps.iter().enumerate().position(again).unwrap_or(story.steps.len())
}

/// The lines of a run with times from `begin` on and relative numbers, up to the first that has a number as it stands
/// or is about a second incarnation, whose numbers lie anywhere from those of the first.
fn relative_lines(run: &Run, begin: Duration) -> Vec<String> {
    let trace = &run.trace;
    let mut first = Vec::new();
    let mut lines = Vec::new();
    for (index, entry) in trace.entries.iter().enumerate() {
        let numbers = trace.numbering_of(index);
        let text = trace.text_of(index);
        if let Some(left) = numbers.left {
            let known = first.iter().find(|(label, _)| *label == numbers.connection);
            match known {
                Some((_, known)) if *known != left => break,
                Some(_) => {}
                None => first.push((numbers.connection, left)),
            }
        }
        if text.contains('=') || is_absolute(&entry.happening) {
            break;
        }
        let time =
            Instant::ZERO + entry.time.since(Instant::ZERO + begin.min(entry.time.since(Instant::ZERO)));
        if !matches!(entry.happening, Happening::Note(_)) {
            lines.push(format!("{time} {text}"));
        }
    }
    lines
}

/// Whether it is a reset with a number that stands for none: what a stack sends that knows nothing of its peer is not
/// shifted with the peer's numbers (RFC 9293 §3.5.2, group 1).
fn is_absolute(happening: &Happening) -> bool {
    let Happening::Segment { segment, .. } = happening else { return false };
    segment.ctl.has(Control::RST) && (segment.seq.0 == 0 || segment.ack.0 == 0)
}

/// Compares as far as both can be compared.
fn alike(relation: &Relation, how: &str, mut lines: [Vec<String>; 2]) -> Verdict {
    let shorter = lines[0].len().min(lines[1].len());
    if shorter == 0 {
        return Verdict::Skipped("nothing in the story is relative".into());
    }
    lines.iter_mut().for_each(|lines| lines.truncate(shorter));
    compared(relation, how, &lines)
}

/// Compares line by line.
fn compared(relation: &Relation, how: &str, [one, other]: &[Vec<String>; 2]) -> Verdict {
    let end = one.len().min(other.len());
    let differs = one.iter().zip(other).position(|(one, other)| one != other);
    let Some(at) = differs.or((one.len() != other.len()).then_some(end)) else { return Verdict::Pass };
    let line = |lines: &[String]| lines.get(at).map_or("nothing", |line| line.trim()).to_owned();
    broken(relation, how, Some(at), &line(one), &line(other))
}

/// The two tellings are not alike.
fn broken(relation: &Relation, how: &str, line: Option<usize>, one: &str, other: &str) -> Verdict {
    let Relation { id, requirement, sentence, .. } = relation;
    Verdict::Fail(Failure {
        requirements: vec![(*requirement).to_owned()],
        level: requirement::gravest([*requirement]).unwrap_or(Level::Must),
        what: format!("{sentence}: at first `{one}`, {how} `{other}`"),
        step: None,
        trace_line: line,
        cause: Some(Cause {
            rule: (*id).into(),
            state: None,
            class: "two tellings".into(),
            differed: how.to_owned().into(),
        }),
    })
}

/// A wait of so many microseconds.
const fn after(micros: i64) -> When {
    When::After(Span { msl: 0, micros })
}
