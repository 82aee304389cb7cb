//! Profiles: what a stack chose where the standard leaves a choice, inferred from outside and compared with what its
//! adapter declares.
//!
//! Each choice has a probe: a cell of the [grid], or a story that ends with what tells the alternatives
//! apart. A reading names the line of the trace that shows it. What could not be seen stays unknown; nothing is
//! guessed.
//!
//! What it leaves out: whether a choice is permitted. The suite, the grid and the monitor judge; this describes.

use std::time::Duration;

use crate::bench::{self, Family};
use crate::grid;
use crate::scenario;
use crate::stack::{Capability, Choice, Clock, Declaration, Stack};
use crate::trace::Trace;
use crate::verdict::Verdict;
use probes::{PROBES, Probe, Story};
use reading::Reading;

mod probes;
pub(crate) mod reading;
#[cfg(test)]
mod tests;

/// What was inferred of one choice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Inference {
    /// What the choice is about, in a few words; stable.
    pub topic: &'static str,
    /// Where the standard speaks of it.
    pub clause: &'static str,
    /// What the stack chose, in a few words; or why it is unknown.
    pub value: Result<String, String>,
    /// The line of a trace that shows it.
    pub evidence: Option<String>,
    /// What the adapter declares, if it declares anything.
    pub declared: Option<String>,
    /// Whether that agrees with what was seen; none if nothing can be said.
    pub agrees: Option<bool>,
}

/// Longest TIME-WAIT that is looked for.
const LONGEST_WAIT: Duration = Duration::from_secs(1000);

/// How exactly the length of TIME-WAIT is found.
const EXACTLY: Duration = Duration::from_millis(10);

/// Infers the profile of a stack.
pub fn infer(stack: &mut dyn Stack, family: Family) -> Vec<Inference> {
    let declaration = stack.declaration().clone();
    let mut inferences: Vec<_> =
        PROBES.iter().map(|probe| inference(stack, family, probe, &declaration)).collect();
    inferences.push(time_wait(stack, family, &declaration));
    inferences.insert(0, base(&inferences));
    inferences
}

/// Which document the three checks that RFC 5961 added are from.
fn base(inferences: &[Inference]) -> Inference {
    let of = |topic| {
        let found = inferences.iter().find(|inference| inference.topic == topic);
        found.and_then(|inference| inference.value.as_deref().ok())
    };
    let topics = ["RST in the window", "SYN in the window", "text with an old ACK"];
    let value = match topics.map(of) {
        [Some("challenged"), Some("challenged"), Some("refused")] => Ok("RFC 9293 with RFC 5961".to_owned()),
        [Some("resets"), Some("resets"), Some("taken")] => Ok("RFC 793".to_owned()),
        [Some(_), Some(_), Some(_)] => Ok("neither RFC 793 nor RFC 5961 in all three checks".to_owned()),
        _ => Err("one of its checks is unknown".to_owned()),
    };
    Inference {
        topic: "base",
        clause: "§3.10.7.4, RFC 5961 §3 to §5",
        value,
        evidence: None,
        declared: None,
        agrees: None,
    }
}

fn inference(stack: &mut dyn Stack, family: Family, probe: &Probe, declaration: &Declaration) -> Inference {
    let (value, evidence) = match probe.story {
        Story::Cell(cell) => {
            let (trace, sighting) = grid::look(stack, family, cell);
            match sighting {
                Ok(seen) => with_evidence((probe.of_sighting)(&seen, &trace), &trace),
                Err(why) => (Err(why.to_string()), None),
            }
        }
        Story::Text(text) => {
            let scenario = scenario::parse_one(&format!("tcpspec 1\n\nscenario profile/probe\n{text}"))
                .unwrap_or_else(|error| panic!("the probe for {}: {error}", probe.topic));
            if probe.takes_long && declaration.clock == Clock::Real {
                (Err("it takes too long on a real clock".to_owned()), None)
            } else {
                let run = bench::run(stack, &scenario, family);
                match run.verdict {
                    Verdict::Skipped(why) | Verdict::Inconclusive(why) => (Err(why), None),
                    Verdict::Fail(failure) => (Err(failure.what), None),
                    _ => with_evidence((probe.of_trace)(&run.trace), &run.trace),
                }
            }
        }
    };
    let (declared, agrees) = declared(probe.topic, value.as_deref().ok(), declaration);
    Inference { topic: probe.topic, clause: probe.clause, value, evidence, declared, agrees }
}

fn with_evidence(reading: Option<Reading>, trace: &Trace) -> (Result<String, String>, Option<String>) {
    match reading {
        Some(Reading { value, line }) => (Ok(value), line.and_then(|line| trace.lines().nth(line))),
        None => (Err("the trace does not show it".to_owned()), None),
    }
}

