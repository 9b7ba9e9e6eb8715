//! The progress bar of a translation: on standard error, only on a terminal, and only once it is
//! clear that the work takes more than a moment.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Shorter work shows no bar.
const PATIENCE: Duration = Duration::from_millis(800);

/// A bar that appears late, or never.
pub(crate) struct Progress {
    started: Instant,
    bar: Option<ProgressBar>,
    terminal: bool,
}

impl Progress {
    /// Starts the clock.
    pub(crate) fn new() -> Progress {
        Progress {
            started: Instant::now(),
            bar: None,
            terminal: stderr().is_terminal(),
        }
    }

    /// So many of so many units are done.
    pub(crate) fn show(&mut self, done: usize, all: usize) {
        if !self.terminal || (self.bar.is_none() && self.started.elapsed() < PATIENCE) {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let style =
                ProgressStyle::with_template("translating {bar:40} {pos}/{len} units {eta}");
            ProgressBar::new(all as u64)
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
