//! A note of how many modules and bytes a cache holds, so that a store need not list the folder.
//!
//! After each store the cache must know whether it exceeds its budget. Listing the folder takes some
//! microseconds for each file. If each store listed it, the time to fill a cache would grow with the square
//! of its size. So a small file in the folder records what the last listing found and what was stored since:
//!
//! ```text
//! <folder>/tally       tally 1 <modules> <bytes> <modules stored since the folder was listed>
//! ```
//!
//! The note is a hint. A store lists the folder again
//! - when there is no note, or the note cannot be parsed;
//! - when the store did not get the folder's lock, because others may then store at the same time;
//! - when the note says that less than a sixteenth of the budget is left;
//! - when an eighth of the modules was stored since the last listing, and at least
//!   [`STORES_BETWEEN_LISTINGS`] modules were.
//!
//! A note that is too high costs one listing. A note can be too low when files came into the folder in
//! another way than by a store. Then the cache exceeds its budget by the size of these files until the next
//! listing. A small cache has no note, because listing it costs less than writing one.
//!
//! A collection does not use the note: it always lists the folder.

use std::path::{Path, PathBuf};

use super::authority::read;
use super::error::CacheError;
use super::files::put_hint;
use super::listing::{Listing, Total, remove};
use super::names::TALLY;

/// The first words of the note.
const HEADER: &str = "tally 1";
/// The most bytes that a note may have.
const LARGEST_TALLY_BYTES: u64 = 128;
/// A cache with at most so many modules has no note, and every store lists it.
const SMALL_CACHE_MODULES: u64 = 64;
/// At least so many stores lie between two listings while the budget is not near.
const STORES_BETWEEN_LISTINGS: u64 = 64;
/// The folder is listed again when one part of so many parts of its modules is new.
const PARTS_BETWEEN_LISTINGS: u64 = 8;

/// The note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Tally {
    total: Total,
    /// Modules that were stored since the folder was listed.
    stores: u64,
}

/// What a store changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Change {
    /// What was in the place of the new files.
    pub(super) replaced: Total,
    /// The new files.
    pub(super) added: Total,
}

/// How many modules and bytes a folder holds after a store. `alone`: this store holds the lock of the folder.
/// `is_near`: whether a total is so near the budget that it must be exact.
///
/// # Errors
/// When the folder has to be listed and cannot be.
pub(super) fn after_store(
    folder: &Path,
    alone: bool,
    change: Change,
    is_near: impl Fn(Total) -> bool,
) -> Result<Total, CacheError> {
    if alone && let Some(tally) = Tally::read(folder) {
        let tally = tally.after(change);
        if !tally.is_due() && !is_near(tally.total) {
            tally.write(folder);
            return Ok(tally.total);
        }
    }
    let total = Listing::of(folder)?.total();
    match alone && total.entries > SMALL_CACHE_MODULES {
        true => Tally { total, stores: 0 }.write(folder),
        false => forget(folder),
    }
    Ok(total)
}

/// Removes the note: the next store lists the folder.
pub(super) fn forget(folder: &Path) {
    // If it cannot be removed, it is too high, or the folder is listed again soon.
    let _ = remove(&path(folder));
}

fn path(folder: &Path) -> PathBuf {
    folder.join(TALLY)
}

impl Tally {
    fn read(folder: &Path) -> Option<Tally> {
        let not_a_file = |found: &std::fs::Metadata| {
            (!found.is_file()).then(|| "it is not a regular file".to_owned())
        };
        let bytes = read(&path(folder), LARGEST_TALLY_BYTES, &not_a_file).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let line = text.strip_prefix(HEADER)?.strip_suffix('\n')?;
        let mut numbers = line.split_ascii_whitespace().map(str::parse);
        let mut number = || numbers.next()?.ok();
        let (entries, bytes, stores) = (number()?, number()?, number()?);
        let total = Total { entries, bytes };
        numbers.next().is_none().then_some(Tally { total, stores })
    }

    /// A note that cannot be written is removed, so that none stays that is too low.
    fn write(&self, folder: &Path) {
        let Total { entries, bytes } = self.total;
        let text = format!("{HEADER} {entries} {bytes} {}\n", self.stores);
        if put_hint(&path(folder), text.as_bytes()).is_err() {
            forget(folder);
        }
    }

    fn after(self, change: Change) -> Tally {
        let Change { replaced, added } = change;
        let plus = |now: u64, added: u64, replaced: u64| {
            now.saturating_add(added).saturating_sub(replaced)
        };
        Tally {
            total: Total {
                entries: plus(self.total.entries, added.entries, replaced.entries),
                bytes: plus(self.total.bytes, added.bytes, replaced.bytes),
            },
            stores: self.stores.saturating_add(1),
        }
    }

    fn is_due(&self) -> bool {
        let most = STORES_BETWEEN_LISTINGS.max(self.total.entries / PARTS_BETWEEN_LISTINGS);
        self.stores >= most
    }
}

#[cfg(test)]
mod tests;
