//! How a code region gets its module: from the registry, else from the module cache, else by making it.
//!
//! The provider joins the store of modules and the builder, on the thread of its caller, which may have
//! to wait. Which thread that is, and when it comes, is for those who use it. Whatever goes wrong means
//! that the interpreter runs the code: never an error, always a reason in the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lockstep_contract::heat::Heat;
use lockstep_contract::key::{Key, KeyId};
use lockstep_runtime::{CodeSource, NativeModule, Request, SharedRegion};
use lockstep_translator::{CodeRegion, Hints};

use super::entry::{Claim, Entry, State};
use super::hints::hints_in_memory;
use super::host::{native_key, unsupported};
use super::meter::Meter;
use super::mode::Translate;
use super::module_builder::{BuildSettings, Made, ModuleBuilder, NotMade, Patience};
use super::prepared::{Origin, Prepared, Unavailable};
use super::store::{CacheSettings, Store};
use super::sync::lock;

/// Everything that a provider is made from.
#[derive(Clone, Debug)]
pub(super) struct ProviderSettings {
    pub(super) cache: CacheSettings,
    pub(super) build: BuildSettings,
}

/// The store and the builder of one engine.
#[derive(Debug)]
pub(super) struct Provider {
    /// When code without a module is translated.
    pub(super) translate: Translate,
    pub(super) store: Store,
    pub(super) builder: ModuleBuilder,
    pub(super) meter: Arc<Meter>,
    /// Whether it was said that native code is not supported on this machine.
    said_unsupported: AtomicBool,
    /// Why the deny-list refuses what this engine makes, as it was said last.
    said_denied: Mutex<Option<Unavailable>>,
}

/// A module and where it came from, or the state that its entry is in without one.
type Obtained = Result<(Arc<NativeModule>, Origin), State>;

impl Provider {
    pub(super) fn new(settings: ProviderSettings) -> Provider {
        let meter = Arc::new(Meter::default());
        let ProviderSettings { cache, build } = settings;
        Provider {
            translate: build.translate,
            store: Store::new(
                build.budgets.memory,
                cache,
                Arc::clone(&meter),
                build.perf.clone(),
            ),
            builder: ModuleBuilder::new(build, Arc::clone(&meter)),
            meter,
            said_unsupported: AtomicBool::new(false),
            said_denied: Mutex::new(None),
        }
    }

    /// The module of an entry, obtained by this thread, or by the one that is at work on it, for which
    /// this one then waits. `again` says whether to try where there was none.
    ///
    /// # Errors
    /// The reason why the interpreter has to run it.
    pub(super) fn prepare(
        &self,
        entry: &Entry,
        again: impl Fn(&State) -> bool,
        hints: &mut dyn FnMut() -> Hints,
        patience: &mut Patience<'_>,
    ) -> Result<Prepared, Unavailable> {
        match entry.claim(again) {
            Claim::Finished(Ok(module)) => {
                self.store.allowed(entry, &module)?;
                let origin = Origin::Registry;
                Ok(Prepared { module, origin })
            }
            Claim::Finished(Err(reason)) => Err(reason),
            Claim::Yours(work) => self.work(entry, work.again, hints, patience),
        }
    }

    /// Does the work on an entry that this thread has claimed: from the cache, else by making the
    /// module, if the setting allows it. `again`: also where it failed before.
    ///
    /// # Errors
    /// As [`Provider::prepare`].
    pub(super) fn work(
        &self,
        entry: &Entry,
        again: bool,
        hints: &mut dyn FnMut() -> Hints,
        patience: &mut Patience<'_>,
    ) -> Result<Prepared, Unavailable> {
        let stored = self.stored(entry, again);
        let missing = matches!(stored, Err(State::Missing(_)));
        let obtained = match missing && self.translate != Translate::Never {
            // The bytes of the first module depend on the code alone.
            true => self.make(entry, &hints(), &Heat::default(), patience),
            false => stored,
        };
        self.finish(entry, obtained)
    }

    /// Looks for an entry's module in the cache, if the entry is in such a state. Without one, the cycles
    /// of the code region are counted from now on.
    pub(super) fn load(&self, entry: &Entry, from: impl Fn(&State) -> bool) {
        if let Some(work) = entry.take(from) {
            let stored = self.stored(entry, work.again);
            // The reason, where there is none, is in the log.
            drop(self.finish(entry, stored));
        }
    }

    /// Counts what a machine that asks for an entry gets now.
    pub(super) fn count_request(&self, entry: &Entry) {
        match entry.fallback() {
            None => self.meter.registry_hit(),
            Some(cause) => self.meter.registry_miss(cause),
        }
    }

