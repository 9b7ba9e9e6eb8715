//! The code regions of this process, found by place and content.
//!
//! A look-up compares the bytes of the code region with those that are known at the same place. That is
//! many times cheaper than the digest that a key needs. Nothing else decides the look-up. The registry
//! makes an entry before the entry has a module.
//!
//! The number of code regions and their bytes are bounded. When a bound is exceeded, the registry forgets
//! code regions that no machine has, those first that were not asked for longest. It forgets many at a
//! time, so that making room costs little even if somebody makes code regions by the thousand. A module
//! that is forgotten lives as long as somebody holds it. The registry makes and loads no modules.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lockstep_contract::identity::CodePlace;
use lockstep_contract::key::KeyId;
use lockstep_translator::{CodeRegion, Options};

use super::bucket::{Bucket, Fingerprint};
use super::entry::Entry;
use super::sync::lock;

type Places = BTreeMap<CodePlace, Bucket>;

/// Code regions that are kept at most, however small.
const MAX_REGIONS: usize = 1 << 15;
/// Forgotten code regions for which the registry remembers how many cycles they ran.
const REMEMBERED_REGIONS: usize = 4096;
/// Cycles that a forgotten code region must have run to be remembered.
const REMEMBERED_FROM_CYCLES: u64 = 1_000_000;

/// How many code regions there are, and the bytes of these and of their modules.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    regions: usize,
    bytes: usize,
}

/// What a code region ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ran {
    /// BLAKE3 of the code region.
    pub(super) digest: [u8; 32],
    /// Cycles of the interpreter.
    pub(super) interpreted: u64,
    /// Cycles of native code.
    pub(super) native: u64,
}

impl Ran {
    /// All cycles.
    pub(super) fn cycles(&self) -> u64 {
        self.interpreted.saturating_add(self.native)
    }

    fn add(&mut self, entry: &Entry, digest: [u8; 32]) {
        self.digest = digest;
        self.interpreted = self.interpreted.saturating_add(entry.known.interpreted());
        self.native = self.native.saturating_add(entry.known.native());
    }
}

/// All code regions.
#[derive(Debug)]
pub(super) struct Registry {
    places: RwLock<Places>,
    /// What may be kept.
    limit: Load,
    /// What is kept, as far as it was weighed.
    load: Mutex<Load>,
    /// Counts look-ups, to tell old from new.
    clock: AtomicU64,
    /// What forgotten code regions ran, by the key of their module.
    departed: Mutex<BTreeMap<KeyId, Ran>>,
}

impl Registry {
    /// An empty one that keeps so many bytes.
    pub(super) fn new(limit: usize) -> Registry {
        Registry {
            places: RwLock::default(),
            limit: Load {
                regions: MAX_REGIONS,
                bytes: limit,
            },
            load: Mutex::default(),
            clock: AtomicU64::new(0),
            departed: Mutex::default(),
        }
    }

    /// The entry of a code region, made if there is none.
    pub(super) fn entry(&self, region: &CodeRegion<'_>) -> Arc<Entry> {
        if let Some(entry) = self.find(&self.read(), region) {
            return entry;
        }
        // The copy is made before anybody has to wait for it.
        let (print, entry) = (Fingerprint::of(region.bytes), Arc::new(Entry::new(region)));
        let mut places = self.write();
        if let Some(entry) = self.find(&places, region) {
            return entry;
        }
        self.touch(&entry);
        let bucket = places.entry(region.place()).or_default();
        bucket.insert(print, Arc::clone(&entry));
        let over = {
            let mut load = lock(&self.load);
            load.regions += 1;
            load.bytes += region.bytes.len();
            load.regions > self.limit.regions || load.bytes > self.limit.bytes
        };
        if over {
            self.shrink(&mut places);
        }
        entry
    }

