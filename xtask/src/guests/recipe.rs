//! The recipes: which sources make which guest. Data only.

use std::path::{Path, PathBuf};

use super::GuestError;
use super::third_party::Sources;

/// Where a guest's sources are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// In `guests/src`; the ELF is committed.
    Own,
    /// In a crate that cargo fetches; built on demand.
    ThirdParty,
}

impl Origin {
    /// As the manifest has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Origin::Own => "own",
            Origin::ThirdParty => "third-party",
        }
    }
}

/// One guest. Paths of ours are from the root of the repository.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// Its name.
    pub(crate) name: &'static str,
    /// Ours or a crate's.
    pub(crate) origin: Origin,
    /// Sources of both builds.
    pub(crate) sources: Vec<PathBuf>,
    /// Sources of the RISC-V build alone, besides `crt0.S`.
    pub(crate) guest_sources: Vec<PathBuf>,
    /// Further compiler flags of both builds.
    pub(crate) flags: Vec<String>,
    /// Further compiler flags of the RISC-V build.
    pub(crate) guest_flags: Vec<String>,
    /// Whether there is a native build.
    pub(crate) native: bool,
    /// The argument of a bench run: several hundred million cycles.
    pub(crate) bench: u64,
}

impl Recipe {
    fn own(name: &'static str, bench: u64) -> Recipe {
        Recipe {
            name,
            origin: Origin::Own,
            sources: vec![source(&format!("{name}.c"))],
            guest_sources: vec![source("libc/string.c")],
            flags: Vec::new(),
            guest_flags: Vec::new(),
            native: true,
            bench,
        }
    }
}

fn source(name: &str) -> PathBuf {
    Path::new("guests/src").join(name)
}

/// Our own guests.
pub(crate) fn own() -> Vec<Recipe> {
    let mut strings = Recipe::own("strings", 160);
    // The functions that it measures, in both builds, and called as functions.
    strings.sources.append(&mut strings.guest_sources);
    strings.flags.push("-fno-builtin".into());
    vec![
        Recipe::own("fib", 1300),
        Recipe::own("sieve", 140),
        Recipe::own("sha256", 400),
        Recipe::own("keccak", 200),
        Recipe::own("blake2b", 1600),
        Recipe::own("sorthash", 200),
        Recipe::own("bytecode", 130),
        strings,
        Recipe::own("recursion", 130),
    ]
}

/// The guests from crates' C sources.
pub(crate) fn third_party(_sources: &Sources) -> Result<Vec<Recipe>, GuestError> {
    Ok(Vec::new())
}
