//! The key of this machine: 32 random bytes that no other user can read. It is made once.
//!
//! Whoever has the key can make modules that this machine runs, and nobody else can, except by a signature
//! that this machine trusts. The key is not in the cache's folder. So a copy of the cache does not contain
//! it, and another machine does not accept the copied modules.

use std::fmt;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

use super::error::KeyError;
use super::files::{
    create_new, create_private, only_for_owner, open_no_follow, owner, place, swappable,
    temporary_name, user, write_all,
};

const BYTES: usize = 32;
/// What the MAC's key is derived for: the same 32 bytes used for something else give another key.
const PURPOSE: &str = "lockstep 2026-11 MAC of a module's hash and of its seal";
const PREFERENCE_PURPOSE: &str = "lockstep 2026-12 MAC of a preference for a heat";

/// The key of this machine.
#[derive(Clone)]
pub(super) struct NodeKey([u8; BYTES]);

impl NodeKey {
    /// The key in a file; made if there is none. Of several processes that make it at once one wins,
    /// and all have its key.
    ///
    /// # Errors
    /// When it cannot be made, or others could read or exchange the file.
    pub(super) fn obtain(path: &Path) -> Result<NodeKey, KeyError> {
        match NodeKey::read(path) {
            Err(KeyError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                make(path)?;
                NodeKey::read(path)
            }
            other => other,
        }
    }

    /// The key in a file.
    ///
    /// # Errors
    /// When there is none, or others could read or exchange the file.
    pub(super) fn read(path: &Path) -> Result<NodeKey, KeyError> {
        let refuse = |reason: String| {
            KeyError::NotPrivate {
            path: path.to_owned(),
            reason,
            advice: "remove the file, and a new key is made; modules that the old one sealed are then made again"
                .to_owned(),
        }
        };
        let fail = |source| KeyError::Io {
            what: "read",
            path: path.to_owned(),
            source,
        };
        let mut file = open_no_follow(path).map_err(|error| match is_link(path) {
            true => refuse("it is a symbolic link".to_owned()),
            false => fail(error),
        })?;
        let found = file.metadata().map_err(fail)?;
        if !found.is_file() {
            return Err(refuse("it is not a regular file".to_owned()));
        }
        if owner(&found) != user() {
            let owner = owner(&found).unwrap_or(0);
            return Err(refuse(format!("it belongs to user {owner}")));
        }
        if let Some(mode) = only_for_owner(&found) {
            return Err(refuse(format!(
                "other users may read or write it (mode {mode:#o})"
            )));
        }
        if let Some((at, mode)) = path.parent().and_then(swappable) {
            // A new key in that folder would be refused too.
            let at = at.display();
            return Err(KeyError::NotPrivate {
                path: path.to_owned(),
                reason: format!("other users may replace it, because {at} has mode {mode:#o}"),
                advice: format!("take that right away with chmod go-w {at}"),
            });
        }
        let mut key = [0; BYTES];
        let whole = file.read_exact(&mut key).is_ok() && found.len() == BYTES as u64;
        match whole {
            true => Ok(NodeKey(key)),
            false => Err(refuse(format!(
                "it has {} bytes, and a key has {BYTES}",
                found.len()
            ))),
        }
    }

    /// The MAC of a module's file, given by its hash, and of the lines of its seal.
    #[must_use]
    pub(super) fn mac(&self, file: &[u8; 32], lines: &[u8]) -> blake3::Hash {
        let key = blake3::derive_key(PURPOSE, &self.0);
        let mut hasher = blake3::Hasher::new_keyed(&key);
        hasher.update(file);
        hasher.update(lines);
        hasher.finalize()
    }

    /// The MAC of the lines of a preference.
    #[must_use]
    pub(super) fn mac_of_preference(&self, lines: &[u8]) -> blake3::Hash {
        let key = blake3::derive_key(PREFERENCE_PURPOSE, &self.0);
        blake3::keyed_hash(&key, lines)
    }
}

impl fmt::Debug for NodeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NodeKey")
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

/// Writes a new key, unless somebody else was faster: that one counts then.
fn make(path: &Path) -> Result<(), KeyError> {
    let fail = |what| {
        move |source| KeyError::Io {
            what,
            path: path.to_owned(),
            source,
        }
    };
    let name = (path.file_name()).ok_or(io::ErrorKind::InvalidInput.into());
    let name = name.map_err(fail("make"))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        create_private(folder).map_err(fail("create the folder of"))?;
    }
    let mut key = [0; BYTES];
    getrandom::fill(&mut key)
        .map_err(|error| fail("find random bytes for")(io::Error::other(error)))?;
    let temporary = path.with_file_name(temporary_name(name));
    let written = create_new(&temporary, true).and_then(|mut file| {
        write_all(&mut file, &key)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| place(&temporary, path));
    let _ = fs::remove_file(&temporary);
    match placed {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.map_err(fail("make")),
    }
}
