//! The engine: what a host holds, and what the run loop asks.
//!
//! It joins the provider of modules, the work in the background, shadow checking and what was found,
//! and gives an operator the switches. Everything works at run time, from any thread, without a
//! restart: machines that run see a change at their next entry to native code, and within one slice (5
//! million cycles) where they are inside.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_cache::Cache;
use lockstep_contract::key::{Key, KeyId};
use lockstep_contract::module::TrustedModule;
use lockstep_runtime::{
    CodeSource, CostTable, Divergence, Environment, Interval, MapError, Mismatch, NativeModule,
    Observer, Request, ShadowPlan, SharedRegion,
};
use lockstep_translator::{CodeRegion, Hints};

use super::background::{Background, Backlog};
use super::entry::State;
use super::findings::{Findings, Found};
use super::hot_list;
use super::meter::Stats;
use super::mode::{Mode, Translate, WhenDiverged};
use super::module_builder::Patience;
use super::prepared::{Prepared, Unavailable};
use super::provider::{Provider, ProviderSettings};
use super::shadow::Shadow;
use super::share::{Confirm, Share};
use super::warm::{Warming, WarmingObserver};
use crate::bundle::Evidence;
use crate::perf::Symbols;

/// Finds, loads and makes native modules, for all machines that share it. Dropping it ends its
/// threads; machines that still have modules of it keep them.
///
/// ```
/// use lockstep::engine::Mode;
/// use lockstep::{Engine, Limits, Platform, Program};
///
/// let elf = std::fs::read("guests/elf/fib.elf")?;
/// let program = Program::load(&elf, &Platform::default())?;
/// let engine = Engine::builder().mode(Mode::Interp).no_cache().build();
/// let run = engine.run(&program, Limits::default())?;
/// assert_eq!((run.exit_code(), run.native_cycles()), (Some(0), 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Engine {
    mode: Mode,
    provider: Arc<Provider>,
    background: Background,
    findings: Arc<Findings>,
    shadow: Shadow,
    checks: Option<Checks>,
    symbols: Arc<Symbols>,
}

/// What the mode `check` takes beside an engine.
#[derive(Debug)]
pub(super) struct Checks {
    /// The engine of modules that leave after every block. It differs in its options alone, so that
    /// its modules are found, translated and cached as all others are; their keys keep the two apart.
    pub(super) blocks: Box<Engine>,
    /// What becomes of the guest where a difference is found.
    pub(super) when_diverged: WhenDiverged,
}

/// Everything that an engine is made from.
#[derive(Debug)]
pub(super) struct EngineSettings {
    pub(super) mode: Mode,
    pub(super) provider: ProviderSettings,
    pub(super) share: Share,
    pub(super) confirm: Confirm,
    pub(super) bundles: Option<PathBuf>,
    pub(super) evidence: Evidence,
    pub(super) observer: Option<WarmingObserver>,
    pub(super) checks: Option<Checks>,
    /// Where profilers are told the names of functions from.
    pub(super) symbols: Arc<Symbols>,
}

impl Engine {
    pub(super) fn new(settings: EngineSettings) -> Engine {
        let provider = Arc::new(Provider::new(settings.provider.clone()));
        provider.meter.enabled(true);
        let findings = Arc::new(Findings::new(
            Arc::clone(&provider),
            settings.bundles,
            settings.evidence,
        ));
        Engine {
            mode: settings.mode,
            background: Background::new(Arc::clone(&provider), settings.observer),
            shadow: Shadow::new(
                settings.share,
                settings.confirm,
                Arc::clone(&provider),
                settings.provider,
                Arc::clone(&findings),
            ),
            findings,
            provider,
            checks: settings.checks,
            symbols: settings.symbols,
        }
    }

    /// Makes ready what a warm list names.
    pub(super) fn read_warm_list(&self, list: &Path) {
        if self.mode != Mode::Interp {
            self.background.read_warm_list(list);
        }
    }

