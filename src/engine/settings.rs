//! How an engine is set: by a builder, else by the environment, else by defaults.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lockstep_cache::{Budget, Cache, Locations};
use lockstep_translator::{CodeRegion, Hints, Injection, Options, TranslateError, Translation};

use super::front::{Checks, Engine, EngineSettings};
use super::host::host_options;
use super::mode::{Mode, Translate, or_default};
use super::module_builder::{Budgets, BuildSettings, Compiler};
use super::provider::ProviderSettings;
use super::share::{Confirm, Share};
use super::store::CacheSettings;
use super::warm::{Warming, WarmingObserver};
use crate::bundle::Evidence;

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
}

/// Settings of an engine. What is not set here comes from the environment.
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    mode: Option<Mode>,
    translate: Option<Translate>,
    cache: Choice,
    keys: Locations,
    cache_budget: Budget,
    warm: Choice,
    helper: Choice,
    observer: Option<WarmingObserver>,
    budgets: Budgets,
    compiler: Compiler,
    bundles: Option<PathBuf>,
    evidence: Evidence,
    stops: bool,
    inject: Option<Injection>,
    share: Option<Share>,
    confirm: Option<Confirm>,
}

/// A file or folder.
#[derive(Clone, Debug, Default)]
enum Choice {
    #[default]
    Environment,
    Path(PathBuf),
    None,
}

impl Choice {
    /// The path, if there is one.
    fn or_variable(&self, name: &str) -> Option<PathBuf> {
        match self {
            Choice::Environment => std::env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            Choice::Path(path) => Some(path.clone()),
            Choice::None => None,
        }
    }
}

impl EngineBuilder {
    /// Which engine runs.
    #[must_use]
    pub fn mode(mut self, mode: Mode) -> EngineBuilder {
        self.mode = Some(mode);
        self
    }

    /// When code is translated.
    #[must_use]
    pub fn translate(mut self, translate: Translate) -> EngineBuilder {
        self.translate = Some(translate);
        self
    }

