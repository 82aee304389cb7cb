//! Faults in what is sent: fields, options and checksum of every segment, how much text goes, and when.

use std::time::Duration;

use tcpspec_core::event::Action;
use tcpspec_core::segment::TextRange;
use tcpspec_core::{Call, Context, Control, Event, Outgoing, Rule, SeqNumber, State, Tcb};

use super::routes::hops;
use super::{Chooses, Entry, Excuse, Fault, Hook, Leaves, Stepped, Steps, Told, listed};
use crate::wire;

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let fields = [FIELDS, TEXT, WINDOW].into_iter().flat_map(|list| listed(list, Hook::steps));
    let packets = listed(PACKETS, Hook::Leaves);
    let choices = listed(CHOICES, Hook::Chooses);
    fields.chain(choices).chain(packets).chain(listed(INITIAL, Hook::Told)).map(|fault| {
        match fault.name.as_str() {
            "packet/acknowledgment-field-without-flag" => {
                fault.excused(Excuse::Invisible("the field has no meaning without its flag"))
            }
            _ => fault,
        }
    })
}

/// Fields of the header.
static FIELDS: &[Entry<Steps>] = &[
    ("field/no-ack-flag-on-text", &["R9293-3.1-c"], |step| {
        step.each_segment(|segment| {
            if segment.text.len > 0 {
                segment.ctl = segment.ctl.without(Control::ACK);
            }
        });
    }),
    ("field/no-ack-flag-on-fin", &["R9293-3.1-c"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::FIN) {
                segment.ctl = segment.ctl.without(Control::ACK);
            }
        });
    }),
    ("field/acknowledgment-of-the-first-segment", &["R9293-3.1-c", "R9293-3.10.7.4-j"], |step| {
        let first = step.tcb.rcv.irs + 1;
        step.each_segment(|segment| {
            if segment.text.len > 0 {
                segment.ack = first;
            }
        });
    }),
    ("field/acknowledgment-one-more", &["R9293-3.1-c", "R9293-3.5.2-c"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::ACK) && !segment.ctl.has(Control::RST) {
                segment.ack += 1;
            }
        });
    }),
    ("field/stale-acknowledgment-on-a-retransmission", &["R9293-3.1-c", "MUST-58"], |step| {
        let first = step.tcb.rcv.irs + 1;
        if step.actions.rules.has(Rule::Timeout4) || step.actions.rules.has(Rule::Timeout5) {
            step.each_segment(|segment| segment.ack = first);
        }
    }),
    ("field/fin-with-the-next-number", &["R9293-3.4-d", "R9293-3.6-b"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::FIN) && segment.text.len == 0 {
                segment.seq += 1;
            }
        });
    }),
    ("field/fin-takes-no-number", &["R9293-3.4-d", "R9293-3.6-d"], |step| {
        if step.tcb.rcv.fin && !step.before.rcv.fin {
            let after = step.tcb.rcv.nxt;
            step.tcb.rcv.nxt = after - 1;
            step.each_segment(|segment| {
                if segment.ack == after {
                    segment.ack = after - 1;
                }
            });
        }
    }),
    ("field/fin-flag-lost", &["R9293-3.6-b", "R9293-3.9.1.4-a"], |step| {
        step.each_segment(|segment| segment.ctl = segment.ctl.without(Control::FIN));
    }),
    ("field/fin-on-its-own", &["R9293-3.6-b"], |step| {
        // With text, the FIN is left out, and its number is gone.
        step.each_segment(|segment| {
            if segment.text.len > 0 {
                segment.ctl = segment.ctl.without(Control::FIN);
            }
        });
    }),
    ("field/push-flag-lost", &["MUST-61", "R9293-3.9.1.2-b"], |step| {
        step.each_segment(|segment| segment.ctl = segment.ctl.without(Control::PSH));
    }),
    ("field/reset-with-fin", &["R9293-3.9.1.6-a", "R9293-3.5.2-a"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::RST) {
                segment.ctl |= Control::FIN;
            }
        });
    }),
    ("field/push-and-urgent-on-everything", &["MUST-62", "R9293-3.8.5-b"], |step| {
        step.each_segment(|segment| segment.ctl |= Control::URG);
    }),
    ("urgent/flag-lost", &["R9293-3.9.1.2-d", "MUST-30"], |step| {
        step.each_segment(|segment| segment.ctl = segment.ctl.without(Control::URG));
    }),
    ("urgent/pointer-at-the-last-octet", &["MUST-62"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::URG) {
                segment.up = segment.up.wrapping_sub(1);
            }
        });
    }),
    ("urgent/pointer-one-beyond", &["MUST-62"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::URG) {
                segment.up = segment.up.wrapping_add(1);
            }
        });
    }),
    ("urgent/pointer-absolute", &["MUST-62", "R9293-3.9.1.2-d"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::URG) {
                segment.up = u16::try_from((segment.seq + u32::from(segment.up)).0 & 0xffff).unwrap_or(0);
            }
        });
    }),
    ("option/no-mss-on-a-syn", &["MUST-14", "SHLD-5"], |step| {
        step.each_segment(|segment| segment.mss = segment.mss.filter(|_| segment.ctl.has(Control::ACK)));
    }),
    ("option/no-mss-on-a-syn-ack", &["MUST-14", "SHLD-5"], |step| {
        step.each_segment(|segment| segment.mss = segment.mss.filter(|_| !segment.ctl.has(Control::ACK)));
    }),
    ("option/mss-with-headers", &["MUST-67", "R6691-2-a", "R9293-3.7.1-a"], |step| {
        step.each_segment(|segment| segment.mss = segment.mss.map(|mss| mss + 40));
    }),
    ("option/mss-less-options", &["R6691-2-a", "R6691-2-b", "R9293-3.7.1-a"], |step| {
        step.each_segment(|segment| segment.mss = segment.mss.map(|mss| mss - 12));
    }),
    ("option/mss-on-every-segment", &["MUST-65"], |step| {
        let mss = step.tcb.profile.announced_mss;
        step.each_segment(|segment| segment.mss = Some(mss));
    }),
];

