//! What somebody who wants native code for a code region gets: a module, or the reason why not.

use std::sync::Arc;

use lockstep_runtime::NativeModule;
use lockstep_translator::Report;

/// A module that is ready to run, and where it came from.
#[derive(Debug)]
pub struct Prepared {
    /// The module.
    pub module: Arc<NativeModule>,
    /// Its source.
    pub origin: Origin,
}

/// Where a module came from.
#[derive(Debug)]
pub enum Origin {
    /// It was already loaded in this process.
    Registry,
    /// The module cache.
    Cache,
    /// It was made now.
    Translated {
        /// Time it took.
        seconds: f64,
        /// What was translated and what not.
        report: Report,
    },
}

/// Why there is no module for some code. Shared between all who ask for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub Arc<str>);

impl Unavailable {
    pub(super) fn new(reason: impl ToString) -> Unavailable {
        Unavailable(reason.to_string().into())
    }
}
