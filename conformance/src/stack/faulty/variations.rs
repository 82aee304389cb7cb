//! What looks like a fault and is none: the standard permits it (`docs/variations.md`). A case that fails on one of
//! these asks for more than the standard does.

use std::time::Duration;

use tcpspec_core::event::{Action, Timer};
use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Outgoing, Rule, State};

use super::routes::hops;
use super::{Arrives, Chooses, Excuse, Fate, Fault, Hook, Leaves, Steps};
use crate::wire;

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    permitted(CHOICES, Hook::Chooses)
        .chain(permitted(TREATMENTS, Hook::Arrives))
        .chain(permitted(ANSWERS, Hook::steps))
        .chain(permitted(PACKETS, Hook::Leaves))
}

/// A name, the variation, what the standard recommends instead, and what is done.
type Variation<Alter> = (&'static str, &'static str, &'static [&'static str], Alter);

fn permitted<Alter: Copy>(
    list: &'static [Variation<Alter>],
    hook: fn(Alter) -> Hook,
) -> impl Iterator<Item = Fault> {
    list.iter().map(move |(name, variation, recommended, alter)| {
        Fault::new(*name, recommended, hook(*alter)).excused(Excuse::Permitted(variation))
    })
}

/// Whether a stack of this name says less than all that is free with its window.
pub(super) fn hides_its_buffer(name: &str) -> bool {
    ["permitted/smaller-window", "permitted/window-never-opens"].contains(&name)
}

/// Whether a stack of this name does not report at once what it holds above a gap.
pub(super) fn reports_no_gaps(name: &str) -> bool {
    ["permitted/text-above-a-gap-not-kept", "drop-answer/TEXT-5", "ignore/TEXT-5"].contains(&name)
}

/// What makes a fault around a row none: the variation that permits it, as the row's own words say.
pub(super) fn of(kind: &str, rule: Rule) -> Option<&'static str> {
    Some(match (kind, rule) {
        // An acknowledgment more harms nobody.
        ("acknowledge-instead-of-silence", Rule::Ack16 | Rule::Ack21) => "V-28",
        ("answer-ack-flag-flipped", Rule::Abort5) => "V-41",
        // Acknowledgments of what is above a gap may be sent (MAY-13), and what is above a gap may be forgotten.
        ("drop-answer", Rule::Text5 | Rule::Fin12) => "V-59",
        ("ignore", Rule::Text5 | Rule::Fin12) => "V-38",
        ("ignore", Rule::Pre5) => "V-51",
        ("drop-answer", Rule::Ack9) => "V-63",
        ("drop-answer", Rule::Fin14) => "V-48",
        _ => return None,
    })
}

/// Other choices of the endpoint.
static CHOICES: &[Variation<Chooses>] = &[
    ("permitted/reset-anywhere-in-the-window", "V-13", &[], |profile| profile.exact_resets = false),
    ("permitted/syn-in-the-window-resets", "V-14", &[], |profile| profile.challenge_syns = false),
    ("permitted/any-old-acknowledgment", "V-18", &[], |profile| profile.acknowledgment_range = false),
    ("permitted/time-wait-ignores-resets", "V-10", &[], |profile| profile.ignore_resets_in_time_wait = true),
    ("permitted/time-wait-reopens", "V-15", &[], |profile| {
        profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber;
    }),
    ("permitted/acknowledge-at-once", "V-28", &["SHLD-18"], |profile| profile.delayed_ack = None),
    ("permitted/acknowledge-after-400-ms", "V-28", &[], |profile| {
        profile.delayed_ack = Some(Duration::from_millis(400));
    }),
    ("permitted/timeout-from-200-ms", "V-26", &[], |profile| {
        profile.minimum_rto = Duration::from_millis(200);
    }),
    ("permitted/short-segments-wait-100-ms", "V-57", &[], |profile| {
        profile.sws_override = Duration::from_millis(100);
    }),
    ("permitted/congestion-control", "V-56", &[], |profile| profile.congestion_control = true),
    ("permitted/no-nagle", "V-57", &["SHLD-7", "R9293-3.7.4-a"], |profile| profile.nagle = false),
    ("permitted/acknowledge-after-499-ms", "V-28", &[], |profile| {
        profile.delayed_ack = Some(Duration::from_millis(499));
    }),
    ("permitted/short-segments-wait-a-second", "V-57", &[], |profile| {
        profile.sws_override = Duration::from_secs(1);
    }),
    ("permitted/smaller-window", "V-28", &[], |profile| {
        profile.receive_buffer = profile.receive_buffer.min(3000);
    }),
];

