//! Guest memory: bytes, page flags, the load reservation, and the rules of who may write where.
//!
//! The rules are those of CKB-VM's assembly machine, with its order of checks and effects. A page with the flag
//! `EXECUTABLE` is not writable, and any other page is. `FREEZED` only forbids initialising a page again.
//!
//! The bytes are in a mapping that native code uses too ([`raw`]). The mapping also has a table with one word for each
//! page. The word is 1 exactly when a store to the page needs no further work: the page is writable, already dirty, and
//! already noted as one that has to be cleared when the guest is gone ([`writable`]). The table is derived here and
//! nowhere else. Storing zeros to a page that still is zero changes its flags alone ([`transfers`]).
//!
//! CKB-VM clears frames of memory lazily. That is not repeated here: untouched pages come zeroed from the operating
//! system. Its pseudo-random filling is in [`chaos`].

use core::ops::Range;

use lockstep_contract::context::Context;
use lockstep_contract::pages::{MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE};
use lockstep_isa::Size;

use crate::helpers;
use crate::trap::Trap;

mod access;
pub(crate) mod chaos;
pub(crate) mod copy;
mod flags;
mod held;
mod identity;
pub(crate) mod raw;
mod remembered;
mod setup_error;
mod spare;
mod transfers;
pub(crate) mod writable;
mod written;

pub(crate) use access::{Code, Pages, View};
use chaos::Chaos;
use flags::{PageFlags, stores_freely};
pub(crate) use identity::Identity;
use raw::Region;
pub use remembered::remember_data;
pub use setup_error::SetupError;
pub use written::host_written_bytes;

/// To be called when wrong native code ran in this process. No mapping that is in use or kept now goes to another
/// guest, and no trace that was decoded in one of them is shared any more.
pub fn retire_spare_mappings() {
    raw::retire_spare_mappings();
}

/// No address is reserved.
const NO_RESERVATION: u64 = u64::MAX;

/// The memory of one guest.
///
/// ```
/// use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// use lockstep_isa::Size;
/// use lockstep_runtime::{Memory, Trap};
///
/// let mut memory = Memory::new(1 << 16)?;
/// memory.store(0x10, Size::W, 7)?;
/// assert_eq!(memory.load(0x10, Size::W)?, 7);
/// memory.set_flag(1, EXECUTABLE | FREEZED)?;
/// assert_eq!(memory.store(0x1000, Size::B, 7), Err(Trap::MemWriteOnExecutablePage));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.region.size()
    }

    /// The number of pages.
    #[must_use]
    pub fn pages(&self) -> usize {
        self.flags.bytes().len()
    }

    /// The flags, one byte a page.
    #[must_use]
    pub fn flags(&self) -> &[u8] {
        self.flags.bytes()
    }

    /// All bytes. In chaos mode a frame that was not touched yet is zeros here: unlike [`Memory::load_bytes`], this
    /// does not count as touching it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.region.bytes()
    }

    /// The reserved address; all ones when there is none.
    #[must_use]
    pub fn reservation(&self) -> u64 {
        self.region.context().reservation
    }

    /// The reserved address by reference, for hosts that hand out a reference.
    #[must_use]
    pub fn reservation_ref(&self) -> &u64 {
        &self.region.context().reservation
    }

    /// Reserves an address; all ones end the reservation.
    pub fn set_reservation(&mut self, addr: u64) {
        self.region.parts().0.reservation = addr;
    }

    /// Makes all bytes zero, clears all flags and ends the reservation.
    pub(crate) fn reset(&mut self) {
        self.identity = Identity::new();
        self.region.clear();
        self.flags.clear();
        self.set_reservation(NO_RESERVATION);
        if let Some(chaos) = &mut self.chaos {
            chaos.forget();
        }
    }

    /// Begins chaos mode with a seed, or ends it with `None`. In chaos mode each frame of 256 KiB that is touched for
    /// the first time is filled with pseudo-random bytes, as CKB-VM does. Frames that were stored to count as touched.
    /// To be called before the guest runs, because frames that were only read before do not count.
    pub(crate) fn set_chaos(&mut self, seed: Option<u32>) {
        let pages = 0..self.pages();
        let (_, writable, ..) = self.region.parts();
        let touched = pages.filter(|page| writable.stored_to(*page));
        self.chaos = seed.map(|seed| Box::new(Chaos::new(seed, touched)));
    }

    /// The seed for the next frame that is touched; none outside of chaos mode.
    #[must_use]
    pub fn chaos_seed(&self) -> Option<u32> {
        self.chaos.as_ref().map(|chaos| chaos.seed())
    }

    /// In chaos mode fills the frames of these pages that were not touched yet. Pages beyond memory are left out.
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
        let writable = self.region.parts().1;
        writable.set(page, stores_freely(flags) && writable.touched(page));
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

    /// The code regions: maximal runs of pages that are executable and frozen.
    pub(crate) fn code_runs(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        self.flags.code_runs()
    }

    /// A range of guest addresses as a range of indices. An empty range is in memory wherever it begins.
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
        // The first page counts as touched even where the second one is not in memory.
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

    /// The part of memory that decoding reads.
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

    /// The generation of mappings that this memory comes from. `None` if wrong native code may have written to it
    /// since: then nothing that is found in it may be used by other guests.
    pub(crate) fn trusted_since(&self) -> Option<u64> {
        self.region.trusted_since()
    }

    /// From now on native code and interpreter note the heads of traces.
    pub(crate) fn keep_heads(&mut self) {
        self.region.keep_heads();
    }

    /// The context: registers, pc and whatever else native code and interpreter share.
    pub(crate) fn context(&self) -> &Context {
        self.region.context()
    }

    /// The context, to be changed.
    pub(crate) fn context_mut(&mut self) -> &mut Context {
        self.region.parts().0
    }

    /// The pointer that native code is called with.
    pub(crate) fn context_pointer(&mut self) -> *mut Context {
        self.region.context_pointer()
    }
}

#[cfg(test)]
mod tests;
