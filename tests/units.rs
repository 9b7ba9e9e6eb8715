//! Units at the edge of what they may be, which case files would be too long for: so many accesses
//! with so many registers to write back that the registers live in memory, all or most, and more code than
//! fits one unit. The programs are written here and run on the assembly machine, our interpreter and our
//! native code, whole and at many limits.

use lockstep_isa::Version;
use lockstep_test_support::asm::assemble;
use lockstep_test_support::check;
use lockstep_test_support::ours::Modules;
use lockstep_test_support::program::{Program, Setup};

/// No program here runs longer.
const PLENTY: u64 = 1_000_000;

/// Registers that a program may use as it likes; `s0` and `s1` are for its frame.
const FREE: [&str; 29] = [
    "ra", "sp", "gp", "tp", "t0", "t1", "t2", "a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s2",
    "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];

/// A loop of three turns whose body writes all registers and accesses memory so often, with a branch
/// now and then where `branches` says so.
fn program(accesses: usize, branches: bool) -> Program {
    // The jump keeps the way into the loop and the way around it apart.
    let mut lines: Vec<String> = [
        "li s0, 0x20000",
        "li s1, 3",
        "j turn",
        "turn:",
        "addi s0, s0, 0",
    ]
    .map(str::to_string)
    .to_vec();
    for number in 0..accesses {
        let (register, other) = (FREE[number % 29], FREE[number * 7 % 29]);
        lines.push(match number % 3 {
            0 => format!("ld {register}, {}(s0)", number % 90 * 8),
            1 => format!("sd {other}, {}(s0)", number % 80 * 8),
            _ => format!("lbu {register}, {}(s0)", number % 700),
        });
        if branches && number % 100 == 50 {
            lines.push(format!("beq {register}, {other}, l{number}"));
            lines.push(format!("xor {other}, {other}, {register}"));
            lines.push(format!("l{number}:"));
        }
    }
    let end = "addi s1, s1, -1
        beq s1, zero, done
        j turn
    done:
        exit
    .data 0x20000";
    lines.push(end.to_string());
    lines.extend((0..100u64).map(|n| format!(".dword {:#x}", (n + 1) * 0x0123_4567_89ab)));
    let source = lines.join("\n");
    Program {
        name: format!("{accesses} accesses"),
        elf: assemble(&source)
            .unwrap_or_else(|error| panic!("{error}"))
            .elf(),
        ..Program::default()
    }
}

/// Operations of [`interpreter`].
const OPERATIONS: usize = 80;

/// An interpreter's loop: a byte says which of many operations comes next, and they write all registers. So
/// many accesses keep some registers in memory, and so many operations keep others out of it. The byte's
/// top bit leaves out the operation's first instruction, so that the jump goes closely behind a target.
fn interpreter() -> Program {
    let mut lines = vec![
        "li s0, 0x20000
        li s1, 0x22000
    next:
        lbu a0, 0(s0)
        addi s0, s0, 1
        srli t2, a0, 7
        slli t2, t2, 2
        andi a0, a0, 0x7f
        slli a0, a0, 2
        la t0, table
        add t1, t0, a0
        lw t1, 0(t1)
        add t1, t1, t2
        jr t1"
            .to_string(),
    ];
    for operation in 0..OPERATIONS {
        lines.push(format!("o{operation}:"));
        for number in 0..20 {
            let (register, other) = (
                FREE[(operation * 11 + number) % 29],
                FREE[(operation + number * 7) % 29],
            );
            let at = (operation * 37 + number * 13) % 1200;
            lines.push(match (operation + number) % 4 {
                0 => format!("ld {register}, {at}(s1)"),
                1 => format!("sd {other}, {at}(s1)\nadd {register}, {register}, {other}"),
                2 => format!("lbu {register}, {at}(s1)"),
                _ => format!("sh {register}, {at}(s1)\nxor {other}, {other}, {register}"),
            });
            if number % 7 == 6 {
                lines.push(format!("bltu {register}, {other}, l{operation}_{number}"));
                lines.push(format!("addi {register}, {other}, {number}"));
                lines.push(format!("l{operation}_{number}:"));
            }
        }
        lines.push("j next".to_string());
    }
    lines.push("done:\nexit\n.data 0x20000".to_string());
    let order = (0..600).map(|turn| turn * turn % 83 * 7 % OPERATIONS);
    let skipping = order
        .enumerate()
        .map(|(turn, operation)| operation | usize::from(turn % 9 == 4) << 7);
    lines.extend(skipping.map(|byte| format!(".byte {byte}")));
    lines.push(format!(".byte {OPERATIONS}\n.data 0x21000\ntable:"));
    lines.extend((0..OPERATIONS).map(|operation| format!(".word o{operation}")));
    lines.push(".word done\n.data 0x22000".to_string());
    lines.extend((0..200u64).map(|n| format!(".dword {:#x}", (n + 1) * 0x0123_4567_89ab)));
    Program {
        name: "an interpreter".to_string(),
        elf: assemble(&lines.join("\n"))
            .unwrap_or_else(|error| panic!("{error}"))
            .elf(),
        ..Program::default()
    }
}

/// The limits at which programs are stopped: closely around some places, and now and then.
fn limits(cycles: u64) -> Vec<u64> {
    let mut limits: Vec<u64> = (0..40).map(|part| cycles * part / 40).collect();
    limits.extend((0..30).map(|less| cycles.saturating_sub(less)));
    limits.sort_unstable();
    limits.dedup();
    limits.push(PLENTY);
    limits
}

fn run(program: &Program, version: Version) {
    let (setup, modules) = (Setup::ckb(version), Modules::new());
    let run = |limits: &[u64]| {
        check(program, &setup, limits, &modules)
            .unwrap_or_else(|difference| panic!("{version:?}: {difference}"))
    };
    let whole = run(&[PLENTY]);
    let cycles = whole.asm.as_ref().map_or(0, |outcome| outcome.cycles);
    assert!(whole.verdict().is_exit(), "{}", whole.verdict());
    assert!(
        whole.native_cycles() * 2 > cycles,
        "{} of {cycles}",
        whole.native_cycles()
    );
    run(&limits(cycles));
}

#[test]
fn registers_that_live_in_memory() {
    // Below and above the bound of exits times registers, and in several units.
    for (accesses, branches) in [(300, true), (900, true), (985, false), (3000, true)] {
        for version in [Version::V0, Version::V1, Version::V2] {
            run(&program(accesses, branches), version);
        }
    }
}

#[test]
fn registers_that_an_interpreter_keeps() {
    for version in [Version::V0, Version::V1, Version::V2] {
        run(&interpreter(), version);
    }
}
