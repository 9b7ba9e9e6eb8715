//! The interpreter in chaos mode: each instruction's frames are filled before it runs.
//!
//! CKB-VM fills a frame after the checks of an access and before the access. A load that is out of bounds fills
//! nothing. A store to two pages fills the first one's frame also when the second one refuses. Here the checks are
//! repeated without their consequences, and the instruction runs by itself in the usual loop, which makes them again
//! and stops where it has to. That is slow, and keeps the usual loop free of a mode that no chain uses.

use lockstep_contract::pages::{EXECUTABLE, PAGE_SHIFT};
use lockstep_isa::table::Format;

use super::execute::{Leave, Run, run_traces};
use super::guest::Guest;
use super::refused::{access, address};
use crate::environment::Environment;
use crate::memory::View;
use crate::state::{Core, charge};
use crate::traces::Trace;
use crate::trap::Trap;

/// Interprets traces until the host has something to do.
///
/// # Errors
/// Whatever stops the guest.
pub(super) fn interpret_touching(core: &mut Core, env: &Environment<'_>) -> Result<Leave, Trap> {
    core.traces.follow(&mut core.memory, core.profile);
    loop {
        if env.pause.is_some_and(|pause| pause()) {
            return Ok(Leave::Paused);
        }
        let head = Guest::new(core.memory.view(), core.profile).head();
        let trace = loop {
            if let Some(trace) = core.traces.find(head) {
                break trace;
            }
            let mut code = core.memory.code();
            (core.traces).load(&mut code, head, core.profile, env.cost, None)?;
        };
        Guest::new(core.memory.view(), core.profile).note(head);
        core.cycles = charge(core.cycles, trace.cycles, core.max_cycles)?;
        for step in trace.steps() {
            touch(core, &step);
            match run_traces(core, env, Run::Rest(step))? {
                Leave::Native => {}
                leave => return Ok(leave),
            }
        }
    }
}

/// Fills the frames that the one instruction of this trace is the first to touch.
fn touch(core: &mut Core, step: &Trace) {
    let Some(inst) = core.traces.code(step).first() else {
        return;
    };
    let Some((bytes, is_store)) = access(inst) else {
        return;
    };
    let at = address(core, inst);
    let refused = !core.profile.version.last_bytes_readable();
    let size = core.memory.size() as u64;
    let readable = match inst.op.row().format {
        Format::Load => size - u64::from(refused),
        _ => size,
    };
    let last = at.saturating_add(bytes - 1);
    let View {
        bytes: mut memory,
        pages,
        chaos: Some(chaos),
        ..
    } = core.memory.view()
    else {
        return;
    };
    if !is_store && last >= readable {
        return;
    }
    for page in at >> PAGE_SHIFT..=last >> PAGE_SHIFT {
        let flags = pages.flags.get(page as usize);
        if is_store && flags.is_none_or(|flags| flags & EXECUTABLE != 0) {
            return;
        }
        chaos.touch(page as usize, memory.all(), pages.writable);
    }
}
