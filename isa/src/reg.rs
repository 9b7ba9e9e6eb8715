//! The thirty-two integer registers and their ABI names.
//!
//! A register is a type of its own, so that its number cannot be mistaken for an immediate. The values
//! of registers are not here: whoever runs instructions keeps them.

use core::fmt;

/// One of the registers `x0` to `x31`.
///
/// ```
/// use lockstep_isa::Reg;
/// assert_eq!(Reg::new(10), Reg::A0);
/// assert_eq!(Reg::A0.to_string(), "a0");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Reg(u8);

/// Names from the RISC-V calling convention (psABI, table "Integer register convention").
const ABI_NAMES: [&str; 32] = [
    "zero", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4",
    "a5", "a6", "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4",
    "t5", "t6",
];

impl Reg {
    /// How many registers there are.
    pub const COUNT: usize = 32;
    /// Reads as zero; writes are dropped.
    pub const ZERO: Reg = Reg(0);
    /// Return address.
    pub const RA: Reg = Reg(1);
    /// Stack pointer.
    pub const SP: Reg = Reg(2);
    /// First argument, and the result.
    pub const A0: Reg = Reg(10);
    /// Number of the system call.
    pub const A7: Reg = Reg(17);

    /// The register with this number; only the low five bits count, as in an instruction's field.
    #[must_use]
    pub const fn new(number: u32) -> Reg {
        Reg((number & 31) as u8)
    }

    /// 0 to 31.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// The name in the calling convention: `a0` for `x10`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        ABI_NAMES[self.0 as usize]
    }

    /// All registers in order.
    pub fn all() -> impl Iterator<Item = Reg> {
        (0..32).map(Reg::new)
    }
}

impl fmt::Display for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Reg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