/// What the endpoint takes itself to be.
static CHOICES: &[Entry<Chooses>] = &[
    ("mss/option-above-what-ip-lets-through", &["MUST-16"], |profile| profile.largest_text = 9000),
    ("send/short-segments-wait-for-ever", &["MUST-17", "R9293-3.7.4-a"], |profile| profile.nagle = true),
    ("timeout/first-after-100-ms", &["R6298-2.1-a", "R6298-2.4-a"], |profile| {
        profile.initial_rto = Duration::from_millis(100);
        profile.minimum_rto = Duration::from_millis(100);
    }),
    ("timeout/first-after-ten-seconds", &["R6298-2.1-a"], |profile| {
        profile.initial_rto = Duration::from_secs(10);
    }),
    ("timeout/ceiling-of-two-seconds", &["R6298-2.5-a", "R6298-5.5-a"], |profile| {
        profile.maximum_rto = Duration::from_secs(2);
    }),
];

/// How much text is sent, and which.
static TEXT: &[Entry<Steps>] = &[
    ("text/retransmitted-from-the-wrong-place", &["R9293-3.10.8-b", "R9293-3.6-b"], |step| {
        if step.actions.rules.has(Rule::Timeout4) {
            let nxt = step.tcb.snd.nxt;
            step.each_segment(|segment| segment.seq = nxt);
        }
    }),
    ("text/retransmitted-one-octet-at-a-time", &["SHLD-28", "R9293-3.10.8-b"], |step| {
        if step.actions.rules.has(Rule::Timeout4) {
            step.each_segment(|segment| segment.text.len = segment.text.len.min(1));
        }
    }),
    ("text/lost-with-close", &["R9293-3.6-b", "R9293-3.9.1.4-a"], |step| {
        if step.actions.rules.has(Rule::Close8) || step.actions.rules.has(Rule::Close11) {
            let in_flight = step.tcb.text_in_flight() as usize;
            step.tcb.send_queue.truncate(in_flight);
        }
    }),
    ("text/queued-before-the-connection-opens-is-lost", &["R9293-3.6-b", "R9293-3.9.1.2-e"], |step| {
        if step.actions.rules.has(Rule::Send6) {
            step.tcb.send_queue.clear();
        }
    }),
    ("text/shifted-by-one", &["R9293-3.4-d"], |step| {
        step.each_segment(|segment| {
            if segment.text.len > 1 {
                segment.text = TextRange { start: segment.text.start + 1, len: segment.text.len - 1 };
            }
        });
    }),
    ("mss/option-ignored", &["MUST-14", "MUST-16", "MUST-4"], |step| {
        if step.tcb.snd.mss != step.before.snd.mss && !opens_without_option(step) {
            step.tcb.snd.mss = step.tcb.profile.largest_text;
        }
    }),
    ("mss/option-one-more", &["MUST-14", "MUST-16"], |step| {
        if step.tcb.snd.mss != step.before.snd.mss && !opens_without_option(step) {
            step.tcb.snd.mss += 1;
        }
    }),
    ("mss/option-never-above-the-default", &["MUST-16", "SHLD-28"], |step| {
        step.tcb.snd.mss = step.tcb.snd.mss.min(step.tcb.profile.default_mss);
    }),
    ("mss/no-default", &["MUST-15"], |step| {
        if opens_without_option(step) && step.tcb.snd.mss == step.tcb.profile.default_mss {
            step.tcb.snd.mss = step.tcb.profile.largest_text;
        }
    }),
    ("mss/default-of-the-other-family", &["MUST-15"], |step| {
        if opens_without_option(step) && step.tcb.snd.mss == step.tcb.profile.default_mss {
            step.tcb.snd.mss = if step.tcb.snd.mss == 536 { 1220 } else { 536 };
        }
    }),
    ("mss/small-segments-only", &["SHLD-28", "SHLD-27"], |step| {
        step.tcb.snd.mss = step.tcb.snd.mss.min(100);
    }),
    ("window/ignored", &["MUST-34", "SHLD-15", "MUST-36", "R9293-3.8.6.2.1-a"], |step| {
        if step.tcb.state.is_synchronized() {
            step.tcb.snd.wnd = 65_535;
        }
    }),
    ("window/shrinking-ignored", &["MUST-34", "SHLD-15", "MUST-35"], |step| {
        step.tcb.snd.wnd = step.tcb.snd.wnd.max(step.before.snd.wnd);
    }),
    ("window/shrinking-forgets-what-is-in-flight", &["SHLD-16", "MUST-34", "R9293-3.6-b"], |step| {
        if shrank(step) {
            let in_flight = step.tcb.text_in_flight() as usize;
            step.tcb.send_queue.drain(..in_flight);
            step.tcb.snd.una = step.tcb.snd.nxt;
        }
    }),
    ("window/shrinking-resets", &["MUST-34", "MUST-35", "SHLD-17"], |step| {
        if shrank(step) {
            step.then(Event::Call(Call::Abort));
        }
    }),
    ("window/nothing-when-it-opens", &["MUST-36", "R9293-3.10.7.4-h"], |step| {
        if step.before.snd.wnd == 0 && step.before.state.is_synchronized() {
            step.tcb.snd.wnd = 0;
        }
    }),
];

