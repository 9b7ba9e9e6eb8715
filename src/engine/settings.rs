//! How an engine is set: by a builder, else by the environment, else by defaults.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, OnceLock};

use lockstep_runtime::cache::{Cache, CacheError};
use lockstep_translator::{Options, Plant};

use super::check::Checks;
use super::registry::{self, Registry};
use super::switches::Switches;
use super::{CacheState, Engine, host_options};
use crate::bundle::Evidence;

/// Which engine runs: `LOCKSTEP_ENGINE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// Native code where there is some, the interpreter elsewhere.
    #[default]
    Auto,
    /// As `Auto`; a command that is told so fails when no module can be had.
    Native,
    /// The interpreter alone.
    Interp,
    /// Both in lockstep, compared.
    Check,
}

/// When code that has no module is translated: `LOCKSTEP_TRANSLATE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Translate {
    /// Beside the interpreter. There are no workers yet: the same as `Now`.
    #[default]
    Background,
    /// First, then it runs.
    Now,
    /// Not at all: only what is in the cache.
    Never,
}

/// A value of a setting that means nothing.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting}={value:?} means nothing; it is one of {choices}")]
pub struct InvalidSetting {
    /// The variable of the environment.
    pub setting: &'static str,
    /// What it holds.
    pub value: String,
    /// What it could hold.
    pub choices: &'static str,
}

impl FromStr for Mode {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Mode, InvalidSetting> {
        match value {
            "auto" => Ok(Mode::Auto),
            "native" => Ok(Mode::Native),
            "interp" => Ok(Mode::Interp),
            "check" => Ok(Mode::Check),
            _ => Err(InvalidSetting {
                setting: "LOCKSTEP_ENGINE",
                value: value.to_owned(),
                choices: "auto, native, interp, check",
            }),
        }
    }
}

impl FromStr for Translate {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Translate, InvalidSetting> {
        match value {
            "background" => Ok(Translate::Background),
            "now" => Ok(Translate::Now),
            "never" => Ok(Translate::Never),
            _ => Err(InvalidSetting {
                setting: "LOCKSTEP_TRANSLATE",
                value: value.to_owned(),
                choices: "background, now, never",
            }),
        }
    }
}

impl Mode {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When it asks for something that there is not.
    pub fn from_environment() -> Result<Option<Mode>, InvalidSetting> {
        variable("LOCKSTEP_ENGINE")
    }
}

impl Translate {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When it asks for something that there is not.
    pub fn from_environment() -> Result<Option<Translate>, InvalidSetting> {
        variable("LOCKSTEP_TRANSLATE")
    }
}

/// An empty variable is one that is not set.
fn variable<T: FromStr>(name: &str) -> Result<Option<T>, T::Err> {
    match std::env::var_os(name).filter(|value| !value.is_empty()) {
        Some(value) => value.to_string_lossy().parse().map(Some),
        None => Ok(None),
    }
}

/// A setting of the environment in a process that nobody watches: said, and otherwise ignored.
fn or_default<T: Default>(setting: Result<Option<T>, InvalidSetting>) -> T {
    setting
        .unwrap_or_else(|error| {
            tracing::warn!("{error}; going on as if it were not set");
            None
        })
        .unwrap_or_default()
}

/// Settings of an engine. What is not set here comes from the environment.
#[derive(Clone, Debug, Default)]
pub struct EngineBuilder {
    mode: Option<Mode>,
    translate: Option<Translate>,
    cache: CacheChoice,
    bundles: Option<PathBuf>,
    evidence: Evidence,
    stops: bool,
    plant: Option<Plant>,
}

#[derive(Clone, Debug, Default)]
enum CacheChoice {
    #[default]
    Environment,
    Folder(PathBuf),
    None,
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
        self.cache = CacheChoice::Folder(folder.into());
        self
    }

    /// No module cache: what is translated lives as long as the process.
    #[must_use]
    pub fn no_cache(mut self) -> EngineBuilder {
        self.cache = CacheChoice::None;
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

    /// Puts a fault into the native code of one block, for tests of what finds it.
    #[doc(hidden)]
    #[must_use]
    pub fn plant(mut self, plant: Plant) -> EngineBuilder {
        self.plant = Some(plant);
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
            plant: self.plant,
            ..host_options()
        };
        let engine = |mode, options| Engine {
            mode,
            translate,
            options,
            cache: CacheState {
                folder: self.cache.folder(),
                opened: OnceLock::new(),
            },
            registry: Registry::new(registry::BYTES),
            switches: Switches::default(),
            stats: Mutex::default(),
            checks: Checks::default(),
        };
        let every_block = Options {
            every_block: true,
            ..options.clone()
        };
        let blocks = (mode == Mode::Check).then(|| engine(Mode::Native, every_block));
        Engine {
            checks: Checks {
                blocks: blocks.map(Box::new),
                bundles: self.bundles,
                evidence: self.evidence,
                stops: self.stops,
                ..Checks::default()
            },
            ..engine(mode, options)
        }
    }
}

impl CacheChoice {
    /// `None`: no cache is wanted. The error: no folder is known.
    fn folder(&self) -> Option<Result<PathBuf, CacheError>> {
        match self {
            CacheChoice::Environment => Some(Cache::default_folder()),
            CacheChoice::Folder(folder) => Some(Ok(folder.clone())),
            CacheChoice::None => None,
        }
    }
}
