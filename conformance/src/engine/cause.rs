//! Causes of findings: how they are written down, how grave they are, and the causes of what a judge cannot see because
//! the process of the stack ended.

use std::fmt;

use serde::{Deserialize, Serialize};
use tcpspec_core::State;

use crate::verdict::{Cause, Failure};

/// A [`Cause`] as it is written down.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct CauseRecord {
    /// Id of the rule that was broken.
    pub rule: String,
    /// The state, in the RFC's spelling.
    pub state: Option<String>,
    /// The class of segment or call.
    pub class: String,
    /// What was different.
    pub differed: String,
}

impl From<&Cause> for CauseRecord {
    fn from(Cause { rule, state, class, differed }: &Cause) -> Self {
        Self {
            rule: rule.to_string(),
            state: state.map(|state| state.name().to_owned()),
            class: class.to_string(),
            differed: differed.to_string(),
        }
    }
}

impl From<&CauseRecord> for Cause {
    fn from(CauseRecord { rule, state, class, differed }: &CauseRecord) -> Self {
        Self {
            rule: rule.clone().into(),
            state: state.as_deref().and_then(State::from_name),
            class: class.clone().into(),
            differed: differed.clone().into(),
        }
    }
}

impl CauseRecord {
    /// The signature, as [`Cause`] writes it.
    #[must_use]
    pub fn signature(&self) -> String {
        Cause::from(self).to_string()
    }
}

/// Causes that are shown together and stand for one another: the same rule was broken in the same way, whatever the
/// state and the segment. A campaign shrinks the first of them, and tells of the others.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Cluster {
    rule: String,
    differed: String,
}

impl Cluster {
    /// The cluster of a cause.
    #[must_use]
    pub fn of(cause: &CauseRecord) -> Self {
        Self { rule: cause.rule.clone(), differed: cause.differed.clone() }
    }
}

/// `I-051: no acknowledgment at once`
impl fmt::Display for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.differed)
    }
}

/// The cause of a failure. One that names none has its own words for it.
#[must_use]
pub fn cause_of(failure: &Failure) -> Cause {
    failure.cause.clone().unwrap_or_else(|| Cause {
        rule: "scenario".into(),
        state: None,
        class: "step".into(),
        differed: failure.what.clone().into(),
    })
}

/// How the process of a stack ended while it played a story.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Death {
    /// It did not come back from a call within the limit.
    Hang,
    /// It asked for more memory than the limit.
    Memory,
    /// It ended itself with this exit code.
    Exit(i32),
    /// A signal ended it.
    Signal(i32),
    /// tcpspec itself panicked, with this message: our bug.
    Ours(String),
}

impl Death {
    /// The cause of a finding.
    #[must_use]
    pub fn cause(&self) -> Cause {
        let (rule, differed) = match self {
            Self::Hang => ("hang", "no end".to_owned()),
            Self::Memory => ("memory", "no end".to_owned()),
            Self::Exit(code) => ("process", format!("exit code {code}")),
            Self::Signal(signal) => ("process", format!("signal {signal}")),
            Self::Ours(message) => (OURS, message.clone()),
        };
        Cause { rule: rule.into(), state: None, class: "any".into(), differed: differed.into() }
    }

    /// What happened, in a sentence.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Hang => "the stack did not come back within the time limit".to_owned(),
            Self::Memory => "the stack asked for more memory than the limit".to_owned(),
            Self::Exit(code) => format!("the stack ended its process with exit code {code}"),
            Self::Signal(signal) => format!("signal {signal} ended the process of the stack"),
            Self::Ours(message) => format!("tcpspec itself panicked, which is its own bug: {message}"),
        }
    }
}

/// The rule of findings about ourselves.
pub const OURS: &str = "tcpspec";

/// How grave a cause is, gravest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Gravity {
    /// The stack does not come back, does not stop, or takes its process with it.
    Hang,
    /// Octets are lost, altered or made up.
    Loss,
    /// It panics.
    Panic,
    /// It is in a state that it should not be in.
    Transition,
    /// It sends what it must not, or does not send what it must.
    Segment,
    /// Too early or too late.
    Timing,
}

impl Gravity {
    /// How grave a cause is. What it is about is known from its words.
    #[must_use]
    pub fn of(cause: &Cause) -> Self {
        let words = format!("{} {}", cause.class, cause.differed).to_lowercase();
        let any = |of: &[&str]| of.iter().any(|word| words.contains(word));
        match cause.rule.as_ref() {
            "hang" | "memory" | "process" | "flood" => Self::Hang,
            "panic" | OURS => Self::Panic,
            "octets" | "I-086" | "P-01" | "P-02" => Self::Loss,
            _ if any(&["octets", "lost", "end of stream"]) => Self::Loss,
            // Nothing goes on any more: the text, or the FIN, never arrives.
            _ if cause.class == "time" && any(&["not sent", "not probed"]) => Self::Loss,
            _ if any(&["state", "outcome", "connection", "does not end"]) => Self::Transition,
            _ if any(&["early", "late", "time", "second"]) => Self::Timing,
            _ => Self::Segment,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hang => "hang",
            Self::Loss => "loss",
            Self::Panic => "panic",
            Self::Transition => "transition",
            Self::Segment => "segment",
            Self::Timing => "timing",
        }
    }
}
