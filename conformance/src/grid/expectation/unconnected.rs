//! CLOSED, LISTEN and SYN-SENT (RFC 9293 §3.10.7.1 to §3.10.7.3).

use super::super::axes::{AckPosition, Cell, Flags};
use super::super::sighting::{Flight, Life, Reply};
use super::{Expectation, MustTell, Outcome, has};
use tcpspec_core::Control;

/// No connection: everything but a RST is reset, in the form that its ACK bit asks for.
pub(super) fn closed(cell: Cell) -> Expectation {
    let reply = if has(cell, Control::RST) {
        Reply::Silence
    } else if has(cell, Control::ACK) {
        Reply::ResetAtAck
    } else {
        Reply::ResetFromZero
    };
    Expectation {
        requirement: "R9293-3.5.2-a",
        clause: "§3.10.7.1",
        outcomes: vec![Outcome::new(Life::None).answering(&[reply])],
    }
}

/// First RST, second ACK, third SYN; the rest is dropped.
pub(super) fn listen(cell: Cell) -> Expectation {
    let nothing = |reply| Outcome::new(Life::None).answering(&[reply]);
    let (requirement, clause, outcomes) = if has(cell, Control::RST) {
        ("R9293-3.5.3-b", "§3.10.7.2 first", vec![nothing(Reply::Silence)])
    } else if has(cell, Control::ACK) {
        ("R9293-3.5.2-b", "§3.10.7.2 second", vec![nothing(Reply::ResetAtAck)])
    } else if has(cell, Control::SYN) {
        let mut outcomes = vec![Outcome::new(Life::Lives).answering(&[Reply::SynAck])];
        if cell.flags == Flags::SynFin {
            outcomes.push(nothing(Reply::Silence).by("V-24"));
        }
        ("R9293-3.4-d", "§3.10.7.2 third", outcomes)
    } else {
        ("R9293-3.5.2-d", "§3.10.7.2 fourth", vec![nothing(Reply::Silence)])
    };
    Expectation { requirement, clause, outcomes }
}

/// First ACK, second RST, fourth SYN; the rest is dropped.
pub(super) fn syn_sent(cell: Cell) -> Expectation {
    let asks = |reply| Outcome { life: Life::Asks, taken: None, ..Outcome::unchanged().answering(&[reply]) };
    let (ack, reset) = (has(cell, Control::ACK), has(cell, Control::RST));
    if ack && cell.ack != AckPosition::Next {
        let reply = if reset { Reply::Silence } else { Reply::ResetAtAck };
        let requirement = if reset { "R5961-3.2-e" } else { "R9293-3.5.2-b" };
        return Expectation { requirement, clause: "§3.10.7.3 first", outcomes: vec![asks(reply)] };
    }
    let (requirement, clause, outcomes) = if reset && ack {
        // As printed, a stack with RFC 5961 compares the number with a RCV.NXT that it does not have (EID 8167).
        let compared = asks(Reply::Silence).by("V-3");
        let gone = Outcome::reset().answering(&[Reply::Silence]);
        ("R9293-3.5.3-b", "§3.10.7.3 second", vec![gone, compared])
    } else if reset {
        ("R5961-3.2-e", "§3.10.7.3 second", vec![asks(Reply::Silence)])
    } else if has(cell, Control::SYN) && ack {
        let opened = Outcome {
            flight: vec![Flight::All],
            told: MustTell::Whatever,
            ..Outcome::new(Life::Lives).answering(&[Reply::Ack])
        };
        ("R9293-3.4-b", "§3.10.7.3 fourth", vec![opened])
    } else if has(cell, Control::SYN) {
        let mut outcomes = vec![Outcome::new(Life::Lives).answering(&[Reply::SynAck])];
        if cell.flags == Flags::SynFin {
            outcomes.push(asks(Reply::Silence).by("V-24"));
        }
        ("MUST-10", "§3.10.7.3 fourth", outcomes)
    } else {
        ("R9293-3.5.2-d", "§3.10.7.3 fifth", vec![asks(Reply::Silence)])
    };
    Expectation { requirement, clause, outcomes }
}
