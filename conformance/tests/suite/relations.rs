//! Two tellings of one story to one stack come to the same (P-15 to P-20), and each relation is broken by something.

use std::cell::Cell;
use std::rc::Rc;

use crate::stories::cases;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use tcpspec::bench::Family;
use tcpspec::differential::relations::{
    RELATIONS, Relation, a_cut_makes_no_difference, a_repetition_makes_no_difference,
    checkpoints_make_no_difference, numbers_may_begin_anywhere, ports_and_time_make_no_difference,
    telling_again_makes_no_difference,
};
use tcpspec::engine::Corpus;
use tcpspec::scenario::{self, Scenario, Step, When};
use tcpspec::stack::reference::Reference;
use tcpspec::stack::smoltcp::Smoltcp;
use tcpspec::stack::{
    self, CallOutcome, Declaration, Instant, NextTimer, Setup, SocketId, Stack, State, UserCall,
};
use tcpspec::verdict::{Failure, Verdict};

/// A story of a campaign: from nothing, or a variant of one of the suite.
fn story(stack: &dyn Stack, seed: u64) -> Scenario {
    Corpus::new(seed, stack.declaration()).story(0)
}

/// The story, told when the stack's clock has run for a while.
fn later(mut story: Scenario) -> Scenario {
    if let Some(Step { when: When::After(span), .. }) = story.steps.first_mut() {
        span.micros += 100_000_000;
    }
    story
}

fn assert_holds(verdict: &Verdict, story: &Scenario) -> Result<(), TestCaseError> {
    let text = scenario::print_file(std::slice::from_ref(story));
    prop_assert!(verdict.failure().is_none(), "{verdict:?}\n{text}");
    Ok(())
}

/// What breaks a relation, among the first stories of a campaign.
fn broken(
    stack: &mut dyn Stack,
    holds: fn(&mut dyn Stack, &Scenario, Family, u32) -> Verdict,
) -> Option<Failure> {
    let corpus = Corpus::new(1, stack.declaration());
    (0..200).find_map(|index: u32| {
        let choice = index.wrapping_mul(0x9e37_79b9);
        holds(stack, &corpus.story(index.into()), Family::V4, choice).failure().cloned()
    })
}

fn holds(stack: &mut dyn Stack, story: &Scenario, choice: u32) -> Result<(), TestCaseError> {
    for Relation { holds, .. } in RELATIONS {
        assert_holds(&holds(stack, story, Family::V4, choice), story)?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(Config { rng_seed: RngSeed::Fixed(9293), ..cases(150) })]

    #[test]
    fn the_reference_is_the_same_however_a_story_is_told(seed: u64, choice: u32) {
        let mut reference = Reference::new();
        let story = story(&reference, seed);
        holds(&mut reference, &story, choice)?;
        assert_holds(&checkpoints_make_no_difference(&mut reference, &story, Family::V4), &story)?;
    }

    #[test]
    fn smoltcp_is_the_same_however_a_story_is_told_once_its_clock_has_run(seed: u64, choice: u32) {
        let mut smoltcp = Smoltcp::new();
        holds(&mut smoltcp, &later(story(&Smoltcp::new(), seed)), choice)?;
    }
}

#[test]
fn every_relation_says_something_of_many_stories() {
    let mut reference = Reference::new();
    let corpus = Corpus::new(1, reference.declaration());
    for Relation { id, holds, .. } in RELATIONS {
        let says = |index: &u32| {
            holds(&mut reference, &corpus.story((*index).into()), Family::V4, *index) == Verdict::Pass
        };
        let said = (0..200).filter(says).count();
        assert!(said >= 30, "{id}: {said} of 200");
    }
}

#[test]
fn each_of_these_faults_breaks_its_relation() {
    type Holds = fn(&mut dyn Stack, &Scenario, Family, u32) -> Verdict;
    let faults: [(&str, Holds); 6] = [
        ("plain-integers/text-past-zero-has-no-end", numbers_may_begin_anywhere),
        ("plain-integers/window-past-zero-is-empty", numbers_may_begin_anywhere),
        ("text/repeated-segment-taken-again", a_repetition_makes_no_difference),
        ("off-by-one/text-left-edge-low", a_repetition_makes_no_difference),
        ("header/push-needed-for-text", a_cut_makes_no_difference),
        ("ack/duplicate-takes-its-text-along", a_cut_makes_no_difference),
    ];
    for (fault, holds) in faults {
        let mut faulty = stack::by_name(&format!("faulty:{fault}")).expect("a fault");
        assert!(broken(&mut *faulty, holds).is_some(), "{fault}");
    }
}

#[test]
fn smoltcp_asks_about_a_closed_window_at_once_unless_its_clock_stands_at_zero() {
    let story =
        "tcpspec 1\nscenario window\n+0 open passive\n+0 < S\n+0 < . win 0\n+0 send 500\n+0.1 receive\n";
    let story = scenario::parse_one(story).expect("a story");
    let verdict = ports_and_time_make_no_difference(&mut Smoltcp::new(), &story, Family::V4, 5_000_000);
    let failure = verdict.failure().expect("the time makes a difference");
    assert_eq!(failure.cause.as_ref().map(|cause| &*cause.rule), Some("P-18"));
    assert!(failure.what.ends_with("`0.000000 > . 1:2(1) ack 1 win 4096`"), "{}", failure.what);
    let reference = ports_and_time_make_no_difference(&mut Reference::new(), &story, Family::V4, 5_000_000);
    assert_eq!(reference, Verdict::Pass);
}

/// The reference, with something that outlives a reset, and that a clone shares.
#[derive(Clone)]
struct Leaky {
    reference: Reference,
    packets: Rc<Cell<u32>>,
}

impl Leaky {
    fn new() -> Self {
        Self { reference: Reference::new(), packets: Rc::default() }
    }
}

impl Stack for Leaky {
    fn declaration(&self) -> &Declaration {
        self.reference.declaration()
    }

    fn reset(&mut self, setup: &Setup) {
        self.reference.reset(setup);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        self.reference.call(call)
    }

    /// Every seventh packet is lost.
    fn deliver(&mut self, packet: &[u8]) {
        self.packets.set(self.packets.get() + 1);
        if !self.packets.get().is_multiple_of(7) {
            self.reference.deliver(packet);
        }
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        self.reference.emit(packet)
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        self.reference.run_until(time)
    }

    fn next_timer(&self) -> NextTimer {
        self.reference.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.reference.state(socket)
    }
}

#[test]
fn what_outlives_a_reset_or_is_shared_by_clones_is_seen() {
    let again = |stack: &mut dyn Stack, story: &Scenario, family, _| {
        telling_again_makes_no_difference(stack, story, family)
    };
    let failure = broken(&mut Leaky::new(), again).expect("two runs differ");
    assert_eq!(failure.cause.map(|cause| cause.rule.into_owned()).as_deref(), Some("P-15"));
    let story = "tcpspec 1\nscenario six\n+0 < F\n+0 < F\n+0 < F\n+0 < F\n+0 < F\n+0 < F\n";
    let story = scenario::parse_one(story).expect("a story");
    let verdict = checkpoints_make_no_difference(&mut Leaky::new(), &story, Family::V4);
    let rule = verdict.failure().and_then(|failure| failure.cause.as_ref()).map(|cause| &*cause.rule);
    assert_eq!(rule, Some("P-16"));
}
