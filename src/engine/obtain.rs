//! How a code region gets its module when nobody in this process has it: from the cache, else by
//! translating. Slow, and safe to fail: the caller says where it may happen.

use std::fmt::Display;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use lockstep_cache::{CacheError, denied};
use lockstep_contract::key::{Key, KeyId};
use lockstep_contract::module::TrustedModule;
use lockstep_runtime::NativeModule;
use lockstep_translator::{Hints, Options, Report};

use super::entry::{Entry, State};
#[cfg(unix)]
use super::helper::Helper;
use super::shared::Shared;
use super::{Origin, Translate, Unavailable};

/// Why a translation is ended between two units.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// It took longer than it may.
    OverBudget,
    /// The engine is gone.
    EngineDropped,
}

/// Told how many units of how many are done. An error ends the translation.
pub(super) type Progress<'a> = dyn FnMut(usize, usize) -> Result<(), Stop> + 'a;

/// A translation that gave no module.
struct Failed {
    outcome: &'static str,
    reason: Unavailable,
}

impl Failed {
    fn new(outcome: &'static str, reason: impl ToString) -> Failed {
        Failed {
            outcome,
            reason: Unavailable::new(reason),
        }
    }
}

/// A module and where it came from, or the state that its entry is in without one.
pub(super) type Obtained = Result<(Arc<NativeModule>, Origin), State>;

impl Shared {
    /// Not in this process yet: the cache, then the translator, if that may be. `again`: it failed
    /// before, and that was long enough ago.
    pub(super) fn obtain(
        &self,
        entry: &Entry,
        again: bool,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut Progress<'_>,
    ) -> Obtained {
        let stored = self.stored(entry, again);
        let missing = matches!(stored, Err(State::Missing(_)));
        if missing && self.translate != Translate::Never {
            return self.make(entry, &hints(), progress);
        }
        stored
    }

    /// From the cache. Where it has none, the state says whether one may be made.
    pub(super) fn stored(&self, entry: &Entry, again: bool) -> Obtained {
        // Without a key there is nothing to hope for.
        let (key, id) =
            (entry.key(&self.options).as_ref()).map_err(|reason| State::Failed(reason.clone()))?;
        self.check(id)?;
        // What is refused in the cache is not made either.
        if let Some(reason) = denied(key, self.cache.locations.deny.as_deref()) {
            return Err(State::Failed(Unavailable::new(reason)));
        }
        if let Some(module) = self.look_up(key, id) {
            return Ok((module, Origin::Cache));
        }
        // What another process put on the list of the quarantined is known now.
        self.check(id)?;
        if let Some((reason, wait)) = self.negative.look_up(id, self.budgets.threshold)
            && !again
        {
            let interpreted = entry.known.interpreted();
            entry.known.call_at(interpreted.saturating_add(wait));
            return Err(State::Failed(reason));
        }
        Err(self.missing(entry, key, id))
    }

    fn check(&self, id: &KeyId) -> Result<(), State> {
        (self.switches.quarantine_of(id)).map_or(Ok(()), |reason| Err(State::Quarantined(reason)))
    }

    fn look_up(&self, key: &Key, id: &KeyId) -> Option<Arc<NativeModule>> {
        if let Some(module) = self.preloaded.take(id) {
            return Some(module);
        }
        let cache = self.cache()?;
        if !self.follow_quarantine(cache) {
            self.meter.cache_miss("unreadable");
            return None;
        }
        let _span = tracing::debug_span!("load", key = %id).entered();
        let started = Instant::now();
        let miss = match cache.find(key) {
            Ok(module) => match NativeModule::map(module) {
                Ok(module) => {
                    self.meter.cache_hit(started.elapsed().as_secs_f64());
                    return Some(Arc::new(module));
                }
                Err(error) => {
                    warn_of_entry(&cache.path(id), &error);
                    "unmappable"
                }
            },
            Err(miss) => {
                if miss.is_suspicious() {
                    warn_of_entry(&cache.path(id), &miss);
                }
                if let Some(field) = miss.field() {
                    self.meter.cache_foreign(field);
                }
                miss.name()
            }
        };
        self.meter.cache_miss(miss);
        None
    }

    /// Makes it, and notes it if that fails.
    pub(super) fn make(
        &self,
        entry: &Entry,
        hints: &Hints,
        progress: &mut Progress<'_>,
    ) -> Obtained {
        let (_, id) =
            (entry.key(&self.options).as_ref()).map_err(|reason| State::Failed(reason.clone()))?;
        let region = entry.region();
        let _span = tracing::info_span!("translate", key = %id, base = region.base).entered();
        let started = Instant::now();
        let made = self.translate(entry, hints, progress);
        let seconds = started.elapsed().as_secs_f64();
        match made {
            Ok((module, report)) => {
                self.meter
                    .translated("made", seconds, Some(report.code_bytes));
                self.negative.remove(id);
                self.meter.negative(self.negative.len());
                tracing::info!(key = %id, seconds, code_bytes = report.code_bytes, "translated");
                for failure in &report.failures {
                    tracing::warn!(key = %id, failure, "part of the code stays interpreted");
                }
                Ok((module, Origin::Translated { seconds, report }))
            }
            Err(Failed { outcome, reason }) => {
                self.meter.translated(outcome, seconds, None);
                let wait = self.negative.add(id, &reason, self.budgets.threshold);
                self.meter.negative(self.negative.len());
                let interpreted = entry.known.interpreted();
                entry.known.call_at(interpreted.saturating_add(wait));
                tracing::warn!(
                    "no native code for {:#x}..{:#x}: {reason}; the interpreter runs it, and it is \
                     tried again after {wait} cycles",
                    region.base,
                    region.end()
                );
                Err(State::Failed(reason))
            }
        }
    }

