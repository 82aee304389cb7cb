//! The far side of a campaign: a process that plays stories to a stack and may be lost at any time.
//!
//! Orders come as lines of JSON, answers go as lines of JSON. A stack in the same process may print where answers go, so
//! they carry a mark and anything else is ignored. A watch looks after the
//! process from inside: when one story takes too long it ends the process, so that an endless loop cannot outlive
//! the campaign either.

use std::io::{self, BufRead, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::task::{Order, Task};
use crate::bench::Family;
use crate::stack::Stack;

/// What an answer begins with.
pub(super) const MARK: &str = "\u{1}tcpspec ";

/// The exit code of a process that took too long over one story. Not one that shells or Rust use.
pub const HUNG: i32 = 87;

/// How often the watch looks.
const LOOK: Duration = Duration::from_millis(50);

/// What the process may use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How long one story may take that asks for no time; on a real clock, one that lets time pass may take that longer.
    pub time: Duration,
    /// Octets of address space of the process.
    pub memory: u64,
}

impl Default for Limits {
    /// Far beyond what any story needs: one takes a hundredth of a millisecond, the longest some milliseconds.
    fn default() -> Self {
        Self { time: Duration::from_secs(2), memory: 1 << 30 }
    }
}

/// Plays stories until there are no more orders. `give_up` ends the process with [`HUNG`] from another thread, when
/// one story takes too long.
///
/// # Errors
/// Orders that cannot be read, answers that cannot be written, or a limit that cannot be set.
pub fn serve(
    stack: &mut dyn Stack,
    (family, seed, limits): (Family, u64, Limits),
    orders: impl BufRead,
    mut answers: impl Write,
    give_up: impl Fn() + Send + 'static,
) -> io::Result<()> {
    limit_memory(limits.memory)?;
    let playing = watch(limits.time, give_up);
    let mut task = Task::new(stack, family, seed);
    for line in orders.lines() {
        let order: Order = serde_json::from_str(&line?).map_err(io::Error::other)?;
        let answer = task.perform(&order, |asked| playing.begins(asked));
        playing.ends();
        if let Some(answer) = answer {
            let answer = serde_json::to_string(&answer).map_err(io::Error::other)?;
            writeln!(answers, "\n{MARK}{answer}")?;
            answers.flush()?;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn limit_memory(octets: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::As);
    let current = Some(maximum.map_or(octets, |maximum| octets.min(maximum)));
    Ok(setrlimit(Resource::As, Rlimit { current, maximum })?)
}

#[cfg(not(unix))]
fn limit_memory(_: u64) -> io::Result<()> {
    Ok(())
}

/// The story that is played now, as the watch sees it.
#[derive(Clone, Default)]
struct Playing(Arc<Mutex<Story>>);

#[derive(Clone, Copy, Default)]
struct Story {
    /// How many began before it, and it.
    number: u64,
    /// The time that it asks for itself; none while nothing is played.
    asked: Option<Duration>,
}

impl Playing {
    /// A story begins that asks for so much time.
    fn begins(&self, asked: Duration) {
        self.change(|story| *story = Story { number: story.number + 1, asked: Some(asked) });
    }

    fn ends(&self) {
        self.change(|story| story.asked = None);
    }

    fn change(&self, change: impl FnOnce(&mut Story)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn now(&self) -> Story {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives up when one story takes longer than `limit`, and than the time that it asks for.
///
/// What counts is the time of the processor, where that is known: on a busy machine a story may have to wait for it.
/// But no story may wait for ever.
fn watch(limit: Duration, give_up: impl Fn() + Send + 'static) -> Playing {
    let playing = Playing::default();
    let seen = playing.clone();
    thread::spawn(move || {
        let (mut last, mut began, mut cost) = (0, Instant::now(), processor_time());
        loop {
            thread::sleep(LOOK);
            let Story { number, asked } = seen.now();
            let Some(asked) = asked.filter(|_| number == last) else {
                (last, began, cost) = (number, Instant::now(), processor_time());
                continue;
            };
            // A stack on a real clock may be busy while it waits.
            let worked = processor_time().saturating_sub(cost).saturating_sub(asked);
            let waited = began.elapsed().saturating_sub(asked);
            if worked >= limit || waited >= limit * LONGER {
                give_up();
            }
        }
    });
    playing
}

/// How many times the limit a story may take, beyond what it asks for, by the clock on the wall.
const LONGER: u32 = 10;

/// The time of the processor that this process has taken.
#[cfg(unix)]
fn processor_time() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
}

#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stories_of_one_order_each_are_not_taken_for_one_long_story() {
        let playing = Playing::default();
        let mut numbers = Vec::new();
        for asked in [0, 20, 0] {
            playing.begins(Duration::from_secs(asked));
            assert_eq!(playing.now().asked, Some(Duration::from_secs(asked)));
            numbers.push(playing.now().number);
            playing.ends();
            assert_eq!(playing.now().asked, None);
        }
        assert_eq!(numbers, [1, 2, 3]);
    }
}
