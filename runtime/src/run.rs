//! The run loop: native code where there is some, the interpreter where there is none.
//!
//! Native code leaves only by a reason of [`Exit`]; this file says what each leads to. Falling back to the
//! interpreter is an arm of this loop, not a mode: both arms share registers, memory and counters, and each leaves at
//! a place from which the other can go on.
//!
//! Native code gets its budget in slices, so that a pause and the kill switch are seen in bounded time, and never
//! more than the limit leaves, so that it cannot exceed it. After each stay in native code that charged nothing, at
//! least one trace is interpreted: the loop always moves.
//!
//! One exit leads straight back: native code leaves in front of the first stores to a page ([`Exit::FirstStore`]), and
//! the page is made ready for them. In CKB-VM the page would be dirty only after the store, and a host can see that. So
//! nothing may come between: no pause, no switch, no limit. Native code is entered again at once. If that is not
//! possible, the interpreter runs the trace that has the store.
//!
//! The loop compares nothing: what runs beside it to check native code is in `lockstep` and `shadow`.

use std::cell::RefCell;

use lockstep_contract::exit::Exit;

use crate::attach::Attached;
use crate::code_source::CodeSource;
use crate::enter::{Return, enter};
use crate::environment::Environment;
use crate::exits::Exits;
use crate::interp::{Leave, finish, interpret, interpret_unpaused};
use crate::mapping::EntryPoint;
use crate::state::Core;
use crate::tally::{NativeStay, Recorder, Room, Tally};
use crate::trap::{Defect, Trap};

/// Cycles that native code may charge before it is looked at again.
const SLICE_CYCLES: u64 = 5_000_000;
/// Cycles, more or less, that the interpreter runs before native code is looked for again, which may have been made
/// meanwhile.
const INTERPRETED_CYCLES: u64 = 1_000_000;

/// The same where heads are counted at which native code is missing.
const COUNTED_CYCLES: u64 = 1000;

/// What the host has to do before the guest can go on.
///
/// ```
/// use lockstep_runtime::{Core, CostTable, Environment, Event, Runner};
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
/// # let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// # core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// # core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// # core.set_pc(0x1000);
///
/// let cost = CostTable::from(Cost::Estimate);
/// let mut guest = Runner::new(core);
/// assert_eq!(guest.advance(&Environment::new(&cost))?, Event::Ecall);
/// assert_eq!(guest.core().pc(), 0x1008); // behind the `ecall`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A system call; pc is behind the `ecall`.
    Ecall,
    /// A call of the debugger; pc is behind the `ebreak`.
    Ebreak,
    /// The pause that it asked for.
    Paused,
}

/// What comes after a stay in native code.
pub(crate) enum Next {
    /// The host.
    Host(Event),
    /// Another look for native code.
    Native,
    /// At least one trace in the interpreter.
    Interpreter,
}

/// A guest, and the native code that was found for it.
#[derive(Debug)]
pub(crate) struct RunLoop {
    pub(crate) core: Core,
    pub(crate) attached: Attached,
}

impl RunLoop {
    /// Nothing was found yet.
    pub(crate) fn new(core: Core) -> RunLoop {
        RunLoop {
            core,
            attached: Attached::default(),
        }
    }

    /// Runs the guest until its host has something to do, with this native code. Code regions were refreshed.
    ///
    /// # Errors
    /// Whatever stops the guest; `Defect` when native code misbehaves.
    pub(crate) fn advance(
        &mut self,
        env: &Environment<'_>,
        code: Option<&dyn CodeSource>,
    ) -> Result<Event, Trap> {
        loop {
            if env.pause.is_some_and(|pause| pause()) {
                return Ok(Event::Paused);
            }
            // A guest that may not run natively at the moment still counts its cycles, and looks again later.
            let enabled = code.filter(|code| code.enabled() && is_plain(&self.core));
            let next = match enabled {
                Some(code) => self.run_native(env, code, slice(&self.core))?,
                None => Next::Interpreter,
            };
            match next {
                Next::Host(event) => return Ok(event),
                Next::Native => {}
                Next::Interpreter => match self.interpret_slice(env, code, enabled.is_some())? {
                    Leave::Ecall => return Ok(Event::Ecall),
                    Leave::Ebreak => return Ok(Event::Ebreak),
                    Leave::Paused => return Ok(Event::Paused),
                    Leave::Native => {}
                },
            }
        }
    }

