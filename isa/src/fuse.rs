//! Macro-op fusion: which sequences of instructions the decoder turns into one.
//!
//! A fused instruction has one cost and one place in a trace, so a guest's cycles depend on what is
//! fused. This file must therefore fuse exactly what CKB-VM fuses. The patterns are data, in
//! [`SEQUENCES`] and [`PAIRS`]; this file has the matching.
//!
//! A sequence is a list of templates over variables, which stand for registers, with conditions on the
//! variables. The meaning of a fused sequence is that of its [`parts`] in order. A pair is two
//! instructions whose immediates fusion adds up; a fused pair is an operation with a meaning of its own
//! in [`crate::semantics`].
//!
//! A compressed instruction takes part as the instruction that it expands to, so a sequence may mix
//! lengths. A jump into the middle of a sequence executes the instructions from there on, not fused.

use crate::inst::Inst;
use crate::reg::Reg;
use crate::rules::{Profile, Version};
use crate::table::Op;

mod patterns;

pub use patterns::{Link, Operand, PAIRS, Pair, SEQUENCES, Sequence, Sum, Template, Var};

/// The most instructions that one fused operation is made of.
pub const MAX_PARTS: usize = 5;

/// Fuses the instruction `head` at `pc` with those behind it. Returns `head` itself where no pattern
/// matches.
///
/// `next` gives the plain instruction at an address, or `None` where none can be decoded; then nothing
/// is fused. It is called no more often than the patterns require.
#[inline]
pub fn fuse(head: Inst, pc: u64, profile: Profile, next: impl FnMut(u64) -> Option<Inst>) -> Inst {
    let fused = match HEADS[head.op.index()] {
        Head::None => None,
        Head::Pair => fuse_pair(head, pc, profile.version, next),
        Head::Sequence { first, end } => {
            let sequences = &SEQUENCES[usize::from(first)..usize::from(end)];
            fuse_sequence(sequences, head, pc, profile.version, next)
        }
    };
    fused.unwrap_or(head)
}

/// The patterns that begin with some operation.
#[derive(Clone, Copy)]
enum Head {
    /// No pattern.
    None,
    /// Some of [`PAIRS`].
    Pair,
    /// [`SEQUENCES`] from `first` to before `end`: those that begin with the same operation are
    /// neighbours.
    Sequence { first: u8, end: u8 },
}

/// The patterns that each operation begins, computed from the patterns at compile time.
static HEADS: [Head; Op::COUNT] = {
    let mut heads = [Head::None; Op::COUNT];
    let mut i = 0;
    while i < PAIRS.len() {
        heads[PAIRS[i].first.index()] = Head::Pair;
        i += 1;
    }
    i = 0;
    while i < SEQUENCES.len() {
        let head = SEQUENCES[i].templates[0].0.index();
        let first = match heads[head] {
            Head::None => i as u8,
            Head::Sequence { first, end } if end as usize == i => first,
            Head::Sequence { .. } | Head::Pair => {
                panic!("patterns that begin with one operation are of one kind and neighbours")
            }
        };
        let end = i as u8 + 1;
        heads[head] = Head::Sequence { first, end };
        i += 1;
    }
    heads
};

fn fuse_sequence(
    sequences: &[Sequence],
    head: Inst,
    pc: u64,
    version: Version,
    next: impl FnMut(u64) -> Option<Inst>,
) -> Option<Inst> {
    let window = &mut Window::new(head, pc, next);
    let mut found = sequences.iter().filter(|sequence| (sequence.rule)(version));
    found.find_map(|sequence| sequence.find(window))
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

/// The instructions from `head` on. Each is decoded when it is first asked for.
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

    /// The instruction that is `place` instructions behind the head, if there is one.
    fn get(&mut self, place: usize) -> Option<Inst> {
        while self.known <= place {
            let inst = (self.next)(self.end);
            self.insts[self.known] = inst;
            self.known += 1;
            self.end = self.end.wrapping_add(u64::from(inst?.len));
        }
        self.insts[place]
    }

    /// Whether the instructions decoded so far have the operations of these templates. It decodes
    /// nothing.
    fn may_be(&self, templates: &[Template]) -> bool {
        let mut known = templates.iter().zip(&self.insts[..self.known]);
        known.all(|(template, inst)| inst.is_some_and(|inst| inst.op == template.0))
    }
}

/// The registers that the variables of a sequence are bound to so far.
#[derive(Clone, Copy, Default)]
struct Bindings([Option<Reg>; 5]);

impl Bindings {
    fn get(&self, var: Var) -> Option<Reg> {
        self.0[var as usize]
    }

    /// Binds a variable to a register; false if it is bound to another.
    fn bind(&mut self, var: Var, reg: Reg) -> bool {
        *self.0[var as usize].get_or_insert(reg) == reg
    }

    /// Binds the variables of a template to the operands of an instruction; false if they do not match.
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

impl Operand {
    /// The variable whose register the fused operation reads.
    pub const fn var(self) -> Var {
        match self {
            Operand::Is(var) | Operand::Unchecked(var) => var,
        }
    }
}

impl Sequence {
    /// The fused instruction, if the window begins with this sequence.
    fn find<N: FnMut(u64) -> Option<Inst>>(&self, window: &mut Window<N>) -> Option<Inst> {
        if !window.may_be(self.templates) {
            return None;
        }
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

    /// Whether the variables that are bound violate no condition of the sequence.
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

/// The plain instructions that [`parts`] returns; a slice that needs no allocation.
///
/// ```
/// use lockstep_isa::{Inst, Op, fuse::parts};
/// assert_eq!(parts(&Inst::bare(Op::Adc, 20)).len(), 5);
/// let plain = Inst::bare(Op::Ecall, 4);
/// assert_eq!(*parts(&plain), [plain]);
/// ```
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

/// The plain instructions that a fused sequence means, in order. For any other instruction (a plain one,
/// or a fused pair) the result is that instruction.
///
/// The parts can differ from the instructions that were fused: see EXCEPTION in the patterns. Each part
/// has the length of the whole. The parts have no addresses of their own, and none of them reads the pc.
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
    SEQUENCES.get(usize::from(MEANINGS[op.index()]))
}

/// For each operation the index of the sequence that gives it its meaning; `u8::MAX` for none.
static MEANINGS: [u8; Op::COUNT] = {
    let mut meanings = [u8::MAX; Op::COUNT];
    let mut i = SEQUENCES.len();
    // From the last to the first, so that the first of several wins.
    while i > 0 {
        i -= 1;
        meanings[SEQUENCES[i].op.index()] = i as u8;
    }
    meanings
};
