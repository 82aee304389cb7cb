//! One step: an event is taken to its place in section 3.10, then whatever may be sent now is sent.

use core::time::Duration;

use crate::event::{Action, Actions, CallError, Event, Outcome, Signal, Timer};
use crate::extensions::{self, SackBlocks};
use crate::rule::Rule;
use crate::segment::{Control, Outgoing, Segment, TextRange};
use crate::seq::SeqNumber;
use crate::state::State;
use crate::tcb::{Tcb, octets};
use crate::time::Instant;
use crate::{calls, icmp, output, segment_arrives, timeouts};

/// What the caller knows and the connection does not.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Context {
    /// The time.
    pub now: Instant,
    /// The initial send sequence number, should the step begin an incarnation (§3.4.1).
    pub iss: SeqNumber,
}

/// Takes one event: the only way in which a connection changes.
///
/// Total: any event is defined in any state. `actions` is cleared first and holds the answer afterwards; the text
/// ranges in it are ranges of `tcb.send_queue` as the step leaves it.
pub fn step(tcb: &mut Tcb, context: Context, event: Event<'_>, actions: &mut Actions) {
    actions.clear();
    let mut step = Processing { tcb, context, actions, ack: AckDue::No, retransmit: false };
    match event {
        Event::Call(call) => calls::call(&mut step, call),
        Event::SegmentArrives(segment) => segment_arrives::segment_arrives(&mut step, segment),
        Event::Timeout(timer) => timeouts::timeout(&mut step, timer),
        Event::Icmp { error, seq } => icmp::error_arrives(&mut step, error, seq),
        Event::LargestText(octets) => step.tcb.fit_text_to(octets),
    }
    output::send_what_may_be_sent(&mut step);
}

/// Whether an acknowledgment is due when the step ends (§3.8.6.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum AckDue {
    No,
    /// It may wait for company, for up to the delayed-acknowledgment time.
    Soon,
    Now,
}

/// A step in progress.
pub(crate) struct Processing<'s> {
    pub(crate) tcb: &'s mut Tcb,
    pub(crate) context: Context,
    pub(crate) actions: &'s mut Actions,
    pub(crate) ack: AckDue,
    /// The head of the retransmission queue goes again when the step ends, and carries the acknowledgment of all
    /// that the step has taken (MUST-58).
    pub(crate) retransmit: bool,
}

