//! Why TIME-WAIT lasts two maximum segment lifetimes.

use std::time::Duration;

use tcpspec_core::profile::TimeWaitReuse;

use super::{CLOSE, CONNECT, LISTEN, ends, task};
use crate::model::definition::{Ask, Clock, Definition, EndDefinition, TICK, Task, When};
use crate::model::network::Discipline;
use crate::model::variation::{Change, Variation};

/// The models of TIME-WAIT.
pub(super) fn definitions() -> Vec<Definition> {
    vec![time_wait(), reuse(), longer()]
}

const QUESTIONS: &[&str] = &[
    "invariants",
    "stream",
    "no-old-fin",
    "no-old-reset",
    "no-old-acknowledgment",
    "time-wait-stands",
    "clean-close",
    "falls-silent",
];

const SEND: Task = task(When::Opened, Ask::Send(1));

/// MSL in ticks; a retransmission comes after one.
const MSL: u8 = 2;

const CLOCK: Clock = Clock { msl: MSL, lifetime: MSL };

/// Both incarnations have the same numbers: the worst that a fast or long connection can come to.
fn same_numbers(ends: [EndDefinition; 2]) -> [EndDefinition; 2] {
    ends.map(|mut end| {
        end.iss = [end.iss[0]; 3];
        end.profile.msl = TICK * u32::from(MSL);
        end.profile.ignore_resets_in_time_wait = true;
        end
    })
}

fn time_wait() -> Definition {
    Definition {
        id: "time-wait",
        question: "Why does TIME-WAIT last twice the lifetime of a segment?",
        ends: same_numbers(ends(
            &[&[CONNECT, SEND, CLOSE, task(When::Over, Ask::Connect), SEND]],
            &[&[LISTEN, task(When::PeerClosed, Ask::Close), task(When::Over, Ask::Listen)]],
        )),
        begins_open: true,
        discipline: Discipline::Limited { losses: 1, duplicates: 0, in_flight: 3 },
        clock: Some(CLOCK),
        holds: QUESTIONS,
        variations: &[
            Variation {
                id: "none",
                sentence: "no TIME-WAIT: the connection is CLOSED at once",
                change: Change::Choice(|definition| {
                    definition.ends.iter_mut().for_each(|end| end.profile.msl = Duration::ZERO);
                }),
                breaks: &["clean-close", "stream", "no-old-fin", "no-old-reset", "no-old-acknowledgment"],
            },
            Variation {
                id: "one-msl",
                sentence: "TIME-WAIT lasts one MSL",
                change: Change::Choice(|definition| {
                    definition.ends.iter_mut().for_each(|end| end.profile.msl /= 2);
                }),
                breaks: &["clean-close"],
            },
            Variation {
                id: "old-age",
                sentence: "segments live for 2 MSL and two ticks: TIME-WAIT is as long as ever",
                change: Change::Choice(|definition| {
                    definition.clock = Some(Clock { lifetime: 2 * MSL + 2, ..CLOCK });
                }),
                breaks: &["stream"],
            },
            Variation {
                id: "resets-count",
                sentence: "without RFC 1337's fix a RST ends TIME-WAIT",
                change: Change::Choice(|definition| {
                    definition.ends.iter_mut().for_each(|end| end.profile.ignore_resets_in_time_wait = false);
                }),
                breaks: &["time-wait-stands", "stream", "falls-silent", "clean-close"],
            },
        ],
        ..Definition::default()
    }
}

fn reuse() -> Definition {
    let mut ends = same_numbers(ends(
        &[&[
            CONNECT,
            task(When::Opened, Ask::Send(1)),
            task(When::PeerClosed, Ask::Close),
            task(When::Over, Ask::Connect),
        ]],
        &[&[LISTEN, CLOSE]],
    ));
    ends[0].iss = [100, 200, 200];
    ends[1].iss = [500, 600, 600];
    ends[1].profile.time_wait_reuse = TimeWaitReuse::HigherSequenceNumber;
    Definition {
        id: "time-wait-reuse",
        question: "May a SYN with a higher number end TIME-WAIT early?",
        ends,
        begins_open: true,
        discipline: Discipline::Limited { losses: 1, duplicates: 0, in_flight: 3 },
        clock: Some(CLOCK),
        holds: QUESTIONS,
        variations: &[Variation {
            id: "any-number",
            sentence: "any SYN may, whatever its number, and the new numbers are the old ones",
            change: Change::AnySynReopens(|definition| {
                definition.ends.iter_mut().for_each(|end| end.iss = [end.iss[0]; 3]);
            }),
            breaks: &["stream"],
        }],
        ..Definition::default()
    }
}

/// The same with room for more: longer lives, a duplicate besides the loss.
fn longer() -> Definition {
    const LONG: u8 = 3;
    let mut definition = Definition { id: "time-wait-longer", big: true, ..time_wait() };
    definition.question = "The same with MSL of three ticks, a loss and a duplicate: is it still so?";
    definition.discipline = Discipline::Limited { losses: 1, duplicates: 1, in_flight: 3 };
    definition.clock = Some(Clock { msl: LONG, lifetime: LONG });
    definition.ends.iter_mut().for_each(|end| end.profile.msl = TICK * u32::from(LONG));
    definition.variations = &[];
    definition
}
