//! What a piece of straight code reads, writes and touches, found by running it on abstract words.
//!
//! A third machine beside interpreter and lifter: it runs the same meanings on words that are
//! either a known number or *some root plus a known distance*. From it come the registers a chain
//! uses and defines, where it goes, and which memory accesses share a base, which is all that
//! liveness and the address range checks need. It never decides anything about speed or code.

use std::convert::Infallible;

use lockstep_isa::{Amo, Cond, Extend, Inst, Narrow, Primitives, Reg, Size, Width, Xlen, execute};

use crate::fold;

/// A word as far as it is known.
///
/// With RV32 a distance is exact only modulo 2^32. That is enough for what is made of it, checks of
/// memory: a sum of 64 bits that lies inside memory is then the sum of 32 bits too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Abstract {
    /// This number.
    Known(u64),
    /// The unknown value of a root, plus a distance.
    Rooted {
        /// 0 to 31: a register's value at the start; above: the result of some operation.
        root: u32,
        /// Wrapping distance.
        offset: u64,
    },
}

/// One access to guest memory, in program order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    /// Address.
    pub address: Abstract,
    /// Bytes.
    pub bytes: u64,
    /// Whether it may write.
    pub store: bool,
}

/// Where control goes after the last instruction recorded.
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

/// The recorder: run instructions through [`Recorder::step`], then read the fields.
pub(crate) struct Recorder {
    xlen: Xlen,
    registers: [Abstract; Reg::COUNT],
    fresh: u32,
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
    /// The last instruction left the address behind it in a register: it is a call.
    pub links: bool,
}

impl Recorder {
    pub(crate) fn new(xlen: Xlen) -> Recorder {
        let mut registers = [Abstract::Known(0); Reg::COUNT];
        for (number, register) in registers.iter_mut().enumerate().skip(1) {
            *register = Abstract::Rooted {
                root: number as u32,
                offset: 0,
            };
        }
        Recorder {
            xlen,
            registers,
            fresh: Reg::COUNT as u32,
            pc: 0,
            next_pc: 0,
            uses: 0,
            defs: 0,
            accesses: Vec::new(),
            flow: Flow::Next,
            links: false,
        }
    }

    /// Records one (possibly fused) instruction at `pc`.
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

    /// Whether an operation of this width is one on whole registers.
    fn whole(&self, width: Width) -> bool {
        width == Width::Full || self.xlen == Xlen::X32
    }

    /// The address of a branch or jump by this offset.
    fn target(&self, offset: i32) -> u64 {
        fold::target(self.xlen, self.pc, offset)
    }

    fn unknown(&mut self) -> Abstract {
        let root = self.fresh;
        self.fresh += 1;
        Abstract::Rooted { root, offset: 0 }
    }

    fn both(
        &mut self,
        a: Abstract,
        b: Abstract,
        compute: impl FnOnce(u64, u64) -> u64,
    ) -> Abstract {
        match (a, b) {
            (Abstract::Known(a), Abstract::Known(b)) => Abstract::Known(compute(a, b)),
            _ => self.unknown(),
        }
    }

    fn access(&mut self, address: Abstract, size: Size, store: bool) {
        self.accesses.push(Access {
            address,
            bytes: size.bytes(),
            store,
        });
    }
}

fn displaced(a: Abstract, distance: u64) -> Abstract {
    match a {
        Abstract::Known(a) => Abstract::Known(a.wrapping_add(distance)),
        Abstract::Rooted { root, offset } => Abstract::Rooted {
            root,
            offset: offset.wrapping_add(distance),
        },
    }
}

/// Primitives of two words whose result is nothing an address is made of.
macro_rules! opaque {
    ($($name:ident($($arg:ident: $type:ty),*);)*) => {$(
        fn $name(&mut self, $($arg: $type),*) -> Abstract {
            let _ = ($($arg),*);
            self.unknown()
        }
    )*};
}

impl Primitives for Recorder {
    type Word = Abstract;
    type Stop = Infallible;

    fn constant(&mut self, value: u64) -> Abstract {
        Abstract::Known(value)
    }

    fn pc(&mut self) -> Abstract {
        Abstract::Known(self.pc)
    }

    fn next_pc(&mut self) -> Abstract {
        Abstract::Known(self.next_pc)
    }

    fn get(&mut self, reg: Reg) -> Abstract {
        self.uses |= (1 << reg.index()) & !self.defs;
        self.registers[reg.index()]
    }

    fn set(&mut self, reg: Reg, value: Abstract) {
        if reg != Reg::ZERO {
            self.defs |= 1 << reg.index();
            self.registers[reg.index()] = value;
            self.links |= value == Abstract::Known(self.next_pc);
        }
    }

