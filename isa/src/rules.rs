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

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $name:ident: $v0:literal $v1:literal $v2:literal;)*) => {
        impl Version {
            $(
                $(#[doc = $doc])+
                #[must_use]
                pub const fn $name(self) -> bool {
                    match self {
                        Version::V0 => $v0,
                        Version::V1 => $v1,
                        Version::V2 => $v2,
                    }
                }
            )*
        }
    };
}

// One column a version: 0, 1, 2. Changes of version 1 are those of CKB RFC 33, changes of version 2
// those of CKB RFC 49; what the RFCs leave open was read from the reference implementation, ckb-vm
// 0.24.15, whose files are named. The test of each is in tests/RULES.md.
rules! {
    // Decoding.

    /// Compressed instructions that the specification calls HINTs are no-ops; else illegal.
    /// Reference: `instructions/rvc.rs`, `factory`.
    hints_are_nops: false true true;
    /// Macro-op fusion exists. Where it does not, a machine asked for it refuses to run
    /// (`InvalidVersion`). Reference: `machine/asm/mod.rs`, `run`.
    has_fusion: false true true;
    /// Three additions, a sum with its carry: `add3a`, `add3b`, `add3c`, `adcs`.
    /// Reference: `decoder.rs`, `decode_mop`.
    fusion_add3: false false true;
    /// A difference with its borrow: `sbbs`. Reference: `decoder.rs`, `decode_mop`.
    fusion_sbbs: false false true;
    /// `auipc` and `addi` fuse to a constant. Reference: `decoder.rs`, `decode_mop`.
    fusion_load_pc_relative: false false true;
    /// `lui` or `auipc` fuses with `jalr` to a far jump whatever its register is, `x0` included;
    /// that register is then not written, and the sum of the immediates wraps.
    /// Reference: `decoder.rs`, `decode_mop`.
    far_jump_loose: false true false;
    /// They fuse only when that register is `ra` too, and, for `auipc`, when the sum of the
    /// immediates does not overflow. Reference: `decoder.rs`, `decode_mop`.
    far_jump_strict: false false true;

    // Running.

    /// `jalr` reads its source before it writes the link.
    /// Reference: `instructions/utils.rs`, `jalr`, and the handlers of both forms.
    jalr_reads_before_link: false true true;
    /// Loads may read the last bytes of memory. Else a load that ends exactly at the end of memory
    /// is `MemOutOfBound`; atomics are not concerned.
    /// Reference: `instructions/utils.rs`, the version-0 loads, and `instructions/common.rs`.
    last_bytes_readable: false true true;
    /// A cached trace is found by the low 32 bits of the pc alone (semantics: a pc above 4 GiB runs
    /// the trace that its slot holds for the low half).
    /// Reference: `machine/asm/execute_x64.S`, the look-up of the next trace.
    trace_alias_low_32_bits: true true false;

    // Loading.

    /// Writable segments are frozen like read-only ones, so that no later segment may share their
    /// pages. Reference: `elf.rs`, `convert_flags`.
    freezes_writable_segments: true false false;
    /// After a segment is loaded, zeros are stored over the bytes between its page's start and its
    /// own; on an executable page that store fails, so that such segments are refused.
    /// Reference: `machine/mod.rs`, `load_binary_inner`.
    stores_segment_padding: true false false;

    // The stack at the start.

    /// The stack is laid out as the ABI wants it: 64-bit words, NULL after the last argument, `sp` a
    /// multiple of 16, and nothing is written when there are no arguments. Before, words were 32 bits
    /// wide in slots of 64, without NULL and alignment.
    /// Reference: `machine/mod.rs`, `initialize_stack`.
    follows_stack_abi: false true true;
    /// An argument that leaves the stack stops the layout at once (`MemOutOfStack`); before, only the
    /// final `sp` was looked at. Reference: `machine/mod.rs`, `initialize_stack`.
    checks_stack_per_argument: false false true;
}

impl Version {
    /// All versions, oldest first.
    pub const ALL: [Version; 3] = [Version::V0, Version::V1, Version::V2];

    /// The optional instructions that CKB's nodes give a machine of this version.
    #[must_use]
    pub const fn default_extensions(self) -> Extensions {
        match self {
            Version::V0 => Extensions::NONE,
            Version::V1 | Version::V2 => Extensions {
                b: true,
                mop: true,
                a: false,
            },
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
    /// I, M and C only.
    pub const NONE: Extensions = Extensions {
        b: false,
        mop: false,
        a: false,
    };

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

/// A list of names, as users write it: `imc,b,mop`. `imc` is always there.
impl core::str::FromStr for Extensions {
    type Err = String;

    fn from_str(list: &str) -> Result<Extensions, String> {
        let mut extensions = Extensions::NONE;
        for name in list.split(',') {
            match name.trim() {
                "imc" => {}
                "b" => extensions.b = true,
                "mop" => extensions.mop = true,
                "a" => extensions.a = true,
                other => return Err(format!("{other:?} is none of imc, b, mop, a")),
            }
        }
        Ok(extensions)
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

impl Xlen {
    /// Bits of a register.
    #[must_use]
    pub const fn bits(self) -> u8 {
        match self {
            Xlen::X32 => 32,
            Xlen::X64 => 64,
        }
    }
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

impl Profile {
    /// The 64-bit machine of this version as CKB's nodes run it.
    #[must_use]
    pub const fn of(version: Version) -> Profile {
        Profile {
            version,
            extensions: version.default_extensions(),
            xlen: Xlen::X64,
        }
    }

    /// Whether such a machine runs at all: one that asks for fusion in a version that has none does
    /// not (`InvalidVersion`, before the first instruction; loading succeeds).
    #[must_use]
    pub const fn runs(self) -> bool {
        !self.extensions.mop || self.version.has_fusion()
    }

    /// Whether decoding fuses.
    #[must_use]
    pub const fn fuses(self) -> bool {
        self.extensions.mop && self.version.has_fusion()
    }

    /// Whether a guest can tell that a trace is found by half its address: only one whose pc can be
    /// beyond 2^32.
    #[must_use]
    pub const fn aliases_traces(self) -> bool {
        self.version.trace_alias_low_32_bits() && matches!(self.xlen, Xlen::X64)
    }
}
