//! What a translation did: counts, and the code that it left to the interpreter.

use crate::block::Reason;

/// What was translated, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many units were compiled.
    pub units: usize,
    /// How many blocks they have.
    pub blocks: usize,
    /// How many guest instructions were translated. An instruction counts once for each block that it is in;
    /// a fused one counts as one.
    pub instructions: usize,
    /// Bytes of native code.
    pub code_bytes: usize,
    /// What the blocks cost to translate, in plain instructions; at most about
    /// [`crate::MODULE_WEIGHT_LIMIT`]. The number is the same on every machine.
    pub weight: usize,
    /// Heads of blocks that are left to the interpreter, and why.
    pub left: Vec<(u64, Reason)>,
    /// The messages of Cranelift where it failed on a unit. They are defects that should be reported.
    pub failures: Vec<String>,
}
