//! AbstractWord interpretation of straight-line code: which registers it reads and writes, which memory it
//! accesses, and where control goes.
//!
//! [`AbstractInterpreter`] implements the same primitives as the interpreter and the lifter, over
//! abstract words. An abstract word is a known number, or a root (an unknown value with a name) plus a
//! known distance. So the analysis follows the meanings of the instructions and needs no table of its
//! own. Liveness is computed from the registers, and the checks of memory from the accesses that share a
//! root. It only describes code; what code is emitted is not decided here.

use std::convert::Infallible;

use lockstep_isa::{Amo, Cond, Extend, Inst, Narrow, Primitives, Reg, Size, Width, Xlen, execute};

use crate::fold;

/// What is known of a word.
///
/// On RV32 a distance is exact only modulo 2^32. That is enough for the checks of memory, which are what
/// distances are used for: if the 64-bit sum lies inside memory, it is the 32-bit sum too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum AbstractWord {
    /// It is this number.
    Known(u64),
    /// It is the unknown value of a root, plus a distance.
    Rooted {
        /// 0 to 31 is the value of that register at the start. A larger number is the result of some
        /// operation whose value is not known.
        root: u32,
        /// The distance; the sum wraps.
        offset: u64,
    },
}

/// One access to guest memory, in program order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Address.
    pub address: AbstractWord,
    /// Bytes.
    pub bytes: u64,
    /// Whether it may write.
    pub store: bool,
}

/// Where control goes after the last instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    /// To the next instruction.
    Next,
    /// To one of two places.
    Branch {
        /// Where the comparison holds.
        taken: u64,
    },
    /// To a known address.
    Static(u64),
    /// To an address in a register.
    Dynamic,
    /// To the host.
    Ecall,
    /// To the debugger.
    Ebreak,
}

/// The abstract interpreter. Run instructions through [`AbstractInterpreter::step`], then read the fields.
pub(crate) struct AbstractInterpreter {
    xlen: Xlen,
    registers: [AbstractWord; Reg::COUNT],
    /// The next root that stands for nothing yet.
    next_root: u32,
    pc: u64,
    next_pc: u64,
    /// Registers read before they were written, one bit each.
    pub uses: u32,
    /// Registers written, one bit each.
    pub defs: u32,
    /// Memory accesses in order.
    pub accesses: Vec<Access>,
    /// Where the last instruction goes.
    pub flow: Flow,
    /// Whether the last instruction wrote the address behind it to a register, as a call does.
    pub links: bool,
}

impl AbstractInterpreter {
    pub(crate) fn new(xlen: Xlen) -> AbstractInterpreter {
        let mut registers = [AbstractWord::Known(0); Reg::COUNT];
        for (number, register) in registers.iter_mut().enumerate().skip(1) {
            *register = AbstractWord::Rooted {
                root: number as u32,
                offset: 0,
            };
        }
        AbstractInterpreter {
            xlen,
            registers,
            next_root: Reg::COUNT as u32,
            pc: 0,
            next_pc: 0,
            uses: 0,
            defs: 0,
            accesses: Vec::new(),
            flow: Flow::Next,
            links: false,
        }
    }

    /// Runs one (possibly fused) instruction at `pc`.
    pub(crate) fn step(&mut self, inst: &Inst, pc: u64) {
        self.pc = pc;
        self.next_pc = pc.wrapping_add(u64::from(inst.len));
        self.flow = Flow::Next;
        self.links = false;
        let done = match self.xlen {
            Xlen::X32 => execute(inst, &mut Narrow(self)),
            Xlen::X64 => execute(inst, self),
        };
        match done {
            Ok(()) => {}
            Err(never) => match never {},
        }
    }

    /// Whether an operation of this width works on all bits that a register has.
    fn whole(&self, width: Width) -> bool {
        width == Width::Full || self.xlen == Xlen::X32
    }

    /// The address of a branch or jump by this offset.
    fn target(&self, offset: i32) -> u64 {
        fold::target(self.xlen, self.pc, offset)
    }

