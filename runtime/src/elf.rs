//! Reads an ELF into an [`Image`]. It accepts and refuses exactly what CKB-VM does.
//!
//! goblin reads the file header and the program headers. Its parser for whole files is not used, because that refuses
//! damaged tables at which CKB-VM never looks. Like CKB-VM, this file ignores the type, the machine, the version, the
//! ABI, the flags, `e_phentsize` and the section headers. Big-endian files are accepted, and their headers are read
//! in that byte order. Symbols are read as far as possible; damaged symbols are no reason to refuse a file.
//!
//! Nothing is loaded here: `state` does that.

use core::ops::Range;

use goblin::container::{Container, Ctx};
use goblin::elf::header::{EI_CLASS, EI_DATA, ELFMAG, SIZEOF_IDENT};
use goblin::elf::program_header::{PF_R, PF_W, PF_X, PT_LOAD};
use goblin::elf::section_header::{SHN_UNDEF, SHT_DYNSYM, SHT_SYMTAB, SectionHeader};
use goblin::elf::sym::{STB_LOCAL, STT_FUNC, STT_NOTYPE, Symtab};
use goblin::elf::{Elf, Header, ProgramHeader};
use lockstep_isa::{Version, Xlen};

use crate::image::{Image, Segment};
use lockstep_contract::pages::{CODE, EXECUTABLE, FREEZED, page_down, page_up};

/// Why an ELF is refused.
///
/// ```
/// use lockstep_isa::Version;
/// use lockstep_runtime::elf::ElfError;
/// use lockstep_runtime::image::Image;
///
/// let error = Image::parse(b"no ELF", Version::V2).unwrap_err();
/// assert!(matches!(error, ElfError::Header(_)));
/// ```
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ElfError {
    /// The file header cannot be read.
    #[error("not an ELF: {0}")]
    Header(String),
    /// The register width is not the machine's.
    #[error("the ELF is for registers of {found} bits, and the machine has {expected} bits")]
    Bits {
        /// 32 or 64.
        found: u8,
        /// 32 or 64.
        expected: u8,
    },
    /// The program headers are not all in the file.
    #[error("{count:#x} program headers at offset {offset:#x} do not fit a file of {len:#x} bytes")]
    ProgramHeaders {
        /// `e_phoff`.
        offset: u64,
        /// `e_phnum`.
        count: u16,
        /// Bytes in the file.
        len: u64,
    },
    /// The content of a segment is not in the file.
    #[error(
        "segment {index}: {filesz:#x} bytes at offset {offset:#x} are not inside the file of {len:#x} bytes"
    )]
    SegmentRange {
        /// Index of the program header.
        index: usize,
        /// `p_offset`.
        offset: u64,
        /// `p_filesz`.
        filesz: u64,
        /// Bytes in the file.
        len: u64,
    },
    /// A segment that may not be read.
    #[error("segment {index} at {addr:#x} is not readable (p_flags {flags:#x})")]
    SegmentUnreadable {
        /// Index of the program header.
        index: usize,
        /// `p_vaddr`.
        addr: u64,
        /// `p_flags`.
        flags: u32,
    },
    /// A segment that may be written and executed.
    #[error("segment {index} at {addr:#x} is writable and executable (p_flags {flags:#x})")]
    SegmentWritableAndExecutable {
        /// Index of the program header.
        index: usize,
        /// `p_vaddr`.
        addr: u64,
        /// `p_flags`.
        flags: u32,
    },
}

impl ElfError {
    /// CKB-VM's name of the error.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            ElfError::Header(_) | ElfError::ProgramHeaders { .. } => "ElfParseError",
            ElfError::Bits { .. } => "ElfBits",
            ElfError::SegmentRange { .. } => "ElfSegmentAddrOrSizeError",
            ElfError::SegmentUnreadable { .. } => "ElfSegmentUnreadable",
            ElfError::SegmentWritableAndExecutable { .. } => "ElfSegmentWritableAndExecutable",
        }
    }
}