    /// Which arm of the run loop is wanted.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// When code without a module is translated.
    #[must_use]
    pub fn translate(&self) -> Translate {
        self.provider.translate
    }

    /// What the run loop gets to run guests with this engine: its native code, unless the interpreter is to run
    /// alone, and its shadow checking.
    #[must_use]
    pub fn environment<'a>(&'a self, cost: &'a CostTable) -> Environment<'a> {
        let environment = Environment::new(cost);
        match self.code_source() {
            Some(code) => environment.with_code(code).with_observer(self),
            None => environment,
        }
    }

    /// The engine as a source of native code: `None` where the interpreter is to run alone.
    #[must_use]
    pub fn code_source(&self) -> Option<&dyn CodeSource> {
        match self.mode {
            Mode::Auto | Mode::Native | Mode::Check => Some(self),
            Mode::Interp => None,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.provider.meter.stats()
    }

    /// The module cache, if there is one that can be used. What is wrong with one that cannot is
    /// said once, as a warning.
    pub fn cache(&self) -> Option<&Cache> {
        self.provider.store.cache()
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
        let entry = self.provider.store.registry.entry(region);
        let missing = |state: &State| matches!(state, State::Missing(_));
        let mut patience = Patience::Attended(progress);
        self.provider.prepare(&entry, missing, hints, &mut patience)
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
        let store = &self.provider.store;
        store.show(&store.registry.entry(region), module).map(drop)
    }

    /// Maps a module for [`adopt`](Self::adopt), as this engine maps its own: where profilers look for names, if they are
    /// told names ([`EngineBuilder::profile`](super::EngineBuilder::profile)).
    ///
    /// # Errors
    /// As [`NativeModule::map`].
    pub fn map(&self, module: TrustedModule) -> Result<NativeModule, MapError> {
        self.provider.store.map(module)
    }

    /// Hands over an ELF that this engine is about to run, so that profilers are told the names that are in it. Nothing
    /// else depends on it.
    pub fn add_symbols(&self, elf: &[u8]) {
        self.symbols.add(elf);
    }

    /// What its threads have to do at the moment.
    #[must_use]
    pub fn backlog(&self) -> Backlog {
        self.background.backlog()
    }

    /// Whether shadow checking has nothing left to do.
    #[must_use]
    pub fn shadow_is_idle(&self) -> bool {
        self.shadow.is_idle()
    }

    /// How far the warm list is.
    #[must_use]
    pub fn warming(&self) -> Warming {
        self.background.warming()
    }

    /// Writes the hot list to a file, whole or not at all: what this process ran, most cycles first, in
    /// the form of a warm list. How many lines it has.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_hot(&self, path: &Path) -> io::Result<usize> {
        let Provider { store, builder, .. } = &*self.provider;
        hot_list::write(&store.registry, &builder.options, path)
    }
}

/// The switches.
impl Engine {
    /// The kill switch: from now on no machine enters native code, and those inside leave within a
    /// slice. Modules stay loaded. Whether native code was on.
    pub fn disable(&self) -> bool {
        let was = self.switch_all(false);
        if was {
            tracing::warn!("native code is switched off: everything is interpreted");
        }
        was
    }

    /// Takes back [`Engine::disable`]. Whether native code was on.
    pub fn enable(&self) -> bool {
        let was = self.switch_all(true);
        if !was {
            tracing::warn!("native code is switched on again");
        }
        was
    }

    fn switch_all(&self, enabled: bool) -> bool {
        let was = self.provider.store.switches.enable(enabled);
        self.provider.meter.enabled(enabled);
        was
    }

