//! Which instruction of a script failed. The script runs again, with a limit that stops it at the head of the trace
//! that failed; `super::super::fault` says the rest.

use ckb_script::ScriptError;
use ckb_vm::{DefaultMachineRunner, Error};
use lockstep::ckb::{NativeCore, NativeMachine};
use lockstep::transaction::{Chain, Host};
use lockstep_isa::Cost;
use lockstep_runtime::{Core, CostTable};

use super::super::failure::Failure;
use super::super::fault::{self, Report};
use super::super::host_calls;
use super::report::Ran;

/// What runs the processes of a script.
pub(super) type Scheduler = ckb_script::Scheduler<Chain, Host<NativeCore>, NativeMachine>;

/// Processes of a script that are looked at: ids count up from 0, and few scripts start as many.
const PROCESSES: u64 = 64;

/// A copy of every process that has a machine, unless the script came to its end: then nothing is to be explained.
pub(super) fn processes(scheduler: &mut Scheduler) -> Vec<(u64, Core)> {
    if scheduler.terminated() {
        return Vec::new();
    }
    let copy = |machine: &mut NativeMachine| Ok(machine.inner_mut().core().fork().ok());
    (0..PROCESSES)
        .filter_map(|id| {
            let peeked = scheduler.peek(&id, copy, |_, _| Ok(None));
            Some((id, peeked.ok().flatten()?))
        })
        .collect()
}

/// The fault that ended a run, if an instruction of the script raised it. `again` runs the script once more with a limit of
/// cycles, or is none where it must not run again; `symbols` gives the ELF that names the functions of a process.
pub(super) fn explain(
    ran: &Ran,
    again: Option<impl FnOnce(u64) -> Result<Ran, Failure>>,
    symbols: impl Fn(u64) -> Result<Vec<u8>, Failure>,
) -> Result<Option<Report>, Failure> {
    let error = match &ran.run.result {
        Err(ScriptError::VMInternalError(error)) => error,
        // As with a system call that nobody serves.
        Err(ScriptError::ExceededMaximumCycles(_)) => {
            return match &ran.copies[..] {
                [(id, core)] => Ok(Some(Report::of_limit(core, &symbols(*id)?))),
                _ => Ok(None),
            };
        }
        _ => return Ok(None),
    };
    if let Error::InvalidEcall(number) = error {
        // Only one process runs at a time, but which one it was is not known where there are several.
        return match &ran.copies[..] {
            [(id, core)] => Ok(Some(Report::of_system_call(
                *number,
                core,
                &symbols(*id)?,
                host_calls::hint(*number)
                    .unwrap_or("this VM version has no such system call, or its number is wrong"),
            ))),
            _ => Ok(None),
        };
    }
    let of_an_access = matches!(
        error,
        Error::MemOutOfBound | Error::MemWriteOnExecutablePage | Error::InvalidInstruction { .. }
    );
    let limit = ran.run.cycles.checked_sub(1).filter(|_| of_an_access);
    let (Some(limit), Some(again)) = (limit, again) else {
        return Ok(None);
    };
    let again = again(limit)?;
    let cost = CostTable::from(Cost::Estimate);
    for (id, after) in &ran.copies {
        let before = again.copies.iter().find(|(other, _)| other == id);
        // A process that waits stands at a trace that it may never run, and it did not move.
        let before = before
            .map(|(_, core)| core)
            .filter(|core| moved(core, after));
        if let Some(fault) = fault::find(before, after, &cost) {
            let report = Report::new(&fault, after, &symbols(*id)?);
            return Ok(Some(report.of_process(*id)));
        }
    }
    Ok(None)
}

/// Whether a process went on between the two.
fn moved(before: &Core, after: &Core) -> bool {
    (before.pc(), before.cycles()) != (after.pc(), after.cycles())
}
