//! One event in one state, and its outcome in the RFC's notation.

use std::collections::BTreeSet;

use tcpspec_core::event::{Action, Actions, Event, Outcome};
use tcpspec_core::{Context, Control, Instant, Outgoing, Rule, Segment, SeqNumber, Tcb, step};

use crate::states::ISS;

/// What an event led to.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Effect {
    /// Answers to the user and segments, one part each; empty if nothing comes of it.
    pub(crate) response: Vec<String>,
    /// The state that follows, or `(same)`.
    pub(crate) next: &'static str,
    /// The rows of the decision table that were used.
    pub(crate) rules: BTreeSet<Rule>,
}

/// Takes one event on a copy of the record.
pub(crate) fn effect(tcb: &Tcb, event: Event<'_>) -> Effect {
    let mut after = tcb.clone();
    let mut actions = Actions::default();
    step(&mut after, Context { now: Instant::ZERO, iss: ISS }, event, &mut actions);
    let arrived = match event {
        Event::SegmentArrives(segment) => Some(segment),
        Event::Call(_) | Event::Timeout(_) | Event::Icmp { .. } | Event::LargestText(_) => None,
    };
    let mut response = Vec::new();
    for action in &actions.list {
        match action {
            Action::Reply(outcome) => response.push(answer(*outcome)),
            Action::Complete(outcome) => response.push(format!("RECEIVE: {}", answer(*outcome))),
            Action::Signal(signal) => response.push(format!("user: {}", signal.text())),
            Action::Transmit(segment) => response.extend(notation(segment, arrived, tcb, &after)),
            Action::Arm(..) | Action::Stop(_) | Action::Unread(_) => {}
        }
    }
    let next = if after.state == tcb.state { "(same)" } else { after.state.name() };
    Effect { response, next, rules: actions.rules.iter().collect() }
}

fn answer(outcome: Outcome) -> String {
    match outcome {
        Outcome::Ok => "ok".to_owned(),
        Outcome::Queued => "queued".to_owned(),
        Outcome::Received { len, .. } => format!("{len} octets"),
        Outcome::Status(state) => state.name().to_owned(),
        Outcome::Error(error) => format!("error: {}", error.text()),
    }
}

/// A segment as the RFC writes it, with the names of numbers instead of the numbers.
fn notation(sent: &Outgoing, arrived: Option<&Segment<'_>>, before: &Tcb, after: &Tcb) -> Vec<String> {
    let reset = sent.ctl.has(Control::RST);
    let (seg_ack, seg_end) = (arrived.map(|segment| segment.ack), arrived.map(Segment::end));
    let seq = match sent.seq {
        seq if reset && seg_ack == Some(seq) => "SEG.ACK",
        SeqNumber(0) if reset => "0",
        seq if sent.ctl.has(Control::SYN) && seq == ISS => "ISS",
        seq if seq == before.snd.nxt || seq == after.snd.nxt => "SND.NXT",
        seq if seq == before.snd.una || seq == after.snd.una => "SND.UNA",
        _ => "?",
    };
    let ack = match sent.ack {
        _ if !sent.ctl.has(Control::ACK) => "",
        ack if reset && seg_end == Some(ack) => "<ACK=SEG.SEQ+SEG.LEN>",
        ack if ack == after.rcv.nxt => "<ACK=RCV.NXT>",
        _ => "<ACK=?>",
    };
    let names = [
        (Control::SYN, "SYN"),
        (Control::FIN, "FIN"),
        (Control::RST, "RST"),
        (Control::PSH, "PSH"),
        (Control::ACK, "ACK"),
    ];
    let controls: Vec<_> =
        names.iter().filter(|(bit, _)| sent.ctl.has(*bit)).map(|(_, name)| *name).collect();
    let header = format!("<SEQ={seq}>{ack}<CTL={}>", controls.join(","));
    let text = (sent.text.len > 0).then(|| format!("<DATA={}>", sent.text.len));
    std::iter::once(header).chain(text).collect()
}
