//! A linear sweep over a code region: what its constants and its jumps tell about where code is.
//!
//! The sweep decodes one instruction after the other from the start of the region and runs the abstract
//! interpreter on them. It forgets the registers at every jump. Data between the functions decodes to
//! meaningless instructions; what they seem to tell costs a little code and is otherwise harmless. The
//! sweep forms no blocks: discovery does, from what the sweep found.

use std::collections::BTreeSet;

use lockstep_isa::{Effect, Primitives, Reg, decode};

use crate::abstract_interpreter::{AbstractInterpreter, AbstractWord, Flow};
use crate::code_region::CodeRegion;

/// How many instructions from a known address on a computed jump may go to.
const UNROLLED_INSTRUCTIONS: usize = 64;

/// The most bytes behind the return address at which a function may return.
const RETURN_SKIP_BYTES: i32 = 8;

/// What a sweep finds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    /// Addresses in code or data that the code computes from constants, and addresses that it calls. A
    /// machine that is resumed in the middle of a program finds the rest of the program by them.
    pub addresses: BTreeSet<u64>,
    /// Addresses of instructions in straight-line code that a jump to a known address plus an unknown
    /// distance may go to, as a jump into an unrolled loop does.
    pub unrolled: BTreeSet<u64>,
    /// Distances in bytes behind the return address at which functions return: `jalr zero, 4(ra)` return_skips
    /// an instruction of the caller.
    pub return_skips: BTreeSet<u64>,
}

/// Sweeps a code region. A constant that the next instruction overwrites with another constant (as `addi`
/// overwrites the result of `lui`), or with what it loads from there, is a part of an address and is not recorded.
/// If the next instruction adds an unknown index to it in the same register, it is the address of a table.
pub(crate) fn sweep(region: &CodeRegion<'_>) -> Sweep {
    let mut found = Sweep::default();
    let mut analysis = AbstractInterpreter::new(region.profile.xlen);
    let mut last: Option<(Reg, u64)> = None;
    let mut pc = region.base;
    while pc < region.end() {
        let Ok(inst) = decode(&mut region.code(), pc, region.profile) else {
            analysis = AbstractInterpreter::new(region.profile.xlen);
            pc = pc.saturating_add(2);
            continue;
        };
        if let (Effect::JumpTo, AbstractWord::Rooted { offset, .. }) =
            (inst.op.effect(), analysis.get(inst.rs1))
        {
            let target = offset.wrapping_add(i64::from(inst.imm) as u64);
            if !found.unrolled.contains(&target) {
                found.unrolled.extend(straight(region, target));
            }
            let returns = inst.rs1 == Reg::RA && inst.rd == Reg::ZERO;
            if returns && (2..=RETURN_SKIP_BYTES).contains(&inst.imm) {
                found.return_skips.insert(inst.imm as u64);
            }
        }
        let before = last.take();
        analysis.step(&inst, pc);
        let indexes = analysis.accesses.is_empty()
            && !matches!(analysis.get(inst.rd), AbstractWord::Known(_));
        if let Some((reg, value)) = before
            && (reg != inst.rd || indexes)
        {
            found.addresses.insert(value);
        }
        pc = pc.saturating_add(u64::from(inst.len));
        match (inst.op.effect(), analysis.get(inst.rd)) {
            (Effect::Next, AbstractWord::Known(value))
                if value != 0 && value < region.memory_size =>
            {
                last = Some((inst.rd, value));
            }
            (Effect::Next | Effect::Fence | Effect::Branch, _) => {}
            _ => {
                // A jump by register to a known place is a tail call. Compilers spell it so where the linker does
                // not shorten it; within a function their jumps reach by themselves.
                let tail_call = inst.op.effect() == Effect::JumpTo;
                if let Flow::Static(target) = analysis.flow
                    && (analysis.links || tail_call)
                {
                    found.addresses.insert(target);
                }
                analysis = AbstractInterpreter::new(region.profile.xlen);
            }
        }
        // The sweep does not use them, and the list would only grow.
        analysis.accesses.clear();
    }
    found
}

/// The addresses of the instructions from an address on, up to the next that ends a trace.
fn straight(region: &CodeRegion<'_>, from: u64) -> Vec<u64> {
    let mut pcs = Vec::new();
    let mut pc = from;
    while region.may_start(pc) && pcs.len() < UNROLLED_INSTRUCTIONS {
        let Ok(inst) = decode(&mut region.code(), pc, region.profile) else {
            break;
        };
        pcs.push(pc);
        if inst.op.effect().ends_trace() {
            break;
        }
        pc += u64::from(inst.len);
    }
    pcs
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_isa::{Cost, Inst, Op, Profile, Version, encode::encode};

    const BASE: u64 = 0x1_0000;

    fn inst(op: Op, rd: Reg, rs1: Reg, rs2: Reg, imm: i32) -> Inst {
        Inst {
            rd,
            rs1,
            rs2,
            imm,
            ..Inst::bare(op, 4)
        }
    }

    /// What the sweep of this code finds.
    fn addresses(code: &[Inst]) -> BTreeSet<u64> {
        let words = code.iter().map(|inst| encode(inst).unwrap());
        let mut bytes: Vec<u8> = words.flat_map(u32::to_le_bytes).collect();
        bytes.resize(4096, 0);
        let region = CodeRegion {
            profile: Profile::of(Version::V2),
            cost: Cost::Estimate,
            memory_size: 4 << 20,
            base: BASE,
            bytes: &bytes,
        };
        sweep(&region).addresses
    }

    /// `a2` is 0x20010, and then something else in the same register.
    fn constant_and(next: Inst) -> BTreeSet<u64> {
        let a2 = Reg::new(12);
        addresses(&[
            inst(Op::Lui, a2, Reg::ZERO, Reg::ZERO, 0x20000),
            inst(Op::Addi, a2, a2, Reg::ZERO, 0x10),
            next,
            Inst::bare(Op::Ecall, 4),
        ])
    }

    #[test]
    fn a_table_whose_index_is_added_in_the_same_register_is_found() {
        let a2 = Reg::new(12);
        for op in [Op::Add, Op::Sh2add, Op::Sh3add] {
            let found = constant_and(inst(op, a2, Reg::A0, a2, 0));
            assert_eq!(found.into_iter().collect::<Vec<u64>>(), [0x20010], "{op:?}");
        }
    }

    #[test]
    fn parts_of_an_address_are_not_found() {
        let a2 = Reg::new(12);
        let found = constant_and(inst(Op::Lw, a2, a2, Reg::ZERO, 4));
        assert!(found.is_empty(), "{found:x?}");
        let found = constant_and(inst(Op::Addi, a2, a2, Reg::ZERO, 4));
        assert_eq!(found.into_iter().collect::<Vec<u64>>(), [0x20014]);
    }
}
