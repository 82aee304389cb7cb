//! `tcpspec promote`: a finding becomes a stored regression, or an entry of a list of known deviations.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use tcpspec::deviation::Deviations;
use tcpspec::engine::finding::{Document, SCENARIO_FILE};
use tcpspec::scenario;

use crate::{Trouble, print, read};

/// What `promote` may be told.
#[derive(Args)]
pub(crate) struct Promote {
    /// The folder of a finding
    finding: PathBuf,
    /// Put it on the list of known deviations instead of storing its scenario
    #[arg(long, requires = "reason")]
    known: bool,
    /// What happens and why it is on the list, in a sentence
    #[arg(long, value_name = "TEXT", requires = "known")]
    reason: Option<String>,
    /// Where it is discussed
    #[arg(long, value_name = "URL", requires = "known")]
    link: Option<String>,
    /// The folder of regressions, or the list, if it is not this repository's
    #[arg(long, value_name = "PATH")]
    into: Option<PathBuf>,
}

/// Where this repository keeps what departed once.
const REGRESSIONS: &str = "conformance/regressions";

/// Where it keeps the lists of known deviations.
const LISTS: &str = "conformance/deviations";

/// Promotes a finding. Always as expected, if it can be done.
pub(crate) fn promote(arguments: &Promote) -> Result<bool, Trouble> {
    let finding = Document::read(&arguments.finding).map_err(|error| Trouble(error.to_string()))?;
    let (place, what) = match &arguments.reason {
        Some(reason) => (list(arguments, &finding, reason)?, "an entry for it is in"),
        None => (store(arguments, &finding)?, "its scenario is in"),
    };
    print(&format!("{}: {what} {}\n", finding.signature, place.display()))?;
    Ok(true)
}

/// Stores its scenario.
fn store(arguments: &Promote, finding: &Document) -> Result<PathBuf, Trouble> {
    let folder = arguments.into.clone().unwrap_or_else(|| REGRESSIONS.into());
    let from = arguments.finding.join(SCENARIO_FILE);
    let trouble =
        |path: &Path, error: &dyn std::fmt::Display| Trouble(format!("{}: {error}", path.display()));
    let text = read(&from, "a scenario").map_err(|error| trouble(&from, &error))?;
    let story = scenario::parse_one(&text).map_err(|error| trouble(&from, &error))?;
    if !folder.is_dir() {
        return Err(trouble(&folder, &"there is no such folder; `--into` names another"));
    }
    let name = story.name.trim_start_matches("found/").replace('/', "-");
    let place = folder.join(format!("{}-{name}.tcpspec", finding.stack.replace([':', '/'], "-")));
    if place.exists() {
        return Err(trouble(&place, &"it is stored already"));
    }
    written(&place, &text).map_err(|error| trouble(&place, &error))?;
    Ok(place)
}

/// Puts it on a list.
fn list(arguments: &Promote, finding: &Document, reason: &str) -> Result<PathBuf, Trouble> {
    let usual = || Path::new(LISTS).join(format!("{}.toml", finding.stack));
    let place = arguments.into.clone().unwrap_or_else(usual);
    let trouble = |error: &dyn std::fmt::Display| Trouble(format!("{}: {error}", place.display()));
    let text = read(&place, "a list of known deviations").map_err(|error| trouble(&error))?;
    let before = Deviations::parse(&text).map_err(|error| trouble(&error))?;
    if before.finding(&(&finding.cause).into(), &finding.stack_version).is_some() {
        return Err(trouble(&format!("it lists {} already", finding.signature)));
    }
    let text = format!("{}\n\n{}", text.trim_end(), finding.entry(reason, arguments.link.as_deref()));
    let after = Deviations::parse(&text).map_err(|error| trouble(&error))?;
    after.check().map_err(|error| trouble(&error))?;
    written(&place, &text).map_err(|error| trouble(&error))?;
    Ok(place)
}

/// Writes a file whole or not at all.
fn written(place: &Path, text: &str) -> io::Result<()> {
    let part = place.with_extension("part");
    fs::write(&part, text).and_then(|()| fs::rename(&part, place)).inspect_err(|_| {
        let _ = fs::remove_file(&part);
    })
}
