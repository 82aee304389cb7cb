//! The eleven states of a connection (RFC 9293 §3.3.2).

use core::fmt;

/// Where a connection stands. CLOSED means that there is no connection record at all (RFC 9293 §3.3.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum State {
    /// No connection.
    #[default]
    Closed,
    /// Waiting for a connection request from any remote TCP endpoint.
    Listen,
    /// A connection request was sent; a matching one has not come.
    SynSent,
    /// Requests went both ways; the acknowledgment of ours has not come.
    SynReceived,
    /// Open: text flows both ways.
    Established,
    /// We closed first and wait for the acknowledgment of our FIN, or for the peer's FIN.
    FinWait1,
    /// Our FIN is acknowledged; the peer may go on sending (half-close).
    FinWait2,
    /// The peer closed; the local user may go on sending (half-close).
    CloseWait,
    /// Both closed at once; our FIN is not acknowledged yet.
    Closing,
    /// Both closed, the peer first; our FIN is not acknowledged yet.
    LastAck,
    /// Both closed; old segments get twice the maximum segment lifetime to die.
    TimeWait,
}

impl State {
    /// All states, in the RFC's order.
    pub const ALL: [Self; 11] = [
        Self::Closed,
        Self::Listen,
        Self::SynSent,
        Self::SynReceived,
        Self::Established,
        Self::FinWait1,
        Self::FinWait2,
        Self::CloseWait,
        Self::Closing,
        Self::LastAck,
        Self::TimeWait,
    ];

    /// The state's name as the RFC spells it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "CLOSED",
            Self::Listen => "LISTEN",
            Self::SynSent => "SYN-SENT",
            Self::SynReceived => "SYN-RECEIVED",
            Self::Established => "ESTABLISHED",
            Self::FinWait1 => "FIN-WAIT-1",
            Self::FinWait2 => "FIN-WAIT-2",
            Self::CloseWait => "CLOSE-WAIT",
            Self::Closing => "CLOSING",
            Self::LastAck => "LAST-ACK",
            Self::TimeWait => "TIME-WAIT",
        }
    }

    /// The state that the RFC calls `name`, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether both ends know each other's initial sequence number: ESTABLISHED and all that follow it
    /// (RFC 9293 §3.5.2, group 3).
    #[must_use]
    pub const fn is_synchronized(self) -> bool {
        !matches!(self, Self::Closed | Self::Listen | Self::SynSent | Self::SynReceived)
    }

    /// Whether text that arrives now may still be taken: no FIN has been received (RFC 9293 §3.10.7.4, step 7).
    #[must_use]
    pub const fn accepts_text(self) -> bool {
        matches!(self, Self::Established | Self::FinWait1 | Self::FinWait2)
    }

    /// Whether a FIN of the peer has been taken and nothing more can come from it.
    #[must_use]
    pub const fn has_received_fin(self) -> bool {
        matches!(self, Self::CloseWait | Self::Closing | Self::LastAck | Self::TimeWait)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn names_and_states_are_inverse() {
        for state in State::ALL {
            assert_eq!(State::from_name(state.name()), Some(state));
        }
        assert_eq!(State::from_name("ESTAB"), None);
    }
}
