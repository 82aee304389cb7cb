//! `tcpspec fuzz`: a campaign, its findings as they come, and what it found in the end.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tcpspec::deviation::KnownFinding;
use tcpspec::engine::{self, Event, Finding, Limits, Options, Progress, Subject};
use tcpspec::report::fuzzing;
use tcpspec::scenario;
use tcpspec::stack::Clock;
use tcpspec::verdict::Cause;

use crate::deviation_choice::DeviationChoice;
use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, interrupt, print};

/// What `fuzz` may be told.
#[derive(Args)]
pub(crate) struct Fuzz {
    #[command(flatten)]
    stack: StackChoice,
    /// Stop after so many seconds; 60 unless told how many runs
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seconds: Option<u64>,
    /// Stop after so many stories; the same seed and number give the same findings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    runs: Option<u64>,
    /// Where chance begins
    #[arg(long, value_name = "X", default_value_t = 1)]
    seed: u64,
    /// Processes that play at the same time; unless told one for each core, and on a real clock 32, which mostly wait
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Folder for the findings
    #[arg(long, value_name = "FOLDER", default_value = "findings")]
    output: PathBuf,
    #[command(flatten)]
    deviations: DeviationChoice,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// Play stories for another process, as told on standard input
    #[arg(long, hide = true)]
    worker: bool,
}

/// How long a campaign takes that was told nothing.
const USUAL: u64 = 60;

/// Processes that play on a real clock unless told otherwise.
const AT_ONCE: usize = 32;

/// How often progress is told where there is no terminal.
const QUIET: Duration = Duration::from_secs(10);

/// Runs a campaign. Says whether everything that it found is listed.
pub(crate) fn fuzz(arguments: &Fuzz) -> Result<bool, Trouble> {
    let mut stack = arguments.stack.start()?;
    let family = family(arguments.ipv6);
    if arguments.worker {
        let how = (family, arguments.seed, limits(&arguments.stack));
        let give_up = || interrupt::end_at_once(engine::HUNG);
        return engine::serve(&mut *stack, how, io::stdin().lock(), io::stdout(), give_up)
            .map(|()| true)
            .map_err(|error| Trouble(error.to_string()));
    }
    let declaration = stack.declaration().clone();
    // A stack may be a device or a process that only one can use.
    drop(stack);
    let deviations = arguments.deviations.list(&arguments.stack)?;
    let folder = arguments.output.join(declaration.name.replace([':', '/'], "-"));
    let mut shown = Shown::new();
    let entries: Vec<_> = deviations.findings_of(&declaration.version).collect();
    let stored = |entry: &&KnownFinding| entry.scenario()?.ok();
    let subject = Subject {
        stack: &declaration,
        start: &|| worker(&arguments.stack, arguments.seed, arguments.ipv6),
        listed: &|cause| entries.iter().any(|entry| entry.is_about(cause)),
        due_to: &|cause, story| entries.iter().flat_map(|entry| entry.due_to(cause, story)).collect(),
        to_show: &entries.iter().map(stored).collect::<Vec<_>>(),
        shows: &|index, cause| entries[index].names(cause),
    };
    let kept = Kept(&folder);
    let outcome = engine::run(&options(arguments, declaration.clock)?, &subject, &mut |event| {
        let keep = |finding: &Finding| {
            let place = finding.write(&folder, &declaration, family);
            // A finding that cannot be kept is not lost.
            place.inspect_err(|_| shown.line(&scenario::print_file(&[finding.scenario()])))
        };
        // What may be listed is no news before its shortest story is known.
        let may_be_listed = |finding: &Finding| {
            let cause = Cause::from(&finding.cause);
            entries.iter().any(|entry| entry.names(&cause))
        };
        let found = |finding: &Finding, place: &Path| {
            shown.line(&format!("found {} ({})", finding.cause.signature(), place.display()));
        };
        match event {
            Event::Found(finding) => {
                let place = keep(finding)?;
                if !may_be_listed(finding) {
                    found(finding, &place);
                }
            }
            Event::Shrunk(finding) => {
                let place = keep(finding)?;
                if may_be_listed(finding) {
                    found(finding, &place);
                }
            }
            Event::Explained(finding) => finding.remove(&folder)?,
            Event::Ended(death, (from, to)) => shown.line(&format!(
                "{}, in stories {from} to {}; each of them is told again, alone",
                death.what(),
                to - 1
            )),
            Event::Progress(progress) => shown.progress(&progress),
        }
        Ok(())
    });
    shown.end();
    drop(kept);
    let outcome = outcome.map_err(|error| Trouble(error.to_string()))?;
    for finding in &outcome.findings {
        // Once more, with how often it happened.
        let kept = finding.write(&folder, &declaration, family);
        kept.map_err(|error| Trouble(error.to_string()))?;
    }
    print(&fuzzing::render(&declaration, family, &outcome, &entries, &folder))?;
    Ok(fuzzing::is_as_expected(&outcome))
}

fn options(arguments: &Fuzz, clock: Clock) -> Result<Options, Trouble> {
    let Fuzz { seconds, runs, seed, jobs, .. } = arguments;
    let usual = if runs.is_some() { None } else { Some(USUAL) };
    let usual_jobs = match clock {
        Clock::Real => AT_ONCE,
        Clock::Virtual => thread::available_parallelism().map_or(1, usize::from),
    };
    Ok(Options {
        seed: *seed,
        runs: *runs,
        time: seconds.or(usual).map(Duration::from_secs),
        jobs: jobs.map_or(usual_jobs, usize::from),
        patience: limits(&arguments.stack).time,
        ending: interrupt::ends_campaign()?,
    })
}

/// What a process that plays may use. A program as a stack has its own limit for each reply, which comes first.
pub(crate) fn limits(stack: &StackChoice) -> Limits {
    let usual = Limits::default();
    match stack.name() {
        Some(_) => usual,
        None => Limits { time: Duration::from_secs(3600), ..usual },
    }
}

/// This same command, as a process that plays.
pub(crate) fn worker(stack: &StackChoice, seed: u64, ipv6: bool) -> Command {
    let program = env::current_exe().unwrap_or_else(|_| env::args_os().next().unwrap_or_default().into());
    let mut command = Command::new(program);
    command.arg("fuzz").args(stack.arguments()).arg("--seed").arg(seed.to_string()).arg("--worker");
    if ipv6 {
        command.arg("--ipv6");
    }
    command
}

/// Where findings are. If the command itself breaks down, it says so: they are all there.
struct Kept<'f>(&'f Path);

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            let folder = self.0.display();
            eprintln!("tcpspec: this is a bug of tcpspec's own; what it had found so far is in {folder}");
        }
    }
}

/// What is shown while a campaign runs: a line that changes on a terminal, else a line now and then.
struct Shown {
    bar: Option<ProgressBar>,
    last: Duration,
}

impl Shown {
    fn new() -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{wide_msg}").expect("a valid template");
            ProgressBar::new_spinner().with_style(style)
        });
        Self { bar, last: Duration::ZERO }
    }

    fn line(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => eprintln!("{line}"),
        }
    }

    fn progress(&mut self, progress: &Progress) {
        match &self.bar {
            Some(bar) => bar.set_message(fuzzing::progress(progress)),
            None if progress.elapsed >= self.last + QUIET => {
                self.last = progress.elapsed;
                eprintln!("{}", fuzzing::progress(progress));
            }
            None => {}
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
