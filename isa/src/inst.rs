//! A decoded instruction, plain or fused, in twelve bytes.
//!
//! Every consumer (interpreter, lifter, disassembler, encoder) reads this one shape. Which fields
//! mean something follows from the operation's format in the table; the others are zero, so that
//! equal instructions compare equal.

use crate::reg::Reg;
use crate::table::Op;

/// One entry of a trace: an instruction or a fused sequence.
///
/// Plain operations use `rd`, `rs1`, `rs2` and `imm`. Fused operations use `rd`, `rs1`, `rs2`,
/// `r3`, `r4` as the variables of their pattern, in the pattern's order (see `fuse`).
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

// Traces are made of these.
const _: () = assert!(size_of::<Inst>() == 12);
