//! Fourth, check the SYN bit (RFC 9293 §3.10.7.4 step 4, §3.6.1 MAY-2; RFC 5961 §4; RFC 6191 §2).

use super::Idealized;
use super::second_reset::{return_to_listen, return_to_time_wait};
use crate::calls;
use crate::event::{CallError, Signal};
use crate::output;
use crate::processing::Processing;
use crate::profile::TimeWaitReuse;
use crate::rule::Rule;
use crate::segment::{Control, Segment, TextRange};
use crate::segment_arrives::{Check, take_options_of_syn};
use crate::state::State;
use crate::tcb::{Origin, Tcb};

/// A SYN inside the window, or anywhere where RFC 5961 §4 governs. Otherwise one that the first check cut off counts
/// no more.
pub(super) fn fourth_check_syn(
    step: &mut Processing<'_>,
    segment: &Segment<'_>,
    idealized: &Idealized<'_>,
) -> Check {
    if !idealized.ctl.has(Control::SYN) && !is_challenged_anywhere(step.tcb, segment) {
        return Check::Passed;
    }
    match (step.tcb.state, step.tcb.origin) {
        (State::SynReceived, Origin::Passive) => {
            step.fire(Rule::Syn1);
            return_to_listen(step);
        }
        (State::SynReceived, Origin::TimeWait) => {
            step.fire(Rule::Syn1);
            return_to_time_wait(step);
        }
        (state, _) => {
            step.fire(match state {
                State::SynReceived => Rule::Syn2,
                State::TimeWait => Rule::Syn12,
                _ => Rule::Syn3,
            });
            challenge_or_reset(step, segment, state);
        }
    }
    Check::Done
}

/// RFC 5961 §4 wants a SYN challenged whatever its sequence number, so trimming must not hide it. Not meant is the SYN
/// of a simultaneous open that comes again (V-4).
fn is_challenged_anywhere(tcb: &Tcb, segment: &Segment<'_>) -> bool {
    let governed = match tcb.state {
        State::SynReceived => tcb.origin == Origin::Active && segment.seq != tcb.rcv.irs,
        state => state.is_synchronized(),
    };
    tcb.profile.challenge_syns && governed && segment.has(Control::SYN)
}

fn challenge_or_reset(step: &mut Processing<'_>, segment: &Segment<'_>, state: State) {
    if step.tcb.profile.challenge_syns {
        if !step.challenge() {
            step.fire(Rule::Syn6);
        }
        return;
    }
    // The original rule of RFC 793: an error, to be reset. The text names no form for the RST (V-41).
    if state.is_synchronized() {
        step.fire(Rule::Syn4);
    }
    step.close_connection(CallError::ConnectionReset);
    step.send_reset_for(segment);
    step.signal(Signal::ConnectionReset);
}

/// Early reuse of a pair of sockets, if the profile asks for it (MAY-2).
///
/// Without timestamps the test is RFC 6191's: above the number of the old FIN. It comes before the sequence check,
/// which would answer a SYN beyond the window (the decision table's row SYN-11).
pub(super) fn reopen_from_time_wait(step: &mut Processing<'_>, segment: &Segment<'_>) -> Check {
    let reuse = step.tcb.profile.time_wait_reuse == TimeWaitReuse::HigherSequenceNumber;
    if step.tcb.state != State::TimeWait || !segment.is_request() || !reuse {
        return Check::Passed;
    }
    if segment.seq.lt(step.tcb.rcv.nxt) {
        step.fire(Rule::Syn12);
        return Check::Passed;
    }
    step.fire(Rule::Syn11);
    step.stop_all_timers();
    step.hand_over_unread_text();
    let old = (step.tcb.snd, step.tcb.rcv);
    // Above every number that the old incarnation used (MAY-2 (1)).
    step.context.iss = step.context.iss.later(old.0.nxt + 1);
    let user_timeout = step.tcb.user_timeout;
    step.tcb.delete();
    step.tcb.user_timeout = user_timeout;
    step.tcb.origin = Origin::TimeWait;
    calls::begin_incarnation(step);
    take_options_of_syn(step, segment);
    step.tcb.reopened = Some(old);
    step.tcb.rcv.irs = segment.seq;
    step.tcb.rcv.nxt = segment.seq + 1;
    step.enter(State::SynReceived);
    output::send_new(step, Control::SYN, TextRange::default());
    Check::Done
}
