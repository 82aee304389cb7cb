//! Timers that go off early, late or never, and a retransmission timeout that does not grow.

use std::time::Duration;

use tcpspec_core::State;
use tcpspec_core::event::{Action, Timer};
use tcpspec_core::tcb::KeepAlive;

use super::{Entry, Fault, Hook, Stepped, Steps, listed};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    let each = Timer::ALL.into_iter().flat_map(|timer| {
        let [never, early, late] = alterations(timer);
        let kinds = [("timer-never", never), ("timer-early", early), ("timer-late", late)];
        // These two may go off whenever they like, but not late.
        let free = matches!(timer, Timer::DelayedAck | Timer::SwsOverride);
        kinds.into_iter().filter(move |(kind, _)| !(free && *kind == "timer-early")).map(
            move |(kind, alter)| {
                let name = format!("{kind}/{}", word(timer));
                Fault::new(name, violated(timer), Hook::steps(alter))
            },
        )
    });
    each.chain(listed(LIST, Hook::steps))
}

/// The timer's name without what all names have in common.
fn word(timer: Timer) -> String {
    timer.name().trim_end_matches(" TIMEOUT").to_lowercase().replace(' ', "-")
}

const fn violated(timer: Timer) -> &'static [&'static str] {
    match timer {
        Timer::User => &["R9293-3.10.8-a", "R9293-3.9.1.1-c", "MUST-20", "MUST-23", "SHLD-11"],
        Timer::Retransmission => &["R9293-3.10.8-b", "R9293-3.6-b", "R6298-2.1-a", "R6298-5.1-a", "MUST-18"],
        Timer::Persist => &["MUST-36", "MUST-35", "R9293-3.8.6.1-a", "SHLD-29"],
        Timer::DelayedAck => &["MUST-40"],
        Timer::SwsOverride => &["R9293-3.8.6.2.1-a"],
        Timer::TimeWait => &["MUST-13", "R9293-3.10.8-c"],
        Timer::KeepAlive => &["MUST-24", "MUST-26", "MUST-27"],
    }
}

/// Never, early and late. A timer that is early takes a quarter of its time, one that is late four times.
const fn alterations(timer: Timer) -> [Steps; 3] {
    match timer {
        Timer::User => [|s| never(s, Timer::User), |s| early(s, Timer::User), |s| late(s, Timer::User)],
        Timer::Retransmission => [
            |s| never(s, Timer::Retransmission),
            |s| early(s, Timer::Retransmission),
            |s| late(s, Timer::Retransmission),
        ],
        Timer::Persist => {
            [|s| never(s, Timer::Persist), |s| early(s, Timer::Persist), |s| late(s, Timer::Persist)]
        }
        Timer::DelayedAck => {
            [|s| never(s, Timer::DelayedAck), |s| early(s, Timer::DelayedAck), |s| late(s, Timer::DelayedAck)]
        }
        Timer::SwsOverride => [
            |s| never(s, Timer::SwsOverride),
            |s| early(s, Timer::SwsOverride),
            |s| late(s, Timer::SwsOverride),
        ],
        Timer::TimeWait => {
            [|s| never(s, Timer::TimeWait), |s| early(s, Timer::TimeWait), |s| late(s, Timer::TimeWait)]
        }
        Timer::KeepAlive => {
            [|s| never(s, Timer::KeepAlive), |s| early(s, Timer::KeepAlive), |s| late(s, Timer::KeepAlive)]
        }
    }
}

fn never(step: &mut Stepped<'_>, late: Timer) {
    step.actions.list.retain(|action| !matches!(action, Action::Arm(timer, _) if *timer == late));
}

fn early(step: &mut Stepped<'_>, timer: Timer) {
    last(step, timer, |duration| duration / 4);
}

fn late(step: &mut Stepped<'_>, timer: Timer) {
    last(step, timer, |duration| duration * 4);
}

