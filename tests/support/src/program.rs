//! What a test runs: an ELF with its arguments, and the machine it runs on.
//!
//! Every engine gets the same two values, so that a difference between engines can only be a
//! difference between engines. What an engine makes of them is in `reference.rs` and `ours.rs`.

use std::ops::Range;

use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

/// A guest and the state it starts in.
#[derive(Clone, Default)]
pub struct Program {
    /// Shown in reports.
    pub name: String,
    /// The ELF file.
    pub elf: Vec<u8>,
    /// The whole argv.
    pub args: Vec<Vec<u8>>,
    /// Registers that are set after loading, by number. `sp` is left as the loader set it unless
    /// it is named here.
    pub registers: Vec<(usize, u64)>,
}

/// The machine: what decides the meaning of the code, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setup {
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: Cost,
    /// Bytes of memory. CKB-VM's assembly machine wants a multiple of 256 KiB.
    pub memory_size: usize,
}

/// Enough for small programs; quicker to compare than the default of 4 MiB.
pub const SMALL_MEMORY: usize = 256 << 10;
/// The default of the virtual machine.
pub const FULL_MEMORY: usize = 4 << 20;

impl Setup {
    /// What CKB runs under this version, with the default memory.
    pub fn ckb(version: Version) -> Setup {
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
pub struct Segment {
    /// Address of the first byte.
    pub addr: u64,
    /// `p_flags`: 4 readable, 2 writable, 1 executable.
    pub flags: u32,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Segment {
    /// Readable and executable.
    pub const TEXT: u32 = 5;
    /// Readable and writable.
    pub const DATA: u32 = 6;
    /// Readable.
    pub const RODATA: u32 = 4;

    /// The addresses it covers.
    pub fn range(&self) -> Range<u64> {
        self.addr..self.addr + self.bytes.len() as u64
    }

    /// The content without the zeros at the end of data, which a linker puts into `.bss`: they are not in the file.
    pub fn in_file(&self) -> &[u8] {
        let last = self.bytes.iter().rposition(|byte| *byte != 0);
        match self.flags {
            Segment::DATA => &self.bytes[..last.map_or(0, |last| last + 1)],
            _ => &self.bytes,
        }
    }
}

/// The smallest 64-bit little-endian RISC-V ELF with these segments: no section headers, no
/// symbols, as a stripped production script (ELF-64 object file format, version 1.5).
pub fn write_elf(entry: u64, segments: &[Segment]) -> Vec<u8> {
    write_elf_for(Xlen::X64, entry, segments)
}

/// As [`write_elf`], for this register width (System V ABI for 32 bits: words are half as wide, and
/// `p_flags` stands near the end of a program header).
pub fn write_elf_for(xlen: Xlen, entry: u64, segments: &[Segment]) -> Vec<u8> {
    let (class, header_size, program_header_size) = match xlen {
        Xlen::X32 => (1, 52, 32),
        Xlen::X64 => (2, 64, 56),
    };
    let words = |file: &mut Vec<u8>, words: &[u64]| {
        for word in words {
            match xlen {
                Xlen::X32 => file.extend_from_slice(&(*word as u32).to_le_bytes()),
                Xlen::X64 => file.extend_from_slice(&word.to_le_bytes()),
            }
        }
    };
    let mut file = vec![0x7f, b'E', b'L', b'F', class, 1, 1];
    file.resize(16, 0);
    for half in [2u16, 243] {
        file.extend_from_slice(&half.to_le_bytes());
    }
    file.extend_from_slice(&1u32.to_le_bytes());
    words(&mut file, &[entry, header_size, 0]);
    file.extend_from_slice(&0u32.to_le_bytes());
    let halves = [
        header_size as u16,
        program_header_size as u16,
        segments.len() as u16,
        0,
        0,
        0,
    ];
    for half in halves {
        file.extend_from_slice(&half.to_le_bytes());
    }
    let mut offset = header_size + program_header_size * segments.len() as u64;
    for segment in segments {
        let size = segment.in_file().len() as u64;
        let memory_size = segment.bytes.len() as u64;
        file.extend_from_slice(&1u32.to_le_bytes());
        let flags = segment.flags.to_le_bytes();
        if xlen == Xlen::X64 {
            file.extend_from_slice(&flags);
        }
        let address = segment.addr;
        words(&mut file, &[offset, address, address, size, memory_size]);
        if xlen == Xlen::X32 {
            file.extend_from_slice(&flags);
        }
        words(&mut file, &[1]);
        offset += size;
    }
    for segment in segments {
        file.extend_from_slice(segment.in_file());
    }
    file
}
