//! Pages of guest memory and their flags, as CKB-VM defines them.
//!
//! Translator and runtime both need these numbers. Who may change a flag, and when, is the runtime's.

/// Bytes a page.
pub const PAGE_SIZE: usize = 4096;
/// log2 of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;
/// The largest guest memory: `RISCV_MAX_MEMORY` of CKB-VM.
pub const MAX_MEMORY: usize = 4 << 20;
/// Pages of the largest guest memory.
pub const MAX_PAGES: usize = MAX_MEMORY / PAGE_SIZE;

/// The content and properties of the page are fixed: it cannot be initialised again.
pub const FREEZED: u8 = 1;
/// The page may be executed and may not be written; without the bit it is the other way round.
pub const EXECUTABLE: u8 = 2;
/// The page was stored to since the bit was last cleared.
pub const DIRTY: u8 = 4;

/// The address of the page that holds `addr`.
#[must_use]
pub const fn page_down(addr: u64) -> u64 {
    addr & !(PAGE_SIZE as u64 - 1)
}

/// The next multiple of a page; wraps to 0 within a page of 2^64, as CKB-VM's does.
#[must_use]
pub const fn page_up(size: u64) -> u64 {
    page_down(size.wrapping_add(PAGE_SIZE as u64 - 1))
}

/// Whether `size` is a memory that a machine can have: whole pages, at least one, at most
/// [`MAX_MEMORY`].
#[must_use]
pub const fn is_memory_size(size: u64) -> bool {
    size != 0 && size <= MAX_MEMORY as u64 && size.is_multiple_of(PAGE_SIZE as u64)
}
