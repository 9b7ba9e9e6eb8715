//! A piece of code on one machine, and what was found when two machines had run the same piece.

use crate::code_source::CodeSource;
use crate::environment::Environment;
use crate::interp::{Leave, interpret_one};
use crate::observer::Step;
use crate::run::{Event, Next, RunLoop, slice};
use crate::trap::Trap;

/// A difference, by the number of the block since the last comparison of everything.
pub(super) struct Found {
    /// The first block of the piece of code.
    pub(super) from: usize,
    /// Whether the shipped module ran it, or the one that leaves after every block.
    pub(super) shipped: bool,
    pub(super) interpreter: Result<Step, Trap>,
    pub(super) native: Result<Step, Trap>,
    pub(super) difference: String,
}

/// Runs native code with the smallest budget, from `given` cycles on by doubling, with which it does anything; if
/// there is no such budget, one trace on the interpreter.
///
/// # Errors
/// Whatever stops the guest.
pub(super) fn run_piece(
    guest: &mut RunLoop,
    env: &Environment<'_>,
    code: &dyn CodeSource,
    mut given: u64,
) -> Result<Step, Trap> {
    let from = guest.core.cycles;
    let most = slice(&guest.core);
    loop {
        match guest.run_native(env, code, given.min(most))? {
            Next::Host(Event::Ecall) => return Ok(Step::Ecall),
            Next::Host(Event::Ebreak) => return Ok(Step::Ebreak),
            _ if guest.core.cycles != from => return Ok(Step::Head),
            _ if given >= most || !guest.attached.wants(guest.core.pc()) => break,
            _ => given *= 2,
        }
    }
    interpret_one(&mut guest.core, env).map(step)
}

/// Where the interpreter came to, asked for one trace.
pub(super) fn step(leave: Leave) -> Step {
    match leave {
        Leave::Ecall => Step::Ecall,
        Leave::Ebreak => Step::Ebreak,
        // Nobody can pause it here.
        Leave::Paused | Leave::Native => Step::Head,
    }
}
