//! A request to stop soon, shared between threads.
//!
//! The run loop itself asks a closure ([`Environment::pause`](crate::Environment::pause)). Most hosts have such a
//! request behind it. It does not wait for the guest to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Raised by one side, seen and lowered by the other. Clones share the request.
#[derive(Clone, Debug, Default)]
pub struct Pause {
    raised: Arc<AtomicBool>,
}

impl Pause {
    /// Not raised.
    #[must_use]
    pub fn new() -> Pause {
        Pause::default()
    }

    /// Asks the guest to stop at the next place where it can.
    pub fn interrupt(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }

    /// Whether it is raised; it stays so.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Lowers it, for the next run.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
    }
}
