//! What sequence numbers, retransmission and probes are for.

use tcpspec_core::Timer;

use super::{CONNECT, LISTEN, ends, task};
use crate::model::definition::{Ask, Definition, Reading, When, small};
use crate::model::variation::{Change, Variation};

/// The models of data.
pub(super) fn definitions() -> Vec<Definition> {
    vec![data()]
}

fn data() -> Definition {
    let send = task(When::Opened, Ask::Send(2));
    let mut ends = ends(&[&[CONNECT, send, send]], &[&[LISTEN]]);
    ends[1].profile = small(2, 1);
    ends[1].reading = Reading::Whenever;
    Definition {
        id: "data",
        question: "Does every octet arrive once and in order, through a window that opens and closes?",
        ends,
        begins_open: true,
        holds: &["invariants", "stream", "delivers"],
        variations: &[
            Variation {
                id: "no-probe",
                sentence: "a closed window is not probed: the persist timer never goes off",
                change: Change::Choice(|definition| definition.dead_timers = &[Timer::Persist]),
                breaks: &["delivers"],
            },
            Variation {
                id: "no-retransmission",
                sentence: "nothing is sent again: the retransmission timer never goes off",
                change: Change::Choice(|definition| definition.dead_timers = &[Timer::Retransmission]),
                breaks: &["delivers"],
            },
            Variation {
                id: "no-numbers",
                sentence: "text is taken as it comes, whatever its number",
                change: Change::NumbersIgnored,
                breaks: &["stream"],
            },
            Variation {
                id: "wrap",
                sentence: "the numbers of A begin two below the end of their space, and go on at zero",
                change: Change::Choice(|definition| definition.ends[0].iss = [u32::MAX - 1; 3]),
                breaks: &[],
            },
        ],
        ..Definition::default()
    }
}
