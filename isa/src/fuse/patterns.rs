//! The patterns of fusion: nothing but data.
//!
//! Read from the reference decoder, and checked against it over all aliasings of registers. Where a
//! fused operation means something else than its instructions would, EXCEPTION says so.

use crate::rules::Version;
use crate::table::Op;

/// A variable of a sequence; each stands for a register, and for a field of the fused [`crate::Inst`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Var {
    /// Kept in `rd`.
    A,
    /// Kept in `rs1`.
    B,
    /// Kept in `rs2`.
    C,
    /// Kept in `r3`.
    D,
    /// Kept in `r4`.
    E,
}
use Var::{A, B, C, D, E};

/// An operand of a template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// The register that the variable stands for; the first time it is met, it comes to stand for it.
    Is(Var),
    /// Any register is accepted. Whatever it is, the fused operation reads the variable's instead.
    Unchecked(Var),
}

/// An instruction of a sequence: operation, `rd`, `rs1`, `rs2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Template(pub Op, pub Var, pub Var, pub Operand);

/// A sequence of register instructions that fuses.
#[derive(Debug)]
pub struct Sequence {
    /// What it becomes.
    pub op: Op,
    /// Whether a version has it.
    pub rule: fn(Version) -> bool,
    /// Its instructions. Of several sequences for one operation, the first gives the meaning.
    pub templates: &'static [Template],
    /// Pairs of variables that must stand for the same register, where naming it once could not say
    /// so.
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

/// In the order in which they are tried.
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
    // The same with the sources swapped, which counts only where the sum overwrites the first.
    Sequence {
        op: Op::Adcs,
        rule: Version::fusion_add3,
        templates: &[is(Op::Add, A, C, B), is(Op::Sltu, D, A, B)],
        same: &[(A, C)],
        differ: &[(A, B)],
        nonzero: &[A],
    },
    // A difference with borrow in and out. EXCEPTION: the second source of the first `sltu` is not
    // looked at, and the fused operation compares with the difference whatever it names.
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
#[derive(Debug)]
pub struct Pair {
    /// What it becomes.
    pub op: Op,
    /// Whether a version has it.
    pub rule: fn(Version) -> bool,
    /// `lui` or `auipc`.
    pub first: Op,
    /// What uses its result.
    pub second: Op,
    /// What the second writes.
    pub link: Link,
    /// How the immediates add up.
    pub sum: Sum,
}

/// Which register the second instruction of a pair writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Link {
    /// The first one's again.
    First,
    /// `ra`, whatever the first one's is. EXCEPTION: the fused operation does not write the first
    /// one's register; and where that is `x0`, its immediate counts although `x0` is zero.
    Ra,
    /// `ra`, and it is the first one's too.
    FirstAndRa,
}

/// How the immediates of a pair add up to 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sum {
    /// Modulo 2^32.
    Wrapping,
    /// Modulo 2^32, without the lowest bit.
    WrappingEven,
    /// A sum that overflows does not fuse.
    Checked,
    /// With the pc, which must fit in 32 bits; a sum that overflows does not fuse.
    CheckedWithPc,
}

/// In the order in which they are tried.
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
