//! `tcpspec requirements`: where a stack stands on each requirement that RFC 9293 numbers.

use clap::Args;
use tcpspec::deviation::Deviations;
use tcpspec::report::standing as table;
use tcpspec::standing;

use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, print};

/// What `requirements` may be told.
#[derive(Args)]
pub(crate) struct Requirements {
    #[command(flatten)]
    stack: StackChoice,
    /// Show known deviations like any other departure
    #[arg(long)]
    no_deviations: bool,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
}

/// Gathers everything. Says whether nothing departs but what is listed.
pub(crate) fn requirements(arguments: &Requirements) -> Result<bool, Trouble> {
    let mut stack = arguments.stack.start()?;
    let family = family(arguments.ipv6);
    let deviations = match arguments.stack.name() {
        Some(name) if !arguments.no_deviations => Deviations::built_in(name),
        _ => Deviations::default(),
    };
    let standings = standing::survey(&mut *stack, family, &deviations);
    print(&table::render(stack.declaration(), family, &standings))?;
    Ok(table::is_as_expected(&standings))
}
