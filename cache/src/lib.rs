//! The module cache: a private folder that holds module files, each with a seal. The name of a module file
//! is the id of the module's key.
//!
//! A writer writes a file under a temporary name, flushes it, and renames it. So a reader sees the whole
//! file or no file, even when the writer is killed. A look-up reads the whole file into memory once and
//! works on that copy, so later changes of the file have no effect on it. It authenticates the copy before
//! it parses it: the seal must be valid under the key of this machine, or carry a signature by a trusted
//! key. Whatever is wrong with an entry makes the look-up a miss with a reason, and never an error.
//!
//! The folder is private as a second protection. The cache creates it for its owner alone. It refuses a
//! folder that is a symbolic link, that another user owns, or that another user may write to or replace. An
//! entry must be a regular file that belongs to the same user or to root. Where the folder cannot be
//! written to, its modules are still used.
//!
//! ```text
//! <folder>/<64 hex digits: id of the key>.lkm      a module
//! <folder>/<id>.lkm.seal                           what authenticates it
//! <folder>/<id>.pin                                the module stays, whatever the budget says
//! <folder>/<id>.heat                               which heat's module is looked for before this one
//! <folder>/.<name>.<process>.<number>.tmp          a writer writes it, or was killed while it did
//! <folder>/quarantine                              ids of modules that must not run again
//! <folder>/tally                                   how many modules and bytes there are, roughly; only
//!                                                  large caches have it
//! ```
//!
//! Nothing depends on the cache. Without it, or with any part of it gone, modules are translated again.

#![deny(unsafe_code)]

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lockstep_contract::key::{Key, KeyId, Mismatch};
use lockstep_contract::module::{LARGEST_MODULE_BYTES, TrustedModule};
use lockstep_contract::seal::Seal;

mod ages;
mod authority;
mod budget;
mod deny;
mod error;
mod files;
mod listing;
mod locations;
mod look;
mod names;
mod node_key;
mod preference;
mod quarantine;
mod tally;
mod trust;

#[cfg(test)]
mod tests;

pub use authority::{Authenticated, Authority, FileAccess, NamedModule, TrustedBy, seal_name};
pub use budget::{Budget, Collected, Gone, InvalidBudget, WhyGone, collect};
pub use deny::{KNOWN as KNOWN_DENIED, denied, denied_maker};
pub use error::{CacheError, KeyError, Miss};
pub use files::{replace, write_all};
pub use listing::{Entry, clear, list, pin, unpin};
pub use locations::Locations;
pub use look::{FolderState, check_deny_list, check_key, free_bytes, look_at, seal_of};
pub use names::EXTENSION;
pub use quarantine::{quarantine, quarantined, release};
pub use trust::{
    PublicKey, SigningKey, TrustError, TrustErrorKind, Trusted, is_sound, public_name,
};

use authority::OpenFile;
use files::{create_new, create_private, owner, put, swappable, temporary_name, user};
use files::{ours, writable_by_others};
use listing::Total;
use locations::named;
use tally::Change;

/// The time of last use of an entry is written again only after this time. A collection needs no finer
/// times.
const STAMP_AGAIN_AFTER: Duration = Duration::from_secs(3600);

/// An open cache: its folder was found to be private, and the keys were read.
///
/// ```
/// use lockstep_cache::{Budget, Cache, Locations, Miss};
/// # let folder = std::env::temp_dir().join(format!("lockstep-doc-cache-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let keys = Locations::default().with_key(folder.join("module.key"));
/// let cache = Cache::open_with(&folder.join("cache"), &keys, Budget::default()).unwrap();
/// let id = "0123456789abcdef".repeat(4).parse().unwrap();
/// assert!(matches!(cache.find_by_id(&id), Err(Miss::Absent)));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    user: Option<u32>,
    authority: Authority,
    budget: Budget,
    /// Why nothing can be written, if so.
    read_only: Option<io::ErrorKind>,
}

