//! ⚠ The mapping that holds a guest: context, table of writable pages, guest memory, in the layout of
//! [`lockstep_contract::context`], between two guard pages.
//!
//! Only addresses and sizes live here. What a page may be used for is decided in the parent module. The pages come
//! zeroed from the operating system when they are first touched, so that a machine costs what it uses and not what
//! it could use. A guest that ends clears what it touched and leaves the mapping to the next one
//! ([`super::spare`]). What it loaded of large data may stay for a guest that loads the same ([`super::held`]).
//!
//! Safety: all `unsafe` of guest memory is in this file. A [`Region`] owns its mapping. References that it hands out
//! borrow the region, so they end before it is unmapped, and the four parts never overlap.
#![allow(unsafe_code)]

use core::mem::ManuallyDrop;
use core::ops::Range;
use core::ptr::{self, NonNull};
use std::io;

use lockstep_contract::context::{self, Context};
use lockstep_contract::pages::{MAX_MEMORY, MAX_PAGES, PAGE_SIZE};

use super::remembered::Origin;
use super::spare::{Kind, Spare};
use super::writable::{PAGE_TABLE, Writable};
use super::written;

/// Mappings of guests that are gone.
static SPARE: Spare<Mapping> = Spare::new();

/// Wrong native code ran in this process: no mapping that is in use or kept now goes to another guest, and nothing
/// that was decoded in one.
pub(super) fn retire_spare_mappings() {
    SPARE.retire();
}

/// A spare mapping of this size, if there is one.
#[cfg(test)]
pub(super) fn take_spare(size: usize) -> Option<Mapping> {
    SPARE.take(&Kind::of_zeros(size))
}

/// Bytes in front of the region, and behind it, where every access is a fault of the process. Native code checks every
/// address itself; where such a check is wrong, the guards make a fault of what would be silent damage.
const GUARD_BYTES: usize = 16 * PAGE_SIZE;

/// An anonymous private mapping, ready for a guest: all that is open reads as zero. Only where its table of pages says
/// that pages are held ([`super::held`]), these have other bytes.
#[derive(Debug)]
pub(super) struct Mapping {
    /// Address of the first guard page.
    start: NonNull<u8>,
    /// Bytes of guest memory.
    size: usize,
    /// The name of the data that it holds, if there is one.
    origin: Option<Origin>,
}

// SAFETY: the mapping belongs to this value alone, and nothing in it depends on a thread.
unsafe impl Send for Mapping {}
// SAFETY: nothing can be reached through a shared reference to it.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps memory for a guest with `size` bytes: whole pages, at most [`MAX_MEMORY`].
    fn new(size: usize) -> io::Result<Mapping> {
        assert!(size.is_multiple_of(PAGE_SIZE) && (PAGE_SIZE..=MAX_MEMORY).contains(&size));
        // SAFETY: a new private mapping at an address of the system's choice touches no memory of ours.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                Self::mapped(size),
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let Some(start) = NonNull::new(start.cast::<u8>()) else {
            return Err(io::Error::other("the system mapped memory at address 0"));
        };
        let mapping = Mapping {
            start,
            size,
            origin: None,
        };
        // SAFETY: the range lies in the mapping made above, which nobody else knows yet.
        let opened = unsafe {
            libc::mprotect(
                mapping.base().as_ptr().cast(),
                context::MEMORY + size,
                libc::PROT_READ | libc::PROT_WRITE,
            )
        };
        if opened != 0 {
            return Err(io::Error::last_os_error());
        }
        mapping.advise_small_pages();
        Ok(mapping)
    }

    /// Bytes of the whole mapping.
    const fn mapped(size: usize) -> usize {
        GUARD_BYTES + context::MEMORY + size + GUARD_BYTES
    }

    /// Address of the context.
    fn base(&self) -> NonNull<u8> {
        // SAFETY: the mapping is longer than GUARD_BYTES.
        unsafe { self.start.add(GUARD_BYTES) }
    }

    /// Asks for 4 KiB pages: a guest touches a few dozen, and clearing 2 MiB for the first of them
    /// takes longer than many a script runs. Only a hint; a refusal changes nothing.
    fn advise_small_pages(&self) {
        #[cfg(target_os = "linux")]
        // SAFETY: the range lies in our mapping, and the advice does not change its content.
        unsafe {
            libc::madvise(
                self.base().as_ptr().cast(),
                context::MEMORY + self.size,
                libc::MADV_NOHUGEPAGE,
            );
        }
    }

    /// Bytes of guest memory.
    pub(super) const fn size(&self) -> usize {
        self.size
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is the mapping made in `new`, and no reference into it can be alive.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), Self::mapped(self.size));
        }
    }
}

