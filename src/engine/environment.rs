//! What an engine's settings are called, and a builder that has read the environment.
//!
//! [`SETTINGS`] is the one list of them: `docs/node.md` shows it as a table, and a test compares the two
//! and the setters' documentation. The environment is read by
//! [`EngineBuilder::from_env`] and by nothing else: a builder that was made otherwise does not look
//! at any `LOCKSTEP_` variable.

use std::sync::{Arc, OnceLock};

use lockstep_cache::{Budget, InvalidBudget, Locations};

use super::front::Engine;
use super::mode::{InvalidSetting, Mode, Translate, path, variable};
use super::settings::EngineBuilder;
use super::share::{Confirm, Share};

/// One thing about an engine that can be set.
///
/// ```
/// use lockstep::engine::SETTINGS;
///
/// let workers = SETTINGS.iter().find(|setting| setting.setter == "workers");
/// assert!(workers.is_some_and(|setting| setting.variable.is_none()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Setting {
    /// The variable of the environment, where there is one.
    pub variable: Option<&'static str>,
    /// The method of [`EngineBuilder`].
    pub setter: &'static str,
    /// What holds where nobody sets it, in words.
    pub default: &'static str,
}

const fn setting(setter: &'static str, variable: &'static str, default: &'static str) -> Setting {
    Setting {
        variable: Some(variable),
        setter,
        default,
    }
}

/// A setting without a variable.
const fn builder_only(setter: &'static str, default: &'static str) -> Setting {
    Setting {
        variable: None,
        setter,
        default,
    }
}

/// Everything about an engine that can be set, in the order of `docs/node.md`.
pub const SETTINGS: &[Setting] = &[
    setting("mode", "LOCKSTEP_ENGINE", "`auto`"),
    setting("translate", "LOCKSTEP_TRANSLATE", "`background`"),
    setting(
        "cache",
        "LOCKSTEP_CACHE_DIR",
        "`lockstep/` in the user's cache folder",
    ),
    setting(
        "cache_bytes",
        "LOCKSTEP_CACHE_BYTES",
        "1 GiB, or a twentieth of the disk's free space if that is less",
    ),
    setting("cache_entries", "LOCKSTEP_CACHE_ENTRIES", "10 000"),
    setting(
        "key_file",
        "LOCKSTEP_KEY_FILE",
        "`lockstep/module.key` in the user's configuration folder",
    ),
    setting(
        "trust_file",
        "LOCKSTEP_TRUST_FILE",
        "`lockstep/trusted` in the user's configuration folder",
    ),
    setting(
        "deny_file",
        "LOCKSTEP_DENY_FILE",
        "`lockstep/deny` in the user's configuration folder",
    ),
    setting("warm", "LOCKSTEP_WARM", "no list"),
    setting("helper", "LOCKSTEP_HELPER", "no helper process"),
    setting("shadow", "LOCKSTEP_SHADOW", "0.001"),
    setting("confirm", "LOCKSTEP_CONFIRM", "`nothing`"),
    setting("profile", "LOCKSTEP_PROFILE", "no file"),
    setting("symbols", "LOCKSTEP_SYMBOLS", "none"),
    builder_only("threshold", "10 million cycles"),
    builder_only("workers", "a quarter of the processors, from 1 to 4"),
    builder_only("queue", "64 code regions"),
    builder_only("helper_memory", "1 GiB"),
    builder_only("translation_time", "60 seconds"),
    builder_only("memory", "512 MiB"),
    builder_only("bundles", "`divergences` in the folder of the cache"),
    builder_only("evidence", "nothing"),
    builder_only("when_diverged", "`WhenDiverged::Interpret`"),
    builder_only("warm_progress", "nobody is told"),
];

impl Engine {
    /// The engine of this process, made on first use from the environment. Where a variable of the
    /// environment means nothing, that is logged once, as a warning, and everything is interpreted: the
    /// wish behind it is not known, and the interpreter is right whatever it was. A program that wants to
    /// hear of it calls [`EngineBuilder::from_env`].
    pub fn global() -> &'static Arc<Engine> {
        static GLOBAL: OnceLock<Arc<Engine>> = OnceLock::new();
        GLOBAL.get_or_init(|| {
            let builder = EngineBuilder::from_env().unwrap_or_else(|error| {
                tracing::warn!("{error}; everything is interpreted in this process");
                Engine::builder().mode(Mode::Interp).no_cache()
            });
            Arc::new(builder.build())
        })
    }
}

