//! The trace interpreter: the arm of the run loop that can do everything.
//!
//! It does what the oracle's assembly machine does, at the same places: a whole trace is decoded and
//! charged before its first instruction runs, so that a failure of either kind leaves everything as
//! it was at the trace's head; a fault inside leaves the pc behind the trace and its whole cost
//! charged. Meanings come from `lockstep_isa`; the primitives on integers are in [`guest`].

use lockstep_isa::Xlen;

use crate::environment::Environment;
use crate::state::{Core, charge};
use crate::trap::Trap;

mod chaos;
pub(crate) mod decoded;
mod guest;
pub(crate) mod trace;
pub mod value;

use decoded::Shared;
use guest::{Guest, Stop};
use trace::Trace;

/// Why the interpreter gave control back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Leave {
    /// The trace ended with `ecall`.
    Ecall,
    /// The trace ended with `ebreak`.
    Ebreak,
    /// The host wants a pause.
    Paused,
    /// Native code may go on from here, or what was asked for is done.
    Native,
}

/// What to run.
#[derive(Clone, Copy, Debug)]
enum Run {
    /// Traces from the pc on, until the counter stands at `until` or above. With `native`, until native
    /// code may take over.
    Traces { native: bool, until: u64 },
    /// The rest of a trace that native code began: decoded, charged.
    Rest(Trace),
}

impl Core {
    /// Interprets at least one trace, unless the host wants a pause before it, and until the counter
    /// stands at `until` or above; with `native`, until native code may take over.
    ///
    /// # Errors
    /// Whatever stops the guest.
    pub(crate) fn interpret(
        &mut self,
        env: &Environment<'_>,
        native: bool,
        until: u64,
    ) -> Result<Leave, Trap> {
        if self.memory.chaos_seed().is_some() {
            return self.interpret_touching(env);
        }
        self.run_traces(env, Run::Traces { native, until })
    }

    /// Interprets one trace, unless the host wants a pause before it: then `Paused`, else `Native`
    /// where nothing else is to be said.
    ///
    /// # Errors
    /// Whatever stops the guest.
    pub(crate) fn interpret_one(&mut self, env: &Environment<'_>) -> Result<Leave, Trap> {
        self.interpret(env, false, 0)
    }

    /// Finishes the trace of which native code left `entries` entries, from the pc on.
    ///
    /// # Errors
    /// Whatever stops the guest.
    pub(crate) fn finish(&mut self, env: &Environment<'_>, entries: u8) -> Result<Leave, Trap> {
        // First: what it drops must not be the rest.
        self.traces.follow(&mut self.memory, self.profile);
        let pc = self.pc();
        let since = self.memory.trusted_since();
        let mut code = self.memory.code();
        let shared = Shared::new(self.attached.module(pc), since);
        let rest = self
            .traces
            .decode_rest(&mut code, pc, entries, self.profile, shared)?;
        let op = self.traces.code(&rest).first().map(|inst| inst.op);
        self.exits.count_side(op);
        let result = self.run_traces(env, Run::Rest(rest));
        self.traces.discard(&rest);
        result
    }

    /// The loop for this register width.
    fn run_traces(&mut self, env: &Environment<'_>, run: Run) -> Result<Leave, Trap> {
        match self.profile.xlen {
            Xlen::X32 => self.run_traces_of::<true>(env, run),
            Xlen::X64 => self.run_traces_of::<false>(env, run),
        }
    }

    /// THE loop of the interpreter, for registers of 64 bits or (`NARROW`) of 32.
    fn run_traces_of<const NARROW: bool>(
        &mut self,
        env: &Environment<'_>,
        run: Run,
    ) -> Result<Leave, Trap> {
        self.traces.follow(&mut self.memory, self.profile);
        let since = self.memory.trusted_since();
        let mut guest = Guest::new(self.memory.view(), self.profile);
        let result = 'run: loop {
            let trace = match run {
                Run::Rest(trace) => trace,
                Run::Traces { .. } => {
                    if env.pause.is_some_and(|pause| pause()) {
                        break Ok(Leave::Paused);
                    }
                    let head = guest.head();
                    let trace = loop {
                        if let Some(trace) = self.traces.find(head) {
                            break trace;
                        }
                        let mut code = guest.code();
                        // Who is alone decodes for itself: native code may be checked by it.
                        let shared = match run {
                            Run::Traces { native: true, .. } => {
                                Shared::new(self.attached.module(head), since)
                            }
                            _ => None,
                        };
                        let (profile, cost) = (self.profile, env.cost);
                        let loaded = self.traces.load(&mut code, head, profile, cost, shared);
                        if let Err(trap) = loaded {
                            break 'run Err(trap);
                        }
                    };
                    // Before the limit is looked at: a trace that was decoded has its slot.
                    guest.note(head);
                    match charge(self.cycles, trace.cycles, self.max_cycles) {
                        Ok(sum) => self.cycles = sum,
                        Err(trap) => break Err(trap),
                    }
                    trace
                }
            };
            match guest.run::<NARROW>(&trace, self.traces.code(&trace)) {
                Ok(()) => {}
                Err(Stop::Ecall) => break Ok(Leave::Ecall),
                Err(Stop::Ebreak) => break Ok(Leave::Ebreak),
                Err(Stop::OutOfBound) => break Err(Trap::MemOutOfBound),
                Err(Stop::Executable) => break Err(Trap::MemWriteOnExecutablePage),
            }
            match run {
                Run::Traces { native, until }
                    if self.cycles < until && !(native && self.attached.wants(guest.pc)) => {}
                _ => break Ok(Leave::Native),
            }
        };
        guest.leave();
        result
    }
}
