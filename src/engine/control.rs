//! The switches, as an operator has them: all native code, one script, one module; and forgetting
//! what is loaded. Everything works at run time, from any thread, without a restart.
//!
//! All of it is seen by machines that run: at their next entry to native code, and within one slice
//! (5 million cycles) by those that are inside.

use lockstep_cache::Cache;
use lockstep_contract::key::KeyId;

use super::Engine;
use super::shared::Shared;

impl Engine {
    /// The kill switch: from now on no machine enters native code, and those inside leave within a
    /// slice. Modules stay loaded. Whether it was on.
    pub fn disable(&self) -> bool {
        let was = self.shared.switches.enable(false);
        self.shared.meter.enabled(false);
        if was {
            tracing::warn!("native code is switched off: everything is interpreted");
        }
        was
    }

    /// Takes back [`Engine::disable`]. Whether native code was on.
    pub fn enable(&self) -> bool {
        let was = self.shared.switches.enable(true);
        self.shared.meter.enabled(true);
        if !was {
            tracing::warn!("native code is switched on again");
        }
        was
    }

    /// Whether native code may run.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.shared.switches.enabled()
    }

    /// The kill switch of one script, named by the id of its module or, for all versions, costs and
    /// sizes of memory at once, by the BLAKE3 digest of its code region (its executable pages). It need not
    /// be loaded yet. Whether that was a change.
    pub fn disable_script(&self, id: &KeyId) -> bool {
        let changed = self.shared.switches.set(id, false, &self.shared.registry);
        if changed {
            tracing::warn!(script = %id, "native code is switched off for a script");
        }
        changed
    }

    /// Takes back [`Engine::disable_script`] with the same id. Whether that was a change.
    pub fn enable_script(&self, id: &KeyId) -> bool {
        let changed = self.shared.switches.set(id, true, &self.shared.registry);
        if changed {
            tracing::warn!(script = %id, "native code is switched on again for a script");
        }
        changed
    }

    /// Takes a module away for ever: machines that have it drop it at their next entry, none gets it
    /// again, its file is removed from the cache and its id put on the list there, so that neither a
    /// restart nor another process with this cache runs it or makes it again. Whether it was not
    /// quarantined already.
    ///
    /// A module of another translator has another id: an upgrade that mends the mistake ends the
    /// quarantine.
    pub fn quarantine(&self, id: &KeyId, reason: &str) -> bool {
        self.shared.quarantine(id, reason)
    }

    /// What is quarantined, and why, by id.
    #[must_use]
    pub fn quarantined(&self) -> Vec<(KeyId, String)> {
        self.shared.switches.quarantined()
    }

    /// Forgets the code regions that an id names, as [`Engine::disable_script`] has it: machines that have
    /// one ask anew at their next entry, and then it is loaded or made again. The cache keeps its
    /// file. How many code regions that were.
    pub fn evict(&self, id: &KeyId) -> usize {
        let count = self.shared.registry.forget(|entry| entry.is_named(id));
        self.shared.meter.resident(&self.shared.registry);
        count
    }

    /// Forgets all code regions.
    pub fn evict_all(&self) -> usize {
        let count = self.shared.registry.forget(|_| true);
        self.shared.meter.resident(&self.shared.registry);
        count
    }

    /// The ids of all modules that are loaded now, sorted; those too that a switch keeps from running.
    #[must_use]
    pub fn modules(&self) -> Vec<KeyId> {
        let entries = self.shared.registry.entries();
        let mut ids: Vec<KeyId> = entries
            .iter()
            .filter_map(|entry| entry.module_id())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

impl Shared {
    /// Heeds what other processes with this cache, or earlier ones, put into its list. Whether all of
    /// the list is known now: otherwise no module may be taken from there.
    pub(super) fn follow_quarantine(&self, cache: &Cache) -> bool {
        let quarantined = self.switches.follow(cache, &self.registry);
        if let Some(quarantined) = quarantined {
            self.meter.quarantined(quarantined);
        }
        quarantined.is_some()
    }

    /// [`Engine::quarantine`].
    pub(super) fn quarantine(&self, id: &KeyId, reason: &str) -> bool {
        let new = self.switches.quarantine(id, reason, &self.registry);
        self.preloaded.bar(id);
        if new {
            self.meter.quarantined(self.switches.quarantined().len());
            self.meter.resident(&self.registry);
            tracing::error!(module = %id, reason, "quarantined: its code is interpreted from now on");
            if let Some(cache) = self.cache()
                && let Err(error) = cache.quarantine(id, reason)
            {
                tracing::error!("{error}; the module is quarantined in this process only");
            }
        }
        new
    }
}