/// For each slot one more than the address of the trace that ran there last; 0 for none.
pub(crate) type Heads = [u32; context::SLOTS];

/// Context, writable pages, heads of traces, guest memory.
pub(crate) type Parts<'a> = (&'a mut Context, &'a mut Writable, &'a mut Heads, Bytes<'a>);

/// A mapping with a guest's state in it.
#[derive(Debug)]
pub(crate) struct Region {
    /// Here until the region is dropped.
    mapping: ManuallyDrop<Mapping>,
    /// The heads of traces are kept: they may be anything but zero.
    keeps_heads: bool,
    /// When the mapping was taken; none where no other guest may have it.
    since: Option<u64>,
}

impl Region {
    /// Zeroed memory for a guest with `size` bytes: whole pages, at most [`MAX_MEMORY`].
    pub(crate) fn new(size: usize) -> io::Result<Region> {
        // First: what is taken after it is not older than this.
        let since = Some(SPARE.generation());
        let mapping = match SPARE.take(&Kind::of_zeros(size)) {
            Some(mapping) => mapping,
            None => Mapping::new(size)?,
        };
        let mapping = ManuallyDrop::new(mapping);
        Ok(Region {
            mapping,
            keeps_heads: false,
            since,
        })
    }

    /// Address of the context.
    fn base(&self) -> NonNull<u8> {
        self.mapping.base()
    }

    /// Bytes of guest memory.
    pub(crate) fn size(&self) -> usize {
        self.mapping.size()
    }

    /// The address that native code gets. It may use all parts of the region through it, so the
    /// region is borrowed exclusively while native code runs.
    pub(crate) fn context_pointer(&mut self) -> *mut Context {
        self.base().as_ptr().cast()
    }

    /// The context.
    pub(crate) fn context(&self) -> &Context {
        // SAFETY: at this address the mapping holds a `Context`: it is page aligned, large enough
        // (asserted beside its definition), and all bit patterns, zeros first, are valid numbers.
        unsafe { self.base().cast::<Context>().as_ref() }
    }

    /// Guest memory.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: `size` initialised bytes start here, inside the mapping.
        unsafe {
            core::slice::from_raw_parts(self.base().add(context::MEMORY).as_ptr(), self.size())
        }
    }

    /// The table of writable pages; words beyond the guest's last page are 0.
    pub(crate) fn writable(&self) -> &Writable {
        // SAFETY: as for `parts`.
        unsafe { self.base().add(PAGE_TABLE).cast::<Writable>().as_ref() }
    }

    /// The mapping goes to no other guest.
    pub(crate) fn keep_to_itself(&mut self) {
        self.since = None;
    }

    /// The time that the mapping comes from, unless it goes to no other guest.
    pub(crate) fn trusted_since(&self) -> Option<u64> {
        self.since.filter(|since| *since == SPARE.generation())
    }

    /// From now on native code and interpreter note the heads of traces.
    pub(crate) fn keep_heads(&mut self) {
        self.keeps_heads = true;
    }

    /// The heads of traces, where they are kept.
    pub(crate) fn heads(&self) -> Option<&Heads> {
        // SAFETY: as for `parts`.
        self.keeps_heads
            .then(|| unsafe { self.base().add(context::HEADS).cast::<Heads>().as_ref() })
    }

    /// All parts at once.
    pub(crate) fn parts(&mut self) -> Parts<'_> {
        let base = self.base();
        // SAFETY: the context ends before PAGE_TABLE, the table at or before HEADS, the heads at or
        // before MEMORY (all asserted beside their definitions), so the four do not overlap; each is
        // aligned, inside the mapping, and made of plain numbers. The exclusive borrow of the region
        // covers all of them.
        unsafe {
            (
                base.cast::<Context>().as_mut(),
                base.add(PAGE_TABLE).cast::<Writable>().as_mut(),
                base.add(context::HEADS).cast::<Heads>().as_mut(),
                Bytes::new(core::slice::from_raw_parts_mut(
                    base.add(context::MEMORY).as_ptr(),
                    self.size(),
                )),
            )
        }
    }

    /// The name of the data that is held is this, if it has one.
    pub(super) fn set_origin(&mut self, origin: Option<Origin>) {
        self.mapping.origin = origin;
    }

    /// A spare mapping that is zeros but for these pages, in which it holds data of the host: the data with this name,
    /// or any. For a guest that has loaded its data there, and never for one that begins.
    pub(super) fn spare_with(&self, held: &Range<usize>, origin: Option<Origin>) -> Option<Region> {
        // What this guest did is copied to it: it may go to other guests as long as this guest's own mapping may.
        let since = Some(self.trusted_since()?);
        let kind = Kind {
            size: self.size(),
            held: held.clone(),
        };
        let mapping = SPARE.take_if(&kind, |mapping| {
            origin.is_none() || mapping.origin == origin
        })?;
        Some(Region {
            mapping: ManuallyDrop::new(mapping),
            keeps_heads: false,
            since,
        })
    }

    /// Makes guest memory and the table of pages zero. Only pages that are touched or held can be anything else, and
    /// clearing those is several times cheaper than new ones are.
    pub(crate) fn clear(&mut self) {
        let (_, writable, _, mut bytes) = self.parts();
        let held = writable.held();
        writable.hold(&(0..0));
        bytes.clear_pages(&held);
        self.clear_touched();
    }

    /// The same for the pages that are touched, and the table.
    fn clear_touched(&mut self) {
        let keeps_heads = self.keeps_heads;
        let (_, writable, heads, mut bytes) = self.parts();
        if keeps_heads {
            heads.fill(0);
        }
        for run in writable.touched_runs() {
            bytes.clear_pages(&run);
        }
        writable.clear();
    }
}

