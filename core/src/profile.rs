//! What an implementation may choose: the options and parameters that RFC 9293 leaves open, each with its clause.
//!
//! The default is the standard's recommendation where it gives one. A profile is plain data; changing one never
//! makes the reference depart from the standard.

use core::time::Duration;

/// How a SYN that arrives in TIME-WAIT is treated (RFC 9293 §3.6.1, MAY-2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum TimeWaitReuse {
    /// Like any SYN on a synchronized connection: the pair of sockets is taken until 2 MSL have passed.
    #[default]
    Refused,
    /// A SYN above every sequence number that the peer has used opens a new incarnation (MAY-2; RFC 6191 §2 for
    /// connections without timestamps). This is what users of SO_REUSEADDR expect.
    HigherSequenceNumber,
}

/// The choices of one TCP endpoint.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Profile {
    /// Maximum segment lifetime; TIME-WAIT lasts twice as long (§3.4.2: two minutes; practice: 5 s to 60 s).
    pub msl: Duration,
    /// RCV.BUFF: octets of received text kept for the user (§3.8.6.2.2).
    pub receive_buffer: u32,
    /// Octets of text that SEND may queue, unacknowledged ones included.
    pub send_buffer: u32,
    /// RECEIVE requests that may wait for text (§3.10.3, "insufficient resources" beyond).
    pub queued_receives: u8,
    /// The size announced in our Maximum Segment Size option: MMS_R - 20 (§3.7.1, MUST-67), in octets.
    pub announced_mss: u16,
    /// The largest text that IP lets us send with a header of 20 octets: MMS_S - 20 (§3.7.1), in octets.
    pub largest_text: u16,
    /// What a peer without a Maximum Segment Size option is taken to accept: 536 over IPv4, 1220 over IPv6
    /// (MUST-15), in octets.
    pub default_mss: u16,
    /// RFC 5961 §3: only a RST exactly at RCV.NXT resets; others in the window are challenged (§3.10.7.4, step 2).
    pub exact_resets: bool,
    /// RFC 5961 §4: a SYN on a synchronized connection is challenged and never resets (§3.10.7.4, step 4).
    pub challenge_syns: bool,
    /// RFC 5961 §5: an acknowledgment below SND.UNA - MAX.SND.WND discards its segment (MAY-12).
    pub acknowledgment_range: bool,
    /// Challenge acknowledgments allowed in each interval, and the interval (RFC 5961 §7); none: no limit.
    pub challenge_limit: Option<(u32, Duration)>,
    /// RFC 1337 §3, fix F1: a RST does not end TIME-WAIT.
    pub ignore_resets_in_time_wait: bool,
    /// Early reuse of the pair of sockets (MAY-2).
    pub time_wait_reuse: TimeWaitReuse,
    /// How long an acknowledgment may be held back, below 0.5 s (§3.8.6.3, SHLD-18, MUST-40); none: not at all.
    pub delayed_ack: Option<Duration>,
    /// Nagle's algorithm (§3.7.4, SHLD-7; MUST-17 wants it switchable).
    pub nagle: bool,
    /// A host whose users cannot read after CLOSE (MAY-1); text they lose resets the connection (SHLD-3).
    pub half_duplex_close: bool,
    /// Retransmission timeout before the first measurement: 1 s (RFC 6298 §2.1).
    pub initial_rto: Duration,
    /// Smallest retransmission timeout: 1 s (RFC 6298 §2.4).
    pub minimum_rto: Duration,
    /// Largest retransmission timeout: at least 60 s (RFC 6298 §2.5).
    pub maximum_rto: Duration,
    /// Measure round trips (RFC 6298 §2). A model without it has a small state.
    pub measure_round_trips: bool,
    /// Slow start, congestion avoidance, fast retransmit and fast recovery (§3.8.2, MUST-19). Off, the peer's window alone
    /// governs: for models with a small state, and for scenarios that must not wait for a path to open.
    pub congestion_control: bool,
    /// Offer window scaling (RFC 7323 §2.2, a MAY): windows beyond 65,535 octets.
    pub window_scaling: bool,
    /// Permit selective acknowledgments and send them (RFC 2018 §2, §4, both MAY).
    pub selective_acknowledgment: bool,
    /// How long a short segment may wait for company: 0.1 s to 1.0 s (§3.8.6.2.1).
    pub sws_override: Duration,
    /// How long text or control may stay unacknowledged before the connection is given up; OPEN and SEND may set
    /// another (§3.9.1.1, §3.10.8); none: for ever.
    pub user_timeout: Option<Duration>,
    /// R1: timeouts in a row after which the user is told that nothing gets through (§3.8.3, MUST-20, SHLD-9), three or
    /// more (SHLD-10); none: never.
    pub first_threshold: Option<u8>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            msl: Duration::from_secs(120),
            receive_buffer: 4096,
            send_buffer: 4096,
            queued_receives: 4,
            announced_mss: 1460,
            largest_text: 1460,
            default_mss: 536,
            exact_resets: true,
            challenge_syns: true,
            acknowledgment_range: true,
            challenge_limit: None,
            ignore_resets_in_time_wait: false,
            time_wait_reuse: TimeWaitReuse::Refused,
            delayed_ack: Some(Duration::from_millis(200)),
            nagle: true,
            half_duplex_close: false,
            initial_rto: Duration::from_secs(1),
            minimum_rto: Duration::from_secs(1),
            maximum_rto: Duration::from_secs(60),
            measure_round_trips: true,
            congestion_control: true,
            window_scaling: false,
            selective_acknowledgment: false,
            sws_override: Duration::from_millis(500),
            user_timeout: Some(Duration::from_secs(300)),
            first_threshold: Some(3),
        }
    }
}

impl Profile {
    /// With the extensions that most stacks of today offer on their SYNs (RFC 7323 §2, RFC 2018).
    #[must_use]
    pub fn extended() -> Self {
        Self { window_scaling: true, selective_acknowledgment: true, ..Self::default() }
    }

    /// RFC 793 as amended by RFC 1122: no RFC 5961, every RST and SYN in the window counts.
    #[must_use]
    pub fn rfc793() -> Self {
        Self { exact_resets: false, challenge_syns: false, acknowledgment_range: false, ..Self::default() }
    }
}