    /// From the cache. Where it has none, the state says whether one may be made. `again`: it failed
    /// before, and that was long enough ago.
    fn stored(&self, entry: &Entry, again: bool) -> Obtained {
        // Without a key there can be no module.
        let options = &self.builder.options;
        let own = entry.key(options).as_ref().map_err(|reason| {
            self.warn_if_unsupported(entry);
            State::Failed(reason.clone())
        })?;
        let (key, id) = own;
        // A quarantine of the module for every CPU holds for the one for this CPU too: it is made in the
        // same way, with more instructions. The reverse does not hold; the store looks after that.
        // Where the module with the preferred heat is on the list, the one without usually is too. It is not where
        // whoever put it there knew no more than its id.
        let hot = self.store.hot_key(own);
        let ids = || hot.iter().map(|(_, id)| id).chain([id]);
        ids().try_for_each(|id| self.check_quarantine(id))?;
        if let Some(reason) = self.store.denied(key) {
            self.warn_of_denial(&reason);
            return Err(State::Denied(reason));
        }
        let native = native_key(key, &entry.region(), options);
        if let Some(module) = self
            .store
            .find(hot.as_ref(), native.as_ref(), own, self.translate)
        {
            return Ok((module, Origin::Cache));
        }
        // What another process put on the list of quarantined modules is known now.
        ids().try_for_each(|id| self.check_quarantine(id))?;
        if let Some(failure) = self.builder.failure(entry)
            && !again
        {
            return Err(not_made(entry, failure));
        }
        Err(self.missing(entry, key, id))
    }

    /// Says, once for this engine, that native code is not supported on this machine, if that is why an
    /// entry has no key.
    fn warn_if_unsupported(&self, entry: &Entry) {
        if let Some(reason) = unsupported(&entry.region(), &self.builder.options)
            && !self.said_unsupported.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "native code is not supported here: {reason}; everything is interpreted"
            );
        }
    }

    /// Says that the deny-list refuses what this engine makes: once, and again where the reason is another one.
    fn warn_of_denial(&self, reason: &Unavailable) {
        let mut said = lock(&self.said_denied);
        if said.as_ref() != Some(reason) {
            tracing::warn!(
                "native code is refused: {reason}; code that has no module in this process yet is interpreted"
            );
            *said = Some(reason.clone());
        }
    }

    fn check_quarantine(&self, id: &KeyId) -> Result<(), State> {
        let Some(reason) = self.store.switches.quarantine_of(id) else {
            return Ok(());
        };
        // Once for a code region, unless it is forgotten: the state stays.
        tracing::warn!("{reason}; its code is interpreted");
        Err(State::Quarantined(reason))
    }

    /// Makes the module, and keeps it in the cache.
    fn make(
        &self,
        entry: &Entry,
        hints: &Hints,
        heat: &Heat,
        patience: &mut Patience<'_>,
    ) -> Obtained {
        let made = self.builder.make(entry, hints, heat, patience);
        let Made {
            module,
            seconds,
            report,
        } = made.map_err(|failure| not_made(entry, failure))?;
        self.store.keep(&module);
        Ok((module, Origin::Translated { seconds, report }))
    }

    /// Replaces the module of an entry by one that was made with this heat, or by one with another heat that another
    /// process put into the cache. Where that gives none, the old one stays.
    pub(super) fn heat(&self, entry: &Entry, old: &Arc<NativeModule>, heat: &Heat, hints: &Hints) {
        let own = entry.key(&self.builder.options).as_ref().ok();
        if let Some(found) = own.and_then(|own| self.store.find_hot(own, old)) {
            tracing::debug!(id = %found.key().id(), "a module with heat of another process");
            self.store.replace(entry, old, found);
        } else {
            let patience = &mut Patience::Background;
            // The reason, where there is none, is in the log.
            if let Ok((made, _)) = self.make(entry, hints, heat, patience) {
                self.store.replace(entry, old, made);
            }
        }
        entry.watch_heat(self.builder.budgets.threshold);
    }

    /// Ends the work on an entry with what came of it.
    fn finish(&self, entry: &Entry, obtained: Obtained) -> Result<Prepared, Unavailable> {
        match obtained {
            Ok((module, origin)) => {
                entry.known.call_at(u64::MAX);
                let module = self.store.show(entry, module)?;
                if self.translate == Translate::Background {
                    entry.watch_heat(self.builder.budgets.threshold);
                }
                Ok(Prepared { module, origin })
            }
            Err(state) => {
                let reason = match &state {
                    State::Missing(reason)
                    | State::Failed(reason)
                    | State::Quarantined(reason)
                    | State::Denied(reason) => reason.clone(),
                    _ => Unavailable::new("the work on it was given up"),
                };
                entry.finish(state);
                Err(reason)
            }
        }
    }

    /// The state of a code region without a module, and when it is looked at again.
    fn missing(&self, entry: &Entry, key: &Key, id: &KeyId) -> State {
        let interpreted = entry.known.interpreted();
        let (wait, why) = match self.translate {
            Translate::Never => (
                entry.next_recheck(),
                ", and nothing is translated, by the setting LOCKSTEP_TRANSLATE=never",
            ),
            _ if self.store.preloaded.wants(&key.digest) => (0, ""),
            _ => {
                let threshold = self.builder.budgets.threshold;
                (threshold.saturating_sub(interpreted), "")
            }
        };
        entry.known.call_at(interpreted.saturating_add(wait));
        State::Missing(Unavailable::new(format!(
            "no module {id} in the cache{why}"
        )))
    }
}

