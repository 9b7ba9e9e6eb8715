//! What the host relies on, whatever guests do: no memory that is writable and executable, guards around
//! guest memory, no signal handler, and little of the host's stack.
//!
//! The kernel's view decides (`/proc/self`), not ours. docs/security.md lists every way in which bytes
//! become executable; a test here looks for others in the sources. In one process, and one test after the
//! other where they look at the whole process.
#![cfg(target_os = "linux")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use iced_x86::{Decoder, DecoderOptions, Mnemonic, OpKind, Register};
use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, Outcome};
use lockstep_test_support::adversarial::KINDS;
use lockstep_test_support::asm::assemble;
use lockstep_test_support::root;
use lockstep_translator::{Options, translate};

/// A line of `/proc/self/maps`.
#[derive(Clone, Debug)]
struct Mapping {
    range: Range<usize>,
    permissions: String,
    path: String,
}

impl Mapping {
    fn parse(line: &str) -> Mapping {
        let mut words = line.split_whitespace();
        let mut word = || words.next().unwrap_or_default().to_owned();
        let (range, permissions) = (word(), word());
        let (from, to) = range.split_once('-').expect("a range");
        let address = |text| usize::from_str_radix(text, 16).expect("hexadecimal");
        let path = line
            .split_whitespace()
            .skip(5)
            .collect::<Vec<_>>()
            .join(" ");
        Mapping {
            range: address(from)..address(to),
            permissions,
            path,
        }
    }

    fn may(&self, what: char) -> bool {
        self.permissions.contains(what)
    }

    fn is_native_code(&self) -> bool {
        self.may('x') && self.path.starts_with("/memfd:lockstep")
    }
}

fn maps() -> Vec<Mapping> {
    let text = fs::read_to_string("/proc/self/maps").expect("Linux");
    text.lines().map(Mapping::parse).collect()
}

fn load(elf: &[u8]) -> Machine {
    let program = Program::load(elf, &Platform::default()).expect("a good ELF");
    let mut machine = Machine::new(program.into_core());
    machine.core_mut().initialize_stack(&[]).expect("it fits");
    machine
}

fn run(machine: &mut Machine, engine: &Engine) -> Result<Outcome, String> {
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    outcome.map_err(|error| error.to_string())
}

fn program(source: &str) -> Vec<u8> {
    assemble(source)
        .unwrap_or_else(|error| panic!("{error}"))
        .elf()
}

fn engine(folder: Option<&Path>) -> Engine {
    let builder = Engine::builder().no_warm().no_helper();
    let builder = builder.mode(Mode::Native).translate(Translate::Now);
    match folder {
        Some(folder) => builder
            .cache(folder)
            .key_file(folder.with_extension("key"))
            .build(),
        None => builder.no_cache().build(),
    }
}

/// Looks at the maps that are enough.
const LOOKS: usize = 20;
/// How long to wait for them, which takes less than a second on an idle machine.
const LONG: Duration = Duration::from_secs(300);

/// Ends the watchers when it goes, also by unwinding.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// What a watcher saw.
#[derive(Debug, Default)]
struct Seen {
    looks: usize,
    mappings: usize,
    native: usize,
    executable: BTreeMap<String, BTreeSet<String>>,
    wrong: Vec<Mapping>,
}

/// Looks at the maps until it is told to end; says when it has seen enough.
fn watch(end: &AtomicBool, satisfied: &AtomicUsize) -> Seen {
    let mut seen = Seen::default();
    let mut told = false;
    while !end.load(Ordering::SeqCst) {
        if !told && seen.looks > LOOKS && seen.native > 0 {
            satisfied.fetch_add(1, Ordering::SeqCst);
            told = true;
        }
        let maps = maps();
        seen.looks += 1;
        seen.mappings += maps.len();
        seen.native = seen
            .native
            .max(maps.iter().filter(|map| map.is_native_code()).count());
        for map in maps.into_iter().filter(|map| map.may('x')) {
            if map.may('w') {
                seen.wrong.push(map.clone());
            }
            let file = Path::new(&map.path).file_name().unwrap_or_default();
            let name = match map.path.as_str() {
                path if path.contains("hardening") => "(this test)".to_owned(),
                _ => file.to_string_lossy().into_owned(),
            };
            let permissions = seen.executable.entry(name).or_default();
            permissions.insert(map.permissions);
        }
    }
    seen
}

