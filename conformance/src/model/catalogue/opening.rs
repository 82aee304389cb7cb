//! Why three segments open a connection.

use tcpspec_core::{Control, SeqNumber};

use super::{CONNECT, LISTEN, ends};
use crate::model::definition::Definition;
use crate::model::network::{LEFTOVER, MOST_TEXT, Packet};
use crate::model::variation::{Change, Variation};
use crate::trace::End;

/// The opening models.
pub(super) fn definitions() -> Vec<Definition> {
    vec![three_way(), simultaneous(), nobody_asks(), one_way()]
}

const QUESTIONS: &[&str] = &["invariants", "same-numbers", "chosen", "nothing-old-opens", "settles"];

/// Not a rule removed but a gap in the standard: each end takes an old SYN for the other's, neither accepts what the
/// other sends, and each acknowledgment is answered with another (RFC 9293 §3.10.7.4, step 1). Only the user timeout
/// ends it.
const TWO_OLD_SYNS: Variation = Variation {
    id: "two-old-syns",
    sentence: "an old SYN from each end is under way: both are taken, and no rule of the standard settles that",
    change: Change::Choice(|definition| definition.leftovers.push(old_syn_of_b())),
    breaks: &["settles"],
};

/// One segment of an earlier incarnation for each thing that such a segment can say.
fn leftovers() -> Vec<Packet> {
    let (syn, ack, fin, rst) = (Control::SYN, Control::ACK, Control::FIN, Control::RST);
    let (a, b) = (End::Left, End::Right);
    let old = |from, ctl, seq, ack, len| {
        let (seq, ack) = (SeqNumber(seq), SeqNumber(ack));
        let text = [0x90; MOST_TEXT];
        Packet { from, seq, ack, ctl, wnd: 4, len, text, of: LEFTOVER, to: LEFTOVER, age: 0 }
    };
    vec![
        Packet { to: 0, ..old(a, syn, 50, 0, 0) },
        old(b, syn | ack, 450, 51, 0),
        old(a, ack, 51, 451, 0),
        old(a, ack, 51, 451, 1),
        old(b, ack | fin, 451, 52, 0),
        old(a, rst, 51, 0, 0),
    ]
}

/// A SYN of B's, left over as well.
fn old_syn_of_b() -> Packet {
    let [mut syn, ..] = leftovers()[..] else { unreachable!("there are leftovers") };
    (syn.from, syn.seq) = (End::Right, SeqNumber(450));
    syn
}

fn three_way() -> Definition {
    Definition {
        id: "opening",
        question: "Why do three segments open a connection?",
        ends: ends(&[&[CONNECT]], &[&[LISTEN]]),
        leftovers: leftovers(),
        holds: QUESTIONS,
        variations: &[
            Variation {
                id: "two-way",
                sentence: "two segments: B is open when the SYN has come, A when B's SYN,ACK has",
                change: Change::TwoWay,
                breaks: &["chosen", "nothing-old-opens", "settles"],
            },
            Variation {
                id: "any-acknowledgment",
                sentence: "any acknowledgment counts as one of the SYN, whatever its numbers",
                change: Change::AnyAcknowledgmentOpens,
                breaks: &["nothing-old-opens", "same-numbers"],
            },
            TWO_OLD_SYNS,
        ],
        ..Definition::default()
    }
}

fn simultaneous() -> Definition {
    Definition {
        id: "opening-simultaneous",
        question: "What if both ask at once?",
        ends: ends(&[&[CONNECT]], &[&[CONNECT]]),
        leftovers: leftovers()[..2].to_vec(),
        holds: QUESTIONS,
        variations: &[TWO_OLD_SYNS],
        ..Definition::default()
    }
}

fn nobody_asks() -> Definition {
    Definition {
        id: "opening-old-syn",
        question: "Can a SYN that comes after the end of its connection open another?",
        ends: ends(&[], &[&[LISTEN]]),
        leftovers: leftovers(),
        holds: QUESTIONS,
        variations: &[Variation {
            id: "two-way",
            sentence: "two segments: B is open when the SYN has come",
            change: Change::TwoWay,
            breaks: &["nothing-old-opens", "settles"],
        }],
        ..Definition::default()
    }
}

fn one_way() -> Definition {
    Definition {
        id: "opening-one-way",
        question: "Does a server open to a client that never hears it?",
        ends: ends(&[&[CONNECT]], &[&[LISTEN]]),
        one_way: true,
        holds: &["invariants", "no-deaf-open"],
        variations: &[Variation {
            id: "two-way",
            sentence: "two segments: B is open when the SYN has come",
            change: Change::TwoWay,
            breaks: &["no-deaf-open"],
        }],
        ..Definition::default()
    }
}
