//! What a test gathers that runs many cases: a bounded number of failures, and how many cases came after them.
//!
//! A mistake in one place often fails hundreds of cases; the first ten say as much.

/// Failures that are shown. Cases behind the last of them do not run.
pub const LARGEST_FAILURES: usize = 10;

/// The failures of a test.
#[derive(Debug, Default)]
pub struct Failures {
    shown: Vec<String>,
    runs: usize,
    not_run: usize,
}

impl Failures {
    /// Runs a case, unless there are enough failures.
    pub fn run(&mut self, case: impl FnOnce() -> Result<(), String>) {
        if self.shown.len() >= LARGEST_FAILURES {
            self.not_run += 1;
            return;
        }
        self.runs += 1;
        self.shown.extend(case().err());
    }

    /// Cases that ran.
    pub fn runs(&self) -> usize {
        self.runs
    }

    /// Fails the test if a case failed.
    ///
    /// # Panics
    ///
    /// With the failures and with how many cases did not run after them.
    pub fn finish(self) {
        let Failures {
            shown,
            runs,
            not_run,
        } = self;
        let count = shown.len();
        assert!(
            count == 0,
            "{count} failures in {runs} runs, {not_run} more were not run:\n{}",
            shown.join("\n")
        );
    }
}