#[test]
fn no_mapping_is_ever_writable_and_executable() {
    let wrong = Mapping::parse("7f00-7f01 rwxp 00000000 00:01 5 /memfd:lockstep (deleted)");
    assert!(wrong.may('w') && wrong.may('x') && wrong.is_native_code());

    let (end, satisfied) = (AtomicBool::new(false), AtomicUsize::new(0));
    let (work, seen) = thread::scope(|scope| {
        let look = || watch(&end, &satisfied);
        let watchers: Vec<_> = (0..2).map(|_| scope.spawn(look)).collect();
        let until = End(&end);
        let mut work = vec![work_hard()];
        // Again, where a watcher had not the time to see much of it.
        let started = Instant::now();
        while satisfied.load(Ordering::SeqCst) < 2 && started.elapsed() < LONG {
            work.push(work_hard());
        }
        drop(until);
        let join = |watcher: thread::ScopedJoinHandle<'_, Seen>| watcher.join().expect("it looks");
        let seen: Vec<Seen> = watchers.into_iter().map(join).collect();
        (work, seen)
    });
    println!("meanwhile: {work:#?}");
    for seen in &seen {
        println!(
            "{} looks at /proc/self/maps, {} mappings in each on average, up to {} of native code; \
             executable: {:?}; writable and executable at any time: {}",
            seen.looks,
            seen.mappings / seen.looks.max(1),
            seen.native,
            seen.executable,
            seen.wrong.len()
        );
        assert!(seen.looks > LOOKS, "it saw nothing");
        assert!(seen.native > 0, "no native code was there to be seen");
        assert!(seen.wrong.is_empty(), "{:?}", seen.wrong);
    }
}

/// Loads, translations, runs, faults, resets, modules taken from a cache and dropped.
fn work_hard() -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = folder.path().join("cache");
    let (mut exits, mut faults, mut resets, mut translated, mut loaded) = (0, 0, 0, 0, 0);
    for round in 0..150 {
        let engine = engine(Some(&cache));
        // Every third text is new, the others are in the cache.
        let number = if round % 3 == 0 { round } else { round % 10 };
        let good = program(&format!(
            "li t0, {}\nloop: addi t0, t0, -1\nbnez t0, loop\nli a0, 0\nexit\n",
            20_000 + number
        ));
        let mut machine = load(&good);
        assert_eq!(run(&mut machine, &engine), Ok(Outcome::Exit(0)));
        assert!(machine.core().native_cycles() > 10_000);
        exits += 1;
        machine.core_mut().reset(u64::MAX);
        resets += 1;
        // A store to its own code, a load from nowhere, a jump to data.
        for end in ["sd t0, 0(t1)", "ld t0, -8(zero)", "jr sp"] {
            let source = format!(
                "la t1, loop\nli t0, {}\nloop: addi t0, t0, -1\nbnez t0, loop\n{end}\n",
                1000 + round % 10
            );
            let mut machine = load(&program(&source));
            assert!(run(&mut machine, &engine).is_err());
            assert!(machine.core().native_cycles() > 1000);
            faults += 1;
        }
        let stats = engine.stats();
        translated += stats.translations;
        loaded += stats.cache_hits;
    }
    format!(
        "{exits} runs, {faults} faults, {resets} resets, {translated} translations, {loaded} \
         modules from the cache"
    )
}

#[test]
fn guest_memory_lies_between_guards() {
    let elf = program("exit");
    for size in [4096usize, 1 << 20, 4 << 20] {
        let platform = Platform::default().with_memory_size(size);
        let core = match Program::load(&elf, &platform) {
            Ok(program) => program.into_core(),
            // The program does not fit the smallest one.
            Err(_) => {
                lockstep_runtime::Core::new(platform.profile, size, u64::MAX).expect("memory")
            }
        };
        let bytes = core.memory().as_bytes();
        let guest = bytes.as_ptr() as usize..bytes.as_ptr() as usize + bytes.len();
        let maps = maps();
        let place = maps.iter().position(|map| map.range.contains(&guest.start));
        let place = place.expect("guest memory is mapped");
        let (before, own, after) = (&maps[place - 1], &maps[place], &maps[place + 1]);
        println!("{size:#x} bytes of memory: {before:x?} {own:x?} {after:x?}");
        assert_eq!(own.range.end, guest.end);
        assert!(own.permissions.starts_with("rw-"));
        for (guard, touches) in [
            (before, before.range.end == own.range.start),
            (after, after.range.start == own.range.end),
        ] {
            assert!(
                touches,
                "nothing is mapped beside it, so anything may come there"
            );
            assert!(guard.permissions.starts_with("---"), "{guard:?}");
            assert!(guard.range.len() >= 16 * 4096, "{guard:?}");
        }
    }
}

/// The signals that this process catches, one bit each, as the kernel has it.
fn caught() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("SigCgt"));
    line.expect("the kernel shows it").to_owned()
}

#[test]
fn no_signal_handler_is_installed() {
    let before = caught();
    let engine = engine(None);
    for (source, fails) in [
        (
            "li t0, 20000\nloop: addi t0, t0, -1\nbnez t0, loop\nexit",
            false,
        ),
        (
            "li t0, 20000\nloop: addi t0, t0, -1\nbnez t0, loop\nld a0, -8(zero)",
            true,
        ),
    ] {
        let mut machine = load(&program(source));
        assert_eq!(run(&mut machine, &engine).is_err(), fails);
        assert!(machine.core().native_cycles() > 10_000);
    }
    let after = caught();
    println!("before {before}, after {after}");
    assert_eq!(before, after);
}