impl Cache {
    /// Opens the cache in a folder, which is created if it is missing, for its owner alone, with the
    /// keys that the environment names and the budget of the environment.
    ///
    /// # Errors
    /// When the folder cannot be created or read, is no folder, or is not private; or when there is no
    /// key to authenticate modules with.
    pub fn open(folder: &Path) -> Result<Cache, CacheError> {
        Cache::open_with(
            folder,
            &Locations::from_environment(),
            Budget::from_environment(),
        )
    }

    /// As [`Cache::open`], with these keys and this budget.
    ///
    /// # Errors
    /// As [`Cache::open`].
    pub fn open_with(
        folder: &Path,
        locations: &Locations,
        budget: Budget,
    ) -> Result<Cache, CacheError> {
        match fs::symlink_metadata(folder) {
            Ok(found) if found.is_symlink() => return Err(CacheError::Link(folder.to_owned())),
            Ok(found) if !found.is_dir() => return Err(CacheError::NotAFolder(folder.to_owned())),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_private(folder)
                    .map_err(CacheError::io("create the cache folder", folder))?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(CacheError::NotAFolder(folder.to_owned()));
            }
            Err(error) => return Err(CacheError::io("look at the cache folder", folder)(error)),
        }
        let (user, read_only) = probe(folder)?;
        let found =
            fs::metadata(folder).map_err(CacheError::io("look at the cache folder", folder))?;
        check_private(folder, &found, user)?;
        if let Some(kind) = read_only {
            let source = io::Error::from(kind);
            let folder = folder.to_owned();
            tracing::warn!("{}", CacheError::ReadOnly { folder, source });
        }
        let authority = Authority::obtain(locations).map_err(|source| CacheError::Key {
            folder: folder.to_owned(),
            source,
        })?;
        Ok(Cache {
            folder: folder.to_owned(),
            user,
            authority,
            budget,
            read_only,
        })
    }

    /// The folder of the cache unless a flag or a call names one: `LOCKSTEP_CACHE_DIR`, else
    /// [`Cache::user_folder`].
    ///
    /// # Errors
    /// When the environment names none of these.
    pub fn default_folder() -> Result<PathBuf, CacheError> {
        named("LOCKSTEP_CACHE_DIR").map_or_else(Cache::user_folder, Ok)
    }

    /// `lockstep` in the user's cache folder (`XDG_CACHE_HOME`, else `.cache` in `HOME`).
    ///
    /// # Errors
    /// When the environment names neither.
    pub fn user_folder() -> Result<PathBuf, CacheError> {
        locations::user_folder("XDG_CACHE_HOME", ".cache").ok_or(CacheError::NoFolder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether nothing can be written to the folder, as it was when the cache was opened.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.read_only.is_some()
    }

    /// What decides which modules may run.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Where the module with this key is, or would be.
    #[must_use]
    pub fn path(&self, id: &KeyId) -> PathBuf {
        self.folder.join(format!("{id}.{EXTENSION}"))
    }

    /// The module for a key: read whole, authenticated as a whole, its key compared field by field.
    ///
    /// # Errors
    /// A miss says why; the next [`Cache::store`] replaces the entry.
    pub fn find(&self, key: &Key) -> Result<TrustedModule, Miss> {
        let found = self.load(&key.id())?;
        match key.difference(&found.module.key) {
            None => Ok(found.module),
            Some(mismatch) => Err(Miss::Foreign(mismatch)),
        }
    }

    /// The module of this id, whatever it was made for: read whole, authenticated, and found to be what
    /// its name says.
    ///
    /// # Errors
    /// A miss says why.
    pub fn find_by_id(&self, id: &KeyId) -> Result<TrustedModule, Miss> {
        self.load(id).map(|found| found.module)
    }

    /// As [`Cache::find_by_id`], with the seal.
    ///
    /// # Errors
    /// A miss says why.
    pub fn load(&self, id: &KeyId) -> Result<Authenticated, Miss> {
        let path = self.path(id);
        let (found, file) = check(&path, id, &self.authority, self.user)?;
        self.stamp(&file);
        Ok(found)
    }

    /// The digest of the heat whose module is to be looked for first, where `id` is that of the key without heat:
    /// that of the module with heat which was stored last.
    #[must_use]
    pub fn preferred_heat(&self, id: &KeyId) -> Option<[u8; 32]> {
        let refusal = |found: &Metadata| refusal(found, self.user);
        let heat = preference::find(&self.folder, &self.authority, id, &refusal)?;
        // What goes with it stays in the cache as long as it is looked for.
        let path = preference::path(&self.folder, id);
        if let Ok(file) = authority::open(&path, &refusal) {
            self.stamp(&file);
        }
        Some(heat)
    }

    /// Puts a module under the name of its key, and seals it. Gives the path. One that was made with heat is
    /// preferred from now on ([`Cache::preferred_heat`]). Then modules are removed until the cache is within
    /// its budget.
    ///
    /// # Errors
    /// When the folder cannot be written to. No half written file is left then.
    ///
    /// What is sealed here is taken as trusted later, so bytes of unknown origin are not taken:
    ///
    /// ```compile_fail,E0308
    /// use lockstep_cache::Cache;
    /// use lockstep_contract::module::Module;
    /// fn launder(cache: &Cache, module: &Module) {
    ///     let _ = cache.store(module);
    /// }
    /// ```
    pub fn store(&self, module: &TrustedModule) -> Result<PathBuf, CacheError> {
        let bytes = module.to_bytes();
        let path = self.path(&module.key.id());
        let mut seal = Seal::new(&module.key, &bytes);
        self.authority.seal_file(&mut seal, &bytes);
        // With the lock, a module and its seal come from one writer. Without it they may come from two, and
        // are a miss then.
        let alone = listing::Alone::in_folder(&self.folder);
        let replaced = held(&path);
        self.put(&path, &bytes, &seal)?;
        // Behind the module, so that nobody looks for one that is not there yet.
        preference::write(&self.folder, &self.authority, &module.key)?;
        let added = held(&path);
        self.keep_within_budget(alone, Change { replaced, added });
        Ok(path)
    }

    /// Replaces the seal of an entry.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn store_seal(&self, id: &KeyId, seal: &Seal) -> Result<(), CacheError> {
        let path = self.path(id);
        Authority::write(&path, seal, FileAccess::OwnerOnly)
            .map_err(CacheError::io("write the seal of", &path))
    }

    fn put(&self, path: &Path, bytes: &[u8], seal: &Seal) -> Result<(), CacheError> {
        if let Some(kind) = self.read_only {
            return Err(CacheError::ReadOnly {
                folder: self.folder.clone(),
                source: kind.into(),
            });
        }
        for path in [path, &seal_name(path)] {
            if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
                // The cache makes no such folder. An empty one is removed; another makes the write below
                // fail.
                let _ = fs::remove_dir(path);
            }
        }
        put(path, bytes, true).map_err(CacheError::io("write the module", path))?;
        Authority::write(path, seal, FileAccess::OwnerOnly).map_err(|error| {
            // No look-up uses a module without a seal.
            let _ = fs::remove_file(path);
            CacheError::io("write the seal of", path)(error)
        })
    }

    /// Collects if there is more than the budget has room for, after a store.
    fn keep_within_budget(&self, alone: Option<listing::Alone>, change: Change) {
        let is_near = |total| self.budget.is_near(&self.folder, total);
        let total = tally::after_store(&self.folder, alone.is_some(), change, is_near);
        // A collection asks for the folder itself.
        drop(alone);
        let collected = match total {
            Ok(total) if self.budget.is_exceeded(&self.folder, total) => {
                collect(&self.folder, self.budget)
            }
            Ok(_) => return,
            Err(error) => Err(error),
        };
        match collected {
            Ok(collected) => tracing::debug!(?collected, "collected"),
            Err(error) => tracing::warn!("{error}; the cache may grow beyond its budget"),
        }
    }

    /// Writes that an entry was used now. A time in the future is replaced too.
    fn stamp(&self, entry: &OpenFile) {
        let now = SystemTime::now();
        let used = entry.metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        let is_old = now
            .duration_since(used)
            .map_or(true, |age| age > STAMP_AGAIN_AFTER);
        if self.read_only.is_none() && is_old {
            let _ = entry.file.set_modified(now);
        }
    }
}

