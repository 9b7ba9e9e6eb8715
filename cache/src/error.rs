//! The reasons for which the cache as a whole, or one entry of it, cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use lockstep_contract::key::Mismatch;
use lockstep_contract::module::ModuleError;
use lockstep_contract::seal::SealError;

/// Why the cache as a whole cannot be used.
///
/// ```
/// use lockstep_cache::{Budget, Cache, CacheError, Locations};
/// # let folder = std::env::temp_dir().join(format!("lockstep-doc-cache-error-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder).unwrap();
/// let file = folder.join("file");
/// std::fs::write(&file, "no folder").unwrap();
/// let error = Cache::open_with(&file, &Locations::default(), Budget::default()).unwrap_err();
/// assert!(matches!(error, CacheError::NotAFolder(path) if path == file));
/// # std::fs::remove_dir_all(&folder).unwrap();
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// No variable of the environment says where the user's cache is.
    #[error(
        "no cache folder: none of LOCKSTEP_CACHE_DIR, XDG_CACHE_HOME and HOME is set; name one with LOCKSTEP_CACHE_DIR"
    )]
    NoFolder,
    /// The name of the folder is that of something else.
    #[error("the cache folder {} is not a folder; name another one, or remove the file of that name", .0.display())]
    NotAFolder(PathBuf),
    /// The name of the folder is that of a symbolic link.
    #[error("the cache folder {} is a symbolic link; name the folder itself", .0.display())]
    Link(PathBuf),
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
    /// Others may write to the folder, or exchange it for another.
    #[error(
        "other users may write to the cache folder {} ({} has mode {mode:#o}); take that right away with chmod go-w {}",
        .folder.display(), .at.display(), .at.display()
    )]
    Shared {
        /// The folder.
        folder: PathBuf,
        /// The folder itself, or the one above it that others may write to.
        at: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// There is no key to authenticate modules with.
    #[error("the modules in the cache folder {} cannot be authenticated: {source}", .folder.display())]
    Key {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with the key.
        source: KeyError,
    },
    /// Nothing can be written to the folder; what is there can be read.
    #[error("the cache folder {} cannot be written to ({source}), so modules are only read from it", .folder.display())]
    ReadOnly {
        /// The folder.
        folder: PathBuf,
        /// What came back.
        source: io::Error,
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
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> CacheError {
        let path = path.to_owned();
        move |source| CacheError::Io { what, path, source }
    }
}

/// Why there is no usable key.
///
/// ```
/// use lockstep_cache::{Authority, KeyError, Locations};
/// let error = Authority::obtain(&Locations::default()).unwrap_err();
/// assert!(matches!(error, KeyError::NoPlace));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Nothing says where it is.
    #[error(
        "there is no place for the key of this machine: none of LOCKSTEP_KEY_FILE, XDG_CONFIG_HOME and HOME is set; name a file with LOCKSTEP_KEY_FILE"
    )]
    NoPlace,
    /// The file is not one that this user alone could read and write.
    #[error("the key file {} cannot be trusted: {reason}; {advice}", .path.display())]
    NotPrivate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What mends it.
        advice: String,
    },
    /// The operating system refused something.
    #[error("cannot {what} the key file {}: {source}", .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What came back.
        source: io::Error,
    },
}

/// Why there is no usable module in a file, or in the cache for a key.
///
/// ```
/// use lockstep_cache::Miss;
/// assert_eq!((Miss::Absent.name(), Miss::Absent.is_suspicious()), ("absent", false));
/// assert_eq!((Miss::Unsealed.name(), Miss::Unsealed.is_suspicious()), ("unsealed", true));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Miss {
    /// There is no file of that name.
    #[error("it is not in the cache")]
    Absent,
    /// The file cannot be read.
    #[error("the entry cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// The file is not one that this user alone could have written.
    #[error("the entry is not a private regular file: {0}")]
    Untrusted(String),
    /// Nothing authenticates it: there is no seal.
    #[error("the entry has no seal")]
    Unsealed,
    /// The bytes beside it are not those of a seal.
    #[error("the seal of the entry is damaged: {0}")]
    SealDamaged(#[from] SealError),
    /// Neither the key of this machine nor a trusted signature authenticates these bytes.
    #[error("the entry is damaged, or another machine made it: {0}")]
    Unauthentic(String),
    /// The bytes are not those of a module.
    #[error("the entry is damaged: {0}")]
    Damaged(#[from] ModuleError),
    /// A whole module, but not the one that its name promises.
    #[error("the entry was made for something else: {0}")]
    Foreign(Mismatch),
    /// What made it is on the deny-list, or that list cannot be read.
    #[error("the entry is refused: {0}")]
    Denied(String),
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
            Miss::Unsealed => "unsealed",
            Miss::SealDamaged(_) => "seal_damaged",
            Miss::Unauthentic(_) => "unauthentic",
            Miss::Damaged(_) => "damaged",
            Miss::Foreign(_) => "foreign",
            Miss::Denied(_) => "denied",
        }
    }

    /// The field of the key that did not fit, for counting.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Miss::Foreign(mismatch) => Some(mismatch.field),
            _ => None,
        }
    }
}
