//! What an ELF asks to be put into memory: the validated form of a guest program.
//!
//! This is data alone. The segments are what CKB-VM loads, in its order and with its numbers, including sums that
//! wrapped around. Whether they fit a memory is decided when they are loaded, because only the memory knows its size
//! and its frozen pages.

use core::ops::Range;

/// A guest program.
///
/// ```
/// use lockstep_runtime::image::{Image, Segment};
///
/// let segment = Segment { addr: 0x1000, size: 0x1000, flags: 0, source: 0..3, offset: 0 };
/// let image = Image { segments: vec![segment], entry: 0x1000, symbols: Vec::new() };
/// assert_eq!(image.loaded_bytes(), 3);
/// ```
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
///
/// ```
/// use lockstep_runtime::Core;
/// use lockstep_runtime::image::{Image, Segment};
/// # use lockstep_isa::{Profile, Version};
///
/// // Three bytes of the file, put at 0x1004; the rest of the page is zero.
/// let segment = Segment { addr: 0x1000, size: 0x1000, flags: 0, source: 1..4, offset: 4 };
/// let image = Image { segments: vec![segment], entry: 0x1004, symbols: Vec::new() };
/// let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// core.load(&image, b".abc")?;
/// assert_eq!(&core.memory().as_bytes()[0x1003..0x1008], b"\0abc\0");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
