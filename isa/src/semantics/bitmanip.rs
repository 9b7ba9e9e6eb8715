//! Meanings of the bit-manipulation instructions: Zba, Zbb, Zbc and Zbs.
//!
//! An instruction that is a combination of simpler operations is written as one here. Only what a host
//! does better as a whole, such as counting zeros, is a primitive.

use super::operands::{register, register_immediate, registers, results};
use super::primitives::Cond::{Ge, Geu, Lt, Ltu};
use super::primitives::Extend::{Sign, Zero};
use super::primitives::Primitives;
use super::primitives::Size::{B, H, W};
use super::primitives::Width::{Full, Word};

results! {
    add_uw: registers |m, (a, b)| shifted_sum(m, Source::Word, a, 0, b);
    sh1add: registers |m, (a, b)| shifted_sum(m, Source::Full, a, 1, b);
    sh2add: registers |m, (a, b)| shifted_sum(m, Source::Full, a, 2, b);
    sh3add: registers |m, (a, b)| shifted_sum(m, Source::Full, a, 3, b);
    sh1add_uw: registers |m, (a, b)| shifted_sum(m, Source::Word, a, 1, b);
    sh2add_uw: registers |m, (a, b)| shifted_sum(m, Source::Word, a, 2, b);
    sh3add_uw: registers |m, (a, b)| shifted_sum(m, Source::Word, a, 3, b);
    slli_uw: register_immediate |m, (a, amount)| {
        let a = m.extend(Zero, W, a);
        m.sll(Full, a, amount)
    };

    andn: registers |m, (a, b)| { let b = m.not(b); m.and(a, b) };
    orn: registers |m, (a, b)| { let b = m.not(b); m.or(a, b) };
    xnor: registers |m, (a, b)| { let b = m.not(b); m.xor(a, b) };
    clz: register |m, a| m.clz(Full, a);
    clzw: register |m, a| m.clz(Word, a);
    // RV32: CKB-VM counts the leading zeros of the register extended to 64 bits and subtracts 32.
    clzw_short: register |m, a| {
        let zeros = m.clz(Full, a);
        let excess = m.constant(32);
        m.sub(Full, zeros, excess)
    };
    ctz: register |m, a| m.ctz(Full, a);
    ctzw: register |m, a| m.ctz(Word, a);
    cpop: register |m, a| m.cpop(Full, a);
    cpopw: register |m, a| m.cpop(Word, a);
    sext_b: register |m, a| m.extend(Sign, B, a);
    sext_h: register |m, a| m.extend(Sign, H, a);
    zext_h: register |m, a| m.extend(Zero, H, a);
    min: registers |m, (a, b)| m.select(Lt, a, b, a, b);
    minu: registers |m, (a, b)| m.select(Ltu, a, b, a, b);
    max: registers |m, (a, b)| m.select(Ge, a, b, a, b);
    maxu: registers |m, (a, b)| m.select(Geu, a, b, a, b);
    rol: registers |m, (a, amount)| m.rol(Full, a, amount);
    rolw: registers |m, (a, amount)| m.rol(Word, a, amount);
    ror: registers |m, (a, amount)| m.ror(Full, a, amount);
    rori: register_immediate |m, (a, amount)| m.ror(Full, a, amount);
    rorw: registers |m, (a, amount)| m.ror(Word, a, amount);
    roriw: register_immediate |m, (a, amount)| m.ror(Word, a, amount);
    orc_b: register |m, a| m.orc_b(a);
    rev8: register |m, a| m.rev8(a);

    clmul: registers |m, (a, b)| m.clmul(a, b);
    clmulh: registers |m, (a, b)| m.clmulh(a, b);
    clmulr: registers |m, (a, b)| m.clmulr(a, b);

    bclr: registers |m, (a, at)| { let bit = bit(m, at); let rest = m.not(bit); m.and(a, rest) };
    bclri: register_immediate |m, (a, at)| { let bit = bit(m, at); let rest = m.not(bit); m.and(a, rest) };
    bext: registers |m, (a, at)| extract(m, a, at);
    bexti: register_immediate |m, (a, at)| extract(m, a, at);
    binv: registers |m, (a, at)| { let bit = bit(m, at); m.xor(a, bit) };
    binvi: register_immediate |m, (a, at)| { let bit = bit(m, at); m.xor(a, bit) };
    bset: registers |m, (a, at)| { let bit = bit(m, at); m.or(a, bit) };
    bseti: register_immediate |m, (a, at)| { let bit = bit(m, at); m.or(a, bit) };
}

/// How much of the first source an instruction of Zba uses.
enum Source {
    Full,
    Word,
}

/// `b + (a << amount)`, with the whole of `a` or its low word.
#[inline]
fn shifted_sum<M: Primitives>(
    m: &mut M,
    source: Source,
    a: M::Word,
    amount: u64,
    b: M::Word,
) -> M::Word {
    let a = match source {
        Source::Full => a,
        Source::Word => m.extend(Zero, W, a),
    };
    let shifted = match amount {
        0 => a,
        _ => {
            let amount = m.constant(amount);
            m.sll(Full, a, amount)
        }
    };
    m.add(Full, shifted, b)
}

/// A word in which the bit at position `at`, modulo the register's width, is the only one set.
#[inline]
fn bit<M: Primitives>(m: &mut M, at: M::Word) -> M::Word {
    let one = m.constant(1);
    m.sll(Full, one, at)
}

/// The bit of `a` at position `at`, as 0 or 1.
#[inline]
fn extract<M: Primitives>(m: &mut M, a: M::Word, at: M::Word) -> M::Word {
    let shifted = m.srl(Full, a, at);
    let one = m.constant(1);
    m.and(shifted, one)
}
