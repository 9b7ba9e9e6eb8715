//! A guest that runs by itself: its arguments, and the run with what an engine gives it.

use std::ffi::OsString;

use lockstep::Engine;
use lockstep_isa::Cost;
use lockstep_runtime::{Core, CostTable, Machine, Outcome, Trap};

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

#[cfg(unix)]
fn bytes_of(argument: &OsString) -> &[u8] {
    use std::os::unix::ffi::OsStrExt;
    argument.as_bytes()
}

#[cfg(not(unix))]
fn bytes_of(argument: &OsString) -> &[u8] {
    argument.as_encoded_bytes()
}
