//! What a warm list made ready: modules that wait for the first machine with their code region, and
//! code that is to be translated as soon as it is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use lockstep_contract::key::{Key, KeyId};
use lockstep_runtime::NativeModule;
use lockstep_translator::CodeRegion;

use super::heat_names::is_about;
use super::sync::lock;

/// The modules and codes, shared by all threads.
#[derive(Debug, Default)]
pub(super) struct Preloaded(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    modules: BTreeMap<KeyId, Arc<NativeModule>>,
    /// BLAKE3 digests of code regions.
    codes: BTreeSet<[u8; 32]>,
}

impl Preloaded {
    /// Keeps a module for the first machine that has its code region.
    pub(super) fn put(&self, id: KeyId, module: Arc<NativeModule>) {
        lock(&self.0).modules.insert(id, module);
    }

    /// The module of this id, which from now on belongs to its code region.
    pub(super) fn take(&self, id: &KeyId) -> Option<Arc<NativeModule>> {
        lock(&self.0).modules.remove(id)
    }

    /// Whether there may be a module for this code region: one for its place. Only a digest tells for sure.
    pub(super) fn may_have(&self, region: &CodeRegion<'_>) -> bool {
        let modules = &lock(&self.0).modules;
        let place = region.place();
        let mut places = modules.values().map(|module| module.key().place());
        places.any(|held| held == place)
    }

    /// From now on, the code of this digest is translated as soon as it is seen.
    pub(super) fn want(&self, digest: [u8; 32]) {
        lock(&self.0).codes.insert(digest);
    }

    /// Whether the code of this digest is to be translated as soon as it is seen.
    pub(super) fn wants(&self, digest: &[u8; 32]) -> bool {
        lock(&self.0).codes.contains(digest)
    }

    /// The key of the module of this id.
    pub(super) fn key_of(&self, id: &KeyId) -> Option<Key> {
        let waiting = lock(&self.0);
        waiting.modules.get(id).map(|module| module.key().clone())
    }

    /// Forgets modules that must not run: those that an id on the list of quarantined modules is about.
    pub(super) fn discard(&self, id: &KeyId) {
        (lock(&self.0).modules).retain(|_, module| !is_about(id, module.key()));
    }
}