/// Alters how long a timer runs.
fn last(step: &mut Stepped<'_>, altered: Timer, alter: impl Fn(Duration) -> Duration) {
    for action in &mut step.actions.list {
        if let Action::Arm(timer, duration) = action
            && *timer == altered
        {
            *duration = alter(*duration);
        }
    }
}

static LIST: &[Entry<Steps>] = &[
    ("timeout/never-doubles", &["R6298-5.5-a", "MUST-19", "R9293-3.10.8-b", "SHLD-30"], |step| {
        if step.tcb.retransmission.doublings > 0 {
            step.tcb.retransmission.doublings = 0;
            let timeout = step.tcb.retransmission.timeout(&step.tcb.profile);
            last(step, Timer::Retransmission, |_| timeout);
        }
    }),
    ("timeout/doubles-twice", &["R6298-5.5-a", "MUST-19", "R9293-3.10.8-b", "SHLD-30"], |step| {
        if step.tcb.retransmission.doublings > step.before.retransmission.doublings {
            step.tcb.retransmission.doublings += 1;
            let timeout = step.tcb.retransmission.timeout(&step.tcb.profile);
            last(step, Timer::Retransmission, |_| timeout);
        }
    }),
    ("timeout/once-only", &["R6298-5.6-a", "R9293-3.10.8-b", "R9293-3.6-b"], |step| {
        if step.tcb.retransmission.doublings > 0 {
            never(step, Timer::Retransmission);
        }
    }),
    ("timeout/gives-up-after-three", &["SHLD-11", "MUST-20", "MUST-22", "MUST-23"], |step| {
        if step.tcb.retransmission.doublings > 2 {
            step.vanish();
        }
    }),
    ("timeout/not-started-over-by-an-acknowledgment", &["R6298-5.3-a"], |step| {
        if step.segment().is_some() && step.before.timers.has(Timer::Retransmission) {
            never(step, Timer::Retransmission);
        }
    }),
    ("timeout/not-stopped-by-an-acknowledgment", &["R6298-5.2-a"], |step| {
        // What was acknowledged is sent again when the timer goes off, which was not stopped.
        if step.segment().is_some() && step.before.outstanding() && !step.tcb.outstanding() {
            step.actions.list.retain(|action| *action != Action::Stop(Timer::Retransmission));
            step.tcb.timers = step.before.timers;
        }
    }),
    ("timeout/measures-what-was-sent-twice", &["MUST-18", "R6298-3-a"], |step| {
        if step.tcb.retransmission.timed.is_none() && step.tcb.outstanding() {
            step.tcb.retransmission.timed = step.before.retransmission.timed;
        }
    }),
    ("timeout/not-three-seconds-after-a-lost-syn", &["R6298-5.7-a"], |step| {
        step.tcb.retransmission.syn_timed_out = false;
    }),
    ("timer-early/keep-alive-unasked", &["MUST-25", "MUST-28"], |step| {
        // As if the user of every connection had asked for them, each hour.
        if step.before.state != step.tcb.state && step.tcb.state == State::SynReceived {
            step.tcb.keep_alive = Some(KeepAlive { interval: Duration::from_secs(3600), unanswered: 0 });
        }
    }),
    ("timer-late/time-wait-by-one-lifetime", &["MUST-13", "R9293-3.10.8-c"], |step| {
        last(step, Timer::TimeWait, |duration| duration / 2 * 3);
    }),
    ("timer-early/time-wait-after-one-lifetime", &["MUST-13", "R9293-3.10.8-c"], |step| {
        last(step, Timer::TimeWait, |duration| duration / 2);
    }),
    ("timer-late/delayed-ack-at-half-a-second", &["MUST-40"], |step| {
        last(step, Timer::DelayedAck, |_| Duration::from_millis(500));
    }),
    ("timer-early/user-after-a-minute", &["MUST-23", "SHLD-11", "R9293-3.9.1.1-c"], |step| {
        last(step, Timer::User, |_| Duration::from_secs(60));
    }),
];
