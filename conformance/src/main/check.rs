//! `tcpspec check`: the suite, played to a stack, and the report.

use std::io::{self, IsTerminal};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use tcpspec::cases;
use tcpspec::report::{Report, json, junit, terminal};
use tcpspec::requirement;
use tcpspec::stack::{self, Clock};
use tcpspec::suite::{self, Selection, Waiting};

use crate::deviation_choice::DeviationChoice;
use crate::list::list;
use crate::progress::Progress;
use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, no_requirement, print};

/// Cases that are played at once on a real clock, which is waiting for the most part.
const AT_ONCE: NonZeroUsize = NonZeroUsize::new(32).unwrap();

/// How long a case may last on a real clock unless the user asks for the slow ones.
const LONGEST: Duration = Duration::from_secs(150);

/// What `check` may be told.
#[derive(Args)]
pub(crate) struct Check {
    #[command(flatten)]
    stack: StackChoice,
    /// Only the cases of a section of RFC 9293, for example 3.6, or with this text in their id
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only cases that check this requirement, for example MUST-13
    #[arg(long, value_name = "ID")]
    requirement: Option<String>,
    /// List the cases: what each checks and how many faulty references it finds; plays nothing to the stack
    #[arg(long, conflicts_with = "format")]
    list: bool,
    /// With --list: name the faults that each case finds, and those that none finds
    #[arg(long, requires = "list")]
    faults: bool,
    #[command(flatten)]
    deviations: DeviationChoice,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// On a real clock, play also what needs minutes
    #[arg(long)]
    slow: bool,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Junit,
}

/// Plays the suite. Says whether everything was as expected.
pub(crate) fn check(arguments: &Check) -> Result<bool, Trouble> {
    let selection =
        Selection { filter: arguments.filter.clone(), requirement: arguments.requirement.clone() };
    let count = selection.cases().count();
    if count == 0 {
        return Err(nothing_selected(&selection));
    }
    if arguments.list {
        print(&list(&selection, family(arguments.ipv6), arguments.faults))?;
        return Ok(true);
    }
    let deviations = arguments.deviations.list(&arguments.stack)?;
    let Some(mut stack) = arguments.stack.start_or_skip()? else { return Ok(true) };
    let family = family(arguments.ipv6);
    let mut progress = Progress::new(count as u64, io::stderr().is_terminal());
    let begun = Instant::now();
    let results = match (stack.declaration().clock, arguments.stack.name()) {
        (Clock::Virtual, _) | (Clock::Real, None) => {
            suite::play(&mut *stack, selection.cases(), family, &deviations, |case| {
                progress.reached(&case.id, begun.elapsed());
            })
        }
        (Clock::Real, Some(name)) => {
            let make = || stack::by_name(name).expect("what was there once is there again");
            let waiting = Waiting { at_once: AT_ONCE, limit: (!arguments.slow).then_some(LONGEST) };
            suite::play_side_by_side(make, selection.cases(), family, &deviations, waiting, |case, turn| {
                progress.turned(&case.id, turn, begun.elapsed());
            })
        }
    };
    progress.end();
    // Parts of the suite are played for what they say; on a real clock the stories would take minutes.
    let whole = selection == Selection::default() && stack.declaration().clock == Clock::Virtual;
    let gone = if whole { suite::gone(&mut *stack, family, &deviations) } else { Vec::new() };
    let report = Report { stack: stack.declaration().clone(), family, results, gone };
    print(&match arguments.format {
        Format::Text => terminal::render(&report),
        Format::Json => json::render(&report),
        Format::Junit => junit::render(&report),
    })?;
    Ok(report.is_as_expected())
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