impl Image {
    /// Reads a 64-bit ELF as a machine of this version does.
    ///
    /// # Errors
    /// CKB-VM's errors, in its order: file header, register width, program headers. Then, segment by segment: its
    /// range in the file, whether it is readable, and whether it is writable and executable at once.
    ///
    /// ```
    /// use lockstep_runtime::image::Image;
    /// use lockstep_isa::Version;
    ///
    /// let error = Image::parse(b"#!/bin/sh", Version::V2).unwrap_err();
    /// assert_eq!(error.name(), "ElfParseError");
    /// ```
    pub fn parse(bytes: &[u8], version: Version) -> Result<Image, ElfError> {
        Image::parse_for(bytes, version, Xlen::X64)
    }

    /// As [`Image::parse`], for a machine of the given register width.
    ///
    /// # Errors
    /// As [`Image::parse`].
    pub fn parse_for(bytes: &[u8], version: Version, xlen: Xlen) -> Result<Image, ElfError> {
        let header = Elf::parse_header(bytes).map_err(|error| header_error(bytes, &error))?;
        let ctx = context(&header).map_err(|error| header_error(bytes, &error))?;
        let expected = xlen.bits();
        let found = if ctx.container.is_big() { 64 } else { 32 };
        if found != expected {
            return Err(ElfError::Bits { found, expected });
        }
        let headers = program_headers(bytes, &header, ctx)?;
        let mut segments = Vec::new();
        for (index, header) in headers.iter().enumerate() {
            if header.p_type == PT_LOAD {
                segments.push(segment(bytes, index, header, version)?);
            }
        }
        let symbols = symbols(bytes, &header, ctx, &segments).unwrap_or_default();
        Ok(Image {
            segments,
            entry: header.e_entry,
            symbols,
        })
    }
}

/// Register width and byte order of the file.
fn context(header: &Header) -> goblin::error::Result<Ctx> {
    Ok(Ctx::new(header.container()?, header.endianness()?))
}

/// Says which byte of the file header is wrong. Where it is none of the first few, goblin's message is quoted.
fn header_error(bytes: &[u8], error: &goblin::error::Error) -> ElfError {
    let Some(ident) = bytes.get(..SIZEOF_IDENT) else {
        return ElfError::Header(format!("only {:#x} bytes long", bytes.len()));
    };
    ElfError::Header(if &ident[..4] != ELFMAG {
        let magic = lockstep_contract::key::hex(&ident[..4]);
        format!("it starts with {magic}, not 7f454c46")
    } else if !matches!(ident[EI_CLASS], 1 | 2) {
        format!("class {:#x} at offset 0x4, not 1 or 2", ident[EI_CLASS])
    } else if !matches!(ident[EI_DATA], 1 | 2) {
        format!("byte order {:#x} at offset 0x5, not 1 or 2", ident[EI_DATA])
    } else {
        format!("header cut off after {:#x} bytes ({error})", bytes.len())
    })
}

/// The program headers. The size of each follows from the register width of the file.
fn program_headers(
    bytes: &[u8],
    header: &Header,
    ctx: Ctx,
) -> Result<Vec<ProgramHeader>, ElfError> {
    let refuse = || ElfError::ProgramHeaders {
        offset: header.e_phoff,
        count: header.e_phnum,
        len: bytes.len() as u64,
    };
    if header.e_phnum == 0 {
        return Ok(Vec::new());
    }
    // An offset outside the file is refused here, so that the sum in the reader cannot overflow.
    let offset = usize::try_from(header.e_phoff).map_err(|_| refuse())?;
    if offset > bytes.len() {
        return Err(refuse());
    }
    ProgramHeader::parse(bytes, offset, usize::from(header.e_phnum), ctx).map_err(|_| refuse())
}

/// One loadable program header. Sums wrap around where those of CKB-VM do.
fn segment(
    bytes: &[u8],
    index: usize,
    header: &ProgramHeader,
    version: Version,
) -> Result<Segment, ElfError> {
    let addr = page_down(header.p_vaddr);
    let offset = header.p_vaddr - addr;
    let size = page_up(header.p_memsz.wrapping_add(offset));
    let source = source(bytes, header).ok_or(ElfError::SegmentRange {
        index,
        offset: header.p_offset,
        filesz: header.p_filesz,
        len: bytes.len() as u64,
    })?;
    let flags = flags(index, header, version)?;
    Ok(Segment {
        addr,
        size,
        flags,
        source,
        offset,
    })
}

