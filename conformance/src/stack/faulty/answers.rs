//! Faults in answers, made by walking the decision table: dropped, altered, or given where silence is asked for.

use std::iter;

use tcpspec_core::event::Action;
use tcpspec_core::{Control, Outgoing, Rule, SeqNumber};

use super::transitions::out_of_reach;
use super::{Fault, Stepped, Steps, variations};

/// One answer or one silence at a time.
pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let in_reach = || Rule::all().filter(|rule| out_of_reach(*rule).is_none());
    let answers = in_reach().filter(|rule| answer(*rule).is_some()).flat_map(|rule| {
        // A field that the answer does not have cannot be wrong.
        let has = move |kind: &str| {
            kind != "answer-ack-low" || (rule.row().response.contains("<ACK") && rule != Rule::Ack3)
        };
        let altered = alterations(rule).iter().filter(move |(kind, _)| has(kind));
        let altered = altered.map(move |(kind, alter)| Fault::at(kind, rule, *alter));
        let drop =
            if variations::of("drop-answer", rule).is_some() { acknowledge_nothing } else { send_nothing };
        iter::once(Fault::at("drop-answer", rule, drop)).chain(altered)
    });
    let silences = in_reach().filter(|rule| asks_for_silence(*rule)).flat_map(|rule| {
        let broken: [Alteration; 2] =
            [("acknowledge-instead-of-silence", acknowledge), ("reset-instead-of-silence", reset_for)];
        broken.map(|(kind, alter)| Fault::at(kind, rule, alter))
    });
    answers.chain(silences)
}

/// What a row is answered with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    Acknowledgment,
    Reset,
    Syn,
    Text,
}

/// What the row's own words say; rows that say it in prose are listed.
fn answer(rule: Rule) -> Option<Answer> {
    let response = rule.row().response;
    match rule {
        Rule::Timeout4 | Rule::Timeout10 | Rule::Timeout13 => Some(Answer::Text),
        Rule::Text2 => Some(Answer::Acknowledgment),
        // What the reference does where the row has alternatives.
        Rule::Ack3 => Some(Answer::Reset),
        Rule::Syn2 => Some(Answer::Acknowledgment),
        // The answer is that of another row: RECV-9, TO-12, ACK-4, ACK-8, TEXT-5.
        Rule::Ack24 | Rule::Receive7 | Rule::Seq12 | Rule::Text3 | Rule::Text6 | Rule::Seq15 => None,
        _ if !response.contains("<SEQ") => None,
        _ if response.contains("CTL=RST") => Some(Answer::Reset),
        _ if response.contains("CTL=SYN") => Some(Answer::Syn),
        _ if response.contains("<DATA>") || response.contains("CTL=FIN") => Some(Answer::Text),
        _ => Some(Answer::Acknowledgment),
    }
}

type Alteration = (&'static str, Steps);

/// What can be wrong with the answer of a row.
fn alterations(rule: Rule) -> &'static [Alteration] {
    match answer(rule) {
        Some(Answer::Acknowledgment) => &[
            ("answer-seq-high", |step| step.each_segment(|segment| segment.seq += 1)),
            ("answer-ack-low", |step| step.each_segment(|segment| segment.ack = segment.ack - 1)),
            ("answer-with-reset", |step| {
                step.each_segment(|segment| {
                    *segment = Outgoing { seq: segment.seq, ctl: Control::RST, ..Outgoing::default() };
                });
            }),
        ],
        Some(Answer::Reset) => &[
            ("answer-seq-high", |step| step.each_segment(|segment| segment.seq += 1)),
            ("answer-ack-flag-flipped", |step| step.each_segment(flip_ack)),
            ("answer-ack-low", |step| step.each_segment(|segment| segment.ack = segment.ack - 1)),
            ("answer-without-reset", |step| {
                step.each_segment(|segment| segment.ctl = Control::ACK);
            }),
        ],
        Some(Answer::Syn) => &[
            ("answer-ack-low", |step| step.each_segment(|segment| segment.ack = segment.ack - 1)),
            ("answer-ack-flag-flipped", |step| step.each_segment(flip_ack)),
            ("answer-without-syn", |step| {
                step.each_segment(|segment| segment.ctl = segment.ctl.without(Control::SYN));
            }),
        ],
        Some(Answer::Text) => &[
            ("answer-seq-high", |step| step.each_segment(|segment| segment.seq += 1)),
            ("answer-ack-low", |step| step.each_segment(|segment| segment.ack = segment.ack - 1)),
            ("answer-ack-flag-flipped", |step| step.each_segment(flip_ack)),
        ],
        None => &[],
    }
}

fn flip_ack(segment: &mut Outgoing) {
    segment.ctl.0 ^= Control::ACK.0;
}

/// Segments that are dropped without a word.
const fn asks_for_silence(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::Pre1
            | Rule::Pre4
            | Rule::Closed1
            | Rule::Listen1
            | Rule::Listen9
            | Rule::SynSent2
            | Rule::SynSent4
            | Rule::SynSent5
            | Rule::SynSent13
            | Rule::SynSent14
            | Rule::Seq10
            | Rule::Rst1
            | Rule::Rst2
            | Rule::Rst3
            | Rule::Rst4
            | Rule::Rst5
            | Rule::Rst6
            | Rule::Ack1
            | Rule::Ack16
            | Rule::Ack18
            | Rule::Ack21
            | Rule::Timeout9
    )
}

fn send_nothing(step: &mut Stepped<'_>) {
    step.send_nothing();
}

/// Only the acknowledgment that may be left out is: not the text of the same step, nor what earlier segments are owed.
fn acknowledge_nothing(step: &mut Stepped<'_>) {
    let nxt = step.before.rcv.nxt;
    if step.before.rcv.acknowledged == nxt && step.tcb.rcv.nxt == nxt {
        step.actions.list.retain(|action| {
            !matches!(action, Action::Transmit(segment) if segment.ctl == Control::ACK && segment.text.len == 0)
        });
    }
}

fn acknowledge(step: &mut Stepped<'_>) {
    if step.actions.segments().next().is_some() {
        // No silence to break: another row has answered.
        return;
    }
    let snd = if step.tcb.snd.nxt == SeqNumber::default() { step.before.snd } else { step.tcb.snd };
    let acknowledgment = step.acknowledgment();
    step.send(Outgoing { seq: snd.nxt, ..acknowledgment });
}

/// The reset for a segment that no connection wants (§3.5.2, group 1), or that of ABORT.
fn reset_for(step: &mut Stepped<'_>) {
    let seq = match step.segment() {
        Some(segment) if segment.has(Control::ACK) => segment.ack,
        _ => step.before.snd.nxt,
    };
    step.send(Outgoing { seq, ctl: Control::RST, ..Outgoing::default() });
}
