//! What may run natively: all or nothing, script by script, module by module.
//!
//! Every way to native code passes here at its end, when a module is about to be shown to machines.
//! That and each change of a switch happen under one lock, so that nothing slips through between them.
//! What a switch takes away is gone from running machines at their next entry to native code; one that
//! is inside leaves it at the end of its slice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_cache::Cache;
use lockstep_contract::key::{Key, KeyId};
use lockstep_runtime::NativeModule;

use super::entry::{Entry, State};
use super::heat_names::{id_without_heat, is_about};
use super::prepared::Unavailable;
use super::registry::Registry;
use super::sync::lock;

/// The switches of an engine.
#[derive(Debug)]
pub(super) struct Switches {
    enabled: AtomicBool,
    marks: Mutex<Marks>,
}

#[derive(Debug, Default)]
struct Marks {
    /// Ids of modules, or digests of code regions.
    disabled: BTreeSet<KeyId>,
    quarantined: BTreeMap<KeyId, String>,
    /// Bytes of the cache's list of quarantined modules that were read.
    list_bytes: u64,
}

impl Default for Switches {
    fn default() -> Switches {
        Switches {
            enabled: AtomicBool::new(true),
            marks: Mutex::default(),
        }
    }
}

impl Switches {
    /// Whether native code may be entered at all.
    #[inline]
    pub(super) fn enabled(&self) -> bool {
        self.enabled.load(Ordering::Relaxed)
    }

    pub(super) fn enable(&self, enabled: bool) -> bool {
        self.enabled.swap(enabled, Ordering::SeqCst)
    }

    /// Ends the work on an entry with its module, and shows the module to machines if that is allowed.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn show(
        &self,
        entry: &Entry,
        module: Arc<NativeModule>,
    ) -> Result<Arc<NativeModule>, Unavailable> {
        let marks = lock(&self.marks);
        if let Some(reason) = marks.refusal_of(module.key()) {
            entry.finish(State::Quarantined(reason.clone()));
            return Err(reason);
        }
        let result = match marks.disabled(entry, &module) {
            false => Ok(Arc::clone(&module)),
            true => Err(switched_off()),
        };
        // First for the machines: one that asks meanwhile and hears that there is a module is to find it,
        // and is counted so.
        if result.is_ok() {
            entry.known.put(Arc::clone(&module));
        }
        entry.finish(State::Has(module));
        result
    }

    /// Replaces the module of an entry by another one, which machines get from now on, unless the entry has none any
    /// more or another one, or the other one must not run. Whether it was replaced.
    pub(super) fn replace(
        &self,
        entry: &Entry,
        old: &Arc<NativeModule>,
        new: Arc<NativeModule>,
    ) -> bool {
        let marks = lock(&self.marks);
        let has_old = matches!(entry.state(), State::Has(module) if Arc::ptr_eq(&module, old));
        if !has_old || marks.refusal_of(new.key()).is_some() {
            return false;
        }
        if !marks.disabled(entry, &new) {
            entry.known.put(Arc::clone(&new));
        }
        entry.finish(State::Has(new));
        true
    }

    /// Why the module of this id may not run, if the id itself is on the list.
    pub(super) fn quarantine_of(&self, id: &KeyId) -> Option<Unavailable> {
        lock(&self.marks).quarantine_of(id)
    }

    /// Why the module of this key may not run, if so.
    pub(super) fn refusal_of(&self, key: &Key) -> Option<Unavailable> {
        lock(&self.marks).refusal_of(key)
    }

    /// Whether the switch of a script keeps machines from this entry's module.
    pub(super) fn is_off(&self, entry: &Entry, module: &NativeModule) -> bool {
        lock(&self.marks).disabled(entry, module)
    }

    /// Takes a script's native code away, or gives it back. Whether that was a change.
    pub(super) fn set(&self, id: &KeyId, enabled: bool, registry: &Registry) -> bool {
        let mut marks = lock(&self.marks);
        let changed = match enabled {
            true => marks.disabled.remove(id),
            false => marks.disabled.insert(*id),
        };
        for entry in registry.named(id) {
            if let State::Has(module) = entry.state() {
                match marks.disabled(&entry, &module) {
                    true => entry.known.withdraw(),
                    false => entry.known.put(module),
                }
            }
        }
        changed
    }

    /// Takes the modules that these ids are about away for ever. The ids that were not on the list already.
    pub(super) fn quarantine(
        &self,
        ids: &[KeyId],
        reason: &str,
        registry: &Registry,
    ) -> Vec<KeyId> {
        let mut marks = lock(&self.marks);
        let mut new = Vec::new();
        for id in ids {
            if !marks.quarantined.contains_key(id) {
                marks.quarantined.insert(*id, reason.to_owned());
                new.push(*id);
            }
            marks.take_away(id, registry);
        }
        new
    }

    pub(super) fn quarantined(&self) -> Vec<(KeyId, String)> {
        let marks = lock(&self.marks);
        let quarantined = marks.quarantined.iter();
        quarantined.map(|(id, why)| (*id, why.clone())).collect()
    }

    /// Takes in what the cache's list says that is not known yet: other processes add to it. How many
    /// modules are quarantined; `None` where the list cannot be read.
    pub(super) fn follow(&self, cache: &Cache, registry: &Registry) -> Option<usize> {
        let size = cache.quarantine_size();
        let mut marks = lock(&self.marks);
        if marks.list_bytes == size {
            return Some(marks.quarantined.len());
        }
        match cache.quarantined() {
            Ok(list) => {
                marks.list_bytes = size;
                for (id, reason) in list {
                    if marks.quarantined.insert(id, reason).is_none() {
                        marks.take_away(&id, registry);
                    }
                }
                Some(marks.quarantined.len())
            }
            Err(error) => {
                tracing::warn!(
                    "the list of quarantined modules in {}: {error}; no module is taken from there",
                    cache.folder().display()
                );
                None
            }
        }
    }
}

impl Marks {
    fn quarantine_of(&self, id: &KeyId) -> Option<Unavailable> {
        let reason = self.quarantined.get(id)?;
        Some(Unavailable::new(format!(
            "the module {id} is quarantined: {reason}"
        )))
    }

    /// By its own id, or by that of its key without heat.
    fn refusal_of(&self, key: &Key) -> Option<Unavailable> {
        if self.quarantined.is_empty() {
            return None;
        }
        let mut ids = [Some(key.id()), id_without_heat(key)].into_iter().flatten();
        ids.find_map(|id| self.quarantine_of(&id))
    }

    fn disabled(&self, entry: &Entry, module: &NativeModule) -> bool {
        // Without a switch nobody pays for the digest of a key.
        if self.disabled.is_empty() {
            return false;
        }
        let key = module.key();
        let own = entry.known_key().map(|(_, id)| *id);
        let names = [
            Some(KeyId(key.digest)),
            Some(key.id()),
            id_without_heat(key),
            own,
        ];
        names.iter().flatten().any(|id| self.disabled.contains(id))
    }

    /// From all code regions that have the module, which need not be the one that this host would make.
    fn take_away(&self, id: &KeyId, registry: &Registry) {
        let Some(reason) = self.quarantine_of(id) else {
            return;
        };
        for entry in registry.entries() {
            if let State::Has(module) = entry.state()
                && is_about(id, module.key())
            {
                entry.finish(State::Quarantined(reason.clone()));
                entry.known.withdraw();
            }
        }
    }
}

pub(super) fn switched_off() -> Unavailable {
    Unavailable::new("native code is switched off for this script")
}