/// Other treatments of what arrives.
static TREATMENTS: &[Variation<Arrives>] = &[
    ("permitted/text-above-a-gap-not-kept", "V-38", &["SHLD-31"], |tcb, segment| {
        // Acknowledged like what is out of the window, and to be sent again.
        let above = segment.seq.gt(tcb.rcv.nxt) && segment.end().le(tcb.right_edge());
        if tcb.state.accepts_text() && above && !segment.text.is_empty() && !segment.has(Control::RST) {
            segment.seq = tcb.rcv.nxt - 1 - segment.len();
        }
        Fate::Seen
    }),
    ("permitted/text-of-a-syn-not-kept", "V-24", &[], |tcb, segment| {
        if matches!(tcb.state, State::Listen | State::SynSent) && segment.has(Control::SYN) {
            segment.text = &[];
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("permitted/malformed-options-drop-the-segment", "V-51", &[], |_, segment| {
        if tcpspec_core::options::is_malformed(segment.options) { Fate::Lost } else { Fate::Seen }
    }),
    ("permitted/refusal-judged-by-its-number", "V-3", &[], |tcb, segment| {
        let unknown = segment.seq != tcb.rcv.nxt;
        if tcb.state == State::SynSent && segment.has(Control::RST) && unknown {
            Fate::Lost
        } else {
            Fate::Seen
        }
    }),
    ("permitted/no-ack-flag-no-answer", "V-16", &[], |tcb, segment| {
        let flags = Control::ACK | Control::SYN | Control::RST;
        if tcb.state.is_synchronized() && segment.ctl.0 & flags.0 == 0 { Fate::Lost } else { Fate::Seen }
    }),
    ("permitted/request-with-fin-refused", "V-24", &[], |tcb, segment| {
        // With an ACK it is refused with a reset before anybody looks for a SYN (§3.10.7.2, second check).
        let both = segment.is_request() && segment.has(Control::FIN);
        if tcb.state == State::Listen && both { Fate::Lost } else { Fate::Seen }
    }),
    ("permitted/segment-over-the-whole-window-trimmed", "V-53", &[], |tcb, segment| {
        let old = tcb.rcv.nxt.since(segment.seq) as usize;
        let straddles = segment.seq.lt(tcb.rcv.nxt) && segment.end().gt(tcb.right_edge());
        if tcb.state.accepts_text() && straddles && tcb.rcv.wnd > 0 && old < segment.text.len() {
            segment.text = &segment.text[old..];
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("permitted/time-wait-drops-old-requests", "V-15", &[], |tcb, segment| {
        // RFC 6191 refuses those that are not above the old numbers without a word.
        let old = segment.is_request() && segment.seq.lt(tcb.rcv.nxt);
        if tcb.state == State::TimeWait && old { Fate::Lost } else { Fate::Seen }
    }),
];

/// Other answers.
static ANSWERS: &[Variation<Steps>] = &[
    ("permitted/first-window-of-ten-segments", "V-56", &[], |step| {
        // RFC 6928, section 2.
        let smss = step.tcb.effective_mss();
        if let (None, Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion) {
            congestion.window = 10 * smss;
        }
    }),
    ("permitted/loss-leaves-seven-tenths", "V-56", &[], |step| {
        // As CUBIC does (RFC 9438, section 4.6).
        let (flight, smss) = (step.before.text_in_flight(), step.tcb.effective_mss());
        if let (Some(before), Some(congestion)) = (step.before.congestion, &mut step.tcb.congestion)
            && congestion.threshold < before.threshold
        {
            let most = (flight / 10 * 7).max(2 * smss);
            congestion.window +=
                if congestion.recovering { most.saturating_sub(congestion.threshold) } else { 0 };
            congestion.threshold = most;
        }
    }),
    ("permitted/time-wait-ends-for-a-request-that-is-discarded", "V-24", &[], |step| {
        // TIME-WAIT may end for a higher number (MAY-2), and a request with a FIN may be discarded.
        let (Some(segment), State::TimeWait) = (step.segment(), step.before.state) else { return };
        let sound = segment.integrity == Integrity::Sound;
        let higher = segment.seq.ge(step.before.rcv.nxt);
        if sound && higher && segment.is_request() && segment.has(Control::FIN) {
            step.send_nothing();
            step.vanish();
        }
    }),
    ("permitted/repeated-request-gets-the-same-answer", "V-5", &[], |step| {
        if step.actions.rules.has(Rule::Seq14) {
            let (iss, mss) = (step.tcb.snd.iss, step.tcb.profile.announced_mss);
            step.each_segment(|segment| {
                if segment.ctl.has(Control::URG) {
                    // The pointer counts from SEQ.
                    segment.up =
                        segment.up.saturating_add(u16::try_from(segment.seq.since(iss)).unwrap_or(0));
                }
                segment.seq = iss;
                segment.ctl |= Control::SYN;
                segment.mss = Some(mss);
            });
        }
    }),
    ("permitted/request-while-half-open-challenged", "V-6", &[], |step| {
        if step.actions.rules.has(Rule::Syn1) {
            step.undo();
            let challenge = step.acknowledgment();
            step.send(challenge);
        }
    }),
    ("permitted/time-wait-not-started-over", "V-9", &[], |step| {
        if step.before.state == State::TimeWait {
            step.actions.list.retain(|action| !matches!(action, Action::Arm(Timer::TimeWait, _)));
        }
    }),
    ("permitted/bad-acknowledgment-while-half-open-acknowledged", "V-46", &[], |step| {
        if step.actions.rules.has(Rule::Ack3) {
            let acknowledgment = step.acknowledgment();
            step.each_segment(|segment| *segment = acknowledgment);
        }
    }),
    ("permitted/close-waits-for-the-handshake", "V-23", &[], |step| {
        if step.actions.rules.has(Rule::Close5) {
            step.undo();
            step.send_nothing();
            step.tcb.snd.close_queued = true;
        }
    }),
    ("permitted/abort-acknowledges", "V-41", &[], |step| {
        if step.actions.rules.has(Rule::Abort5) {
            let ack = step.before.rcv.nxt;
            step.each_segment(|segment| (segment.ctl, segment.ack) = (segment.ctl | Control::ACK, ack));
        }
    }),
    ("permitted/fin-repeated-unchanged", "V-49", &[], |step| {
        // In CLOSING our FIN was sent before the peer's was taken, unless a closed window held it back.
        let open = step.tcb.snd.wnd > 0;
        if open && step.actions.rules.has(Rule::Timeout5) && step.tcb.state == State::Closing {
            step.each_segment(|segment| segment.ack = segment.ack - 1);
        }
    }),
    ("permitted/text-after-the-fin-acknowledged", "V-59", &[], |step| {
        if step.actions.rules.has(Rule::Text7) && step.actions.segments().next().is_none() {
            let acknowledgment = step.acknowledgment();
            step.send(acknowledgment);
        }
    }),
    ("permitted/no-less-than-64-octets-a-segment", "V-52", &[], |step| {
        step.tcb.snd.mss = step.tcb.snd.mss.max(64);
    }),
    ("permitted/twelve-octets-less-a-segment", "V-28", &["SHLD-28"], |step| {
        let opens = step.before.snd.mss != step.tcb.snd.mss;
        if opens && step.tcb.snd.mss > 100 {
            step.tcb.snd.mss -= 12;
        }
    }),
    ("permitted/window-never-opens", "V-28", &[], |step| step.each_segment(|segment| segment.wnd = 0)),
    ("permitted/push-on-all-text", "V-28", &[], |step| {
        step.each_segment(|segment| {
            if segment.text.len > 0 {
                segment.ctl |= Control::PSH;
            }
        });
    }),
    ("permitted/closed-window-probed-without-text", "V-27", &[], |step| {
        if step.actions.rules.has(Rule::Timeout10) {
            let again = step.before.retransmission.timeout(&step.tcb.profile) * 2;
            step.undo();
            let probe = step.acknowledgment();
            step.actions.list.clear();
            step.send(Outgoing { seq: step.before.snd.una - 1, ..probe });
            step.actions.list.push(Action::Arm(Timer::Persist, again));
        }
    }),
];

/// Other packets.
static PACKETS: &[Variation<Leaves>] = &[
    ("permitted/options-in-another-order", "V-42", &[], |packet| with_options(packet, &[1, 1], &[])),
    ("permitted/more-options-on-a-request", "V-42", &[], |packet| with_options(packet, &[], &[4, 2, 1, 1])),
];

/// Puts options around those of a SYN: the latter only where the peer has not spoken yet.
fn with_options(packet: &mut Vec<u8>, before: &[u8], on_request: &[u8]) {
    let Ok(parsed) = wire::parse(packet) else { return };
    let segment = parsed.segment;
    if !segment.has(Control::SYN) {
        return;
    }
    let after = if segment.is_request() { on_request } else { &[] };
    let options = [before, segment.options, after].concat();
    let (ttl, traffic_class) = (parsed.ttl, parsed.traffic_class);
    let header = wire::Header { options: &options, ttl, traffic_class, ..wire::Header::of_segment(&segment) };
    let mut other = Vec::new();
    if wire::build(&parsed.endpoints, &header, [segment.text, &[]], &mut other).is_ok() {
        wire::leave_by(&mut other, &hops(packet));
        *packet = other;
    }
}
