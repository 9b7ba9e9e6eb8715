//! Macro-op fusion, as data: which sequences of instructions become one trace entry.
//!
//! A fused sequence has one cost and one place in a trace, so fusion is consensus and this file must
//! find exactly what the reference finds. [`SEQUENCES`] are lists of templates over variables for
//! registers, with equations between the variables; [`PAIRS`] are the pairs whose immediates fusion
//! adds up. The meaning of a fused sequence is that of its [`parts`]; a fused pair is an operation
//! with a meaning of its own (in [`crate::semantics`]).
//!
//! Sequences may mix lengths: `c.add`, `c.mv`, `c.or` and so on take part as what they expand to.
//! A jump into the middle of a sequence executes its plain tail.

use crate::inst::Inst;
use crate::reg::Reg;
use crate::rules::Profile;
use crate::rules::Version;
use crate::table::Op;

/// The most instructions that one fused operation is made of.
pub const MAX_PARTS: usize = 5;

/// A variable of a sequence; each stands for a register, and for a field of the fused [`Inst`].
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

impl Operand {
    /// What the fused operation reads or writes.
    const fn var(self) -> Var {
        match self {
            Operand::Is(var) | Operand::Unchecked(var) => var,
        }
    }
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

impl Sum {
    fn of(self, first: i32, second: i32, pc: u64) -> Option<i32> {
        match self {
            Sum::Wrapping => Some(first.wrapping_add(second)),
            Sum::WrappingEven => Some(first.wrapping_add(second) & !1),
            Sum::Checked => first.checked_add(second),
            Sum::CheckedWithPc => first
                .checked_add(second)?
                .checked_add(i32::try_from(pc).ok()?),
        }
    }
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

/// What the instruction `head` at `pc` becomes with those behind it: a fused one, or itself.
///
/// `next` gives the plain instruction at an address, or nothing where none can be decoded, which
/// means no fusion. It is asked for no more than is needed to tell.
pub fn fuse(head: Inst, pc: u64, profile: Profile, next: impl FnMut(u64) -> Option<Inst>) -> Inst {
    match head.op {
        Op::Lui | Op::Auipc => fuse_pair(head, pc, profile.version, next),
        Op::Add | Op::Sub | Op::Mulh | Op::Mulhu | Op::Mulhsu | Op::Div | Op::Divu => {
            let window = &mut Window::new(head, pc, next);
            SEQUENCES
                .iter()
                .filter(|sequence| (sequence.rule)(profile.version))
                .find_map(|sequence| sequence.find(window))
        }
        _ => None,
    }
    .unwrap_or(head)
}

fn fuse_pair(
    head: Inst,
    pc: u64,
    version: Version,
    mut next: impl FnMut(u64) -> Option<Inst>,
) -> Option<Inst> {
    let tail = next(pc.wrapping_add(u64::from(head.len)))?;
    let found = |pair: &Pair| {
        let linked = match pair.link {
            Link::First => tail.rd == head.rd,
            Link::Ra => tail.rd == Reg::RA,
            Link::FirstAndRa => tail.rd == Reg::RA && head.rd == Reg::RA,
        };
        if pair.first != head.op || pair.second != tail.op || tail.rs1 != head.rd || !linked {
            return None;
        }
        let imm = pair.sum.of(head.imm, tail.imm, pc)?;
        Some(Inst {
            rd: tail.rd,
            imm,
            ..Inst::bare(pair.op, head.len + tail.len)
        })
    };
    PAIRS
        .iter()
        .filter(|pair| (pair.rule)(version))
        .find_map(found)
}

/// The instructions from a head on, decoded when first looked at.
struct Window<N> {
    insts: [Option<Inst>; MAX_PARTS],
    known: usize,
    end: u64,
    next: N,
}

impl<N: FnMut(u64) -> Option<Inst>> Window<N> {
    fn new(head: Inst, pc: u64, next: N) -> Window<N> {
        let mut insts = [None; MAX_PARTS];
        insts[0] = Some(head);
        Window {
            insts,
            known: 1,
            end: pc.wrapping_add(u64::from(head.len)),
            next,
        }
    }

