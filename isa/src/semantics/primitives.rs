//! The primitives that the meanings of instructions are written in.
//!
//! [`Primitives`] is a trait because more than one program gives instructions a meaning. The
//! interpreter implements it with integers, the translator with values of its compiler, and the
//! translator's analysis with abstract values. Each decides behind a primitive how memory is checked,
//! how a division by zero is guarded and where control goes. The trait has no default methods: an
//! implementation cannot inherit arithmetic that does not fit its words.

use crate::reg::Reg;

/// Which bits of a word an operation works on.
///
/// ```
/// use lockstep_isa::{Primitives, Width};
/// /// The sum that `addw` computes.
/// fn addw<M: Primitives>(m: &mut M, a: M::Word, b: M::Word) -> M::Word {
///     m.add(Width::Word, a, b)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Width {
    /// All bits of a register.
    Full,
    /// The low 32 bits; the result is sign-extended to a register. Shift amounts use 5 bits.
    Word,
}

/// Bytes of a memory access.
///
/// RISC-V's integer loads and stores have these sizes and no others.
///
/// ```
/// use lockstep_isa::Size;
/// assert_eq!([Size::B, Size::H, Size::W, Size::D].map(Size::bytes), [1, 2, 4, 8]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    /// 1 byte.
    B,
    /// 2 bytes.
    H,
    /// 4 bytes.
    W,
    /// 8 bytes.
    D,
}

impl Size {
    /// The number of bytes.
    #[must_use]
    pub const fn bytes(self) -> u64 {
        match self {
            Size::B => 1,
            Size::H => 2,
            Size::W => 4,
            Size::D => 8,
        }
    }
}

/// How a narrow value fills a register.
///
/// ```
/// use lockstep_isa::{Extend, Primitives, Size};
/// /// What `lhu` leaves of a loaded word.
/// fn low_half<M: Primitives>(m: &mut M, a: M::Word) -> M::Word {
///     m.extend(Extend::Zero, Size::H, a)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extend {
    /// With copies of its top bit.
    Sign,
    /// With zeros.
    Zero,
}

/// A comparison of two words.
///
/// These are the comparisons of RISC-V's branches; an implementation of [`Primitives`] handles all of them.
///
/// ```
/// use lockstep_isa::{Cond, Primitives};
/// /// The result of `max`.
/// fn max<M: Primitives>(m: &mut M, a: M::Word, b: M::Word) -> M::Word {
///     m.select(Cond::Lt, a, b, b, a)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cond {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Less, signed.
    Lt,
    /// Greater or equal, signed.
    Ge,
    /// Less, unsigned.
    Ltu,
    /// Greater or equal, unsigned.
    Geu,
}

/// What an atomic memory operation stores, from the old value and the register's.
///
/// These are the operations of the extension A; an implementation of [`Primitives`] handles all of them.
///
/// ```
/// use lockstep_isa::{Amo, Primitives, Size};
/// /// The old value of a word to which `more` is added.
/// fn fetch_add<M: Primitives>(m: &mut M, addr: M::Word, more: M::Word) -> Result<M::Word, M::Stop> {
///     m.amo(Amo::Add, addr, Size::W, more)
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Amo {
    /// The register's value.
    Swap,
    /// Their sum.
    Add,
    /// Exclusive or.
    Xor,
    /// And.
    And,
    /// Or.
    Or,
    /// The smaller, signed.
    Min,
    /// The larger, signed.
    Max,
    /// The smaller, unsigned.
    Minu,
    /// The larger, unsigned.
    Maxu,
}

/// The primitives that instructions are made of.
///
/// A `Word` stands for the 64 bits of a register. (On RV32 it is the register's 32 bits,
/// sign-extended: see [`super::Narrow`].) All arithmetic wraps. Where a primitive takes a [`Width`],
/// [`Width::Word`] means: take the low 32 bits of the operands, compute, and sign-extend the 32-bit
/// result.
///
/// An implementation may rely on the order of effects in one instruction. The operands are read
/// before any register is written. Memory is accessed before the destination register is written.
/// There is at most one memory access. A control primitive comes last.
///
/// An instruction that needs another primitive adds one here, and every implementation then has to say what
/// it means: that is intended.
///
/// ```
/// use lockstep_isa::{Primitives, Reg, Width};
/// /// A meaning, as they are written: `add a0, a0, a1`.
/// fn add_a0_a0_a1<M: Primitives>(m: &mut M) -> Result<(), M::Stop> {
///     let (a, b) = (m.get(Reg::A0), m.get(Reg::new(11)));
///     let sum = m.add(Width::Full, a, b);
///     m.set(Reg::A0, sum);
///     Ok(())
/// }
/// ```
pub trait Primitives {
    /// A register's worth of bits, or what stands for it.
    type Word: Copy;
    /// Why an instruction could not be finished. It is `Infallible` where nothing is executed, as in
    /// a compiler.
    type Stop;

    /// This number, truncated to a register's width.
    fn constant(&mut self, value: u64) -> Self::Word;
    /// The address of this instruction (of the first, if fused).
    fn pc(&mut self) -> Self::Word;
    /// The address after this instruction (after the last, if fused): what a call links.
    fn next_pc(&mut self) -> Self::Word;
    /// A register's value; `x0` reads as zero.
    fn get(&mut self, reg: Reg) -> Self::Word;
    /// Writes a register; a write to `x0` is dropped.
    fn set(&mut self, reg: Reg, value: Self::Word);

