//! What native code takes of memory: with many scripts loaded, and with many machines of one script.
//!
//! The figures are the process's own, from `/proc/self/smaps`: resident bytes in all, and those of the
//! mappings of native code. Code is shared when the second figure stands still while machines are
//! added.
//!
//! `cargo bench --bench resident [-- SCRIPTS] [--save]`; Linux only.

use lockstep_test_support::record;
use std::fs;

use ckb_system_scripts::BUNDLED_CELL;
use lockstep::engine::{Mode, Translate};
use lockstep::{Engine, Machine as Guest, Platform, Program};
use lockstep_isa::Cost;
use lockstep_runtime::{CostTable, Machine, Outcome};

/// Scripts without an argument.
const SCRIPTS: usize = 200;
/// Machines of one script.
const MACHINES: usize = 64;

macro_rules! say {
    ($($words:tt)*) => { record::say(&format!($($words)*)) };
}

fn main() {
    // Cargo hands over `--bench`.
    let scripts = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let engine = Engine::builder()
        .mode(Mode::Native)
        .translate(Translate::Now)
        .no_cache()
        .no_warm()
        .build();
    many_machines(&engine);
    many_scripts(&engine, scripts.unwrap_or(SCRIPTS));
    let save = std::env::args().any(|word| word == "--save");
    record::publish_said("resident", "cargo bench --bench resident -- --save", save);
}

/// Machines of one script, all of them in the middle of it.
fn many_machines(engine: &Engine) {
    let elf = include_bytes!("../guests/elf/sha256.elf");
    let machine = || {
        let mut program = Program::load(elf, &Platform::default()).expect("a good ELF");
        program
            .core_mut()
            .initialize_stack(&[b"1000"])
            .expect("it fits");
        let mut machine = Machine::new(program.into_core());
        run_a_little(&mut machine, engine);
        machine
    };
    // The first one pays for what all share.
    let first = machine();
    let before = Resident::now();
    let others: Vec<Guest> = (1..MACHINES).map(|_| machine()).collect();
    let after = Resident::now();
    let count = others.len();
    say!("Machines of one script, each run natively for some million cycles, in KiB");
    say!("{:>24} {:>10} {:>12}", "", "resident", "native code");
    line("1 machine", &before);
    line(&format!("{} machines", count + 1), &after);
    let each = (after.all - before.all) / count;
    say!(
        "{:>24} {each:>10} {:>12}\n",
        "each more",
        (after.code - before.code) / count
    );
    drop((first, others));
}

/// Some slices of native code, so that memory and code are in use.
fn run_a_little(machine: &mut Machine, engine: &Engine) {
    let asked = std::cell::Cell::new(0);
    let outcome = machine.run(
        &engine
            .environment(&CostTable::from(Cost::Estimate))
            .with_pause(&|| asked.replace(asked.get() + 1) > 3),
    );
    assert_eq!(outcome, Ok(Outcome::Paused));
    assert!(machine.core().native_cycles() > 0);
}

/// Scripts as large as the lock that most cells have. They differ in a byte behind the code, so that
/// each has a module of its own.
fn many_scripts(engine: &Engine, scripts: usize) {
    let path = "specs/cells/secp256k1_blake160_sighash_all";
    let elf = BUNDLED_CELL.get(path).expect("a bundled cell");
    let program = Program::load(&elf, &Platform::default()).expect("a good ELF");
    let text = program.code_regions()[0];
    let mut bytes = text.bytes.to_vec();
    let last = bytes.len() - 8;
    assert_eq!(bytes[last..], [0; 8], "nothing is behind the code");
    let before = Resident::now();
    say!("Scripts of {} bytes of text, in KiB", bytes.len());
    say!("{:>24} {:>10} {:>12}", "", "resident", "native code");
    line("none", &before);
    let mut size = (0, 0);
    for script in 0..scripts as u64 {
        bytes[last..].copy_from_slice(&(script + 1).to_le_bytes());
        let text = lockstep_translator::CodeRegion {
            bytes: &bytes,
            ..text
        };
        let mut hints = || program.hints(&text);
        let prepared = engine.prepare(&text, &mut hints, &mut |_, _| {});
        let prepared = prepared.expect("it can be translated");
        // Code that nobody ran is not resident: look at each page.
        let code = prepared.module.code_bytes();
        std::hint::black_box(code.iter().step_by(4096).fold(0_u8, |sum, byte| sum ^ byte));
        size = (code.len(), prepared.module.size());
        if [1, 10, 100].contains(&(script + 1)) {
            line(&format!("{} scripts", script + 1), &Resident::now());
        }
    }
    let after = Resident::now();
    line(&format!("{scripts} scripts"), &after);
    let each = |after: usize, before: usize| after.saturating_sub(before) / scripts.max(1);
    let (all, code) = (each(after.all, before.all), each(after.code, before.code));
    say!("{:>24} {all:>10} {code:>12}", "each");
    let (code, all) = (size.0 / 1024, size.1 / 1024);
    say!("(a module is {all} KiB, {code} of them code; its text is kept as well)");
    engine.evict_all();
    line("forgotten", &Resident::now());
}

fn line(what: &str, resident: &Resident) {
    say!("{what:>24} {:>10} {:>12}", resident.all, resident.code);
}

/// Resident memory of this process, in KiB.
struct Resident {
    all: usize,
    /// In mappings of native code: memory files of our name.
    code: usize,
}

impl Resident {
    fn now() -> Resident {
        let text = fs::read_to_string("/proc/self/smaps").expect("Linux shows the mappings");
        let (mut all, mut code, mut ours) = (0, 0, false);
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("Rss:") => {
                    let size: usize = words.next().and_then(|n| n.parse().ok()).expect("a number");
                    all += size;
                    code += if ours { size } else { 0 };
                }
                // The head of a mapping: its addresses, not a name with a colon behind it.
                Some(word) if !word.ends_with(':') => ours = line.contains("memfd:lockstep"),
                _ => {}
            }
        }
        Resident { all, code }
    }
}