    /// A word of which nothing is known: a new root.
    fn unknown(&mut self) -> AbstractWord {
        let root = self.next_root;
        self.next_root += 1;
        AbstractWord::Rooted { root, offset: 0 }
    }

    /// The result of an operation that is computed where both operands are known.
    fn both(
        &mut self,
        a: AbstractWord,
        b: AbstractWord,
        compute: impl FnOnce(u64, u64) -> u64,
    ) -> AbstractWord {
        match (a, b) {
            (AbstractWord::Known(a), AbstractWord::Known(b)) => AbstractWord::Known(compute(a, b)),
            _ => self.unknown(),
        }
    }

    fn access(&mut self, address: AbstractWord, size: Size, store: bool) {
        self.accesses.push(Access {
            address,
            bytes: size.bytes(),
            store,
        });
    }
}

/// The sum of a word and a known distance.
fn displaced(a: AbstractWord, distance: u64) -> AbstractWord {
    match a {
        AbstractWord::Known(a) => AbstractWord::Known(a.wrapping_add(distance)),
        AbstractWord::Rooted { root, offset } => AbstractWord::Rooted {
            root,
            offset: offset.wrapping_add(distance),
        },
    }
}

/// Primitives whose result is treated as unknown, because addresses are not computed with them.
macro_rules! opaque {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $name(&mut self, $($arg: $type),*) -> AbstractWord {
            let _ = ($($arg),*);
            self.unknown()
        }
    )*};
}

impl Primitives for AbstractInterpreter {
    type Word = AbstractWord;
    type Stop = Infallible;

    fn constant(&mut self, value: u64) -> AbstractWord {
        AbstractWord::Known(value)
    }

    fn pc(&mut self) -> AbstractWord {
        AbstractWord::Known(self.pc)
    }

    fn next_pc(&mut self) -> AbstractWord {
        AbstractWord::Known(self.next_pc)
    }

    fn get(&mut self, reg: Reg) -> AbstractWord {
        self.uses |= (1 << reg.index()) & !self.defs;
        self.registers[reg.index()]
    }

    fn set(&mut self, reg: Reg, value: AbstractWord) {
        if reg != Reg::ZERO {
            self.defs |= 1 << reg.index();
            self.registers[reg.index()] = value;
            self.links |= value == AbstractWord::Known(self.next_pc);
        }
    }

    fn add(&mut self, width: Width, a: AbstractWord, b: AbstractWord) -> AbstractWord {
        match (a, b) {
            (AbstractWord::Known(a), AbstractWord::Known(b)) => {
                AbstractWord::Known(fold::add(width, a, b))
            }
            (a, AbstractWord::Known(distance)) | (AbstractWord::Known(distance), a)
                if self.whole(width) =>
            {
                displaced(a, distance)
            }
            _ => self.unknown(),
        }
    }

    fn sub(&mut self, width: Width, a: AbstractWord, b: AbstractWord) -> AbstractWord {
        match (a, b) {
            (AbstractWord::Known(a), AbstractWord::Known(b)) => {
                AbstractWord::Known(fold::sub(width, a, b))
            }
            (a, AbstractWord::Known(distance)) if self.whole(width) => {
                displaced(a, distance.wrapping_neg())
            }
            _ => self.unknown(),
        }
    }

    fn and(&mut self, a: AbstractWord, b: AbstractWord) -> AbstractWord {
        self.both(a, b, |a, b| a & b)
    }

    fn or(&mut self, a: AbstractWord, b: AbstractWord) -> AbstractWord {
        self.both(a, b, |a, b| a | b)
    }

    fn xor(&mut self, a: AbstractWord, b: AbstractWord) -> AbstractWord {
        self.both(a, b, |a, b| a ^ b)
    }

    fn not(&mut self, a: AbstractWord) -> AbstractWord {
        self.both(a, a, |a, _| !a)
    }

    fn sll(&mut self, width: Width, a: AbstractWord, amount: AbstractWord) -> AbstractWord {
        self.both(a, amount, |a, amount| fold::sll(width, a, amount))
    }

    fn srl(&mut self, width: Width, a: AbstractWord, amount: AbstractWord) -> AbstractWord {
        self.both(a, amount, |a, amount| fold::srl(width, a, amount))
    }

