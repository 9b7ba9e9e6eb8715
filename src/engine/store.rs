//! The modules that an engine has: those in memory, those in the module cache, and those that must not
//! run.
//!
//! A module comes out of the store only past the switches and the quarantine. The store makes no
//! module and starts no thread; what is wrong with the cache is a warning, and the engine does without.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use lockstep_cache::{Authority, Budget, Cache, CacheError, Locations, Miss, denied, denied_maker};
use lockstep_contract::key::{Key, KeyId};
use lockstep_contract::module::TrustedModule;
use lockstep_runtime::{MapError, NativeModule};
use lockstep_translator::{COMPILER_VERSION, Options};

use super::entry::{Entry, State};
use super::heat_names::id_without_heat;
use super::meter::Meter;
use super::mode::Translate;
use super::preloaded::Preloaded;
use super::prepared::Unavailable;
use super::registry::Registry;
use super::switches::{Switches, switched_off};
use crate::perf::Perf;

/// Where the module cache is, and what decides whether its modules are trusted.
#[derive(Clone, Debug)]
pub(super) struct CacheSettings {
    /// `None`: no cache is wanted. The error: no folder is known.
    pub(super) folder: Option<Result<PathBuf, Arc<CacheError>>>,
    /// The files that decide what is trusted.
    pub(super) locations: Locations,
    pub(super) budget: Budget,
}

/// The modules of one engine.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) registry: Registry,
    pub(super) switches: Switches,
    pub(super) preloaded: Preloaded,
    settings: CacheSettings,
    /// The cache, opened when it is first needed; none where there is none that can be used.
    cache: OnceLock<Option<Cache>>,
    /// Whether the last module that was to be written to the cache could not be.
    full: AtomicBool,
    meter: Arc<Meter>,
    /// Who tells profilers the names of native code, if anybody does.
    perf: Option<Arc<Perf>>,
}

impl Store {
    /// An empty store that keeps so many bytes of code regions and modules in memory.
    pub(super) fn new(
        memory_bytes: usize,
        settings: CacheSettings,
        meter: Arc<Meter>,
        perf: Option<Arc<Perf>>,
    ) -> Store {
        Store {
            registry: Registry::new(memory_bytes),
            switches: Switches::default(),
            preloaded: Preloaded::default(),
            settings,
            cache: OnceLock::new(),
            full: AtomicBool::new(false),
            meter,
            perf,
        }
    }

    /// The module cache, if there is one that can be used. What is wrong with one that cannot is said
    /// once.
    pub(super) fn cache(&self) -> Option<&Cache> {
        let CacheSettings {
            folder,
            locations,
            budget,
        } = &self.settings;
        let open = |folder: &Result<PathBuf, Arc<CacheError>>| match folder {
            Ok(folder) => Cache::open_with(folder, locations, *budget)
                .inspect_err(|error| tracing::warn!("{error}; going on without a cache"))
                .ok(),
            Err(error) => {
                tracing::warn!("{error}; going on without a cache");
                None
            }
        };
        let cache = self.cache.get_or_init(|| folder.as_ref().and_then(open));
        cache.as_ref()
    }

    /// Who can say of a module that it is of this machine.
    pub(super) fn authority(&self) -> Authority {
        let own = || Authority::present(&self.settings.locations);
        self.cache()
            .map_or_else(own, |cache| cache.authority().clone())
    }

    /// Why the deny-list refuses everything that this translator makes, if so.
    pub(super) fn denied_maker(&self, options: &Options) -> Option<String> {
        let deny = self.settings.locations.deny.as_deref();
        denied_maker(&options.translator(), COMPILER_VERSION, deny)
    }

    /// Why the module of this key must not run here, wherever it may come from: what is refused in the
    /// cache is not made either.
    pub(super) fn denied(&self, key: &Key) -> Option<Unavailable> {
        denied(key, self.settings.locations.deny.as_deref()).map(Unavailable::new)
    }

