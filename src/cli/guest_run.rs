//! A guest that runs by itself: its arguments, and the run with what an engine gives it.

use std::ffi::OsString;

use lockstep::Engine;
use lockstep_isa::Cost;
use lockstep_runtime::{Core, CostTable, DebugPrint, Environment, Machine, Outcome, Trap};

use super::code;
use super::failure::Failure;

/// Puts the guest's argv onto its stack.
pub(crate) fn push_arguments(core: &mut Core, args: &[OsString]) -> Result<(), Failure> {
    let arguments: Vec<&[u8]> = args.iter().map(bytes_of).collect();
    let bytes: usize = arguments.iter().map(|argument| argument.len() + 1).sum();
    core.initialize_stack(&arguments)
        .map(|_| ())
        .map_err(|trap| {
            let message = format!(
                "the {} arguments with {bytes} bytes do not fit into the guest's stack of {} bytes ({}: {trap}); give \
                 fewer or shorter ones",
                arguments.len(),
                core.memory().size() / 4,
                trap.name()
            );
            Failure::new(code::USAGE, trap.name(), message)
        })
}

/// Runs a machine with what an engine gives it.
pub(crate) fn run(machine: &mut Machine, cost: Cost, engine: &Engine) -> Result<Outcome, Trap> {
    let cost = CostTable::from(cost);
    machine.run(&engine.environment(&cost))
}

/// Runs a guest in the interpreter, which tells `count` the head and the cycles of each trace. How it ended, in words,
/// and its cycles.
pub(crate) fn run_counted(core: Core, cost: Cost, count: &dyn Fn(u64, u64)) -> (String, u64) {
    let mut machine = Machine::new(core).with(DebugPrint::new(|_| {}));
    let cost = CostTable::from(cost);
    let environment = Environment::new(&cost).with_trace_counter(count);
    let end = match machine.run(&environment) {
        Ok(Outcome::Exit(code)) => format!("exit {code}"),
        Ok(Outcome::Paused) => "paused".to_owned(),
        Err(Trap::CyclesExceeded) => "the cycles are used up".to_owned(),
        Err(trap) => format!("{}: {trap}", trap.name()),
    };
    (end, machine.core().cycles())
}

#[cfg(unix)]
fn bytes_of(argument: &OsString) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    argument.as_bytes()
}

#[cfg(not(unix))]
fn bytes_of(argument: &OsString) -> &[u8] {
    argument.as_encoded_bytes()
}
