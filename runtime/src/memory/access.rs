//! Memory as single instructions see it: parts borrowed apart, and the checks of one store or fetch.
//!
//! All of the first page is checked, and made dirty, before anything of the second, as CKB-VM's
//! assembly machine does.

use lockstep_contract::context::Context;
use lockstep_contract::pages::{DIRTY, EXECUTABLE, PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::{Fetch, Size};

use super::chaos::Chaos;
use super::raw::{Bytes, Heads};
use super::writable::Writable;
use crate::trap::Trap;

/// What an instruction may touch, borrowed apart so that it can stay in host registers.
pub(crate) struct View<'a> {
    pub(crate) context: &'a mut Context,
    pub(crate) heads: &'a mut Heads,
    pub(crate) bytes: Bytes<'a>,
    pub(crate) pages: Pages<'a>,
    /// What fills untouched frames; none, outside of chaos mode.
    pub(crate) chaos: Option<&'a mut Chaos>,
}

/// The flags of the pages and what is derived from them.
pub(crate) struct Pages<'a> {
    pub(crate) flags: &'a mut [u8],
    pub(crate) writable: &'a mut Writable,
}

/// What decoding may read: memory, where it is executable.
pub(crate) struct Code<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) flags: &'a [u8],
    /// In chaos mode a fetch may be the first touch.
    pub(crate) chaos: Option<(&'a mut Chaos, &'a mut Writable)>,
    /// Something was not there: what was decoded may be something else when code comes.
    pub(crate) refused: bool,
}

impl Code<'_> {
    /// Bytes of code.
    pub(super) fn fetch<const N: usize>(&mut self, addr: u64) -> Result<[u8; N], Trap> {
        // The usual case: all bytes in one page of code.
        let page = (addr >> PAGE_SHIFT) as usize;
        if addr as usize % PAGE_SIZE <= PAGE_SIZE - N
            && self.chaos.is_none()
            && let Some(flags) = self.flags.get(page)
            && flags & EXECUTABLE != 0
            && let Some(bytes) = self.bytes.get(addr as usize..)
            && let Some(chunk) = bytes.first_chunk::<N>()
        {
            return Ok(*chunk);
        }
        let fetched = self.fetch_touching(addr);
        self.refused |= fetched.is_err();
        fetched
    }

    fn fetch_touching<const N: usize>(&mut self, addr: u64) -> Result<[u8; N], Trap> {
        for page in addr >> PAGE_SHIFT..=(addr.saturating_add(N as u64 - 1)) >> PAGE_SHIFT {
            match self.flags.get(page as usize) {
                None => return Err(Trap::MemOutOfBound),
                Some(flags) if flags & EXECUTABLE == 0 => {
                    return Err(Trap::MemWriteOnExecutablePage);
                }
                Some(_) => {}
            }
            if let Some((chaos, writable)) = &mut self.chaos {
                chaos.touch(page as usize, self.bytes, writable);
            }
        }
        self.bytes
            .get(addr as usize..)
            .and_then(|bytes| bytes.first_chunk::<N>())
            .copied()
            .ok_or(Trap::MemOutOfBound)
    }
}

impl Code<'_> {
    /// The same for a look that is no touch.
    pub(crate) fn untouched(mut self) -> Self {
        self.chaos = None;
        self
    }
}

impl Fetch for Code<'_> {
    type Error = Trap;

    fn fetch16(&mut self, addr: u64) -> Result<u16, Trap> {
        self.fetch(addr).map(u16::from_le_bytes)
    }

    fn fetch32(&mut self, addr: u64) -> Result<u32, Trap> {
        self.fetch(addr).map(u32::from_le_bytes)
    }
}

impl Pages<'_> {
    /// Makes a page ready for a store: checks that it may be written and makes it dirty.
    pub(super) fn open(&mut self, page: u64) -> Result<(), Trap> {
        self.make_dirty(page)?;
        self.writable.set(page as usize, true);
        Ok(())
    }

    /// The same, but a page that is not touched stays so: it becomes dirty and is not ready for a store yet.
    pub(super) fn open_untouched(&mut self, page: u64) -> Result<(), Trap> {
        self.make_dirty(page)?;
        if self.writable.touched(page as usize) {
            self.writable.set(page as usize, true);
        }
        Ok(())
    }

    /// Makes a page dirty that may be written.
    fn make_dirty(&mut self, page: u64) -> Result<(), Trap> {
        let Some(flags) = self.flags.get_mut(page as usize) else {
            return Err(Trap::MemOutOfBound);
        };
        if *flags & EXECUTABLE != 0 {
            return Err(Trap::MemWriteOnExecutablePage);
        }
        *flags |= DIRTY;
        Ok(())
    }

    /// Makes the pages from the first to the last byte of a store ready, one after the other; in chaos
    /// mode each page's frame is filled before the next page is asked.
    pub(crate) fn open_all(
        &mut self,
        first: u64,
        last: u64,
        bytes: &mut [u8],
        mut chaos: Option<&mut Chaos>,
    ) -> Result<(), Trap> {
        for page in first >> PAGE_SHIFT..=last >> PAGE_SHIFT {
            self.open(page)?;
            if let Some(chaos) = chaos.as_deref_mut() {
                chaos.touch(page as usize, bytes, self.writable);
            }
        }
        Ok(())
    }

    /// Makes the pages of a range of stores ready, on at most so many pages, or none of them. Whether they are, and
    /// at least one was not before.
    pub(crate) fn open_range(&mut self, [first, last]: [u64; 2], most: u8) -> bool {
        let pages = first >> PAGE_SHIFT..=last >> PAGE_SHIFT;
        let Some(more) = pages.end().checked_sub(*pages.start()) else {
            return false;
        };
        if more >= u64::from(most) {
            return false;
        }
        let takes_stores = |page: u64| {
            (self.flags.get(page as usize)).is_some_and(|flags| flags & EXECUTABLE == 0)
        };
        let is_ready = |page: u64| self.writable.words()[page as usize] == 1;
        if !pages.clone().all(takes_stores) || pages.clone().all(is_ready) {
            return false;
        }
        pages.into_iter().all(|page| self.open(page).is_ok())
    }

    /// Makes the one or two pages of a store ready.
    #[cold]
    pub(crate) fn open_store(&mut self, addr: u64, size: Size) -> Result<(), Trap> {
        let page = addr >> PAGE_SHIFT;
        self.open(page)?;
        if addr as usize % PAGE_SIZE + size.bytes() as usize > PAGE_SIZE {
            self.open(page + 1)?;
        }
        Ok(())
    }
}
