//! A guest in the middle of a trace: the primitives of the instruction set on 64-bit integers.
//!
//! The state is plain references and numbers. Nothing may take the address of the whole of it but
//! inlined functions: the compiler then keeps its fields in registers, which is most of the
//! interpreter's speed. What seldom happens (the first store to a page, a store across pages) is in
//! functions of their own that get the fields they need. And `execute` is called in one place for each
//! type of machine: with two, the compiler no longer inlines it, and the loop takes half as long again.

use lockstep_contract::context::slot;
use lockstep_isa::{
    Amo, Cond, Extend, Inst, Narrow, Primitives, Profile, Reg, Size, Width, execute,
};

use super::trace::Trace;
use super::value;
use crate::memory::raw::{Bytes, Heads, Writable};
use crate::memory::{Code, Pages, View};
use crate::trap::Trap;

/// Why an instruction did not finish. Small: it travels through the hot loop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// `MemOutOfBound`.
    OutOfBound,
    /// `MemWriteOnExecutablePage`.
    Executable,
    /// It was an `ecall`.
    Ecall,
    /// It was an `ebreak`.
    Ebreak,
}

/// A guest in the middle of a trace.
pub(super) struct Guest<'a> {
    registers: &'a mut [u64; 32],
    reservation: &'a mut u64,
    bytes: Bytes<'a>,
    writable: &'a mut Writable,
    /// Which traces ran last; none, where no version rule asks.
    heads: Option<&'a mut Heads>,
    flags: &'a mut [u8],
    /// Where loads must end: the end of memory, or a byte before it. At least a page less a byte.
    readable: u64,
    /// Between traces where to go on; in a trace its end, until a jump changes that.
    pub(super) pc: u64,
    /// Where the pc belongs when control leaves.
    home: &'a mut u64,
    /// Bytes of the trace's last entry, the only one that can ask for its address.
    last: u64,
}

