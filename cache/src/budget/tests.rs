//! Files with times that no clock of today gives.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use lockstep_contract::key::KeyId;

use super::super::ages::CLOCKS_APART;
use super::super::{Cache, Locations};
use super::{Budget, collect};

/// A day.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sets the time of a file to so much before now, or after.
fn set(path: &Path, before: Option<Duration>, after: Option<Duration>) {
    let now = SystemTime::now();
    let time = now - before.unwrap_or_default() + after.unwrap_or_default();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn files_from_the_future_keep_no_others_out_and_go() {
    let folder = std::env::temp_dir().join(format!("lockstep-future-{}", std::process::id()));
    // Of an earlier process with this number.
    let _ = fs::remove_dir_all(&folder);
    let locations = Locations {
        key: Some(folder.join("key")),
        ..Locations::default()
    };
    let cache = Cache::open_with(&folder, &locations, Budget::default()).unwrap();
    let store = |base: u64| {
        let key = lockstep_contract::key::Key {
            base,
            ..crate::tests::key()
        };
        (
            key.id(),
            cache.store(&crate::tests::module(key.clone())).unwrap(),
        )
    };
    let set_both = |path: &Path, before, after| {
        set(path, before, after);
        set(&super::seal_name(path), before, after);
    };
    let (far, path) = store(0x1000);
    set_both(&path, None, Some(DAY));
    let (near, path) = store(0x2000);
    set_both(&path, None, Some(CLOCKS_APART / 2));
    let (old, path) = store(0x3000);
    set_both(&path, Some(DAY), None);
    let (new, _) = store(0x4000);
    // What a killed writer left, and a seal without a module.
    let id = "0123456789abcdef".repeat(4);
    let unfinished = folder.join(format!(".{id}.lkm.4000000.0.tmp"));
    fs::write(&unfinished, b"half").unwrap();
    set(&unfinished, None, Some(DAY));
    let half = folder.join(format!("{id}.lkm.seal"));
    fs::write(&half, b"half").unwrap();
    set(&half, None, Some(DAY));
    let gone = |entries: u64| -> Vec<KeyId> {
        let budget = Budget {
            entries: Some(entries),
            bytes: None,
        };
        let collected = collect(&folder, budget).unwrap();
        collected.gone.iter().map(|gone| gone.id).collect()
    };
    assert_eq!(gone(4), [id.parse().unwrap()]);
    assert!(!unfinished.exists());
    assert_eq!(gone(3), [far], "nobody knows when that was used");
    assert_eq!(gone(2), [old]);
    assert_eq!(gone(1), [new], "clocks may be a little apart");
    assert_eq!(gone(0), [near]);
    fs::remove_dir_all(&folder).unwrap();
}
