//! The lifter's primitives: each emits a few of Cranelift's instructions.
//!
//! Operations that compute addresses and constants are folded here if their operands are known: Cranelift
//! runs without its optimiser. Longer arithmetic is in [`super::value`] and [`super::wide`], accesses to
//! memory are in [`super::memory`]. A control primitive only sets the terminator; [`super::control`]
//! emits it at the end of the chain.

use std::convert::Infallible;

use cranelift_codegen::ir::{InstBuilder, types::I64};
use lockstep_contract::helpers::Helper;
use lockstep_isa::{Amo, Cond, Extend, Primitives, Reg, Size, Width};

use super::lifter::{Lifter, Terminator};
use super::value::{Division, size_type};
use super::wide::Half;
use super::word::Word;
use crate::fold;

impl Primitives for Lifter<'_, '_> {
    type Word = Word;
    type Stop = Infallible;

    fn constant(&mut self, value: u64) -> Word {
        Word::Known(value)
    }

    fn pc(&mut self) -> Word {
        Word::Known(self.position.pc)
    }

    fn next_pc(&mut self) -> Word {
        Word::Known(self.position.next_pc)
    }

    fn get(&mut self, reg: Reg) -> Word {
        self.read(reg)
    }

    fn set(&mut self, reg: Reg, value: Word) {
        self.write(reg, value);
    }

