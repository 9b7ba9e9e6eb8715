//! The core that CKB-VM's traits see: ours, behind the accessors that they ask for.
//!
//! The traits hand out references to pc, registers and reservation, and set the program counter in
//! two steps (`update_pc`, `commit_pc`). The core has one pc; the step between lives here, with the
//! few facts that only the host keeps: whether the machine runs, and whether it was reset.

use std::panic::{RefUnwindSafe, UnwindSafe};

use ckb_vm::{CoreMachine, Error, SupportMachine};
use lockstep_isa::{Extensions, Profile, Reg, Version, Xlen};
use lockstep_runtime::{Core, Environment, Event, Exits, Runner, Trap};

use super::error::from_trap;
use crate::engine::meter::Run;

/// Runs a guest in the place of the engine, as a debugger does.
///
/// ```
/// use lockstep::ckb::Driver;
/// use lockstep_runtime::{Environment, Event, Runner, Trap};
///
/// /// Counts how often the host is asked for something.
/// struct Counter(u64);
///
/// impl Driver for Counter {
///     fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap> {
///         self.0 += 1;
///         guest.advance(env)
///     }
/// }
/// ```
///
/// A machine with a driver can be moved, shared and unwound through as one without, so a driver must be too.
pub trait Driver: Send + Sync + UnwindSafe + RefUnwindSafe {
    /// Runs until the host has something to do. A driver that changes nothing charges what [`Runner::advance`] charges.
    ///
    /// # Errors
    /// Whatever stops the guest.
    fn advance(&mut self, guest: &mut Runner, env: &Environment<'_>) -> Result<Event, Trap>;
}

/// Registers, program counter, cycles and memory of one guest.
///
/// Its memory is itself: `MEM = NativeCore`, as CKB-VM's assembly core has it.
///
/// ```
/// use ckb_vm::machine::VERSION2;
/// use ckb_vm::{CoreMachine, ISA_IMC, SupportMachine};
/// use lockstep::ckb::NativeCore;
///
/// let mut core = NativeCore::new_with_memory(ISA_IMC, VERSION2, 1000, 1 << 20);
/// core.update_pc(0x1000);
/// core.commit_pc();
/// assert_eq!(*core.pc(), 0x1000);
/// assert_eq!(core.core().memory().size(), 1 << 20);
/// ```
pub struct NativeCore {
    pub(super) guest: Runner,
    /// What `update_pc` left and `commit_pc` will take.
    next_pc: u64,
    running: bool,
    /// Set by `reset`, cleared by whoever asks.
    reset_signal: bool,
    /// The number as given: any above 2 means version 2, as in CKB-VM.
    version: u32,
    /// The byte as given: bits without a meaning are kept.
    isa: u8,
    progress: Progress,
    driver: Option<Box<dyn Driver>>,
}

/// What a machine has done since it was made, whatever the host sets its counter to.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    /// Cycles that instructions were charged.
    pub(super) charged: u64,
    /// Those charged by blocks that native code entered.
    pub(super) native: u64,
    /// Stays in native code, by the way they ended.
    pub(super) exits: Exits,
}

impl Progress {
    /// What came since an earlier moment.
    pub(super) fn since(self, before: Progress) -> Run {
        Run {
            charged: self.charged - before.charged,
            native: self.native - before.native,
            exits: self.exits - before.exits,
        }
    }
}

impl NativeCore {
    /// What is behind the traits.
    pub fn core(&self) -> &Core {
        self.guest.core()
    }

    /// The rules that the machine's version and ISA byte stand for.
    pub fn profile(&self) -> Profile {
        self.guest.core().profile()
    }

    /// What the machine has done since it was made, and with that, which engine decided.
    pub fn record(&self) -> Run {
        self.progress().since(Progress::default())
    }

    /// Cycles that instructions were charged since the machine was made: unlike `cycles` without
    /// what syscalls add, and never set back.
    pub fn charged_cycles(&self) -> u64 {
        self.progress.charged
    }

    /// Those of them that were charged by blocks that native code entered.
    pub fn native_cycles(&self) -> u64 {
        self.progress.native
    }

    /// Chaos mode, as CKB-VM's fields `chaos_mode` and `chaos_seed`: see
    /// [`lockstep_runtime::Core::set_chaos`].
    pub fn set_chaos(&mut self, seed: Option<u32>) {
        self.guest.core_mut().set_chaos(seed);
    }

    /// The seed for the next frame that is touched; none outside of chaos mode.
    pub fn chaos_seed(&self) -> Option<u32> {
        self.guest.core().memory().chaos_seed()
    }

    /// Has the guest run by this from now on.
    pub fn set_driver(&mut self, driver: Box<dyn Driver>) {
        self.driver = Some(driver);
    }

