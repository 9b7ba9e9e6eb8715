//! The interpreter against CKB-VM's assembly machine, on random programs.
//!
//! Each program is made of pieces at which engines go wrong: fused sequences and near misses of them,
//! accesses at page and memory ends, stores to code, loops, jumps into the middle of instructions,
//! traces that are longer than eight bits can say, addresses above 4 GiB. Both engines run it under
//! the same limits, in pieces and at once, and are compared at every stop by the contract's rule.
//! A failing program is named by its seed; `INTERP_SEED` runs that one alone, `INTERP_PROGRAMS` says
//! how many to run.

mod counting;
mod maker;
mod pieces;
mod single;

use std::collections::BTreeMap;

use lockstep_isa::Version;
use lockstep_test_support::Subject;
use lockstep_test_support::ours::Ours;
use lockstep_test_support::outcome::{Rule, Verdict, compare};
use lockstep_test_support::program::{Program, Setup};
use lockstep_test_support::random::Random;
use lockstep_test_support::reference::Asm;
use maker::make;

/// Cycles after which a program that does not end has run long enough.
const ENOUGH: u64 = 20_000;
/// Runs a program on both engines under these limits in turn, and compares at every stop. The result
/// is how it ended.
fn agree(program: &Program, setup: &Setup, limits: &[u64]) -> Result<String, String> {
    let engines = (Asm::asm(program, setup), Ours::interpreter(program, setup));
    let (mut asm, mut interp) = match engines {
        (Ok(asm), Ok(interp)) => (asm, interp),
        (Err(asm), Err(interp)) if asm == interp => return Ok(format!("not loaded: {asm}")),
        (asm, interp) => {
            return Err(format!("loading: {:?} / {:?}", asm.err(), interp.err()));
        }
    };
    let mut verdict = String::new();
    for limit in limits {
        let (a, b) = (asm.run(*limit), interp.run(*limit));
        compare((asm.name(), &a), (interp.name(), &b), Rule::Contract)
            .map_err(|difference| format!("at limit {limit}: {difference}"))?;
        verdict = match &a.verdict {
            Verdict::Exit(_) => "exit".to_string(),
            verdict => verdict.to_string(),
        };
        if !a.verdict.is_cycles_exceeded() {
            break;
        }
    }
    Ok(verdict)
}

/// The shipped scripts, as far as they get without a transaction: to their first system call.
#[test]
fn system_scripts() {
    for name in [
        "dao",
        "secp256k1_blake160_multisig_all",
        "secp256k1_blake160_sighash_all",
    ] {
        let path = format!("specs/cells/{name}");
        let elf = ckb_system_scripts::BUNDLED_CELL
            .get(&path)
            .expect("a bundled cell");
        for version in [Version::V0, Version::V1, Version::V2] {
            let program = Program {
                name: name.to_string(),
                elf: elf.to_vec(),
                ..Program::default()
            };
            let setup = Setup::ckb(version);
            let end = agree(&program, &setup, &[100, 1_000, u64::MAX]).expect("no difference");
            assert_eq!(end, "InvalidEcall", "{name}, {version:?}");
        }
    }
}

/// A number from the environment.
fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[test]
fn random_programs() {
    let seeds = match setting("INTERP_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("INTERP_PROGRAMS").unwrap_or(2_000),
    };
    let mut ends: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures = Vec::new();
    for seed in seeds {
        let (program, setup) = make(seed);
        let mut random = Random::new(!seed);
        let pieces: Vec<u64> = (1..40).map(|n| n * (1 + random.below(60))).collect();
        let mut pieces: Vec<u64> = pieces.into_iter().chain([ENOUGH]).collect();
        pieces.sort_unstable();
        for limits in [&[ENOUGH][..], &pieces] {
            match agree(&program, &setup, limits) {
                Ok(end) => *ends.entry(end).or_default() += 1,
                Err(difference) => failures.push(format!("seed {seed}, {setup:?}: {difference}")),
            }
        }
    }
    println!("runs by their end: {ends:#?}");
    assert!(
        failures.is_empty(),
        "{} runs differ, among them:\n{}",
        failures.len(),
        failures[..failures.len().min(5)].join("\n")
    );
}
