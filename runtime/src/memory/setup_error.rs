//! Why there is no memory for a guest. This is the host's failure, not a trap of the guest.

use std::io;

/// Why memory for a guest cannot be had.
///
/// ```
/// use lockstep_runtime::{Memory, SetupError};
///
/// assert!(matches!(Memory::new(5), Err(SetupError::Size(5))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Not a whole number of pages between one page and the maximum.
    #[error(
        "a guest cannot have {0:#x} bytes of memory; it must be a multiple of 0x1000, from 0x1000 to 0x400000"
    )]
    Size(usize),
    /// The operating system gave none.
    #[error("there is no memory for a guest: {0}")]
    System(#[from] io::Error),
}
