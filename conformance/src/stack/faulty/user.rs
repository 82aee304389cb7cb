//! Faults between the connection and its user: octets lost or made up, ends that are mistaken for others, errors
//! swallowed.

use super::{Answers, CallOutcome, Calls, Entry, Fault, Hook, UserCall, listed};
use crate::stack::{CallFailure, Knob};

pub(super) fn faults() -> impl Iterator<Item = Fault> {
    listed(LIST, Hook::Answers).chain(listed(CALLS, Hook::Calls))
}

/// Answers something else to one kind of outcome of RECEIVE.
fn on_receive(call: &UserCall<'_>, outcome: CallOutcome, from: &CallOutcome, to: CallOutcome) -> CallOutcome {
    if matches!(call, UserCall::Receive { .. }) && outcome == *from { to } else { outcome }
}

const RESET: CallOutcome = CallOutcome::Error(CallFailure::Reset);
const REFUSED: CallOutcome = CallOutcome::Error(CallFailure::Refused);
const TIMED_OUT: CallOutcome = CallOutcome::Error(CallFailure::TimedOut);
const CLOSING: CallOutcome = CallOutcome::Error(CallFailure::Closing);
const NO_CONNECTION: CallOutcome = CallOutcome::Error(CallFailure::NoConnection);

static LIST: &[Entry<Answers>] =
    &[
        ("user/first-octet-lost", &["R9293-3.6-a", "R9293-3.10-a"], |_, outcome| match outcome {
            CallOutcome::Received(mut octets) if octets.len() > 1 => {
                octets.remove(0);
                CallOutcome::Received(octets)
            }
            other => other,
        }),
        ("user/last-octet-lost", &["R9293-3.6-a", "R9293-3.10-a"], |_, outcome| match outcome {
            CallOutcome::Received(mut octets) if octets.len() > 1 => {
                octets.pop();
                CallOutcome::Received(octets)
            }
            other => other,
        }),
        ("user/first-octet-twice", &["R9293-3.6-a", "R9293-3.10-a"], |_, outcome| match outcome {
            CallOutcome::Received(mut octets) => {
                octets.insert(0, octets[0]);
                CallOutcome::Received(octets)
            }
            other => other,
        }),
        ("user/octets-in-the-wrong-order", &["R9293-3.6-a", "R9293-3.10-a"], |_, outcome| match outcome {
            CallOutcome::Received(mut octets) => {
                octets.reverse();
                CallOutcome::Received(octets)
            }
            other => other,
        }),
        ("user/octets-lost", &["R9293-3.6-a", "R9293-3.10-a"], |_, outcome| match outcome {
            CallOutcome::Received(_) => CallOutcome::WouldBlock,
            other => other,
        }),
        ("user/end-instead-of-text", &["R9293-3.6-a", "MUST-12"], |_, outcome| match outcome {
            CallOutcome::Received(_) => CallOutcome::EndOfStream,
            other => other,
        }),
        ("user/end-early", &["MUST-12", "R9293-3.6-d"], |call, outcome| {
            on_receive(call, outcome, &CallOutcome::WouldBlock, CallOutcome::EndOfStream)
        }),
        ("user/end-never", &["MUST-12", "R9293-3.6-d"], |call, outcome| {
            on_receive(call, outcome, &CallOutcome::EndOfStream, CallOutcome::WouldBlock)
        }),
        ("user/end-reported-as-reset", &["MUST-12", "R9293-3.6-d"], |call, outcome| {
            on_receive(call, outcome, &CallOutcome::EndOfStream, RESET)
        }),
        ("user/end-reported-as-error", &["MUST-12", "R9293-3.6-d"], |call, outcome| {
            on_receive(call, outcome, &CallOutcome::EndOfStream, NO_CONNECTION)
        }),
        ("user/reset-reported-as-end", &["MUST-12", "R9293-3.5.3-b"], |call, outcome| {
            on_receive(call, outcome, &RESET, CallOutcome::EndOfStream)
        }),
        ("user/reset-swallowed", &["MUST-12", "R9293-3.5.3-b"], |call, outcome| {
            on_receive(call, outcome, &RESET, CallOutcome::WouldBlock)
        }),
        ("user/reset-reported-as-no-connection", &["MUST-12", "R9293-3.5.3-b"], |_, outcome| {
            if outcome == RESET { NO_CONNECTION } else { outcome }
        }),
        ("user/reset-reported-as-refusal", &["MUST-12", "R9293-3.5.3-b"], |_, outcome| {
            if outcome == RESET { REFUSED } else { outcome }
        }),
        ("user/refusal-swallowed", &["MUST-12", "R9293-3.5.3-b"], |call, outcome| {
            on_receive(call, outcome, &REFUSED, CallOutcome::WouldBlock)
        }),
        ("user/refusal-reported-as-end", &["MUST-12", "R9293-3.5.3-b"], |call, outcome| {
            on_receive(call, outcome, &REFUSED, CallOutcome::EndOfStream)
        }),
        ("user/timeout-swallowed", &["R9293-3.10.8-a"], |call, outcome| {
            on_receive(call, outcome, &TIMED_OUT, CallOutcome::WouldBlock)
        }),
        ("user/timeout-reported-as-end", &["R9293-3.10.8-a", "MUST-12"], |call, outcome| {
            on_receive(call, outcome, &TIMED_OUT, CallOutcome::EndOfStream)
        }),
        ("user/send-after-close", &["R9293-3.6-c"], |call, outcome| match call {
            UserCall::Send { text, .. } if outcome == CLOSING => CallOutcome::Sent(text.len()),
            _ => outcome,
        }),
        ("user/send-without-connection", &["R9293-3.9.1.2-a"], |call, outcome| match call {
            UserCall::Send { text, .. } if outcome == NO_CONNECTION => CallOutcome::Sent(text.len()),
            _ => outcome,
        }),
        ("user/send-after-a-reset", &["R9293-3.5.3-b", "MUST-12", "R9293-3.9.1.2-a"], |call, outcome| {
            match call {
                UserCall::Send { text, .. } if outcome == RESET => CallOutcome::Sent(text.len()),
                _ => outcome,
            }
        }),
        ("user/send-on-a-listener", &["R9293-3.9.1.2-c"], |call, outcome| match (call, &outcome) {
            (UserCall::Send { text, .. }, CallOutcome::Error(_)) => CallOutcome::Sent(text.len()),
            _ => outcome,
        }),
        ("user/send-says-more-than-it-took", &["R9293-3.6-b", "R9293-3.9.1.2-e"], |call, outcome| {
            match (call, &outcome) {
                (UserCall::Send { text, .. }, CallOutcome::Sent(taken)) if *taken < text.len() => {
                    CallOutcome::Sent(text.len())
                }
                (UserCall::Send { text, .. }, CallOutcome::WouldBlock) => CallOutcome::Sent(text.len()),
                _ => outcome,
            }
        }),
        ("user/send-says-less-than-it-took", &["R9293-3.9.1.2-e"], |_, outcome| match outcome {
            CallOutcome::Sent(taken) if taken > 1 => CallOutcome::Sent(taken - 1),
            other => other,
        }),
        ("user/open-twice", &["R9293-3.10.1-a"], |call, outcome| match (call, &outcome) {
            (UserCall::Connect { .. }, CallOutcome::Error(_)) => CallOutcome::Ok,
            _ => outcome,
        }),
        ("user/open-fails", &["R9293-3.10.1-a"], |call, outcome| match call {
            UserCall::Connect { .. } => NO_CONNECTION,
            _ => outcome,
        }),
        ("user/listen-fails", &["MUST-42"], |call, outcome| match call {
            UserCall::Listen { .. } => NO_CONNECTION,
            _ => outcome,
        }),
        ("user/accept-never", &["R9293-3.10.7.4-n", "MUST-41"], |call, outcome| match call {
            UserCall::Accept { .. } => CallOutcome::WouldBlock,
            _ => outcome,
        }),
        ("user/close-fails", &["R9293-3.9.1.4-a"], |call, outcome| match call {
            UserCall::Close { .. } => CLOSING,
            _ => outcome,
        }),
        ("user/close-without-connection", &["R9293-3.10.4-c", "R9293-3.10.4-a"], |call, outcome| {
            match (call, &outcome) {
                (UserCall::Close { .. }, told) if *told == NO_CONNECTION => CallOutcome::Ok,
                _ => outcome,
            }
        }),
        ("user/abort-fails", &["R9293-3.9.1.6-a"], |call, outcome| match call {
            UserCall::Abort { .. } => CLOSING,
            _ => outcome,
        }),
        ("user/abort-without-connection", &["R9293-3.9.1.6-a"], |call, outcome| match (call, &outcome) {
            (UserCall::Abort { .. }, CallOutcome::Error(_)) => CallOutcome::Ok,
            _ => outcome,
        }),
    ];

