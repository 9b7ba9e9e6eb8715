//! Lists the folder of a cache by file names: modules, pins, and temporary files that killed writers left.
//! Clears the folder, and sets and takes away pins.
//!
//! Nothing here opens a module. So a listing is safe beside running nodes, whatever the files contain.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use lockstep_contract::key::KeyId;

use super::ages::{WRITING, age};
use super::error::CacheError;
use super::files::put;
use super::names;

/// A module in the folder, with all files that go with it.
///
/// ```
/// use std::path::Path;
/// use lockstep_cache::{CacheError, list};
/// /// Bytes of the modules that no collection removes.
/// fn pinned_bytes(folder: &Path) -> Result<u64, CacheError> {
///     let entries = list(folder)?;
///     Ok(entries.iter().filter(|entry| entry.pinned).map(|entry| entry.size).sum())
/// }
/// assert_eq!(pinned_bytes(Path::new("no/such/folder")).unwrap(), 0);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The id of its key, by its name.
    pub id: KeyId,
    /// Where the module is.
    pub path: PathBuf,
    /// Bytes of all its files.
    pub size: u64,
    /// When it was last used, exact to an hour, or when it was written.
    pub used: SystemTime,
    /// Whether there is a seal.
    pub sealed: bool,
    /// Whether it is pinned.
    pub pinned: bool,
}

/// The files of one id.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) files: Vec<Found>,
    pub(super) module: Option<Found>,
    pub(super) sealed: bool,
    pub(super) pinned: bool,
    /// A module with heat is looked for first, which belongs to another group.
    pub(super) preference: bool,
}

/// A file of the cache.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) size: u64,
    pub(super) changed: SystemTime,
    name: Name,
}

/// What the name of a file of the cache stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    Module(KeyId),
    Seal(KeyId),
    Pin(KeyId),
    /// Which heat's module is looked for before it.
    Preference(KeyId),
    /// A file that `translate build --emit` wrote beside it.
    Other(KeyId),
    /// A temporary file of a writer with this process number.
    Unfinished(u32),
}

/// All files of the cache in a folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    pub(super) groups: BTreeMap<KeyId, Group>,
    /// Temporary files, each with the number of the process that began to write it.
    pub(super) unfinished: Vec<(Found, u32)>,
}

/// How many modules and bytes there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Total {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

/// The modules in a folder, by name. A folder that is not there is an empty cache.
///
/// # Errors
/// When the folder cannot be listed.
pub fn list(folder: &Path) -> Result<Vec<Entry>, CacheError> {
    let listing = Listing::of(folder)?;
    let entry = |(id, group): (KeyId, Group)| {
        let module = group.module.as_ref()?;
        Some(Entry {
            id,
            path: module.path.clone(),
            size: group.size(),
            used: module.changed,
            sealed: group.sealed,
            pinned: group.pinned,
        })
    };
    Ok(listing.groups.into_iter().filter_map(entry).collect())
}

/// Removes every module with its other files, pinned modules too, and the temporary files that killed
/// writers left. Removes nothing else. Gives the number of removed files and their bytes.
///
/// # Errors
/// When the folder cannot be listed or a file cannot be removed.
pub fn clear(folder: &Path) -> Result<(usize, u64), CacheError> {
    let alone = Alone::in_folder(folder);
    let mut gone = files(folder)?;
    if alone.is_none() {
        // A slow writer holds the lock, and still needs its temporary file.
        gone.retain(|file| !file.is_being_written());
    }
    for file in &gone {
        remove(&file.path)?;
    }
    remove(&folder.join(names::TALLY))?;
    let bytes = gone.iter().map(|file| file.size).sum();
    Ok((gone.len(), bytes))
}

/// Makes a module stay when the cache is collected.
///
/// # Errors
/// When there is no such module, or the folder cannot be written to.
pub fn pin(folder: &Path, id: &KeyId) -> Result<(), CacheError> {
    let module = folder.join(format!("{id}.{}", names::EXTENSION));
    fs::symlink_metadata(&module).map_err(CacheError::io("find the module", &module))?;
    let path = folder.join(format!("{id}.pin"));
    put(&path, b"", true).map_err(CacheError::io("write", &path))
}

/// Takes a pin away. Whether there was one.
///
/// # Errors
/// When it cannot be removed.
pub fn unpin(folder: &Path, id: &KeyId) -> Result<bool, CacheError> {
    remove(&folder.join(format!("{id}.pin")))
}

/// Removes a file. Whether it was there.
pub(super) fn remove(path: &Path) -> Result<bool, CacheError> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(CacheError::io("remove", path)(error)),
    }
}

impl Listing {
    pub(super) fn of(folder: &Path) -> Result<Listing, CacheError> {
        let mut listing = Listing::default();
        for file in files(folder)? {
            let id = match file.name {
                Name::Unfinished(process) => {
                    listing.unfinished.push((file, process));
                    continue;
                }
                Name::Module(id)
                | Name::Seal(id)
                | Name::Pin(id)
                | Name::Preference(id)
                | Name::Other(id) => id,
            };
            let group = listing.groups.entry(id).or_default();
            match file.name {
                Name::Module(_) => group.module = Some(file.clone()),
                Name::Seal(_) => group.sealed = true,
                Name::Pin(_) => group.pinned = true,
                Name::Preference(_) => group.preference = true,
                _ => {}
            }
            group.files.push(file);
        }
        Ok(listing)
    }

