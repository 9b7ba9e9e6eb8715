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

/// Sweeps a code region. A constant that the next instruction overwrites (as `addi` overwrites the result
/// of `lui`) is a part of an address and is not recorded.
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
        if let Some((reg, value)) = last.take()
            && reg != inst.rd
        {
            found.addresses.insert(value);
        }
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
        analysis.step(&inst, pc);
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