/// The range of the file that a segment is filled from; `None` when it is not in the file.
fn source(bytes: &[u8], header: &ProgramHeader) -> Option<Range<usize>> {
    let start = usize::try_from(header.p_offset).ok()?;
    let end = start.checked_add(usize::try_from(header.p_filesz).ok()?)?;
    (end <= bytes.len()).then_some(start..end)
}

/// Page flags of a segment.
fn flags(index: usize, header: &ProgramHeader, version: Version) -> Result<u8, ElfError> {
    let (addr, flags) = (header.p_vaddr, header.p_flags);
    let (readable, writable, executable) =
        (flags & PF_R != 0, flags & PF_W != 0, flags & PF_X != 0);
    match (readable, writable, executable) {
        (false, _, _) => Err(ElfError::SegmentUnreadable { index, addr, flags }),
        (true, true, true) => Err(ElfError::SegmentWritableAndExecutable { index, addr, flags }),
        (true, false, true) => Ok(CODE),
        (true, true, false) if !version.freezes_writable_segments() => Ok(0),
        (true, _, false) => Ok(FREEZED),
    }
}

/// Addresses of functions, from the first symbol table of each kind. The ELF specification allows one table of each
/// kind, and reading only one keeps the work linear in the size of the file.
fn symbols(bytes: &[u8], header: &Header, ctx: Ctx, segments: &[Segment]) -> Option<Vec<u64>> {
    let offset = usize::try_from(header.e_shoff).ok()?;
    if offset >= bytes.len() {
        return None;
    }
    let count = usize::from(header.e_shnum);
    let sections = SectionHeader::parse(bytes, offset, count, ctx).ok()?;
    let executable = executable_ranges(segments);
    let mut found = Vec::new();
    for kind in [SHT_SYMTAB, SHT_DYNSYM] {
        if let Some(section) = sections.iter().find(|section| section.sh_type == kind) {
            functions(bytes, section, ctx, &executable, &mut found);
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

/// Adds the functions of one symbol table. Symbols without a type count when they are global: that
/// is how `_start` and other entries of assembly sources look.
fn functions(
    bytes: &[u8],
    section: &SectionHeader,
    ctx: Ctx,
    executable: &[Range<u64>],
    found: &mut Vec<u64>,
) {
    let entry = match ctx.container {
        Container::Big => 24,
        Container::Little => 16,
    };
    let (Ok(offset), Ok(size)) = (
        usize::try_from(section.sh_offset),
        usize::try_from(section.sh_size),
    ) else {
        return;
    };
    let Ok(table) = Symtab::parse(bytes, offset, size / entry, ctx) else {
        return;
    };
    for symbol in table.iter() {
        let function = match symbol.st_type() {
            STT_FUNC => true,
            STT_NOTYPE => symbol.st_bind() != STB_LOCAL,
            _ => false,
        };
        let defined = symbol.st_shndx != SHN_UNDEF as usize;
        let addr = symbol.st_value;
        if function && defined && addr % 2 == 0 && contains(executable, addr) {
            found.push(addr);
        }
    }
}

/// The addresses of the executable segments, as disjoint ranges in ascending order. With them a look-up stays short
/// however many segments a hostile file has.
fn executable_ranges(segments: &[Segment]) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = segments
        .iter()
        .filter(|segment| segment.flags & EXECUTABLE != 0)
        .map(|segment| segment.addr..segment.addr.saturating_add(segment.size))
        .collect();
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, last| {
        let overlaps = next.start <= last.end;
        if overlaps {
            last.end = last.end.max(next.end);
        }
        overlaps
    });
    ranges
}

/// Whether an address lies in one of these ranges, which are disjoint and in ascending order.
fn contains(ranges: &[Range<u64>], addr: u64) -> bool {
    let next = ranges.partition_point(|range| range.start <= addr);
    next.checked_sub(1)
        .is_some_and(|last| ranges[last].contains(&addr))
}
