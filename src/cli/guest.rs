//! From the name of a file to a loaded guest, with the failures of every step.

use std::io::Read;
use std::path::{Display, Path};

use lockstep::engine::{EngineBuilder, Mode, Share, Translate};
use lockstep::{LoadError, Platform, Program};
use lockstep_runtime::SetupError;
use lockstep_translator::CodeRegion;

use super::args::{CacheOptions, GuestOptions};
use super::failure::Failure;
use super::{code, stderr};

/// Bytes of an input file at most. Guests have 4 MiB of memory, modules some hundred MiB at most;
/// what is larger is not one, and a device or a sparse file has no end.
const LARGEST_INPUT_BYTES: u64 = 1 << 30;

/// The name of a file that stands for standard input.
const STANDARD_INPUT: &str = "-";
/// What ELF calls RISC-V, in the field `e_machine`.
const ELF_MACHINE_RISCV: u16 = 243;

/// Whether a name stands for standard input.
pub(crate) fn is_standard_input(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT)
}

/// The name of an input as messages have it.
pub(crate) fn shown(path: &Path) -> Display<'_> {
    match is_standard_input(path) {
        true => Path::new("standard input").display(),
        false => path.display(),
    }
}

/// Reads a whole input file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::File::open(path)
        .map_err(|error| Failure::unreadable(path, &error))
        .and_then(|file| read_from(file, path))
}

/// Reads a whole input file; `-` is standard input.
pub(crate) fn read_input(path: &Path) -> Result<Vec<u8>, Failure> {
    match is_standard_input(path) {
        true => read_from(std::io::stdin().lock(), Path::new("standard input")),
        false => read(path),
    }
}

/// Reads a guest program; `-` is standard input. Warns of one for another processor.
pub(crate) fn read_elf(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read_input(path)?;
    warn_of_machine(path, &bytes);
    Ok(bytes)
}

fn read_from(from: impl Read, path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    from.take(LARGEST_INPUT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::unreadable(path, &error))?;
    if bytes.len() as u64 > LARGEST_INPUT_BYTES {
        let message = format!(
            "{} has more than {LARGEST_INPUT_BYTES:#x} bytes, which no input may have; check the name of the file",
            path.display()
        );
        return Err(Failure::new(code::DATA, "FileTooLarge", message));
    }
    Ok(bytes)
}

/// Warns of an ELF that says that it is for another processor than RISC-V. CKB-VM runs it, so it is run.
pub(crate) fn warn_of_machine(path: &Path, bytes: &[u8]) {
    let Some([low, high]) = bytes.get(18..20) else {
        return;
    };
    let machine = match bytes[5] {
        // The header says that numbers are big endian.
        2 => u16::from_be_bytes([*low, *high]),
        _ => u16::from_le_bytes([*low, *high]),
    };
    if bytes.starts_with(b"\x7fELF") && machine != ELF_MACHINE_RISCV {
        stderr::warn(format_args!(
            "{} says that it is for another processor: its e_machine is {machine} (at offset 0x12), and RISC-V is \
             {ELF_MACHINE_RISCV}; CKB-VM ignores that field, so the file is taken as RISC-V",
            shown(path)
        ));
    }
}

impl GuestOptions {
    /// What the options describe.
    pub(crate) fn platform(&self) -> Platform {
        Platform::default()
            .with_profile(self.profile())
            .with_cost(self.cost())
            .with_memory_size(self.memory())
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
        LoadError::Setup(SetupError::System(error)) => {
            let message = format!(
                "there is no memory for a guest of {:#x} bytes: {error}; free some, or raise the limit \
                 (ulimit -v)",
                platform.memory_size
            );
            Failure::new(code::FILE, "NoMemory", message)
        }
        LoadError::Setup(error) => Failure::usage(format!("--memory: {error}")),
        error => {
            let advice = advice(error.name());
            let message = format!(
                "{} cannot be loaded into {:#x} bytes of memory: {}: {error}; {advice}",
                shown(path),
                platform.memory_size,
                error.name()
            );
            Failure::new(code::DATA, error.name(), message)
        }
    })
}

/// What makes an ELF that CKB-VM loads, by the name of the error. For both linkers where they differ: GNU's has no `-z
/// separate-code` for RISC-V.
fn advice(name: &str) -> &'static str {
    match name {
        "ElfParseError" => "a statically linked RISC-V ELF is needed",
        "ElfBits" => "--xlen 32 or --xlen 64 chooses the width of the registers",
        "ElfSegmentWritableAndExecutable" => {
            "link code and data into different segments: without -N, -n and --omagic (GNU ld), and without a linker script \
             that puts them together; lld also has -z separate-code"
        }
        "MemWriteOnFreezedPage" => {
            "code and data share a page of 4096 bytes; link it with -Wl,-z,max-page-size=4096 (GNU ld and lld) or with \
             -Wl,-z,separate-code (lld)"
        }
        "MemOutOfBound" => {
            "link it at lower addresses (-Wl,-Ttext-segment=0x10000 for GNU ld, -Wl,--image-base=0x10000 for lld), or give \
             it more memory with --memory (4 MiB at most)"
        }
        _ => {
            "link it with separate segments for code and data, each readable (GNU ld: without -N; lld: -z separate-code)"
        }
    }
}

/// The engine that the options and the environment describe; the command translates at once unless
/// the environment says otherwise.
pub(crate) fn engine(cache: &CacheOptions, mode: Mode) -> Result<EngineBuilder, Failure> {
    let translate = Translate::from_environment().map_err(Failure::usage)?;
    // The warm list is for nodes: a command runs one program.
    let builder = EngineBuilder::from_env_with_mode(mode);
    let builder = builder.map_err(Failure::usage)?.no_warm();
    let builder = builder.translate(translate.unwrap_or(Translate::Now));
    // Nothing is sampled of a single run unless somebody asks for it.
    let share = Share::from_environment().map_err(Failure::usage)?;
    let builder = builder.shadow(share.unwrap_or(Share::NONE));
    Ok(match (&cache.cache, cache.no_cache) {
        (Some(folder), _) => builder.cache(folder),
        (None, true) => builder.no_cache(),
        (None, false) => builder,
    })
}

/// Whether an address lies in a code region.
pub(crate) fn contains(region: &CodeRegion<'_>, address: u64) -> bool {
    (region.base..region.end()).contains(&address)
}

/// A range of addresses as it is printed.
pub(crate) fn range(base: u64, len: u64) -> String {
    format!("{base:#x}..{:#x}", base.saturating_add(len))
}
