//! Memory as the host reads and writes it: ranges of bytes and whole pages.
//!
//! Loading a program, laying out a stack, system calls and snapshots come through here. The errors and their order
//! are those of CKB-VM's assembly machine. What single instructions do is in the parent module and in
//! [`access`](super::access).

use lockstep_contract::pages::{FREEZED, MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE};

use super::Memory;
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
        self.open(addr, bytes.len() as u64)?.copy_from_slice(bytes);
        Ok(())
    }

    /// Writes `size` times the same byte. Nothing is checked when `size` is 0.
    ///
    /// # Errors
    /// As for [`Memory::store_bytes`].
    pub fn store_byte(&mut self, addr: u64, size: u64, value: u8) -> Result<(), Trap> {
        self.open(addr, size)?.fill(value);
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
        let mut view = self.view();
        if size == 0 {
            return Ok(&mut []);
        }
        let end = addr
            .checked_add(size)
            .filter(|end| *end <= MAX_MEMORY as u64);
        let end = end.ok_or(Trap::MemOutOfBound)?;
        (view.pages).open_all(addr, end - 1, view.bytes.all(), view.chaos)?;
        Ok(&mut view.bytes.into_all()[addr as usize..end as usize])
    }
}
