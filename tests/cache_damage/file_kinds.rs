//! Things that are no private regular files, under the name of a module or of its seal.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::fixture::{Fixture, Seen, remove};

pub(crate) fn replaced(fixture: &Fixture) -> Seen {
    fixture.mend();
    let elsewhere = fixture.folder.path().join("elsewhere");
    let of_module = fixture.below(2) == 0;
    let (path, bytes) = match of_module {
        true => (fixture.path.clone(), fixture.foreign.clone()),
        false => (fixture.seal_path(), fixture.seal.clone()),
    };
    fixture.put_at(&elsewhere, &bytes);
    remove(&path);
    let thing = fixture.below(11);
    match thing {
        0 => symlink(&elsewhere, &path).expect("a link"),
        1 => symlink(fixture.folder.path().join("nowhere"), &path).expect("a link"),
        2 => symlink(&path, &path).expect("a link to itself"),
        3 => fs::hard_link(&elsewhere, &path).expect("a link"),
        4 => fs::create_dir(&path).expect("a folder"),
        5 => {
            fs::create_dir(&path).expect("a folder");
            fs::write(path.join("file"), b"").expect("a file");
        }
        6 => {
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
            assert!(fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_fifo()));
        }
        7 => drop(UnixListener::bind(shorter(fixture, &path)).expect("a socket")),
        8 => fs::write(&path, b"").expect("an empty file"),
        9 => {
            // What was there, but others may write to it.
            fs::write(&path, &bytes).expect("a file");
            let mode = [0o622, 0o660, 0o666, 0o602][fixture.below(4)];
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        }
        _ => {
            let file = fs::File::create(&path).expect("a file");
            let huge = [600 << 20, 1 << 40][fixture.below(2)];
            file.set_len(huge).expect("a sparse file");
        }
    }
    // A folder that holds something is not ours to remove, and the right seal is right through a hard
    // link too.
    let seen = fixture.start_twice(thing != 5);
    if thing == 5 {
        remove(&path);
    } else if thing != 3 || of_module {
        assert_eq!(
            seen.translated, 1,
            "{}: thing {thing}, {:?}",
            fixture.at, seen.said
        );
    }
    assert_eq!(
        fs::read(&elsewhere).expect("it is there"),
        bytes,
        "{}",
        fixture.at
    );
    seen
}

/// The name of a socket has at most 107 bytes.
fn shorter(fixture: &Fixture, path: &Path) -> std::path::PathBuf {
    let short = fixture.folder.path().join("s");
    remove(&short);
    symlink(path.parent().expect("a folder"), &short).expect("a link");
    let name = path.file_name().expect("a name");
    short.join(name)
}
