//! Helper processes at work for an engine: one that is good, and those that are killed, hang, use too
//! much, lie, or are not there. Each time the guest ends as on the interpreter, the engine goes on with
//! the next helper, and a counter says what happened.
//!
//! The good ones are the command itself; the others are shell scripts, as any program can be named. The
//! clock is in no assertion but where a helper hangs.
#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use lockstep::engine::{EngineBuilder, Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Environment, Machine, Outcome};
use lockstep_test_support::adversarial::Kind;
use lockstep_test_support::asm::assemble;
use tempfile::TempDir;

const TRANSLATE: &str = env!("CARGO_BIN_EXE_translate");
/// Interpreted cycles past which code is translated; 64 times as many after a failure.
const THRESHOLD: u64 = 100_000;
/// How long to wait for what takes moments on an idle machine: helpers have the lowest priority, and
/// other tests may leave them a hundredth of a processor.
const LONG: Duration = Duration::from_secs(600);

/// An ELF that counts down and exits with 7. Unequal numbers make unequal texts.
fn elf(rounds: u64) -> Vec<u8> {
    let source = format!(
        "li t0, {rounds}\nloop: addi t0, t0, -1\nbnez t0, loop\nli a0, 7\nli a7, 93\necall\n"
    );
    assemble(&source).expect("a program").elf()
}

/// How a guest ended: outcome, cycles, registers; and how many of the cycles were native.
fn run(elf: &[u8], engine: Option<&Engine>) -> ((Outcome, u64, Vec<u64>), u64) {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let mut machine = Machine::new(program.into_core());
    machine.core_mut().initialize_stack(&[]).expect("it fits");
    let cost = CostTable::from(Cost::Estimate);
    let environment = match engine {
        Some(engine) => engine.environment(&cost),
        None => Environment::new(&cost),
    };
    let outcome = machine.run(&environment).expect("no trap");
    let core = machine.core();
    let end = (outcome, core.cycles(), core.registers().to_vec());
    (end, core.native_cycles())
}

fn engine(helper: &Path) -> EngineBuilder {
    Engine::builder()
        .no_cache()
        .no_warm()
        .mode(Mode::Auto)
        .translate(Translate::Background)
        .workers(1)
        .threshold(THRESHOLD)
        .translation_time(LONG)
        .helper(helper)
}

/// Runs a guest, as on the interpreter each time, until that many helpers ended this way; the engine's
/// threads are idle then.
fn run_until(elf: &[u8], engine: &Engine, outcome: &str, times: u64) {
    let (expected, _) = run(elf, None);
    let started = Instant::now();
    loop {
        let (end, native) = run(elf, Some(engine));
        assert_eq!(end, expected);
        while !engine.backlog().is_empty() {
            assert!(started.elapsed() < LONG, "{:?}", engine.backlog());
            sleep(Duration::from_millis(1));
        }
        let stats = engine.stats();
        let count = stats.helpers.get(outcome).copied().unwrap_or(0);
        if count >= times {
            let others: u64 = stats.helpers.values().sum();
            assert_eq!(others, count, "{:?}", stats.helpers);
            return;
        }
        assert!(outcome == "made" || native == 0);
        assert!(started.elapsed() < LONG, "no {outcome}: {stats:?}");
    }
}

/// A shell script in a new folder.
fn script(folder: &Path, body: &str) -> PathBuf {
    let path = folder.join("helper");
    // Written by another process: what is open for writing cannot be run, and what this one has open,
    // the children of other tests have too until they run their own program.
    let mut shell = Command::new("sh")
        .args(["-c", "umask 077; cat > \"$0\"; chmod 755 \"$0\""])
        .arg(&path)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut input = shell.stdin.take().expect("a pipe");
    write!(input, "#!/bin/sh\n{body}\n").expect("it reads");
    drop(input);
    assert!(shell.wait().expect("it is ours").success());
    path
}

/// What holds for every helper that fails: two texts, one helper each, both interpreted; then a wait.
fn fails(helper: &Path, cause: &str) {
    fails_with(engine(helper), cause);
}

fn fails_with(builder: EngineBuilder, cause: &str) {
    let engine = builder.build();
    run_until(&elf(100_000), &engine, cause, 1);
    // The pool goes on.
    run_until(&elf(200_000), &engine, cause, 2);
    let stats = engine.stats();
    assert_eq!((stats.translations, stats.failures), (0, 2));
    println!("{cause}: {:?}", stats.helpers);
    // On the list of what failed: not tried again at once, but in the end.
    run(&elf(100_000), Some(&engine));
    assert!(engine.backlog().is_empty());
    assert_eq!(engine.stats().failures, 2);
    run_until(&elf(100_000), &engine, cause, 3);
}

