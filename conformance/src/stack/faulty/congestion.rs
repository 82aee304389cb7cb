//! Faults in what is made of duplicate acknowledgments (RFC 5681 §3.2). They show where congestion control is on.

use super::{Arrives, Chooses, Entry, Fate, Fault, Hook, Steps, listed};

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
];

static SEGMENTS: &[Entry<Arrives>] =
    &[("congestion/window-updates-count", &["R5681-3.2-c"], |tcb, segment| {
        let of_the_flight = segment.is_empty() && segment.ack == tcb.snd.una && tcb.text_in_flight() > 0;
        if of_the_flight && let Ok(wnd) = u16::try_from(tcb.snd.wnd) {
            segment.wnd = wnd;
        }
        Fate::Seen
    })];
