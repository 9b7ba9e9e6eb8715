//! From the name of a file to a loaded guest, with the failures of every step.

use std::path::Path;

use lockstep::engine::{EngineBuilder, Translate};
use lockstep::translator::Text;
use lockstep::{Engine, LoadError, Platform, Program};

use super::args::{CacheOptions, GuestOptions};
use super::code;
use super::failure::Failure;

/// Reads a whole input file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::unreadable(path, &error))
}

impl GuestOptions {
    /// What the options describe.
    pub(crate) fn platform(&self) -> Result<Platform, Failure> {
        Ok(Platform {
            profile: self.profile()?,
            cost: self.cost(),
            memory_size: self.memory(),
        })
    }
}

/// Loads an ELF into a new machine.
pub(crate) fn load<'a>(
    path: &Path,
    bytes: &'a [u8],
    platform: &Platform,
) -> Result<Program<'a>, Failure> {
    Program::load(bytes, platform).map_err(|error| match error {
        LoadError::Setup(error) => Failure::usage(format!("--memory: {error}")),
        LoadError::Elf(_) | LoadError::Load { .. } => {
            let message = format!(
                "{} cannot be loaded: {}: {error}; a statically linked RISC-V ELF is needed",
                path.display(),
                error.name()
            );
            Failure::new(code::DATA, error.name(), message)
        }
    })
}

/// The engine that the options and the environment describe; the command translates at once unless
/// the environment says otherwise.
pub(crate) fn engine(cache: &CacheOptions) -> Result<EngineBuilder, Failure> {
    let translate = Translate::from_environment().map_err(Failure::usage)?;
    let builder = Engine::builder().translate(translate.unwrap_or(Translate::Now));
    Ok(match (&cache.cache, cache.no_cache) {
        (Some(folder), _) => builder.cache(folder),
        (None, true) => builder.no_cache(),
        (None, false) => builder,
    })
}

/// Whether an address lies in a text.
pub(crate) fn contains(text: &Text<'_>, address: u64) -> bool {
    (text.base..text.end()).contains(&address)
}

/// A range of addresses as it is printed.
pub(crate) fn range(base: u64, len: u64) -> String {
    format!("{base:#x}..{:#x}", base.saturating_add(len))
}
