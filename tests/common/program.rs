//! What a test runs: an ELF with its arguments, and the machine it runs on.
//!
//! Every engine gets the same two values, so that a difference between engines can only be a
//! difference between engines. What an engine makes of them is in `oracle.rs` and `ours.rs`.

use std::ops::Range;

use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

/// A guest and the state it starts in.
#[derive(Clone, Default)]
pub(crate) struct Program {
    /// Shown in reports.
    pub(crate) name: String,
    /// The ELF file.
    pub(crate) elf: Vec<u8>,
    /// The whole argv.
    pub(crate) args: Vec<Vec<u8>>,
    /// Registers that are set after loading, by number. `sp` is left as the loader set it unless
    /// it is named here.
    pub(crate) registers: Vec<(usize, u64)>,
}

/// The machine: what decides the meaning of the code, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Setup {
    /// Version, extensions, register width.
    pub(crate) profile: Profile,
    /// The cost model.
    pub(crate) cost: Cost,
    /// Bytes of memory. The oracle's assembly machine wants a multiple of 256 KiB.
    pub(crate) memory_size: usize,
}

/// Enough for small programs; quicker to compare than the default of 4 MiB.
pub(crate) const SMALL_MEMORY: usize = 256 << 10;
/// The default of the virtual machine.
pub(crate) const FULL_MEMORY: usize = 4 << 20;

impl Setup {
    /// What CKB runs under this version, with the default memory.
    pub(crate) fn ckb(version: Version) -> Setup {
        let modern = version != Version::V0;
        Setup {
            profile: Profile {
                version,
                extensions: Extensions {
                    b: modern,
                    mop: modern,
                    a: false,
                },
                xlen: Xlen::X64,
            },
            cost: Cost::Estimate,
            memory_size: FULL_MEMORY,
        }
    }
}

/// A piece of memory for [`write_elf`].
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    /// Address of the first byte.
    pub(crate) addr: u64,
    /// `p_flags`: 4 readable, 2 writable, 1 executable.
    pub(crate) flags: u32,
    /// The content.
    pub(crate) bytes: Vec<u8>,
}

impl Segment {
    /// Readable and executable.
    pub(crate) const TEXT: u32 = 5;
    /// Readable and writable.
    pub(crate) const DATA: u32 = 6;
    /// Readable.
    pub(crate) const RODATA: u32 = 4;

    /// The addresses it covers.
    pub(crate) fn range(&self) -> Range<u64> {
        self.addr..self.addr + self.bytes.len() as u64
    }
}

const HEADER_SIZE: u64 = 64;
const PROGRAM_HEADER_SIZE: u64 = 56;

/// The smallest 64-bit little-endian RISC-V ELF with these segments: no section headers, no
/// symbols, as a stripped production script (ELF-64 object file format, version 1.5).
pub(crate) fn write_elf(entry: u64, segments: &[Segment]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    for half in [2u16, 243] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&1u32.to_le_bytes());
    for word in [entry, HEADER_SIZE, 0] {
        file.extend_from_slice(&word.to_le_bytes());
    }
    file.extend_from_slice(&0u32.to_le_bytes());
    let halves = [
        HEADER_SIZE as u16,
        PROGRAM_HEADER_SIZE as u16,
        segments.len() as u16,
        0,
        0,
        0,
    ];
    for half in halves {
        file.extend_from_slice(&half.to_le_bytes());
    }
    let mut offset = HEADER_SIZE + PROGRAM_HEADER_SIZE * segments.len() as u64;
    for segment in segments {
        let size = segment.bytes.len() as u64;
        file.extend_from_slice(&1u32.to_le_bytes());
        file.extend_from_slice(&segment.flags.to_le_bytes());
        for word in [offset, segment.addr, segment.addr, size, size, 1] {
            file.extend_from_slice(&word.to_le_bytes());
        }
        offset += size;
    }
    for segment in segments {
        file.extend_from_slice(&segment.bytes);
    }
    file
}
