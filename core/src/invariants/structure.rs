//! What the record of a connection looks like after every step (I-001 to I-024).

use super::Invariant;
use super::observation::{Transition, has_both_numbers, sends_text};
use crate::event::{Action, Event, Timer};
use crate::extensions::LARGEST_SHIFT;
use crate::segment::Control;
use crate::state::State;
use crate::tcb::{Origin, ReceiveSequence, SendSequence, Throttle, octets};

/// The largest window that a header without window scaling can say.
const LARGEST_WINDOW: u32 = u16::MAX as u32;

pub(super) const I_001: Invariant = Invariant {
    id: "I-001",
    clause: "§3.3.1, §3.4",
    sentence: "SND.UNA is not past SND.NXT, less than half the space apart, and SND.NXT is never taken back",
    holds: |t| {
        let snd = &t.after.snd;
        let ordered = snd.nxt.since(snd.una) < 1 << 31;
        ordered && (!t.same_send_side() || t.before.snd.nxt.le(snd.nxt))
    },
};

pub(super) const I_002: Invariant = Invariant {
    id: "I-002",
    clause: "§3.10.1, §3.10.4, §3.10.7.2, §3.10.7.3",
    sentence: "our SYN is unacknowledged in SYN-SENT and SYN-RECEIVED and acknowledged in every later state, \
               except where CLOSE left SYN-RECEIVED (V-23)",
    // Not a comparison of SND.UNA with ISS: both orders come up once 2^31 octets have been acknowledged.
    holds: |t| {
        let (state, snd) = (t.after.state, &t.after.snd);
        let outstanding = snd.syn && snd.una == snd.iss;
        match state {
            State::Closed | State::Listen => !snd.syn,
            State::SynSent | State::SynReceived => outstanding,
            State::FinWait1 | State::Closing => !snd.syn || (outstanding && t.before.snd.syn),
            _ => !snd.syn && (!t.before.snd.syn || !t.same_send_side() || snd.una.gt(snd.iss)),
        }
    },
};

pub(super) const I_003: Invariant = Invariant {
    id: "I-003",
    clause: "§3.10.1, §3.10.7.2",
    sentence: "in SYN-SENT and SYN-RECEIVED nothing but the SYN has been sent: SND.NXT is ISS+1",
    holds: |t| {
        let before_open = matches!(t.after.state, State::SynSent | State::SynReceived);
        !before_open || t.after.snd.nxt == t.after.snd.iss + 1
    },
};

pub(super) const I_004: Invariant = Invariant {
    id: "I-004",
    clause: "§3.4, §3.10.7.4 step 7",
    sentence: "RCV.NXT starts after IRS and never moves back; IRS stays",
    holds: |t| {
        let (before, after) = (&t.before.rcv, &t.after.rcv);
        if t.same_connection() {
            before.nxt.le(after.nxt) && before.irs == after.irs
        } else {
            t.before.state == State::TimeWait
                || t.after.state == State::TimeWait
                || !has_both_numbers(t.after.state)
                || after.irs.lt(after.nxt)
        }
    },
};

pub(super) const I_005: Invariant = Invariant {
    id: "I-005",
    clause: "§3.8.6 SHLD-14, §3.10.7.4 step 7",
    sentence: "the right edge of the window that we offer never moves left",
    holds: |t| {
        if !t.same_connection() || t.after.rcv.fin {
            return true;
        }
        let mut edge = t.before.rcv.advertised;
        t.actions.segments().filter(|sent| !sent.ctl.has(Control::RST)).all(|sent| {
            let shift = t.after.rcv.shift.filter(|_| !sent.ctl.has(Control::SYN)).unwrap_or(0);
            let next = sent.ack + (u32::from(sent.wnd) << shift);
            // A scaled window is said in steps, and may seem to shrink by less than one (RFC 7323 §2.4).
            let step = (1 << t.after.rcv.shift.unwrap_or(0)) - 1;
            core::mem::replace(&mut edge, next).le(next + step)
        })
    },
};

pub(super) const I_006: Invariant = Invariant {
    id: "I-006",
    clause: "RFC 7323 §2.2",
    sentence: "we offer at most 65,535 octets, or as many steps of what both ends agreed to scale by, at most 2^14",
    holds: |t| {
        let shift = t.after.rcv.shift.unwrap_or(0);
        shift <= LARGEST_SHIFT
            && t.after.rcv.wnd <= LARGEST_WINDOW << shift
            && t.after.snd.shift <= LARGEST_SHIFT
    },
};

pub(super) const I_007: Invariant = Invariant {
    id: "I-007",
    clause: "RFC 5961 §5.2, §3.8.6.2.1",
    sentence: "MAX.SND.WND is the largest SND.WND so far",
    holds: |t| {
        let snd = &t.after.snd;
        let shrank = t.same_send_side() && t.before.snd.max_wnd > snd.max_wnd;
        snd.max_wnd >= snd.wnd && !shrank
    },
};

