//! What wide arithmetic remembers of a chain: sums, carries and halves of products by their operands.
//!
//! `wide` fills it in and reads it; it is a file of its own because the lifter's state holds it.

use std::collections::BTreeMap;

use cranelift_codegen::ir::Value;

use super::word::Word;

/// The two operands of an operation.
pub(super) type Pair = [Word; 2];

/// The operations of the current chain that may be parts of a wide one.
#[derive(Default)]
pub(super) struct PartialResults {
    /// The operands of each value that is a sum.
    pub sums: BTreeMap<Value, Pair>,
    /// The sum of each value that is its carry.
    pub carries: BTreeMap<Value, Value>,
    /// The low halves and the high halves of products, by their operands in ascending order.
    pub halves: [BTreeMap<Pair, Value>; 2],
}
