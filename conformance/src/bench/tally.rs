//! How many segments a stack has sent: a bound on what a run may cost, in memory and in time.
//!
//! A stack may send as often as it likes as long as time passes, so too many segments by and by are no departure, only
//! more than the bench will look at. A stack that does not stop sending before time can pass is out of control, unless what
//! it sends is new text, of which there is only as much as its user gave it.

use tcpspec_core::Instant;

use super::{Broke, Departure};

/// Segments that a stack may send in one scenario, and at one time.
pub(super) const MOST_SEGMENTS: usize = 10_000;

/// Segments of one run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    all: usize,
    /// Segments without new text since time last passed.
    at_once: usize,
    latest: Instant,
}

impl Tally {
    /// Counts a segment that was sent at `now`; an error once there are too many.
    pub(super) fn count(&mut self, now: Instant, new_text: bool) -> Result<(), Departure> {
        let time_passed = now != self.latest;
        self.at_once = if time_passed { 0 } else { self.at_once } + usize::from(!new_text);
        self.all += 1;
        self.latest = now;
        if self.at_once > MOST_SEGMENTS {
            Err(Departure::new(format!("the stack sent more than {MOST_SEGMENTS} segments at one time"))
                .broke(Broke::Flood))
        } else if self.all > MOST_SEGMENTS && (time_passed || new_text) {
            // Only now: until then, this may still become a flood.
            Err(Departure::undecided(format!(
                "the stack sent more than {MOST_SEGMENTS} segments, the limit,"
            )))
        } else {
            Ok(())
        }
    }
}
