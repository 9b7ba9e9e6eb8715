//! How many inputs got how far, told now and then: an input that the first check refuses fuzzes
//! nothing behind it, and libFuzzer does not know.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Inputs so far, and those of them that reached what the target is about.
pub(crate) struct Count {
    inputs: AtomicU64,
    reached: AtomicU64,
    what: &'static str,
}

impl Count {
    pub(crate) const fn new(what: &'static str) -> Count {
        Count {
            inputs: AtomicU64::new(0),
            reached: AtomicU64::new(0),
            what,
        }
    }

    /// Counts an input. Tells the figures at every power of two and at every 100 000th.
    pub(crate) fn add(&self, reached: bool) {
        let reached = self.reached.fetch_add(u64::from(reached), Relaxed) + u64::from(reached);
        let inputs = self.inputs.fetch_add(1, Relaxed) + 1;
        if inputs.is_power_of_two() || inputs.is_multiple_of(100_000) {
            let share = 100.0 * reached as f64 / inputs as f64;
            eprintln!(
                "reached: {reached} of {inputs} inputs ({share:.1} %) {}",
                self.what
            );
        }
    }
}
