//! What resets are for, and what keeps them from doing harm.

use tcpspec_core::{Control, Profile, Rule, SeqNumber};

use super::{CONNECT, LISTEN, ends, task};
use crate::model::definition::{Ask, Definition, Forgery, When};
use crate::model::network::{Discipline, LEFTOVER, MOST_TEXT, Packet};
use crate::model::variation::{Change, Variation};
use crate::trace::End;

/// The models of resets.
pub(super) fn definitions() -> Vec<Definition> {
    vec![half_open(), strays(), attacker()]
}

fn half_open() -> Definition {
    Definition {
        id: "resets-half-open",
        question: "What if one end forgets the connection?",
        ends: ends(
            &[&[CONNECT], &[CONNECT]],
            &[&[LISTEN, task(When::Opened, Ask::Send(1)), task(When::Over, Ask::Listen)]],
        ),
        begins_open: true,
        crashes: [1, 0],
        holds: &["invariants", "stream", "recovers"],
        variations: &[Variation {
            id: "silent",
            sentence: "what no connection wants is not answered with a RST",
            change: Change::Silent(&[Rule::Closed2, Rule::Closed3, Rule::SynSent1, Rule::SynSent15]),
            breaks: &["recovers"],
        }],
        ..Definition::default()
    }
}

/// Segments under way between two ends that know nothing of each other.
fn strays() -> Definition {
    let stray = |from, ctl| {
        let (seq, ack) = (SeqNumber(50), SeqNumber(450));
        let text = [0; MOST_TEXT];
        Packet { from, seq, ack, ctl, wnd: 4, len: 0, text, of: LEFTOVER, to: LEFTOVER, age: 0 }
    };
    Definition {
        id: "resets-strays",
        question: "Why is a RST never answered with a RST?",
        discipline: Discipline::Limited { losses: 1, duplicates: 1, in_flight: 4 },
        leftovers: vec![stray(End::Left, Control::ACK), stray(End::Right, Control::SYN | Control::ACK)],
        longest_chain: Some(8),
        holds: &["invariants", "reset-unanswered", "no-war"],
        variations: &[Variation {
            id: "answered",
            sentence: "a RST that no connection wants is answered with a RST",
            change: Change::ResetsAnswerResets,
            breaks: &["reset-unanswered", "no-war"],
        }],
        ..Definition::default()
    }
}

fn attacker() -> Definition {
    Definition {
        id: "resets-attacker",
        question: "What can an attacker do who sees nothing and guesses a number inside the window?",
        ends: ends(
            &[&[CONNECT, task(When::Opened, Ask::Send(1))]],
            &[&[LISTEN, task(When::Opened, Ask::Send(1))]],
        ),
        begins_open: true,
        forgeries: &[Forgery::Reset, Forgery::Syn, Forgery::Text],
        holds: &["invariants", "forgery", "stream", "clean-close", "delivers"],
        variations: &[
            Variation {
                id: "rfc793-reset",
                sentence: "RFC 793: any RST inside the window counts",
                change: Change::Choice(|definition| rfc793(definition, &[Forgery::Reset])),
                breaks: &["forgery", "clean-close"],
            },
            Variation {
                id: "rfc793-syn",
                sentence: "RFC 793: a SYN inside the window resets the connection",
                change: Change::Choice(|definition| rfc793(definition, &[Forgery::Syn])),
                breaks: &["forgery"],
            },
            Variation {
                id: "rfc793-text",
                sentence: "RFC 793: text counts whatever old octets its segment acknowledges",
                change: Change::Choice(|definition| rfc793(definition, &[Forgery::Text])),
                breaks: &["forgery", "stream"],
            },
        ],
        ..Definition::default()
    }
}

fn rfc793(definition: &mut Definition, forgeries: &'static [Forgery]) {
    let Profile { exact_resets, challenge_syns, acknowledgment_range, .. } = Profile::rfc793();
    definition.forgeries = forgeries;
    for end in &mut definition.ends {
        end.profile = Profile { exact_resets, challenge_syns, acknowledgment_range, ..end.profile };
    }
}
