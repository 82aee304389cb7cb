//! A host of the toy: its sockets, whom a packet is for, and who must be told that time has passed.

use std::net::{IpAddr, SocketAddr};

use super::connection::{Connection, Ended, Outgoing};
use super::wire::{self, ACK, RST, SYN, Segment};

/// Connections that a listener may hold before they are accepted.
const BACKLOG: usize = 16;

/// Connections of a host.
const MOST_CONNECTIONS: usize = 256;

/// Things that the toy does wrong, on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Bug {
    /// Segments are not checked for damage (MUST-3).
    ChecksumIgnored,
    /// A connection that the user has closed is forgotten without TIME-WAIT (MUST-13).
    NoTimeWait,
    /// A reset takes effect wherever it is in the sequence space (RFC 9293 §3.5.3).
    AnyReset,
}

impl Bug {
    /// All three.
    pub(crate) const ALL: [Self; 3] = [Self::ChecksumIgnored, Self::NoTimeWait, Self::AnyReset];
}

/// What is the same for all connections of a host.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) address: IpAddr,
    pub(super) seed: u64,
    pub(super) receive_buffer: usize,
    pub(super) send_buffer: usize,
    pub(super) largest_text: usize,
    pub(super) nagle: bool,
    pub(super) bugs: Vec<Bug>,
}

/// What a socket's number stands for.
#[derive(Debug)]
enum Socket {
    Listener { port: u16 },
    Connection(Box<Connection>),
    Gone,
}

/// All sockets, and what waits to be sent. Times are microseconds.
#[derive(Debug)]
pub(super) struct Host {
    settings: Settings,
    pub(super) now: u64,
    pub(super) refusing: bool,
    outgoing: Outgoing,
    sockets: Vec<Socket>,
    /// Connections that nobody has accepted, with the number of their listening socket.
    unaccepted: Vec<(usize, Box<Connection>)>,
}

impl Host {
    pub(super) fn new(settings: Settings) -> Self {
        let (outgoing, sockets, unaccepted) = Default::default();
        Self { settings, now: 0, refusing: false, outgoing, sockets, unaccepted }
    }

    pub(super) fn listen(&mut self, port: u16) -> Result<usize, Ended> {
        if self.listener(port).is_some() {
            return Err(Ended::Because("already listening"));
        }
        self.sockets.push(Socket::Listener { port });
        Ok(self.sockets.len() - 1)
    }

    pub(super) fn connect(&mut self, port: u16, remote: SocketAddr) -> Result<usize, Ended> {
        let local = SocketAddr::new(self.settings.address, port);
        if !is_somebody(remote.ip()) || remote.port() == 0 {
            return Err(Ended::Because("remote socket invalid"));
        }
        if self.alive().any(|connection| connection.pair == (local, remote)) {
            return Err(Ended::Because("connection already exists"));
        }
        let mut connection = Box::new(Connection::new(&self.settings, self.now, (local, remote)));
        connection.request(&mut self.outgoing);
        self.sockets.push(Socket::Connection(connection));
        Ok(self.sockets.len() - 1)
    }

    /// The oldest connection of a listener that has opened.
    pub(super) fn accept(&mut self, socket: usize) -> Result<Option<usize>, Ended> {
        if !matches!(self.sockets.get(socket), Some(Socket::Listener { .. })) {
            return Err(Ended::NoConnection);
        }
        let opened =
            |(listener, connection): &(usize, Box<Connection>)| *listener == socket && connection.opened;
        let Some(index) = self.unaccepted.iter().position(opened) else { return Ok(None) };
        let (_, connection) = self.unaccepted.remove(index);
        self.sockets.push(Socket::Connection(connection));
        Ok(Some(self.sockets.len() - 1))
    }

    /// The remote socket of a connection.
    pub(super) fn remote(&self, socket: usize) -> Option<SocketAddr> {
        match self.sockets.get(socket)? {
            Socket::Connection(connection) => Some(connection.pair.1),
            Socket::Listener { .. } | Socket::Gone => None,
        }
    }

    /// Makes a call on a connection; `listening` is the answer of a listener.
    pub(super) fn on<R>(
        &mut self,
        socket: usize,
        listening: Result<R, Ended>,
        call: impl FnOnce(&mut Connection, &mut Outgoing) -> Result<R, Ended>,
    ) -> Result<R, Ended> {
        match self.sockets.get_mut(socket) {
            Some(Socket::Connection(connection)) => {
                connection.now = self.now;
                call(connection, &mut self.outgoing)
            }
            Some(Socket::Listener { .. }) => listening,
            Some(Socket::Gone) | None => Err(Ended::NoConnection),
        }
    }

    /// CLOSE or ABORT. A listener takes the connections with it that nobody has accepted.
    pub(super) fn give_up(
        &mut self,
        socket: usize,
        how: fn(&mut Connection, &mut Outgoing) -> Result<(), Ended>,
    ) -> Result<(), Ended> {
        if !matches!(self.sockets.get(socket), Some(Socket::Listener { .. })) {
            return self.on(socket, Ok(()), how);
        }
        self.sockets[socket] = Socket::Gone;
        for (_, connection) in self.unaccepted.iter_mut().filter(|(listener, _)| *listener == socket) {
            // One that has ended has nothing to abort.
            let _ = connection.abort(&mut self.outgoing);
        }
        self.unaccepted.retain(|(listener, _)| *listener != socket);
        Ok(())
    }