#[test]
fn a_good_helper_makes_what_this_process_would_make() {
    let engine = engine(Path::new(TRANSLATE)).build();
    let elf = elf(100_000);
    run_until(&elf, &engine, "made", 1);
    let (expected, _) = run(&elf, None);
    let (end, native) = run(&elf, Some(&engine));
    assert_eq!(end, expected);
    assert!(native > 100_000);
    assert_eq!(engine.stats().translations, 1);
}

#[test]
fn it_may_be_missing() {
    fails(Path::new("/nowhere/translate"), "missing");
}

#[test]
fn it_may_not_be_a_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("helper");
    fs::write(&file, "text").expect("a file");
    fails(&file, "not_started");
}

#[test]
fn it_may_answer_garbage() {
    let folder = tempfile::tempdir().expect("a folder");
    fails(
        &script(folder.path(), "cat > /dev/null; echo hello"),
        "garbage",
    );
    fails(&script(folder.path(), "exit 0"), "garbage");
    // The right beginning, and no module behind it.
    let body = r"cat > /dev/null; printf 'LSANSWR1\0\0\0\0LOCKSTEP'; head -c 1000 /dev/urandom";
    fails(&script(folder.path(), body), "garbage");
}

#[test]
fn it_may_answer_without_end() {
    let folder = tempfile::tempdir().expect("a folder");
    fails(&script(folder.path(), "cat /dev/zero"), "garbage");
}

#[test]
fn it_may_answer_with_the_module_of_another_text() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = folder.path().join("other.elf");
    fs::write(&other, elf(31)).expect("an ELF");
    let module = folder.path().join("other.lkm");
    let made = Command::new(TRANSLATE)
        .args(["build".as_ref(), other.as_os_str(), "-o".as_ref()])
        .arg(&module)
        .stdout(Stdio::null())
        .status();
    assert!(made.expect("it runs").success());
    let body = format!(
        r"cat > /dev/null; printf 'LSANSWR1\0\0\0\0'; cat {}",
        module.display()
    );
    fails(&script(folder.path(), &body), "wrong_key");
}

#[test]
fn it_may_die() {
    let folder = tempfile::tempdir().expect("a folder");
    fails(&script(folder.path(), "echo no luck >&2; exit 3"), "died");
}

#[test]
fn it_may_be_killed() {
    let folder = tempfile::tempdir().expect("a folder");
    fails(
        &script(folder.path(), "head -c 100 > /dev/null; kill -9 $$"),
        "killed",
    );
}

/// The command itself, in the middle of a translation.
#[test]
fn it_may_be_killed_at_work() {
    let started = Instant::now();
    let (engine, _folder) = loop {
        assert!(
            started.elapsed() < LONG,
            "it always ends before it is killed"
        );
        if let Some(killed) = kill_at_work() {
            break killed;
        }
    };
    // Back-off, and others get their module from the same helper.
    let elf = elf(100_000);
    let (expected, _) = run(&elf, None);
    let started = Instant::now();
    while engine.stats().translations == 0 {
        assert_eq!(run(&elf, Some(&engine)).0, expected);
        assert!(started.elapsed() < LONG);
        sleep(Duration::from_millis(1));
    }
    println!("killed at work: {:?}", engine.stats().helpers);
}

/// Kills a helper that translates, which takes seconds; nothing where it was done before that. With the
/// engine comes the folder of its helper.
fn kill_at_work() -> Option<(Engine, TempDir)> {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("pid");
    let body = format!("echo $$ > {}; exec {TRANSLATE} \"$@\"", note.display());
    let engine = engine(&script(folder.path(), &body)).build();
    let slow = Kind::named("branches").expect("a kind").elf(100);
    // It ends at once, so it is told to be translated by running often.
    let (expected, _) = run(&slow, None);
    let started = Instant::now();
    while !note.exists() {
        assert_eq!(run(&slow, Some(&engine)).0, expected);
        assert!(started.elapsed() < LONG, "{:?}", engine.stats());
        sleep(Duration::from_millis(1));
    }
    // Until it translates.
    while engine.stats().helpers.is_empty() {
        let pid = fs::read_to_string(&note).expect("it is there");
        // The file may be there and empty still.
        if let Ok(pid) = pid.trim().parse::<u32>()
            && cpu_ticks(pid) >= 20
        {
            // There may be no such process any more.
            let killed = Command::new("kill")
                .args(["-9", &pid.to_string()])
                .stderr(Stdio::null())
                .status();
            killed.expect("it runs");
            break;
        }
        assert!(started.elapsed() < LONG, "{:?}", engine.stats());
        sleep(Duration::from_millis(2));
    }
    while engine.stats().helpers.is_empty() || !engine.backlog().is_empty() {
        assert!(started.elapsed() < LONG, "{:?}", engine.stats());
        sleep(Duration::from_millis(2));
    }
    let helpers = engine.stats().helpers;
    if helpers.contains_key("made") {
        return None;
    }
    assert_eq!(helpers.into_iter().collect::<Vec<_>>(), [("killed", 1)]);
    let (end, native) = run(&slow, Some(&engine));
    assert_eq!((end, native), (expected, 0));
    Some((engine, folder))
}

