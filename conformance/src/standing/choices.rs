//! What the profile and single cells of the grid say of numbered requirements.

use super::measures::Found;
use crate::bench::Family;
use crate::grid::{self, AckPosition, Cell, Flags, Life, Reply, SeqPosition, Situation};
use crate::profile::Inference;
use crate::stack::Stack;

/// An id, what measured it and what was found.
pub(super) type Measured = (&'static str, &'static str, Found);

/// An id, the topic of the profile that shows it, and how its value is read.
type Judged = (&'static str, &'static str, fn(&str) -> Found);

/// What the inferred choices say.
pub(super) fn of_profile(inferences: &[Inference]) -> Vec<Measured> {
    let value = |topic: &str| {
        let found = inferences.iter().find(|inference| inference.topic == topic);
        found.and_then(|inference| inference.value.as_deref().ok())
    };
    let close = value("text after CLOSE");
    let judged: [Judged; 10] = [
        ("MUST-8", "initial sequence numbers", |said| meets(said, said.starts_with("a clock"))),
        ("SHLD-1", "initial sequence numbers", |said| meets(said, said.starts_with("a clock"))),
        ("SHLD-8", "options in SYN,ACK", |said| meets(said, said.contains("ECN"))),
        ("SHLD-18", "acknowledgment delay", |said| meets(said, said != "0 us")),
        ("MUST-25", "keep-alive by default", |said| meets(said, said.starts_with("off"))),
        ("MUST-28", "keep-alive by default", |said| meets(said, !comes_within_two_hours(said))),
        ("MAY-1", "text after CLOSE", chooses),
        ("MAY-2", "SYN in TIME-WAIT", chooses),
        ("MAY-3", "options in SYN", chooses),
        ("MAY-12", "text with an old ACK", chooses),
    ];
    let of_topic = |&(id, topic, judge): &Judged| value(topic).map(|said| (id, topic, judge(said)));
    let mut measured: Vec<Measured> = judged.iter().filter_map(of_topic).collect();
    if let (Some(close), Some(unread)) = (close, value("CLOSE with unread text")) {
        let found = if close == "full-duplex" {
            // It is asked of hosts whose users cannot read on (MAY-1).
            Found::NotConcerned("the user reads on after CLOSE, so no text is lost".to_owned())
        } else {
            meets(unread, unread == "resets")
        };
        measured.push(("SHLD-3", "CLOSE with unread text", found));
    }
    measured
}

/// Whether a keep-alive comes before two hours are over. Times of a second and more are read in seconds.
fn comes_within_two_hours(said: &str) -> bool {
    let Some(after) = said.strip_prefix("on, first after ") else { return false };
    let seconds = after.strip_suffix(" s").and_then(|seconds| seconds.parse::<f64>().ok());
    seconds.is_none_or(|seconds| seconds < 7200.0)
}

fn meets(said: &str, met: bool) -> Found {
    if met { Found::Meets(said.to_owned()) } else { Found::Departs(said.to_owned()) }
}

fn chooses(said: &str) -> Found {
    Found::Chooses(said.to_owned())
}

/// What single cells say of permissions.
pub(super) fn of_cells(stack: &mut dyn Stack, family: Family) -> Vec<Measured> {
    let cell =
        |situation, text, seq| Cell { situation, text, flags: Flags::Ack, seq, ack: AckPosition::Next };
    let mut measured = Vec::new();
    let gap = cell(Situation::Established, Cell::TEXT, SeqPosition::Inside);
    if let Ok(seen) = grid::look(stack, family, gap).1 {
        let said = match seen.reply {
            Reply::Ack => "acknowledged at once",
            Reply::Silence => "not acknowledged",
            _ => "answered otherwise",
        };
        measured.push(("MAY-13", "text above a gap", chooses(said)));
    }
    // The follow-up of every cell is a keep-alive with one garbage octet.
    let idle = cell(Situation::Established, 0, SeqPosition::Left);
    if let Ok(seen) = grid::look(stack, family, idle).1 {
        let answered = seen.life == Life::Lives && seen.reply == Reply::Ack;
        let said = "keep-alives are answered, with a garbage octet and without".to_owned();
        let found = if answered {
            Found::Chooses(said)
        } else {
            Found::Departs("one form is not answered".to_owned())
        };
        measured.push(("MAY-6", "the peer's keep-alives", found));
    }
    let full = cell(Situation::EstablishedWindowClosed, Cell::TEXT, SeqPosition::Next);
    if let Ok(seen) = grid::look(stack, family, full).1 {
        let kept = seen.life == Life::Lives && seen.taken == 0;
        let said = if kept {
            "the window stays closed and probes are answered"
        } else {
            "the window does not stay closed"
        };
        measured.push(("MAY-8", "a user who does not read", chooses(said)));
    }
    measured
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inference(topic: &'static str, value: &str) -> Inference {
        Inference {
            topic,
            clause: "",
            value: Ok(value.to_owned()),
            evidence: None,
            declared: None,
            agrees: None,
        }
    }

    /// What is said of an id by choices.
    fn found(id: &str, choices: &[(&'static str, &str)]) -> Found {
        let inferences: Vec<_> = choices.iter().map(|(topic, value)| inference(topic, value)).collect();
        let measured = of_profile(&inferences).into_iter().find(|(measured, _, _)| *measured == id);
        measured.expect(id).2
    }

    #[test]
    fn a_choice_that_is_not_what_is_asked_for_departs() {
        for (id, topic, right, wrong) in [
            ("MUST-8", "initial sequence numbers", "a clock, one in 4.0 us", "no clock of their own"),
            ("SHLD-1", "initial sequence numbers", "a clock, one in 4.0 us", "always the same"),
            ("SHLD-8", "options in SYN,ACK", "MSS 1460, ECN", "MSS 1460"),
            ("SHLD-18", "acknowledgment delay", "40 ms", "0 us"),
            ("MUST-25", "keep-alive by default", "off for three hours", "on, first after 7200 s"),
            ("MUST-28", "keep-alive by default", "on, first after 7200 s", "on, first after 60 s"),
        ] {
            assert_eq!(found(id, &[(topic, right)]), Found::Meets(right.to_owned()));
            assert_eq!(found(id, &[(topic, wrong)]), Found::Departs(wrong.to_owned()));
        }
    }

    #[test]
    fn a_half_duplex_host_must_show_that_text_was_lost() {
        let close = |after, unread| {
            found("SHLD-3", &[("text after CLOSE", after), ("CLOSE with unread text", unread)])
        };
        assert!(matches!(close("full-duplex", "sends FIN"), Found::NotConcerned(_)));
        assert!(matches!(close("half-duplex, reset", "resets"), Found::Meets(_)));
        assert!(matches!(close("half-duplex, reset", "sends FIN"), Found::Departs(_)));
    }
}
