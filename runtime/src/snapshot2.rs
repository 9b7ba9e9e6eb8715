//! Snapshots of the second kind. They hold the cycles too, and they refer to pages whose content a source of data has,
//! instead of copying them.
//!
//! A node suspends a verification and goes on later, perhaps in another process. Most of a script's pages come from
//! the transaction, which will be there then too. [`Snapshot2Context`] notes which pages came from where. A page that
//! bytes of the source cover as a whole loses its dirty flag when it is noted. The first store to it sets the flag
//! again, and from then on the page is copied like any other.
//!
//! The fields, the merging of neighbouring pages and the order of checks are CKB-VM's, so that either side can resume
//! what the other made. What a source of data is, is not said here: the host brings a [`DataSource`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::image::Image;
use lockstep_contract::pages::{DIRTY, MAX_MEMORY, PAGE_SHIFT, PAGE_SIZE, page_up};
use lockstep_isa::Size;
use serde::{Deserialize, Serialize};

use crate::snapshot::{registers, set_registers};
use crate::state::Core;
use crate::trap::Trap;

const PAGE_BYTES: u64 = PAGE_SIZE as u64;

/// Data by name. A name always stands for the same data.
///
/// ```
/// use std::borrow::Cow;
/// use lockstep_runtime::DataSource;
///
/// /// One file, by its name.
/// struct File(&'static str, &'static [u8]);
///
/// impl DataSource<String> for File {
///     fn load_data(&self, id: &String, offset: u64, length: u64) -> Option<(Cow<'_, [u8]>, u64)> {
///         let rest = self.1.get(usize::try_from(offset).ok()?..)?;
///         let length = rest.len().min(usize::try_from(length).unwrap_or(usize::MAX));
///         (id == self.0).then(|| (Cow::Borrowed(&rest[..length]), rest.len() as u64))
///     }
/// }
///
/// let file = File("data", b"abcdef");
/// let (bytes, left) = file.load_data(&"data".to_owned(), 2, 3).unwrap();
/// assert_eq!((&bytes[..], left), (&b"cde"[..], 4));
/// ```
pub trait DataSource<I> {
    /// At most `length` bytes of the data called `id`, from `offset` on, and how many there are from
    /// there to its end; nothing when there is no such data.
    fn load_data(&self, id: &I, offset: u64, length: u64) -> Option<(Cow<'_, [u8]>, u64)>;
}

/// Pages whose content the source has: address, flags, name of the data, offset into it, bytes.
///
/// ```
/// use lockstep_runtime::SourcePages;
///
/// /// The address behind the pages.
/// fn end(pages: &SourcePages<u32>) -> u64 {
///     let (address, _flags, _id, _offset, bytes) = pages;
///     address + bytes
/// }
///
/// assert_eq!(end(&(0x1000, 0, 7, 0, 0x2000)), 0x3000);
/// ```
pub type SourcePages<I> = (u64, u8, I, u64, u64);
/// Pages that were stored to: address, flags, content.
///
/// ```
/// use lockstep_contract::pages::DIRTY;
/// use lockstep_runtime::DirtyPages;
///
/// let pages: DirtyPages = (0x1000, DIRTY, vec![0; 0x2000]);
/// assert_eq!(pages.2.len() / 4096, 2);
/// ```
pub type DirtyPages = (u64, u8, Vec<u8>);

/// The state of a guest.
///
/// ```
/// use lockstep_runtime::{Core, Snapshot2, Snapshot2Context};
/// # use std::borrow::Cow;
/// # use lockstep_isa::{Profile, Version};
/// # use lockstep_runtime::DataSource;
/// # struct Nothing;
/// # impl DataSource<u32> for Nothing {
/// #     fn load_data(&self, _: &u32, _: u64, _: u64) -> Option<(Cow<'_, [u8]>, u64)> {
/// #         None
/// #     }
/// # }
///
/// let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// core.memory_mut().store_bytes(0x1000, b"abc")?;
/// let snapshot: Snapshot2<u32> = Snapshot2Context::new(Nothing).make_snapshot(&mut core)?;
/// assert_eq!(snapshot.dirty_pages[0].0, 0x1000);
/// assert!(snapshot.pages_from_source.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
pub struct Snapshot2<I> {
    /// Pages that are as the source has them.
    pub pages_from_source: Vec<SourcePages<I>>,
    /// All other pages that are not as they were at the start.
    pub dirty_pages: Vec<DirtyPages>,
    /// The number of the VM's version.
    pub version: u32,
    /// `x0` to `x31`.
    pub registers: [u64; 32],
    /// Where the guest goes on.
    pub pc: u64,
    /// Cycles charged so far.
    pub cycles: u64,
    /// The limit.
    pub max_cycles: u64,
    /// The reserved address; all ones when there is none.
    pub load_reservation_address: u64,
}

/// Where a page's content came from.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Origin<I> {
    id: I,
    offset: u64,
    /// The page's flags when it was noted.
    flags: u8,
}

