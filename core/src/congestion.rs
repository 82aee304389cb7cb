//! Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery (RFC 9293 §3.8.2, MUST-19; RFC
//! 5681; partial acknowledgments as in RFC 6582).
//!
//! This module has only the arithmetic. What counts as an acknowledgment or a duplicate is for the fifth check to say,
//! and what is sent for `output`. Left out: limited transmit, explicit congestion notification and every other
//! algorithm (MAY-18, V-56).

use core::time::Duration;

use crate::seq::SeqNumber;
use crate::time::Instant;

/// Duplicate acknowledgments that count as a loss (RFC 5681 §3.2).
pub const DUPLICATES_OF_A_LOSS: u8 = 3;

/// What a connection knows of the path's capacity. All sizes are octets; SMSS is [`crate::Tcb::effective_mss`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Congestion {
    /// cwnd: how much may be in flight, as far as the path is concerned. At least one SMSS.
    pub window: u32,
    /// ssthresh: from here on the window grows slowly.
    pub threshold: u32,
    /// Duplicate acknowledgments in a row.
    pub duplicates: u8,
    /// Fast recovery is under way, until everything is acknowledged that had been sent when it began.
    pub recovering: bool,
    /// SND.NXT when a loss was last noticed: duplicates below it tell of the same loss (RFC 6582 §3.2, `recover`).
    pub recover: Option<SeqNumber>,
    /// When text was last sent; after a long silence the path is not known any more (RFC 5681 §4.1).
    pub last_sent: Instant,
}

/// The initial window (RFC 5681 §3.1): two to four segments, or one if a SYN was lost.
const fn initial_window(smss: u32, syn_was_lost: bool) -> u32 {
    match smss {
        _ if syn_was_lost => smss,
        0..=1095 => 4 * smss,
        1096..=2190 => 3 * smss,
        _ => 2 * smss,
    }
}

impl Congestion {
    /// The connection opens.
    pub(crate) const fn begin(smss: u32, syn_was_lost: bool, now: Instant) -> Self {
        Self {
            window: initial_window(smss, syn_was_lost),
            threshold: u32::MAX,
            duplicates: 0,
            recovering: false,
            recover: None,
            last_sent: now,
        }
    }

    /// Text is about to be sent. After a silence longer than the retransmission timeout the window begins anew.
    pub(crate) fn sending(&mut self, now: Instant, timeout: Duration, smss: u32, idle: bool) {
        if idle && now.since(self.last_sent) > timeout {
            self.window = self.window.min(initial_window(smss, false));
        }
        self.last_sent = now;
    }

    /// `text` octets were acknowledged for the first time, up to `una`; `flight` are left. Says whether what is now the
    /// oldest segment must be sent again.
    pub(crate) fn acknowledged(&mut self, text: u32, una: SeqNumber, flight: u32, smss: u32) -> bool {
        self.duplicates = 0;
        let everything = self.recover.is_none_or(|recover| una.ge(recover));
        if everything {
            self.recover = None;
        }
        if !self.recovering {
            self.grow(text, smss);
            return false;
        }
        if everything {
            self.recovering = false;
            self.window = self.threshold.min(flight.max(smss).saturating_add(smss)).max(smss);
            return false;
        }
        // A partial acknowledgment: the next segment was lost as well (RFC 6582 §3.2).
        let inflated = if text >= smss { smss } else { 0 };
        self.window = self.window.saturating_sub(text).saturating_add(inflated).max(smss);
        true
    }

    /// Slow start below the threshold, congestion avoidance above (RFC 5681 §3.1).
    fn grow(&mut self, text: u32, smss: u32) {
        let by = match () {
            () if text == 0 => 0,
            () if self.window < self.threshold => text.min(smss),
            () => (u64::from(smss) * u64::from(smss) / u64::from(self.window.max(1))).max(1) as u32,
        };
        self.window = self.window.saturating_add(by);
    }

    /// A duplicate acknowledgment came while `flight` octets were out. Says whether the oldest segment must be sent again
    /// without waiting for the timer (RFC 5681 §3.2).
    pub(crate) fn duplicate(&mut self, una: SeqNumber, nxt: SeqNumber, flight: u32, smss: u32) -> bool {
        self.duplicates = self.duplicates.saturating_add(1);
        if self.recovering {
            self.window = self.window.saturating_add(smss);
            return false;
        }
        let known = self.recover.is_some_and(|recover| una.lt(recover));
        if self.duplicates != DUPLICATES_OF_A_LOSS || known {
            return false;
        }
        self.threshold = half(flight, smss);
        self.window = self.threshold.saturating_add(3 * smss);
        self.recovering = true;
        self.recover = Some(nxt);
        true
    }

