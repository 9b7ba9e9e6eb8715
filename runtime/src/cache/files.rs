//! Files as the cache needs them: whole or not there, private, and never reached through a link.
//!
//! What differs between operating systems is here and nowhere else.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Writes a file that the user named, so that the name always stands for a whole file: temporary
/// file in the same folder, flush, rename. What a symbolic link names is replaced, not the link;
/// what is there and is no regular file (a device, a pipe) is written to as it is.
///
/// # Errors
/// What the operating system says; the temporary file is gone then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => {
            OpenOptions::new().write(true).open(path)?.write_all(bytes)
        }
        _ => put(path, bytes, false),
    }
}

/// Puts a whole file in the place of whatever has this name. `private`: for the owner alone.
pub(super) fn put(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_file_name(temporary_name(name));
    let result =
        write_and_flush(&temporary, bytes, private).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
        return result;
    }
    // The new name reaches the disk with the folder. Some file systems refuse that; the content is
    // safe in any case, and a lost name is a miss.
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
    Ok(())
}

fn write_and_flush(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut file = create_new(path, private)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A name that no other writer uses: the process and a number within it.
pub(super) fn temporary_name(name: &OsStr) -> PathBuf {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.{number}.tmp", std::process::id()));
    temporary.into()
}

#[cfg(unix)]
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
pub(super) fn create_new(path: &Path, private: bool) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let mode = if private { 0o600 } else { 0o666 };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

/// Opening makes a file for its owner alone, and follows no link.
#[cfg(unix)]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600).custom_flags(libc::O_NOFOLLOW)
}

#[cfg(unix)]
pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // NONBLOCK: opening a pipe must not wait for a writer.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(unix)]
pub(super) fn owner(found: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    Some(found.uid())
}

/// The permission bits, if they let anybody but the owner write.
#[cfg(unix)]
pub(super) fn writable_by_others(found: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let mode = found.mode() & 0o7777;
    (mode & 0o022 != 0).then_some(mode)
}

// Elsewhere the user's cache folder is private by the platform's own rules.
#[cfg(not(unix))]
pub(super) fn create_private(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).create(folder)
}

#[cfg(not(unix))]
pub(super) fn create_new(path: &Path, _private: bool) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

#[cfg(not(unix))]
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
pub(super) fn open_no_follow(path: &Path) -> io::Result<File> {
    File::open(path)
}

#[cfg(not(unix))]
pub(super) fn owner(_found: &Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn writable_by_others(_found: &Metadata) -> Option<u32> {
    None
}