impl EngineBuilder {
    /// A builder with what the environment says. Setters that are called afterwards win over it. What
    /// the environment does not say has its default, which each setter's documentation names, with
    /// the variable.
    ///
    /// An empty variable is one that is not set. No other function that makes an engine reads a
    /// `LOCKSTEP_` variable, but for [`Engine::global`](super::Engine::global), which calls this.
    ///
    /// # Errors
    /// When a variable holds something that means nothing: `LOCKSTEP_ENGINE=natvie`.
    ///
    /// ```no_run
    /// use lockstep::engine::EngineBuilder;
    ///
    /// let engine = EngineBuilder::from_env()?.workers(1).build();
    /// # Ok::<(), lockstep::engine::InvalidSetting>(())
    /// ```
    pub fn from_env() -> Result<EngineBuilder, InvalidSetting> {
        let mode = Mode::from_environment()?;
        EngineBuilder::from_env_with_mode(mode.unwrap_or_default())
    }

    /// The same where the mode is known: `LOCKSTEP_ENGINE` is not read, so that a wrong value in it does no
    /// harm where an option wins over it.
    ///
    /// # Errors
    /// When another variable holds something that means nothing.
    ///
    /// ```no_run
    /// use lockstep::engine::{EngineBuilder, Mode};
    ///
    /// let engine = EngineBuilder::from_env_with_mode(Mode::Interp)?.build();
    /// assert_eq!(engine.mode(), Mode::Interp);
    /// # Ok::<(), lockstep::engine::InvalidSetting>(())
    /// ```
    pub fn from_env_with_mode(mode: Mode) -> Result<EngineBuilder, InvalidSetting> {
        let mut builder = EngineBuilder::default().mode(mode);
        builder.translate = Translate::from_environment()?;
        builder.share = Share::from_environment()?;
        builder.confirm = Confirm::from_environment()?;
        builder.profiling = variable("LOCKSTEP_PROFILE")?;
        builder.keys = Locations::from_environment();
        builder.cache_budget = Budget::try_from_environment().map_err(budget)?;
        if let Some(folder) = path("LOCKSTEP_CACHE_DIR") {
            builder = builder.cache(folder);
        }
        if let Some(list) = path("LOCKSTEP_WARM") {
            builder = builder.warm(list);
        }
        if let Some(program) = path("LOCKSTEP_HELPER") {
            builder = builder.helper(program);
        }
        if let Some(symbols) = path("LOCKSTEP_SYMBOLS") {
            builder = builder.symbols(symbols);
        }
        Ok(builder)
    }
}

fn budget(error: InvalidBudget) -> InvalidSetting {
    InvalidSetting {
        setting: error.variable,
        value: error.value,
        choices: "a number, which may have `_` in it",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::engine::budgets::Budgets;

    /// The documentation of a method in the builder's source.
    fn documentation(method: &str) -> String {
        let source = include_str!("settings.rs");
        let at = source
            .find(&format!("    pub fn {method}("))
            .unwrap_or_else(|| panic!("the builder has no method {method}"));
        let above = source[..at].lines().rev();
        let lines = above.take_while(|line| !line.is_empty() && !line.ends_with('}'));
        let mut lines: Vec<&str> = lines
            .filter_map(|line| line.trim().strip_prefix("///"))
            .map(str::trim)
            .collect();
        lines.reverse();
        lines.join(" ")
    }

    #[test]
    fn each_setter_names_its_variable_and_its_default() {
        for setting in SETTINGS {
            let text = documentation(setting.setter);
            let default = format!("Default: {}.", setting.default);
            assert!(text.contains(&default), "{}: {text}", setting.setter);
            if let Some(variable) = setting.variable {
                assert!(text.contains(variable), "{}: {text}", setting.setter);
            }
        }
    }

    #[test]
    fn the_defaults_are_what_is_said_of_them() {
        let budgets = Budgets::default();
        assert_eq!(budgets.threshold, 10_000_000);
        assert!((1..=4).contains(&budgets.workers));
        assert_eq!(budgets.queue, 64);
        assert_eq!(budgets.helper_memory, 1 << 30);
        assert_eq!(budgets.translation, Duration::from_secs(60));
        assert_eq!(budgets.memory, 512 << 20);
        assert_eq!(Mode::default(), Mode::Auto);
        assert_eq!(Translate::default(), Translate::Background);
        assert_eq!(Share::new(0.001), Some(Share::default()));
        assert_eq!(Confirm::default(), Confirm::Nothing);
    }
}
