//! Preferences: which heat's module is looked for first, for a code region of which there may be several.
//!
//! A module that was made with heat has a key of its own ([`lockstep_contract::heat`]), so who looks for native
//! code has to know the digest of the heat. The cache notes it beside the module without heat, under whose id
//! everybody looks: in `<id>.heat`, written whenever a module with heat is stored.
//!
//! ```text
//! lockstep-preference 1
//! id <64 hex>              the id of the key without heat
//! heat <64 hex>            the digest of the heat
//! mac <64 hex>             keyed BLAKE3 of the lines before, by the key of this machine
//! ```
//!
//! A preference says which name is looked for, and nothing about what is found under it: that is authenticated
//! as every module is. So a wrong preference costs speed. It is authenticated all the same, so that whoever can
//! write to a copy of the folder cannot even choose the name. Whatever is wrong with the file, it is as if
//! there were none.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use lockstep_contract::key::{Key, KeyId, hex};

use super::authority::{Authority, read};
use super::error::{CacheError, Miss};
use super::files::put;
use super::names;

/// Bytes of a preference, at most.
const LARGEST_PREFERENCE_BYTES: u64 = 512;

/// The lines that are authenticated.
fn lines(id: &KeyId, heat: &[u8; 32]) -> String {
    format!("lockstep-preference 1\nid {id}\nheat {}\n", hex(heat))
}

/// Where the preference for a key without heat is.
pub(super) fn path(folder: &Path, id: &KeyId) -> PathBuf {
    folder.join(format!("{id}.{}", names::PREFERENCE))
}

/// Notes that the module of this key is looked for first, if it is one with heat and this machine has a key.
///
/// # Errors
/// When the folder cannot be written to.
pub(super) fn write(folder: &Path, authority: &Authority, key: &Key) -> Result<(), CacheError> {
    let Some(heat) = &key.heat else { return Ok(()) };
    let id = key.with_heat(None).id();
    let mut text = lines(&id, heat);
    let Some(mac) = authority.mac_of_preference(text.as_bytes()) else {
        return Ok(());
    };
    text += &format!("mac {mac}\n");
    let path = path(folder, &id);
    put(&path, text.as_bytes(), true).map_err(CacheError::io("write", &path))
}

/// The digest of the heat whose module is looked for first; none where nothing is preferred, or nothing that
/// this machine wrote. `refusal` says of an open file why it is not to be read.
pub(super) fn find(
    folder: &Path,
    authority: &Authority,
    id: &KeyId,
    refusal: &dyn Fn(&Metadata) -> Option<String>,
) -> Option<[u8; 32]> {
    let path = path(folder, id);
    let warn = |reason: &dyn std::fmt::Display| {
        tracing::warn!("{}: {reason}; no heat is preferred", path.display());
        None
    };
    let bytes = match read(&path, LARGEST_PREFERENCE_BYTES, refusal) {
        Ok(bytes) => bytes,
        Err(Miss::Absent) => return None,
        Err(miss) => return warn(&miss),
    };
    let heat = str::from_utf8(&bytes).ok().and_then(|text| {
        let line = text.lines().nth(2)?;
        let heat: KeyId = line.strip_prefix("heat ")?.parse().ok()?;
        Some(heat.0)
    });
    let Some(heat) = heat else {
        return warn(&"it is not a preference");
    };
    let text = lines(id, &heat);
    let mac = authority.mac_of_preference(text.as_bytes())?;
    // All of it is compared, and comparing hashes takes the same time wherever they differ.
    let found = bytes.strip_prefix(text.as_bytes()).and_then(|rest| {
        let line = str::from_utf8(rest).ok()?;
        let digits = line.strip_prefix("mac ")?.strip_suffix('\n')?;
        let found: KeyId = digits.parse().ok()?;
        Some(blake3::Hash::from(found.0))
    });
    match found {
        Some(found) if found == mac => Some(heat),
        _ => warn(&"its MAC is not that of these lines"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{Budget, Cache, Locations, clear, collect, list};
    use super::*;
    use crate::tests::{key, module};

    #[test]
    fn the_heat_that_was_stored_last_is_preferred_and_only_if_this_machine_wrote_it() {
        let folder = std::env::temp_dir().join(format!("lockstep-heat-{}", std::process::id()));
        // Of an earlier process with this number.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).expect("a folder");
        let at = folder.join("cache");
        let keys = Locations::default().with_key(folder.join("key"));
        let cache = Cache::open_with(&at, &keys, Budget::default()).expect("a cache");
        let id = key().id();
        assert_eq!(cache.preferred_heat(&id), None);
        let store = |heat| {
            let stored = cache.store(&module(key().with_heat(heat)));
            stored.expect("room");
            heat
        };
        assert_eq!((store(None), cache.preferred_heat(&id)), (None, None));
        let [one, two] = [[1; 32], [2; 32]].map(|heat| store(Some(heat)));
        assert_eq!(cache.preferred_heat(&id), two);
        // Their keys are not asked for.
        assert_eq!(cache.preferred_heat(&key().with_heat(one).id()), None);
        assert_eq!(list(&at).expect("a folder").len(), 3);
        // It stays, however old it is, while there is room, also without the module without heat.
        fs::remove_file(cache.path(&id)).expect("it is there");
        fs::remove_file(at.join(format!("{id}.lkm.seal"))).expect("it is there");
        let file = path(&at, &id);
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(1 << 20);
        let open = fs::File::options().write(true).open(&file).expect("a file");
        open.set_modified(old).expect("a time");
        let gone = collect(&at, Budget::default()).expect("a folder").gone;
        assert_eq!(gone, []);
        // Each byte counts.
        let good = fs::read(&file).expect("it is there");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs::write(&file, &bad).expect("room");
            assert_eq!(cache.preferred_heat(&id), None, "byte {at}");
        }
        for bad in [
            &good[..good.len() - 1],
            &[],
            &good.repeat(2),
            &vec![b' '; 4096],
        ] {
            fs::write(&file, bad).expect("room");
            assert_eq!(cache.preferred_heat(&id), None);
        }
        fs::write(&file, &good).expect("room");
        assert_eq!(cache.preferred_heat(&id), two);
        // Under another name, or by another key, it says nothing.
        let other = key().with_heat(one).id();
        fs::copy(&file, path(&at, &other)).expect("room");
        assert_eq!(cache.preferred_heat(&other), None);
        let keys = Locations::default().with_key(folder.join("other key"));
        let foreign = Cache::open_with(&at, &keys, Budget::default()).expect("a cache");
        assert_eq!(foreign.preferred_heat(&id), None);
        clear(&at).expect("a folder");
        assert!(!file.exists());
        fs::remove_dir_all(&folder).expect("it is ours");
    }
}