/// What the adapter declares of a topic, and whether it agrees with the value.
fn declared(topic: &str, value: Option<&str>, declaration: &Declaration) -> (Option<String>, Option<bool>) {
    let chosen = |wanted: fn(&Choice) -> bool| declaration.chooses.iter().find(|(choice, _)| wanted(choice));
    let flag = |declared: bool, said: &str, otherwise: &str, word: &str| {
        let said = if declared { said } else { otherwise };
        (Some(said.to_owned()), value.map(|value| value.starts_with(word) == declared))
    };
    match topic {
        "closed port" => {
            flag(chosen(|choice| *choice == Choice::SilentWhenClosed).is_some(), "silent", "reset", "silent")
        }
        "text after CLOSE" => {
            let half = declaration.lack(Capability::HalfClose).is_some();
            flag(half, "half-duplex", "full-duplex", "half")
        }
        "acknowledgment delay" => {
            let delay = declaration.chooses.iter().find_map(|(choice, _)| match choice {
                Choice::DelayedAcknowledgment(delay) => Some(*delay),
                _ => None,
            });
            // What is declared is the longest delay; many stacks begin without one.
            let seen = value.and_then(reading::read_time);
            let agrees = delay.zip(seen).map(|(delay, seen)| seen <= delay);
            (delay.map(reading::time), agrees)
        }
        "throttle of challenges" | "throttle of refusals" => {
            let limit = declaration.chooses.iter().find_map(|(choice, _)| match choice {
                Choice::ThrottledAcknowledgments { limit, interval } => Some((*limit, *interval)),
                _ => None,
            });
            // Fewer silences than declared excuse themselves.
            let throttled = value.filter(|value| value.contains(" of "));
            let agrees = throttled
                .map(|value| limit.is_some_and(|(limit, _)| value.starts_with(&format!("{limit} of"))));
            let declared = limit.map(|(limit, interval)| format!("{limit} in {}", reading::time(interval)));
            (declared.or_else(|| throttled.map(|_| "none".to_owned())), agrees)
        }
        _ => (None, None),
    }
}

/// The length of TIME-WAIT, by halving: a repeated FIN is acknowledged before its end and reset after it.
fn time_wait(stack: &mut dyn Stack, family: Family, declaration: &Declaration) -> Inference {
    let declared = Some(format!("2 x {}", reading::time(declaration.msl)));
    let inference = |value, evidence, agrees| Inference {
        topic: "length of TIME-WAIT",
        clause: "§3.4.2, MUST-13",
        value,
        evidence,
        declared: declared.clone(),
        agrees,
    };
    if declaration.clock == Clock::Real {
        return inference(Err("it takes too long on a real clock".to_owned()), None, None);
    }
    let (mut waits, mut ends) = (Duration::ZERO, LONGEST_WAIT);
    let mut evidence = None;
    match fin_is_acknowledged_after(stack, family, ends) {
        Some((false, _)) => {}
        Some((true, line)) => return inference(Ok("more than 1000 s".to_owned()), line, Some(false)),
        None => return inference(Err("no answer in TIME-WAIT".to_owned()), None, None),
    }
    while ends - waits > EXACTLY {
        let middle = (waits + ends) / 2;
        match fin_is_acknowledged_after(stack, family, middle) {
            Some((true, line)) => (waits, evidence) = (middle, line),
            Some((false, _)) => ends = middle,
            None => return inference(Err("no answer in TIME-WAIT".to_owned()), None, None),
        }
    }
    let length = Duration::from_millis(u64::try_from(ends.as_millis()).unwrap_or(u64::MAX) / 10 * 10);
    let promised = declaration.msl * 2;
    let agrees = length.abs_diff(promised) <= 2 * EXACTLY;
    inference(Ok(reading::time(length)), evidence, Some(agrees))
}

/// Whether the peer's FIN is acknowledged (or reset) so long after it came first, and the line that shows it.
fn fin_is_acknowledged_after(
    stack: &mut dyn Stack,
    family: Family,
    wait: Duration,
) -> Option<(bool, Option<String>)> {
    let text = format!(
        "tcpspec 1\n\nscenario profile/time-wait\n+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 close\n+0.02 < .\n\
         +0.02 < F.\n+{}us < F. peer.nxt-1\n+1 receive\n",
        wait.as_micros()
    );
    let run = bench::run(stack, &scenario::parse_one(&text).expect("a story"), family);
    let (line, answer) = reading::answers(&run.trace, 0).into_iter().next()?;
    let acknowledged = !answer.ctl.has(tcpspec_core::Control::RST);
    Some((acknowledged, run.trace.lines().nth(line)))
}
