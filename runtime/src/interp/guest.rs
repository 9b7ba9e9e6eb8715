//! A guest in the middle of a trace: the primitives of the instruction set on 64-bit integers.
//!
//! The state is plain references and numbers. Nothing may take the address of the whole of it but inlined functions:
//! the compiler then keeps its fields in registers, which is most of the interpreter's speed. And `execute` is called
//! in one place for each type of machine: with two, the compiler no longer inlines it, and the loop takes half as
//! long again. Arithmetic is in `value`, memory in `window`.

use lockstep_contract::context::slot;
use lockstep_isa::{
    Amo, Cond, Extend, Inst, Narrow, Primitives, Profile, Reg, Size, Width, execute,
};

use super::window::{Stop, Window};
use crate::memory::raw::Heads;
use crate::memory::{Code, View};
use crate::traces::Trace;
use crate::value;

/// A guest in the middle of a trace.
pub(super) struct Guest<'a> {
    registers: &'a mut [u64; 32],
    reservation: &'a mut u64,
    memory: Window<'a>,
    /// Which traces ran last; none, if no rule of the version asks.
    heads: Option<&'a mut Heads>,
    /// Between traces where to go on; in a trace its end, until a jump changes that.
    pub(super) pc: u64,
    /// Where the pc belongs when control leaves.
    pc_in_context: &'a mut u64,
    /// Bytes of the trace's last entry, the only one that can ask for its address.
    last: u64,
}

impl<'a> Guest<'a> {
    /// Between two traces.
    pub(super) fn new(view: View<'a>, profile: Profile) -> Guest<'a> {
        Guest {
            registers: &mut view.context.registers,
            reservation: &mut view.context.reservation,
            memory: Window::new(view.bytes, view.pages, profile),
            heads: Some(view.heads).filter(|_| profile.aliases_traces()),
            pc: view.context.pc,
            pc_in_context: &mut view.context.pc,
            last: 0,
        }
    }

    /// Where the trace for the pc starts. In versions that take traces by half their address, an
    /// address beyond 2^32 runs the trace of its low half, if that is what its slot holds.
    #[inline(always)]
    pub(super) fn head(&self) -> u64 {
        let Some(heads) = &self.heads else {
            return self.pc;
        };
        let low = self.pc as u32;
        let held = heads[slot(self.pc)] == low.wrapping_add(1) && low != u32::MAX;
        if held { u64::from(low) } else { self.pc }
    }

    /// Notes that the slot of this trace holds it.
    #[inline(always)]
    pub(super) fn note(&mut self, head: u64) {
        if let Some(heads) = &mut self.heads {
            // A trace starts in memory, far below 2^32.
            heads[slot(head)] = head as u32 + 1;
        }
    }

    /// What decoding reads, outside of chaos mode.
    pub(super) fn code(&mut self) -> Code<'_> {
        self.memory.code()
    }

    /// Runs a trace from its head on, with registers of 32 bits where it is `NARROW`. The pc is
    /// behind it afterwards, or where it jumped; after an instruction that stopped, behind it.
    #[inline(always)]
    pub(super) fn run<const NARROW: bool>(
        &mut self,
        trace: &Trace,
        code: &[Inst],
    ) -> Result<(), Stop> {
        self.pc = self.pc.wrapping_add(u64::from(trace.len));
        self.last = u64::from(trace.last);
        for inst in code {
            if NARROW {
                execute(inst, &mut Narrow(self))?;
            } else {
                execute(inst, self)?;
            }
        }
        if NARROW {
            // A jump wraps with the register's width.
            self.pc &= u64::from(u32::MAX);
        }
        Ok(())
    }

    /// Puts the pc back.
    pub(super) fn leave(self) {
        *self.pc_in_context = self.pc;
    }
}

/// Primitives that are functions of `value`, by their shape.
macro_rules! arithmetic {
    (one $name:ident ($($arg:ident: $type:ty),*)) => {
        #[inline(always)]
        fn $name(&mut self, $($arg: $type),*) -> u64 {
            value::$name($($arg),*)
        }
    };
    (all $args:tt $($name:ident)*) => {
        $(arithmetic!(one $name $args);)*
    };
    ($($args:tt: $($name:ident)*;)*) => {
        $(arithmetic!(all $args $($name)*);)*
    };
}

