//! THE run loop: native code where there is some, the interpreter where there is none.
//!
//! Native code leaves only by a reason of [`Exit`]; here is what each leads to. Falling back to the
//! interpreter is an arm of this loop, not a mode: both arms share registers, memory and counters, and
//! each leaves at a place from which the other can go on.
//!
//! Native code gets its budget in slices, so that a pause and the kill switch are seen in bounded
//! time, and never more than the limit leaves, so that it cannot exceed it. After each stay in native
//! code that charged nothing, at least one trace is interpreted: the loop always moves.

use lockstep_contract::exit::Exit;

use crate::check::Sources;
use crate::enter::{Return, enter};
use crate::environment::{Environment, Library};
use crate::interp::Leave;
use crate::state::Core;
use crate::trap::{Defect, Trap};
use crate::watch::Watch;

/// Cycles that native code may charge before it is looked at again.
const SLICE: u64 = 5_000_000;
/// Cycles, more or less, that the interpreter runs before native code is looked for again, which may
/// have been made meanwhile.
const INTERPRETED: u64 = 1_000_000;

/// What the host has to do before the guest can go on.
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

impl Core {
    /// Runs the guest until its host has something to do. The state is then a place from which the
    /// next call goes on; so it is after `CyclesExceeded`, which changes nothing.
    ///
    /// # Errors
    /// Whatever stops the guest, as the oracle's assembly machine names it; `InvalidVersion` for
    /// fusion in a version without it; `Defect` when native code misbehaves.
    pub fn advance(&mut self, env: &Environment<'_>) -> Result<Event, Trap> {
        if self.profile.extensions.mop && !self.profile.version.has_fusion() {
            return Err(Trap::InvalidVersion);
        }
        self.kept.forget();
        let translates = env.cost.model().is_some() && self.memory.chaos_seed().is_none();
        let library = env.library.filter(|_| translates);
        self.traces.follow(&mut self.memory, self.profile);
        if let (Some(library), Some(model)) = (library, env.cost.model()) {
            if let Some(block) = library.checks() {
                if !self.is_plain() {
                    // Native code would do something else, and rightly so.
                    return self.advance_freely(env, None);
                }
                let sources = Sources {
                    whole: library,
                    block,
                    cost: model,
                };
                return self.advance_checked(env, sources);
            }
            self.attached.refresh(&mut self.memory, model);
            let watch = library.watch();
            if watch != Watch::default() && self.is_plain() {
                return self.advance_watched(env, library, model, watch);
            }
        }
        self.advance_freely(env, library)
    }

    /// The loop itself. The code regions are attached.
    pub(crate) fn advance_freely(
        &mut self,
        env: &Environment<'_>,
        library: Option<&dyn Library>,
    ) -> Result<Event, Trap> {
        loop {
            if env.pause.is_some_and(|pause| pause()) {
                return Ok(Event::Paused);
            }
            // Whoever has none to ask, or must not, still looks up now and then.
            let enabled = library.filter(|library| library.enabled() && self.is_plain());
            let next = match enabled {
                Some(library) => {
                    self.run_native(env, library, slice(self.cycles, self.max_cycles))?
                }
                None => Next::Interpreter,
            };
            match next {
                Next::Host(event) => return Ok(event),
                Next::Native => {}
                Next::Interpreter => match self.interpret_slice(env, library, enabled.is_some())? {
                    Leave::Ecall => return Ok(Event::Ecall),
                    Leave::Ebreak => return Ok(Event::Ebreak),
                    Leave::Paused => return Ok(Event::Paused),
                    Leave::Native => {}
                },
            }
        }
    }

    /// Whether native code finds everything as it expects it: `x0` is 0, and no slot holds a trace that
    /// code would not be translated into.
    #[inline]
    fn is_plain(&self) -> bool {
        self.memory.context().registers[0] == 0 && !self.traces.are_stale()
    }

    /// Interprets until native code may take over, if that is wanted, and for a bounded time where
    /// there is a library; counts what was interpreted.
    fn interpret_slice(
        &mut self,
        env: &Environment<'_>,
        library: Option<&dyn Library>,
        native: bool,
    ) -> Result<Leave, Trap> {
        self.exits.interpreted += 1;
        let Some(library) = library else {
            return self.interpret(env, false, u64::MAX);
        };
        let (pc, before) = (self.pc(), self.cycles);
        let result = self.interpret(env, native, before.saturating_add(INTERPRETED));
        let (cycles, profile) = (self.cycles - before, self.profile);
        self.attached
            .count_interpreted(pc, cycles, profile, &self.memory, library);
        if cycles >= INTERPRETED {
            // It may be in one code region all the time and call another that has native code by now.
            self.attached.follow(profile, &self.memory);
        }
        result
    }

    /// Tells the library what this guest ran, as far as that was not told yet. Dropping a guest does
    /// the same.
    pub fn report(&mut self) {
        self.attached.report();
    }

    /// One stay in native code, if there is any for the pc. `given` is its budget, at most what the limit leaves.
    pub(crate) fn run_native(
        &mut self,
        env: &Environment<'_>,
        library: &dyn Library,
        given: u64,
    ) -> Result<Next, Trap> {
        let pc = self.pc();
        let found = self.attached.find(pc, self.profile, &self.memory, library);
        let Some(entry) = found else {
            return Ok(Next::Interpreter);
        };
        let Some(Return { word, left }) = enter(&mut self.memory, &entry, given) else {
            return Ok(Next::Interpreter);
        };
        let Some(used) = given.checked_sub(left) else {
            return Err(Trap::Defect(Defect::Budget { given, left }));
        };
        // At most the limit, which `given` was cut to.
        self.cycles += used;
        self.native_cycles = self.native_cycles.saturating_add(used);
        self.attached.count_native(pc, used);
        let Some(exit) = Exit::decode(word) else {
            let pc = self.pc();
            return Err(Trap::Defect(Defect::Exit { word, pc }));
        };
        self.count(exit);
        Ok(match exit {
            Exit::Limit if slice(self.cycles, self.max_cycles) > left => Next::Native,
            Exit::Limit => Next::Interpreter,
            Exit::Lookup if used > 0 => Next::Native,
            Exit::Lookup => Next::Interpreter,
            Exit::Ecall => Next::Host(Event::Ecall),
            Exit::Ebreak => Next::Host(Event::Ebreak),
            Exit::Side { entries } => match self.finish(env, entries)? {
                Leave::Ecall => Next::Host(Event::Ecall),
                Leave::Ebreak => Next::Host(Event::Ebreak),
                Leave::Paused | Leave::Native => Next::Native,
            },
        })
    }

    /// Counts the end of a stay in native code, but for side exits, which [`Core::finish`] knows more of.
    fn count(&mut self, exit: Exit) {
        match exit {
            Exit::Limit => self.exits.limit += 1,
            Exit::Lookup => self.exits.lookup += 1,
            Exit::Ecall => self.exits.ecall += 1,
            Exit::Ebreak => self.exits.ebreak += 1,
            Exit::Side { .. } => {}
        }
    }
}

/// The budget for the next stay in native code.
pub(crate) fn slice(cycles: u64, max_cycles: u64) -> u64 {
    SLICE.min(max_cycles.saturating_sub(cycles))
}

#[cfg(test)]
pub(crate) mod tests;
