//! Native code and interpreter in lockstep, compared after every block.
//!
//! Three machines run the same guest. The interpreter runs the host's own machine: it decides, and host calls happen
//! to it alone. This driver owns the two machines beside it:
//!
//! - one runs a module that leaves after every block (`Entries::EveryBlock` in the translator's options), in `by_block`;
//! - one runs the module as it is shipped, which is compared less often, in `ahead`.
//!
//! After a block, registers, counters and the pages that either side wrote are compared. A store that escapes its own
//! check escapes this too. So all memory is compared at host calls and every [`WINDOW_BLOCKS`] blocks, and what only
//! that finds is looked for again from the last such place, with all memory compared after every block.

use lockstep_isa::Cost;

use crate::code_source::CodeSource;
use crate::environment::Environment;
use crate::interp::{Leave, interpret, interpret_one};
use crate::memory::{Identity, SetupError};
use crate::observer::{Divergence, End, Step};
use crate::run::Event;
use crate::state::Core;
use crate::trap::{Defect, Trap};

mod ahead;
mod by_block;
mod piece;
mod trail;

use ahead::Ahead;
use by_block::{Block, ByBlock};
use piece::{Found, step};
use trail::Trail;

/// Blocks between two comparisons of all memory.
const WINDOW_BLOCKS: usize = 1 << 14;
/// Cycles, more or less, that run before the kill switch is looked at again.
const UNCHECKED_CYCLES: u64 = 1_000_000;
/// The first host calls of a guest, after each of which really all memory is compared. At later ones, pages that no
/// machine is known to have written are left out, unless so many blocks ran since they were compared.
const THOROUGH_CALLS: usize = 1 << 10;
/// See [`THOROUGH_CALLS`].
const THOROUGH_BLOCKS: usize = 1 << 10;

/// Where the modules come from.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// The modules that are shipped.
    pub(crate) shipped: &'a dyn CodeSource,
    /// The modules that leave after every block.
    pub(crate) every_block: &'a dyn CodeSource,
    /// What both charge.
    pub(crate) cost: Cost,
}

/// The machines that run beside the host's.
#[derive(Debug)]
pub(crate) struct Lockstep {
    /// The host's machine.
    of: Identity,
    by_block: ByBlock,
    ahead: Ahead,
    /// From where all memory was last compared.
    trail: Trail,
    /// Host calls so far.
    calls: usize,
    /// Blocks in front of the trail that ran since really all memory was compared.
    unseen: usize,
    /// The search for a known difference: everything is compared always, and the shipped module runs as little as it
    /// can.
    exact: bool,
    /// A difference was found: the interpreter goes on alone.
    over: bool,
}

impl Lockstep {
    /// Machines beside this one.
    ///
    /// # Errors
    /// No memory left.
    pub(crate) fn new(core: &Core) -> Result<Lockstep, SetupError> {
        Ok(Lockstep {
            of: core.memory.identity(),
            by_block: ByBlock::new(core)?,
            ahead: Ahead::new(core)?,
            trail: Trail::new(core)?,
            calls: 0,
            unseen: 0,
            exact: false,
            over: false,
        })
    }

    /// Whether it was made for this machine, which was not reset since.
    pub(crate) fn is_of(&self, core: &Core) -> bool {
        self.of == core.memory.identity()
    }

    /// Runs from a state on until a difference shows. `None`, if none shows before more than `most` cycles are
    /// charged or the host would have something to do.
    ///
    /// # Errors
    /// No memory left.
    pub(crate) fn search(
        before: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        most: u64,
    ) -> Result<Option<Divergence>, SetupError> {
        let mut core = before.fork()?;
        let mut lockstep = Lockstep::new(&core)?;
        lockstep.begin(&mut core, sources.cost);
        loop {
            let (result, found) = lockstep.step(&mut core, env, sources);
            if let Some(found) = found {
                return lockstep.locate(&core, env, sources, found).map(Some);
            }
            // The shipped module is compared when the interpreter has got to where it is.
            let over = core.cycles > most && lockstep.ahead.is_level();
            if over || result != Ok(Step::Head) {
                return Ok(None);
            }
        }
    }

