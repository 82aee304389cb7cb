//! What ICMP reports of a connection (RFC 9293 §3.9.2.2).
//!
//! A hard error may end the connection, and nothing outside says at once whether it has: the run is not followed any
//! further (V-58). One thing is looked for all the same: a request that is sent again. A connection that has not opened
//! is in none of the states in which stacks are known to go on, so what is hopeless should be given up (SHLD-26).

use tcpspec_core::{Control, Instant, SeqNumber, State};

use super::Monitor;
use super::hypothesis::Hypothesis;
use super::objection::{Judgement, Objection};
use crate::scenario::IcmpKind;
use crate::wire::{Endpoints, Parsed};

/// A request that a hard error quoted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hopeless {
    endpoints: Endpoints,
    seq: SeqNumber,
    /// What leaves later was sent by somebody who had heard of it.
    by: Instant,
}

impl Hopeless {
    /// I-117.3: it is not made again.
    pub(super) fn sends(&self, now: Instant, packet: &Parsed<'_>) -> Judgement {
        let segment = &packet.segment;
        let request = segment.has(Control::SYN) && !segment.has(Control::ACK) && !segment.has(Control::RST);
        let same = packet.endpoints == self.endpoints && segment.seq == self.seq;
        if now <= self.by || !request || !same {
            return Ok(());
        }
        Err(Box::new(Objection {
            rule: "I-117.3",
            state: Some(State::SynSent),
            class: "ICMP".into(),
            differed: "asks again after a hard error",
            what: "a hard error quoted the SYN; expected the attempt to be given up, seen the SYN again"
                .into(),
        }))
    }
}

impl Monitor {
    /// An error is about to reach the stack.
    pub(super) fn icmp(&mut self, now: Instant, kind: IcmpKind, quoted: Endpoints, seq: SeqNumber) {
        let known = self.pairs[..self.pairs_in_use].iter_mut().find(|pair| pair.endpoints == quoted);
        let Some(pair) = known else { return };
        pair.flight.note_error();
        let hard = matches!(kind, IcmpKind::ProtocolUnreachable | IcmpKind::PortUnreachable);
        let half_open =
            |hypothesis: &Hypothesis| matches!(hypothesis.state, State::SynSent | State::SynReceived);
        let opening = pair.hypotheses.any(half_open);
        let asks = pair.iss == Some(seq) && pair.hypotheses.all(|one| one.state == State::SynSent);
        // ICMPv6 says by a Parameter Problem that a host knows no TCP, and that is a soft error.
        let hopeless = hard && (quoted.source.is_ipv4() || kind == IcmpKind::PortUnreachable);
        let judged = !self.blind && !pair.hypotheses.blind;
        if let Some(terms) = self.terms.filter(|terms| hopeless && asks && judged && terms.hears_icmp) {
            self.hopeless = Some(Hopeless { endpoints: quoted, seq, by: now + terms.settle });
        }
        // It may have ended the connection, and many stacks let any error end an opening (RFC 9293 §3.9.2.2, V-58).
        if hard || opening && kind != IcmpKind::SourceQuench {
            pair.hypotheses.blind = true;
            self.blind = true;
        }
        let in_flight = |one: &Hypothesis| {
            let open = one.state.is_synchronized() && one.state != State::TimeWait;
            open && seq.ge(one.una) && seq.lt(pair.snd_max)
        };
        if kind != IcmpKind::SourceQuench && !self.trouble_unjudged && pair.hypotheses.all(in_flight) {
            pair.unasked.note_trouble();
        }
    }
}
