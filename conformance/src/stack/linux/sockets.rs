//! The user's side: calls of RFC 9293 §3.9.1 as system calls on sockets that never wait.

use std::io::{self, ErrorKind, Read as _};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

use crate::stack::{CallFailure, CallOutcome, Knob, Setup};

/// What a program knows of one of its sockets.
pub(super) struct Endpoint {
    /// None once the user has no more to do with it.
    pub(super) socket: Option<Socket>,
    pub(super) local: u16,
    /// The peer's end; none: it listens.
    pub(super) remote: Option<SocketAddr>,
    /// The user made CLOSE.
    closed: bool,
    /// A call has told the user that the connection is over. Linux tells once, and from then on looks as if the stream
    /// had ended in good order.
    over: bool,
}

impl Endpoint {
    fn new(socket: Socket, local: u16, remote: Option<SocketAddr>) -> Self {
        Self { socket: Some(socket), local, remote, closed: false, over: false }
    }

    /// OPEN passive.
    pub(super) fn listen(setup: &Setup, port: u16) -> io::Result<Self> {
        let socket = new_socket(setup)?;
        let any: IpAddr = if setup.local.is_ipv4() { [0; 4].into() } else { [0_u8; 16].into() };
        socket.bind(&SocketAddr::new(any, port).into())?;
        socket.listen(BACKLOG.into())?;
        Ok(Self::new(socket, port, None))
    }

    /// OPEN active.
    pub(super) fn connect(setup: &Setup, port: u16, remote: SocketAddr) -> io::Result<Self> {
        let socket = new_socket(setup)?;
        socket.bind(&SocketAddr::new(setup.local, port).into())?;
        match socket.connect(&remote.into()) {
            Err(error) if error.raw_os_error() != Some(Errno::EINPROGRESS as i32) => Err(error),
            _ => Ok(Self::new(socket, port, Some(remote))),
        }
    }

    /// The next connection that a listening socket got.
    pub(super) fn accept(&self) -> Result<Self, CallOutcome> {
        let gone = CallOutcome::Error(CallFailure::NoConnection);
        let Some(listener) = self.socket.as_ref().filter(|_| self.remote.is_none()) else { return Err(gone) };
        let (socket, remote) = listener.accept().map_err(|error| failed(&error, self.closed))?;
        socket.set_nonblocking(true).map_err(|error| failed(&error, self.closed))?;
        Ok(Self::new(socket, self.local, remote.as_socket()))
    }

    /// SEND.
    pub(super) fn send(&mut self, text: &[u8], urgent: bool) -> CallOutcome {
        self.on_connection(|socket| {
            let taken = if urgent { socket.send_out_of_band(text)? } else { socket.send(text)? };
            Ok(CallOutcome::Sent(taken))
        })
    }

    /// RECEIVE. On a listening socket there is nothing to receive yet (RFC 9293 §3.10.3).
    pub(super) fn receive(&mut self, max: usize) -> CallOutcome {
        if self.socket.is_some() && self.remote.is_none() {
            return CallOutcome::WouldBlock;
        }
        self.on_connection(|mut socket| {
            let mut text = vec![0; max];
            let taken = socket.read(&mut text)?;
            text.truncate(taken);
            Ok(if taken == 0 && max > 0 { CallOutcome::EndOfStream } else { CallOutcome::Received(text) })
        })
    }

    /// CLOSE. A listening socket is done with; a connection sends its FIN and can still be read.
    pub(super) fn close(&mut self) -> CallOutcome {
        if self.closed {
            return CallOutcome::Error(CallFailure::Closing);
        }
        if self.remote.is_none() {
            return self.abort();
        }
        let outcome = self.on_connection(|socket| {
            // A connection that is gone is not connected; why it is gone is told to whoever asks.
            let why = |error: io::Error| match error.kind() {
                ErrorKind::NotConnected => socket.take_error().ok().flatten().unwrap_or(error),
                _ => error,
            };
            socket.shutdown(Shutdown::Write).map_err(why)?;
            Ok(CallOutcome::Ok)
        });
        self.closed |= outcome == CallOutcome::Ok;
        outcome
    }