    /// The folder of the module cache.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> EngineBuilder {
        self.cache = Choice::Path(folder.into());
        self
    }

    /// No module cache: what is translated lives as long as the process.
    #[must_use]
    pub fn no_cache(mut self) -> EngineBuilder {
        self.cache = Choice::None;
        self
    }

    /// The file with the key of this machine, which authenticates the modules of its cache; made if
    /// it is missing.
    #[must_use]
    pub fn key_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.key = Some(file.into());
        self
    }

    /// The file that lists the public keys whose signatures of modules count.
    #[must_use]
    pub fn trust_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.trusted = Some(file.into());
        self
    }

    /// The file that lists translators and compilers whose modules are refused, beside those that
    /// this build knows.
    #[must_use]
    pub fn deny_file(mut self, file: impl Into<PathBuf>) -> EngineBuilder {
        self.keys.deny = Some(file.into());
        self
    }

    /// Bytes that the module cache may hold: 1 GiB, or a twentieth of the disk's free space if that is
    /// less, unless this is called.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> EngineBuilder {
        self.cache_budget.bytes = Some(bytes);
        self
    }

    /// Modules that the cache may hold: 10 000 unless this is called.
    #[must_use]
    pub fn cache_entries(mut self, entries: u64) -> EngineBuilder {
        self.cache_budget.entries = Some(entries);
        self
    }

    /// The warm list: programs and modules that are made ready before anybody runs them. `docs/node.md`
    /// describes the file.
    #[must_use]
    pub fn warm(mut self, list: impl Into<PathBuf>) -> EngineBuilder {
        self.warm = Choice::Path(list.into());
        self
    }

    /// No warm list.
    #[must_use]
    pub fn no_warm(mut self) -> EngineBuilder {
        self.warm = Choice::None;
        self
    }

    /// Told after each line of the warm list how far it is, by a worker thread.
    #[must_use]
    pub fn warm_progress(
        mut self,
        progress: impl Fn(Warming) + Send + Sync + 'static,
    ) -> EngineBuilder {
        self.observer = Some(WarmingObserver(Arc::new(progress)));
        self
    }

    /// Interpreted cycles of a code region past which it is translated in the background: 10 million, some
    /// 15 milliseconds, unless this is called.
    #[must_use]
    pub fn threshold(mut self, cycles: u64) -> EngineBuilder {
        self.budgets.threshold = cycles;
        self
    }

    /// Threads that translate in the background: a quarter of the processors, from 1 to 4, unless this
    /// is called; at least one.
    #[must_use]
    pub fn workers(mut self, threads: usize) -> EngineBuilder {
        self.budgets.workers = threads.max(1);
        self
    }

    /// Code regions that may wait for translation: 64 unless this is called, at least one. Each keeps its code region
    /// and up to 256 KiB of a guest's data.
    #[must_use]
    pub fn queue(mut self, regions: usize) -> EngineBuilder {
        self.budgets.queue = regions.max(1);
        self
    }

    /// Translates in processes of their own: `program` is `translate`, the command of this package, or
    /// behaves as its `helper` does. What goes wrong there costs the process; the code in question stays
    /// interpreted. `docs/node.md` says what such a process can still do.
    #[must_use]
    pub fn helper(mut self, program: impl Into<PathBuf>) -> EngineBuilder {
        self.helper = Choice::Path(program.into());
        self
    }

    /// Translates in this process.
    #[must_use]
    pub fn no_helper(mut self) -> EngineBuilder {
        self.helper = Choice::None;
        self
    }

    /// Bytes of memory that a helper process may use: 1 GiB unless this is called.
    #[must_use]
    pub fn helper_memory(mut self, bytes: u64) -> EngineBuilder {
        self.budgets.helper_memory = bytes;
        self
    }

    /// How long one translation in the background may take: 60 seconds unless this is called. It is
    /// looked at between two compiled functions; a helper process is killed.
    #[must_use]
    pub fn translation_time(mut self, time: Duration) -> EngineBuilder {
        self.budgets.translation = time;
        self
    }

    /// Bytes of code regions and modules that are kept when no machine has them: 512 MiB unless this is
    /// called.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> EngineBuilder {
        self.budgets.memory = bytes;
        self
    }

    /// The folder of divergence bundles, in place of `divergences` in the folder of the cache.
    #[must_use]
    pub fn bundles(mut self, folder: impl Into<PathBuf>) -> EngineBuilder {
        self.bundles = Some(folder.into());
        self
    }

    /// What every bundle is to hold beside the divergence.
    #[must_use]
    pub fn evidence(mut self, evidence: Evidence) -> EngineBuilder {
        self.evidence = evidence;
        self
    }

    /// In the mode `check`, a guest stops where a difference is found, with
    /// [`Defect::Diverged`](lockstep_runtime::Defect::Diverged). Otherwise it goes on, on the
    /// interpreter alone.
    #[must_use]
    pub fn stop_when_diverged(mut self, stops: bool) -> EngineBuilder {
        self.stops = stops;
        self
    }

    /// Shadow checking: the share of all intervals of native code that is repeated on the interpreter,
    /// on a thread of its own.
    #[must_use]
    pub fn shadow(mut self, share: Share) -> EngineBuilder {
        self.share = Some(share);
        self
    }

    /// What is repeated before the host hears of it.
    #[must_use]
    pub fn confirm(mut self, confirm: Confirm) -> EngineBuilder {
        self.confirm = Some(confirm);
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

    /// The engine. A variable of the environment that means nothing is warned of and ignored.
    #[must_use]
    pub fn build(self) -> Engine {
        let mode = (self.mode).unwrap_or_else(|| or_default(Mode::from_environment()));
        let translate =
            (self.translate).unwrap_or_else(|| or_default(Translate::from_environment()));
        // What is to be compared has to be there first.
        let translate = match (mode, translate) {
            (Mode::Check, Translate::Background) => Translate::Now,
            _ => translate,
        };
        let options = Options {
            inject: self.inject,
            ..host_options()
        };
        let every_block = Options {
            every_block: true,
            ..options.clone()
        };
        let blocks = (mode == Mode::Check).then(|| {
            // Its intervals are not repeated: what runs there is compared as it is.
            Engine::new(EngineSettings {
                share: Share::NONE,
                confirm: Confirm::Nothing,
                ..self.settings(Mode::Native, translate, every_block)
            })
        });
        let engine = Engine::new(EngineSettings {
            checks: blocks.map(|blocks| Checks {
                blocks: Box::new(blocks),
                stops: self.stops,
            }),
            ..self.settings(mode, translate, options)
        });
        if let Some(list) = self.warm.or_variable("LOCKSTEP_WARM") {
            engine.read_warm_list(&list);
        }
        engine
    }

    /// The settings of an engine without checks.
    fn settings(&self, mode: Mode, translate: Translate, options: Options) -> EngineSettings {
        // Shadow checking is for engines whose native code runs alone.
        let (share, confirm) = match mode {
            Mode::Auto | Mode::Native => (
                (self.share).unwrap_or_else(|| or_default(Share::from_environment())),
                (self.confirm).unwrap_or_else(|| or_default(Confirm::from_environment())),
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
                    helper: self.helper.or_variable("LOCKSTEP_HELPER"),
                },
            },
            share,
            confirm,
            bundles: self.bundles.clone(),
            evidence: self.evidence.clone(),
            observer: self.observer.clone(),
            checks: None,
        }
    }

    fn cache_settings(&self) -> CacheSettings {
        let (keys, environment) = (&self.keys, Locations::from_environment());
        let locations = Locations {
            key: keys.key.clone().or(environment.key),
            trusted: keys.trusted.clone().or(environment.trusted),
            deny: keys.deny.clone().or(environment.deny),
        };
        let (own, environment) = (self.cache_budget, Budget::from_environment());
        let budget = Budget {
            bytes: own.bytes.or(environment.bytes),
            entries: own.entries.or(environment.entries),
        };
        CacheSettings {
            folder: match &self.cache {
                Choice::Environment => Some(Cache::default_folder().map_err(Arc::new)),
                Choice::Path(folder) => Some(Ok(folder.clone())),
                Choice::None => None,
            },
            locations,
            budget,
        }
    }
}
