//! System calls, the debugger, and a machine that runs a guest to its end.
//!
//! The guest's `exit` is handled here. Handlers are asked in order about every other call. An `ebreak` goes to the
//! debugger, if there is one. The command uses this machine; a node has a machine of its own around
//! [`Runner`](crate::Runner).

use std::fmt;

use crate::image::Image;
use lockstep_isa::Reg;

use crate::environment::Environment;
use crate::guest_ptr::c_string;
use crate::run::Event;
use crate::runner::Runner;
use crate::shadow::EXIT_NUMBER;
use crate::state::Core;
use crate::trap::Trap;

/// Number of the system call of CKB's debug print: `a0` points to a string that ends with 0.
const DEBUG_PRINT_NUMBER: u64 = 2177;

/// A handler of system calls.
///
/// ```
/// use lockstep_isa::Reg;
/// use lockstep_runtime::{Core, Syscall, Trap};
///
/// /// Answers call 1000 with a number.
/// struct Answer(u64);
///
/// impl Syscall for Answer {
///     fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
///         if core.register(Reg::A7) != 1000 {
///             return Ok(false);
///         }
///         core.set_register(Reg::A0, self.0);
///         Ok(true)
///     }
/// }
/// # use lockstep_isa::{Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # assert_eq!(Answer(42).ecall(&mut core), Ok(false));
/// # core.set_register(Reg::A7, 1000);
/// # assert_eq!(Answer(42).ecall(&mut core), Ok(true));
/// # assert_eq!(core.register(Reg::A0), 42);
/// # Ok::<(), lockstep_runtime::SetupError>(())
/// ```
pub trait Syscall: Send {
    /// Called once when a program is loaded, before its stack is laid out.
    ///
    /// # Errors
    /// Ends the loading.
    fn initialize(&mut self, core: &mut Core) -> Result<(), Trap> {
        let _ = core;
        Ok(())
    }

    /// Looks at `a7`; does what is asked and answers `true`, or answers `false` for a number that is
    /// not its own.
    ///
    /// # Errors
    /// Ends the run.
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap>;
}

/// What looks at a guest where it says `ebreak`.
///
/// ```
/// use lockstep_runtime::{Core, Debugger, Trap};
///
/// /// Says where the guest is.
/// struct Tell;
///
/// impl Debugger for Tell {
///     fn ebreak(&mut self, core: &mut Core) -> Result<(), Trap> {
///         eprintln!("behind an ebreak, at {:#x}", core.pc());
///         Ok(())
///     }
/// }
/// ```
pub trait Debugger: Send {
    /// Called once when a program is loaded, after the system calls and before the stack is laid out.
    ///
    /// # Errors
    /// Ends the loading.
    fn initialize(&mut self, core: &mut Core) -> Result<(), Trap> {
        let _ = core;
        Ok(())
    }

    /// Called when the guest said `ebreak`: the pc is behind it, and its trace is charged.
    ///
    /// # Errors
    /// Ends the run.
    fn ebreak(&mut self, core: &mut Core) -> Result<(), Trap>;
}

/// How a run ended that did not fail.
///
/// ```
/// use lockstep_runtime::{Core, CostTable, Environment, Machine, Outcome};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// # core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// # core.set_pc(0x1000);
///
/// let cost = CostTable::from(Cost::Estimate);
/// let mut machine = Machine::new(core);
/// let now = || true;
/// let outcome = machine.run(&Environment::new(&cost).with_pause(&now))?;
/// assert_eq!(outcome, Outcome::Paused);
/// assert_eq!(machine.run(&Environment::new(&cost))?, Outcome::Exit(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The guest called `exit`.
    Exit(i8),
    /// It was paused; running again goes on.
    Paused,
}

/// A guest, its handlers and its debugger.
///
/// ```
/// use lockstep_runtime::{Core, CostTable, Environment, Machine, Outcome};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
///
/// let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// core.set_pc(0x1000);
///
/// let cost = CostTable::from(Cost::Estimate);
/// let mut machine = Machine::new(core);
/// assert_eq!(machine.run(&Environment::new(&cost))?, Outcome::Exit(0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Machine {
    guest: Runner,
    syscalls: Vec<Box<dyn Syscall>>,
    debugger: Option<Box<dyn Debugger>>,
}

impl Machine {
    /// A machine without handlers: the only system call that works is `exit`.
    #[must_use]
    pub fn new(core: Core) -> Machine {
        Machine {
            guest: Runner::new(core),
            syscalls: Vec::new(),
            debugger: None,
        }
    }

    /// Adds a handler behind the others.
    #[must_use]
    pub fn with(mut self, syscall: impl Syscall + 'static) -> Machine {
        self.syscalls.push(Box::new(syscall));
        self
    }

    /// Sets the debugger, in place of the one before.
    #[must_use]
    pub fn with_debugger(mut self, debugger: impl Debugger + 'static) -> Machine {
        self.debugger = Some(Box::new(debugger));
        self
    }

