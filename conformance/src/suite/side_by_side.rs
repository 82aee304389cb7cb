//! Cases side by side: on a real clock most of a case is waiting, and many can wait at once.
//!
//! Each worker has a stack of its own. What takes longest begins first, so that the whole takes little longer than its
//! longest case. What would take longer than the user is willing to wait is skipped before it begins, and what decided
//! nothing, for the machine was busy, is played once more.

use std::cmp::Reverse;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use super::{CaseResult, result};
use crate::bench::{self, Family, Run};
use crate::cases::Case;
use crate::deviation::Deviations;
use crate::stack::Stack;
use crate::trace::Trace;
use crate::verdict::Verdict;

/// How much waiting is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Waiting {
    /// So many cases at once, at most.
    pub at_once: NonZeroUsize,
    /// Cases that may last longer are skipped; none: all are played.
    pub limit: Option<Duration>,
}

/// What has just happened to a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// It is played now.
    Begins,
    /// It has been played.
    Ends,
}

/// Plays cases to stacks that `make` makes, several at once. The results are in the order of `cases`. `progress` is called
/// as cases begin and end.
pub fn play_side_by_side(
    make: impl Fn() -> Box<dyn Stack> + Sync,
    cases: impl Iterator<Item = &'static Case>,
    family: Family,
    deviations: &Deviations,
    waiting: Waiting,
    mut progress: impl FnMut(&'static Case, Turn),
) -> Vec<CaseResult> {
    let msl = make().declaration().msl;
    let cases: Vec<_> = cases.collect();
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.sort_by_key(|index| Reverse(bench::longest(&cases[*index].scenario, msl)));
    let round =
        Round { make: &make, cases: &cases, order: &order, next: AtomicUsize::new(0), family, waiting };
    let mut runs: Vec<Option<(Run, String)>> = cases.iter().map(|_| None).collect();
    let (round, (news, from_workers)) = (&round, mpsc::channel());
    thread::scope(|scope| {
        for _ in 0..waiting.at_once.get().min(cases.len()) {
            let news = news.clone();
            scope.spawn(move || round.work(&news));
        }
        drop(news);
        for (index, run) in from_workers {
            progress(cases[index], if run.is_some() { Turn::Ends } else { Turn::Begins });
            runs[index] = run.or(runs[index].take());
        }
    });
    let played = cases.iter().zip(runs).filter_map(|(case, run)| Some((*case, run?)));
    played.map(|(case, (run, version))| result(case, run, deviations, &version)).collect()
}

/// A case by its index: nothing when it begins, then what came of it on which version of the stack.
type News = (usize, Option<(Run, String)>);

/// What the workers share.
struct Round<'a, Make> {
    make: &'a Make,
    cases: &'a [&'static Case],
    /// Indices of the cases, longest first.
    order: &'a [usize],
    /// The first of `order` that nobody has taken.
    next: AtomicUsize,
    family: Family,
    waiting: Waiting,
}