impl Processing<'_> {
    /// Reports that a row of the decision table was used.
    pub(crate) fn fire(&mut self, rule: Rule) {
        self.actions.fire(rule);
    }

    /// Answers the user call.
    pub(crate) fn reply(&mut self, outcome: Outcome) {
        self.actions.push(Action::Reply(outcome));
    }

    /// Refuses the user call.
    pub(crate) fn refuse(&mut self, error: CallError) {
        self.reply(Outcome::Error(error));
    }

    /// Tells the user something unasked.
    pub(crate) fn signal(&mut self, signal: Signal) {
        self.actions.push(Action::Signal(signal));
    }

    /// Asks for an acknowledgment, unless a more urgent one is due already.
    pub(crate) fn acknowledge(&mut self, due: AckDue) {
        self.ack = self.ack.max(due);
    }

    /// Sends a challenge acknowledgment, if the limit allows one (RFC 5961 §7). Returns whether it does.
    pub(crate) fn challenge(&mut self) -> bool {
        if let Some((limit, interval)) = self.tcb.profile.challenge_limit {
            let throttle = &mut self.tcb.throttle;
            if throttle.since.is_none_or(|since| self.context.now.since(since) >= interval) {
                throttle.since = Some(self.context.now);
                throttle.sent = 0;
            }
            if throttle.sent >= limit {
                return false;
            }
            throttle.sent += 1;
        }
        self.acknowledge(AckDue::Now);
        true
    }

    /// Starts a timer, or starts it over.
    pub(crate) fn arm(&mut self, timer: Timer, duration: Duration) {
        self.tcb.timers.insert(timer);
        self.actions.push(Action::Arm(timer, duration));
    }

    /// Stops a timer, if it runs.
    pub(crate) fn stop(&mut self, timer: Timer) {
        if self.tcb.timers.has(timer) {
            self.tcb.timers.remove(timer);
            self.actions.push(Action::Stop(timer));
        }
    }

    /// Stops every timer.
    pub(crate) fn stop_all_timers(&mut self) {
        for timer in Timer::ALL {
            self.stop(timer);
        }
    }

    /// `<SEQ=seq><CTL=RST>`
    pub(crate) fn send_reset(&mut self, seq: SeqNumber) {
        self.transmit(Outgoing { seq, ctl: Control::RST, ..Outgoing::default() });
    }

    /// The reset for a segment that no connection wants (§3.5.2, group 1; §3.10.7.1).
    pub(crate) fn send_reset_for(&mut self, segment: &Segment<'_>) {
        if segment.has(Control::ACK) {
            self.send_reset(segment.ack);
        } else {
            let ctl = Control::RST | Control::ACK;
            self.transmit(Outgoing { ack: segment.end(), ctl, ..Outgoing::default() });
        }
    }

    /// Sends a segment as it is.
    pub(crate) fn transmit(&mut self, segment: Outgoing) {
        self.actions.push(Action::Transmit(segment));
    }

    /// Sends text, controls or nothing at `seq`, with the current acknowledgment and window (§3.10.7.4).
    pub(crate) fn transmit_with_acknowledgment(&mut self, seq: SeqNumber, ctl: Control, text: TextRange) {
        let tcb = &mut *self.tcb;
        let syn = ctl.has(Control::SYN);
        let (wnd, offered) = tcb.window_field(ctl);
        tcb.rcv.acknowledged = tcb.rcv.nxt;
        tcb.rcv.advertised = tcb.rcv.nxt + offered;
        tcb.unacknowledged = 0;
        let urgent = tcb.snd.up.filter(|up| up.gt(seq));
        let segment = Outgoing {
            seq,
            ack: tcb.rcv.nxt,
            ctl: ctl | Control::ACK | if urgent.is_some() { Control::URG } else { Control::NONE },
            wnd,
            up: urgent.map_or(0, |up| u16::try_from(up.since(seq)).unwrap_or(u16::MAX)),
            mss: syn.then_some(tcb.profile.announced_mss),
            window_scale: tcb.rcv.shift.filter(|_| syn),
            sack_permitted: syn && tcb.rcv.sack_permitted,
            sack: if syn { SackBlocks::default() } else { extensions::sack_blocks(tcb, text.len) },
            text,
        };
        self.ack = AckDue::No;
        self.stop(Timer::DelayedAck);
        self.transmit(segment);
    }

    /// Ends the connection: answers queued calls, stops the timers, deletes the record (§3.10.4 to §3.10.8).
    pub(crate) fn close_connection(&mut self, error: CallError) {
        self.fail_receives(error);
        self.stop_all_timers();
        self.tcb.delete();
        self.ack = AckDue::No;
    }

    /// Gives the driver what the user has not read, before an orderly end deletes it (§3.6, §3.9.1.4).
    pub(crate) fn hand_over_unread_text(&mut self) {
        let len = octets(self.tcb.receive_queue.len());
        if len > 0 {
            self.actions.take_from(&mut self.tcb.receive_queue, len as usize);
            self.actions.push(Action::Unread(len));
        }
    }

    /// Enters TIME-WAIT: the time-wait timer runs, no other does (§3.10.7.4, steps 5 and 8).
    pub(crate) fn enter_time_wait(&mut self) {
        self.enter(State::TimeWait);
        self.stop_all_timers();
        let lifetimes = self.tcb.profile.msl.saturating_mul(2);
        self.arm(Timer::TimeWait, lifetimes);
    }

    /// Answers every queued RECEIVE with an error.
    pub(crate) fn fail_receives(&mut self, error: CallError) {
        while self.tcb.receives.pop_front().is_some() {
            self.actions.push(Action::Complete(Outcome::Error(error)));
        }
    }

    /// Goes to another state of the same connection.
    pub(crate) fn enter(&mut self, state: State) {
        self.tcb.state = state;
    }
}