    /// Runs the guest until its host has something to do, with everything that native code does compared.
    ///
    /// # Errors
    /// Whatever stops the guest; `Defect` when a difference was found and the guest is not to go on.
    pub(crate) fn advance(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Event, Trap> {
        self.begin(core, sources.cost);
        loop {
            if !sources.shipped.enabled() {
                // The kill switch: nothing to check until it is back.
                let until = core.cycles.saturating_add(UNCHECKED_CYCLES);
                match interpret(core, env, None, until)? {
                    Leave::Native => self.begin(core, sources.cost),
                    leave => return Ok(event(leave)),
                }
                continue;
            }
            if self.over {
                return interpret(core, env, None, u64::MAX).map(event);
            }
            let quiet = Environment {
                pause: None,
                ..*env
            };
            if env.pause.is_some_and(|pause| pause()) {
                if let Some(found) = self.compare_memory(core, &Ok(Step::Head), true) {
                    self.report(core, &quiet, sources, found)?;
                }
                return Ok(Event::Paused);
            }
            let (result, found) = self.step(core, &quiet, sources);
            if let Some(found) = found {
                self.report(core, &quiet, sources, found)?;
            }
            match result? {
                Step::Head => {}
                Step::Ecall => return Ok(Event::Ecall),
                Step::Ebreak => return Ok(Event::Ebreak),
            }
        }
    }

    /// Makes all machines equal to the host's, which anybody may have changed.
    fn begin(&mut self, core: &mut Core, cost: Cost) {
        core.memory.close();
        self.by_block.begin(core, cost);
        self.ahead.begin(core, cost);
        self.trail.restart(core);
    }

    /// One block on each side, and the shipped module where it is due.
    fn step(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> (Result<Step, Trap>, Option<Found>) {
        let (number, exact) = (self.trail.heads().len(), self.exact);
        if self.ahead.is_level() {
            self.ahead.run(env, sources.shipped, number, exact);
        }
        let (head, cycles_before) = (core.pc(), core.cycles);
        let result = interpret_one(core, env).map(step);
        self.trail.push(head);
        let block = Block {
            number,
            head,
            cycles_before,
            result: &result,
        };
        let written = &mut self.ahead.written;
        let found = self
            .by_block
            .compare(core, env, sources.every_block, &block, written, exact)
            .or_else(|| self.ahead.compare(core, &result, head, exact))
            .or_else(|| self.compare_all(core, &result));
        (result, found)
    }

    /// All memory, where that is due.
    fn compare_all(&mut self, core: &Core, result: &Result<Step, Trap>) -> Option<Found> {
        let blocks = self.trail.heads().len();
        if *result == Ok(Step::Head) && !(self.ahead.is_level() && blocks >= WINDOW_BLOCKS) {
            return None;
        }
        self.calls = self
            .calls
            .saturating_add(usize::from(*result != Ok(Step::Head)));
        let thorough = self.calls < THOROUGH_CALLS || self.unseen + blocks >= THOROUGH_BLOCKS;
        let found = self.compare_memory(core, result, thorough);
        if found.is_none() {
            self.unseen = if thorough { 0 } else { self.unseen + blocks };
            self.trail.restart(core);
        }
        found
    }

    /// All memory of the machines that have come to the same place.
    fn compare_memory(
        &self,
        core: &Core,
        result: &Result<Step, Trap>,
        thorough: bool,
    ) -> Option<Found> {
        let by_block = Some((&self.by_block.guest.core, false));
        let ahead = (self.ahead.is_level()).then_some((&self.ahead.guest.core, true));
        for (other, shipped) in [by_block, ahead].into_iter().flatten() {
            if let Some(difference) = core.memory.difference(&other.memory, thorough) {
                return Some(Found {
                    from: 0,
                    shipped,
                    interpreter: result.clone(),
                    native: result.clone(),
                    difference: difference.to_string(),
                });
            }
        }
        None
    }

    /// Tells the observer of a difference. The guest goes on, on the interpreter alone, or not.
    fn report(
        &mut self,
        core: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        found: Found,
    ) -> Result<(), Trap> {
        self.over = true;
        let heads = self.trail.heads();
        let block = heads.get(found.from).copied().unwrap_or(core.pc());
        let located = self.locate(core, env, sources, found);
        let (block, goes_on) = match located {
            Ok(divergence) => (
                divergence.blocks.first().copied().unwrap_or(block),
                env.observer().diverged(&divergence),
            ),
            Err(error) => {
                tracing::error!(
                    "native code and interpreter differ at {block:#x}, and there is no memory to \
                     say more: {error}"
                );
                (block, false)
            }
        };
        match goes_on {
            true => Ok(()),
            false => Err(Trap::Defect(Defect::Diverged { block })),
        }
    }

    /// Finds the block, or the shortest piece of code, and the state before it.
    fn locate(
        &self,
        core: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        found: Found,
    ) -> Result<Divergence, SetupError> {
        let heads = self.trail.heads();
        let is_block = !found.shipped && found.from + 1 == heads.len();
        if !self.exact
            && !is_block
            && let Some(divergence) = self.replay(env, sources)?
        {
            return Ok(divergence);
        }
        let native = if found.shipped {
            &self.ahead.guest
        } else {
            &self.by_block.guest
        };
        let blocks = heads[found.from..].to_vec();
        let module = blocks.iter().find_map(|head| native.attached.module(*head));
        Ok(Divergence {
            difference: found.difference,
            before: self.trail.before(found.from, env)?,
            interpreter: End {
                core: core.fork()?,
                result: found.interpreter,
            },
            native: End {
                core: native.core.fork_whole()?,
                result: found.native,
            },
            module,
            blocks,
        })
    }

    /// Runs again from the start of the trail, with everything compared after every block and the shortest pieces of
    /// the shipped module, until a difference shows.
    fn replay(
        &self,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Option<Divergence>, SetupError> {
        let mut core = self.trail.start().fork()?;
        let mut again = Lockstep::new(&core)?;
        again.exact = true;
        again.begin(&mut core, sources.cost);
        for _ in 0..self.trail.heads().len() {
            let (result, found) = again.step(&mut core, env, sources);
            if let Some(found) = found {
                return again.locate(&core, env, sources, found).map(Some);
            }
            if result != Ok(Step::Head) {
                break;
            }
        }
        Ok(None)
    }
}

/// What the host has to do, after the interpreter ran without end.
fn event(leave: Leave) -> Event {
    match leave {
        Leave::Ecall => Event::Ecall,
        Leave::Ebreak => Event::Ebreak,
        // `Native` is not given when it was not asked for.
        Leave::Paused | Leave::Native => Event::Paused,
    }
}
