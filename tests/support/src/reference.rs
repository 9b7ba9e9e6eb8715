//! CKB-VM's two engines behind the common door: the assembly machine, which the chain runs and
//! which is the reference, and the trace machine, a second opinion.
//!
//! Nothing here judges; that is `outcome.rs`.

use ckb_vm::ckb_vm_definitions::asm::Trace as Slot;
use ckb_vm::machine::asm::AsmMachine;
use ckb_vm::{
    Bytes, CoreMachine, DefaultCoreMachine, DefaultMachineBuilder, DefaultMachineRunner, Error,
    FlatMemory, Memory, Register, SupportMachine, Syscalls, TraceMachine, WXorXMemory, cost_model,
};
use lockstep_isa::Cost;

use super::agreement::Subject;
use super::outcome::{Outcome, Verdict};
use super::program::{Program, Setup};

/// The reference.
pub type Asm = Reference<AsmMachine>;
/// The second opinion.
pub type Trace = Reference<TraceMachine<DefaultCoreMachine<u64, WXorXMemory<FlatMemory<u64>>>>>;

/// One of CKB-VM's engines with a loaded guest.
pub struct Reference<M> {
    name: &'static str,
    machine: M,
    loaded: u64,
}

impl Asm {
    /// Loads the program; an error is the kind of failure.
    pub fn asm(program: &Program, setup: &Setup) -> Result<Asm, Verdict> {
        Reference::start("asm", program, setup)
    }
}

impl Asm {
    /// Makes it as good as new for another program on a machine of the same size and costs. A reset
    /// that clears only the slots in use: all of them are two megabytes.
    pub fn recycle(&mut self, setup: &Setup) {
        self.loaded = 0;
        let core = self.machine.inner_mut();
        assert_eq!(core.memory_size, setup.memory_size as u64);
        for slot in core.traces.iter_mut() {
            if slot.length != 0 || slot.address != 0 || slot.cycles != 0 {
                *slot = Slot::default();
            }
        }
        core.registers.fill(0);
        (core.pc, core.next_pc, core.running) = (0, 0, 0);
        (core.cycles, core.max_cycles) = (0, u64::MAX);
        core.load_reservation_address = u64::MAX;
        core.reset_signal = 0;
        core.isa = setup.profile.extensions.bits();
        core.version = setup.profile.version.number();
        (core.last_read_frame, core.last_write_page) = (u64::MAX, u64::MAX);
        // A frame that is not marked is cleared when it is touched.
        core.flags.fill(0);
        core.frames.fill(0);
    }
}

impl Trace {
    /// Loads the program; an error is the kind of failure.
    pub fn trace(program: &Program, setup: &Setup) -> Result<Trace, Verdict> {
        Reference::start("trace", program, setup)
    }
}

impl<M> Reference<M>
where
    M: DefaultMachineRunner,
    M::Inner: SupportMachine<REG = u64>,
{
    /// A machine without a program.
    pub fn blank(name: &'static str, setup: &Setup) -> Self {
        let core = M::Inner::new_with_memory(
            setup.profile.extensions.bits(),
            setup.profile.version.number(),
            u64::MAX,
            setup.memory_size,
        );
        let cost: Box<ckb_vm::machine::InstructionCycleFunc> = match setup.cost {
            Cost::Estimate => Box::new(cost_model::estimate_cycles),
            Cost::Constant => Box::new(cost_model::constant_cycles),
        };
        let machine = DefaultMachineBuilder::new(core)
            .instruction_cycle_func(cost)
            .syscall(Box::new(DebugPrint))
            .syscall(Box::new(LoadCode))
            .build();
        Reference {
            name,
            machine: M::new(machine),
            loaded: 0,
        }
    }

    fn start(name: &'static str, program: &Program, setup: &Setup) -> Result<Self, Verdict> {
        let mut reference = Reference::blank(name, setup);
        reference.load(program)?;
        Ok(reference)
    }

    /// Loads the program; an error is the kind of failure.
    pub fn load(&mut self, program: &Program) -> Result<(), Verdict> {
        let machine = &mut self.machine;
        let elf = Bytes::copy_from_slice(&program.elf);
        let args: Vec<Bytes> = program
            .args
            .iter()
            .map(|a| Bytes::copy_from_slice(a))
            .collect();
        self.loaded = machine
            .load_program(&elf, args.into_iter().map(Ok))
            .map_err(|error| Verdict::fault(&error))?;
        for (register, value) in &program.registers {
            machine.inner_mut().set_register(*register, *value);
        }
        Ok(())
    }

    /// The machine with its pause signal.
    pub fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// The machine itself, for what the common door does not offer.
    pub fn inner_mut(&mut self) -> &mut M::Inner {
        self.machine.inner_mut()
    }

    /// Bytes that loading reported.
    pub fn loaded(&self) -> u64 {
        self.loaded
    }

    /// Runs on under this limit, without looking at the state.
    pub fn run_quietly(&mut self, limit: u64) -> Verdict {
        self.machine.inner_mut().set_max_cycles(limit);
        match self.machine.run() {
            Ok(code) => Verdict::Exit(code),
            Err(error) => Verdict::fault(&error),
        }
    }

    /// Cycles so far.
    pub fn cycles(&mut self) -> u64 {
        self.machine.inner_mut().cycles()
    }
}

