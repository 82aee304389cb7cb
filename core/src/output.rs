//! What may be sent now: text, FIN and acknowledgments (RFC 9293 §3.7.4, §3.8.6), and what is sent again (§3.8.1).
//!
//! Every step ends here. How much is in flight is bounded by the peer's window and by the path's (§3.8.2).

use crate::event::Timer;
use crate::processing::{AckDue, Processing};
use crate::rule::Rule;
use crate::segment::{Control, Outgoing, TextRange};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{KeepAlive, Tcb};

/// Between keep-alive probes of a peer that does not answer.
const BETWEEN_PROBES: core::time::Duration = core::time::Duration::from_secs(75);

/// Sends everything that may be sent, then sees to it that the right timers run.
pub(crate) fn send_what_may_be_sent(step: &mut Processing<'_>) {
    if step.retransmit && step.tcb.outstanding() {
        retransmit_head(step);
    }
    send_new_text(step);
    if may_send_text(step.tcb.state) {
        send_queued_fin(step);
    }
    send_acknowledgment(step);
    keep_timers(step);
}

/// Sends the new text that may go now. Returns whether text is left (§3.10.2).
pub(crate) fn send_new_text(step: &mut Processing<'_>) -> bool {
    if may_send_text(step.tcb.state) {
        while let Some(text) = next_text(step.tcb) {
            send_text(step, text);
        }
    }
    step.tcb.unsent() > 0
}

/// The states in which text or a FIN may still have to go out.
const fn may_send_text(state: State) -> bool {
    matches!(state, State::Established | State::FinWait1 | State::CloseWait | State::Closing)
}

/// Octets that the peer would take and the path would carry now: SND.UNA + SND.WND - SND.NXT, none if the window has
/// shrunk (§3.8.6.2.1), with cwnd in place of a wider window (RFC 5681 §3.1).
fn usable_window(tcb: &Tcb) -> u32 {
    let path = tcb.congestion.map_or(u32::MAX, |congestion| congestion.window);
    let edge = tcb.snd.una + tcb.snd.wnd.min(path);
    if edge.gt(tcb.snd.nxt) { edge.since(tcb.snd.nxt) } else { 0 }
}

/// The next stretch of new text that may go, by the rules against silly windows and Nagle's (§3.8.6.2.1, §3.7.4).
fn next_text(tcb: &Tcb) -> Option<TextRange> {
    let unsent = tcb.unsent();
    let usable = usable_window(tcb);
    let len = unsent.min(usable).min(tcb.effective_mss());
    let idle = !tcb.profile.nagle || !tcb.outstanding();
    let full_sized = len == tcb.effective_mss();
    let empties_the_queue = idle && unsent <= usable;
    let half_the_largest_window = idle && len >= tcb.snd.max_wnd.div_ceil(2);
    let may_go = full_sized || empties_the_queue || half_the_largest_window || tcb.snd.override_fired;
    (len > 0 && may_go).then_some(TextRange { start: tcb.text_in_flight(), len })
}

/// PSH on new text that empties the send queue or ends what the user pushed (MUST-61).
fn push(tcb: &Tcb, text: TextRange) -> Control {
    let seq = tcb.snd.nxt;
    let pushed = tcb.snd.push.gt(seq) && tcb.snd.push.le(seq + text.len);
    if text.len == tcb.unsent() || pushed { Control::PSH } else { Control::NONE }
}

/// Sends one octet past a closed window, to learn whether it is still closed (§3.8.6.1, MUST-36).
pub(crate) fn send_probe(step: &mut Processing<'_>) {
    let text = TextRange { start: step.tcb.text_in_flight(), len: 1 };
    let ctl = push(step.tcb, text);
    send_new(step, ctl, text);
}

/// Sends new text, with the user's FIN if it is the last (§3.10.2, §3.10.4).
fn send_text(step: &mut Processing<'_>, text: TextRange) {
    let mut ctl = push(step.tcb, text);
    let tcb = &*step.tcb;
    let last = text.len == tcb.unsent();
    let seq = tcb.snd.nxt;
    if last && tcb.snd.close_queued {
        ctl |= Control::FIN;
        fin_leaves(step, seq + text.len);
    }
    step.fire(Rule::Send8);
    step.tcb.snd.override_fired = false;
    send_new(step, ctl, text);
}

/// Sends the user's FIN on its own, once no text is before it. A closed window does not hold it back (V-32).
fn send_queued_fin(step: &mut Processing<'_>) {
    if step.tcb.snd.close_queued && step.tcb.unsent() == 0 {
        let seq = step.tcb.snd.nxt;
        fin_leaves(step, seq);
        send_new(step, Control::FIN, TextRange::default());
    }
}

/// The FIN goes out with this sequence number; in CLOSE-WAIT this is when LAST-ACK begins (§3.10.4).
fn fin_leaves(step: &mut Processing<'_>, seq: SeqNumber) {
    step.tcb.snd.close_queued = false;
    step.tcb.snd.fin = Some(seq);
    if step.tcb.state == State::CloseWait {
        step.enter(State::LastAck);
    }
}