    /// Loads a program, tells the handlers, then the debugger, and lays out the arguments. The result
    /// is what a host charges cycles for: bytes of the file that were loaded and bytes of stack in
    /// use. `file` is what the image was parsed from.
    ///
    /// # Errors
    /// The first failure of those steps, in this order; see [`Core::load`] and
    /// [`Core::initialize_stack_from`].
    pub fn load_program<A: AsRef<[u8]>>(
        &mut self,
        image: &Image,
        file: &[u8],
        args: impl IntoIterator<Item = Result<A, Trap>>,
    ) -> Result<u64, Trap> {
        let loaded = self.guest.core_mut().load(image, file)?;
        // A file and a stack have fewer than 2^63 bytes each.
        Ok(loaded + self.initialize(args)?)
    }

    /// The same for a program that is loaded already. The result is the bytes of stack in use.
    ///
    /// # Errors
    /// The first failure of a handler, of the debugger, or of [`Core::initialize_stack_from`].
    pub fn initialize<A: AsRef<[u8]>>(
        &mut self,
        args: impl IntoIterator<Item = Result<A, Trap>>,
    ) -> Result<u64, Trap> {
        for syscall in &mut self.syscalls {
            syscall.initialize(self.guest.core_mut())?;
        }
        if let Some(debugger) = &mut self.debugger {
            debugger.initialize(self.guest.core_mut())?;
        }
        self.guest.core_mut().initialize_stack_from(args)
    }

    /// The guest.
    #[must_use]
    pub fn core(&self) -> &Core {
        self.guest.core()
    }

    /// The guest.
    pub fn core_mut(&mut self) -> &mut Core {
        self.guest.core_mut()
    }

    /// Reports the cycles that the guest ran so far: see [`Runner::report`].
    pub fn report(&mut self) {
        self.guest.report();
    }

    /// The guest, without its handlers.
    #[must_use]
    pub fn into_core(self) -> Core {
        self.guest.into_core()
    }

    /// Runs until the guest exits or is paused. Without a debugger `ebreak` does nothing.
    ///
    /// # Errors
    /// Whatever stops the guest; after `CyclesExceeded` a run with a higher limit goes on.
    pub fn run(&mut self, env: &Environment<'_>) -> Result<Outcome, Trap> {
        let mut result = self.guest.advance(env);
        loop {
            match result? {
                Event::Ecall => match self.ecall() {
                    Ok(Some(code)) => return Ok(Outcome::Exit(code)),
                    Ok(None) => {}
                    Err(trap @ Trap::InvalidEcall(_)) => {
                        result = self.guest.confirm_ecall(env).ok_or(trap)?;
                        continue;
                    }
                    Err(trap) => return Err(trap),
                },
                Event::Ebreak => {
                    if let Some(debugger) = &mut self.debugger {
                        debugger.ebreak(self.guest.core_mut())?;
                    }
                }
                Event::Paused => return Ok(Outcome::Paused),
            }
            result = self.guest.advance(env);
        }
    }

    /// Handles a system call; an exit code ends the run.
    fn ecall(&mut self) -> Result<Option<i8>, Trap> {
        let number = self.core().register(Reg::A7);
        if number == EXIT_NUMBER {
            return Ok(Some(self.core().register(Reg::A0) as i8));
        }
        for syscall in &mut self.syscalls {
            if syscall.ecall(self.guest.core_mut())? {
                if self.core().cycles() > self.core().max_cycles() {
                    return Err(Trap::CyclesExceeded);
                }
                return Ok(None);
            }
        }
        Err(Trap::InvalidEcall(number))
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("guest", &self.guest)
            .field("syscalls", &self.syscalls.len())
            .field("debugger", &self.debugger.is_some())
            .finish()
    }
}

/// The debug print. It charges nothing: a machine counts the cycles of instructions alone.
///
/// ```
/// use lockstep_runtime::{Core, DebugPrint, Machine};
/// # use lockstep_isa::{Profile, Version};
///
/// # let core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// let print = DebugPrint::new(|text: &[u8]| println!("{}", String::from_utf8_lossy(text)));
/// let machine = Machine::new(core).with(print);
/// # Ok::<(), lockstep_runtime::SetupError>(())
/// ```
pub struct DebugPrint<F> {
    sink: F,
}

impl<F: FnMut(&[u8]) + Send> DebugPrint<F> {
    /// Gives each message to `sink`, without its final 0.
    pub fn new(sink: F) -> DebugPrint<F> {
        DebugPrint { sink }
    }
}

impl<F> fmt::Debug for DebugPrint<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DebugPrint")
    }
}

impl<F: FnMut(&[u8]) + Send> Syscall for DebugPrint<F> {
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap> {
        if core.register(Reg::A7) != DEBUG_PRINT_NUMBER {
            return Ok(false);
        }
        let addr = core.register(Reg::A0);
        let xlen = core.profile().xlen;
        let message = c_string(core.memory_mut(), xlen, addr)?;
        (self.sink)(&message);
        Ok(true)
    }
}
