//! How far a run is, on a terminal, if it takes long enough for anybody to wonder.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How long a run may take before progress is shown.
const UNNOTICED: Duration = Duration::from_millis(500);

/// How far a run is, on a terminal, if it takes long enough for anybody to wonder.
pub(crate) struct Progress {
    cases: u64,
    wanted: bool,
    played: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(crate) fn new(cases: u64, wanted: bool) -> Self {
        Self { cases, wanted, played: 0, bar: None }
    }

    /// A case is about to be played, so long after the beginning.
    pub(crate) fn reached(&mut self, case: &str, elapsed: Duration) {
        if self.wanted && elapsed >= UNNOTICED {
            // A wide message is cut to what the terminal has left.
            let style = || ProgressStyle::with_template("{pos}/{len} {wide_msg}").expect("a valid template");
            let bar = self.bar.get_or_insert_with(|| ProgressBar::new(self.cases).with_style(style()));
            bar.set_message(case.to_owned());
            bar.set_position(self.played);
        }
        self.played += 1;
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
}
