//! A request to stop soon, shared between threads.
//!
//! The run loop itself asks a closure ([`Environment::pause`](crate::Environment::pause)). In most hosts that closure
//! looks at such a request. Nothing here waits for the guest to stop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// One side makes the request, the other sees it and withdraws it. Clones share the request.
///
/// ```
/// use lockstep_runtime::Pause;
///
/// let here = Pause::new();
/// let there = here.clone();
/// std::thread::spawn(move || there.interrupt()).join().unwrap();
/// assert!(here.is_raised());
/// here.clear();
/// assert!(!here.is_raised());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pause {
    raised: Arc<AtomicBool>,
}

impl Pause {
    /// Nothing is requested.
    #[must_use]
    pub fn new() -> Pause {
        Pause::default()
    }

    /// Asks the guest to stop at the next place where it can.
    pub fn interrupt(&self) {
        self.raised.store(true, Ordering::SeqCst);
    }

    /// Whether a stop is requested. Asking does not withdraw the request.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.raised.load(Ordering::SeqCst)
    }

    /// Withdraws the request, before the next run.
    pub fn clear(&self) {
        self.raised.store(false, Ordering::SeqCst);
    }
}
