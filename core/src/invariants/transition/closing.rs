//! How connections end, and what holds of every step (I-059 to I-078).

use super::super::Invariant;
use super::super::observation::{Transition, has_both_numbers};
use crate::event::{Action, Call, Event, Outcome, Signal, Timer};
use crate::rule::Rule;
use crate::segment::{Control, Segment};
use crate::state::State;
use crate::tcb::{Origin, octets};

pub(in crate::invariants) const I_059: Invariant = Invariant {
    id: "I-059",
    clause: "§3.10.7.4 steps 5 and 8, figure 5 note 2",
    sentence: "FIN-WAIT-1 goes to FIN-WAIT-2 for the acknowledgment of our FIN, to CLOSING for the peer's \
               FIN, to TIME-WAIT for both",
    holds: |t| {
        let in_fin_wait_1 = t.before.state == State::FinWait1 && t.after.state != State::Closed;
        let Some(segment) = t.accepted().filter(|_| in_fin_wait_1) else { return true };
        let acknowledged = t.before.snd.fin.is_some_and(|fin| segment.ack.gt(fin));
        let expected = match (acknowledged, t.after.rcv.fin) {
            (true, true) => State::TimeWait,
            (true, false) => State::FinWait2,
            (false, true) => State::Closing,
            (false, false) => State::FinWait1,
        };
        t.after.state == expected
    },
};

/// Whether the segment's FIN follows RCV.NXT without a gap, inside the window.
fn brings_fin_in_order(t: &Transition<'_>, segment: &Segment<'_>) -> bool {
    let rcv = &t.before.rcv;
    let reaches = segment.seq.le(rcv.nxt) && segment.end().gt(rcv.nxt);
    segment.has(Control::FIN) && reaches && segment.end().le(rcv.nxt + rcv.wnd)
}

pub(in crate::invariants) const I_060: Invariant = Invariant {
    id: "I-060",
    clause: "§3.10.7.4 step 8",
    sentence: "FIN-WAIT-2 goes to TIME-WAIT for the peer's FIN, which is acknowledged; the time-wait timer \
               starts and the others stop",
    holds: |t| {
        if t.before.state != State::FinWait2 || t.after.state == State::Closed {
            return true;
        }
        let fin = t.accepted().is_some_and(|segment| brings_fin_in_order(t, segment));
        if !fin && t.after.state == State::FinWait2 {
            return true;
        }
        let acknowledged = t.actions.segments().last().is_some_and(|sent| sent.ack == t.after.rcv.nxt);
        t.after.state == State::TimeWait && acknowledged && starts_time_wait(t)
    },
};

/// Whether the time-wait timer was started for the whole time and runs alone.
fn starts_time_wait(t: &Transition<'_>) -> bool {
    let lifetimes = t.after.profile.msl.saturating_mul(2);
    t.asked_for(Action::Arm(Timer::TimeWait, lifetimes)) && t.after.timers.iter().eq([Timer::TimeWait])
}

pub(in crate::invariants) const I_061: Invariant = Invariant {
    id: "I-061",
    clause: "§3.10.4, RFC 1122 §4.2.2.20 (a)",
    sentence: "CLOSE in CLOSE-WAIT leads to LAST-ACK, once the FIN has gone out behind all text",
    holds: |t| {
        if t.before.state != State::CloseWait {
            return true;
        }
        match t.after.state {
            State::LastAck => {
                let fin = t.after.snd.fin;
                let sent = t
                    .actions
                    .segments()
                    .any(|sent| sent.ctl.has(Control::FIN) && fin == Some(sent.seq + sent.text.len));
                sent && t.after.unsent() == 0
            }
            State::CloseWait => {
                let asked = matches!(t.call(), Some(Call::Close)) || t.after.snd.close_queued;
                !asked || (t.after.snd.close_queued && t.after.unsent() > 0)
            }
            _ => true,
        }
    },
};

pub(in crate::invariants) const I_062: Invariant = Invariant {
    id: "I-062",
    clause: "§3.10.7.4 step 5",
    sentence: "the acknowledgment of our FIN leads from CLOSING to TIME-WAIT and from LAST-ACK to CLOSED",
    holds: |t| {
        let Some(segment) = t.accepted() else { return true };
        let acknowledged = t.before.snd.fin.is_some_and(|fin| segment.ack.gt(fin));
        match t.before.state {
            State::Closing if acknowledged => t.after.state == State::TimeWait && starts_time_wait(t),
            State::LastAck if acknowledged => t.after.state == State::Closed,
            State::Closing | State::LastAck => t.after.state == t.before.state,
            _ => true,
        }
    },
};