    /// a + b
    fn add(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// a - b
    fn sub(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bitwise and.
    fn and(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bitwise or.
    fn or(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bitwise exclusive or.
    fn xor(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bitwise complement.
    fn not(&mut self, a: Self::Word) -> Self::Word;

    /// Shift left; the amount is taken modulo the width.
    fn sll(&mut self, width: Width, a: Self::Word, amount: Self::Word) -> Self::Word;
    /// Logical shift right; the amount is taken modulo the width.
    fn srl(&mut self, width: Width, a: Self::Word, amount: Self::Word) -> Self::Word;
    /// Arithmetic shift right; the amount is taken modulo the width.
    fn sra(&mut self, width: Width, a: Self::Word, amount: Self::Word) -> Self::Word;
    /// Rotate left; the amount is taken modulo the width.
    fn rol(&mut self, width: Width, a: Self::Word, amount: Self::Word) -> Self::Word;
    /// Rotate right; the amount is taken modulo the width.
    fn ror(&mut self, width: Width, a: Self::Word, amount: Self::Word) -> Self::Word;

    /// 1 where the comparison holds, else 0.
    fn compare(&mut self, cond: Cond, a: Self::Word, b: Self::Word) -> Self::Word;
    /// `then` where the comparison of `a` and `b` holds, else `otherwise`.
    fn select(
        &mut self,
        cond: Cond,
        a: Self::Word,
        b: Self::Word,
        then: Self::Word,
        otherwise: Self::Word,
    ) -> Self::Word;
    /// The low `size` bytes, extended to a register. `Size::D` on a 64-bit machine is the identity.
    fn extend(&mut self, how: Extend, size: Size, a: Self::Word) -> Self::Word;

    /// Low half of the product.
    fn mul(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// High half of the product, both signed.
    fn mulh(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// High half of the product, both unsigned.
    fn mulhu(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// High half of the product, `a` signed and `b` unsigned.
    fn mulhsu(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Signed quotient; by zero: all ones; overflow: `a`.
    fn div(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Unsigned quotient; by zero: all ones.
    fn divu(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Signed remainder; by zero: `a`; overflow: 0.
    fn rem(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Unsigned remainder; by zero: `a`.
    fn remu(&mut self, width: Width, a: Self::Word, b: Self::Word) -> Self::Word;

    /// Leading zeros within the width (the width itself for zero).
    fn clz(&mut self, width: Width, a: Self::Word) -> Self::Word;
    /// Trailing zeros within the width (the width itself for zero).
    fn ctz(&mut self, width: Width, a: Self::Word) -> Self::Word;
    /// Set bits within the width.
    fn cpop(&mut self, width: Width, a: Self::Word) -> Self::Word;
    /// Bytes in reverse order.
    fn rev8(&mut self, a: Self::Word) -> Self::Word;
    /// Each byte becomes 0xff where it is not zero.
    fn orc_b(&mut self, a: Self::Word) -> Self::Word;
    /// Low half of the carry-less product.
    fn clmul(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// High half of the carry-less product.
    fn clmulh(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;
    /// Bits 2·XLEN-2 down to XLEN-1 of the carry-less product.
    fn clmulr(&mut self, a: Self::Word, b: Self::Word) -> Self::Word;

    /// Reads memory at `base + offset`.
    fn load(
        &mut self,
        base: Self::Word,
        offset: i32,
        size: Size,
        how: Extend,
    ) -> Result<Self::Word, Self::Stop>;
    /// Writes the low `size` bytes of `value` at `base + offset`.
    fn store(
        &mut self,
        base: Self::Word,
        offset: i32,
        size: Size,
        value: Self::Word,
    ) -> Result<(), Self::Stop>;
    /// Reads memory, sign-extended, and reserves the address.
    fn load_reserved(&mut self, addr: Self::Word, size: Size) -> Result<Self::Word, Self::Stop>;
    /// Stores if the address is reserved, stores the old value if not; drops the reservation.
    /// The result is 0 for success and 1 for failure.
    fn store_conditional(
        &mut self,
        addr: Self::Word,
        size: Size,
        value: Self::Word,
    ) -> Result<Self::Word, Self::Stop>;
    /// Reads memory, stores `amo(old, value)`, and gives the old value, sign-extended.
    fn amo(
        &mut self,
        amo: Amo,
        addr: Self::Word,
        size: Size,
        value: Self::Word,
    ) -> Result<Self::Word, Self::Stop>;

    /// Goes to `pc + offset` where the comparison holds, else on to the next instruction.
    fn branch(&mut self, cond: Cond, a: Self::Word, b: Self::Word, offset: i32);
    /// Goes to `pc + offset`.
    fn jump(&mut self, offset: i32);
    /// Goes to an address; bit 0 is already clear.
    fn jump_to(&mut self, target: Self::Word);
    /// Calls the host; the pc is already the next instruction's.
    fn ecall(&mut self) -> Result<(), Self::Stop>;
    /// Calls the debugger; the pc is already the next instruction's.
    fn ebreak(&mut self) -> Result<(), Self::Stop>;
}
