//! The patterns of macro-op fusion: data and its types, no matching.
//!
//! They were read from CKB-VM's decoder. A test compares the two over all ways in which registers can
//! coincide. EXCEPTION marks a pattern whose fused operation means something else than its instructions
//! in order.

use crate::rules::Version;
use crate::table::Op;

/// A variable of a sequence. It stands for a register, and the fused [`crate::Inst`] holds that register
/// in the field named below.
///
/// There are five because an [`crate::Inst`] has five registers.
///
/// ```
/// use lockstep_isa::fuse::{SEQUENCES, Var};
/// use lockstep_isa::Op;
/// let product = SEQUENCES.iter().find(|sequence| sequence.op == Op::WideMulu).unwrap();
/// // The register of the high half is none of the other three.
/// assert_eq!(product.differ, [(Var::A, Var::B), (Var::A, Var::C), (Var::A, Var::D)]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Var {
    /// In `rd`.
    A,
    /// In `rs1`.
    B,
    /// In `rs2`.
    C,
    /// In `r3`.
    D,
    /// In `r4`.
    E,
}
use Var::{A, B, C, D, E};

/// An operand of a template.
///
/// ```
/// use lockstep_isa::fuse::{Operand, Var};
/// assert_eq!(Operand::Is(Var::B).var(), Var::B);
/// assert_eq!(Operand::Unchecked(Var::B).var(), Var::B);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The register of the variable. The first operand that names a variable binds it.
    Is(Var),
    /// Any register matches. The fused operation reads the variable's register instead.
    Unchecked(Var),
}

/// An instruction of a sequence: operation, `rd`, `rs1`, `rs2`.
///
/// ```
/// use lockstep_isa::fuse::{Operand, SEQUENCES, Template, Var};
/// use lockstep_isa::Op;
/// let product = SEQUENCES.iter().find(|sequence| sequence.op == Op::WideMulu).unwrap();
/// let mulhu = Template(Op::Mulhu, Var::A, Var::B, Operand::Is(Var::C));
/// assert_eq!(product.templates[0], mulhu);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Template(pub Op, pub Var, pub Var, pub Operand);

/// A sequence of register instructions that fuses.
///
/// Only [`SEQUENCES`] has any.
///
/// ```
/// use lockstep_isa::fuse::SEQUENCES;
/// use lockstep_isa::{Op, Version};
/// let borrow = SEQUENCES.iter().find(|sequence| sequence.op == Op::Sbbs).unwrap();
/// assert_eq!(borrow.templates.len(), 2);
/// assert_eq!(Version::ALL.map(borrow.rule), [false, false, true]);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Sequence {
    /// What it becomes.
    pub op: Op,
    /// The rule that says which versions have it.
    pub rule: fn(Version) -> bool,
    /// Its instructions. Where several sequences make one operation, the first gives the meaning.
    pub templates: &'static [Template],
    /// Pairs of variables that must stand for the same register.
    pub same: &'static [(Var, Var)],
    /// Pairs of variables that must not stand for the same register.
    pub differ: &'static [(Var, Var)],
    /// Variables that must not stand for `x0`.
    pub nonzero: &'static [Var],
}

const fn is(op: Op, rd: Var, rs1: Var, rs2: Var) -> Template {
    Template(op, rd, rs1, Operand::Is(rs2))
}

/// Two instructions on the same sources: high and low product, or quotient and remainder.
const fn wide(op: Op, templates: &'static [Template; 2]) -> Sequence {
    Sequence {
        op,
        rule: Version::has_fusion,
        templates,
        same: &[],
        differ: &[(A, B), (A, C), (A, D)],
        nonzero: &[],
    }
}

/// The sequences, in the order in which the decoder tries them.
pub static SEQUENCES: &[Sequence] = &[
    // A sum with carry in and out.
    Sequence {
        op: Op::Adc,
        rule: Version::has_fusion,
        templates: &[
            is(Op::Add, A, A, B),
            is(Op::Sltu, B, A, B),
            is(Op::Add, A, A, C),
            is(Op::Sltu, C, A, C),
            is(Op::Or, B, B, C),
        ],
        same: &[],
        differ: &[(A, B), (A, C), (B, C)],
        nonzero: &[A, B, C],
    },
    // A sum, and its carry added to another.
    Sequence {
        op: Op::Add3a,
        rule: Version::fusion_add3,
        templates: &[
            is(Op::Add, A, B, A),
            is(Op::Sltu, C, A, B),
            is(Op::Add, D, C, E),
        ],
        same: &[],
        differ: &[(A, B), (A, E), (C, E)],
        nonzero: &[A, C],
    },
    Sequence {
        op: Op::Add3b,
        rule: Version::fusion_add3,
        templates: &[
            is(Op::Add, A, B, C),
            is(Op::Sltu, B, A, B),
            is(Op::Add, D, B, E),
        ],
        same: &[],
        differ: &[(A, B), (A, E), (B, E)],
        nonzero: &[A, B],
    },
    Sequence {
        op: Op::Add3c,
        rule: Version::fusion_add3,
        templates: &[
            is(Op::Add, A, B, C),
            is(Op::Sltu, D, A, B),
            is(Op::Add, D, D, E),
        ],
        same: &[],
        differ: &[(A, B), (A, E), (D, E)],
        nonzero: &[A, D],
    },
    // A sum and its carry.
    Sequence {
        op: Op::Adcs,
        rule: Version::fusion_add3,
        templates: &[is(Op::Add, A, B, C), is(Op::Sltu, D, A, B)],
        same: &[],
        differ: &[(A, B)],
        nonzero: &[A],
    },
    // The same with the sources swapped; CKB-VM fuses it only where the sum overwrites a source.
    Sequence {
        op: Op::Adcs,
        rule: Version::fusion_add3,
        templates: &[is(Op::Add, A, C, B), is(Op::Sltu, D, A, B)],
        same: &[(A, C)],
        differ: &[(A, B)],
        nonzero: &[A],
    },
    // A difference with borrow in and out. EXCEPTION: CKB-VM does not check the second source of the
    // first `sltu`. The fused operation compares with the difference, whatever that source is.
    Sequence {
        op: Op::Sbb,
        rule: Version::has_fusion,
        templates: &[
            is(Op::Sub, B, A, B),
            Template(Op::Sltu, D, A, Operand::Unchecked(B)),
            is(Op::Sub, A, B, C),
            is(Op::Sltu, C, B, A),
            is(Op::Or, B, C, D),
        ],
        same: &[],
        differ: &[(A, B), (D, A), (D, B), (C, A), (C, B), (C, D)],
        nonzero: &[A, B, C, D],
    },
    // A difference and its borrow.
    Sequence {
        op: Op::Sbbs,
        rule: Version::fusion_sbbs,
        templates: &[is(Op::Sub, A, B, C), is(Op::Sltu, D, B, C)],
        same: &[],
        differ: &[(A, B), (A, C)],
        nonzero: &[],
    },
    wide(Op::WideMul, &[is(Op::Mulh, A, B, C), is(Op::Mul, D, B, C)]),
    wide(
        Op::WideMulu,
        &[is(Op::Mulhu, A, B, C), is(Op::Mul, D, B, C)],
    ),
    wide(
        Op::WideMulsu,
        &[is(Op::Mulhsu, A, B, C), is(Op::Mul, D, B, C)],
    ),
    wide(Op::WideDiv, &[is(Op::Div, A, B, C), is(Op::Rem, D, B, C)]),
    wide(
        Op::WideDivu,
        &[is(Op::Divu, A, B, C), is(Op::Remu, D, B, C)],
    ),
];