/// Whether the peer's window has just shrunk to less than what is in flight.
fn shrank(step: &Stepped<'_>) -> bool {
    let Tcb { snd, state, .. } = &*step.tcb;
    let open = step.before.state.is_synchronized() && state.is_synchronized() && snd.fin.is_none();
    open && step.segment().is_some() && (snd.una + snd.wnd).lt(snd.nxt)
}

/// What the window field says, and when.
static WINDOW: &[Entry<Steps>] = &[
    ("offer/always-the-whole-buffer", &["R9293-3.8.6.1-b", "SHLD-14", "R9293-3.10.7.4-g"], |step| {
        let buffer = u16::try_from(step.tcb.profile.receive_buffer).unwrap_or(u16::MAX);
        step.each_segment(|segment| {
            if !segment.ctl.has(Control::RST) {
                segment.wnd = buffer;
            }
        });
    }),
    ("offer/shrinks-with-each-segment", &["SHLD-14", "R9293-3.10.7.4-g"], |step| {
        let taken = step.tcb.rcv.nxt.since(step.tcb.rcv.irs);
        step.each_segment(|segment| {
            let less = u16::try_from(taken).unwrap_or(u16::MAX);
            segment.wnd = segment.wnd.saturating_sub(less);
        });
    }),
    ("offer/one-octet-at-a-time", &["MUST-39", "R9293-3.8.6.2.2-a"], |step| {
        let Tcb { rcv, receive_queue, profile, state, .. } = &mut *step.tcb;
        let free = profile.receive_buffer - u32::try_from(receive_queue.len()).unwrap_or(0);
        if matches!(step.event, Event::Call(_)) && state.accepts_text() && free.min(65_535) > rcv.wnd {
            rcv.wnd = free.min(65_535);
            let update = step.acknowledgment();
            step.send(update);
        }
    }),
    ("send/only-what-the-peer-calls-full-does-not-wait", &["R9293-3.7.4-a"], |step| {
        let (una, full) = (step.tcb.snd.una, u32::from(step.tcb.snd.mss));
        let nagle = step.tcb.profile.nagle;
        let waits = |segment: &Outgoing| nagle && segment.seq != una && (1..full).contains(&segment.text.len);
        step.actions.list.retain(|action| !matches!(action, Action::Transmit(segment) if waits(segment)));
    }),
    ("acknowledge/everything-late", &["SHLD-19", "R9293-3.8.6.3-a"], |step| {
        let takes_text = step.actions.rules.has(Rule::Text1) || step.actions.rules.has(Rule::Text2);
        if takes_text && step.tcb.state == State::Established {
            step.send_nothing();
        }
    }),
    ("acknowledge/twice", &["R5681-4.2-e"], |step| {
        // At once, and after the delay once more.
        let rules = step.actions.rules;
        if [Rule::Text1, Rule::Text2, Rule::Text5].into_iter().any(|rule| rules.has(rule)) {
            let acknowledgment = step.acknowledgment();
            step.send(acknowledgment);
        }
    }),
    ("acknowledge/what-is-above-a-gap", &["SHLD-31", "R9293-3.5.2-c", "R2018-3-b"], |step| {
        let held = step.tcb.reassembly.ranges().last().map(|(_, end)| end);
        if let Some(end) = held.filter(|_| step.tcb.state.is_synchronized()) {
            step.each_segment(|segment| segment.ack = end);
        }
    }),
    ("send/no-text-after-the-peers-fin", &["R9293-3.6.1-a", "R9293-3.6-d"], |step| {
        if step.tcb.state == State::CloseWait {
            step.actions
                .list
                .retain(|action| !matches!(action, Action::Transmit(segment) if segment.text.len > 0));
        }
    }),
    ("send/fin-twice", &["R9293-3.10.4-a"], |step| {
        if step.actions.rules.has(Rule::Close9) || step.actions.rules.has(Rule::Close12) {
            let acknowledgment = step.acknowledgment();
            step.send(Outgoing { ctl: Control::FIN | Control::ACK, ..acknowledgment });
        }
    }),
    ("send/fin-from-syn-sent", &["R9293-3.10.4-c"], |step| {
        if step.actions.rules.has(Rule::Close4) {
            let seq = step.before.snd.nxt;
            step.send(Outgoing { seq, ctl: Control::FIN | Control::ACK, ..Outgoing::default() });
        }
    }),
    ("send/every-answer-twice", &["R9293-3.10.8-b", "R9293-3.5.2-d"], |step| {
        let syns: Vec<_> = step.actions.segments().filter(|segment| !segment.is_empty()).copied().collect();
        syns.into_iter().for_each(|segment| step.send(segment));
    }),
    ("send/a-reset-instead-of-a-fin", &["R9293-3.6-b", "R9293-3.9.1.4-a"], |step| {
        step.each_segment(|segment| {
            if segment.ctl.has(Control::FIN) {
                segment.ctl = Control::RST;
            }
        });
    }),
    ("send/no-reset-without-connection", &["R9293-3.5.2-a"], |step| {
        if step.before.state == State::Closed && step.segment().is_some() {
            step.send_nothing();
        }
    }),
    ("send/a-reset-for-a-reset", &["R9293-3.5.2-a", "R9293-3.5.2-d", "R9293-3.5.3-b"], |step| {
        if let Some(segment) = step.segment().filter(|segment| segment.has(Control::RST)) {
            let seq = segment.ack;
            step.actions.list.push(Action::Transmit(Outgoing {
                seq,
                ctl: Control::RST,
                ..Outgoing::default()
            }));
        }
    }),
    ("send/a-reset-after-time-wait", &["R9293-3.10.8-c", "R9293-3.5.2-d"], |step| {
        if step.actions.rules.has(Rule::Timeout9) {
            let seq = step.before.snd.nxt;
            step.send(Outgoing { seq, ctl: Control::RST, ..Outgoing::default() });
        }
    }),
];

