//! What a translation takes and gives, for the largest guests and the scripts of CKB's main net: CPU time of
//! all threads, wall clock, and bytes of code, for each guest instruction.
//!
//! `cargo bench --bench translation [-- ROUNDS] [--save]`; the guests that are built on demand are left out where
//! they are not there.

use lockstep_test_support::record;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Instant;

use ckb_system_scripts::BUNDLED_CELL;
use lockstep::{Platform, Program};
use lockstep_test_support::record::{median, spread, table};
use lockstep_translator as translator;
use rustix::time::{ClockId, clock_gettime};
use translator::Options;

/// Rounds without an argument.
const ROUNDS: usize = 7;

/// A script and what was measured of it.
struct Script {
    name: String,
    elf: Vec<u8>,
    cpu: Vec<f64>,
    clock: Vec<f64>,
    /// The same with a thread for each of the machine's.
    shared: Vec<f64>,
    instructions: usize,
    units: usize,
    code: usize,
    text: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rounds = arguments.iter().find_map(|text| text.parse().ok());
    let rounds = rounds.unwrap_or(ROUNDS);
    let mut scripts: Vec<Script> = elves()
        .into_iter()
        .map(|(name, elf)| Script {
            name,
            elf,
            cpu: Vec::new(),
            clock: Vec::new(),
            shared: Vec::new(),
            instructions: 0,
            units: 0,
            code: 0,
            text: 0,
        })
        .collect();
    for round in 0..rounds {
        eprintln!("round {} of {rounds}", round + 1);
        scripts.iter_mut().for_each(measure);
    }
    let save = arguments.iter().any(|word| word == "--save");
    let figures = report(&scripts, rounds);
    record::publish(
        "translation",
        "cargo bench --bench translation -- --save",
        &figures,
        save,
    );
}

/// The large guests, and the scripts of the chain.
fn elves() -> BTreeMap<String, Vec<u8>> {
    let mut elves = BTreeMap::new();
    for name in ["secp256k1", "lua", "zlib"] {
        let path = format!("target/guests/elf/{name}.elf");
        match fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path)) {
            Ok(elf) => {
                elves.insert(format!("guest {name} (clang)"), elf);
            }
            Err(error) => {
                eprintln!("{path}: {error}; `cargo xtask guests --third-party` builds it")
            }
        }
    }
    for name in [
        "rust_evm",
        "rust_evm_verify",
        "rust_move",
        "rust_move_verify",
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("guests/elf/{name}.elf"));
        let elf = fs::read(path).expect("the guest is committed");
        elves.insert(format!("guest {name} (rustc)"), elf);
    }
    for name in [
        "secp256k1_blake160_sighash_all",
        "secp256k1_blake160_multisig_all",
        "dao",
    ] {
        let elf = BUNDLED_CELL.get(&format!("specs/cells/{name}"));
        elves.insert(
            format!("{name} (gcc)"),
            elf.expect("a bundled cell").to_vec(),
        );
    }
    elves
}

fn measure(script: &mut Script) {
    let program = Program::load(&script.elf, &Platform::default()).expect("a good ELF");
    let options = Options::default();
    let on_all =
        (options.clone()).with_threads(std::thread::available_parallelism().map_or(1, usize::from));
    let (mut cpu, mut clock, mut shared) = (0.0, 0.0, 0.0);
    (script.instructions, script.units, script.code, script.text) = (0, 0, 0, 0);
    for text in program.code_regions() {
        let hints = program.hints(&text);
        let (started, used) = (Instant::now(), process_seconds());
        let made = translator::translate(&text, &hints, &options, &mut |_, _| {});
        cpu += process_seconds() - used;
        clock += started.elapsed().as_secs_f64();
        let report = made.expect("it can be translated").report;
        let started = Instant::now();
        let again = translator::translate(&text, &hints, &on_all, &mut |_, _| {});
        shared += started.elapsed().as_secs_f64();
        assert_eq!(
            again.expect("as before").report.code_bytes,
            report.code_bytes
        );
        script.instructions += report.instructions;
        script.units += report.units;
        script.code += report.code_bytes;
        script.text += text.bytes.len();
    }
    script.cpu.push(cpu);
    script.clock.push(clock);
    script.shared.push(shared);
}

/// CPU seconds of all threads.
fn process_seconds() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

fn report(scripts: &[Script], rounds: usize) -> String {
    let head = [
        "script",
        "text bytes",
        "instructions",
        "units",
        "CPU ms",
        "ms on the clock",
        "on all threads",
        "CPU µs an instruction",
        "code bytes",
        "bytes an instruction",
    ];
    let mut lines = vec![head.map(String::from).to_vec()];
    for script in scripts {
        let each = script.instructions.max(1) as f64;
        let cpu = median(&script.cpu);
        lines.push(vec![
            script.name.clone(),
            script.text.to_string(),
            script.instructions.to_string(),
            script.units.to_string(),
            format!("{:.1} (±{:.0} %)", cpu * 1e3, spread(&script.cpu) * 100.0),
            format!("{:.1}", median(&script.clock) * 1e3),
            format!("{:.1}", median(&script.shared) * 1e3),
            format!("**{:.1}**", cpu * 1e6 / each),
            script.code.to_string(),
            format!("**{:.1}**", script.code as f64 / each),
        ]);
    }
    format!(
        "Medians of {rounds} interleaved rounds, for the baseline CPU; instructions are those that were translated, \
         overlaps of blocks counted as often as they were:\n\n{}",
        table(&lines)
    )
}
