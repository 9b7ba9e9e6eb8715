//! The settings of a node's engine: the environment, then `lockstep.toml`, then the defaults.
//!
//! A variable of the environment wins over the file. A field that is not known, and a value that means nothing, are
//! errors with the line of the file. Every path in the file is relative to the node's folder.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use lockstep::engine::{Confirm, EngineBuilder, InvalidSetting, Mode, Share, Translate};
use serde::{Deserialize, Deserializer, de};

use crate::FOLDER;

/// The file beside `ckb.toml`.
pub const SETTINGS_FILE: &str = "lockstep.toml";

/// Seconds between two hot lists.
const HOT_INTERVAL_SECONDS: u64 = 600;

/// What is wrong with the settings.
#[derive(Debug)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file is there and cannot be read.
    Unreadable(PathBuf, io::Error),
    /// The file has a mistake. The text has the line, and the line's number.
    Wrong(PathBuf, String),
    /// A variable of the environment means nothing.
    Environment(InvalidSetting),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SettingsError::Unreadable(path, error) => write!(f, "{}: {error}", path.display()),
            SettingsError::Wrong(path, text) => write!(f, "{}: {text}", path.display()),
            SettingsError::Environment(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SettingsError {}

/// A value that is a text in the file, with the names that the environment has for it.
#[derive(Debug, Clone, Copy)]
struct Text<T>(T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<T>, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Text).map_err(de::Error::custom)
    }
}

/// A share from 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Shadow(Share);

impl<'de> Deserialize<'de> for Shadow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shadow, D::Error> {
        let share = f64::deserialize(deserializer)?;
        let wrong = || de::Error::custom(format!("{share} is no share from 0 to 1"));
        Share::new(share).map(Shadow).ok_or_else(wrong)
    }
}

/// A number that is at least 1.
type Count = std::num::NonZeroUsize;

/// `lockstep.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    engine: Option<Text<Mode>>,
    translate: Option<Text<Translate>>,
    cache_dir: Option<PathBuf>,
    cache_bytes: Option<u64>,
    cache_entries: Option<u64>,
    key_file: Option<PathBuf>,
    trust_file: Option<PathBuf>,
    deny_file: Option<PathBuf>,
    warm: Option<PathBuf>,
    hot: Option<PathBuf>,
    hot_interval_seconds: Option<std::num::NonZeroU64>,
    helper: Option<PathBuf>,
    helper_memory: Option<u64>,
    shadow: Option<Shadow>,
    confirm: Option<Text<Confirm>>,
    threshold: Option<u64>,
    workers: Option<Count>,
    queue: Option<Count>,
    memory: Option<usize>,
    translation_seconds: Option<std::num::NonZeroU64>,
}

