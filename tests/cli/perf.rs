//! `LOCKSTEP_PROFILE`: the files that tell profilers the names of native code, read by their formats.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::harness::{Ran, Sandbox};

const ELF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/faults/faults.elf");

/// Runs the faults of the example with these variables, and tells the number of its process.
fn run(sandbox: &Sandbox, elf: &str, variables: &[(&str, &str)]) -> (u32, Ran) {
    let mut command = sandbox.command(&["run", elf, "--", "2"]);
    command
        .envs(variables.iter().copied())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("running the command");
    let process = child.id();
    let output = child.wait_with_output().expect("running the command");
    (process, Ran::of(output))
}

/// A file of `/tmp` that is removed at the end.
struct Map(PathBuf);

impl Map {
    fn of(process: u32) -> Map {
        Map(PathBuf::from(format!("/tmp/perf-{process}.map")))
    }

    /// Address, length, name.
    fn read(&self) -> Vec<(u64, u64, String)> {
        let text = fs::read_to_string(&self.0).expect("the map is there");
        let lines = text.lines().map(|line| {
            let mut words = line.splitn(3, ' ');
            let mut number = || u64::from_str_radix(words.next().unwrap(), 16).unwrap();
            let (start, len) = (number(), number());
            (start, len, words.next().unwrap().to_owned())
        });
        lines.collect()
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

/// One piece of native code in a jitdump file.
#[derive(Debug, PartialEq)]
struct Load {
    name: String,
    code: Vec<u8>,
    /// Offset in the piece, line, file.
    lines: Vec<(u64, u32, String)>,
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken
    }

    fn u32(&mut self) -> u32 {
        u32::from_ne_bytes(self.take(4).try_into().unwrap())
    }

    fn u64(&mut self) -> u64 {
        u64::from_ne_bytes(self.take(8).try_into().unwrap())
    }

    fn text(&mut self) -> String {
        let len = self.0.iter().position(|byte| *byte == 0).unwrap();
        let text = String::from_utf8(self.take(len).to_vec()).unwrap();
        self.take(1);
        text
    }
}

fn read_dump(file: &Path, process: u32) -> Vec<Load> {
    let bytes = fs::read(file).expect("the file is there");
    let mut all = Reader(&bytes);
    assert_eq!((all.u32(), all.u32(), all.u32()), (0x4A69_5444, 1, 40));
    assert!(matches!(all.u32(), 62 | 183));
    assert_eq!((all.u32(), all.u32()), (0, process));
    let begun = all.u64();
    assert_eq!(all.u64(), 0);
    let (mut loads, mut lines, mut behind) = (Vec::new(), Vec::new(), 0);
    while !all.0.is_empty() {
        let (kind, len, time) = (all.u32(), all.u32(), all.u64());
        assert!(time >= begun);
        let mut record = Reader(all.take(len as usize - 16));
        if kind == 2 {
            let (start, count) = (record.u64(), record.u64());
            for _ in 0..count {
                let (at, line) = (record.u64(), record.u32());
                assert_eq!(record.u32(), 0);
                lines.push((at - start, line, record.text()));
            }
            assert!(record.0.is_empty());
            continue;
        }
        assert_eq!(kind, 0);
        assert_eq!((record.u32(), record.u32()), (process, process));
        let (address, made, size, number) =
            (record.u64(), record.u64(), record.u64(), record.u64());
        assert_eq!((address, number), (made, loads.len() as u64));
        assert!(
            behind == 0 || address == behind,
            "a gap before {address:#x}"
        );
        behind = address + size;
        let name = record.text();
        let code = record.0.to_vec();
        assert_eq!(code.len() as u64, size);
        assert!(lines.iter().all(|(at, ..)| *at < size), "{lines:?}");
        assert!(lines.is_sorted_by_key(|(at, ..)| *at));
        loads.push(Load {
            name,
            code,
            lines: std::mem::take(&mut lines),
        });
    }
    loads
}

fn dump(sandbox: &Sandbox, process: u32) -> PathBuf {
    sandbox.path(&format!("dumps/.debug/jit/jit-{process}.dump"))
}

#[test]
fn another_value_is_refused() {
    let sandbox = Sandbox::new();
    let ran = sandbox.run_with(&[("LOCKSTEP_PROFILE", "perf")], &["run", ELF, "--", "2"]);
    ran.exits(64)
        .says("LOCKSTEP_PROFILE=\"perf\" is not a known value; it is one of perfmap, jitdump");
}

#[test]
fn a_map_names_the_functions_of_a_guest() {
    let sandbox = Sandbox::new();
    let (_, without) = run(&sandbox, ELF, &[]);
    // Translated, and from the cache.
    for _ in 0..2 {
        let (process, ran) = run(&sandbox, ELF, &[("LOCKSTEP_PROFILE", "perfmap")]);
        let map = Map::of(process);
        assert_eq!((ran.code, &ran.err), (without.code, &without.err));
        let mode = fs::metadata(&map.0).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let names = map.read();
        for wanted in [
            "guest:poke",
            "guest:main",
            "lockstep:enter",
            "lockstep:exit",
        ] {
            assert!(names.iter().any(|(.., name)| name == wanted), "{names:x?}");
        }
        for pair in names.windows(2) {
            assert_eq!(pair[0].0 + pair[0].1, pair[1].0, "{pair:x?}");
        }
    }
}

#[test]
fn a_jitdump_file_has_names_code_and_lines() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path("dumps").display().to_string();
    let variables = [
        ("LOCKSTEP_PROFILE", "jitdump"),
        ("JITDUMPDIR", folder.as_str()),
    ];
    let (first, ran) = run(&sandbox, ELF, &variables);
    let modules = sandbox.names(&sandbox.cache());
    assert!(!ran.err.contains("LOCKSTEP_PROFILE"), "{}", ran.err);
    let made = read_dump(&dump(&sandbox, first), first);
    let poke = made.iter().find(|load| load.name == "guest:poke").unwrap();
    assert!(!poke.code.is_empty());
    let at_24 = |(_, line, file): &(u64, u32, String)| *line == 24 && file.ends_with("faults.c");
    assert!(poke.lines.iter().any(at_24), "{:?}", poke.lines);
    // A module of the cache is told in the same way, and stays as it is.
    let (second, _) = run(&sandbox, ELF, &variables);
    assert_eq!(read_dump(&dump(&sandbox, second), second), made);
    assert_eq!(sandbox.names(&sandbox.cache()), modules);
    let file = fs::metadata(dump(&sandbox, second)).unwrap();
    assert_eq!(file.mode() & 0o777, 0o600);
}

