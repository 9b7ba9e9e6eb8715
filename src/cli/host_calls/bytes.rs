//! How files and standard streams move bytes, and what both answer where they cannot.

use std::io::{Read, Write};

/// What `ckb-debugger` answers where something failed.
pub(super) const FAILED: u64 = u64::MAX;

/// Reads up to so many bytes, all that there are.
pub(super) fn read_up_to(from: &mut impl Read, len: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(len).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes all, and gives how many bytes that were.
pub(super) fn write_all(to: &mut impl Write, bytes: &[u8]) -> std::io::Result<u64> {
    to.write_all(bytes)?;
    to.flush()?;
    Ok(bytes.len() as u64)
}
