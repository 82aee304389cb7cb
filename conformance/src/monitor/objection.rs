//! What the monitor objects to, on the way from a judge to a verdict.

use std::borrow::Cow;

use tcpspec_core::{Instant, State};

use super::emission::Emission;
use super::hypothesis::Hypothesis;
use super::judge::explain::Reason;
use super::judge::liveness::Wait;
use super::judge::overdue::{self, Missing};
use super::law;
use super::pair::Pair;
use crate::stack::NextTimer;
use crate::verdict::{Cause, Failure};

/// A rule was broken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Objection {
    /// Id of the rule, one of [`law::LAWS`].
    pub(super) rule: &'static str,
    /// The state that the stack's end is believed to be in.
    pub(super) state: Option<State>,
    /// What it was about: a class of segment or call.
    pub(super) class: Cow<'static, str>,
    /// What was different, in a few words that stay the same from run to run.
    pub(super) differed: &'static str,
    /// Expected and seen, in one sentence.
    pub(super) what: String,
}

/// What a judge says.
pub(super) type Judgement = Result<(), Box<Objection>>;

/// An objection where the state does not matter.
pub(super) fn object(
    rule: &'static str,
    class: impl Into<Cow<'static, str>>,
    differed: &'static str,
    what: String,
) -> Judgement {
    Err(Box::new(Objection { rule, state: None, class: class.into(), differed, what }))
}

impl Objection {
    /// The verdict that it amounts to.
    pub(super) fn failure(self) -> Failure {
        let Self { rule, state, class, differed, what } = self;
        let law = law::find(rule).expect("judges cite rules of the table");
        Failure {
            requirements: law.requirements.iter().map(|id| (*id).to_owned()).collect(),
            level: law.level(),
            what,
            step: None,
            trace_line: None,
            cause: Some(Cause { rule: law.id.into(), state, class, differed: differed.into() }),
        }
    }
}

/// No hypothesis allows a segment that the stack sent; `why` is the likeliest one's reason.
pub(super) fn unexplained(
    hypothesis: &Hypothesis,
    segment: &Emission,
    why: &Reason,
    pair: &Pair,
) -> Box<Objection> {
    if let Some(suspected) = suspected(pair, hypothesis) {
        return suspected;
    }
    let law = law::find(why.rule).expect("judges cite rules of the table");
    let wanted = match why.wanted {
        None => String::new(),
        Some((name, least, most)) if least == most => format!(", expected {name}={least}"),
        Some((name, least, most)) => format!(", expected {name} from {least} to {most}"),
    };
    let what =
        format!("{}: in {}, after {}, seen `{segment}`{wanted}", law.sentence, hypothesis.state, pair.class);
    let class = pair.class.to_string().into();
    Box::new(Objection { rule: why.rule, state: Some(hypothesis.state), class, differed: why.differed, what })
}

/// What the stack was silent about when the connection might have ended without a word. If that is the likeliest that is
/// left, it is refuted when it does not explain what the stack does next: then the silence is what is to be said against it.
pub(super) fn suspected(pair: &Pair, likeliest: &Hypothesis) -> Option<Box<Objection>> {
    let silence = pair.suspicion.filter(|_| likeliest.ended_without_a_word());
    silence.map(|(hypothesis, missing)| self::missing(&hypothesis, missing))
}

/// Something that was due did not come.
pub(super) fn missing(hypothesis: &Hypothesis, missing: Missing) -> Box<Objection> {
    let (rule, differed) = overdue::rule(missing);
    let law = law::find(rule).expect("judges cite rules of the table");
    let (Missing::Ack(due) | Missing::SynAck(due) | Missing::Reset(due)) = missing;
    let what =
        format!("{}: in {}, after {}, {differed} by {}", law.sentence, hypothesis.state, due.class, due.by);
    let class = due.class.to_string().into();
    Box::new(Objection { rule, state: Some(hypothesis.state), class, differed, what })
}

/// The stack will do nothing although something waits.
pub(super) fn asleep(
    hypothesis: &Hypothesis,
    wait: Option<Wait>,
    next: NextTimer,
    now: Instant,
) -> Box<Objection> {
    let (rule, differed) = wait.map_or(("I-014", "nothing is sent"), |wait| (wait.rule, wait.what));
    let law = law::find(rule).expect("judges cite rules of the table");
    let until = match next {
        // Nothing tells a TIME-WAIT that is over already from one that never will be.
        NextTimer::Never if rule == "I-064" => "no timer is armed that could end it".to_owned(),
        NextTimer::Never => "no timer is armed: it sleeps for ever".to_owned(),
        NextTimer::At(time) if time > now => format!("its next timer goes off at {time}"),
        _ => format!("nothing came by {now}"),
    };
    let what = format!("{}: in {}, {differed}; {until}", law.sentence, hypothesis.state);
    let class = "time".into();
    Box::new(Objection { rule, state: Some(hypothesis.state), class, differed, what })
}
