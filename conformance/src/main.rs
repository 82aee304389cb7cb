//! The `tcpspec` command: parses the command line, calls the library, prints what it returns, chooses the exit code.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tcpspec::bench::{self, Family};
use tcpspec::cases;
use tcpspec::deviation::Deviations;
use tcpspec::report::{self, Report, json, terminal};
use tcpspec::requirement;
use tcpspec::scenario::{self, Scenario};
use tcpspec::stack::{self, Stack, Unavailable};
use tcpspec::suite::{self, Selection};

/// Finds where a TCP stack departs from RFC 9293.
///
/// Exit code: 0 if everything is as expected, 1 for departures that are not listed (or listed and gone), 2 if the
/// command could not run.
#[derive(Parser)]
#[command(version, max_term_width = 100)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the suite to a stack and report every departure from the standard
    Check(Check),
    /// Play scenarios to a stack and print the traces; lists of known deviations are not applied
    ///
    /// Exit code: 0 unless a scenario fails; one that is skipped or inconclusive does not.
    Replay(Replay),
    /// Say what a requirement, a row of the decision table or a case means, where it is implemented and tested
    Explain {
        /// For example MUST-13, RST-4 or the id of a case
        id: String,
    },
}

#[derive(Args)]
struct Check {
    /// The stack under test
    #[arg(long, default_value = stack::NAMES[0], value_parser = stack::NAMES)]
    stack: String,
    /// Only the cases of a section of RFC 9293, for example 3.6, or with this text in their id
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only cases that check this requirement, for example MUST-13
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// List the cases and what they check, one a line, and play none
    #[arg(long, conflicts_with = "format")]
    list: bool,
    /// Show known deviations like any other departure
    #[arg(long)]
    no_deviations: bool,
    /// A list of known deviations (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE", conflicts_with = "no_deviations")]
    deviations: Option<PathBuf>,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Args)]
struct Replay {
    /// A file with scenarios, or the id of a case
    scenario: String,
    /// The stack under test
    #[arg(long, default_value = stack::NAMES[0], value_parser = stack::NAMES)]
    stack: String,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// Print the rows of the decision table that the reference used; no other stack tells
    #[arg(long)]
    rules: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Most octets of a file that is read: a list or a scenario has thousands, and what has more is something else.
const MOST_OCTETS: u64 = 4 << 20;

/// The stack that tells its rules.
const REFERENCE: &str = "reference";

/// How long a run may take before progress is shown.
const UNNOTICED: Duration = Duration::from_millis(500);

/// Why the command could not run.
struct Trouble(String);

fn main() -> ExitCode {
    bench::keep_panics_of_stacks_quiet();
    let outcome = match CommandLine::parse().command {
        Command::Check(arguments) => check(&arguments),
        Command::Replay(arguments) => replay(&arguments),
        Command::Explain { id } => report::explanation::explain(&id).map_err(Trouble).and_then(|text| {
            print(&text)?;
            Ok(true)
        }),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(Trouble(message)) => {
            eprintln!("tcpspec: {message}");
            ExitCode::from(2)
        }
    }
}

/// Plays the suite. Says whether everything was as expected.
fn check(arguments: &Check) -> Result<bool, Trouble> {
    let selection =
        Selection { filter: arguments.filter.clone(), requirement: arguments.requirement.clone() };
    let count = selection.cases().count();
    if count == 0 {
        return Err(nothing_selected(&selection));
    }
    if arguments.list {
        print(&list(&selection))?;
        return Ok(true);
    }
    let deviations = deviations(arguments)?;
    let mut stack = stack_by_name(&arguments.stack)?;
    let family = family(arguments.ipv6);
    let mut progress = Progress::new(count as u64, io::stderr().is_terminal());
    let begun = Instant::now();
    let results = suite::play(&mut *stack, selection.cases(), family, &deviations, |case| {
        progress.reached(&case.id, begun.elapsed());
    });
    progress.end();
    let report = Report { stack: stack.declaration().clone(), family, results };
    print(&match arguments.format {
        Format::Text => terminal::render(&report),
        Format::Json => json::render(&report),
    })?;
    Ok(report.is_as_expected())
}

/// How far a run is, on a terminal, if it takes long enough for anybody to wonder.
struct Progress {
    cases: u64,
    wanted: bool,
    played: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    fn new(cases: u64, wanted: bool) -> Self {
        Self { cases, wanted, played: 0, bar: None }
    }

