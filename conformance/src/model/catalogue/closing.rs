//! Why four segments close a connection, and what a half-close is for.

use tcpspec_core::{Rule, Timer};

use super::{CLOSE, CONNECT, LISTEN, ends, task};
use crate::model::definition::{Ask, Definition, When};
use crate::model::variation::{Change, Variation};

/// The closing models.
pub(super) fn definitions() -> Vec<Definition> {
    vec![closing(), half_close(), both_send()]
}

const QUESTIONS: &[&str] =
    &["invariants", "stream", "text-before-end", "nothing-refused", "clean-close", "closes"];

/// Rows that take a FIN in ESTABLISHED.
const FIN_TAKEN: &[Rule] = &[Rule::Fin2, Rule::Fin3, Rule::Fin4];

fn closing() -> Definition {
    Definition {
        id: "closing",
        question: "Why four segments, when three will do if both users close at once?",
        ends: ends(&[&[CONNECT, task(When::Opened, Ask::Send(1)), CLOSE]], &[&[LISTEN, CLOSE]]),
        begins_open: true,
        holds: QUESTIONS,
        variations: &[
            Variation {
                id: "fin-overtakes",
                sentence: "a FIN counts as soon as it comes, whatever is missing before it",
                change: Change::FinOvertakes,
                breaks: &["text-before-end"],
            },
            Variation {
                id: "fin-once",
                sentence: "nothing is sent again: the retransmission timer never goes off",
                change: Change::Choice(|definition| definition.dead_timers = &[Timer::Retransmission]),
                breaks: &["closes"],
            },
            Variation {
                id: "fin-unanswered",
                sentence: "a FIN that comes in FIN-WAIT-2 or TIME-WAIT is not acknowledged",
                change: Change::Silent(&[Rule::Fin5, Rule::Fin7, Rule::Seq19]),
                breaks: &["closes"],
            },
        ],
        ..Definition::default()
    }
}

fn half_close() -> Definition {
    Definition {
        id: "closing-half",
        question: "May B still send when A has closed?",
        ends: ends(&[&[CONNECT, CLOSE]], &[&[LISTEN, task(When::PeerClosed, Ask::Send(2)), CLOSE]]),
        begins_open: true,
        holds: QUESTIONS,
        variations: &[Variation {
            id: "no-half-close",
            sentence: "B closes as soon as A has: what B's user had yet to send is lost",
            change: Change::Closes(FIN_TAKEN),
            breaks: &["nothing-refused"],
        }],
        ..Definition::default()
    }
}

/// The big model: both send and both close, whenever they like.
fn both_send() -> Definition {
    let send = task(When::Opened, Ask::Send(1));
    Definition {
        id: "closing-both-send",
        question: "Is it so as well if both ends send and close whenever they like?",
        big: true,
        ends: ends(&[&[CONNECT, send, send, CLOSE]], &[&[LISTEN, send, CLOSE]]),
        begins_open: true,
        holds: &["invariants", "stream", "text-before-end", "nothing-refused", "clean-close"],
        ..Definition::default()
    }
}
