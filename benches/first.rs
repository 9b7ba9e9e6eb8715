//! What comes before the first verdict: from the start of a process to the end of its first script, with the
//! module in the cache, with an empty cache, and interpreted; and the steps of the warm way one by one.
//!
//! Processes are started anew for each sample, all kinds in turn; wall clock from start to end, because this is
//! about waiting, and the CPU time of the main thread beside it. A *node* is this program itself as a child,
//! which verifies a transaction through `ckb-script` as a node does.
//!
//! `cargo bench --bench first [-- ROUNDS] [--save]`

use lockstep_test_support::clock;
use lockstep_test_support::record;
use lockstep_test_support::transaction;
use std::fs;
use std::hint::black_box;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use ckb_types::core::ScriptHashType;
use ckb_vm::machine::asm::AsmMachine;
use lockstep::ckb::{NativeMachine, install};
use lockstep::engine::{Mode, Translate};
use lockstep::transaction::Transaction;
use lockstep::{Engine, Platform, Program};
use lockstep_isa::{Cost, Version};
use lockstep_runtime::{CostTable, Machine, Outcome};
use lockstep_test_support::record::{median, table};
use lockstep_test_support::transaction::scripts::nothing;
use lockstep_test_support::transaction::silent;
use lockstep_test_support::transaction::system::{Signature, sighash};

/// Rounds without an argument.
const ROUNDS: usize = 15;
const PLENTY: u64 = 70_000_000;
/// Its cells are beside it.
const TRANSACTION: &str = "examples/transactions/sighash_good.json";
const SMALL: &str = "guests/elf/always_success.elf";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["--node", what, how, cache] => return node(what, how, Path::new(cache)),
        ["--steps", cache] => return steps(Path::new(cache)),
        _ => {}
    }
    // Cargo hands over `--bench`.
    let rounds = words
        .iter()
        .find_map(|text| text.parse().ok())
        .unwrap_or(ROUNDS);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let figures = [
        processes(folder.path(), rounds),
        one_by_one(folder.path(), rounds),
    ];
    let save = words.contains(&"--save");
    record::publish(
        "first",
        "cargo bench --bench first -- --save",
        &figures.join("\n"),
        save,
    );
}

/// A process that is measured.
struct Process {
    what: &'static str,
    how: &'static str,
    command: Command,
    /// Emptied before each run.
    cold: bool,
}

fn processes(folder: &Path, rounds: usize) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (warm, cold) = (folder.join("warm"), folder.join("cold"));
    let this = std::env::current_exe().expect("this program has a path");
    let mut processes = Vec::new();
    let command = "translate run --tx-file, secp256k1_blake160";
    let small = "translate run, always_success";
    let settings: [(&str, &Path, &[&str], bool); 3] = [
        ("module in the cache", &warm, &[], false),
        ("empty cache: translates first", &cold, &[], true),
        ("--engine interp", &warm, &["--engine", "interp"], false),
    ];
    for (what, target) in [
        (command, ["--tx-file", TRANSACTION].as_slice()),
        (small, &[SMALL]),
    ] {
        for (how, cache, more, cold) in settings {
            let mut command = Command::new(env!("CARGO_BIN_EXE_translate"));
            command
                .arg("run")
                .args(target)
                .args(more)
                .arg("--cache")
                .arg(cache);
            processes.push(Process {
                what,
                how,
                command,
                cold,
            });
        }
    }
    for (name, what) in [
        ("lock", "node, secp256k1_blake160"),
        ("nothing", "node, always_success"),
    ] {
        for (setting, how, cache, cold) in [
            ("asm", "CKB-VM's assembly machine", &warm, false),
            ("native", "module in the cache", &warm, false),
            (
                "background",
                "empty cache: translates in the background",
                &cold,
                true,
            ),
            ("interp", "interpreter", &warm, false),
        ] {
            let mut command = Command::new(&this);
            command.args(["--node", name, setting]).arg(cache);
            processes.push(Process {
                what,
                how,
                command,
                cold,
            });
        }
    }
    let mut times = vec![(Vec::new(), Vec::new()); processes.len()];
    // The first round fills the cache and is not counted.
    for round in 0..=rounds {
        for (process, (clock, cpu)) in processes.iter_mut().zip(&mut times) {
            if process.cold {
                // It need not be there.
                let _ = fs::remove_dir_all(&cold);
            }
            let (elapsed, used) = start_to_end(process.command.current_dir(root));
            if round > 0 {
                clock.push(elapsed);
                cpu.push(used);
            }
        }
    }
    let head = ["process", "", "ms", "CPU ms, main thread"]
        .map(String::from)
        .to_vec();
    let mut lines = vec![head];
    for (process, (clock, cpu)) in processes.iter().zip(&times) {
        lines.push(vec![
            process.what.into(),
            process.how.into(),
            format!("{:.1}", median(clock)),
            format!("{:.1}", median(cpu)),
        ]);
    }
    format!(
        "From the start of a process to its end, after one script; medians of {rounds} processes of each kind, in \
         turn:\n\n{}",
        table(&lines)
    )
}

