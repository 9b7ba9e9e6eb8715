//! Differences between native code and the interpreter, remembered and written down.
//!
//! The comparison itself is the runtime's, and whoever finds a difference decides what becomes of the
//! module. Here it is put into a bundle, which is sealed for this machine, and into the log.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use lockstep_cache::{Authority, FileAccess};
use lockstep_contract::seal::Seal;
use lockstep_runtime::{Divergence, NativeModule};
use lockstep_translator::Options;

use super::provider::Provider;
use super::sync::lock;
use crate::bundle::{self, Evidence};

/// Name of the folder of bundles: in the folder of the module cache, or where the command runs.
pub const BUNDLES_FOLDER: &str = "divergences";

/// A difference that was found.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::Found;
///
/// let engine = Engine::builder().no_cache().build();
/// for Found { difference, bundle, .. } in engine.divergences() {
///     println!("{difference}; bundle: {bundle:?}");
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Found {
    /// The heads of the blocks after which it showed.
    pub blocks: Vec<u64>,
    /// The first difference, in words.
    pub difference: String,
    /// Its bundle, unless it could not be written or there are enough.
    pub bundle: Option<PathBuf>,
}

/// What an engine does with differences that were found.
#[derive(Debug)]
pub(super) struct Findings {
    provider: Arc<Provider>,
    /// Where bundles go; none: beside the modules.
    bundles: Option<PathBuf>,
    /// What is put into each bundle.
    evidence: Evidence,
    found: Mutex<Vec<Found>>,
}

impl Findings {
    pub(super) fn new(
        provider: Arc<Provider>,
        bundles: Option<PathBuf>,
        evidence: Evidence,
    ) -> Findings {
        Findings {
            provider,
            bundles,
            evidence,
            found: Mutex::default(),
        }
    }

    /// The first differences that were found, as many as there can be bundles.
    pub(super) fn found(&self) -> Vec<Found> {
        lock(&self.found).clone()
    }

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
        let mut all = lock(&self.found);
        // A node that goes on has no use for more than it keeps bundles of.
        if all.len() < bundle::BUNDLES_PER_FOLDER {
            all.push(found);
        }
    }

    fn write_bundle(&self, divergence: &Divergence, by_block: Option<&Options>) -> Option<PathBuf> {
        let beside = || Some(self.provider.store.cache()?.folder().join(BUNDLES_FOLDER));
        let folder = self.bundles.clone().or_else(beside)?;
        let module = divergence.module.as_ref()?;
        let options = by_block
            .filter(|options| module.key().translator == options.translator())
            .unwrap_or(&self.provider.builder.options);
        let cost = module.key().cost;
        match bundle::write(&folder, divergence, cost, options, &self.evidence) {
            Ok(Some(path)) => {
                self.seal_bundle(&path.join(bundle::name::MODULE), module);
                Some(path)
            }
            Ok(None) => {
                tracing::warn!(
                    "{} holds {} bundles; no more are written until some are removed",
                    folder.display(),
                    bundle::BUNDLES_PER_FOLDER
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
        let authority = self.provider.store.authority();
        if authority.can_seal() {
            let module = module.to_module();
            let mut seal = Seal::new(&module.key, &module.to_bytes());
            authority.seal(&mut seal, &module);
            if let Err(error) = Authority::write(path, &seal, FileAccess::OwnerOnly) {
                tracing::warn!("cannot seal {}: {error}", path.display());
            }
        }
    }
}
