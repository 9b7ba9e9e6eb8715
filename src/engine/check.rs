//! What an engine does where native code is checked: the modules that leave after every block, and
//! what happens when a difference is found.
//!
//! The comparison itself is the runtime's (`lockstep_runtime`, module `check`). The modules for it
//! come from a second engine that differs in its options alone, so that they are found, translated
//! and cached as all others are; their keys keep the two apart.

use std::path::PathBuf;
use std::sync::Mutex;

use lockstep_runtime::Divergence;

use super::{Engine, lock};
use crate::bundle::{self, Evidence};

/// Name of the folder of bundles in the folder of the module cache.
const FOLDER: &str = "divergences";

/// What an engine does with differences.
#[derive(Debug, Default)]
pub(super) struct Checks {
    /// The engine of modules that leave after every block.
    pub(super) blocks: Option<Box<Engine>>,
    /// Where bundles go; none: beside the modules.
    pub(super) bundles: Option<PathBuf>,
    /// What is put into each bundle.
    pub(super) evidence: Evidence,
    /// The guest stops.
    pub(super) stops: bool,
    pub(super) found: Mutex<Vec<Found>>,
}

/// A difference that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The heads of the blocks after which it showed.
    pub blocks: Vec<u64>,
    /// The first difference, in words.
    pub difference: String,
    /// Its bundle, unless it could not be written or there are enough.
    pub bundle: Option<PathBuf>,
}

impl Engine {
    /// The engine of the modules that leave after every block, in the mode `check`.
    #[must_use]
    pub fn blocks(&self) -> Option<&Engine> {
        self.checks.blocks.as_deref()
    }

    /// The differences that were found so far.
    #[must_use]
    pub fn divergences(&self) -> Vec<Found> {
        lock(&self.checks.found).clone()
    }

    /// Writes the bundle, remembers the difference and says it.
    pub(super) fn record(&self, divergence: &Divergence) {
        let bundle = self.write_bundle(divergence);
        let found = Found {
            blocks: divergence.blocks.clone(),
            difference: divergence.difference.clone(),
            bundle,
        };
        tracing::error!(
            bundle = ?found.bundle,
            "native code and interpreter differ after the block at {:#x}: {}",
            found.blocks.first().copied().unwrap_or_default(),
            found.difference
        );
        let mut all = lock(&self.checks.found);
        // A node that goes on has no use for more than it keeps bundles of.
        if all.len() < bundle::KEPT {
            all.push(found);
        }
    }

    fn write_bundle(&self, divergence: &Divergence) -> Option<PathBuf> {
        let beside = || Some(self.cache()?.folder().join(FOLDER));
        let folder = self.checks.bundles.clone().or_else(beside)?;
        let module = divergence.module.as_ref()?;
        let by_block = (self.blocks())
            .filter(|blocks| module.key().translator == blocks.shared.options.translator());
        let options = &by_block.unwrap_or(self).shared.options;
        let cost = module.key().cost;
        match bundle::write(&folder, divergence, cost, options, &self.checks.evidence) {
            Ok(Some(path)) => Some(path),
            Ok(None) => {
                tracing::warn!(
                    "{} holds {} bundles; no more are written until some are removed",
                    folder.display(),
                    bundle::KEPT
                );
                None
            }
            Err(error) => {
                tracing::warn!("cannot write a bundle to {}: {error}", folder.display());
                None
            }
        }
    }
}
