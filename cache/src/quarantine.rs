//! The list of modules that must not run again, in the cache's folder.
//!
//! When a module did something else than the interpreter, it is removed from the cache and its id is added
//! here. So no process that shares the folder uses the module after that, or translates it again: the same
//! translator would make the same module. A new translator makes modules with other ids. Emptying the
//! cache keeps the list. An operator who knows that a module is right releases it.
//!
//! ```text
//! <folder>/quarantine       <64 hex digits> <reason>           the module must not run
//!                           release <64 hex digits>            it may again, for processes that start later
//! ```
//! Lines are only ever added, and the last one about a module counts. A running process sees by the length of the list
//! that there is something new, so a line that was taken away could hide one that was added.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::Path;

use lockstep_contract::key::KeyId;
use lockstep_contract::module::LARGEST_MODULE_BYTES;

use super::files::{private, user, write_all};
use super::listing::remove;
use super::{Cache, CacheError, Miss, authority, names, refusal};

/// Name of the list.
const NAME: &str = "quarantine";
/// A reason is a line of at most so many bytes.
const REASON: usize = 200;
/// What stands before the id of a module that may run again.
const RELEASE: &str = "release";

impl Cache {
    /// Removes the module of a key. Whether there was one.
    ///
    /// # Errors
    /// When the file is there and cannot be removed.
    pub fn remove(&self, id: &KeyId) -> Result<bool, CacheError> {
        remove_module(self.folder(), id)
    }

    /// As [`quarantine`].
    ///
    /// # Errors
    /// When the list cannot be written or the file not be removed; both are tried.
    pub fn quarantine(&self, id: &KeyId, reason: &str) -> Result<(), CacheError> {
        quarantine(self.folder(), id, reason)
    }

    /// As [`quarantined`].
    ///
    /// # Errors
    /// As [`quarantined`].
    pub fn quarantined(&self) -> Result<Vec<(KeyId, String)>, Miss> {
        quarantined(self.folder())
    }

    /// Bytes in the list, to tell whether it grew: it is only ever added to.
    #[must_use]
    pub fn quarantine_size(&self) -> u64 {
        let found = fs::symlink_metadata(self.folder().join(NAME));
        found.map_or(0, |found| found.len())
    }
}

/// The modules in a folder that must not run again, and why; each once, in the order of the list. A line that
/// names none is skipped with a warning.
///
/// ```
/// use std::path::Path;
/// assert_eq!(lockstep_cache::quarantined(Path::new("no/such/folder")).unwrap(), []);
/// ```
///
/// # Errors
/// When the list is there and cannot be read, or is not a private file: then nothing is known of
/// any module.
pub fn quarantined(folder: &Path) -> Result<Vec<(KeyId, String)>, Miss> {
    let path = folder.join(NAME);
    let bytes = match authority::read(&path, LARGEST_MODULE_BYTES, &|found| refusal(found, user()))
    {
        Ok(bytes) => bytes,
        Err(Miss::Absent) => return Ok(Vec::new()),
        Err(miss) => return Err(miss),
    };
    let mut list: Vec<(KeyId, String)> = Vec::new();
    for (number, line) in String::from_utf8_lossy(&bytes).lines().enumerate() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let id = if word == RELEASE { rest } else { word };
        match id.trim_end().parse::<KeyId>() {
            Ok(id) if word == RELEASE => list.retain(|(known, _)| *known != id),
            Ok(id) if list.iter().any(|(known, _)| *known == id) => {}
            Ok(id) => list.push((id, rest.to_owned())),
            Err(_) if line.trim().is_empty() => {}
            Err(error) => {
                let number = number + 1;
                tracing::warn!("{}, line {number}: {error}", path.display());
            }
        }
    }
    Ok(list)
}

