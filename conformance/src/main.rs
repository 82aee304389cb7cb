//! The `tcpspec` command: parses the command line, calls the library, prints what it returns, chooses the exit code.
#![forbid(unsafe_code)]

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use tcpspec::bench::{self, Family};
use tcpspec::cases;
use tcpspec::deviation::Deviations;
use tcpspec::report::{self, Report, json, terminal};
use tcpspec::requirement;
use tcpspec::scenario::{self, Scenario};
use tcpspec::stack::{self, Stack};
use tcpspec::suite::{self, Selection};
use tcpspec::verdict::Verdict;

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
    /// Play one scenario to a stack and print the trace
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
    /// Only cases with this text in their id
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only cases that check this requirement, for example MUST-13
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// List the cases and what they check, and play none
    #[arg(long)]
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
    /// Print the rows of the decision table that the reference used
    #[arg(long)]
    rules: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

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
    let progress = if std::io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}").expect("a valid template");
        ProgressBar::new(count as u64).with_style(style)
    } else {
        ProgressBar::hidden()
    };
    let family = family(arguments.ipv6);
    let results = suite::play(&mut *stack, selection.cases(), family, &deviations, |case| {
        progress.set_message(case.id.as_str());
        progress.inc(1);
    });
    progress.finish_and_clear();
    let report = Report { stack: stack.declaration().clone(), family, results };
    print(&match arguments.format {
        Format::Text => terminal::render(&report),
        Format::Json => json::render(&report),
    })?;
    Ok(report.is_as_expected())
}

/// The list of known deviations that the command line asks for.
fn deviations(arguments: &Check) -> Result<Deviations, Trouble> {
    match &arguments.deviations {
        _ if arguments.no_deviations => Ok(Deviations::default()),
        None => Ok(Deviations::built_in(&arguments.stack)),
        Some(file) => {
            Deviations::parse(&read(file)?).map_err(|error| Trouble(format!("{}: {error}", file.display())))
        }
    }
}

fn nothing_selected(selection: &Selection) -> Trouble {
    if let Some(id) = &selection.requirement
        && requirement::find(id).is_none()
    {
        let near =
            requirement::nearest(id).map_or(String::new(), |near| format!("; did you mean {}?", near.id));
        return Trouble(format!("there is no requirement {id}{near}"));
    }
    Trouble("no case matches; `tcpspec check --list` shows them all".to_owned())
}

fn list(selection: &Selection) -> String {
    let line = |case: &cases::Case| {
        let title = terminal::wrapped(&case.scenario.title, 4);
        format!("{}\n{title}\n    checks {}\n", case.id, case.scenario.checks.join(" "))
    };
    let mut text: String = selection.cases().map(line).collect();
    text.push_str(&format!("\n{} cases\n", selection.cases().count()));
    text
}

/// Plays the scenarios of a file, or a case. Says whether all of them passed.
fn replay(arguments: &Replay) -> Result<bool, Trouble> {
    let scenarios = scenarios(&arguments.scenario)?;
    let mut stack = stack_by_name(&arguments.stack)?;
    let mut all_passed = true;
    for scenario in &scenarios {
        let mut run = bench::run(&mut *stack, scenario, family(arguments.ipv6));
        run.trace.with_rules = arguments.rules;
        print(&terminal::replay(scenario, stack.declaration(), &run))?;
        all_passed &= matches!(run.verdict, Verdict::Pass | Verdict::Skipped(_));
    }
    Ok(all_passed)
}

/// The scenarios of a file, or the scenario of a case.
fn scenarios(name: &str) -> Result<Vec<Scenario>, Trouble> {
    if let Some(case) = cases::all().iter().find(|case| case.id == name) {
        return Ok(vec![case.scenario.clone()]);
    }
    let text = read(Path::new(name))?;
    scenario::parse(&text).map_err(|error| Trouble(format!("{name}: {error}")))
}

fn read(file: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(file).map_err(|error| Trouble(format!("{}: {error}", file.display())))
}

fn stack_by_name(name: &str) -> Result<Box<dyn Stack>, Trouble> {
    stack::by_name(name).ok_or_else(|| Trouble(format!("there is no stack {name}")))
}

const fn family(ipv6: bool) -> Family {
    if ipv6 { Family::V6 } else { Family::V4 }
}

/// Writes to standard output. A reader that goes away early, as `head` does, is no trouble.
fn print(text: &str) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Trouble(format!("standard output: {error}"))),
    }
}
