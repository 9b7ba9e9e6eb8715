//! The host of a program that runs by itself, where something else than an engine runs it: gdb, or a log of its steps.

use lockstep_isa::Reg;
use lockstep_runtime::{Core, Environment, Event, Outcome, Runner, Syscall, Trap};

use super::syscall_names::EXIT;

/// Runs a guest until its host has something to do.
pub(crate) type Advance<'a> =
    &'a mut dyn FnMut(&mut Runner, &Environment<'_>) -> Result<Event, Trap>;

/// What answers the system calls of the guest, beside `exit`.
pub(crate) struct Alone {
    pub(crate) handlers: Vec<Box<dyn Syscall>>,
}

impl Alone {
    /// Runs a guest to its end. `advance` runs it until its host has something to do.
    ///
    /// # Errors
    /// Whatever stops the guest.
    pub(crate) fn drive(
        &mut self,
        runner: &mut Runner,
        env: &Environment<'_>,
        advance: Advance<'_>,
    ) -> Result<Outcome, Trap> {
        let mut result = advance(runner, env);
        loop {
            match result? {
                Event::Ecall => match self.call(runner.core_mut()) {
                    Ok(Some(code)) => return Ok(Outcome::Exit(code)),
                    Ok(None) => {}
                    Err(trap @ Trap::InvalidEcall(_)) => {
                        result = runner.confirm_ecall(env).ok_or(trap)?;
                        continue;
                    }
                    Err(trap) => return Err(trap),
                },
                Event::Ebreak => {}
                Event::Paused => return Ok(Outcome::Paused),
            }
            result = advance(runner, env);
        }
    }

    /// Does a system call; an exit code ends the run.
    fn call(&mut self, core: &mut Core) -> Result<Option<i8>, Trap> {
        let number = core.register(Reg::A7);
        if number == EXIT {
            return Ok(Some(core.register(Reg::A0) as i8));
        }
        for handler in &mut self.handlers {
            if handler.ecall(core)? {
                return match core.cycles() > core.max_cycles() {
                    true => Err(Trap::CyclesExceeded),
                    false => Ok(None),
                };
            }
        }
        Err(Trap::InvalidEcall(number))
    }
}
