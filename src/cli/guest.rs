//! From the name of a file to a loaded guest, with the failures of every step.

use std::io::Read;
use std::path::Path;

use lockstep::engine::{Confirm, EngineBuilder, Share, Translate};
use lockstep::{Engine, LoadError, Platform, Program};
use lockstep_translator::CodeRegion;

use super::args::{CacheOptions, GuestOptions};
use super::code;
use super::failure::Failure;

/// Bytes of an input file at most. Guests have 4 MiB of memory, modules some hundred MiB at most;
/// what is larger is not one, and a device or a sparse file has no end.
const FILE: u64 = 1 << 30;

/// Reads a whole input file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| Failure::unreadable(path, &error))?;
    if bytes.len() as u64 > FILE {
        let message = format!(
            "{} has more than {FILE:#x} bytes; it is neither an ELF nor a module",
            path.display()
        );
        return Err(Failure::new(code::DATA, "FileTooLarge", message));
    }
    Ok(bytes)
}

impl GuestOptions {
    /// What the options describe.
    pub(crate) fn platform(&self) -> Platform {
        Platform {
            profile: self.profile(),
            cost: self.cost(),
            memory_size: self.memory(),
        }
    }
}

/// Loads an ELF into a new machine.
pub(crate) fn load(path: &Path, bytes: &[u8], platform: &Platform) -> Result<Program, Failure> {
    load_in_chaos(path, bytes, platform, None)
}

/// As [`load`]; with a seed, in chaos mode.
pub(crate) fn load_in_chaos(
    path: &Path,
    bytes: &[u8],
    platform: &Platform,
    seed: Option<u32>,
) -> Result<Program, Failure> {
    Program::load_in_chaos(bytes, platform, seed).map_err(|error| match error {
        LoadError::Setup(error) => Failure::usage(format!("--memory: {error}")),
        LoadError::Elf(_) | LoadError::Load { .. } => {
            let advice = match error.name() {
                "ElfParseError" => "a statically linked RISC-V ELF is needed",
                "ElfBits" => "--xlen says which width of registers it is for",
                "MemOutOfBound" => "link it lower, or give it more with --memory (4 MiB at most)",
                _ => "link it with separate segments for code and data (lld: -z separate-code)",
            };
            let message = format!(
                "{} cannot be loaded into {:#x} bytes of memory: {}: {error}; {advice}",
                path.display(),
                platform.memory_size,
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
    // The warm list is for nodes: a command runs one program.
    let builder = Engine::builder().no_warm();
    let builder = builder.translate(translate.unwrap_or(Translate::Now));
    // Nothing is sampled of a single run unless somebody asks for it.
    let share = Share::from_environment().map_err(Failure::usage)?;
    let confirm = Confirm::from_environment().map_err(Failure::usage)?;
    let builder = builder.shadow(share.unwrap_or(Share::NONE));
    let builder = builder.confirm(confirm.unwrap_or_default());
    Ok(match (&cache.cache, cache.no_cache) {
        (Some(folder), _) => builder.cache(folder),
        (None, true) => builder.no_cache(),
        (None, false) => builder,
    })
}

/// Whether an address lies in a text.
pub(crate) fn contains(region: &CodeRegion<'_>, address: u64) -> bool {
    (region.base..region.end()).contains(&address)
}

/// A range of addresses as it is printed.
pub(crate) fn range(base: u64, len: u64) -> String {
    format!("{base:#x}..{:#x}", base.saturating_add(len))
}
