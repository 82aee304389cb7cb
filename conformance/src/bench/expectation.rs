//! What the stack must send, and what is made of the rest.

use std::time::Duration;

use tcpspec_core::Instant;

use super::emission::Emission;
use super::time::Moment;
use super::{Bench, Departure, matching};
use crate::scenario::{SegmentPattern, When};
use crate::trace::End;

/// How long an expectation without a time (`*`) is waited for.
pub(crate) const PATIENCE: Duration = Duration::from_secs(600);

impl Bench<'_> {
    /// The connection's next segment must be one of these.
    pub(super) fn expect(
        &mut self,
        connection: usize,
        when: When,
        patterns: &[SegmentPattern],
    ) -> Result<(), Departure> {
        let (from, to) = match when {
            When::After(span) => (Duration::ZERO, span.resolve(self.msl)),
            When::Between(from, to) => (from.resolve(self.msl), to.resolve(self.msl)),
            When::Whenever => (Duration::ZERO, PATIENCE),
        };
        let (earliest, latest) = (self.previous.earliest + from, self.previous.latest + to + self.settle);
        let mut instead = None;
        loop {
            let Some(emission) = self.take_pending(connection) else {
                if self.now >= latest {
                    let wanted = format!("expected {}", described(when, patterns));
                    return Err(instead.map_or_else(
                        || Departure::new(format!("{wanted}, nothing was sent")),
                        |emission| self.unexpected(&emission, &wanted),
                    ));
                }
                let (stop, reached) = self.run_towards(latest)?;
                self.collect()?;
                if reached >= stop {
                    self.watch_quiet()?;
                }
                continue;
            };
            let (ledger, addresses) = (&self.connections[connection].ledger, self.addresses);
            let matched =
                patterns.iter().any(|pattern| matching::matches(pattern, &emission, ledger, addresses));
            let too_late = emission.when.earliest > latest;
            if matched && emission.when.latest + self.settle < earliest {
                let wanted = described(when, patterns);
                return Err(self.unexpected(&emission, &format!("it came too early: expected {wanted}")));
            }
            if matched && !too_late {
                self.previous = emission.when;
                return Ok(());
            }
            if !emission.tolerable || too_late {
                return Err(self.unexpected(&emission, &format!("expected {}", described(when, patterns))));
            }
            instead = Some(emission);
        }
    }

    /// Takes what the connection sends of text until `time`, and what of it no step has taken before. It may be so much.
    pub(super) fn at_most(&mut self, connection: usize, octets: u32, time: Instant) -> Result<(), Departure> {
        let mut sent = 0;
        self.advance(time)?;
        let meant = |emission: &Emission| emission.connection == connection && emission.is_mere_text();
        while let Some(index) = self.pending.iter().position(meant) {
            let Some(emission) = self.pending.remove(index) else { break };
            // What may have been sent after the end does not count.
            if emission.when.latest <= time {
                sent += emission.segment.len;
            }
            if sent > octets {
                return Err(self.unexpected(&emission, &format!("expected at most {octets} octets of text")));
            }
        }
        self.previous = Moment::at(self.now);
        Ok(())
    }

    /// The connection's next segment that no step has taken.
    fn take_pending(&mut self, connection: usize) -> Option<Emission> {
        let index = self.pending.iter().position(|emission| emission.connection == connection)?;
        self.pending.remove(index)
    }

    /// What was welcome anyway and came before `time` does not break a silence that begins then.
    pub(super) fn forgive_before(&mut self, time: Instant) {
        self.pending.retain(|emission| !(emission.tolerable && emission.when.earliest < time));
    }

    /// Nothing is left of the connection, or of all of them, that a step should have taken.
    pub(super) fn nothing_unexpected(&mut self, connection: Option<usize>) -> Result<(), Departure> {
        let meant = |emission: &Emission| connection.is_none_or(|index| index == emission.connection);
        let wrong = self.pending.iter().position(|emission| meant(emission) && !emission.tolerable);
        if let Some(emission) = wrong.and_then(|index| self.pending.remove(index)) {
            return Err(self.unexpected(&emission, "nothing asked for it"));
        }
        self.pending.retain(|emission| !meant(emission));
        Ok(())
    }

    /// A segment that should not have come.
    pub(super) fn unexpected(&mut self, emission: &Emission, why: &str) -> Departure {
        let connection = &self.connections[emission.connection];
        self.trace.current = connection.numbering;
        let text = self.trace.segment_text(End::Left, &emission.segment);
        let on = if connection.label == 1 { String::new() } else { format!(" on @{}", connection.label) };
        Departure::new(format!("the stack sent `{text}`{on}; {why}")).at_line(emission.trace_line)
    }
}

/// Patterns as a scenario writes them, with their time.
fn described(when: When, patterns: &[SegmentPattern]) -> String {
    let patterns: Vec<_> = patterns.iter().map(|pattern| format!("`> {pattern}`")).collect();
    let patterns = patterns.join(" or ");
    match when {
        When::After(_) => format!("{patterns} at once"),
        When::Between(from, to) => {
            let unit = if to.msl == 0 { " s" } else { "" };
            format!("{patterns} between {from} and {to}{unit} after the step before")
        }
        When::Whenever => patterns,
    }
}
