//! The trace interpreter: the arm of the run loop that can do everything.
//!
//! It does what CKB-VM's assembly machine does, at the same places. A whole trace is decoded and charged before its
//! first instruction runs, so that a failure of either kind leaves everything as it was at the trace's head. A fault
//! inside a trace leaves the pc behind the trace and its whole cost charged. Meanings come from `lockstep_isa`; the
//! primitives on integers are in [`guest`].
//!
//! It works on a guest's state ([`Core`]) and knows of native code only what it is handed: where native code may
//! take over, and which traces other machines decoded already.

use crate::attach::Attached;
use crate::environment::Environment;
use crate::state::Core;
use crate::traces::Shared;
use crate::trap::Trap;

mod chaos;
mod execute;
mod guest;
mod refused;
mod single;
mod window;

pub(crate) use execute::Leave;
use execute::{Run, run_traces};
pub use single::{Stepped, Steps};

/// Interprets at least one trace, unless the host wants a pause before it, and until the counter stands at `until`
/// or above. With `native`, it stops where that native code may take over.
///
/// # Errors
/// Whatever stops the guest.
pub(crate) fn interpret(
    core: &mut Core,
    env: &Environment<'_>,
    native: Option<&Attached>,
    until: u64,
) -> Result<Leave, Trap> {
    if core.memory.chaos_seed().is_some() {
        return chaos::interpret_touching(core, env);
    }
    run_traces(core, env, Run::Traces { native, until })
}

/// Interprets the trace at the pc, whether the host wants a pause or not, and counts what it begins with as a side
/// exit of this native code. Its cycles are within the limit.
///
/// # Errors
/// Whatever stops the guest.
pub(crate) fn interpret_unpaused(
    core: &mut Core,
    env: &Environment<'_>,
    native: &Attached,
) -> Result<Leave, Trap> {
    let pc = core.pc();
    let unpaused = Environment {
        pause: None,
        ..*env
    };
    let native = Some(native);
    let result = run_traces(core, &unpaused, Run::Traces { native, until: 0 });
    let trace = core.traces.find(pc);
    let op = trace.and_then(|trace| core.traces.code(&trace).first().map(|inst| inst.op));
    core.exits.count_side(op);
    result
}

/// Interprets one trace, unless the host wants a pause before it. Answers `Paused` then, and `Native` where nothing
/// else is to be said.
///
/// # Errors
/// Whatever stops the guest.
pub(crate) fn interpret_one(core: &mut Core, env: &Environment<'_>) -> Result<Leave, Trap> {
    interpret(core, env, None, 0)
}

/// Finishes the trace of which native code left `entries` entries, from the pc on.
///
/// # Errors
/// Whatever stops the guest.
pub(crate) fn finish(
    core: &mut Core,
    env: &Environment<'_>,
    native: &Attached,
    entries: u8,
) -> Result<Leave, Trap> {
    // First, because what it drops must not be the rest.
    core.traces.follow(&mut core.memory, core.profile);
    let pc = core.pc();
    let since = core.memory.trusted_since();
    let mut code = core.memory.code();
    let shared = Shared::new(native.traces(pc), since);
    let rest = core
        .traces
        .decode_rest(&mut code, pc, entries, core.profile, shared)?;
    let op = core.traces.code(&rest).first().map(|inst| inst.op);
    core.exits.count_side(op);
    let result = run_traces(core, env, Run::Rest(rest));
    core.traces.discard(&rest);
    result
}