/// A stripped script has the names of an ELF with the same code, and otherwise addresses.
#[test]
fn a_stripped_script_is_named_by_a_file_with_symbols() {
    let sandbox = Sandbox::new();
    let mut stripped = fs::read(ELF).unwrap();
    // No sections: e_shoff, e_shnum and e_shstrndx.
    stripped[0x28..0x30].fill(0);
    stripped[0x3c..0x40].fill(0);
    sandbox.file("stripped.elf", &stripped);
    fs::create_dir(sandbox.path("symbols")).unwrap();
    sandbox.file("symbols/notes.txt", b"no ELF");
    fs::copy(ELF, sandbox.path("symbols/faults.elf")).unwrap();
    let other = concat!(env!("CARGO_MANIFEST_DIR"), "/guests/elf/fib.elf");
    fs::copy(other, sandbox.path("symbols/another.elf")).unwrap();
    let profile = ("LOCKSTEP_PROFILE", "perfmap");
    for (variables, named) in [
        (&[profile][..], false),
        (&[profile, ("LOCKSTEP_SYMBOLS", "symbols")], true),
        (
            &[profile, ("LOCKSTEP_SYMBOLS", "symbols/another.elf")],
            false,
        ),
    ] {
        let (process, ran) = run(&sandbox, "stripped.elf", variables);
        let names = Map::of(process).read();
        let has = |wanted: &str| names.iter().any(|(.., name)| name.starts_with(wanted));
        assert_eq!(has("guest:poke"), named, "{}", ran.err);
        assert_eq!(has("guest:fn_11"), !named, "{names:x?}");
    }
}

/// Where others may write, nothing is written, and the script runs.
#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let sandbox = Sandbox::new();
    let (_, without) = run(&sandbox, ELF, &[]);
    let folder = sandbox.path("dumps/.debug/jit");
    fs::create_dir_all(&folder).unwrap();
    let root = sandbox.path("dumps").display().to_string();
    let variables = [
        ("LOCKSTEP_PROFILE", "jitdump"),
        ("JITDUMPDIR", root.as_str()),
    ];
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let (_, ran) = run(&sandbox, ELF, &variables);
    assert_eq!(ran.code, without.code);
    let ran = ran.says("others may write there; set JITDUMPDIR to a folder of your own");
    assert_eq!(ran.err.matches("LOCKSTEP_PROFILE").count(), 1);
    assert!(sandbox.names(&folder).is_empty());
    // A link is no folder of ours either.
    fs::remove_dir(&folder).unwrap();
    fs::create_dir(sandbox.path("elsewhere")).unwrap();
    symlink(sandbox.path("elsewhere"), &folder).unwrap();
    run(&sandbox, ELF, &variables)
        .1
        .says("others may write there");
    assert!(sandbox.names(&sandbox.path("elsewhere")).is_empty());
}
