//! What the generators reach: how often each row of the instruction table runs, fused ones included,
//! in the programs of each kind.
//!
//! The interpreter runs a trace at a time, and what stands in it is decoded here beside it. A trace
//! that fails in the middle counts as a whole.

use std::cell::Cell;
use std::fmt::Write as _;

use lockstep_isa::decode::{Code, decode};
use lockstep_isa::table::Base;
use lockstep_isa::{Op, Profile};
use lockstep_runtime::Core;

use lockstep_test_support::ours::Ours;
use lockstep_test_support::outcome::Verdict;
use lockstep_test_support::programs::campaign::{TIERS, program};
use lockstep_test_support::programs::source::Source;
use lockstep_test_support::programs::start::{Entry, Start};

/// Where programs are stopped: each instruction of a loop need not be counted for ever.
const PLENTY: u64 = 4_000;
/// Entries of a trace.
const ENTRIES: usize = 16;

/// How often each operation ran.
type Counts = [u64; Op::COUNT];

/// The operations of 64-bit machines.
fn rows() -> impl Iterator<Item = Op> {
    let wide = |op: &Op| op.row().base != Base::Rv32;
    Op::ALL.iter().copied().filter(wide)
}

/// Counts over so many programs of each kind; a table with a line for each row.
pub(crate) fn table(programs: u64) -> Vec<(Op, [u64; TIERS.len()])> {
    let counts: Vec<Counts> = (TIERS.iter())
        .map(|tier| {
            let mut counts = [0; Op::COUNT];
            for seed in 1..=programs {
                count(&program(tier, None, seed), &mut counts);
            }
            counts
        })
        .collect();
    let of = |op: Op| std::array::from_fn(|tier| counts[tier][op.index()]);
    rows().map(|op| (op, of(op))).collect()
}

/// The table as a file.
pub(crate) fn file(programs: u64, table: &[(Op, [u64; TIERS.len()])]) -> String {
    let names: Vec<&str> = TIERS.iter().map(|tier| tier.name).collect();
    let mut text = format!("{programs} programs each\t{}\n", names.join("\t"));
    for (op, counts) in table {
        let counts: Vec<String> = counts.iter().map(u64::to_string).collect();
        // Writing to a string does not fail.
        let _ = writeln!(text, "{}\t{}", op.mnemonic(), counts.join("\t"));
    }
    text
}

/// Runs a program on the interpreter, and counts what it runs.
fn count(source: &Source, counts: &mut Counts) {
    let setup = &source.setup;
    let assembly = source.assembly().expect("the generators write assembly");
    let start = match source.entry {
        Entry::Pages => Start::pages(&assembly, &source.registers, setup),
        // A snapshot is of the same program.
        Entry::File | Entry::Resumed => Start::file(&assembly, &source.registers),
    };
    let mut core = Core::new(setup.profile, setup.memory_size, u64::MAX)
        .expect("the generators ask for valid memory sizes");
    let Ok(loaded) = start.put_ours(&mut core) else {
        return;
    };
    let mut ours = Ours::over(core, loaded, setup, None);
    loop {
        let trace = trace(ours.core(), setup.profile);
        let before = ours.cycles();
        // It is asked before it looks for an engine, before the first trace, and before the second.
        let asked = Cell::new(0);
        let verdict = ours.run_with_pause(PLENTY, &|| {
            asked.set(asked.get() + 1);
            asked.get() > 2
        });
        if ours.cycles() > before {
            for op in trace {
                counts[op.index()] += 1;
            }
        }
        if verdict != Verdict::Fault("Pause".to_string()) {
            return;
        }
    }
}

/// The operations of the trace at the pc; none where it cannot be decoded.
fn trace(core: &Core, profile: Profile) -> Vec<Op> {
    let mut code = Code::new(0, core.memory().as_bytes());
    // Where a version runs aliases of the low half of the address space, it is their code.
    let mut pc = match profile.version.trace_alias_low_32_bits() {
        true => core.pc() & u64::from(u32::MAX),
        false => core.pc(),
    };
    let mut trace = Vec::new();
    while trace.len() < ENTRIES {
        let Ok(inst) = decode(&mut code, pc, profile) else {
            return Vec::new();
        };
        trace.push(inst.op);
        pc = pc.wrapping_add(u64::from(inst.len));
        if inst.op.effect().ends_trace() {
            break;
        }
    }
    trace
}
