//! Which instruction of a trace is refused: the trace is run one instruction at a time.
//!
//! Nothing here runs unless somebody asks why a guest failed.

use lockstep_isa::table::Format;
use lockstep_isa::{Inst, Xlen, decode};

use super::execute::{Run, run_traces};
use super::guest::Guest;
use crate::cost_table::CostTable;
use crate::environment::Environment;
use crate::fault::{AccessKind, Fault};
use crate::memory::SetupError;
use crate::state::Core;

/// Entries of the longest trace, which bounds the search for code that cannot be fetched.
const TRACE_ENTRIES: usize = 16;

impl Core {
    /// The fault with which the trace at the pc ends, if it ends with one. The guest itself does not move. A trace
    /// that the cycle limit stops has no fault.
    ///
    /// # Errors
    /// No memory left for a copy of the guest.
    pub fn next_fault(&self, cost: &CostTable) -> Result<Option<Fault>, SetupError> {
        let mut twin = self.fork()?;
        Ok(fault_of_trace(&mut twin, cost))
    }
}

/// Runs the trace at the pc, and says where it fails.
fn fault_of_trace(core: &mut Core, cost: &CostTable) -> Option<Fault> {
    core.traces.follow(&mut core.memory, core.profile);
    let head = Guest::new(core.memory.view(), core.profile).head();
    let trace = match core.traces.find(head) {
        Some(trace) => trace,
        None => {
            let mut code = core.memory.code();
            let loaded = (core.traces).load(&mut code, head, core.profile, cost, None);
            match loaded.ok().and_then(|()| core.traces.find(head)) {
                Some(trace) => trace,
                None => return Some(code_from(core, head)),
            }
        }
    };
    let mut at = trace.start;
    for step in trace.steps() {
        let inst = core.traces.code(&step).first().copied()?;
        let refused = access_of(core, at, &inst);
        match run_traces(core, &Environment::new(cost), Run::Rest(step)) {
            Ok(_) => at = at.wrapping_add(u64::from(inst.len)),
            Err(_) => return refused,
        }
    }
    None
}

/// What an instruction accesses, as a fault.
pub(super) fn access_of(core: &Core, at: u64, inst: &Inst) -> Option<Fault> {
    let (bytes, is_store) = access(inst)?;
    Some(Fault {
        instruction: at,
        access: if is_store {
            AccessKind::Store
        } else {
            AccessKind::Load
        },
        address: address(core, inst),
        bytes,
    })
}

/// The code that cannot be fetched or decoded, in the trace that starts at `head`.
pub(super) fn code_from(core: &mut Core, head: u64) -> Fault {
    let profile = core.profile;
    let mut code = core.memory.code();
    let mut at = head;
    for _ in 0..TRACE_ENTRIES {
        match decode(&mut code, at, profile) {
            Ok(inst) => at = at.wrapping_add(u64::from(inst.len)),
            Err(_) => break,
        }
    }
    Fault {
        instruction: at,
        access: AccessKind::Fetch,
        address: at,
        bytes: 2,
    }
}

/// Bytes that an instruction accesses, and whether it stores.
pub(super) fn access(inst: &Inst) -> Option<(u64, bool)> {
    let row = inst.op.row();
    let is_store = match row.format {
        Format::Load | Format::LoadReserved => false,
        Format::Store | Format::Atomic => true,
        _ => return None,
    };
    // In all of these encodings the low two bits of funct3 are the size.
    Some((1 << (row.bits >> 12 & 3), is_store))
}

/// The address that an instruction accesses.
pub(super) fn address(core: &Core, inst: &Inst) -> u64 {
    let at = core.register(inst.rs1).wrapping_add(inst.imm as u64);
    match core.profile.xlen {
        Xlen::X32 => u64::from(at as u32),
        Xlen::X64 => at,
    }
}
