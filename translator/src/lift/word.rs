//! A guest word while lifting.
//!
//! The lifter folds constants itself where addresses and constants are made, because Cranelift runs
//! without its optimiser. So a word remembers whether its value is known.

use cranelift_codegen::ir::Value;

/// A guest word while lifting.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Word {
    /// It is this number whenever the code runs.
    Known(u64),
    /// It is this SSA value of 64 bits.
    Value(Value),
}