    fn add(&mut self, width: Width, a: Abstract, b: Abstract) -> Abstract {
        match (a, b) {
            (Abstract::Known(a), Abstract::Known(b)) => Abstract::Known(fold::add(width, a, b)),
            (a, Abstract::Known(distance)) | (Abstract::Known(distance), a)
                if self.whole(width) =>
            {
                displaced(a, distance)
            }
            _ => self.unknown(),
        }
    }

    fn sub(&mut self, width: Width, a: Abstract, b: Abstract) -> Abstract {
        match (a, b) {
            (Abstract::Known(a), Abstract::Known(b)) => Abstract::Known(fold::sub(width, a, b)),
            (a, Abstract::Known(distance)) if self.whole(width) => {
                displaced(a, distance.wrapping_neg())
            }
            _ => self.unknown(),
        }
    }

    fn and(&mut self, a: Abstract, b: Abstract) -> Abstract {
        self.both(a, b, |a, b| a & b)
    }

    fn or(&mut self, a: Abstract, b: Abstract) -> Abstract {
        self.both(a, b, |a, b| a | b)
    }

    fn xor(&mut self, a: Abstract, b: Abstract) -> Abstract {
        self.both(a, b, |a, b| a ^ b)
    }

    fn not(&mut self, a: Abstract) -> Abstract {
        self.both(a, a, |a, _| !a)
    }

    fn sll(&mut self, width: Width, a: Abstract, amount: Abstract) -> Abstract {
        self.both(a, amount, |a, amount| fold::sll(width, a, amount))
    }

    fn srl(&mut self, width: Width, a: Abstract, amount: Abstract) -> Abstract {
        self.both(a, amount, |a, amount| fold::srl(width, a, amount))
    }

    fn extend(&mut self, how: Extend, size: Size, a: Abstract) -> Abstract {
        match size {
            Size::D => a,
            _ => self.both(a, a, |a, _| fold::extend(how, size, a)),
        }
    }

    opaque! {
        sra(width: Width, a: Abstract, b: Abstract);
        rol(width: Width, a: Abstract, b: Abstract);
        ror(width: Width, a: Abstract, b: Abstract);
        compare(cond: Cond, a: Abstract, b: Abstract);
        select(cond: Cond, a: Abstract, b: Abstract, then: Abstract, otherwise: Abstract);
        mul(width: Width, a: Abstract, b: Abstract);
        mulh(a: Abstract, b: Abstract);
        mulhu(a: Abstract, b: Abstract);
        mulhsu(a: Abstract, b: Abstract);
        div(width: Width, a: Abstract, b: Abstract);
        divu(width: Width, a: Abstract, b: Abstract);
        rem(width: Width, a: Abstract, b: Abstract);
        remu(width: Width, a: Abstract, b: Abstract);
        clz(width: Width, a: Abstract);
        ctz(width: Width, a: Abstract);
        cpop(width: Width, a: Abstract);
        rev8(a: Abstract);
        orc_b(a: Abstract);
        clmul(a: Abstract, b: Abstract);
        clmulh(a: Abstract, b: Abstract);
        clmulr(a: Abstract, b: Abstract);
    }

    fn load(
        &mut self,
        base: Abstract,
        offset: i32,
        size: Size,
        _how: Extend,
    ) -> Result<Abstract, Infallible> {
        self.access(displaced(base, i64::from(offset) as u64), size, false);
        Ok(self.unknown())
    }

    fn store(
        &mut self,
        base: Abstract,
        offset: i32,
        size: Size,
        _value: Abstract,
    ) -> Result<(), Infallible> {
        self.access(displaced(base, i64::from(offset) as u64), size, true);
        Ok(())
    }

    fn load_reserved(&mut self, addr: Abstract, size: Size) -> Result<Abstract, Infallible> {
        self.access(addr, size, false);
        Ok(self.unknown())
    }

    fn store_conditional(
        &mut self,
        addr: Abstract,
        size: Size,
        _value: Abstract,
    ) -> Result<Abstract, Infallible> {
        self.access(addr, size, true);
        Ok(self.unknown())
    }

    fn amo(
        &mut self,
        _amo: Amo,
        addr: Abstract,
        size: Size,
        _value: Abstract,
    ) -> Result<Abstract, Infallible> {
        self.access(addr, size, true);
        Ok(self.unknown())
    }

    fn branch(&mut self, cond: Cond, a: Abstract, b: Abstract, offset: i32) {
        let taken = self.target(offset);
        self.flow = match (a, b) {
            (Abstract::Known(a), Abstract::Known(b)) if fold::holds(cond, a, b) => {
                Flow::Static(taken)
            }
            (Abstract::Known(_), Abstract::Known(_)) => Flow::Static(self.next_pc),
            _ => Flow::Branch { taken },
        };
    }

    fn jump(&mut self, offset: i32) {
        self.flow = Flow::Static(self.target(offset));
    }

    fn jump_to(&mut self, target: Abstract) {
        self.flow = match target {
            Abstract::Known(target) => Flow::Static(target),
            Abstract::Rooted { .. } => Flow::Dynamic,
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
