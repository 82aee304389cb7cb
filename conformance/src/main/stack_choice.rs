//! Which stack a command is about, and over which network.

use clap::Args;
use tcpspec::bench::Family;
use tcpspec::stack::{self, Stack, Unavailable};

use crate::Trouble;

/// The stack that the command line names.
#[derive(Args)]
pub(crate) struct StackChoice {
    /// The stack under test
    #[arg(long, default_value = stack::NAMES[0], value_parser = stack::NAMES)]
    stack: String,
}

impl StackChoice {
    /// Its name, as in the list of stacks.
    pub(crate) fn name(&self) -> &str {
        &self.stack
    }

    /// The stack, ready to be tested.
    pub(crate) fn start(&self) -> Result<Box<dyn Stack>, Trouble> {
        let name = self.name();
        stack::by_name(name).map_err(|why| {
            Trouble(match why {
                Unavailable::Unknown => {
                    format!("there is no stack {name}; there are {}", stack::NAMES.join(", "))
                }
                Unavailable::Here(reason) => format!("stack {name} cannot run here: {reason}"),
            })
        })
    }
}

/// The network that `--ipv6` asks for.
pub(crate) const fn family(ipv6: bool) -> Family {
    if ipv6 { Family::V6 } else { Family::V4 }
}
