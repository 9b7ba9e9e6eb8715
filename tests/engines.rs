//! Random programs on the assembly machine, the trace machine, our interpreter and our native code:
//! equal at random limits on the way and at the end.
//!
//! Four tiers: bytes that mostly are no program; valid instructions with edge operands and edge
//! addresses; structured programs as compilers make them, with fused patterns, jump tables, memory at
//! page and frame edges and faults of their own making; wild ones, as no compiler makes them. Seeds are fixed, so a run is reproducible.
//! A failure is made smaller line by line and printed with its seed: as assembly that can be put
//! into a case file, and with what odd words decode to.
//!
//! `LOCKSTEP_FUZZ_ITERATIONS` sets the number of programs a tier, `LOCKSTEP_FUZZ_SEED` the first seed.

mod common;

#[path = "engines/bytes.rs"]
mod bytes;
#[path = "engines/operands.rs"]
mod operands;
#[path = "engines/patterns.rs"]
mod patterns;
#[path = "engines/shrink.rs"]
mod shrink;
#[path = "engines/source.rs"]
mod source;
#[path = "engines/structured.rs"]
mod structured;
#[path = "engines/wild.rs"]
mod wild;

use std::panic::{AssertUnwindSafe, catch_unwind};

use common::oracle::Asm;
use common::ours::Modules;
use common::program::Program;
use common::random::Random;
use common::{check, check_trace};
use source::Source;

/// Programs of a tier when nothing else is said.
const ITERATIONS: u64 = if cfg!(debug_assertions) { 150 } else { 3000 };
/// Where endless programs are stopped.
const PLENTY: u64 = 60_000;
/// Stops on the way.
const STOPS: u64 = 6;

/// A kind of program.
type Tier = fn(&mut Random) -> Source;

fn number(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => default,
    }
}

fn run_tier(name: &str, tier: Tier) {
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let (mut exits, mut native, mut cycles) = (0, 0, 0);
    let iterations = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    for seed in first..first + iterations {
        let source = tier(&mut Random::new(seed));
        match run(&source, seed) {
            Ok(summary) => {
                exits += u64::from(summary.is_exit);
                native += summary.native_cycles;
                cycles += summary.cycles;
            }
            Err(difference) => report(name, seed, source, &difference),
        }
    }
    println!(
        "{name}: {iterations} programs, {exits} clean exits, {cycles} cycles, {native} of them native"
    );
}

/// What came of a program.
struct Summary {
    is_exit: bool,
    cycles: u64,
    native_cycles: u64,
}

/// Runs a program; an error tells the difference between two engines.
fn run(source: &Source, seed: u64) -> Result<Summary, String> {
    catch_unwind(AssertUnwindSafe(|| compare(source, seed)))
        .unwrap_or_else(|panic| Err(format!("panicked: {}", text_of(&*panic))))
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> &str {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    owned
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("without a text")
}

fn compare(source: &Source, seed: u64) -> Result<Summary, String> {
    let program = source.program()?;
    let modules = Modules::new();
    let whole = check(&program, &source.setup, &[PLENTY], &modules)?;
    if source.trace_agrees {
        check_trace(&program, &source.setup, PLENTY, &whole)?;
    }
    let cycles = whole.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    let limits = pick_limits(&program, source, cycles, &mut Random::new(seed ^ cycles));
    check(&program, &source.setup, &limits, &modules)
        .map_err(|difference| format!("in pieces {limits:?}: {difference}"))?;
    Ok(Summary {
        is_exit: whole.verdict().is_exit(),
        cycles,
        native_cycles: whole.native_cycles(),
    })
}

/// Limits on the way: random ones, and around the totals at which the assembly machine then stands,
/// because those are exact for one trace and one short for another.
fn pick_limits(program: &Program, source: &Source, cycles: u64, random: &mut Random) -> Vec<u64> {
    let mut limits: Vec<u64> = (0..STOPS).map(|_| random.below(cycles + 1)).collect();
    limits.sort_unstable();
    if let Ok(mut asm) = Asm::asm(program, &source.setup) {
        for index in 0..limits.len() {
            asm.run_quietly(limits[index]);
            let total = asm.cycles();
            limits.extend([total, total + 1, total.saturating_sub(1)]);
        }
    }
    limits.sort_unstable();
    limits.dedup();
    limits.push(PLENTY);
    limits
}

fn report(tier: &str, seed: u64, source: Source, difference: &str) -> ! {
    let (small, reason) = shrink::shrink(source, difference.to_string(), &|source| {
        run(source, seed).err()
    });
    panic!("{tier}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}");
}

#[test]
fn random_bytes() {
    run_tier("bytes", bytes::generate);
}

#[test]
fn valid_instructions_with_edge_operands() {
    run_tier("operands", operands::generate);
}

#[test]
fn structured_programs() {
    run_tier("structured", structured::generate);
}

#[test]
fn wild_programs() {
    run_tier("wild", wild::generate);
}