    /// Interprets until native code may take over, if that is wanted, and for a bounded time if there is a source of
    /// code. Counts what was interpreted.
    fn interpret_slice(
        &mut self,
        env: &Environment<'_>,
        code: Option<&dyn CodeSource>,
        native: bool,
    ) -> Result<Leave, Trap> {
        let RunLoop { core, attached } = self;
        core.exits.interpreted += 1;
        if let Some(tally) = env.tally {
            return interpret_counted(core, env, native.then_some(&*attached), tally);
        }
        let Some(code) = code else {
            return interpret(core, env, None, u64::MAX);
        };
        let (pc, before) = (core.pc(), core.cycles);
        // A long stay goes through many heads, so it is cut where they are counted.
        let most = match attached.counts_heads(pc) {
            true => COUNTED_CYCLES,
            false => INTERPRETED_CYCLES,
        };
        let until = before.saturating_add(most);
        let result = interpret(core, env, native.then_some(&*attached), until);
        let cycles = core.cycles - before;
        attached.count_interpreted(pc, cycles, core, code);
        if cycles >= INTERPRETED_CYCLES {
            // It may be in one code region all the time and call another that has native code by now.
            attached.follow(core);
        }
        result
    }

    /// One stay in native code, if there is any for the pc. `given` is its budget in cycles, at most what the limit
    /// leaves.
    ///
    /// # Errors
    /// Whatever stops the guest; `Defect` when native code misbehaves.
    pub(crate) fn run_native(
        &mut self,
        env: &Environment<'_>,
        code: &dyn CodeSource,
        given: u64,
    ) -> Result<Next, Trap> {
        let RunLoop { core, attached } = self;
        let pc = core.pc();
        let Some(entry) = attached.find(core, code) else {
            return Ok(Next::Interpreter);
        };
        let mut tally = env.tally.map(RefCell::borrow_mut);
        let stay = match &mut tally {
            None => enter_ready(core, entry, given, None),
            Some(tally) => enter_counted(core, entry, given, tally),
        };
        drop(tally);
        let Some(stay) = stay else {
            return Ok(Next::Interpreter);
        };
        let Return { word, left } = stay.end;
        let Some(used) = given.checked_sub(left) else {
            return Err(Trap::Defect(Defect::Budget { given, left }));
        };
        // At most the limit, which `given` was cut to.
        core.cycles += used;
        core.native_cycles = core.native_cycles.saturating_add(used);
        attached.count_native(pc, used);
        let Some(exit) = Exit::decode(word) else {
            let pc = core.pc();
            return Err(Trap::Defect(Defect::Exit { word, pc }));
        };
        count(&mut core.exits, exit);
        if stay.begun(exit) {
            // Native code entered this block, as one that it leaves by a side exit, so its cycles count the same.
            let (head, before) = (core.pc(), core.cycles);
            let result = interpret_unpaused(core, env, attached);
            let cycles = core.cycles - before;
            if let Some(tally) = env.tally {
                tally.borrow_mut().trace(head, cycles, &core.memory);
            }
            core.native_cycles = core.native_cycles.saturating_add(cycles);
            attached.count_native(head, cycles);
            return result.map(next);
        }
        Ok(match exit {
            Exit::Limit if slice(core) > left => Next::Native,
            Exit::Limit => Next::Interpreter,
            Exit::Lookup if used > 0 => Next::Native,
            Exit::Lookup => Next::Interpreter,
            Exit::Ecall => Next::Host(Event::Ecall),
            Exit::Ebreak => Next::Host(Event::Ebreak),
            Exit::Side { entries } => next(finish(core, env, attached, entries)?),
            // Its block was begun.
            Exit::FirstStore { .. } => Next::Interpreter,
        })
    }
}

/// A stay in native code, entered again for each page that it stores to first.
struct Stay {
    /// How it ended.
    end: Return,
    /// The budget that was left when pages were last made ready for stores.
    opened: Option<u64>,
}

impl Stay {
    /// Whether the block at the pc has to run before anything else, and did not.
    fn begun(&self, exit: Exit) -> bool {
        match exit {
            Exit::FirstStore { .. } => true,
            Exit::Limit | Exit::Lookup => self.opened == Some(self.end.left),
            Exit::Side { .. } | Exit::Ecall | Exit::Ebreak => false,
        }
    }
}