/// What is known about the origin of one guest's pages.
///
/// ```
/// use lockstep_runtime::{Core, Snapshot2Context};
/// # use std::borrow::Cow;
/// # use lockstep_isa::{Profile, Version};
/// # use lockstep_runtime::DataSource;
/// # struct Nothing;
/// # impl DataSource<u32> for Nothing {
/// #     fn load_data(&self, _: &u32, _: u64, _: u64) -> Option<(Cow<'_, [u8]>, u64)> {
/// #         None
/// #     }
/// # }
///
/// let new = || Core::new(Profile::of(Version::V2), 1 << 16, 1000);
/// let mut first = new()?;
/// first.set_pc(0x1234);
/// let mut context = Snapshot2Context::new(Nothing);
/// let snapshot = context.make_snapshot(&mut first)?;
/// let mut second = new()?;
/// context.resume(&mut second, &snapshot)?;
/// assert_eq!(second.pc(), 0x1234);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot2Context<I, D> {
    /// By number.
    pages: BTreeMap<u64, Origin<I>>,
    source: D,
}

impl<I: Clone + PartialEq, D: DataSource<I>> Snapshot2Context<I, D> {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(source: D) -> Self {
        Snapshot2Context {
            pages: BTreeMap::new(),
            source,
        }
    }

    /// Data of the source.
    ///
    /// # Errors
    /// `SnapshotDataLoadError` when there is none of that name.
    pub fn load_data(
        &self,
        id: &I,
        offset: u64,
        length: u64,
    ) -> Result<(Cow<'_, [u8]>, u64), Trap> {
        load(&self.source, id, offset, length)
    }

    /// The state of a guest.
    ///
    /// # Errors
    /// `MemOutOfBound` when a page is noted that the guest does not have: it is another guest's.
    pub fn make_snapshot(&self, core: &mut Core) -> Result<Snapshot2<I>, Trap> {
        let dirty_pages = dirty_pages(core);
        let pages_from_source = self.clean_pages(core)?;
        Ok(Snapshot2 {
            pages_from_source,
            dirty_pages,
            version: core.profile().version.number(),
            registers: registers(core),
            pc: core.pc(),
            cycles: core.cycles(),
            max_cycles: core.max_cycles(),
            load_reservation_address: core.reservation(),
        })
    }

    /// The noted pages that were not stored to since. Neighbouring pages with contiguous content are merged.
    fn clean_pages(&self, core: &Core) -> Result<Vec<SourcePages<I>>, Trap> {
        let mut pieces: Vec<SourcePages<I>> = Vec::new();
        for (page, origin) in &self.pages {
            if core.memory().fetch_flag(*page)? & DIRTY != 0 {
                continue;
            }
            let addr = page << PAGE_SHIFT;
            if let Some((start, flags, id, offset, length)) = pieces.last_mut()
                && *start + *length == addr
                && (*flags, &*id) == (origin.flags, &origin.id)
                && offset.wrapping_add(*length) == origin.offset
            {
                *length += PAGE_BYTES;
                continue;
            }
            let Origin { id, offset, flags } = origin.clone();
            pieces.push((addr, flags, id, offset, PAGE_BYTES));
        }
        Ok(pieces)
    }

    /// Puts a new guest into this state. What was known about pages is forgotten; pages that come from the source are
    /// noted again.
    ///
    /// # Errors
    /// `InvalidVersion` when the guest's version is another, with nothing changed;
    /// `MemPageUnalignedAccess` when an address or the length of a content is no multiple of 4096,
    /// `SnapshotDataLoadError` when the source does not have a piece, and whatever storing says: the
    /// pages must be in memory and writable.
    pub fn resume(&mut self, core: &mut Core, snapshot: &Snapshot2<I>) -> Result<(), Trap> {
        if core.profile().version.number() != snapshot.version {
            return Err(Trap::InvalidVersion);
        }
        self.pages.clear();
        set_registers(core, &snapshot.registers);
        core.set_pc(snapshot.pc);
        core.set_cycles(snapshot.cycles);
        core.set_max_cycles(snapshot.max_cycles);
        for (addr, flags, id, offset, length) in &snapshot.pages_from_source {
            if !addr.is_multiple_of(PAGE_BYTES) {
                return Err(Trap::MemPageUnalignedAccess);
            }
            let (content, _) = load(&self.source, id, *offset, *length)?;
            restore(core, *addr, *flags, &content)?;
            let length = content.len() as u64;
            track(&mut self.pages, core, *addr, length, id, *offset)?;
        }
        for (addr, flags, content) in &snapshot.dirty_pages {
            restore(core, *addr, *flags, content)?;
        }
        core.set_reservation(snapshot.load_reservation_address);
        Ok(())
    }

    /// Notes the pages of a program that was loaded from the data called `id`, in which the file
    /// starts at `offset`.
    ///
    /// # Errors
    /// `MemOutOfBound` when the program does not fit the guest: it was not loaded there.
    pub fn mark_program(
        &mut self,
        core: &mut Core,
        image: &Image,
        id: &I,
        offset: u64,
    ) -> Result<(), Trap> {
        for segment in &image.segments {
            let start = segment.addr.wrapping_add(segment.offset);
            let room = segment.size.wrapping_sub(segment.offset);
            let length = room.min(segment.source.len() as u64);
            let offset = offset.wrapping_add(segment.source.start as u64);
            track(&mut self.pages, core, start, length, id, offset)?;
        }
        Ok(())
    }

