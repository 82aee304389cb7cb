//! Stacks that do not even behave as programs: each is one finding, and the campaign goes on or ends as it should.
//!
//! Campaigns start processes, so this test is a program of its own, which is also what those processes run.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, Command, ExitCode};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tcpspec::bench::Family;
use tcpspec::engine::finding::Document;
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
    /// It makes the process panic where no stack is to blame, as a bug of tcpspec's own would.
    BreaksUs,
    /// It panics when its user calls ABORT.
    PanicsAtAbort,
    /// It panics then, and when the peer's text arrives, with the same words.
    PanicsTwice,
    /// Something ends the process from outside, once.
    KilledOnce,
    /// Nothing, but its clock is a real one: what a story asks for takes that long.
    Waits,
}

impl Evil {
    const ALL: [Self; 12] = [
        Self::None,
        Self::Loops,
        Self::EatsMemory,
        Self::Exits,
        Self::Aborts,
        Self::Panics,
        Self::Floods,
        Self::BreaksUs,
        Self::PanicsAtAbort,
        Self::PanicsTwice,
        Self::KilledOnce,
        Self::Waits,
    ];

    /// The signature of its one finding, or how it begins.
    const fn signature(self) -> &'static str {
        match self {
            Self::None | Self::Waits | Self::KilledOnce => "",
            Self::BreaksUs => "tcpspec: any: conformance/tests/bad_stacks.rs:",
            Self::Loops => "hang: any: no end",
            Self::EatsMemory => "memory: any: no end",
            Self::Exits => "process: any: exit code 3",
            Self::Aborts => "process: any: signal 6",
            Self::Panics | Self::PanicsAtAbort | Self::PanicsTwice => {
                "panic: any: the stack panicked: out of luck # times"
            }
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
    breaking: bool,
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
            breaking: false,
            now: Instant::ZERO,
        }
    }

    fn turn_evil(&mut self) {
        match self.evil {
            Evil::None | Evil::Waits | Evil::PanicsAtAbort => {}
            Evil::Loops => loop {
                std::hint::spin_loop();
            },
            Evil::EatsMemory => loop {
                self.hoard.push(Vec::with_capacity(1 << 24));
            },
            Evil::Exits => process::exit(3),
            Evil::Aborts => process::abort(),
            Evil::Panics | Evil::PanicsTwice => out_of_luck(),
            Evil::Floods => self.flooding = true,
            Evil::BreaksUs => self.breaking = true,
            Evil::KilledOnce => killed_once(),
        }
    }
}

