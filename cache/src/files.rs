//! File operations of the cache: they leave a whole file or none, create private files, and follow no
//! symbolic link where the cache must not follow one.
//!
//! All of this package's code that differs between operating systems is in this file.
//!
//! A process may have a limit on the size of its files (`ulimit -f`). When it writes beyond the limit, the
//! system ends it with the signal `SIGXFSZ`, unless the process handles that signal. A library must not
//! change how a process handles signals, and a node must not end because of a file that it does not need.
//! So this package writes every file with [`write_all`], which compares the size with the limit first and
//! returns an error, as for a full disk. One gap remains: another thread may lower the limit between the
//! comparison and the write.

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
            write_all(&mut OpenOptions::new().write(true).open(path)?, bytes)
        }
        _ => put(path, bytes, false),
    }
}

/// Writes a whole file and gives it this name; a file that has the name is replaced. `private`: only the
/// owner may read and write it.
pub(super) fn put(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_file_name(temporary_name(name));
    let result =
        write_and_flush(&temporary, bytes, private).and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
        return result;
    }
    sync_folder(path);
    Ok(())
}

/// Writes a file for its owner alone, whole or not at all, where there is none of that name.
pub(super) fn put_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_file_name(temporary_name(name));
    let result = write_and_flush(&temporary, bytes, true).and_then(|()| place(&temporary, path));
    let _ = fs::remove_file(&temporary);
    result
}

/// As [`put`], for the owner alone, but does not wait for the disk: the file may be lost in a crash.
pub(super) fn put_hint(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = path.with_file_name(temporary_name(name));
    let written = create_new(&temporary, true).and_then(|mut file| write_all(&mut file, bytes));
    let result = written.and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    result
}

/// Flushes the folder of a file, because a new name reaches the disk with the folder. Some file systems
/// refuse that. Then a crash may lose the name, as if the file had never been written.
fn sync_folder(path: &Path) {
    let folder = path.parent();
    if let Some(folder) = folder.filter(|folder| !folder.as_os_str().is_empty()) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
    }
}

fn write_and_flush(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    let mut file = create_new(path, private)?;
    write_all(&mut file, bytes)?;
    file.sync_all()
}

/// Writes bytes to a file at its position, or at its end if it was opened to append; the file holds
/// nothing behind that. Where the limit on the size of files does not allow all of them, none is written.
///
/// # Errors
/// `FileTooLarge` where the limit does not allow it, and what the operating system says.
pub fn write_all(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    if let Some(limit) = size_limit()
        && let Ok(found) = file.metadata()
        // The limit is about regular files.
        && found.is_file()
    {
        let size = found.len().saturating_add(bytes.len() as u64);
        if size > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!(
                    "the file would have {size} bytes, and this process may write {limit} (ulimit -f)"
                ),
            ));
        }
    }
    file.write_all(bytes)
}

/// Bytes that a file of this process may have, if there is a limit.
#[cfg(unix)]
fn size_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Fsize).current
}

#[cfg(not(unix))]
fn size_limit() -> Option<u64> {
    None
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

/// Gives a finished temporary file its name, unless that is taken.
#[cfg(unix)]
pub(super) fn place(temporary: &Path, path: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, temporary, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => {}
        Err(rustix::io::Errno::EXIST) => return Err(io::ErrorKind::AlreadyExists.into()),
        // Not every file system can do that. A hard link also fails when the name is taken.
        Err(_) => {
            fs::hard_link(temporary, path)?;
            fs::remove_file(temporary)?;
        }
    }
    sync_folder(path);
    Ok(())
}

/// The user of this process.
#[cfg(unix)]
pub(super) fn user() -> Option<u32> {
    Some(rustix::process::geteuid().as_raw())
}

/// Whether a file of this owner can be trusted: the owner is the user of this process, or root.
pub(super) fn ours(owner: Option<u32>) -> bool {
    owner == user() || owner == Some(0)
}

/// The permission bits, if they let anybody but the owner do anything.
#[cfg(unix)]
pub(super) fn only_for_owner(found: &Metadata) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    let mode = found.mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

/// The first folder among a folder and its parents in which other users may rename or remove files that
/// they do not own, with its permission bits. Where the sticky bit is set, they may not. The user's own
/// group and root's group do not count as other users.
#[cfg(unix)]
pub(super) fn swappable(folder: &Path) -> Option<(PathBuf, u32)> {
    use std::os::unix::fs::MetadataExt;
    let folder = fs::canonicalize(if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    });
    let folder = folder.ok()?;
    let group = rustix::process::getegid().as_raw();
    let open = |folder: &Path| {
        let found = fs::metadata(folder).ok()?;
        let mode = found.mode() & 0o7777;
        let others = mode & 0o002 != 0 || mode & 0o020 != 0 && ![0, group].contains(&found.gid());
        (others && mode & 0o1000 == 0).then(|| (folder.to_owned(), mode))
    };
    folder.ancestors().find_map(open)
}

/// Bytes that this user may still write to the disk of a folder.
#[cfg(unix)]
pub(super) fn free_space(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Whether this user may make files in a folder, as far as the system says so without a trial.
#[cfg(unix)]
pub(super) fn writable(folder: &Path) -> bool {
    let wanted = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    rustix::fs::access(folder, wanted).is_ok()
}

/// Whether a process with this number runs; `true` when that cannot be known.
#[cfg(unix)]
pub(super) fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok();
    let Some(process) = process.and_then(rustix::process::Pid::from_raw) else {
        return false;
    };
    rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
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

#[cfg(not(unix))]
pub(super) fn place(temporary: &Path, path: &Path) -> io::Result<()> {
    fs::hard_link(temporary, path)
}

#[cfg(not(unix))]
pub(super) fn user() -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn only_for_owner(_found: &Metadata) -> Option<u32> {
    None
}

#[cfg(not(unix))]
pub(super) fn swappable(_folder: &Path) -> Option<(PathBuf, u32)> {
    None
}

#[cfg(not(unix))]
pub(super) fn free_space(_folder: &Path) -> Option<u64> {
    None
}

#[cfg(not(unix))]
pub(super) fn writable(folder: &Path) -> bool {
    fs::metadata(folder).is_ok_and(|found| !found.permissions().readonly())
}

#[cfg(not(unix))]
pub(super) fn is_alive(_process: u32) -> bool {
    true
}
