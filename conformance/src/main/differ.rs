//! `tcpspec differ`: scenarios, told to two stacks, and where they part.

use clap::Args;
use tcpspec::differential::Differential;
use tcpspec::engine;
use tcpspec::report::differential as sides;

use crate::replay::scenarios;
use crate::stack_choice::{StackChoice, by_name, family, stack_name};
use crate::{Trouble, print};

/// What `differ` may be told.
#[derive(Args)]
pub(crate) struct Differ {
    /// A file with scenarios, or the id of a case
    scenario: String,
    #[command(flatten)]
    stack: StackChoice,
    /// The stack that it is held against; the same names as for --stack
    #[arg(long, value_name = "STACK", default_value = "reference", value_parser = stack_name)]
    against: String,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
    /// Leave out what the scenario expects and let the monitors judge alone
    #[arg(long)]
    no_expectations: bool,
}

/// Compares two stacks. Says whether nothing was objected to.
pub(crate) fn differ(arguments: &Differ) -> Result<bool, Trouble> {
    let stories = scenarios(&arguments.scenario)?;
    let mut one = arguments.stack.start()?;
    let mut other = by_name(&arguments.against)?;
    let mut differential = Differential::default();
    let mut none_failed = true;
    for (index, story) in stories.iter().enumerate() {
        let story = if arguments.no_expectations { &engine::without_expectations(story) } else { story };
        let comparison = differential.compare(&mut *one, &mut *other, story, family(arguments.ipv6));
        let gap = if index > 0 { "\n" } else { "" };
        print(&format!("{gap}{}", sides::render(story, &comparison)))?;
        none_failed &= !comparison.fails();
    }
    Ok(none_failed)
}
