//! Shadow comparison: in production the interpreter repeats some intervals of native code, and the ends are compared.
//!
//! What native code does between two host calls is a pure function of the guest's state. So where the observer asks
//! for it, the state is copied when such an interval begins. When the interval has ended, the interpreter starts from
//! the copy and must come to the same end. That happens at once, or later on another thread ([`Observer::repeat`]).
//! It also happens at once where the guest failed and failures are to be confirmed. Where it happens at once, the
//! interpreter's end is the guest's.
//!
//! The [`Observer`](crate::Observer) decides which intervals are repeated, on which thread, and what becomes of a
//! module that did something else than the interpreter.

use std::sync::Arc;

use lockstep_isa::{Cost, Reg};

use crate::code_source::{CodeSource, Request};
use crate::compare::everything;
use crate::cost_table::CostTable;
use crate::environment::Environment;
use crate::interp::{Leave, interpret};
use crate::lockstep::{Lockstep, Sources};
use crate::mapping::NativeModule;
use crate::memory::{Identity, SetupError};
use crate::observer::{Divergence, End, Interval, Mismatch, OnFailure, Repeat, ShadowPlan, Step};
use crate::run::{Event, RunLoop};
use crate::shared_region::SharedRegion;
use crate::state::Core;
use crate::trap::Trap;

/// Number of the system call `exit`: the low byte of `a0` is the exit code.
pub(crate) const EXIT_NUMBER: u64 = 93;

/// How a call of [`ShadowRunner::advance`] ended.
pub(crate) enum Advanced {
    /// The interval ended with this, which the host is told.
    Ended(Result<Event, Trap>),
    /// The interpreter came to a place in front of the interval's end. The guest is there and has to go on.
    GoesOn,
}

/// Runs the intervals of one guest, one after the other, and repeats those that the observer wants repeated.
#[derive(Debug, Default)]
pub(crate) struct ShadowRunner {
    /// The guest where its current interval began, or a copy whose memory can be used again.
    before: Option<Box<Core>>,
    /// The guest whose interval ended with a system call that may have to be confirmed: native code ran in it, and
    /// failures are to be confirmed.
    unconfirmed: Option<Identity>,
}

impl ShadowRunner {
    /// Forgets the last interval: the guest goes on from where it is.
    #[inline]
    pub(crate) fn forget(&mut self) {
        self.unconfirmed = None;
    }

    /// Runs a guest to the end of its interval, and repeats that on the interpreter if it is to be repeated now.
    pub(crate) fn advance(
        &mut self,
        guest: &mut RunLoop,
        env: &Environment<'_>,
        code: &dyn CodeSource,
        cost: Cost,
        plan: ShadowPlan,
    ) -> Advanced {
        self.unconfirmed = None;
        let before = match self.copy(&guest.core) {
            Ok(before) => before,
            Err(error) => {
                tracing::warn!("an interval of native code is not repeated: {error}");
                return Advanced::Ended(guest.advance(env, Some(code)));
            }
        };
        let native = guest.core.native_cycles;
        let result = guest.advance(env, Some(code));
        if guest.core.native_cycles == native {
            self.before = Some(before);
            return Advanced::Ended(result);
        }
        let confirms = plan.on_failure == OnFailure::Repeat;
        if plan.repeat == Some(Repeat::Now) || (confirms && fails(&guest.core, &result)) {
            let decided = self.decide(guest, env, cost, before, &result);
            return decided.unwrap_or(Advanced::Ended(result));
        }
        if plan.repeat == Some(Repeat::Later) {
            match interval(guest, *before, ended(&result), cost, Core::fork) {
                Ok(interval) => env.observer().repeat(interval),
                Err(error) => tracing::warn!("an interval of native code is not repeated: {error}"),
            }
        } else {
            self.before = Some(before);
            if confirms && result == Ok(Event::Ecall) {
                self.unconfirmed = Some(guest.core.memory.identity());
            }
        }
        Advanced::Ended(result)
    }

    /// Repeats the interval that ended with a system call which nobody handles, if failures are to be confirmed.
    /// `None`, if the interpreter does not come to another end.
    pub(crate) fn confirm_ecall(
        &mut self,
        guest: &mut RunLoop,
        env: &Environment<'_>,
    ) -> Option<Advanced> {
        if self.unconfirmed.take()? != guest.core.memory.identity() {
            return None;
        }
        env.code?;
        let cost = env.cost.model()?;
        let before = self.before.take()?;
        self.decide(guest, env, cost, before, &Ok(Event::Ecall))
    }

    /// A copy of the guest, in memory that was used for that before if there is some.
    fn copy(&mut self, core: &Core) -> Result<Box<Core>, SetupError> {
        match self.before.take() {
            Some(mut before) if before.is_like(core) => {
                before.copy_from(core);
                Ok(before)
            }
            _ => core.fork().map(Box::new),
        }
    }

