//! Which socket of the stack's user is which: listening, or one of the connections.

use crate::stack::SocketId;

/// What a socket is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// It waits for requests on a port.
    Listener(u16),
    /// It is the connection with this stream.
    Connection(usize),
    /// It is one of several connections, and nothing says which.
    Unknown,
    /// It waited for requests on this port and was closed. Where the listening socket becomes the connection, it may be one.
    Closed(u16),
}

/// The sockets of a run.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    roles: Vec<(SocketId, Role)>,
}

impl Sockets {
    pub(super) fn clear(&mut self) {
        self.roles.clear();
    }

    /// The socket is this from now on.
    pub(super) fn set(&mut self, socket: SocketId, role: Role) {
        match self.roles.iter_mut().find(|(known, _)| *known == socket) {
            Some((_, old)) => *old = role,
            None => self.roles.push((socket, role)),
        }
    }

    /// What the socket is, if its opening was seen.
    pub(super) fn role(&self, socket: SocketId) -> Option<Role> {
        self.roles.iter().find(|(known, _)| *known == socket).map(|(_, role)| *role)
    }

    /// Whether a socket waits for requests on a port.
    pub(super) fn listens(&self, port: u16) -> bool {
        self.roles.iter().any(|(_, role)| *role == Role::Listener(port))
    }
}
