//! What an engine does where native code is checked: the modules that leave after every block, and
//! what happens when a difference is found.
//!
//! The comparison itself is the runtime's (`lockstep_runtime`, module `check`). The modules for it
//! come from a second engine that differs in its options alone, so that they are found, translated
//! and cached as all others are; their keys keep the two apart.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use lockstep_cache::Authority;
use lockstep_contract::key::Key;
use lockstep_contract::seal::Seal;
use lockstep_runtime::{Divergence, NativeModule};
use lockstep_translator::Options;

use super::shared::Shared;
use super::{Engine, lock};
use crate::bundle::{self, Evidence};

/// Name of the folder of bundles in the folder of the module cache.
const FOLDER: &str = "divergences";

/// What an engine does with differences that were found.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Where bundles go; none: beside the modules.
    pub(super) bundles: Option<PathBuf>,
    /// What is put into each bundle.
    pub(super) evidence: Evidence,
    pub(super) found: Mutex<Vec<Found>>,
}

/// The engine that checks.
#[derive(Debug)]
pub(super) struct Checks {
    /// The engine of modules that leave after every block.
    pub(super) blocks: Box<Engine>,
    /// The guest stops where a difference is found.
    pub(super) stops: bool,
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
        self.checks.as_ref().map(|checks| &*checks.blocks)
    }

    /// The differences that were found so far, the first [`KEPT`](bundle::KEPT) of them.
    #[must_use]
    pub fn divergences(&self) -> Vec<Found> {
        lock(&self.shared.findings.found).clone()
    }

    /// A difference that the mode `check` found. Whether the guest goes on.
    pub(super) fn found(&self, divergence: &Divergence) -> bool {
        let stops = self.checks.as_ref().is_none_or(|checks| checks.stops);
        let by_block = self.blocks().map(|blocks| &blocks.shared.options);
        self.shared.record(divergence, by_block);
        self.shared.meter.mismatch();
        if !stops && let Some(module) = &divergence.module {
            // In another process, or after a restart, it would not be checked.
            let key = Key {
                translator: self.shared.options.translator(),
                ..module.key().clone()
            };
            self.shared.quarantine(&key.id(), &divergence.difference);
        }
        !stops
    }
}

impl Shared {
    /// Writes the bundle, remembers the difference and says it. `by_block`: how modules that leave
    /// after every block are made.
    pub(super) fn record(&self, divergence: &Divergence, by_block: Option<&Options>) {
        let bundle = self.write_bundle(divergence, by_block);
        let found = Found {
            blocks: divergence.blocks.clone(),
            difference: divergence.difference.clone(),
            bundle,
        };
        tracing::error!(
            bundle = ?found.bundle,
            "native code and interpreter differ after the block at {:#x}: {}",
            found.blocks.first().copied().unwrap_or(divergence.before.pc()),
            found.difference
        );
        let mut all = lock(&self.findings.found);
        // A node that goes on has no use for more than it keeps bundles of.
        if all.len() < bundle::KEPT {
            all.push(found);
        }
    }

    fn write_bundle(&self, divergence: &Divergence, by_block: Option<&Options>) -> Option<PathBuf> {
        let Findings {
            bundles, evidence, ..
        } = &self.findings;
        let beside = || Some(self.cache()?.folder().join(FOLDER));
        let folder = bundles.clone().or_else(beside)?;
        let module = divergence.module.as_ref()?;
        let options = by_block
            .filter(|options| module.key().translator == options.translator())
            .unwrap_or(&self.options);
        let cost = module.key().cost;
        match bundle::write(&folder, divergence, cost, options, evidence) {
            Ok(Some(path)) => {
                self.seal_bundle(&path.join(bundle::name::MODULE), module);
                Some(path)
            }
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

    /// Says that the module of a bundle is of this machine, so that `translate replay --recorded` may
    /// run it here.
    fn seal_bundle(&self, path: &Path, module: &NativeModule) {
        let own = || Authority::present(&self.cache.locations);
        let authority = self
            .cache()
            .map_or_else(own, |cache| cache.authority().clone());
        if authority.can_seal() {
            let module = module.to_module();
            let mut seal = Seal::new(&module.key, &module.to_bytes());
            authority.seal(&mut seal, &module);
            if let Err(error) = Authority::write(path, &seal, true) {
                tracing::warn!("cannot seal {}: {error}", path.display());
            }
        }
    }
}