    /// Stores bytes of the source, notes the pages that they cover whole, and stores at `size_addr`
    /// how many bytes there are from `offset` to the data's end. The result is how many were stored,
    /// and that number.
    ///
    /// # Errors
    /// `SnapshotDataLoadError` when the source does not have the data; then the error of storing the number, or of
    /// storing the bytes.
    pub fn store_bytes(
        &mut self,
        core: &mut Core,
        addr: u64,
        id: &I,
        offset: u64,
        length: u64,
        size_addr: u64,
    ) -> Result<(u64, u64), Trap> {
        let (content, full) = load(&self.source, id, offset, length)?;
        let length = content.len() as u64;
        core.memory_mut().store(size_addr, Size::D, full)?;
        untrack(&mut self.pages, core, addr, length)?;
        core.memory_mut().store_bytes(addr, &content)?;
        track(&mut self.pages, core, addr, length, id, offset)?;
        Ok((length, full))
    }

    /// Notes that the pages that lie whole in a range hold what the source has from `offset` on, and
    /// clears their dirty flags.
    ///
    /// # Errors
    /// `MemOutOfBound` when there is no such page.
    pub fn track_pages(
        &mut self,
        core: &mut Core,
        start: u64,
        length: u64,
        id: &I,
        offset: u64,
    ) -> Result<(), Trap> {
        track(&mut self.pages, core, start, length, id, offset)
    }

    /// Makes the pages that a range touches dirty and forgets where they came from.
    ///
    /// # Errors
    /// `MemOutOfBound`.
    pub fn untrack_pages(&mut self, core: &mut Core, start: u64, length: u64) -> Result<(), Trap> {
        untrack(&mut self.pages, core, start, length)
    }
}

fn load<'a, I, D: DataSource<I>>(
    source: &'a D,
    id: &I,
    offset: u64,
    length: u64,
) -> Result<(Cow<'a, [u8]>, u64), Trap> {
    source
        .load_data(id, offset, length)
        .ok_or(Trap::SnapshotDataLoadError)
}

fn track<I: Clone>(
    pages: &mut BTreeMap<u64, Origin<I>>,
    core: &mut Core,
    start: u64,
    length: u64,
    id: &I,
    offset: u64,
) -> Result<(), Trap> {
    let first = page_up(start);
    let skipped = first.wrapping_sub(start);
    let Some(covered) = length.checked_sub(skipped) else {
        return Ok(());
    };
    let mut offset = offset.wrapping_add(skipped);
    for number in 0..covered / PAGE_BYTES {
        let page = (first >> PAGE_SHIFT) + number;
        core.memory_mut().clear_flag(page, DIRTY)?;
        let flags = core.memory().fetch_flag(page)?;
        let id = id.clone();
        pages.insert(page, Origin { id, offset, flags });
        offset = offset.wrapping_add(PAGE_BYTES);
    }
    Ok(())
}

fn untrack<I>(
    pages: &mut BTreeMap<u64, Origin<I>>,
    core: &mut Core,
    start: u64,
    length: u64,
) -> Result<(), Trap> {
    if length == 0 {
        return Ok(());
    }
    let end = start
        .checked_add(length)
        .filter(|end| *end <= MAX_MEMORY as u64);
    let last = end.ok_or(Trap::MemOutOfBound)? - 1;
    for page in start >> PAGE_SHIFT..=last >> PAGE_SHIFT {
        core.memory_mut().set_flag(page, DIRTY)?;
        pages.remove(&page);
    }
    Ok(())
}

/// The pages that were stored to. Neighbouring pages with the same flags are merged.
fn dirty_pages(core: &mut Core) -> Vec<DirtyPages> {
    let mut pieces: Vec<DirtyPages> = Vec::new();
    for page in 0..core.memory().pages() {
        let flags = core.memory().flags()[page];
        if flags & DIRTY == 0 {
            continue;
        }
        let addr = (page as u64) << PAGE_SHIFT;
        let content = core.memory_mut().page(page);
        match pieces.last_mut() {
            Some((start, same, bytes)) if *start + bytes.len() as u64 == addr && *same == flags => {
                bytes.extend_from_slice(content);
            }
            _ => pieces.push((addr, flags, content.to_vec())),
        }
    }
    pieces
}

/// Stores whole pages and adds flags to them.
fn restore(core: &mut Core, addr: u64, flags: u8, content: &[u8]) -> Result<(), Trap> {
    let length = content.len() as u64;
    if !addr.is_multiple_of(PAGE_BYTES) || !length.is_multiple_of(PAGE_BYTES) {
        return Err(Trap::MemPageUnalignedAccess);
    }
    core.memory_mut().store_bytes(addr, content)?;
    for number in 0..length / PAGE_BYTES {
        (core.memory_mut()).set_flag((addr >> PAGE_SHIFT) + number, flags)?;
    }
    Ok(())
}