    /// All entries.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.read()
            .values()
            .flat_map(Bucket::iter)
            .cloned()
            .collect()
    }

    /// What each code region ran, those that were forgotten included, by the key of its module.
    /// `options` are the engine's.
    pub(super) fn ran(&self, options: &Options) -> BTreeMap<KeyId, Ran> {
        let mut ran = lock(&self.departed).clone();
        for entry in self.entries() {
            if let Ok((key, id)) = entry.key(options) {
                ran.entry(*id).or_default().add(&entry, key.digest);
            }
        }
        ran
    }

    /// A code region is forgotten; what it ran is not, unless that is little.
    fn depart(&self, entry: &Entry) {
        entry.known.forget();
        let Some((key, id)) = entry.known_key() else {
            return;
        };
        let mut departed = lock(&self.departed);
        let mut ran = departed.get(id).copied().unwrap_or_default();
        ran.add(entry, key.digest);
        if ran.cycles() < REMEMBERED_FROM_CYCLES {
            return;
        }
        departed.insert(*id, ran);
        if departed.len() > REMEMBERED_REGIONS {
            let least = departed.iter().min_by_key(|(_, ran)| ran.cycles());
            if let Some(id) = least.map(|(id, _)| *id) {
                departed.remove(&id);
            }
        }
    }

    /// How many code regions have a module, and the bytes of these. Modules come after their entries, so this
    /// is also when they are weighed: with each module that is loaded or made.
    pub(super) fn resident(&self) -> (usize, usize) {
        let places = self.read();
        let (mut modules, mut native) = (0, 0);
        let mut load = Load::default();
        for entry in places.values().flat_map(Bucket::iter) {
            load.regions += 1;
            load.bytes += entry.region().bytes.len();
            if let Some(size) = entry.native_size() {
                modules += 1;
                native += size;
            }
        }
        load.bytes += native;
        *lock(&self.load) = load;
        (modules, native)
    }

    /// The entries that this id names, among those whose key is known.
    pub(super) fn named(&self, id: &KeyId) -> Vec<Arc<Entry>> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.is_named(id));
        entries
    }

    /// Forgets code regions, whoever uses them: machines that have one ask anew at their next entry.
    pub(super) fn forget(&self, which: impl Fn(&Entry) -> bool) -> usize {
        let mut count = 0;
        let mut places = self.write();
        places.retain(|_, bucket| {
            bucket.retain(|entry| {
                let gone = which(entry);
                if gone {
                    self.depart(entry);
                    count += 1;
                }
                !gone
            });
            !bucket.is_empty()
        });
        count
    }

    fn find(&self, places: &Places, region: &CodeRegion<'_>) -> Option<Arc<Entry>> {
        let entry = places.get(&region.place())?.find(region.bytes)?;
        self.touch(&entry);
        Some(entry)
    }

    fn touch(&self, entry: &Entry) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        entry.used.store(now, Ordering::Relaxed);
    }

    /// Forgets the oldest code regions that nobody uses, never the newest, until an eighth of what may be
    /// kept is free.
    fn shrink(&self, places: &mut Places) {
        let newest = self.clock.load(Ordering::Relaxed);
        let mut load = Load::default();
        let mut idle: Vec<(u64, usize)> = Vec::new();
        for entry in places.values().flat_map(Bucket::iter) {
            load.regions += 1;
            load.bytes += entry.size();
            if entry.age() < newest && !entry.is_in_use() {
                idle.push((entry.age(), entry.size()));
            }
        }
        idle.sort_unstable();
        let wanted = |limit: usize| limit - limit / 8;
        // Those of this age or an earlier one go.
        let mut last = 0;
        for (age, size) in idle {
            if load.regions <= wanted(self.limit.regions) && load.bytes <= wanted(self.limit.bytes)
            {
                break;
            }
            load.regions -= 1;
            load.bytes -= size.min(load.bytes);
            last = age;
        }
        places.retain(|_, bucket| {
            bucket.retain(|entry| {
                let gone = entry.age() <= last && !entry.is_in_use();
                if gone {
                    self.depart(entry);
                }
                !gone
            });
            !bucket.is_empty()
        });
        *lock(&self.load) = load;
    }

    // What the lock guards is whole at every moment, so a panic elsewhere spoils nothing.
    fn read(&self) -> RwLockReadGuard<'_, Places> {
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Places> {
        self.places.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_isa::{Cost, Profile, Version};

    fn region(base: u64, bytes: &[u8]) -> CodeRegion<'_> {
        CodeRegion {
            profile: Profile::of(Version::V2),
            cost: Cost::Estimate,
            memory_size: 4 << 20,
            base,
            bytes,
        }
    }

    fn size(registry: &Registry) -> usize {
        registry.entries().iter().map(|entry| entry.size()).sum()
    }

    #[test]
    fn a_region_is_found_by_content_and_place() {
        let registry = Registry::new(512 << 20);
        let (one, two) = (vec![1; 4096], vec![2; 4096]);
        let entry = registry.entry(&region(0x10000, &one));
        assert!(Arc::ptr_eq(&entry, &registry.entry(&region(0x10000, &one))));
        assert!(!Arc::ptr_eq(
            &entry,
            &registry.entry(&region(0x11000, &one))
        ));
        assert!(!Arc::ptr_eq(
            &entry,
            &registry.entry(&region(0x10000, &two))
        ));
        let mut other = region(0x10000, &one);
        other.profile = Profile::of(Version::V1);
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&other)));
        other = region(0x10000, &one);
        other.cost = Cost::Constant;
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&other)));
        assert_eq!(size(&registry), 5 * 4096);
    }

    #[test]
    fn the_oldest_regions_that_nobody_uses_are_forgotten() {
        let limit = 4 << 20;
        let registry = Registry::new(limit);
        let bytes: Vec<Vec<u8>> = (0..6).map(|number| vec![number; limit / 4]).collect();
        // A machine has the first, so it stays.
        let first = registry.entry(&region(0, &bytes[0]));
        let _machine = Arc::clone(&first.known);
        let second = registry.entry(&region(0, &bytes[1]));
        for bytes in &bytes[2..5] {
            registry.entry(&region(0, bytes));
        }
        assert!(size(&registry) <= limit);
        assert!(Arc::ptr_eq(&first, &registry.entry(&region(0, &bytes[0]))));
        assert!(!Arc::ptr_eq(
            &second,
            &registry.entry(&region(0, &bytes[1]))
        ));
    }

    #[test]
    fn regions_that_differ_in_a_byte_are_told_apart_and_few_are_compared() {
        let registry = Registry::new(64 << 20);
        let regions: Vec<Vec<u8>> = (0..1000_u32)
            .map(|number| {
                let mut bytes = vec![7; 4096];
                bytes[4092..].copy_from_slice(&number.to_le_bytes());
                bytes
            })
            .collect();
        let entries: Vec<_> = regions
            .iter()
            .map(|bytes| registry.entry(&region(0, bytes)))
            .collect();
        for (bytes, entry) in regions.iter().zip(&entries) {
            assert!(Arc::ptr_eq(entry, &registry.entry(&region(0, bytes))));
        }
        let prints = regions.iter().map(|bytes| Fingerprint::of(bytes));
        let prints: std::collections::BTreeSet<_> = prints.collect();
        assert!(prints.len() >= 999, "{}", prints.len());
    }

    #[test]
    fn small_regions_are_bounded_by_their_number() {
        let registry = Registry::new(usize::MAX);
        let mut bytes = vec![0; 8];
        for number in 0..MAX_REGIONS as u64 + 10 {
            bytes.copy_from_slice(&number.to_le_bytes());
            registry.entry(&region(0, &bytes));
        }
        let count = registry.entries().len();
        assert!(
            (MAX_REGIONS - MAX_REGIONS / 8..MAX_REGIONS).contains(&count),
            "{count}"
        );
        // The last one is there.
        let last = registry.entry(&region(0, &bytes));
        assert!(
            registry
                .entries()
                .iter()
                .any(|entry| Arc::ptr_eq(entry, &last))
        );
        assert_eq!(registry.entries().len(), count);
    }

    #[test]
    fn what_is_told_to_be_forgotten_is_whoever_uses_it() {
        let registry = Registry::new(512 << 20);
        let bytes = vec![1; 4096];
        let entry = registry.entry(&region(0, &bytes));
        let _machine = Arc::clone(&entry.known);
        assert_eq!(registry.forget(|_| true), 1);
        assert_eq!(registry.entries().len(), 0);
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&region(0, &bytes))));
    }
}
