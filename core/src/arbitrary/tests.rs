use alloc::vec::Vec;

use super::*;
use crate::rule::Rule;

/// Octets that look random and are the same in every run.
fn octets_from(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn arbitrary_stories_keep_every_invariant() {
    let mut coverage = Coverage::default();
    for seed in 0..60_000 {
        let octets = octets_from(seed, 600);
        let story = Subject::arbitrary(&mut Unstructured::new(&octets)).expect("any octets are a story");
        match story.run() {
            Ok(reached) => coverage.merge(reached),
            Err(violation) => panic!("seed {seed}\n{violation}\n{story}"),
        }
    }
    for state in State::ALL {
        assert!(coverage.reached(state), "{state} was never reached");
    }
    let missed = Rule::all().filter(|rule| rule.out_of_scope().is_none() && !coverage.rules.has(*rule));
    let missed: Vec<_> = missed.collect();
    let never_used: Vec<_> = Rule::all().filter(|rule| rule.never_used().is_some()).collect();
    assert_eq!(missed, never_used, "a row was gained or lost");
}
