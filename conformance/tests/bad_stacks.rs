//! Stacks that do not even behave as programs: each is one finding, and the campaign goes on or ends as it should.
//!
//! Campaigns start processes, so this test is a program of its own, which is also what those processes run.

use std::env;
use std::io;
use std::process::{self, Command, ExitCode};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tcpspec::bench::Family;
use tcpspec::engine::{self, Event, Limits, Options, Outcome, Subject};
use tcpspec::scenario;
use tcpspec::stack::reference::Reference;
use tcpspec::stack::{CallOutcome, Clock, Declaration, NextTimer, Setup, SocketId, Stack, UserCall};
use tcpspec_core::{Instant, State};

/// What goes wrong when the peer's text arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Evil {
    /// Nothing: the reference.
    None,
    /// The call never comes back.
    Loops,
    /// It takes memory until there is none.
    EatsMemory,
    /// It ends its process.
    Exits,
    /// It aborts its process.
    Aborts,
    /// It panics.
    Panics,
    /// It never stops sending.
    Floods,
    /// Nothing, but its clock is a real one: what a story asks for takes that long.
    Waits,
}

impl Evil {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Loops,
        Self::EatsMemory,
        Self::Exits,
        Self::Aborts,
        Self::Panics,
        Self::Floods,
        Self::Waits,
    ];

    /// The signature of its one finding.
    const fn signature(self) -> &'static str {
        match self {
            Self::None | Self::Waits => "",
            Self::Loops => "hang: any: no end",
            Self::EatsMemory => "memory: any: no end",
            Self::Exits => "process: any: exit code 3",
            Self::Aborts => "process: any: signal 6",
            Self::Panics => "panic: any: the stack panicked: out of luck # times",
            Self::Floods => "flood: segments sent: no end",
        }
    }

    /// What the process may use. A fifth of a second of the processor's time is hundreds of times what a story takes
    /// that is no flood, without optimization.
    const fn limits(self) -> Limits {
        let time = match self {
            Self::Loops | Self::Waits => Duration::from_millis(200),
            _ => Duration::from_secs(10),
        };
        Limits { time, memory: 1 << 29 }
    }
}

/// The reference, with something evil in it.
struct Bad {
    reference: Reference,
    declaration: Declaration,
    evil: Evil,
    hoard: Vec<Vec<u8>>,
    flood: Vec<u8>,
    flooding: bool,
    now: Instant,
}

impl Bad {
    fn with(evil: Evil) -> Self {
        let reference = Reference::new();
        let clock = if evil == Evil::Waits { Clock::Real } else { Clock::Virtual };
        let declaration = Declaration { clock, ..reference.declaration().clone() };
        Self {
            reference,
            declaration,
            evil,
            hoard: Vec::new(),
            flood: Vec::new(),
            flooding: false,
            now: Instant::ZERO,
        }
    }

    fn turn_evil(&mut self) {
        match self.evil {
            Evil::None | Evil::Waits => {}
            Evil::Loops => loop {
                std::hint::spin_loop();
            },
            Evil::EatsMemory => loop {
                self.hoard.push(Vec::with_capacity(1 << 24));
            },
            Evil::Exits => process::exit(3),
            Evil::Aborts => process::abort(),
            Evil::Panics => panic!("out of luck {} times", self.hoard.len()),
            Evil::Floods => self.flooding = true,
        }
    }
}

impl Stack for Bad {
    fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    fn reset(&mut self, setup: &Setup) {
        // What it repeats is of this story: which stories a process has played before depends on how busy the machine is.
        self.flood.clear();
        self.flooding = false;
        self.now = Instant::ZERO;
        self.reference.reset(setup);
    }

    fn call(&mut self, call: UserCall<'_>) -> CallOutcome {
        self.reference.call(call)
    }

    fn deliver(&mut self, packet: &[u8]) {
        self.reference.deliver(packet);
        // An IPv4 header, a TCP header, and more.
        if packet.len() > 60 {
            self.turn_evil();
        }
    }

    fn emit(&mut self, packet: &mut Vec<u8>) -> bool {
        if self.reference.emit(packet) {
            self.flood.clone_from(packet);
            return true;
        }
        packet.clone_from(&self.flood);
        self.flooding && !packet.is_empty()
    }

    fn run_until(&mut self, time: Instant) -> Instant {
        if self.evil == Evil::Waits {
            thread::sleep(time.since(self.now));
        }
        self.now = self.reference.run_until(time);
        self.now
    }

    fn next_timer(&self) -> NextTimer {
        self.reference.next_timer()
    }

    fn state(&self, socket: SocketId) -> Option<State> {
        self.reference.state(socket)
    }

    fn refuse_packets(&mut self, refuse: bool) {
        self.reference.refuse_packets(refuse);
    }
}

/// Stories for each evil: every one of them shows after some dozens. A flood costs as much as thousands of stories.
const SOME: u64 = 200;

/// Stories of more than one round, so that the second is guided by the first.
const ROUNDS: u64 = 2400;

const SEED: u64 = 1;

/// This same program, as a process that plays.
fn worker(evil: Evil) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.arg("--worker").arg(format!("{evil:?}"));
    command
}