    /// Lets the interpreter decide. `None`, if it says the same. Otherwise the guest is where the interpreter came
    /// to, and the observer knows.
    fn decide(
        &mut self,
        guest: &mut RunLoop,
        env: &Environment<'_>,
        cost: Cost,
        before: Box<Core>,
        result: &Result<Event, Trap>,
    ) -> Option<Advanced> {
        let mut core = match before.fork() {
            Ok(core) => core,
            Err(error) => {
                tracing::warn!("a failure of native code is not confirmed: {error}");
                return None;
            }
        };
        let native = ended(result);
        let interpreter = match follow(&mut core, env, guest.core.cycles, &native) {
            Ok(Some(step)) => Ok(step),
            Err(trap) => Err(trap),
            Ok(None) => {
                // What the interpreter has done so far is as good as what native code did, or better.
                guest.core.copy_from(&core);
                return Some(Advanced::Ended(Ok(Event::Paused)));
            }
        };
        let Some(difference) = everything(((&core, &interpreter), (&guest.core, &native))) else {
            self.before = Some(before);
            return None;
        };
        let interval = interval(guest, *before, native, cost, Core::fork_whole);
        guest.core.memory.touch_all();
        guest.core.copy_from(&core);
        match interval {
            Ok(interval) => {
                let result = interpreter.clone();
                let interpreter = End { core, result };
                let mismatch = Mismatch {
                    interpreter,
                    difference,
                };
                env.observer().mismatch(interval, mismatch);
            }
            Err(error) => tracing::error!(
                "native code and interpreter differ ({difference}), and there is no memory to say \
                 more: {error}"
            ),
        }
        Some(match interpreter {
            Ok(Step::Ecall) => Advanced::Ended(Ok(Event::Ecall)),
            Ok(Step::Ebreak) => Advanced::Ended(Ok(Event::Ebreak)),
            Ok(Step::Head) => Advanced::GoesOn,
            Err(trap) => Advanced::Ended(Err(trap)),
        })
    }
}

/// Whether this end of a run is the guest's failure.
fn fails(core: &Core, result: &Result<Event, Trap>) -> bool {
    match result {
        Err(trap) => *trap != Trap::CyclesExceeded,
        Ok(Event::Ecall) => {
            let [number, code] = [Reg::A7, Reg::A0].map(|reg| core.register(reg));
            number == EXIT_NUMBER && code as u8 != 0
        }
        Ok(Event::Ebreak | Event::Paused) => false,
    }
}

/// What native code did, with the guest as it is now.
fn interval(
    guest: &RunLoop,
    before: Core,
    result: Result<Step, Trap>,
    cost: Cost,
    copy: impl FnOnce(&Core) -> Result<Core, SetupError>,
) -> Result<Interval, SetupError> {
    let core = copy(&guest.core)?;
    Ok(Interval {
        before,
        native: End { core, result },
        modules: guest.attached.modules(),
        cost,
    })
}

/// Interprets to where native code ended, with so many cycles; if nothing stops the guest there, to the next head
/// behind it. `None`, if the host wanted a pause before.
fn follow(
    core: &mut Core,
    env: &Environment<'_>,
    cycles: u64,
    native: &Result<Step, Trap>,
) -> Result<Option<Step>, Trap> {
    let at_head = *native == Ok(Step::Head);
    let until = cycles.saturating_add(u64::from(!at_head));
    let env = Environment {
        // If it was a pause that ended native code, the host was heard.
        pause: env.pause.filter(|_| !at_head),
        ..*env
    };
    interpret(core, &env, None, until).map(|leave| match leave {
        Leave::Ecall => Some(Step::Ecall),
        Leave::Ebreak => Some(Step::Ebreak),
        Leave::Native => Some(Step::Head),
        Leave::Paused => None,
    })
}

/// How an interval ended. A pause is at the head of a trace.
fn ended(result: &Result<Event, Trap>) -> Result<Step, Trap> {
    match result {
        Ok(Event::Ecall) => Ok(Step::Ecall),
        Ok(Event::Ebreak) => Ok(Step::Ebreak),
        Ok(Event::Paused) => Ok(Step::Head),
        Err(trap) => Err(trap.clone()),
    }
}

impl Interval {
    /// Repeats it on the interpreter. `None`, if that came to the same end.
    ///
    /// # Errors
    /// No memory left.
    pub fn repeat(&self) -> Result<Option<Mismatch>, SetupError> {
        let mut core = self.before.fork()?;
        let cost = CostTable::from(self.cost);
        let alone = Environment::new(&cost);
        let cycles = self.native.core.cycles;
        let followed = follow(&mut core, &alone, cycles, &self.native.result);
        // Nobody wants a pause here.
        let result = followed.map(|step| step.unwrap_or(Step::Head));
        let ends = ((&core, &result), (&self.native.core, &self.native.result));
        Ok(everything(ends).map(|difference| Mismatch {
            difference,
            interpreter: End { core, result },
        }))
    }

    /// Finds the block after which its modules and the interpreter differ, by running it again in lockstep.
    /// `every_block` has modules that leave after every block; without them the result is the shortest piece of code
    /// after which the modules themselves look at their budget. Where everything runs as on the interpreter this
    /// time, the result has no blocks, and the ends that were seen.
    ///
    /// # Errors
    /// No memory left.
    pub fn locate(
        self,
        mismatch: Mismatch,
        every_block: &dyn CodeSource,
    ) -> Result<Divergence, SetupError> {
        let cost = CostTable::from(self.cost);
        let env = Environment::new(&cost);
        let modules = Modules(&self.modules);
        let sources = Sources {
            shipped: &modules,
            every_block,
            cost: self.cost,
        };
        let most = (self.native.core.cycles).max(mismatch.interpreter.core.cycles);
        if let Some(found) = Lockstep::search(&self.before, &env, sources, most)? {
            return Ok(found);
        }
        Ok(Divergence {
            blocks: Vec::new(),
            difference: mismatch.difference,
            before: self.before,
            interpreter: mismatch.interpreter,
            native: self.native,
            module: self.modules.into_iter().next(),
        })
    }
}

/// The modules of an interval, as a source of code.
struct Modules<'a>(&'a [Arc<NativeModule>]);

impl CodeSource for Modules<'_> {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        let place = request.place();
        let fits = |module: &&Arc<NativeModule>| module.key().place() == place;
        let module = self.0.iter().find(fits)?;
        Some(Arc::new(SharedRegion::from(Arc::clone(module))))
    }
}
