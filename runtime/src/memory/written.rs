//! Counts the bytes that the host writes to guests' memory, for benches: programs that are loaded, results of system
//! calls, copies of machines, and clearing. Stores of guests are not counted; they are the script's own work.

use std::cell::Cell;

thread_local! {
    static WRITTEN_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// Bytes that the host wrote to guests' memory in this thread so far, clearing it for the next guest included. Two
/// calls tell how many were written between them.
///
/// ```
/// use lockstep_runtime::{Memory, host_written_bytes};
///
/// let before = host_written_bytes();
/// let mut memory = Memory::new(1 << 16)?;
/// memory.store_bytes(0x2000, &[1; 100])?;
/// memory.store_byte(0x4000, 0x1000, 0)?; // zeros, which are there already
/// assert_eq!(host_written_bytes() - before, 100);
/// drop(memory); // clears the one page that is not zero
/// assert_eq!(host_written_bytes() - before, 100 + 0x1000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn host_written_bytes() -> u64 {
    WRITTEN_BYTES.get()
}

/// So many bytes more.
#[inline]
pub(super) fn note(bytes: usize) {
    WRITTEN_BYTES.set(WRITTEN_BYTES.get().wrapping_add(bytes as u64));
}
