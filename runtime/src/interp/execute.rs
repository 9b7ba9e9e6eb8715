//! The loop of the interpreter: finds, decodes and charges traces, and runs their instructions.

use lockstep_isa::Xlen;

use super::guest::Guest;
use super::window::Stop;
use crate::attach::Attached;
use crate::environment::Environment;
use crate::state::{Core, charge};
use crate::traces::{Shared, Trace};
use crate::trap::Trap;

/// Why the interpreter gave control back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leave {
    /// The trace ended with `ecall`.
    Ecall,
    /// The trace ended with `ebreak`.
    Ebreak,
    /// The host wants a pause.
    Paused,
    /// Native code may go on from here, or what was asked for is done.
    Native,
}

/// What to run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Run<'a> {
    /// Traces from the pc on, until the counter stands at `until` or above. With `native`, until native code may
    /// take over.
    Traces {
        native: Option<&'a Attached>,
        until: u64,
    },
    /// The rest of a trace that native code began: decoded, charged.
    Rest(Trace),
}

/// Runs traces, or the rest of one, on a guest of either register width.
///
/// # Errors
/// Whatever stops the guest.
pub(super) fn run_traces(
    core: &mut Core,
    env: &Environment<'_>,
    run: Run<'_>,
) -> Result<Leave, Trap> {
    match core.profile.xlen {
        Xlen::X32 => run_traces_of::<true>(core, env, run),
        Xlen::X64 => run_traces_of::<false>(core, env, run),
    }
}

/// The loop of the interpreter, for registers of 64 bits or (`NARROW`) of 32.
fn run_traces_of<const NARROW: bool>(
    core: &mut Core,
    env: &Environment<'_>,
    run: Run<'_>,
) -> Result<Leave, Trap> {
    core.traces.follow(&mut core.memory, core.profile);
    let since = core.memory.trusted_since();
    let mut guest = Guest::new(core.memory.view(), core.profile);
    let result = 'run: loop {
        let trace = match run {
            Run::Rest(trace) => trace,
            Run::Traces { native, .. } => {
                if env.pause.is_some_and(|pause| pause()) {
                    break Ok(Leave::Paused);
                }
                let head = guest.head();
                let trace = loop {
                    if let Some(trace) = core.traces.find(head) {
                        break trace;
                    }
                    let mut code = guest.code();
                    // A machine without native code decodes for itself: native code may be compared with it.
                    let traces = native.and_then(|native| native.traces(head));
                    let shared = Shared::new(traces, since);
                    let (profile, cost) = (core.profile, env.cost);
                    let loaded = core.traces.load(&mut code, head, profile, cost, shared);
                    if let Err(trap) = loaded {
                        break 'run Err(trap);
                    }
                };
                // Before the limit is looked at: a trace that was decoded has its slot.
                guest.note(head);
                match charge(core.cycles, trace.cycles, core.max_cycles) {
                    Ok(sum) => core.cycles = sum,
                    Err(trap) => break Err(trap),
                }
                trace
            }
        };
        match guest.run::<NARROW>(&trace, core.traces.code(&trace)) {
            Ok(()) => {}
            Err(Stop::Ecall) => break Ok(Leave::Ecall),
            Err(Stop::Ebreak) => break Ok(Leave::Ebreak),
            Err(Stop::OutOfBound) => break Err(Trap::MemOutOfBound),
            Err(Stop::Executable) => break Err(Trap::MemWriteOnExecutablePage),
        }
        match run {
            Run::Traces { native, until }
                if core.cycles < until && !native.is_some_and(|native| native.wants(guest.pc)) => {}
            _ => break Ok(Leave::Native),
        }
    };
    guest.leave();
    result
}
