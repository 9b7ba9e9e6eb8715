//! Which ELF a code region comes from, among those that somebody named.
//!
//! Scripts on the chain are stripped. Stripping leaves the code as it is, so an ELF with symbols is recognised by its
//! code: a code region that holds the same bytes at the same addresses is its own.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use lockstep_translator::CodeRegion;

/// Bytes of a file with symbols, at most.
const LARGEST_FILE_BYTES: u64 = 64 << 20;
/// Files that are handed over and kept, at most.
const GIVEN_FILES: usize = 64;
/// Bytes of all files with symbols together, at most.
const ALL_FILES_BYTES: usize = 512 << 20;

/// ELF files that may have symbols.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    /// A file, or a folder of files.
    path: Option<PathBuf>,
    /// What is there, read when it is first needed.
    read: OnceLock<Vec<Vec<u8>>>,
    /// Those that were handed over.
    given: Mutex<Vec<Vec<u8>>>,
}

impl Symbols {
    pub(crate) fn new(path: Option<PathBuf>) -> Symbols {
        Symbols {
            path,
            ..Symbols::default()
        }
    }

    /// Takes in an ELF.
    pub(crate) fn add(&self, elf: &[u8]) {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let small = elf.len() as u64 <= LARGEST_FILE_BYTES && given.len() < GIVEN_FILES;
        if small && !given.iter().any(|known| known == elf) {
            given.push(elf.to_vec());
        }
    }

    /// Calls `f` with what the ELF of a code region says, or with nothing known.
    pub(super) fn with<R>(&self, region: &CodeRegion<'_>, f: impl FnOnce(&Info<'_>) -> R) -> R {
        let given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.read.get_or_init(|| {
            let path = self.path.as_deref();
            path.map(read_all).unwrap_or_default()
        });
        // What runs may be stripped, and another file with the same code not.
        let own = (given.iter().chain(read))
            .filter(|file| Info::is_of(file, region))
            .map(|file| Info::read(file))
            .find(|info| info.functions().next().is_some());
        f(&own.unwrap_or_else(|| Info::read(&[])))
    }
}

/// Reads the ELF files of a folder, or one file. What cannot be read is a warning.
fn read_all(path: &Path) -> Vec<Vec<u8>> {
    let warn = |path: &Path, error: &io::Error| {
        tracing::warn!("{}: {error}; it names no functions", path.display());
    };
    let files = match path.is_dir() {
        false => vec![path.to_owned()],
        true => match fs::read_dir(path) {
            Ok(entries) => {
                let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
                files.retain(|file| file.is_file());
                files.sort();
                files
            }
            Err(error) => {
                warn(path, &error);
                return Vec::new();
            }
        },
    };
    let mut all = Vec::new();
    let mut left = ALL_FILES_BYTES;
    for file in files {
        match read_file(&file) {
            Ok(bytes) if bytes.len() <= left => {
                left -= bytes.len();
                if bytes.starts_with(b"\x7fELF") {
                    all.push(bytes);
                }
            }
            Ok(_) => warn(&file, &io::ErrorKind::FileTooLarge.into()),
            Err(error) => warn(&file, &error),
        }
    }
    all
}

fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path)?;
    (file.take(LARGEST_FILE_BYTES + 1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST_FILE_BYTES {
        true => Err(io::ErrorKind::FileTooLarge.into()),
        false => Ok(bytes),
    }
}

/// What an ELF says of its functions and lines.
#[cfg(feature = "symbols")]
pub(super) struct Info<'a>(crate::debug_info::DebugInfo<'a>);

#[cfg(feature = "symbols")]
impl<'a> Info<'a> {
    fn read(file: &'a [u8]) -> Info<'a> {
        Info(crate::debug_info::DebugInfo::read(file))
    }

    fn is_of(file: &[u8], region: &CodeRegion<'_>) -> bool {
        crate::debug_info::has_code(file, region.base, region.bytes)
    }

    /// Start, end, name.
    pub(super) fn functions(&self) -> impl Iterator<Item = (u64, u64, String)> {
        self.0.functions()
    }

    pub(super) fn has_lines(&self) -> bool {
        self.0.has_lines()
    }

    /// The file and the line of an instruction.
    pub(super) fn line(&self, pc: u64) -> Option<(String, u32)> {
        let place = self.0.places(pc).into_iter().next()?;
        place.file.zip(place.line)
    }
}

/// Nothing is known in a build without the feature `symbols`.
#[cfg(not(feature = "symbols"))]
pub(super) struct Info<'a>(std::marker::PhantomData<&'a ()>);

#[cfg(not(feature = "symbols"))]
impl<'a> Info<'a> {
    fn read(_: &'a [u8]) -> Info<'a> {
        Info(std::marker::PhantomData)
    }

    fn is_of(_: &[u8], _: &CodeRegion<'_>) -> bool {
        false
    }

    pub(super) fn functions(&self) -> impl Iterator<Item = (u64, u64, String)> + use<> {
        std::iter::empty()
    }

    pub(super) fn has_lines(&self) -> bool {
        false
    }

    pub(super) fn line(&self, _: u64) -> Option<(String, u32)> {
        None
    }
}
