//! Making modules: by the translator in this process, or by a helper process, within budgets.
//!
//! Whatever goes wrong here means that the interpreter runs the code. What failed is on the negative
//! list for a while. What ended because the engine was dropped, or because the system had no memory,
//! process or descriptor to give, is not, because the code is not to blame. The builder knows neither
//! the cache nor the machines.

use std::fmt;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use lockstep_contract::heat::Heat;
use lockstep_contract::key::Key;
use lockstep_contract::module::TrustedModule;
use lockstep_runtime::NativeModule;
use lockstep_translator::{CodeRegion, Hints, Options, Report, TranslateError, Translation};

use super::budgets::Budgets;
use super::entry::Entry;
#[cfg(unix)]
use super::helper::Helper;
use super::host::processors;
use super::meter::Meter;
use super::mode::Translate;
use super::negative::Negative;
use super::outcome::{HelperOutcome, TranslationOutcome};
use super::prepared::Unavailable;
use crate::perf::Perf;

/// Interpreted cycles, at least, before a translation is tried again for which the system was short of
/// something: a millisecond and more.
const MIN_RETRY_CYCLES: u64 = 1_000_000;

/// A function in the place of the translator. Where its last argument breaks, it ends with an error.
pub(super) type TranslateFunction = dyn Fn(
        &CodeRegion<'_>,
        &Hints,
        &Options,
        &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Translation, TranslateError>
    + Send
    + Sync;

/// What makes modules: the translator, but for tests.
#[derive(Clone)]
pub(super) struct Compiler(pub(super) Arc<TranslateFunction>);

impl Default for Compiler {
    fn default() -> Compiler {
        Compiler(Arc::new(lockstep_translator::translate_while))
    }
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Compiler")
    }
}

/// Who waits for a translation.
pub(super) enum Patience<'a> {
    /// Somebody who wants to be told units done and units in all, and waits to the end.
    Attended(&'a mut dyn FnMut(usize, usize)),
    /// Nobody: it ends between two units when it takes longer than its budget, or when the engine is
    /// gone.
    Background,
}

/// A module that was made.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) module: Arc<NativeModule>,
    pub(super) seconds: f64,
    pub(super) report: Report,
}

/// A translation that gave no module.
#[derive(Debug)]
struct Failed {
    outcome: TranslationOutcome,
    reason: Unavailable,
    /// The system is short of something, or the engine is gone: the code is not to blame.
    passing: bool,
}

impl Failed {
    fn new(outcome: TranslationOutcome, reason: impl ToString) -> Failed {
        Failed {
            outcome,
            reason: Unavailable::new(reason),
            passing: matches!(
                outcome,
                TranslationOutcome::Stopped | TranslationOutcome::Shortage
            ),
        }
    }
}

/// Why there is no module after a translation, and when the next one may be tried.
#[derive(Debug)]
pub(super) struct NotMade {
    pub(super) reason: Unavailable,
    /// Cycles to interpret before that.
    pub(super) wait: u64,
    /// The code is not to blame: whoever asks again may try at once.
    pub(super) passing: bool,
}

/// How modules are made.
#[derive(Clone, Debug)]
pub(super) struct BuildSettings {
    /// The translator's options.
    pub(super) options: Options,
    pub(super) budgets: Budgets,
    /// Whether guests wait for translations.
    pub(super) translate: Translate,
    pub(super) compiler: Compiler,
    /// The program that translates in a process of its own; none: this process translates.
    pub(super) helper: Option<PathBuf>,
    /// Who tells profilers the names of native code, if anybody does.
    pub(super) perf: Option<Arc<Perf>>,
}

/// Makes modules for one engine.
#[derive(Debug)]
pub(super) struct ModuleBuilder {
    /// How modules are made.
    pub(super) options: Options,
    pub(super) budgets: Budgets,
    translate: Translate,
    compiler: Compiler,
    /// The program that translates in a process of its own.
    helper: Option<PathBuf>,
    perf: Option<Arc<Perf>>,
    negative: Negative,
    /// Translations that run now.
    running: AtomicUsize,
    /// Nobody wants modules any more.
    stopped: AtomicBool,
    meter: Arc<Meter>,
}

