//! The simplest machine: integers, and memory without rules. Its primitives are written from their
//! contract alone, to test meanings, not to be fast.

use std::convert::Infallible;

use lockstep_isa::{Amo, Cond, Extend, Primitives, Reg, Size, Width};

/// Registers, places, and a little memory at an address.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Plain {
    pub(super) registers: [u64; 32],
    pub(super) pc: u64,
    pub(super) next: u64,
    pub(super) base: u64,
    pub(super) memory: Vec<u8>,
    pub(super) reservation: u64,
}

impl Plain {
    fn bytes(&mut self, addr: u64, size: Size) -> &mut [u8] {
        let at = (addr - self.base) as usize;
        &mut self.memory[at..at + size.bytes() as usize]
    }

    fn read(&mut self, addr: u64, size: Size) -> u64 {
        self.bytes(addr, size)
            .iter()
            .rev()
            .fold(0, |value, byte| value << 8 | u64::from(*byte))
    }

    fn write(&mut self, addr: u64, size: Size, value: u64) {
        let bytes = value.to_le_bytes();
        self.bytes(addr, size)
            .copy_from_slice(&bytes[..size.bytes() as usize]);
    }
}

/// The low half, extended with its sign.
fn word(value: u64) -> u64 {
    i64::from(value as u32 as i32) as u64
}

fn extended(how: Extend, size: Size, value: u64) -> u64 {
    let spare = 64 - 8 * size.bytes();
    match how {
        Extend::Sign => ((value << spare) as i64 >> spare) as u64,
        Extend::Zero => value << spare >> spare,
    }
}

fn holds(cond: Cond, a: u64, b: u64) -> bool {
    match cond {
        Cond::Eq => a == b,
        Cond::Ne => a != b,
        Cond::Lt => (a as i64) < b as i64,
        Cond::Ge => a as i64 >= b as i64,
        Cond::Ltu => a < b,
        Cond::Geu => a >= b,
    }
}

/// One of two, by the width, each from operands as that width has them.
fn by_width<T>(width: Width, full: impl FnOnce() -> T, word: impl FnOnce() -> T) -> T {
    match width {
        Width::Full => full(),
        Width::Word => word(),
    }
}

/// The carry-less product, all 128 bits.
fn carry_less(a: u64, b: u64) -> u128 {
    let bits = (0..64).filter(|bit| b >> bit & 1 != 0);
    bits.fold(0, |sum, bit| sum ^ u128::from(a) << bit)
}

impl Primitives for Plain {
    type Word = u64;
    type Stop = Infallible;

    fn constant(&mut self, value: u64) -> u64 {
        value
    }
    fn pc(&mut self) -> u64 {
        self.pc
    }
    fn next_pc(&mut self) -> u64 {
        self.next
    }
    fn get(&mut self, reg: Reg) -> u64 {
        self.registers[reg.index()]
    }
    fn set(&mut self, reg: Reg, value: u64) {
        if reg != Reg::ZERO {
            self.registers[reg.index()] = value;
        }
    }

    fn add(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let sum = a.wrapping_add(b);
        by_width(width, || sum, || word(sum))
    }
    fn sub(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let difference = a.wrapping_sub(b);
        by_width(width, || difference, || word(difference))
    }
    fn and(&mut self, a: u64, b: u64) -> u64 {
        a & b
    }
    fn or(&mut self, a: u64, b: u64) -> u64 {
        a | b
    }
    fn xor(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }
    fn not(&mut self, a: u64) -> u64 {
        !a
    }

    fn sll(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        by_width(width, || a << (amount & 63), || word(a << (amount & 31)))
    }
    fn srl(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        by_width(
            width,
            || a >> (amount & 63),
            || word(u64::from(a as u32 >> (amount & 31))),
        )
    }
    fn sra(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        let full = || (a as i64 >> (amount & 63)) as u64;
        by_width(width, full, || i64::from(a as i32 >> (amount & 31)) as u64)
    }
    fn rol(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        let narrow = || word(u64::from((a as u32).rotate_left(amount as u32 & 31)));
        by_width(width, || a.rotate_left(amount as u32 & 63), narrow)
    }
    fn ror(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        let narrow = || word(u64::from((a as u32).rotate_right(amount as u32 & 31)));
        by_width(width, || a.rotate_right(amount as u32 & 63), narrow)
    }

    fn compare(&mut self, cond: Cond, a: u64, b: u64) -> u64 {
        u64::from(holds(cond, a, b))
    }
    fn select(&mut self, cond: Cond, a: u64, b: u64, then: u64, otherwise: u64) -> u64 {
        if holds(cond, a, b) { then } else { otherwise }
    }
    fn extend(&mut self, how: Extend, size: Size, a: u64) -> u64 {
        extended(how, size, a)
    }

