//! Meanings of branches, jumps, fences and calls to the host.
//!
//! Every target is checked when it is fetched, never here. Links are written before control moves,
//! and sources are read before links are written, but for one instruction of version 0.

use super::Cond::{Eq, Ge, Geu, Lt, Ltu, Ne};
use super::Width::Full;
use super::{Cond, Machine, displaced, immediate, registers};
use crate::inst::Inst;

pub(super) fn beq<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Eq)
}

pub(super) fn bne<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ne)
}

pub(super) fn blt<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Lt)
}

pub(super) fn bge<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ge)
}

pub(super) fn bltu<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Ltu)
}

pub(super) fn bgeu<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    branch(inst, m, Geu)
}

pub(super) fn jal<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    link(inst, m);
    m.jump(inst.imm);
    Ok(())
}

pub(super) fn jalr<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let (base, offset) = displaced(inst, m);
    let target = target(m, base, offset);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// Version 0: where `rd` is `rs1`, the jump is relative to the link.
pub(super) fn jalr_link_first<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    link(inst, m);
    let (base, offset) = displaced(inst, m);
    let target = target(m, base, offset);
    m.jump_to(target);
    Ok(())
}

/// Fused `lui` and `jalr`: fusion has computed the target. The register that `lui` names is not
/// written, which shows only in version 1, where it may be another than `ra`.
pub(super) fn far_jump_abs<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let target = immediate(inst, m);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// Fused `auipc` and `jalr`: fusion has added the immediates. As with the absolute form, the
/// register that `auipc` names is not written.
pub(super) fn far_jump_rel<M: Machine>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    let pc = m.pc();
    let target = target(m, pc, inst.imm);
    link(inst, m);
    m.jump_to(target);
    Ok(())
}

/// `fence` and `fence.i`: one thread, and code that cannot be rewritten, leave nothing to order.
pub(super) fn fence<M: Machine>(_: &Inst, _: &mut M) -> Result<(), M::Stop> {
    Ok(())
}

pub(super) fn ecall<M: Machine>(_: &Inst, m: &mut M) -> Result<(), M::Stop> {
    m.ecall()
}

pub(super) fn ebreak<M: Machine>(_: &Inst, m: &mut M) -> Result<(), M::Stop> {
    m.ebreak()
}

#[inline]
fn branch<M: Machine>(inst: &Inst, m: &mut M, cond: Cond) -> Result<(), M::Stop> {
    let (a, b) = registers(inst, m);
    m.branch(cond, a, b, inst.imm);
    Ok(())
}

/// Writes the address after this instruction to `rd`.
#[inline]
fn link<M: Machine>(inst: &Inst, m: &mut M) {
    let next = m.next_pc();
    m.set(inst.rd, next);
}

/// A sum without its lowest bit.
#[inline]
fn target<M: Machine>(m: &mut M, base: M::Word, offset: i32) -> M::Word {
    let offset = m.constant(i64::from(offset) as u64);
    let sum = m.add(Full, base, offset);
    let even = m.constant(!1);
    m.and(sum, even)
}
