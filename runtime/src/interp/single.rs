//! A guest that runs one instruction at a time, as a debugger wants it.
//!
//! A trace is charged as a whole before its first instruction, and the pc stands behind it from then on; so a guest
//! between two instructions of a trace is in no state that a plain run shows. [`Steps`] knows where in its trace such a
//! guest is. When the trace is finished, the guest is as if it had run in one piece.
//!
//! This is not for speed: each instruction enters the interpreter's loop anew. Nor is it for chaos mode, in which a fetch
//! touches frames.

use crate::cost_table::CostTable;
use crate::environment::Environment;
use crate::fault::{Access, Fault};
use crate::state::{Core, charge};
use crate::traces::Trace;
use crate::trap::Trap;

use super::execute::{Leave, Run, run_traces};
use super::guest::Guest;
use super::refused::{access_of, code_from};

/// Bytes of the longest trace: sixteen entries of twenty bytes.
const TRACE_BYTES: u64 = 320;

/// Where a guest is in the trace that it runs.
///
/// All calls for one value are about one guest, which nobody else may run while it is inside of a trace
/// ([`Steps::is_inside`]).
///
/// ```
/// use lockstep_isa::Reg;
/// use lockstep_runtime::{Core, CostTable, Stepped, Steps};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// # core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// # core.set_pc(0x1000);
///
/// let cost = CostTable::from(Cost::Estimate);
/// let mut steps = Steps::default();
/// assert_eq!(steps.step(&mut core, &cost)?, Stepped::On);
/// assert_eq!((steps.pc(&core), core.register(Reg::A7)), (0x1004, 93));
/// assert_eq!(steps.step(&mut core, &cost)?, Stepped::Ecall);
/// assert!(!steps.is_inside());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Steps {
    rest: Option<Rest>,
}

/// What is left of a trace.
#[derive(Debug)]
struct Rest {
    trace: Trace,
    /// Instructions that ran.
    done: u16,
    /// Address of the next.
    at: u64,
}

/// What an instruction led to.
///
/// ```
/// use lockstep_runtime::Stepped;
///
/// /// Whether the host is asked for something.
/// fn is_for_the_host(stepped: Stepped) -> bool {
///     stepped != Stepped::On
/// }
///
/// assert!(is_for_the_host(Stepped::Ecall));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stepped {
    /// The next instruction.
    On,
    /// A system call, behind it.
    Ecall,
    /// A call of the debugger, behind it.
    Ebreak,
}

impl Steps {
    /// Whether the guest has begun a trace and not finished it.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.rest.is_some()
    }

    /// Address of the next instruction, or of the one that failed.
    #[must_use]
    pub fn pc(&self, core: &Core) -> u64 {
        self.rest.as_ref().map_or(core.pc(), |rest| rest.at)
    }

    /// How far the guest is: its cycles at the head of the trace, and the instructions of the trace that ran. It grows
    /// with each instruction where each costs something.
    #[must_use]
    pub fn position(&self, core: &Core) -> (u64, u16) {
        match &self.rest {
            Some(rest) => (core.cycles - rest.trace.cycles, rest.done),
            None => (core.cycles, 0),
        }
    }

    /// Forgets the rest of the trace: the guest goes on at its pc. For a host that sets the pc.
    pub fn forget(&mut self) {
        self.rest = None;
    }

    /// What the next instruction does with memory. At the head of a trace, none is known before the trace begins
    /// ([`Steps::begin`]).
    #[must_use]
    pub fn access(&self, core: &Core) -> Option<Access> {
        let fault = self.refused(core)?;
        Some(Access {
            kind: fault.access,
            address: fault.address,
            bytes: fault.bytes,
        })
    }

    /// The fault of the instruction that just failed.
    pub fn fault(&self, core: &mut Core) -> Option<Fault> {
        match &self.rest {
            Some(_) => self.refused(core),
            None => {
                let head = core.pc();
                Some(code_from(core, head))
            }
        }
    }

    fn refused(&self, core: &Core) -> Option<Fault> {
        let rest = self.rest.as_ref()?;
        let step = rest.trace.steps().nth(usize::from(rest.done))?;
        let inst = core.traces.code(&step).first()?;
        access_of(core, rest.at, inst)
    }

    /// Begins the trace at the pc, unless one is begun: decodes and charges it. The addresses of its instructions are
    /// in the range, which may be longer.
    ///
    /// # Errors
    /// Whatever stops a guest at the head of a trace, with nothing changed; it is then not inside.
    pub fn begin(
        &mut self,
        core: &mut Core,
        cost: &CostTable,
    ) -> Result<core::ops::Range<u64>, Trap> {
        if let Some(rest) = &self.rest {
            return Ok(rest.at..rest.trace.start.saturating_add(TRACE_BYTES));
        }
        if core.profile.extensions.mop && !core.profile.version.has_fusion() {
            return Err(Trap::InvalidVersion);
        }
        core.traces.follow(&mut core.memory, core.profile);
        let head = Guest::new(core.memory.view(), core.profile).head();
        let trace = match core.traces.find(head) {
            Some(trace) => trace,
            None => {
                let mut code = core.memory.code();
                (core.traces).load(&mut code, head, core.profile, cost, None)?;
                core.traces.find(head).ok_or(Trap::TraceLengthError)?
            }
        };
        // In the order of the interpreter's loop: a trace that was decoded has its slot.
        Guest::new(core.memory.view(), core.profile).note(head);
        core.cycles = charge(core.cycles, trace.cycles, core.max_cycles)?;
        let at = trace.start;
        self.rest = Some(Rest { trace, done: 0, at });
        Ok(at..at.saturating_add(TRACE_BYTES))
    }

    /// Runs one instruction.
    ///
    /// # Errors
    /// Those of [`Steps::begin`]; and the fault of the instruction, at which the guest then stands.
    pub fn step(&mut self, core: &mut Core, cost: &CostTable) -> Result<Stepped, Trap> {
        self.begin(core, cost)?;
        let Some(rest) = &mut self.rest else {
            return Ok(Stepped::On);
        };
        let Some(step) = rest.trace.steps().nth(usize::from(rest.done)) else {
            self.rest = None;
            return Ok(Stepped::On);
        };
        let len = core.traces.code(&step).first().map_or(0, |inst| inst.len);
        let leave = run_traces(core, &Environment::new(cost), Run::Rest(step))?;
        rest.done += 1;
        rest.at = rest.at.wrapping_add(u64::from(len));
        if rest.trace.steps().nth(usize::from(rest.done)).is_none() {
            self.rest = None;
        }
        Ok(stepped(leave))
    }

    /// Runs the rest of the trace.
    ///
    /// # Errors
    /// Those of [`Steps::step`]. After a fault the guest stands at the instruction.
    pub fn finish(&mut self, core: &mut Core, cost: &CostTable) -> Result<Stepped, Trap> {
        loop {
            match self.step(core, cost)? {
                Stepped::On if self.is_inside() => {}
                other => return Ok(other),
            }
        }
    }
}

fn stepped(leave: Leave) -> Stepped {
    match leave {
        Leave::Ecall => Stepped::Ecall,
        Leave::Ebreak => Stepped::Ebreak,
        Leave::Paused | Leave::Native => Stepped::On,
    }
}