    pub(super) fn total(&self) -> Total {
        let modules = self.groups.values().filter(|group| group.module.is_some());
        Total {
            entries: modules.count() as u64,
            bytes: self.groups.values().map(Group::size).sum(),
        }
    }
}

impl Group {
    pub(super) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// When any of it was last written or used.
    pub(super) fn changed(&self) -> SystemTime {
        let times = self.files.iter().map(|file| file.changed);
        times.max().unwrap_or(SystemTime::UNIX_EPOCH)
    }

    /// Removes its files, the seal first: what is left of a module without one is a miss.
    pub(super) fn remove(&self) -> Result<(), CacheError> {
        let seals = self
            .files
            .iter()
            .filter(|file| matches!(file.name, Name::Seal(_)));
        let others = self
            .files
            .iter()
            .filter(|file| !matches!(file.name, Name::Seal(_)));
        for file in seals.chain(others) {
            remove(&file.path)?;
        }
        Ok(())
    }
}

/// The lock of a folder. A writer that hangs keeps it, so a writer that does not get it within two seconds
/// goes on without it. The worst result of that is a miss.
pub(super) struct Alone {
    _folder: File,
}

impl Alone {
    pub(super) fn in_folder(folder: &Path) -> Option<Alone> {
        const PATIENCE: Duration = Duration::from_secs(2);
        let file = File::open(folder).ok()?;
        let started = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Some(Alone { _folder: file }),
                Err(TryLockError::WouldBlock) if started.elapsed() < PATIENCE => {
                    sleep(Duration::from_millis(5));
                }
                Err(_) => return None,
            }
        }
    }
}

fn files(folder: &Path) -> Result<Vec<Found>, CacheError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(CacheError::NotAFolder(folder.to_owned()));
        }
        Err(error) => return Err(CacheError::io("list the cache folder", folder)(error)),
    };
    let mut files = Vec::new();
    for file in listing {
        let file = file.map_err(CacheError::io("list the cache folder", folder))?;
        let Some(name) = file.file_name().to_str().and_then(Name::parse) else {
            continue;
        };
        // The cache makes no folders here, and a file that was just removed is no entry. Links are not
        // followed.
        if let Ok(found) = file.metadata()
            && !found.is_dir()
        {
            files.push(Found {
                path: file.path(),
                size: found.len(),
                changed: found.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                name,
            });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

impl Found {
    /// Whether it is a temporary file whose writer may still rename it.
    fn is_being_written(&self) -> bool {
        matches!(self.name, Name::Unfinished(_)) && age(self.changed) <= WRITING
    }
}

impl Name {
    /// What a file of this name is, if it is a name that the cache writes: a module, a file that goes with
    /// it, or a temporary file of any of these.
    fn parse(name: &str) -> Option<Name> {
        let Some(hidden) = name.strip_prefix('.') else {
            let (id, ending) = name.split_once('.')?;
            let id = id.parse().ok()?;
            return Some(match ending {
                names::EXTENSION => Name::Module(id),
                "lkm.seal" => Name::Seal(id),
                "pin" => Name::Pin(id),
                names::PREFERENCE => Name::Preference(id),
                "clif" | "asm" | "map" => Name::Other(id),
                _ => return None,
            });
        };
        let (name, number) = hidden.strip_suffix(".tmp")?.rsplit_once('.')?;
        let (name, process) = name.rsplit_once('.')?;
        let numeric = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let ours = ["probe", names::TALLY].contains(&name)
            || matches!(Name::parse(name), Some(of) if !matches!(of, Name::Unfinished(_)));
        (numeric(number) && numeric(process) && ours)
            .then(|| Name::Unfinished(process.parse().unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::{Name, clear};

    #[test]
    fn who_clears_beside_a_slow_writer_leaves_what_it_writes() {
        let folder = std::env::temp_dir().join(format!("lockstep-clear-{}", std::process::id()));
        // Of an earlier process with this number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let id = "0123456789abcdef".repeat(4);
        let at = |name: &str| folder.join(name.replace("ID", &id));
        let names = ["ID.lkm", "ID.lkm.seal", ".ID.lkm.12.0.tmp"];
        for name in names {
            fs::write(at(name), b"bytes").unwrap();
        }
        let writer = File::open(&folder).unwrap();
        writer.lock().unwrap();
        assert_eq!(clear(&folder).unwrap(), (2, 10));
        assert_eq!(names.map(|name| at(name).exists()), [false, false, true]);
        drop(writer);
        assert_eq!(clear(&folder).unwrap(), (1, 5));
        assert!(!at(names[2]).exists());
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn only_files_of_the_cache_are_ours() {
        let id = "0123456789abcdef".repeat(4);
        for name in [
            "ID.lkm",
            "ID.lkm.seal",
            "ID.pin",
            "ID.heat",
            ".ID.heat.12.0.tmp",
            "ID.map",
            "ID.clif",
            "ID.asm",
            ".ID.lkm.12.0.tmp",
            ".ID.lkm.seal.12.0.tmp",
            ".probe.1.2.tmp",
            ".tally.1.2.tmp",
        ] {
            assert!(Name::parse(&name.replace("ID", &id)).is_some(), "{name}");
        }
        for name in [
            "",
            ".",
            "..",
            "ID",
            "ID.",
            "ID.txt",
            "ID.seal",
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
            "..ID.lkm.1.2.tmp.3.4.tmp",
        ] {
            assert!(Name::parse(&name.replace("ID", &id)).is_none(), "{name}");
        }
    }
}