impl Stack for Bad {
    fn declaration(&self) -> &Declaration {
        // The bench and the monitor ask for it wherever they like; what panics there is theirs.
        assert!(!self.breaking, "not the stack's");
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
        let panics = matches!(self.evil, Evil::PanicsAtAbort | Evil::PanicsTwice);
        if panics && matches!(call, UserCall::Abort { .. }) {
            out_of_luck();
        }
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

fn out_of_luck() -> ! {
    panic!("out of luck {} times", 7)
}

/// Names a file that is there once the process has been killed.
const KILLED: &str = "TCPSPEC_KILLED";

/// Ends this process as the system does when memory is short, unless that has been done.
fn killed_once() {
    let mark = env::var_os(KILLED).expect("set for every process");
    if fs::File::create_new(mark).is_ok() {
        #[cfg(unix)]
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL)
            .expect("a process may signal itself");
        process::abort();
    }
}

/// Stories for each evil: every one of them shows after some dozens. A flood costs as much as thousands of stories.
const SOME: u64 = 200;

/// Stories of more than one round, so that the second is guided by the first.
const ROUNDS: u64 = 2400;

const SEED: u64 = 1;

/// A path of this program's own for what is written.
fn scratch(what: &str) -> PathBuf {
    env::temp_dir().join(format!("tcpspec-bad-stacks-{}-{what}", process::id()))
}

/// This same program, as a process that plays.
fn worker(evil: Evil) -> Command {
    let mut command = Command::new(env::current_exe().expect("this program"));
    command.arg("--worker").arg(format!("{evil:?}"));
    command.env(KILLED, scratch("killed"));
    command
}

fn campaign(evil: Evil, runs: u64, jobs: usize) -> Outcome {
    told_of_campaign(evil, runs, jobs, &mut |event| {
        if let Event::Shrunk(finding) = event {
            assert!(finding.repeats(), "{evil:?}");
        }
        Ok(())
    })
}

fn told_of_campaign(
    evil: Evil,
    runs: u64,
    jobs: usize,
    told: &mut dyn FnMut(Event<'_>) -> io::Result<()>,
) -> Outcome {
    let stack = Bad::with(evil);
    let (patience, ending) = (evil.limits().time, Arc::default());
    let options = Options { seed: SEED, runs: Some(runs), time: None, jobs, patience, ending };
    let start = || worker(evil);
    let subject = Subject {
        stack: stack.declaration(),
        start: &start,
        // Only what these stacks do on purpose counts here.
        listed: &|cause| !["hang", "memory", "process", "panic", "flood", "tcpspec"].contains(&&*cause.rule),
        due_to: &|cause, story| {
            let listed = matches!(evil, Evil::PanicsAtAbort | Evil::PanicsTwice) && cause.rule == "panic";
            let steps = story.steps.iter().enumerate();
            let aborts = steps.filter(|(_, step)| listed && step.action().ends_with("abort"));
            aborts.map(|(index, _)| index).collect()
        },
        to_show: &[],
        shows: &|_, _| false,
    };
    engine::run(&options, &subject, told).expect("processes can be started")
}

/// What must come of each.
fn every_evil_is_one_finding() {
    let shown_elsewhere = [Evil::Waits, Evil::KilledOnce, Evil::PanicsAtAbort, Evil::PanicsTwice];
    for evil in Evil::ALL.into_iter().filter(|evil| !shown_elsewhere.contains(evil)) {
        let outcome = campaign(evil, SOME, 2);
        let found: Vec<_> = outcome.findings.iter().map(|finding| finding.cause.signature()).collect();
        assert_eq!(found.len(), usize::from(evil != Evil::None), "{found:?}");
        assert!(found.iter().all(|found| found.starts_with(evil.signature())), "{evil:?}: {found:?}");
        let ends =
            matches!(evil, Evil::Loops | Evil::EatsMemory | Evil::Exits | Evil::Aborts | Evil::BreaksUs);
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

/// What a list blames on steps of the story is known by the shortest story, and hides nothing that happens without them,
/// though it looks the same.
fn what_is_listed_by_its_steps_hides_nothing_else() {
    let mut explained = 0;
    let listed = told_of_campaign(Evil::PanicsAtAbort, ROUNDS, 2, &mut |event| {
        explained += usize::from(matches!(event, Event::Explained(_)));
        Ok(())
    });
    assert!(listed.findings.is_empty(), "{:?}", listed.findings);
    assert_eq!(explained, 1);
    let panics = listed.known.iter().filter(|(cause, _)| cause.rule == "panic").map(|(_, hits)| hits);
    assert!(panics.sum::<u64>() > 1);
    let [alone, both] = [Evil::Panics, Evil::PanicsTwice].map(|evil| campaign(evil, ROUNDS, 2));
    for outcome in [&alone, &both] {
        let [finding] = outcome.findings.as_slice() else { panic!("{:?}", outcome.findings) };
        assert_eq!(finding.cause.signature(), Evil::Panics.signature());
        assert!(
            finding.story.steps.iter().all(|step| !step.action().ends_with("abort")),
            "{:?}",
            finding.story
        );
    }
    println!("PanicsAtAbort: {:?}; PanicsTwice: one finding", listed.known.len());
}

/// A process that something kills from outside costs nothing but a line.
fn a_killed_process_changes_nothing() {
    let mut ends = Vec::new();
    let undisturbed = campaign(Evil::None, SOME, 2);
    let disturbed = told_of_campaign(Evil::KilledOnce, SOME, 2, &mut |event| {
        if let Event::Ended(death, stories) = event {
            ends.push((death.what(), stories));
        }
        Ok(())
    });
    fs::remove_file(scratch("killed")).expect("the process was killed");
    assert_eq!(told(&undisturbed), told(&disturbed));
    assert_eq!(undisturbed.known, disturbed.known);
    let [(what, (from, to))] = ends.as_slice() else { panic!("{ends:?}") };
    assert!(what.contains("signal 9") && from < to, "{ends:?}");
    println!("KilledOnce: {what}, in stories {from} to {}, and nothing is lost", to - 1);
}

/// What was found is on the disk, whole, when the campaign itself is ended in the middle.
fn what_was_found_outlives_the_campaign() {
    let folder = scratch("findings");
    let mut command = Command::new(env::current_exe().expect("this program"));
    let status = command.arg("--campaign").arg(&folder).stderr(process::Stdio::null()).status();
    assert!(!status.expect("this program").success(), "it was to be aborted");
    let places: Vec<_> =
        fs::read_dir(&folder).expect("findings").map(|place| place.expect("a folder")).collect();
    assert_eq!(places.len(), 1, "{places:?}");
    let document = Document::read(&places[0].path()).expect("a finding");
    assert_eq!(document.signature, Evil::Panics.signature());
    let story = scenario::parse_one(&document.scenario).expect("valid");
    let run = engine::judge(&mut Bad::with(Evil::Panics), &story, Family::V4);
    let cause = run.verdict.failure().and_then(|failure| failure.cause.as_ref());
    assert_eq!(cause.map(ToString::to_string).as_deref(), Some(Evil::Panics.signature()));
    fs::remove_dir_all(&folder).expect("a folder of this test");
    println!("Panics: a finding that was yet to be shrunk is kept by a campaign that breaks down");
}

/// The campaign of [`what_was_found_outlives_the_campaign`]: it breaks down as soon as it has found something.
fn campaign_that_breaks_down(folder: &Path) -> ! {
    let declaration = Bad::with(Evil::Panics).declaration().clone();
    told_of_campaign(Evil::Panics, SOME, 2, &mut |event| {
        if let Event::Found(finding) = event {
            finding.write(folder, &declaration, Family::V4)?;
            process::abort();
        }
        Ok(())
    });
    unreachable!("something is found");
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
    if let [_, campaign, folder] = arguments.as_slice()
        && campaign == "--campaign"
    {
        campaign_that_breaks_down(Path::new(folder));
    }
    earlier_stories_change_nothing();
    every_evil_is_one_finding();
    jobs_change_nothing();
    what_is_listed_by_its_steps_hides_nothing_else();
    a_killed_process_changes_nothing();
    what_was_found_outlives_the_campaign();
    time_that_a_story_asks_for_is_no_hang();
    ExitCode::SUCCESS
}
