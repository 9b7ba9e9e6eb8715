//! The texts of this process, found by place and content.
//!
//! A look-up compares the bytes of the text with those that are known at the same place, which is
//! many times cheaper than the digest that a key needs. An entry is put in place before its module
//! exists. What is kept is bounded: beyond that, the texts that no machine has and that were not asked
//! for longest are forgotten. A module that is forgotten lives as long as somebody holds it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use lockstep_contract::key::KeyId;
use lockstep_isa::{Cost, Xlen};
use lockstep_translator::{Options, Text};

use super::entry::Entry;
use super::lock;

/// Where a text lies and what it is for: everything in a key but the content.
type Place = (u64, u64, u64, u32, u8, bool, bool);

fn place(text: &Text<'_>) -> Place {
    (
        text.base,
        text.bytes.len() as u64,
        text.memory_size,
        text.profile.version.number(),
        text.profile.extensions.bits(),
        text.profile.xlen == Xlen::X64,
        text.cost == Cost::Estimate,
    )
}

type Places = BTreeMap<Place, Vec<Arc<Entry>>>;

/// Forgotten texts of which it is remembered what they ran.
const DEPARTED: usize = 4096;

/// What a text ran.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ran {
    /// BLAKE3 of the text.
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

/// All texts.
#[derive(Debug)]
pub(super) struct Registry {
    places: RwLock<Places>,
    /// Bytes that may be kept.
    limit: usize,
    /// Counts look-ups, to tell old from new.
    clock: AtomicU64,
    /// What forgotten texts ran, by the key of their module.
    departed: Mutex<BTreeMap<KeyId, Ran>>,
}

impl Registry {
    /// An empty one that keeps so many bytes.
    pub(super) fn new(limit: usize) -> Registry {
        Registry {
            places: RwLock::default(),
            limit,
            clock: AtomicU64::new(0),
            departed: Mutex::default(),
        }
    }

    /// The entry of a text, made if there is none.
    pub(super) fn entry(&self, text: &Text<'_>) -> Arc<Entry> {
        if let Some(entry) = self.find(&self.read(), text) {
            return entry;
        }
        // The copy is made before anybody has to wait for it.
        let entry = Arc::new(Entry::new(text));
        let mut places = self.write();
        if let Some(entry) = self.find(&places, text) {
            return entry;
        }
        self.touch(&entry);
        places
            .entry(place(text))
            .or_default()
            .push(Arc::clone(&entry));
        self.shrink(&mut places);
        entry
    }

    /// All entries.
    pub(super) fn entries(&self) -> Vec<Arc<Entry>> {
        self.read().values().flatten().cloned().collect()
    }

    /// What each text ran, those that were forgotten included, by the key of its module.
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

    /// A text is forgotten; what it ran is not, unless that is little.
    fn depart(&self, entry: &Entry) {
        entry.known.forget();
        let Some((key, id)) = entry.known_key() else {
            return;
        };
        let mut departed = lock(&self.departed);
        departed.entry(*id).or_default().add(entry, key.digest);
        if departed.len() > DEPARTED {
            let least = departed.iter().min_by_key(|(_, ran)| ran.cycles());
            if let Some(id) = least.map(|(id, _)| *id) {
                departed.remove(&id);
            }
        }
    }

    /// How many texts have a module, and the bytes of these.
    pub(super) fn resident(&self) -> (usize, usize) {
        let places = self.read();
        let sizes = places.values().flatten().filter_map(|e| e.native_size());
        sizes.fold((0, 0), |(count, sum), size| (count + 1, sum + size))
    }

    /// The entries that this id names, among those whose key is known.
    pub(super) fn named(&self, id: &KeyId) -> Vec<Arc<Entry>> {
        let mut entries = self.entries();
        entries.retain(|entry| entry.is_named(id));
        entries
    }

    /// Forgets texts, whoever uses them: machines that have one ask anew at their next entry.
    pub(super) fn forget(&self, which: impl Fn(&Entry) -> bool) -> usize {
        let mut count = 0;
        let mut places = self.write();
        places.retain(|_, entries| {
            entries.retain(|entry| {
                let gone = which(entry);
                if gone {
                    self.depart(entry);
                    count += 1;
                }
                !gone
            });
            !entries.is_empty()
        });
        count
    }

