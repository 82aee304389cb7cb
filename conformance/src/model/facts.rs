//! What happened in a step that properties are about, and that no stack can see.

use tcpspec_core::{Actions, Control, Rule, SeqNumber, State};

use super::moves::octet;
use super::network::{FORGED, Packet};
use super::world::{Endpoint, Fact, World};
use crate::trace::End;

/// One end before a step, as far as it matters afterwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Was {
    pub(super) state: State,
    una: SeqNumber,
    fin: bool,
    /// The segment that arrives is of another incarnation.
    old: bool,
}

impl Was {
    pub(super) fn of(endpoint: &Endpoint, cause: Option<&Packet>) -> Self {
        Self {
            state: endpoint.state(),
            una: endpoint.tcb.snd.una,
            fin: endpoint.tcb.rcv.fin,
            old: cause.is_some_and(|packet| packet.is_old_for(endpoint)),
        }
    }
}

/// Notes what the step has done.
pub(super) fn learn(world: &mut World, end: End, was: &Was, cause: Option<&Packet>, actions: &Actions) {
    let used = |rules: &[Rule]| rules.iter().any(|rule| actions.rules.has(*rule));
    let endpoint = world.end_mut(end);
    let state = endpoint.state();
    let over = matches!(state, State::Closed | State::Listen);
    let lived = !matches!(was.state, State::Closed | State::Listen | State::SynReceived);
    let opened = state == State::Established && was.state != State::Established;
    endpoint.opened |= opened || (was.state == State::SynReceived && state.is_synchronized());
    let (own, peers) = (endpoint.incarnation, endpoint.peers);
    let took_fin = endpoint.tcb.rcv.fin && !was.fin;
    let counts = was.state.is_synchronized() && was.state != State::TimeWait && !over;
    let acknowledged = counts && endpoint.tcb.snd.una != was.una;
    let reset = cause.is_some_and(|packet| packet.ctl.has(Control::RST));
    let forged = cause.is_some_and(|packet| packet.of == FORGED);
    if opened && world.end(end.other()).agreed & Endpoint::pair(peers, own) == 0 {
        world.facts.insert(Fact::Unchosen);
    }
    if was.old && took_fin {
        world.facts.insert(Fact::OldFin);
    }
    if was.old && acknowledged {
        world.facts.insert(Fact::OldAcknowledgment);
    }
    if was.old && reset && lived && over {
        world.facts.insert(Fact::OldReset);
    }
    if forged && was.state.is_synchronized() && over {
        world.facts.insert(Fact::Harmed);
    }
    if used(&[Rule::Rst4, Rule::Rst5, Rule::Syn4]) && over {
        world.facts.insert(Fact::Reset);
    }
    if used(&[Rule::Rst6]) && over {
        world.facts.insert(Fact::TimeWaitCut);
    }
}

/// The user has read an octet.
pub(super) fn read(world: &mut World, end: End, read: u8, forged: u8) {
    let endpoint = world.end_mut(end);
    let right = read == octet(endpoint.peers, endpoint.read);
    endpoint.read = endpoint.read.saturating_add(1);
    if !right {
        world.facts.insert(Fact::WrongOctet);
    }
    if read == forged {
        world.facts.insert(Fact::Harmed);
    }
}

/// Notes the end of the stream, once the user has read everything before it.
pub(super) fn end_of_stream(world: &mut World, end: End) {
    let endpoint = world.end(end);
    let ends = endpoint.tcb.rcv.fin && endpoint.tcb.receive_queue.is_empty() && endpoint.opened;
    if !ends || endpoint.ended {
        return;
    }
    let peer = world.end(end.other());
    let missing = peer.incarnation == endpoint.peers && endpoint.read < peer.sent;
    world.end_mut(end).ended = true;
    if missing {
        world.facts.insert(Fact::EndBeforeText);
    }
}
