//! What is run from a checkpoint ends as what is run from the beginning (P-16).
//!
//! Before each event the stack is cloned. The clone goes on; the original gets the event too, runs far ahead and is thrown
//! away. Whatever the two shared, or the clone did not have, would show.

use std::net::SocketAddr;
use std::time::Duration;

use tcpspec_core::RuleSet;

use super::{Relation, compared, moot};
use crate::bench::{self, Family};
use crate::scenario::Scenario;
use crate::stack::{CallOutcome, Declaration, Instant, NextTimer, Setup, SocketId, Stack, State, UserCall};
use crate::verdict::Verdict;

/// For stacks that can be cloned, which only the reference promises.
const CHECKPOINTS: Relation = Relation {
    id: "P-16",
    requirement: "R9293-3.10-a",
    sentence: "a run from a checkpoint ends as one from the beginning",
    holds: |_, _, _, _| Verdict::Skipped("the stack cannot be cloned".into()),
};

/// How far an original runs ahead that is not needed any more: past every timer but those of hours.
const FAR: Duration = Duration::from_secs(600);

/// Clone-equivalence (P-16): a stack that is replaced by its clone before each event does what it does otherwise.
pub fn checkpoints_make_no_difference<S: Stack + Clone>(
    stack: &mut S,
    story: &Scenario,
    family: Family,
) -> Verdict {
    if let Some(moot) = moot(stack, story) {
        return moot;
    }
    let plain = bench::run(stack, story, family);
    let resumed = bench::run(&mut Resumed { stack: stack.clone(), now: Instant::ZERO }, story, family);
    let lines = [plain, resumed].map(|mut run| {
        run.trace.absolute = true;
        run.trace.lines().collect::<Vec<_>>()
    });
    compared(&CHECKPOINTS, "from checkpoints", &lines)
}

/// A stack that goes on from a checkpoint at each event.
struct Resumed<S> {
    stack: S,
    now: Instant,
}

impl<S: Stack + Clone> Resumed<S> {
    fn resume<R>(&mut self, event: impl Fn(&mut S) -> R) -> R {
        let clone = self.stack.clone();
        let mut original = std::mem::replace(&mut self.stack, clone);
        let _ = event(&mut original);
        let mut packet = Vec::new();
        // A flood has to end somewhere.
        for _ in 0..100 {
            while original.emit(&mut packet) {}
            if original.run_until(self.now + FAR) >= self.now + FAR {
                break;
            }
        }
        event(&mut self.stack)
    }
}

impl<S: Stack + Clone> Stack for Resumed<S> {
    fn declaration(&self) -> &Declaration {
        self.stack.declaration()
    }

    fn reset(&mut self, setup: &Setup) {
        self.now = Instant::ZERO;
        self.stack.reset(setup);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        self.resume(|stack| stack.call(call))
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.resume(|stack| stack.deliver(packet));
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        self.stack.emit(packet)
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.now = self.resume(|stack| stack.run_until(time));
        self.now
    }

    fn next_timer(&self) -> NextTimer {
        self.stack.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.stack.state(socket)
    }

    fn remote(&self, socket: SocketId) -> Option<SocketAddr> {
        self.stack.remote(socket)
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.resume(|stack| stack.refuse_packets(refuse));
    }

    fn take_rules(&mut self) -> RuleSet {
        self.stack.take_rules()
    }
}
