//! RV32 against the oracle's trace machine over `u32`: random programs, every instruction on edge
//! operands, compiled guests, on our interpreter and our native code.
//!
//! Decoding and single meanings of RV32 are compared in `isa`, case files with `#: xlen = 32` in `cases`.
//! The generators are those of `engines`; `LOCKSTEP_FUZZ_ITERATIONS` and `LOCKSTEP_FUZZ_SEED` mean the same.

mod common;

#[path = "engines/bytes.rs"]
mod bytes;
#[path = "xlen32/convert.rs"]
mod convert;
#[path = "xlen32/edges.rs"]
mod edges;
#[path = "xlen32/guests.rs"]
mod guests;
#[path = "engines/operands.rs"]
mod operands;
#[path = "engines/patterns.rs"]
mod patterns;
#[allow(dead_code)]
#[path = "engines/profiles.rs"]
mod profiles;
#[path = "engines/shrink.rs"]
mod shrink;
#[path = "xlen32/snapshots.rs"]
mod snapshots;
#[path = "engines/source.rs"]
mod source;
#[allow(dead_code)]
#[path = "engines/start.rs"]
mod start;
#[path = "engines/structured.rs"]
mod structured;
#[path = "engines/wild.rs"]
mod wild;

use common::check;
use common::ours::Modules;
use common::program::Program;
use common::random::Random;
use lockstep_isa::{Profile, Xlen};
use source::Source;
use start::Entry;

/// A kind of program.
type Tier = fn(&mut Random, Profile, Entry) -> Source;

/// Programs of a tier when nothing else is said.
const ITERATIONS: u64 = if cfg!(debug_assertions) { 100 } else { 600 };
/// Where endless programs are stopped.
const PLENTY: u64 = 20_000;
/// Stops on the way.
const STOPS: u64 = 8;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

/// What came of a program.
struct Summary {
    is_exit: bool,
    cycles: u64,
    native: u64,
}

/// Runs a tier, of which at least so many programs in a thousand have to end well.
fn run_tier(name: &str, generate: Tier, expected_exits: u64) {
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let iterations = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let (mut exits, mut cycles, mut native) = (0, 0, 0);
    for seed in first..first + iterations {
        let profile = profiles::numbered(seed);
        let source = generate(&mut Random::new(seed), profile, Entry::File);
        let source = convert::narrow(source);
        match run(&source, seed) {
            Ok(summary) => {
                exits += u64::from(summary.is_exit);
                cycles += summary.cycles;
                native += summary.native;
            }
            Err(difference) => {
                let (small, reason) = shrink::shrink(source, difference.clone(), &|source| {
                    run(source, seed).err()
                });
                panic!("{name}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}");
            }
        }
    }
    println!(
        "{name}: {iterations} programs, {exits} clean exits, {cycles} cycles, {native} of them native"
    );
    let enough = exits * 1000 >= iterations * expected_exits || iterations < 100;
    assert!(enough, "{exits} clean exits are too few");
    assert!(native > cycles / 2, "{native} of {cycles} cycles native");
}

/// Runs a program to its end, then stopping at limits on the way.
fn run(source: &Source, seed: u64) -> Result<Summary, String> {
    let program = Program {
        name: "random program".to_string(),
        elf: source.assembly()?.elf_for(Xlen::X32),
        args: Vec::new(),
        registers: source.registers.clone(),
    };
    let modules = Modules::new();
    let whole = check(&program, &source.setup, &[PLENTY], &modules)?;
    let cycles = whole.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    let mut random = Random::new(seed ^ cycles);
    let mut limits: Vec<u64> = (0..STOPS).map(|_| random.below(cycles + 1)).collect();
    limits.extend([cycles.saturating_sub(1), cycles]);
    limits.sort_unstable();
    limits.dedup();
    limits.push(PLENTY);
    check(&program, &source.setup, &limits, &modules)
        .map_err(|difference| format!("in pieces {limits:?}: {difference}"))?;
    Ok(Summary {
        is_exit: whole.verdict().is_exit(),
        cycles,
        native: whole.native_cycles(),
    })
}

#[test]
fn random_bytes() {
    run_tier("bytes", bytes::generate, 0);
}

#[test]
fn valid_instructions_with_edge_operands() {
    run_tier("operands", operands::generate, 50);
}

#[test]
fn structured_programs() {
    run_tier("structured", structured::generate, 300);
}

#[test]
fn wild_programs() {
    run_tier("wild", wild::generate, 20);
}