/// Milliseconds: on the clock and of CPU time. It must end with 0.
fn start_to_end(command: &mut Command) -> (f64, f64) {
    let started = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it can be started");
    // The end of its output is the end of the process.
    let mut output = child.stdout.take().expect("piped");
    output.read_to_end(&mut Vec::new()).expect("it can be read");
    let elapsed = started.elapsed().as_secs_f64() * 1e3;
    // It keeps its figures until it is waited for.
    let folder = Path::new("/proc").join(child.id().to_string());
    while !clock::has_ended(&folder) {
        sleep(Duration::from_micros(200));
    }
    let cpu = clock::used_seconds(&folder) * 1e3;
    let status = child.wait().expect("it can be waited for");
    assert!(status.success(), "{command:?}: {status}");
    (elapsed, cpu)
}

/// A process that verifies one transaction with this setting.
fn node(what: &str, how: &str, cache: &Path) {
    let mock = match what {
        "lock" => sighash(ScriptHashType::Data1, Signature::Good),
        _ => nothing(ScriptHashType::Data1),
    };
    let transaction = Transaction::new(&mock).expect("all cells are there");
    let builder = Engine::builder().no_warm().cache(cache);
    let engine = match how {
        "interp" => builder.mode(Mode::Interp),
        "background" => builder.mode(Mode::Auto).translate(Translate::Background),
        _ => builder.mode(Mode::Native).translate(Translate::Now),
    };
    let verified = if how == "asm" {
        let verifier = transaction.verifier::<AsmMachine>(Version::V2, silent());
        verifier.verify(PLENTY)
    } else {
        install(Arc::new(engine.build()));
        let verifier = transaction.verifier::<NativeMachine>(Version::V2, silent());
        verifier.verify(PLENTY)
    };
    verified.expect("it is valid");
    // A node goes on; this process has nothing more to do and does not wait for the compiler.
    std::process::exit(0);
}

/// The steps of a process whose module is in the cache.
fn one_by_one(folder: &Path, rounds: usize) -> String {
    let this = std::env::current_exe().expect("this program has a path");
    let cache = folder.join("steps");
    let mut names = Vec::new();
    let mut times: Vec<Vec<f64>> = Vec::new();
    for round in 0..=rounds {
        let output = Command::new(&this).arg("--steps").arg(&cache).output();
        let output = output.expect("it can be started");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).expect("text");
        let steps = text.lines().filter_map(|line| line.split_once('\t'));
        let steps: Vec<(String, f64)> = steps
            .map(|(name, time)| (name.to_owned(), time.parse().expect("a time")))
            .collect();
        // The first one translates.
        if round > 0 {
            times.push(steps.iter().map(|(_, time)| *time).collect());
        }
        names = steps.into_iter().map(|(name, _)| name).collect();
    }
    let mut lines = vec![["step", "µs"].map(String::from).to_vec()];
    for (number, name) in names.into_iter().enumerate() {
        let of_step: Vec<f64> = times.iter().map(|steps| steps[number]).collect();
        lines.push(vec![name, format!("{:.1}", median(&of_step))]);
    }
    format!(
        "The warm way step by step, on the clock, medians of {rounds} processes:\n\n{}",
        table(&lines)
    )
}

/// Prints what each step takes, in microseconds.
fn steps(cache: &Path) {
    let mut last = Instant::now();
    let mut step = |name: &str| {
        println!("{name}\t{}", last.elapsed().as_secs_f64() * 1e6);
        last = Instant::now();
    };
    let lock = transaction::system::system_cell("secp256k1_blake160_sighash_all").to_vec();
    let small =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(SMALL)).expect("it is committed");
    step("reading the scripts");
    let builder = Engine::builder().no_warm().cache(cache);
    let engine = builder.mode(Mode::Native).translate(Translate::Now).build();
    step("making the engine");
    let program = Program::load(&lock, &Platform::default()).expect("a good ELF");
    step("the first machine: memory, ELF of the lock");
    find(&engine, &program);
    step("looking the lock up in the cache: reading, authenticating, checking, mapping");
    find(&engine, &program);
    step("looking it up again, in memory");
    drop(program);
    step("dropping the machine");
    let program = Program::load(&lock, &Platform::default()).expect("a good ELF");
    step("another machine, memory used again");
    drop(program);
    step("dropping it");
    let mut machine = machine(&small);
    step("a machine of always_success");
    run(&engine, &mut machine);
    step("its first run: look-up in the cache, entry, 512 cycles");
    let mut machine = self::machine(&small);
    step("another machine of it");
    run(&engine, &mut machine);
    step("its run: look-up in memory, entry, the same cycles");
    black_box(machine);
}

fn find(engine: &Engine, program: &Program) {
    let request = program.request(&program.code_regions()[0]);
    let library = engine.code_source().expect("native code");
    let known = library.find(&request).expect("a text");
    assert!(known.module().is_some(), "it has native code");
}

fn machine(elf: &[u8]) -> lockstep::Machine {
    let mut program = Program::load(elf, &Platform::default()).expect("a good ELF");
    program.core_mut().initialize_stack(&[]).expect("it fits");
    Machine::new(program.into_core())
}

fn run(engine: &Engine, machine: &mut lockstep::Machine) {
    let outcome = machine.run(&engine.environment(&CostTable::from(Cost::Estimate)));
    assert_eq!(outcome, Ok(Outcome::Exit(0)));
}