    /// Whether native code may run.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.provider.store.switches.enabled()
    }

    /// The kill switch of one script, named by the id of its module or, for all versions, costs and
    /// sizes of memory at once, by the BLAKE3 digest of its code region (its executable pages). It need not
    /// be loaded yet. Whether that was a change.
    pub fn disable_script(&self, id: &KeyId) -> bool {
        let changed = self.provider.store.switch_script(id, false);
        if changed {
            tracing::warn!(script = %id, "native code is switched off for a script");
        }
        changed
    }

    /// Takes back [`Engine::disable_script`] with the same id. Whether that was a change.
    pub fn enable_script(&self, id: &KeyId) -> bool {
        let changed = self.provider.store.switch_script(id, true);
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
    /// A module that was made with heat takes all others of its code with it, whatever heat they were made with and
    /// without: they have most of their blocks in common, and the id without heat is put on the list too.
    ///
    /// A module of another translator has another id: an upgrade that mends the mistake ends the
    /// quarantine.
    pub fn quarantine(&self, id: &KeyId, reason: &str) -> bool {
        self.provider.store.quarantine(id, reason)
    }

    /// What is quarantined, and why, by id.
    #[must_use]
    pub fn quarantined(&self) -> Vec<(KeyId, String)> {
        self.provider.store.switches.quarantined()
    }

    /// Forgets the code regions that an id names, as [`Engine::disable_script`] has it: machines that have
    /// one ask anew at their next entry, and then it is loaded or made again. The cache keeps its
    /// file. How many code regions that were.
    pub fn evict(&self, id: &KeyId) -> usize {
        self.provider.store.evict(|entry| entry.is_named(id))
    }

    /// Forgets all code regions. How many there were.
    pub fn evict_all(&self) -> usize {
        self.provider.store.evict(|_| true)
    }

    /// The ids of all modules that are loaded now, sorted; those too that a switch keeps from running.
    #[must_use]
    pub fn modules(&self) -> Vec<KeyId> {
        self.provider.store.modules()
    }
}

/// Differences between native code and interpreter.
impl Engine {
    /// The engine of the modules that leave after every block, in the mode `check`.
    #[must_use]
    pub fn blocks(&self) -> Option<&Engine> {
        self.checks.as_ref().map(|checks| &*checks.blocks)
    }

    /// The differences that were found so far, the first [`BUNDLES_PER_FOLDER`](crate::bundle::BUNDLES_PER_FOLDER) of them.
    #[must_use]
    pub fn divergences(&self) -> Vec<Found> {
        self.findings.found()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // Its queues end their threads as they are dropped; this ends what a thread has in hand.
        self.provider.builder.stop();
    }
}

impl CodeSource for Engine {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        self.code_source()?;
        match self.translate() {
            Translate::Background => Some(self.background.find(request)),
            Translate::Now | Translate::Never => self.provider.find(request),
        }
    }

    fn enabled(&self) -> bool {
        self.provider.store.switches.enabled()
    }

    fn hot(&self, request: &Request<'_>, region: &Arc<SharedRegion>) {
        match self.translate() {
            Translate::Background => self.background.hot(request, region),
            Translate::Now | Translate::Never => self.provider.hot(request, region),
        }
    }

    fn every_block(&self) -> Option<&dyn CodeSource> {
        self.blocks().map(|blocks| blocks as &dyn CodeSource)
    }
}

impl Observer for Engine {
    fn shadow_plan(&self) -> ShadowPlan {
        self.shadow.plan()
    }

    fn repeat(&self, interval: Interval) {
        self.shadow.repeat(interval);
    }

    fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        self.shadow.mismatch(interval, mismatch);
    }

    /// A difference that the mode `check` found. Whether the guest goes on.
    fn diverged(&self, divergence: &Divergence) -> bool {
        let stops =
            (self.checks.as_ref()).is_none_or(|checks| checks.when_diverged == WhenDiverged::Stop);
        let by_block = self.blocks();
        let by_block = by_block.map(|blocks| &blocks.provider.builder.options);
        self.findings.record(divergence, by_block);
        self.provider.meter.mismatch();
        if !stops && let Some(module) = &divergence.module {
            // In another process, or after a restart, it would not be checked.
            let key = Key {
                translator: self.provider.builder.options.translator(),
                ..module.key().clone()
            };
            (self.provider.store).quarantine_key(&key, &divergence.difference);
        }
        !stops
    }
}
