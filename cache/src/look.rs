//! Looks at what a cache is made of without changing anything: for reports. [`super::Cache::open_with`] makes the folder
//! and the key of this machine when they are missing; nothing here does.

use std::fs;
use std::io;
use std::path::Path;

use lockstep_contract::seal::{LARGEST_SEAL_BYTES, Seal};

use super::error::{CacheError, KeyError, Miss};
use super::files::{free_space, user, writable};
use super::listing::Entry;
use super::node_key::NodeKey;
use super::{authority, check_private, deny, refusal, seal_name};

/// What is in the place of a cache folder.
///
/// ```
/// use std::path::Path;
/// use lockstep_cache::{FolderState, look_at};
/// assert_eq!(look_at(Path::new("no/such/folder")).unwrap(), FolderState::Absent);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum FolderState {
    /// Nothing: the first cache that is opened there makes it.
    Absent,
    /// A folder that can be read, and nothing can be written to it.
    ReadOnly,
    /// A folder that can be written to.
    Writable,
}

/// What a cache would find in the place of its folder.
///
/// # Errors
/// Why a cache there would be refused.
pub fn look_at(folder: &Path) -> Result<FolderState, CacheError> {
    let found = match fs::symlink_metadata(folder) {
        Ok(found) if found.is_symlink() => return Err(CacheError::Link(folder.to_owned())),
        Ok(found) if !found.is_dir() => return Err(CacheError::NotAFolder(folder.to_owned())),
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(FolderState::Absent),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(CacheError::NotAFolder(folder.to_owned()));
        }
        Err(error) => return Err(CacheError::io("look at the cache folder", folder)(error)),
    };
    check_private(folder, &found, user())?;
    fs::read_dir(folder).map_err(CacheError::io("list the cache folder", folder))?;
    Ok(match writable(folder) {
        true => FolderState::Writable,
        false => FolderState::ReadOnly,
    })
}

/// Whether there is a key of this machine in a file.
///
/// # Errors
/// Why the key there would be refused.
pub fn check_key(file: &Path) -> Result<bool, KeyError> {
    match NodeKey::read(file) {
        Ok(_) => Ok(true),
        Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// How many lines of a deny-list refuse something; 0 where there is no list.
///
/// # Errors
/// Why it cannot be read, or which line makes no sense. Everything is refused then.
pub fn check_deny_list(file: &Path) -> Result<usize, String> {
    deny::count(file)
}

/// What stands in the seal of a module, whether or not anything authenticates it: for showing it.
///
/// # Errors
/// When there is no seal, or it is not one.
pub fn seal_of(entry: &Entry) -> Result<Seal, Miss> {
    let path = seal_name(&entry.path);
    let refuse = |found: &fs::Metadata| refusal(found, user());
    match authority::read(&path, LARGEST_SEAL_BYTES as u64, &refuse) {
        Ok(bytes) => Ok(Seal::read(&bytes)?),
        Err(Miss::Absent) => Err(Miss::Unsealed),
        Err(miss) => Err(miss),
    }
}

/// Bytes that this user may still write to the disk of a folder, or of the nearest folder above it that is there.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let there = folder.ancestors().find(|folder| folder.exists());
    free_space(
        there
            .filter(|there| !there.as_os_str().is_empty())
            .unwrap_or(Path::new(".")),
    )
}
