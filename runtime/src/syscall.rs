//! System calls, and a machine that runs a guest to its end.
//!
//! The guest's `exit` is handled here, everything else by handlers that are asked in order. This is
//! what the command uses; a node brings a machine of its own around [`Core`].

use std::fmt;

use lockstep_isa::{Reg, Size};

use crate::environment::Environment;
use crate::run::Event;
use crate::state::Core;
use crate::trap::Trap;

/// Number of `exit`: the low byte of `a0` is the exit code.
const EXIT: u64 = 93;
/// Number of CKB's debug print: `a0` points to a string that ends with 0.
const DEBUG_PRINT: u64 = 2177;

/// A handler of system calls.
pub trait Syscall: Send {
    /// Looks at `a7`; does what is asked and answers `true`, or answers `false` for a number that is
    /// not its own.
    ///
    /// # Errors
    /// Ends the run.
    fn ecall(&mut self, core: &mut Core) -> Result<bool, Trap>;
}

/// How a run ended that did not fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The guest called `exit`.
    Exit(i8),
    /// It was paused; running again goes on.
    Paused,
}

/// A guest and its handlers.
pub struct Machine {
    core: Core,
    syscalls: Vec<Box<dyn Syscall>>,
}

impl Machine {
    /// Without handlers: `exit` alone works.
    #[must_use]
    pub fn new(core: Core) -> Machine {
        Machine {
            core,
            syscalls: Vec::new(),
        }
    }

    /// Adds a handler behind the others.
    #[must_use]
    pub fn with(mut self, syscall: impl Syscall + 'static) -> Machine {
        self.syscalls.push(Box::new(syscall));
        self
    }

    /// The guest.
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.core
    }

    /// The guest.
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.core
    }

    /// Runs until the guest exits or is paused. `ebreak` does nothing.
    ///
    /// # Errors
    /// Whatever stops the guest; after `CyclesExceeded` a run with a higher limit goes on.
    pub fn run(&mut self, env: &Environment<'_>) -> Result<Outcome, Trap> {
        loop {
            match self.core.advance(env)? {
                Event::Ecall => {
                    if let Some(code) = self.ecall()? {
                        return Ok(Outcome::Exit(code));
                    }
                }
                Event::Ebreak => {}
                Event::Paused => return Ok(Outcome::Paused),
            }
        }
    }

    /// Handles a system call; an exit code ends the run.
    fn ecall(&mut self) -> Result<Option<i8>, Trap> {
        let number = self.core.registers()[Reg::A7.index()];
        if number == EXIT {
            return Ok(Some(self.core.registers()[Reg::A0.index()] as i8));
        }
        for syscall in &mut self.syscalls {
            if syscall.ecall(&mut self.core)? {
                if self.core.cycles() > self.core.max_cycles() {
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
            .field("core", &self.core)
            .field("syscalls", &self.syscalls.len())
            .finish()
    }
}

/// The debug print. It charges nothing: a machine counts the cycles of instructions alone.
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
        if core.registers()[Reg::A7.index()] != DEBUG_PRINT {
            return Ok(false);
        }
        let mut addr = core.registers()[Reg::A0.index()];
        let mut message = Vec::new();
        loop {
            match core.memory().load(addr, Size::B)? as u8 {
                0 => break,
                byte => message.push(byte),
            }
            addr = addr.checked_add(1).ok_or(Trap::MemOutOfBound)?;
        }
        (self.sink)(&message);
        Ok(true)
    }
}
