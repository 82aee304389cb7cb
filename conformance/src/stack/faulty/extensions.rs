//! Faults of what two SYNs agree on: window scaling (RFC 7323 §2) and selective acknowledgment (RFC 2018).

use tcpspec_core::extensions::{Block, LARGEST_SHIFT, SackBlocks};
use tcpspec_core::options::{TcpOption, walk};
use tcpspec_core::{Control, Outgoing, Segment, SeqNumber, State, Tcb};

use super::{Arrives, Entry, Fate, Fault, Hook, Stepped, Steps, listed};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    listed(SCALING, Hook::steps).chain(listed(BLOCKS, Hook::steps)).chain(listed(REPORTS, Hook::Arrives))
}

static SCALING: &[Entry<Steps>] = &[
    ("scaling/no-shift-in-an-answer", &["R7323-2.3-a"], |step| {
        step.each_segment(|segment| segment.window_scale = None);
    }),
    ("scaling/shift-in-an-answer-to-none", &["R7323-2.2-d"], |step| {
        each(step, Control::SYN, |segment| segment.window_scale = segment.window_scale.or(Some(0)));
    }),
    ("scaling/shift-of-fifteen", &["R7323-2.3-f"], |step| {
        step.each_segment(|segment| segment.window_scale = segment.window_scale.map(|_| LARGEST_SHIFT + 1));
    }),
    ("scaling/windows-of-the-peer-unshifted", &["R7323-2.3-d", "R7323-2.3-c"], |step| {
        step.tcb.snd.shift = 0;
    }),
    ("scaling/own-windows-unshifted", &["R7323-2.3-e"], |step| {
        let wnd = u16::try_from(step.tcb.rcv.wnd).unwrap_or(u16::MAX);
        each(step, Control::ACK, |segment| segment.wnd = wnd);
    }),
    ("scaling/own-syn-shifted", &["R7323-2.2-f"], |step| {
        step.each_segment(|segment| segment.wnd >>= segment.window_scale.unwrap_or(0));
    }),
    ("scaling/syn-of-the-peer-shifted", &["R7323-2.2-f"], |step| {
        let snd = &mut step.tcb.snd;
        if step.before.state == State::SynSent && snd.shift > 0 {
            snd.wnd <<= snd.shift;
            snd.max_wnd = snd.wnd;
        }
    }),
    ("scaling/without-agreement", &["R7323-2.2-c", "R7323-2.3-c"], |step| {
        if step.tcb.state.is_synchronized() && step.tcb.rcv.shift.is_none() {
            step.tcb.rcv.shift = step.tcb.profile.window_shift();
            step.tcb.snd.shift = 1;
        }
        let open = step.before.state.is_synchronized() || step.before.state == State::SynSent;
        let shift = step.tcb.rcv.shift.unwrap_or(0);
        if open && step.before.rcv.shift.is_none() {
            each(step, Control::ACK, |segment| segment.wnd >>= shift);
        }
    }),
    ("scaling/largest-shift-exceeded", &["R7323-2.3-g"], |step| {
        let beyond = step.segment().and_then(shift_of).filter(|shift| *shift > LARGEST_SHIFT);
        if beyond.is_some() && step.tcb.rcv.shift.is_some() {
            step.tcb.snd.shift = LARGEST_SHIFT + 1;
        }
    }),
    ("scaling/shift-replaced-later", &["R7323-2.2-e"], |step| {
        let Some(segment) = step.segment().filter(|segment| !segment.has(Control::SYN)) else { return };
        if let (Some(shift), Some(_)) = (shift_of(segment), step.tcb.rcv.shift) {
            let wnd = u32::from(segment.wnd) << shift.min(LARGEST_SHIFT);
            let snd = &mut step.tcb.snd;
            (snd.shift, snd.wnd, snd.max_wnd) = (shift.min(LARGEST_SHIFT), wnd, wnd.max(snd.max_wnd));
        }
    }),
    ("scaling/steps-limit-what-is-taken", &["R7323-2.4-b"], |step| {
        let rcv = &mut step.tcb.rcv;
        if rcv.shift.is_some() && rcv.acknowledged == rcv.nxt && step.tcb.state.is_synchronized() {
            rcv.wnd = rcv.wnd.min(rcv.advertised.since(rcv.nxt));
        }
    }),
];

