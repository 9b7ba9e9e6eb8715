//! The flags of the pages, and a record of which pages changed in a way that matters to code.
//!
//! Native code and decoded traces are derived from pages that are executable and frozen. So every change of these
//! two flags is noted here: a range of pages for whoever looks for code regions, and a number that rises for
//! whoever keeps decoded traces. A store that makes a page dirty changes neither.

use core::ops::Range;

use lockstep_contract::pages::{CODE, DIRTY, EXECUTABLE, code_runs};

/// Whether a store to a page with these flags needs nothing but the store.
pub(super) const fn stores_freely(flags: u8) -> bool {
    flags & (EXECUTABLE | DIRTY) == DIRTY
}

/// The flags of all pages of a memory.
#[derive(Debug)]
pub(super) struct PageFlags {
    /// One byte a page: `FREEZED`, `EXECUTABLE`, `DIRTY`.
    bytes: Box<[u8]>,
    /// Pages whose code may have come, gone or changed since this was last taken.
    recoded: Range<usize>,
    /// All pages that are executable or frozen lie in this range. Most pages of a memory never are, and need not be
    /// looked at to find code.
    coded: Range<usize>,
    /// Counts such changes.
    generation: u64,
}

impl PageFlags {
    /// No flag set on any of so many pages.
    pub(super) fn new(pages: usize) -> PageFlags {
        PageFlags {
            bytes: vec![0; pages].into_boxed_slice(),
            recoded: 0..pages,
            coded: 0..0,
            generation: 0,
        }
    }

    /// One byte a page.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same for stores, which make pages dirty and change no other flag.
    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Replaces the flags of a page.
    pub(super) fn replace(&mut self, page: usize, flags: u8) {
        if (self.bytes[page] ^ flags) & CODE != 0 {
            self.note_recoded(page);
            self.coded = with_page(&self.coded, page);
        }
        self.bytes[page] = flags;
    }

    /// Clears all flags.
    pub(super) fn clear(&mut self) {
        self.bytes.fill(0);
        self.coded = 0..0;
        self.note_all_recoded();
    }

    /// Notes that the code in a page may be new.
    pub(super) fn note_recoded(&mut self, page: usize) {
        self.generation += 1;
        self.recoded = with_page(&self.recoded, page);
    }

    /// Notes that all code may be new.
    pub(super) fn note_all_recoded(&mut self) {
        self.generation += 1;
        self.recoded = 0..self.bytes.len();
    }

    /// The code regions, by page number.
    pub(super) fn code_runs(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let first = self.coded.start;
        let runs = code_runs(&self.bytes[self.coded.clone()]);
        runs.into_iter()
            .map(move |run| first + run.start..first + run.end)
    }

    /// Another number whenever code may have come, gone or changed.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The pages whose code may be new since this was last taken.
    pub(super) fn take_recoded(&mut self) -> Range<usize> {
        std::mem::take(&mut self.recoded)
    }
}

/// The smallest range that has all of these pages and this one.
fn with_page(pages: &Range<usize>, page: usize) -> Range<usize> {
    if pages.is_empty() {
        return page..page + 1;
    }
    pages.start.min(page)..pages.end.max(page + 1)
}