    /// A case is about to be played, so long after the beginning.
    fn reached(&mut self, case: &str, elapsed: Duration) {
        if self.wanted && elapsed >= UNNOTICED {
            // A wide message is cut to what the terminal has left.
            let style = || ProgressStyle::with_template("{pos}/{len} {wide_msg}").expect("a valid template");
            let bar = self.bar.get_or_insert_with(|| ProgressBar::new(self.cases).with_style(style()));
            bar.set_message(case.to_owned());
            bar.set_position(self.played);
        }
        self.played += 1;
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The list of known deviations that the command line asks for.
fn deviations(arguments: &Check) -> Result<Deviations, Trouble> {
    match &arguments.deviations {
        _ if arguments.no_deviations => Ok(Deviations::default()),
        None => Ok(Deviations::built_in(&arguments.stack)),
        Some(file) => {
            listed(file).map_err(|error| Trouble(format!("{}: {}", file.display(), error.trim_end())))
        }
    }
}

/// A list of known deviations that can all be of use.
fn listed(file: &Path) -> Result<Deviations, String> {
    let text = read(file, "a list of known deviations").map_err(|error| error.to_string())?;
    let deviations = Deviations::parse(&text).map_err(|error| error.to_string())?;
    deviations.check()?;
    Ok(deviations)
}

fn nothing_selected(selection: &Selection) -> Trouble {
    if let Some(id) = &selection.requirement
        && requirement::find(id).is_none()
    {
        return Trouble(no_requirement(id));
    }
    if let Some(id) = &selection.requirement
        && !cases::all().iter().any(|case| case.scenario.checks.contains(id))
    {
        return Trouble(format!("no case checks {id} yet; `tcpspec explain {id}` says more"));
    }
    Trouble("no case matches; `tcpspec check --list` shows them all".to_owned())
}

fn list(selection: &Selection) -> String {
    let line = |case: &cases::Case| format!("{}  {}\n", case.id, case.scenario.checks.join(" "));
    let mut text: String = selection.cases().map(line).collect();
    text.push_str(&format!("\n{} cases\n", selection.cases().count()));
    text
}

/// Plays the scenarios of a file, or a case. Says whether none of them failed.
fn replay(arguments: &Replay) -> Result<bool, Trouble> {
    if arguments.rules && arguments.stack != REFERENCE {
        return Err(Trouble(format!("only the reference tells its rules: add `--stack {REFERENCE}`")));
    }
    let scenarios = scenarios(&arguments.scenario)?;
    let mut stack = stack_by_name(&arguments.stack)?;
    let mut none_failed = true;
    for scenario in &scenarios {
        let mut run = bench::run(&mut *stack, scenario, family(arguments.ipv6));
        run.trace.with_rules = arguments.rules;
        print(&terminal::replay(scenario, stack.declaration(), &run))?;
        none_failed &= !run.verdict.fails_the_run();
    }
    Ok(none_failed)
}

/// The scenarios of a file, or the scenario of a case.
fn scenarios(name: &str) -> Result<Vec<Scenario>, Trouble> {
    if let Some(case) = cases::all().iter().find(|case| case.id == name) {
        return Ok(vec![case.scenario.clone()]);
    }
    let text = read(Path::new(name), "a scenario file").map_err(|error| {
        let near =
            suite::nearest_case(name).map_or(String::new(), |near| format!("; did you mean {}?", near.id));
        Trouble(format!(
            "{name}: neither a case (see `tcpspec check --list`) nor a file that can be read: {error}{near}"
        ))
    })?;
    let scenarios = scenario::parse(&text).map_err(|error| Trouble(format!("{name}: {error}")))?;
    for scenario in &scenarios {
        if let Some(id) = scenario.checks.iter().find(|id| requirement::find(id).is_none()) {
            let scenario = &scenario.name;
            return Err(Trouble(format!(
                "{name}: scenario {scenario} checks {id}, but {}",
                no_requirement(id)
            )));
        }
    }
    Ok(scenarios)
}

/// That nothing in the catalogue has this id, and what comes near.
fn no_requirement(id: &str) -> String {
    let near = requirement::nearest(id).map_or(String::new(), |near| format!("; did you mean {}?", near.id));
    format!("there is no requirement {id}{near}")
}

/// The text of a file; `what` is what it should be.
fn read(file: &Path, what: &str) -> io::Result<String> {
    let mut text = Vec::new();
    File::open(file)?.take(MOST_OCTETS + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MOST_OCTETS {
        return Err(io::Error::other(format!("too large for {what}, more than {} MiB", MOST_OCTETS >> 20)));
    }
    String::from_utf8(text).map_err(|_| io::Error::other("it is not UTF-8"))
}

fn stack_by_name(name: &str) -> Result<Box<dyn Stack>, Trouble> {
    stack::by_name(name).map_err(|why| {
        Trouble(match why {
            Unavailable::Unknown => {
                format!("there is no stack {name}; there are {}", stack::NAMES.join(", "))
            }
            Unavailable::Here(reason) => format!("stack {name} cannot run here: {reason}"),
        })
    })
}

const fn family(ipv6: bool) -> Family {
    if ipv6 { Family::V6 } else { Family::V4 }
}

/// Writes to standard output. A reader that goes away early, as `head` does, is no trouble.
fn print(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Trouble(format!("standard output: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_shown_on_a_terminal_once_a_run_takes_long() {
        for (wanted, elapsed, shown) in [(true, 499, false), (true, 500, true), (false, 9000, false)] {
            let mut progress = Progress::new(3, wanted);
            progress.reached("3.5/a", Duration::ZERO);
            progress.reached("3.5/b", Duration::from_millis(elapsed));
            assert_eq!(progress.bar.is_some(), shown, "{wanted}, after {elapsed} ms");
            assert!(progress.bar.as_ref().is_none_or(|bar| bar.position() == 1));
            progress.end();
        }
    }
}
