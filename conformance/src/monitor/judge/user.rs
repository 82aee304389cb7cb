//! What the user is told: octets, the end of the stream, errors.

use std::net::SocketAddr;

use crate::monitor::Monitor;
use crate::monitor::objection::{Judgement, object};
use crate::monitor::sockets::Role;
use crate::monitor::stream::Stream;
use crate::stack::{CallOutcome, SocketId, UserCall};
use crate::wire::Endpoints;

/// Judges the answer to a call and takes note of it.
pub(in crate::monitor) fn called(
    monitor: &mut Monitor,
    call: UserCall<'_>,
    outcome: &CallOutcome,
) -> Judgement {
    match (call, outcome) {
        (UserCall::Listen { port }, CallOutcome::Opened(socket)) => {
            monitor.sockets.set(*socket, Role::Listener(port));
        }
        (UserCall::Connect { port, remote }, CallOutcome::Opened(socket)) => {
            opened(monitor, port, remote, *socket);
        }
        (UserCall::Accept { listener }, CallOutcome::Opened(socket)) => accepted(monitor, listener, *socket),
        (UserCall::Send { socket, text, .. }, CallOutcome::Sent(taken)) => {
            if let Some(stream) = stream(monitor, socket) {
                stream.send(&text[..(*taken).min(text.len())]);
            }
        }
        (UserCall::Receive { socket, .. }, CallOutcome::Received(octets)) => {
            if let Some(stream) = stream(monitor, socket) {
                return received(stream, octets);
            }
        }
        (UserCall::Receive { socket, .. }, CallOutcome::EndOfStream) => {
            if let Some(stream) = stream(monitor, socket) {
                return ended(stream);
            }
        }
        _ => {}
    }
    Ok(())
}

fn stream(monitor: &mut Monitor, socket: SocketId) -> Option<&mut Stream> {
    match monitor.sockets.role(socket)? {
        Role::Connection(stream) => Some(&mut monitor.streams.all[stream]),
        Role::Listener(_) | Role::Unknown => None,
    }
}

/// An active OPEN: the streams of an incarnation begin.
fn opened(monitor: &mut Monitor, port: u16, remote: SocketAddr, socket: SocketId) {
    let Some(setup) = monitor.setup else { return };
    let endpoints = Endpoints { source: SocketAddr::new(setup.local, port), destination: remote };
    let stream = monitor.streams.begin();
    let Some((pair, stream)) = monitor.pair(endpoints).zip(stream) else {
        monitor.sockets.set(socket, Role::Unknown);
        return;
    };
    monitor.pairs[pair] = crate::monitor::pair::Pair::new(endpoints);
    monitor.pairs[pair].stream = Some(stream);
    monitor.streams.all[stream].socket = Some(socket);
    monitor.sockets.set(socket, Role::Connection(stream));
}

/// A socket for one of the connections that a listening socket got: which one is known if there is only one.
fn accepted(monitor: &mut Monitor, listener: SocketId, socket: SocketId) {
    let Some(Role::Listener(port)) = monitor.sockets.role(listener) else { return };
    let Monitor { pairs, pairs_in_use, streams, .. } = monitor;
    let mut waiting = pairs[..*pairs_in_use]
        .iter()
        .filter(|pair| pair.endpoints.source.port() == port && pair.iss.is_some())
        .filter_map(|pair| pair.stream)
        .filter(|stream| streams.all[*stream].socket.is_none());
    let role = match (waiting.next(), waiting.next()) {
        (Some(stream), None) => {
            streams.all[stream].socket = Some(socket);
            Role::Connection(stream)
        }
        _ => Role::Unknown,
    };
    monitor.sockets.set(socket, role);
}

/// P-01: the octets are the next ones of the peer's stream.
fn received(stream: &mut Stream, octets: &[u8]) -> Judgement {
    let from = stream.read;
    stream.read += octets.len();
    if stream.received.doubtful {
        return Ok(());
    }
    let Some(sent) = stream.received.get(from, octets.len()) else {
        let what = format!(
            "the user was given octets {from} to {} of the peer's stream, which have not all arrived",
            stream.read
        );
        return object("P-01", "RECEIVE", "octets that never came", what);
    };
    match sent.iter().zip(octets).position(|(sent, given)| sent != given) {
        None => Ok(()),
        Some(wrong) => {
            let what =
                format!("octet {} that the user was given is not the one that the peer sent", from + wrong);
            object("P-01", "RECEIVE", "other octets", what)
        }
    }
}

/// P-02: the stream ends where the peer ended it, after everything was read.
fn ended(stream: &mut Stream) -> Judgement {
    stream.ended = true;
    let read = u32::try_from(stream.read).unwrap_or(u32::MAX);
    if stream.received.doubtful || stream.received.may_end_at(read) {
        return Ok(());
    }
    let what = if stream.received.has_fin() {
        format!("the user was told of the end of the stream after {read} octets; the peer's FIN is elsewhere")
    } else {
        format!("the user was told of the end of the stream after {read} octets; the peer has sent no FIN")
    };
    object("P-02", "RECEIVE", "an end that the peer did not make", what)
}
