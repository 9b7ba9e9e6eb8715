//! What an ELF asks to be put into memory: the validated form of a guest program.
//!
//! This is data alone. The segments are what CKB-VM loads, in its order and with its numbers, including sums that
//! wrapped around. Whether they fit a memory is decided when they are loaded, because only the memory knows its size
//! and its frozen pages.

use core::ops::Range;

/// A guest program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Image {
    /// What to load, in the order of the program headers.
    pub segments: Vec<Segment>,
    /// Where execution starts. Unchecked: it may be odd, unmapped or outside memory, and then the
    /// first fetch fails.
    pub entry: u64,
    /// Addresses of functions in executable segments, sorted, each once. They are hints: the list is empty when the
    /// file is stripped or its tables are damaged.
    pub symbols: Vec<u64>,
}

/// A loadable segment: the arguments of one `init_pages`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    /// Address of the first page.
    pub addr: u64,
    /// Bytes of memory from `addr`: whole pages.
    pub size: u64,
    /// Page flags, of [`lockstep_contract::pages`].
    pub flags: u8,
    /// The content, as a range of the file.
    pub source: Range<usize>,
    /// Bytes before the content, which are zero; below a page.
    pub offset: u64,
}

impl Image {
    /// Bytes of the file that loading copies. Callers charge cycles for them.
    #[must_use]
    pub fn loaded_bytes(&self) -> u64 {
        // A range is inside the file and there are fewer than 2^16 of them: no overflow.
        self.segments
            .iter()
            .map(|segment| segment.source.len() as u64)
            .sum()
    }
}
