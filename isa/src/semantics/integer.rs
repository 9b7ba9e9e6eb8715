//! Meanings of the base integer instructions: arithmetic, loads and stores.
//!
//! Jumps and branches are in `control`.

use super::operands::{displaced, immediate, register_immediate, registers, results};
use super::primitives::Cond::{Lt, Ltu};
use super::primitives::Extend::{Sign, Zero};
use super::primitives::Size::{B, D, H, W};
use super::primitives::Width::{Full, Word};
use super::primitives::{Primitives, Size};
use crate::inst::Inst;

results! {
    lui: immediate |m, value| value;
    auipc: immediate |m, upper| { let pc = m.pc(); m.add(Full, pc, upper) };
    // Fused `lui` and `addiw`, or `auipc` and `addi`: fusion has computed the value.
    load_imm: immediate |m, value| value;

    add: registers |m, (a, b)| m.add(Full, a, b);
    addi: register_immediate |m, (a, b)| m.add(Full, a, b);
    addw: registers |m, (a, b)| m.add(Word, a, b);
    addiw: register_immediate |m, (a, b)| m.add(Word, a, b);
    sub: registers |m, (a, b)| m.sub(Full, a, b);
    subw: registers |m, (a, b)| m.sub(Word, a, b);

    and: registers |m, (a, b)| m.and(a, b);
    andi: register_immediate |m, (a, b)| m.and(a, b);
    or: registers |m, (a, b)| m.or(a, b);
    ori: register_immediate |m, (a, b)| m.or(a, b);
    xor: registers |m, (a, b)| m.xor(a, b);
    xori: register_immediate |m, (a, b)| m.xor(a, b);

    slt: registers |m, (a, b)| m.compare(Lt, a, b);
    slti: register_immediate |m, (a, b)| m.compare(Lt, a, b);
    sltu: registers |m, (a, b)| m.compare(Ltu, a, b);
    sltiu: register_immediate |m, (a, b)| m.compare(Ltu, a, b);

    sll: registers |m, (a, b)| m.sll(Full, a, b);
    slli: register_immediate |m, (a, b)| m.sll(Full, a, b);
    sllw: registers |m, (a, b)| m.sll(Word, a, b);
    slliw: register_immediate |m, (a, b)| m.sll(Word, a, b);
    srl: registers |m, (a, b)| m.srl(Full, a, b);
    srli: register_immediate |m, (a, b)| m.srl(Full, a, b);
    srlw: registers |m, (a, b)| m.srl(Word, a, b);
    srliw: register_immediate |m, (a, b)| m.srl(Word, a, b);
    sra: registers |m, (a, b)| m.sra(Full, a, b);
    srai: register_immediate |m, (a, b)| m.sra(Full, a, b);
    sraw: registers |m, (a, b)| m.sra(Word, a, b);
    sraiw: register_immediate |m, (a, b)| m.sra(Word, a, b);

    lb: displaced |m, (base, offset)| m.load(base, offset, B, Sign)?;
    lh: displaced |m, (base, offset)| m.load(base, offset, H, Sign)?;
    lw: displaced |m, (base, offset)| m.load(base, offset, W, Sign)?;
    ld: displaced |m, (base, offset)| m.load(base, offset, D, Sign)?;
    lbu: displaced |m, (base, offset)| m.load(base, offset, B, Zero)?;
    lhu: displaced |m, (base, offset)| m.load(base, offset, H, Zero)?;
    lwu: displaced |m, (base, offset)| m.load(base, offset, W, Zero)?;
}

pub(super) fn sb<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    store(inst, m, B)
}

pub(super) fn sh<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    store(inst, m, H)
}

pub(super) fn sw<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    store(inst, m, W)
}

pub(super) fn sd<M: Primitives>(inst: &Inst, m: &mut M) -> Result<(), M::Stop> {
    store(inst, m, D)
}

#[inline]
fn store<M: Primitives>(inst: &Inst, m: &mut M, size: Size) -> Result<(), M::Stop> {
    let (base, value) = registers(inst, m);
    m.store(base, inst.imm, size, value)
}
