//! The module cache: a private folder of module files, named by the id of their key.
//!
//! A file is written once under a temporary name, flushed, and renamed to its final name, so that a
//! reader sees a whole file or none, whatever happens to the writer. A look-up reads the whole file
//! once and works on that copy: what happens to the file afterwards does not matter. Whatever is
//! wrong with an entry makes it a miss with a reason, never an error.
//!
//! What it is not: authentication. The digest in a module detects damage; whoever can write to the
//! folder can also write a module with a right digest, and a module is code. So the folder must be
//! private: it is created for its owner alone, and one that belongs to somebody else, or that others
//! may write to, is refused; an entry must be a regular file of the same owner. Budgets and garbage
//! collection are not here either.
//!
//! ```text
//! <folder>/<64 hex digits: id of the key>.lkm      a module
//! <folder>/.<name>.<process>.<number>.tmp          being written, or left by a killed process
//! <folder>/quarantine                              ids of modules that must not run again
//! ```

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use lockstep_contract::key::{Key, KeyId, Mismatch};
use lockstep_contract::module::{Module, ModuleError};

mod files;
mod quarantine;

pub use files::replace;
use files::writable_by_others;
use files::{create_new, create_private, open_no_follow, owner, put, temporary_name};

/// Ending of a module's file name.
pub const EXTENSION: &str = "lkm";

/// No module is larger: 4 MiB of text cannot become this much code within the translator's budget.
const LARGEST: u64 = 512 << 20;

/// Why the cache as a whole cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// No variable of the environment says where the user's cache is.
    #[error(
        "no cache folder: none of LOCKSTEP_CACHE_DIR, XDG_CACHE_HOME and HOME is set; name one with LOCKSTEP_CACHE_DIR"
    )]
    NoFolder,
    /// The name of the folder is that of something else.
    #[error("the cache {} is not a folder; name another one or remove the file", .0.display())]
    NotAFolder(PathBuf),
    /// The folder belongs to another user.
    #[error(
        "the cache folder {} belongs to user {owner}, not to user {user}; name a folder of your own", .folder.display()
    )]
    Owner {
        /// The folder.
        folder: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        user: u32,
    },
    /// Others may write to the folder.
    #[error(
        "the cache folder {} may be written by others (mode {mode:#o}); make it private: chmod 700", .folder.display()
    )]
    Shared {
        /// The folder.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The operating system refused something.
    #[error("cannot {what} {}: {source}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which path.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
}

impl CacheError {
    fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
        let path = path.to_owned();
        move |source| CacheError::Io { what, path, source }
    }
}

/// Why there is no usable entry for a key.
#[derive(Debug, thiserror::Error)]
pub enum Miss {
    /// There is no file of that name.
    #[error("not in the cache")]
    Absent,
    /// The file cannot be read.
    #[error("the entry cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is not one that this user alone could have written.
    #[error("the entry is not a private regular file: {0}")]
    Untrusted(String),
    /// The bytes are not those of a module.
    #[error("the entry is damaged: {0}")]
    Damaged(#[from] ModuleError),
    /// A whole module, but not the one that its name promises.
    #[error("the entry is for something else: {0}")]
    Foreign(Mismatch),
}

impl Miss {
    /// Whether something is wrong: an absent entry is the normal course.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        !matches!(self, Miss::Absent)
    }

    /// One word for counting.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Miss::Absent => "absent",
            Miss::Unreadable(_) => "unreadable",
            Miss::Untrusted(_) => "untrusted",
            Miss::Damaged(_) => "damaged",
            Miss::Foreign(_) => "foreign",
        }
    }
}

/// One file of the cache, as its name and size tell; its content was not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// A folder of modules that is fit for use.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    user: Option<u32>,
}