impl ModuleBuilder {
    pub(super) fn new(settings: BuildSettings, meter: Arc<Meter>) -> ModuleBuilder {
        let BuildSettings {
            options,
            budgets,
            translate,
            compiler,
            helper,
            perf,
        } = settings;
        ModuleBuilder {
            options,
            budgets,
            translate,
            compiler,
            helper,
            perf,
            negative: Negative::default(),
            running: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            meter,
        }
    }

    /// Ends background translations after the unit that each has in hand.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Why the translation of an entry failed last, if it did, and how many cycles must be interpreted
    /// after that before it is tried again.
    pub(super) fn failure(&self, entry: &Entry) -> Option<NotMade> {
        let (_, id) = entry.key(&self.options).as_ref().ok()?;
        let (reason, wait) = self.negative.look_up(id, self.budgets.threshold)?;
        Some(NotMade {
            reason,
            wait,
            passing: false,
        })
    }

    /// Makes the module of an entry, with this heat.
    ///
    /// # Errors
    /// When there is none; what the code is to blame for is on the negative list then.
    pub(super) fn make(
        &self,
        entry: &Entry,
        hints: &Hints,
        heat: &Heat,
        patience: &mut Patience<'_>,
    ) -> Result<Made, NotMade> {
        let key = entry.key(&self.options).as_ref();
        let (key, _) = key.map_err(|reason| NotMade {
            reason: reason.clone(),
            wait: u64::MAX,
            passing: false,
        })?;
        let region = entry.region();
        let heat = &heat.within(region.place().addresses());
        let key = &key.with_heat(heat.digest());
        let id = &key.id();
        let _span = tracing::info_span!("translate", key = %id, base = region.base).entered();
        let started = Instant::now();
        let made = self.translate(entry, key, hints, heat, patience);
        let seconds = started.elapsed().as_secs_f64();
        let result = match made {
            Ok((module, report)) => {
                self.meter.translated(seconds, report.code_bytes);
                self.negative.remove(id);
                tracing::info!(key = %id, seconds, code_bytes = report.code_bytes, "translated");
                for failure in &report.failures {
                    tracing::warn!(key = %id, failure, "part of the code stays interpreted");
                }
                Ok(Made {
                    module: Arc::new(module),
                    seconds,
                    report,
                })
            }
            Err(failed) => {
                self.meter.translation_failed(failed.outcome, seconds);
                let Failed {
                    outcome,
                    reason,
                    passing,
                } = failed;
                let failed_as_stopped = outcome == TranslationOutcome::Stopped;
                let wait = match passing {
                    true => self.budgets.threshold.max(MIN_RETRY_CYCLES),
                    false => self.negative.add(id, &reason, self.budgets.threshold),
                };
                let (base, end) = (region.base, region.end());
                match (failed_as_stopped, key.heat.is_some()) {
                    // Nobody is there who could try again.
                    (true, _) => tracing::debug!("{base:#x}..{end:#x}: {reason}"),
                    (false, true) => tracing::warn!(
                        "no module with heat for {base:#x}..{end:#x}: {reason}; the module that it has stays"
                    ),
                    (false, false) => tracing::warn!(
                        "no native code for {base:#x}..{end:#x}: {reason}; the interpreter runs it, and it is tried \
                         again after {wait} more cycles of it"
                    ),
                }
                Err(NotMade {
                    reason,
                    wait,
                    passing,
                })
            }
        };
        self.meter.negative(self.negative.len());
        result
    }

    fn translate(
        &self,
        entry: &Entry,
        key: &Key,
        hints: &Hints,
        heat: &Heat,
        patience: &mut Patience<'_>,
    ) -> Result<(NativeModule, Report), Failed> {
        let _running = Running::new(&self.running);
        // A panic in the compiler must not take a node down: such code stays interpreted.
        let translated = catch_unwind(AssertUnwindSafe(|| match &self.helper {
            // A fault on purpose is not for others to make.
            Some(program) if self.options.inject.is_none() => {
                self.translate_in_helper(program, entry, key, hints, heat)
            }
            _ => self.translate_here(entry, hints, heat, patience),
        }))
        .unwrap_or_else(|_| {
            let outcome = TranslationOutcome::Panicked;
            Err(Failed::new(outcome, "the translator panicked"))
        });
        let (module, report) = translated?;
        let module = Perf::map(self.perf.as_deref(), module).map_err(|error| {
            let outcome = match error.is_shortage() {
                true => TranslationOutcome::Shortage,
                false => TranslationOutcome::Unmappable,
            };
            Failed::new(outcome, error)
        })?;
        Ok((module, report))
    }

