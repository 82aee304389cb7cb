//! What models are asked: things that are always so, and things that always come to pass.

use stateright::Property;
use tcpspec_core::State;

use super::fair::{self, Stop};
use super::model::Model;
use super::network::LEFTOVER;
use super::world::{Fact, World};
use crate::trace::End;

/// Whether a property forbids or promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Nothing bad happens: asked of every state.
    Safety,
    /// Something good happens in the end: asked of every state by a fair run from there.
    Liveness,
}

/// One question that a model answers.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// Its name.
    pub name: &'static str,
    /// Forbids or promises.
    pub kind: Kind,
    /// What it says.
    pub sentence: &'static str,
    /// Whether it holds in a state.
    pub holds: fn(&Model, &World) -> bool,
}

impl Question {
    /// The same for the checker. Liveness is a matter of single states here, see [`fair`].
    pub(super) fn property(&self) -> Property<Model> {
        Property::always(self.name, self.holds)
    }
}

const fn safety(name: &'static str, sentence: &'static str, holds: fn(&Model, &World) -> bool) -> Question {
    Question { name, kind: Kind::Safety, sentence, holds }
}

const fn liveness(name: &'static str, sentence: &'static str, holds: fn(&Model, &World) -> bool) -> Question {
    Question { name, kind: Kind::Liveness, sentence, holds }
}

/// All questions.
pub static QUESTIONS: &[Question] = &[
    safety("invariants", "every step keeps every invariant of the reference", |_, world| {
        !world.facts.has(Fact::InvariantBroken)
    }),
    safety(
        "same-numbers",
        "two ends that are open to each other agree on both initial sequence numbers",
        |_, world| {
            let [a, b] = &world.ends;
            let open = a.state() == State::Established && b.state() == State::Established;
            let each_other = a.peers == b.incarnation || b.peers == a.incarnation;
            !open || !each_other || world.agree()
        },
    ),
    safety("chosen", "nobody is ESTABLISHED unless the peer has chosen this incarnation", |_, world| {
        !world.facts.has(Fact::Unchosen)
    }),
    safety("nothing-old-opens", "segments of an earlier incarnation open nothing", |_, world| {
        world.ends.iter().all(|endpoint| !endpoint.opened || endpoint.peers != LEFTOVER)
    }),
    safety("no-deaf-open", "a server whose segments never arrive is never ESTABLISHED", |_, world| {
        !world.end(End::Right).opened
    }),
    safety(
        "stream",
        "users read the octets that the peer's user sent on this connection, in order",
        |_, world| !world.facts.has(Fact::WrongOctet),
    ),
    safety(
        "text-before-end",
        "all octets sent before CLOSE arrive before the end of the stream",
        |_, world| !world.facts.has(Fact::EndBeforeText),
    ),
    safety("nothing-refused", "a user whose peer has closed may still send", |_, world| {
        !world.facts.has(Fact::SendRefused)
    }),
    safety("clean-close", "nobody's close ends in a reset", |_, world| !world.facts.has(Fact::Reset)),
    safety("no-old-fin", "a FIN of one incarnation does not end the stream of another", |_, world| {
        !world.facts.has(Fact::OldFin)
    }),
    safety("no-old-reset", "a RST of one incarnation does not end another", |_, world| {
        !world.facts.has(Fact::OldReset)
    }),
    safety(
        "no-old-acknowledgment",
        "an acknowledgment of one incarnation does not count in another",
        |_, world| !world.facts.has(Fact::OldAcknowledgment),
    ),
    safety("time-wait-stands", "no RST ends TIME-WAIT", |_, world| !world.facts.has(Fact::TimeWaitCut)),
    safety("forgery", "a forged segment neither ends a connection nor is read", |_, world| {
        !world.facts.has(Fact::Harmed)
    }),
    safety("reset-unanswered", "a RST is never answered with a RST", |_, world| {
        !world.facts.has(Fact::ResetAnswered)
    }),
    liveness(
        "settles",
        "in the end both ends are open to each other, or neither holds a connection",
        |model, world| {
            let (end, stop) = fair::run(&model.moves(), world, |_, _| {});
            stop == Stop::Quiet && (end.both_over() || end.both_open())
        },
    ),
    liveness(
        "closes",
        "in the end both ends are CLOSED, and both users have read everything",
        |model, world| {
            let (end, stop) = fair::run(&model.moves(), world, |_, _| {});
            let [a, b] = &end.ends;
            let all_read = a.read == b.sent && b.read == a.sent && a.ended && b.ended;
            stop == Stop::Quiet && end.both_over() && all_read
        },
    ),
    liveness("delivers", "in the end everything sent is read", |model, world| {
        let (end, stop) = fair::run(&model.moves(), world, |_, _| {});
        let [a, b] = &end.ends;
        stop == Stop::Quiet
            && a.read == b.sent
            && b.read == a.sent
            && b.is_done(&model.definition, End::Right)
            && a.is_done(&model.definition, End::Left)
    }),
    liveness(
        "recovers",
        "in the end no end holds a connection that the other has forgotten",
        |model, world| {
            let (end, stop) = fair::run(&model.moves(), world, |_, _| {});
            let [a, b] = &end.ends;
            let half_open = |one: State, other: State| {
                one.is_synchronized() && matches!(other, State::Closed | State::Listen | State::SynSent)
            };
            stop == Stop::Quiet && !half_open(a.state(), b.state()) && !half_open(b.state(), a.state())
        },
    ),
    liveness("no-war", "segments do not call forth segments without end", |model, world| {
        model.definition.longest_chain.is_none_or(|longest| world.chain <= longest)
    }),
    liveness(
        "falls-silent",
        "what is under way is answered, and the answers are, and that comes to an end",
        |model, world| fair::run_delivering(&model.moves(), world, |_, _| {}).1 == Stop::Quiet,
    ),
];

/// The question with this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Question> {
    QUESTIONS.iter().find(|question| question.name == name)
}
