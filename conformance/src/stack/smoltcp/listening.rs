//! Several connections through one listening socket, as programs on smoltcp have them: on each port that the user listens
//! on, one smoltcp socket listens, and as soon as it gets a request another one takes its place.

use ::smoltcp::socket::tcp;

use super::{Connection, Host, index, invalid_state, unaddressable};
use crate::stack::{CallFailure, CallOutcome, SocketId, State};

/// Connections of one listening socket that nobody has accepted; beyond, nothing listens.
pub(super) const BACKLOG: u32 = 8;

/// What a [`SocketId`] stands for. The numbers are places among the connections.
#[derive(Debug)]
pub(super) enum UserSocket {
    /// One connection.
    Connection(usize),
    /// The connections that nobody has accepted, the oldest first, and the smoltcp socket that listens.
    Listener {
        /// Where they listen.
        port: u16,
        /// The user has not closed it.
        open: bool,
        /// Connections and the listening one.
        waiting: Vec<usize>,
    },
}

impl Host {
    /// OPEN passive.
    pub(super) fn listen(&mut self, port: u16) -> CallOutcome {
        let mut socket = self.closed_socket();
        match socket.listen(port) {
            Ok(()) => {
                let waiting = vec![self.add(socket)];
                self.named(UserSocket::Listener { port, open: true, waiting })
            }
            Err(tcp::ListenError::InvalidState) => invalid_state(),
            Err(tcp::ListenError::Unaddressable) => unaddressable(),
        }
    }

    /// The oldest connection that has opened. One that a reset or the user ended before it opened is none.
    pub(super) fn accept(&mut self, listener: SocketId) -> CallOutcome {
        let Self { users, connections, .. } = self;
        let Some(UserSocket::Listener { open, waiting, .. }) = users.get_mut(index(listener)) else {
            return CallOutcome::Error(CallFailure::NoConnection);
        };
        let has_opened = |connection: &Connection| {
            !connection.given_up && !matches!(connection.last_open, State::Listen | State::SynReceived)
        };
        match waiting.iter().position(|waiting| has_opened(&connections[*waiting])) {
            Some(index) => {
                let connection = waiting.remove(index);
                self.named(UserSocket::Connection(connection))
            }
            None if *open => CallOutcome::WouldBlock,
            None => CallOutcome::Error(CallFailure::NoConnection),
        }
    }

    /// CLOSE or ABORT. That of a listening socket is that of all connections which nobody has accepted.
    pub(super) fn give_up(
        &mut self,
        socket: SocketId,
        how: impl Fn(&mut Connection, &mut tcp::Socket<'static>),
    ) -> CallOutcome {
        let all = match self.users.get_mut(index(socket)) {
            None => return CallOutcome::Error(CallFailure::NoConnection),
            Some(UserSocket::Connection(connection)) => vec![*connection],
            Some(UserSocket::Listener { open, waiting, .. }) => {
                *open = false;
                waiting.clone()
            }
        };
        for connection in all {
            let connection = &mut self.connections[connection];
            match connection.handle {
                Some(handle) => how(connection, self.sockets.get_mut(handle)),
                None => connection.given_up = true,
            }
        }
        CallOutcome::Ok
    }

    /// Which connection a call is about: of a listening socket, the newest that has got a request, if there is one.
    pub(super) fn subject(&self, socket: SocketId) -> Option<usize> {
        match self.users.get(index(socket))? {
            UserSocket::Connection(connection) => Some(*connection),
            UserSocket::Listener { waiting, .. } => {
                let requested = waiting.iter().rev().find(|waiting| !self.listens(**waiting));
                requested.or(waiting.last()).copied()
            }
        }
    }

    fn listens(&self, connection: usize) -> bool {
        self.connections[connection].handle.is_some_and(|handle| self.state(handle) == State::Listen)
    }

    /// Lets another socket listen where the last one got a request, or was accepted.
    pub(super) fn keep_listening(&mut self) {
        for user in 0..self.users.len() {
            let UserSocket::Listener { port, open: true, waiting } = &self.users[user] else { continue };
            let (port, full) = (*port, waiting.len() >= BACKLOG as usize);
            if full || waiting.iter().any(|waiting| self.listens(*waiting)) {
                continue;
            }
            let mut socket = self.closed_socket();
            socket.listen(port).expect("a closed socket may listen where another one did");
            let connection = self.add(socket);
            if let UserSocket::Listener { waiting, .. } = &mut self.users[user] {
                waiting.push(connection);
            }
        }
    }
}