    fn translate(
        &self,
        entry: &Entry,
        hints: &Hints,
        progress: &mut Progress<'_>,
    ) -> Result<(Arc<NativeModule>, Report), Failed> {
        let options = Options {
            threads: self.threads(),
            ..self.options.clone()
        };
        let mut stop = None;
        let mut progress = |done, all| match progress(done, all) {
            Ok(()) => ControlFlow::Continue(()),
            Err(reason) => {
                stop = Some(reason);
                ControlFlow::Break(())
            }
        };
        // A panic in the compiler must not take a node down: such code stays interpreted.
        let translate = || match &self.helper {
            // A fault on purpose is not for others to make.
            Some(program) if self.options.inject.is_none() => {
                self.translate_apart(program, entry, hints)
            }
            _ => (self.compiler.0)(&entry.region(), hints, &options, &mut progress)
                .map(|translation| (translation.module, translation.report))
                .map_err(|error| Failed::new("refused", error)),
        };
        let made = catch_unwind(AssertUnwindSafe(translate))
            .unwrap_or_else(|_| Err(Failed::new("panicked", "the translator panicked")));
        let (module, report) = made.map_err(|failed| match stop {
            Some(Stop::OverBudget) => {
                let budget = self.budgets.translation.as_secs_f64();
                Failed::new("over_budget", format!("it takes longer than {budget} s"))
            }
            Some(Stop::EngineDropped) => Failed::new("stopped", "the engine is gone"),
            None => failed,
        })?;
        let module = NativeModule::map(module).map_err(|error| Failed::new("unmappable", error))?;
        self.keep(&module);
        Ok((Arc::new(module), report))
    }

    /// Threads for one translation: of the workers each has its share, and who waits has no others.
    fn threads(&self) -> usize {
        match self.translate {
            Translate::Now => super::processors(),
            Translate::Background | Translate::Never => {
                self.budgets.workers / self.pool.backlog().at_work.max(1)
            }
        }
    }

    /// By a helper process.
    #[cfg(unix)]
    fn translate_apart(
        &self,
        program: &Path,
        entry: &Entry,
        hints: &Hints,
    ) -> Result<(TrustedModule, Report), Failed> {
        let (key, _) =
            (entry.key(&self.options).as_ref()).map_err(|reason| Failed::new("refused", reason))?;
        let helper = Helper {
            program: program.to_owned(),
            memory: self.budgets.helper_memory,
            time: self.budgets.translation,
        };
        let wanted = || !self.pool.is_stopped();
        let module = helper.translate(key, &entry.region(), hints, &wanted);
        let module = module.map_err(|broken| {
            self.meter.helper(broken.cause);
            Failed::new("helper", broken)
        })?;
        self.meter.helper("made");
        let report = Report {
            blocks: module.blocks.len(),
            instructions: (module.blocks.iter())
                .map(|block| usize::from(block.entries))
                .sum(),
            code_bytes: module.code.len(),
            ..Report::default()
        };
        Ok((module, report))
    }

    /// There are no helper processes on this system.
    #[cfg(not(unix))]
    fn translate_apart(
        &self,
        _: &Path,
        _: &Entry,
        _: &Hints,
    ) -> Result<(TrustedModule, Report), Failed> {
        self.meter.helper("not_started");
        Err(Failed::new("helper", "helper processes need Unix"))
    }

    /// Writes a module to the cache, if there is one. Failing to is no reason not to run.
    fn keep(&self, module: &NativeModule) {
        let Some(cache) = self.cache() else { return };
        match cache.store(&module.to_module()) {
            Ok(_) => self.cache.full.store(false, Ordering::Relaxed),
            // That was said when it was opened.
            Err(CacheError::ReadOnly { .. }) => {}
            // Once, until it works again: a disk may stay full for long.
            Err(error) => match self.cache.full.swap(true, Ordering::Relaxed) {
                false => tracing::warn!("{error}; the module is used and not kept"),
                true => tracing::debug!("{error}; the module is used and not kept"),
            },
        }
    }
}

fn warn_of_entry(path: &Path, reason: &dyn Display) {
    tracing::warn!("cache entry {}: {reason}; it is replaced", path.display());
}
