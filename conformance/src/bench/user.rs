//! The stack's user: makes the calls that a scenario writes and compares what comes back.

use super::streams;
use super::{
    Bench, CLIENT_PORT, CallOutcome, Departure, End, Endpoints, Happening, SERVICE_PORT, ScenarioCall,
    SocketAddr, SocketId, UserCall,
};
use crate::scenario::ExpectedOutcome;
use crate::stack::CallFailure;

impl Bench<'_> {
    /// Makes a call and judges its outcome.
    pub(super) fn user_call(
        &mut self,
        call: ScenarioCall,
        expected: &[ExpectedOutcome],
    ) -> Result<(), Departure> {
        let outcome = self.make(call)?;
        let said = outcome.to_string();
        let line = self.write_down(Happening::Call {
            end: End::Left,
            call: call.to_string(),
            outcome: said.clone(),
        });
        if !expected.is_empty() && !expected.iter().any(|expected| is(&outcome, expected)) {
            let wanted: Vec<_> = expected.iter().map(|outcome| format!("`{outcome}`")).collect();
            let what = format!("`{call}` answered `{said}`; expected {}", wanted.join(" or "));
            return Err(Departure::new(what).at_line(line));
        }
        if let CallOutcome::Received(octets) = &outcome {
            let position = self.read;
            self.read += u32::try_from(octets.len()).unwrap_or(u32::MAX);
            if let Some(wrong) = streams::first_wrong(End::Right, position, octets) {
                let what = format!("octet {wrong} that the user received is not the one that the peer sent");
                return Err(Departure::new(what).at_line(line));
            }
        }
        self.user_ends = matches!(call, ScenarioCall::Close | ScenarioCall::Abort);
        let collected = self.collect();
        self.user_ends = false;
        collected
    }

    fn make(&mut self, call: ScenarioCall) -> Result<CallOutcome, Departure> {
        match call {
            ScenarioCall::OpenPassive => {
                self.between(CLIENT_PORT, SERVICE_PORT);
                let outcome = self.call_stack(UserCall::Listen { port: SERVICE_PORT })?;
                if let CallOutcome::Opened(socket) = outcome {
                    (self.listener, self.connection) = (Some(socket), None);
                }
                Ok(outcome)
            }
            ScenarioCall::OpenActive => {
                self.between(SERVICE_PORT, CLIENT_PORT);
                let open =
                    UserCall::Connect { port: CLIENT_PORT, remote: SocketAddr::new(self.peer, SERVICE_PORT) };
                let outcome = self.call_stack(open)?;
                if let CallOutcome::Opened(socket) = outcome {
                    (self.listener, self.connection) = (None, Some(socket));
                }
                Ok(outcome)
            }
            ScenarioCall::Send(len) => {
                let text = streams::text(End::Left, self.sent, len);
                let outcome =
                    self.on_connection(|socket| UserCall::Send { socket, text: &text, urgent: false })?;
                if let CallOutcome::Sent(taken) = outcome {
                    self.sent += u32::try_from(taken).unwrap_or(u32::MAX);
                }
                Ok(outcome)
            }
            ScenarioCall::Receive(max) => {
                self.on_connection(|socket| UserCall::Receive { socket, max: max as usize })
            }
            ScenarioCall::Close => self.on_connection(|socket| UserCall::Close { socket }),
            ScenarioCall::Abort => self.on_connection(|socket| UserCall::Abort { socket }),
        }
    }

    /// Makes a call on the connection; on the listening socket while there is no connection to be had.
    fn on_connection<'c>(
        &mut self,
        call: impl FnOnce(SocketId) -> UserCall<'c>,
    ) -> Result<CallOutcome, Departure> {
        if let (None, Some(listener)) = (self.connection, self.listener)
            && let CallOutcome::Opened(socket) = self.call_stack(UserCall::Accept { listener })?
        {
            self.connection = Some(socket);
        }
        match self.connection.or(self.listener) {
            Some(socket) => self.call_stack(call(socket)),
            None => Ok(CallOutcome::Error(CallFailure::NoConnection)),
        }
    }

    /// Sets the ports of the peer and of the stack.
    fn between(&mut self, peer: u16, stack: u16) {
        self.endpoints = Endpoints {
            source: SocketAddr::new(self.peer, peer),
            destination: SocketAddr::new(self.local, stack),
        };
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
        (CallOutcome::Error(failure), ExpectedOutcome::Failure(wanted)) => failure == wanted,
        _ => false,
    }
}
