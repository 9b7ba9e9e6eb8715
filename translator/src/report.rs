//! What a translation did: counts, and the code that it left to the interpreter.

use lockstep_contract::module::Module;

use crate::block::Reason;

/// What was translated, and what was not.
///
/// ```
/// use lockstep_translator::{Hints, Options, translate};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # use lockstep_translator::CodeRegion;
/// # let mut code = vec![0; 4096];
/// # code[..4].copy_from_slice(&0x0000_0073_u32.to_le_bytes()); // ecall
/// # let region = CodeRegion {
/// #     profile: Profile::of(Version::V2),
/// #     cost: Cost::Estimate,
/// #     memory_size: 4 << 20,
/// #     base: 0x10000,
/// #     bytes: &code,
/// # };
/// let hints = Hints::new(&region, region.base);
/// let made = translate(&region, &hints, &Options::default(), &mut |_, _| {}).unwrap();
/// assert!(made.report.blocks >= 1 && made.report.failures.is_empty());
/// assert_eq!(made.report.code_bytes, made.module.code.len());
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
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
    /// What the copies of inlined functions cost beside that; at most [`crate::COPIES_WEIGHT_LIMIT`].
    pub copies_weight: usize,
    /// Heads of blocks that are left to the interpreter, and why.
    pub left: Vec<(u64, Reason)>,
    /// The messages of Cranelift where it failed on a unit. They are defects that should be reported.
    pub failures: Vec<String>,
}

impl Report {
    /// What can be told from a module alone, as when another process made it: how many blocks,
    /// instructions and bytes of native code it has. The rest is as if nothing had been done.
    #[must_use]
    pub fn of_module(module: &Module) -> Report {
        Report {
            blocks: module.blocks.len(),
            instructions: (module.blocks.iter())
                .map(|block| usize::from(block.entries))
                .sum(),
            code_bytes: module.code.len(),
            ..Report::default()
        }
    }
}
