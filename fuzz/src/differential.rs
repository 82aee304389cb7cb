//! A stack under test, which is told stories that libFuzzer chooses, and the monitor, which judges it.
//!
//! Known deviations are excused by the same list as in campaigns. Left out with its reason: what this build of the stack
//! cannot show.

use std::cell::RefCell;
use std::env;

use tcpspec::bench;
use tcpspec::engine::octets::Target;

/// The environment variable that names another stack than smoltcp.
const STACK: &str = "TCPSPEC_STACK";

thread_local! {
    static TARGET: RefCell<Target> = RefCell::new(start());
}

/// Tells the stack the story that these octets choose.
///
/// # Panics
/// With the story, if the stack departs from the standard in a way that is not listed.
pub fn tell(octets: &[u8]) {
    TARGET.with_borrow_mut(|target| {
        if let Err(departure) = target.tell(octets) {
            panic!("{departure}");
        }
    });
}

fn start() -> Target {
    let name = env::var(STACK).unwrap_or_else(|_| "smoltcp".to_owned());
    let target = Target::new(&name).unwrap_or_else(|why| panic!("{STACK}={name}: {why:?}"));
    // A panic of the stack is judged like anything else. libFuzzer's hook would end the process before.
    bench::keep_panics_of_stacks_quiet();
    if let Some(reason) = target.left_out() {
        eprintln!("skipped: {reason}");
    }
    target
}