impl<Make: Fn() -> Box<dyn Stack>> Round<'_, Make> {
    /// Plays cases until none is left.
    fn work(&self, news: &Sender<News>) {
        let mut stack = (self.make)();
        while let Some(index) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            // Whoever listens has gone only if it panicked.
            let _ = news.send((*index, None));
            let run = self.play(&mut *stack, self.cases[*index]);
            let version = stack.declaration().version.clone().into_owned();
            let _ = news.send((*index, Some((run, version))));
        }
    }

    fn play(&self, stack: &mut dyn Stack, case: &'static Case) -> Run {
        let longest = bench::longest(&case.scenario, stack.declaration().msl);
        match self.waiting.limit {
            Some(limit) if longest > limit => {
                let reason =
                    format!("needs {} s, more than the limit of {} s", longest.as_secs(), limit.as_secs());
                Run { trace: Trace::default(), verdict: Verdict::Skipped(reason) }
            }
            _ => self.play_until_decided(stack, case),
        }
    }

    /// A machine that was too busy to look in time decides nothing. It is asked once more.
    fn play_until_decided(&self, stack: &mut dyn Stack, case: &'static Case) -> Run {
        let run = bench::run(stack, &case.scenario, self.family);
        match run.verdict {
            Verdict::Inconclusive(_) => bench::run(stack, &case.scenario, self.family),
            _ => run,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::resume_unwind;

    use tcpspec_core::{Instant, State};

    use crate::scenario;
    use crate::stack::reference::Reference;
    use crate::stack::{CallOutcome, Declaration, Lost, NextTimer, Setup, SocketId, UserCall};
    use crate::suite::{self, Selection};

    fn reference() -> Box<dyn Stack> {
        Box::new(Reference::new())
    }

    fn side_by_side(at_once: usize, limit: Option<Duration>) -> (Vec<CaseResult>, Vec<(&'static str, Turn)>) {
        let selection = Selection { filter: Some("3.6".to_owned()), ..Selection::default() };
        let waiting = Waiting { at_once: NonZeroUsize::new(at_once).unwrap(), limit };
        let mut turns = Vec::new();
        let deviations = Deviations::default();
        let results = play_side_by_side(
            reference,
            selection.cases(),
            Family::V4,
            &deviations,
            waiting,
            |case, turn| turns.push((case.id.as_str(), turn)),
        );
        (results, turns)
    }

    #[test]
    fn side_by_side_gives_the_same_results_in_the_same_order_as_one_after_the_other() {
        let selection = Selection { filter: Some("3.6".to_owned()), ..Selection::default() };
        let deviations = Deviations::default();
        let alone = suite::play(&mut Reference::new(), selection.cases(), Family::V4, &deviations, |_| {});
        let (results, turns) = side_by_side(7, None);
        assert_eq!(results, alone);
        for turn in [Turn::Begins, Turn::Ends] {
            assert_eq!(turns.iter().filter(|(_, it)| *it == turn).count(), alone.len());
        }
    }

    #[test]
    fn what_takes_longest_begins_first_and_what_takes_too_long_does_not_run() {
        let (results, turns) = side_by_side(1, Some(Duration::from_secs(10)));
        let msl = reference().declaration().msl;
        let lasts = |id: &str| {
            let case = results.iter().find(|result| result.case.id == id).unwrap().case;
            bench::longest(&case.scenario, msl)
        };
        let begun: Vec<_> = turns.iter().filter(|(_, turn)| *turn == Turn::Begins).collect();
        assert!(begun.windows(2).all(|two| lasts(two[0].0) >= lasts(two[1].0)), "{begun:?}");
        for result in &results {
            let too_long = lasts(&result.case.id) > Duration::from_secs(10);
            assert_eq!(matches!(result.verdict, Verdict::Skipped(_)), too_long, "{}", result.case.id);
        }
        assert!(results.iter().any(|result| matches!(result.verdict, Verdict::Skipped(_))));
    }

    #[test]
    fn a_scenario_lasts_as_long_as_all_its_waits() {
        let text = "tcpspec 1\n\nscenario a\n\n+1 open passive\n+0.5~+2 > S\n+2msl-1ms < .\n+0.25 quiet 3\n";
        let scenario = scenario::parse_one(text).expect("valid");
        assert_eq!(bench::longest(&scenario, Duration::from_secs(30)), Duration::from_millis(66_249));
        let patient = scenario::parse_one("tcpspec 1\n\nscenario a\n\n* > S\n").expect("valid");
        assert_eq!(bench::longest(&patient, Duration::ZERO), bench::PATIENCE);
    }

    /// The reference, in a place where the first attempt to start over comes to nothing.
    #[derive(Default)]
    struct Shy {
        reference: Reference,
        asked: bool,
    }

    impl Stack for Shy {
        fn declaration(&self) -> &Declaration {
            self.reference.declaration()
        }

        fn reset(&mut self, setup: &Setup) {
            if !std::mem::replace(&mut self.asked, true) {
                let what = "not now".to_owned();
                resume_unwind(Box::new(Lost { what, last_words: Vec::new(), finding: false }));
            }
            self.reference.reset(setup);
        }

        fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
            self.reference.call(call)
        }

        fn deliver(&mut self, packet: &[u8]) {
            self.reference.deliver(packet);
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
    fn what_decided_nothing_is_played_once_more() {
        let selection = Selection { filter: Some("3.5/passive-open".to_owned()), ..Selection::default() };
        let waiting = Waiting { at_once: NonZeroUsize::MIN, limit: None };
        let shy = || Box::new(Shy::default()) as Box<dyn Stack>;
        let deviations = Deviations::default();
        let results = play_side_by_side(shy, selection.cases(), Family::V4, &deviations, waiting, |_, _| {});
        let verdicts: Vec<_> = results.iter().map(|result| &result.verdict).collect();
        assert_eq!(verdicts, [&Verdict::Pass]);
    }
}
