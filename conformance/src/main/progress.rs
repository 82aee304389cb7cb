//! How far a run is, on a terminal, if it takes long enough for anybody to wonder.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use tcpspec::suite::Turn;

/// How long a run may take before progress is shown.
const UNNOTICED: Duration = Duration::from_millis(500);

/// How far a run is, on a terminal, if it takes long enough for anybody to wonder.
pub(crate) struct Progress {
    cases: u64,
    wanted: bool,
    played: u64,
    /// Cases that are played side by side now.
    running: Vec<String>,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(cases: u64, wanted: bool) -> Self {
        Self { cases, wanted, played: 0, running: Vec::new(), bar: None }
    }

    /// A case is about to be played, so long after the beginning.
    pub(crate) fn reached(&mut self, case: &str, elapsed: Duration) {
        self.show(case.to_owned(), elapsed);
        self.played += 1;
    }

    /// One of the cases that are played side by side begins or ends, so long after the beginning.
    pub(crate) fn turned(&mut self, case: &str, turn: Turn, elapsed: Duration) {
        match turn {
            Turn::Begins => self.running.push(case.to_owned()),
            Turn::Ends => {
                self.running.retain(|running| running != case);
                self.played += 1;
            }
        }
        self.show(format!("waiting for {}", self.running.join(" ")), elapsed);
    }

    fn show(&mut self, message: String, elapsed: Duration) {
        if self.wanted && elapsed >= UNNOTICED {
            // A wide message is cut to what the terminal has left.
            let style = || ProgressStyle::with_template("{pos}/{len} {wide_msg}").expect("a valid template");
            let bar = self.bar.get_or_insert_with(|| ProgressBar::new(self.cases).with_style(style()));
            bar.set_message(message);
            bar.set_position(self.played);
        }
    }

    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_shown_on_a_terminal_once_a_run_takes_long() {
        for (wanted, elapsed, shown) in [(true, 499, false), (true, 500, true), (false, 9000, false)] {
            let mut progress = Progress::new(3, wanted);
            progress.reached("3.5/a", Duration::ZERO);
            progress.reached("3.5/b", Duration::from_millis(elapsed));
            assert_eq!(progress.bar.is_some(), shown, "{wanted}, after {elapsed} ms");
            assert!(progress.bar.as_ref().is_none_or(|bar| bar.position() == 1));
            progress.end();
        }
    }

    #[test]
    fn what_runs_side_by_side_is_named_until_it_ends() {
        let mut progress = Progress::new(3, true);
        for (case, turn) in [("a", Turn::Begins), ("b", Turn::Begins), ("a", Turn::Ends)] {
            progress.turned(case, turn, UNNOTICED);
        }
        let bar = progress.bar.as_ref().expect("it takes long");
        assert_eq!((bar.position(), bar.message().as_str()), (1, "waiting for b"));
        progress.end();
    }
}