/// A pair of instructions whose immediates fuse to one. The second reads what the first wrote.
///
/// Only [`PAIRS`] has any.
///
/// ```
/// use lockstep_isa::fuse::PAIRS;
/// use lockstep_isa::{Op, Version};
/// let constant = PAIRS.iter().find(|pair| pair.op == Op::LoadImm).unwrap();
/// assert_eq!((constant.first, constant.second), (Op::Lui, Op::Addiw));
/// assert_eq!(Version::ALL.map(constant.rule), [false, true, true]);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Pair {
    /// What it becomes.
    pub op: Op,
    /// The rule that says which versions have it.
    pub rule: fn(Version) -> bool,
    /// `lui` or `auipc`.
    pub first: Op,
    /// The operation that reads its result.
    pub second: Op,
    /// Which register the second one writes.
    pub link: Link,
    /// How the immediates add up.
    pub sum: Sum,
}

/// Which register the second instruction of a pair writes.
///
/// ```
/// use lockstep_isa::fuse::{Link, PAIRS};
/// use lockstep_isa::Version;
/// // From version 2 on, the first instruction of a far jump has to write `ra` too.
/// let mut strict = PAIRS.iter().filter(|pair| pair.link == Link::FirstAndRa);
/// assert!(strict.all(|pair| Version::ALL.map(pair.rule) == [false, false, true]));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// The register that the first one wrote.
    First,
    /// `ra`; the first one may write any register. EXCEPTION: the fused operation does not write the
    /// register of the first one. Where that register is `x0`, the first immediate is still added.
    Ra,
    /// `ra`, and the first one writes `ra` too.
    FirstAndRa,
}

/// How the immediates of a pair add up to 32 bits.
///
/// ```
/// use lockstep_isa::fuse::{PAIRS, Sum};
/// use lockstep_isa::Op;
/// let absolute = PAIRS.iter().filter(|pair| pair.op == Op::FarJumpAbs);
/// assert!(absolute.into_iter().all(|pair| pair.sum == Sum::WrappingEven));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sum {
    /// Modulo 2^32.
    Wrapping,
    /// Modulo 2^32, with bit 0 cleared.
    WrappingEven,
    /// The pair does not fuse if the sum overflows.
    Checked,
    /// The pc is added too. The pair does not fuse if the pc does not fit in 32 bits or a sum
    /// overflows.
    CheckedWithPc,
}

/// The pairs, in the order in which the decoder tries them.
pub static PAIRS: &[Pair] = &[
    pair(
        Op::LoadImm,
        Version::has_fusion,
        Op::Lui,
        Op::Addiw,
        Link::First,
        Sum::Wrapping,
    ),
    pair(
        Op::LoadImm,
        Version::fusion_load_pc_relative,
        Op::Auipc,
        Op::Addi,
        Link::First,
        Sum::CheckedWithPc,
    ),
    pair(
        Op::FarJumpAbs,
        Version::far_jump_strict,
        Op::Lui,
        Op::Jalr,
        Link::FirstAndRa,
        Sum::WrappingEven,
    ),
    pair(
        Op::FarJumpAbs,
        Version::far_jump_loose,
        Op::Lui,
        Op::Jalr,
        Link::Ra,
        Sum::WrappingEven,
    ),
    pair(
        Op::FarJumpRel,
        Version::far_jump_strict,
        Op::Auipc,
        Op::Jalr,
        Link::FirstAndRa,
        Sum::Checked,
    ),
    pair(
        Op::FarJumpRel,
        Version::far_jump_loose,
        Op::Auipc,
        Op::Jalr,
        Link::Ra,
        Sum::Wrapping,
    ),
];

const fn pair(
    op: Op,
    rule: fn(Version) -> bool,
    first: Op,
    second: Op,
    link: Link,
    sum: Sum,
) -> Pair {
    Pair {
        op,
        rule,
        first,
        second,
        link,
        sum,
    }
}
