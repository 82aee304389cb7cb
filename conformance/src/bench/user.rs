//! The stack's user: makes the calls that a scenario writes and compares what comes back.

use std::net::Ipv4Addr;

use super::{Bench, Broke, Departure, streams};
use crate::scenario::{ExpectedOutcome, ScenarioCall};
use crate::stack::{CallFailure, CallOutcome, Knob, SocketId, UserCall};
use crate::trace::{End, Happening};

impl Bench<'_> {
    /// Makes a call and judges its outcome.
    pub(super) fn user_call(
        &mut self,
        connection: usize,
        call: ScenarioCall,
        expected: &[ExpectedOutcome],
    ) -> Result<(), Departure> {
        let outcome = self.make(connection, call)?;
        let line = self.write_down(
            connection,
            Happening::Call { end: End::Left, call: call.text(), outcome: outcome.text() },
        );
        if !expected.is_empty() && !expected.iter().any(|expected| is(&outcome, expected)) {
            let wanted: Vec<_> = expected.iter().map(|outcome| format!("`{outcome}`")).collect();
            let what = format!("`{call}` answered `{outcome}`; expected {}", wanted.join(" or "));
            return Err(Departure::new(what).at_line(line));
        }
        let of = &mut self.connections[connection];
        if let CallOutcome::Received(octets) = &outcome {
            let position = of.read;
            of.read += u32::try_from(octets.len()).unwrap_or(u32::MAX);
            // Whoever watches knows both streams, whatever numbers the peer made up.
            if self.watcher.is_none()
                && let Some(wrong) = streams::first_wrong((of.label, End::Right), position, octets)
            {
                let what = format!("octet {wrong} that the user received is not the one that the peer sent");
                return Err(Departure::new(what).at_line(line).broke(Broke::OctetsReceived));
            }
        }
        of.user_ends = matches!(call, ScenarioCall::Close | ScenarioCall::Abort);
        let stimulated = self.stimulated();
        self.connections[connection].user_ends = false;
        stimulated
    }

    fn make(&mut self, connection: usize, call: ScenarioCall) -> Result<CallOutcome, Departure> {
        match call {
            ScenarioCall::OpenPassive => {
                self.connections[connection].stack_is_active(false);
                let port = self.connections[connection].endpoints.destination.port();
                let outcome = self.call_stack(UserCall::Listen { port })?;
                if let CallOutcome::Opened(socket) = outcome {
                    let of = &mut self.connections[connection];
                    (of.listener, of.socket) = (Some(socket), None);
                }
                Ok(outcome)
            }
            ScenarioCall::OpenActive => self.open_active(connection, &[]),
            ScenarioCall::OpenActiveBy(route) => {
                let route: Vec<_> = self.addresses.route(&route).collect();
                self.open_active(connection, &route)
            }
            ScenarioCall::Send(len) => self.send(connection, len, false),
            ScenarioCall::SendUrgent(len) => self.send(connection, len, true),
            ScenarioCall::Receive(max) => {
                self.on_connection(connection, |socket| UserCall::Receive { socket, max: max as usize })
            }
            ScenarioCall::Close => self.on_connection(connection, |socket| UserCall::Close { socket }),
            ScenarioCall::Report => self.on_connection(connection, |socket| UserCall::Report { socket }),
            ScenarioCall::Abort => self.on_connection(connection, |socket| UserCall::Abort { socket }),
            ScenarioCall::Set(knob) => {
                let knob = knob.resolve(self.msl);
                self.connections[connection].keeps_alive |= matches!(knob, Knob::KeepAlive(Some(_)));
                self.connections[connection].gives_up |= matches!(knob, Knob::UserTimeout(Some(_)));
                self.on_connection(connection, |socket| UserCall::Set { socket, knob })
            }
        }
    }

    fn open_active(&mut self, connection: usize, route: &[Ipv4Addr]) -> Result<CallOutcome, Departure> {
        self.connections[connection].stack_is_active(true);
        let endpoints = self.connections[connection].endpoints;
        let (port, remote) = (endpoints.destination.port(), endpoints.source);
        let outcome = self.call_stack(UserCall::Connect { port, remote, route })?;
        if let CallOutcome::Opened(socket) = outcome {
            let of = &mut self.connections[connection];
            (of.listener, of.socket) = (None, Some(socket));
        }
        Ok(outcome)
    }

    fn send(&mut self, connection: usize, len: u32, urgent: bool) -> Result<CallOutcome, Departure> {
        let of = &self.connections[connection];
        let text = streams::text((of.label, End::Left), of.sent, len);
        let outcome =
            self.on_connection(connection, |socket| UserCall::Send { socket, text: &text, urgent })?;
        if let CallOutcome::Sent(taken) = outcome {
            self.connections[connection].sent += u32::try_from(taken).unwrap_or(u32::MAX);
        }
        Ok(outcome)
    }

    /// Makes a call on the connection; on its listening socket while there is no connection to be had.
    fn on_connection<'c>(
        &mut self,
        connection: usize,
        call: impl FnOnce(SocketId) -> UserCall<'c>,
    ) -> Result<CallOutcome, Departure> {
        self.accept(connection)?;
        let of = &self.connections[connection];
        match of.socket.or(of.listener) {
            Some(socket) => self.call_stack(call(socket)),
            None => Ok(CallOutcome::Error(CallFailure::NoConnection)),
        }
    }

    /// Takes connections from the listening sockets of the connection's port until there is one for it, if there is
    /// one: its own listening socket first, then those that other connections opened.
    fn accept(&mut self, connection: usize) -> Result<(), Departure> {
        if self.connections[connection].socket.is_some() {
            return Ok(());
        }
        let port = self.connections[connection].endpoints.destination.port();
        let others = self.connections.iter().filter(|other| other.endpoints.destination.port() == port);
        let others = others.filter_map(|other| other.listener);
        let mut listeners: Vec<_> = self.connections[connection].listener.into_iter().chain(others).collect();
        // The own one stands there twice.
        listeners.dedup();
        for listener in listeners {
            while self.connections[connection].socket.is_none() {
                let CallOutcome::Opened(socket) = self.call_stack(UserCall::Accept { listener })? else {
                    break;
                };
                // A stack without `accept` gives the same socket again and again.
                if self.connections.iter().any(|other| other.socket == Some(socket)) {
                    break;
                }
                let remote = self.guarded(|stack| stack.remote(socket))?;
                let theirs = self.connections.iter().position(|other| {
                    remote == Some(other.endpoints.source) && other.endpoints.destination.port() == port
                });
                self.connections[theirs.unwrap_or(connection)].socket = Some(socket);
            }
        }
        Ok(())
    }
}

/// Whether an outcome is of a class.
fn is(outcome: &CallOutcome, expected: &ExpectedOutcome) -> bool {
    match (outcome, expected) {
        (CallOutcome::Ok | CallOutcome::Opened(_), ExpectedOutcome::Ok)
        | (CallOutcome::WouldBlock, ExpectedOutcome::Nothing)
        | (CallOutcome::EndOfStream, ExpectedOutcome::EndOfStream)
        | (CallOutcome::Error(_), ExpectedOutcome::AnyFailure) => true,
        (CallOutcome::Sent(octets), ExpectedOutcome::Octets(wanted)) => *octets == *wanted as usize,
        (CallOutcome::Received(octets), ExpectedOutcome::Octets(wanted)) => octets.len() == *wanted as usize,
        (CallOutcome::Reported(report), ExpectedOutcome::Reported(wanted)) => report == wanted,
        (CallOutcome::Error(failure), ExpectedOutcome::Failure(wanted)) => failure == wanted,
        _ => false,
    }
}
