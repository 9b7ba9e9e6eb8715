//! The grid: every arithmetic primitive of the instruction set, boundary operands × boundary
//! operands, the interpreter's functions against code that the lifter makes, compiled and run here.
//!
//! Each primitive is compiled with both operands unknown, with either one known, and with both
//! known, because the lifter folds what it knows. Once for the baseline CPU and once for this one.
//! Primitives of memory and control have no meaning outside a unit; case files and random programs
//! test those.

mod compiled;
mod reference;

use compiled::{Compiled, Operand};
use lockstep_isa::{Cond, Extend, Narrow, Primitives, Size, Width, Xlen};
use reference::Reference;

/// Words at which arithmetic goes wrong when it goes wrong: the ends of every width, shift amounts
/// around it, patterns without symmetry, and mixed halves.
const OPERANDS: [u64; 36] = [
    0,
    1,
    2,
    3,
    5,
    7,
    8,
    31,
    32,
    33,
    63,
    64,
    65,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0x8000_0001,
    0xffff_ffff,
    0x1_0000_0000,
    0x0123_4567_89ab_cdef,
    0xfedc_ba98_7654_3210,
    0x0080_00ff_0000_0100,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xffff_ffff_0000_0000,
    0xffff_ffff_7fff_ffff,
    0xffff_ffff_8000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
];

/// A primitive with its parameters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Primitive {
    Constant,
    Add(Width),
    Sub(Width),
    And,
    Or,
    Xor,
    Not,
    Sll(Width),
    Srl(Width),
    Sra(Width),
    Rol(Width),
    Ror(Width),
    Compare(Cond),
    /// The operands themselves are the choices.
    SelectOperand(Cond),
    /// Two numbers are the choices.
    SelectNumber(Cond),
    Extend(Extend, Size),
    Mul(Width),
    Mulh,
    Mulhu,
    Mulhsu,
    Div(Width),
    Divu(Width),
    Rem(Width),
    Remu(Width),
    Clz(Width),
    Ctz(Width),
    Cpop(Width),
    Rev8,
    OrcB,
    Clmul,
    Clmulh,
    Clmulr,
}

impl Primitive {
    /// Every primitive with every parameter.
    fn all() -> Vec<Primitive> {
        use Primitive::*;
        let mut all = vec![
            Constant, And, Or, Xor, Not, Mulh, Mulhu, Mulhsu, Rev8, OrcB, Clmul, Clmulh, Clmulr,
        ];
        for width in [Width::Full, Width::Word] {
            all.extend([Add(width), Sub(width), Sll(width), Srl(width), Sra(width)]);
            all.extend([Rol(width), Ror(width), Mul(width), Div(width), Divu(width)]);
            all.extend([Rem(width), Remu(width), Clz(width), Ctz(width), Cpop(width)]);
        }
        for cond in [Cond::Eq, Cond::Ne, Cond::Lt, Cond::Ge, Cond::Ltu, Cond::Geu] {
            all.extend([Compare(cond), SelectOperand(cond), SelectNumber(cond)]);
        }
        for size in [Size::B, Size::H, Size::W, Size::D] {
            all.extend([
                Extend(self::Extend::Sign, size),
                Extend(self::Extend::Zero, size),
            ]);
        }
        all
    }

    /// Runs it on a machine.
    pub(crate) fn apply<M: Primitives>(self, m: &mut M, a: M::Word, b: M::Word) -> M::Word {
        use Primitive::*;
        match self {
            Constant => m.constant(0xfedc_ba98_8000_0001),
            Add(width) => m.add(width, a, b),
            Sub(width) => m.sub(width, a, b),
            And => m.and(a, b),
            Or => m.or(a, b),
            Xor => m.xor(a, b),
            Not => m.not(a),
            Sll(width) => m.sll(width, a, b),
            Srl(width) => m.srl(width, a, b),
            Sra(width) => m.sra(width, a, b),
            Rol(width) => m.rol(width, a, b),
            Ror(width) => m.ror(width, a, b),
            Compare(cond) => m.compare(cond, a, b),
            SelectOperand(cond) => m.select(cond, a, b, b, a),
            SelectNumber(cond) => {
                let (then, otherwise) = (m.constant(7), m.constant(u64::MAX));
                m.select(cond, a, b, then, otherwise)
            }
            Extend(how, size) => m.extend(how, size, a),
            Mul(width) => m.mul(width, a, b),
            Mulh => m.mulh(a, b),
            Mulhu => m.mulhu(a, b),
            Mulhsu => m.mulhsu(a, b),
            Div(width) => m.div(width, a, b),
            Divu(width) => m.divu(width, a, b),
            Rem(width) => m.rem(width, a, b),
            Remu(width) => m.remu(width, a, b),
            Clz(width) => m.clz(width, a),
            Ctz(width) => m.ctz(width, a),
            Cpop(width) => m.cpop(width, a),
            Rev8 => m.rev8(a),
            OrcB => m.orc_b(a),
            Clmul => m.clmul(a, b),
            Clmulh => m.clmulh(a, b),
            Clmulr => m.clmulr(a, b),
        }
    }
}