/// Runs native code from an entry point, and makes pages ready that it stores to first. There is none if the module is
/// for memory of another size.
fn enter_ready(
    core: &mut Core,
    mut entry: EntryPoint<'_>,
    given: u64,
    mut room: Option<&mut Room<'_>>,
) -> Option<Stay> {
    let mut budget = given;
    let mut opened = None;
    loop {
        let end = enter(&mut core.memory, &entry, budget, room.as_deref_mut())?;
        let Some(Exit::FirstStore { pages }) = Exit::decode(end.word) else {
            return Some(Stay { end, opened });
        };
        let range = core.memory.context().store_range;
        let again = entry.module().entry_point(core.pc());
        // A budget that rises is a defect, which the caller reports.
        let Some(again) = again.filter(|_| end.left <= budget) else {
            return Some(Stay { end, opened });
        };
        if !core.memory.view().pages.open_range(range, pages) {
            return Some(Stay { end, opened });
        }
        core.exits.store += 1;
        (entry, budget, opened) = (again, end.left, Some(end.left));
    }
}

/// The same in a module that counts, and tells of it. There is none if the module does not count.
fn enter_counted(
    core: &mut Core,
    entry: EntryPoint<'_>,
    given: u64,
    tally: &mut Tally<dyn Recorder>,
) -> Option<Stay> {
    let (module, pc) = (entry.module(), core.pc());
    if !module.counts() {
        return None;
    }
    let key = module.key();
    // `find` compared the module's place with the region that it is for.
    let code = (key.base as usize)..(key.base + key.len) as usize;
    let mut room = tally.room(key, core.memory.as_bytes().get(code)?);
    let stay = enter_ready(core, entry, given, Some(&mut room))?;
    let (used, left) = (room.used, stay.end.left);
    let told = NativeStay {
        pc,
        given,
        moves: &[],
        left,
        end: core.pc(),
        exit: Exit::decode(stay.end.word),
    };
    tally.stay(used, told);
    Some(stay)
}

/// What comes after the interpreter ran a trace, or the rest of one.
fn next(leave: Leave) -> Next {
    match leave {
        Leave::Ecall => Next::Host(Event::Ecall),
        Leave::Ebreak => Next::Host(Event::Ebreak),
        Leave::Paused | Leave::Native => Next::Native,
    }
}

/// Interprets until the host has something to do or this native code can go on, and tells of each trace.
fn interpret_counted(
    core: &mut Core,
    env: &Environment<'_>,
    native: Option<&Attached>,
    tally: &RefCell<Tally<dyn Recorder>>,
) -> Result<Leave, Trap> {
    loop {
        let (head, before) = (core.pc(), core.cycles);
        let result = interpret(core, env, native, 0);
        // Also of one that faults: it was charged. A trace that did not begin was not.
        if core.cycles > before {
            let charged = core.cycles - before;
            tally.borrow_mut().trace(head, charged, &core.memory);
        }
        match result? {
            Leave::Native if !native.is_some_and(|native| native.wants(core.pc())) => {}
            other => return Ok(other),
        }
    }
}

/// Whether native code finds everything as it expects it: `x0` is 0, and no slot holds a trace that the code would
/// not be decoded into any more.
#[inline]
pub(crate) fn is_plain(core: &Core) -> bool {
    core.memory.context().registers[0] == 0 && !core.traces.are_stale()
}

/// The budget in cycles for the next stay in native code.
pub(crate) fn slice(core: &Core) -> u64 {
    SLICE_CYCLES.min(core.max_cycles.saturating_sub(core.cycles))
}

/// Counts the end of a stay in native code. Side exits are counted where the operation behind them is known
/// ([`finish`]).
fn count(exits: &mut Exits, exit: Exit) {
    match exit {
        Exit::Limit => exits.limit += 1,
        Exit::Lookup => exits.lookup += 1,
        Exit::Ecall => exits.ecall += 1,
        Exit::Ebreak => exits.ebreak += 1,
        Exit::Side { .. } | Exit::FirstStore { .. } => {}
    }
}

#[cfg(test)]
mod tests;