/// The state of a code region whose translation failed, and when it is looked at again.
fn not_made(entry: &Entry, failure: NotMade) -> State {
    let interpreted = entry.known.interpreted();
    entry
        .known
        .call_at(interpreted.saturating_add(failure.wait));
    match failure.passing {
        true => State::Missing(failure.reason),
        false => State::Failed(failure.reason),
    }
}

/// As the source of native code for a machine that waits for it.
impl CodeSource for Provider {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        let region = region_of(request);
        let entry = self.store.registry.entry(&region);
        // A module that was fetched for this machine is counted as that, and not as a hit.
        if !self.find_now(&entry, &region, request) {
            self.count_request(&entry);
        }
        Some(Arc::clone(&entry.known))
    }

    fn enabled(&self) -> bool {
        self.store.switches.enabled()
    }

    fn hot(&self, request: &Request<'_>, known: &Arc<SharedRegion>) {
        let region = region_of(request);
        let entry = self.store.registry.entry(&region);
        // Otherwise it was forgotten meanwhile, and the machine will ask.
        if Arc::ptr_eq(&entry.known, known) {
            self.find_now(&entry, &region, request);
        }
    }
}

impl Provider {
    /// Obtains the module of a code region that a machine waits for. Whether it came now.
    fn find_now(&self, entry: &Entry, region: &CodeRegion<'_>, request: &Request<'_>) -> bool {
        let mut hints = || hints_in_memory(region, request.memory, request.pc);
        let mut untold = |_, _| {};
        let mut patience = Patience::Attended(&mut untold);
        let prepared = self.prepare(entry, |_| entry.is_due(), &mut hints, &mut patience);
        // The reason, where there is none, is in the log; there may be a module later.
        prepared.is_ok_and(|prepared| !matches!(prepared.origin, Origin::Registry))
    }
}

/// The code region that a request is about.
pub(super) fn region_of<'a>(request: &Request<'a>) -> CodeRegion<'a> {
    CodeRegion::new(request.place(), request.region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::budgets::Budgets;
    use crate::{Platform, Program};

    /// As on a machine for which no native code can be made.
    #[test]
    fn where_native_code_is_not_supported_it_is_said_once_and_there_is_none() {
        let options = lockstep_translator::Options::default()
            .with_target(Some("riscv64gc-unknown-linux-gnu".to_owned()));
        let provider = Provider::new(ProviderSettings {
            cache: CacheSettings {
                folder: None,
                locations: lockstep_cache::Locations::default(),
                budget: lockstep_cache::Budget::default(),
            },
            build: BuildSettings {
                options,
                budgets: Budgets::default(),
                translate: Translate::Now,
                compiler: super::super::module_builder::Compiler::default(),
                helper: None,
                perf: None,
            },
        });
        let elfs: [&[u8]; 2] = [
            include_bytes!("../../guests/elf/fib.elf"),
            include_bytes!("../../guests/elf/sha256.elf"),
        ];
        for elf in elfs {
            let program = Program::load(elf, &Platform::default()).expect("a good ELF");
            let region = program.code_regions()[0];
            let entry = provider.store.registry.entry(&region);
            let mut hints = || panic!("nothing is translated");
            let mut untold = |_, _| {};
            let mut patience = Patience::Attended(&mut untold);
            let prepared = provider.prepare(&entry, |_| false, &mut hints, &mut patience);
            let reason = prepared.expect_err("there is no module").to_string();
            assert!(reason.contains("riscv64gc"), "{reason}");
            assert!(provider.said_unsupported.load(Ordering::Relaxed));
        }
        assert_eq!(provider.meter.stats().failures, 0);
    }
}
