//! The table of pages that take stores as they are, in the layout in which native code reads it, and a record of which
//! pages are no longer as they were given to the guest.
//!
//! The table is derived from the flags of the pages: a page is in it when it may be written, is already dirty, and is
//! *touched*. A page is touched from the first time that its bytes may have changed. So whoever clears a guest's memory
//! clears the touched pages only, and pages that a program asks to be zeros cost nothing until something else is
//! stored to them. This file decides nothing.

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
    /// In front of the words, where native code does not look.
    notes: Notes,
    /// 1 when the page may be written, is already dirty and is touched; at [`context::WRITABLE`].
    words: [u32; MAX_PAGES],
}

/// What only the host reads, in as many bytes as there are between the two tables.
#[repr(C, align(1024))]
#[derive(Debug)]
struct Notes {
    /// The word was 1 at some time, or the page was filled: all others still have their first content.
    touched: PageBits,
    /// Zeros were stored to the page, which was zero already.
    zeroed: PageBits,
    /// The pages whose first content is data of the host; that of all others is zeros.
    held: [u32; 2],
}

/// Pages by number, one bit each.
#[repr(C)]
#[derive(Clone, Debug, Default)]
struct PageBits([u64; MAX_PAGES / 64]);

impl PageBits {
    #[inline(always)]
    fn add(&mut self, page: usize) {
        self.0[page / 64] |= 1 << (page % 64);
    }

    #[inline(always)]
    fn has(&self, page: usize) -> bool {
        self.0[page / 64] >> (page % 64) & 1 != 0
    }

    /// The first page from `from` on that is in the set (`present`), or that is not.
    fn next(&self, from: usize, present: bool) -> Option<usize> {
        let flip = if present { 0 } else { u64::MAX };
        let mut mask = u64::MAX << (from % 64);
        for index in from / 64..self.0.len() {
            let bits = (self.0[index] ^ flip) & mask;
            if bits != 0 {
                return Some(index * 64 + bits.trailing_zeros() as usize);
            }
            mask = u64::MAX;
        }
        None
    }

    /// The maximal runs of pages that are in the set, in order.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let mut from = 0;
        core::iter::from_fn(move || {
            let start = self.next(from, true)?;
            let end = self.next(start, false).unwrap_or(MAX_PAGES);
            from = end;
            Some(start..end)
        })
    }
}

impl Writable {
    /// Whether a store to this page needs nothing but the store. Every way to change a page's bytes
    /// leads through here with `true` first.
    #[inline(always)]
    pub(crate) fn set(&mut self, page: usize, freely: bool) {
        if freely {
            self.notes.touched.add(page);
        }
        self.words[page] = u32::from(freely);
        // The last page has no next one: what starts there and lies in memory ends there.
        let next = self.words.get(page + 1).is_none_or(|&word| word == 1);
        self.pairs[page] = u8::from(freely && next);
        if let Some(before) = page.checked_sub(1) {
            self.pairs[before] = u8::from(freely && self.words[before] == 1);
        }
    }

    /// Whether a page may have other bytes than those with which it was given to the guest.
    #[inline(always)]
    pub(crate) fn touched(&self, page: usize) -> bool {
        self.notes.touched.has(page)
    }

    /// Whether a page is known to be zeros.
    pub(super) fn is_zero(&self, page: usize) -> bool {
        !self.touched(page) && !self.held().contains(&page)
    }

    /// Whether anything was stored to a page, zeros to a page of zeros included.
    pub(super) fn stored_to(&self, page: usize) -> bool {
        !self.is_zero(page) || self.notes.zeroed.has(page)
    }

    /// The pages whose first content is data of the host.
    pub(super) fn held(&self) -> Range<usize> {
        let [start, end] = self.notes.held;
        start as usize..end as usize
    }

    /// From now on the first content of these pages is data of the host. None of them is touched.
    pub(super) fn hold(&mut self, pages: &Range<usize>) {
        self.notes.held = [pages.start as u32, pages.end as u32];
    }

    /// Whether any of these pages is touched.
    pub(super) fn any_touched(&self, pages: &Range<usize>) -> bool {
        (self.notes.touched.next(pages.start, true)).is_some_and(|page| page < pages.end)
    }

    /// The pages that are touched, as maximal runs.
    pub(super) fn touched_runs(&self) -> impl Iterator<Item = Range<usize>> {
        self.notes.touched.runs()
    }

    /// How many pages are touched.
    pub(super) fn touched_count(&self) -> usize {
        let counts = self.notes.touched.0.iter().map(|bits| bits.count_ones());
        counts.sum::<u32>() as usize
    }

    /// Takes over everything but what is held.
    pub(super) fn copy_from(&mut self, other: &Writable) {
        for run in other.notes.touched.runs() {
            self.words[run.clone()].copy_from_slice(&other.words[run.clone()]);
            self.pairs[run.clone()].copy_from_slice(&other.pairs[run]);
        }
        self.notes.touched = other.notes.touched.clone();
        self.notes.zeroed = other.notes.zeroed.clone();
    }

    /// Zeros were stored to a page that is zero already.
    pub(super) fn note_zeroed(&mut self, page: usize) {
        self.notes.zeroed.add(page);
    }

    /// Pages that were filled without being opened for stores.
    pub(super) fn note_filled(&mut self, pages: Range<usize>) {
        for page in pages {
            self.notes.touched.add(page);
        }
    }

    /// For each page whether the words of it and of the next are 1.
    #[cfg(test)]
    pub(super) fn pairs(&self) -> &[u8; MAX_PAGES] {
        &self.pairs
    }

    /// No page takes stores as they are, and no page is touched. What is held stays noted.
    pub(super) fn clear(&mut self) {
        // Only words of touched pages were ever 1, and a pair is 1 only where the page's own word is.
        for run in self.notes.touched.runs() {
            self.words[run.clone()].fill(0);
            self.pairs[run].fill(0);
        }
        self.notes.touched = PageBits::default();
        self.notes.zeroed = PageBits::default();
    }

    /// One word a page: 1 when the page may be written, is already dirty and is touched.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_pages_are_maximal_and_complete() {
        let pages = [0, 1, 5, 62, 63, 64, 65, 127, 129, 1000, 1022, 1023];
        let mut set = PageBits::default();
        assert_eq!(set.runs().count(), 0);
        for page in pages {
            set.add(page);
        }
        let runs: Vec<_> = set.runs().collect();
        let expected = [
            0..2,
            5..6,
            62..66,
            127..128,
            129..130,
            1000..1001,
            1022..1024,
        ];
        assert_eq!(runs, expected);
        assert!((0..MAX_PAGES).all(|page| set.has(page) == pages.contains(&page)));
        let all = PageBits([u64::MAX; MAX_PAGES / 64]);
        assert!(all.runs().eq(core::iter::once(0..MAX_PAGES)));
    }
}