pub(in crate::invariants) const I_063: Invariant = Invariant {
    id: "I-063",
    clause: "§3.10.7.4 steps 6 to 8",
    sentence: "after the peer's FIN its text, urgent pointers and further FINs count for nothing",
    holds: |t| {
        let (before, after) = (t.before, t.after);
        if !before.rcv.fin || !t.same_connection() || t.segment().is_none() {
            return true;
        }
        let queue = octets(after.receive_queue.len());
        let quiet = !t.told(Signal::ConnectionClosing) && !t.told(Signal::UrgentText);
        before.rcv.nxt == after.rcv.nxt
            && before.rcv.up == after.rcv.up
            && queue == before.receive_queue
            && t.actions.octets.is_empty()
            && after.reassembly.is_empty()
            && quiet
    },
};

pub(in crate::invariants) const I_064: Invariant = Invariant {
    id: "I-064",
    clause: "§3.6.1 MUST-13, §3.4.2, §3.10.5",
    sentence: "TIME-WAIT lasts two maximum segment lifetimes from its last start, unless ABORT, a RST, or a \
               SYN that counts ends it",
    holds: |t| {
        let lifetimes = t.after.profile.msl.saturating_mul(2);
        let whole = t.actions.list.iter().all(|action| match *action {
            Action::Arm(Timer::TimeWait, duration) => duration >= lifetimes,
            Action::Stop(Timer::TimeWait) => t.after.state != State::TimeWait,
            _ => true,
        });
        let entered = t.before.state != State::TimeWait && t.after.state == State::TimeWait;
        let left = t.before.state == State::TimeWait && t.after.state != State::TimeWait;
        let reason = match (t.segment(), t.call()) {
            (Some(segment), _) => {
                let before = t.before;
                before.counts_reset(segment) || before.counts_syn(segment) || before.is_reopening(segment)
            }
            (_, Some(call)) => *call == Call::Abort,
            _ => t.timeout() == Some(Timer::TimeWait),
        };
        whole && (!entered || starts_time_wait(t)) && (!left || reason)
    },
};

pub(in crate::invariants) const I_065: Invariant = Invariant {
    id: "I-065",
    clause: "§3.10.7.4 steps 1, 5 and 8",
    sentence: "the peer's FIN that comes again in TIME-WAIT is acknowledged",
    holds: |t| match t.segment_in(State::TimeWait) {
        Some(segment) if segment.ctl.without(Control::ACK | Control::PSH | Control::URG) == Control::FIN => {
            segment.end() != t.before.rcv.nxt || (t.after.state == State::TimeWait && t.only_acknowledgment())
        }
        _ => true,
    },
};

pub(in crate::invariants) const I_066: Invariant = Invariant {
    id: "I-066",
    clause: "§3.6.1 MAY-2, RFC 6191 §2",
    sentence: "a SYN opens TIME-WAIT again exactly where the endpoint reuses early and the SYN is above the \
               old FIN; the new ISS is above all that the old connection sent",
    holds: |t| {
        let reopened = t.before.state == State::TimeWait && t.after.state == State::SynReceived;
        match t.segment_in(State::TimeWait) {
            Some(segment) if t.before.is_reopening(segment) => {
                let snd = &t.after.snd;
                let answered = t.only_segment().is_some_and(|sent| {
                    sent.seq == snd.iss
                        && sent.ack == segment.seq + 1
                        && sent.ctl.has(Control::SYN | Control::ACK)
                });
                reopened && answered && snd.iss.ge(t.before.snd.nxt) && t.after.origin == Origin::TimeWait
            }
            _ => !reopened,
        }
    },
};

pub(in crate::invariants) const I_067: Invariant = Invariant {
    id: "I-067",
    clause: "§3.10.4",
    sentence: "CLOSE in SYN-SENT deletes the record and sends nothing",
    holds: |t| {
        let closed = t.after.state == State::Closed && t.silent();
        t.before.state != State::SynSent || t.call() != Some(&Call::Close) || closed
    },
};

pub(in crate::invariants) const I_068: Invariant = Invariant {
    id: "I-068",
    clause: "§3.10.5",
    sentence: "ABORT deletes the record, with exactly <SEQ=SND.NXT><CTL=RST> from SYN-RECEIVED to CLOSE-WAIT \
               and nothing in the other states",
    holds: |t| {
        if t.call() != Some(&Call::Abort) {
            return true;
        }
        let answered = match t.before.state {
            State::SynReceived
            | State::Established
            | State::FinWait1
            | State::FinWait2
            | State::CloseWait => {
                t.only_reset().is_some_and(|sent| sent.seq == t.before.snd.nxt && sent.is_empty())
            }
            State::Closed
            | State::Listen
            | State::SynSent
            | State::Closing
            | State::LastAck
            | State::TimeWait => t.silent(),
        };
        t.after.state == State::Closed && answered
    },
};

