//! The cycles of every operation, as a host charges them.
//!
//! A host may charge by any function of the operation. Native code exists for the two known cost models only, so
//! the table also says which of the two it is, if it is one. It says nothing about when cycles are charged.

use lockstep_isa::{Cost, Op};

/// The cycles of every operation.
///
/// ```
/// use lockstep_isa::{Cost, Op};
/// use lockstep_runtime::CostTable;
///
/// assert_eq!(CostTable::from(Cost::Constant).model(), Some(Cost::Constant));
/// let dear = CostTable::custom(|op| 2 * Cost::Estimate.cycles(op));
/// assert_eq!(dear.model(), None); // so it is interpreted
/// assert_eq!(dear.cycles(Op::Add), 2);
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CostTable {
    cycles: Box<[u64]>,
    model: Option<Cost>,
}

impl CostTable {
    /// A table of any costs, in cycles. If they are those of a known model, the table says so.
    pub fn custom(cost: impl Fn(Op) -> u64) -> CostTable {
        let cycles: Box<[u64]> = Op::ALL.iter().map(|op| cost(*op)).collect();
        let model = [Cost::Estimate, Cost::Constant].into_iter().find(|model| {
            Op::ALL
                .iter()
                .zip(&cycles)
                .all(|(op, cycles)| model.cycles(*op) == *cycles)
        });
        CostTable { cycles, model }
    }

    /// Cycles of an operation.
    #[inline]
    #[must_use]
    pub fn cycles(&self, op: Op) -> u64 {
        self.cycles[op.index()]
    }

    /// The known model that these are the costs of. Native code exists for known models only.
    #[must_use]
    pub fn model(&self) -> Option<Cost> {
        self.model
    }
}

impl From<Cost> for CostTable {
    fn from(cost: Cost) -> CostTable {
        CostTable::custom(|op| cost.cycles(op))
    }
}
