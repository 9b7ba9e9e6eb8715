//! Arithmetic: every primitive as a few compiler instructions.
//!
//! Known numbers are folded where addresses and constants are made; the compiler runs without its
//! optimiser, which was measured to buy nothing but time. Nothing here may trap: divisions guard
//! their operands, because a trap could not be told from a guest's fault.

use std::convert::Infallible;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, InstBuilder, Signature, Type, Value,
    types::{I8, I16, I32, I64},
};
use lockstep_contract::helpers::Helper;
use lockstep_isa::{Amo, Cond, Extend, Machine, Reg, Size, Width};

use super::{Flow, Lifter, mapped};
use crate::fold;

/// A guest word while translating.
#[derive(Clone, Copy, Debug)]
pub enum Word {
    /// This number, whatever happens.
    Known(u64),
    /// An SSA value of 64 bits.
    Value(Value),
}

/// The compiler's name of a comparison.
fn condition(cond: Cond) -> IntCC {
    match cond {
        Cond::Eq => IntCC::Equal,
        Cond::Ne => IntCC::NotEqual,
        Cond::Lt => IntCC::SignedLessThan,
        Cond::Ge => IntCC::SignedGreaterThanOrEqual,
        Cond::Ltu => IntCC::UnsignedLessThan,
        Cond::Geu => IntCC::UnsignedGreaterThanOrEqual,
    }
}

/// The compiler's type of a width.
fn width_type(width: Width) -> Type {
    match width {
        Width::Full => I64,
        Width::Word => I32,
    }
}

/// The compiler's type of a memory access.
pub(super) fn size_type(size: Size) -> Type {
    match size {
        Size::B => I8,
        Size::H => I16,
        Size::W => I32,
        Size::D => I64,
    }
}

impl Lifter<'_, '_> {
    /// A word as an SSA value.
    pub(super) fn value(&mut self, word: Word) -> Value {
        match word {
            Word::Known(number) => self.number(number),
            Word::Value(value) => value,
        }
    }

    pub(super) fn number(&mut self, number: u64) -> Value {
        self.builder.ins().iconst(I64, number as i64)
    }

    /// The low bits of a word as a value of this width's type.
    fn narrow(&mut self, width: Width, word: Word) -> Value {
        match (width, word) {
            (Width::Full, word) => self.value(word),
            (Width::Word, Word::Known(number)) => {
                let bits = i64::from(number as u32);
                self.builder.ins().iconst(I32, bits)
            }
            (Width::Word, Word::Value(value)) => self.builder.ins().ireduce(I32, value),
        }
    }

    /// A value of this width's type as a word.
    fn widen(&mut self, width: Width, value: Value) -> Word {
        Word::Value(match width {
            Width::Full => value,
            Width::Word => self.builder.ins().sextend(I64, value),
        })
    }

    fn binary(
        &mut self,
        width: Width,
        a: Word,
        b: Word,
        emit: impl FnOnce(&mut Self, Value, Value) -> Value,
    ) -> Word {
        let a = self.narrow(width, a);
        let b = self.narrow(width, b);
        let result = emit(self, a, b);
        self.widen(width, result)
    }

    fn unary(
        &mut self,
        width: Width,
        a: Word,
        emit: impl FnOnce(&mut Self, Value) -> Value,
    ) -> Word {
        let a = self.narrow(width, a);
        let result = emit(self, a);
        self.widen(width, result)
    }

    pub(super) fn holds(&mut self, cond: Cond, a: Word, b: Word) -> Value {
        let a = self.value(a);
        let b = self.value(b);
        self.builder.ins().icmp(condition(cond), a, b)
    }

    /// Divides without ever trapping: where the divisor is zero, or -1 in a signed division (whose
    /// quotient would overflow for the least dividend), another divisor is used and the result
    /// replaced.
    fn divide(&mut self, kind: Division, width: Width, a: Word, b: Word) -> Word {
        let ty = width_type(width);
        let a = self.narrow(width, a);
        let b = self.narrow(width, b);
        let zero = self.builder.ins().iconst(ty, 0);
        let one = self.builder.ins().iconst(ty, 1);
        let by_zero = self.builder.ins().icmp(IntCC::Equal, b, zero);
        let mut divisor = self.builder.ins().select(by_zero, one, b);
        let mut by_minus_one = None;
        if kind.signed {
            let minus_one = self.all_ones(ty);
            let is = self.builder.ins().icmp(IntCC::Equal, b, minus_one);
            divisor = self.builder.ins().select(is, one, divisor);
            by_minus_one = Some(is);
        }
        let ins = self.builder.ins();
        let mut result = match (kind.signed, kind.remainder) {
            (true, false) => ins.sdiv(a, divisor),
            (true, true) => ins.srem(a, divisor),
            (false, false) => ins.udiv(a, divisor),
            (false, true) => ins.urem(a, divisor),
        };
        if let Some(is) = by_minus_one
            && !kind.remainder
        {
            // a / -1 = -a, wrapping; a % -1 = 0 is what dividing by one gave.
            let negated = self.builder.ins().ineg(a);
            result = self.builder.ins().select(is, negated, result);
        }
        let replacement = if kind.remainder { a } else { self.all_ones(ty) };
        let result = self.builder.ins().select(by_zero, replacement, result);
        self.widen(width, result)
    }

