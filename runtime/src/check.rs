//! The check engine: native code and interpreter in lockstep, compared after every block.
//!
//! Three machines run the same guest. The interpreter is the host's machine: it decides, and host
//! calls happen to it alone. Beside it run
//!
//! - a module that leaves after every block (`every_block` in the translator's options): it is given
//!   what the interpreter's trace has just cost, runs that one block, and is compared;
//! - the module as it is shipped, which looks at its budget only where a way could repeat: it runs
//!   ahead for a interval of varying length and is compared when the interpreter has got there.
//!
//! After a block, registers, counters and the pages that either side wrote are compared: the table of
//! pages that take stores as they are is emptied before each block, so that it names them afterwards,
//! and native code finds in it only the pages that the interpreter wrote in the same block. A store
//! that escapes its own check escapes this too; so all memory is compared at host calls and every
//! [`WINDOW`] blocks, and what only that finds is looked for again from the last such place, with all
//! memory compared after every block.

use std::sync::Arc;

use crate::environment::{Environment, Library};
use crate::interp::Leave;
use crate::mapping::NativeModule;
use crate::memory::SetupError;
use crate::run::{Event, Next, slice};
use crate::state::Core;
use crate::trap::{Defect, Trap};
use lockstep_contract::context::slot;
use lockstep_isa::Cost;

mod compare;

pub(crate) use compare::everything;
use compare::{Pages, difference};

/// Blocks between two comparisons of all memory.
const WINDOW: usize = 1 << 14;
/// Cycles, more or less, that run before the kill switch is looked at again.
const UNCHECKED: u64 = 1_000_000;
/// Host calls of a guest after which all memory is compared, and blocks after which it is at later
/// ones; otherwise pages that no machine ever wrote are left out there.
const THOROUGH: usize = 1 << 10;

/// Where a piece of code came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The head of the next block.
    Head,
    /// A system call.
    Ecall,
    /// A call of the debugger.
    Ebreak,
}

/// A machine at the end of a piece of code, and how it got there.
#[derive(Debug)]
pub struct End {
    /// The machine.
    pub core: Core,
    /// Where it came to, or why it stopped.
    pub result: Result<Step, Trap>,
}

/// A piece of code after which native code and interpreter are not in the same state.
#[derive(Debug)]
pub struct Divergence {
    /// The heads of the blocks that the interpreter ran, in order: one where the block is known, none
    /// where the difference was seen once and could not be seen again.
    pub blocks: Vec<u64>,
    /// The first difference, in words.
    pub difference: String,
    /// Before the first of the blocks.
    pub before: Core,
    /// The interpreter after the last.
    pub interpreter: End,
    /// Native code after the last.
    pub native: End,
    /// The module that native code is from.
    pub module: Option<Arc<NativeModule>>,
}

/// Where the modules come from.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'a> {
    /// Those that are shipped.
    pub(crate) whole: &'a dyn Library,
    /// Those that leave after every block.
    pub(crate) block: &'a dyn Library,
    /// What they charge.
    pub(crate) cost: Cost,
}

/// The machines that run beside the host's.
#[derive(Debug)]
pub(crate) struct Check {
    /// Runs block by block.
    block: Core,
    /// Runs the shipped module, ahead of the others.
    whole: Core,
    /// As all were when all memory was last compared.
    mark: Core,
    /// The blocks that ran since, by head.
    heads: Vec<u64>,
    ahead: Option<Ahead>,
    /// Pages written since the interval began.
    written: Pages,
    scratch: Vec<usize>,
    /// Host calls so far.
    calls: usize,
    /// Blocks before the mark that ran since really all memory was compared.
    unseen: usize,
    /// Makes intervals of varying lengths.
    draw: u32,
    /// The search for a known difference: everything is compared always, intervals are short.
    exact: bool,
    /// A difference was found: the interpreter goes on alone.
    over: bool,
}

/// The interval that the shipped module has run.
#[derive(Debug)]
struct Ahead {
    result: Result<Step, Trap>,
    /// How many blocks had run since the mark when it began.
    from: usize,
}

/// What was found, by number of block since the mark.
struct Found {
    from: usize,
    whole: bool,
    interpreter: Result<Step, Trap>,
    native: Result<Step, Trap>,
    difference: String,
}

impl Core {
    /// [`Core::advance`] with everything that native code does compared.
    pub(crate) fn advance_checked(
        &mut self,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Event, Trap> {
        let mut check = match self.check.take() {
            Some(check) => check,
            None => Box::new(Check::new(self).map_err(|error| Trap::External(error.to_string()))?),
        };
        let result = check.advance(self, env, sources);
        self.check = Some(check);
        result
    }
}

impl Check {
    fn new(core: &Core) -> Result<Check, SetupError> {
        let suspect = || {
            core.fork().map(|mut core| {
                core.memory.keep_to_itself();
                core
            })
        };
        Ok(Check {
            block: suspect()?,
            whole: suspect()?,
            mark: core.fork()?,
            heads: Vec::new(),
            ahead: None,
            written: Pages::default(),
            scratch: Vec::new(),
            calls: 0,
            unseen: 0,
            draw: 0,
            exact: false,
            over: false,
        })
    }