/// Calls that do something else.
static CALLS: &[Entry<Calls>] = &[
    ("call/second-passive-open-ends-the-first", &["MUST-41", "MUST-42"], |stack, memory, call| {
        if let UserCall::Listen { .. } = call {
            // Whatever the first one holds goes with it.
            for listener in memory.listeners.drain(..) {
                stack.call(UserCall::Close { socket: listener });
            }
        }
        let outcome = stack.call(*call);
        if let (UserCall::Listen { .. }, CallOutcome::Opened(listener)) = (call, &outcome) {
            memory.listeners.push(*listener);
        }
        outcome
    }),
    ("call/second-passive-open-ends-both", &["MUST-41", "MUST-42"], |stack, memory, call| {
        let outcome = stack.call(*call);
        match (call, &outcome) {
            (UserCall::Listen { .. }, CallOutcome::Opened(listener)) => memory.listeners.push(*listener),
            (UserCall::Listen { .. }, _) => {
                for listener in memory.listeners.drain(..) {
                    stack.call(UserCall::Close { socket: listener });
                }
            }
            _ => {}
        }
        outcome
    }),
    (
        "call/close-ignored",
        &["R9293-3.10.4-c", "R9293-3.9.1.4-a", "R9293-3.6-b"],
        |stack, _, call| match call {
            UserCall::Close { .. } => CallOutcome::Ok,
            _ => stack.call(*call),
        },
    ),
    ("call/abort-ignored", &["R9293-3.9.1.6-a"], |stack, _, call| match call {
        UserCall::Abort { .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/close-aborts", &["R9293-3.9.1.4-a", "R9293-3.6-b", "R9293-3.6-a"], |stack, _, call| match *call {
        UserCall::Close { socket } => stack.call(UserCall::Abort { socket }),
        other => stack.call(other),
    }),
    ("call/abort-closes", &["R9293-3.9.1.6-a"], |stack, _, call| match *call {
        UserCall::Abort { socket } => stack.call(UserCall::Close { socket }),
        other => stack.call(other),
    }),
    ("call/urgent-text-sent-as-any-other", &["MUST-30", "R9293-3.9.1.2-d"], |stack, _, call| match *call {
        UserCall::Send { socket, text, urgent: _ } => {
            stack.call(UserCall::Send { socket, text, urgent: false })
        }
        other => stack.call(other),
    }),
    ("call/traffic-class-ignored", &["MUST-48", "SHLD-21", "SHLD-22"], |stack, _, call| match call {
        UserCall::Set { knob: Knob::TrafficClass(_), .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/traffic-class-cut-short", &["SHLD-22"], |stack, _, call| match *call {
        UserCall::Set { socket, knob: Knob::TrafficClass(class) } => {
            stack.call(UserCall::Set { socket, knob: Knob::TrafficClass(class & 0b11_1000) })
        }
        other => stack.call(other),
    }),
    ("call/nagle-cannot-be-switched", &["MUST-17"], |stack, _, call| match call {
        UserCall::Set { knob: Knob::Nagle(_), .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/user-timeout-cannot-be-set", &["MUST-21", "R9293-3.9.1.1-c"], |stack, _, call| match call {
        UserCall::Set { knob: Knob::UserTimeout(_), .. } => CallOutcome::Ok,
        _ => stack.call(*call),
    }),
    ("call/open-to-any-address", &["MUST-46"], |stack, memory, call| match *call {
        UserCall::Connect { port, mut remote, route } => {
            remote.set_ip(memory.peer);
            stack.call(UserCall::Connect { port, remote, route })
        }
        other => stack.call(other),
    }),
];
