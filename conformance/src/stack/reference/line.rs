//! What the host's datagrams become on their way to the network: packets, with what the users chose for their IP headers.
//!
//! A source route is the user's, if the user named one, and else the way back of the latest that arrived (RFC 9293
//! §3.9.2.1). It leaves out which segments are sent.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr};

use tcpspec_core::host::{Datagram, SocketPair};

use super::MOST_CONNECTIONS;
use crate::wire;

/// What is chosen for the IP headers of one pair of sockets.
#[derive(Clone, Debug)]
pub(super) struct Chosen {
    /// The Diffserv field (RFC 9293 §3.9.1.9, MUST-48).
    pub(super) traffic_class: u8,
    /// The time to live (§3.9.2, MUST-49).
    pub(super) ttl: u8,
    /// The routers to pass (§3.9.2.1).
    route: Vec<Ipv4Addr>,
    /// The way is the one that the user opened the connection by, also where that is the usual one: what arrives changes
    /// nothing about it (MUST-52).
    of_the_user: bool,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { traffic_class: 0, ttl: wire::DEFAULT_TTL, route: Vec::new(), of_the_user: false }
    }
}

impl Chosen {
    /// For an active OPEN (MUST-51).
    pub(super) fn by_the_user(route: &[Ipv4Addr]) -> Self {
        Self { route: route.to_vec(), of_the_user: true, ..Self::default() }
    }

    /// A segment from `peer` came by these routers: answers take the same way back (MUST-53), whatever way they took
    /// before (SHLD-24). A route that begins at the peer itself does not end there twice (RFC 1122 §3.2.1.8).
    pub(super) fn came_by(&mut self, passed: impl DoubleEndedIterator<Item = Ipv4Addr>, peer: IpAddr) {
        if self.of_the_user {
            return;
        }
        self.route = passed.rev().collect();
        if self.route.last().is_some_and(|last| *last == peer) {
            self.route.pop();
        }
    }

    /// Octets that the route takes in each IP header.
    pub(super) fn option_octets(&self) -> u16 {
        let words = if self.route.is_empty() { 0 } else { 1 + self.route.len() };
        u16::try_from(4 * words).unwrap_or(u16::MAX)
    }
}

/// The way to the network.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    emitted: VecDeque<Vec<u8>>,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    /// What is chosen for a pair of sockets, each once at most.
    chosen: Vec<(SocketPair, Chosen)>,
}

impl Line {
    /// Forgets everything, keeps the memory.
    pub(super) fn start_over(&mut self) {
        self.spare.extend(self.emitted.drain(..));
        self.chosen.clear();
    }

    /// Whether nothing is there to be sent.
    pub(super) fn is_idle(&self) -> bool {
        self.emitted.is_empty()
    }

    /// Puts a datagram of the host on the wire.
    pub(super) fn take(&mut self, datagram: &Datagram<'_>) {
        let endpoints = wire::Endpoints { source: datagram.pair.local, destination: datagram.pair.remote };
        let options = wire::OptionOctets::of(datagram.segment);
        let mut header = wire::Header::of_outgoing(datagram.segment, options.as_slice());
        let chosen = self.chosen.iter().find(|(pair, _)| *pair == datagram.pair).map(|(_, chosen)| chosen);
        if let Some(chosen) = chosen {
            (header.traffic_class, header.ttl) = (chosen.traffic_class, chosen.ttl);
        }
        let mut packet = self.spare.pop().unwrap_or_default();
        packet.clear();
        wire::build(&endpoints, &header, [datagram.text.0, datagram.text.1], &mut packet)
            .expect("a host speaks one address family and its options fit");
        if let Some(chosen) = chosen {
            wire::leave_by(&mut packet, &chosen.route);
        }
        self.emitted.push_back(packet);
    }

    /// Writes the next packet into `packet`, if there is one.
    pub(super) fn give(&mut self, packet: &mut Vec<u8>) -> bool {
        let Some(next) = self.emitted.pop_front() else { return false };
        self.spare.push(std::mem::replace(packet, next));
        true
    }

    /// Whether anything is chosen for this pair.
    pub(super) fn knows(&self, pair: &SocketPair) -> bool {
        self.chosen.iter().any(|(of, _)| of == pair)
    }

    /// What is chosen for this pair, to be changed. A pair too many displaces the one that was there first.
    pub(super) fn of(&mut self, pair: SocketPair) -> &mut Chosen {
        let index = self.chosen.iter().position(|(of, _)| *of == pair).unwrap_or_else(|| {
            if self.chosen.len() >= MOST_CONNECTIONS {
                self.chosen.remove(0);
            }
            self.chosen.push((pair, Chosen::default()));
            self.chosen.len() - 1
        });
        &mut self.chosen[index].1
    }

    /// Nothing is chosen for this pair any more.
    pub(super) fn forget(&mut self, pair: &SocketPair) {
        self.chosen.retain(|(of, _)| of != pair);
    }
}