/// Sends what has never been sent, at SND.NXT.
pub(crate) fn send_new(step: &mut Processing<'_>, ctl: Control, text: TextRange) {
    let seq = step.tcb.snd.nxt;
    let end = seq + text.len + ctl.sequence_length();
    step.tcb.snd.nxt = end;
    step.tcb.snd.syn |= ctl.has(Control::SYN);
    let smss = step.tcb.effective_mss();
    let idle = seq == step.tcb.snd.una;
    let Tcb { retransmission, congestion, profile, .. } = &mut *step.tcb;
    if let Some(congestion) = congestion.as_mut().filter(|_| text.len > 0) {
        congestion.sending(step.context.now, retransmission.timeout(profile), smss, idle);
    }
    retransmission.sent(end, step.context.now, profile);
    if ctl.has(Control::SYN) && step.tcb.state == State::SynSent {
        send_syn(step);
    } else {
        step.transmit_with_acknowledgment(seq, ctl, text);
    }
}

/// `<SEQ=ISS><CTL=SYN>`
pub(crate) fn send_syn(step: &mut Processing<'_>) {
    let tcb = &*step.tcb;
    step.transmit(Outgoing {
        seq: tcb.snd.iss,
        ctl: Control::SYN,
        wnd: tcb.window_field(Control::SYN).0,
        mss: Some(tcb.profile.announced_mss),
        window_scale: tcb.profile.window_shift(),
        sack_permitted: tcb.profile.selective_acknowledgment,
        ..Outgoing::default()
    });
}

/// Sends the head of the retransmission queue again, with the current acknowledgment and window (§3.10.8).
///
/// Text is limited to what the peer's window covers, but to no less than one octet: with a closed window this is
/// the probe (§3.8.6.1), and beyond a shrunken one nothing has to be repeated (SHLD-16, MAY-7).
pub(crate) fn retransmit_head(step: &mut Processing<'_>) {
    let tcb = &mut *step.tcb;
    tcb.retransmission.sent_again();
    if tcb.syn_outstanding() {
        let iss = tcb.snd.iss;
        return match tcb.state {
            State::SynSent => send_syn(step),
            _ => step.transmit_with_acknowledgment(iss, Control::SYN, TextRange::default()),
        };
    }
    let in_flight = tcb.text_in_flight();
    let len = in_flight.min(tcb.effective_mss()).min(tcb.snd.wnd.max(1));
    let seq = tcb.snd.una;
    let mut ctl = if len > 0 && seq + len == tcb.send_queue_start() + crate::tcb::octets(tcb.send_queue.len())
    {
        Control::PSH
    } else {
        Control::NONE
    };
    if len == in_flight && tcb.fin_outstanding() {
        ctl |= Control::FIN;
    }
    step.transmit_with_acknowledgment(seq, ctl, TextRange { start: 0, len });
}

/// Sends the acknowledgment that is due, or lets it wait for company (§3.8.6.3).
fn send_acknowledgment(step: &mut Processing<'_>) {
    match (step.ack, step.tcb.profile.delayed_ack) {
        (AckDue::No, _) => {}
        (AckDue::Soon, Some(delay)) => {
            if !step.tcb.timers.has(Timer::DelayedAck) {
                step.arm(Timer::DelayedAck, delay);
            }
        }
        (AckDue::Soon | AckDue::Now, _) => {
            let seq = step.tcb.snd.nxt;
            step.transmit_with_acknowledgment(seq, Control::NONE, TextRange::default());
        }
    }
}

/// Starts and stops timers so that each runs exactly while there is something for it to do.
fn keep_timers(step: &mut Processing<'_>) {
    let tcb = &*step.tcb;
    if matches!(tcb.state, State::Closed | State::Listen | State::TimeWait) {
        return;
    }
    let outstanding = tcb.outstanding();
    let waiting = tcb.unsent() > 0 && !outstanding && may_send_text(tcb.state);
    let timeout = tcb.retransmission.timeout(&tcb.profile);
    keep(step, Timer::Retransmission, outstanding.then_some(timeout));
    let zero_window = step.tcb.snd.wnd == 0;
    keep(step, Timer::Persist, (waiting && zero_window).then_some(timeout));
    let sws_override = step.tcb.profile.sws_override;
    keep(step, Timer::SwsOverride, (waiting && !zero_window).then_some(sws_override));
    let undelivered = outstanding || step.tcb.unsent() > 0 || step.tcb.snd.close_queued;
    let idle =
        matches!(step.tcb.state, State::Established | State::CloseWait | State::FinWait2) && !undelivered;
    keep(step, Timer::KeepAlive, step.tcb.keep_alive.filter(|_| idle).map(next_keep_alive));
    let user_timeout = step.tcb.user_timeout.filter(|_| undelivered);
    keep(step, Timer::User, user_timeout);
}

/// How long until the peer is asked whether it is there: the user's interval, then at short ones until it answers.
fn next_keep_alive(keep_alive: KeepAlive) -> core::time::Duration {
    if keep_alive.unanswered == 0 { keep_alive.interval } else { BETWEEN_PROBES.min(keep_alive.interval) }
}

/// Asks an idle peer whether it is there: an empty segment that it cannot accept and must answer (SHLD-12).
pub(crate) fn send_keep_alive(step: &mut Processing<'_>) {
    let seq = step.tcb.snd.nxt - 1;
    step.transmit_with_acknowledgment(seq, Control::NONE, TextRange::default());
}

/// Makes `timer` run, for `duration` from now if it does not run yet, or stops it.
fn keep(step: &mut Processing<'_>, timer: Timer, duration: Option<core::time::Duration>) {
    match duration {
        Some(duration) if !step.tcb.timers.has(timer) => step.arm(timer, duration),
        Some(_) => {}
        None => step.stop(timer),
    }
}
