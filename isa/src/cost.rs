//! The two cost models that have a name: what each operation costs in cycles.
//!
//! The numbers stand in the table. A machine charges a whole trace before its first instruction runs;
//! that is not done here. A node may also charge by a function of its own. Only the interpreter can do
//! that, so such a function is not a cost model here.

use crate::table::Op;

/// What an instruction costs.
///
/// The set is a contract: a cost model is part of what a module is made for. Another one breaks every
/// `match` over them, and should.
///
/// ```
/// use lockstep_isa::{Cost, Op};
/// let program = [Op::Addi, Op::Mul];
/// let cycles = |cost: Cost| program.iter().map(|op| cost.cycles(*op)).sum::<u64>();
/// assert_eq!((cycles(Cost::Estimate), cycles(Cost::Constant)), (6, 2));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
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