pub(super) const I_008: Invariant = Invariant {
    id: "I-008",
    clause: "§3.10.7.4 step 1 SHLD-31",
    sentence: "what is held out of order is sorted, apart, right of RCV.NXT and inside what was offered; \
               only what came with a SYN starts at RCV.NXT, until the handshake ends (V-24)",
    holds: |t| {
        let tcb = t.after;
        let handshake = tcb.syn_outstanding();
        // A scaled window is offered in steps, and what it cannot say is taken all the same (RFC 7323 §2.4).
        let edge = if tcb.rcv.shift.is_some() { tcb.right_edge() } else { tcb.rcv.advertised };
        let mut previous = None;
        let blocks = tcb.reassembly.ranges().all(|(start, end)| {
            let apart = match previous.replace(end) {
                None => start.gt(tcb.rcv.nxt) || (handshake && start == tcb.rcv.nxt),
                Some(left) => start.gt(left),
            };
            apart && start.lt(end) && end.le(edge)
        });
        // A FIN that came with a SYN may stand one past the edge, which the FIN does not need (V-32).
        blocks
            && tcb
                .reassembly
                .fin()
                .is_none_or(|fin| (fin.gt(tcb.rcv.nxt) || (handshake && fin == tcb.rcv.nxt)) && fin.le(edge))
    },
};

pub(super) const I_009: Invariant = Invariant {
    id: "I-009",
    clause: "§3.3.2 figure 5, §3.6, §3.10.4",
    sentence: "a FIN of ours is sent or queued exactly in the states that CLOSE leads to; in SYN-RECEIVED \
               and CLOSE-WAIT it may be queued, not sent",
    holds: |t| {
        let snd = &t.after.snd;
        match t.after.state {
            State::FinWait1 | State::Closing => snd.fin.is_some() != snd.close_queued,
            State::FinWait2 | State::LastAck | State::TimeWait => snd.fin.is_some() && !snd.close_queued,
            State::SynReceived | State::CloseWait => snd.fin.is_none(),
            State::Closed | State::Listen | State::SynSent | State::Established => {
                snd.fin.is_none() && !snd.close_queued
            }
        }
    },
};

pub(super) const I_010: Invariant = Invariant {
    id: "I-010",
    clause: "§3.10.7.4 step 8",
    sentence: "the peer's FIN has been taken exactly in CLOSE-WAIT, CLOSING, LAST-ACK and TIME-WAIT",
    holds: |t| t.after.rcv.fin == t.after.state.has_received_fin(),
};

pub(super) const I_011: Invariant = Invariant {
    id: "I-011",
    clause: "§3.10.7.4 steps 5 and 8",
    sentence: "in FIN-WAIT-2 and TIME-WAIT everything of ours is acknowledged, the FIN too",
    holds: |t| {
        let done = t.after.fin_acknowledged() && !t.after.outstanding() && t.after.send_queue.is_empty();
        done || !matches!(t.after.state, State::FinWait2 | State::TimeWait)
    },
};

pub(super) const I_012: Invariant = Invariant {
    id: "I-012",
    clause: "§3.3.2, §3.10.4 to §3.10.8",
    sentence: "CLOSED is no record at all: no numbers, no queues, no timers",
    holds: |t| {
        let tcb = t.after;
        let empty = tcb.send_queue.is_empty()
            && tcb.receive_queue.is_empty()
            && tcb.receives.is_empty()
            && tcb.reassembly.is_empty();
        let forgotten = tcb.snd == SendSequence::default()
            && tcb.rcv == ReceiveSequence::default()
            && tcb.origin == Origin::default()
            && tcb.retransmission == Default::default()
            && tcb.congestion.is_none()
            && tcb.keep_alive.is_none()
            && tcb.reopened.is_none()
            && tcb.unacknowledged == 0
            && tcb.throttle == Throttle::default()
            && tcb.user_timeout.is_none();
        tcb.state != State::Closed || (empty && forgotten && tcb.timers.is_empty())
    },
};

pub(super) const I_013: Invariant = Invariant {
    id: "I-013",
    clause: "§3.10.7.4 step 8, §3.10.8",
    sentence: "the timers that run are those that were asked for; of retransmission, persist and override at \
               most one runs; TIME-WAIT has its own timer alone, and no other state has it",
    holds: |t| {
        let timers = t.after.timers;
        let sending = [Timer::Retransmission, Timer::Persist, Timer::SwsOverride];
        let one_at_most = sending.into_iter().filter(|&timer| timers.has(timer)).count() <= 1;
        let fits_state = match t.after.state {
            State::TimeWait => timers.iter().eq([Timer::TimeWait]),
            State::Closed | State::Listen => timers.is_empty(),
            _ => !timers.has(Timer::TimeWait),
        };
        one_at_most
            && fits_state
            && Timer::ALL.into_iter().all(|timer| timers.has(timer) == should_run(t, timer))
    },
};

/// Whether `timer` runs after what the step asked of it.
fn should_run(t: &Transition<'_>, timer: Timer) -> bool {
    let ran = t.before.timers.has(timer) && *t.event != Event::Timeout(timer);
    t.actions.list.iter().fold(ran, |runs, action| match *action {
        Action::Arm(armed, _) if armed == timer => true,
        Action::Stop(stopped) if stopped == timer => false,
        _ => runs,
    })
}

