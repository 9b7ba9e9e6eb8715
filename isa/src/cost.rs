//! The two cost models that are known by name.
//!
//! A cost is per operation and charged for a whole trace before its first instruction runs; the
//! numbers stand in the table. A node may charge by another function of its own: that is the
//! interpreter's matter, not this crate's.

use crate::table::Op;

/// What an instruction costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Cost {
    /// CKB's model: estimates of hardware speed, in the table's cost column.
    Estimate,
    /// One cycle for each instruction, fused or not.
    Constant,
}

impl Cost {
    /// Cycles charged for one instruction.
    ///
    /// ```
    /// use lockstep_isa::{Cost, Op};
    /// assert_eq!(Cost::Estimate.cycles(Op::Mulhu), 5);
    /// assert_eq!(Cost::Constant.cycles(Op::Mulhu), 1);
    /// ```
    #[must_use]
    #[inline]
    pub fn cycles(self, op: Op) -> u64 {
        match self {
            Cost::Estimate => u64::from(op.row().cycles),
            Cost::Constant => 1,
        }
    }
}
