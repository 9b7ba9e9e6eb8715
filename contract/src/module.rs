//! The module file: the native code of a code region, with its key and its tables.
//!
//! This comment is the whole specification of the format.
//!
//! # The file
//! All numbers are little endian. A file has one form only: a reader that accepts a file and a writer
//! that writes what was read give the same bytes.
//!
//! ```text
//! offset  size
//!      0     8  magic: the ASCII letters LOCKSTEP
//!      8     4  format: 4
//!     12     4  count of sections: 7
//!     16     8  bytes in the file, the digest included
//!     24     4  enter: offset in the code of the function that the host calls
//!     28     4  0
//!     32   168  section table: 7 rows of 24 bytes
//!                 +0  4  kind: 1 to 7, in this order
//!                 +4  4  0
//!                 +8  8  offset in the file of the section's first byte
//!                +16  8  bytes in the section
//!    200        the sections, in order
//!    end    32  BLAKE3 of all bytes before
//! ```
//! The first section begins at 200; each later one, and the digest, at the first multiple of 16 at or
//! behind the end of the one before. The bytes between are 0. An empty section has its row and offset.
//!
//! | kind | section | content |
//! | --- | --- | --- |
//! | 1 | key | [`Key::encode`] says it byte by byte |
//! | 2 | hints | `u64` words, ascending, each once: a guest address, and in the top two bits 0 for a place inside a function, 1 for the target of a pointer, 2 for the start of a function |
//! | 3 | heat | 16 bytes each, `head` ascending, each once: `u64` head, `u64` weight, as [`HotHead`] has them |
//! | 4 | table | for each halfword of the code region a `u32`: its native entry as [`Entry`] packs it, 0 for none |
//! | 5 | blocks | 12 bytes each, `head` ascending, each once: `u32` head, `u16` len, `u8` entries, `u8` 0, `u32` cycles |
//! | 6 | map | 8 bytes each, `start` ascending, each once: `u32` start, `u32` head |
//! | 7 | code | host code, position independent, no relocations, to be loaded at a multiple of a page |
//!
//! The meaning of the fields is that of [`Module`], [`Block`] and [`Span`].
//!
//! # What must hold
//! - key: the format is 4; memory is 1 to 1024 pages of 4096 bytes; base and len are whole pages, len is
//!   not 0, and the code region lies inside the memory; CPU features ascend, each once, none empty.
//! - heat: at most 16384 heads; each is even and lies in the code region, no weight is 0; the key has their digest
//!   ([`crate::heat`]), or none if there is no head.
//! - code: 1 to 2^32 - 1 bytes. `enter` is below that; where the target is `aarch64` it is a multiple of 4.
//! - table: exactly len / 2 entries, each of a function that starts inside the code.
//! - blocks: head and len are even, head + len <= key's len; 1 to 16 entries; 2 * entries <= len < 256.
//! - map: start is below the bytes of code; head is even and below key's len, or all ones.
//!
//! # What it is not
//! The digest finds damage. It does not say who made the file: a module is code, and whoever loads one
//! from a place that others can write to must authenticate it first ([`crate::seal`]). Nor does it say that the code is
//! right, or that this host can run it: that is the key's to answer, field by field.

mod check;
mod entry;
mod error;
mod read;
mod trusted;

use crate::heat::HotHead;
use crate::key::{FORMAT, Key};

pub use entry::{CODE_LIMIT, Entry, START_ALIGN};
pub use error::{Kind, ModuleError};
pub use read::HashedFile;
pub use trusted::TrustedModule;

/// Bytes of a module file, at most; whoever reads one refuses more. The translator's budgets keep modules far
/// below: the code ends at [`CODE_LIMIT`] (16 MiB), the table of the largest code region has 8 MiB, and the
/// rest is smaller.
pub const LARGEST_MODULE_BYTES: u64 = 64 << 20;

/// Hints of a module, at most. Honest programs have far fewer code addresses in their data.
pub const MODULE_HINTS: usize = 1 << 16;

/// A translated piece of code, in memory.
///
/// Its fields are the sections of the file and stay these: another one is another [format](crate::key::FORMAT).
///
/// ```
/// use lockstep_contract::module::{Kind, Module};
/// // What is no module is refused, and the error says why.
/// assert_eq!(Module::read(b"\x7fELF").unwrap_err().kind, Kind::Foreign);
/// /// What is read and written again is the same file.
/// fn is_canonical(file: &[u8]) -> bool {
///     Module::read(file).is_ok_and(|module| module.to_bytes() == file)
/// }
/// # assert!(!is_canonical(b""));
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Module {
    /// What it was made from and for.
    pub key: Key,
    /// What steered discovery; outside the key. Sorted, each once: with the code region, the key and the heat they
    /// are all that a translator needs to make this module again.
    pub hints: Vec<u64>,
    /// Which heads the translation was told to be hot, by address; the key has their digest.
    pub heat: Vec<HotHead>,
    /// Offset in `code` of the function that the host calls: `extern "C" fn(context, entry) -> u64`.
    pub enter: u32,
    /// For each halfword of text, its native entry as an [`Entry`]; 0 where there is none (offset 0 of the
    /// code holds the function that leaves with [`crate::exit::Exit::Lookup`]).
    pub table: Vec<u32>,
    /// Host code, position independent, without relocations.
    pub code: Vec<u8>,
    /// The blocks, by address of the head.
    pub blocks: Vec<Block>,
    /// Native ranges and the guest block that each came from, by native offset.
    pub map: Vec<Span>,
}

