//! Which list of known deviations a command applies.

use std::path::{Path, PathBuf};

use clap::Args;
use tcpspec::deviation::Deviations;

use crate::stack_choice::StackChoice;
use crate::{Trouble, read};

/// The list that the command line asks for.
#[derive(Args)]
pub(crate) struct DeviationChoice {
    /// Show known deviations like any other departure
    #[arg(long)]
    no_deviations: bool,
    /// A list of known deviations (TOML) instead of the built-in one
    #[arg(long, value_name = "FILE", conflicts_with = "no_deviations")]
    deviations: Option<PathBuf>,
}

impl DeviationChoice {
    /// The list: that of the stack unless the command line names another, or none.
    pub(crate) fn list(&self, stack: &StackChoice) -> Result<Deviations, Trouble> {
        match &self.deviations {
            _ if self.no_deviations => Ok(Deviations::default()),
            None => Ok(stack.name().map_or_else(Deviations::default, Deviations::built_in)),
            Some(file) => {
                listed(file).map_err(|error| Trouble(format!("{}: {}", file.display(), error.trim_end())))
            }
        }
    }
}

/// A list of known deviations that can all be of use.
fn listed(file: &Path) -> Result<Deviations, String> {
    let text = read(file, "a list of known deviations").map_err(|error| error.to_string())?;
    let deviations = Deviations::parse(&text).map_err(|error| error.to_string())?;
    deviations.check()?;
    Ok(deviations)
}
