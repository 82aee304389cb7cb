//! One story, told to a stack in a process that may be lost over it.
//!
//! It leaves out why it is told: to shrink a finding, to see whether a listed one still happens, to show it.

use std::io;
use std::process::Command;
use std::time::Duration;

use super::cause::{CauseRecord, Death};
use super::pool::{News, Pool};
use super::task::{Answer, Judged, Order, time_asked};
use crate::scenario::{self, Scenario};
use crate::stack::Declaration;

/// How often is looked whether to go on waiting.
const LOOK: Duration = Duration::from_millis(100);

/// What came of a story.
pub(super) enum Told {
    /// The judge has spoken.
    Judged(Box<Judged>),
    /// The process ended over it.
    Died(Death),
    /// Nobody waited for its end.
    Left,
}

impl Told {
    /// The cause of the departure that it showed, if it showed one.
    pub(super) fn cause(&self) -> Option<CauseRecord> {
        match self {
            Self::Judged(judged) => judged.cause.clone(),
            Self::Died(death) => Some(CauseRecord::from(&death.cause())),
            Self::Left => None,
        }
    }
}

/// Plays one story in the first process of a pool, which is started anew if that ends it, or if nobody waits any
/// more. `patience` is how long the process itself bears with a story that asks for no time.
pub(super) fn tell(
    pool: &mut Pool<'_>,
    story: &Scenario,
    (stack, patience): (&Declaration, Duration),
    leaves: &dyn Fn() -> bool,
) -> io::Result<Told> {
    pool.order(0, &Order::Judge { text: scenario::print_file(std::slice::from_ref(story)) });
    // The process ends itself when its own limit is over; this is for one that cannot.
    let mut patience_left = 12 * patience + time_asked(story, stack) + Duration::from_secs(5);
    loop {
        match pool.next(LOOK)? {
            Some((0, News::Answer(answer))) => {
                if let Answer::Judged(judged) = *answer {
                    return Ok(Told::Judged(Box::new(judged)));
                }
            }
            Some((worker, News::Death(death))) => {
                pool.restart(worker)?;
                if worker == 0 {
                    return Ok(Told::Died(death));
                }
            }
            Some(_) => {}
            None if leaves() => {
                pool.restart(0)?;
                return Ok(Told::Left);
            }
            None if patience_left.is_zero() => {
                pool.restart(0)?;
                return Ok(Told::Died(Death::Hang));
            }
            None => patience_left = patience_left.saturating_sub(LOOK),
        }
    }
}

/// What can be said of a story over which a process ended: all but its last step can be seen.
pub(super) fn seen_of_death(
    pool: &mut Pool<'_>,
    story: &Scenario,
    death: &Death,
    (stack, patience): (&Declaration, Duration),
) -> io::Result<Judged> {
    let mut before = story.clone();
    before.steps.pop();
    let mut trace = Vec::new();
    if !before.steps.is_empty()
        && let Told::Judged(judged) = tell(pool, &before, (stack, patience), &|| false)?
    {
        trace = judged.trace;
    }
    Ok(Judged {
        verdict: "FAIL".to_owned(),
        explanation: Some(death.what()),
        requirements: Vec::new(),
        level: None,
        cause: Some(CauseRecord::from(&death.cause())),
        step: story.steps.len().checked_sub(1),
        trace,
        trace_line: None,
    })
}

/// Plays one story as campaigns do: judged, and in a process of its own.
///
/// # Errors
/// A process that cannot be started.
pub fn replay(
    story: &Scenario,
    start: &dyn Fn() -> Command,
    (stack, patience): (&Declaration, Duration),
) -> io::Result<Judged> {
    let mut pool = Pool::new(start, 1)?;
    match tell(&mut pool, story, (stack, patience), &|| false)? {
        Told::Judged(judged) => Ok(*judged),
        Told::Died(death) => seen_of_death(&mut pool, story, &death, (stack, patience)),
        Told::Left => unreachable!("nobody leaves"),
    }
}