impl Settings {
    /// The settings of the node in this folder. A file that is missing says nothing.
    pub(crate) fn read(root: &Path) -> Result<Settings, SettingsError> {
        let path = root.join(SETTINGS_FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Settings::default()),
            Err(error) => return Err(SettingsError::Unreadable(path, error)),
        };
        let wrong = |error: toml::de::Error| SettingsError::Wrong(path, error.to_string());
        toml::from_str(&text).map_err(wrong)
    }

    /// Where the hot list is written.
    pub(crate) fn hot_list(&self, root: &Path) -> PathBuf {
        let default = Path::new(FOLDER).join("hot.txt");
        root.join(self.hot.as_deref().unwrap_or(&default))
    }

    /// How long it takes from one hot list to the next.
    pub(crate) fn hot_interval(&self) -> Duration {
        let seconds = self
            .hot_interval_seconds
            .map_or(HOT_INTERVAL_SECONDS, |own| own.get());
        Duration::from_secs(seconds)
    }

    /// The engine that the environment and these settings describe.
    pub(crate) fn builder(&self, root: &Path) -> Result<EngineBuilder, SettingsError> {
        let mut builder = EngineBuilder::from_env().map_err(SettingsError::Environment)?;
        // What the file says, or the default of a node, where the environment says nothing.
        let path = |variable: &str, own: &Option<PathBuf>, default: Option<&str>| {
            let default = default.map(|name| Path::new(FOLDER).join(name));
            let path = own.clone().or(default)?;
            (!is_set(variable)).then(|| root.join(path))
        };
        if let Some(cache) = path("LOCKSTEP_CACHE_DIR", &self.cache_dir, Some("cache")) {
            builder = builder.cache(cache);
        }
        if let Some(key) = path("LOCKSTEP_KEY_FILE", &self.key_file, Some("module.key")) {
            builder = builder.key_file(key);
        }
        if let Some(trusted) = path("LOCKSTEP_TRUST_FILE", &self.trust_file, Some("trusted")) {
            builder = builder.trust_file(trusted);
        }
        if let Some(denied) = path("LOCKSTEP_DENY_FILE", &self.deny_file, Some("deny")) {
            builder = builder.deny_file(denied);
        }
        if let Some(helper) = path("LOCKSTEP_HELPER", &self.helper, None) {
            builder = builder.helper(helper);
        }
        match path("LOCKSTEP_WARM", &self.warm, None) {
            Some(list) => builder = builder.warm(list),
            // The first start of a node has no hot list yet.
            None if !is_set("LOCKSTEP_WARM") && self.hot_list(root).is_file() => {
                builder = builder.warm(self.hot_list(root));
            }
            None => {}
        }
        Ok(self.apply_values(builder))
    }

    /// What is no path.
    fn apply_values(&self, mut builder: EngineBuilder) -> EngineBuilder {
        macro_rules! apply {
            ($setter:ident, $own:expr) => {
                if let Some(own) = $own {
                    builder = builder.$setter(own);
                }
            };
            ($setter:ident, $own:expr, $variable:literal) => {
                if !is_set($variable) {
                    apply!($setter, $own);
                }
            };
        }
        apply!(mode, self.engine.map(|own| own.0), "LOCKSTEP_ENGINE");
        apply!(
            translate,
            self.translate.map(|own| own.0),
            "LOCKSTEP_TRANSLATE"
        );
        apply!(cache_bytes, self.cache_bytes, "LOCKSTEP_CACHE_BYTES");
        apply!(cache_entries, self.cache_entries, "LOCKSTEP_CACHE_ENTRIES");
        apply!(shadow, self.shadow.map(|own| own.0), "LOCKSTEP_SHADOW");
        apply!(confirm, self.confirm.map(|own| own.0), "LOCKSTEP_CONFIRM");
        apply!(threshold, self.threshold);
        apply!(workers, self.workers.map(Count::get));
        apply!(queue, self.queue.map(Count::get));
        apply!(memory, self.memory);
        apply!(helper_memory, self.helper_memory);
        let time = self
            .translation_seconds
            .map(|own| Duration::from_secs(own.get()));
        apply!(translation_time, time);
        builder
    }
}

/// Whether a variable of the environment says something.
fn is_set(variable: &str) -> bool {
    env::var_os(variable).is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(SETTINGS_FILE), text).unwrap();
        Settings::read(folder.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_that_is_missing_or_empty_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::read(folder.path()).unwrap();
        assert_eq!(settings.hot_interval(), Duration::from_secs(600));
        assert_eq!(
            settings.hot_list(Path::new("/n")),
            Path::new("/n/lockstep/hot.txt")
        );
        assert!(read("").is_ok());
    }

    #[test]
    fn every_field_is_read() {
        let settings = read(
            "engine = \"check\"\ntranslate = \"never\"\ncache_dir = \"c\"\ncache_bytes = 1_000\ncache_entries = 2\n\
             key_file = \"k\"\ntrust_file = \"t\"\ndeny_file = \"d\"\nwarm = \"w\"\nhot = \"h\"\n\
             hot_interval_seconds = 5\nhelper = \"/bin/translate\"\nhelper_memory = 3\nshadow = 0.5\n\
             confirm = \"failures\"\nthreshold = 4\nworkers = 1\nqueue = 6\nmemory = 7\ntranslation_seconds = 8\n",
        );
        let settings = settings.unwrap();
        assert_eq!(settings.hot_list(Path::new("/n")), Path::new("/n/h"));
        assert_eq!(settings.hot_interval(), Duration::from_secs(5));
        let engine = settings
            .builder(Path::new("/nowhere"))
            .unwrap()
            .no_cache()
            .no_warm()
            .build();
        assert_eq!(engine.mode(), Mode::Check);
        assert_eq!(engine.translate(), Translate::Never);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (line, told) in [
            ("engin = \"auto\"", "engin"),
            ("engine = \"natvie\"", "natvie"),
            ("engine = 1", "string"),
            ("shadow = 2.0", "2 is no share from 0 to 1"),
            ("workers = 0", "nonzero"),
            ("threshold = -1", "-1"),
            ("confirm = ", "confirm"),
        ] {
            let error = read(&format!("# one\n# two\n{line}\n")).unwrap_err();
            assert!(error.contains("line 3"), "{error}");
            assert!(error.contains(told), "{told}: {error}");
            assert!(error.contains(SETTINGS_FILE), "{error}");
        }
    }
}
