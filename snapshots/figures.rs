//! How a figure is told: two references whose numbers are those of the RFC, on links without delay.

use std::time::Duration;

use tcpspec::peers::{Peers, PeersOptions};
use tcpspec::scenario::ScenarioCall;
use tcpspec::stack::Stack;
use tcpspec::stack::reference::Reference;
use tcpspec::trace::End;
use tcpspec::wire::{self, Header};
use tcpspec_core::{Control, Profile, SeqNumber};

/// TCP peer A.
pub(crate) const A: End = End::Left;
/// TCP peer B.
pub(crate) const B: End = End::Right;

/// Users call OPEN with `active`.
pub(crate) const OPEN: ScenarioCall = ScenarioCall::OpenActive;
/// Users call OPEN without `active`.
pub(crate) const LISTEN: ScenarioCall = ScenarioCall::OpenPassive;
/// Users call CLOSE.
pub(crate) const CLOSE: ScenarioCall = ScenarioCall::Close;

/// Octets of buffer. Small, so that figure 9's SYN lies outside the window as the RFC says.
const BUFFER: u32 = 256;

/// Two references without a connection. Their initial sequence numbers at time zero; both grow by one every four
/// microseconds.
pub(crate) fn peers(iss: [u32; 2]) -> Peers {
    let [left, right] = iss.map(|iss| -> Box<dyn Stack> {
        Box::new(Reference::with_profile(Profile::default()).with_clocked_iss(SeqNumber(iss)))
    });
    let mut peers = Peers::new(left, right, &PeersOptions { buffer: BUFFER, ..PeersOptions::default() });
    // Relative to zero: the trace shows the numbers themselves.
    peers.trace.absolute = true;
    peers
}

/// Two references in ESTABLISHED where the RFC's figures about closing begin: A sends 100 next, B 300. How they got
/// there is not in the trace.
pub(crate) fn established() -> Peers {
    let mut peers = peers([99, 299]);
    peers.call(A, LISTEN);
    peers.call(B, OPEN);
    now(&mut peers);
    peers.trace.entries.clear();
    peers
}

/// Lets everything happen that happens at once.
pub(crate) fn now(peers: &mut Peers) {
    peers.run_for(Duration::ZERO);
}

/// A SYN of an earlier incarnation that seems to come from `from`.
pub(crate) fn old_syn(peers: &Peers, from: End, seq: u32) -> Vec<u8> {
    let header = Header { seq: SeqNumber(seq), ctl: Control::SYN, wnd: 256, ..Header::default() };
    let mut packet = Vec::new();
    wire::build(&peers.endpoints(from), &header, [&[], &[]], &mut packet).expect("a SYN fits into a packet");
    packet
}

/// Compares the trace with the reviewed one. `head` says in a few lines what it is and what to look at.
pub(crate) fn review(name: &str, head: &str, peers: &Peers) {
    let columns = format!("{:>12}  {:<12}    {:<48}  {}", "time", "TCP peer A", "", "TCP peer B");
    let text = format!("{head}\n\n{columns}\n{}", peers.trace);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "a line of {name} is too long: {line}");
    }
    crate::review("traces", name, &text);
}
