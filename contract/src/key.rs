//! What must be equal for a module to be used.

use lockstep_isa::Profile;

/// Every fact that native code depends on. Compared field by field.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Format of the module file.
    pub format: u32,
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: lockstep_isa::Cost,
    /// Bytes of guest memory.
    pub memory_size: u64,
    /// Address of the first byte of text: page aligned.
    pub base: u64,
    /// Bytes of text: whole pages.
    pub len: u64,
    /// BLAKE3 of the text.
    pub digest: [u8; 32],
    /// Version of the translator.
    pub translator: String,
    /// Version of Cranelift.
    pub compiler: String,
    /// Target triple.
    pub target: String,
    /// CPU features beyond the target's baseline, sorted, comma separated; empty for baseline.
    pub cpu: String,
}
