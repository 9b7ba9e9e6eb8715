//! The versions of CKB-VM, and what each of them changed, as named rules.
//!
//! No other file compares a version. Other code asks for a rule by its name, when it decodes, loads or
//! translates. Each rule names the place in CKB-VM that it was read from.

/// The version of the virtual machine that a script asked for by its hash type.
///
/// The set is a contract. Another version means another machine: every `match` over the versions then has
/// to be looked at, so the enum is exhaustive on purpose.
///
/// ```
/// use lockstep_isa::{Extensions, Version};
/// assert_eq!(Version::from_number(1), Some(Version::V1));
/// assert!(Version::V1.has_fusion() && !Version::V1.fusion_add3());
/// assert_eq!(Version::V0.default_extensions(), Extensions::NONE);
/// ```
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

// One column for each version: 0, 1, 2. CKB RFC 33 describes the changes of version 1, and CKB RFC 49
// those of version 2. What the RFCs leave open was read from the reference implementation, ckb-vm
// 0.24.15, whose files are named here. tests/RULES.md names the test of each rule.
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
    /// `lui` or `auipc` fuses with `jalr` to a far jump only when its register is `ra`, and, for
    /// `auipc`, when the sum of the immediates does not overflow.
    /// Reference: `decoder.rs`, `decode_mop`.
    far_jump_strict: false false true;

    // Running.

    /// `jalr` reads its source before it writes the link.
    /// Reference: `instructions/utils.rs`, `jalr`, and the handlers of both forms.
    jalr_reads_before_link: false true true;
    /// Loads may read the last bytes of memory. Without this rule, a load that ends exactly at the end
    /// of memory is `MemOutOfBound`; an atomic instruction is not.
    /// Reference: `instructions/utils.rs`, the version-0 loads, and `instructions/common.rs`.
    last_bytes_readable: false true true;
    /// The assembly machine finds a decoded trace by the low 32 bits of the pc alone. So a pc above
    /// 4 GiB runs the trace that is stored for its low half.
    /// Reference: `machine/asm/execute_x64.S`, the look-up of the next trace.
    trace_alias_low_32_bits: true true false;

    // Loading.

    /// Writable segments are frozen like read-only ones, so that no later segment may share their
    /// pages. Reference: `elf.rs`, `convert_flags`.
    freezes_writable_segments: true false false;
    /// After loading a segment, the loader stores zeros from the start of its first page to the start
    /// of the segment. On an executable page that store fails, so such a segment is refused.
    /// Reference: `machine/mod.rs`, `load_binary_inner`.
    stores_segment_padding: true false false;

    // The stack at the start.

    /// The stack is laid out as the ABI prescribes: 64-bit words, NULL after the last argument, `sp` a
    /// multiple of 16, and nothing is written when there are no arguments. Without this rule, each word
    /// has 32 bits in a place of 64 bits, and there is no NULL and no alignment.
    /// Reference: `machine/mod.rs`, `initialize_stack`.
    follows_stack_abi: false true true;
    /// An argument that does not fit the stack stops the layout at once (`MemOutOfStack`). Without this
    /// rule, only the final `sp` is checked. Reference: `machine/mod.rs`, `initialize_stack`.
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

/// The optional parts of the instruction set. I, M and C are always there.
///
/// ```
/// use lockstep_isa::Extensions;
/// let extensions: Extensions = "imc,b,mop".parse().unwrap();
/// assert!(extensions.b && extensions.mop && !extensions.a);
/// assert_eq!(extensions.bits(), 3);
/// ```
///
/// The fields are public and stay these: what decides the meaning of code is said in full by whoever
/// makes one, and nothing of it has a default that could be forgotten.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
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

    /// From CKB-VM's `isa` byte: B is 1, MOP is 2, A is 4. Other bits are ignored.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Extensions {
        Extensions {
            b: bits & 1 != 0,
            mop: bits & 2 != 0,
            a: bits & 4 != 0,
        }
    }

    /// CKB-VM's `isa` byte.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.b as u8 | (self.mop as u8) << 1 | (self.a as u8) << 2
    }
}

/// Parses a list of names, as users write it: `imc,b,mop`. `imc` is always there.
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
///
/// ```
/// use lockstep_isa::Xlen;
/// assert_eq!((Xlen::X32.bits(), Xlen::X64.bits()), (32, 64));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Xlen {
    /// RV32.
    X32,
    /// RV64.
    X64,
}

impl Xlen {
    /// How far a shift by these immediate bits shifts. RV32 ignores the sixth bit, which the
    /// specification reserves there.
    pub(crate) const fn shift_amount(self, bits: i32) -> i32 {
        match self {
            Xlen::X32 => bits & 31,
            Xlen::X64 => bits & 63,
        }
    }

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
///
/// The fields are public and stay these: whoever makes a profile says all that decides the meaning of code.
///
/// ```
/// use lockstep_isa::{Extensions, Profile, Version, Xlen};
/// let node = Profile::of(Version::V1);
/// assert_eq!(node.xlen, Xlen::X64);
/// assert!(node.runs() && node.fuses());
/// // Version 0 has no fusion, so a machine that asks for it does not run.
/// let odd = Profile { version: Version::V0, ..node };
/// assert!(!odd.runs());
/// let plain = Profile { extensions: Extensions::NONE, ..odd };
/// assert!(plain.runs() && !plain.fuses());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
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

    /// Whether a machine with this profile runs at all. One that asks for fusion in a version without
    /// fusion does not: loading succeeds, and running fails with `InvalidVersion` before the first
    /// instruction.
    #[must_use]
    pub const fn runs(self) -> bool {
        !self.extensions.mop || self.version.has_fusion()
    }

    /// Whether the decoder fuses instructions.
    #[must_use]
    pub const fn fuses(self) -> bool {
        self.extensions.mop && self.version.has_fusion()
    }

    /// Whether a guest can observe [`Version::trace_alias_low_32_bits`]. Only a guest whose pc can be
    /// 2^32 or more can.
    #[must_use]
    pub const fn aliases_traces(self) -> bool {
        self.version.trace_alias_low_32_bits() && matches!(self.xlen, Xlen::X64)
    }
}