static BLOCKS: &[Entry<Steps>] = &[
    ("sack/permitted-on-every-segment", &["R2018-2-a"], |step| {
        let permitted = step.tcb.rcv.sack_permitted;
        each(step, Control::ACK, |segment| segment.sack_permitted = permitted);
    }),
    ("sack/without-permission", &["R2018-4-c"], |step| {
        let held = step.tcb.reassembly.ranges().next().filter(|_| step.tcb.state.is_synchronized());
        if let Some(block) = held {
            each(step, Control::ACK, |segment| segment.sack.push(block));
        }
    }),
    ("sack/lowest-block-first", &["R2018-4-f"], |step| {
        let nxt = step.tcb.rcv.nxt;
        each_block(step, |_, blocks| {
            let mut blocks = blocks.to_vec();
            blocks.sort_by_key(|(start, _)| start.since(nxt));
            blocks
        });
    }),
    ("sack/one-block-only", &["R2018-4-g", "R2018-4-h"], |step| {
        each_block(step, |_, blocks| blocks[..1].to_vec());
    }),
    ("sack/the-first-block-ever", &["R2018-4-f", "R2018-3-a"], |step| {
        each_block(step, |_, blocks| vec![blocks[blocks.len() - 1]]);
    }),
    ("sack/latest-segment-alone", &["R2018-4-f", "R2018-3-a"], |step| {
        let latest = step.tcb.rcv.above_gap[0];
        let len = step.segment().map_or(0, Segment::len);
        each_block(step, |_, blocks| {
            let mut blocks = blocks.to_vec();
            blocks[0] = latest.map_or(blocks[0], |start| (start, start + len));
            blocks
        });
    }),
    ("sack/ends-with-the-last-octet", &["R2018-3-a"], |step| {
        each_block(step, |_, blocks| blocks.iter().map(|(start, end)| (*start, *end - 1)).collect());
    }),
    ("sack/begins-before-the-first-octet", &["R2018-3-a"], |step| {
        each_block(step, |_, blocks| blocks.iter().map(|(start, end)| (*start - 1, *end)).collect());
    }),
    ("sack/numbers-without-wrap", &["R2018-3-a"], |step| {
        let nxt = step.tcb.rcv.nxt;
        each_block(step, |_, blocks| blocks.iter().copied().filter(|(start, _)| start.0 > nxt.0).collect());
    }),
    ("sack/not-with-new-text", &["R2018-4-d"], |step| {
        let before = step.before.rcv.acknowledged;
        each_block(step, |segment, blocks| if segment.ack == before { blocks.to_vec() } else { Vec::new() });
    }),
    ("sack/for-the-first-gap-only", &["R2018-4-b"], |step| {
        let again = step.tcb.rcv.above_gap[1].is_some();
        each_block(step, |_, blocks| if again { Vec::new() } else { blocks.to_vec() });
    }),
    ("sack/what-was-taken", &["R2018-8-c"], |step| {
        if let Some(start) = step.tcb.rcv.above_gap[0].filter(|_| step.tcb.reassembly.is_empty()) {
            each(step, Control::ACK, |segment| segment.sack.push((start, start + 1)));
        }
    }),
];

static REPORTS: &[Entry<Arrives>] = &[
    ("sack/report-taken-for-an-acknowledgment", &["R2018-8-d", "R2018-5.1-b"], |tcb, segment| {
        if let Some(number) = highest_reported(tcb, segment) {
            segment.ack = number;
        }
        Fate::Seen
    }),
    ("sack/report-refuses-the-segment", &["R2018-3-b"], |tcb, segment| {
        if highest_reported(tcb, segment).is_some() { Fate::Lost } else { Fate::Seen }
    }),
];

/// Alters every segment that has `bit` set.
fn each(step: &mut Stepped<'_>, bit: Control, alter: impl Fn(&mut Outgoing)) {
    step.each_segment(|segment| {
        // A RST has no options, and none of its fields but the numbers counts.
        if segment.ctl.has(bit) && !segment.ctl.has(Control::RST) && !(bit == Control::ACK && syn(segment)) {
            alter(segment);
        }
    });
}

const fn syn(segment: &Outgoing) -> bool {
    segment.ctl.has(Control::SYN)
}

/// Reports other blocks, wherever any are reported.
fn each_block(step: &mut Stepped<'_>, other: impl Fn(&Outgoing, &[Block]) -> Vec<Block>) {
    step.each_segment(|segment| {
        if !segment.sack.as_slice().is_empty() {
            let others = other(segment, segment.sack.as_slice());
            segment.sack = SackBlocks::default();
            others.into_iter().for_each(|block| segment.sack.push(block));
        }
    });
}

/// The window shift that a segment carries.
fn shift_of(segment: &Segment<'_>) -> Option<u8> {
    walk(segment.options).find_map(|option| match option {
        Ok(TcpOption::WindowScale(shift)) => Some(shift),
        _ => None,
    })
}

/// The highest edge, of those that are in flight, that the blocks of a segment name.
fn highest_reported(tcb: &Tcb, segment: &Segment<'_>) -> Option<SeqNumber> {
    let edges = walk(segment.options).find_map(|option| match option {
        Ok(TcpOption::Sack(octets)) => Some(octets),
        _ => None,
    })?;
    let numbers = edges.as_chunks().0.iter().map(|edge| SeqNumber(u32::from_be_bytes(*edge)));
    let in_flight = numbers.filter(|edge| edge.gt(tcb.snd.una) && edge.le(tcb.snd.nxt));
    in_flight.max_by_key(|edge| edge.since(tcb.snd.una))
}
