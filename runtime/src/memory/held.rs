//! Large data of the host that a guest loads: what one guest loaded stays in place for the next guest that loads the same.
//!
//! A lock script loads a megabyte of tables into its memory, always the same ones to the same place. Copying them for
//! each machine and clearing them afterwards took a fifth of a verification. So the pages that such data covers whole
//! are *held*: they are not touched, and as long as the guest stores nothing to them, they stay as they are when the
//! guest is gone. The mapping then waits in the store of spare mappings, under the numbers of its held pages.
//!
//! No guest starts in such a mapping, because native code reads any address and would see what is held. A guest starts
//! in a mapping of zeros. When it loads large data, the data is compared, byte by byte, with what is held at these
//! pages in a spare mapping. If they are equal, the guest *moves*: its touched pages and its context are copied to that
//! mapping, and its old one is cleared for others. So all that the guest can find at the held pages is what it has just
//! loaded there. It does not matter where the data comes from, nor whether its owner changes it later. This costs a
//! comparison of two megabytes, and writes nothing. Only data of which the host says that it never changes is not
//! compared when it is found again ([`super::remembered`]).
//!
//! Host calls alone move a guest; its memory has no address while it does not run.

use core::ops::Range;

use lockstep_contract::pages::{PAGE_SHIFT, PAGE_SIZE};

use super::raw::Region;
use super::{Memory, remembered, written};
use crate::trap::Trap;

/// Spare mappings that are compared with one piece of data. Whoever fills the store with data that differ in their last
/// bytes makes others compare so many times, and no more.
const COMPARED_MAPPINGS: usize = 2;

impl Memory {
    /// Writes data that is worth holding, outside of chaos mode, at `addr` to `last`. Everything that a guest can see
    /// is as if the pages were opened for stores and the data copied.
    pub(super) fn store_held(&mut self, addr: u64, last: u64, data: &[u8]) -> Result<(), Trap> {
        let mut pages = self.view().pages;
        for page in addr >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            pages.open_untouched(page)?;
        }
        let (start, end) = (addr as usize, last as usize + 1);
        // The pages that the data covers whole, and the data in them.
        let whole = start.div_ceil(PAGE_SIZE)..end / PAGE_SIZE;
        let (front, rest) = data.split_at(whole.start * PAGE_SIZE - start);
        let (inner, back) = rest.split_at(whole.len() * PAGE_SIZE);
        self.region.write(start, front);
        self.region.write(whole.end * PAGE_SIZE, back);
        self.hold(whole, inner);
        Ok(())
    }

    /// Gives whole pages this content: they are held if that is possible.
    fn hold(&mut self, pages: Range<usize>, data: &[u8]) {
        let bytes = pages.start * PAGE_SIZE..pages.end * PAGE_SIZE;
        let writable = self.region.writable();
        let (held, touched) = (writable.held(), writable.any_touched(&pages));
        if held == pages && !touched && self.as_bytes()[bytes.clone()] == *data {
            return;
        }
        if !held.is_empty() || touched {
            self.region.write(bytes.start, data);
            return;
        }
        if !self.move_to(&pages, data) {
            self.region.fill_held(&pages, data);
        }
    }

    /// Moves the guest to a spare mapping in which these pages have this content, if there is one. In the guest's own
    /// mapping they are zero.
    fn move_to(&mut self, pages: &Range<usize>, data: &[u8]) -> bool {
        if self.region.writable().touched_count() > pages.len() / 2 {
            // Copying the rest would take as long as copying the data.
            return false;
        }
        let origin = remembered::origin(data);
        if let Some(mut found) = origin.and_then(|_| self.region.spare_with(pages, origin)) {
            found.take_over(&self.region);
            self.region = found;
            return true;
        }
        // Those that do not fit go back when all are compared.
        let mut others = Vec::new();
        while others.len() < COMPARED_MAPPINGS {
            let Some(mut found) = self.region.spare_with(pages, None) else {
                return false;
            };
            let bytes = &found.bytes()[pages.start * PAGE_SIZE..pages.end * PAGE_SIZE];
            if bytes == data {
                found.take_over(&self.region);
                if origin.is_some() {
                    found.set_origin(origin);
                }
                self.region = found;
                return true;
            }
            others.push(found);
        }
        false
    }
}

impl Region {
    /// Takes over everything from the region of a guest whose memory is zeros where this one holds data. Nobody has
    /// used this region since it was taken.
    fn take_over(&mut self, other: &Region) {
        let (context, writable, heads, mut bytes) = self.parts();
        *context = other.context().clone();
        writable.copy_from(other.writable());
        for run in other.writable().touched_runs() {
            let run = run.start * PAGE_SIZE..run.end * PAGE_SIZE;
            written::note(run.len());
            bytes.all()[run.clone()].copy_from_slice(&other.bytes()[run]);
        }
        if let Some(kept) = other.heads() {
            heads.copy_from_slice(kept);
            self.keep_heads();
        }
    }

    /// Writes bytes to pages that are in memory and may be written. They are touched then.
    fn write(&mut self, start: usize, data: &[u8]) {
        let (_, writable, _, mut bytes) = self.parts();
        let end = start + data.len();
        for page in start / PAGE_SIZE..end.div_ceil(PAGE_SIZE) {
            writable.set(page, true);
        }
        written::note(data.len());
        bytes.all()[start..end].copy_from_slice(data);
    }

    /// Writes data to whole pages that are zero, and holds them from now on.
    fn fill_held(&mut self, pages: &Range<usize>, data: &[u8]) {
        let (_, writable, _, mut bytes) = self.parts();
        writable.hold(pages);
        written::note(data.len());
        bytes.all()[pages.start * PAGE_SIZE..pages.end * PAGE_SIZE].copy_from_slice(data);
        self.set_origin(remembered::origin(data));
    }
}
