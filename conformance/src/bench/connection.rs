//! What the bench knows of one connection of a scenario: its sockets, the peer's ledger and how far its user is.

use std::net::SocketAddr;

use tcpspec_core::SeqNumber;

use super::addresses::Addresses;
use super::ledger::Ledger;
use crate::scenario::{AddressClass, ConnectionSetup, Scenario, ScenarioCall, What};
use crate::stack::SocketId;
use crate::trace::Numbering;
use crate::wire::Endpoints;

/// The passive end's port.
const SERVICE_PORT: u16 = 80;

/// The active end's port of the first connection; each further one has the next.
const CLIENT_PORT: u16 = 49_152;

/// The peer's initial sequence number, unless a scenario asks for another.
const PEER_ISS: u32 = 1000;

/// How far the initial sequence numbers of two connections are apart that follow each other.
const BETWEEN_ISSES: u32 = 1_000_000;

/// The initial sequence number of a connection's peer.
pub(crate) fn peer_iss(scenario: &Scenario, label: u8) -> SeqNumber {
    let further = u32::from(label - 1);
    SeqNumber(scenario.setup.peer_iss.unwrap_or(PEER_ISS)) + further.wrapping_mul(BETWEEN_ISSES)
}

/// The labels of the first connection, and of every other one that the scenario names.
fn labels_of(scenario: &Scenario) -> Vec<u8> {
    let named = scenario.steps.iter().map(|step| step.connection);
    let mut labels: Vec<u8> =
        named.chain(scenario.connections.iter().map(|setup| setup.label)).chain([1]).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
}

/// What a scenario says of a connection's sockets.
fn setup_of(scenario: &Scenario, label: u8) -> ConnectionSetup {
    let setup = scenario.connections.iter().find(|setup| setup.label == label);
    setup.copied().unwrap_or(ConnectionSetup { label, ..ConnectionSetup::default() })
}

/// The ports of the passive end and of the active end.
fn ports_of(setup: ConnectionSetup) -> (u16, u16) {
    let client = CLIENT_PORT + u16::from(setup.label - 1);
    (setup.service.unwrap_or(SERVICE_PORT), setup.client.unwrap_or(client))
}

/// The sockets of each connection of a scenario, all of them named.
pub(crate) fn sockets_of(scenario: &Scenario) -> Vec<ConnectionSetup> {
    let named = |label| {
        let setup = setup_of(scenario, label);
        let (service, client) = ports_of(setup);
        ConnectionSetup { service: Some(service), client: Some(client), ..setup }
    };
    labels_of(scenario).into_iter().map(named).collect()
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) label: u8,
    /// The passive end's port, and the active end's.
    service: u16,
    client: u16,
    /// From the peer to the stack.
    pub(super) endpoints: Endpoints,
    pub(super) ledger: Ledger,
    pub(super) numbering: Numbering,
    pub(super) listener: Option<SocketId>,
    pub(super) socket: Option<SocketId>,
    /// Octets that the stack's user has sent on this connection, and read from it.
    pub(super) sent: u32,
    pub(super) read: u32,
    /// The user has asked for keep-alives.
    pub(super) keeps_alive: bool,
    /// The user has set how long text may wait; what is given up may be reset.
    pub(super) gives_up: bool,
    /// The user has just called CLOSE or ABORT.
    pub(super) user_ends: bool,
}

impl Connection {
    /// The first connection, and every other one that the scenario names.
    pub(super) fn all_of(scenario: &Scenario, addresses: Addresses) -> Vec<Self> {
        labels_of(scenario)
            .into_iter()
            .map(|label| {
                let setup = setup_of(scenario, label);
                let opens = |call: &What| {
                    let active = |call: &ScenarioCall| {
                        matches!(call, ScenarioCall::OpenActive | ScenarioCall::OpenActiveBy(_))
                    };
                    matches!(call, What::Call { call, .. } if active(call))
                };
                let active = scenario.steps.iter().any(|step| step.connection == label && opens(&step.what));
                Self::new(setup, active, peer_iss(scenario, label), addresses)
            })
            .collect()
    }

    fn new(setup: ConnectionSetup, active: bool, peer_iss: SeqNumber, addresses: Addresses) -> Self {
        let peer = addresses.of_class(setup.peer.unwrap_or(AddressClass::Peer));
        let (service, client) = ports_of(setup);
        let mut connection = Self {
            label: setup.label,
            service,
            client,
            endpoints: Endpoints {
                source: SocketAddr::new(peer, client),
                destination: SocketAddr::new(addresses.stack, service),
            },
            ledger: Ledger::new(peer_iss),
            numbering: Numbering::of(setup.label, peer_iss),
            listener: None,
            socket: None,
            sent: 0,
            read: 0,
            keeps_alive: false,
            gives_up: false,
            user_ends: false,
        };
        if active {
            connection.stack_is_active(true);
        }
        connection
    }

    /// Whether the stack is the active end; the ports follow from that.
    pub(super) const fn stack_is_active(&mut self, active: bool) {
        let (peer, stack) = if active { (self.service, self.client) } else { (self.client, self.service) };
        self.endpoints.source.set_port(peer);
        self.endpoints.destination.set_port(stack);
    }

    /// From the peer to the stack if the other end were the active one.
    pub(super) const fn swapped(&self) -> Endpoints {
        let mut endpoints = self.endpoints;
        let (peer, stack) = (endpoints.source.port(), endpoints.destination.port());
        endpoints.source.set_port(stack);
        endpoints.destination.set_port(peer);
        endpoints
    }

    /// The stack opens another incarnation, and its user starts over. If the stack asked for it, the socket is the one
    /// that OPEN has just returned; otherwise ACCEPT has yet to return one.
    pub(super) fn start_over(&mut self, asked: bool) {
        self.socket = self.socket.filter(|_| asked);
        (self.sent, self.read) = (0, 0);
    }
}
