//! Pages of guest memory and their flags, as CKB-VM defines them.
//!
//! Translator, runtime and engine need these numbers, and which pages are code. Who may change a flag, and when, is the runtime's.

use core::ops::Range;

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
/// Both flags that make a page part of a code region: its content is fixed, and it may be executed.
pub const CODE: u8 = EXECUTABLE | FREEZED;
/// The page was stored to since the bit was last cleared.
pub const DIRTY: u8 = 4;

/// The code regions of a memory with these flags, one byte a page: the maximal runs of pages that are
/// executable and frozen, by page number.
#[must_use]
pub fn code_runs(flags: &[u8]) -> Vec<Range<usize>> {
    runs(flags, |_, flags| flags & CODE == CODE)
}

/// The maximal runs of pages with a property, by page number. The property is asked for once for each page, in
/// order, with the page's number and flags.
#[must_use]
pub fn runs(flags: &[u8], mut wanted: impl FnMut(usize, u8) -> bool) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (page, flags) in flags.iter().enumerate() {
        if !wanted(page, *flags) {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == page => run.end = page + 1,
            _ => runs.push(page..page + 1),
        }
    }
    runs
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_region_is_as_long_as_its_pages_are_both_executable_and_frozen() {
        let flags = [CODE, CODE | DIRTY, EXECUTABLE, FREEZED, CODE, 0, CODE];
        assert_eq!(code_runs(&flags), [0..2, 4..5, 6..7]);
        assert_eq!(code_runs(&[]), []);
        assert_eq!(code_runs(&[0, 0]), []);
    }
}