/// Guests that call as deep as they can, in ways that a host stack might follow.
fn deep_calls() -> Vec<(&'static str, Vec<u8>)> {
    let calls = |call: &str| {
        format!(
            "li s0, 100000
             la s1, deep
             la s2, table
             li a0, 0
             jal ra, deep
             li a1, 100000
             bne a0, a1, wrong
             li a0, 0
             exit
             wrong: li a0, 1
             exit
             deep: addi sp, sp, -16
             sd ra, 0(sp)
             addi a0, a0, 1
             beq a0, s0, back
             {call}
             back: ld ra, 0(sp)
             addi sp, sp, 16
             ret
             other: j deep
             .data 0x20000
             table: .dword deep, other"
        )
    };
    vec![
        ("direct recursion", program(&calls("jal ra, deep"))),
        (
            "calls through a register",
            program(&calls("jalr ra, 0(s1)")),
        ),
        (
            "calls through a table",
            program(&calls(
                "andi t0, a0, 1\nslli t0, t0, 3\nadd t0, t0, s2\nld t0, 0(t0)\njalr ra, 0(t0)",
            )),
        ),
        (
            "calls of another function",
            program(&calls("jal ra, other")),
        ),
    ]
}

/// Bytes of host stack for the thread that runs deep guests.
const STACK: usize = 128 << 10;

#[test]
fn deep_calls_of_guests_take_no_host_stack() {
    let engine = engine(None);
    for (name, elf) in deep_calls() {
        // Translated elsewhere: the compiler needs more.
        assert_eq!(
            run(&mut load(&elf), &engine),
            Ok(Outcome::Exit(0)),
            "{name}"
        );
        let (elf, engine) = (&elf, &engine);
        let native = thread::scope(|scope| {
            let work = move || {
                let mut machine = load(elf);
                assert_eq!(run(&mut machine, engine), Ok(Outcome::Exit(0)), "{name}");
                machine.core().native_cycles()
            };
            let small = thread::Builder::new().stack_size(STACK);
            let thread = small.spawn_scoped(scope, work).expect("a thread");
            thread.join().expect("it fits")
        });
        println!("{name}: 100000 deep on {STACK:#x} bytes of stack, {native} native cycles");
        assert!(native > 500_000, "{name}: {native}");
    }
}

/// Bytes of frame that native code may take at most: it never holds more than one besides the entry's.
const FRAME: u64 = 32 << 10;

#[cfg(target_arch = "x86_64")]
#[test]
fn frames_of_native_code_are_small_whatever_the_code() {
    let mut largest = (0, "");
    for kind in KINDS {
        let elf = kind.elf(10);
        let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
        for text in program.code_regions() {
            let made = translate(
                &text,
                &program.hints(&text),
                &Options::default(),
                &mut |_, _| {},
            );
            let frame = largest_frame(&made.expect("a module").module.code);
            largest = largest.max((frame, kind.name));
        }
    }
    println!(
        "the largest frame: {:#x} bytes, in {:?}",
        largest.0, largest.1
    );
    assert!(largest.0 > 0 && largest.0 <= FRAME, "{largest:x?}");
}

/// The most that one instruction takes off the stack pointer.
#[cfg(target_arch = "x86_64")]
fn largest_frame(code: &[u8]) -> u64 {
    let decoder = Decoder::new(64, code, DecoderOptions::NONE);
    let takes = decoder.into_iter().filter(|inst| {
        inst.mnemonic() == Mnemonic::Sub
            && inst.op0_register() == Register::RSP
            && inst.op1_kind() != OpKind::Register
    });
    takes.map(|inst| inst.immediate(1)).max().unwrap_or(0)
}

/// Everything that makes bytes executable, or calls what is not Rust, and where it may stand.
const WAYS: &[(&str, &[&str])] = &[
    (
        "PROT_EXEC",
        &["runtime/src/mapping.rs", "src/cli/helper/confine.rs"],
    ),
    ("make_exec", &["runtime/src/mapping.rs"]),
    // A page beyond the end of a file, so no bytes.
    ("map_exec", &["runtime/src/mapping.rs"]),
    (
        "mprotect",
        &["runtime/src/memory/raw.rs", "src/cli/helper/confine.rs"],
    ),
    ("transmute", &["runtime/src/mapping.rs"]),
    ("memfd_create", &["runtime/src/mapping.rs"]),
    ("dlopen", &[]),
    ("libloading", &[]),
    ("asm!", &[]),
    ("sigaction(", &[]),
    ("cranelift_jit", &[]),
];

#[test]
fn bytes_become_executable_in_one_file() {
    let mut found: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for folder in [
        "isa/src",
        "contract/src",
        "translator/src",
        "runtime/src",
        "src",
    ] {
        for file in sources(&root().join(folder)) {
            let text = fs::read_to_string(&file).expect("a source");
            let name = file.strip_prefix(root()).expect("inside").to_string_lossy();
            let code = || {
                text.lines()
                    .filter(|line| !line.trim_start().starts_with("//"))
            };
            for (word, _) in WAYS {
                if code().any(|line| line.contains(word)) {
                    found
                        .entry(word)
                        .or_default()
                        .insert(name.clone().into_owned());
                }
            }
        }
    }
    println!("{found:#?}");
    for (word, expected) in WAYS {
        let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found.remove(word).unwrap_or_default(), expected, "{word}");
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("it can be read").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files
}