pub(in crate::invariants) const I_069: Invariant = Invariant {
    id: "I-069",
    clause: "§3.5.2, §3.10.7.1 to §3.10.7.3",
    sentence: "a RST is never answered with a RST",
    holds: |t| {
        let reset = t.segment().is_some_and(|segment| segment.has(Control::RST));
        !reset || !t.actions.segments().any(|sent| sent.ctl.has(Control::RST))
    },
};

pub(in crate::invariants) const I_070: Invariant = Invariant {
    id: "I-070",
    clause: "§3.10.7.4 steps 7 and 8, §3.4",
    sentence: "RCV.NXT moves by one for each octet given to the user or queued for him, and by one for the \
               FIN, once",
    holds: |t| {
        let opened = t.before.state == State::SynSent && has_both_numbers(t.after.state);
        if !t.same_connection() && !opened {
            return true;
        }
        let (before, after) = (&t.before.rcv, &t.after.rcv);
        let start = if opened { after.irs + 1 } else { before.nxt };
        let queued = octets(t.after.receive_queue.len());
        let taken = queued + octets(t.actions.octets.len());
        let expected = t.before.receive_queue + after.nxt.since(start);
        let fin = u32::from(after.fin) - u32::from(before.fin && after.fin);
        taken + fin == expected && (!before.fin || after.fin)
    },
};

pub(in crate::invariants) const I_071: Invariant = Invariant {
    id: "I-071",
    clause: "§3.10.7.2 first check",
    sentence: "in LISTEN a SYN that is a RST too creates nothing",
    holds: |t| {
        let both = Control::SYN | Control::RST;
        let forged = t.segment_in(State::Listen).is_some_and(|segment| segment.has(both));
        !forged || (t.after.state == State::Listen && t.silent())
    },
};

pub(in crate::invariants) const I_072: Invariant = Invariant {
    id: "I-072",
    clause: "§3.10",
    sentence: "every event meets exactly one rule: a segment one row of the first check that settles it, a \
               call one answer, a timer that does not run none",
    holds: |t| match *t.event {
        Event::SegmentArrives(_) => count(t, settling_rules(t)) == 1 && replies(t) == 0,
        Event::Call(_) => replies(t) == 1,
        Event::Timeout(timer) if t.before.timers.has(timer) => !t.actions.rules.is_empty() && replies(t) == 0,
        Event::Timeout(_) => t.ignored(),
        Event::Icmp { .. } => replies(t) == 0 && (!t.actions.rules.is_empty() || t.ignored()),
        Event::LargestText(_) => replies(t) == 0,
    },
};