    /// By the translator in this process.
    fn translate_here(
        &self,
        entry: &Entry,
        hints: &Hints,
        heat: &Heat,
        patience: &mut Patience<'_>,
    ) -> Result<(TrustedModule, Report), Failed> {
        let options = (self.options.clone()).with_threads(self.threads());
        let options = options.with_heat(heat.clone());
        let started = Instant::now();
        let mut stop: Option<Failed> = None;
        let mut go_on = |done, all| {
            match patience {
                Patience::Attended(progress) => progress(done, all),
                Patience::Background => stop = self.reason_to_stop(started),
            }
            match &stop {
                Some(_) => ControlFlow::Break(()),
                None => ControlFlow::Continue(()),
            }
        };
        let made = (self.compiler.0)(&entry.region(), hints, &options, &mut go_on);
        match (made, stop) {
            (Ok(translation), _) => Ok((translation.module, translation.report)),
            (Err(_), Some(failed)) => Err(failed),
            (Err(error), None) => Err(Failed::new(TranslationOutcome::Refused, error)),
        }
    }

    /// Why a background translation that began then is to end now, if so.
    fn reason_to_stop(&self, started: Instant) -> Option<Failed> {
        if self.stopped.load(Ordering::SeqCst) {
            let outcome = TranslationOutcome::Stopped;
            return Some(Failed::new(outcome, "the engine is gone"));
        }
        let budget = self.budgets.translation;
        (started.elapsed() > budget).then(|| {
            let reason = format!("it takes longer than {} s", budget.as_secs_f64());
            Failed::new(TranslationOutcome::OverBudget, reason)
        })
    }

    /// Threads for one translation: where guests wait for it, it has the processors; otherwise
    /// translations that run at once share the number of workers.
    fn threads(&self) -> usize {
        match self.translate {
            Translate::Now => processors(),
            Translate::Background | Translate::Never => {
                self.budgets.workers / self.running.load(Ordering::SeqCst).max(1)
            }
        }
    }

    /// By a helper process.
    #[cfg(unix)]
    fn translate_in_helper(
        &self,
        program: &Path,
        entry: &Entry,
        key: &Key,
        hints: &Hints,
        heat: &Heat,
    ) -> Result<(TrustedModule, Report), Failed> {
        let helper = Helper {
            program: program.to_owned(),
            memory: self.budgets.helper_memory,
            time: self.budgets.translation,
        };
        let wanted = || !self.stopped.load(Ordering::SeqCst);
        let module = helper.translate(key, &entry.region(), hints, heat, &wanted);
        let module = module.map_err(|error| {
            self.meter.helper(error.outcome);
            Failed {
                passing: error.passing || error.outcome == HelperOutcome::Stopped,
                ..Failed::new(TranslationOutcome::Helper, error)
            }
        })?;
        self.meter.helper(HelperOutcome::Made);
        let report = Report::of_module(&module);
        Ok((module, report))
    }

    /// There are no helper processes on this system.
    #[cfg(not(unix))]
    fn translate_in_helper(
        &self,
        _: &Path,
        _: &Entry,
        _: &Key,
        _: &Hints,
        _: &Heat,
    ) -> Result<(TrustedModule, Report), Failed> {
        self.meter.helper(HelperOutcome::NotStarted);
        let outcome = TranslationOutcome::Helper;
        Err(Failed::new(outcome, "helper processes need Unix"))
    }
}

/// Counts a translation for as long as it runs.
struct Running<'a>(&'a AtomicUsize);

impl Running<'_> {
    fn new(count: &AtomicUsize) -> Running<'_> {
        count.fetch_add(1, Ordering::SeqCst);
        Running(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