/// Checks an entry as a look-up does, without changing anything.
///
/// # Errors
/// A miss says why it would not be used.
pub fn examine(entry: &Entry, authority: &Authority) -> Result<Authenticated, Miss> {
    check(&entry.path, &entry.id, authority, user()).map(|(found, _)| found)
}

fn check(
    path: &Path,
    id: &KeyId,
    authority: &Authority,
    user: Option<u32>,
) -> Result<(Authenticated, OpenFile), Miss> {
    let (found, file) = authority.load(path, &|found| refusal(found, user))?;
    let name = found.module.key.id();
    if name == *id {
        return Ok((found, file));
    }
    let mismatch = Mismatch::new("id", id.to_string(), name.to_string());
    Err(Miss::Foreign(mismatch))
}

/// How much a module takes with its seal.
fn held(module: &Path) -> Total {
    let size = |path: &Path| fs::symlink_metadata(path).ok().map(|found| found.len());
    let bytes = size(module);
    Total {
        entries: u64::from(bytes.is_some()),
        bytes: bytes
            .unwrap_or(0)
            .saturating_add(size(&seal_name(module)).unwrap_or(0)),
    }
}

/// Why a file of the cache must not be read, if there is a reason.
fn refusal(found: &Metadata, user: Option<u32>) -> Option<String> {
    if !found.is_file() {
        return Some("it is not a regular file".to_owned());
    }
    let owner = owner(found);
    if owner != user && !ours(owner) {
        return Some(format!("it belongs to user {}", owner.unwrap_or(0)));
    }
    if found.len() > LARGEST_MODULE_BYTES {
        return Some(format!(
            "it has {} bytes, and {LARGEST_MODULE_BYTES} are the most",
            found.len()
        ));
    }
    writable_by_others(found).map(|mode| format!("other users may write to it (mode {mode:#o})"))
}

