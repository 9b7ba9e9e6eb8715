//! A disk that is full or read-only: a small one of its own in memory where the system lets us mount it, else a limit
//! on the size of files.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Once;

use crate::fixture::{EXIT, Fixture, Seen, remove};
use crate::processes::set;

/// A small disk in the place of the cache's folder, gone with this value.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: PathBuf, kibibytes: usize) -> Option<Disk> {
        let options = format!("size={kibibytes}k,mode=700");
        let mut mount = Command::new("mount");
        let mount = mount
            .args(["-t", "tmpfs", "-o", &options, "lockstep-test"])
            .arg(&at);
        let output = mount.output().ok()?;
        output.status.success().then_some(Disk(at))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

pub(crate) fn full(fixture: &Fixture) -> Seen {
    let folder = fixture.folder.path().join("cache");
    remove(&fixture.path);
    remove(&fixture.seal_path());
    let size = 64;
    let Some(disk) = Disk::mount(folder.clone(), size) else {
        static SAID: Once = Once::new();
        SAID.call_once(|| println!("no disk can be mounted here; files are limited instead"));
        return limited(fixture);
    };
    if fixture.below(4) == 0 {
        return read_only(fixture, &disk);
    }
    if fixture.below(2) == 0 {
        fixture.put(&fixture.good[..100], &fixture.seal);
    }
    // All of it but some pages: for nothing, a part of the module, the module and no seal, both.
    let left = fixture.below(2 * fixture.good.len() / 4096 + 2) * 4096;
    let used = match fs::metadata(&fixture.path) {
        Ok(_) => 2 * 4096,
        Err(_) => 0,
    };
    let filler = folder.join("filler");
    fs::write(&filler, vec![1; (size * 1024 - left).saturating_sub(used)]).expect("room for it");
    let seen = fixture.start_twice(false);
    // And when there is room again.
    fs::remove_file(filler).expect("removing");
    let rest = fixture.start_twice(true);
    let left = fs::read_dir(&folder).expect("the folder");
    let names: Vec<_> = left.map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(
        names.len(),
        2,
        "{}: something half is left: {names:?}",
        fixture.at
    );
    drop(disk);
    Seen {
        starts: seen.starts + rest.starts,
        translated: seen.translated + rest.translated,
        said: [seen.said, rest.said].concat(),
    }
}

/// A disk that cannot be written to, with a good module or a bad one: the first is used, the second is
/// made again at each start.
fn read_only(fixture: &Fixture, disk: &Disk) -> Seen {
    let good = fixture.below(2) == 0;
    match good {
        true => fixture.mend(),
        false => fixture.put(&fixture.foreign, &fixture.seal),
    }
    let mut mount = Command::new("mount");
    let mount = mount.args(["-o", "remount,ro"]).arg(&disk.0).status();
    assert!(mount.expect("a process").success(), "{}", fixture.at);
    let seen = fixture.start_twice(good);
    let translated = if good { 0 } else { 2 };
    assert_eq!(seen.translated, translated, "{}", fixture.at);
    seen
}

/// A process whose files may have so many blocks of 512 bytes.
fn limited(fixture: &Fixture) -> Seen {
    let blocks = fixture.below(fixture.good.len() / 512 + 2);
    let line = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec {} run guest.elf",
        env!("CARGO_BIN_EXE_translate")
    );
    let mut shell = Command::new("sh");
    set(&mut shell, fixture);
    let output = shell.args(["-c", &line]).output().expect("a shell");
    let out = String::from_utf8_lossy(&output.stdout);
    let said = format!("Run result: {EXIT}\nAll cycles: {}(", fixture.cycles);
    assert!(out.starts_with(&said), "{}: {out}", fixture.at);
    let rest = fixture.start_twice(true);
    Seen {
        starts: 1 + rest.starts,
        ..rest
    }
}
