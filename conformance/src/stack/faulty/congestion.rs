//! Faults in what is made of duplicate acknowledgments and of a timeout (RFC 5681 §3). They show where congestion control is
//! on.

use tcpspec_core::event::{Action, Timer};
use tcpspec_core::segment::{Outgoing, TextRange};
use tcpspec_core::{Event, Segment};

use super::{Arrives, Chooses, Entry, Fate, Fault, Hook, Stepped, Steps, listed};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    listed(CHOICES, Hook::Chooses).chain(listed(STEPS, Hook::steps)).chain(listed(SEGMENTS, Hook::Arrives))
}

static CHOICES: &[Entry<Chooses>] =
    &[("congestion/none", &["MUST-19", "R5681-3.2-c", "R5681-3.2-h"], |profile| {
        profile.congestion_control = false;
    })];

static STEPS: &[Entry<Steps>] = &[
    ("congestion/the-second-duplicate-is-enough", &["R5681-3.2-c"], |step| {
        if let Some(congestion) = &mut step.tcb.congestion
            && congestion.duplicates == 1
        {
            congestion.duplicates = 2;
        }
    }),
    ("congestion/every-duplicate-counts-as-the-third", &["R5681-3.2-h"], |step| {
        if let Some(congestion) = &mut step.tcb.congestion
            && congestion.recover.is_some()
            && congestion.duplicates > 0
        {
            (congestion.recovering, congestion.recover, congestion.duplicates) = (false, None, 2);
        }
    }),
    ("congestion/duplicates-of-two-losses-add-up", &["R5681-3.2-c"], |step| {
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && !before.recovering
            && step.tcb.snd.una != step.before.snd.una
        {
            congestion.duplicates = before.duplicates;
        }
    }),
    ("congestion/new-text-acknowledged-counts-as-one", &["R5681-3.2-c"], |step| {
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && before.duplicates > 0
            && step.tcb.snd.una != step.before.snd.una
        {
            congestion.duplicates = 1;
        }
    }),
    ("congestion/duplicates-of-nothing-count", &["R5681-3.2-c"], |step| {
        if let Event::SegmentArrives(segment) = step.event
            && let Some(congestion) = &mut step.tcb.congestion
            && segment.is_empty()
            && segment.ack == step.before.snd.nxt
            && !step.before.outstanding()
        {
            congestion.duplicates = congestion.duplicates.saturating_add(1);
        }
    }),
    ("congestion/text-counts", &["R5681-3.2-c"], |step| {
        if let Event::SegmentArrives(segment) = step.event
            && !segment.text.is_empty()
            && segment.ack == step.before.snd.una
        {
            let bare = Segment { text: &[], seq: step.tcb.rcv.nxt, ..*segment };
            step.then(Event::SegmentArrives(&bare));
        }
    }),
    ("congestion/timeout-sends-everything-again", &["R5681-3.1-p", "MUST-19"], send_everything_again),
];

/// After a timeout all that is under way goes out again, as if the window were what it was.
fn send_everything_again(step: &mut Stepped<'_>) {
    let under_way = step.tcb.text_in_flight();
    let sent = step.actions.list.iter().find_map(|action| match action {
        Action::Transmit(segment) if segment.text.len > 0 && segment.text.start == 0 => Some(*segment),
        _ => None,
    });
    let Some(head) = sent.filter(|_| step.event == Event::Timeout(Timer::Retransmission)) else { return };
    let mut start = head.text.len;
    while start < under_way {
        let text = TextRange { start, len: head.text.len.min(under_way - start) };
        step.send(Outgoing { seq: head.seq + start, text, ..head });
        start += text.len;
    }
}

static SEGMENTS: &[Entry<Arrives>] =
    &[("congestion/window-updates-count", &["R5681-3.2-c"], |tcb, segment| {
        let of_the_flight = segment.is_empty() && segment.ack == tcb.snd.una && tcb.text_in_flight() > 0;
        if of_the_flight && let Ok(wnd) = u16::try_from(tcb.snd.wnd) {
            segment.wnd = wnd;
        }
        Fate::Seen
    })];
