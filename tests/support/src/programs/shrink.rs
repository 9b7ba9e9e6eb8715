//! Makes a failing program smaller: lines are left out as long as it still fails.
//!
//! Halves first, then quarters, down to single lines; then registers. Any failure will do.

use crate::programs::source::Source;

/// Runs that it may take.
const PATIENCE: usize = 600;

/// The smaller program and what goes wrong with it.
pub fn shrink(
    source: Source,
    reason: String,
    fails: &dyn Fn(&Source) -> Option<String>,
) -> (Source, String) {
    let mut best = (source, reason);
    let mut patience = PATIENCE;
    let mut size = best.0.lines.len() / 2;
    while size > 0 && patience > 0 {
        let mut start = 0;
        let mut found = false;
        while start < best.0.lines.len() && patience > 0 {
            let mut smaller = best.0.clone();
            let end = (start + size).min(smaller.lines.len());
            smaller.lines.drain(start..end);
            patience -= 1;
            match failing(&smaller, fails) {
                Some(reason) => {
                    best = (smaller, reason);
                    found = true;
                }
                None => start += size,
            }
        }
        if !found || size > 1 {
            size /= 2;
        }
    }
    for index in (0..best.0.registers.len()).rev() {
        let mut smaller = best.0.clone();
        smaller.registers.remove(index);
        if let Some(reason) = failing(&smaller, fails) {
            best = (smaller, reason);
        }
    }
    best
}

/// Why it fails, when it is a program at all.
fn failing(source: &Source, fails: &dyn Fn(&Source) -> Option<String>) -> Option<String> {
    source.assembly().ok().and_then(|_| fails(source))
}
