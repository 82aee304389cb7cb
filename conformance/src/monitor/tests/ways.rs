//! Source routes: which way segments have to go, and where nothing says so.

use super::altered::broken;
use super::near::{OPEN, check};
use super::random::{self, Dice};
use super::{Monitor, rounds};
use crate::bench::{self, Family};
use crate::scenario::{self, AddressClass, Route, ScenarioCall, What};
use crate::stack::reference::Reference;

const ROUTED: &str = "+0 open passive\n+0 < S by other\n+0 < .\n";

#[test]
fn a_segment_that_takes_another_way_is_objected_to_where_it_is_certain_which_it_has_to_take() {
    check(&[
        ("route/not-kept", Some("I-131"), ROUTED, "+0 receive\n"),
        ("route/not-kept", Some("I-131"), OPEN, "+0 < P. (10) by router\n+1 receive\n"),
        // There is no way back by which the peer itself would be passed; nor where nobody came by a route.
        ("route/not-kept", None, "+0 open passive\n+0 < S by peer\n+0 < .\n", "+0 send 10\n+1 receive\n"),
        ("route/not-kept", None, OPEN, "+0 send 10\n+1 receive\n"),
        // What is outside the window, above a gap, or a reset need not be looked at.
        ("route/not-kept", None, OPEN, "+0 < . peer.nxt-10 by router\n+0 send 10\n+1 receive\n"),
        ("route/not-kept", None, OPEN, "+0 < P. peer.nxt+5(10) by router\n+0 send 10\n+1 receive\n"),
        ("route/not-kept", None, OPEN, "+0 < R peer.nxt+5 by router\n+0 send 10\n+1 receive\n"),
        // Whoever closed may be answered by a reset, which belongs to no connection.
        ("route/not-kept", None, "+0 < . by router\n", "+1 receive\n"),
        // The whole way, and the right way round.
        (
            "route/not-turned-round",
            Some("I-131"),
            "+0 open passive\n+0 < S by other,router\n+0 < .\n",
            "+0 receive\n",
        ),
        ("route/not-turned-round", None, ROUTED, "+0 send 10\n+1 receive\n"),
        ("route/of-the-answer-only", Some("I-131"), ROUTED, "+0 send 10\n+1 receive\n"),
        ("route/of-the-answer-only", None, OPEN, "+0 send 10\n+1 receive\n"),
        // The latest counts, if it was certainly looked at.
        ("route/first-one-stays", Some("I-131.2"), ROUTED, "+0 < P. (10) by router\n+1 receive\n"),
        ("route/first-one-stays", None, ROUTED, "+0 < P. peer.nxt+5(10) by router\n+1 receive\n"),
        ("route/first-one-stays", None, ROUTED, "+0 < P. (10) by other\n+1 receive\n"),
        // The user's route goes before any other; a user who named none has said nothing.
        ("call/route-ignored", Some("I-131.3"), "+0 open active by router\n+0 < S.\n", "+0 receive\n"),
        ("call/route-ignored", None, "+0 open active\n+0 < S. by router\n", "+0 send 10\n+1 receive\n"),
        (
            "route/that-arrives-displaces-the-users",
            Some("I-131.3"),
            "+0 open active by other\n+0 < S. by router\n",
            "+0 receive\n",
        ),
        (
            "route/that-arrives-displaces-the-users",
            None,
            "+0 open active\n+0 < S. by router\n",
            "+0 send 10\n+1 receive\n",
        ),
    ]);
}

/// Some way or other; most often the usual one.
fn some_route(dice: &mut Dice) -> Option<Route> {
    const WAYS: [&[AddressClass]; 6] = [
        &[AddressClass::Router],
        &[AddressClass::Other],
        &[AddressClass::Other, AddressClass::Router],
        &[AddressClass::Router, AddressClass::Other, AddressClass::Router],
        &[AddressClass::Peer, AddressClass::Router],
        &[AddressClass::Stack],
    ];
    Route::new(WAYS.get(usize::try_from(dice.below(12)).unwrap_or(0)).copied().unwrap_or(&[]))
}

#[test]
fn the_reference_takes_the_ways_that_it_has_to_in_random_scenarios() {
    let mut monitor = Monitor::new();
    for seed in 0..rounds() {
        let mut dice = Dice::new(seed);
        let profile = random::profile(&mut dice);
        let mut story = random::scenario(&mut dice);
        for step in &mut story.steps {
            match &mut step.what {
                What::Segment(segment) => segment.route = some_route(&mut dice),
                What::Call { call: call @ ScenarioCall::OpenActive, .. } => {
                    *call =
                        some_route(&mut dice).map_or(ScenarioCall::OpenActive, ScenarioCall::OpenActiveBy);
                }
                _ => {}
            }
        }
        let mut stack = Reference::with_profile(profile);
        let run = bench::run_watched(&mut stack, &story, Family::V4, Some(&mut monitor));
        let text = || scenario::print_file(std::slice::from_ref(&story));
        assert_eq!(broken(&run), None, "seed {seed}: {:?}\n{}\n{}", run.verdict, text(), run.trace);
    }
}