    fn all_ones(&mut self, ty: Type) -> Value {
        let bits = if ty == I32 { i64::from(u32::MAX) } else { -1 };
        self.builder.ins().iconst(ty, bits)
    }

    /// Calls a host function of two words.
    fn help(&mut self, helper: Helper, a: Word, b: Word) -> Word {
        let mut signature = Signature::new(self.helper_conv);
        signature.params = vec![AbiParam::new(I64); 2];
        signature.returns = vec![AbiParam::new(I64)];
        let signature = self.builder.import_signature(signature);
        let a = self.value(a);
        let b = self.value(b);
        let (context, offset) = (self.context, helper.offset() as i32);
        let function = self.builder.ins().load(I64, mapped(), context, offset);
        let call = (self.builder.ins()).call_indirect(signature, function, &[a, b]);
        Word::Value(self.builder.inst_results(call)[0])
    }
}

/// Which division.
#[derive(Clone, Copy)]
struct Division {
    signed: bool,
    remainder: bool,
}

impl Machine for Lifter<'_, '_> {
    type Word = Word;
    type Stop = Infallible;

    fn constant(&mut self, value: u64) -> Word {
        Word::Known(value)
    }

    fn pc(&mut self) -> Word {
        Word::Known(self.place.pc)
    }

    fn next_pc(&mut self) -> Word {
        Word::Known(self.place.next_pc)
    }

    fn get(&mut self, reg: Reg) -> Word {
        self.read(reg)
    }

    fn set(&mut self, reg: Reg, value: Word) {
        self.write(reg, value);
    }

    fn add(&mut self, width: Width, a: Word, b: Word) -> Word {
        match (width, a, b) {
            (_, Word::Known(a), Word::Known(b)) => Word::Known(fold::add(width, a, b)),
            (Width::Full, Word::Known(0), other) | (Width::Full, other, Word::Known(0)) => other,
            _ => self.binary(width, a, b, |l, a, b| l.builder.ins().iadd(a, b)),
        }
    }

    fn sub(&mut self, width: Width, a: Word, b: Word) -> Word {
        match (width, a, b) {
            (_, Word::Known(a), Word::Known(b)) => Word::Known(fold::sub(width, a, b)),
            (Width::Full, a, Word::Known(0)) => a,
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
                Word::Value(self.builder.ins().uextend(I64, holds))
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
        self.binary(width, a, b, |l, a, b| l.builder.ins().imul(a, b))
    }

    fn mulh(&mut self, a: Word, b: Word) -> Word {
        self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().smulhi(a, b))
    }

    fn mulhu(&mut self, a: Word, b: Word) -> Word {
        self.binary(Width::Full, a, b, |l, a, b| l.builder.ins().umulhi(a, b))
    }

    fn mulhsu(&mut self, a: Word, b: Word) -> Word {
        // Read as unsigned, a negative a is 2^64 too large: that is b too much in the high half.
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
            // The top bit of a byte of `any` is set where the byte is not zero: no carry leaves a
            // byte, since 0x7f + 0x7f has 8 bits.
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
        self.help(Helper::Clmul, a, b)
    }

    fn clmulh(&mut self, a: Word, b: Word) -> Word {
        self.help(Helper::Clmulh, a, b)
    }

    fn clmulr(&mut self, a: Word, b: Word) -> Word {
        self.help(Helper::Clmulr, a, b)
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
        // Sign-extended operands compare as their low bits do, unsigned too.
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
        let taken = self.place.pc.wrapping_add(i64::from(offset) as u64);
        self.flow = match (a, b) {
            (Word::Known(a), Word::Known(b)) if fold::holds(cond, a, b) => Flow::Static(taken),
            (Word::Known(_), Word::Known(_)) => Flow::Static(self.place.next_pc),
            _ => Flow::Branch {
                holds: self.holds(cond, a, b),
                taken,
            },
        };
    }

    fn jump(&mut self, offset: i32) {
        self.flow = Flow::Static(self.place.pc.wrapping_add(i64::from(offset) as u64));
    }

    fn jump_to(&mut self, target: Word) {
        self.flow = match target {
            Word::Known(target) => Flow::Static(target),
            Word::Value(target) => Flow::Dynamic(target),
        };
    }

    fn ecall(&mut self) -> Result<(), Infallible> {
        self.flow = Flow::Ecall;
        Ok(())
    }

    fn ebreak(&mut self) -> Result<(), Infallible> {
        self.flow = Flow::Ebreak;
        Ok(())
    }
}