    fn extend(&mut self, how: Extend, size: Size, a: AbstractWord) -> AbstractWord {
        match size {
            Size::D => a,
            _ => self.both(a, a, |a, _| fold::extend(how, size, a)),
        }
    }

    opaque! {
        sra(width: Width, a: AbstractWord, b: AbstractWord);
        rol(width: Width, a: AbstractWord, b: AbstractWord);
        ror(width: Width, a: AbstractWord, b: AbstractWord);
        compare(cond: Cond, a: AbstractWord, b: AbstractWord);
        select(cond: Cond, a: AbstractWord, b: AbstractWord, then: AbstractWord, otherwise: AbstractWord);
        mul(width: Width, a: AbstractWord, b: AbstractWord);
        mulh(a: AbstractWord, b: AbstractWord);
        mulhu(a: AbstractWord, b: AbstractWord);
        mulhsu(a: AbstractWord, b: AbstractWord);
        div(width: Width, a: AbstractWord, b: AbstractWord);
        divu(width: Width, a: AbstractWord, b: AbstractWord);
        rem(width: Width, a: AbstractWord, b: AbstractWord);
        remu(width: Width, a: AbstractWord, b: AbstractWord);
        clz(width: Width, a: AbstractWord);
        ctz(width: Width, a: AbstractWord);
        cpop(width: Width, a: AbstractWord);
        rev8(a: AbstractWord);
        orc_b(a: AbstractWord);
        clmul(a: AbstractWord, b: AbstractWord);
        clmulh(a: AbstractWord, b: AbstractWord);
        clmulr(a: AbstractWord, b: AbstractWord);
    }

    fn load(
        &mut self,
        base: AbstractWord,
        offset: i32,
        size: Size,
        _how: Extend,
    ) -> Result<AbstractWord, Infallible> {
        self.access(displaced(base, i64::from(offset) as u64), size, false);
        Ok(self.unknown())
    }

    fn store(
        &mut self,
        base: AbstractWord,
        offset: i32,
        size: Size,
        _value: AbstractWord,
    ) -> Result<(), Infallible> {
        self.access(displaced(base, i64::from(offset) as u64), size, true);
        Ok(())
    }

    fn load_reserved(
        &mut self,
        addr: AbstractWord,
        size: Size,
    ) -> Result<AbstractWord, Infallible> {
        self.access(addr, size, false);
        Ok(self.unknown())
    }

    fn store_conditional(
        &mut self,
        addr: AbstractWord,
        size: Size,
        _value: AbstractWord,
    ) -> Result<AbstractWord, Infallible> {
        self.access(addr, size, true);
        Ok(self.unknown())
    }

    fn amo(
        &mut self,
        _amo: Amo,
        addr: AbstractWord,
        size: Size,
        _value: AbstractWord,
    ) -> Result<AbstractWord, Infallible> {
        self.access(addr, size, true);
        Ok(self.unknown())
    }

    fn branch(&mut self, cond: Cond, a: AbstractWord, b: AbstractWord, offset: i32) {
        let taken = self.target(offset);
        self.flow = match (a, b) {
            (AbstractWord::Known(a), AbstractWord::Known(b)) if fold::holds(cond, a, b) => {
                Flow::Static(taken)
            }
            (AbstractWord::Known(_), AbstractWord::Known(_)) => Flow::Static(self.next_pc),
            _ => Flow::Branch { taken },
        };
    }

    fn jump(&mut self, offset: i32) {
        self.flow = Flow::Static(self.target(offset));
    }

    fn jump_to(&mut self, target: AbstractWord) {
        self.flow = match target {
            AbstractWord::Known(target) => Flow::Static(target),
            AbstractWord::Rooted { .. } => Flow::Dynamic,
        };
    }

    fn ecall(&mut self) -> Result<(), Infallible> {
        self.flow = Flow::Ecall;
        Ok(())
    }

    fn ebreak(&mut self) -> Result<(), Infallible> {
        self.flow = Flow::Ebreak;
        Ok(())
    }
}
