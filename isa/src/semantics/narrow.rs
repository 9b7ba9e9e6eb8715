//! RV32 over 64-bit words: an adapter that implements the 32-bit primitives with 64-bit ones.
//!
//! A register holds its 32 bits, sign-extended to 64. [`Narrow`] wraps an implementation of
//! [`Primitives`] over 64-bit words and implements the same trait for RV32. So the interpreter, the
//! lifter and the translator's analysis run RV32 without arithmetic of their own, and registers, the
//! context and snapshots have one shape. Sign extension preserves the order of signed and of unsigned
//! numbers, so comparisons, bitwise operations and stores pass through unchanged.
//!
//! One thing is left to the wrapped implementation, because it alone knows its program counter: the
//! targets of branches and of [`Primitives::jump`] wrap at 2^32. Addresses of memory accesses need no
//! care. The 64-bit sum of a sign-extended base and an offset is either inside memory, and then it is
//! the 32-bit sum too, or outside, as the 32-bit sum is: memory is far smaller than 2^31 - 2^11 bytes.

use super::primitives::Extend::{Sign, Zero};
use super::primitives::Size::{D, W};
use super::primitives::Width::{Full, Word};
use super::primitives::{Amo, Cond, Extend, Primitives, Size, Width};
use crate::reg::Reg;

/// Implements the primitives of RV32 with those of an implementation over 64-bit words.
///
/// ```
/// use lockstep_isa::{Inst, Narrow, Primitives, Xlen, execute};
/// /// Runs an instruction on registers of either width.
/// fn step<M: Primitives>(inst: &Inst, machine: &mut M, xlen: Xlen) -> Result<(), M::Stop> {
///     match xlen {
///         Xlen::X32 => execute(inst, &mut Narrow(machine)),
///         Xlen::X64 => execute(inst, machine),
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Narrow<'m, M>(pub &'m mut M);

impl<M: Primitives> Narrow<'_, M> {
    /// The low 32 bits, sign-extended: what a register holds.
    #[inline(always)]
    fn held(&mut self, a: M::Word) -> M::Word {
        self.0.extend(Sign, W, a)
    }

    /// The low 32 bits as an unsigned number.
    #[inline(always)]
    fn unsigned(&mut self, a: M::Word) -> M::Word {
        self.0.extend(Zero, W, a)
    }

    /// The upper half of 64 bits, sign-extended.
    #[inline(always)]
    fn high(&mut self, a: M::Word) -> M::Word {
        let half = self.0.constant(32);
        self.0.sra(Full, a, half)
    }
}

/// Passes a primitive on unchanged, because its 64-bit form is right for sign-extended words.
macro_rules! same {
    ($($name:ident($($arg:ident: $type:ty),*) $(-> $result:ty)?;)*) => {$(
        #[inline(always)]
        fn $name(&mut self, $($arg: $type),*) $(-> $result)? {
            self.0.$name($($arg),*)
        }
    )*};
}

/// Passes a primitive on with [`Width::Word`], whatever width it is asked for.
macro_rules! words {
    ($($name:ident($($arg:ident),*);)*) => {$(
        #[inline(always)]
        fn $name(&mut self, _: Width, $($arg: M::Word),*) -> M::Word {
            self.0.$name(Word, $($arg),*)
        }
    )*};
}

impl<M: Primitives> Primitives for Narrow<'_, M> {
    type Word = M::Word;
    type Stop = M::Stop;

    #[inline(always)]
    fn constant(&mut self, value: u64) -> M::Word {
        self.0.constant(value as i32 as u64)
    }

    #[inline(always)]
    fn pc(&mut self) -> M::Word {
        let pc = self.0.pc();
        self.held(pc)
    }

    #[inline(always)]
    fn next_pc(&mut self) -> M::Word {
        let pc = self.0.next_pc();
        self.held(pc)
    }

    // On RV32, `Width::Full` and `Width::Word` are both 32 bits.
    words! {
        add(a, b);
        sub(a, b);
        sll(a, amount);
        srl(a, amount);
        sra(a, amount);
        rol(a, amount);
        ror(a, amount);
        mul(a, b);
        div(a, b);
        divu(a, b);
        rem(a, b);
        remu(a, b);
        clz(a);
        ctz(a);
        cpop(a);
    }

    same! {
        get(reg: Reg) -> M::Word;
        set(reg: Reg, value: M::Word);
        and(a: M::Word, b: M::Word) -> M::Word;
        or(a: M::Word, b: M::Word) -> M::Word;
        xor(a: M::Word, b: M::Word) -> M::Word;
        not(a: M::Word) -> M::Word;
        compare(cond: Cond, a: M::Word, b: M::Word) -> M::Word;
        select(cond: Cond, a: M::Word, b: M::Word, then: M::Word, otherwise: M::Word) -> M::Word;
        load(base: M::Word, offset: i32, size: Size, how: Extend) -> Result<M::Word, M::Stop>;
        store(base: M::Word, offset: i32, size: Size, value: M::Word) -> Result<(), M::Stop>;
        load_reserved(addr: M::Word, size: Size) -> Result<M::Word, M::Stop>;
        store_conditional(addr: M::Word, size: Size, value: M::Word) -> Result<M::Word, M::Stop>;
        amo(amo: Amo, addr: M::Word, size: Size, value: M::Word) -> Result<M::Word, M::Stop>;
        branch(cond: Cond, a: M::Word, b: M::Word, offset: i32);
        jump(offset: i32);
        ecall() -> Result<(), M::Stop>;
        ebreak() -> Result<(), M::Stop>;
    }

    #[inline(always)]
    fn extend(&mut self, how: Extend, size: Size, a: M::Word) -> M::Word {
        match size {
            W | D => a,
            _ => self.0.extend(how, size, a),
        }
    }

    // 64 bits hold the whole product of two 32-bit factors.

    #[inline(always)]
    fn mulh(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let product = self.0.mul(Full, a, b);
        self.high(product)
    }

    #[inline(always)]
    fn mulhu(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let (a, b) = (self.unsigned(a), self.unsigned(b));
        let product = self.0.mul(Full, a, b);
        self.high(product)
    }

    #[inline(always)]
    fn mulhsu(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let b = self.unsigned(b);
        let product = self.0.mul(Full, a, b);
        self.high(product)
    }

    #[inline(always)]
    fn clmul(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let product = self.0.clmul(a, b);
        self.held(product)
    }

    #[inline(always)]
    fn clmulh(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let (a, b) = (self.unsigned(a), self.unsigned(b));
        let product = self.0.clmul(a, b);
        self.high(product)
    }

    #[inline(always)]
    fn clmulr(&mut self, a: M::Word, b: M::Word) -> M::Word {
        let (a, b) = (self.unsigned(a), self.unsigned(b));
        let product = self.0.clmul(a, b);
        let below = self.0.constant(31);
        let shifted = self.0.srl(Full, product, below);
        self.held(shifted)
    }

    #[inline(always)]
    fn rev8(&mut self, a: M::Word) -> M::Word {
        let reversed = self.0.rev8(a);
        self.high(reversed)
    }

    #[inline(always)]
    fn orc_b(&mut self, a: M::Word) -> M::Word {
        let spread = self.0.orc_b(a);
        self.held(spread)
    }

    #[inline(always)]
    fn jump_to(&mut self, target: M::Word) {
        let target = self.unsigned(target);
        self.0.jump_to(target);
    }
}
