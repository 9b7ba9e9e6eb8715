//! Constant folding: arithmetic on numbers that are known while translating.
//!
//! It has the operations that compute addresses and constants. Folding more would gain nothing, because
//! the guest's compiler has done it. The abstract interpreter and the lifter share these functions, so
//! that both know the same constants. The primitives' tests cover them through the lifter.

use lockstep_isa::{Cond, Extend, Size, Width, Xlen};

/// What a register holds after an operation of this width computed `value`.
pub(crate) fn fit(width: Width, value: u64) -> u64 {
    match width {
        Width::Full => value,
        Width::Word => value as i32 as u64,
    }
}

/// The address at this offset from a pc. The sum wraps at the register's width.
pub(crate) fn target(xlen: Xlen, pc: u64, offset: i32) -> u64 {
    let target = pc.wrapping_add(i64::from(offset) as u64);
    match xlen {
        Xlen::X32 => u64::from(target as u32),
        Xlen::X64 => target,
    }
}

pub(crate) fn add(width: Width, a: u64, b: u64) -> u64 {
    fit(width, a.wrapping_add(b))
}

pub(crate) fn sub(width: Width, a: u64, b: u64) -> u64 {
    fit(width, a.wrapping_sub(b))
}

pub(crate) fn sll(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a << (amount & 63),
        Width::Word => fit(width, a << (amount & 31)),
    }
}

pub(crate) fn srl(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a >> (amount & 63),
        Width::Word => fit(width, u64::from(a as u32 >> (amount & 31))),
    }
}

pub(crate) fn extend(how: Extend, size: Size, a: u64) -> u64 {
    match (how, size) {
        (Extend::Sign, Size::B) => a as i8 as u64,
        (Extend::Sign, Size::H) => a as i16 as u64,
        (Extend::Sign, Size::W) => a as i32 as u64,
        (Extend::Zero, Size::B) => u64::from(a as u8),
        (Extend::Zero, Size::H) => u64::from(a as u16),
        (Extend::Zero, Size::W) => u64::from(a as u32),
        (_, Size::D) => a,
    }
}

pub(crate) fn holds(cond: Cond, a: u64, b: u64) -> bool {
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Lt => (a as i64) < b as i64,
        Cond::Ge => a as i64 >= b as i64,
        Cond::Ltu => a < b,
        Cond::Geu => a >= b,
    }
}
