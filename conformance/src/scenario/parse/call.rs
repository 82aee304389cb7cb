//! User calls: their words, what they are given, and what they must come to.

use super::super::error::ParseError;
use super::super::lexer::{Cursor, Kind};
use super::super::{
    DEFAULT_RECEIVE, ExpectedOutcome, MAX_OCTETS, MAX_TRAFFIC_CLASS, ScenarioCall, ScenarioKnob, Span,
};
use super::{choice, listed, number, segment};
use crate::stack::{CallFailure, Report};

/// The words that calls begin with.
pub(super) const WORDS: [&str; 7] = ["open", "send", "receive", "close", "abort", "set", "report"];
const KNOB_WORDS: [&str; 6] =
    ["nagle", "keep-alive", "user-timeout", "traffic-class", "ttl", "error-reports"];

/// The outcomes that are written as words.
static OUTCOMES: [ExpectedOutcome; 12] = [
    ExpectedOutcome::Ok,
    ExpectedOutcome::Nothing,
    ExpectedOutcome::EndOfStream,
    ExpectedOutcome::Failure(CallFailure::Reset),
    ExpectedOutcome::Failure(CallFailure::Refused),
    ExpectedOutcome::Failure(CallFailure::Closing),
    ExpectedOutcome::Failure(CallFailure::NoConnection),
    ExpectedOutcome::Failure(CallFailure::TimedOut),
    ExpectedOutcome::AnyFailure,
    ExpectedOutcome::Reported(Report::UrgentText),
    ExpectedOutcome::Reported(Report::UrgentTextEnds),
    ExpectedOutcome::Reported(Report::DeliveryTrouble),
];

/// What comes after one of [`WORDS`].
pub(super) fn call(word: &str, cursor: &mut Cursor<'_>) -> Result<ScenarioCall, ParseError> {
    Ok(match word {
        "open" if choice(cursor, ["active", "passive"])? => ScenarioCall::OpenPassive,
        "open" if cursor.take_word("by") => ScenarioCall::OpenActiveBy(segment::route(cursor)?),
        "open" => ScenarioCall::OpenActive,
        "send" => {
            let octets = number::up_to(cursor, "octets to send", MAX_OCTETS.into())?;
            let urgent = cursor.take_word("urgent");
            if urgent { ScenarioCall::SendUrgent(octets) } else { ScenarioCall::Send(octets) }
        }
        "receive" => ScenarioCall::Receive(match cursor.peek_word() {
            Some(_) => number::up_to(cursor, "most octets to receive", u32::MAX.into())?,
            None => DEFAULT_RECEIVE,
        }),
        "close" => ScenarioCall::Close,
        "abort" => ScenarioCall::Abort,
        "report" => ScenarioCall::Report,
        _ => ScenarioCall::Set(knob(cursor)?),
    })
}

fn knob(cursor: &mut Cursor<'_>) -> Result<ScenarioKnob, ParseError> {
    let Some(word) = cursor.take_known(|word| KNOB_WORDS.into_iter().find(|knob| *knob == word)) else {
        return Err(cursor.unexpected_word(&format!("what to set: {}", listed(KNOB_WORDS)), KNOB_WORDS));
    };
    Ok(match word {
        "nagle" => ScenarioKnob::Nagle(choice(cursor, ["off", "on"])?),
        "keep-alive" => ScenarioKnob::KeepAlive(span_unless("off", cursor)?),
        "user-timeout" => ScenarioKnob::UserTimeout(span_unless("default", cursor)?),
        "traffic-class" => {
            let most = MAX_TRAFFIC_CLASS.into();
            ScenarioKnob::TrafficClass(number::up_to(cursor, "the Diffserv field", most)?)
        }
        "error-reports" => ScenarioKnob::ErrorReports(choice(cursor, ["off", "on"])?),
        _ => ScenarioKnob::TimeToLive(number::within(cursor, "the time to live", 1..=u8::MAX.into())?),
    })
}

/// A length of time, or none if this word stands there.
fn span_unless(word: &str, cursor: &mut Cursor<'_>) -> Result<Option<Span>, ParseError> {
    if cursor.take_word(word) { Ok(None) } else { number::span(cursor).map(Some) }
}

/// `-> OUTCOME or OUTCOME...`, or nothing.
pub(super) fn outcomes(cursor: &mut Cursor<'_>) -> Result<Vec<ExpectedOutcome>, ParseError> {
    let mut found = Vec::new();
    if !cursor.take(Kind::Arrow) {
        return Ok(found);
    }
    while found.is_empty() || cursor.take_word("or") {
        found.push(outcome(cursor)?);
    }
    Ok(found)
}

fn outcome(cursor: &mut Cursor<'_>) -> Result<ExpectedOutcome, ParseError> {
    if cursor.peek_word().is_some_and(|word| word.starts_with(|c: char| c.is_ascii_digit())) {
        return Ok(ExpectedOutcome::Octets(number::up_to(cursor, "octets", u32::MAX.into())?));
    }
    let words = || OUTCOMES.iter().map(ExpectedOutcome::word);
    let known = cursor.take_known(|word| OUTCOMES.iter().find(|outcome| outcome.word() == word).cloned());
    known.ok_or_else(|| {
        cursor.unexpected_word(&format!("an outcome: a number of octets, {}", listed(words())), words())
    })
}
