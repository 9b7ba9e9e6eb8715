//! What happens to the key of the machine: without the one that sealed them, modules are made again;
//! where none can be relied on, there is no cache, and all the rest works.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use lockstep::engine::Translate;

use crate::fixture::{Fixture, Seen, remove, said};

pub(crate) fn key_faults(fixture: &Fixture) -> Seen {
    fixture.mend();
    let path = fixture.keys().key.expect("a place");
    let key = fs::read(&path).expect("the key");
    let fault = fixture.below(8);
    match fault {
        0 => remove(&path),
        1 => {
            let mut other = key.clone();
            other[fixture.below(32)] ^= 1 << fixture.below(8);
            fixture.put_at(&path, &other);
        }
        2 => fixture.put_at(&path, &key[..fixture.below(32)]),
        3 => fixture.put_at(&path, &[&key[..], b"\n"].concat()),
        4 => {
            let mode = [0o640, 0o604, 0o660, 0o602][fixture.below(4)];
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        5 => {
            let elsewhere = fixture.folder.path().join("elsewhere.key");
            fixture.put_at(&elsewhere, &key);
            remove(&path);
            symlink(&elsewhere, &path).expect("a link");
        }
        6 => {
            remove(&path);
            fs::create_dir(&path).expect("a folder");
        }
        // Whoever may write to its folder may exchange it.
        _ => {
            let folder = path.parent().expect("a folder");
            fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).expect("a mode");
        }
    }
    // Another key, or a new one: what it did not seal is a miss. No key: no cache.
    let usable = fault < 2;
    let seen = if usable {
        fixture.noticed()
    } else {
        let starts = [(); 2].map(|()| fixture.start(Translate::Now));
        for ran in &starts {
            fixture.is_right(ran);
            assert_eq!(ran.stats.cache_hits, 0, "{}: fault {fault}", fixture.at);
            assert_eq!(ran.stats.translations, 1, "{}: fault {fault}", fixture.at);
        }
        Seen {
            starts: 2,
            translated: 2,
            said: starts.iter().map(|ran| said(&ran.stats)).collect(),
        }
    };
    let folder = path.parent().expect("a folder");
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    fixture.put_at(&path, &key);
    seen
}
