//! What an engine may spend on native code: when it translates, on how many threads, how long, and how
//! much memory it keeps.
//!
//! These are numbers with defaults. The builder of modules, the threads in the background and the store
//! keep to them; none of that is done here.

use std::num::NonZero;
use std::time::Duration;

/// What an engine may spend on native code.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budgets {
    /// Interpreted cycles past which a code region is translated.
    pub(super) threshold: u64,
    /// Threads that translate.
    pub(super) workers: usize,
    /// Code regions that may wait for them.
    pub(super) queue: usize,
    /// How long one translation in the background may take.
    pub(super) translation: Duration,
    /// Bytes of code regions and modules that are kept.
    pub(super) memory: usize,
    /// Bytes that a helper process may use.
    pub(super) helper_memory: u64,
}

impl Default for Budgets {
    fn default() -> Budgets {
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        Budgets {
            threshold: 10_000_000,
            workers: (cores / 4).clamp(1, 4),
            queue: 64,
            translation: Duration::from_secs(60),
            // A module is some ten times as large as its code region, but hundreds of times where
            // somebody writes a code region for that purpose.
            memory: 512 << 20,
            // Seven times what the worst code region that is known takes.
            helper_memory: 1 << 30,
        }
    }
}