/// Whether the peer's SYN arrived just now without a Maximum Segment Size option.
fn opens_without_option(step: &Stepped<'_>) -> bool {
    step.segment()
        .is_none_or(|segment| tcpspec_core::options::maximum_segment_size(segment.options).is_none())
}

/// Octets of the packet.
static PACKETS: &[Entry<Leaves>] = &[
    ("packet/wrong-checksum", &["MUST-2", "R9293-3.1-e"], |packet| {
        rebuild(packet, |header, _| header.lies.bad_checksum = true);
    }),
    ("packet/wrong-checksum-on-odd-text", &["MUST-2", "R9293-3.1-e"], |packet| {
        rebuild(packet, |header, text| header.lies.bad_checksum = text.len() % 2 == 1);
    }),
    ("packet/wrong-data-offset", &["R9293-3.1-b"], |packet| {
        rebuild(packet, |header, _| header.lies.data_offset = Some(4));
    }),
    ("packet/reserved-bits", &["R9293-3.1-a"], |packet| {
        rebuild(packet, |header, _| header.reserved = 0b0100);
    }),
    ("packet/acknowledgment-field-without-flag", &["R9293-3.1-c"], |packet| {
        rebuild(packet, |header, _| {
            if !header.ctl.has(Control::ACK) {
                header.ack = SeqNumber(0xdead_beef);
            }
        });
    }),
    ("packet/wrong-octet", &["R9293-3.6-b", "R9293-3.4-d"], |packet| {
        let text = wire::parse(packet).map(|parsed| parsed.segment.text.to_vec()).unwrap_or_default();
        if let Some((last, front)) = text.split_last() {
            rebuild_with(packet, &[front, &[!last]].concat(), |_, _| {});
        }
    }),
    ("packet/first-octet-twice", &["R9293-3.6-b", "R9293-3.4-d"], |packet| {
        let text = wire::parse(packet).map(|parsed| parsed.segment.text.to_vec()).unwrap_or_default();
        if let Some(first) = text.first() {
            rebuild_with(packet, &[&[*first], &text[..text.len() - 1]].concat(), |_, _| {});
        }
    }),
    ("packet/from-the-next-port", &["MUST-45"], |packet| {
        if let Ok(parsed) = wire::parse(packet) {
            let mut endpoints = parsed.endpoints;
            endpoints.source.set_port(endpoints.source.port().wrapping_add(1));
            let (header, text) = (wire::Header::of_segment(&parsed.segment), parsed.segment.text.to_vec());
            let mut other = Vec::new();
            if wire::build(&endpoints, &header, [&text, &[]], &mut other).is_ok() {
                *packet = other;
            }
        }
    }),
];

