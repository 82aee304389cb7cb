//! The `tcpspec` command: parses the command line, calls the library, prints what it returns, chooses the exit code.
#![forbid(unsafe_code)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tcpspec::bench;
use tcpspec::report;
use tcpspec::requirement;

use self::check::{Check, check};
use self::differ::{Differ, differ};
use self::fuzz::{Fuzz, fuzz};
use self::grid::{GridArguments, grid};
use self::profile::{ProfileArguments, profile};
use self::promises::{Promises, promises};
use self::promote::{Promote, promote};
use self::replay::{Replay, replay};
use self::requirements::{Requirements, requirements};

#[path = "main/check.rs"]
mod check;
#[path = "main/deviation_choice.rs"]
mod deviation_choice;
#[path = "main/differ.rs"]
mod differ;
#[path = "main/fuzz.rs"]
mod fuzz;
#[path = "main/grid.rs"]
mod grid;
#[path = "main/interrupt.rs"]
mod interrupt;
#[path = "main/list.rs"]
mod list;
#[path = "main/profile.rs"]
mod profile;
#[path = "main/progress.rs"]
mod progress;
#[path = "main/promises.rs"]
mod promises;
#[path = "main/promote.rs"]
mod promote;
#[path = "main/replay.rs"]
mod replay;
#[path = "main/requirements.rs"]
mod requirements;
#[path = "main/stack_choice.rs"]
mod stack_choice;

#[cfg(feature = "model")]
#[path = "main/model.rs"]
mod model;

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
    /// Play scenarios, or a finding, to a stack and print the traces
    ///
    /// What expects nothing is judged as campaigns judge, and a departure that the list of known deviations has for
    /// them is known. Exit code: 0 unless a scenario fails; one that is skipped or inconclusive does not.
    Replay(Replay),
    /// Tell scenarios to two stacks, each under a monitor, and show where they part and which of them is wrong
    ///
    /// Exit code: 0 unless something is to be said against one of them. Lists of known deviations are not applied.
    Differ(Differ),
    /// Play random stories to a stack, guided by what they reach, and keep the shortest for each departure
    ///
    /// Exit code: 0 if every departure is listed, 1 for others, 2 if the command could not run.
    Fuzz(Fuzz),
    /// Explore two references and a hostile network: why three, why four, why 2 MSL
    ///
    /// Exit code: 0 if every model holds and every rule taken away breaks what it should.
    #[cfg(feature = "model")]
    Model(model::Model),
    /// Play every state against every class of segments at every position of SEQ and ACK, and show where the stack
    /// does what the standard does not permit
    Grid(GridArguments),
    /// Infer what the stack chose where the standard leaves a choice, and compare it with what is declared
    ///
    /// Exit code: 0 unless something is other than declared.
    Profile(ProfileArguments),
    /// Say where the stack stands on each of the 119 requirements that RFC 9293 numbers, and what says so
    Requirements(Requirements),
    /// Hold a stack to what TCP promises its users: transfers through a hostile network with the stack at either end and
    /// at both, and stories told twice with something changed that must make no difference
    ///
    /// Exit code: 0 if everything is kept. Lists of known deviations are not applied.
    Promises(Promises),
    /// Make a finding a stored regression, or an entry of a list of known deviations
    Promote(Promote),
    /// Say what a requirement, a row of the decision table or a case means, where it is implemented and tested
    Explain {
        /// For example MUST-13, RST-4 or the id of a case
        id: String,
    },
}

/// Most octets of a file that is read: a list or a scenario has thousands, and what has more is something else.
const MOST_OCTETS: u64 = 4 << 20;

/// Why the command could not run.
struct Trouble(String);

fn main() -> ExitCode {
    bench::keep_panics_of_stacks_quiet();
    let outcome = match CommandLine::parse().command {
        Command::Check(arguments) => check(&arguments),
        Command::Replay(arguments) => replay(&arguments),
        Command::Differ(arguments) => differ(&arguments),
        Command::Fuzz(arguments) => fuzz(&arguments),
        Command::Promises(arguments) => promises(&arguments),
        Command::Promote(arguments) => promote(&arguments),
        #[cfg(feature = "model")]
        Command::Model(arguments) => model::run(&arguments),
        Command::Grid(arguments) => grid(&arguments),
        Command::Profile(arguments) => profile(&arguments),
        Command::Requirements(arguments) => requirements(&arguments),
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

/// Writes to standard output. A reader that goes away early, as `head` does, is no trouble.
fn print(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| Trouble(format!("standard output: {error}"))),
    }
}
