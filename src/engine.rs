//! Which engine runs a piece of code, and where its native module comes from.
//!
//! An [`Engine`] is what the run loop asks when pages become executable (it is the runtime's
//! [`Library`]): from the registry of this process, else from the module cache, else by translating.
//! One translation a text is in flight at a time, all others wait for it; a text whose translation
//! failed is not tried again while it is remembered. Whatever goes wrong here means that the
//! interpreter runs the code: never an error, always a reason in the log.
//!
//! One engine, [`Engine::global`], serves all machines of a process that are not given another. It
//! takes its settings from the environment.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use lockstep_contract::key::KeyId;
use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
use lockstep_runtime::cache::{Cache, CacheError};
use lockstep_runtime::{Divergence, KnownText, Library, Memory, NativeModule, Request};
use lockstep_translator::{Cpu, Hints, Options, Report, Text};

mod check;
mod control;
mod entry;
mod obtain;
mod registry;
mod settings;
mod switches;
#[cfg(test)]
mod tests;

pub use check::Found;
use entry::{Claim, Entry, State};
use registry::Registry;
pub use settings::{EngineBuilder, InvalidSetting, Mode, Translate};
use switches::Switches;

/// Finds, loads and makes native modules, for all machines that share it.
#[derive(Debug)]
pub struct Engine {
    mode: Mode,
    translate: Translate,
    options: Options,
    cache: CacheState,
    registry: Registry,
    switches: Switches,
    stats: Mutex<Stats>,
    checks: check::Checks,
}

/// The module cache, opened when it is first needed.
#[derive(Debug)]
struct CacheState {
    /// `None`: no cache is wanted. The error: no folder is known.
    folder: Option<Result<PathBuf, CacheError>>,
    opened: OnceLock<Option<Cache>>,
}

