//! A stack that panics, or that is lost with the process in which it ran: both are departures, and neither ends ours.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Bench, Broke, Departure};
use crate::stack::{Lost, Stack};

thread_local! {
    /// Whether this thread is inside a stack under test.
    static IN_STACK: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the panic of a stack under test, which becomes a finding, from being printed as if it were ours.
pub fn keep_panics_of_stacks_quiet() {
    let ours = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !IN_STACK.get() {
            ours(panic);
        }
    }));
}

impl Bench<'_> {
    /// Calls the stack; its end is a departure.
    pub(super) fn guarded<R>(&mut self, call: impl FnOnce(&mut dyn Stack) -> R) -> Result<R, Departure> {
        self.at_rest = false;
        IN_STACK.set(true);
        let outcome = catch_unwind(AssertUnwindSafe(|| call(self.stack)));
        IN_STACK.set(false);
        outcome.map_err(|payload| self.departed(payload))
    }

    /// What a stack unwound with, as a departure, and in the trace.
    fn departed(&mut self, payload: Box<dyn Any + Send>) -> Departure {
        let lost = payload.downcast::<Lost>().map_or_else(|panic| panicked(&*panic), |lost| *lost);
        if !lost.finding {
            return Departure::undecided(lost.what);
        }
        self.note(lost.what.clone());
        let line = self.trace.entries.len() - 1;
        for words in lost.last_words {
            self.note(format!("standard error: {words}"));
        }
        let broke = Broke::Panic(lost.what.clone());
        Departure { panicked: true, ..Departure::new(lost.what) }.at_line(line).broke(broke)
    }
}

/// A panic with its message.
fn panicked(payload: &(dyn Any + Send)) -> Lost {
    let text = payload.downcast_ref::<&str>().copied();
    let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    let what = format!("the stack panicked: {}", message.unwrap_or("no message"));
    Lost { what, last_words: Vec::new(), finding: true }
}
