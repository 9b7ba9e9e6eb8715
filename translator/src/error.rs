//! Why a translation gave no module.
//!
//! Code that cannot be translated is not an error: the report lists it, and the interpreter runs it.

/// Why a translation gave no module.
///
/// ```
/// use lockstep_translator::{Options, TranslateError, key};
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
/// let moon = Options::default().with_target(Some("moon".to_owned()));
/// let error = key(&region, &moon).unwrap_err();
/// assert!(matches!(&error, TranslateError::Target { target, .. } if target == "moon"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TranslateError {
    /// The input is no code region: it is not whole pages inside a memory of an allowed size.
    #[error(
        "{len:#x} bytes at {base:#x} in a memory of {memory_size:#x} bytes are not a code region, which is whole \
         pages of 0x1000 bytes in a memory of at most 0x400000 bytes"
    )]
    CodeRegion {
        /// Guest address of the first byte.
        base: u64,
        /// Length in bytes.
        len: u64,
        /// Bytes of guest memory.
        memory_size: u64,
    },
    /// The target is not supported.
    #[error("cannot translate for {target}: {reason}")]
    Target {
        /// The triple.
        target: String,
        /// Why not.
        reason: String,
    },
    /// A defect of this project or of Cranelift.
    #[error("the compiler failed: {0}")]
    Compiler(String),
    /// The caller of [`translate_while`](crate::translate_while) did not want it to go on.
    #[error("the translation was stopped by its caller after {done} of {all} units")]
    Stopped {
        /// Units that were compiled.
        done: usize,
        /// Units in all.
        all: usize,
    },
}
