//! Which state may follow which, and what CLOSED, LISTEN, SYN-SENT and SYN-RECEIVED make of a segment (I-030
//! to I-044).

use super::super::Invariant;
use super::super::observation::{Before, Transition, is_plain_syn};
use crate::event::{Call, Event, IcmpError, Signal, Timer};
use crate::segment::{Control, Segment};
use crate::state::State;
use crate::tcb::Origin;

pub(in crate::invariants) const I_030: Invariant = Invariant {
    id: "I-030",
    clause: "§3.3.2 figure 5, §3.6.1",
    sentence: "every change of state is an edge of figure 5, or several that one event takes together",
    holds: |t| t.before.state == t.after.state || is_edge(t.before, t.after.state),
};

/// The edges of figure 5 with its notes, and the paths along them that one event can take.
fn is_edge(before: &Before, after: State) -> bool {
    use State::*;
    match before.state {
        Closed => matches!(after, Listen | SynSent),
        Listen => matches!(after, SynReceived | SynSent | Closed),
        SynSent => matches!(after, SynReceived | Established | CloseWait | Closed),
        // A CLOSE that waited in SYN-RECEIVED takes effect on the way: FIN-WAIT-1, and CLOSING with the
        // peer's FIN.
        SynReceived => match after {
            Listen => before.origin == Origin::Passive,
            TimeWait => before.origin == Origin::TimeWait,
            _ => matches!(after, Established | FinWait1 | CloseWait | Closing | Closed),
        },
        Established => matches!(after, FinWait1 | CloseWait | Closed),
        FinWait1 => matches!(after, FinWait2 | Closing | TimeWait | Closed),
        FinWait2 | Closing => matches!(after, TimeWait | Closed),
        CloseWait => matches!(after, LastAck | Closed),
        LastAck => after == Closed,
        TimeWait => matches!(after, Closed | SynReceived),
    }
}

pub(in crate::invariants) const I_031: Invariant = Invariant {
    id: "I-031",
    clause: "§3.10.4 to §3.10.8, §3.8.3",
    sentence: "ESTABLISHED is left only for CLOSE, ABORT, the peer's FIN, a RST or SYN that counts, the user \
               timeout, a peer that answers no keep-alive, and one that ICMP reports out of reach",
    holds: |t| {
        if t.before.state != State::Established || t.after.state == State::Established {
            return true;
        }
        if let Event::Icmp { error, .. } = t.event {
            return *error == IcmpError::Hard && t.after.state == State::Closed;
        }
        match (t.segment(), t.call(), t.timeout()) {
            (Some(segment), ..) => match t.after.state {
                State::CloseWait => segment.has(Control::FIN) || t.before.held_fin.is_some(),
                _ => t.before.counts_reset(segment) || t.before.counts_syn(segment),
            },
            (_, Some(Call::Close), _) => t.after.state != State::CloseWait,
            (_, Some(Call::Abort), _) | (.., Some(Timer::User)) => t.after.state == State::Closed,
            (.., Some(Timer::KeepAlive)) => {
                t.after.state == State::Closed && t.before.unanswered_keep_alives > 1
            }
            _ => false,
        }
    },
};

pub(in crate::invariants) const I_032: Invariant = Invariant {
    id: "I-032",
    clause: "§3.10.7.1, §3.5.2",
    sentence: "in CLOSED a RST gets no answer and everything else exactly one RST",
    holds: |t| {
        let Some(segment) = t.segment_in(State::Closed) else { return true };
        if segment.has(Control::RST) { t.ignored() } else { t.unchanged() && t.only_reset().is_some() }
    },
};

pub(in crate::invariants) const I_033: Invariant = Invariant {
    id: "I-033",
    clause: "§3.10.7.2 first check",
    sentence: "in LISTEN a RST is ignored",
    holds: |t| !t.segment_in(State::Listen).is_some_and(|segment| segment.has(Control::RST)) || t.ignored(),
};

