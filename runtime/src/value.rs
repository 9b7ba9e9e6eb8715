//! Arithmetic on 64-bit words, as the primitives of the instruction set define it.
//!
//! Pure functions, no machine. Where a width is given, `Width::Word` takes the low 32 bits and
//! sign-extends the 32-bit result. Everything wraps; division has the results that the RISC-V
//! specification gives for zero and for overflow.

use lockstep_isa::{Amo, Cond, Extend, Size, Width};

/// The low 32 bits, sign-extended.
#[inline(always)]
pub fn word(a: u64) -> u64 {
    a as i32 as u64
}

/// A result of either width.
#[inline(always)]
fn fit(width: Width, a: u64) -> u64 {
    match width {
        Width::Full => a,
        Width::Word => word(a),
    }
}

/// a + b
#[inline(always)]
pub fn add(width: Width, a: u64, b: u64) -> u64 {
    fit(width, a.wrapping_add(b))
}

/// a - b
#[inline(always)]
pub fn sub(width: Width, a: u64, b: u64) -> u64 {
    fit(width, a.wrapping_sub(b))
}

/// Low half of the product.
#[inline(always)]
pub fn mul(width: Width, a: u64, b: u64) -> u64 {
    fit(width, a.wrapping_mul(b))
}

/// Shift left by the amount modulo the width.
#[inline(always)]
pub fn sll(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a.wrapping_shl(amount as u32),
        Width::Word => word(u64::from((a as u32).wrapping_shl(amount as u32))),
    }
}

/// Logical shift right by the amount modulo the width.
#[inline(always)]
pub fn srl(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a.wrapping_shr(amount as u32),
        Width::Word => word(u64::from((a as u32).wrapping_shr(amount as u32))),
    }
}

/// Arithmetic shift right by the amount modulo the width.
#[inline(always)]
pub fn sra(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => (a as i64).wrapping_shr(amount as u32) as u64,
        Width::Word => (a as i32).wrapping_shr(amount as u32) as u64,
    }
}

/// Rotate left by the amount modulo the width.
#[inline(always)]
pub fn rol(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a.rotate_left((amount % 64) as u32),
        Width::Word => word(u64::from((a as u32).rotate_left((amount % 32) as u32))),
    }
}

/// Rotate right by the amount modulo the width.
#[inline(always)]
pub fn ror(width: Width, a: u64, amount: u64) -> u64 {
    match width {
        Width::Full => a.rotate_right((amount % 64) as u32),
        Width::Word => word(u64::from((a as u32).rotate_right((amount % 32) as u32))),
    }
}

/// Whether the comparison holds.
#[inline(always)]
pub fn holds(cond: Cond, a: u64, b: u64) -> bool {
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Lt => (a as i64) < (b as i64),
        Cond::Ge => (a as i64) >= (b as i64),
        Cond::Ltu => a < b,
        Cond::Geu => a >= b,
    }
}

/// The low bytes, extended to a register.
#[inline(always)]
pub fn extend(how: Extend, size: Size, a: u64) -> u64 {
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

/// High half of the product, both signed.
#[inline(always)]
pub fn mulh(a: u64, b: u64) -> u64 {
    ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
}

/// High half of the product, both unsigned.
#[inline(always)]
pub fn mulhu(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

/// `a` signed, `b` unsigned: the unsigned product, less `b` in the high half where `a` is negative.
#[inline(always)]
pub fn mulhsu(a: u64, b: u64) -> u64 {
    let negative = if (a as i64) < 0 { b } else { 0 };
    mulhu(a, b).wrapping_sub(negative)
}

/// Signed quotient; by zero all ones; overflow: `a`.
#[inline(always)]
pub fn div(width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::Full if b == 0 => u64::MAX,
        Width::Full => (a as i64).wrapping_div(b as i64) as u64,
        Width::Word if b as u32 == 0 => u64::MAX,
        Width::Word => (a as i32).wrapping_div(b as i32) as u64,
    }
}

/// Unsigned quotient; by zero all ones.
#[inline(always)]
pub fn divu(width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::Full => a.checked_div(b).unwrap_or(u64::MAX),
        Width::Word => {
            let quotient = (a as u32).checked_div(b as u32).unwrap_or(u32::MAX);
            word(u64::from(quotient))
        }
    }
}

/// Signed remainder; by zero `a`; overflow: 0.
#[inline(always)]
pub fn rem(width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::Full if b == 0 => a,
        Width::Full => (a as i64).wrapping_rem(b as i64) as u64,
        Width::Word if b as u32 == 0 => word(a),
        Width::Word => (a as i32).wrapping_rem(b as i32) as u64,
    }
}

/// Unsigned remainder; by zero `a`.
#[inline(always)]
pub fn remu(width: Width, a: u64, b: u64) -> u64 {
    match width {
        Width::Full => a.checked_rem(b).unwrap_or(a),
        Width::Word => {
            let rest = (a as u32).checked_rem(b as u32).unwrap_or(a as u32);
            word(u64::from(rest))
        }
    }
}

/// Leading zeros within the width.
#[inline(always)]
pub fn clz(width: Width, a: u64) -> u64 {
    u64::from(match width {
        Width::Full => a.leading_zeros(),
        Width::Word => (a as u32).leading_zeros(),
    })
}