    /// Whether something else than the engine runs the guest.
    pub fn has_driver(&self) -> bool {
        self.driver.is_some()
    }

    pub(super) fn progress(&self) -> Progress {
        Progress {
            exits: self.progress.exits + self.guest.core().exits(),
            ..self.progress
        }
    }

    /// Tells the engine what its texts ran.
    pub(super) fn report(&mut self) {
        self.guest.report();
    }

    /// Runs on until the host has to do something.
    pub(super) fn advance(&mut self, environment: &Environment<'_>) -> Result<Event, Error> {
        let (charged, native) = (
            self.guest.core().cycles(),
            self.guest.core().native_cycles(),
        );
        let result = match &mut self.driver {
            Some(driver) => driver.advance(&mut self.guest, environment),
            None => self.guest.advance(environment),
        };
        self.progress.charged += self.guest.core().cycles() - charged;
        self.progress.native += self.guest.core().native_cycles() - native;
        result.map_err(from_trap)
    }

    /// What the interpreter says of the way to a system call that nobody handled, if it is something
    /// else.
    pub(super) fn confirm_ecall(
        &mut self,
        environment: &Environment<'_>,
    ) -> Option<Result<Event, Error>> {
        let (charged, native) = (
            self.guest.core().cycles(),
            self.guest.core().native_cycles(),
        );
        let result = self.guest.confirm_ecall(environment)?;
        // The interpreter ran what native code had run, and may have gone on.
        let progress = &mut self.progress;
        progress.charged = (progress.charged + self.guest.core().cycles()).saturating_sub(charged);
        progress.native =
            (progress.native + self.guest.core().native_cycles()).saturating_sub(native);
        Some(result.map_err(from_trap))
    }
}

impl CoreMachine for NativeCore {
    type REG = u64;
    type MEM = NativeCore;

    fn pc(&self) -> &u64 {
        self.guest.core().pc_ref()
    }

    fn update_pc(&mut self, pc: u64) {
        self.next_pc = pc;
    }

    fn commit_pc(&mut self) {
        self.guest.core_mut().set_pc(self.next_pc);
    }

    fn memory(&self) -> &NativeCore {
        self
    }

    fn memory_mut(&mut self) -> &mut NativeCore {
        self
    }

    fn registers(&self) -> &[u64] {
        self.guest.core().registers()
    }

    /// Register 0 holds the value until the next instruction that writes a register; a number above
    /// 31 is the caller's mistake and panics. Both as in CKB-VM, but for a fused operation that comes
    /// first and reads register 0 more than once: here only its first part reads the value.
    fn set_register(&mut self, number: usize, value: u64) {
        assert!(number < Reg::COUNT, "there is no register {number}");
        match number {
            0 => self.guest.core_mut().set_zero_register(value),
            _ => self
                .guest
                .core_mut()
                .set_register(Reg::new(number as u32), value),
        }
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn isa(&self) -> u8 {
        self.isa
    }
}

impl SupportMachine for NativeCore {
    /// A fresh machine.
    ///
    /// Panics when the memory's size is not a multiple of 4096 between 4096 and 4 MiB, as
    /// CKB-VM does, and when the system has no memory left: the trait leaves no way to say so.
    fn new_with_memory(isa: u8, version: u32, max_cycles: u64, memory_size: usize) -> NativeCore {
        let profile = Profile {
            version: Version::from_number(version).unwrap_or(Version::V2),
            extensions: Extensions::from_bits(isa),
            xlen: Xlen::X64,
        };
        match Core::new(profile, memory_size, max_cycles) {
            Ok(core) => NativeCore {
                guest: Runner::new(core),
                next_pc: 0,
                running: false,
                reset_signal: false,
                version,
                isa,
                progress: Progress::default(),
                driver: None,
            },
            Err(error) => panic!("a guest memory of {memory_size:#x} bytes: {error}"),
        }
    }

    fn cycles(&self) -> u64 {
        self.guest.core().cycles()
    }

    fn set_cycles(&mut self, cycles: u64) {
        self.guest.core_mut().set_cycles(cycles);
    }

    fn max_cycles(&self) -> u64 {
        self.guest.core().max_cycles()
    }

    fn set_max_cycles(&mut self, max_cycles: u64) {
        self.guest.core_mut().set_max_cycles(max_cycles);
    }

    fn running(&self) -> bool {
        self.running
    }

    fn set_running(&mut self, running: bool) {
        self.running = running;
    }

    /// As at the start, but for the cycles' limit and for `running`.
    fn reset(&mut self, max_cycles: u64) {
        self.progress.exits = self.progress.exits + self.guest.core().exits();
        self.guest.core_mut().reset(max_cycles);
        self.reset_signal = true;
    }

    fn reset_signal(&mut self) -> bool {
        std::mem::take(&mut self.reset_signal)
    }
}