impl Cache {
    /// Opens the cache in a folder, which is created if it is missing, for its owner alone.
    ///
    /// # Errors
    /// When the folder cannot be created or written to, is no folder, or is not private.
    pub fn open(folder: &Path) -> Result<Cache, CacheError> {
        match fs::metadata(folder) {
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
        // A file of our own tells both whether we may write here and who we are to the file system.
        let probe = folder.join(temporary_name(OsStr::new("probe")));
        let made = create_new(&probe, true)
            .and_then(|file| file.metadata())
            .map_err(CacheError::io("write to the cache folder", folder));
        let _ = fs::remove_file(&probe);
        let made = made?;
        let found =
            fs::metadata(folder).map_err(CacheError::io("look at the cache folder", folder))?;
        check_private(folder, &found, &made)?;
        Ok(Cache {
            folder: folder.to_owned(),
            user: owner(&made),
        })
    }

    /// Where the cache is when nobody says: `LOCKSTEP_CACHE_DIR`, else `lockstep` in the user's
    /// cache folder (`XDG_CACHE_HOME`, else `.cache` in `HOME`).
    ///
    /// # Errors
    /// When the environment names none of these.
    pub fn default_folder() -> Result<PathBuf, CacheError> {
        let named = |variable: &str| {
            std::env::var_os(variable)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        // The XDG base directory specification: a relative path is to be ignored.
        named("LOCKSTEP_CACHE_DIR")
            .or_else(|| {
                named("XDG_CACHE_HOME")
                    .filter(|path| path.is_absolute())
                    .or_else(|| named("HOME").map(|home| home.join(".cache")))
                    .map(|caches| caches.join("lockstep"))
            })
            .ok_or(CacheError::NoFolder)
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
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
    pub fn find(&self, key: &Key) -> Result<Module, Miss> {
        let bytes = self.read(&self.path(&key.id()))?;
        let module = Module::read(&bytes)?;
        match key.difference(&module.key) {
            None => Ok(module),
            Some(mismatch) => Err(Miss::Foreign(mismatch)),
        }
    }

    /// The module of this id, whatever it was made for: read whole, and found to be what its name says.
    ///
    /// # Errors
    /// A miss says why.
    pub fn find_by_id(&self, id: &KeyId) -> Result<Module, Miss> {
        let module = Module::read(&self.read(&self.path(id))?)?;
        let found = module.key.id();
        if found != *id {
            return Err(Miss::Foreign(Mismatch {
                field: "id",
                expected: id.to_string(),
                found: found.to_string(),
            }));
        }
        Ok(module)
    }

    /// Puts a module, given as the bytes of its file, under the name of its key. Gives the path.
    ///
    /// # Errors
    /// When the folder cannot be written to (any more); nothing half written is left.
    pub fn store(&self, id: &KeyId, bytes: &[u8]) -> Result<PathBuf, CacheError> {
        let path = self.path(id);
        put(&path, bytes, true).map_err(CacheError::io("write the module", &path))?;
        Ok(path)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, Miss> {
        let mut file = match open_no_follow(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Miss::Absent),
            Err(error) => return Err(Miss::Unreadable(error)),
        };
        let found = file.metadata()?;
        if let Some(reason) = self.distrust(&found) {
            return Err(Miss::Untrusted(reason));
        }
        if found.len() > LARGEST {
            return Err(Miss::Untrusted(format!("{} bytes", found.len())));
        }
        let mut bytes = Vec::with_capacity(found.len() as usize);
        Read::by_ref(&mut file)
            .take(LARGEST)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Why an entry is not to be read, if so.
    fn distrust(&self, found: &Metadata) -> Option<String> {
        if !found.is_file() {
            return Some("no regular file".to_owned());
        }
        if owner(found) != self.user {
            return Some(format!(
                "it belongs to user {:?}",
                owner(found).unwrap_or(0)
            ));
        }
        writable_by_others(found).map(|mode| format!("mode {mode:#o}"))
    }
}

/// The modules in a folder, by name. A folder that is not there is an empty cache.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<Entry>, CacheError> {
    let wanted = |name: &str| name.strip_suffix(".lkm").is_some_and(is_id);
    files(folder, &wanted)
}

/// Removes every module and everything that killed writers left, and nothing else. Gives what went.
///
/// # Errors
/// When the folder cannot be listed or a file cannot be removed.
pub fn clear(folder: &Path) -> Result<Vec<Entry>, CacheError> {
    let gone = files(folder, &is_ours)?;
    for entry in &gone {
        match fs::remove_file(&entry.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(CacheError::io("remove", &entry.path)(error));
            }
            _ => {}
        }
    }
    Ok(gone)
}

fn is_id(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a file of this name was written by us: a module, what is emitted beside it, or a
/// temporary file of either.
fn is_ours(name: &str) -> bool {
    let of_module = |name: &str| {
        name.split_once('.').is_some_and(|(id, rest)| {
            is_id(id) && [EXTENSION, "clif", "asm", "map"].contains(&rest)
        })
    };
    let unfinished = || {
        let name = name.strip_prefix('.')?.strip_suffix(".tmp")?;
        let (name, number) = name.rsplit_once('.')?;
        let (name, process) = name.rsplit_once('.')?;
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        Some(numeric(number) && numeric(process) && (name == "probe" || of_module(name)))
    };
    of_module(name) || unfinished().unwrap_or(false)
}

fn files(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<Entry>, CacheError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(CacheError::NotAFolder(folder.to_owned()));
        }
        Err(error) => return Err(CacheError::io("list the cache folder", folder)(error)),
    };
    let mut entries = Vec::new();
    for file in listing {
        let file = file.map_err(CacheError::io("list the cache folder", folder))?;
        let found = match file.metadata() {
            Ok(found) if !found.is_dir() => found,
            // A folder is none of ours; a file that just went away is no entry.
            _ => continue,
        };
        if file.file_name().to_str().is_some_and(wanted) {
            entries.push(Entry {
                path: file.path(),
                size: found.len(),
            });
        }
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} bytes)", self.path.display(), self.size)
    }
}

/// Refuses a folder that somebody else owns or may write to. `made` is a file that we just created.
fn check_private(folder: &Path, found: &Metadata, made: &Metadata) -> Result<(), CacheError> {
    if let (Some(owner), Some(user)) = (owner(found), owner(made))
        && owner != user
    {
        let folder = folder.to_owned();
        return Err(CacheError::Owner {
            folder,
            owner,
            user,
        });
    }
    match writable_by_others(found) {
        Some(mode) => Err(CacheError::Shared {
            folder: folder.to_owned(),
            mode,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn only_files_of_the_cache_are_ours() {
        let id = "0123456789abcdef".repeat(4);
        for name in [
            "ID.lkm",
            "ID.map",
            "ID.clif",
            "ID.asm",
            ".ID.lkm.12.0.tmp",
            ".probe.1.2.tmp",
        ] {
            assert!(is_ours(&name.replace("ID", &id)), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "ID",
            "ID.",
            "ID.txt",
            "x.lkm",
            "ID0.lkm",
            "notes.txt",
            ".tmp",
            "..tmp",
            ".x.1.2.tmp",
            ".ID.lkm.1.tmp",
            ".ID.lkm..2.tmp",
            ".ID.lkm.1.2",
            "ID.lkm.1.2.tmp",
        ] {
            assert!(!is_ours(&name.replace("ID", &id)), "{name}");
        }
    }
}
