//! The table of pages that take stores as they are, in the layout in which native code reads it.
//!
//! It is derived from the flags of the pages: a page is in it when it may be written and is already dirty. Beside
//! that it notes which pages may have bytes other than zero. It decides nothing.

use core::mem::{align_of, offset_of, size_of};
use core::ops::Range;

use lockstep_contract::context::{self, Context};
use lockstep_contract::pages::MAX_PAGES;

/// What is noted about each page beside its flags.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Writable {
    /// 1 when the page's word and the next one's are 1; at [`context::PAIRS`].
    pairs: [u8; MAX_PAGES],
    /// 1 when the word was ever 1 since the page was zero, or the page was filled: all others are still
    /// zero. In front of the words, where native code does not look.
    touched: [u8; MAX_PAGES],
    /// 1 when the page may be written and is already dirty; at [`context::WRITABLE`].
    words: [u32; MAX_PAGES],
}

impl Writable {
    /// Whether a store to this page needs nothing but the store. Every way to change a page's bytes
    /// leads through here with `true` first.
    #[inline(always)]
    pub(crate) fn set(&mut self, page: usize, freely: bool) {
        self.touched[page] |= u8::from(freely);
        self.words[page] = u32::from(freely);
        // The last page has no next one: what starts there and lies in memory ends there.
        let next = self.words.get(page + 1).is_none_or(|&word| word == 1);
        self.pairs[page] = u8::from(freely && next);
        if let Some(before) = page.checked_sub(1) {
            self.pairs[before] = u8::from(freely && self.words[before] == 1);
        }
    }

    /// Whether a page may have bytes other than zero.
    pub(crate) fn touched(&self, page: usize) -> bool {
        self.touched[page] != 0
    }

    /// Pages that were filled without being opened for stores.
    pub(super) fn note_filled(&mut self, pages: Range<usize>) {
        self.touched[pages].fill(1);
    }

    /// For each page whether the words of it and of the next are 1.
    #[cfg(test)]
    pub(super) fn pairs(&self) -> &[u8; MAX_PAGES] {
        &self.pairs
    }

    /// No page takes stores as they are, and all pages are zero.
    pub(super) fn clear(&mut self) {
        self.touched.fill(0);
        self.words.fill(0);
        self.pairs.fill(0);
    }

    /// One word a page: 1 when the page may be written and is already dirty.
    #[inline(always)]
    pub(crate) fn words(&self) -> &[u32; MAX_PAGES] {
        &self.words
    }
}

/// Distance in bytes from the context to the table of pages.
pub(super) const PAGE_TABLE: usize = context::WRITABLE - offset_of!(Writable, words);

const _: () = {
    assert!(PAGE_TABLE + offset_of!(Writable, pairs) == context::PAIRS);
    assert!(
        size_of::<Context>() <= PAGE_TABLE && PAGE_TABLE.is_multiple_of(align_of::<Writable>())
    );
    assert!(PAGE_TABLE + size_of::<Writable>() <= context::HEADS);
};
