//! `translate cache`: what is in the module cache, where it is, how much of it stays, and whose modules
//! count. Everything here is safe while nodes use the same folder.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lockstep_cache::{self as cache, Budget, Locations};
use serde::Serialize;

use super::answer::Answer;
use super::args::number;
use super::code;
use super::failure::Failure;

mod examine;
mod folder;
mod ids;
mod keys;
mod list;
mod quarantine;
mod table;

pub(crate) use list::bundles;
pub(crate) use table::size;

use folder::Folder;
use ids::IdPrefix;

/// Lists, checks, limits and empties the module cache; makes and trusts signing keys
#[derive(Args)]
#[command(after_help = "Example:\n  translate cache ls")]
pub(crate) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Lists the modules: id, script where a record names it, target, translator, size, time since the last use, marks
    #[command(after_help = "Example:\n  translate cache ls --json")]
    Ls(Folder),
    /// Prints where the folder is, or the key of this machine, the trusted keys or the deny-list
    #[command(after_help = "Example:\n  du -sh $(translate cache path)")]
    Path(Places),
    /// Removes every module
    #[command(after_help = "Example:\n  translate cache clear --cache /var/cache/lockstep")]
    Clear(Folder),
    /// Removes modules until the budget is kept, the least recently used first
    #[command(after_help = "Example:\n  translate cache gc --max-bytes 100_000_000")]
    Gc(Collect),
    /// Checks every module as a look-up does, and says which would not be used
    #[command(after_help = "Example:\n  translate cache verify --json")]
    Verify(Folder),
    /// Protects modules from gc
    #[command(
        after_help = "Example:\n  translate cache pin $(translate cache ls --json | jq -r '.modules[].key')"
    )]
    Pin(Ids),
    /// Takes that protection away
    #[command(after_help = "Example:\n  translate cache unpin 0123…")]
    Unpin(Ids),
    /// Says how much there is, of what, and how much there may be
    #[command(after_help = "Example:\n  translate cache stats")]
    Stats(Folder),
    Quarantine(quarantine::Quarantine),
    Release(quarantine::Release),
    Keygen(keys::Keygen),
    Sign(keys::Sign),
    Trust(keys::Trust),
}

#[derive(Args)]
struct Places {
    #[command(flatten)]
    folder: Folder,
    /// Print where the key of this machine is
    #[arg(long, conflicts_with_all = ["trust", "deny"])]
    key: bool,
    /// Print where the list of trusted public keys is
    #[arg(long, conflicts_with = "deny")]
    trust: bool,
    /// Print where the deny-list is
    #[arg(long)]
    deny: bool,
}

#[derive(Args)]
struct Collect {
    #[command(flatten)]
    folder: Folder,
    /// The most bytes that stay [default: LOCKSTEP_CACHE_BYTES, else 1 GiB or a twentieth of the disk's free space]
    #[arg(long, value_name = "BYTES", value_parser = number)]
    max_bytes: Option<u64>,
    /// The most modules that stay [default: LOCKSTEP_CACHE_ENTRIES, else 10000]
    #[arg(long, value_name = "N", value_parser = number)]
    max_entries: Option<u64>,
}

#[derive(Args)]
struct Ids {
    /// Ids of modules, or first digits that name one, as `cache ls` prints them
    #[arg(required = true, value_name = "ID", value_parser = IdPrefix::parse)]
    ids: Vec<IdPrefix>,
    #[command(flatten)]
    folder: Folder,
}

/// The answer of the verbs that name places or empty, for `--json`.
#[derive(Serialize, Default)]
struct Listing {
    folder: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deny_file: Option<String>,
}

/// What a collection did, for `--json`.
#[derive(Serialize)]
struct CollectedObject {
    folder: String,
    removed: Vec<GoneObject>,
    unfinished: usize,
    modules: u64,
    bytes: u64,
    max_bytes: u64,
    max_modules: u64,
}

#[derive(Serialize)]
struct GoneObject {
    key: String,
    bytes: u64,
    why: &'static str,
}

impl Command {
    pub(crate) fn execute(self, json: bool) -> Result<Answer, Failure> {
        match self.verb {
            Verb::Ls(folder) => list::list(&folder.path()?, json),
            Verb::Stats(folder) => list::stats(&folder.path()?, json),
            Verb::Quarantine(quarantine) => quarantine.execute(json),
            Verb::Release(release) => release.execute(json),
            Verb::Path(places) => places.execute(json),
            Verb::Clear(folder) => clear(&folder.path()?, json),
            Verb::Gc(collect) => collect.execute(json),
            Verb::Verify(folder) => examine::execute(&folder.path()?, json),
            Verb::Pin(ids) => ids.execute(true, json),
            Verb::Unpin(ids) => ids.execute(false, json),
            Verb::Keygen(keygen) => keygen.execute(json),
            Verb::Sign(sign) => sign.execute(json),
            Verb::Trust(trust) => trust.execute(json),
        }
    }
}

