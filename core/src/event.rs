//! What can happen to a connection and what it answers: events in, actions out (RFC 9293 §3.10).

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::rule::{Rule, RuleSet};
use crate::segment::{Outgoing, Segment};
use crate::seq::SeqNumber;
use crate::state::State;

/// One of the three kinds of events of RFC 9293 §3.10, or news from the layer below (§3.9.2). Borrows its text from the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// A user call (§3.10.1 to §3.10.6).
    Call(Call<'a>),
    /// SEGMENT ARRIVES (§3.10.7).
    SegmentArrives(&'a Segment<'a>),
    /// A timer went off (§3.10.8). One that is not armed is ignored.
    Timeout(Timer),
    /// An ICMP error message came that quotes a segment of this connection (§3.9.2.2).
    Icmp {
        /// What it says.
        error: IcmpError,
        /// SEG.SEQ of the segment that it quotes.
        seq: SeqNumber,
    },
    /// IP carries at most so many octets of text in a segment from now on: its options have come or gone, which count
    /// (§3.7.1, MUST-16).
    LargestText(u16),
}

/// What an ICMP error message says of a segment (§3.9.2.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IcmpError {
    /// It was not delivered, which may pass: network or host unreachable, time exceeded, a parameter that is wrong.
    Soft,
    /// It can never be delivered: protocol or port unreachable.
    Hard,
    /// Source Quench, which nobody heeds any more (MUST-55).
    SourceQuench,
}

/// The remote socket that an OPEN names, as far as the connection needs to know (§3.9.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Remote {
    /// None, or only half of one: good enough for a passive OPEN.
    Unspecified,
    /// Address and port are both given.
    Specified,
    /// A broadcast, multicast or otherwise unusable address (MUST-46).
    Invalid,
}

/// User calls (§3.9.1, §3.10.1 to §3.10.6).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call<'a> {
    /// OPEN without `active`: wait for a connection request.
    OpenPassive {
        /// How much of the remote socket is given.
        remote: Remote,
    },
    /// OPEN with `active`: ask for a connection.
    OpenActive {
        /// How much of the remote socket is given.
        remote: Remote,
    },
    /// SEND.
    Send {
        /// The octets to send.
        text: &'a [u8],
        /// PUSH flag (MAY-15).
        push: bool,
        /// URGENT flag (§3.8.5).
        urgent: bool,
        /// A new user timeout for the connection (§3.9.1.2).
        timeout: Option<Duration>,
        /// For a SEND on a listening connection: how much of the remote socket is known.
        remote: Remote,
    },
    /// RECEIVE of at most `max` octets, answered as soon as one is there.
    Receive {
        /// Size of the user's buffer in octets.
        max: u32,
    },
    /// CLOSE: no more to send; receiving goes on until the peer closes too.
    Close,
    /// ABORT.
    Abort,
    /// STATUS.
    Status,
    /// Keep-alives: probe a connection on which nothing arrives for `interval`, or do not (§3.8.4, MUST-24, MUST-27).
    KeepAlive {
        /// At least two hours, unless the user knows better (MUST-28); none: no probes, as at first (MUST-25).
        interval: Option<Duration>,
    },
    /// Nagle's algorithm: short segments wait while others are unacknowledged, or do not (§3.7.4, MUST-17). Text that
    /// waited for it leaves with this call.
    Nagle {
        /// Whether they wait.
        on: bool,
    },
}

/// Timers, by name. The driver owns their deadlines; the connection knows only which are armed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// The user timeout: text or control stays undelivered for too long (§3.10.8).
    User,
    /// The head of the retransmission queue has gone unacknowledged for one RTO (§3.10.8, RFC 6298 §5).
    Retransmission,
    /// The peer's window is closed and must be probed (§3.8.6.1).
    Persist,
    /// An acknowledgment has been held back for as long as it may be (§3.8.6.3).
    DelayedAck,
    /// A short segment has been held back for as long as it may be (§3.8.6.2.1).
    SwsOverride,
    /// Two maximum segment lifetimes have passed in TIME-WAIT (§3.10.8).
    TimeWait,
    /// Nothing has arrived for as long as the user lets a connection be idle (§3.8.4).
    KeepAlive,
}

