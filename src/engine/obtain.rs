//! How a text gets its module when nobody in this process has it: from the cache, else by
//! translating. Slow, and safe to fail: the caller says where it may happen.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use lockstep_contract::key::Key;
use lockstep_contract::module::Module;
use lockstep_runtime::NativeModule;
use lockstep_translator::{Hints, Report, Text};

use super::entry::Entry;
use super::{Engine, Origin, Translate, Unavailable, lock};

impl Engine {
    /// Not in this process yet: the cache, then the translator.
    pub(super) fn obtain(
        &self,
        entry: &Entry,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Arc<NativeModule>, Origin), Unavailable> {
        let (key, id) = entry
            .key(&self.options)
            .as_ref()
            .map_err(Unavailable::clone)?;
        if let Some(reason) = self.switches.quarantine_of(id) {
            return Err(reason);
        }
        if let Some(module) = self.look_up(key) {
            return Ok((module, Origin::Cache));
        }
        // What another process put on the list is known now.
        if let Some(reason) = self.switches.quarantine_of(id) {
            return Err(reason);
        }
        if self.translate == Translate::Never {
            return Err(Unavailable::new(format!(
                "no module {id} in the cache, and LOCKSTEP_TRANSLATE is never"
            )));
        }
        let text = entry.text();
        let started = Instant::now();
        let made = self.make(&text, &hints(), progress);
        let seconds = started.elapsed().as_secs_f64();
        let mut stats = lock(&self.stats);
        stats.translate_seconds += seconds;
        match made {
            Ok((module, report)) => {
                stats.translations += 1;
                tracing::info!(key = %id, seconds, code_bytes = report.code_bytes, "translated");
                for failure in &report.failures {
                    tracing::warn!(key = %id, failure, "part of the code stays interpreted");
                }
                Ok((module, Origin::Translated { seconds, report }))
            }
            Err(reason) => {
                stats.failures += 1;
                tracing::warn!(
                    "no native code for {:#x}..{:#x}: {reason}; the interpreter runs it",
                    text.base,
                    text.end()
                );
                Err(reason)
            }
        }
    }

    fn look_up(&self, key: &Key) -> Option<Arc<NativeModule>> {
        let cache = self.cache()?;
        if !self.switches.follow(cache, &self.registry) {
            return None;
        }
        let path = cache.path(&key.id());
        let miss = match cache.find(key) {
            Ok(module) => match NativeModule::map(module) {
                Ok(module) => {
                    lock(&self.stats).cache_hits += 1;
                    return Some(Arc::new(module));
                }
                Err(error) => {
                    warn_of_entry(&path, &error);
                    "unmappable"
                }
            },
            Err(miss) => {
                if miss.is_suspicious() {
                    warn_of_entry(&path, &miss);
                }
                miss.name()
            }
        };
        *lock(&self.stats).cache_misses.entry(miss).or_insert(0) += 1;
        None
    }

    fn make(
        &self,
        text: &Text<'_>,
        hints: &Hints,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Arc<NativeModule>, Report), Unavailable> {
        // A panic in the compiler must not take a node down: such code stays interpreted.
        let translate = || lockstep_translator::translate(text, hints, &self.options, progress);
        let translation = catch_unwind(AssertUnwindSafe(translate))
            .map_err(|_| Unavailable::new("the translator panicked"))?
            .map_err(Unavailable::new)?;
        let module = NativeModule::map(translation.module).map_err(Unavailable::new)?;
        self.keep(module.module());
        Ok((Arc::new(module), translation.report))
    }

    /// Writes a module to the cache, if there is one. Failing to is no reason not to run.
    fn keep(&self, module: &Module) {
        if let Some(cache) = self.cache()
            && let Err(error) = cache.store(&module.key.id(), &module.to_bytes())
        {
            tracing::warn!("{error}; the module is used and not kept");
        }
    }
}

fn warn_of_entry(path: &Path, reason: &dyn Display) {
    tracing::warn!("cache entry {}: {reason}; it is replaced", path.display());
}
