//! Emits operations on words, and the arithmetic that takes more than one of Cranelift's instructions.
//!
//! No code emitted here traps. Divisions replace operands that would trap on the host, because RISC-V
//! defines a result for them. Memory and control are not here.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, InstBuilder, Signature, Type, Value,
    types::{I8, I16, I32, I64},
};
use lockstep_contract::context::displacement;
use lockstep_contract::helpers::Helper;
use lockstep_isa::{Cond, Size, Width, Xlen};

use super::lifter::{Lifter, mapped};
use super::word::Word;

/// Cranelift's condition for a comparison.
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

/// Cranelift's type for a width.
fn width_type(width: Width) -> Type {
    match width {
        Width::Full => I64,
        Width::Word => I32,
    }
}

/// Cranelift's type for a memory access.
pub(super) fn size_type(size: Size) -> Type {
    match size {
        Size::B => I8,
        Size::H => I16,
        Size::W => I32,
        Size::D => I64,
    }
}

impl Lifter<'_, '_> {
    /// Whether an operation of this width works on all bits that a register has.
    pub(super) fn whole(&self, width: Width) -> bool {
        width == Width::Full || self.xlen == Xlen::X32
    }

    /// The low bits of a word, as a value of the type for this width.
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

    /// A value of the type for this width, as a word (sign-extended).
    fn widen(&mut self, width: Width, value: Value) -> Word {
        Word::Value(match width {
            Width::Full => value,
            Width::Word => self.builder.ins().sextend(I64, value),
        })
    }

    /// Emits an operation of two operands at this width.
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

    /// Emits an operation of one operand at this width.
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

    /// Emits a comparison; the value has Cranelift's type for conditions.
    pub(super) fn holds(&mut self, cond: Cond, a: Word, b: Word) -> Value {
        let a = self.value(a);
        let b = self.value(b);
        self.builder.ins().icmp(condition(cond), a, b)
    }

    /// Emits a division that never traps. If the divisor is zero, or -1 in a signed division (where the
    /// quotient of the least number overflows), the code divides by 1 and then replaces the result.
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
            // a / -1 is -a, wrapping. a % -1 is 0, and so is the remainder of the division by 1.
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

    /// Emits a call of a host function of two words.
    pub(super) fn call_helper(&mut self, helper: Helper, a: Word, b: Word) -> Word {
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

/// Which of the four divisions.
#[derive(Clone, Copy)]
pub(super) struct Division {
    pub(super) signed: bool,
    pub(super) remainder: bool,
}