/// Hundredths of a second that a process computed so far; 0 where it cannot be seen.
fn cpu_ticks(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || {
        fields
            .next()
            .and_then(|field| field.parse().ok())
            .unwrap_or(0)
    };
    next() + next()
}

#[test]
fn it_may_hang() {
    let folder = tempfile::tempdir().expect("a folder");
    let short =
        |body| engine(&script(folder.path(), body)).translation_time(Duration::from_millis(200));
    // Reading nothing; with a child that keeps its output open; having answered half.
    fails_with(short("exec sleep 1000"), "hung");
    fails_with(short("sleep 100 & cat > /dev/null; wait"), "hung");
    fails_with(short("printf LSANSWR1; exec sleep 1000"), "hung");
}

/// Real limits, in a real translation.
#[test]
fn it_may_use_too_much_memory() {
    let memory = 48 << 20;
    let engine = engine(Path::new(TRANSLATE)).helper_memory(memory).build();
    let large = Kind::named("ordinary").expect("a kind").elf(1000);
    let (expected, _) = run(&large, None);
    let started = Instant::now();
    while engine.stats().helpers.is_empty() {
        assert_eq!(run(&large, Some(&engine)).0, expected);
        assert!(started.elapsed() < LONG);
        sleep(Duration::from_millis(1));
    }
    let stats = engine.stats();
    println!("over {memory:#x} bytes: {:?}", stats.helpers);
    assert_eq!(stats.helpers.get("memory"), Some(&1), "{stats:?}");
    // What is small fits.
    let elf = elf(100_000);
    while engine.stats().translations == 0 {
        run(&elf, Some(&engine));
        assert!(started.elapsed() < LONG, "{:?}", engine.stats());
        sleep(Duration::from_millis(1));
    }
}

#[test]
fn an_engine_that_is_dropped_kills_its_helper() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = folder.path().join("pid");
    let body = format!("echo $$ > {}; exec sleep 1000", note.display());
    let engine = engine(&script(folder.path(), &body)).build();
    let elf = elf(100_000);
    let started = Instant::now();
    let pid = loop {
        run(&elf, Some(&engine));
        match fs::read_to_string(&note) {
            Ok(pid) if !pid.is_empty() => break pid.trim().to_owned(),
            _ => assert!(started.elapsed() < LONG),
        }
        sleep(Duration::from_millis(1));
    };
    drop(engine);
    while Path::new("/proc").join(&pid).exists() {
        assert!(started.elapsed() < LONG);
        sleep(Duration::from_millis(1));
    }
}

/// What `translate helper` gives up, as the kernel tells, while it waits for a request.
#[test]
fn it_confines_itself_before_it_reads() {
    let mut child = Command::new(TRANSLATE)
        .args(["helper", "--memory", "0x8000000", "--seconds", "9"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the command runs");
    let folder = Path::new("/proc").join(child.id().to_string());
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect("it lives");
    let started = Instant::now();
    // The filter comes last.
    while !read("status").contains("Seccomp:\t2") {
        assert!(started.elapsed() < LONG, "{}", read("status"));
        sleep(Duration::from_millis(1));
    }
    assert!(read("status").contains("NoNewPrivs:\t1"));
    let limits = read("limits");
    println!("{limits}");
    for (name, value) in [
        ("Max address space", "134217728"),
        ("Max cpu time", "9"),
        ("Max core file size", "0"),
        ("Max processes", "0"),
        ("Max open files", "0"),
    ] {
        let line = limits.lines().find_map(|line| line.strip_prefix(name));
        let line = line.unwrap_or_else(|| panic!("{name}"));
        let numbers: Vec<&str> = line.split_whitespace().take(2).collect();
        assert_eq!(numbers, [value; 2], "{name}");
    }
    child.kill().expect("it waits for us");
    child.wait().expect("it is ours");
}