/// Builds a packet again with another header.
fn rebuild(packet: &mut Vec<u8>, alter: impl Fn(&mut wire::Header<'_>, &[u8])) {
    let text = wire::parse(packet).map(|parsed| parsed.segment.text.to_vec()).unwrap_or_default();
    rebuild_with(packet, &text, alter);
}

/// Builds a packet again with another header and other text.
fn rebuild_with(packet: &mut Vec<u8>, text: &[u8], alter: impl Fn(&mut wire::Header<'_>, &[u8])) {
    let mut other = Vec::new();
    if let Ok(parsed) = wire::parse(packet) {
        let (ttl, traffic_class) = (parsed.ttl, parsed.traffic_class);
        let mut header = wire::Header { ttl, traffic_class, ..wire::Header::of_segment(&parsed.segment) };
        alter(&mut header, text);
        if wire::build(&parsed.endpoints, &header, [text, &[]], &mut other).is_err() {
            return;
        }
        wire::leave_by(&mut other, &hops(packet));
    }
    *packet = other;
}

/// Initial sequence numbers (§3.4.1).
static INITIAL: &[Entry<Told>] = &[
    ("initial-number/always-zero", &["MUST-8", "MUST-9", "SHLD-1"], |context| context.iss = SeqNumber(0)),
    ("initial-number/clock-alone", &["MUST-9", "SHLD-1"], |context| {
        context.iss = SeqNumber(0) + ticks(context);
    }),
    ("initial-number/goes-back", &["MUST-8"], |context| {
        context.iss = context.iss - ticks(context) - ticks(context);
    }),
    ("initial-number/clock-stands", &["MUST-8"], |context| context.iss = context.iss - ticks(context)),
];

/// What the clock of four microseconds has added.
fn ticks(context: &Context) -> u32 {
    u32::try_from((context.now.0 / 4) & u64::from(u32::MAX)).unwrap_or_default()
}
