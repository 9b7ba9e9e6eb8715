//! How an engine is set: by the builder's methods, else by defaults. What the environment says gets in
//! through [`EngineBuilder::from_env`] alone.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lockstep_cache::{Budget, Cache, Locations};
use lockstep_translator::{
    CodeRegion, Entries, Hints, Injection, Options, TranslateError, Translation,
};

use super::budgets::Budgets;
use super::front::{Checks, Engine, EngineSettings};
use super::host::host_options;
use super::mode::{Mode, Translate, WhenDiverged};
use super::module_builder::{BuildSettings, Compiler};
use super::provider::ProviderSettings;
use super::share::{Confirm, Share};
use super::store::CacheSettings;
use super::warm::{Warming, WarmingObserver};
use crate::bundle::Evidence;
use crate::perf::{Perf, Profiling, Symbols};

impl Engine {
    /// Starts to describe an engine. It has the defaults that the methods of [`EngineBuilder`] name; no
    /// `LOCKSTEP_` variable is read ([`EngineBuilder::from_env`] does that).
    #[must_use]
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }
}

/// Settings of an engine. What is not set has the default that its method names.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::{Mode, Translate};
///
/// let engine = Engine::builder()
///     .mode(Mode::Native)
///     .translate(Translate::Now)
///     .no_cache()
///     .build();
/// assert_eq!(engine.mode(), Mode::Native);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    pub(super) mode: Option<Mode>,
    pub(super) translate: Option<Translate>,
    cache: CacheFolder,
    pub(super) keys: Locations,
    pub(super) cache_budget: Budget,
    warm: Option<PathBuf>,
    helper: Option<PathBuf>,
    observer: Option<WarmingObserver>,
    budgets: Budgets,
    compiler: Compiler,
    bundles: Option<PathBuf>,
    evidence: Evidence,
    when_diverged: WhenDiverged,
    inject: Option<Injection>,
    pub(super) share: Option<Share>,
    pub(super) confirm: Option<Confirm>,
    pub(super) profiling: Option<Profiling>,
    symbols: Option<PathBuf>,
}

/// Where the module cache is.
#[derive(Clone, Debug, Default)]
enum CacheFolder {
    /// In the user's cache folder.
    #[default]
    Default,
    Path(PathBuf),
    None,
}