    fn mul(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let product = a.wrapping_mul(b);
        by_width(width, || product, || word(product))
    }
    fn mulh(&mut self, a: u64, b: u64) -> u64 {
        ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
    }
    fn mulhu(&mut self, a: u64, b: u64) -> u64 {
        ((u128::from(a) * u128::from(b)) >> 64) as u64
    }
    fn mulhsu(&mut self, a: u64, b: u64) -> u64 {
        ((i128::from(a as i64) * i128::from(b)) >> 64) as u64
    }
    fn div(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let (a, b) = by_width(width, || (a, b), || (word(a), word(b)));
        let quotient = if b == 0 {
            u64::MAX
        } else {
            (a as i64).wrapping_div(b as i64) as u64
        };
        by_width(width, || quotient, || word(quotient))
    }
    fn divu(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let low = u64::from(u32::MAX);
        let (a, b) = by_width(width, || (a, b), || (a & low, b & low));
        let quotient = a.checked_div(b).unwrap_or(u64::MAX);
        by_width(width, || quotient, || word(quotient))
    }
    fn rem(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let (a, b) = by_width(width, || (a, b), || (word(a), word(b)));
        let remainder = if b == 0 {
            a
        } else {
            (a as i64).wrapping_rem(b as i64) as u64
        };
        by_width(width, || remainder, || word(remainder))
    }
    fn remu(&mut self, width: Width, a: u64, b: u64) -> u64 {
        let low = u64::from(u32::MAX);
        let (a, b) = by_width(width, || (a, b), || (a & low, b & low));
        let remainder = a.checked_rem(b).unwrap_or(a);
        by_width(width, || remainder, || word(remainder))
    }

    fn clz(&mut self, width: Width, a: u64) -> u64 {
        u64::from(by_width(
            width,
            || a.leading_zeros(),
            || (a as u32).leading_zeros(),
        ))
    }
    fn ctz(&mut self, width: Width, a: u64) -> u64 {
        u64::from(by_width(
            width,
            || a.trailing_zeros(),
            || (a as u32).trailing_zeros(),
        ))
    }
    fn cpop(&mut self, width: Width, a: u64) -> u64 {
        u64::from(by_width(
            width,
            || a.count_ones(),
            || (a as u32).count_ones(),
        ))
    }
    fn rev8(&mut self, a: u64) -> u64 {
        a.swap_bytes()
    }
    fn orc_b(&mut self, a: u64) -> u64 {
        u64::from_le_bytes(a.to_le_bytes().map(|byte| if byte == 0 { 0 } else { 0xff }))
    }
    fn clmul(&mut self, a: u64, b: u64) -> u64 {
        carry_less(a, b) as u64
    }
    fn clmulh(&mut self, a: u64, b: u64) -> u64 {
        (carry_less(a, b) >> 64) as u64
    }
    fn clmulr(&mut self, a: u64, b: u64) -> u64 {
        (carry_less(a, b) >> 63) as u64
    }

    fn load(&mut self, base: u64, offset: i32, size: Size, how: Extend) -> Result<u64, Infallible> {
        let value = self.read(base.wrapping_add(offset as u64), size);
        Ok(extended(how, size, value))
    }
    fn store(&mut self, base: u64, offset: i32, size: Size, value: u64) -> Result<(), Infallible> {
        self.write(base.wrapping_add(offset as u64), size, value);
        Ok(())
    }
    fn load_reserved(&mut self, addr: u64, size: Size) -> Result<u64, Infallible> {
        self.reservation = addr;
        let value = self.read(addr, size);
        Ok(extended(Extend::Sign, size, value))
    }
    fn store_conditional(&mut self, addr: u64, size: Size, value: u64) -> Result<u64, Infallible> {
        let reserved = self.reservation == addr;
        self.reservation = u64::MAX;
        if reserved {
            self.write(addr, size, value);
        }
        Ok(u64::from(!reserved))
    }
    fn amo(&mut self, amo: Amo, addr: u64, size: Size, value: u64) -> Result<u64, Infallible> {
        let stored = self.read(addr, size);
        let old = extended(Extend::Sign, size, stored);
        let value = extended(Extend::Sign, size, value);
        let new = match amo {
            Amo::Swap => value,
            Amo::Add => old.wrapping_add(value),
            Amo::Xor => old ^ value,
            Amo::And => old & value,
            Amo::Or => old | value,
            Amo::Min => (old as i64).min(value as i64) as u64,
            Amo::Max => (old as i64).max(value as i64) as u64,
            Amo::Minu => old.min(value),
            Amo::Maxu => old.max(value),
        };
        self.write(addr, size, new);
        Ok(old)
    }

    fn branch(&mut self, cond: Cond, a: u64, b: u64, offset: i32) {
        if holds(cond, a, b) {
            self.jump(offset);
        }
    }
    fn jump(&mut self, offset: i32) {
        self.next = self.pc.wrapping_add(offset as u64);
    }
    fn jump_to(&mut self, target: u64) {
        self.next = target;
    }
    fn ecall(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
    fn ebreak(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}