impl Drop for Region {
    /// Another guest gets the mapping, if it may, with everything in it zero again but for what is held. Where the
    /// guest stored to what is held, that becomes zero too.
    fn drop(&mut self) {
        if self.since.is_some() {
            if self.writable().any_touched(&self.writable().held()) {
                self.clear();
            } else {
                self.clear_touched();
            }
            // SAFETY: a `Context` is plain numbers, for which zeros are valid.
            *self.parts().0 = unsafe { core::mem::zeroed() };
        }
        let kind = Kind {
            size: self.size(),
            held: self.writable().held(),
        };
        // SAFETY: nothing uses the field after this.
        let mapping = unsafe { ManuallyDrop::take(&mut self.mapping) };
        if let Some(since) = self.since
            && let Some(mapping) = SPARE.keep(kind, mapping, since)
        {
            let mut displaced = Region {
                mapping: ManuallyDrop::new(mapping),
                keeps_heads: false,
                since: self.since,
            };
            // Then it holds nothing, and its drop displaces nothing.
            displaced.clear();
        }
    }
}

/// Guest memory, for accesses of one instruction: whole numbers at any address, one comparison for
/// the bounds.
#[derive(Debug)]
pub(crate) struct Bytes<'a> {
    /// At least a page: accesses subtract their size from the length.
    bytes: &'a mut [u8],
}

impl<'a> Bytes<'a> {
    fn new(bytes: &'a mut [u8]) -> Bytes<'a> {
        assert!(bytes.len() >= PAGE_SIZE);
        Bytes { bytes }
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// All of them.
    #[inline(always)]
    pub(crate) fn all(&mut self) -> &mut [u8] {
        self.bytes
    }

    /// All of them, for as long as they are borrowed.
    pub(crate) fn into_all(self) -> &'a mut [u8] {
        self.bytes
    }

    /// Makes these pages zero, as far as they are in memory: wrong native code may have changed the note that names
    /// them.
    fn clear_pages(&mut self, pages: &Range<usize>) {
        let [start, end] = [pages.start, pages.end].map(|page| page.saturating_mul(PAGE_SIZE));
        let end = end.min(self.bytes.len());
        if start < end {
            written::note(end - start);
            self.bytes[start..end].fill(0);
        }
    }

    /// Reads `N` bytes at `at`, or nothing when they are not all in memory.
    #[inline(always)]
    pub(crate) fn read<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        const { assert!(N < PAGE_SIZE) };
        if at > (self.bytes.len() - N) as u64 {
            return None;
        }
        // SAFETY: at + N is at most the length; the subtraction cannot wrap, for the length is at
        // least a page.
        Some(unsafe {
            self.bytes
                .as_ptr()
                .add(at as usize)
                .cast::<[u8; N]>()
                .read()
        })
    }

    /// Writes `N` bytes at `at` when they lie in one page whose word in `writable` is 1; otherwise
    /// changes nothing and answers `false`.
    #[inline(always)]
    pub(crate) fn write<const N: usize>(
        &mut self,
        writable: &Writable,
        at: u64,
        value: [u8; N],
    ) -> bool {
        const { assert!(N < PAGE_SIZE) };
        let page = (at / PAGE_SIZE as u64) as usize % MAX_PAGES;
        let fits = at as usize % PAGE_SIZE <= PAGE_SIZE - N;
        if at > (self.bytes.len() - N) as u64 || writable.words()[page] != 1 || !fits {
            return false;
        }
        // SAFETY: as for `read`: at + N is at most the length.
        unsafe {
            self.bytes
                .as_mut_ptr()
                .add(at as usize)
                .cast::<[u8; N]>()
                .write(value);
        }
        true
    }
}
