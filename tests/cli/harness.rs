//! Runs the built command in a folder of its own, and writes ELFs that are wrong on purpose.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lockstep_cache::Locations;
use serde_json::Value;
use tempfile::TempDir;

/// A folder with a home and a cache, gone at the end of the test.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    pub(crate) fn new() -> Sandbox {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Sandbox { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The default cache folder of commands that run here.
    pub(crate) fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// The files that decide what commands here trust.
    pub(crate) fn keys(&self) -> Locations {
        let folder = self.path(".config/lockstep");
        Locations::default()
            .with_key(folder.join("module.key"))
            .with_trusted(folder.join("trusted"))
            .with_deny(folder.join("deny"))
    }

    /// Writes a file and gives its path.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).expect("writing a test file");
        path
    }

    /// The names in a folder, sorted.
    pub(crate) fn names(&self, folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .expect("listing a folder")
            .map(|file| {
                file.expect("listing")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    }

    /// The command, with an environment that says nothing but where the cache is.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_translate"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .env("LOCKSTEP_CACHE_DIR", self.cache())
            .stdin(Stdio::null());
        for variable in [
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "LOCKSTEP_ENGINE",
            "LOCKSTEP_TRANSLATE",
        ] {
            command.env_remove(variable);
        }
        for variable in [
            "LOCKSTEP_KEY_FILE",
            "LOCKSTEP_TRUST_FILE",
            "LOCKSTEP_DENY_FILE",
        ] {
            command.env_remove(variable);
        }
        for variable in ["LOCKSTEP_LOG", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Ran {
        Ran::of(output(&mut self.command(arguments)))
    }

    /// As `run`, with some variables of the environment.
    pub(crate) fn run_with<S: AsRef<OsStr>>(
        &self,
        variables: &[(&str, &str)],
        arguments: &[S],
    ) -> Ran {
        Ran::of(output(
            self.command(arguments).envs(variables.iter().copied()),
        ))
    }
}

fn output(command: &mut Command) -> Output {
    command.output().expect("running the command")
}

impl Ran {
    pub(crate) fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code().expect("the command ended by itself"),
            out: String::from_utf8(output.stdout).expect("text on standard output"),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Checks the exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Ran {
        assert_eq!(self.code, code, "out: {}\nerr: {}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self
    }

    /// Checks that standard error says something.
    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Ran {
        assert!(
            self.err.contains(words),
            "{words:?} is not in: {}",
            self.err
        );
        self
    }

    /// The one object on standard output.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.out) {
            Ok(value) => value,
            Err(error) => panic!("{error}: {:?}; err: {}", self.out, self.err),
        }
    }

    /// Checks that the one object is an error of this kind.
    #[track_caller]
    pub(crate) fn fails_as(self, kind: &str) -> Ran {
        let object = self.json();
        assert_eq!(object["result"], "error", "{object}");
        assert_eq!(object["error"]["kind"], kind, "{object}");
        let message = object["error"]["message"].as_str().expect("a message");
        assert!(
            self.err.contains(message),
            "{message:?} is not in: {}",
            self.err
        );
        self
    }
}

/// A guest that ships with the repository.
pub(crate) fn guest(name: &str) -> String {
    format!("{}/guests/elf/{name}.elf", env!("CARGO_MANIFEST_DIR"))
}

/// An ELF, to be bent in a test.
pub(crate) struct Elf {
    pub(crate) big_endian: bool,
    pub(crate) class: u8,
    pub(crate) entry: u64,
    /// Where the program headers are said to be.
    pub(crate) phoff: u64,
    pub(crate) segments: Vec<Segment>,
}

/// A program header; its content is `code` at `offset`.
#[derive(Clone)]
pub(crate) struct Segment {
    pub(crate) flags: u32,
    pub(crate) offset: u64,
    pub(crate) addr: u64,
    pub(crate) filesz: u64,
    pub(crate) memsz: u64,
}

pub(crate) const X: u32 = 1;
pub(crate) const W: u32 = 2;
pub(crate) const R: u32 = 4;

/// Where the code is in the files that are made here, and where it goes in memory.
const OFFSET: u64 = 0x1000;
pub(crate) const BASE: u64 = 0x10000;

impl Elf {
    /// One executable segment that starts at its first byte.
    pub(crate) fn new() -> Elf {
        Elf {
            big_endian: false,
            class: 2,
            entry: BASE,
            phoff: 64,
            segments: vec![Segment {
                flags: R | X,
                offset: OFFSET,
                addr: BASE,
                filesz: 0x1000,
                memsz: 0x1000,
            }],
        }
    }

    /// The file, with a page of code at [`OFFSET`].
    pub(crate) fn bytes(&self, code: &[u32]) -> Vec<u8> {
        let n16 = |value: u16| self.order(&value.to_le_bytes());
        let n32 = |value: u32| self.order(&value.to_le_bytes());
        let n64 = |value: u64| self.order(&value.to_le_bytes());
        let order = if self.big_endian { 2 } else { 1 };
        let mut file = vec![0x7f, b'E', b'L', b'F', self.class, order, 1, 0];
        file.extend([0; 8]);
        file.extend([n16(2), n16(243), n32(1)].concat());
        file.extend([n64(self.entry), n64(self.phoff), n64(0), n32(0)].concat());
        let count = self.segments.len() as u16;
        file.extend([n16(64), n16(56), n16(count), n16(64), n16(0), n16(0)].concat());
        for segment in &self.segments {
            file.extend([n32(1), n32(segment.flags), n64(segment.offset)].concat());
            file.extend([n64(segment.addr), n64(segment.addr)].concat());
            file.extend([n64(segment.filesz), n64(segment.memsz), n64(4096)].concat());
        }
        file.resize(OFFSET as usize, 0);
        for word in code {
            // Code is little endian whatever the headers are.
            file.extend(word.to_le_bytes());
        }
        file.resize(2 * OFFSET as usize, 0);
        file
    }

    fn order(&self, little: &[u8]) -> Vec<u8> {
        let mut bytes = little.to_vec();
        if self.big_endian {
            bytes.reverse();
        }
        bytes
    }
}

/// `li a0, code; li a7, number; ecall`.
pub(crate) fn call(number: u32, a0: u32) -> [u32; 3] {
    [(a0 & 0xfff) << 20 | 0x513, number << 20 | 0x893, 0x73]
}

/// A guest that exits with a code.
pub(crate) fn exits_with(code: u32) -> Vec<u8> {
    Elf::new().bytes(&call(93, code))
}
