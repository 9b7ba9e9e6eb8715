//! Real processes: writers that are killed at any moment, and several that write, collect, clear and
//! look at once.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::fixture::{EXIT, Fixture, Seen, remove};

/// The command, with this fixture's cache and keys.
pub(crate) fn command(fixture: &Fixture, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_translate"));
    set(&mut command, fixture);
    command.args(arguments);
    command
}

pub(crate) fn set(command: &mut Command, fixture: &Fixture) {
    let folder = fixture.folder.path();
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("LOCKSTEP_CACHE_DIR", folder.join("cache"))
        .env("LOCKSTEP_KEY_FILE", folder.join("keys/module.key"))
        .env("LOCKSTEP_LOG", "off")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
}

pub(crate) fn writer_killed(fixture: &Fixture) -> Seen {
    match fixture.below(4) {
        // It makes the key and the folder too.
        0 => {
            remove(&fixture.keys().key.expect("a place"));
            remove(&fixture.folder.path().join("cache"));
        }
        // It replaces what is damaged.
        1 => fixture.put(&fixture.good[..100], &fixture.seal),
        _ => remove(&fixture.path),
    }
    let verb = ["run", "build"][fixture.below(2)];
    let mut child = command(fixture, &[verb, "guest.elf"])
        .spawn()
        .expect("a process");
    // It takes some milliseconds, and writes in the last of them.
    sleep(Duration::from_micros(fixture.below(8_000) as u64));
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    let seen = fixture.start_twice(true);
    if fixture.below(8) == 0 {
        let swept = command(fixture, &["cache", "gc"]).status();
        assert!(swept.expect("a process").success(), "{}", fixture.at);
    }
    seen
}

/// What a process may be asked to do beside others, and its exit codes.
const TASKS: &[(&[&str], &[i32])] = &[
    (&["run", "--json", "guest.elf"], &[254]),
    (&["run", "--json", "guest.elf"], &[254]),
    (&["run", "--json", "guest.elf"], &[254]),
    (&["build", "guest.elf"], &[0]),
    (&["build", "guest.elf", "--cost", "constant"], &[0]),
    (&["cache", "gc", "--max-entries", "1"], &[0]),
    (&["cache", "gc", "--max-bytes", "0"], &[0]),
    (&["cache", "clear"], &[0]),
    (&["cache", "ls", "--json"], &[0]),
    // It may see a module without its seal.
    (&["cache", "verify"], &[0, 65]),
];

pub(crate) fn at_once(fixture: &Fixture) -> Seen {
    match fixture.below(3) {
        0 => fixture.mend(),
        1 => fixture.put(&fixture.foreign, &fixture.seal),
        // Whoever is first makes the key.
        _ => remove(&fixture.keys().key.expect("a place")),
    }
    let mut running: Vec<(usize, Child)> = Vec::new();
    for _ in 0..2 + fixture.below(7) {
        let task = fixture.below(TASKS.len());
        let child = command(fixture, TASKS[task].0).spawn();
        running.push((task, child.expect("a process")));
    }
    let mut starts = 0;
    let mut translated = 0;
    for (task, child) in running {
        let output = child.wait_with_output().expect("it is ours");
        let (arguments, codes) = TASKS[task];
        let at = format!("{}: {arguments:?}", fixture.at);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), None, "{at}: {err}");
        let code = output.status.code().expect("no signal");
        assert!(codes.contains(&code), "{at}: {code}: {err}");
        if arguments[0] == "run" {
            let object: Value = serde_json::from_slice(&output.stdout).expect("an object");
            assert_eq!(object["exit_code"], EXIT, "{at}: {object}");
            assert_eq!(object["cycles"], fixture.cycles, "{at}: {object}");
            assert_eq!(object["engine"], "native", "{at}: {object}");
            starts += 1;
            translated += usize::from(object["translate_seconds"].as_f64() > Some(0.0));
        }
    }
    let seen = fixture.start_twice(true);
    Seen {
        starts: starts + seen.starts,
        translated: translated + seen.translated,
        said: seen.said,
    }
}
