//! What looks like a fault and is none: the standard permits it (`docs/variations.md`). A case that fails on one of
//! these asks for more than the standard does.

use std::time::Duration;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Control, State};

use super::{Arrives, Chooses, Excuse, Fate, Fault, Hook};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let choices = CHOICES.iter().map(|(name, variation, alter)| {
        Fault::new(*name, &[], Hook::Chooses(*alter)).excused(Excuse::Permitted(variation))
    });
    let treatments = TREATMENTS.iter().map(|(name, variation, alter)| {
        Fault::new(*name, recommended(name), Hook::Arrives(*alter)).excused(Excuse::Permitted(variation))
    });
    choices.chain(treatments)
}

/// What it recommends against nevertheless: a case that says so may fail.
fn recommended(name: &str) -> &'static [&'static str] {
    if name == "permitted/text-above-a-gap-not-kept" { &["SHLD-31"] } else { &[] }
}

/// Other choices of the endpoint.
static CHOICES: &[(&str, &str, Chooses)] = &[
    ("permitted/reset-anywhere-in-the-window", "V-13", |profile| profile.exact_resets = false),
    ("permitted/syn-in-the-window-resets", "V-14", |profile| profile.challenge_syns = false),
    ("permitted/any-old-acknowledgment", "V-18", |profile| profile.acknowledgment_range = false),
    ("permitted/time-wait-ignores-resets", "V-10", |profile| profile.ignore_resets_in_time_wait = true),
    ("permitted/time-wait-reopens", "V-15", |profile| {
        profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber;
    }),
    ("permitted/acknowledge-at-once", "V-28", |profile| profile.delayed_ack = None),
    ("permitted/acknowledge-after-400-ms", "V-28", |profile| {
        profile.delayed_ack = Some(Duration::from_millis(400));
    }),
    ("permitted/timeout-from-200-ms", "V-26", |profile| profile.minimum_rto = Duration::from_millis(200)),
    ("permitted/short-segments-wait-100-ms", "V-57", |profile| {
        profile.sws_override = Duration::from_millis(100);
    }),
    ("permitted/no-measurements", "V-56", |profile| profile.measure_round_trips = false),
];

/// Other treatments of what arrives.
static TREATMENTS: &[(&str, &str, Arrives)] = &[
    ("permitted/text-above-a-gap-not-kept", "V-38", |tcb, segment| {
        // Acknowledged like what is out of the window, and to be sent again.
        let above = segment.seq.gt(tcb.rcv.nxt) && segment.end().le(tcb.right_edge());
        if tcb.state.accepts_text() && above && !segment.text.is_empty() && !segment.has(Control::RST) {
            segment.seq = tcb.rcv.nxt - 1 - segment.len();
        }
        Fate::Seen
    }),
    ("permitted/text-of-a-syn-not-kept", "V-24", |tcb, segment| {
        if matches!(tcb.state, State::Listen | State::SynSent) && segment.has(Control::SYN) {
            segment.text = &[];
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("permitted/malformed-options-drop-the-segment", "V-51", |_, segment| {
        if tcpspec_core::options::is_malformed(segment.options) { Fate::Lost } else { Fate::Seen }
    }),
    ("permitted/refusal-judged-by-its-number", "V-3", |tcb, segment| {
        let unknown = segment.seq != tcb.rcv.nxt;
        if tcb.state == State::SynSent && segment.has(Control::RST) && unknown {
            Fate::Lost
        } else {
            Fate::Seen
        }
    }),
];
