//! Timeouts (RFC 9293 §3.10.8), and those of §3.8.6 that the section does not list.

use crate::event::{CallError, Signal, Timer};
use crate::output;
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::state::State;

/// A timer went off. One that is not armed is a late one of an earlier incarnation, and nothing happens.
pub(crate) fn timeout(step: &mut Processing<'_>, timer: Timer) {
    if !step.tcb.timers.has(timer) {
        if timer == Timer::Retransmission && matches!(step.tcb.state, State::FinWait2 | State::TimeWait) {
            step.fire(Rule::Timeout6);
        }
        return;
    }
    step.tcb.timers.remove(timer);
    match timer {
        Timer::User => user_timeout(step),
        Timer::Retransmission => retransmission_timeout(step),
        Timer::Persist => persist_timeout(step),
        Timer::DelayedAck => {
            step.fire(Rule::Timeout12);
            step.acknowledge(AckDue::Now);
        }
        Timer::SwsOverride => {
            step.fire(Rule::Timeout13);
            step.tcb.snd.override_fired = true;
        }
        Timer::TimeWait => time_wait_timeout(step),
        Timer::KeepAlive => keep_alive_timeout(step),
    }
}

/// USER TIMEOUT: what was sent has stayed undelivered for too long.
fn user_timeout(step: &mut Processing<'_>) {
    step.fire(Rule::Timeout1);
    step.close_connection(CallError::UserTimeout);
    step.signal(Signal::UserTimeout);
}

/// RETRANSMISSION TIMEOUT: the head of the queue goes again, and the timeout doubles (RFC 6298 §5.4 to §5.6).
fn retransmission_timeout(step: &mut Processing<'_>) {
    let tcb = &mut *step.tcb;
    let syn = tcb.syn_outstanding();
    let rule = match tcb.state {
        State::SynSent => Rule::Timeout2,
        State::SynReceived => Rule::Timeout3,
        State::FinWait1 if syn => Rule::Timeout14,
        _ if tcb.text_in_flight() == 0 => Rule::Timeout5,
        _ => Rule::Timeout4,
    };
    let (smss, flight) = (tcb.effective_mss(), tcb.text_in_flight());
    let first = tcb.retransmission.doublings == 0;
    if let Some(congestion) = &mut tcb.congestion {
        congestion.timed_out(tcb.snd.nxt, flight, smss, first);
    }
    tcb.retransmission.timed_out(tcb.snd.nxt, syn);
    // A probe of a closed window is repeated for as long as the window stays closed, and that is no trouble (MUST-37).
    let awaited = syn || tcb.snd.wnd > 0;
    let excessive = awaited && tcb.profile.first_threshold == Some(tcb.retransmission.doublings);
    step.fire(rule);
    output::retransmit_head(step);
    if excessive {
        first_threshold(step);
    }
}

/// R1 THRESHOLD: the user is told, unless it does not want to know (§3.8.3, MUST-20, SHLD-9). Advice to IP is the host's.
fn first_threshold(step: &mut Processing<'_>) {
    step.fire(Rule::Timeout7);
    step.signal(Signal::DeliveryTrouble);
}

/// PERSIST TIMEOUT: one octet past the closed window asks whether it is still closed (§3.8.6.1, MUST-36).
///
/// The octet counts as sent; from here on the retransmission timer repeats the probe, each time later (SHLD-30).
fn persist_timeout(step: &mut Processing<'_>) {
    step.fire(Rule::Timeout10);
    output::send_probe(step);
}

/// Keep-alive probes that may stay unanswered; a single one says nothing (MUST-29).
const MOST_UNANSWERED: u8 = 9;

/// KEEP-ALIVE TIMEOUT: the peer of an idle connection is asked whether it is there, and given up if it never answers.
fn keep_alive_timeout(step: &mut Processing<'_>) {
    step.fire(Rule::Timeout11);
    let Some(keep_alive) = &mut step.tcb.keep_alive else { return };
    if keep_alive.unanswered == MOST_UNANSWERED {
        step.close_connection(CallError::UserTimeout);
        step.signal(Signal::UserTimeout);
        return;
    }
    keep_alive.unanswered += 1;
    output::send_keep_alive(step);
}

/// TIME-WAIT TIMEOUT: 2 MSL have passed.
fn time_wait_timeout(step: &mut Processing<'_>) {
    step.fire(Rule::Timeout9);
    step.hand_over_unread_text();
    step.close_connection(CallError::ConnectionClosing);
}
