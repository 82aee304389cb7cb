//! The edges of RFC 9293's figure 5, and which of them a model has gone along.

use std::sync::atomic::{AtomicU16, Ordering};

use tcpspec_core::State;

use State::{
    CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent,
    TimeWait,
};

/// The edges of figure 5, its notes included, with what the figure writes at them.
pub const FIGURE_5: [(State, State, &str); 22] = [
    (Closed, Listen, "passive OPEN"),
    (Closed, SynSent, "active OPEN"),
    (Listen, Closed, "CLOSE"),
    (Listen, SynReceived, "rcv SYN"),
    (Listen, SynSent, "SEND"),
    (SynSent, Closed, "CLOSE"),
    (SynSent, SynReceived, "rcv SYN"),
    (SynSent, Established, "rcv SYN,ACK"),
    (SynReceived, Listen, "rcv RST (note 1)"),
    (SynReceived, Established, "rcv ACK of SYN"),
    (SynReceived, FinWait1, "CLOSE"),
    (Established, FinWait1, "CLOSE"),
    (Established, CloseWait, "rcv FIN"),
    (FinWait1, FinWait2, "rcv ACK of FIN"),
    (FinWait1, Closing, "rcv FIN"),
    (FinWait1, TimeWait, "rcv FIN, ACK of FIN (note 2)"),
    (FinWait2, TimeWait, "rcv FIN"),
    (Closing, TimeWait, "rcv ACK of FIN"),
    (CloseWait, LastAck, "CLOSE"),
    (LastAck, Closed, "rcv ACK of FIN"),
    (TimeWait, Closed, "timeout = 2 MSL"),
    (Established, Closed, "rcv RST (note 3)"),
];

/// Edges gone along: a bit per target for each state.
#[derive(Debug, Default)]
pub struct Edges([AtomicU16; State::ALL.len()]);

impl Edges {
    /// A connection went from one state to another.
    pub(super) fn record(&self, from: State, to: State) {
        let bit = 1 << to as u16;
        let targets = &self.0[from as usize];
        // Most steps go along an edge that is known; reading is cheaper than writing.
        if from != to && targets.load(Ordering::Relaxed) & bit == 0 {
            targets.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether a connection has gone from one state to another.
    #[must_use]
    pub fn has(&self, from: State, to: State) -> bool {
        self.0[from as usize].load(Ordering::Relaxed) & (1 << to as u16) != 0
    }

    /// Adds those of another model.
    pub fn merge(&self, other: &Self) {
        for (mine, theirs) in self.0.iter().zip(&other.0) {
            mine.fetch_or(theirs.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    /// The edges of figure 5 that nothing has gone along.
    pub fn missing(&self) -> impl Iterator<Item = (State, State, &'static str)> + '_ {
        FIGURE_5.into_iter().filter(|(from, to, _)| !self.has(*from, *to))
    }

    /// The states that were entered.
    pub fn entered(&self) -> impl Iterator<Item = State> + '_ {
        State::ALL.into_iter().filter(|&state| State::ALL.into_iter().any(|from| self.has(from, state)))
    }
}
