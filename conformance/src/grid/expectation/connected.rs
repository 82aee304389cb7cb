//! SYN-RECEIVED to TIME-WAIT (RFC 9293 §3.10.7.4): the eight checks, in terms of positions.

use super::super::axes::{AckPosition, Cell, Flags, SeqPosition, Situation};
use super::super::sighting::{Flight, Life, Reply};
use super::{Expectation, MustTell, Outcome, RESETS, acknowledged, has, is_acceptable};
use tcpspec_core::{Control, State};

const EITHER: [Reply; 2] = [Reply::Silence, Reply::Ack];

pub(super) fn expectation(cell: Cell) -> Expectation {
    let reset = has(cell, Control::RST);
    // A RST at RCV.NXT counts in spite of a closed window, whatever it carries (MUST-66, SHLD-2).
    let in_spite_of_the_window = reset && cell.situation.window_closed() && cell.seq == SeqPosition::Next;
    if !is_acceptable(cell) && !in_spite_of_the_window {
        unacceptable(cell)
    } else if reset {
        second_reset(cell)
    } else if has(cell, Control::SYN) {
        fourth_syn(cell)
    } else if !has(cell, Control::ACK) {
        let mut outcomes = vec![Outcome::unchanged().answering(&[Reply::Silence])];
        if cell.seq != SeqPosition::Next && !cell.is_empty() {
            // Text above a gap may be refused before its ACK bit is looked at.
            outcomes.push(Outcome::unchanged().answering(&[Reply::Ack]).by("V-38"));
        }
        Expectation { requirement: "R9293-3.10.7.4-i", clause: "§3.10.7.4 fifth", outcomes }
    } else {
        fifth_ack(cell)
    }
}

/// The first check refuses the segment.
fn unacceptable(cell: Cell) -> Expectation {
    let clause = "§3.10.7.4 first";
    if has(cell, Control::RST) {
        let outcomes = vec![Outcome::unchanged().answering(&[Reply::Silence])];
        return Expectation { requirement: "R5961-3.2-b", clause, outcomes };
    }
    let unchanged = |replies: &[Reply]| Outcome::unchanged().answering(replies);
    let mut outcomes = vec![unchanged(&[Reply::Ack])];
    let state = cell.situation.state();
    if state == State::SynReceived {
        half_open(cell, &mut outcomes);
    }
    if state == State::TimeWait {
        outcomes.extend(reopened(cell));
    }
    if cell.situation.window_closed() && has(cell, Control::ACK) && !has(cell, Control::SYN) {
        closed_window(cell, &mut outcomes);
    }
    if !has(cell, Control::ACK) && !has(cell, Control::SYN) {
        outcomes.push(unchanged(&[Reply::Silence]).by("V-16"));
    }
    if cell.flags == Flags::SynFin {
        outcomes.push(unchanged(&[Reply::Silence]).by("V-24"));
    }
    let requirement = match (has(cell, Control::SYN), state) {
        (true, State::SynReceived) => "R9293-3.10.7.4-e",
        (true, _) => "R5961-4.2-b",
        (false, _) => "R9293-3.5.2-c",
    };
    Expectation { requirement, clause, outcomes }
}

/// What else an unacceptable segment may do in SYN-RECEIVED.
fn half_open(cell: Cell, outcomes: &mut Vec<Outcome>) {
    let at_irs = cell.seq == SeqPosition::Left && cell.text == 0;
    let right_ack = cell.ack == AckPosition::Next;
    if at_irs && matches!(cell.flags, Flags::Syn | Flags::SynAck) {
        outcomes.push(Outcome::unchanged().answering(&[Reply::SynAck]).by("V-5"));
    }
    let simultaneous = cell.situation == Situation::SynReceivedFromSynSent;
    if at_irs && cell.flags == Flags::SynAck && simultaneous && right_ack {
        // Figure 7: the SYN,ACK that answers ours opens the connection, although its number is taken.
        let opened = Outcome { flight: vec![Flight::All], ..Outcome::unchanged() };
        outcomes.push(opened.answering(&EITHER).by("V-4"));
    }
    if has(cell, Control::ACK) && !right_ack {
        outcomes.push(Outcome::unchanged().answering(&[Reply::ResetAtAck]).by("V-46"));
    }
}

