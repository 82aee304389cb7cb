//! What the standard permits is objected to by nobody: random stories for each reference that does something else than
//! the others, as `docs/variations.md` lets it.

use super::Monitor;
use crate::bench::{self, Family};
use crate::engine::Corpus;
use crate::scenario;
use crate::stack::Stack;
use crate::stack::faulty::{self, Excuse, Fault, Faulty};
use crate::stack::reference::Reference;

/// Stories for each stack; more come with TCPSPEC_PERMITTED (and with `--example soak -- 20000 1 permitted`).
fn rounds() -> u64 {
    std::env::var("TCPSPEC_PERMITTED").ok().and_then(|count| count.parse().ok()).unwrap_or(100)
}

#[test]
fn nothing_that_is_permitted_is_objected_to_in_random_stories() {
    let corpus = Corpus::new(1, Reference::new().declaration());
    let permitted = |fault: &&Fault| matches!(fault.excuse, Some(Excuse::Permitted(_)));
    let otherwise = faulty::all().iter().filter(permitted).map(Some);
    let mut monitor = Monitor::new();
    let mut stacks = 0;
    for (turn, fault) in (0..).zip(std::iter::once(None).chain(otherwise)) {
        stacks += 1;
        // Each stack meets other stories, so that together they meet many.
        for index in turn * rounds()..(turn + 1) * rounds() {
            let story = corpus.story(index);
            let mut stack: Box<dyn Stack> = match fault {
                Some(fault) => Box::new(Faulty::new(fault)),
                None => Box::new(Reference::new()),
            };
            let run = bench::run_watched(&mut *stack, &story, Family::V4, Some(&mut monitor));
            if let Some(failure) = run.verdict.failure() {
                let name = fault.map_or("the reference", |fault| &fault.name);
                let text = scenario::print_file(std::slice::from_ref(&story));
                panic!("{name}: {failure}\n{:?}\n{text}\n{}", failure.cause, run.trace);
            }
        }
    }
    assert!(stacks > 40, "{stacks} stacks do otherwise, or nothing was shown");
    assert_eq!(monitor.overflows(), 0);
    let used = monitor.uses().iter().count();
    assert!(used >= 5, "{used} variations excused something: {}", monitor.uses());
}