impl Timer {
    /// All timers.
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Retransmission,
        Self::Persist,
        Self::DelayedAck,
        Self::SwsOverride,
        Self::TimeWait,
        Self::KeepAlive,
    ];

    /// The timer's name as traces print it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "USER TIMEOUT",
            Self::Retransmission => "RETRANSMISSION TIMEOUT",
            Self::Persist => "PERSIST TIMEOUT",
            Self::DelayedAck => "DELAYED-ACK TIMEOUT",
            Self::SwsOverride => "SWS-OVERRIDE TIMEOUT",
            Self::TimeWait => "TIME-WAIT TIMEOUT",
            Self::KeepAlive => "KEEP-ALIVE TIMEOUT",
        }
    }
}

/// The set of armed timers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimerSet(u8);

impl TimerSet {
    /// Whether `timer` is in the set.
    #[must_use]
    pub const fn has(self, timer: Timer) -> bool {
        self.0 & (1 << timer as u8) != 0
    }

    /// Whether no timer is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The timers of the set.
    pub fn iter(self) -> impl Iterator<Item = Timer> {
        Timer::ALL.into_iter().filter(move |&timer| self.has(timer))
    }

    pub(crate) const fn insert(&mut self, timer: Timer) {
        self.0 |= 1 << timer as u8;
    }

    pub(crate) const fn remove(&mut self, timer: Timer) {
        self.0 &= !(1 << timer as u8);
    }
}

impl fmt::Debug for TimerSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What a connection asks of its driver.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Send this segment now.
    Transmit(Outgoing),
    /// Start the timer, or start it over.
    Arm(Timer, Duration),
    /// Stop the timer.
    Stop(Timer),
    /// Tell the user, unasked.
    Signal(Signal),
    /// Answer the call that this step made.
    Reply(Outcome),
    /// Answer the oldest RECEIVE that was queued earlier.
    Complete(Outcome),
    /// The record goes, in good order, with so many octets that the user has not read; they are in
    /// [`Actions::octets`] and still the user's (§3.9.1.4).
    Unread(u32),
}

/// What the user is told without having asked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Signal {
    /// The connection is open.
    Established,
    /// Urgent text is ahead (§3.8.5, MUST-32).
    UrgentText,
    /// The urgent text has been read (§3.8.5).
    UrgentTextEnds,
    /// "connection closing": the peer's FIN arrived (§3.10.7.4, step 8).
    ConnectionClosing,
    /// "connection reset" (§3.10.7.4, step 2).
    ConnectionReset,
    /// "connection refused" (§3.10.7.4, step 2).
    ConnectionRefused,
    /// "connection aborted due to user timeout" (§3.10.8).
    UserTimeout,
    /// A segment was not delivered, which may pass (§3.9.1.8, MUST-47, SHLD-25).
    DeliveryTrouble,
    /// The connection was aborted because nothing can be delivered (§3.9.2.2, SHLD-26).
    DestinationUnreachable,
}

impl Signal {
    /// The RFC's words for it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Established => "connection open",
            Self::UrgentText => "urgent data",
            Self::UrgentTextEnds => "end of urgent data",
            Self::ConnectionClosing => "connection closing",
            Self::ConnectionReset => "connection reset",
            Self::ConnectionRefused => "connection refused",
            Self::UserTimeout => "connection aborted due to user timeout",
            Self::DeliveryTrouble => "delivery trouble",
            Self::DestinationUnreachable => "destination unreachable",
        }
    }
}

