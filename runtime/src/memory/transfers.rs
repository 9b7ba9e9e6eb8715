//! Memory as the host reads and writes it: ranges of bytes and whole pages.
//!
//! Loading a program, laying out a stack, system calls and snapshots come through here. The errors and their order
//! are those of CKB-VM's assembly machine. What single instructions do is in the parent module and in
//! [`access`](super::access).

use lockstep_contract::pages::{FREEZED, MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE};

use super::{Memory, remembered, written};
use crate::trap::Trap;

impl Memory {
    /// Gives the pages of a range content and flags. The content is zeros up to `offset`, then `source` as far as it
    /// fits, then zeros. The pages become dirty.
    ///
    /// # Errors
    /// `MemPageUnalignedAccess` when `addr` or `size` is not a multiple of 4096, `MemOutOfBound` when
    /// the range is not in memory or `offset` not in the range, `MemWriteOnFreezedPage` when a page is
    /// frozen (all of these with nothing changed), `MemWriteOnExecutablePage` when one is executable
    /// (the pages before it are initialised, as CKB-VM does).
    pub fn init_pages(
        &mut self,
        addr: u64,
        size: u64,
        flags: u8,
        source: &[u8],
        offset: u64,
    ) -> Result<(), Trap> {
        let page = PAGE_SIZE as u64;
        if !addr.is_multiple_of(page) || !size.is_multiple_of(page) {
            return Err(Trap::MemPageUnalignedAccess);
        }
        let memory = self.size() as u64;
        if addr > memory || size > memory || addr + size > memory || offset > size {
            return Err(Trap::MemOutOfBound);
        }
        let pages = addr >> PAGE_SHIFT..(addr + size) >> PAGE_SHIFT;
        for page in pages.clone() {
            if self.fetch_flag(page)? & FREEZED != 0 {
                return Err(Trap::MemWriteOnFreezedPage);
            }
        }
        let taken = source.len().min((size - offset) as usize);
        let end = offset + taken as u64;
        self.store_byte(addr, offset, 0)?;
        self.store_bytes(addr + offset, &source[..taken])?;
        self.store_byte(addr + end, size - end, 0)?;
        for page in pages {
            self.set_flag(page, flags)?;
        }
        Ok(())
    }

    /// Writes bytes, as the host does. Nothing is checked when there are none.
    ///
    /// # Errors
    /// `MemOutOfBound` when the end lies beyond the largest memory; then, page by page, `MemOutOfBound` or
    /// `MemWriteOnExecutablePage`. After such an error the pages before the one that refused are dirty, and no byte
    /// is written.
    pub fn store_bytes(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Trap> {
        if bytes.len() >= remembered::SMALLEST_HELD_BYTES
            && self.chaos.is_none()
            && let Some(last) = last_byte(addr, bytes.len() as u64)?
        {
            return self.store_held(addr, last, bytes);
        }
        self.open(addr, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes `size` times the same byte. Nothing is checked when `size` is 0.
    ///
    /// # Errors
    /// As for [`Memory::store_bytes`].
    pub fn store_byte(&mut self, addr: u64, size: u64, value: u8) -> Result<(), Trap> {
        // In chaos mode pages are not zero before they are written.
        if value == 0 && self.chaos.is_none() {
            return self.store_zeros(addr, size);
        }
        self.open(addr, size)?.fill(value);
        Ok(())
    }

    /// Writes zeros. A page that is known to be zero has them already. It becomes dirty, and its bytes stay as they are: it
    /// is not read, not written, and need not be cleared when the guest is gone. Programs with large arrays that start
    /// as zeros use few of their pages.
    fn store_zeros(&mut self, addr: u64, size: u64) -> Result<(), Trap> {
        let Some(last) = last_byte(addr, size)? else {
            return Ok(());
        };
        let mut view = self.view();
        let pages = addr >> PAGE_SHIFT..=last >> PAGE_SHIFT;
        for page in pages.clone() {
            view.pages.open_untouched(page)?;
        }
        for page in pages {
            let number = page as usize;
            if view.pages.writable.is_zero(number) {
                view.pages.writable.note_zeroed(number);
                continue;
            }
            view.pages.writable.set(number, true);
            let start = addr.max(page << PAGE_SHIFT) as usize;
            let end = (last + 1).min((page + 1) << PAGE_SHIFT) as usize;
            written::note(end - start);
            view.bytes.all()[start..end].fill(0);
        }
        Ok(())
    }

    /// Copies `size` bytes out of memory. Nothing is checked when `size` is 0.
    ///
    /// # Errors
    /// `MemOutOfBound` when the range is not in memory.
    pub fn load_bytes(&mut self, addr: u64, size: u64) -> Result<Vec<u8>, Trap> {
        let range = self.range(addr, size)?;
        self.touch(range.start / PAGE_SIZE..range.end.div_ceil(PAGE_SIZE));
        Ok(self.as_bytes()[range].to_vec())
    }

    /// The bytes of a page. Panics if there is no such page.
    pub(crate) fn page(&mut self, page: usize) -> &[u8] {
        self.touch([page]);
        &self.as_bytes()[page * PAGE_SIZE..][..PAGE_SIZE]
    }

    /// The bytes of a range that the host wants to write; their pages become dirty.
    fn open(&mut self, addr: u64, size: u64) -> Result<&mut [u8], Trap> {
        let Some(last) = last_byte(addr, size)? else {
            return Ok(&mut []);
        };
        let mut view = self.view();
        (view.pages).open_all(addr, last, view.bytes.all(), view.chaos)?;
        written::note(size as usize);
        Ok(&mut view.bytes.into_all()[addr as usize..=last as usize])
    }
}

/// The address of the last byte of a range that the host wants to write; `None` if there is none.
///
/// # Errors
/// `MemOutOfBound` when the range ends beyond the largest memory.
fn last_byte(addr: u64, size: u64) -> Result<Option<u64>, Trap> {
    if size == 0 {
        return Ok(None);
    }
    match addr.checked_add(size) {
        Some(end) if end <= MAX_MEMORY as u64 => Ok(Some(end - 1)),
        _ => Err(Trap::MemOutOfBound),
    }
}