    /// ABORT: the socket goes, and a connection with it.
    pub(super) fn abort(&mut self) -> CallOutcome {
        match self.socket.take() {
            None => CallOutcome::Error(CallFailure::NoConnection),
            Some(socket) => {
                // Lingering for no time at all is how Linux spells ABORT; on a listening socket it means nothing.
                let lingers = socket.set_linger(Some(Duration::ZERO));
                drop(socket);
                lingers.map_or_else(|error| failed(&error, false), |()| CallOutcome::Ok)
            }
        }
    }

    /// Sets what a user may set.
    pub(super) fn set(&mut self, knob: Knob, setup: &Setup) -> CallOutcome {
        self.on_connection(|socket| {
            match knob {
                Knob::Nagle(on) => socket.set_tcp_nodelay(!on)?,
                Knob::KeepAlive(None) => socket.set_keepalive(false)?,
                Knob::KeepAlive(Some(interval)) => {
                    socket.set_tcp_keepalive(
                        &TcpKeepalive::new().with_time(interval).with_interval(interval),
                    )?;
                }
                Knob::UserTimeout(timeout) => socket.set_tcp_user_timeout(timeout)?,
                // Below the field's six bits stand those of congestion notification (RFC 3168 §5).
                Knob::TrafficClass(class) if setup.local.is_ipv4() => {
                    socket.set_tos_v4(u32::from(class) << 2)?;
                }
                Knob::TrafficClass(class) => socket.set_tclass_v6(u32::from(class) << 2)?,
                // Sockets have no such switch, and none is asked for.
                Knob::ErrorReports(_) => return Err(ErrorKind::Unsupported.into()),
                Knob::TimeToLive(ttl) if setup.local.is_ipv4() => socket.set_ttl_v4(ttl.into())?,
                Knob::TimeToLive(ttl) => socket.set_unicast_hops_v6(ttl.into())?,
            }
            Ok(CallOutcome::Ok)
        })
    }

    fn on_connection(&mut self, call: impl FnOnce(&Socket) -> io::Result<CallOutcome>) -> CallOutcome {
        let Some(socket) = self.socket.as_ref().filter(|_| !self.over) else {
            return CallOutcome::Error(CallFailure::NoConnection);
        };
        // In CLOSE-WAIT, Linux calls a reset a broken pipe.
        let reset = |error: &io::Error| {
            error.kind() == ErrorKind::BrokenPipe && !self.closed && self.remote.is_some()
        };
        let outcome = call(socket).unwrap_or_else(|error| match reset(&error) {
            true => CallOutcome::Error(CallFailure::Reset),
            false => failed(&error, self.closed),
        });
        self.over = matches!(&outcome, CallOutcome::Error(failure) if *failure != CallFailure::Closing);
        outcome
    }
}

impl Drop for Endpoint {
    /// Nothing of a connection may outlive its case, whatever state it is in.
    fn drop(&mut self) {
        self.abort();
    }
}

/// How many connections may wait to be accepted.
pub(super) const BACKLOG: u16 = 128;

/// A socket as the setup wants it.
fn new_socket(setup: &Setup) -> io::Result<Socket> {
    let domain = if setup.local.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    socket.set_reuse_address(true)?;
    // Urgent text is part of the stream (RFC 9293 §3.8.5).
    socket.set_out_of_band_inline(true)?;
    socket.set_tcp_nodelay(!setup.nagle)?;
    socket.set_recv_buffer_size(setup.receive_buffer as usize)?;
    socket.set_send_buffer_size(setup.send_buffer as usize)?;
    Ok(socket)
}

/// What an error of a system call tells the user, who may have `closed`.
pub(super) fn failed(error: &io::Error, closed: bool) -> CallOutcome {
    CallOutcome::Error(match error.kind() {
        ErrorKind::WouldBlock => return CallOutcome::WouldBlock,
        ErrorKind::ConnectionReset => CallFailure::Reset,
        ErrorKind::ConnectionRefused => CallFailure::Refused,
        ErrorKind::TimedOut => CallFailure::TimedOut,
        ErrorKind::BrokenPipe if closed => CallFailure::Closing,
        ErrorKind::BrokenPipe | ErrorKind::NotConnected => CallFailure::NoConnection,
        _ => CallFailure::Other(error.to_string().into()),
    })
}
