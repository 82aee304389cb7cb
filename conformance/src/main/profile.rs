//! `tcpspec profile`: what a stack chose where the standard leaves a choice.

use clap::Args;
use tcpspec::profile;
use tcpspec::report::profile as table;

use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, print};

/// What `profile` may be told.
#[derive(Args)]
pub(crate) struct ProfileArguments {
    #[command(flatten)]
    stack: StackChoice,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
}

/// Infers the profile. Says whether it is the declared one.
pub(crate) fn profile(arguments: &ProfileArguments) -> Result<bool, Trouble> {
    let mut stack = arguments.stack.start()?;
    let inferences = profile::infer(&mut *stack, family(arguments.ipv6));
    print(&table::render(stack.declaration(), &inferences))?;
    Ok(table::is_as_declared(&inferences))
}