    /// A module that is not in the registry yet: one that waits for its code region, or one of the cache.
    /// `native` is the key for this CPU, `key` that for every CPU, and `hot` is `key` with the heat that is preferred.
    /// Modules with heat are looked for first, and among equals that for this CPU; it is passed over where it is
    /// quarantined. Few caches have all of them, so only `key` counts as a miss where it is absent. There is none
    /// where `hot` or `key` is quarantined: the same blocks are in the others too.
    pub(super) fn find(
        &self,
        hot: Option<&(Key, KeyId)>,
        native: Option<&(Key, KeyId)>,
        key: &(Key, KeyId),
        translate: Translate,
    ) -> Option<Arc<NativeModule>> {
        let mut preferred: Vec<(Key, KeyId)> = Vec::new();
        if let Some(hot) = hot {
            preferred.extend(native.map(|(native, _)| with_heat(native, hot.0.heat)));
            preferred.push(hot.clone());
        }
        preferred.extend(native.cloned());
        if let Some(module) =
            (preferred.iter().chain([key])).find_map(|(_, id)| self.preloaded.take(id))
        {
            return Some(module);
        }
        let cache = self.cache()?;
        if !self.follow_quarantine(cache) {
            self.meter.cache_miss("unreadable");
            return None;
        }
        // Another process may have put one of them on the list just now.
        let mut both = hot.into_iter().chain([key]);
        if both.any(|(_, id)| self.switches.quarantine_of(id).is_some()) {
            return None;
        }
        preferred.retain(|(key, _)| self.switches.refusal_of(key).is_none());
        for preferred in &preferred {
            match self.load(cache, preferred, NOT_USED) {
                Ok(module) => return Some(module),
                Err(miss) if miss == Miss::Absent.name() => {}
                Err(miss) => self.meter.cache_miss(miss),
            }
        }
        self.load(cache, key, replacement(cache, translate))
            .map_err(|miss| self.meter.cache_miss(miss))
            .ok()
    }

    /// The key with the heat that the cache prefers for this one, which has none.
    pub(super) fn hot_key(&self, (key, id): &(Key, KeyId)) -> Option<(Key, KeyId)> {
        let heat = self.cache()?.preferred_heat(id)?;
        Some(with_heat(key, Some(heat)))
    }

