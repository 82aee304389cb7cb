//! Faults of habit: haste and patience in the wrong place, and what IP brings besides the segment.

use std::time::Duration;

use tcpspec_core::event::{Action, Call, Timer};
use tcpspec_core::tcb::KeepAlive;
use tcpspec_core::{Control, Event, Outgoing, State};

use super::{Arrives, Chooses, Enters, Entry, Fate, Fault, Hook, Steps, listed};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    listed(CHOICES, Hook::Chooses)
        .chain(listed(STEPS, Hook::steps))
        .chain(listed(SEGMENTS, Hook::Arrives))
        .chain(listed(PACKETS, Hook::Enters))
}

static CHOICES: &[Entry<Chooses>] = &[
    ("silly-window/filled-at-once", &["MUST-38", "R9293-3.8.6.2.1-a"], |profile| {
        profile.sws_override = Duration::ZERO;
    }),
    ("silly-window/never-filled", &["MUST-60", "R9293-3.8.6.2.1-a"], |profile| {
        profile.sws_override = Duration::from_secs(3600);
    }),
    (
        "timeout/never-learns",
        &["MUST-18", "R9293-3.8.1-a", "R6298-1-a", "R6298-2.2-a", "R6298-2.3-a", "R6298-2.3-b", "R6298-3-b"],
        |profile| profile.measure_round_trips = false,
    ),
];

static STEPS: &[Entry<Steps>] = &[
    ("send/small-text-waits-for-more", &["MUST-60"], |step| {
        let small = |action: &Action| matches!(action, Action::Transmit(segment) if (1..100).contains(&segment.text.len));
        step.actions.list.retain(|action| !small(action));
    }),
    ("urgent/mark-on-the-last-segment-only", &["MUST-31", "MUST-62"], |step| {
        step.each_segment(|segment| {
            if u32::from(segment.up) > segment.text.len {
                segment.ctl = segment.ctl.without(Control::URG);
            }
        });
    }),
    ("timeout/of-the-user-without-text", &["MUST-21", "R9293-3.9.1.1-c", "MUST-37"], |step| {
        let since_opening = !step.before.outstanding() && step.tcb.outstanding();
        if step.before.timers.has(Timer::User) && !since_opening {
            step.actions
                .list
                .retain(|action| !matches!(action, Action::Stop(Timer::User) | Action::Arm(Timer::User, _)));
            if step.tcb.state.is_synchronized() {
                step.tcb.timers = step.before.timers;
            }
        }
    }),
    (
        "timeout/of-the-user-begins-anew-with-each-send",
        &["MUST-21", "R9293-3.9.1.1-c", "R9293-3.10.8-a"],
        |step| {
            let waiting = step.before.timers.has(Timer::User) && step.tcb.state.is_synchronized();
            if let (true, Event::Call(Call::Send { .. }), Some(timeout)) =
                (waiting, step.event, step.tcb.profile.user_timeout)
            {
                step.actions.list.push(Action::Arm(Timer::User, timeout));
            }
        },
    ),
    ("keep-alive/traffic-does-not-put-it-off", &["MUST-26"], |step| {
        if step.segment().is_some() && step.before.timers.has(Timer::KeepAlive) {
            // It goes on running as it did.
            let restarts = |action: &Action| {
                matches!(action, Action::Arm(Timer::KeepAlive, _) | Action::Stop(Timer::KeepAlive))
            };
            step.actions.list.retain(|action| !restarts(action));
        }
    }),
    ("keep-alive/sent-when-the-user-sets-it", &["MUST-25", "MUST-26"], |step| {
        if let Event::Call(Call::KeepAlive { .. }) = step.event {
            let acknowledgment = step.acknowledgment();
            step.send(Outgoing { seq: acknowledgment.seq - 1, ..acknowledgment });
        }
    }),
    ("window/asked-for-with-each-send", &["SHLD-29", "SHLD-30"], |step| {
        if let Event::Call(Call::Send { .. }) = step.event
            && step.tcb.snd.wnd == 0
            && step.tcb.state.is_synchronized()
        {
            let acknowledgment = step.acknowledgment();
            step.send(Outgoing { seq: acknowledgment.seq - 1, ..acknowledgment });
        }
    }),
    ("keep-alive/unasked", &["MUST-25"], |step| {
        if step.tcb.state == State::Established {
            let interval = Duration::from_secs(7200);
            step.tcb.keep_alive.get_or_insert(KeepAlive { interval, unanswered: 0 });
        }
    }),
];

static SEGMENTS: &[Entry<Arrives>] =
    &[("urgent/refused-with-a-closed-window", &["MUST-66", "R9293-3.10.7.4-f"], |tcb, segment| {
        let refused = segment.ctl.has(Control::URG) && tcb.rcv.wnd == 0 && tcb.state.is_synchronized();
        if refused { Fate::Lost } else { Fate::Seen }
    })];

static PACKETS: &[Entry<Enters>] = &[
    ("ip/options-refuse-the-packet", &["MUST-50"], |_, packet| {
        if packet.first().is_some_and(|first| *first > 0x45 && *first < 0x50) {
            packet.clear();
        }
    }),
    ("icmp/stops-the-stack", &["MUST-54", "MUST-55", "MUST-56"], |memory, packet| {
        memory.stopped |= packet.get(9) == Some(&1);
        if memory.stopped {
            packet.clear();
        }
    }),
];
