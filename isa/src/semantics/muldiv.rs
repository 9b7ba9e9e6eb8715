//! Meanings of multiplication and division.
//!
//! The primitives define the results of a division by zero and of an overflow.

use super::operands::{registers, results};
use super::primitives::Width::{Full, Word};

results! {
    mul: registers |m, (a, b)| m.mul(Full, a, b);
    mulw: registers |m, (a, b)| m.mul(Word, a, b);
    mulh: registers |m, (a, b)| m.mulh(a, b);
    mulhu: registers |m, (a, b)| m.mulhu(a, b);
    mulhsu: registers |m, (a, b)| m.mulhsu(a, b);

    div: registers |m, (a, b)| m.div(Full, a, b);
    divw: registers |m, (a, b)| m.div(Word, a, b);
    divu: registers |m, (a, b)| m.divu(Full, a, b);
    divuw: registers |m, (a, b)| m.divu(Word, a, b);
    rem: registers |m, (a, b)| m.rem(Full, a, b);
    remw: registers |m, (a, b)| m.rem(Word, a, b);
    remu: registers |m, (a, b)| m.remu(Full, a, b);
    remuw: registers |m, (a, b)| m.remu(Word, a, b);
}
