//! Pages of guest memory and their flags.

/// Bytes a page.
pub const PAGE_SIZE: usize = 4096;
/// log2 of [`PAGE_SIZE`].
pub const PAGE_SHIFT: u32 = 12;
/// The largest guest memory: `RISCV_MAX_MEMORY` of the oracle.
pub const MAX_MEMORY: usize = 4 << 20;
/// Pages of the largest guest memory.
pub const MAX_PAGES: usize = MAX_MEMORY / PAGE_SIZE;

/// The content and properties of the page are fixed: it cannot be initialised again.
pub const FREEZED: u8 = 1;
/// The page may be executed and may not be written; without the bit it is the other way round.
pub const EXECUTABLE: u8 = 2;
/// The page was stored to since the bit was last cleared.
pub const DIRTY: u8 = 4;
