//! Guest memory: bytes, page flags, the load reservation, and the rules of who may write where.
//!
//! The rules are those of CKB-VM's assembly machine, order of checks and effects included
//! (W^X: a page with `EXECUTABLE` is not writable, any other is; `FREEZED` only forbids initialising
//! a page again). The bytes live in a mapping that native code sees too ([`raw`]); beside them stands
//! a table with one word a page that is 1 exactly when a store needs nothing but the store: the page
//! is writable and already dirty. It is derived from the flags here and nowhere else.
//!
//! CKB-VM's lazy clearing of frames is not here: untouched pages come zeroed from the operating
//! system. Its pseudo-random filling is in [`chaos`].

use core::ops::Range;

use lockstep_contract::context::Context;
use lockstep_contract::pages::{FREEZED, MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::Size;

use crate::helpers;
use crate::trap::Trap;

mod access;
pub(crate) mod chaos;
pub(crate) mod copy;
mod flags;
mod identity;
pub(crate) mod raw;
mod setup_error;
mod spare;
pub(crate) mod writable;

pub(crate) use access::{Code, Pages, View};
use chaos::Chaos;
use flags::{PageFlags, stores_freely};
pub(crate) use identity::Identity;
use raw::Region;
pub use setup_error::SetupError;

/// Wrong native code ran in this process: no mapping that is in use or kept now goes to another guest, and nothing
/// that was decoded in one.
pub fn retire_spare_mappings() {
    raw::retire_spare_mappings();
}

/// No address is reserved.
const NO_RESERVATION: u64 = u64::MAX;

/// The memory of one guest.
#[derive(Debug)]
pub struct Memory {
    identity: Identity,
    region: Region,
    flags: PageFlags,
    /// What fills frames that were not touched yet, in chaos mode.
    chaos: Option<Box<Chaos>>,
}

impl Memory {
    /// Zeroed memory of `size` bytes, no flag set.
    ///
    /// # Errors
    /// A size that is not a multiple of 4096 from 4096 to 4 MiB, or no memory left.
    pub fn new(size: usize) -> Result<Memory, SetupError> {
        if !(PAGE_SIZE..=MAX_MEMORY).contains(&size) || !size.is_multiple_of(PAGE_SIZE) {
            return Err(SetupError::Size(size));
        }
        let mut memory = Memory {
            identity: Identity::new(),
            region: Region::new(size)?,
            flags: PageFlags::new(size / PAGE_SIZE),
            chaos: None,
        };
        memory.set_reservation(NO_RESERVATION);
        memory.context_mut().helpers = helpers::addresses();
        Ok(memory)
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.region.size()
    }

    /// Pages.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.flags.bytes().len()
    }

    /// The flags, one byte a page.
    #[must_use]
    pub fn flags(&self) -> &[u8] {
        self.flags.bytes()
    }

    /// All bytes. In chaos mode a frame that was not touched yet is zeros here: unlike
    /// [`Memory::load_bytes`], this is no touch.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.region.bytes()
    }

    /// The reserved address; all ones when there is none.
    #[must_use]
    pub fn reservation(&self) -> u64 {
        self.region.context().reservation
    }

    /// The same in its place, for hosts that hand out a reference.
    #[must_use]
    pub fn reservation_ref(&self) -> &u64 {
        &self.region.context().reservation
    }

    /// Reserves an address, or none with all ones.
    pub fn set_reservation(&mut self, addr: u64) {
        self.region.parts().0.reservation = addr;
    }

    /// Zero bytes, no flags, no reservation.
    pub(crate) fn reset(&mut self) {
        self.identity = Identity::new();
        self.region.clear();
        self.flags.clear();
        self.set_reservation(NO_RESERVATION);
        if let Some(chaos) = &mut self.chaos {
            chaos.forget();
        }
    }

    /// From now on each frame of 256 KiB that is touched for the first time is filled with
    /// pseudo-random bytes from this seed, as CKB-VM's chaos mode does; or no longer. Frames that
    /// were stored to count as touched. To be set before the guest runs: loads of zeros before it leave
    /// no trace.
    pub(crate) fn set_chaos(&mut self, seed: Option<u32>) {
        let pages = 0..self.pages();
        let (_, writable, ..) = self.region.parts();
        let touched = pages.filter(|page| writable.touched(*page));
        self.chaos = seed.map(|seed| Box::new(Chaos::new(seed, touched)));
    }

    /// The seed for the next frame that is touched; none outside of chaos mode.
    #[must_use]
    pub fn chaos_seed(&self) -> Option<u32> {
        self.chaos.as_ref().map(|chaos| chaos.seed())
    }

    /// A load from these pages, the first or not, as far as they are in memory.
    fn touch(&mut self, pages: impl IntoIterator<Item = usize>) {
        if let Some(chaos) = &mut self.chaos {
            let (_, writable, _, mut bytes) = self.region.parts();
            let count = self.flags.bytes().len();
            for page in pages.into_iter().take_while(|page| *page < count) {
                chaos.touch(page, bytes.all(), writable);
            }
        }
    }

    /// The flags of a page.
    ///
    /// # Errors
    /// `MemOutOfBound` when there is no such page.
    pub fn fetch_flag(&self, page: u64) -> Result<u8, Trap> {
        usize::try_from(page)
            .ok()
            .and_then(|page| self.flags.bytes().get(page).copied())
            .ok_or(Trap::MemOutOfBound)
    }

    /// Sets these flags of a page, beside those it has.
    ///
    /// # Errors
    /// `MemOutOfBound` when there is no such page.
    pub fn set_flag(&mut self, page: u64, flag: u8) -> Result<(), Trap> {
        let flags = self.fetch_flag(page)? | flag;
        self.replace_flags(page as usize, flags);
        Ok(())
    }

    /// Clears these flags of a page.
    ///
    /// # Errors
    /// `MemOutOfBound` when there is no such page.
    pub fn clear_flag(&mut self, page: u64, flag: u8) -> Result<(), Trap> {
        let flags = self.fetch_flag(page)? & !flag;
        self.replace_flags(page as usize, flags);
        Ok(())
    }

    /// The only place where flags change, other than by a store making a page dirty.
    fn replace_flags(&mut self, page: usize, flags: u8) {
        self.flags.replace(page, flags);
        self.region.parts().1.set(page, stores_freely(flags));
    }

    /// Which memory this is: another value for each memory, and another one after each reset.
    pub(crate) fn identity(&self) -> Identity {
        self.identity
    }

    /// Another number whenever code may have come, gone or changed.
    pub(crate) fn generation(&self) -> u64 {
        self.flags.generation()
    }

    /// Notes that all code may be new, as at the start.
    pub(crate) fn note_all_recoded(&mut self) {
        self.flags.note_all_recoded();
    }

    /// The pages whose code may have come, gone or changed since this was asked last; all of them at first.
    pub(crate) fn take_recoded(&mut self) -> Range<usize> {
        self.flags.take_recoded()
    }

    /// Gives pages content and flags: zeros up to `offset`, then `source` as far as it fits, then
    /// zeros. The pages become dirty.
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
    /// `MemOutOfBound` when the end lies beyond the largest memory; then, page by page, `MemOutOfBound`
    /// or `MemWriteOnExecutablePage`: pages before the one that refused are dirty, no byte is written.
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

    /// Copies `size` bytes out. Nothing is checked when `size` is 0.
    ///
    /// # Errors
    /// `MemOutOfBound`.
    pub fn load_bytes(&mut self, addr: u64, size: u64) -> Result<Vec<u8>, Trap> {
        let range = self.range(addr, size)?;
        self.touch(range.start / PAGE_SIZE..range.end.div_ceil(PAGE_SIZE));
        Ok(self.as_bytes()[range].to_vec())
    }

    /// The bytes of a page, which is one of this memory's.
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

    /// A range of guest addresses as one of indices; an empty one lies anywhere.
    fn range(&self, addr: u64, size: u64) -> Result<Range<usize>, Trap> {
        if size == 0 {
            return Ok(0..0);
        }
        match addr.checked_add(size) {
            Some(end) if end <= self.size() as u64 => Ok(addr as usize..end as usize),
            _ => Err(Trap::MemOutOfBound),
        }
    }

    /// Reads an integer, zero-extended.
    ///
    /// # Errors
    /// `MemOutOfBound`.
    pub fn load(&mut self, addr: u64, size: Size) -> Result<u64, Trap> {
        let range = self.range(addr, size.bytes());
        // The first page counts as touched also where the second is none.
        let last = addr.saturating_add(size.bytes() - 1);
        let pages = addr >> PAGE_SHIFT..=last >> PAGE_SHIFT;
        self.touch(pages.map(|page| page as usize));
        let range = range?;
        let mut word = [0; 8];
        word[..range.len()].copy_from_slice(&self.as_bytes()[range]);
        Ok(u64::from_le_bytes(word))
    }

    /// Writes the low `size` bytes of `value`, as a store instruction does.
    ///
    /// # Errors
    /// `MemOutOfBound` or `MemWriteOnExecutablePage`, decided page by page in the order of addresses.
    pub fn store(&mut self, addr: u64, size: Size, value: u64) -> Result<(), Trap> {
        let mut view = self.view();
        let last = addr.saturating_add(size.bytes() - 1);
        (view.pages).open_all(addr, last, view.bytes.all(), view.chaos)?;
        let (at, len) = (addr as usize, size.bytes() as usize);
        view.bytes.all()[at..at + len].copy_from_slice(&value.to_le_bytes()[..len]);
        Ok(())
    }

    /// Reads two bytes of code.
    ///
    /// # Errors
    /// `MemOutOfBound`, or `MemWriteOnExecutablePage` when a page is not executable.
    pub fn fetch16(&mut self, addr: u64) -> Result<u16, Trap> {
        self.code().fetch(addr).map(u16::from_le_bytes)
    }

    /// Reads four bytes of code.
    ///
    /// # Errors
    /// `MemOutOfBound`, or `MemWriteOnExecutablePage` when a page is not executable.
    pub fn fetch32(&mut self, addr: u64) -> Result<u32, Trap> {
        self.code().fetch(addr).map(u32::from_le_bytes)
    }

    /// What decoding reads.
    pub(crate) fn code(&mut self) -> Code<'_> {
        let (_, writable, _, bytes) = self.region.parts();
        Code {
            bytes: bytes.into_all(),
            flags: self.flags.bytes(),
            chaos: self.chaos.as_deref_mut().map(|chaos| (chaos, writable)),
            refused: false,
        }
    }

    /// The parts that instructions touch.
    pub(crate) fn view(&mut self) -> View<'_> {
        let (context, writable, heads, bytes) = self.region.parts();
        View {
            context,
            heads,
            bytes,
            pages: Pages {
                flags: self.flags.bytes_mut(),
                writable,
            },
            chaos: self.chaos.as_deref_mut(),
        }
    }

    /// The generation of mappings that this memory comes from; `None`, if wrong native code may have written to it
    /// since. Only what is found in memory that is trusted may be used by other guests.
    pub(crate) fn trusted_since(&self) -> Option<u64> {
        self.region.trusted_since()
    }

    /// From now on native code and interpreter note the heads of traces.
    pub(crate) fn keep_heads(&mut self) {
        self.region.keep_heads();
    }

    /// The state at the head of the region.
    pub(crate) fn context(&self) -> &Context {
        self.region.context()
    }

    /// The state at the head of the region.
    pub(crate) fn context_mut(&mut self) -> &mut Context {
        self.region.parts().0
    }

    /// What native code gets.
    pub(crate) fn context_pointer(&mut self) -> *mut Context {
        self.region.context_pointer()
    }
}

#[cfg(test)]
mod tests;
