//! RV32 against CKB-VM's trace machine over `u32`: random programs, every instruction on edge
//! operands, compiled guests, on our interpreter and our native code.
//!
//! Decoding and single meanings of RV32 are compared in `isa`, case files with `#: xlen = 32` in `cases`.
//! The generators are those of `engines`, and so are the variables: `LOCKSTEP_FUZZ_ITERATIONS`,
//! `LOCKSTEP_FUZZ_SEED`, `LOCKSTEP_FUZZ_PROFILE`. `cargo xtask soak` runs these, too.

mod convert;
mod edges;
mod guests;
mod snapshots;

use lockstep_isa::{Profile, Xlen};
use lockstep_test_support::check;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::Program;
use lockstep_test_support::programs::source::Source;
use lockstep_test_support::programs::start::Entry;
use lockstep_test_support::programs::tally::{Summary, Tally};
use lockstep_test_support::programs::{
    bytes, operands, outlined, profiles, shrink, structured, wild,
};
use lockstep_test_support::random::Random;

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

/// The program of a seed. Without a profile, the seeds go through all of them.
fn program(generate: Tier, profile: Option<Profile>, seed: u64) -> Source {
    let (profile, mut random) = match profile {
        Some(profile) => (profile, Random::new(seed ^ profiles::number(profile) << 48)),
        None => (profiles::numbered(seed), Random::new(seed)),
    };
    convert::narrow(generate(&mut random, profile, Entry::File))
}

/// Runs a tier, of which at least so many programs in a thousand have to end well.
fn run_tier(name: &str, generate: Tier, expected_exits: u64) {
    let profile = std::env::var("LOCKSTEP_FUZZ_PROFILE").ok();
    let profile = profile.map(|name| profiles::named(&name).expect("the variable is a profile"));
    let first = number("LOCKSTEP_FUZZ_SEED", 1);
    let iterations = number("LOCKSTEP_FUZZ_ITERATIONS", ITERATIONS);
    let (mut tally, mut exits) = (Tally::default(), 0);
    for seed in first..first + iterations {
        let source = program(generate, profile, seed);
        match run(&source, seed) {
            Ok(summary) => {
                exits += u64::from(summary.is_exit);
                tally.add(&summary, Entry::File);
            }
            Err(difference) => {
                let (small, reason) = shrink::shrink(source, difference.clone(), &|source| {
                    run(source, seed).err()
                });
                panic!("{name}, seed {seed}: {difference}\n\nmade smaller: {reason}\n\n{small}");
            }
        }
    }
    let share = 100.0 * tally.native_share();
    println!("{name}: {share:.2} % native; tally: {tally}");
    let enough = exits * 1000 >= iterations * expected_exits || iterations < 100;
    assert!(enough, "{exits} clean exits are too few");
    assert!(share > 50.0, "{share:.2} % of the cycles are native");
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
        // It is the reference.
        is_traced: true,
        cycles,
        native_cycles: whole.native_cycles(),
        exits: whole.exits,
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

#[test]
fn programs_with_outlined_pieces() {
    run_tier("outlined", outlined::generate, 100);
}