/// A translated block.
///
/// ```
/// use lockstep_contract::module::Block;
/// /// Guest addresses of a block.
/// fn addresses(base: u64, block: &Block) -> core::ops::Range<u64> {
///     let head = base + u64::from(block.head);
///     head..head + u64::from(block.len)
/// }
/// let block = Block { head: 0x10, len: 8, entries: 2, cycles: 4 };
/// assert_eq!(addresses(0x10000, &block), 0x10010..0x10018);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Block {
    /// Address of the head, relative to the start of the text.
    pub head: u32,
    /// Bytes of guest code.
    pub len: u16,
    /// Entries (instructions, fused ones counted once): 1 to 16.
    pub entries: u8,
    /// Cycles charged at the head.
    pub cycles: u32,
}

/// Native code from `start` up to the next span's start belongs to the block at `head`.
///
/// ```
/// use lockstep_contract::module::Span;
/// /// The head of the block that the code at this offset belongs to.
/// fn head(map: &[Span], offset: u32) -> Option<u32> {
///     let after = map.partition_point(|span| span.start <= offset);
///     let span = map[..after].last()?;
///     (span.head != Span::NO_BLOCK).then_some(span.head)
/// }
/// let map = [Span { start: 0, head: Span::NO_BLOCK }, Span { start: 64, head: 0x10 }];
/// assert_eq!((head(&map, 63), head(&map, 64)), (None, Some(0x10)));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Offset in the code.
    pub start: u32,
    /// Head of the block, relative to the start of the code region; [`Span::NO_BLOCK`] for code of no block.
    pub head: u32,
}

impl Span {
    /// The head of code that belongs to no block.
    pub const NO_BLOCK: u32 = u32::MAX;
}

const MAGIC: [u8; 8] = *b"LOCKSTEP";
const SECTIONS: usize = 7;
/// Bytes before the section table.
const HEADER: usize = 32;
/// Bytes of a row of the section table.
const ROW: usize = 24;
const ALIGN: usize = 16;
const DIGEST: usize = 32;
/// Where the first section begins.
const FIRST: usize = HEADER + SECTIONS * ROW;
/// Bytes of an entry of the hints, the heat, the table, the blocks and the map.
const HINT: usize = 8;
const HOT_HEAD: usize = 16;
const ENTRY: usize = 4;
const BLOCK: usize = 12;
const SPAN: usize = 8;

/// The sections, by their place in the section table. The kind in the file is one more.
#[derive(Clone, Copy)]
enum Section {
    Key,
    Hints,
    Heat,
    Table,
    Blocks,
    Map,
    Code,
}

/// The first multiple of [`ALIGN`] at or above `offset`; `None` above `usize`.
fn align(offset: usize) -> Option<usize> {
    offset.checked_next_multiple_of(ALIGN)
}

impl Module {
    /// The file's bytes. Of a module that [`Module::check`] refuses they are a file that
    /// [`Module::read`] refuses.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let sections = self.sections();
        let mut file = Vec::from(MAGIC);
        file.extend(FORMAT.to_le_bytes());
        file.extend((SECTIONS as u32).to_le_bytes());
        file.extend([0; 8]); // the file's size, known at the end
        file.extend(self.enter.to_le_bytes());
        file.extend([0; 4]);
        file.resize(FIRST, 0);
        for (index, section) in sections.iter().enumerate() {
            let row = HEADER + index * ROW;
            file[row..row + 4].copy_from_slice(&(index as u32 + 1).to_le_bytes());
            let offset = file.len() as u64;
            file[row + 8..row + 16].copy_from_slice(&offset.to_le_bytes());
            file[row + 16..row + 24].copy_from_slice(&(section.len() as u64).to_le_bytes());
            file.extend(section);
            file.resize(file.len().next_multiple_of(ALIGN), 0);
        }
        let size = (file.len() + DIGEST) as u64;
        file[16..24].copy_from_slice(&size.to_le_bytes());
        let digest = blake3::hash(&file);
        file.extend(digest.as_bytes());
        file
    }

    /// The bytes of each section, in order.
    fn sections(&self) -> [Vec<u8>; SECTIONS] {
        let hints = self.hints.iter().flat_map(|hint| hint.to_le_bytes());
        let heat = self.heat.iter().flat_map(|hot| hot.to_bytes());
        let table = self.table.iter().flat_map(|entry| entry.to_le_bytes());
        let blocks = self.blocks.iter().flat_map(|block| {
            let mut bytes = [0; BLOCK];
            bytes[0..4].copy_from_slice(&block.head.to_le_bytes());
            bytes[4..6].copy_from_slice(&block.len.to_le_bytes());
            bytes[6] = block.entries;
            bytes[8..12].copy_from_slice(&block.cycles.to_le_bytes());
            bytes
        });
        let map = self.map.iter().flat_map(|span| {
            let mut bytes = [0; SPAN];
            bytes[0..4].copy_from_slice(&span.start.to_le_bytes());
            bytes[4..8].copy_from_slice(&span.head.to_le_bytes());
            bytes
        });
        [
            self.key.encode(),
            hints.collect(),
            heat.collect(),
            table.collect(),
            blocks.collect(),
            map.collect(),
            self.code.clone(),
        ]
    }
}
