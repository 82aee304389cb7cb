//! Differences that the standard leaves room for: `docs/variations.md` as data, as far as two runs can differ by it.
//!
//! A row says in which situation its variation may be at work. It excuses nothing: the monitor and the scenario have
//! already accepted both runs. It says why both are right, and a difference that no row explains is shown as such.

use std::time::Duration;

use tcpspec_core::{Control, State};

use super::Which;
use super::difference::Kind;
use super::situation::Situation;
use super::turn::{Arrival, DELAY};
use crate::scenario::ScenarioCall;
use crate::stack::Choice;

/// The longest that a sender waits with a small segment (RFC 9293 §3.8.6.2.1).
const MOST_OVERRIDE: Duration = Duration::from_secs(1);

/// Something that the standard leaves open.
#[derive(Debug)]
pub struct Variation {
    /// Its id in `docs/variations.md`.
    pub id: &'static str,
    /// What is left open, in a few words.
    pub what: &'static str,
    /// The clause that leaves it open.
    pub clause: &'static str,
    /// Two stacks that decide otherwise have connections in different states from then on.
    pub splits: bool,
    explains: fn(&Situation<'_>) -> bool,
}

impl PartialEq for Variation {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Variation {}

const fn stays(
    id: &'static str,
    clause: &'static str,
    what: &'static str,
    explains: fn(&Situation<'_>) -> bool,
) -> Variation {
    Variation { id, what, clause, splits: false, explains }
}

const fn splits(
    id: &'static str,
    clause: &'static str,
    what: &'static str,
    explains: fn(&Situation<'_>) -> bool,
) -> Variation {
    Variation { id, what, clause, splits: true, explains }
}

/// All of them; the first that fits is named.
pub static VARIATIONS: &[Variation] = &[
    stays("V-28", "RFC 9293 §3.8.6.3", "an acknowledgment may wait for half a second", |at| {
        matches!(at.kind, Kind::Acknowledged(_)) && at.caught_up.is_some_and(|late| late <= DELAY)
    }),
    stays("V-28", "RFC 9293 §3.8.6.2.2", "how much window is offered is the receiver's affair", |at| {
        at.arrives(|it| it.len > 0) && at.beyond_one_offer()
    }),
    stays("V-28", "RFC 9293 §3.7", "how text is cut, and when it leaves, is the sender's affair", |at| {
        matches!(at.kind, Kind::Text(_)) && at.caught_up.is_some()
    }),
    stays(
        "V-57",
        "RFC 9293 §3.8.6.2.1",
        "a small segment may wait for an acknowledgment, or a second",
        |at| matches!(at.kind, Kind::Text(_)) && at.caught_up.is_none() && at.time_left <= MOST_OVERRIDE,
    ),
    stays("V-31", "RFC 9293 §3.10.4", "the FIN leaves at CLOSE, or when what is before it has left", |at| {
        matches!(at.kind, Kind::Fin(_)) && at.caught_up.is_some()
    }),
    splits("V-58", "RFC 9293 §3.9.2.2", "an ICMP error may end a connection or be passed on", |at| {
        at.icmp()
    }),
    splits(
        "V-13",
        "RFC 5961 §3.2",
        "a reset in the window that is not at RCV.NXT is challenged, or resets",
        |at| at.arrives(|it| it.has(Control::RST) && it.begins_inside()) && at.state != Some(State::TimeWait),
    ),
    splits("V-10", "RFC 1337 §3", "a reset ends TIME-WAIT, or does not", |at| {
        at.state == Some(State::TimeWait) && at.arrives(|it| it.has(Control::RST))
    }),
    splits("V-15", "RFC 9293 §3.6.1", "a SYN in TIME-WAIT is challenged, or opens a new incarnation", |at| {
        at.state == Some(State::TimeWait) && at.arrives(|it| it.has(Control::SYN))
    }),
    splits("V-14", "RFC 5961 §4.2", "a SYN on an open connection is challenged, or resets", |at| {
        !matches!(at.kind, Kind::Answer(_))
            && at.state.is_some_and(State::is_synchronized)
            && at.arrives(|it| it.has(Control::SYN))
    }),
    stays(
        "V-4",
        "RFC 9293 §3.5",
        "the SYN,ACK of a simultaneous open is acknowledged, or taken in silence",
        |at| {
            at.state == Some(State::SynReceived)
                && at.arrives(|it| it.has(Control::SYN) && it.has(Control::ACK))
        },
    ),
    stays("V-5", "RFC 9293 §3.10.7.4", "a repeated SYN is answered by the SYN,ACK or by an ACK", |at| {
        at.state == Some(State::SynReceived) && at.arrives(|it| it.has(Control::SYN) && it.seq < 0)
    }),
    splits(
        "V-6",
        "RFC 9293 §3.10.7.4",
        "a new SYN in SYN-RECEIVED returns to LISTEN, resets or is challenged",
        |at| at.state == Some(State::SynReceived) && at.arrives(|it| it.has(Control::SYN)),
    ),
    stays(
        "V-46",
        "RFC 5961 §5.2",
        "an unacceptable ACK in SYN-RECEIVED is answered by a reset, or by an ACK",
        |at| at.state == Some(State::SynReceived) && at.arrives(|it| it.ack.is_some_and(|ack| ack != 0)),
    ),
    stays(
        "V-24",
        "RFC 9293 §3.10.7.2",
        "text and FIN on a SYN are kept, or dropped until they come again",
        |at| at.arrives(|it| it.has(Control::SYN) && it.len > 1),
    ),
    splits("V-51", "RFC 9293 §3.1", "an illegal option is ignored, or the segment, or it resets", |at| {
        at.arrives(|it| it.options && !it.has(Control::SYN))
    }),
    splits("V-20", "RFC 9293 §3.8.5", "urgent text is sent in more than one way", |at| {
        matches!(at.call(), Some(ScenarioCall::SendUrgent(_)))
    }),
    stays(
        "V-45",
        "RFC 7323 §2.4",
        "what stands at the edge of the window offered is inside the true one, or not",
        |at| at.is_open() && at.arrives(Arrival::is_empty_at_the_edge),
    ),
    stays(
        "V-16",
        "RFC 9293 §3.10.7.4",
        "a segment without ACK is looked at for its number first, or for that",
        |at| matches!(at.kind, Kind::Answer(_)) && at.arrives(|it| it.ack.is_none()),
    ),
    stays("V-48", "RFC 9293 §3.10.7.4", "a second FIN is acknowledged, or ignored", |at| {
        at.state.is_some_and(State::has_received_fin) && at.arrives(|it| it.has(Control::FIN) && it.seq == 0)
    }),
    stays("V-59", "RFC 9293 §3.10.7.4", "what is not processed is acknowledged, or not", |at| {
        let late = at.state.is_some_and(State::has_received_fin) && at.arrives(|it| it.len > 0);
        matches!(at.kind, Kind::Answer(_)) && (late || at.arrives(|it| it.seq < 0 && it.end() > 0))
    }),
    stays(
        "V-63",
        "RFC 9293 §3.5.2",
        "an ACK of nothing sent in LAST-ACK or TIME-WAIT is answered, or not",
        |at| {
            matches!(at.state, Some(State::LastAck | State::TimeWait | State::Closing))
                && at.arrives(|it| it.ack.is_none_or(|ack| ack != 0))
        },
    ),
    stays("V-53", "RFC 9293 §3.4", "what sticks out of both edges of the window is refused, or cut", |at| {
        at.is_open() && at.arrives(|it| it.seq < 0 && it.end() > it.window)
    }),
    stays("V-19", "RFC 9293 §3.4", "what a closed window takes: RCV.NXT, probes, a bare FIN", |at| {
        at.is_open() && at.arrives(|it| it.window <= 0 && it.seq >= -1)
    }),
    stays("V-45", "RFC 9293 §3.8.6.2.2", "what lies beyond the window offered is taken, or cut", |at| {
        at.is_open() && at.arrives(|it| it.end() > it.window && it.len > 0)
    }),
    splits("V-18", "RFC 5961 §5.2", "an old acknowledgment makes a segment be dropped, or not", |at| {
        at.is_open() && at.arrives(|it| it.len > 0 && it.ack.is_some_and(|ack| ack < 0))
    }),
    stays(
        "V-45",
        "RFC 9293 §3.10.7.4",
        "what came beyond the window offered was taken, or has to come again",
        |at| at.beyond() && matches!(at.kind, Kind::Acknowledged(_) | Kind::Answer(_) | Kind::Outcome { .. }),
    ),
    stays(
        "V-38",
        "RFC 9293 §3.10.7.4",
        "what comes before its turn is kept, or dropped until it comes again",
        |at| at.gap() && matches!(at.kind, Kind::Acknowledged(_) | Kind::Answer(_) | Kind::Outcome { .. }),
    ),
    splits("V-20", "RFC 9293 §3.8.5", "urgent text is delivered in more than one way", |at| {
        matches!(at.kind, Kind::Outcome { .. }) && at.urgent()
    }),
    splits("V-22", "RFC 9293 §3.6.1", "CLOSE with text that nobody has read resets, or sends a FIN", |at| {
        let resets = |it: &Choice| matches!(it, Choice::ResetOnUnreadText);
        let closes = matches!(at.call(), Some(ScenarioCall::Close)) || at.arrives(|it| it.len > 0);
        matches!(at.kind, Kind::Reset(by) if closes && at.declares(*by, resets))
    }),
    stays(
        "V-41",
        "RFC 9293 §3.10.5",
        "whether a connection that its user ends before it is open, or when it is over, is reset on the wire",
        |at| {
            let early = at.call() == Some(ScenarioCall::Close) && at.state == Some(State::SynSent);
            matches!(at.kind, Kind::Reset(_)) && (early || at.call() == Some(ScenarioCall::Abort))
        },
    ),
    splits("V-41", "RFC 9293 §3.8.3", "whether a connection that is given up is reset on the wire", |at| {
        matches!(at.kind, Kind::Reset(_)) && at.by_timer
    }),
    stays("V-60", "RFC 9293 §3.9.1.1", "a port is listened on once, or by each who asks", |at| {
        matches!(at.call(), Some(ScenarioCall::OpenPassive))
    }),
    stays(
        "V-60",
        "RFC 9293 §3.9.1.1",
        "a connection is the user's from the request on, or once it is open",
        |at| {
            matches!(at.kind, Kind::Outcome { .. })
                && matches!(at.state, Some(State::Listen | State::SynReceived))
                && !matches!(at.call(), Some(ScenarioCall::OpenActive))
        },
    ),
    splits("V-64", "RFC 9293 §3.4.2", "TIME-WAIT lasts two of the lifetimes that the stack declares", |at| {
        at.lifetimes_differ() && (at.states_differ || at.state == Some(State::TimeWait))
    }),
    splits(
        "V-40",
        "RFC 9293 §3.8.6.1",
        "a connection may be given up after the time that the stack declares",
        |at| {
            let gives_up =
                |it: &Choice| matches!(it, Choice::FinWait2Timeout(_) | Choice::HalfOpenTimeout(_));
            at.states_differ && Which::BOTH.into_iter().any(|which| at.declares(which, gives_up))
        },
    ),
    splits("V-36", "RFC 4987 §3", "how many connections may wait, and what becomes of more", |at| {
        let backlog = |it: &Choice| matches!(it, Choice::Backlog(_));
        at.arrives(|it| it.has(Control::SYN))
            && Which::BOTH.into_iter().any(|which| at.declares(which, backlog))
    }),
    stays("V-12", "RFC 5961 §7", "acknowledgments of what is not acceptable may be throttled", |at| {
        let throttles = |it: &Choice| matches!(it, Choice::ThrottledAcknowledgments { .. });
        matches!(at.kind, Kind::Answer(by) if at.declares(by.other(), throttles))
    }),
    stays("V-35", "RFC 9293 §3.5.2", "a host may be silent where nobody listens, if it says so", |at| {
        let silent = |it: &Choice| matches!(it, Choice::SilentWhenClosed);
        matches!(at.kind, Kind::Reset(by) if at.declares(by.other(), silent))
    }),
    splits("V-54", "RFC 9293 §3.10.2", "how much text a buffer takes is the stack's affair", |at| {
        matches!((at.call(), at.kind), (Some(ScenarioCall::Send(_)), Kind::Outcome { .. }))
    }),
    stays(
        "V-28",
        "RFC 9293 §3.8.6.3",
        "an acknowledgment may wait, and the story ends before it is due",
        |at| matches!(at.kind, Kind::Acknowledged(_)) && at.caught_up.is_none() && at.time_left <= DELAY,
    ),
];

impl Situation<'_> {
    /// Whether a segment of this kind began the turn.
    fn arrives(&self, is: impl FnOnce(&Arrival) -> bool) -> bool {
        self.arrival.as_ref().is_some_and(is)
    }
}

/// The variation that explains a difference, if one does.
pub(super) fn explaining(situation: &Situation<'_>) -> Option<&'static Variation> {
    VARIATIONS.iter().find(|variation| (variation.explains)(situation))
}
