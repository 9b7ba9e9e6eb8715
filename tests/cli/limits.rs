//! The command in a process that may have little: no more threads, small files, few descriptors, an error
//! output that is full. It gives the same answer, and what it could not do costs a warning at most.
//!
//! The user with number 0 is not bound by a limit on processes, so these commands run as another one where
//! the tests run as that user.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::harness::{Sandbox, guest};

/// A user without rights.
const NOBODY: u32 = 65534;

/// A sandbox, and whether its commands run as [`NOBODY`].
struct Limited {
    sandbox: Sandbox,
    as_nobody: bool,
}

impl Limited {
    fn new() -> Limited {
        let sandbox = Sandbox::new();
        let folder = sandbox.path("");
        let as_nobody = fs::metadata(&folder).expect("a folder").uid() == 0;
        let program = env!("CARGO_BIN_EXE_translate");
        let own = sandbox.path("translate");
        // The checkout may be where that user cannot go.
        fs::hard_link(program, &own)
            .or_else(|_| fs::copy(program, &own).map(|_| ()))
            .expect("a copy of the command");
        fs::copy(guest("sha256"), sandbox.path("guest.elf")).expect("a guest");
        if as_nobody {
            chown(&folder, Some(NOBODY), Some(NOBODY)).expect("the folder of another user");
        }
        Limited { sandbox, as_nobody }
    }

    /// The command with these limits, as `prlimit` of util-linux has them.
    fn command<S: AsRef<OsStr>>(&self, limits: &[&str], arguments: &[S]) -> Command {
        let plain = self.sandbox.command(arguments);
        let mut command = Command::new("prlimit");
        command.args(limits).arg(self.sandbox.path("translate"));
        command.args(plain.get_args()).stdin(Stdio::null());
        for (name, value) in plain.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.current_dir(self.sandbox.path(""));
        if self.as_nobody {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn run<S: AsRef<OsStr>>(&self, limits: &[&str], arguments: &[S]) -> Output {
        let output = self.command(limits, arguments).output();
        output.expect("prlimit, of the package util-linux")
    }

    /// Runs the guest with these limits, and gives the answer and what was said beside it.
    #[track_caller]
    fn answer(&self, limits: &[&str], options: &[&str]) -> (Value, String) {
        let arguments = [&["run", "--json"], options, &["guest.elf"]].concat();
        let output = self.run(limits, &arguments);
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{:?}: {err}", output.status);
        assert!(!err.contains("panicked"), "{err}");
        let answer: Value = serde_json::from_slice(&output.stdout).expect("an object");
        assert_eq!(answer["exit_code"], 0);
        (answer, err)
    }

    fn modules(&self) -> Vec<PathBuf> {
        let names = self.sandbox.names(&self.sandbox.cache());
        let modules = names.iter().filter(|name| name.ends_with(".lkm"));
        modules
            .map(|name| self.sandbox.cache().join(name))
            .collect()
    }
}

#[test]
fn without_threads_code_is_translated_all_the_same() {
    let limited = Limited::new();
    for options in [&["--no-cache"][..], &[]] {
        let (answer, err) = limited.answer(&["--nproc=1"], options);
        assert_eq!(answer["engine"], "native");
        assert!(answer["translate_seconds"].as_f64() > Some(0.0));
        assert!(err.is_empty(), "{err}");
    }
    let built = limited.run(&["--nproc=1"], &["build", "-o", "one.lkm", "guest.elf"]);
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    let built = limited.run(&["--nproc=100"], &["build", "-o", "many.lkm", "guest.elf"]);
    assert_eq!(built.status.code(), Some(0), "{built:?}");
    let module = |name| fs::read(limited.sandbox.path(name)).expect("a module");
    assert_eq!(module("one.lkm"), module("many.lkm"));
}

#[test]
fn a_limit_on_files_costs_the_cache_entry() {
    let limited = Limited::new();
    // The key of this machine is made without a limit.
    let (_, err) = limited.answer(&[], &["--engine", "native"]);
    assert!(err.is_empty(), "{err}");
    let module = limited.modules().pop().expect("a module");
    let size = fs::metadata(&module).expect("a file").len();
    for bytes in [0, 1, size / 2, size - 1] {
        fs::remove_file(&module).expect("removing");
        let (answer, err) = limited.answer(&[&format!("--fsize={bytes}")], &[]);
        assert_eq!(answer["engine"], "native", "{bytes}");
        assert!(err.contains("ulimit -f"), "{bytes}: {err}");
        assert_eq!(err.matches("warning: ").count(), 1, "{bytes}: {err}");
        assert!(limited.modules().is_empty(), "{bytes}");
        // What is there is used.
        limited.answer(&[], &[]);
        let (answer, err) = limited.answer(&[&format!("--fsize={bytes}")], &[]);
        assert_eq!(answer["translate_seconds"].as_f64(), Some(0.0), "{bytes}");
        assert_eq!(answer["engine"], "native", "{bytes}");
        assert!(err.is_empty(), "{bytes}: {err}");
    }
    fs::remove_file(&module).expect("removing");
    let (_, err) = limited.answer(&[&format!("--fsize={size}")], &[]);
    assert!(err.is_empty(), "{err}");
    assert_eq!(limited.modules().len(), 1);
}

#[test]
fn a_limit_on_files_is_said_of_a_file_that_was_named() {
    let limited = Limited::new();
    limited.answer(&[], &["--engine", "native"]);
    let old = limited.sandbox.path("out.lkm");
    for there in [false, true] {
        if there {
            fs::write(&old, b"old").expect("writing");
        }
        let arguments = ["build", "--json", "-o", "out.lkm", "guest.elf"];
        let output = limited.run(&["--fsize=1000"], &arguments);
        assert_eq!(output.status.code(), Some(66), "{output:?}");
        let object: Value = serde_json::from_slice(&output.stdout).expect("an object");
        assert_eq!(object["error"]["kind"], "Unwritable");
        assert_eq!(fs::read(&old).ok(), there.then(|| b"old".to_vec()));
    }
    // The answer itself does not fit.
    let out = File::create(limited.sandbox.path("answer")).expect("a file");
    let mut command = limited.command(&["--fsize=10"], &["run", "--no-cache", "guest.elf"]);
    let output = command.stdout(out).output().expect("running");
    assert_eq!(output.status.signal(), None, "{output:?}");
    assert_eq!(output.status.code(), Some(66), "{output:?}");
}

#[test]
fn with_few_descriptors_the_answer_is_the_same() {
    let limited = Limited::new();
    limited.answer(&[], &[]);
    for descriptors in 4..8 {
        let limit = format!("--nofile={descriptors}");
        for options in [&["--no-cache"][..], &[]] {
            limited.answer(&[&limit], options);
        }
    }
}

#[test]
fn an_error_output_that_is_full_changes_nothing() {
    let limited = Limited::new();
    for (arguments, code) in [
        (&["run", "--no-cache", "guest.elf"][..], 0),
        (&["run", "missing.elf"], 66),
        (&["run", "--no-such-option"], 64),
        // Warns.
        (&["run", "--cache", "guest.elf", "guest.elf"], 0),
    ] {
        let full = File::options()
            .write(true)
            .open("/dev/full")
            .expect("a device");
        let mut command = limited.command(&[], arguments);
        let output = command.stderr(full).output().expect("running");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
    }
}
