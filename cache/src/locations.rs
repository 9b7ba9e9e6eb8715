//! The locations of the files that decide what is trusted.
//!
//! They are never in the cache's folder: whoever can write there must not decide what is trusted.
//!
//! ```text
//! module.key      32 bytes: the key of this machine (LOCKSTEP_KEY_FILE)
//! trusted         public keys whose signatures count (LOCKSTEP_TRUST_FILE)
//! deny            translators and compilers whose modules are refused (LOCKSTEP_DENY_FILE)
//! ```
//!
//! They are in `lockstep/` of the user's configuration folder (`XDG_CONFIG_HOME`, else `.config` in
//! `HOME`) unless the variable in brackets names another file.

use std::path::PathBuf;

/// The files. `None`: nobody says where, so there is none.
///
/// ```
/// use std::path::PathBuf;
/// use lockstep_cache::Locations;
/// let keys = Locations::default().with_key(PathBuf::from("/etc/lockstep/module.key"));
/// assert!(keys.key.is_some() && keys.trusted.is_none() && keys.deny.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Locations {
    /// The key of this machine.
    pub key: Option<PathBuf>,
    /// The public keys whose signatures count.
    pub trusted: Option<PathBuf>,
    /// The deny-list.
    pub deny: Option<PathBuf>,
}

impl Locations {
    /// With the key of this machine in this file.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<Option<PathBuf>>) -> Locations {
        self.key = key.into();
        self
    }

    /// With the public keys whose signatures count in this file.
    #[must_use]
    pub fn with_trusted(mut self, trusted: impl Into<Option<PathBuf>>) -> Locations {
        self.trusted = trusted.into();
        self
    }

    /// With the deny-list in this file.
    #[must_use]
    pub fn with_deny(mut self, deny: impl Into<Option<PathBuf>>) -> Locations {
        self.deny = deny.into();
        self
    }

    /// What the environment says, else the files of [`Locations::of_user`].
    #[must_use]
    pub fn from_environment() -> Locations {
        let user = Locations::of_user();
        Locations {
            key: named("LOCKSTEP_KEY_FILE").or(user.key),
            trusted: named("LOCKSTEP_TRUST_FILE").or(user.trusted),
            deny: named("LOCKSTEP_DENY_FILE").or(user.deny),
        }
    }

    /// The files in the user's configuration folder.
    #[must_use]
    pub fn of_user() -> Locations {
        let folder = user_folder("XDG_CONFIG_HOME", ".config");
        let file = |name: &str| folder.as_ref().map(|folder| folder.join(name));
        Locations {
            key: file("module.key"),
            trusted: file("trusted"),
            deny: file("deny"),
        }
    }
}

/// Our folder in one of the user's folders: in the one that the variable names, else in this one of `HOME`.
pub(super) fn user_folder(variable: &str, in_home: &str) -> Option<PathBuf> {
    // The XDG base directory specification: a relative path is to be ignored.
    named(variable)
        .filter(|path| path.is_absolute())
        .or_else(|| named("HOME").map(|home| home.join(in_home)))
        .map(|folder| folder.join("lockstep"))
}

/// A path in the environment; an empty variable is one that is not set.
pub(super) fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
