//! `tcpspec replay`: scenarios, played to a stack, and their traces.

use std::path::Path;

use clap::Args;
use tcpspec::bench;
use tcpspec::cases;
use tcpspec::deviation::Deviations;
use tcpspec::engine;
use tcpspec::engine::finding::{Document, SCENARIO_FILE};
use tcpspec::report::{fuzzing, terminal};
use tcpspec::requirement;
use tcpspec::scenario::{self, Scenario};
use tcpspec::stack::faulty;
use tcpspec::suite;

use crate::deviation_choice::DeviationChoice;
use crate::fuzz::{limits, worker};
use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, no_requirement, print, read};

/// What `replay` may be told.
#[derive(Args)]
pub(crate) struct Replay {
    /// A file with scenarios, the folder of a finding, or the id of a case
    scenario: String,
    #[command(flatten)]
    stack: StackChoice,
    #[command(flatten)]
    deviations: DeviationChoice,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// Print the rows of the decision table that the reference used; no other stack tells
    #[arg(long)]
    rules: bool,
}

/// The stack that tells its rules, with a fault or without.
const REFERENCE: &str = "reference";

/// Plays the scenarios of a file, or a case. Says whether none of them failed.
pub(crate) fn replay(arguments: &Replay) -> Result<bool, Trouble> {
    let tells = |name: &str| name == REFERENCE || name.starts_with(faulty::PREFIX);
    if arguments.rules && !arguments.stack.name().is_some_and(tells) {
        return Err(Trouble(format!("only the reference tells its rules: add `--stack {REFERENCE}`")));
    }
    let deviations = arguments.deviations.list(&arguments.stack)?;
    if Path::new(&arguments.scenario).is_dir() {
        return replay_finding(arguments, &deviations);
    }
    let scenarios = scenarios(&arguments.scenario)?;
    let mut stack = arguments.stack.start()?;
    let mut none_failed = true;
    for scenario in &scenarios {
        let mut run = if scenario.expects() {
            bench::run(&mut *stack, scenario, family(arguments.ipv6))
        } else {
            engine::judge(&mut *stack, scenario, family(arguments.ipv6))
        };
        run.trace.with_rules = arguments.rules;
        run.verdict = deviations.apply_to_story(scenario, &stack.declaration().version, run.verdict);
        print(&terminal::replay(scenario, stack.declaration(), &run))?;
        none_failed &= !run.verdict.fails_the_run();
    }
    Ok(none_failed)
}

/// Plays a finding as a campaign does. Says whether it no longer happens, or is listed.
fn replay_finding(arguments: &Replay, deviations: &Deviations) -> Result<bool, Trouble> {
    let folder = Path::new(&arguments.scenario);
    let finding = Document::read(folder).map_err(|error| Trouble(error.to_string()))?;
    let file = folder.join(SCENARIO_FILE);
    let story = match scenarios(&file.to_string_lossy())?.as_slice() {
        [story] => story.clone(),
        _ => return Err(Trouble(format!("{}: it should be one scenario", file.display()))),
    };
    let ipv6 = arguments.ipv6 || finding.network == "IPv6";
    let start = || worker(&arguments.stack, finding.seed, ipv6);
    // Only one process can use some stacks.
    let stack = arguments.stack.start()?.declaration().clone();
    let judged = engine::replay(&story, &start, (&stack, limits(&arguments.stack).time))
        .map_err(|error| Trouble(error.to_string()))?;
    let known =
        judged.cause.as_ref().and_then(|cause| deviations.finding_in(&cause.into(), &story, &stack.version));
    print(&fuzzing::replayed(&story, &judged, known))?;
    Ok(judged.cause.is_none() || known.is_some())
}

/// The scenarios of a file, or the scenario of a case.
pub(crate) fn scenarios(name: &str) -> Result<Vec<Scenario>, Trouble> {
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