/// The rows of which exactly one says what becomes of a segment first.
fn settling_rules(t: &Transition<'_>) -> &'static [Rule] {
    use Rule::*;
    let Some(segment) = t.segment() else { return &[Pre1, Pre4] };
    match t.before.state {
        State::Closed => &[Closed1, Closed2, Closed3],
        State::Listen => &[Listen1, Listen2, Listen5, Listen9],
        State::SynSent => &[
            SynSent1, SynSent2, SynSent4, SynSent5, SynSent8, SynSent9, SynSent11, SynSent13, SynSent14,
            SynSent15,
        ],
        _ if segment.has(Control::RST) && !segment.is_empty() && t.before.rcv.wnd == 0 => &[Rst13, Seq10],
        _ => &[Syn11, Seq1, Seq2, Seq3, Seq4, Seq5, Seq6, Seq7, Seq8, Seq9, Seq10],
    }
}

fn count(t: &Transition<'_>, rules: &[Rule]) -> usize {
    rules.iter().filter(|&&rule| t.actions.rules.has(rule)).count()
}

fn replies(t: &Transition<'_>) -> usize {
    t.actions.list.iter().filter(|action| matches!(action, Action::Reply(_))).count()
}

pub(in crate::invariants) const I_073: Invariant = Invariant {
    id: "I-073",
    clause: "§3.6 MUST-12, §3.10.7.4 steps 2 and 8, §3.10.8",
    sentence: "the user is told when the peer or a timeout ends the connection, and can tell a FIN from a \
               RST; every RECEIVE that waits is answered in the end",
    holds: |t| told_of_the_end(t) && receives_are_answered(t),
};

fn told_of_the_end(t: &Transition<'_>) -> bool {
    let (before, after) = (t.before.state, t.after.state);
    let gone = before != State::Closed && after == State::Closed;
    let fin_taken = !t.before.rcv.fin && t.after.rcv.fin && t.same_send_side();
    let reset = t.told(Signal::ConnectionReset) || t.told(Signal::ConnectionRefused);
    let told = match t.event {
        Event::SegmentArrives(_) if gone => {
            reset || matches!(before, State::Closing | State::LastAck | State::TimeWait)
        }
        Event::Timeout(Timer::User) if gone => t.told(Signal::UserTimeout),
        Event::Icmp { .. } if gone => t.told(Signal::DestinationUnreachable),
        _ => !reset,
    };
    told && t.told(Signal::ConnectionClosing) == fin_taken
}

fn receives_are_answered(t: &Transition<'_>) -> bool {
    let answered = t.actions.list.iter().filter(|action| matches!(action, Action::Complete(_))).count();
    let asked = t.before.receives + u32::from(t.actions.reply() == Some(Outcome::Queued));
    let end = t.after.state == State::Closed || t.after.rcv.fin;
    let waiting = octets(t.after.receives.len());
    asked == octets(answered) + waiting && !(end && waiting > 0)
}

pub(in crate::invariants) const I_074: Invariant = Invariant {
    id: "I-074",
    clause: "§3.10.1, §3.10.2, §3.10.4",
    sentence: "after CLOSE a SEND is refused and a second CLOSE sends nothing; OPEN of a connection that is \
               past LISTEN is refused",
    holds: |t| {
        let Some(call) = t.call() else { return true };
        let exists = !matches!(t.before.state, State::Closed | State::Listen);
        let closed = t.before.snd.close_queued || t.before.snd.fin.is_some();
        match call {
            Call::Send { .. } if closed => t.refused() && t.unchanged() && t.silent(),
            Call::Close if closed => t.unchanged() && t.silent(),
            Call::OpenActive { .. } | Call::OpenPassive { .. } if exists => {
                t.refused() && t.unchanged() && t.silent()
            }
            _ => true,
        }
    },
};

pub(in crate::invariants) const I_075: Invariant = Invariant {
    id: "I-075",
    clause: "§3.5, §3.10.7.2, §3.10.7.3",
    sentence: "text that came with a SYN is not the user's before the handshake is over",
    holds: |t| {
        let open = has_both_numbers(t.after.state) && !t.after.syn_outstanding();
        let given = t.actions.list.iter().any(|action| {
            matches!(
                action,
                Action::Complete(Outcome::Received { .. }) | Action::Reply(Outcome::Received { .. })
            )
        });
        open || t.after.state == State::Closed || (t.after.receive_queue.is_empty() && !given)
    },
};

pub(in crate::invariants) const I_076: Invariant = Invariant {
    id: "I-076",
    clause: "§3.10.7.3 fourth check, §3.10.8",
    sentence: "ISS stays for a whole incarnation and every SYN has it",
    holds: |t| {
        let iss = t.after.snd.iss;
        let mut syns = t.actions.segments().filter(|sent| sent.ctl.has(Control::SYN));
        (!t.same_send_side() || t.before.snd.iss == iss) && syns.all(|sent| sent.seq == iss)
    },
};

pub(in crate::invariants) const I_077: Invariant = Invariant {
    id: "I-077",
    clause: "§3.9.1.1 MUST-41",
    sentence: "a passive OPEN makes a new record in LISTEN or is refused and changes nothing",
    holds: |t| {
        let Some(Call::OpenPassive { .. }) = t.call() else { return true };
        let made = t.before.state == State::Closed && t.after.state == State::Listen && !t.refused();
        t.silent() && (made || (t.refused() && t.unchanged()))
    },
};

pub(in crate::invariants) const I_078: Invariant = Invariant {
    id: "I-078",
    clause: "§3.6.1 MAY-1, SHLD-3",
    sentence: "on a host whose users cannot read after CLOSE, text that nobody will read resets the \
               connection",
    holds: |t| {
        let before = t.before;
        if !before.profile.half_duplex_close {
            return true;
        }
        let gone = t.after.state == State::Closed;
        let reset = gone && t.only_reset().is_some_and(|sent| sent.seq == before.snd.nxt);
        let may_hold_text = matches!(before.state, State::Established | State::CloseWait);
        let unread = before.receive_queue > 0 && may_hold_text;
        let lost_by_close = unread && t.call() == Some(&Call::Close) && !before.snd.close_queued;
        let lost_after_close = matches!(before.state, State::FinWait1 | State::FinWait2)
            && t.accepted().is_some_and(|segment| before.has_new_text(segment));
        let closed = t.after.snd.close_queued || t.after.snd.fin.is_some();
        let kept_after_close = closed && !t.after.receive_queue.is_empty();
        !kept_after_close && (reset || !(lost_by_close || lost_after_close))
    },
};