impl EngineBuilder {
    /// Which engine runs: `LOCKSTEP_ENGINE`. Default: `auto`.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> EngineBuilder {
        self.mode = Some(mode);
        self
    }

    /// When code that has no module is translated: `LOCKSTEP_TRANSLATE`. Default: `background`.
    #[must_use]
    pub fn translate(mut self, translate: Translate) -> EngineBuilder {
        self.translate = Some(translate);
        self
    }

    /// The folder of the module cache: `LOCKSTEP_CACHE_DIR`. Default: `lockstep/` in the user's cache
    /// folder. That is `XDG_CACHE_HOME`, else `.cache` in `HOME`; where neither is set there is no
    /// cache.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> EngineBuilder {
        self.cache = CacheFolder::Path(folder.into());
        self
    }

    /// No module cache: what is translated lives as long as the process.
    #[must_use]
    pub fn no_cache(mut self) -> EngineBuilder {
        self.cache = CacheFolder::None;
        self
    }

    /// The file with the key of this machine, which authenticates the modules of its cache; it is made
    /// if it is missing: `LOCKSTEP_KEY_FILE`. Default: `lockstep/module.key` in the user's configuration
    /// folder. That is `XDG_CONFIG_HOME`, else `.config` in `HOME`.
    #[must_use]
    pub fn key_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.key = Some(file.into());
        self
    }

    /// The file that lists the public keys whose signatures of modules count: `LOCKSTEP_TRUST_FILE`.
    /// Default: `lockstep/trusted` in the user's configuration folder.
    #[must_use]
    pub fn trust_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.trusted = Some(file.into());
        self
    }

    /// The file that lists translators and compilers whose modules are refused, beside those that
    /// this build knows: `LOCKSTEP_DENY_FILE`. Default: `lockstep/deny` in the user's configuration
    /// folder.
    #[must_use]
    pub fn deny_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.deny = Some(file.into());
        self
    }

    /// Bytes that the module cache may hold: `LOCKSTEP_CACHE_BYTES`. Default: 1 GiB, or a twentieth of
    /// the disk's free space if that is less.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> EngineBuilder {
        self.cache_budget.bytes = Some(bytes);
        self
    }

    /// Modules that the cache may hold: `LOCKSTEP_CACHE_ENTRIES`. Default: 10 000.
    #[must_use]
    pub fn cache_entries(mut self, entries: u64) -> EngineBuilder {
        self.cache_budget.entries = Some(entries);
        self
    }

    /// The warm list: a file of programs and modules that are made ready before anybody runs them:
    /// `LOCKSTEP_WARM`. `docs/node.md` describes the file. Default: no list.
    #[must_use]
    pub fn warm(mut self, list: impl Into<PathBuf>) -> EngineBuilder {
        self.warm = Some(list.into());
        self
    }

    /// No warm list.
    #[must_use]
    pub fn no_warm(mut self) -> EngineBuilder {
        self.warm = None;
        self
    }

    /// A function that a worker thread tells after each line of the warm list how far it is.
    /// Default: nobody is told.
    #[must_use]
    pub fn warm_progress(
        mut self,
        progress: impl Fn(Warming) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.observer = Some(WarmingObserver(Arc::new(progress)));
        self
    }

    /// Interpreted cycles of a code region past which it is translated in the background. Default:
    /// 10 million cycles. That is some 15 milliseconds.
    #[must_use]
    pub fn threshold(mut self, cycles: u64) -> EngineBuilder {
        self.budgets.threshold = cycles;
        self
    }

    /// Threads that translate in the background, at least one. Default: a quarter of the processors,
    /// from 1 to 4.
    #[must_use]
    pub fn workers(mut self, threads: usize) -> EngineBuilder {
        self.budgets.workers = threads.max(1);
        self
    }

    /// Code regions that may wait for translation, at least one. Each keeps its bytes and up to 256 KiB
    /// of a guest's data. Default: 64 code regions.
    #[must_use]
    pub fn queue(mut self, regions: usize) -> EngineBuilder {
        self.budgets.queue = regions.max(1);
        self
    }

    /// Translates in processes of their own: `LOCKSTEP_HELPER`. `program` is `translate`, the command of
    /// this package, or behaves as its `helper` does. What goes wrong there costs the process; the code
    /// in question stays interpreted. `docs/node.md` says what such a process can still do.
    /// Default: no helper process.
    #[must_use]
    pub fn helper(mut self, program: impl Into<PathBuf>) -> EngineBuilder {
        self.helper = Some(program.into());
        self
    }

    /// Translates in this process.
    #[must_use]
    pub fn no_helper(mut self) -> EngineBuilder {
        self.helper = None;
        self
    }

    /// Bytes of memory that a helper process may use. Default: 1 GiB.
    #[must_use]
    pub fn helper_memory(mut self, bytes: u64) -> EngineBuilder {
        self.budgets.helper_memory = bytes;
        self
    }

    /// How long one translation in the background may take. It is looked at between two compiled
    /// functions; a helper process is killed. Default: 60 seconds.
    #[must_use]
    pub fn translation_time(mut self, time: Duration) -> EngineBuilder {
        self.budgets.translation = time;
        self
    }

    /// Bytes of code regions and modules that are kept when no machine has them. Default: 512 MiB.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> EngineBuilder {
        self.budgets.memory = bytes;
        self
    }

    /// The folder of divergence bundles. Default: `divergences` in the folder of the cache.
    #[must_use]
    pub fn bundles(mut self, folder: impl Into<PathBuf>) -> EngineBuilder {
        self.bundles = Some(folder.into());
        self
    }

    /// What every bundle is to hold beside the divergence. Default: nothing.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> EngineBuilder {
        self.evidence = evidence;
        self
    }

    /// What becomes of a guest when the mode `check` finds a difference.
    /// Default: `WhenDiverged::Interpret`.
    #[must_use]
    pub fn when_diverged(mut self, then: WhenDiverged) -> EngineBuilder {
        self.when_diverged = then;
        self
    }

    /// Shadow checking: the share of all intervals of native code that is repeated on the interpreter,
    /// on a thread of its own: `LOCKSTEP_SHADOW`. Default: 0.001.
    #[must_use]
    pub fn shadow(mut self, share: Share) -> EngineBuilder {
        self.share = Some(share);
        self
    }

    /// What is repeated before the host hears of it: `LOCKSTEP_CONFIRM`. Default: `nothing`.
    #[must_use]
    pub fn confirm(mut self, confirm: Confirm) -> EngineBuilder {
        self.confirm = Some(confirm);
        self
    }

    /// Writes a file that tells profilers of the system the names of native code: `LOCKSTEP_PROFILE`.
    /// `docs/profiling.md` says how `perf` reads it. Default: no file.
    #[must_use]
    pub fn profile(mut self, profiling: Profiling) -> EngineBuilder {
        self.profiling = Some(profiling);
        self
    }

    /// An ELF with symbols, or a folder of such, from which profilers are told the names of functions of stripped
    /// scripts that have the same code: `LOCKSTEP_SYMBOLS`. Default: none.
    #[must_use]
    pub fn symbols(mut self, path: impl Into<PathBuf>) -> EngineBuilder {
        self.symbols = Some(path.into());
        self
    }

    /// Puts a fault into the native code of one block, for tests of what finds it.
    #[doc(hidden)]
    #[must_use]
    pub fn inject(mut self, injection: Injection) -> EngineBuilder {
        self.inject = Some(injection);
        self
    }

    /// Puts a function in the place of the translator: for tests of compilers that hang, fail or
    /// mistranslate. Where its last argument, which is told how far it is, says `Break`, it is to end
    /// with an error.
    #[doc(hidden)]
    #[must_use]
    pub fn compiler(
        mut self,
        compiler: impl Fn(
            &CodeRegion<'_>,
            &Hints,
            &Options,
            &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
        ) -> Result<Translation, TranslateError>
        + Send
        + Sync
        + 'static,
    ) -> EngineBuilder {
        self.compiler = Compiler(Arc::new(compiler));
        self
    }

    /// The engine. No variable of the environment is read here but those that say where a user's folders
    /// are.
    #[must_use]
    pub fn build(self) -> Engine {
        let mode = self.mode.unwrap_or_default();
        let translate = self.translate.unwrap_or_default();
        // What is to be compared has to be there first.
        let translate = match (mode, translate) {
            (Mode::Check, Translate::Background) => Translate::Now,
            _ => translate,
        };
        let options = host_options().with_injection(self.inject);
        let every_block = (options.clone()).with_entries(Entries::EveryBlock);
        let symbols = Arc::new(Symbols::new(self.symbols.clone()));
        let blocks = (mode == Mode::Check).then(|| {
            // Its intervals are not repeated: what runs there is compared as it is.
            Engine::new(EngineSettings {
                share: Share::NONE,
                confirm: Confirm::Nothing,
                ..self.settings(Mode::Native, translate, every_block, &symbols)
            })
        });
        let engine = Engine::new(EngineSettings {
            checks: blocks.map(|blocks| Checks {
                blocks: Box::new(blocks),
                when_diverged: self.when_diverged,
            }),
            ..self.settings(mode, translate, options, &symbols)
        });
        if let Some(list) = &self.warm {
            engine.read_warm_list(list);
        }
        engine
    }

    /// The settings of an engine without checks.
    fn settings(
        &self,
        mode: Mode,
        translate: Translate,
        options: Options,
        symbols: &Arc<Symbols>,
    ) -> EngineSettings {
        let perf = self.profiling.map(|profiling| {
            let may_translate = self.helper.is_none();
            Arc::new(Perf::new(
                profiling,
                Arc::clone(symbols),
                options.clone(),
                may_translate,
            ))
        });
        // Shadow checking is for engines whose native code runs alone.
        let (share, confirm) = match mode {
            Mode::Auto | Mode::Native => (
                self.share.unwrap_or_default(),
                self.confirm.unwrap_or_default(),
            ),
            Mode::Interp | Mode::Check => (Share::NONE, Confirm::Nothing),
        };
        EngineSettings {
            mode,
            provider: ProviderSettings {
                cache: self.cache_settings(),
                build: BuildSettings {
                    options,
                    budgets: self.budgets,
                    translate,
                    compiler: self.compiler.clone(),
                    helper: self.helper.clone(),
                    perf,
                },
            },
            share,
            confirm,
            symbols: Arc::clone(symbols),
            bundles: self.bundles.clone(),
            evidence: self.evidence.clone(),
            observer: self.observer.clone(),
            checks: None,
        }
    }

    fn cache_settings(&self) -> CacheSettings {
        let (keys, user) = (&self.keys, Locations::of_user());
        CacheSettings {
            folder: match &self.cache {
                CacheFolder::Default => Some(Cache::user_folder().map_err(Arc::new)),
                CacheFolder::Path(folder) => Some(Ok(folder.clone())),
                CacheFolder::None => None,
            },
            locations: Locations::default()
                .with_key(keys.key.clone().or(user.key))
                .with_trusted(keys.trusted.clone().or(user.trusted))
                .with_deny(keys.deny.clone().or(user.deny)),
            budget: self.cache_budget,
        }
    }
}