    fn find(&self, places: &Places, text: &Text<'_>) -> Option<Arc<Entry>> {
        let entries = places.get(&place(text))?;
        let entry = entries
            .iter()
            .find(|entry| *entry.text().bytes == *text.bytes)?;
        self.touch(entry);
        Some(Arc::clone(entry))
    }

    fn touch(&self, entry: &Entry) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed) + 1;
        entry.used.store(now, Ordering::Relaxed);
    }

    /// Forgets the oldest texts that nobody uses, never the newest, until what is left may be kept.
    /// Modules come after their entries are made, so they are counted when the next entry is: entries
    /// are few, and made seldom.
    fn shrink(&self, places: &mut Places) {
        let mut size: usize = places.values().flatten().map(|entry| entry.size()).sum();
        if size <= self.limit {
            return;
        }
        let newest = self.clock.load(Ordering::Relaxed);
        let mut idle: Vec<(u64, Place)> = Vec::new();
        for (place, entries) in places.iter() {
            let unused = |entry: &&Arc<Entry>| entry.age() < newest && !entry.is_in_use();
            idle.extend(entries.iter().filter(unused).map(|e| (e.age(), *place)));
        }
        idle.sort_unstable();
        for (age, place) in idle {
            if size <= self.limit {
                return;
            }
            // Two entries never have the same age: the clock moves with every look-up.
            if let Some(entries) = places.get_mut(&place)
                && let Some(index) = entries.iter().position(|entry| entry.age() == age)
            {
                let gone = entries.swap_remove(index);
                size -= gone.size().min(size);
                // A machine may have come by since; it will ask again.
                self.depart(&gone);
                if entries.is_empty() {
                    places.remove(&place);
                }
            }
        }
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
    use lockstep_isa::{Profile, Version};

    fn text(base: u64, bytes: &[u8]) -> Text<'_> {
        Text {
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
    fn a_text_is_found_by_content_and_place() {
        let registry = Registry::new(512 << 20);
        let (one, two) = (vec![1; 4096], vec![2; 4096]);
        let entry = registry.entry(&text(0x10000, &one));
        assert!(Arc::ptr_eq(&entry, &registry.entry(&text(0x10000, &one))));
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&text(0x11000, &one))));
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&text(0x10000, &two))));
        let mut other = text(0x10000, &one);
        other.profile = Profile::of(Version::V1);
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&other)));
        other = text(0x10000, &one);
        other.cost = Cost::Constant;
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&other)));
        assert_eq!(size(&registry), 5 * 4096);
    }

    #[test]
    fn the_oldest_texts_that_nobody_uses_are_forgotten() {
        let limit = 4 << 20;
        let registry = Registry::new(limit);
        let bytes: Vec<Vec<u8>> = (0..6).map(|number| vec![number; limit / 4]).collect();
        // A machine has the first, so it stays.
        let first = registry.entry(&text(0, &bytes[0]));
        let _machine = Arc::clone(&first.known);
        let second = registry.entry(&text(0, &bytes[1]));
        for bytes in &bytes[2..5] {
            registry.entry(&text(0, bytes));
        }
        assert!(size(&registry) <= limit);
        assert!(Arc::ptr_eq(&first, &registry.entry(&text(0, &bytes[0]))));
        assert!(!Arc::ptr_eq(&second, &registry.entry(&text(0, &bytes[1]))));
    }

    #[test]
    fn what_is_told_to_be_forgotten_is_whoever_uses_it() {
        let registry = Registry::new(512 << 20);
        let bytes = vec![1; 4096];
        let entry = registry.entry(&text(0, &bytes));
        let _machine = Arc::clone(&entry.known);
        assert_eq!(registry.forget(|_| true), 1);
        assert_eq!(registry.entries().len(), 0);
        assert!(!Arc::ptr_eq(&entry, &registry.entry(&text(0, &bytes))));
    }
}
