//! What the ends of a transfer are like, and the network between them.

use std::fmt;
use std::time::Duration;

use tcpspec_core::profile::TimeWaitReuse;
use tcpspec_core::{Profile, SeqNumber};

use crate::network::{LinkOptions, Ratio};
use crate::stack::reference::Reference;

/// A choice of profile, and of sizes small enough to be filled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct EndChoice {
    /// Initial send sequence number at time zero; it counts up with the clock.
    #[cfg_attr(feature = "arbitrary", arbitrary(with = near_a_wrap))]
    pub iss: u32,
    /// Receive buffer, six octets to 64 KiB.
    pub receive_buffer: Buffer,
    /// Send buffer.
    pub send_buffer: Buffer,
    /// Which maximum segment size.
    pub segments: Segments,
    /// RFC 793's rules for RST, SYN and old acknowledgments instead of RFC 5961's.
    pub rfc793: bool,
    /// Challenge acknowledgments are limited to two a second.
    pub throttled: bool,
    /// RFC 1337's fix F1: a RST does not end TIME-WAIT.
    pub ignore_resets_in_time_wait: bool,
    /// A higher SYN may end TIME-WAIT.
    pub reuse_time_wait: bool,
    /// Acknowledge everything at once.
    pub acknowledge_at_once: bool,
    /// Nagle's algorithm.
    pub nagle: bool,
    /// Measure round trips; without it the timeout is one second and doubles.
    pub measure_round_trips: bool,
    /// Slow start, congestion avoidance and fast retransmit.
    pub congestion_control: bool,
}

/// Numbers next to where their sign or their all changes.
#[cfg(feature = "arbitrary")]
fn near_a_wrap(octets: &mut arbitrary::Unstructured<'_>) -> arbitrary::Result<u32> {
    let distance = u32::from(octets.arbitrary::<u16>()?);
    Ok(match octets.arbitrary::<u8>()? % 8 {
        0..=2 => distance.wrapping_neg(),
        3 => distance,
        // The clock adds a quarter of a million a second: an opening that takes long wraps, too.
        4 => (distance << 8).wrapping_neg(),
        5 => (1 << 31) - distance,
        6 => (1 << 31) + distance,
        _ => octets.arbitrary()?,
    })
}

/// A buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Buffer {
    /// Six octets and a few more.
    Tiny(u8),
    /// Up to 2,550 octets.
    Small(u8),
    /// 4096 octets.
    Usual,
    /// 64 KiB.
    Large,
}

impl Buffer {
    /// Its size in octets.
    #[must_use]
    pub fn octets(self) -> u32 {
        match self {
            Self::Tiny(more) => 6 + u32::from(more % 32),
            Self::Small(tens) => 10 * u32::from(tens.max(4)),
            Self::Usual => 4096,
            Self::Large => 65_536,
        }
    }
}

/// A maximum segment size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub enum Segments {
    /// 28 octets of text: the smallest that every IPv4 link carries.
    Smallest,
    /// 256 octets.
    Small,
    /// 1460 octets, as on an Ethernet.
    Usual,
}

impl Segments {
    /// Octets of text of a full segment.
    #[must_use]
    pub const fn octets(self) -> u16 {
        match self {
            Self::Smallest => 28,
            Self::Small => 256,
            Self::Usual => 1460,
        }
    }
}

impl EndChoice {
    /// The reference with these choices.
    pub(super) fn reference(&self, msl: Duration) -> Reference {
        Reference::with_profile(self.profile(msl)).with_clocked_iss(SeqNumber(self.iss))
    }

    /// The profile. Sizes and Nagle's algorithm come from the setup of the run.
    #[must_use]
    pub fn profile(&self, msl: Duration) -> Profile {
        let base = if self.rfc793 { Profile::rfc793() } else { Profile::extended() };
        Profile {
            msl,
            challenge_limit: self.throttled.then_some((2, Duration::from_secs(1))),
            ignore_resets_in_time_wait: self.ignore_resets_in_time_wait,
            time_wait_reuse: match self.reuse_time_wait {
                true => TimeWaitReuse::HigherSequenceNumber,
                false => TimeWaitReuse::Refused,
            },
            delayed_ack: base.delayed_ack.filter(|_| !self.acknowledge_at_once),
            measure_round_trips: self.measure_round_trips,
            user_timeout: None,
            ..base
        }
    }
}

/// What a network does to segments. Chances are out of 256; the latest that a segment can arrive is its lifetime.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "arbitrary", derive(arbitrary::Arbitrary))]
pub struct Network {
    /// Decides what is left to chance.
    pub seed: u16,
    /// Milliseconds, less one, that every segment takes, fair network or not.
    pub delay: u8,
    /// Most milliseconds that a segment takes longer, in steps of four.
    pub jitter: u8,
    /// Segments lost.
    pub loss: u8,
    /// Segments that come twice.
    pub duplication: u8,
    /// Segments set aside, so that others overtake them.
    pub reordering: u8,
    /// How long they are set aside, in parts of 256 of a segment's lifetime.
    pub set_aside: u8,
    /// Segments with a flipped bit.
    pub corruption: u8,
}

impl Network {
    /// The link of the `index`th end while the network is hostile.
    #[must_use]
    pub fn hostile(&self, index: u8, lifetime: Duration) -> LinkOptions {
        let chance = |times: u8| Ratio { times: times.into(), of: 256 };
        LinkOptions {
            seed: 2 * u64::from(self.seed) + u64::from(index),
            jitter: Duration::from_millis(4 * u64::from(self.jitter)),
            loss: chance(self.loss),
            duplication: chance(self.duplication),
            reordering: chance(self.reordering),
            set_aside: lifetime * self.set_aside.into() / 256,
            corruption: chance(self.corruption),
            ..self.fair(lifetime)
        }
    }

    /// The link once the network is fair: every segment, once, in order and in time.
    #[must_use]
    pub fn fair(&self, lifetime: Duration) -> LinkOptions {
        LinkOptions { delay: self.delay(), lifetime, ..LinkOptions::default() }
    }

    /// What every segment takes: never nothing, so that an exchange without end takes time.
    const fn delay(&self) -> Duration {
        Duration::from_millis(self.delay as u64 + 1)
    }
}

impl fmt::Display for EndChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (receive, send) = (self.receive_buffer.octets(), self.send_buffer.octets());
        write!(f, "ISS {}, buffers of {receive} and {send} octets, ", self.iss)?;
        write!(f, "segments of {}", self.segments.octets())?;
        let words = [
            (self.rfc793, "RFC 793"),
            (self.throttled, "throttled"),
            (self.ignore_resets_in_time_wait, "RFC 1337"),
            (self.reuse_time_wait, "early reuse"),
            (self.acknowledge_at_once, "acknowledges at once"),
            (!self.nagle, "no Nagle"),
            (!self.measure_round_trips, "no measuring"),
            (self.congestion_control, "congestion control"),
        ];
        words.iter().filter(|(is, _)| *is).try_for_each(|(_, word)| write!(f, ", {word}"))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, delay: _, jitter, loss, duplication, reordering, set_aside, corruption } = *self;
        let jitter = 4 * u32::from(jitter);
        write!(f, "network {seed}: {:?} and up to {jitter} ms more; ", self.delay())?;
        write!(f, "of 256 segments {loss} are lost, ")?;
        write!(f, "{duplication} doubled, {corruption} damaged, ")?;
        write!(f, "{reordering} set aside for {set_aside}/256 of the MSL")
    }
}