    /// Runs in lockstep from a state on until a difference shows; nothing, when so many cycles are
    /// charged or the host would have something to do.
    pub(crate) fn search(
        before: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        most: u64,
    ) -> Result<Option<Divergence>, SetupError> {
        let mut core = before.fork()?;
        let mut check = Check::new(&core)?;
        check.begin(&mut core, sources.cost);
        loop {
            let (result, found) = check.step(&mut core, env, sources);
            if let Some(found) = found {
                return check.locate(&core, env, sources, found).map(Some);
            }
            // The shipped module is compared when the interpreter has got to where it is.
            let over = core.cycles > most && check.ahead.is_none();
            if over || result != Ok(Step::Head) {
                return Ok(None);
            }
        }
    }

    fn advance(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Event, Trap> {
        self.begin(core, sources.cost);
        loop {
            if !sources.whole.enabled() {
                // The kill switch: nothing to check until it is back.
                let until = core.cycles.saturating_add(UNCHECKED);
                match core.interpret(env, false, until)? {
                    Leave::Native => self.begin(core, sources.cost),
                    leave => return Ok(event(leave)),
                }
                continue;
            }
            if self.over {
                let result = core.interpret(env, false, u64::MAX);
                return result.map(event);
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
        for other in [&mut self.block, &mut self.whole] {
            other.copy_from(core);
            other.attached.refresh(&mut other.memory, cost);
        }
        self.block.memory.close();
        self.set_mark(core);
        self.ahead = None;
    }

    fn set_mark(&mut self, core: &Core) {
        self.mark.copy_from(core);
        self.heads.clear();
    }

    /// One block on each side, and the shipped module where it is due.
    fn step(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> (Result<Step, Trap>, Option<Found>) {
        if self.ahead.is_none() {
            self.run_interval(env, sources.whole);
        }
        let (head, from) = (core.pc(), core.cycles);
        let result = core.interpret_one(env).map(step);
        self.heads.push(head);
        let found = self
            .compare_block(core, env, sources, head, from, &result)
            .or_else(|| self.compare_interval(core, &result))
            .or_else(|| self.compare_all(core, &result));
        (result, found)
    }

    /// Lets the shipped module run ahead.
    fn run_interval(&mut self, env: &Environment<'_>, library: &dyn Library) {
        // Numerical Recipes' generator: any would do.
        self.draw = (self.draw.wrapping_mul(1_664_525)).wrapping_add(1_013_904_223);
        let given = if self.exact {
            1
        } else {
            1 << ((self.draw >> 16) % 14)
        };
        self.written.clear();
        self.ahead = Some(Ahead {
            result: self.whole.run_some(env, library, given),
            from: self.heads.len(),
        });
    }

    /// Native code for the block that the interpreter has just run.
    fn compare_block(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        head: u64,
        from: u64,
        result: &Result<Step, Trap>,
    ) -> Option<Found> {
        let mut pages = std::mem::take(&mut self.scratch);
        pages.clear();
        core.memory.note_opened(&mut pages);
        for &page in &pages {
            core.memory.close_page(page);
            self.block.memory.reopen_page(page);
        }
        // A trace that was not charged was not run: native code must not run it either.
        let cost = core.cycles.saturating_sub(from);
        let given = if cost == 0 { u64::MAX } else { cost };
        let native = self.block.run_some(env, sources.block, given);
        core.native_cycles = self.block.native_cycles;
        self.block.memory.note_opened(&mut pages);
        for &page in &pages {
            self.block.memory.close_page(page);
            self.written.add(page);
        }
        let ends = ((core as &Core, result), (&self.block, &native));
        let difference = if self.exact {
            difference(ends, 0..core.memory.pages(), slot(head), true)
        } else {
            difference(ends, pages.iter().copied(), slot(head), false)
        };
        self.scratch = pages;
        Some(Found {
            from: self.heads.len() - 1,
            whole: false,
            interpreter: result.clone(),
            difference: difference?,
            native,
        })
    }

    /// The shipped module, if the interpreter has got to where it is.
    fn compare_interval(&mut self, core: &Core, result: &Result<Step, Trap>) -> Option<Found> {
        let ahead = self.ahead.as_ref()?;
        let before = core.cycles < self.whole.cycles
            || (core.cycles == self.whole.cycles && ahead.result != Ok(Step::Head));
        if *result == Ok(Step::Head) && before {
            return None;
        }
        let ends = ((core, result), (&self.whole, &ahead.result));
        let head = self.heads.last().map_or(0, |head| slot(*head));
        let difference = if self.exact {
            difference(ends, 0..core.memory.pages(), head, true)
        } else {
            difference(ends, self.written.iter(), head, false)
        };
        let ahead = self.ahead.take()?;
        Some(Found {
            from: ahead.from,
            whole: true,
            interpreter: result.clone(),
            native: ahead.result,
            difference: difference?,
        })
    }

    /// All memory, where that is due.
    fn compare_all(&mut self, core: &Core, result: &Result<Step, Trap>) -> Option<Found> {
        let level = self.ahead.is_none();
        if *result == Ok(Step::Head) && !(level && self.heads.len() >= WINDOW) {
            return None;
        }
        self.calls = self
            .calls
            .saturating_add(usize::from(*result != Ok(Step::Head)));
        let thorough = self.calls < THOROUGH || self.unseen + self.heads.len() >= THOROUGH;
        let found = self.compare_memory(core, result, thorough);
        if found.is_none() {
            self.unseen = if thorough {
                0
            } else {
                self.unseen + self.heads.len()
            };
            self.set_mark(core);
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
        let whole = self.ahead.is_none().then_some((&self.whole, true));
        for (other, whole) in [Some((&self.block, false)), whole].into_iter().flatten() {
            if let Some(difference) = core.memory.difference(&other.memory, thorough) {
                return Some(Found {
                    from: 0,
                    whole,
                    interpreter: result.clone(),
                    native: result.clone(),
                    difference: difference.to_string(),
                });
            }
        }
        None
    }

    /// Tells the library of a difference. The guest goes on, on the interpreter alone, or not.
    fn report(
        &mut self,
        core: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        found: Found,
    ) -> Result<(), Trap> {
        self.over = true;
        let block = self.heads.get(found.from).copied().unwrap_or(core.pc());
        let told = self.locate(core, env, sources, found);
        let (block, goes_on) = match told {
            Ok(divergence) => (
                divergence.blocks.first().copied().unwrap_or(block),
                sources.whole.diverged(&divergence),
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

    /// Finds the block, or the shortest interval, and the state before it.
    fn locate(
        &self,
        core: &Core,
        env: &Environment<'_>,
        sources: Sources<'_>,
        found: Found,
    ) -> Result<Divergence, SetupError> {
        let is_block = !found.whole && found.from + 1 == self.heads.len();
        if !self.exact
            && !is_block
            && let Some(divergence) = self.replay(env, sources)?
        {
            return Ok(divergence);
        }
        let mut before = self.mark.fork()?;
        for _ in 0..found.from {
            // What it comes to is known: it ran before.
            let _ = before.interpret_one(env);
        }
        let native = if found.whole {
            &self.whole
        } else {
            &self.block
        };
        let blocks = self.heads[found.from..].to_vec();
        let module = blocks
            .iter()
            .find_map(|head| native.attached.shared_module(*head));
        Ok(Divergence {
            difference: found.difference,
            before,
            interpreter: End {
                core: core.fork()?,
                result: found.interpreter,
            },
            native: End {
                core: native.fork_whole()?,
                result: found.native,
            },
            module,
            blocks,
        })
    }

    /// Runs again from the mark, with everything compared after every block and the shortest
    /// intervals, until a difference shows.
    fn replay(
        &self,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Option<Divergence>, SetupError> {
        let mut core = self.mark.fork()?;
        let mut again = Check::new(&core)?;
        again.exact = true;
        again.begin(&mut core, sources.cost);
        for _ in 0..self.heads.len() {
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

impl Core {
    /// Native code with the smallest budget, from `given` on by doubling, with which it does anything;
    /// else one trace in the interpreter.
    fn run_some(
        &mut self,
        env: &Environment<'_>,
        library: &dyn Library,
        mut given: u64,
    ) -> Result<Step, Trap> {
        let from = self.cycles;
        let most = slice(self.cycles, self.max_cycles);
        loop {
            match self.run_native(env, library, given.min(most))? {
                Next::Host(Event::Ecall) => return Ok(Step::Ecall),
                Next::Host(Event::Ebreak) => return Ok(Step::Ebreak),
                _ if self.cycles != from => return Ok(Step::Head),
                _ if given >= most || !self.attached.wants(self.pc()) => break,
                _ => given *= 2,
            }
        }
        self.interpret_one(env).map(step)
    }
}

/// Where the interpreter came to, asked for one trace.
fn step(leave: Leave) -> Step {
    match leave {
        Leave::Ecall => Step::Ecall,
        Leave::Ebreak => Step::Ebreak,
        // Nobody can pause it here.
        Leave::Paused | Leave::Native => Step::Head,
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
