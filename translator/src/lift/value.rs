//! Words while lifting, and the arithmetic that takes more than an instruction.
//!
//! Nothing here may trap: divisions guard their operands, because a trap could not be told from a
//! guest's fault.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, InstBuilder, Signature, Type, Value,
    types::{I8, I16, I32, I64},
};
use lockstep_contract::context::displacement;
use lockstep_contract::helpers::Helper;
use lockstep_isa::{Cond, Size, Width, Xlen};

use super::{Lifter, mapped};

/// A guest word while translating.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
    /// Whether an operation of this width is one on whole registers, which hold what it gives.
    pub(super) fn whole(&self, width: Width) -> bool {
        width == Width::Full || self.xlen == Xlen::X32
    }

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

    pub(super) fn binary(
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

    pub(super) fn unary(
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
    pub(super) fn divide(&mut self, kind: Division, width: Width, a: Word, b: Word) -> Word {
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
    pub(super) fn help(&mut self, helper: Helper, a: Word, b: Word) -> Word {
        let mut signature = Signature::new(self.helper_conv);
        signature.params = vec![AbiParam::new(I64); 2];
        signature.returns = vec![AbiParam::new(I64)];
        let signature = self.builder.import_signature(signature);
        let a = self.value(a);
        let b = self.value(b);
        let (context, offset) = (self.context, displacement(helper.offset()));
        let function = self.builder.ins().load(I64, mapped(), context, offset);
        let call = (self.builder.ins()).call_indirect(signature, function, &[a, b]);
        Word::Value(self.builder.inst_results(call)[0])
    }
}

/// Which division.
#[derive(Clone, Copy)]
pub(super) struct Division {
    pub(super) signed: bool,
    pub(super) remainder: bool,
}