    /// Reads a module from the cache and maps it. `consequence` says what becomes of an entry with which
    /// something is wrong.
    ///
    /// # Errors
    /// The name of the reason why there is none.
    fn load(
        &self,
        cache: &Cache,
        (key, id): &(Key, KeyId),
        consequence: &str,
    ) -> Result<Arc<NativeModule>, &'static str> {
        let _span = tracing::debug_span!("load", key = %id).entered();
        let started = Instant::now();
        Err(match cache.find(key) {
            Ok(module) => match self.map(module) {
                Ok(module) => {
                    self.meter.cache_hit(started.elapsed().as_secs_f64());
                    return Ok(Arc::new(module));
                }
                Err(error) => {
                    let consequence = match error.is_shortage() {
                        true => "it is not used now, and stays",
                        false => consequence,
                    };
                    warn_of_entry(&cache.path(id), &error, consequence);
                    "unmappable"
                }
            },
            Err(miss) => {
                if miss.is_suspicious() {
                    warn_of_entry(&cache.path(id), &miss, consequence);
                }
                if let Some(field) = miss.field() {
                    self.meter.cache_foreign(field);
                }
                miss.name()
            }
        })
    }

    /// Maps the module of the cache that has this id, for the first machine that has its code region.
    ///
    /// # Errors
    /// Why not, in words.
    pub(super) fn preload(&self, id: &KeyId) -> Result<(), String> {
        let refusal = || {
            self.switches
                .quarantine_of(id)
                .map(|reason| reason.to_string())
        };
        refusal().map_or(Ok(()), Err)?;
        let cache = self.cache().ok_or("there is no cache")?;
        if !self.follow_quarantine(cache) {
            return Err("the cache's list of quarantined modules cannot be read".to_owned());
        }
        // The list may name what is not in memory yet.
        refusal().map_or(Ok(()), Err)?;
        let mut module = cache.find_by_id(id).map_err(|miss| miss.to_string())?;
        if let Some(reason) = self.switches.refusal_of(&module.key) {
            return Err(reason.to_string());
        }
        // The list may name the module without heat. One that cannot be had leaves that.
        if let Some(heat) = cache.preferred_heat(id) {
            let key = module.key.with_heat(Some(heat));
            if self.switches.refusal_of(&key).is_none()
                && let Ok(hot) = cache.find(&key)
            {
                module = hot;
            }
        }
        let id = &module.key.id();
        let module = self.map(module).map_err(|error| error.to_string())?;
        self.preloaded.put(*id, Arc::new(module));
        Ok(())
    }

    /// Maps a module, ready to run.
    ///
    /// # Errors
    /// As [`NativeModule::map`].
    pub(super) fn map(&self, module: TrustedModule) -> Result<NativeModule, MapError> {
        Perf::map(self.perf.as_deref(), module)
    }

    /// Tells profilers the names of a module that is about to run, if anybody wants that.
    fn name(&self, entry: &Entry, module: &Arc<NativeModule>) {
        if let Some(perf) = &self.perf {
            perf.name(module, &entry.region());
        }
    }

    /// Writes a module to the cache, if there is one. Failing to is no reason not to run it.
    pub(super) fn keep(&self, module: &NativeModule) {
        let Some(cache) = self.cache() else { return };
        match cache.store(&module.to_module()) {
            Ok(_) => self.full.store(false, Ordering::Relaxed),
            // That was said when it was opened.
            Err(CacheError::ReadOnly { .. }) => {}
            // A warning once, until it works again: a disk may stay full for long.
            Err(error) => match self.full.swap(true, Ordering::Relaxed) {
                false => tracing::warn!("{error}; {NOT_STORED}"),
                true => tracing::debug!("{error}; {NOT_STORED}"),
            },
        }
    }

    /// Ends the work on an entry with its module, and shows the module to machines.
    ///
    /// # Errors
    /// When a switch or the quarantine keeps it from running.
    pub(super) fn show(
        &self,
        entry: &Entry,
        module: Arc<NativeModule>,
    ) -> Result<Arc<NativeModule>, Unavailable> {
        self.name(entry, &module);
        let shown = self.switches.show(entry, module);
        self.count_resident();
        shown
    }

    /// Replaces the module of an entry by another one that was made of the same code. Whether it was replaced.
    pub(super) fn replace(
        &self,
        entry: &Entry,
        old: &Arc<NativeModule>,
        new: Arc<NativeModule>,
    ) -> bool {
        self.name(entry, &new);
        let replaced = self.switches.replace(entry, old, new);
        self.count_resident();
        replaced
    }

    /// The module with the heat that the cache prefers for this key, which has none, if it is another one than `old`:
    /// another process may have made it.
    pub(super) fn find_hot(
        &self,
        key: &(Key, KeyId),
        old: &NativeModule,
    ) -> Option<Arc<NativeModule>> {
        let hot = self.hot_key(key).filter(|(hot, _)| hot != old.key())?;
        let cache = self.cache().filter(|cache| self.follow_quarantine(cache))?;
        if self.switches.refusal_of(&hot.0).is_some() {
            return None;
        }
        self.load(cache, &hot, NOT_USED).ok()
    }

    /// Whether the module of an entry may run.
    ///
    /// # Errors
    /// When a switch keeps machines from it.
    pub(super) fn allowed(&self, entry: &Entry, module: &NativeModule) -> Result<(), Unavailable> {
        match self.switches.is_off(entry, module) {
            true => Err(switched_off()),
            false => Ok(()),
        }
    }

    /// Takes a module away for ever, here and for all who use the cache. Whether it was not so already.
    pub(super) fn quarantine(&self, id: &KeyId, reason: &str) -> bool {
        let without_heat = self.key_of(id).as_ref().and_then(id_without_heat);
        self.quarantine_both(id, without_heat, reason)
    }

    /// The same, where the key is known.
    pub(super) fn quarantine_key(&self, key: &Key, reason: &str) -> bool {
        self.quarantine_both(&key.id(), id_without_heat(key), reason)
    }

    /// Puts an id on the list of quarantined modules, and that of its key without heat: otherwise a module with
    /// another heat would take its place.
    fn quarantine_both(&self, id: &KeyId, without_heat: Option<KeyId>, reason: &str) -> bool {
        let ids: Vec<KeyId> = without_heat.into_iter().chain([*id]).collect();
        let new = self.switches.quarantine(&ids, reason, &self.registry);
        for id in &ids {
            self.preloaded.discard(id);
        }
        if !new.is_empty() {
            self.meter.quarantined(self.switches.quarantined().len());
            self.count_resident();
            tracing::error!(module = %id, reason, "quarantined: its code is interpreted from now on");
        }
        for new in &new {
            if let Some(cache) = self.cache()
                && let Err(error) = cache.quarantine(new, reason)
            {
                let listed =
                    (cache.quarantined()).is_ok_and(|list| list.iter().any(|(id, _)| id == new));
                let effect = match listed {
                    true => "it is on the list, so no process with this cache uses it from now on",
                    false => "it is quarantined in this process only",
                };
                tracing::error!(module = %new, "{error}; {effect}");
            }
        }
        new.contains(id)
    }

    /// The key of the module that has this id, if it is in memory or in the cache.
    fn key_of(&self, id: &KeyId) -> Option<Key> {
        let mut entries = self.registry.named(id).into_iter();
        let held = entries.find_map(|entry| match entry.state() {
            State::Has(module) if module.key().id() == *id => Some(module.key().clone()),
            _ => None,
        });
        let waiting = || self.preloaded.key_of(id);
        let stored = || {
            let found = self.cache()?.find_by_id(id).ok()?;
            Some(found.key.clone())
        };
        held.or_else(waiting).or_else(stored)
    }

    /// Switches the native code of a script off, or on again. Whether that was a change.
    pub(super) fn switch_script(&self, id: &KeyId, enabled: bool) -> bool {
        self.switches.set(id, enabled, &self.registry)
    }

    /// Forgets code regions, whoever uses them. How many.
    pub(super) fn evict(&self, which: impl Fn(&Entry) -> bool) -> usize {
        let count = self.registry.forget(which);
        self.count_resident();
        count
    }

    /// The ids of all modules that are loaded now, sorted.
    pub(super) fn modules(&self) -> Vec<KeyId> {
        let entries = self.registry.entries();
        let mut ids: Vec<KeyId> = entries
            .iter()
            .filter_map(|entry| entry.module_id())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Heeds what other processes with this cache, or earlier ones, put into its list of quarantined
    /// modules. Whether all of the list is known now: otherwise no module may be taken from there.
    fn follow_quarantine(&self, cache: &Cache) -> bool {
        let quarantined = self.switches.follow(cache, &self.registry);
        if let Some(quarantined) = quarantined {
            self.meter.quarantined(quarantined);
        }
        quarantined.is_some()
    }

    fn count_resident(&self) {
        let (modules, bytes) = self.registry.resident();
        self.meter.resident(modules, bytes);
    }
}

/// A key with this heat, and its id.
fn with_heat(key: &Key, heat: Option<[u8; 32]>) -> (Key, KeyId) {
    let key = key.with_heat(heat);
    let id = key.id();
    (key, id)
}

/// What is said of a module that could not be stored.
const NOT_STORED: &str = "the module is not stored, so other processes have to make it again";
/// What becomes of an entry that this engine does not replace: one with heat, or for this CPU.
const NOT_USED: &str = "it is not used";

/// What becomes of a wrong entry under the key of the module that this engine makes.
fn replacement(cache: &Cache, translate: Translate) -> &'static str {
    if translate == Translate::Never {
        "it is not used, and stays, because nothing is translated (LOCKSTEP_TRANSLATE=never)"
    } else if cache.is_read_only() {
        "it is not used, and stays, because the cache cannot be written to"
    } else {
        "it is not used; it is replaced when its code is translated"
    }
}

fn warn_of_entry(path: &Path, reason: &dyn Display, consequence: &str) {
    tracing::warn!("{}: {reason}; {consequence}", path.display());
}
