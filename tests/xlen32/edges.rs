//! Every RV32 operation on all pairs of edge operands, as native code and in the interpreter.
//!
//! Operands are loaded from memory, so that the translator cannot know them; results are stored, so
//! that the comparison of memory finds each of them.

use lockstep_isa::table::{Ext, Format};
use lockstep_isa::{Cost, Effect, Extensions, Op, Profile, Version, Xlen};

use lockstep_test_support::asm::assemble;
use lockstep_test_support::check;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::{Program, SMALL_MEMORY, Setup};
use lockstep_test_support::programs::patterns::PATTERNS;

/// Words at which arithmetic of 32 bits goes wrong when it goes wrong.
const EDGES: [u32; 20] = [
    0,
    1,
    2,
    3,
    31,
    32,
    33,
    63,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x1234_5678,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
];
/// Immediates of twelve bits.
const IMMEDIATES: [i32; 6] = [-2048, -1, 0, 1, 0x7f, 2047];
/// Where operands are.
const DATA: u32 = 0x2_0000;
/// Where results go.
const RESULTS: u32 = 0x2_1000;
/// More cycles than any of these programs has.
const PLENTY: u64 = 10_000_000;

fn setup(version: Version) -> Setup {
    Setup {
        profile: Profile {
            version,
            extensions: Extensions {
                b: true,
                mop: version.has_fusion(),
                a: true,
            },
            xlen: Xlen::X32,
        },
        cost: Cost::Estimate,
        memory_size: SMALL_MEMORY,
    }
}

/// The destination and the sources, equal in all ways over the cases.
const NAMES: [[&str; 3]; 4] = [
    ["a0", "a1", "a2"],
    ["a1", "a1", "a2"],
    ["a2", "a1", "a2"],
    ["a0", "a1", "a1"],
];

/// A program that does each line (in which D, A and B are registers) on all pairs of edges.
fn program(name: &str, lines: &[String]) -> Program {
    let mut text = vec![
        ".text 0x10000".to_string(),
        format!("la s0, {DATA:#x}"),
        format!("la s1, {RESULTS:#x}"),
    ];
    let mut number = 0;
    for a in 0..EDGES.len() {
        for b in 0..EDGES.len() {
            let [d, x, y] = NAMES[number % NAMES.len()];
            let line = &lines[number % lines.len()];
            number += 1;
            text.push(format!("lw a1, {}(s0)", 4 * a));
            text.push(format!("lw a2, {}(s0)", 4 * b));
            let line = line.replace("NEXT", &format!("n{number}"));
            text.push(line.replace('D', d).replace('A', x).replace('B', y));
            text.push(format!("sw {d}, 0(s1)"));
            text.push("addi s1, s1, 4".to_string());
        }
    }
    text.push("exit".to_string());
    text.push(format!(".data {DATA:#x}"));
    text.extend(EDGES.iter().map(|edge| format!(".word {edge:#x}")));
    let zeros = RESULTS - DATA - 4 * EDGES.len() as u32 + 4 * number as u32;
    text.push(format!(".zero {zeros}"));
    Program {
        name: name.to_string(),
        elf: assemble(&text.join("\n"))
            .expect("the text is a program")
            .elf_for(Xlen::X32),
        ..Program::default()
    }
}

/// The forms of an operation on registers.
fn forms(op: Op) -> Vec<String> {
    let name = op.mnemonic();
    match op.row().format {
        Format::R => vec![format!("{name} D, A, B")],
        Format::Unary => vec![format!("{name} D, A")],
        Format::I => (IMMEDIATES.iter())
            .map(|imm| format!("{name} D, A, {imm}"))
            .collect(),
        Format::Shift5 => (0..32).map(|n| format!("{name} D, A, {n}")).collect(),
        // The sixth bit, which RV32 does not look at, too.
        Format::Shift6 => (0..64).map(|n| format!("{name} D, A, {n}")).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_operation_on_registers() {
    let rows = Op::ALL.iter().filter(|op| op.row().base.has(Xlen::X32));
    let mut tried = 0;
    for op in rows.filter(|op| op.effect() == Effect::Next && op.row().ext != Ext::Mop) {
        let lines = forms(*op);
        if lines.is_empty() {
            continue;
        }
        tried += 1;
        // What a version changes is elsewhere; each operation in each would take minutes.
        let version = Version::ALL[tried % 3];
        let program = program(op.mnemonic(), &lines);
        let found = check(&program, &setup(version), &[PLENTY], &Modules::new());
        let found = found.unwrap_or_else(|difference| panic!("{version:?}: {difference}"));
        assert!(
            found.verdict().is_exit(),
            "{}: {}",
            program.name,
            found.verdict()
        );
        assert!(
            found.native_cycles() > 0,
            "{}: nothing native",
            program.name
        );
    }
    assert!(tried > 60, "{tried} operations");
}

/// A branch, and in a register whether it was taken.
fn branch(name: &str) -> String {
    let lines = [
        "addi a3, zero, 1",
        &format!("{name} A, B, NEXT"),
        "addi a3, zero, 2",
        "NEXT:",
        "mv D, a3",
    ];
    lines.join("\n")
}

/// A sequence that fuses, or nearly, and all its registers in one. `None` where it has instructions of
/// 64 bits.
fn fused(pattern: &[&str]) -> Option<String> {
    let mut body = pattern.join("\n");
    if body.contains("addiw") {
        return None;
    }
    body = body.replace("HI", "0x80000").replace("LO", "-2048");
    for (variable, register) in [
        ("R", "a1"),
        ("C", "a2"),
        ("D", "a3"),
        ("E", "a4"),
        ("F", "a5"),
    ] {
        body = body.replace(variable, register);
    }
    let before = "mv a3, a1\nxor a4, a1, a2\nmv a5, a1";
    let after = "xor a1, a1, a2\nslli a3, a3, 1\nxor a1, a1, a3\nslli a4, a4, 2\nxor D, a1, a4";
    Some(format!("{before}\n{body}\n{after}"))
}

#[test]
fn every_branch_and_fused_sequence() {
    let branches = ["beq", "bne", "blt", "bge", "bltu", "bgeu"].map(branch);
    let sequences = PATTERNS.iter().filter_map(|pattern| fused(pattern));
    for case in branches.into_iter().chain(sequences) {
        let program = program(&case, std::slice::from_ref(&case));
        for version in [Version::V1, Version::V2] {
            let found = check(&program, &setup(version), &[PLENTY], &Modules::new())
                .unwrap_or_else(|difference| panic!("{version:?}: {difference}"));
            assert!(found.verdict().is_exit(), "{case}: {}", found.verdict());
        }
    }
}