impl<'a> Guest<'a> {
    /// Between two traces.
    pub(super) fn new(view: View<'a>, profile: Profile) -> Guest<'a> {
        let size = view.bytes.len() as u64;
        Guest {
            registers: &mut view.context.registers,
            reservation: &mut view.context.reservation,
            bytes: view.bytes,
            writable: view.pages.writable,
            heads: Some(view.heads).filter(|_| profile.aliases_traces()),
            flags: view.pages.flags,
            readable: size - u64::from(!profile.version.last_bytes_readable()),
            pc: view.context.pc,
            home: &mut view.context.pc,
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
        Code {
            bytes: self.bytes.all(),
            flags: self.flags,
            chaos: None,
            refused: false,
        }
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
        *self.home = self.pc;
    }

    /// An integer from memory.
    #[inline(always)]
    fn read(&self, at: u64, size: Size, how: Extend) -> Result<u64, Stop> {
        let value = match size {
            Size::B => self
                .bytes
                .read(at)
                .map(|raw| u64::from(u8::from_le_bytes(raw))),
            Size::H => self
                .bytes
                .read(at)
                .map(|raw| u64::from(u16::from_le_bytes(raw))),
            Size::W => self
                .bytes
                .read(at)
                .map(|raw| u64::from(u32::from_le_bytes(raw))),
            Size::D => self.bytes.read(at).map(u64::from_le_bytes),
        };
        match value {
            Some(value) => Ok(value::extend(how, size, value)),
            None => Err(Stop::OutOfBound),
        }
    }

    /// Writes an integer where that needs nothing else; `false` where it needs more.
    #[inline(always)]
    fn write(&mut self, at: u64, size: Size, value: u64) -> bool {
        let writable = &*self.writable;
        match size {
            Size::B => self.bytes.write(writable, at, (value as u8).to_le_bytes()),
            Size::H => self.bytes.write(writable, at, (value as u16).to_le_bytes()),
            Size::W => self.bytes.write(writable, at, (value as u32).to_le_bytes()),
            Size::D => self.bytes.write(writable, at, value.to_le_bytes()),
        }
    }

    /// Makes the pages of a store ready, whatever that takes.
    #[inline(always)]
    fn open(&mut self, at: u64, size: Size) -> Result<(), Stop> {
        // Built from the fields, so that the address of the whole guest goes nowhere.
        let pages = Pages {
            flags: &mut *self.flags,
            writable: &mut *self.writable,
        };
        open(pages, at, size)
    }

    /// Writes an integer.
    #[inline(always)]
    fn put(&mut self, at: u64, size: Size, value: u64) -> Result<(), Stop> {
        if self.write(at, size, value) {
            return Ok(());
        }
        self.open(at, size)?;
        let len = size.bytes() as usize;
        put_anywhere(self.bytes.all(), at, &value.to_le_bytes()[..len]);
        Ok(())
    }
}

/// The first store to a page, a store across pages, or one that fails.
#[cold]
#[inline(never)]
fn open(mut pages: Pages<'_>, at: u64, size: Size) -> Result<(), Stop> {
    pages.open_store(at, size).map_err(|trap| match trap {
        Trap::MemWriteOnExecutablePage => Stop::Executable,
        _ => Stop::OutOfBound,
    })
}

/// Writes bytes to pages that are ready.
#[cold]
#[inline(never)]
fn put_anywhere(memory: &mut [u8], at: u64, bytes: &[u8]) {
    memory[at as usize..][..bytes.len()].copy_from_slice(bytes);
}

impl Primitives for Guest<'_> {
    type Word = u64;
    type Stop = Stop;

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
    fn add(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::add(width, a, b)
    }

    #[inline(always)]
    fn sub(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::sub(width, a, b)
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
    fn sll(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        value::sll(width, a, amount)
    }

    #[inline(always)]
    fn srl(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        value::srl(width, a, amount)
    }

    #[inline(always)]
    fn sra(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        value::sra(width, a, amount)
    }

    #[inline(always)]
    fn rol(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        value::rol(width, a, amount)
    }

    #[inline(always)]
    fn ror(&mut self, width: Width, a: u64, amount: u64) -> u64 {
        value::ror(width, a, amount)
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
    fn mul(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::mul(width, a, b)
    }

    #[inline(always)]
    fn mulh(&mut self, a: u64, b: u64) -> u64 {
        value::mulh(a, b)
    }

    #[inline(always)]
    fn mulhu(&mut self, a: u64, b: u64) -> u64 {
        value::mulhu(a, b)
    }

    #[inline(always)]
    fn mulhsu(&mut self, a: u64, b: u64) -> u64 {
        value::mulhsu(a, b)
    }

    #[inline(always)]
    fn div(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::div(width, a, b)
    }

    #[inline(always)]
    fn divu(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::divu(width, a, b)
    }

    #[inline(always)]
    fn rem(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::rem(width, a, b)
    }

    #[inline(always)]
    fn remu(&mut self, width: Width, a: u64, b: u64) -> u64 {
        value::remu(width, a, b)
    }

    #[inline(always)]
    fn clz(&mut self, width: Width, a: u64) -> u64 {
        value::clz(width, a)
    }

    #[inline(always)]
    fn ctz(&mut self, width: Width, a: u64) -> u64 {
        value::ctz(width, a)
    }

    #[inline(always)]
    fn cpop(&mut self, width: Width, a: u64) -> u64 {
        value::cpop(width, a)
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
    fn clmul(&mut self, a: u64, b: u64) -> u64 {
        value::clmul(a, b)
    }

    #[inline(always)]
    fn clmulh(&mut self, a: u64, b: u64) -> u64 {
        value::clmulh(a, b)
    }

    #[inline(always)]
    fn clmulr(&mut self, a: u64, b: u64) -> u64 {
        value::clmulr(a, b)
    }

    #[inline(always)]
    fn load(&mut self, base: u64, offset: i32, size: Size, how: Extend) -> Result<u64, Stop> {
        let at = base.wrapping_add(offset as u64);
        if at > self.readable - size.bytes() {
            return Err(Stop::OutOfBound);
        }
        self.read(at, size, how)
    }

    #[inline(always)]
    fn store(&mut self, base: u64, offset: i32, size: Size, value: u64) -> Result<(), Stop> {
        self.put(base.wrapping_add(offset as u64), size, value)
    }

    #[inline(always)]
    fn load_reserved(&mut self, addr: u64, size: Size) -> Result<u64, Stop> {
        let value = self.read(addr, size, Extend::Sign)?;
        *self.reservation = addr;
        Ok(value)
    }

    #[inline(always)]
    fn store_conditional(&mut self, addr: u64, size: Size, value: u64) -> Result<u64, Stop> {
        self.open(addr, size)?;
        let held = *self.reservation == addr;
        *self.reservation = u64::MAX;
        // The old value is stored when the reservation is lost, which shows in nothing but the
        // page's flags, and those are set.
        if held {
            self.put(addr, size, value)?;
        }
        Ok(u64::from(!held))
    }

    #[inline(always)]
    fn amo(&mut self, amo: Amo, addr: u64, size: Size, value: u64) -> Result<u64, Stop> {
        self.open(addr, size)?;
        let old = self.read(addr, size, Extend::Sign)?;
        self.put(addr, size, value::amo(amo, size, old, value))?;
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
