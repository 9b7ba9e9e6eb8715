//! A guest that runs by itself under gdb: its system calls, and how it ended.

use std::time::Instant;

use lockstep_runtime::{Core, Environment, Outcome, Runner, Syscall, Trap};

use super::super::alone::Alone;
use super::super::failure::Failure;
use super::Debugger;

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
        let handlers = std::mem::take(&mut self.handlers);
        let result = Alone { handlers }.drive(&mut runner, env, &mut |runner, env| {
            debugger.advance(runner, env)
        });
        debugger.end(&mut runner, &result)?;
        Ok((runner.into_core(), result, started.elapsed().as_secs_f64()))
    }
}
