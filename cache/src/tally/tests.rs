//! A note is followed where it may be, and a wrong one does no harm for long.

use std::fs;

use super::super::listing::{Total, list};
use super::super::names::TALLY;
use super::super::{Budget, Cache, Locations, collect};
use super::{SMALL_CACHE_MODULES, STORES_BETWEEN_LISTINGS, Tally};
use lockstep_contract::key::Key;

/// A cache of its own, gone with this value.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("lockstep-tally-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        // Of an earlier process with this number.
        let _ = fs::remove_dir_all(&folder);
        Folder(folder)
    }

    fn open(&self, budget: Budget) -> Cache {
        let locations = Locations {
            key: Some(self.0.join("key")),
            ..Locations::default()
        };
        Cache::open_with(&self.0, &locations, budget).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn key(number: u64) -> Key {
    Key {
        base: number << 12,
        ..crate::tests::key()
    }
}

/// Stores modules of these numbers.
fn store(cache: &Cache, numbers: std::ops::Range<u64>) {
    for number in numbers {
        cache.store(&crate::tests::module(key(number))).unwrap();
    }
}

#[test]
fn a_large_cache_is_not_listed_for_each_store() {
    let folder = Folder::new("large");
    let cache = folder.open(Budget::default());
    store(&cache, 0..SMALL_CACHE_MODULES);
    assert!(!folder.0.join(TALLY).exists(), "a small cache has no note");
    store(&cache, SMALL_CACHE_MODULES..SMALL_CACHE_MODULES + 1);
    let noted = Tally::read(&folder.0).expect("a note");
    assert_eq!(noted.total.entries, SMALL_CACHE_MODULES + 1);
    assert_eq!(noted.stores, 0);
    // What is noted stays what there is, also where an entry is replaced.
    store(&cache, 0..2);
    store(&cache, 1000..1003);
    let noted = Tally::read(&folder.0).expect("a note");
    let entries = list(&folder.0).unwrap();
    let total = Total {
        entries: entries.len() as u64,
        bytes: entries.iter().map(|entry| entry.size).sum(),
    };
    assert_eq!(noted, Tally { total, stores: 5 });
    // A store does not look at the files: it trusts a note that is wrong.
    let wrong = Total {
        entries: 100,
        bytes: 1,
    };
    Tally {
        total: wrong,
        stores: 0,
    }
    .write(&folder.0);
    store(&cache, 2000..2001);
    assert_eq!(Tally::read(&folder.0).expect("a note").total.entries, 101);
}

#[test]
fn a_note_that_is_too_low_is_corrected_before_long() {
    let folder = Folder::new("low");
    let budget = Budget {
        entries: Some(200),
        bytes: None,
    };
    let cache = folder.open(budget);
    store(&cache, 0..150);
    for count in 0.. {
        let low = Tally::read(&folder.0).map_or(0, |noted| noted.stores);
        let total = Total::default();
        Tally { total, stores: low }.write(&folder.0);
        store(&cache, 1000 + count..1001 + count);
        let entries = list(&folder.0).unwrap().len() as u64;
        if entries == 200 && count > 50 {
            break;
        }
        assert!(entries <= 200 + STORES_BETWEEN_LISTINGS, "{entries}");
        assert!(count < 200 + STORES_BETWEEN_LISTINGS, "never collected");
    }
}

#[test]
fn what_is_no_note_and_one_that_is_too_high_cost_a_listing() {
    let folder = Folder::new("high");
    let cache = folder.open(Budget::default());
    store(&cache, 0..70);
    let path = folder.0.join(TALLY);
    let huge = format!("tally 1 {0} {0} 0\n", u64::MAX);
    let long = "tally 1 100 100 0\n".repeat(20);
    for (number, text) in [
        "",
        "tally 1\n",
        "tally 2 70 1 0\n",
        "tally 1 70 1\n",
        "tally 1 70 1 0 0\n",
        "tally 1 70 1 -1\n",
        "tally 1 70 1 0",
        "\u{1}\n",
        &huge,
        &long,
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(&path, text).unwrap();
        let number = number as u64 + 100;
        store(&cache, number..number + 1);
        let noted = Tally::read(&folder.0).expect("a note");
        assert_eq!(noted.total.entries, number - 29, "{text:?}");
        assert_eq!(noted.stores, 0, "{text:?}");
    }
    // A folder in its place, and no right to it: listed always.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    store(&cache, 200..202);
    assert_eq!(list(&folder.0).unwrap().len(), 82);
    fs::remove_dir(&path).unwrap();
    store(&cache, 202..203);
    assert!(path.exists());
    collect(&folder.0, Budget::default()).unwrap();
    assert!(!path.exists(), "a collection makes the note void");
    store(&cache, 203..204);
    assert!(path.exists());
    super::super::clear(&folder.0).unwrap();
    assert!(!path.exists(), "and so does emptying the cache");
}
