//! Second, check the RST bit (RFC 9293 §3.10.7.4 step 2, §3.5.3; RFC 5961 §3; RFC 1337 §3).

use crate::event::{CallError, Signal};
use crate::processing::Processing;
use crate::rule::Rule;
use crate::segment::{Control, Segment};
use crate::segment_arrives::Check;
use crate::state::State;
use crate::tcb::Origin;

/// A RST at RCV.NXT resets; one elsewhere in the window is challenged or resets too, as the profile says.
pub(super) fn second_check_rst(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    if !segment.has(Control::RST) {
        return Check::Passed;
    }
    if segment.has(Control::SYN) {
        step.fire(Rule::Rst14);
    }
    if !segment.text.is_empty() {
        // Whatever text a RST carries, it is a RST (SHLD-2).
        step.fire(Rule::Rst12);
    }
    let rcv = &step.tcb.rcv;
    if segment.seq == rcv.nxt {
        if rcv.wnd == 0 {
            step.fire(Rule::Rst13);
        }
        reset_the_connection(step);
    } else if !segment.seq.in_window(rcv.nxt, rcv.wnd) {
        step.fire(Rule::Rst1);
    } else {
        reset_elsewhere_in_the_window(step);
    }
    Check::Done
}

/// Inside the window but not at RCV.NXT: a guess, or a RST that overtook text.
fn reset_elsewhere_in_the_window(step: &mut Processing<'_>) {
    let state = step.tcb.state;
    if state == State::TimeWait && step.tcb.profile.ignore_resets_in_time_wait {
        return step.fire(Rule::Rst10);
    }
    step.fire(match state {
        State::SynReceived => Rule::Rst7,
        State::Closing | State::LastAck => Rule::Rst9,
        State::TimeWait => Rule::Rst10,
        _ => Rule::Rst8,
    });
    if !step.tcb.profile.exact_resets {
        reset_the_connection(step);
    } else if !step.challenge() {
        step.fire(Rule::Rst11);
    }
}

/// What a valid RST does, state by state.
fn reset_the_connection(step: &mut Processing<'_>) {
    match step.tcb.state {
        State::SynReceived => match step.tcb.origin {
            Origin::Passive => {
                step.fire(Rule::Rst2);
                return_to_listen(step);
            }
            Origin::Active => {
                step.fire(Rule::Rst3);
                step.close_connection(CallError::ConnectionRefused);
                step.signal(Signal::ConnectionRefused);
            }
            Origin::TimeWait => {
                step.fire(Rule::Rst15);
                return_to_time_wait(step);
            }
        },
        State::Established | State::FinWait1 | State::FinWait2 | State::CloseWait => {
            step.fire(Rule::Rst4);
            step.close_connection(CallError::ConnectionReset);
            step.signal(Signal::ConnectionReset);
        }
        State::Closing | State::LastAck => {
            // The user is told nothing of this reset, so what came before the peer's FIN stays readable (§3.9.1.4).
            step.fire(Rule::Rst5);
            step.hand_over_unread_text();
            step.close_connection(CallError::ConnectionReset);
        }
        State::TimeWait => {
            step.fire(Rule::Rst6);
            if !step.tcb.profile.ignore_resets_in_time_wait {
                step.hand_over_unread_text();
                step.close_connection(CallError::ConnectionClosing);
            }
        }
        State::Closed | State::Listen | State::SynSent => {}
    }
}

/// The half-open connection is forgotten; the passive OPEN stands, and so do the user's RECEIVEs.
pub(super) fn return_to_listen(step: &mut Processing<'_>) {
    step.stop_all_timers();
    let receives = core::mem::take(&mut step.tcb.receives);
    let user_timeout = step.tcb.user_timeout;
    step.tcb.delete();
    step.tcb.receives = receives;
    step.tcb.user_timeout = user_timeout;
    step.enter(State::Listen);
}

/// The SYN that reopened the connection was an old duplicate: the old incarnation's TIME-WAIT goes on, from the
/// start (MAY-2 (2)).
pub(super) fn return_to_time_wait(step: &mut Processing<'_>) {
    let Some((snd, rcv)) = step.tcb.reopened.take() else { return };
    step.fail_receives(CallError::ConnectionReset);
    step.stop_all_timers();
    step.tcb.delete();
    step.tcb.snd = snd;
    step.tcb.rcv = rcv;
    step.enter_time_wait();
}
