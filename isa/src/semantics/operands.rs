//! How the meanings read their operands and write their result.
//!
//! Most instructions read one or two operands, compute one value and write it to `rd`. The macro
//! `results!` writes such meanings from the computation alone; the functions below read the operands.

use super::primitives::Primitives;
use crate::inst::Inst;

/// Defines meanings that compute a value from operands and write it to `rd`:
/// `name: how to read the operands |machine, operands| value;`
macro_rules! results {
    ($($name:ident: $operands:ident |$m:ident, $pattern:pat_param| $value:expr;)*) => {$(
        #[inline]
        pub(super) fn $name<M: $crate::semantics::primitives::Primitives>(
            inst: &$crate::inst::Inst,
            $m: &mut M,
        ) -> Result<(), M::Stop> {
            let $pattern = $operands(inst, $m);
            let value = $value;
            $m.set(inst.rd, value);
            Ok(())
        }
    )*};
}
pub(super) use results;

/// The values of `rs1` and `rs2`.
#[inline]
pub(super) fn registers<M: Primitives>(inst: &Inst, m: &mut M) -> (M::Word, M::Word) {
    let a = m.get(inst.rs1);
    let b = m.get(inst.rs2);
    (a, b)
}

/// The values of `rs1` and of the immediate.
#[inline]
pub(super) fn register_immediate<M: Primitives>(inst: &Inst, m: &mut M) -> (M::Word, M::Word) {
    let a = m.get(inst.rs1);
    let b = immediate(inst, m);
    (a, b)
}

/// The value of `rs1`, and the immediate as the offset of a memory access or a jump.
#[inline]
pub(super) fn displaced<M: Primitives>(inst: &Inst, m: &mut M) -> (M::Word, i32) {
    (m.get(inst.rs1), inst.imm)
}

/// The value of `rs1`.
#[inline]
pub(super) fn register<M: Primitives>(inst: &Inst, m: &mut M) -> M::Word {
    m.get(inst.rs1)
}

/// The immediate, sign-extended to a register.
#[inline]
pub(super) fn immediate<M: Primitives>(inst: &Inst, m: &mut M) -> M::Word {
    m.constant(i64::from(inst.imm) as u64)
}
