//! When to send again: the retransmission timeout of RFC 6298 with Karn's rule (RFC 9293 §3.8.1, MUST-18).
//!
//! What is sent again is decided in `output`; this module has only the clockwork.

use core::time::Duration;

use crate::profile::Profile;
use crate::seq::SeqNumber;
use crate::time::{Instant, microseconds};

/// Clock granularity in microseconds: the G of RFC 6298 §2.
const GRANULARITY: u64 = 1;

/// Smoothed round-trip time and its variation, in microseconds (RFC 6298 §2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RoundTrip {
    /// SRTT
    pub srtt: u64,
    /// RTTVAR
    pub rttvar: u64,
}

impl RoundTrip {
    /// The first measurement (RFC 6298 §2.2).
    const fn first(measured: u64) -> Self {
        Self { srtt: measured, rttvar: measured / 2 }
    }

    /// A later one, with alpha = 1/8 and beta = 1/4 (RFC 6298 §2.3).
    const fn next(self, measured: u64) -> Self {
        Self {
            rttvar: self.rttvar - self.rttvar / 4 + self.srtt.abs_diff(measured) / 4,
            srtt: self.srtt - self.srtt / 8 + measured / 8,
        }
    }

    /// SRTT + max(G, 4 * RTTVAR)
    const fn timeout(self) -> u64 {
        let variation = self.rttvar.saturating_mul(4);
        self.srtt.saturating_add(if variation > GRANULARITY { variation } else { GRANULARITY })
    }
}

/// A transmission whose acknowledgment will be a measurement.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Timed {
    /// The number whose acknowledgment ends the measurement.
    pub end: SeqNumber,
    /// When it was sent.
    pub sent: Instant,
}

/// The clockwork of one connection.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Retransmission {
    /// None before the first measurement.
    pub round_trip: Option<RoundTrip>,
    /// How often the timeout has been doubled (RFC 6298 §5.5).
    pub doublings: u8,
    /// The transmission being timed; none while only retransmitted octets are in flight (Karn).
    pub timed: Option<Timed>,
    /// The timer ran out on our SYN, which is still unacknowledged.
    pub syn_timed_out: bool,
    /// It did, and the SYN has been acknowledged since: text starts at three seconds (RFC 6298 §5.7).
    pub cautious: bool,
    /// SND.NXT when the timer last ran out: below it, lost text is sent again as acknowledgments come in.
    pub recover: Option<SeqNumber>,
}

impl Retransmission {
    /// RTO: how long to wait for an acknowledgment (RFC 6298 §2, §5.5).
    #[must_use]
    pub fn timeout(&self, profile: &Profile) -> Duration {
        let floor = match self.round_trip {
            None if self.cautious => profile.initial_rto.max(Duration::from_secs(3)),
            None => profile.initial_rto,
            Some(measured) => Duration::from_micros(measured.timeout()),
        };
        floor
            .max(profile.minimum_rto)
            .saturating_mul(1_u32.checked_shl(self.doublings.into()).unwrap_or(u32::MAX))
            .min(profile.maximum_rto)
    }

    /// Octets up to `end` were sent for the first time.
    pub(crate) fn sent(&mut self, end: SeqNumber, now: Instant, profile: &Profile) {
        let sent = if profile.measure_round_trips { now } else { Instant::ZERO };
        self.timed.get_or_insert(Timed { end, sent });
    }

    /// Octets were sent again: an acknowledgment no longer tells which transmission it is for (Karn, MUST-18).
    pub(crate) const fn sent_again(&mut self) {
        self.timed = None;
    }

    /// The timer ran out: double it (RFC 6298 §5.5).
    pub(crate) const fn timed_out(&mut self, nxt: SeqNumber, syn: bool) {
        self.doublings = self.doublings.saturating_add(1);
        self.recover = Some(nxt);
        self.syn_timed_out |= syn;
    }

    /// SND.UNA moved to `una`.
    pub(crate) fn acknowledged(&mut self, una: SeqNumber, now: Instant, profile: &Profile) {
        if let Some(timed) = self.timed.filter(|timed| timed.end.le(una)) {
            self.timed = None;
            // Something sent once has been acknowledged: the path works at the computed timeout (RFC 6298 §5).
            self.doublings = 0;
            if profile.measure_round_trips {
                let measured = microseconds(now.since(timed.sent));
                self.round_trip = Some(match self.round_trip {
                    None => RoundTrip::first(measured),
                    Some(before) => before.next(measured),
                });
            }
        }
        if self.recover.is_some_and(|recover| recover.le(una)) {
            self.recover = None;
        }
    }