/// What an engine did so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Requests answered from the registry of the process.
    pub registry_hits: u64,
    /// Modules taken from the cache.
    pub cache_hits: u64,
    /// Look-ups in the cache without a usable entry, by reason: `absent`, `unreadable`, `untrusted`,
    /// `damaged`, `foreign`, `unmappable`.
    pub cache_misses: BTreeMap<&'static str, u64>,
    /// Modules made.
    pub translations: u64,
    /// Keys for which no module could be made.
    pub failures: u64,
    /// Seconds spent in translation, the failed ones included.
    pub translate_seconds: f64,
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
        self.mode
    }

    /// The engine as the run loop takes it: `None` where the interpreter runs alone.
    #[must_use]
    pub fn library(&self) -> Option<&dyn Library> {
        match self.mode {
            Mode::Auto | Mode::Native | Mode::Check => Some(self),
            Mode::Interp => None,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        lock(&self.stats).clone()
    }

    /// The module cache, if there is one that can be used. What is wrong with one that cannot is
    /// said once, as a warning.
    pub fn cache(&self) -> Option<&Cache> {
        let open = |folder: &Result<PathBuf, CacheError>| match folder {
            Ok(folder) => Cache::open(folder)
                .inspect_err(|error| tracing::warn!("{error}; going on without a cache"))
                .ok(),
            Err(error) => {
                tracing::warn!("{error}; going on without a cache");
                None
            }
        };
        let opened = &self.cache.opened;
        opened
            .get_or_init(|| self.cache.folder.as_ref().and_then(open))
            .as_ref()
    }

    /// The module for some code: loaded, from the cache, or made now.
    ///
    /// `hints` is asked only when there is something to translate; `progress` is told units done and
    /// units in all.
    ///
    /// # Errors
    /// The reason why the interpreter has to run it.
    pub fn prepare(
        &self,
        text: &Text<'_>,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Prepared, Unavailable> {
        self.settle(&self.registry.entry(text), hints, progress)
    }

    /// The same, for a text that is registered.
    fn settle(
        &self,
        entry: &Entry,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Prepared, Unavailable> {
        match entry.claim() {
            Claim::Settled(Ok(module)) => {
                if self.switches.is_off(entry, &module) {
                    return Err(switches::switched_off());
                }
                lock(&self.stats).registry_hits += 1;
                let origin = Origin::Registry;
                Ok(Prepared { module, origin })
            }
            Claim::Settled(Err(reason)) => Err(reason),
            Claim::Yours(_work) => match self.obtain(entry, hints, progress) {
                Ok((module, origin)) => {
                    let module = self.switches.show(entry, module)?;
                    Ok(Prepared { module, origin })
                }
                Err(reason) => {
                    entry.settle(State::Lacks(reason.clone()));
                    Err(reason)
                }
            },
        }
    }

    /// Puts a module that was loaded by other means where look-ups find it: `text` is the code that
    /// it was made from, which the caller has compared with the module's key.
    ///
    /// # Errors
    /// When a switch or the quarantine keeps it from running.
    pub fn adopt(&self, text: &Text<'_>, module: Arc<NativeModule>) -> Result<(), Unavailable> {
        let entry = self.registry.entry(text);
        self.switches.show(&entry, module).map(|_| ())
    }
}

impl Library for Engine {
    fn find(&self, request: &Request<'_>) -> Option<Arc<KnownText>> {
        self.library()?;
        let text = Text {
            profile: request.profile,
            cost: request.cost,
            memory_size: request.memory_size as u64,
            base: request.base,
            bytes: request.text,
        };
        let mut hints = || hints_in_memory(&text, request.memory, request.pc);
        let entry = self.registry.entry(&text);
        // Why there is none was said; there may be some later.
        let _ = self.settle(&entry, &mut hints, &mut |_, _| {});
        Some(Arc::clone(&entry.known))
    }

    fn enabled(&self) -> bool {
        self.switches.enabled()
    }

    fn checks(&self) -> Option<&dyn Library> {
        self.blocks().map(|blocks| blocks as &dyn Library)
    }

    fn diverged(&self, divergence: &Divergence) -> bool {
        self.record(divergence);
        !self.checks.stops
    }
}

/// What is known when only a machine's memory is: where it stands, and the pointers in its data.
fn hints_in_memory(text: &Text<'_>, memory: &Memory, pc: u64) -> Hints {
    let mut hints = Hints::new(text, pc);
    let bytes = memory.as_bytes();
    // The top quarter is the stack: what lies there differs from run to run.
    let pages = memory.pages() - memory.pages() / 4;
    let flags = &memory.flags()[..pages];
    // Pages without a flag were never written and are zero.
    for run in runs(flags, |flag| flag != 0 && flag & EXECUTABLE == 0) {
        let (start, end) = (run.start * PAGE_SIZE, run.end * PAGE_SIZE);
        if let Some(data) = bytes.get(start..end) {
            hints.scan(start as u64, data);
        }
    }
    hints
}

/// The regions of a memory that native code can be made for: maximal runs of pages that are both
/// executable and frozen, as ranges of addresses.
#[must_use]
pub fn regions(memory: &Memory) -> Vec<core::ops::Range<usize>> {
    let fixed = EXECUTABLE | FREEZED;
    runs(memory.flags(), |flag| flag & fixed == fixed)
        .into_iter()
        .map(|run| run.start * PAGE_SIZE..run.end * PAGE_SIZE)
        .collect()
}

/// Maximal runs of pages with a property.
fn runs(flags: &[u8], wanted: impl Fn(u8) -> bool) -> Vec<core::ops::Range<usize>> {
    let mut runs: Vec<core::ops::Range<usize>> = Vec::new();
    for (page, _) in flags.iter().enumerate().filter(|(_, flag)| wanted(**flag)) {
        match runs.last_mut() {
            Some(run) if run.end == page => run.end = page + 1,
            _ => runs.push(page..page + 1),
        }
    }
    runs
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

/// The id of the module that this host uses for a text.
///
/// # Errors
/// When no module can be made for it.
pub fn key_id(text: &Text<'_>) -> Result<KeyId, Unavailable> {
    let key = lockstep_translator::key(text, &host_options()).map_err(Unavailable::new)?;
    Ok(key.id())
}
