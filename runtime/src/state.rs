//! The state of one guest: registers and pc (in the mapping that native code sees), memory, cycle counters, and the
//! traces that were decoded from its code.
//!
//! This file has the state and its plain changes: loading a program, laying out the stack, reset. It has nothing
//! of how a guest runs (`interp`, `run`), of the native code that was found for it (`attach`), or of what is
//! compared beside it (`lockstep`, `shadow`).

use crate::image::Image;
use crate::stack::{self, Planner, Store};
use lockstep_isa::{Profile, Reg, Size, Xlen};

use crate::exits::Exits;
use crate::memory::{Memory, SetupError};
use crate::traces::Traces;
use crate::trap::Trap;

/// The state of one guest. [`Runner`](crate::Runner) runs it.
///
/// ```
/// use lockstep_isa::{Profile, Reg, Version};
/// use lockstep_runtime::Core;
///
/// let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// core.set_register(Reg::A0, 7);
/// let twin = core.fork()?;
/// assert_eq!(twin.register(Reg::A0), 7);
/// assert_eq!((twin.cycles(), twin.max_cycles()), (0, 1000));
/// # Ok::<(), lockstep_runtime::SetupError>(())
/// ```
#[derive(Debug)]
pub struct Core {
    pub(crate) profile: Profile,
    pub(crate) memory: Memory,
    pub(crate) cycles: u64,
    pub(crate) max_cycles: u64,
    pub(crate) native_cycles: u64,
    pub(crate) exits: Exits,
    pub(crate) traces: Traces,
}

impl Core {
    /// A guest with zeroed registers and `memory_size` bytes of zeroed memory.
    ///
    /// # Errors
    /// A size that is not a multiple of 4096 from 4096 to 4 MiB; no memory left.
    pub fn new(profile: Profile, memory_size: usize, max_cycles: u64) -> Result<Core, SetupError> {
        let mut memory = Memory::new(memory_size)?;
        if profile.aliases_traces() {
            memory.keep_heads();
        }
        Ok(Core {
            profile,
            memory,
            cycles: 0,
            max_cycles,
            native_cycles: 0,
            exits: Exits::default(),
            traces: Traces::new(),
        })
    }

    /// Another guest in the same state.
    ///
    /// # Errors
    /// No memory left.
    pub fn fork(&self) -> Result<Core, SetupError> {
        let mut core = Core::new(self.profile, self.memory.size(), self.max_cycles)?;
        core.copy_from(self);
        Ok(core)
    }

    /// Another guest in the same state, including pages that wrong native code may have written without the checks of
    /// a store.
    pub(crate) fn fork_whole(&self) -> Result<Core, SetupError> {
        let mut core = Core::new(self.profile, self.memory.size(), self.max_cycles)?;
        core.memory.touch_all();
        core.copy_from(self);
        Ok(core)
    }

    /// Whether this guest can take over the state of another one: profile and memory size are the same.
    pub(crate) fn is_like(&self, other: &Core) -> bool {
        self.profile == other.profile && self.memory.size() == other.memory.size()
    }

    /// Takes over the state of a guest with the same profile and size of memory. Pages that are
    /// equal are not written.
    pub(crate) fn copy_from(&mut self, other: &Core) {
        let code = self.memory.generation();
        self.memory.copy_from(&other.memory);
        let (context, from) = (self.memory.context_mut(), other.memory.context());
        context.registers = from.registers;
        context.pc = from.pc;
        self.cycles = other.cycles;
        self.max_cycles = other.max_cycles;
        self.native_cycles = other.native_cycles;
        if self.memory.generation() != code {
            self.traces = other.traces.clone();
        }
    }

    /// Version, extensions, register width.
    #[must_use]
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// `x0` to `x31` as they are held: RV32's 32 bits are sign-extended.
    #[must_use]
    pub fn registers(&self) -> &[u64; 32] {
        &self.memory.context().registers
    }

    /// A register as an unsigned number of its width: what an address or the number of a system
    /// call is.
    #[must_use]
    pub fn register(&self, reg: Reg) -> u64 {
        let held = self.registers()[reg.index()];
        match self.profile.xlen {
            Xlen::X32 => u64::from(held as u32),
            Xlen::X64 => held,
        }
    }

    /// The reserved address as an unsigned number of a register's width; all ones when there is none.
    #[must_use]
    pub fn reservation(&self) -> u64 {
        let held = self.memory.reservation();
        match self.profile.xlen {
            Xlen::X32 => u64::from(held as u32),
            Xlen::X64 => held,
        }
    }

