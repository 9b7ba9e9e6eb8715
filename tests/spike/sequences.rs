//! Random sequences of instructions with branches ahead, for Spike: what a single instruction does is
//! in the grid; here their order, their registers and the way through them are random.
//!
//! Spike's memory begins where our text does and knows no page flags, so pointers stay pointers here
//! and point into data. Everything else is as in the random programs that CKB-VM runs.

use lockstep_isa::Op;
use lockstep_isa::table::Ext;

use lockstep_test_support::programs::operands::{compressed, plain};
use lockstep_test_support::programs::source::pick_word;
use lockstep_test_support::random::Random;

/// Instructions of a program.
const LENGTH: i64 = 300;
/// What holds addresses, by name and number.
const POINTERS: [(&str, usize); 5] = [("s0", 8), ("s1", 9), ("t3", 28), ("t4", 29), ("sp", 2)];

/// A program and the registers that it starts with.
pub(crate) fn generate(random: &mut Random) -> (String, Vec<(usize, u64)>) {
    let mut lines = vec![".text 0x10000".to_string()];
    for number in 0..LENGTH {
        lines.push(format!("l{number}:"));
        lines.push(line(number, random));
    }
    lines.extend([
        format!("l{LENGTH}:"),
        "exit".to_string(),
        ".data 0x20000".to_string(),
    ]);
    lines.extend((0..512).map(|_| format!(".dword {:#x}", pick_word(random))));
    let mut registers: Vec<(usize, u64)> = [1, 5, 6, 10, 11, 12, 13, 14, 15, 16, 18]
        .map(|register| (register, pick_word(random)))
        .to_vec();
    for (_, register) in POINTERS {
        registers.push((register, 0x2_0100 + 8 * random.below(400)));
    }
    (lines.join("\n"), registers)
}

/// An instruction that leaves the pointers alone and goes ahead, if anywhere.
fn line(number: i64, random: &mut Random) -> String {
    loop {
        let line = match random.one_in(3) {
            true => compressed(random, number, LENGTH),
            false => plain(pick_op(random), random, number, LENGTH),
        };
        let (name, operands) = line.split_once(' ').unwrap_or((&line, ""));
        let first = operands.split(',').next().unwrap_or_default();
        let writes_pointer = POINTERS.iter().any(|(pointer, _)| first == *pointer);
        let target = operands.rsplit([' ', ',']).next().unwrap_or_default();
        let is_back = target
            .strip_prefix('l')
            .and_then(|label| label.parse::<i64>().ok())
            .is_some_and(|label| label <= number);
        let is_wild = name == "jalr" || is_misaligned(name, operands);
        if !writes_pointer && !is_back && !is_wild {
            return line;
        }
    }
}

/// Atomics take the pointers as they are, which are aligned; nothing to leave out but what `plain`
/// may come to do otherwise.
fn is_misaligned(name: &str, operands: &str) -> bool {
    let is_atomic = name.starts_with("amo") || name.starts_with("lr.") || name.starts_with("sc.");
    let at_pointer = POINTERS
        .iter()
        .any(|(pointer, _)| operands.ends_with(&format!("({pointer})")));
    is_atomic && !at_pointer
}

fn pick_op(random: &mut Random) -> Op {
    loop {
        let op = random.pick(Op::ALL);
        // A breakpoint is a trap in Spike, which ends a load reservation; here it does not.
        if op.row().ext != Ext::Mop && op != Op::JalrLinkFirst && op != Op::Ebreak {
            return op;
        }
    }
}