impl Primitives for Guest<'_> {
    type Word = u64;
    type Stop = Stop;

    arithmetic! {
        (width: Width, a: u64, b: u64): add sub mul div divu rem remu sll srl sra rol ror;
        (a: u64, b: u64): mulh mulhu mulhsu clmul clmulh clmulr;
        (width: Width, a: u64): clz ctz cpop;
    }

    #[inline(always)]
    fn constant(&mut self, value: u64) -> u64 {
        value
    }

    #[inline(always)]
    fn pc(&mut self) -> u64 {
        self.pc.wrapping_sub(self.last)
    }

    #[inline(always)]
    fn next_pc(&mut self) -> u64 {
        self.pc
    }

    #[inline(always)]
    fn get(&mut self, reg: Reg) -> u64 {
        self.registers[reg.index() % 32]
    }

    #[inline(always)]
    fn set(&mut self, reg: Reg, value: u64) {
        // Cheaper than asking which register it is.
        self.registers[reg.index() % 32] = value;
        self.registers[0] = 0;
    }

    #[inline(always)]
    fn and(&mut self, a: u64, b: u64) -> u64 {
        a & b
    }

    #[inline(always)]
    fn or(&mut self, a: u64, b: u64) -> u64 {
        a | b
    }

    #[inline(always)]
    fn xor(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }

    #[inline(always)]
    fn not(&mut self, a: u64) -> u64 {
        !a
    }

    #[inline(always)]
    fn compare(&mut self, cond: Cond, a: u64, b: u64) -> u64 {
        u64::from(value::holds(cond, a, b))
    }

    #[inline(always)]
    fn select(&mut self, cond: Cond, a: u64, b: u64, then: u64, otherwise: u64) -> u64 {
        if value::holds(cond, a, b) {
            then
        } else {
            otherwise
        }
    }

    #[inline(always)]
    fn extend(&mut self, how: Extend, size: Size, a: u64) -> u64 {
        value::extend(how, size, a)
    }

    #[inline(always)]
    fn rev8(&mut self, a: u64) -> u64 {
        a.swap_bytes()
    }

    #[inline(always)]
    fn orc_b(&mut self, a: u64) -> u64 {
        value::orc_b(a)
    }

    #[inline(always)]
    fn load(&mut self, base: u64, offset: i32, size: Size, how: Extend) -> Result<u64, Stop> {
        (self.memory).load(base.wrapping_add(offset as u64), size, how)
    }

    #[inline(always)]
    fn store(&mut self, base: u64, offset: i32, size: Size, value: u64) -> Result<(), Stop> {
        self.memory
            .put(base.wrapping_add(offset as u64), size, value)
    }

    #[inline(always)]
    fn load_reserved(&mut self, addr: u64, size: Size) -> Result<u64, Stop> {
        let value = self.memory.read(addr, size, Extend::Sign)?;
        *self.reservation = addr;
        Ok(value)
    }

    #[inline(always)]
    fn store_conditional(&mut self, addr: u64, size: Size, value: u64) -> Result<u64, Stop> {
        self.memory.open(addr, size)?;
        let held = *self.reservation == addr;
        *self.reservation = u64::MAX;
        // The old value is stored when the reservation is lost, which shows in nothing but the
        // page's flags, and those are set.
        if held {
            self.memory.put(addr, size, value)?;
        }
        Ok(u64::from(!held))
    }

    #[inline(always)]
    fn amo(&mut self, amo: Amo, addr: u64, size: Size, value: u64) -> Result<u64, Stop> {
        self.memory.open(addr, size)?;
        let old = self.memory.read(addr, size, Extend::Sign)?;
        self.memory
            .put(addr, size, value::amo(amo, size, old, value))?;
        Ok(old)
    }

    #[inline(always)]
    fn branch(&mut self, cond: Cond, a: u64, b: u64, offset: i32) {
        if value::holds(cond, a, b) {
            self.jump(offset);
        }
    }

    #[inline(always)]
    fn jump(&mut self, offset: i32) {
        self.pc = self.pc.wrapping_sub(self.last).wrapping_add(offset as u64);
    }

    #[inline(always)]
    fn jump_to(&mut self, target: u64) {
        self.pc = target;
    }

    #[inline(always)]
    fn ecall(&mut self) -> Result<(), Stop> {
        Err(Stop::Ecall)
    }

    #[inline(always)]
    fn ebreak(&mut self) -> Result<(), Stop> {
        Err(Stop::Ebreak)
    }
}
