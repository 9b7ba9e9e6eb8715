//! Which memory something was derived from.
//!
//! What is derived from a guest's memory and kept beside it (attached modules, machines to compare with) must not be
//! used for another memory, nor for the same one after a reset. A host may put another guest in the place of one at
//! any time, so whoever keeps such a thing compares identities first. An address would not do: mappings are used
//! again.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that no other memory of this process has or had.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Identity(u64);

impl Identity {
    /// The next one. 64 bits do not run out.
    pub(super) fn new() -> Identity {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Identity(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}
