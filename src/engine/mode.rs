//! Which engine runs, and when code is translated: the choices that the environment has too.

use std::str::FromStr;

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
    /// Beside the interpreter, once it has run for long enough.
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
pub(super) fn variable<T: FromStr>(name: &str) -> Result<Option<T>, T::Err> {
    match std::env::var_os(name).filter(|value| !value.is_empty()) {
        Some(value) => value.to_string_lossy().parse().map(Some),
        None => Ok(None),
    }
}

/// A setting of the environment in a process that nobody watches: said, and otherwise ignored.
pub(super) fn or_default<T: Default>(setting: Result<Option<T>, InvalidSetting>) -> T {
    setting
        .unwrap_or_else(|error| {
            tracing::warn!("{error}; going on as if it were not set");
            None
        })
        .unwrap_or_default()
}
