//! Which stack a command is about, and over which network.

use std::time::Duration;

use clap::Args;
use tcpspec::bench::Family;
use tcpspec::stack::{self, Stack, Unavailable, faulty};
use tcpspec::suite::sensitivity::nearest_fault;

use crate::{Trouble, interrupt, print};

/// The stack that not every machine can run.
const LINUX: &str = "linux";

/// The environment variable that, at 1, makes it trouble if the kernel cannot be tested.
const REQUIRE_LINUX: &str = "TCPSPEC_REQUIRE_LINUX";

/// The stack that the command line names.
#[derive(Args)]
pub(crate) struct StackChoice {
    /// The stack under test: smoltcp, reference, linux, or faulty:NAME for the reference with a fault (see `check --list
    /// --faults`)
    #[arg(long, default_value = stack::NAMES[0], value_parser = stack_name)]
    stack: String,
    /// A program that is or speaks for the stack under test, with its arguments; see docs/your-stack.md
    #[arg(long, value_name = "PROGRAM ARGS", conflicts_with = "stack")]
    stack_command: Option<String>,
    /// How long that program may take for a reply
    #[arg(long, value_name = "SECONDS", default_value_t = 10, requires = "stack_command")]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3600))]
    stack_timeout: u64,
}

impl StackChoice {
    /// Its name, as in the list of stacks, unless it is a program.
    pub(crate) fn name(&self) -> Option<&str> {
        self.stack_command.is_none().then_some(&self.stack)
    }

    /// What another process of this command must be told to test the same stack.
    pub(crate) fn arguments(&self) -> Vec<String> {
        match &self.stack_command {
            None => vec!["--stack".to_owned(), self.stack.clone()],
            Some(line) => vec![
                "--stack-command".to_owned(),
                line.clone(),
                "--stack-timeout".to_owned(),
                self.stack_timeout.to_string(),
            ],
        }
    }

    /// The stack, ready to be tested.
    pub(crate) fn start(&self) -> Result<Box<dyn Stack>, Trouble> {
        if let Some(line) = &self.stack_command {
            return program(line, Duration::from_secs(self.stack_timeout));
        }
        by_name(&self.stack)
    }

    /// The stack; none if it is the kernel and the kernel cannot be tested here, which is said. Who relies on it, such as a
    /// build server, sets a variable.
    pub(crate) fn start_or_skip(&self) -> Result<Option<Box<dyn Stack>>, Trouble> {
        if self.name() != Some(LINUX) {
            return self.start().map(Some);
        }
        match stack::by_name(LINUX) {
            Err(Unavailable::Here(reason)) if std::env::var(REQUIRE_LINUX).as_deref() != Ok("1") => {
                print(&format!("skipped: {reason}\n"))?;
                Ok(None)
            }
            stack => stack.map(Some).map_err(|why| trouble(&self.stack, why)),
        }
    }
}

/// The stack with this name, ready to be tested.
pub(crate) fn by_name(name: &str) -> Result<Box<dyn Stack>, Trouble> {
    stack::by_name(name).map_err(|why| trouble(name, why))
}

fn trouble(name: &str, why: Unavailable) -> Trouble {
    Trouble(match why {
        Unavailable::Unknown => {
            format!("there is no stack {name}; there are {}", stack::NAMES.join(", "))
        }
        Unavailable::NotBuiltIn(feature) => {
            format!("stack {name} is not built in: build with `--features {feature}`, on Linux")
        }
        Unavailable::Here(reason) => format!("stack {name} cannot run here: {reason}"),
    })
}

/// The name of a stack, if there is one with it.
pub(crate) fn stack_name(name: &str) -> Result<String, String> {
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

/// A program as a stack. Interrupted, it and what it has started end with this command.
#[cfg(unix)]
fn program(line: &str, reply: Duration) -> Result<Box<dyn Stack>, Trouble> {
    use tcpspec::stack::command::{Command, Limits};
    interrupt::catch()?;
    let defaults = Limits::default();
    let limits = Limits { reply, case: defaults.case.max(reply * 2), ..defaults };
    let stack = Command::start(line, limits).map_err(|why| Trouble(format!("--stack-command: {why}")))?;
    Ok(Box::new(stack))
}

#[cfg(not(unix))]
fn program(_: &str, _: Duration) -> Result<Box<dyn Stack>, Trouble> {
    Err(Trouble("--stack-command needs pipes as Unix has them".to_owned()))
}

/// The network that `--ipv6` asks for.
pub(crate) const fn family(ipv6: bool) -> Family {
    if ipv6 { Family::V6 } else { Family::V4 }
}