/// Puts a module on a folder's list of those that must not run again, and removes its file.
///
/// # Errors
/// When the list cannot be written or the file not be removed; both are tried.
pub fn quarantine(folder: &Path, id: &KeyId, reason: &str) -> Result<(), CacheError> {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut reason: String = reason.chars().map(plain).collect();
    while reason.len() > REASON {
        reason.pop();
    }
    let listed = append(folder, &format!("{id} {reason}\n"));
    let removed = remove_module(folder, id);
    listed.and(removed.map(|_| ()))
}

/// Takes a module off a folder's list, for processes that start from now on. Whether it was on it.
///
/// # Errors
/// When the list cannot be read or written.
pub fn release(folder: &Path, id: &KeyId) -> Result<bool, CacheError> {
    let path = folder.join(NAME);
    let list = quarantined(folder).map_err(|miss| {
        let what = "read the list of quarantined modules";
        CacheError::io(what, &path)(io::Error::other(miss))
    })?;
    let listed = list.iter().any(|(known, _)| known == id);
    if listed {
        append(folder, &format!("{RELEASE} {id}\n"))?;
    }
    Ok(listed)
}

fn remove_module(folder: &Path, id: &KeyId) -> Result<bool, CacheError> {
    let path = folder.join(format!("{id}.{}", names::EXTENSION));
    let sealed = remove(&super::seal_name(&path));
    let removed = remove(&path)?;
    sealed.map(|_| removed)
}

/// One write of one line to the end of the list, so that two processes do not mix theirs.
fn append(folder: &Path, line: &str) -> Result<(), CacheError> {
    let path = folder.join(NAME);
    let mut options = OpenOptions::new();
    private(options.append(true).create(true))
        .open(&path)
        .and_then(|mut file| {
            write_all(&mut file, line.as_bytes())?;
            file.sync_all()
        })
        .map_err(CacheError::io(
            "write the list of quarantined modules",
            &path,
        ))
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Locations};
    use super::*;

    #[test]
    fn what_is_quarantined_is_listed_and_gone() {
        let folder = std::env::temp_dir().join(format!("lockstep-list-{}", std::process::id()));
        // Of an earlier process with this number.
        let _ = fs::remove_dir_all(&folder);
        let locations = Locations {
            key: Some(folder.join("key")),
            ..Locations::default()
        };
        let cache = Cache::open_with(&folder, &locations, Budget::default()).unwrap();
        assert_eq!(cache.quarantined().unwrap(), []);
        let key = |base| lockstep_contract::key::Key {
            base,
            ..crate::tests::key()
        };
        let (first, second) = (key(0x1000), key(0x2000));
        let (one, two) = (first.id(), second.id());
        let path = cache.store(&crate::tests::module(first)).unwrap();
        cache.quarantine(&one, "differs\nat 0x10074").unwrap();
        assert!(!path.exists());
        let size = cache.quarantine_size();
        cache.quarantine(&two, &"é".repeat(1000)).unwrap();
        cache.quarantine(&one, "again").unwrap();
        assert!(cache.quarantine_size() > size);
        // A damaged line hides no other.
        let list = folder.join(NAME);
        let mut text = fs::read_to_string(&list).unwrap();
        text.insert_str(0, "no id at all\n\n");
        fs::write(&list, text).unwrap();
        let found = cache.quarantined().unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0], (one, "differs at 0x10074".to_owned()));
        assert_eq!(found[1], (two, "é".repeat(100)));
        // One that is released is on the list no more, the list only grows, and it can be put there again.
        let size = cache.quarantine_size();
        assert!(release(&folder, &one).unwrap());
        assert!(!release(&folder, &one).unwrap());
        assert_eq!(cache.quarantined().unwrap(), found[1..]);
        assert!(cache.quarantine_size() > size);
        cache.quarantine(&one, "after all").unwrap();
        assert_eq!(
            cache.quarantined().unwrap()[1],
            (one, "after all".to_owned())
        );
        // Emptying the cache is about modules.
        cache.store(&crate::tests::module(second)).unwrap();
        assert_eq!(super::super::clear(&folder).unwrap().0, 2);
        assert_eq!(cache.quarantined().unwrap().len(), 2);
        fs::remove_dir_all(&folder).unwrap();
    }
}
