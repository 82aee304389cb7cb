//! Stories that another fuzzer chooses, octet by octet: the generator, the judge and the list of known deviations that
//! campaigns have, for targets of libFuzzer and whatever else speaks its interface.
//!
//! It leaves out what such a fuzzer has itself: processes, limits, a corpus, and ways to make inputs smaller.

use std::fmt;

use super::cause::cause_of;
use super::draw::Draw;
use super::{Judge, generate};
use crate::bench::Family;
use crate::deviation::Deviations;
use crate::scenario::{self, Scenario, What};
use crate::stack::{self, Declaration, Stack, Unavailable};
use crate::verdict::{Cause, Failure, Verdict};

/// A stack to which such stories are told, one after the other.
pub struct Target {
    stack: Box<dyn Stack>,
    known: Deviations,
    judge: Judge,
    checks_checksums: bool,
}

/// A departure that is not listed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Departure {
    /// Its cause.
    pub cause: Cause,
    /// What was expected and what was seen instead.
    pub failure: Failure,
    /// The story that shows it.
    pub story: Scenario,
}

impl Target {
    /// The stack with this name, and the built-in list of its known deviations.
    ///
    /// # Errors
    /// Why there is no such stack here.
    pub fn new(name: &str) -> Result<Self, Unavailable> {
        Ok(Self::with(stack::by_name(name)?, Deviations::built_in(name)))
    }

    /// A stack, and a list of its known deviations.
    #[must_use]
    pub fn with(mut stack: Box<dyn Stack>, known: Deviations) -> Self {
        let checks_checksums = checks_checksums(&mut *stack);
        Self { stack, known, judge: Judge::default(), checks_checksums }
    }

    /// What of the generator's stories is left out with this build of the stack, and why.
    #[must_use]
    pub fn left_out(&self) -> Option<&'static str> {
        const REASON: &str = "bad checksums: this build of the stack does not look at them (under `cfg(fuzzing)`, \
                              smoltcp does not)";
        (!self.checks_checksums).then_some(REASON)
    }

    /// The story that these octets choose.
    #[must_use]
    pub fn story(&self, octets: &[u8]) -> Scenario {
        let mut story = generate::scenario(&mut Draw::Octets(octets), self.stack.declaration());
        "fuzz/octets".clone_into(&mut story.name);
        if !self.checks_checksums {
            without_bad_checksums(&mut story);
        }
        story
    }

    /// Tells the stack the story that these octets choose.
    ///
    /// # Errors
    /// A departure that is not listed.
    pub fn tell(&mut self, octets: &[u8]) -> Result<(), Box<Departure>> {
        let story = self.story(octets);
        let run = self.judge.judge(&mut *self.stack, &story, Family::V4);
        let version = self.stack.declaration().version.clone();
        match self.known.apply_to_cause(&version, run.verdict) {
            Verdict::Fail(failure) => Err(Box::new(Departure { cause: cause_of(&failure), failure, story })),
            _ => Ok(()),
        }
    }
}

/// Octets that choose the same story as chance does, to begin with: a random number for each choice.
#[must_use]
pub fn seed(seed: u64, index: u64, stack: &Declaration) -> Vec<u8> {
    let Draw::Chance(generator) = Draw::of(seed, index) else { return Vec::new() };
    let mut draw = Draw::Noted(generator, Vec::new());
    let _ = generate::scenario(&mut draw, stack);
    match draw {
        Draw::Noted(_, octets) => octets,
        Draw::Chance(_) | Draw::Octets(_) => Vec::new(),
    }
}

/// Whether a stack drops a segment with a bad checksum. Builds for fuzzing may not, which is no departure.
fn checks_checksums(stack: &mut dyn Stack) -> bool {
    const PROBE: &str = "tcpspec 1\n\nscenario probe\n\n+0 open passive\n+0 < S bad-checksum\n+0 quiet 0.1\n";
    let probe = scenario::parse_one(PROBE).expect("valid");
    !matches!(crate::bench::run(stack, &probe, Family::V4).verdict, Verdict::Fail(_))
}

fn without_bad_checksums(story: &mut Scenario) {
    for step in &mut story.steps {
        if let What::Segment(segment) = &mut step.what {
            segment.damage.bad_checksum = false;
        }
    }
}

/// The signature, the verdict, and the story as a file.
impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n", self.cause, self.failure.what)?;
        f.write_str(&scenario::print_file(std::slice::from_ref(&self.story)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deviation::KnownFinding;
    use crate::engine::judge;
    use crate::network::Generator;

    const FAULTY: &str = "faulty:drop-answer/LISTEN-5";

    fn octets(seed: u64) -> Vec<u8> {
        let mut generator = Generator::new(seed);
        (0..200).map(|_| generator.bits() as u8).collect()
    }

    fn first_departure(target: &mut Target) -> Departure {
        *(0..1000).find_map(|index| target.tell(&octets(index)).err()).expect("it departs soon")
    }

    #[test]
    fn octets_that_note_what_chance_chose_tell_the_same_story() {
        let target = Target::new("reference").expect("built in");
        for index in 0..500 {
            let declaration = target.stack.declaration();
            let chosen = generate::scenario(&mut Draw::of(7, index), declaration);
            let told = target.story(&seed(7, index, declaration));
            assert_eq!(told.steps, chosen.steps);
            assert_eq!(told.setup, chosen.setup);
        }
    }

    #[test]
    fn a_departure_says_a_story_that_can_be_replayed() {
        let mut target = Target::new(FAULTY).expect("built in");
        let departure = first_departure(&mut target);
        let text = departure.to_string();
        let file = &text[text.find("tcpspec 1").expect("a file")..];
        let story = scenario::parse_one(file).expect("valid");
        let run = judge(&mut *stack::by_name(FAULTY).expect("built in"), &story, Family::V4);
        assert_eq!(run.verdict.failure().map(cause_of), Some(departure.cause));
    }

    #[test]
    fn what_is_listed_is_excused_and_nothing_else() {
        let departure = first_departure(&mut Target::new(FAULTY).expect("built in"));
        let Cause { rule, differed, .. } = &departure.cause;
        let finding = format!("[[cause.finding]]\nrules = [{rule:?}]\ndiffered = [{differed:?}]\n");
        let list = format!("[[cause]]\nversions = \"*\"\nreason = \"A fault.\"\n{finding}");
        let list = Deviations::parse(&list).expect("valid");
        assert!(list.findings().first().is_some_and(|entry: &KnownFinding| entry.is_about(&departure.cause)));
        let mut excused = Target::with(stack::by_name(FAULTY).expect("built in"), list);
        for index in 0..300 {
            if let Err(other) = excused.tell(&octets(index)) {
                assert_ne!((&other.cause.rule, &other.cause.differed), (rule, differed));
            }
        }
    }

    #[test]
    fn a_build_that_does_not_look_at_checksums_is_noticed_and_not_accused() {
        let name = "faulty:header/checksum-not-looked-at";
        let mut careless = Target::new(name).expect("built in");
        assert!(careless.left_out().is_some());
        for index in 0..1000 {
            assert_eq!(careless.tell(&octets(index)), Ok(()));
        }
        for name in ["reference", "smoltcp"] {
            assert_eq!(Target::new(name).expect("built in").left_out(), None);
        }
    }
}
