//! Faults in what is made of duplicate acknowledgments and of a timeout (RFC 5681 §3). They show where congestion control is
//! on.

use tcpspec_core::congestion::Congestion;
use tcpspec_core::event::{Action, Timer};
use tcpspec_core::segment::{Outgoing, TextRange};
use tcpspec_core::{Event, Instant, Segment};

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
    ("congestion/first-window-of-twenty-segments", &["R5681-3.1-b", "MUST-19"], |step| {
        let smss = step.tcb.effective_mss();
        if let (None, Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion) {
            congestion.window = 20 * smss;
        }
    }),
    ("congestion/slow-start-by-two-segments", &["R5681-3.1-h", "MUST-19"], |step| {
        grown(step, |before, grown, smss| if before.window < before.threshold { 2 * smss } else { grown });
    }),
    ("congestion/slow-start-counts-acknowledgments", &["R5681-3.1-i"], |step| {
        grown(step, |before, grown, smss| if before.window < before.threshold { smss } else { grown });
    }),
    ("congestion/slow-start-has-no-end", &["R5681-3.1-j", "MUST-19"], |step| {
        grown(step, |_, _, smss| smss);
    }),
    ("congestion/two-segments-a-round-trip", &["R5681-3.1-j"], |step| {
        grown(step, |before, grown, _| if before.window < before.threshold { grown } else { 2 * grown });
    }),
    ("congestion/text-of-the-peer-opens-the-window", &["R5681-3.1-h", "R5681-3.1-j"], |step| {
        let text = step.segment().is_some_and(|segment| !segment.text.is_empty());
        let smss = step.tcb.effective_mss();
        if let (true, Some(congestion)) = (text, &mut step.tcb.congestion) {
            congestion.window += smss / 4;
        }
    }),
    ("congestion/timeout-keeps-the-threshold", &["R5681-3.1-g", "R5681-3.1-n"], |step| {
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && step.event == Event::Timeout(Timer::Retransmission)
        {
            congestion.threshold = before.threshold;
        }
    }),
    ("congestion/third-duplicate-keeps-the-window", &["R5681-3.2-g", "R5681-4.3-b"], |step| {
        if let Some((before, congestion)) = recovery_began(step) {
            (congestion.threshold, congestion.window) = (before.window, before.window);
        }
    }),
    ("congestion/half-of-the-window-instead-of-the-flight", &["R5681-3.1-n", "R5681-3.2-g"], |step| {
        let smss = step.tcb.effective_mss();
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && congestion.threshold < before.threshold
        {
            congestion.threshold = (before.window / 2).max(2 * smss);
            congestion.window += if congestion.recovering { before.window / 2 } else { 0 };
        }
    }),
    ("congestion/first-duplicates-open-the-window", &["R5681-3.2-e"], |step| {
        let smss = step.tcb.effective_mss();
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && !congestion.recovering
            && congestion.duplicates > before.duplicates
        {
            congestion.window += smss;
        }
    }),
    ("congestion/duplicates-let-nothing-go", &["R5681-3.2-i", "R5681-3.2-k"], |step| {
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && before.recovering
            && congestion.duplicates > before.duplicates
        {
            congestion.window = before.window;
        }
    }),
    ("congestion/only-the-first-loss-counts", &["R5681-4.3-d"], |step| {
        if let Some((before, congestion)) = recovery_began(step)
            && before.threshold != u32::MAX
        {
            (congestion.threshold, congestion.window) = (before.threshold, before.window);
        }
    }),
    (
        "congestion/each-duplicate-lets-two-segments-go",
        &["R5681-3.2-h", "R5681-3.2-i", "R5681-4.3-b"],
        |step| {
            let (flight, smss) = (step.tcb.text_in_flight(), step.tcb.effective_mss());
            if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
                && before.recovering
                && congestion.duplicates > before.duplicates
            {
                congestion.window = congestion.window.max(flight) + smss;
            }
        },
    ),
    ("congestion/recovery-ends-at-the-inflated-window", &["R5681-3.2-l", "R5681-4.3-c"], |step| {
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && before.recovering
            && congestion.duplicates == 0
        {
            congestion.window = congestion.window.max(before.window);
        }
    }),
    ("congestion/nothing-begins-anew", &["R5681-4.1-a"], |step| {
        if let Some(congestion) = &mut step.tcb.congestion {
            congestion.last_sent = Instant(u64::MAX);
        }
    }),
];

/// What the window grew by when text was acknowledged outside recovery is another size, made of what was before, of what
/// it grew by, and of SMSS.
fn grown(step: &mut Stepped<'_>, by: fn(Congestion, u32, u32) -> u32) {
    let smss = step.tcb.effective_mss();
    if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
        && !before.recovering
        && !congestion.recovering
        && congestion.window > before.window
    {
        congestion.window = before.window + by(before, congestion.window - before.window, smss);
    }
}

/// What was before and what is now, if this step noticed a loss by duplicates.
fn recovery_began<'a>(step: &'a mut Stepped<'_>) -> Option<(Congestion, &'a mut Congestion)> {
    let (before, congestion) = (step.before.congestion?, step.tcb.congestion.as_mut()?);
    (congestion.recovering && !before.recovering).then_some((before, congestion))
}

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
