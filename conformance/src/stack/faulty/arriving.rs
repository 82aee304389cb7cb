//! Faults in what is made of the header, the options and the text that arrive.

use tcpspec_core::event::{Action, Signal};
use tcpspec_core::options::{self, TcpOption};
use tcpspec_core::segment::Integrity;
use tcpspec_core::{Control, Rule, Segment, State, Tcb};

use super::{Arrives, Enters, Entry, Fate, Fault, Hook, Stepped, Steps, listed};
use crate::wire;

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let segments = listed(SEEN, Hook::Arrives).chain(listed(PACKETS, Hook::Enters));
    segments.chain(listed(TAKEN, Hook::steps)).chain(listed(SIGNALS, Hook::steps))
}

/// Text that lies on the number of the peer's FIN and behind it.
fn is_across_the_fin(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    let closed = matches!(tcb.state, State::CloseWait | State::Closing | State::LastAck);
    closed && !segment.has(Control::RST) && segment.seq.lt(tcb.rcv.nxt) && segment.end().gt(tcb.rcv.nxt)
}

/// What a segment is taken for.
static SEEN: &[Entry<Arrives>] = &[
    ("header/checksum-not-looked-at", &["MUST-3"], |_, segment| {
        if segment.integrity == Integrity::BadChecksum {
            segment.integrity = Integrity::Sound;
        }
        Fate::Seen
    }),
    ("header/data-offset-not-looked-at", &["R9293-3.1-b"], |_, segment| {
        if segment.integrity == Integrity::BadDataOffset {
            segment.integrity = Integrity::Sound;
        }
        Fate::Seen
    }),
    ("header/reserved-bits-refused", &["R9293-3.1-a"], |_, segment| {
        if segment.reserved == 0 { Fate::Seen } else { Fate::Lost }
    }),
    ("header/urgent-pointer-without-flag", &["R9293-3.1-d"], |_, segment| {
        if segment.up != 0 {
            segment.ctl |= Control::URG;
        }
        Fate::Seen
    }),
    ("header/urgent-segments-refused", &["MUST-30", "R9293-3.1-d"], |_, segment| {
        if segment.up == 0 { Fate::Seen } else { Fate::Lost }
    }),
    ("header/congestion-marks-refused", &["R9293-3.1-a"], |_, segment| {
        if segment.ctl.0 & (Control::ECE | Control::CWR).0 == 0 { Fate::Seen } else { Fate::Lost }
    }),
    ("header/push-needed-for-text", &["R9293-3.4-c"], |_, segment| {
        if segment.text.is_empty() || segment.has(Control::PSH) { Fate::Seen } else { Fate::Lost }
    }),
    ("option/unknown-refuses-the-segment", &["MUST-6", "MUST-68"], |_, segment| {
        let unknown =
            options::walk(segment.options).any(|option| matches!(option, Ok(TcpOption::Unknown { .. })));
        if unknown { Fate::Lost } else { Fate::Seen }
    }),
    ("option/unknown-ends-the-list", &["MUST-6", "MUST-68"], |_, segment| {
        cut(segment, |kind| !(kind <= 5 || kind == 8));
        Fate::Seen
    }),
    ("option/unknown-has-no-length", &["MUST-6", "MUST-68"], |_, segment| {
        let known = |kind: u8| kind <= 5 || kind == 8;
        if let [kind, rest @ ..] = segment.options
            && !known(*kind)
        {
            segment.options = rest;
        }
        Fate::Seen
    }),
    ("option/no-operation-ends-the-list", &["MUST-4", "R9293-3.1-f"], |_, segment| {
        cut(segment, |kind| kind == 1);
        Fate::Seen
    }),
    ("option/end-of-list-refuses-the-segment", &["MUST-4", "R9293-3.1-f"], |_, segment| {
        if segment.options.contains(&0) { Fate::Lost } else { Fate::Seen }
    }),
    ("option/only-on-a-syn", &["MUST-5"], |_, segment| {
        let misplaced = !segment.options.is_empty() && !segment.has(Control::SYN);
        if misplaced { Fate::Lost } else { Fate::Seen }
    }),
    ("option/only-at-a-whole-word", &["MUST-64"], |_, segment| {
        if segment.options.first() == Some(&1) {
            segment.options = &[];
        }
        Fate::Seen
    }),
    ("option/only-first", &["MUST-64", "MUST-4", "MUST-6"], |_, segment| {
        if segment.options.first() != Some(&2) {
            segment.options = &[];
        }
        Fate::Seen
    }),
    ("option/after-the-end-of-the-list", &["R9293-3.1-f", "MUST-4"], |_, segment| {
        if let Some(at) = segment.options.iter().position(|kind| *kind == 0)
            && segment.options.get(at + 1) == Some(&2)
        {
            segment.options = &segment.options[at + 1..];
        }
        Fate::Seen
    }),
    ("segment/without-text-loses-its-fin", &["R9293-3.6-d"], |tcb, segment| {
        if tcb.state.is_synchronized() && segment.text.is_empty() {
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("segment/with-text-loses-its-fin", &["R9293-3.6-d", "R9293-3.4-d"], |tcb, segment| {
        if tcb.state.is_synchronized() && !segment.text.is_empty() {
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("segment/text-across-the-fin-resets", &["R9293-3.10.7.4-k", "R9293-3.6-d"], |tcb, segment| {
        if is_across_the_fin(tcb, segment) {
            segment.ctl = Control::RST;
            (segment.seq, segment.text) = (tcb.rcv.nxt, &[]);
        }
        Fate::Seen
    }),
    ("segment/that-repeats-text-loses-its-fin", &["R9293-3.4-c", "R9293-3.10-a"], |tcb, segment| {
        let repeats = tcb.state.is_synchronized() && segment.seq.lt(tcb.rcv.nxt);
        if repeats && segment.end().gt(tcb.rcv.nxt + 1) {
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("segment/in-order-refused-behind-two-gaps", &["R9293-3.4-c", "R9293-3.10-a"], |tcb, segment| {
        // As if what is held out of order had a list that is full, and what fills the first gap needed a place there.
        let fills = segment.seq == tcb.rcv.nxt && !segment.text.is_empty();
        if fills && tcb.reassembly.ranges().count() > 1 {
            segment.text = &[];
        }
        Fate::Seen
    }),
    ("segment/with-fin-acknowledges-nothing", &["R9293-3.4-b", "R9293-3.6-b"], |tcb, segment| {
        if tcb.state.is_synchronized() && segment.has(Control::FIN | Control::ACK) {
            segment.ack = tcb.snd.una;
        }
        Fate::Seen
    }),
    ("segment/with-text-acknowledges-nothing", &["R9293-3.4-b", "R9293-3.10.7.4-n"], |tcb, segment| {
        if tcb.state.is_synchronized() && !segment.text.is_empty() && segment.has(Control::ACK) {
            segment.ack = tcb.snd.una;
        }
        Fate::Seen
    }),
    ("segment/that-opens-loses-its-text", &["R9293-3.10.7.4-n"], |tcb, segment| {
        // Lost, but acknowledged: the octets count as taken.
        if tcb.state == State::SynReceived && segment.has(Control::ACK) {
            segment.text = &[];
            segment.ctl = segment.ctl.without(Control::FIN);
        }
        Fate::Seen
    }),
    ("segment/syn-ignored-on-a-connection", &["R9293-3.10.7.4-c", "R5961-4.2-b"], |tcb, segment| {
        if tcb.state.is_synchronized() && segment.has(Control::SYN) { Fate::Lost } else { Fate::Seen }
    }),
    ("segment/syn-flag-ignored-on-a-connection", &["R9293-3.10.7.4-c", "R5961-4.2-b"], |tcb, segment| {
        if tcb.state.is_synchronized() && segment.has(Control::SYN) {
            segment.ctl = segment.ctl.without(Control::SYN);
        }
        Fate::Seen
    }),
    ("segment/syn-with-ack-opens-a-listener", &["R9293-3.5.2-b"], |tcb, segment| {
        if tcb.state == State::Listen && segment.has(Control::SYN | Control::ACK) {
            segment.ctl = segment.ctl.without(Control::ACK);
        }
        Fate::Seen
    }),
    ("segment/syn-again-refused", &["R9293-3.5.2-c", "R9293-3.4-c"], |tcb, segment| {
        let again = segment.has(Control::SYN) && segment.seq == tcb.rcv.irs;
        if tcb.state == State::SynReceived && again { Fate::Lost } else { Fate::Seen }
    }),
    ("segment/crossing-syn-ignored", &["MUST-10"], |tcb, segment| {
        if tcb.state == State::SynSent && segment.is_request() { Fate::Lost } else { Fate::Seen }
    }),
    ("segment/crossing-syn-taken-for-an-answer", &["MUST-10"], |tcb, segment| {
        if tcb.state == State::SynSent && segment.is_request() {
            segment.ctl |= Control::ACK;
            segment.ack = tcb.snd.nxt;
        }
        Fate::Seen
    }),
    ("text/above-a-gap-refused-without-a-word", &["R9293-3.8.6.3-a"], |tcb, segment| {
        let above = tcb.state.is_synchronized() && segment.seq.gt(tcb.rcv.nxt) && !segment.text.is_empty();
        if above { Fate::Lost } else { Fate::Seen }
    }),
    ("text/above-a-gap-taken-at-once", &["SHLD-31", "R9293-3.4-c"], |tcb, segment| {
        let above = segment.seq.gt(tcb.rcv.nxt) && segment.seq.lt(tcb.right_edge());
        if tcb.state.accepts_text() && above && !segment.has(Control::RST) && !segment.text.is_empty() {
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("text/old-octets-taken-again", &["R9293-3.10-a"], |tcb, segment| {
        let overlaps = segment.seq.lt(tcb.rcv.nxt) && segment.end().gt(tcb.rcv.nxt);
        if tcb.state.accepts_text() && overlaps && !segment.text.is_empty() {
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("text/repeated-segment-taken-again", &["R9293-3.10-a", "R9293-3.4-c"], |tcb, segment| {
        let repeated = segment.seq.lt(tcb.rcv.nxt) && segment.end().le(tcb.rcv.nxt);
        if tcb.state.accepts_text() && repeated && !segment.text.is_empty() {
            segment.seq = tcb.rcv.nxt;
        }
        Fate::Seen
    }),
    ("text/partly-old-refused", &["R9293-3.10-a", "R9293-3.4-c"], |tcb, segment| {
        let overlaps = segment.seq.lt(tcb.rcv.nxt) && segment.end().gt(tcb.rcv.nxt);
        if tcb.state.accepts_text() && overlaps && !segment.text.is_empty() { Fate::Lost } else { Fate::Seen }
    }),
    ("text/partly-beyond-the-window-refused", &["R9293-3.4-c", "R9293-3.10-a"], |tcb, segment| {
        let beyond = segment.seq.lt(tcb.right_edge()) && segment.end().gt(tcb.right_edge());
        if tcb.state.accepts_text() && beyond && !segment.text.is_empty() { Fate::Lost } else { Fate::Seen }
    }),
    ("text/refused-after-close", &["R9293-3.6-a"], |tcb, segment| {
        let closed = matches!(tcb.state, State::FinWait1 | State::FinWait2);
        if closed && !segment.text.is_empty() { Fate::Lost } else { Fate::Seen }
    }),
    ("text/discarded-after-close", &["R9293-3.6-a"], |tcb, segment| {
        let closed = matches!(tcb.state, State::FinWait1 | State::FinWait2);
        if closed && segment.seq == tcb.rcv.nxt && !segment.has(Control::FIN) {
            segment.text = &[];
        }
        Fate::Seen
    }),
];

/// Leaves the options before the first of a kind.
fn cut(segment: &mut Segment<'_>, last: impl Fn(u8) -> bool) {
    let mut at = 0;
    while let Some(kind) = segment.options.get(at).copied() {
        if last(kind) {
            segment.options = &segment.options[..at];
            return;
        }
        at += match kind {
            0 => return,
            1 => 1,
            _ => segment.options.get(at + 1).map_or(1, |length| usize::from(*length).max(1)),
        };
    }
}

/// Packets: addresses (§3.9.2.3), and what takes the whole stack down.
static PACKETS: &[Entry<Enters>] = &[
    ("address/any-destination", &["MUST-57", "R9293-3.9.2.3-a"], |memory, packet| {
        readdress(packet, |endpoints| endpoints.destination.set_ip(memory.local));
    }),
    ("option/impossible-length-stops-the-stack", &["MUST-7"], |memory, packet| {
        let malformed = wire::parse(packet).is_ok_and(|parsed| options::is_malformed(parsed.segment.options));
        memory.stopped |= malformed;
        if memory.stopped {
            packet.clear();
        }
    }),
    ("header/too-short-stops-the-stack", &["R9293-3.1-b"], |memory, packet| {
        memory.stopped |= wire::parse(packet) == Err(wire::NotTcp::SegmentTooShort);
        if memory.stopped {
            packet.clear();
        }
    }),
    ("address/any-source", &["MUST-63", "R9293-3.9.2.3-a"], |memory, packet| {
        readdress(packet, |endpoints| endpoints.source.set_ip(memory.peer));
    }),
    ("address/next-port", &["R9293-3.5.2-a"], |_, packet| {
        readdress(packet, |endpoints| {
            let port = endpoints.destination.port();
            endpoints.destination.set_port(if port == 81 { 80 } else { port });
        });
    }),
];

/// Gives an honest packet other endpoints.
fn readdress(packet: &mut Vec<u8>, alter: impl Fn(&mut wire::Endpoints)) {
    let mut other = Vec::new();
    if let Ok(parsed) = wire::parse(packet)
        && parsed.segment.integrity == Integrity::Sound
    {
        let mut endpoints = parsed.endpoints;
        alter(&mut endpoints);
        let header = wire::Header::of_segment(&parsed.segment);
        if endpoints != parsed.endpoints
            && wire::build(&endpoints, &header, [parsed.segment.text, &[]], &mut other).is_ok()
        {
            *packet = other;
        }
    }
}

/// What is left of text once it was taken.
static TAKEN: &[Entry<Steps>] = &[
    ("text/held-above-a-gap-and-forgotten", &["SHLD-31", "R9293-3.6-a"], |step| {
        // The octets that closed the gap are acknowledged with those behind it, which nobody has any more.
        if step.actions.rules.has(Rule::Text4) {
            step.tcb.receive_queue.clear();
        }
    }),
    ("text/first-octet-lost", &["R9293-3.6-a", "R9293-3.4-d"], |step| {
        if step.tcb.receive_queue.len() > step.before.receive_queue.len() {
            step.tcb.receive_queue.pop_front();
        }
    }),
    ("text/last-octet-twice", &["R9293-3.6-a", "R9293-3.10-a"], |step| {
        if step.tcb.receive_queue.len() > step.before.receive_queue.len()
            && let Some(last) = step.tcb.receive_queue.back().copied()
        {
            step.tcb.receive_queue.push_back(last);
        }
    }),
    ("text/of-a-syn-before-the-connection-opens", &["R9293-3.5-a"], |step| {
        if step.actions.rules.has(Rule::Listen6) || step.actions.rules.has(Rule::SynSent12) {
            step.actions.list.push(Action::Signal(Signal::Established));
            if let Some(text) = step.segment().map(|segment| segment.text.to_vec()) {
                step.tcb.receive_queue.extend(text);
            }
        }
    }),
    ("text/of-a-syn-lost-but-acknowledged", &["R9293-3.5-a", "R9293-3.6-a"], |step| {
        if step.actions.rules.has(Rule::Text9) {
            step.tcb.receive_queue.clear();
        }
    }),
    ("text/taken-after-the-fin", &["R9293-3.10.7.4-k"], |step| {
        if step.actions.rules.has(Rule::Text7)
            && let Some(text) = step.segment().map(|segment| segment.text.to_vec())
        {
            step.tcb.receive_queue.extend(text);
        }
    }),
    ("text/unread-lost-with-the-connection", &["R9293-3.9.1.4-a", "R9293-3.6-a"], |step| {
        step.actions.list.retain(|action| !matches!(action, Action::Unread(_)));
    }),
    ("text/unread-lost-with-the-fin", &["R9293-3.6-d", "R9293-3.9.1.4-a"], |step| {
        if step.tcb.rcv.fin && !step.before.rcv.fin {
            step.tcb.receive_queue.clear();
        }
    }),
    ("fin/does-not-push-what-is-before-it", &["R9293-3.8-a", "R9293-3.6-d"], |step| {
        if step.tcb.rcv.fin && !step.before.rcv.fin && step.tcb.rcv.push.is_none() {
            step.tcb.receive_queue.clear();
        }
    }),
    ("fin/never-told", &["MUST-12", "R9293-3.6-d"], |step| {
        step.actions.list.retain(|action| *action != Action::Signal(Signal::ConnectionClosing));
    }),
    ("fin/told-with-the-first-text", &["MUST-12", "R9293-3.6-d"], |step| {
        if step.actions.rules.has(Rule::Text1) || step.actions.rules.has(Rule::Text2) {
            step.actions.list.push(Action::Signal(Signal::ConnectionClosing));
        }
    }),
    ("fin/above-a-gap-counts-at-once", &["R9293-3.6-d", "SHLD-31"], |step| {
        if step.actions.rules.has(Rule::Fin12) {
            step.actions.list.push(Action::Signal(Signal::ConnectionClosing));
        }
    }),
];

/// What the user is told unasked.
static SIGNALS: &[Entry<Steps>] = &[
    ("signal/open-never", &["R9293-3.10.7.4-n"], |step| unsaid(step, Signal::Established)),
    ("signal/reset-never", &["MUST-12", "R9293-3.5.3-b"], |step| unsaid(step, Signal::ConnectionReset)),
    ("signal/refusal-never", &["MUST-12", "R9293-3.5.3-b"], |step| unsaid(step, Signal::ConnectionRefused)),
    ("signal/user-timeout-never", &["R9293-3.10.8-a"], |step| unsaid(step, Signal::UserTimeout)),
    ("signal/urgent-text-never", &["MUST-32", "MUST-33", "R9293-3.8.5-a"], |step| {
        unsaid(step, Signal::UrgentText);
    }),
    ("signal/urgent-text-told-once-only", &["MUST-32"], |step| {
        if step.before.rcv.up.is_some() {
            unsaid(step, Signal::UrgentText);
        }
    }),
    ("signal/end-of-urgent-text-never", &["MUST-33", "R9293-3.8.5-a"], |step| {
        unsaid(step, Signal::UrgentTextEnds);
    }),
    ("signal/delivery-trouble-never", &["MUST-47", "SHLD-25"], |step| {
        unsaid(step, Signal::DeliveryTrouble);
    }),
    ("signal/delivery-trouble-of-timeouts-never", &["SHLD-9"], |step| {
        if step.actions.rules.has(Rule::Timeout7) {
            unsaid(step, Signal::DeliveryTrouble);
        }
    }),
    ("signal/open-before-it-is", &["R9293-3.10.7.4-n"], |step| {
        if step.actions.rules.has(Rule::Listen5) {
            step.actions.list.push(Action::Signal(Signal::Established));
        }
    }),
];

fn unsaid(step: &mut Stepped<'_>, signal: Signal) {
    step.actions.list.retain(|action| *action != Action::Signal(signal));
}
