//! `tcpspec model`: explores the models, shows how far it is, prints what it found.

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use tcpspec::model::check::Progress;
use tcpspec::model::explorer;
use tcpspec::model::report::{self, Report, Subject};

use crate::{Trouble, print};

/// The arguments.
#[derive(Args)]
pub(crate) struct Model {
    /// A model with all its variations, or one variation; all small models if none is named
    name: Option<String>,
    /// Threads of a check; a variation has one, so that its run is a shortest one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=64))]
    threads: u8,
    /// List the models, their variations and what those break
    #[arg(long, conflicts_with_all = ["explore", "save"])]
    list: bool,
    /// Open the model in a browser, on this machine only
    #[arg(long, requires = "name")]
    explore: bool,
    /// The explorer's port
    #[arg(long, default_value_t = 3000, requires = "explore")]
    port: u16,
    /// Write each counterexample to a file in this directory
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

/// How often a line says how far a check is where there is no terminal.
const LINE: Duration = Duration::from_secs(10);

/// Explores. Says whether everything was as expected.
pub(crate) fn run(arguments: &Model) -> Result<bool, Trouble> {
    if arguments.list {
        print(&report::list())?;
        return Ok(true);
    }
    let subjects = report::subjects(arguments.name.as_deref());
    let (Some(first), threads) = (subjects.first(), usize::from(arguments.threads)) else {
        return Err(Trouble("there is no such model; `tcpspec model --list` shows them all".into()));
    };
    if arguments.explore {
        return explore(first, threads, arguments.port);
    }
    let mut as_expected = true;
    for subject in subjects {
        let mut shown = Shown::new(subject.name());
        let report = subject.check(threads, |progress| shown.look(progress));
        shown.end();
        print(&report.text())?;
        if let Some(directory) = &arguments.save {
            save(&report, directory)?;
        }
        as_expected &= report.is_as_expected();
    }
    Ok(as_expected)
}

/// Opens the explorer, and says where the shortest counterexamples are: those that it finds itself may be longer.
fn explore(subject: &Subject, threads: usize, port: u16) -> Result<bool, Trouble> {
    explorer::is_free(port).map_err(|error| Trouble(format!("port {port}: {error}")))?;
    let address = format!("http://127.0.0.1:{port}/");
    let mut text = format!("{}: {address} (Ctrl-C ends it)\n", subject.name());
    if subject.variation.is_some() {
        let report = subject.clone().check(threads, |_| {});
        for (question, story) in report.counterexamples() {
            text.push_str(&format!("  NO {question}: {address}#/steps/{}\n", story.steps));
        }
    }
    print(&text)?;
    explorer::serve(subject, threads, port);
    Ok(true)
}

/// Writes each counterexample to a file of its own.
fn save(report: &Report, directory: &Path) -> Result<(), Trouble> {
    let trouble = |error: io::Error| Trouble(format!("{}: {error}", directory.display()));
    fs::create_dir_all(directory).map_err(trouble)?;
    for (question, story) in report.counterexamples() {
        let name = format!("{}-{question}.trace", report.subject.name().replace('/', "-"));
        let text = story.text_lines().join("\n") + "\n";
        fs::write(directory.join(name), text).map_err(trouble)?;
    }
    Ok(())
}

/// How far a check is: a line that moves on a terminal, a line now and then elsewhere.
struct Shown {
    name: String,
    begun: Instant,
    bar: Option<ProgressBar>,
    lines: u32,
}

impl Shown {
    fn new(name: String) -> Self {
        let style = || ProgressStyle::with_template("{spinner} {wide_msg}").expect("a valid template");
        let bar = io::stderr().is_terminal().then(|| ProgressBar::new_spinner().with_style(style()));
        Self { name, begun: Instant::now(), bar, lines: 0 }
    }

    fn look(&mut self, progress: Progress) {
        let elapsed = self.begun.elapsed();
        let Progress { states, depth, .. } = progress;
        let rate = states as f64 / elapsed.as_secs_f64().max(0.001);
        let text = format!("{}: {states} states, depth {depth}, {rate:.0} states/s", self.name);
        if let Some(bar) = &self.bar {
            bar.set_message(text);
            bar.tick();
        } else if elapsed >= LINE * (self.lines + 1) {
            self.lines += 1;
            eprintln!("{text}");
        }
    }

    fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