    /// The retransmission timer ran out with `flight` octets out; `first` time for this segment (RFC 5681 §3.1).
    pub(crate) fn timed_out(&mut self, nxt: SeqNumber, flight: u32, smss: u32, first: bool) {
        if first {
            self.threshold = half(flight, smss);
        }
        self.window = smss;
        self.duplicates = 0;
        self.recovering = false;
        self.recover = Some(nxt);
    }
}

/// max(FlightSize / 2, 2 * SMSS) (RFC 5681 §3.1, equation 4).
fn half(flight: u32, smss: u32) -> u32 {
    (flight / 2).max(2 * smss)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMSS: u32 = 1000;

    fn begun() -> Congestion {
        Congestion::begin(SMSS, false, Instant::ZERO)
    }

    #[test]
    fn the_first_window_depends_on_the_segment_size_and_on_a_lost_syn() {
        let first = |smss, lost| Congestion::begin(smss, lost, Instant::ZERO).window;
        assert_eq!([first(1095, false), first(1096, false), first(2190, false)], [4380, 3288, 6570]);
        assert_eq!([first(2191, false), first(1460, true)], [4382, 1460]);
    }

    #[test]
    fn slow_start_opens_by_what_is_acknowledged_but_no_more_than_a_segment() {
        let mut congestion = begun();
        assert!(!congestion.acknowledged(600, SeqNumber(600), 0, SMSS));
        assert_eq!(congestion.window, 4600);
        congestion.acknowledged(2000, SeqNumber(2600), 0, SMSS);
        assert_eq!(congestion.window, 5600);
        congestion.acknowledged(0, SeqNumber(2600), 0, SMSS);
        assert_eq!(congestion.window, 5600, "our SYN or FIN says nothing of the path");
    }

    #[test]
    fn congestion_avoidance_opens_by_about_a_segment_a_round_trip() {
        let mut congestion = Congestion { window: 10_000, threshold: 5000, ..begun() };
        (0..10).for_each(|_| {
            congestion.acknowledged(SMSS, SeqNumber(0), 0, SMSS);
        });
        assert!((10_900..=11_000).contains(&congestion.window), "{}", congestion.window);
    }

    #[test]
    fn the_third_duplicate_halves_and_later_ones_inflate() {
        let mut congestion = begun();
        let duplicate =
            |congestion: &mut Congestion| congestion.duplicate(SeqNumber(0), SeqNumber(8000), 8000, SMSS);
        assert_eq!([duplicate(&mut congestion), duplicate(&mut congestion)], [false, false]);
        assert!(duplicate(&mut congestion));
        assert_eq!((congestion.threshold, congestion.window), (4000, 7000));
        assert!(!duplicate(&mut congestion));
        assert_eq!(congestion.window, 8000);
        assert!(
            congestion.acknowledged(3000, SeqNumber(3000), 5000, SMSS),
            "a partial acknowledgment repeats"
        );
        assert_eq!(congestion.window, 6000);
        assert!(!congestion.acknowledged(5000, SeqNumber(8000), 0, SMSS));
        assert_eq!((congestion.window, congestion.recovering), (2000, false));
    }

    #[test]
    fn duplicates_of_a_loss_that_the_timer_found_repeat_nothing() {
        let mut congestion = begun();
        congestion.timed_out(SeqNumber(8000), 8000, SMSS, true);
        assert_eq!((congestion.window, congestion.threshold), (1000, 4000));
        congestion.timed_out(SeqNumber(8000), 1000, SMSS, false);
        assert_eq!(congestion.threshold, 4000, "only the first timeout of a segment tells");
        assert!((0..5).all(|_| !congestion.duplicate(SeqNumber(0), SeqNumber(8000), 8000, SMSS)));
    }

    #[test]
    fn after_a_long_silence_the_window_begins_anew() {
        let second = Duration::from_secs(1);
        let later = Instant::ZERO + 2 * second;
        let mut congestion = Congestion { window: 50_000, ..begun() };
        congestion.sending(later, second, SMSS, false);
        assert_eq!(congestion.window, 50_000, "something was still in flight");
        congestion.sending(later + second, second, SMSS, true);
        assert_eq!(congestion.window, 50_000, "not longer than the timeout");
        congestion.sending(later + 3 * second, second, SMSS, true);
        assert_eq!(congestion.window, 4000);
    }
}
