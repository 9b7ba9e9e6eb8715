//! A decoded instruction, plain or fused, in twelve bytes.
//!
//! The interpreter, the translator, the disassembler and the encoder all read this one type. The
//! operation's format in the table says which fields have a meaning. The other fields are zero, so that
//! equal instructions compare equal. The address of an instruction is not part of it.

use crate::reg::Reg;
use crate::table::Op;

/// A decoded instruction, or several that were fused to one.
///
/// Plain operations use `rd`, `rs1`, `rs2` and `imm`. Fused operations use `rd`, `rs1`, `rs2`,
/// `r3`, `r4` as the variables of their pattern, in the pattern's order (see `fuse`).
///
/// Its fields are public and stay these: the size is a contract with the interpreter's traces.
///
/// ```
/// use lockstep_isa::{Inst, Op, Reg};
/// let addi = Inst { rd: Reg::A0, rs1: Reg::SP, imm: 16, ..Inst::bare(Op::Addi, 4) };
/// assert_eq!(addi.to_string(), "addi a0, sp, 16");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Inst {
    /// What it does.
    pub op: Op,
    /// Bytes of guest code it was decoded from: 2 or 4, and up to 20 when fused.
    pub len: u8,
    /// Destination, or the first variable of a fused pattern.
    pub rd: Reg,
    /// First source.
    pub rs1: Reg,
    /// Second source.
    pub rs2: Reg,
    /// Fourth variable of a fused pattern.
    pub r3: Reg,
    /// Fifth variable of a fused pattern.
    pub r4: Reg,
    /// Immediate, sign-extended; a shift amount; a branch's or jump's offset in bytes from the
    /// start of this instruction; for `lui` and `auipc` the value of the upper bits in place.
    pub imm: i32,
}

impl Inst {
    /// An instruction with this operation and length whose operands are all zero.
    #[must_use]
    pub const fn bare(op: Op, len: u8) -> Inst {
        Inst {
            op,
            len,
            rd: Reg::ZERO,
            rs1: Reg::ZERO,
            rs2: Reg::ZERO,
            r3: Reg::ZERO,
            r4: Reg::ZERO,
            imm: 0,
        }
    }
}

// The interpreter keeps decoded traces in arrays of these, so their size is a cost.
const _: () = assert!(size_of::<Inst>() == 12);