pub(super) const I_014: Invariant = Invariant {
    id: "I-014",
    clause: "RFC 6298 §5, §3.10.8",
    sentence: "the retransmission timer runs exactly while something sent is unacknowledged",
    holds: |t| t.after.timers.has(Timer::Retransmission) == t.after.outstanding(),
};

/// Whether text waits, nothing is in flight that could bring an acknowledgment, and the peer's window is open
/// or not.
fn text_is_stuck(t: &Transition<'_>, window_is_open: bool) -> bool {
    let tcb = t.after;
    sends_text(tcb.state) && !tcb.outstanding() && tcb.unsent() > 0 && (tcb.snd.wnd > 0) == window_is_open
}

pub(super) const I_015: Invariant = Invariant {
    id: "I-015",
    clause: "§3.8.6 MUST-35, §3.8.6.1 MUST-36",
    sentence: "text that a closed window holds back, with nothing in flight, has the persist timer running",
    holds: |t| !text_is_stuck(t, false) || t.after.timers.has(Timer::Persist),
};

pub(super) const I_016: Invariant = Invariant {
    id: "I-016",
    clause: "§3.10.7.4 step 5",
    sentence: "SND.WL1 never moves left, nor SND.WL2 while SND.WL1 stays, once the handshake has set them",
    holds: |t| {
        let (before, after) = (&t.before.snd, &t.after.snd);
        let set = t.before.state.is_synchronized() && !t.before.syn_outstanding() && t.same_connection();
        !set || before.wl1.lt(after.wl1) || (before.wl1 == after.wl1 && before.wl2.le(after.wl2))
    },
};

pub(super) const I_018: Invariant = Invariant {
    id: "I-018",
    clause: "RFC 6298 §2.4, §2.5",
    sentence: "a retransmission timeout lies between the endpoint's smallest and largest",
    holds: |t| {
        let (least, most) = (t.after.profile.minimum_rto, t.after.profile.maximum_rto);
        t.actions.list.iter().all(|action| match *action {
            Action::Arm(Timer::Retransmission | Timer::Persist, duration) => {
                duration >= least.min(most) && duration <= most
            }
            _ => true,
        })
    },
};

pub(super) const I_020: Invariant = Invariant {
    id: "I-020",
    clause: "§3.5 MUST-11, §3.6.1 MAY-2",
    sentence: "how SYN-RECEIVED was reached is recorded until it is left, and a reopened TIME-WAIT is \
               remembered exactly until our SYN is acknowledged",
    holds: |t| {
        let (before, after) = (t.before, t.after);
        let recorded = match (before.state, after.state) {
            (State::Listen, State::SynReceived) => after.origin == Origin::Passive,
            (State::SynSent, State::SynReceived) => after.origin == Origin::Active,
            (State::TimeWait, State::SynReceived) => after.origin == Origin::TimeWait,
            (State::SynReceived, State::SynReceived) => after.origin == before.origin,
            _ => true,
        };
        let reopening = after.origin == Origin::TimeWait && after.syn_outstanding();
        recorded && after.reopened.is_some() == reopening
    },
};

pub(super) const I_021: Invariant = Invariant {
    id: "I-021",
    clause: "§3.1 MUST-1, §3.8.6 MUST-34, SHLD-15",
    sentence: "SND.WND is the window field of a segment read as unsigned, and a window that ends before \
               SND.NXT lets no new text go",
    holds: |t| {
        let (before, after) = (&t.before.snd, &t.after.snd);
        let read = after.wnd == 0
            || after.wnd == before.wnd
            || t.segment().is_some_and(|segment| after.wnd == t.window_of(segment));
        let probe = t.timeout() == Some(Timer::Persist);
        let restored = t.after.state == State::TimeWait;
        let no_room = (after.una + after.wnd).le(before.nxt);
        (read || restored) && !(t.same_send_side() && no_room && !probe && t.sent_new_text())
    },
};

pub(super) const I_022: Invariant = Invariant {
    id: "I-022",
    clause: "§3.8.6.2.2",
    sentence: "unread text and the window fit the receive buffer, and what is held out of order fits the \
               window",
    holds: |t| {
        let tcb = t.after;
        let held: u32 = tcb.reassembly.ranges().map(|(start, end)| end.since(start)).sum();
        octets(tcb.receive_queue.len()) + tcb.rcv.wnd <= tcb.profile.receive_buffer && held <= tcb.rcv.wnd
    },
};

pub(super) const I_023: Invariant = Invariant {
    id: "I-023",
    clause: "§3.8.6.2.1 MUST-38, §3.9.1.2 MUST-60",
    sentence: "text that an open window holds back, with nothing in flight, has the override timer running",
    holds: |t| !text_is_stuck(t, true) || t.after.timers.has(Timer::SwsOverride),
};

pub(super) const I_024: Invariant = Invariant {
    id: "I-024",
    clause: "RFC 7323 §2.4",
    sentence: "what fits a window that we ever offered is in the window still",
    holds: |t| !has_both_numbers(t.after.state) || t.after.rcv.advertised.le(t.after.right_edge()),
};