/// Trailing zeros within the width.
#[inline(always)]
pub fn ctz(width: Width, a: u64) -> u64 {
    u64::from(match width {
        Width::Full => a.trailing_zeros(),
        Width::Word => (a as u32).trailing_zeros(),
    })
}

/// Set bits within the width.
#[inline(always)]
pub fn cpop(width: Width, a: u64) -> u64 {
    u64::from(match width {
        Width::Full => a.count_ones(),
        Width::Word => (a as u32).count_ones(),
    })
}

/// Each byte becomes 0xff where it is not zero: the seven low bits carry into the eighth, which is
/// then spread.
#[inline(always)]
pub fn orc_b(a: u64) -> u64 {
    const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;
    let top = (((a & LOW) + LOW) | a) & !LOW;
    (top >> 7) * 0xff
}

/// The carry-less product, all 127 bits of it.
fn carryless(a: u64, b: u64) -> u128 {
    let mut product = 0;
    let mut shifted = u128::from(a);
    let mut rest = b;
    while rest != 0 {
        // All ones where the bit is set: no branch on data.
        product ^= shifted & 0u128.wrapping_sub(u128::from(rest & 1));
        shifted <<= 1;
        rest >>= 1;
    }
    product
}

/// Low half of the carry-less product.
#[inline(never)]
pub fn clmul(a: u64, b: u64) -> u64 {
    carryless(a, b) as u64
}

/// High half of the carry-less product.
#[inline(never)]
pub fn clmulh(a: u64, b: u64) -> u64 {
    (carryless(a, b) >> 64) as u64
}

/// Bits 126 to 63 of the carry-less product.
#[inline(never)]
pub fn clmulr(a: u64, b: u64) -> u64 {
    (carryless(a, b) >> 63) as u64
}

/// What an atomic operation stores. `old` is sign-extended; only the low `size` bytes of the result
/// count, and of the operands for the smaller and the larger of two.
#[inline(always)]
pub fn amo(amo: Amo, size: Size, old: u64, value: u64) -> u64 {
    let value = extend(Extend::Sign, size, value);
    match amo {
        Amo::Swap => value,
        Amo::Add => old.wrapping_add(value),
        Amo::Xor => old ^ value,
        Amo::And => old & value,
        Amo::Or => old | value,
        Amo::Min => (old as i64).min(value as i64) as u64,
        Amo::Max => (old as i64).max(value as i64) as u64,
        // Sign extension keeps the unsigned order of narrow values.
        Amo::Minu => old.min(value),
        Amo::Maxu => old.max(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn division_by_zero_and_overflow() {
        let min = i64::MIN as u64;
        let min32 = i32::MIN as u64;
        assert_eq!(div(Width::Full, min, u64::MAX), min);
        assert_eq!(rem(Width::Full, min, u64::MAX), 0);
        assert_eq!(div(Width::Word, min32, u64::MAX), min32);
        assert_eq!(rem(Width::Word, min32, u64::MAX), 0);
        for width in [Width::Full, Width::Word] {
            assert_eq!(div(width, 5, 0), u64::MAX);
            assert_eq!(divu(width, 5, 0), u64::MAX);
            assert_eq!(rem(width, 5, 0), 5);
            assert_eq!(remu(width, 5, 0), 5);
        }
        assert_eq!(remu(Width::Word, 0x8000_0000, 0), min32);
        assert_eq!(divu(Width::Word, 0xffff_ffff_8000_0000, 1), min32);
    }

    #[test]
    fn high_products() {
        assert_eq!(mulhsu(u64::MAX, u64::MAX), u64::MAX);
        assert_eq!(mulhsu(1, u64::MAX), 0);
        assert_eq!(mulhsu(i64::MIN as u64, 2), u64::MAX);
        assert_eq!(mulh(u64::MAX, u64::MAX), 0);
        assert_eq!(mulhu(u64::MAX, u64::MAX), u64::MAX - 1);
    }

    #[test]
    fn bytes_that_are_not_zero() {
        assert_eq!(orc_b(0x8000_0100_7f00_00ff), 0xff00_ff00_ff00_00ff);
        assert_eq!(orc_b(0), 0);
        assert_eq!(orc_b(0x0102_0408_1020_4080), u64::MAX);
    }

    #[test]
    fn carryless_products() {
        assert_eq!(clmul(3, 3), 5);
        assert_eq!(clmulh(1 << 63, 6), 3);
        assert_eq!(clmulr(1 << 63, 6), 6);
        assert_eq!(clmulr(u64::MAX, 1), 1);
    }

    #[test]
    fn unsigned_order_of_narrow_values() {
        let old = word(0x8000_0000);
        assert_eq!(
            amo(Amo::Maxu, Size::W, old, 0xffff_ffff_0000_0001) as u32,
            0x8000_0000
        );
        assert_eq!(
            amo(Amo::Minu, Size::W, old, 0xffff_ffff_0000_0001) as u32,
            1
        );
        assert_eq!(amo(Amo::Min, Size::W, old, 1) as u32, 0x8000_0000);
    }
}
