//! Rules taken away, and choices made otherwise, to see what they were for.
//!
//! A rule is taken away by a wrapper around `step`: the reference does what the standard says, and the wrapper drops or
//! alters what rows of the decision table asked for, before anybody sees it. The reference itself has no switches.

use tcpspec_core::event::Action;
use tcpspec_core::{Actions, Control, Rule, State, Tcb};

use super::definition::Definition;
use super::network::Packet;

/// One rule removed, or one choice made otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Variation {
    /// Its name on the command line, after the model's.
    pub id: &'static str,
    /// What is different.
    pub sentence: &'static str,
    /// What that does to the reference.
    pub change: Change,
    /// The names of the properties that it breaks; none if it is harmless, which is then the point.
    pub breaks: &'static [&'static str],
}

impl PartialEq for Variation {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.breaks == other.breaks
    }
}

/// How a variation works.
#[derive(Clone, Copy, Debug)]
pub enum Change {
    /// Another choice of profile, numbers, clock or timers.
    Choice(fn(&mut Definition)),
    /// What a step sends is not sent if it used one of these rows.
    Silent(&'static [Rule]),
    /// A step that used one of these rows has not happened.
    Undone(&'static [Rule]),
    /// After a step that used one of these rows the user closes at once.
    Closes(&'static [Rule]),
    /// A step that used one of these rows counts as if the peer had acknowledged our SYN.
    Opens(&'static [Rule]),
    /// Two segments open a connection: the request opens the one end, its answer the other and is not acknowledged.
    TwoWay,
    /// A RST that no connection wants is answered with a RST.
    ResetsAnswerResets,
    /// An acknowledgment that is not asked for is answered, too.
    AcknowledgmentsAnswered,
    /// Text and FIN are taken as the next in sequence, whatever their number.
    NumbersIgnored,
    /// A FIN is taken when it comes, text that is missing before it or not.
    FinOvertakes,
    /// SYN-SENT and SYN-RECEIVED take any acknowledgment for one of their SYN.
    AnyAcknowledgmentOpens,
    /// A SYN reopens a connection in TIME-WAIT, whatever its number; with another choice besides.
    AnySynReopens(fn(&mut Definition)),
}

impl Change {
    /// What arrives instead of `packet`.
    pub(super) fn before(self, tcb: &Tcb, mut packet: Packet) -> Packet {
        let text_or_fin = packet.len > 0 || packet.ctl.has(Control::FIN);
        let numbered = !matches!(tcb.state, State::Closed | State::Listen | State::SynSent);
        match self {
            Self::NumbersIgnored if numbered && text_or_fin => packet.seq = tcb.rcv.nxt,
            Self::FinOvertakes if numbered && packet.ctl.has(Control::FIN) => {
                let ahead = packet.seq.gt(tcb.rcv.nxt) && packet.seq.lt(tcb.right_edge());
                packet.seq = if ahead { tcb.rcv.nxt } else { packet.seq };
            }
            Self::AnyAcknowledgmentOpens if tcb.state == State::SynSent && !packet.ctl.has(Control::RST) => {
                packet.ack = if packet.ctl.has(Control::ACK) { tcb.snd.nxt } else { packet.ack };
            }
            Self::AnyAcknowledgmentOpens if tcb.state == State::SynReceived && packet.ctl == Control::ACK => {
                (packet.seq, packet.ack) = (tcb.rcv.nxt, tcb.snd.nxt);
            }
            _ => {}
        }
        packet
    }

    /// Alters what a step has done, given what was before it.
    pub(super) fn after(self, before: &Tcb, tcb: &mut Tcb, actions: &mut Actions) {
        let used = |rules: &[Rule]| rules.iter().any(|rule| actions.rules.has(*rule));
        match self {
            Self::Silent(rules) if used(rules) => silence(actions),
            Self::Undone(rules) if used(rules) => {
                *tcb = before.clone();
                actions.clear();
            }
            Self::TwoWay if used(&[Rule::SynSent8]) => silence(actions),
            _ => {}
        }
    }
}

fn silence(actions: &mut Actions) {
    actions.list.retain(|action| !matches!(action, Action::Transmit(_)));
}
