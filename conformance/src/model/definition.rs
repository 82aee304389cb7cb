//! What a model is made of: two endpoints, what their users do, and what the network may do.

use tcpspec_core::{Profile, SeqNumber, Timer};

use super::network::{Discipline, Packet};
use super::variation::Variation;
use std::time::Duration;

/// Most incarnations of one end.
pub const INCARNATIONS: usize = 3;

/// A tick, where time is counted: the retransmission timeout, too.
pub const TICK: Duration = Duration::from_secs(1);

/// One thing that a user does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Task {
    /// From when on; the user may also take longer.
    pub when: When,
    /// What.
    pub call: Ask,
}

/// When a user may make the next call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// At any time.
    Whenever,
    /// Once the connection has opened.
    Opened,
    /// Once so many octets were read on this connection.
    Read(u8),
    /// Once the peer has closed.
    PeerClosed,
    /// Once there is no connection any more.
    Over,
}

/// A user call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// Passive OPEN.
    Listen,
    /// Active OPEN.
    Connect,
    /// SEND of so many octets.
    Send(u8),
    /// CLOSE.
    Close,
    /// ABORT.
    Abort,
}

/// When a user reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reading {
    /// As soon as there is something.
    AtOnce,
    /// At any time, or never.
    Whenever,
}

/// One endpoint and its user.
#[derive(Clone, PartialEq, Debug)]
pub struct EndDefinition {
    /// The choices of the endpoint.
    pub profile: Profile,
    /// The initial send sequence number of each incarnation.
    pub iss: [u32; INCARNATIONS],
    /// What the user does, in this order. A crash ends one list and begins the next.
    pub lives: Vec<Vec<Task>>,
    /// When the user reads.
    pub reading: Reading,
    /// The user may do these at any time, each of them once.
    pub anything_of: &'static [Ask],
}

/// Time, where it matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    /// MSL in ticks, as the stacks know it; TIME-WAIT lasts twice as long.
    pub msl: u8,
    /// A segment is gone when it has been under way for so many ticks.
    pub lifetime: u8,
}

/// A segment that an attacker may send: blind, so that numbers are guesses relative to the receiver's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Forgery {
    /// RST inside the window, one above RCV.NXT.
    Reset,
    /// SYN inside the window.
    Syn,
    /// One octet of text inside the window; its acknowledgment lies 2^30 below SND.UNA.
    Text,
}

/// A model.
#[derive(Clone, PartialEq, Debug)]
pub struct Definition {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it asks.
    pub question: &'static str,
    /// Takes minutes and is only checked by name.
    pub big: bool,
    /// A and B.
    pub ends: [EndDefinition; 2],
    /// The network.
    pub discipline: Discipline,
    /// What is under way at the beginning.
    pub leftovers: Vec<Packet>,
    /// Whether the first task of both, A's active OPEN and B's passive one, and the handshake are over when the model
    /// begins.
    pub begins_open: bool,
    /// Whether what B sends is always lost.
    pub one_way: bool,
    /// Ticks; without them any timer that runs may go off at any time.
    pub clock: Option<Clock>,
    /// Retransmissions of each end; none: any number.
    pub timeouts: Option<u8>,
    /// Crashes of each end.
    pub crashes: [u8; 2],
    /// What an attacker may send to B, each once.
    pub forgeries: &'static [Forgery],
    /// Most segments in a row that arrive because others did; none: not counted.
    pub longest_chain: Option<u8>,
    /// Timers that never go off.
    pub dead_timers: &'static [Timer],
    /// The names of the properties that hold.
    pub holds: &'static [&'static str],
    /// The rule removed or the choice made otherwise, and what it breaks.
    pub variations: &'static [Variation],
}

/// A profile with a small state: nothing is measured, nothing waits for company, buffers of `buffer` octets, segments
/// of `mss`.
#[must_use]
pub fn small(buffer: u32, mss: u16) -> Profile {
    Profile {
        receive_buffer: buffer,
        send_buffer: 8,
        queued_receives: 0,
        announced_mss: mss,
        largest_text: mss,
        default_mss: mss,
        delayed_ack: None,
        nagle: false,
        initial_rto: TICK,
        minimum_rto: TICK,
        maximum_rto: TICK,
        measure_round_trips: false,
        congestion_control: false,
        user_timeout: None,
        first_threshold: None,
        ..Profile::default()
    }
}

impl Default for EndDefinition {
    fn default() -> Self {
        Self {
            profile: small(4, 2),
            iss: [100, 200, 300],
            lives: Vec::new(),
            reading: Reading::AtOnce,
            anything_of: &[],
        }
    }
}

impl Default for Definition {
    fn default() -> Self {
        let right = EndDefinition { iss: [500, 600, 700], ..EndDefinition::default() };
        Self {
            id: "",
            question: "",
            big: false,
            ends: [EndDefinition::default(), right],
            discipline: Discipline::Anything,
            leftovers: Vec::new(),
            begins_open: false,
            one_way: false,
            clock: None,
            timeouts: None,
            crashes: [0, 0],
            forgeries: &[],
            longest_chain: None,
            dead_timers: &[],
            holds: &[],
            variations: &[],
        }
    }
}

impl EndDefinition {
    /// The number with which the incarnation after `incarnation` begins.
    pub(super) fn next_iss(&self, incarnation: u8) -> SeqNumber {
        SeqNumber(self.iss[usize::from(incarnation).min(INCARNATIONS - 1)])
    }
}