    /// The instruction at this place after the head, if there is one.
    fn get(&mut self, place: usize) -> Option<Inst> {
        while self.known <= place {
            let inst = (self.next)(self.end);
            self.insts[self.known] = inst;
            self.known += 1;
            self.end = self.end.wrapping_add(u64::from(inst?.len));
        }
        self.insts[place]
    }
}

/// What the variables of a sequence stand for so far.
#[derive(Clone, Copy, Default)]
struct Bindings([Option<Reg>; 5]);

impl Bindings {
    fn get(&self, var: Var) -> Option<Reg> {
        self.0[var as usize]
    }

    fn bind(&mut self, var: Var, reg: Reg) -> bool {
        *self.0[var as usize].get_or_insert(reg) == reg
    }

    fn bind_all(&mut self, Template(op, rd, rs1, rs2): Template, inst: Inst) -> bool {
        op == inst.op
            && self.bind(rd, inst.rd)
            && self.bind(rs1, inst.rs1)
            && match rs2 {
                Operand::Is(var) => self.bind(var, inst.rs2),
                Operand::Unchecked(_) => true,
            }
    }
}

impl Sequence {
    /// The fused instruction, where this sequence stands in the window.
    fn find<N: FnMut(u64) -> Option<Inst>>(&self, window: &mut Window<N>) -> Option<Inst> {
        let mut bindings = Bindings::default();
        let mut len = 0;
        for (place, template) in self.templates.iter().enumerate() {
            let inst = window.get(place)?;
            if !bindings.bind_all(*template, inst) || !self.holds(&bindings) {
                return None;
            }
            len += inst.len;
        }
        let [rd, rs1, rs2, r3, r4] = bindings.0.map(Option::unwrap_or_default);
        Some(Inst {
            rd,
            rs1,
            rs2,
            r3,
            r4,
            ..Inst::bare(self.op, len)
        })
    }

    /// Whether no condition on the variables that are bound is violated.
    fn holds(&self, bindings: &Bindings) -> bool {
        let equal = |&(a, b): &(Var, Var)| Some(bindings.get(a)? == bindings.get(b)?);
        self.same.iter().all(|pair| equal(pair) != Some(false))
            && self.differ.iter().all(|pair| equal(pair) != Some(true))
            && self
                .nonzero
                .iter()
                .all(|&var| bindings.get(var) != Some(Reg::ZERO))
    }
}

/// Plain instructions, without allocation.
#[derive(Clone, Copy, Debug)]
pub struct Parts {
    insts: [Inst; MAX_PARTS],
    len: usize,
}

impl core::ops::Deref for Parts {
    type Target = [Inst];

    fn deref(&self) -> &[Inst] {
        &self.insts[..self.len]
    }
}

/// The plain instructions whose execution in order is the meaning of a fused sequence, exceptions
/// applied; for any other instruction (plain, or a fused pair), the instruction itself.
///
/// The parts carry the length of the whole: they have no addresses of their own, and none of them
/// asks for one.
///
/// ```
/// use lockstep_isa::{Inst, Op, Reg, fuse::parts};
/// let [h, a, b, l] = [12, 10, 11, 13].map(Reg::new);
/// let fused = Inst { rd: h, rs1: a, rs2: b, r3: l, ..Inst::bare(Op::WideMulu, 8) };
/// let words: Vec<String> = parts(&fused).iter().map(Inst::to_string).collect();
/// assert_eq!(words, ["mulhu a2, a0, a1", "mul a3, a0, a1"]);
/// ```
#[must_use]
pub fn parts(inst: &Inst) -> Parts {
    let mut parts = Parts {
        insts: [*inst; MAX_PARTS],
        len: 1,
    };
    let Some(sequence) = sequence_of(inst.op) else {
        return parts;
    };
    let values = [inst.rd, inst.rs1, inst.rs2, inst.r3, inst.r4];
    let reg = |var: Var| values[var as usize];
    for (part, Template(op, rd, rs1, rs2)) in parts.insts.iter_mut().zip(sequence.templates) {
        *part = Inst {
            rd: reg(*rd),
            rs1: reg(*rs1),
            rs2: reg(rs2.var()),
            ..Inst::bare(*op, inst.len)
        };
    }
    parts.len = sequence.templates.len();
    parts
}

/// The sequence that gives a fused operation its meaning.
fn sequence_of(op: Op) -> Option<&'static Sequence> {
    SEQUENCES.iter().find(|sequence| sequence.op == op)
}
