//! Which engine runs, and when code is translated: the choices that the environment has too.

use std::path::PathBuf;
use std::str::FromStr;

/// Which engine runs: `LOCKSTEP_ENGINE`.
///
/// ```
/// use lockstep::engine::Mode;
///
/// assert_eq!("interp".parse(), Ok(Mode::Interp));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
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
///
/// ```
/// use lockstep::engine::Translate;
///
/// assert_eq!("never".parse(), Ok(Translate::Never));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Translate {
    /// Beside the interpreter, once it has run for long enough.
    #[default]
    Background,
    /// First, then it runs.
    Now,
    /// Not at all: only what is in the cache.
    Never,
}

/// What becomes of a guest when the mode `check` finds that native code and interpreter differ.
///
/// ```
/// use lockstep::Engine;
/// use lockstep::engine::{Mode, WhenDiverged};
///
/// let builder = Engine::builder().mode(Mode::Check).no_cache();
/// let engine = builder.when_diverged(WhenDiverged::Stop).build();
/// assert_eq!(engine.mode(), Mode::Check);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum WhenDiverged {
    /// It goes on, on the interpreter alone.
    #[default]
    Interpret,
    /// It stops with [`Defect::Diverged`](lockstep_runtime::Defect::Diverged).
    Stop,
}

/// A value of a setting that is not one of the known values.
///
/// ```
/// use lockstep::engine::Mode;
///
/// let error = "natvie".parse::<Mode>().unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "LOCKSTEP_ENGINE=\"natvie\" is not a known value; it is one of auto, native, interp, check"
/// );
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{setting}={value:?} is not a known value; it is one of {choices}")]
#[non_exhaustive]
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

/// The path that a variable holds.
pub(super) fn path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
