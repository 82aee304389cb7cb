//! `tcpspec grid`: every state against every class of segments, played to a stack.

use clap::Args;
use tcpspec::deviation::Deviations;
use tcpspec::grid::{self, Cell};
use tcpspec::report::grid::GridReport;

use crate::stack_choice::{StackChoice, family};
use crate::{Trouble, print};

/// What `grid` may be told.
#[derive(Args)]
pub(crate) struct GridArguments {
    #[command(flatten)]
    stack: StackChoice,
    /// Only cells with this text in their name, for example "FIN-WAIT-2:" or "R. seq last"
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// The plainest cell of each difference as a scenario for `replay`, not as a trace
    #[arg(long)]
    scenarios: bool,
    /// Show known deviations like any other difference
    #[arg(long)]
    no_deviations: bool,
    /// Over IPv6 instead of IPv4
    #[arg(long)]
    ipv6: bool,
}

/// Plays the grid. Says whether everything was as expected.
pub(crate) fn grid(arguments: &GridArguments) -> Result<bool, Trouble> {
    let wanted =
        |cell: &Cell| arguments.filter.as_ref().is_none_or(|text| cell.to_string().contains(text.as_str()));
    let cells: Vec<Cell> = Cell::base().chain(Cell::variants()).filter(wanted).collect();
    if cells.is_empty() {
        return Err(Trouble(format!(
            "no cell matches; their names are like `{}`",
            Cell::base().next().expect("there are cells")
        )));
    }
    let mut stack = arguments.stack.start()?;
    let family = family(arguments.ipv6);
    let deviations = match arguments.stack.name() {
        Some(name) if !arguments.no_deviations => Deviations::built_in(name),
        _ => Deviations::default(),
    };
    let played = grid::play(&mut *stack, family, cells.into_iter());
    let report = GridReport::new(&mut *stack, family, played, &deviations, arguments.filter.is_none());
    print(&report.render(arguments.scenarios))?;
    Ok(report.is_as_expected())
}
