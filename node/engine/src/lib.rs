//! Lockstep's engine in the life of a CKB node.
//!
//! A node calls [`start`] before anything verifies, and keeps the [`Engine`] that it gets until the end. All
//! files are in the folder `lockstep` beside `ckb.toml`, but for two that an operator writes: `lockstep.toml`, the
//! settings, and `lockstep.off`, the kill switch. This package knows nothing of the node's own packages, so that
//! it builds and can be tested without RocksDB.
#![forbid(unsafe_code)]

mod arguments;
mod housekeeping;
mod settings;
mod switch;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use arguments::{Invocation, invocation};
pub use settings::{SETTINGS_FILE, SettingsError};
pub use switch::SWITCH_FILE;

use housekeeping::Housekeeping;
use settings::Settings;

/// The version of Lockstep. All its packages have one, and so has this one.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folder beside `ckb.toml` with what the engine writes.
pub const FOLDER: &str = "lockstep";

/// Why an engine did not start. The node must not start either: the operator wanted something else.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is wrong.
    Settings(SettingsError),
    /// The folder of the engine cannot be made.
    Folder(PathBuf, io::Error),
    /// There is another recorder of metrics, or no thread could be started.
    Process(String),
}

impl std::fmt::Display for StartError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StartError::Settings(error) => write!(f, "Lockstep does not start: {error}"),
            StartError::Folder(path, error) => {
                write!(f, "Lockstep does not start: {}: {error}", path.display())
            }
            StartError::Process(error) => write!(f, "Lockstep does not start: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// The engine of this node. When it is dropped, the hot list is written. Nothing waits for a translation: the
/// threads that translate end with the process.
#[derive(Debug)]
pub struct Engine {
    engine: Arc<lockstep::Engine>,
    _housekeeping: Housekeeping,
}

impl Engine {
    /// The engine that all machines of this process get.
    pub fn engine(&self) -> &Arc<lockstep::Engine> {
        &self.engine
    }
}

/// Reads the settings of the node in this folder, and installs the engine that they describe.
///
/// # Errors
/// When a setting is wrong or the process cannot have an engine. Nothing is installed then.
pub fn start(root: &Path) -> Result<Engine, StartError> {
    let settings = Settings::read(root).map_err(StartError::Settings)?;
    let folder = root.join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| StartError::Folder(folder, error))?;
    let hot = settings.hot_list(root);
    let interval = settings.hot_interval();
    let builder = settings.builder(root).map_err(StartError::Settings)?;
    metrics_prometheus::Recorder::builder()
        .try_build_and_install()
        .map_err(|error| StartError::Process(error.to_string()))?;
    lockstep::engine::meter::describe_metrics();
    let engine = Arc::new(builder.build());
    let switch = switch::Switch::new(root.join(SWITCH_FILE));
    let housekeeping = Housekeeping::start(Arc::clone(&engine), switch, hot, interval)
        .map_err(|error| StartError::Process(format!("no thread for its housekeeping: {error}")))?;
    lockstep::ckb::install(Arc::clone(&engine));
    Ok(Engine {
        engine,
        _housekeeping: housekeeping,
    })
}

/// Looks at the settings of the node in this folder, and has everything interpreted: for a process that will go
/// on in a child without its threads, as `ckb run --daemon` does.
///
/// # Errors
/// When a setting is wrong.
pub fn interpret(root: &Path) -> Result<(), StartError> {
    let settings = Settings::read(root).map_err(StartError::Settings)?;
    settings.builder(root).map_err(StartError::Settings)?;
    let engine = lockstep::Engine::builder();
    let engine = engine.mode(lockstep::engine::Mode::Interp).no_cache();
    lockstep::ckb::install(Arc::new(engine.build()));
    Ok(())
}