pub(in crate::invariants) const I_034: Invariant = Invariant {
    id: "I-034",
    clause: "§3.10.7.2 second check, §3.5.2",
    sentence: "in LISTEN an acknowledgment is answered with <SEQ=SEG.ACK><CTL=RST> and nothing else happens",
    holds: |t| match t.segment_in(State::Listen) {
        Some(segment) if segment.has(Control::ACK) && !segment.has(Control::RST) => {
            t.unchanged() && t.only_reset_at(segment.ack)
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_035: Invariant = Invariant {
    id: "I-035",
    clause: "§3.10.7.2 third check",
    sentence: "in LISTEN a SYN leads to SYN-RECEIVED with a SYN,ACK that acknowledges the SYN alone",
    holds: |t| match t.segment_in(State::Listen) {
        Some(segment) if is_plain_syn(segment) => {
            let snd = &t.after.snd;
            let numbers = snd.una == snd.iss && snd.nxt == snd.iss + 1;
            t.after.state == State::SynReceived && numbers && answers_with_syn(t, segment)
        }
        _ => true,
    },
};

/// Whether IRS and RCV.NXT come from the SYN and exactly `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>` was sent.
fn answers_with_syn(t: &Transition<'_>, syn: &Segment<'_>) -> bool {
    let (snd, rcv) = (&t.after.snd, &t.after.rcv);
    let sent = t.only_segment().is_some_and(|sent| {
        let ctl = sent.ctl.without(Control::URG);
        sent.seq == snd.iss && sent.ack == rcv.nxt && ctl == Control::SYN | Control::ACK
    });
    sent && rcv.irs == syn.seq && rcv.nxt == syn.seq + 1
}

pub(in crate::invariants) const I_036: Invariant = Invariant {
    id: "I-036",
    clause: "§3.10.7.2 fourth check",
    sentence: "in LISTEN a segment without SYN, ACK and RST is ignored",
    holds: |t| {
        let any = Control::SYN | Control::ACK | Control::RST;
        let none = t.segment_in(State::Listen).is_some_and(|segment| segment.ctl.0 & any.0 == 0);
        !none || t.ignored()
    },
};

/// Whether the segment acknowledges our SYN, which is all that SYN-SENT has sent.
fn acknowledges_syn(before: &Before, segment: &Segment<'_>) -> bool {
    segment.has(Control::ACK) && segment.ack.gt(before.snd.iss) && segment.ack.le(before.snd.nxt)
}

pub(in crate::invariants) const I_037: Invariant = Invariant {
    id: "I-037",
    clause: "§3.10.7.3 first check, §3.5.2",
    sentence: "in SYN-SENT an acknowledgment of anything but our SYN gets <SEQ=SEG.ACK><CTL=RST>, unless it \
               is a RST itself, and our SYN stays outstanding",
    holds: |t| match t.segment_in(State::SynSent) {
        Some(segment) if segment.has(Control::ACK) && !acknowledges_syn(t.before, segment) => {
            let answered = if segment.has(Control::RST) { t.silent() } else { t.only_reset_at(segment.ack) };
            answered && t.unchanged() && t.after.timers.has(Timer::Retransmission)
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_038: Invariant = Invariant {
    id: "I-038",
    clause: "§3.10.7.3 second check, §3.5.3, erratum 8167",
    sentence: "in SYN-SENT a RST that acknowledges our SYN closes the connection and tells the user; another \
               is ignored",
    holds: |t| match t.segment_in(State::SynSent) {
        Some(segment) if segment.has(Control::RST) => {
            let told = t.told(Signal::ConnectionReset) || t.told(Signal::ConnectionRefused);
            match acknowledges_syn(t.before, segment) {
                true => t.after.state == State::Closed && told && t.silent(),
                false => t.ignored(),
            }
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_039: Invariant = Invariant {
    id: "I-039",
    clause: "§3.5 MUST-10, §3.10.7.3 fourth check",
    sentence: "in SYN-SENT a SYN without ACK leads to SYN-RECEIVED with a SYN,ACK: simultaneous open",
    holds: |t| match t.segment_in(State::SynSent) {
        Some(segment) if is_plain_syn(segment) => {
            let (before, snd) = (&t.before.snd, &t.after.snd);
            let kept = (snd.iss, snd.una, snd.nxt) == (before.iss, before.una, before.nxt);
            t.after.state == State::SynReceived && kept && answers_with_syn(t, segment)
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_040: Invariant = Invariant {
    id: "I-040",
    clause: "§3.10.7.3 fourth check",
    sentence: "in SYN-SENT a SYN,ACK of our SYN opens the connection, and what is sent acknowledges all of \
               it",
    holds: |t| match t.segment_in(State::SynSent) {
        Some(segment) if segment.ctl.has(Control::SYN) && !segment.has(Control::RST) => {
            if !acknowledges_syn(t.before, segment) {
                return true;
            }
            let acknowledged = t.actions.segments().last().is_some_and(|sent| {
                sent.ctl.has(Control::ACK) && !sent.ctl.has(Control::SYN) && sent.ack == t.after.rcv.nxt
            });
            let fin = t.after.state == State::CloseWait && segment.has(Control::FIN);
            (t.after.state == State::Established || fin) && acknowledged && t.after.rcv.irs == segment.seq
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_041: Invariant = Invariant {
    id: "I-041",
    clause: "§3.10.7.3 fifth check, §3.10.7.4 step 8",
    sentence: "in SYN-SENT a segment without SYN and RST is ignored, its FIN too, unless its acknowledgment \
               is wrong",
    holds: |t| match t.segment_in(State::SynSent) {
        Some(segment) if !segment.has(Control::SYN) && !segment.has(Control::RST) => {
            let wrong = segment.has(Control::ACK) && !acknowledges_syn(t.before, segment);
            wrong || t.ignored()
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_042: Invariant = Invariant {
    id: "I-042",
    clause: "§3.10.7.4 step 5, §3.5.2, erratum 3301",
    sentence: "in SYN-RECEIVED an acknowledgment of our SYN opens the connection; another gets \
               <SEQ=SEG.ACK><CTL=RST> and changes nothing",
    holds: |t| match t.segment_in(State::SynReceived) {
        Some(segment) if reaches_fifth_check(t.before, segment) && segment.has(Control::ACK) => {
            let snd = &t.before.snd;
            if snd.una.lt(segment.ack) && segment.ack.le(snd.nxt) {
                let closed = t.after.state == State::Closed;
                closed || (t.after.state != State::SynReceived && t.after.snd.una == segment.ack)
            } else if t.before.acceptable(segment) || t.before.is_crossing_syn(segment) {
                t.unchanged() && t.only_reset_at(segment.ack)
            } else {
                // Text at a closed window is the first check's to answer; a wrong acknowledgment is no reason
                // for more.
                t.unchanged() && t.only_acknowledgment()
            }
        }
        _ => true,
    },
};

/// Whether the first four checks of SYN-RECEIVED leave the segment to the fifth.
fn reaches_fifth_check(before: &Before, segment: &Segment<'_>) -> bool {
    let placed = before.lets_pass(segment) || before.is_crossing_syn(segment);
    placed && !segment.has(Control::RST) && !before.counts_syn(segment)
}

pub(in crate::invariants) const I_043: Invariant = Invariant {
    id: "I-043",
    clause: "§3.5.3, §3.10.7.4 step 2, §3.6.1 MAY-2",
    sentence: "in SYN-RECEIVED a RST that counts leads back to LISTEN after a passive OPEN, to CLOSED with \
               \"connection refused\" after an active one, to TIME-WAIT where that was reopened",
    holds: |t| match t.segment_in(State::SynReceived) {
        Some(segment) if t.before.counts_reset(segment) => {
            let led = match t.before.origin {
                Origin::Passive => t.after.state == State::Listen,
                Origin::Active => t.after.state == State::Closed && t.told(Signal::ConnectionRefused),
                Origin::TimeWait => t.after.state == State::TimeWait,
            };
            led && t.silent()
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_044: Invariant = Invariant {
    id: "I-044",
    clause: "RFC 1122 §4.2.2.20, §3.10.7.4 step 5",
    sentence: "the segment that acknowledges our SYN sets SND.WND, SND.WL1 and SND.WL2",
    holds: |t| {
        let opened = t.before.syn_outstanding() && !t.after.syn_outstanding() && t.same_send_side();
        let Some(segment) = t.segment().filter(|_| opened) else { return !opened };
        let seq = match t.before.state {
            State::SynSent => segment.seq,
            _ => t.before.trimmed_seq(segment),
        };
        let snd = &t.after.snd;
        snd.wnd == t.window_of(segment) && snd.wl1 == seq && snd.wl2 == segment.ack
    },
};
