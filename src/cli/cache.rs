//! `translate cache`: what is in the module cache, where it is, and emptying it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lockstep::runtime::cache::{self, Cache, CacheError, Entry};
use serde::Serialize;

use super::failure::Failure;
use super::{Answer, code};

/// Looks after the module cache
#[derive(Args)]
#[command(after_help = "Example:\n  translate cache ls")]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Lists the modules: key and bytes
    #[command(after_help = "Example:\n  translate cache ls --json")]
    Ls(Folder),
    /// Prints the folder
    #[command(after_help = "Example:\n  du -sh $(translate cache path)")]
    Path(Folder),
    /// Removes every module
    #[command(after_help = "Example:\n  translate cache clear --cache /var/cache/lockstep")]
    Clear(Folder),
    /// Removes the modules that were not used for long (not available yet)
    #[command(after_help = "Example:\n  translate cache gc")]
    Gc(Folder),
    /// Checks every module (not available yet)
    #[command(after_help = "Example:\n  translate cache verify")]
    Verify(Folder),
}

#[derive(Args)]
struct Folder {
    /// Folder of the module cache [default: LOCKSTEP_CACHE_DIR, else lockstep/ in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
}

/// A file in the cache, for `--json`.
#[derive(Serialize)]
struct Module {
    key: String,
    bytes: u64,
    path: String,
}

/// The answer of every verb, for `--json`.
#[derive(Serialize)]
struct Listing {
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    modules: Option<Vec<Module>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
}

impl Command {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        match self.verb {
            Verb::Ls(folder) => list(&folder.path()?, json),
            Verb::Path(folder) => path(&folder.path()?, json),
            Verb::Clear(folder) => clear(&folder.path()?, json),
            Verb::Gc(_) => Err(Failure::not_available("cache gc")),
            Verb::Verify(_) => Err(Failure::not_available("cache verify")),
        }
    }
}

impl Folder {
    fn path(self) -> Result<PathBuf, Failure> {
        let default = || Cache::default_folder().map_err(|error| failure(&error));
        self.cache.map_or_else(default, Ok)
    }
}

fn list(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let entries = cache::list(folder).map_err(|error| failure(&error))?;
    let bytes = total(&entries);
    let modules: Vec<Module> = entries.iter().map(module).collect();
    let text = || {
        let mut text = String::new();
        for module in entries.iter().map(self::module) {
            text += &format!("{} {:>9} bytes\n", module.key, module.bytes);
        }
        text + &format!(
            "{} modules, {bytes} bytes in {}\n",
            entries.len(),
            folder.display()
        )
    };
    let listing = Listing {
        folder: folder.display().to_string(),
        modules: Some(modules),
        removed: None,
        bytes: Some(bytes),
    };
    Answer::new(json, &listing, text, code::SUCCESS)
}

fn path(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let listing = Listing {
        folder: folder.display().to_string(),
        modules: None,
        removed: None,
        bytes: None,
    };
    let text = || format!("{}\n", folder.display());
    Answer::new(json, &listing, text, code::SUCCESS)
}

fn clear(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let gone = cache::clear(folder).map_err(|error| failure(&error))?;
    let bytes = total(&gone);
    let listing = Listing {
        folder: folder.display().to_string(),
        modules: None,
        removed: Some(gone.len()),
        bytes: Some(bytes),
    };
    let text = || {
        let count = gone.len();
        format!(
            "Removed {count} files, {bytes} bytes, from {}\n",
            folder.display()
        )
    };
    Answer::new(json, &listing, text, code::SUCCESS)
}

fn module(entry: &Entry) -> Module {
    let key = entry.path.file_stem().unwrap_or_default();
    Module {
        key: key.to_string_lossy().into_owned(),
        bytes: entry.size,
        path: entry.path.display().to_string(),
    }
}

fn total(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.size).sum()
}

/// A cache that cannot be used, when the cache is what the command is about.
pub(crate) fn failure(error: &CacheError) -> Failure {
    let kind = match error {
        CacheError::NoFolder => return Failure::new(code::USAGE, "NoCacheFolder", error),
        CacheError::NotAFolder(_) => "NotAFolder",
        CacheError::Owner { .. } | CacheError::Shared { .. } => "NotPrivate",
        CacheError::Io { .. } => "CacheUnusable",
    };
    Failure::new(code::FILE, kind, error)
}