    /// Reserves an address, or with all ones of a register's width none.
    pub fn set_reservation(&mut self, addr: u64) {
        let held = match self.profile.xlen {
            Xlen::X32 => addr as i32 as u64,
            Xlen::X64 => addr,
        };
        self.memory.set_reservation(held);
    }

    /// Writes a register, with RV32 its low 32 bits; a write to `x0` is dropped.
    pub fn set_register(&mut self, reg: Reg, value: u64) {
        if reg != Reg::ZERO {
            self.memory.context_mut().registers[reg.index()] = match self.profile.xlen {
                Xlen::X32 => value as i32 as u64,
                Xlen::X64 => value,
            };
        }
    }

    /// Writes `x0`, as a host of CKB-VM's assembly machine can do. `x0` reads as this value until the next instruction
    /// that writes a register, `x0` included. Until then everything is interpreted. The interpreter runs the parts of
    /// a fused operation one by one, so only the first part reads the value.
    pub fn set_zero_register(&mut self, value: u64) {
        self.memory.context_mut().registers[0] = match self.profile.xlen {
            Xlen::X32 => value as i32 as u64,
            Xlen::X64 => value,
        };
    }

    /// Address of the next instruction.
    #[must_use]
    pub fn pc(&self) -> u64 {
        self.memory.context().pc
    }

    /// The pc by reference, for hosts that hand out a reference.
    #[must_use]
    pub fn pc_ref(&self) -> &u64 {
        &self.memory.context().pc
    }

    /// Sets the address of the next instruction; with RV32, its low 32 bits.
    pub fn set_pc(&mut self, pc: u64) {
        self.memory.context_mut().pc = match self.profile.xlen {
            Xlen::X32 => u64::from(pc as u32),
            Xlen::X64 => pc,
        };
    }

    /// Which trace ran last in each slot, as one more than its address; where the version lets the
    /// guest tell.
    #[must_use]
    pub fn trace_heads(&self) -> Option<&[u32]> {
        self.memory.heads()
    }

    /// Sets which trace ran last in some slots, as pairs of slot and address plus one. Slots that do not exist are left
    /// out; versions that note no heads ignore the call.
    pub fn set_trace_heads(&mut self, heads: &[(usize, u32)]) {
        self.memory.set_heads(heads);
    }

    /// Cycles charged so far.
    #[must_use]
    pub fn cycles(&self) -> u64 {
        self.cycles
    }

    /// Sets the counter, which may then be above the limit.
    pub fn set_cycles(&mut self, cycles: u64) {
        self.cycles = cycles;
    }

    /// Cycles that may be charged in all; reaching the limit exactly is fine.
    #[must_use]
    pub fn max_cycles(&self) -> u64 {
        self.max_cycles
    }

    /// Sets the limit.
    pub fn set_max_cycles(&mut self, max_cycles: u64) {
        self.max_cycles = max_cycles;
    }

    /// Charges cycles.
    ///
    /// # Errors
    /// `CyclesOverflow` or `CyclesExceeded`, with nothing charged.
    pub fn add_cycles(&mut self, cycles: u64) -> Result<(), Trap> {
        self.cycles = charge(self.cycles, cycles, self.max_cycles)?;
        Ok(())
    }

    /// Cycles charged by blocks that native code entered, since the last reset.
    #[must_use]
    pub fn native_cycles(&self) -> u64 {
        self.native_cycles
    }

    /// Why native code was left, since the last reset.
    #[must_use]
    pub fn exits(&self) -> Exits {
        self.exits
    }

    /// Begins chaos mode with a seed, or ends it with `None`. In chaos mode each frame of 256 KiB is filled with
    /// pseudo-random bytes when it is touched for the first time. The bytes are CKB-VM's for the same seed and the same
    /// order of touches. Everything is interpreted in chaos mode. To be called on a new guest: frames that were stored
    /// to count as touched, but frames that were only read do not. A reset makes all frames untouched again and does
    /// not set the seed back.
    ///
    /// It is for tests of scripts that read what they never wrote; a chain runs without it.
    pub fn set_chaos(&mut self, seed: Option<u32>) {
        self.memory.set_chaos(seed);
    }

    /// The guest's memory.
    #[must_use]
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The guest's memory, to be changed.
    pub fn memory_mut(&mut self) -> &mut Memory {
        &mut self.memory
    }

