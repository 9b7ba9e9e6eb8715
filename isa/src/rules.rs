//! VM versions, and what each changed, as named rules.
//!
//! This is the only file that compares a version. Everything else asks a rule by name, at decode,
//! load or lift time. Each rule names where the difference comes from.

/// The version of the virtual machine that a script asked for by its hash type.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Version {
    /// Hash type `data`: the machine of 2019.
    V0,
    /// Hash type `data1`: CKB edition Mirana, 2021.
    V1,
    /// Hash type `data2`: CKB edition Meepo, 2023.
    V2,
}

impl Version {
    /// The version with this number, if there is one.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Version> {
        match number {
            0 => Some(Version::V0),
            1 => Some(Version::V1),
            2 => Some(Version::V2),
            _ => None,
        }
    }

    /// 0, 1 or 2.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Version::V0 => 0,
            Version::V1 => 1,
            Version::V2 => 2,
        }
    }
}

/// Optional parts of the instruction set. I, M and C are always there.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Default)]
pub struct Extensions {
    /// Zba, Zbb, Zbc, Zbs.
    pub b: bool,
    /// Macro-op fusion.
    pub mop: bool,
    /// Atomics.
    pub a: bool,
}

impl Extensions {
    /// From the bits of the oracle's `isa` byte: B 1, MOP 2, A 4. Other bits mean nothing.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Extensions {
        Extensions {
            b: bits & 1 != 0,
            mop: bits & 2 != 0,
            a: bits & 4 != 0,
        }
    }

    /// The oracle's `isa` byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.b as u8 | (self.mop as u8) << 1 | (self.a as u8) << 2
    }
}

/// Register width.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Xlen {
    /// RV32.
    X32,
    /// RV64.
    X64,
}

/// Everything that decides what bytes of code mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Profile {
    /// The machine's version.
    pub version: Version,
    /// Optional instructions and fusion.
    pub extensions: Extensions,
    /// Register width.
    pub xlen: Xlen,
}

/// Rules of loading and of the initial stack.
impl Version {
    /// Writable segments are frozen like read-only ones, so that no later segment may share their
    /// pages. The oracle's `convert_flags` in `elf.rs`.
    #[must_use]
    pub const fn freezes_writable_segments(self) -> bool {
        matches!(self, Version::V0)
    }

    /// After a segment is loaded the bytes of its first page that lie before it are stored to once
    /// more, which an executable page refuses. The oracle's `load_binary`.
    #[must_use]
    pub const fn stores_segment_padding(self) -> bool {
        matches!(self, Version::V0)
    }

    /// The stack is laid out as the ABI wants it: 64-bit words, NULL after the last argument, `sp` a
    /// multiple of 16, and nothing is written when there are no arguments. Before, words were 32 bits
    /// wide in slots of 64, without NULL and alignment. The oracle's `initialize_stack`.
    #[must_use]
    pub const fn follows_stack_abi(self) -> bool {
        !matches!(self, Version::V0)
    }

    /// An argument that leaves the stack stops the layout at once; before, only the final `sp` was
    /// looked at. The oracle's `initialize_stack`.
    #[must_use]
    pub const fn checks_stack_per_argument(self) -> bool {
        matches!(self, Version::V2)
    }
}
