//! The files of one folder, as streams with the meaning of C's. The kernel keeps names in the folder (`openat2` with
//! `RESOLVE_BENEATH`): `..`, absolute names and symbolic links that lead out are refused, also while others rename things.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;

use super::super::failure::Failure;
use super::bytes::{FAILED, read_up_to, write_all};

/// Streams that are open at a time.
const LARGEST_OPEN_STREAMS: usize = 256;

/// A folder, and what is open in it.
pub(super) struct Files {
    folder: File,
    streams: BTreeMap<u64, Stream>,
    next: u64,
}

struct Stream {
    file: File,
    at_end: bool,
    failed: bool,
}

impl Files {
    /// A folder.
    pub(super) fn open(path: &Path) -> Result<Files, Failure> {
        let folder = File::open(path).map_err(|error| Failure::unreadable(path, &error))?;
        let is_folder = folder.metadata().is_ok_and(|found| found.is_dir());
        if !is_folder {
            return Err(Failure::usage(format!(
                "--allow-files {}: it is no folder",
                path.display()
            )));
        }
        if !cfg!(target_os = "linux") {
            return Err(Failure::usage(
                "--allow-files needs Linux, whose kernel keeps a guest in the folder",
            ));
        }
        Ok(Files {
            folder,
            streams: BTreeMap::new(),
            next: 1,
        })
    }

    /// `fopen`: a number for the stream, or 0.
    pub(super) fn open_stream(&mut self, name: &[u8], mode: &[u8]) -> u64 {
        if self.streams.len() >= LARGEST_OPEN_STREAMS {
            return 0;
        }
        let Some(file) = open_beneath(&self.folder, name, mode) else {
            return 0;
        };
        let stream = self.next;
        self.next += 1;
        let opened = Stream {
            file,
            at_end: false,
            failed: false,
        };
        self.streams.insert(stream, opened);
        stream
    }

    /// `fclose`.
    pub(super) fn close(&mut self, stream: u64) -> u64 {
        match self.streams.remove(&stream) {
            Some(_) => 0,
            None => FAILED,
        }
    }

    /// `fread`.
    pub(super) fn read(&mut self, stream: u64, len: u64) -> Vec<u8> {
        let Some(stream) = self.streams.get_mut(&stream) else {
            return Vec::new();
        };
        match read_up_to(&mut stream.file, len) {
            Ok(bytes) => {
                stream.at_end |= (bytes.len() as u64) < len;
                bytes
            }
            Err(_) => {
                stream.failed = true;
                Vec::new()
            }
        }
    }

    /// `fwrite`: bytes that were written.
    pub(super) fn write(&mut self, stream: u64, bytes: &[u8]) -> u64 {
        let Some(stream) = self.streams.get_mut(&stream) else {
            return 0;
        };
        write_all(&mut stream.file, bytes).unwrap_or_else(|_| {
            stream.failed = true;
            0
        })
    }

    /// `feof`.
    pub(super) fn is_at_end(&self, stream: u64) -> u64 {
        self.streams
            .get(&stream)
            .map_or(0, |stream| u64::from(stream.at_end))
    }

    /// `ferror`.
    pub(super) fn has_failed(&self, stream: u64) -> u64 {
        self.streams
            .get(&stream)
            .map_or(1, |stream| u64::from(stream.failed))
    }

    /// `ftell`.
    pub(super) fn position(&mut self, stream: u64) -> u64 {
        let stream = self.streams.get_mut(&stream);
        let place = stream.and_then(|stream| stream.file.stream_position().ok());
        place.unwrap_or(FAILED)
    }

    /// `fseek`.
    pub(super) fn seek(&mut self, stream: u64, offset: i64, from: u64) -> u64 {
        let to = match (from, u64::try_from(offset)) {
            (0, Ok(offset)) => SeekFrom::Start(offset),
            (1, _) => SeekFrom::Current(offset),
            (2, _) => SeekFrom::End(offset),
            _ => return FAILED,
        };
        let Some(stream) = self.streams.get_mut(&stream) else {
            return FAILED;
        };
        match stream.file.seek(to) {
            Ok(_) => {
                stream.at_end = false;
                0
            }
            Err(_) => FAILED,
        }
    }

    /// Writes a whole file.
    pub(super) fn replace(&mut self, name: &[u8], bytes: &[u8]) -> u64 {
        let file = open_beneath(&self.folder, name, b"w");
        match file.map(|mut file| write_all(&mut file, bytes)) {
            Some(Ok(_)) => 0,
            _ => FAILED,
        }
    }
}

/// Opens a file in the folder, as `fopen` with this mode.
#[cfg(target_os = "linux")]
fn open_beneath(folder: &File, name: &[u8], mode: &[u8]) -> Option<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
    let both = mode.contains(&b'+');
    let access = match mode.first()? {
        b'r' if both => OFlags::RDWR,
        b'r' => OFlags::RDONLY,
        b'w' if both => OFlags::RDWR | OFlags::CREATE | OFlags::TRUNC,
        b'w' => OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC,
        b'a' if both => OFlags::RDWR | OFlags::CREATE | OFlags::APPEND,
        b'a' => OFlags::WRONLY | OFlags::CREATE | OFlags::APPEND,
        _ => return None,
    };
    let exclusive = if mode.contains(&b'x') {
        OFlags::EXCL
    } else {
        OFlags::empty()
    };
    // A pipe in the folder must not stop the command.
    let flags = access | exclusive | OFlags::CLOEXEC | OFlags::NOCTTY | OFlags::NONBLOCK;
    let create = match flags.contains(OFlags::CREATE) {
        true => Mode::from_raw_mode(0o666),
        false => Mode::empty(),
    };
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
    let file = File::from(openat2(folder, name, flags, create, resolve).ok()?);
    // A device has no end, and a folder is no stream.
    file.metadata()
        .is_ok_and(|found| found.is_file())
        .then_some(file)
}

#[cfg(not(target_os = "linux"))]
fn open_beneath(_: &File, _: &[u8], _: &[u8]) -> Option<File> {
    None
}
