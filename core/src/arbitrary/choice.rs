//! Which endpoint a story is about.

use core::fmt;
use core::time::Duration;

use arbitrary::Arbitrary;

use crate::profile::{Profile, TimeWaitReuse};

/// A choice of profile: every either-or, and sizes small enough to be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Arbitrary)]
pub struct ProfileChoice {
    /// RFC 793's rules for RST and SYN instead of RFC 5961's.
    pub rfc793: bool,
    /// The other rule for RST than the profile's: RFC 5961 can be implemented in part.
    pub resets_apart: bool,
    /// No limit, one challenge an hour, or two a second.
    pub challenge_limit: u8,
    /// RFC 1337's fix F1.
    pub ignore_resets_in_time_wait: bool,
    /// Early reuse of TIME-WAIT.
    pub reuse_time_wait: bool,
    /// Acknowledge everything at once.
    pub acknowledge_at_once: bool,
    /// Switch Nagle's algorithm off.
    pub no_nagle: bool,
    /// The user cannot read after CLOSE.
    pub half_duplex_close: bool,
    /// Receive buffer: the default, or a small one.
    pub receive_buffer: u8,
    /// Send buffer: the default, or a small one.
    pub send_buffer: u8,
    /// Largest text of a segment: the default, or a small one.
    pub small_segments: bool,
    /// No user timeout.
    pub patient: bool,
    /// Offer window scaling, selective acknowledgment, both or none.
    pub extensions: u8,
}

impl ProfileChoice {
    /// The profile.
    #[must_use]
    pub fn profile(self) -> Profile {
        let base = if self.rfc793 { Profile::rfc793() } else { Profile::default() };
        Profile {
            exact_resets: base.exact_resets != self.resets_apart,
            challenge_limit: match self.challenge_limit % 4 {
                0 => Some((1, Duration::from_secs(3600))),
                1 => Some((2, Duration::from_secs(1))),
                _ => None,
            },
            ignore_resets_in_time_wait: self.ignore_resets_in_time_wait,
            time_wait_reuse: match self.reuse_time_wait {
                true => TimeWaitReuse::HigherSequenceNumber,
                false => TimeWaitReuse::Refused,
            },
            delayed_ack: base.delayed_ack.filter(|_| !self.acknowledge_at_once),
            nagle: !self.no_nagle,
            half_duplex_close: self.half_duplex_close,
            receive_buffer: buffer(self.receive_buffer, base.receive_buffer),
            send_buffer: buffer(self.send_buffer, base.send_buffer),
            largest_text: if self.small_segments { 40 } else { base.largest_text },
            window_scaling: self.extensions & 1 != 0,
            selective_acknowledgment: self.extensions & 2 != 0,
            user_timeout: base.user_timeout.filter(|_| !self.patient),
            ..base
        }
    }
}

/// A buffer of so many octets.
fn buffer(choice: u8, default: u32) -> u32 {
    match choice {
        0 => 0,
        1..=16 => choice.into(),
        17..=64 => 10 * u32::from(choice),
        65..=70 => 1 << 20,
        _ => default,
    }
}

impl fmt::Display for ProfileChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.profile())
    }
}