/// The boundary words as registers of this width hold them.
fn operands(xlen: Xlen) -> Vec<u64> {
    let mut words = OPERANDS.to_vec();
    if xlen == Xlen::X32 {
        words
            .iter_mut()
            .for_each(|word| *word = *word as i32 as u64);
        words.sort_unstable();
        words.dedup();
    }
    words
}

fn run_grid(is_baseline: bool, xlen: Xlen) {
    let primitives = Primitive::all();
    let words = operands(xlen);
    let known: Vec<Operand> = words.iter().map(|word| Operand::Known(*word)).collect();
    let unknown = [Operand::Unknown];
    let mut compiled = Compiled::new(is_baseline);
    let mut functions = Vec::new();
    for primitive in &primitives {
        for (lefts, rights) in [
            (&unknown[..], &unknown[..]),
            (&known[..], &unknown[..]),
            (&unknown[..], &known[..]),
            (&known[..], &known[..]),
        ] {
            let pairs = pair(lefts, rights);
            functions.push((*primitive, compiled.define(*primitive, xlen, &pairs), pairs));
        }
    }
    compiled.finish();
    let mut wrong = Vec::new();
    for (primitive, function, pairs) in functions {
        let (lefts, rights) = (values_for(&words, &pairs, 0), values_for(&words, &pairs, 1));
        for &a in lefts {
            for &b in rights {
                let results = compiled.call(function, a, b, pairs.len());
                for ((left, right), found) in pairs.iter().zip(results) {
                    let (x, y) = (left.value(a), right.value(b));
                    let expected = match xlen {
                        Xlen::X32 => primitive.apply(&mut Narrow(&mut Reference), x, y),
                        Xlen::X64 => primitive.apply(&mut Reference, x, y),
                    };
                    if expected != found {
                        wrong.push(format!(
                            "{primitive:?} {x:#x} {y:#x} ({left:?}, {right:?}): \
                             interpreter {expected:#x}, compiled {found:#x}"
                        ));
                    }
                }
            }
        }
    }
    let count = wrong.len();
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{count} differ:\n{}", wrong.join("\n"));
}

fn pair(lefts: &[Operand], rights: &[Operand]) -> Vec<(Operand, Operand)> {
    let row = |left: &Operand| {
        rights
            .iter()
            .map(|right| (*left, *right))
            .collect::<Vec<_>>()
    };
    lefts.iter().flat_map(row).collect()
}

/// The values that an unknown operand is to be given; one where none is unknown.
fn values_for<'w>(words: &'w [u64], pairs: &[(Operand, Operand)], side: usize) -> &'w [u64] {
    let unknown = |pair: &(Operand, Operand)| [pair.0, pair.1][side] == Operand::Unknown;
    if pairs.iter().any(unknown) {
        words
    } else {
        &words[..1]
    }
}

/// Over 32 bits the same, checked against arithmetic that knows nothing of sign extension.
#[test]
fn words_of_32_bits_are_what_32_bits_give() {
    let (mut narrow, words) = (Reference, operands(Xlen::X32));
    let mut machine = Narrow(&mut narrow);
    for &a in &words {
        for &b in &words {
            let (x, y) = (a as u32, b as u32);
            let (i, j) = (x as i32, y as i32);
            let wide = |value: i64| (value >> 32) as u32;
            let shift = y % 32;
            let expected: [(Primitive, u32); 20] = [
                (Primitive::Add(Width::Full), x.wrapping_add(y)),
                (Primitive::Sub(Width::Full), x.wrapping_sub(y)),
                (Primitive::And, x & y),
                (Primitive::Xor, x ^ y),
                (Primitive::Not, !x),
                (Primitive::Sll(Width::Full), x << shift),
                (Primitive::Srl(Width::Full), x >> shift),
                (Primitive::Sra(Width::Full), (i >> shift) as u32),
                (Primitive::Rol(Width::Full), x.rotate_left(shift)),
                (Primitive::Ror(Width::Full), x.rotate_right(shift)),
                (Primitive::Compare(Cond::Lt), u32::from(i < j)),
                (Primitive::Compare(Cond::Ltu), u32::from(x < y)),
                (Primitive::Mul(Width::Full), x.wrapping_mul(y)),
                (Primitive::Mulh, wide(i64::from(i) * i64::from(j))),
                (Primitive::Mulhu, wide((u64::from(x) * u64::from(y)) as i64)),
                (Primitive::Mulhsu, wide(i64::from(i) * i64::from(y))),
                (
                    Primitive::Divu(Width::Full),
                    x.checked_div(y).unwrap_or(u32::MAX),
                ),
                (Primitive::Remu(Width::Full), x.checked_rem(y).unwrap_or(x)),
                (Primitive::Clz(Width::Full), x.leading_zeros()),
                (Primitive::Rev8, x.swap_bytes()),
            ];
            for (primitive, expected) in expected {
                let found = primitive.apply(&mut machine, a, b);
                assert_eq!(found, expected as i32 as u64, "{primitive:?} {x:#x} {y:#x}");
            }
        }
    }
}

#[test]
fn baseline_code_computes_what_the_interpreter_does() {
    run_grid(true, Xlen::X64);
}

#[test]
fn code_for_this_cpu_computes_what_the_interpreter_does() {
    run_grid(false, Xlen::X64);
}

#[test]
fn code_for_32_bits_computes_what_the_interpreter_does() {
    run_grid(true, Xlen::X32);
}