fn campaign(evil: Evil, runs: u64, jobs: usize) -> Outcome {
    let stack = Bad::with(evil);
    let (patience, ending) = (evil.limits().time, Arc::default());
    let options = Options { seed: SEED, runs: Some(runs), time: None, jobs, patience, ending };
    let start = || worker(evil);
    let subject = Subject {
        stack: stack.declaration(),
        start: &start,
        // Only what these stacks do on purpose counts here.
        listed: &|cause| !["hang", "memory", "process", "panic", "flood"].contains(&&*cause.rule),
        to_show: &[],
    };
    let mut told = |event: Event<'_>| -> io::Result<()> {
        if let Event::Shrunk(finding) = event {
            assert!(finding.repeats(), "{evil:?}");
        }
        Ok(())
    };
    engine::run(&options, &subject, &mut told).expect("processes can be started")
}

/// What must come of each.
fn every_evil_is_one_finding() {
    for evil in Evil::ALL.into_iter().filter(|evil| *evil != Evil::Waits) {
        let outcome = campaign(evil, SOME, 2);
        let found: Vec<_> = outcome.findings.iter().map(|finding| finding.cause.signature()).collect();
        let wanted: &[&str] = if evil == Evil::None { &[] } else { &[evil.signature()] };
        assert_eq!(found, wanted);
        let ends = matches!(evil, Evil::Loops | Evil::EatsMemory | Evil::Exits | Evil::Aborts);
        assert_eq!(outcome.given_up.is_some(), ends, "{evil:?}: {:?}", outcome.given_up);
        for finding in &outcome.findings {
            // An opening, and the text.
            assert!(finding.steps() <= 4, "{evil:?}: {:#?}", finding.story);
        }
        println!("{evil:?}: {} stories, {found:?}", outcome.progress.executions);
    }
}

/// One process or several find the same.
fn jobs_change_nothing() {
    let all = [(Evil::None, ROUNDS), (Evil::Exits, ROUNDS), (Evil::Panics, ROUNDS), (Evil::Floods, SOME)];
    for (evil, runs) in all {
        let [alone, together] = [1, 3].map(|jobs| campaign(evil, runs, jobs));
        assert_eq!(told(&alone), told(&together), "{evil:?}");
        assert_eq!(alone.known, together.known, "{evil:?}");
        println!("{evil:?}: the same with one process and with three");
    }
}

/// What was told before changes nothing, or what a finding is shrunk to would depend on which stories its process played.
fn earlier_stories_change_nothing() {
    let story =
        |steps: &str| scenario::parse_one(&format!("tcpspec 1\n\nscenario a\n\n{steps}\n")).expect("valid");
    // A reset is not answered, so that there is nothing of this story to be repeated.
    let last = story("+0 < R (100)");
    for evil in [Evil::None, Evil::Panics, Evil::Floods] {
        let alone = engine::judge(&mut Bad::with(evil), &last, Family::V4);
        let mut stack = Bad::with(evil);
        for before in ["+0 open active", "+0 < .", "+0 open active\n+0 < . (100)"] {
            engine::judge(&mut stack, &story(before), Family::V4);
            let after = engine::judge(&mut stack, &last, Family::V4);
            assert_eq!(after.verdict, alone.verdict, "{evil:?} after {before}");
        }
    }
}

/// What a story asks for itself is no hang, however much longer it is than the limit.
fn time_that_a_story_asks_for_is_no_hang() {
    let story = scenario::parse_one("tcpspec 1\n\nscenario a\n\n+0 open passive\n+3 close\n").expect("valid");
    let stack = Bad::with(Evil::Waits);
    let how = (stack.declaration(), Evil::Waits.limits().time);
    let judged = engine::replay(&story, &|| worker(Evil::Waits), how).expect("processes can be started");
    assert_eq!(judged.cause, None);
    assert!(judged.trace.iter().any(|line| line.contains("close")), "{:#?}", judged.trace);
    println!("Waits: no finding");
}

/// What of an outcome does not depend on time.
fn told(outcome: &Outcome) -> impl PartialEq + std::fmt::Debug {
    let findings: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| (finding.scenario(), finding.index, finding.variants.clone(), finding.hits))
        .collect();
    let progress = outcome.progress;
    (findings, progress.executions, progress.reached, progress.corpus, outcome.given_up.clone())
}

fn main() -> ExitCode {
    tcpspec::bench::keep_panics_of_stacks_quiet();
    let arguments: Vec<_> = env::args().collect();
    if let [_, worker, evil] = arguments.as_slice()
        && worker == "--worker"
    {
        let evil = Evil::ALL.into_iter().find(|known| format!("{known:?}") == *evil).expect("an evil");
        let how = (Family::V4, SEED, evil.limits());
        let give_up = || process::exit(engine::HUNG);
        return match engine::serve(&mut Bad::with(evil), how, io::stdin().lock(), io::stdout(), give_up) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    earlier_stories_change_nothing();
    every_evil_is_one_finding();
    jobs_change_nothing();
    time_that_a_story_asks_for_is_no_hang();
    ExitCode::SUCCESS
}
