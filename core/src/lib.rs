//! An executable reference of TCP: RFC 9293 section 3.10 as code.
//!
//! The crate is a pure state machine. One verb, [`step`], takes a connection record ([`Tcb`]), the time, one
//! [`Event`] (a user call, a segment, a timeout) and writes what the standard asks for into [`Actions`]. It never
//! panics, never fails and never waits: every event is defined in every state, and a nonsensical segment is just
//! another input.
//!
//! What it deliberately leaves out: clocks, sockets, threads, randomness and the octets of headers on the wire.
//! The caller passes the time, the initial send sequence number and every other choice. [`host`] puts many
//! connections on one host; it still does no I/O.
//!
//! A reader with RFC 9293 open finds its section 3.10 in this order:
//!
//! | RFC 9293 | here |
//! | --- | --- |
//! | 3.3.1 send and receive sequence variables | [`tcb`] |
//! | 3.3.2 states | [`state`] |
//! | 3.4 sequence numbers | [`seq`] |
//! | 3.7 segmentation, Nagle; 3.8.6 windows, silly windows, zero-window probes | `output` |
//! | 3.8.1 retransmission timeout (RFC 6298) | [`retransmission`] |
//! | 3.8.2 congestion control (RFC 5681) | [`congestion`] |
//! | 3.8.4 keep-alives | `timeouts`, [`tcb::KeepAlive`] |
//! | 3.9.1.1, 3.9.2 several connections, addresses | [`host`] |
//! | 3.9.2.2 ICMP errors | `icmp` |
//! | 3.10.1 to 3.10.6 OPEN, SEND, RECEIVE, CLOSE, ABORT, STATUS | `calls` |
//! | 3.10.7.1 to 3.10.7.4 SEGMENT ARRIVES | `segment_arrives` |
//! | 3.10.8 timeouts | `timeouts` |
//!
//! Every row of the decision table of section 3.10 has an id ([`rule::Rule`]); each step reports the rows it used.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "arbitrary"))]
extern crate std;

#[cfg(feature = "arbitrary")]
pub mod arbitrary;
mod calls;
pub mod congestion;
pub mod event;
pub mod extensions;
pub mod host;
mod icmp;
pub mod invariants;
pub mod model_key;
pub mod options;
mod output;
mod processing;
pub mod profile;
pub mod reassembly;
pub mod retransmission;
pub mod rule;
pub mod segment;
mod segment_arrives;
pub mod seq;
pub mod state;
pub mod tcb;
pub mod time;
mod timeouts;

pub use event::{Action, Actions, Call, CallError, Event, IcmpError, Outcome, Signal, Timer};
pub use processing::{Context, step};
pub use profile::Profile;
pub use rule::{Rule, RuleSet};
pub use segment::{Control, Outgoing, Segment};
pub use seq::SeqNumber;
pub use state::State;
pub use tcb::Tcb;
pub use time::Instant;
