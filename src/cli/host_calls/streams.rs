//! The standard streams of the command, as a guest sees them under the numbers 0, 1 and 2. No other number means anything:
//! a guest never reaches a file that the command itself has open.

use std::io::{Read, stdin, stdout};

use super::super::stderr;
use super::bytes::{FAILED, write_all};

/// Bytes of `struct stat` as a guest has it.
#[cfg(unix)]
const STATUS_BYTES: usize = 128;

/// Keeps them open, and says that they are closed.
pub(super) fn close(stream: u64) -> u64 {
    if stream < 3 { 0 } else { FAILED }
}

/// One read, so that a terminal answers line by line.
pub(super) fn read(stream: u64, len: u64) -> Option<Vec<u8>> {
    if stream != 0 {
        return None;
    }
    let mut bytes = vec![0; usize::try_from(len).ok()?];
    let read = stdin().lock().read(&mut bytes).ok()?;
    bytes.truncate(read);
    Some(bytes)
}

/// Writes to standard output or standard error. Where the command answers with one JSON object, there is only the second.
pub(super) fn write(stream: u64, bytes: &[u8], json: bool) -> u64 {
    let written = match stream {
        1 if !json => write_all(&mut stdout().lock(), bytes).map(|_| ()),
        1 | 2 => stderr::write_bytes(bytes),
        _ => return FAILED,
    };
    written.map_or(FAILED, |()| bytes.len() as u64)
}

/// The place in a stream that is a file.
#[cfg(unix)]
pub(super) fn seek(stream: u64, offset: i64, from: u64) -> u64 {
    use rustix::fs::{SeekFrom, seek};
    let to = match from {
        0 => match u64::try_from(offset) {
            Ok(offset) => SeekFrom::Start(offset),
            Err(_) => return FAILED,
        },
        1 => SeekFrom::Current(offset),
        2 => SeekFrom::End(offset),
        _ => return FAILED,
    };
    let place = match stream {
        0 => seek(stdin(), to),
        1 => seek(stdout(), to),
        2 => seek(std::io::stderr(), to),
        _ => return FAILED,
    };
    place.unwrap_or(FAILED)
}

#[cfg(not(unix))]
pub(super) fn seek(_: u64, _: i64, _: u64) -> u64 {
    FAILED
}

/// What the system says of a stream, in the layout of RISC-V's Linux.
#[cfg(unix)]
pub(super) fn status(stream: u64) -> Option<Vec<u8>> {
    let found = match stream {
        0 => rustix::fs::fstat(stdin()),
        1 => rustix::fs::fstat(stdout()),
        2 => rustix::fs::fstat(std::io::stderr()),
        _ => return None,
    };
    let found = found.ok()?;
    let mut bytes = Vec::with_capacity(STATUS_BYTES);
    bytes.extend((found.st_dev as u64).to_le_bytes());
    bytes.extend((found.st_ino as u64).to_le_bytes());
    for word in [
        found.st_mode as u32,
        found.st_nlink as u32,
        found.st_uid,
        found.st_gid,
    ] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend((found.st_rdev as u64).to_le_bytes());
    bytes.extend([0; 8]);
    bytes.extend((found.st_size as u64).to_le_bytes());
    bytes.extend((found.st_blksize as u32).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend((found.st_blocks as u64).to_le_bytes());
    // Times, which say nothing of a stream.
    bytes.resize(STATUS_BYTES, 0);
    Some(bytes)
}

#[cfg(not(unix))]
pub(super) fn status(_: u64) -> Option<Vec<u8>> {
    None
}
