//! How much there is in a cache's folder, without a look at every file of it.
//!
//! A store has to know whether the budget is exceeded. To list the folder takes some microseconds a file,
//! so if each store did that, filling a cache would take time that grows with the square of its size. So a
//! small file in the folder notes what the last listing found and what was stored since:
//!
//! ```text
//! <folder>/tally       tally 1 <modules> <bytes> <modules stored since the folder was listed>
//! ```
//!
//! The note is a hint. Whoever stores lists the folder again
//! - when there is no note, or one that cannot be read as such;
//! - when he could not get the folder for himself, so that others may store at the same time;
//! - when the note says that less than a sixteenth of the budget is left;
//! - after so many stores that an eighth of the modules is new, and after [`STORES_BETWEEN_LISTINGS`] at
//!   least.
//!
//! So a note that is too high costs a listing. One that is too low, because files came into the folder by
//! other ways than a store, lets the cache exceed its budget by what came in these ways, until the next
//! listing. A small cache has no note: to list it costs less than to write one.
//!
//! What it is not: what a collection relies on. That lists the folder always.

use std::path::{Path, PathBuf};

use super::authority::read;
use super::error::CacheError;
use super::files::put_hint;
use super::listing::{Listing, Total, remove};
use super::names::TALLY;

/// What it begins with.
const HEADER: &str = "tally 1";
/// Bytes of a note at most.
const LARGEST_TALLY_BYTES: u64 = 128;
/// Modules of a cache that is listed whenever something is stored in it, at most.
const SMALL_CACHE_MODULES: u64 = 64;
/// Stores between two listings, at least, while the budget is not near.
const STORES_BETWEEN_LISTINGS: u64 = 64;
/// One of so many parts of the modules may be new before the folder is listed again.
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

/// How much there is in a folder after a store. `alone`: nobody else stores there now. `is_near`: whether
/// so much is so near the budget that it has to be known exactly.
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
    // One that stays is too high, or is listed again soon.
    let _ = remove(&path(folder));
}

fn path(folder: &Path) -> PathBuf {
    folder.join(TALLY)
}

impl Tally {
    fn read(folder: &Path) -> Option<Tally> {
        let not_a_file =
            |found: &std::fs::Metadata| (!found.is_file()).then(|| "no regular file".to_owned());
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