impl Places {
    fn execute(self, json: bool) -> Result<Answer, Failure> {
        let locations = Locations::from_environment();
        let named = [
            (self.key, &locations.key),
            (self.trust, &locations.trusted),
            (self.deny, &locations.deny),
        ];
        let text = match named.iter().find(|(wanted, _)| *wanted) {
            Some((_, Some(path))) => format!("{}\n", path.display()),
            Some((_, None)) => {
                return Err(Failure::usage(
                    "the file has no place: XDG_CONFIG_HOME and HOME are not set; set one of them, or name the \
                     file with LOCKSTEP_KEY_FILE, LOCKSTEP_TRUST_FILE or LOCKSTEP_DENY_FILE",
                ));
            }
            None => format!("{}\n", self.folder.path()?.display()),
        };
        let shown = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let listing = Listing {
            folder: self
                .folder
                .path()
                .map_or(String::new(), |path| path.display().to_string()),
            key_file: shown(&locations.key),
            trust_file: shown(&locations.trusted),
            deny_file: shown(&locations.deny),
            ..Listing::default()
        };
        Answer::new(json, &listing, || text, code::SUCCESS)
    }
}

fn clear(folder: &Path, json: bool) -> Result<Answer, Failure> {
    let (files, bytes) = cache::clear(folder).map_err(|error| Failure::cache(&error))?;
    let listing = Listing {
        folder: folder.display().to_string(),
        removed: Some(files),
        bytes: Some(bytes),
        ..Listing::default()
    };
    let text = || {
        format!(
            "Removed {files} files, {bytes} bytes, from {}\n",
            folder.display()
        )
    };
    Answer::new(json, &listing, text, code::SUCCESS)
}

impl Collect {
    fn execute(self, json: bool) -> Result<Answer, Failure> {
        let folder = self.folder.path()?;
        let environment = Budget::try_from_environment().map_err(Failure::usage)?;
        let budget = Budget::default()
            .with_bytes(self.max_bytes.or(environment.bytes))
            .with_entries(self.max_entries.or(environment.entries));
        let collected = cache::collect(&folder, budget).map_err(|error| Failure::cache(&error))?;
        let (max_bytes, max_modules) = budget.limits(&folder, collected.bytes);
        let gone = collected.gone.iter().map(|gone| GoneObject {
            key: gone.id.to_string(),
            bytes: gone.bytes,
            why: gone.why.name(),
        });
        let object = CollectedObject {
            folder: folder.display().to_string(),
            removed: gone.collect(),
            unfinished: collected.unfinished,
            modules: collected.entries,
            bytes: collected.bytes,
            max_bytes,
            max_modules,
        };
        let text = || {
            let mut text = String::new();
            for gone in &object.removed {
                text += &format!("{} {:>9} bytes, {}\n", gone.key, gone.bytes, gone.why);
            }
            let (removed, left) = (object.removed.len(), object.unfinished);
            text + &format!(
                "Removed {removed} modules and {left} unfinished files; {} modules with {} bytes stay; the budget is \
                 {max_modules} modules and {max_bytes} bytes\n",
                object.modules, object.bytes
            )
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }
}

impl Ids {
    fn execute(self, pinned: bool, json: bool) -> Result<Answer, Failure> {
        let folder = self.folder.path()?;
        let mut changed = Vec::new();
        for prefix in &self.ids {
            let id = &prefix.resolve(&folder)?;
            let done = match pinned {
                true => cache::pin(&folder, id).map(|()| true),
                false => cache::unpin(&folder, id),
            };
            if done.map_err(|error| Failure::cache(&error))? {
                changed.push(id.to_string());
            }
        }
        #[derive(Serialize)]
        struct Object {
            folder: String,
            pinned: bool,
            modules: Vec<String>,
        }
        let object = Object {
            folder: folder.display().to_string(),
            pinned,
            modules: changed,
        };
        let text = || {
            let how = if pinned { "Pinned" } else { "Unpinned" };
            format!(
                "{how} {} of {} modules\n",
                object.modules.len(),
                self.ids.len()
            )
        };
        Answer::new(json, &object, text, code::SUCCESS)
    }
}