    fn add(&mut self, width: Width, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(fold::add(width, a, b)),
            (Word::Known(0), other) | (other, Word::Known(0)) if self.whole(width) => other,
            _ if width == Width::Full => Word::Value(self.sum(a, b)),
            _ => self.binary(width, a, b, |l, a, b| l.builder.ins().iadd(a, b)),
        }
    }

    fn sub(&mut self, width: Width, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(fold::sub(width, a, b)),
            (a, Word::Known(0)) if self.whole(width) => a,
            _ => self.binary(width, a, b, |l, a, b| l.builder.ins().isub(a, b)),
        }
    }

    fn and(&mut self, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(a & b),
            _ => self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().band(a, b)),
        }
    }

    fn or(&mut self, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(a | b),
            (Word::Known(0), other) | (other, Word::Known(0)) => other,
            _ => self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().bor(a, b)),
        }
    }

    fn xor(&mut self, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(a ^ b),
            _ => self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().bxor(a, b)),
        }
    }

    fn not(&mut self, a: Word) -> Word {
        match a {
            Word::Known(a) => Word::Known(!a),
            Word::Value(_) => self.unary(Width::Full, a, |l, a| l.builder.ins().bnot(a)),
        }
    }

    fn sll(&mut self, width: Width, a: Word, amount: Word) -> Word {
        match (a, amount) {
            (Word::Known(a), Word::Known(b)) => Word::Known(fold::sll(width, a, b)),
            _ => self.binary(width, a, amount, |l, a, b| l.builder.ins().ishl(a, b)),
        }
    }

    fn srl(&mut self, width: Width, a: Word, amount: Word) -> Word {
        match (a, amount) {
            (Word::Known(a), Word::Known(b)) => Word::Known(fold::srl(width, a, b)),
            _ => self.binary(width, a, amount, |l, a, b| l.builder.ins().ushr(a, b)),
        }
    }

    fn sra(&mut self, width: Width, a: Word, amount: Word) -> Word {
        self.binary(width, a, amount, |l, a, b| l.builder.ins().sshr(a, b))
    }

    fn rol(&mut self, width: Width, a: Word, amount: Word) -> Word {
        self.binary(width, a, amount, |l, a, b| l.builder.ins().rotl(a, b))
    }

    fn ror(&mut self, width: Width, a: Word, amount: Word) -> Word {
        self.binary(width, a, amount, |l, a, b| l.builder.ins().rotr(a, b))
    }

    fn compare(&mut self, cond: Cond, a: Word, b: Word) -> Word {
        match (a, b) {
            (Word::Known(a), Word::Known(b)) => Word::Known(u64::from(fold::holds(cond, a, b))),
            _ => {
                let holds = self.holds(cond, a, b);
                let result = self.builder.ins().uextend(I64, holds);
                if cond == Cond::Ltu {
                    self.record_unsigned_less(a, b, result);
                }
                Word::Value(result)
            }
        }
    }

    fn select(&mut self, cond: Cond, a: Word, b: Word, then: Word, otherwise: Word) -> Word {
        let holds = self.holds(cond, a, b);
        let then = self.value(then);
        let otherwise = self.value(otherwise);
        Word::Value(self.builder.ins().select(holds, then, otherwise))
    }

    fn extend(&mut self, how: Extend, size: Size, a: Word) -> Word {
        let value = match (size, a) {
            (Size::D, a) => return a,
            (_, Word::Known(a)) => return Word::Known(fold::extend(how, size, a)),
            (_, Word::Value(value)) => value,
        };
        let narrow = self.builder.ins().ireduce(size_type(size), value);
        Word::Value(match how {
            Extend::Sign => self.builder.ins().sextend(I64, narrow),
            Extend::Zero => self.builder.ins().uextend(I64, narrow),
        })
    }

    fn mul(&mut self, width: Width, a: Word, b: Word) -> Word {
        match width {
            Width::Full => Word::Value(self.product(Half::Low, a, b)),
            Width::Word => self.binary(width, a, b, |l, a, b| l.builder.ins().imul(a, b)),
        }
    }

    fn mulh(&mut self, a: Word, b: Word) -> Word {
        self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().smulhi(a, b))
    }

    fn mulhu(&mut self, a: Word, b: Word) -> Word {
        Word::Value(self.product(Half::High, a, b))
    }

    fn mulhsu(&mut self, a: Word, b: Word) -> Word {
        // umulhi takes a negative `a` for a number that is 2^64 larger, so the high half is `b` too large.
        self.binary(Width::Full, a, b, |l, a, b| {
            let high = l.builder.ins().umulhi(a, b);
            let bits = l.number(63);
            let sign = l.builder.ins().sshr(a, bits);
            let excess = l.builder.ins().band(sign, b);
            l.builder.ins().isub(high, excess)
        })
    }

    fn div(&mut self, width: Width, a: Word, b: Word) -> Word {
        let kind = Division {
            signed: true,
            remainder: false,
        };
        self.divide(kind, width, a, b)
    }

    fn divu(&mut self, width: Width, a: Word, b: Word) -> Word {
        let kind = Division {
            signed: false,
            remainder: false,
        };
        self.divide(kind, width, a, b)
    }

    fn rem(&mut self, width: Width, a: Word, b: Word) -> Word {
        let kind = Division {
            signed: true,
            remainder: true,
        };
        self.divide(kind, width, a, b)
    }

    fn remu(&mut self, width: Width, a: Word, b: Word) -> Word {
        let kind = Division {
            signed: false,
            remainder: true,
        };
        self.divide(kind, width, a, b)
    }

    fn clz(&mut self, width: Width, a: Word) -> Word {
        self.unary(width, a, |l, a| l.builder.ins().clz(a))
    }

    fn ctz(&mut self, width: Width, a: Word) -> Word {
        self.unary(width, a, |l, a| l.builder.ins().ctz(a))
    }

    fn cpop(&mut self, width: Width, a: Word) -> Word {
        self.unary(width, a, |l, a| l.builder.ins().popcnt(a))
    }

    fn rev8(&mut self, a: Word) -> Word {
        self.unary(Width::Full, a, |l, a| l.builder.ins().bswap(a))
    }

    fn orc_b(&mut self, a: Word) -> Word {
        self.unary(Width::Full, a, |l, a| {
            // In `any` the top bit of a byte is set if that byte of `a` is not zero. No carry leaves a byte,
            // because 0x7f + 0x7f has 8 bits.
            let low = l.number(0x7f7f_7f7f_7f7f_7f7f);
            let top = l.number(0x8080_8080_8080_8080);
            let masked = l.builder.ins().band(a, low);
            let carried = l.builder.ins().iadd(masked, low);
            let any = l.builder.ins().bor(carried, a);
            let any = l.builder.ins().band(any, top);
            let seven = l.number(7);
            let bit = l.builder.ins().ushr(any, seven);
            let below = l.builder.ins().isub(any, bit);
            l.builder.ins().bor(below, any)
        })
    }

    fn clmul(&mut self, a: Word, b: Word) -> Word {
        self.call_helper(Helper::Clmul, a, b)
    }

    fn clmulh(&mut self, a: Word, b: Word) -> Word {
        self.call_helper(Helper::Clmulh, a, b)
    }

    fn clmulr(&mut self, a: Word, b: Word) -> Word {
        self.call_helper(Helper::Clmulr, a, b)
    }

    fn load(
        &mut self,
        base: Word,
        offset: i32,
        size: Size,
        how: Extend,
    ) -> Result<Word, Infallible> {
        self.check_access(base, offset);
        Ok(self.load_checked(base, offset, size, how))
    }

    fn store(
        &mut self,
        base: Word,
        offset: i32,
        size: Size,
        value: Word,
    ) -> Result<(), Infallible> {
        self.check_access(base, offset);
        self.store_checked(base, offset, size, value);
        Ok(())
    }

    fn load_reserved(&mut self, addr: Word, size: Size) -> Result<Word, Infallible> {
        self.check_access(addr, 0);
        let loaded = self.load_checked(addr, 0, size, Extend::Sign);
        self.set_reservation(addr);
        Ok(loaded)
    }

    fn store_conditional(
        &mut self,
        addr: Word,
        size: Size,
        value: Word,
    ) -> Result<Word, Infallible> {
        self.check_access(addr, 0);
        let reserved = self.reservation();
        let old = self.load_checked(addr, 0, size, Extend::Sign);
        let stored = self.select(Cond::Eq, addr, reserved, value, old);
        self.store_checked(addr, 0, size, stored);
        let failed = self.compare(Cond::Ne, addr, reserved);
        self.set_reservation(Word::Known(u64::MAX));
        Ok(failed)
    }

    fn amo(&mut self, amo: Amo, addr: Word, size: Size, value: Word) -> Result<Word, Infallible> {
        self.check_access(addr, 0);
        let old = self.load_checked(addr, 0, size, Extend::Sign);
        let signed = self.extend(Extend::Sign, size, value);
        // Sign-extended numbers compare as their low bits do, also as unsigned numbers.
        let new = match amo {
            Amo::Swap => value,
            Amo::Add => self.add(Width::Full, old, value),
            Amo::Xor => self.xor(old, value),
            Amo::And => self.and(old, value),
            Amo::Or => self.or(old, value),
            Amo::Min => self.select(Cond::Lt, old, signed, old, signed),
            Amo::Max => self.select(Cond::Lt, old, signed, signed, old),
            Amo::Minu => self.select(Cond::Ltu, old, signed, old, signed),
            Amo::Maxu => self.select(Cond::Ltu, old, signed, signed, old),
        };
        self.store_checked(addr, 0, size, new);
        Ok(old)
    }

    fn branch(&mut self, cond: Cond, a: Word, b: Word, offset: i32) {
        let taken = fold::target(self.xlen, self.position.pc, offset);
        self.terminator = match (a, b) {
            (Word::Known(a), Word::Known(b)) if fold::holds(cond, a, b) => {
                Terminator::Static(taken)
            }
            (Word::Known(_), Word::Known(_)) => Terminator::Static(self.position.next_pc),
            _ => Terminator::Branch {
                holds: self.holds(cond, a, b),
                taken,
            },
        };
    }

    fn jump(&mut self, offset: i32) {
        self.terminator = Terminator::Static(fold::target(self.xlen, self.position.pc, offset));
    }

    fn jump_to(&mut self, target: Word) {
        self.terminator = match target {
            Word::Known(target) => Terminator::Static(target),
            Word::Value(target) => Terminator::Dynamic(target),
        };
    }

    fn ecall(&mut self) -> Result<(), Infallible> {
        self.terminator = Terminator::Ecall;
        Ok(())
    }

    fn ebreak(&mut self) -> Result<(), Infallible> {
        self.terminator = Terminator::Ebreak;
        Ok(())
    }
}
