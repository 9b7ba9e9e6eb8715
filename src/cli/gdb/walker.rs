//! Moves a guest by instructions and says why it stopped: for the guest itself, and for a copy of it in the past.
//!
//! Nothing here knows the protocol of gdb or the host of the guest.

use std::collections::BTreeSet;

use lockstep_runtime::{Access, AccessKind, Core, CostTable, Stepped, Steps, Trap};

/// Traces that run between two looks at the client.
const POLLED_TRACES: u32 = 4096;

/// How far a guest is. It grows with each instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Position {
    /// Calls of the host before it.
    pub(super) segment: u64,
    /// Cycles at the head of the trace.
    pub(super) cycles: u64,
    /// Instructions of the trace that ran.
    pub(super) done: u16,
}

/// What a watchpoint waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watched {
    Write,
    Read,
    Access,
}

/// A watchpoint.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Watch {
    pub(super) address: u64,
    pub(super) bytes: u64,
    pub(super) kind: Watched,
}

impl Watch {
    /// Whether it waits for this access.
    fn sees(&self, access: &Access) -> bool {
        let kind = match (self.kind, access.kind) {
            (Watched::Write, kind) => kind == AccessKind::Store,
            (Watched::Read, kind) => kind == AccessKind::Load,
            (Watched::Access, _) => true,
        };
        let end = |at: u64, bytes: u64| at.saturating_add(bytes);
        kind && self.address < end(access.address, access.bytes)
            && access.address < end(self.address, self.bytes)
    }
}

/// Where a guest is to stop.
#[derive(Clone, Debug, Default)]
pub(super) struct Stops {
    /// Software and hardware breakpoints are the same here, but the client removes them by kind.
    pub(super) breakpoints: BTreeSet<(u64, bool)>,
    pub(super) watches: Vec<Watch>,
    /// Stop at the first trace with this many cycles.
    pub(super) cycles: Option<u64>,
}

impl Stops {
    pub(super) fn breaks(&self, pc: u64) -> bool {
        (self.breakpoints.range((pc, false)..=(pc, true)).next()).is_some()
    }

    fn breaks_in(&self, range: std::ops::Range<u64>) -> bool {
        let mut inside = self
            .breakpoints
            .range((range.start, false)..(range.end, false));
        inside.next().is_some()
    }

    pub(super) fn sees(&self, access: Option<Access>) -> Option<Watch> {
        let access = access?;
        self.watches
            .iter()
            .find(|watch| watch.sees(&access))
            .copied()
    }
}

/// Why a guest stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Halt {
    /// At a breakpoint.
    Break,
    /// In front of an access that is watched, or backwards behind it: gdb takes the step over it itself.
    Watch(Watch),
    /// At the cycles that were asked for.
    Cycles,
    /// At the limit of the walk.
    Reached,
    /// Behind a system call that the host has to do.
    Ecall,
    /// Behind an `ebreak`.
    Ebreak,
    /// The client wants something.
    Interrupted,
    /// The guest cannot go on; it stands at the instruction.
    Failed(Trap),
}

/// Where a guest is in its trace and among the calls of its host.
#[derive(Debug, Default)]
pub(super) struct Walker {
    pub(super) steps: Steps,
    pub(super) segment: u64,
    /// Where a watchpoint was told last: the client knows that the guest comes to the access, or comes from it.
    pub(super) told: Option<Position>,
}

impl Walker {
    pub(super) fn position(&self, core: &Core) -> Position {
        let (cycles, done) = self.steps.position(core);
        Position {
            segment: self.segment,
            cycles,
            done,
        }
    }

    pub(super) fn pc(&self, core: &Core) -> u64 {
        self.steps.pc(core)
    }

    /// The watchpoint that the next instruction touches; the trace at the pc is begun for that.
    ///
    /// # Errors
    /// The guest cannot go on.
    pub(super) fn touches(
        &mut self,
        core: &mut Core,
        cost: &CostTable,
        stops: &Stops,
    ) -> Result<Option<Watch>, Trap> {
        if stops.watches.is_empty() {
            return Ok(None);
        }
        self.steps.begin(core, cost)?;
        Ok(stops.sees(self.steps.access(core)))
    }

    /// Runs until something is to be said, at most to `limit`. A breakpoint at the first instruction is not minded where
    /// `leaves` says so, nor what the instruction at `self.told` touches.
    pub(super) fn walk(
        &mut self,
        core: &mut Core,
        cost: &CostTable,
        stops: &Stops,
        limit: Position,
        mut leaves: bool,
        poll: &mut dyn FnMut() -> bool,
    ) -> Halt {
        let mut turns = 0_u32;
        loop {
            let here = self.position(core);
            if here >= limit {
                return Halt::Reached;
            }
            if !leaves && stops.breaks(self.pc(core)) {
                return Halt::Break;
            }
            let reached = stops.cycles.is_some_and(|cycles| core.cycles() >= cycles);
            if reached && !self.steps.is_inside() {
                return Halt::Cycles;
            }
            leaves = false;
            turns = turns.wrapping_add(1);
            if turns.is_multiple_of(POLLED_TRACES) && poll() {
                return Halt::Interrupted;
            }
            let range = match self.steps.begin(core, cost) {
                Ok(range) => range,
                Err(trap) => return Halt::Failed(trap),
            };
            let in_this_trace = (here.segment, here.cycles) == (limit.segment, limit.cycles);
            let by_one = !stops.watches.is_empty()
                || in_this_trace
                || stops.breaks_in(range.start.saturating_add(1)..range.end);
            if self.told != Some(here)
                && let Ok(Some(watch)) = self.touches(core, cost, stops)
            {
                self.told = Some(here);
                return Halt::Watch(watch);
            }
            let result = match by_one {
                true => self.steps.step(core, cost),
                false => self.steps.finish(core, cost),
            };
            match result {
                Err(trap) => return Halt::Failed(trap),
                Ok(Stepped::Ecall) => return Halt::Ecall,
                Ok(Stepped::Ebreak) => return Halt::Ebreak,
                Ok(Stepped::On) => {}
            }
        }
    }
}