    /// Our SYN was acknowledged: the back-off of the SYN does not carry over to text (RFC 6298 §5.7).
    pub(crate) const fn syn_acknowledged(&mut self) {
        self.doublings = 0;
        self.cautious = self.syn_timed_out;
        self.syn_timed_out = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile() -> Profile {
        Profile { minimum_rto: Duration::from_millis(1), ..Profile::default() }
    }

    fn measure(retransmission: &mut Retransmission, milliseconds: u64) {
        retransmission.sent(SeqNumber(10), Instant(5_000), &profile());
        retransmission.acknowledged(SeqNumber(10), Instant(5_000 + milliseconds * 1_000), &profile());
    }

    #[test]
    fn the_first_measurement_gives_three_times_itself() {
        let mut retransmission = Retransmission::default();
        assert_eq!(retransmission.timeout(&profile()), Duration::from_secs(1));
        measure(&mut retransmission, 100);
        assert_eq!(retransmission.round_trip, Some(RoundTrip { srtt: 100_000, rttvar: 50_000 }));
        assert_eq!(retransmission.timeout(&profile()), Duration::from_millis(300));
    }

    #[test]
    fn a_later_measurement_moves_the_average_by_an_eighth_and_the_variation_by_a_quarter() {
        let mut retransmission = Retransmission::default();
        measure(&mut retransmission, 100);
        measure(&mut retransmission, 180);
        assert_eq!(retransmission.round_trip, Some(RoundTrip { srtt: 110_000, rttvar: 57_500 }));
        assert_eq!(retransmission.timeout(&profile()), Duration::from_millis(340));
        measure(&mut retransmission, 30);
        assert_eq!(retransmission.round_trip, Some(RoundTrip { srtt: 100_000, rttvar: 63_125 }));
    }

    #[test]
    fn the_timeout_stays_between_its_floor_and_its_ceiling() {
        let mut retransmission = Retransmission::default();
        measure(&mut retransmission, 10);
        assert_eq!(retransmission.timeout(&Profile::default()), Duration::from_secs(1));
        for _ in 0..300 {
            retransmission.timed_out(SeqNumber(20), false);
        }
        assert_eq!(retransmission.timeout(&Profile::default()), Duration::from_secs(60));
    }

    #[test]
    fn each_timeout_doubles_until_something_sent_once_is_acknowledged() {
        let mut retransmission = Retransmission::default();
        measure(&mut retransmission, 100);
        retransmission.sent(SeqNumber(20), Instant(0), &profile());
        retransmission.timed_out(SeqNumber(20), false);
        retransmission.sent_again();
        assert_eq!(retransmission.timeout(&profile()), Duration::from_millis(600));
        retransmission.acknowledged(SeqNumber(20), Instant(900_000), &profile());
        assert_eq!(retransmission.timeout(&profile()), Duration::from_millis(600), "Karn: no measurement");
        assert_eq!(retransmission.recover, None);
        measure(&mut retransmission, 100);
        assert_eq!(retransmission.doublings, 0);
    }

    #[test]
    fn recovery_lasts_until_all_that_was_in_flight_is_acknowledged() {
        let mut retransmission = Retransmission::default();
        retransmission.timed_out(SeqNumber(20), false);
        retransmission.acknowledged(SeqNumber(19), Instant(0), &profile());
        assert_eq!(retransmission.recover, Some(SeqNumber(20)));
        retransmission.acknowledged(SeqNumber(20), Instant(0), &profile());
        assert_eq!(retransmission.recover, None);
    }

    #[test]
    fn a_lost_syn_leaves_three_seconds_for_text() {
        let mut retransmission = Retransmission::default();
        retransmission.timed_out(SeqNumber(1), true);
        retransmission.sent_again();
        assert_eq!(
            retransmission.timeout(&Profile::default()),
            Duration::from_secs(2),
            "the SYN just doubles"
        );
        retransmission.syn_acknowledged();
        assert_eq!(retransmission.timeout(&Profile::default()), Duration::from_secs(3));
    }

    #[test]
    fn without_measuring_the_timeout_stays_at_its_first_value() {
        let quiet = Profile { measure_round_trips: false, ..profile() };
        let mut retransmission = Retransmission::default();
        retransmission.sent(SeqNumber(10), Instant(7), &quiet);
        assert_eq!(retransmission.timed, Some(Timed { end: SeqNumber(10), sent: Instant::ZERO }));
        retransmission.acknowledged(SeqNumber(10), Instant(9_000), &quiet);
        assert_eq!(retransmission, Retransmission::default());
    }
}
