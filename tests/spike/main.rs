//! Our engines against a second, unrelated reference: Spike (riscv-isa-sim), for everything that has no
//! macro-op fusion.
//!
//! CKB-VM is the reference, and it is compared with everywhere else; but a mistake that we made
//! because CKB-VM's sources were read could only be seen by somebody who never saw them. Spike is
//! the RISC-V foundation's own model. Registers and memory at the end are compared with our
//! interpreter's and our native code's: for every instruction over a grid of operands, for random
//! sequences, and for the guest programs. Cycles, faults and page flags are CKB's alone.
//!
//! The tests are ignored unless they are asked for, and fail where the simulator is missing: `cargo xtask
//! spike` installs it and runs them.

mod grid;
mod machine;
mod sequences;

use lockstep_isa::{Cost, Extensions, Op, Profile, Reg, Version, Xlen};
use lockstep_test_support::Subject;
use lockstep_test_support::asm::assemble;
use lockstep_test_support::guests::guests;
use lockstep_test_support::ours::{Modules, Ours};
use lockstep_test_support::outcome::{Outcome, Verdict};
use lockstep_test_support::program::{FULL_MEMORY, Program, SMALL_MEMORY, Setup};
use lockstep_test_support::random::Random;
use machine::{ECALL, End, LOWEST, Spike, Start};

/// Random sequences when nothing else is said; `LOCKSTEP_SPIKE_SEQUENCES` says another number.
const SEQUENCES: u64 = 400;
/// No program here runs longer.
const PLENTY: u64 = 1_000_000_000;

/// Everything but fusion.
fn setup(memory_size: usize) -> Setup {
    Setup {
        profile: Profile {
            version: Version::V2,
            extensions: Extensions {
                b: true,
                mop: false,
                a: true,
            },
            xlen: Xlen::X64,
        },
        cost: Cost::Constant,
        memory_size,
    }
}

/// Runs a program on Spike, our interpreter and our native code; an error tells the difference.
/// Gives the share of cycles that ran natively.
fn compare(spike: &Spike, program: &Program, memory_size: usize) -> Result<f64, String> {
    let setup = setup(memory_size);
    let fault = |verdict: Verdict| format!("loading: {verdict}");
    let mut interp = Ours::interpreter(program, &setup).map_err(fault)?;
    let mut native = Ours::native(program, &setup, &Modules::new()).map_err(fault)?;
    let start = interp.before();
    let theirs = spike.run(&Start {
        memory: &start.memory,
        pc: start.pc,
        registers: &start.registers,
    })?;
    let (first, second) = (interp.run(PLENTY), native.run(PLENTY));
    for (name, ours) in [("interpreter", &first), ("native", &second)] {
        let differences = differences(ours, &theirs);
        if !differences.is_empty() {
            return Err(format!(
                "{name} / Spike differ:\n  {}",
                differences.join("\n  ")
            ));
        }
    }
    let natively = second.native_cycles.unwrap_or(0);
    Ok(natively as f64 / second.cycles.max(1) as f64)
}

fn differences(ours: &Outcome, theirs: &End) -> Vec<String> {
    let mut lines = Vec::new();
    let ended = (theirs.cause, theirs.registers[Reg::A7.index()]);
    if !ours.verdict.is_exit() || ended != (ECALL, 93) {
        let End {
            cause, pc, value, ..
        } = theirs;
        lines.push(format!(
            "{} at {:#x} / trap {cause} at {pc:#x} for {value:#x}",
            ours.verdict, ours.pc
        ));
    }
    for reg in Reg::all() {
        let (x, y) = (ours.registers[reg.index()], theirs.registers[reg.index()]);
        if x != y {
            lines.push(format!("{reg}: {x:#x} / {y:#x}"));
        }
    }
    let memory = &ours.memory[LOWEST as usize..];
    let at = memory.iter().zip(&theirs.memory).position(|(x, y)| x != y);
    if let Some(at) = at {
        let end = (at + 16).min(memory.len());
        let (x, y) = (&memory[at..end], &theirs.memory[at..end]);
        lines.push(format!(
            "memory at {:#x}: {x:02x?} / {y:02x?}",
            LOWEST + at as u64
        ));
    }
    lines
}

fn program(name: &str, source: &str, registers: Vec<(usize, u64)>) -> Program {
    Program {
        name: name.to_string(),
        elf: assemble(source)
            .unwrap_or_else(|error| panic!("{name}: {error}"))
            .elf(),
        args: Vec::new(),
        registers,
    }
}

#[test]
#[ignore = "needs Spike; `cargo xtask spike` installs it and runs this"]
fn every_instruction_over_a_grid_of_operands() {
    let spike = Spike::find();
    let (mut count, mut wrong) = (0, Vec::new());
    for op in Op::ALL {
        // The first form of jalr is version 0's; the others have no encoding.
        let has_program = !op.row().is_fused() && *op != Op::JalrLinkFirst;
        let Some(source) = has_program.then(|| grid::program(*op)).flatten() else {
            continue;
        };
        count += 1;
        match compare(
            &spike,
            &program(op.mnemonic(), &source, Vec::new()),
            FULL_MEMORY,
        ) {
            Ok(share) if share < 0.5 => {
                wrong.push(format!("{op:?}: {share} of the cycles ran natively"))
            }
            Ok(_) => {}
            Err(difference) => wrong.push(format!("{op:?}: {difference}")),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    println!("grid: {count} instructions");
    assert!(count >= 130, "{count}");
}

#[test]
#[ignore = "needs Spike; `cargo xtask spike` installs it and runs this"]
fn every_compressed_computation() {
    let spike = Spike::find();
    for (number, source) in grid::compressed(setup(FULL_MEMORY).profile)
        .iter()
        .enumerate()
    {
        compare(
            &spike,
            &program("compressed", source, Vec::new()),
            FULL_MEMORY,
        )
        .unwrap_or_else(|difference| panic!("piece {number}: {difference}"));
    }
}

#[test]
#[ignore = "needs Spike; `cargo xtask spike` installs it and runs this"]
fn random_sequences() {
    let spike = Spike::find();
    let count = match std::env::var("LOCKSTEP_SPIKE_SEQUENCES") {
        Ok(text) => text.parse().expect("the variable is a number"),
        Err(_) => SEQUENCES,
    };
    let mut native = 0.0;
    for seed in 1..=count {
        let (source, registers) = sequences::generate(&mut Random::new(seed));
        native += compare(
            &spike,
            &program("sequence", &source, registers),
            SMALL_MEMORY,
        )
        .unwrap_or_else(|difference| panic!("seed {seed}: {difference}\n{source}"));
    }
    println!(
        "sequences: {count}, {:.1} % native",
        native * 100.0 / count as f64
    );
}

#[test]
#[ignore = "needs Spike; `cargo xtask spike` installs it and runs this"]
fn guests_end_alike() {
    let spike = Spike::find();
    for guest in guests() {
        compare(&spike, &guest.program(&[]), FULL_MEMORY)
            .unwrap_or_else(|difference| panic!("{}: {difference}", guest.name));
    }
}