/// The answer to a user call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Outcome {
    /// Done, or under way.
    Ok,
    /// A RECEIVE that waits for text; [`Action::Complete`] answers it.
    Queued,
    /// Octets for the user, in [`Actions::octets`].
    Received {
        /// Number of octets.
        len: u32,
        /// The last octet carried a PUSH (MAY-17).
        push: bool,
        /// More urgent text follows (§3.10.3).
        urgent: bool,
    },
    /// STATUS.
    Status(State),
    /// The call was refused.
    Error(CallError),
}

/// Why a call was refused, in the words of RFC 9293 §3.10.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CallError {
    /// "connection does not exist"
    DoesNotExist,
    /// "connection already exists"
    AlreadyExists,
    /// "remote socket unspecified"
    RemoteSocketUnspecified,
    /// The remote address can never be a connection's other end (MUST-46).
    RemoteSocketInvalid,
    /// "insufficient resources"
    InsufficientResources,
    /// "connection closing"
    ConnectionClosing,
    /// "connection reset"
    ConnectionReset,
    /// "connection refused"
    ConnectionRefused,
    /// "connection aborted due to user timeout"
    UserTimeout,
    /// ICMP reported that nothing can be delivered.
    DestinationUnreachable,
}

impl CallError {
    /// The RFC's words for it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::DoesNotExist => "connection does not exist",
            Self::AlreadyExists => "connection already exists",
            Self::RemoteSocketUnspecified => "remote socket unspecified",
            Self::RemoteSocketInvalid => "remote socket invalid",
            Self::InsufficientResources => "insufficient resources",
            Self::ConnectionClosing => "connection closing",
            Self::ConnectionReset => "connection reset",
            Self::ConnectionRefused => "connection refused",
            Self::UserTimeout => "connection aborted due to user timeout",
            Self::DestinationUnreachable => "destination unreachable",
        }
    }
}

/// The sink of one step. Reuse it: cleared, it keeps its memory, and a steady-state step allocates nothing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Actions {
    /// What to do, in order.
    pub list: Vec<Action>,
    /// Octets for the user, in the order of the [`Outcome::Received`] that mention them.
    pub octets: Vec<u8>,
    /// The rows of the decision table that the step used.
    pub rules: RuleSet,
}

impl Actions {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        let Self { list, octets, rules } = self;
        list.clear();
        octets.clear();
        *rules = RuleSet::default();
    }

    /// The segments to send, in order.
    pub fn segments(&self) -> impl Iterator<Item = &Outgoing> {
        self.list.iter().filter_map(|action| match action {
            Action::Transmit(segment) => Some(segment),
            _ => None,
        })
    }

    /// The answer to the call that the step made, if it made one.
    #[must_use]
    pub fn reply(&self) -> Option<Outcome> {
        self.list.iter().find_map(|action| match action {
            Action::Reply(outcome) => Some(*outcome),
            _ => None,
        })
    }

    /// What the user is told unasked, in order.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        self.list.iter().filter_map(|action| match action {
            Action::Signal(signal) => Some(*signal),
            _ => None,
        })
    }

    /// Moves the first `len` octets of a queue to the user, slice by slice: octet by octet would take most of a step.
    pub(crate) fn take_from(&mut self, queue: &mut VecDeque<u8>, len: usize) {
        let (front, back) = queue.as_slices();
        let in_front = len.min(front.len());
        self.octets.extend_from_slice(&front[..in_front]);
        self.octets.extend_from_slice(&back[..len - in_front]);
        queue.drain(..len);
    }

    pub(crate) fn push(&mut self, action: Action) {
        self.list.push(action);
    }

    pub(crate) fn fire(&mut self, rule: Rule) {
        self.rules.insert(rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_set_of_timers_names_those_that_run() {
        let mut set = TimerSet::default();
        assert!(set.is_empty());
        set.insert(Timer::User);
        set.insert(Timer::TimeWait);
        assert_eq!(format!("{set:?}"), "{User, TimeWait}");
        set.remove(Timer::User);
        assert!(set.has(Timer::TimeWait));
        assert!(!set.has(Timer::User));
        assert!(!set.is_empty());
    }
}
