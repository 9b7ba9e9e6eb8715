//! Which engine runs a piece of code, and where its native module comes from.
//!
//! An [`Engine`] is what the run loop asks when pages become executable (it is the runtime's
//! [`Library`]): from the registry of this process, else from the module cache, else by translating.
//! One translation a code region is in flight at a time. In a node it is in flight in the background: code
//! without a module is interpreted and counted, and past a threshold of cycles it is queued for threads
//! of low priority; nothing is compiled on a thread that verifies. Whatever goes wrong here means that
//! the interpreter runs the code: never an error, always a reason in the log.
//!
//! One engine, [`Engine::global`], serves all machines of a process that are not given another. It
//! takes its settings from the environment.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lockstep_cache::Cache;
use lockstep_contract::key::KeyId;
use lockstep_runtime::{
    Divergence, Interval, Library, Mismatch, NativeModule, Request, SharedRegion, Watch,
};
use lockstep_translator::{CodeRegion, Cpu, Hints, Options, Report};

mod background;
mod bucket;
mod check;
mod control;
mod entry;
#[cfg(unix)]
mod helper;
mod hints;
mod hot;

pub mod meter;
mod mode;
mod negative;
mod obtain;
mod pool;
mod registry;
mod settings;
mod shadow;
mod shared;
mod switches;
#[cfg(test)]
mod tests;
mod warm;

pub use check::Found;
use entry::State;
pub use hints::{hints_in_memory, regions};
pub use meter::Stats;
pub use mode::{InvalidSetting, Mode, Translate};
pub use pool::Backlog;
pub use settings::EngineBuilder;
pub use shadow::{Confirm, Share};
use shared::Shared;
pub use warm::Warming;

/// Finds, loads and makes native modules, for all machines that share it. Dropping it ends its
/// threads; machines that still have modules of it keep them.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    checks: Option<check::Checks>,
}

/// A module that is ready to run, and where it came from.
#[derive(Debug)]
pub struct Prepared {
    /// The module.
    pub module: Arc<NativeModule>,
    /// Its source.
    pub origin: Origin,
}

/// Where a module came from.
#[derive(Debug)]
pub enum Origin {
    /// It was already loaded in this process.
    Registry,
    /// The module cache.
    Cache,
    /// It was made now.
    Translated {
        /// Time it took.
        seconds: f64,
        /// What was translated and what not.
        report: Report,
    },
}

/// Why there is no module for some code. Shared between all who ask for it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub Arc<str>);

impl Unavailable {
    fn new(reason: impl ToString) -> Unavailable {
        Unavailable(reason.to_string().into())
    }
}

impl Engine {
    /// Starts to describe an engine. Without further calls it is the one of the environment.
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The engine of this process, made on first use.
    pub fn global() -> &'static Arc<Engine> {
        static GLOBAL: OnceLock<Arc<Engine>> = OnceLock::new();
        GLOBAL.get_or_init(|| Arc::new(Engine::builder().build()))
    }

    /// Which arm of the run loop is wanted.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.shared.mode
    }

    /// When code without a module is translated.
    #[must_use]
    pub fn translate(&self) -> Translate {
        self.shared.translate
    }

    /// The engine as the run loop takes it: `None` where the interpreter runs alone.
    #[must_use]
    pub fn library(&self) -> Option<&dyn Library> {
        match self.mode() {
            Mode::Auto | Mode::Native | Mode::Check => Some(self),
            Mode::Interp => None,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.meter.stats()
    }

    /// The module cache, if there is one that can be used. What is wrong with one that cannot is
    /// said once, as a warning.
    pub fn cache(&self) -> Option<&Cache> {
        self.shared.cache()
    }

    /// The module for some code: loaded, from the cache, or made now, by this thread, whatever the
    /// setting; with [`Translate::Never`] it is not made.
    ///
    /// `hints` is asked only when there is something to translate; `progress` is told units done and
    /// units in all.
    ///
    /// # Errors
    /// The reason why the interpreter has to run it.
    pub fn prepare(
        &self,
        region: &CodeRegion<'_>,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Prepared, Unavailable> {
        let entry = self.shared.registry.entry(region);
        let missing = |state: &State| matches!(state, State::Missing(_));
        let mut progress = |done, all| {
            progress(done, all);
            Ok(())
        };
        self.shared.settle(&entry, missing, hints, &mut progress)
    }

    /// Puts a module that was loaded by other means where look-ups find it: `region` is the code that
    /// it was made from, which the caller has compared with the module's key.
    ///
    /// # Errors
    /// When a switch or the quarantine keeps it from running.
    pub fn adopt(
        &self,
        region: &CodeRegion<'_>,
        module: Arc<NativeModule>,
    ) -> Result<(), Unavailable> {
        let entry = self.shared.registry.entry(region);
        let shown = self.shared.switches.show(&entry, module);
        self.shared.meter.resident(&self.shared.registry);
        shown.map(|_| ())
    }

    /// What its threads have to do at the moment.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.shared.pool.backlog()
    }

    /// Whether shadow checking has nothing left to do.
    #[must_use]
    pub fn shadow_is_idle(&self) -> bool {
        self.shared.shadow.is_idle()
    }

    /// How far the warm list is.
    #[must_use]
    pub fn warming(&self) -> Warming {
        self.shared.preloaded.warming()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.pool.stop();
        self.shared.shadow.stop();
    }
}

impl Library for Engine {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        self.library()?;
        Some(self.shared.find(request))
    }

    fn enabled(&self) -> bool {
        self.shared.switches.enabled()
    }

    fn hot(&self, request: &Request<'_>, region: &Arc<SharedRegion>) {
        self.shared.hot(request, region);
    }

    fn watch(&self) -> Watch {
        self.shared.shadow.watch(&self.shared.meter)
    }

    fn repeat(&self, interval: Interval) {
        self.shared.repeat(interval);
    }

    fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        self.shared.mismatch(interval, mismatch);
    }

    fn checks(&self) -> Option<&dyn Library> {
        self.blocks().map(|blocks| blocks as &dyn Library)
    }

    fn diverged(&self, divergence: &Divergence) -> bool {
        self.found(divergence)
    }
}

/// Threads that a translation may have which somebody waits for: the processors, at most 8.
#[must_use]
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, |number| number.get().min(8))
}

/// How modules that are to run here are made.
fn host_options() -> Options {
    Options {
        target: None,
        cpu: Cpu::Baseline,
        // Compiled-in checks of the compiler are for tests.
        verify: cfg!(debug_assertions),
        emit: false,
        ..Options::default()
    }
}

/// What the locks guard is whole at every moment, so a panic elsewhere spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The id of the module that this host uses for a code region.
///
/// # Errors
/// When no module can be made for it.
pub fn key_id(region: &CodeRegion<'_>) -> Result<KeyId, Unavailable> {
    let key = lockstep_translator::key(region, &host_options()).map_err(Unavailable::new)?;
    Ok(key.id())
}
