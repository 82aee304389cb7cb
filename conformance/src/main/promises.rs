//! `tcpspec promises`: what TCP promises its users, asked of a stack.

use clap::Args;
use tcpspec::promises;
use tcpspec::report::promises as table;
use tcpspec::stack::Clock;

use crate::stack_choice::{StackChoice, by_name, family, stack_name};
use crate::{Trouble, print};

/// What `promises` may be told.
#[derive(Args)]
pub(crate) struct Promises {
    #[command(flatten)]
    stack: StackChoice,
    /// The stack at the other end; the same names as for --stack
    #[arg(long, value_name = "STACK", default_value = "reference", value_parser = stack_name)]
    against: String,
    /// So many transfers, each told three times, and so many stories, told twice for each relation
    #[arg(long, value_name = "N", default_value_t = 300)]
    runs: u32,
    /// Where chance begins
    #[arg(long, value_name = "X", default_value_t = 1)]
    seed: u64,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
}

/// Asks a stack. Says whether it keeps everything.
pub(crate) fn promises(arguments: &Promises) -> Result<bool, Trouble> {
    let stack = arguments.stack.start()?;
    let other = by_name(&arguments.against)?;
    if let Some(real) = [&stack, &other].into_iter().find(|stack| stack.declaration().clock == Clock::Real) {
        let name = &real.declaration().name;
        return Err(Trouble(format!("{name} runs on the world's time, and a transfer takes minutes of it")));
    }
    // Both have just been started; one that cannot be started again has lost its process or its network.
    let again = |started: Result<_, Trouble>| started.unwrap_or_else(|Trouble(why)| panic!("{why}"));
    let start = || again(arguments.stack.start());
    let start_other = || again(by_name(&arguments.against));
    let standings =
        promises::survey(&start, &start_other, arguments.seed, arguments.runs, family(arguments.ipv6));
    print(&table::render(stack.declaration(), other.declaration(), &standings))?;
    Ok(table::all_kept(&standings))
}