    /// Sets registers, pc, memory, flags and cycles back to the start, forgets decoded code, and sets another cycle
    /// limit. Profile and memory size stay.
    pub fn reset(&mut self, max_cycles: u64) {
        self.memory.reset();
        let context = self.memory.context_mut();
        context.registers = [0; 32];
        context.pc = 0;
        self.cycles = 0;
        self.native_cycles = 0;
        self.exits = Exits::default();
        self.max_cycles = max_cycles;
        self.traces.clear();
    }

    /// Loads a program and sets the pc to its entry. The result is the bytes of the file that were
    /// loaded. `file` is what the image was parsed from.
    ///
    /// # Errors
    /// Those of [`Memory::init_pages`], with the segments before the one that failed loaded;
    /// `Unexpected` when `file` is shorter than the image says.
    pub fn load(&mut self, image: &Image, file: &[u8]) -> Result<u64, Trap> {
        for segment in &image.segments {
            let source = file.get(segment.source.clone()).ok_or_else(|| {
                Trap::Unexpected(format!(
                    "a segment is bytes {:#x} to {:#x} of a file of {:#x}",
                    segment.source.start,
                    segment.source.end,
                    file.len()
                ))
            })?;
            let (addr, offset) = (segment.addr, segment.offset);
            self.memory
                .init_pages(addr, segment.size, segment.flags, source, offset)?;
            if self.profile.version.stores_segment_padding() {
                self.memory.store_byte(addr, offset, 0)?;
            }
        }
        self.set_pc(image.entry);
        Ok(image.loaded_bytes())
    }

    /// Lays out the arguments and sets `sp`. The result is the bytes of stack in use.
    ///
    /// # Errors
    /// `MemOutOfStack` when they do not fit; the memory's errors when a store fails.
    pub fn initialize_stack(&mut self, args: &[&[u8]]) -> Result<u64, Trap> {
        self.initialize_stack_from(args.iter().copied().map(Ok))
    }

    /// Lays out the arguments and sets `sp`, with arguments that are read one by one, as from the memory of another guest
    /// ([`FlattenedArgs`](crate::FlattenedArgs)): each is stored before the next is asked for.
    ///
    /// # Errors
    /// The first error of an argument or of a store, with the arguments before it stored;
    /// `MemOutOfStack` when they do not fit.
    pub fn initialize_stack_from<A: AsRef<[u8]>>(
        &mut self,
        args: impl IntoIterator<Item = Result<A, Trap>>,
    ) -> Result<u64, Trap> {
        let (start, size) = stack::region(self.memory.size() as u64);
        self.set_register(Reg::SP, start + size);
        let mut planner = Planner::new(self.profile.version, self.profile.xlen, start, size);
        for arg in args {
            let arg = arg?;
            let bytes = arg.as_ref();
            let placed = planner.place(bytes.len() as u64);
            self.memory.store_bytes(placed.addr, bytes)?;
            self.memory.store_byte(placed.nul, 1, 0)?;
            self.set_register(Reg::SP, placed.addr);
            placed.fits.map_err(|_| Trap::MemOutOfStack)?;
        }
        let words = planner.finish();
        for store in &words.stores {
            self.push(store)?;
        }
        let layout = words.end.map_err(|_| Trap::MemOutOfStack)?;
        self.set_register(Reg::SP, layout.sp);
        Ok(layout.used)
    }

    /// Does one store of the stack's set-up. `sp` points to what was pushed last, also when the next
    /// store fails.
    fn push(&mut self, store: &Store<'_>) -> Result<(), Trap> {
        let slot = match self.profile.xlen {
            Xlen::X32 => 4,
            Xlen::X64 => 8,
        };
        let (addr, size, value) = match *store {
            Store::Bytes { addr, bytes } => return self.memory.store_bytes(addr, bytes),
            Store::Nul { addr } => return self.memory.store_byte(addr, 1, 0),
            Store::Word32 { addr, value } => (addr, Size::W, u64::from(value)),
            Store::Word64 { addr, value } => (addr, Size::D, value),
        };
        self.set_register(Reg::SP, addr.wrapping_add(slot));
        self.memory.store(addr, size, value)?;
        self.set_register(Reg::SP, addr);
        Ok(())
    }
}

/// The counter after a charge.
#[inline(always)]
pub(crate) fn charge(cycles: u64, more: u64, max: u64) -> Result<u64, Trap> {
    match cycles.checked_add(more) {
        None => Err(Trap::CyclesOverflow),
        Some(sum) if sum > max => Err(Trap::CyclesExceeded),
        Some(sum) => Ok(sum),
    }
}
