//! The code regions at one place, found by content.
//!
//! Scripts of one size at one address are common, and an attacker can make thousands of them that differ
//! in their last byte. So a look-up first compares the code region with the few that were found last,
//! which is mostly enough, and then with those that have the same fingerprint. A fingerprint is a fast hash
//! under a random key of this process. Equal fingerprints never suffice: the bytes are always compared.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use foldhash::SharedSeed;
use foldhash::quality::SeedableRandomState;

use super::entry::Entry;

/// Code regions that are compared without a fingerprint.
const RECENT_REGIONS: usize = 2;

/// A hash of a code region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of(region: &[u8]) -> Fingerprint {
        static KEY: LazyLock<(u64, SharedSeed)> = LazyLock::new(|| {
            let random = |number: u64| RandomState::new().hash_one(number);
            (random(0), SharedSeed::from_u64(random(1)))
        });
        Fingerprint(SeedableRandomState::with_seed(KEY.0, &KEY.1).hash_one(region))
    }
}

/// The code regions of one place.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    all: BTreeMap<Fingerprint, Vec<Arc<Entry>>>,
    recent: RwLock<Vec<Arc<Entry>>>,
}

impl Bucket {
    /// The entry of a code region.
    pub(super) fn find(&self, region: &[u8]) -> Option<Arc<Entry>> {
        let same = |entry: &&Arc<Entry>| *entry.region().bytes == *region;
        let found = {
            let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
            recent.iter().find(same).cloned()
        };
        found.or_else(|| {
            let entries = self.all.get(&Fingerprint::of(region))?;
            let entry = Arc::clone(entries.iter().find(same)?);
            self.note(&entry);
            Some(entry)
        })
    }

    pub(super) fn insert(&mut self, print: Fingerprint, entry: Arc<Entry>) {
        self.note(&entry);
        self.all.entry(print).or_default().push(entry);
    }

    /// Keeps the entries that it is told to keep.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(&Arc<Entry>) -> bool) {
        self.all.retain(|_, entries| {
            entries.retain(&mut keep);
            !entries.is_empty()
        });
        // They come back as they are found.
        let recent = self.recent.get_mut();
        recent.unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.all.values().flatten()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn note(&self, entry: &Arc<Entry>) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        recent.truncate(RECENT_REGIONS - 1);
        recent.insert(0, Arc::clone(entry));
    }
}
