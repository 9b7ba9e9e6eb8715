//! One pass over a code region from its start: what its constants and its jumps say about where code is.
//!
//! Instruction by instruction, whatever it may be: data decodes to nonsense, which costs a little
//! code and no more. What is known of registers is forgotten at every jump.

use std::collections::BTreeSet;

use lockstep_isa::{Effect, Primitives, Reg, decode};

use crate::code_region::CodeRegion;
use crate::record::{Abstract, Flow, Recorder};

/// Instructions behind an address that a computed jump may be aimed at.
const UNROLLED: usize = 64;

/// Bytes that a function may skip behind its return address.
const SKIP: i32 = 8;

/// What a sweep finds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sweep {
    /// Addresses, in the code region or in data, that the code region computes from constants; and those it calls:
    /// who starts in the middle of a program, as a resumed machine does, finds the rest by them.
    pub addresses: BTreeSet<u64>,
    /// Instructions in straight code that a jump to *a known address plus something* may be aimed
    /// at, as in unrolled loops.
    pub unrolled: BTreeSet<u64>,
    /// How far behind the return address functions return: `jalr zero, 4(ra)` skips an instruction
    /// of the caller.
    pub skips: BTreeSet<u64>,
}

/// Sweeps a code region. A value that the next instruction builds upon (`lui` before `addi`) is only half an
/// address and does not count.
pub(crate) fn sweep(region: &CodeRegion<'_>) -> Sweep {
    let mut found = Sweep::default();
    let mut recorder = Recorder::new(region.profile.xlen);
    let mut last: Option<(Reg, u64)> = None;
    let mut pc = region.base;
    while pc < region.end() {
        let Ok(inst) = decode(&mut region.code(), pc, region.profile) else {
            recorder = Recorder::new(region.profile.xlen);
            pc += 2;
            continue;
        };
        if let Some((reg, value)) = last.take()
            && reg != inst.rd
        {
            found.addresses.insert(value);
        }
        if let (Effect::JumpTo, Abstract::Rooted { offset, .. }) =
            (inst.op.effect(), recorder.get(inst.rs1))
        {
            let target = offset.wrapping_add(i64::from(inst.imm) as u64);
            if !found.unrolled.contains(&target) {
                found.unrolled.extend(straight(region, target));
            }
            let returns = inst.rs1 == Reg::RA && inst.rd == Reg::ZERO;
            if returns && (2..=SKIP).contains(&inst.imm) {
                found.skips.insert(inst.imm as u64);
            }
        }
        recorder.step(&inst, pc);
        pc += u64::from(inst.len);
        match (inst.op.effect(), recorder.get(inst.rd)) {
            (Effect::Next, Abstract::Known(value)) if value != 0 && value < region.memory_size => {
                last = Some((inst.rd, value));
            }
            (Effect::Next | Effect::Fence | Effect::Branch, _) => {}
            _ => {
                if let (Flow::Static(callee), true) = (recorder.flow, recorder.links) {
                    found.addresses.insert(callee);
                }
                recorder = Recorder::new(region.profile.xlen);
            }
        }
        // Nothing here reads them.
        recorder.accesses.clear();
    }
    found
}

/// The instructions from an address in the code region to the next that ends a trace.
fn straight(region: &CodeRegion<'_>, from: u64) -> Vec<u64> {
    let mut pcs = Vec::new();
    let mut pc = from;
    while region.may_start(pc) && pcs.len() < UNROLLED {
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