    pub(super) fn deliver(&mut self, packet: &[u8]) {
        let Some(packet) = wire::parse(packet) else { return };
        let ignores_checksum = self.settings.bugs.contains(&Bug::ChecksumIgnored);
        if !packet.checksum_is_right && !ignores_checksum {
            return;
        }
        if packet.destination.ip() != self.settings.address || !is_somebody(packet.source.ip()) {
            return;
        }
        let pair = (packet.destination, packet.source);
        let (now, outgoing) = (self.now, &mut self.outgoing);
        let accepted = self.sockets.iter_mut().filter_map(|socket| match socket {
            Socket::Connection(connection) => Some(connection),
            Socket::Listener { .. } | Socket::Gone => None,
        });
        let mut all = accepted.chain(self.unaccepted.iter_mut().map(|(_, connection)| connection));
        if let Some(connection) = all.find(|connection| connection.pair == pair && connection.is_alive()) {
            connection.now = now;
            connection.arrives(packet.segment, outgoing);
            self.unaccepted.retain(|(_, connection)| connection.opened || connection.is_alive());
        } else if let Some(listener) = self.listener(pair.0.port()) {
            self.arrives_at_listener(listener, pair, &packet.segment);
        } else {
            self.answer_with_reset(pair, &packet.segment);
        }
    }

    /// Section 3.10.7.2.
    fn arrives_at_listener(&mut self, listener: usize, pair: (SocketAddr, SocketAddr), segment: &Segment) {
        if segment.has(RST) {
            return;
        }
        if segment.has(ACK) {
            self.answer_with_reset(pair, segment);
            return;
        }
        let waiting = self.unaccepted.iter().filter(|(its, _)| *its == listener).count();
        let room = waiting < BACKLOG && self.alive().count() < MOST_CONNECTIONS;
        if segment.has(SYN) && room {
            let mut connection = Box::new(Connection::new(&self.settings, self.now, pair));
            connection.is_requested(segment, &mut self.outgoing);
            self.unaccepted.push((listener, connection));
        }
    }

    /// Section 3.10.7.1.
    fn answer_with_reset(&mut self, (local, remote): (SocketAddr, SocketAddr), segment: &Segment) {
        if segment.has(RST) {
            return;
        }
        let reset = if segment.has(ACK) {
            Segment { seq: segment.ack, flags: RST, ..Segment::default() }
        } else {
            let ack = segment.seq.wrapping_add(segment.length());
            Segment { ack, flags: RST | ACK, ..Segment::default() }
        };
        self.outgoing.push_back(wire::build(local, remote, &reset));
    }

    /// The next packet for the network, unless that takes none.
    pub(super) fn take_packet(&mut self) -> Option<Vec<u8>> {
        if self.refusing { None } else { self.outgoing.pop_front() }
    }

    /// Runs until `time` or until there is something to send.
    pub(super) fn run_until(&mut self, time: u64) {
        while self.refusing || self.outgoing.is_empty() {
            let Some(due) = self.next_timer().filter(|due| *due <= time) else {
                self.now = self.now.max(time);
                return;
            };
            self.now = self.now.max(due);
            let accepted = self.sockets.iter_mut().filter_map(|socket| match socket {
                Socket::Connection(connection) => Some(connection),
                Socket::Listener { .. } | Socket::Gone => None,
            });
            for connection in accepted.chain(self.unaccepted.iter_mut().map(|(_, connection)| connection)) {
                connection.now = self.now;
                connection.timeouts(&mut self.outgoing);
            }
            self.unaccepted.retain(|(_, connection)| connection.opened || connection.is_alive());
        }
    }

    pub(super) fn next_timer(&self) -> Option<u64> {
        self.alive().filter_map(Connection::next_timer).min()
    }

    /// The state's name. That of a listener is its newest connection's.
    pub(super) fn state(&self, socket: usize) -> Option<&'static str> {
        match self.sockets.get(socket)? {
            Socket::Connection(connection) => Some(connection.state.name()),
            Socket::Listener { .. } => {
                let newest = self.unaccepted.iter().rev().find(|(listener, _)| *listener == socket);
                Some(newest.map_or("LISTEN", |(_, connection)| connection.state.name()))
            }
            Socket::Gone => None,
        }
    }

    fn alive(&self) -> impl Iterator<Item = &Connection> {
        let accepted = self.sockets.iter().filter_map(|socket| match socket {
            Socket::Connection(connection) => Some(&**connection),
            Socket::Listener { .. } | Socket::Gone => None,
        });
        let unaccepted = self.unaccepted.iter().map(|(_, connection)| &**connection);
        accepted.chain(unaccepted).filter(|connection| connection.is_alive())
    }

    fn listener(&self, port: u16) -> Option<usize> {
        self.sockets
            .iter()
            .position(|socket| matches!(socket, Socket::Listener { port: its } if *its == port))
    }
}

/// Whether an address is one host's, seen from outside.
fn is_somebody(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_multicast() && !address.is_unspecified() && !address.is_loopback() && !broadcast
}
