//! The modules of this process, found by the text they were made from.
//!
//! A look-up compares the bytes of the text with those that are known at the same place, which is
//! many times cheaper than the digest that a key needs. An entry is put in place before its module
//! exists; whoever comes later waits for the first. What is kept is bounded: beyond that, the texts
//! that were not asked for longest are forgotten, and their modules live as long as machines use
//! them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use lockstep_contract::key::KeyId;
use lockstep_isa::{Cost, Xlen};
use lockstep_runtime::NativeModule;
use lockstep_translator::Text;

use super::Unavailable;

/// Bytes of texts and modules that are remembered. A module is some ten times as large as its text,
/// but hundreds of times where the text is made for it.
const BYTES: usize = 512 << 20;
/// Keys that are remembered as failed.
const FAILURES: usize = 4096;

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

/// A text and its module, once that is known.
#[derive(Debug)]
pub(super) struct Entry {
    text: Box<[u8]>,
    used: AtomicU64,
    /// The module, or why there is none.
    pub(super) module: OnceLock<Result<Arc<NativeModule>, Unavailable>>,
}

impl Entry {
    /// Bytes it keeps, as far as its module is known.
    fn bytes(&self) -> usize {
        let module = match self.module.get() {
            Some(Ok(module)) => module.module().code.len() + 4 * module.module().table.len(),
            _ => 0,
        };
        self.text.len() + module
    }

    pub(super) fn new(text: &[u8]) -> Entry {
        Entry {
            text: text.into(),
            used: AtomicU64::new(0),
            module: OnceLock::new(),
        }
    }
}

/// All entries, and the keys that failed.
#[derive(Debug)]
pub(super) struct Registry {
    places: BTreeMap<Place, Vec<Arc<Entry>>>,
    /// Bytes that may be kept.
    limit: usize,
    /// Counts look-ups, to tell old from new.
    clock: u64,
    failures: BTreeMap<KeyId, Unavailable>,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry {
            places: BTreeMap::new(),
            limit: BYTES,
            clock: 0,
            failures: BTreeMap::new(),
        }
    }
}

impl Registry {
    /// The entry of a text, made if there is none.
    pub(super) fn entry(&mut self, text: &Text<'_>) -> Arc<Entry> {
        self.clock += 1;
        let entries = self.places.get(&place(text)).map_or(&[][..], Vec::as_slice);
        if let Some(entry) = entries.iter().find(|entry| *entry.text == *text.bytes) {
            entry.used.store(self.clock, Ordering::Relaxed);
            return Arc::clone(entry);
        }
        let entry = Arc::new(Entry::new(text.bytes));
        self.insert(text, Arc::clone(&entry));
        entry
    }

    /// Puts an entry in the place of the one for the same text.
    pub(super) fn put(&mut self, text: &Text<'_>, entry: Arc<Entry>) {
        self.clock += 1;
        if let Some(entries) = self.places.get_mut(&place(text)) {
            entries.retain(|known| known.text != entry.text);
        }
        self.insert(text, entry);
    }

    fn insert(&mut self, text: &Text<'_>, entry: Arc<Entry>) {
        entry.used.store(self.clock, Ordering::Relaxed);
        self.places.entry(place(text)).or_default().push(entry);
        while self.bytes() > self.limit && self.forget_oldest() {}
    }

    /// Bytes that are kept now. Modules come after their entries are made, so they are counted when
    /// the next entry is: entries are few, and made seldom.
    fn bytes(&self) -> usize {
        let entries = self.places.values().flatten();
        entries.map(|entry| entry.bytes()).sum()
    }

    /// Forgets one entry, never the newest nor one that somebody is at work on.
    fn forget_oldest(&mut self) -> bool {
        let newest = self.clock;
        let age = |entry: &Arc<Entry>| entry.used.load(Ordering::Relaxed);
        let oldest = self
            .places
            .iter()
            .flat_map(|(place, entries)| entries.iter().map(move |entry| (place, entry)))
            .filter(|(_, entry)| entry.module.get().is_some() && age(entry) < newest)
            .min_by_key(|(_, entry)| age(entry))
            .map(|(place, entry)| (*place, age(entry)));
        let Some((place, used)) = oldest else {
            return false;
        };
        if let Some(entries) = self.places.get_mut(&place) {
            // Two entries never have the same age: the clock moves with every look-up.
            if let Some(index) = entries.iter().position(|entry| age(entry) == used) {
                entries.swap_remove(index);
            }
            if entries.is_empty() {
                self.places.remove(&place);
            }
        }
        true
    }

    /// Why this key failed earlier, if it did.
    pub(super) fn failure(&self, id: &KeyId) -> Option<Unavailable> {
        self.failures.get(id).cloned()
    }

    /// Remembers that a key failed, so that it is not tried again even when its text is forgotten.
    pub(super) fn remember_failure(&mut self, id: KeyId, reason: &Unavailable) {
        if self.failures.len() < FAILURES {
            self.failures.insert(id, reason.clone());
        }
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

    fn failed(entry: &Entry) {
        let _ = entry.module.set(Err(Unavailable::new("a test")));
    }

    #[test]
    fn a_text_is_found_by_content_and_place() {
        let mut registry = Registry::default();
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
        assert_eq!(registry.bytes(), 5 * 4096);
    }

    #[test]
    fn what_is_put_takes_the_place_of_what_was_there() {
        let mut registry = Registry::default();
        let bytes = vec![1; 4096];
        registry.entry(&text(0, &bytes));
        let entry = Arc::new(Entry::new(&bytes));
        registry.put(&text(0, &bytes), Arc::clone(&entry));
        assert!(Arc::ptr_eq(&entry, &registry.entry(&text(0, &bytes))));
        assert_eq!(registry.bytes(), 4096);
    }

    #[test]
    fn the_oldest_finished_texts_are_forgotten() {
        let mut registry = Registry {
            limit: 4 << 20,
            ..Registry::default()
        };
        let size = registry.limit / 4;
        let bytes: Vec<Vec<u8>> = (0..6).map(|number| vec![number; size]).collect();
        // Somebody works on the first, so it stays.
        let first = registry.entry(&text(0, &bytes[0]));
        let second = registry.entry(&text(0, &bytes[1]));
        failed(&second);
        for bytes in &bytes[2..5] {
            failed(&registry.entry(&text(0, bytes)));
        }
        assert!(registry.bytes() <= registry.limit);
        assert!(Arc::ptr_eq(&first, &registry.entry(&text(0, &bytes[0]))));
        assert!(!Arc::ptr_eq(&second, &registry.entry(&text(0, &bytes[1]))));
    }
}
