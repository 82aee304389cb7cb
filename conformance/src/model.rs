//! Two endpoints and a hostile network, explored exhaustively: why TCP opens with three segments, closes with four and
//! waits for two maximum segment lifetimes.
//!
//! The endpoints are the reference's own [`Tcb`](tcpspec_core::Tcb) and `step`, nothing here describes TCP a second
//! time. A [`Definition`](definition::Definition) says who does what and what the network may do; the checker (the
//! library stateright) visits every state that can be reached; a [`Question`](property::Question) is asked of each. A
//! [`Variation`](variation::Variation) takes a rule away, and the shortest run that answers a question with no is the
//! reason for the rule.
//!
//! What it deliberately leaves out: more than two ends, congestion, round-trip measurement, and real durations: time
//! is counted in ticks where lifetimes matter, and elsewhere any timer that runs may go off at any time.

mod catalogue;
pub mod check;
pub mod definition;
mod diagram;
pub mod edges;
pub mod explorer;
mod facts;
pub mod fair;
#[expect(clippy::module_inception, reason = "the checker's word for it")]
mod model;
pub mod moves;
pub mod network;
pub mod property;
pub mod report;
pub mod telling;
#[cfg(test)]
mod tests;
pub mod variation;
pub mod world;

pub use catalogue::definitions;
pub use model::Model;
