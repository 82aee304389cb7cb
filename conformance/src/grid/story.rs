//! The scenario of a cell: a prelude that brings the stack into the situation by the wire and calls alone, the probe,
//! and follow-ups that show from outside what came of it.
//!
//! Nothing in it is an expectation: the run is read afterwards. The steps of the prelude are 20 ms apart, for stacks
//! whose clock is the world's. The first follow-up comes 1.5 s after the probe: a retransmission timeout of one second
//! (RFC 6298 §2.1) has then shown what is still in flight, and acknowledgments that are throttled to one a second are
//! to be had again.

use std::fmt::Write as _;

use super::axes::{AckPosition, Cell, SeqPosition, Situation};
use crate::scenario::{self, Scenario};
use tcpspec_core::Control;

/// SEG.ACK where the stack has sent nothing.
const ANY_ACK: &str = "=7000";

/// How many segments the follow-ups send.
pub(super) const fn follow_ups(situation: Situation) -> usize {
    if asks_the_listener(situation) { 2 } else { 1 }
}

/// Whether the second follow-up asks for a new connection.
pub(super) const fn asks_the_listener(situation: Situation) -> bool {
    matches!(situation, Situation::Listen | Situation::SynReceived)
}

/// The scenario of a cell.
pub(super) fn scenario(cell: Cell) -> Scenario {
    let mut text = head("grid/cell", cell.situation);
    let pause = settling(cell.situation);
    let _ = writeln!(text, "+{pause} {}", probe(cell));
    text.push_str(ending(cell.situation));
    parse(&text)
}

/// The same without the probe: what the situation looks like when nothing happens.
pub(super) fn control(situation: Situation) -> Scenario {
    let mut text = head("grid/control", situation);
    text.push_str(ending(situation));
    parse(&text)
}

fn parse(text: &str) -> Scenario {
    scenario::parse_one(text).unwrap_or_else(|error| panic!("a scenario of the grid: {error}\n{text}"))
}

fn head(name: &str, situation: Situation) -> String {
    let buffer = if situation.window_closed() { "setup buffer=1000\n" } else { "" };
    format!("tcpspec 1\n\nscenario {name}\n{buffer}\n{}", prelude(situation))
}

const PASSIVE: &str = "+0 open passive\n+0.02 < S\n";
const ESTABLISHED: &str =
    "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. (10)\n+0.02 receive\n+0.02 send 10\n";
const FULL: &str = "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. (1000)\n+0.02 send 10\n";
const PEER_CLOSED: &str =
    "+0 open passive\n+0.02 < S\n+0.02 < .\n+0.02 < P. (10)\n+0.02 receive\n+0.02 < F.\n+0.02 send 10\n";
const CLOSE: &str = "+0.02 close\n";
const ALL_ACKNOWLEDGED: &str = "+0.02 < .\n";

fn prelude(situation: Situation) -> String {
    match situation {
        Situation::Closed => String::new(),
        Situation::Listen => "+0 open passive\n".to_owned(),
        Situation::SynSent => "+0 open active\n".to_owned(),
        Situation::SynReceived => PASSIVE.to_owned(),
        Situation::SynReceivedFromSynSent => "+0 open active\n+0.02 < S\n".to_owned(),
        Situation::Established => ESTABLISHED.to_owned(),
        Situation::EstablishedWindowClosed => FULL.to_owned(),
        Situation::FinWait1 => [ESTABLISHED, CLOSE].concat(),
        Situation::FinWait2 => [ESTABLISHED, CLOSE, ALL_ACKNOWLEDGED].concat(),
        Situation::FinWait2WindowClosed => [FULL, CLOSE, ALL_ACKNOWLEDGED].concat(),
        Situation::CloseWait => PEER_CLOSED.to_owned(),
        Situation::Closing => [ESTABLISHED, CLOSE, "+0.02 < F. ack snd.una\n"].concat(),
        Situation::LastAck => [PEER_CLOSED, CLOSE].concat(),
        Situation::TimeWait => [ESTABLISHED, CLOSE, ALL_ACKNOWLEDGED, "+0.02 < F.\n"].concat(),
    }
}

/// How long after the prelude the probe comes: where its last step is a segment of the peer, the acknowledgment may
/// take half a second (MUST-40), and the anchors are known only then.
const fn settling(situation: Situation) -> &'static str {
    match situation {
        Situation::Closing | Situation::TimeWait => "0.55",
        _ => "0.02",
    }
}

fn probe(cell: Cell) -> String {
    let seq = match (cell.situation, cell.seq) {
        (Situation::Closed | Situation::Listen | Situation::SynSent, _) => "peer.nxt".to_owned(),
        (_, SeqPosition::Left) => format!("rcv.nxt-{}", cell.len().max(1)),
        (_, SeqPosition::Next) => "rcv.nxt".to_owned(),
        (_, SeqPosition::Inside) => "rcv.mid".to_owned(),
        (_, SeqPosition::Last) => "rcv.last".to_owned(),
        (_, SeqPosition::Edge) => "rcv.edge".to_owned(),
        (_, SeqPosition::Beyond) => "rcv.edge+1000".to_owned(),
    };
    let ack = match (cell.situation, cell.ack) {
        (Situation::Closed | Situation::Listen, _) => ANY_ACK,
        (_, AckPosition::Old) => "snd.old",
        (_, AckPosition::Below) => "snd.una-1",
        (_, AckPosition::Una) => "snd.una",
        (_, AckPosition::Inside) => "snd.mid",
        (_, AckPosition::Next) => "snd.nxt",
        (_, AckPosition::Beyond) => "snd.nxt+1",
    };
    let push = if cell.text > 0 && !cell.flags.control().has(Control::RST) { "P" } else { "" };
    let flags = match cell.flags.to_string() {
        none if none == "-" && !push.is_empty() => push.to_owned(),
        some => format!("{push}{some}"),
    };
    format!("< {flags} {seq}({}) ack {ack}", cell.text)
}

/// Is anybody there? An octet just before RCV.NXT must be acknowledged wherever there is a connection and reset
/// wherever there is none (RFC 9293 §3.5.2). In SYN-SENT, an answer with other numbers shows whether the stack still
/// waits for one. A listener is asked for a new connection after that. The user looks last,
/// twice: octets may stand before the news.
const fn ending(situation: Situation) -> &'static str {
    if asks_the_listener(situation) {
        "+1.5 < P. rcv.nxt-1(1)\n+0.6 < S peer.nxt+100000\n+0.6 receive\n+0 receive\n"
    } else {
        match situation {
            Situation::SynSent => "+1.5 < S. 5000\n+0.6 receive\n+0 receive\n",
            Situation::Closed => "+1.5 < P. rcv.nxt-1(1) ack =7000\n",
            _ => "+1.5 < P. rcv.nxt-1(1)\n+0.6 receive\n+0 receive\n",
        }
    }
}
