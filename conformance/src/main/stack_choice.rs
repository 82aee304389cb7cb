//! Which stack a command is about, and over which network.

use clap::Args;
use tcpspec::bench::Family;
use tcpspec::stack::{self, Stack, Unavailable, faulty};
use tcpspec::suite::sensitivity::nearest_fault;

use crate::Trouble;

/// The stack that the command line names.
#[derive(Args)]
pub(crate) struct StackChoice {
    /// The stack under test: smoltcp, reference, or faulty:NAME for the reference with a fault (see `check --list
    /// --faults`)
    #[arg(long, default_value = stack::NAMES[0], value_parser = stack_name)]
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

/// The name of a stack, if there is one with it.
fn stack_name(name: &str) -> Result<String, String> {
    if stack::NAMES.contains(&name) {
        return Ok(name.to_owned());
    }
    let Some(fault) = name.strip_prefix(faulty::PREFIX) else {
        return Err(format!("there are {} and {}NAME", stack::NAMES.join(", "), faulty::PREFIX));
    };
    match (faulty::find(fault), nearest_fault(fault)) {
        (Some(_), _) => Ok(name.to_owned()),
        (None, Some(near)) => Err(format!("there is no fault {fault}; did you mean {}?", near.name)),
        (None, None) => Err(format!("there is no fault {fault}; `check --list --faults` shows them")),
    }
}

/// The network that `--ipv6` asks for.
pub(crate) const fn family(ipv6: bool) -> Family {
    if ipv6 { Family::V6 } else { Family::V4 }
}