/// A SYN in TIME-WAIT may open a new incarnation if its number is above the old ones, or be refused in silence if not. For one
/// with a FIN TIME-WAIT may end, and then it is discarded.
fn reopened(cell: Cell) -> Vec<Outcome> {
    let silent = |outcome: Outcome, variation| outcome.answering(&[Reply::Silence]).by(variation);
    let opened = || Outcome::new(Life::Lives).answering(&[Reply::SynAck]).by("V-15");
    match (cell.flags, cell.seq) {
        (Flags::Syn | Flags::SynFin, SeqPosition::Left) => vec![silent(Outcome::unchanged(), "V-15")],
        (Flags::Syn, _) => vec![opened()],
        (Flags::SynFin, _) => vec![opened(), silent(Outcome::new(Life::None), "V-24")],
        _ => Vec::new(),
    }
}

/// "Special allowance" for valid acknowledgments while the window is closed.
fn closed_window(cell: Cell, outcomes: &mut Vec<Outcome>) {
    let near = matches!(cell.seq, SeqPosition::Left | SeqPosition::Next);
    if !near || cell.ack == AckPosition::Beyond {
        return;
    }
    let counted = Outcome { flight: acknowledged(cell), ..Outcome::unchanged() };
    outcomes.push(counted.clone().answering(&[Reply::Ack]).by("V-19"));
    if cell.seq == SeqPosition::Next && cell.flags == Flags::FinAck && cell.text == 0 {
        outcomes.push(Outcome { taken: Some(1), ..counted }.answering(&[Reply::Ack]).by("V-19"));
    }
}

/// The second check: a RST whose number is in the window.
fn second_reset(cell: Cell) -> Expectation {
    let state = cell.situation.state();
    let gone = match state {
        State::SynReceived if cell.situation == Situation::SynReceived => Outcome::new(Life::None),
        // The peer's stream has come to its end; the user who reads need not be told more.
        State::CloseWait | State::Closing | State::LastAck | State::TimeWait => Outcome::new(Life::None),
        _ => Outcome::reset(),
    };
    let gone = gone.answering(&[Reply::Silence]);
    let ignored = Outcome::unchanged().answering(&[Reply::Silence]).by("V-10");
    let mut outcomes = if cell.seq == SeqPosition::Next {
        vec![gone]
    } else {
        vec![Outcome::unchanged().answering(&[Reply::Ack]), gone.by("V-13")]
    };
    if state == State::TimeWait {
        outcomes.push(ignored);
    }
    let requirement = match cell.seq {
        SeqPosition::Next if cell.situation.window_closed() => "MUST-66",
        SeqPosition::Next if cell.text > 0 => "SHLD-2",
        SeqPosition::Next => "R9293-3.10.7.4-a",
        _ => "R9293-3.10.7.4-b",
    };
    Expectation { requirement, clause: "§3.10.7.4 second", outcomes }
}

/// The fourth check: a SYN in the window.
fn fourth_syn(cell: Cell) -> Expectation {
    let challenged = Outcome::unchanged().answering(&[Reply::Ack]);
    let aborted = Outcome::reset().answering(&RESETS);
    let mut outcomes = match cell.situation {
        Situation::SynReceived => {
            let gone = Outcome::new(Life::None);
            vec![
                gone.clone().answering(&[Reply::Silence]),
                gone.answering(&RESETS).by("V-6"),
                challenged.by("V-6"),
            ]
        }
        Situation::SynReceivedFromSynSent => vec![challenged, aborted.by("V-6")],
        Situation::CloseWait | Situation::Closing | Situation::LastAck | Situation::TimeWait => {
            vec![challenged, Outcome::new(Life::None).answering(&RESETS).by("V-14")]
        }
        _ => vec![challenged, aborted.by("V-14")],
    };
    if cell.situation == Situation::TimeWait {
        outcomes.extend(reopened(cell));
    }
    let half_open = cell.situation.state() == State::SynReceived;
    if half_open && cell.flags == Flags::SynAck && cell.ack != AckPosition::Next {
        // §3.5.2, group 2, resets an unacceptable acknowledgment in any state that is not synchronized.
        outcomes.push(Outcome::unchanged().answering(&[Reply::ResetAtAck]).by("V-46"));
    }
    if cell.flags == Flags::SynFin {
        outcomes.push(Outcome::unchanged().answering(&[Reply::Silence]).by("V-24"));
    }
    let requirement = if half_open { "MUST-11" } else { "R9293-3.10.7.4-c" };
    Expectation { requirement, clause: "§3.10.7.4 fourth", outcomes }
}