/// Which user owns the files that this process creates in the folder, and why it can create none, if so.
/// A file that is created and removed again shows both.
fn probe(folder: &Path) -> Result<(Option<u32>, Option<io::ErrorKind>), CacheError> {
    let probe = folder.join(temporary_name(OsStr::new("probe")));
    let made = create_new(&probe, true).and_then(|file| file.metadata());
    let _ = fs::remove_file(&probe);
    match made {
        Ok(made) => Ok((owner(&made), None)),
        Err(error)
            if [
                io::ErrorKind::PermissionDenied,
                io::ErrorKind::ReadOnlyFilesystem,
            ]
            .contains(&error.kind()) =>
        {
            Ok((user(), Some(error.kind())))
        }
        // Modules on a full disk can be used, and the disk may have room later.
        Err(error) if error.kind() == io::ErrorKind::StorageFull => Ok((user(), None)),
        Err(error) => Err(CacheError::io("write to the cache folder", folder)(error)),
    }
}

/// Refuses a folder that another user owns, may write to or may replace. Root may own it.
fn check_private(folder: &Path, found: &Metadata, user: Option<u32>) -> Result<(), CacheError> {
    if let (Some(owner), Some(user)) = (owner(found), user)
        && owner != user
        && owner != 0
    {
        let folder = folder.to_owned();
        return Err(CacheError::Owner {
            folder,
            owner,
            user,
        });
    }
    let at_itself = writable_by_others(found).map(|mode| (folder.to_owned(), mode));
    match at_itself.or_else(|| swappable(folder)) {
        Some((at, mode)) => Err(CacheError::Shared {
            folder: folder.to_owned(),
            at,
            mode,
        }),
        None => Ok(()),
    }
}
