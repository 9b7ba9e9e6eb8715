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
use crate::rules::{Profile, Version};
use crate::table::Op;

mod patterns;

pub use patterns::{Link, Operand, PAIRS, Pair, SEQUENCES, Sequence, Sum, Template, Var};

/// The most instructions that one fused operation is made of.
pub const MAX_PARTS: usize = 5;

/// What the instruction `head` at `pc` becomes with those behind it: a fused one, or itself.
///
/// `next` gives the plain instruction at an address, or nothing where none can be decoded, which
/// means no fusion. It is asked for no more than is needed to tell.
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

/// What an operation can begin.
#[derive(Clone, Copy)]
enum Head {
    None,
    Pair,
    /// The sequences from `first` to before `end`: those of one head stand together.
    Sequence {
        first: u8,
        end: u8,
    },
}

/// For each operation; computed from the patterns by the compiler.
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
                panic!("begins one kind only, and those of one head stand together")
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

    /// Whether what was looked at so far has these operations. To be told without asking for more.
    fn may_be(&self, templates: &[Template]) -> bool {
        let mut known = templates.iter().zip(&self.insts[..self.known]);
        known.all(|(template, inst)| inst.is_some_and(|inst| inst.op == template.0))
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

impl Operand {
    /// What the fused operation reads or writes.
    pub const fn var(self) -> Var {
        match self {
            Operand::Is(var) | Operand::Unchecked(var) => var,
        }
    }
}

impl Sequence {
    /// The fused instruction, where this sequence stands in the window.
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
    SEQUENCES.get(usize::from(MEANINGS[op.index()]))
}

/// For each operation the place of the sequence that gives it its meaning; beyond them for none.
static MEANINGS: [u8; Op::COUNT] = {
    let mut meanings = [u8::MAX; Op::COUNT];
    let mut i = SEQUENCES.len();
    // From the last to the first: the first stays.
    while i > 0 {
        i -= 1;
        meanings[SEQUENCES[i].op.index()] = i as u8;
    }
    meanings
};