/// The fifth check, and what it lets through to the sixth, seventh and eighth.
fn fifth_ack(cell: Cell) -> Expectation {
    let unchanged = |replies: &[Reply]| Outcome::unchanged().answering(replies);
    let state = cell.situation.state();
    let (requirement, mut outcomes) = match (state, cell.ack) {
        (State::SynReceived, AckPosition::Next) => ("R9293-3.10.7.4-n", vec![text_and_fin(cell)]),
        (State::SynReceived, _) => {
            ("R9293-3.5.2-b", vec![unchanged(&[Reply::ResetAtAck]), unchanged(&[Reply::Ack]).by("V-46")])
        }
        (State::LastAck | State::TimeWait, AckPosition::Beyond) => {
            ("R9293-3.5.2-c", vec![unchanged(&[Reply::Ack]), unchanged(&[Reply::Silence]).by("V-63")])
        }
        (_, AckPosition::Beyond) => ("R9293-3.5.2-c", vec![unchanged(&[Reply::Ack])]),
        (_, AckPosition::Old) => {
            ("R9293-3.10.7.4-d", vec![unchanged(&[Reply::Ack]), text_and_fin(cell).by("V-18")])
        }
        (State::CloseWait | State::Closing | State::LastAck | State::TimeWait, _) if !cell.is_empty() => {
            ("R9293-3.10.7.4-k", vec![text_and_fin(cell)])
        }
        (_, AckPosition::Below | AckPosition::Una) => ("R9293-3.10.7.4-l", vec![text_and_fin(cell)]),
        (_, AckPosition::Inside | AckPosition::Next) => ("R9293-3.4-b", vec![text_and_fin(cell)]),
    };
    let further: Vec<_> = outcomes.iter().flat_map(|outcome| second_fin(cell, outcome)).collect();
    outcomes.extend(further);
    let waits = unchanged(&EITHER);
    if cell.seq != SeqPosition::Next && !outcomes.contains(&waits) {
        // Read literally, what begins beyond RCV.NXT waits as a whole, or is dropped as a whole.
        outcomes.push(waits.by("V-38"));
    }
    let clause = if cell.is_empty() { "§3.10.7.4 fifth" } else { "§3.10.7.4 fifth to eighth" };
    Expectation { requirement, clause, outcomes }
}

/// What comes of the segment once its acknowledgment is let through.
fn text_and_fin(cell: Cell) -> Outcome {
    let outcome = Outcome { flight: acknowledged(cell), ..Outcome::unchanged() };
    let in_order = cell.seq == SeqPosition::Next;
    match cell.situation.state() {
        State::LastAck if cell.ack == AckPosition::Next => {
            let replies: &[Reply] = if cell.is_empty() { &[Reply::Silence] } else { &EITHER };
            Outcome { told: MustTell::NoReset, ..Outcome::new(Life::None) }.answering(replies)
        }
        // The text for LAST-ACK names nothing but the acknowledgment of the FIN.
        State::LastAck if cell.ack == AckPosition::Inside => outcome.answering(&EITHER),
        State::CloseWait | State::Closing | State::LastAck | State::TimeWait => outcome.answering(&EITHER),
        _ if in_order && !cell.is_empty() => {
            Outcome { taken: Some(cell.len()), ..outcome }.answering(&[Reply::Ack])
        }
        // An acknowledgment of an acknowledgment is not asked for; one with news of the window may come any time.
        _ => outcome.answering(&EITHER),
    }
}

/// Read literally, the eighth check counts a FIN at RCV.NXT once more after the first one.
fn second_fin(cell: Cell, outcome: &Outcome) -> Option<Outcome> {
    let closed = matches!(
        cell.situation.state(),
        State::CloseWait | State::Closing | State::LastAck | State::TimeWait
    );
    let again = closed && cell.flags == Flags::FinAck && cell.text == 0 && cell.seq == SeqPosition::Next;
    (again && outcome.life == Life::Lives && outcome.taken == Some(0))
        .then(|| Outcome { taken: Some(1), ..outcome.clone() }.answering(&[Reply::Ack]).by("V-48"))
}
