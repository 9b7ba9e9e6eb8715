//! A guest that runs by itself under gdb: its system calls, and how it ended.

use std::time::Instant;

use lockstep_isa::Reg;
use lockstep_runtime::{Core, Environment, Event, Outcome, Runner, Syscall, Trap};

use super::super::failure::Failure;
use super::{Debugger, EXIT_NUMBER};

/// A guest under gdb.
pub(in super::super) struct Debugged<'a> {
    /// Where gdb comes from: an address, or the standard streams.
    pub(in super::super) place: &'a str,
    pub(in super::super) elf: &'a [u8],
    pub(in super::super) handlers: Vec<Box<dyn Syscall>>,
}

impl Debugged<'_> {
    /// Runs a guest as gdb wants it. What is left of it, how it ended, and the seconds since gdb came.
    pub(in super::super) fn run(
        mut self,
        core: Core,
        env: &Environment<'_>,
    ) -> Result<(Core, Result<Outcome, Trap>, f64), Failure> {
        let mut debugger = Debugger::wait(self.place)?;
        debugger.set_symbols(self.elf.to_vec());
        let started = Instant::now();
        let mut runner = Runner::new(core);
        let result = self.drive(&mut debugger, &mut runner, env);
        debugger.end(&mut runner, &result)?;
        Ok((runner.into_core(), result, started.elapsed().as_secs_f64()))
    }

    fn drive(
        &mut self,
        debugger: &mut Debugger,
        runner: &mut Runner,
        env: &Environment<'_>,
    ) -> Result<Outcome, Trap> {
        let mut result = debugger.advance(runner, env);
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
            result = debugger.advance(runner, env);
        }
    }

    /// Does a system call; an exit code ends the run.
    fn call(&mut self, core: &mut Core) -> Result<Option<i8>, Trap> {
        let number = core.register(Reg::A7);
        if number == EXIT_NUMBER {
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
