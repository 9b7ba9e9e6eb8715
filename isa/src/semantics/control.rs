//! Meanings of branches, jumps, fences and calls to the host.
//!
//! No target is checked here: a bad one fails when code is fetched from it. A jump reads its source
//! register, then writes the link register, then moves control. `jalr` of version 0 is the exception:
//! it writes the link register first.

use super::operands::{displaced, immediate, registers};
use super::primitives::Cond::{Eq, Ge, Geu, Lt, Ltu, Ne};
use super::primitives::Width::Full;
use super::primitives::{Cond, Primitives};
use crate::inst::Inst;

pub(super) fn beq<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Eq)
}

pub(super) fn bne<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ne)
}

pub(super) fn blt<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Lt)
}

pub(super) fn bge<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ge)
}

pub(super) fn bltu<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ltu)
}

pub(super) fn bgeu<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Geu)
}

pub(super) fn jal<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    link(inst, m);
    m.jump(inst.imm);
    Ok(())
}

pub(super) fn jalr<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let (base, offset) = displaced(inst, m);
    let target = target(m, base, offset);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// `jalr` of version 0. Where `rd` is `rs1`, the target is computed from the new link address.
pub(super) fn jalr_link_first<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    link(inst, m);
    let (base, offset) = displaced(inst, m);
    let target = target(m, base, offset);
    m.jump_to(target);
    Ok(())
}

/// Fused `lui` and `jalr`. Fusion has computed the target. The register that `lui` names is not
/// written. A guest can observe that in version 1 only, where the register may differ from `ra`.
pub(super) fn far_jump_abs<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let target = immediate(inst, m);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// Fused `auipc` and `jalr`. Fusion has added the immediates. As in [`far_jump_abs`], the register
/// that `auipc` names is not written.
pub(super) fn far_jump_rel<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let pc = m.pc();
    let target = target(m, pc, inst.imm);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// `fence` and `fence.i` do nothing: a guest has one thread, and it cannot rewrite its code.
pub(super) fn fence<M: Primitives>(_: &Inst, _: &mut M) -> Result<(), M::Stop> {
    Ok(())
}

pub(super) fn ecall<M: Primitives>(_: &Inst, m: &mut M) -> Result<(), M::Stop> {
    m.ecall()
}

pub(super) fn ebreak<M: Primitives>(_: &Inst, m: &mut M) -> Result<(), M::Stop> {
    m.ebreak()
}

#[inline]
fn branch<M: Primitives>(inst: &Inst, m: &mut M, cond: Cond) -> Result<(), M::Stop> {
    let (a, b) = registers(inst, m);
    m.branch(cond, a, b, inst.imm);
    Ok(())
}

/// Writes the address after this instruction to `rd`.
#[inline]
fn link<M: Primitives>(inst: &Inst, m: &mut M) {
    let next = m.next_pc();
    m.set(inst.rd, next);
}

/// The sum with bit 0 cleared.
#[inline]
fn target<M: Primitives>(m: &mut M, base: M::Word, offset: i32) -> M::Word {
    let offset = m.constant(i64::from(offset) as u64);
    let sum = m.add(Full, base, offset);
    let even = m.constant(!1);
    m.and(sum, even)
}