impl<M> Subject for Reference<M>
where
    M: DefaultMachineRunner,
    M::Inner: SupportMachine<REG = u64>,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, limit: u64) -> Outcome {
        let verdict = self.run_quietly(limit);
        self.outcome(verdict)
    }
}

impl<M> Reference<M>
where
    M: DefaultMachineRunner,
    M::Inner: SupportMachine<REG = u64>,
{
    /// The state, after a run that ended in this way.
    pub fn outcome(&mut self, verdict: Verdict) -> Outcome {
        let inner = self.machine.inner_mut();
        let mut registers = [0; 32];
        registers.copy_from_slice(inner.registers());
        let (cycles, pc) = (inner.cycles(), *inner.pc());
        let reservation = inner.memory().lr().to_u64();
        let memory = inner.memory_mut();
        let size = memory.memory_size() as u64;
        let bytes = memory
            .load_bytes(0, size)
            .expect("the whole memory can be read");
        let flags = (0..memory.memory_pages() as u64)
            .map(|page| memory.fetch_flag(page).expect("the page is in memory"))
            .collect();
        Outcome {
            verdict,
            cycles,
            pc,
            registers,
            memory: bytes.to_vec(),
            flags,
            reservation,
            loaded: self.loaded,
            native_cycles: None,
        }
    }
}

/// The number of the debug print call in CKB.
pub const DEBUG_PRINT: u64 = 2177;

/// The number of the call that makes pages executable, as CKB's `load_cell_data_as_code`: `a0` the
/// address and `a1` the size of the pages, `a2` and `a3` the address and size of what goes there.
pub const LOAD_CODE: u64 = 2091;

/// Copies guest memory into pages that become executable and frozen.
pub struct LoadCode;

impl<Mac: SupportMachine> Syscalls<Mac> for LoadCode {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        let argument = |number: usize| machine.registers()[number].to_u64();
        if argument(ckb_vm::registers::A7) != LOAD_CODE {
            return Ok(false);
        }
        let [addr, size, from, len] = [10, 11, 12, 13].map(argument);
        let content = machine.memory_mut().load_bytes(from, len)?;
        let flags = ckb_vm::memory::FLAG_EXECUTABLE | ckb_vm::memory::FLAG_FREEZED;
        machine
            .memory_mut()
            .init_pages(addr, size, flags, Some(content), 0)?;
        machine.set_register(ckb_vm::registers::A0, Mac::REG::from_u64(0));
        Ok(true)
    }
}

/// Reads the string as CKB's debug print does, and drops it.
pub struct DebugPrint;

impl<Mac: SupportMachine> Syscalls<Mac> for DebugPrint {
    fn initialize(&mut self, _: &mut Mac) -> Result<(), Error> {
        Ok(())
    }

    fn ecall(&mut self, machine: &mut Mac) -> Result<bool, Error> {
        if machine.registers()[ckb_vm::registers::A7].to_u64() != DEBUG_PRINT {
            return Ok(false);
        }
        let mut addr = machine.registers()[ckb_vm::registers::A0].clone();
        while machine.memory_mut().load8(&addr)?.to_u8() != 0 {
            addr = addr.overflowing_add(&Mac::REG::from_u8(1));
        }
        Ok(true)
    }
}
