//! The files of this process, one of each kind, for all of its engines.
//!
//! Names of files are known to others who may write to the same folder, so a file is made anew and nothing that lies
//! there is followed or overwritten: what an earlier process with the same number left is removed first. A file can be
//! read by its owner alone, because it says what this process runs. Where a file cannot be written any further, there is
//! one warning, and nothing more is written.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use lockstep_contract::key::KeyId;
use lockstep_runtime::{Marker, NativeModule};

use super::kind::Profiling;
use super::pieces::Piece;
use super::{jitdump, text};

/// Where perf looks for maps of names.
const MAPS_FOLDER: &str = "/tmp";
/// Where perf's own agents put jitdump files, below `JITDUMPDIR` or the user's folder.
const DUMPS_FOLDER: &str = ".debug/jit";

/// The list of names, and the jitdump file.
static MAP: Mutex<State> = Mutex::new(State::New);
static DUMP: Mutex<State> = Mutex::new(State::New);

#[derive(Debug)]
enum State {
    /// Nobody has needed the file yet.
    New,
    Open(Output),
    /// It cannot be written. That was said.
    Failed,
}

#[derive(Debug)]
struct Output {
    file: File,
    path: PathBuf,
    /// Bytes that were written.
    len: u64,
    /// Pieces that were written.
    pieces: u64,
    /// Modules that were written, with their addresses.
    named: BTreeSet<(u64, KeyId)>,
    /// The list of names cannot say that an address has another meaning from now on. So no address is used again:
    /// modules stay.
    kept: Vec<Arc<NativeModule>>,
    /// What perf finds a jitdump file by.
    _marker: Option<Marker>,
}

/// Writes the names of a module, unless they were written before. `pieces` is called if they are needed.
pub(super) fn write(
    profiling: Profiling,
    module: &Arc<NativeModule>,
    pieces: impl FnOnce() -> Vec<Piece>,
) {
    // Before the module runs: a sample belongs to what was written at an earlier time.
    let time = now();
    let state = match profiling {
        Profiling::PerfMap => &MAP,
        Profiling::JitDump => &DUMP,
    };
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if matches!(*state, State::New) {
        *state = match Output::open(profiling, time) {
            Ok(output) => {
                tracing::info!(path = %output.path.display(), "native code gets names here");
                State::Open(output)
            }
            Err((path, error)) => {
                warn(&path, &error);
                State::Failed
            }
        };
    }
    let State::Open(output) = &mut *state else {
        return;
    };
    if let Err(error) = output.add(profiling, module, time, pieces) {
        warn(&output.path, &error);
        *state = State::Failed;
    }
}

fn warn(path: &Path, error: &io::Error) {
    tracing::warn!(
        "{}: {error}; native code gets no more names for profilers (LOCKSTEP_PROFILE)",
        path.display()
    );
}

impl Output {
    /// Makes the file.
    ///
    /// # Errors
    /// The path that cannot be written, and why.
    fn open(profiling: Profiling, time: u64) -> Result<Output, (PathBuf, io::Error)> {
        let process = std::process::id();
        let (path, start) = match profiling {
            Profiling::PerfMap => {
                let path = Path::new(MAPS_FOLDER).join(format!("perf-{process}.map"));
                (path, Vec::new())
            }
            Profiling::JitDump => {
                let folder = dumps_folder()?;
                let path = folder.join(format!("jit-{process}.dump"));
                (path, jitdump::header(process, time))
            }
        };
        let opened = create(&path).and_then(|mut file| {
            file.write_all(&start)?;
            let marker = match profiling {
                Profiling::PerfMap => None,
                Profiling::JitDump => Some(Marker::map(&file)?),
            };
            Ok((file, marker))
        });
        match opened {
            Ok((file, marker)) => Ok(Output {
                file,
                path,
                len: start.len() as u64,
                pieces: 0,
                named: BTreeSet::new(),
                kept: Vec::new(),
                _marker: marker,
            }),
            Err(error) => Err((path, error)),
        }
    }

    fn add(
        &mut self,
        profiling: Profiling,
        module: &Arc<NativeModule>,
        time: u64,
        pieces: impl FnOnce() -> Vec<Piece>,
    ) -> io::Result<()> {
        let address = module.code_address();
        if !self.named.insert((address, module.key().id())) {
            return Ok(());
        }
        let pieces = pieces();
        let bytes = match profiling {
            Profiling::PerfMap => {
                self.kept.push(Arc::clone(module));
                text::lines(address, &pieces).into_bytes()
            }
            Profiling::JitDump => {
                let (process, code) = (std::process::id(), module.code_bytes());
                let numbered = pieces.iter().zip(self.pieces..);
                numbered
                    .flat_map(|(piece, number)| {
                        jitdump::records(process, time, number, address, code, piece)
                    })
                    .collect()
            }
        };
        self.pieces += pieces.len() as u64;
        self.append(&bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let len = self.len.saturating_add(bytes.len() as u64);
        // The system ends a process that writes beyond the limit (`ulimit -f`) with a signal.
        if size_limit().is_some_and(|limit| limit < len) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.file.write_all(bytes)?;
        self.len = len;
        Ok(())
    }
}

/// Makes a file that nobody else has, for its owner to read.
fn create(path: &Path) -> io::Result<File> {
    // This does not follow a link, and it removes nothing of another user in a folder that all share.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    options.open(path)
}

/// The folder for jitdump files, made if it is missing. It must be ours alone to write: perf makes files beside ours.
fn dumps_folder() -> Result<PathBuf, (PathBuf, io::Error)> {
    let base = ["JITDUMPDIR", "HOME"]
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
        .unwrap_or_else(|| ".".into());
    let folder = Path::new(&base).join(DUMPS_FOLDER);
    // perf goes by the name that the system has for the file, so a relative one would do; people want the whole one.
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    match make_private(&folder) {
        Ok(()) => Ok(folder),
        Err(error) => Err((folder, error)),
    }
}

fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
        builder.mode(0o700);
        builder.create(folder)?;
        let found = fs::symlink_metadata(folder)?;
        let own = found.uid() == rustix::process::geteuid().as_raw();
        if !own || found.mode() & 0o022 != 0 || !found.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "others may write there; set JITDUMPDIR to a folder of your own",
            ));
        }
    }
    #[cfg(not(target_os = "linux"))]
    builder.create(folder)?;
    Ok(())
}

/// Nanoseconds of the clock that `perf record -k mono` uses.
fn now() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        (time.tv_sec as u64)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(time.tv_nsec as u64)
    }
    #[cfg(not(target_os = "linux"))]
    0
}

fn size_limit() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::getrlimit(rustix::process::Resource::Fsize).current
    }
    #[cfg(not(target_os = "linux"))]
    None
}
