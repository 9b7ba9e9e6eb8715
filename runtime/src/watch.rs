//! Watching native code in production: intervals of it repeated on the interpreter.
//!
//! What native code does between two host calls is a pure function of the guest's state. So where the
//! library asks for it, the state is copied when such a interval begins; when it has ended, the
//! interpreter starts from the copy and must come to the same end. That happens later, on another
//! thread ([`Library::repeat`]), or at once; at once too where the guest failed and failures are to be
//! confirmed. Where it happens at once, the interpreter's end is the guest's.
//!
//! Which intervals, on which thread, and what becomes of a module that is caught, is the library's
//! matter.

use std::sync::Arc;

use lockstep_isa::{Cost, Reg};

use crate::check::{Check, Divergence, End, Sources, Step, everything};
use crate::environment::{CostTable, Environment, Library, Request};
use crate::interp::Leave;
use crate::known::SharedRegion;
use crate::mapping::NativeModule;
use crate::memory::SetupError;
use crate::run::Event;
use crate::state::Core;
use crate::syscall::EXIT;
use crate::trap::Trap;

/// What is to be done about the interval of native code that begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Watch {
    /// It is repeated.
    pub repeat: Option<Repeat>,
    /// It is repeated at once if the guest fails at its end: by a fault, by an exit with another code
    /// than 0, or by a system call that nobody handles. The cycle limit is no failure here: it is
    /// where a run in pieces stops, and whether a trace exceeds it is always the interpreter's word.
    pub failures: bool,
}

/// When a interval is repeated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// By whoever the library gives it to.
    Later,
    /// Before the host hears of its end.
    Now,
}

/// What native code did between two host calls, with nothing but its ends known.
#[derive(Debug)]
pub struct Interval {
    /// Where it began.
    pub before: Core,
    /// Where it ended: at a system call, a fault, or where the host wanted a pause.
    pub native: End,
    /// The modules that may have run.
    pub modules: Vec<Arc<NativeModule>>,
    /// What they charge.
    pub cost: Cost,
}

/// The interpreter came to another end.
#[derive(Debug)]
pub struct Mismatch {
    /// Its end.
    pub interpreter: End,
    /// The first difference, in words.
    pub difference: String,
}

/// The copy of a guest's state where its current interval began.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    core: Option<Box<Core>>,
    /// The interval ended with a system call, native code ran in it, and failures are to be confirmed.
    unconfirmed: bool,
}

impl Kept {
    /// What follows has nothing to do with what was.
    pub(crate) fn forget(&mut self) {
        self.unconfirmed = false;
    }
}

impl Core {
    /// A interval, watched.
    pub(crate) fn advance_watched(
        &mut self,
        env: &Environment<'_>,
        library: &dyn Library,
        cost: Cost,
        watch: Watch,
    ) -> Result<Event, Trap> {
        let kept = match self.kept.core.take() {
            Some(mut core) => {
                core.copy_from(self);
                Ok(core)
            }
            None => self.fork().map(Box::new),
        };
        let before = match kept {
            Ok(before) => before,
            Err(error) => {
                tracing::warn!("native code is not watched: {error}");
                return self.advance_freely(env, Some(library));
            }
        };
        self.kept.unconfirmed = false;
        let native = self.native_cycles;
        let result = self.advance_freely(env, Some(library));
        if self.native_cycles == native {
            self.kept.core = Some(before);
            return result;
        }
        let now = watch.repeat == Some(Repeat::Now) || (watch.failures && self.fails(&result));
        if now {
            return match self.decide(env, library, cost, before, &result) {
                Some(decided) => self.go_on(env, decided),
                None => result,
            };
        }
        if watch.repeat == Some(Repeat::Later) {
            match self.interval(*before, ended(&result), cost, Core::fork) {
                Ok(interval) => library.repeat(interval),
                Err(error) => tracing::warn!("native code is not watched: {error}"),
            }
        } else {
            self.kept.core = Some(before);
            self.kept.unconfirmed = watch.failures && result == Ok(Event::Ecall);
        }
        result
    }

    /// To be called by a host that found nobody to handle a system call, with everything as it was at
    /// that call: where failures are to be confirmed, the interpreter repeats what led to it. Its
    /// result, if it is another one; the guest is where the interpreter came to then.
    pub fn confirm_ecall(&mut self, env: &Environment<'_>) -> Option<Result<Event, Trap>> {
        if !std::mem::take(&mut self.kept.unconfirmed) {
            return None;
        }
        let (library, cost) = (env.library?, env.cost.model()?);
        let before = self.kept.core.take()?;
        let decided = self.decide(env, library, cost, before, &Ok(Event::Ecall))?;
        Some(self.go_on(env, decided))
    }

    /// Whether this end of a run is the guest's failure.
    fn fails(&self, result: &Result<Event, Trap>) -> bool {
        match result {
            Err(trap) => *trap != Trap::CyclesExceeded,
            Ok(Event::Ecall) => {
                let [number, code] = [Reg::A7, Reg::A0].map(|reg| self.register(reg));
                number == EXIT && code as u8 != 0
            }
            Ok(Event::Ebreak | Event::Paused) => false,
        }
    }

    /// Lets the interpreter decide. Nothing: it says the same. Otherwise the guest is where the
    /// interpreter came to, and the library knows.
    fn decide(
        &mut self,
        env: &Environment<'_>,
        library: &dyn Library,
        cost: Cost,
        before: Box<Core>,
        result: &Result<Event, Trap>,
    ) -> Option<Decided> {
        let mut core = match before.fork() {
            Ok(core) => core,
            Err(error) => {
                tracing::warn!("native code is not confirmed: {error}");
                return None;
            }
        };
        let native = ended(result);
        let interpreter = match core.follow(env, self.cycles, &native) {
            Ok(Some(step)) => Ok(step),
            Err(trap) => Err(trap),
            Ok(None) => {
                // What it has done so far is as good as what native code did, or better.
                self.copy_from(&core);
                return Some(Decided::Paused);
            }
        };
        let Some(difference) = everything(((&core, &interpreter), (self, &native))) else {
            self.kept.core = Some(before);
            return None;
        };
        let interval = self.interval(*before, native, cost, Core::fork_whole);
        self.memory.touch_all();
        self.copy_from(&core);
        match interval {
            Ok(interval) => {
                let result = interpreter.clone();
                let interpreter = End { core, result };
                library.mismatch(
                    interval,
                    Mismatch {
                        interpreter,
                        difference,
                    },
                );
            }
            Err(error) => tracing::error!(
                "native code and interpreter differ ({difference}), and there is no memory to say \
                 more: {error}"
            ),
        }
        Some(Decided::End(interpreter))
    }

    /// From where the interpreter came to.
    fn go_on(&mut self, env: &Environment<'_>, decided: Decided) -> Result<Event, Trap> {
        match decided {
            Decided::Paused => Ok(Event::Paused),
            Decided::End(Ok(Step::Ecall)) => Ok(Event::Ecall),
            Decided::End(Ok(Step::Ebreak)) => Ok(Event::Ebreak),
            Decided::End(Ok(Step::Head)) => self.advance(env),
            Decided::End(Err(trap)) => Err(trap),
        }
    }

    /// What native code did, with the guest as it is now.
    fn interval(
        &self,
        before: Core,
        result: Result<Step, Trap>,
        cost: Cost,
        copy: impl FnOnce(&Core) -> Result<Core, SetupError>,
    ) -> Result<Interval, SetupError> {
        let core = copy(self)?;
        Ok(Interval {
            before,
            native: End { core, result },
            modules: self.attached.modules(),
            cost,
        })
    }

    /// Interprets to where native code ended, with so many cycles; if nothing stops the guest there,
    /// to the next head behind it. Nothing: the host wanted a pause before.
    fn follow(
        &mut self,
        env: &Environment<'_>,
        cycles: u64,
        native: &Result<Step, Trap>,
    ) -> Result<Option<Step>, Trap> {
        let at_head = *native == Ok(Step::Head);
        let until = cycles.saturating_add(u64::from(!at_head));
        let env = Environment {
            // Where it was a pause that ended native code, it was heard.
            pause: env.pause.filter(|_| !at_head),
            ..*env
        };
        self.interpret(&env, false, until).map(|leave| match leave {
            Leave::Ecall => Some(Step::Ecall),
            Leave::Ebreak => Some(Step::Ebreak),
            Leave::Native => Some(Step::Head),
            Leave::Paused => None,
        })
    }
}

/// What the interpreter said that native code did not.
enum Decided {
    /// It came to this end.
    End(Result<Step, Trap>),
    /// The host wanted a pause before it came to one.
    Paused,
}

/// How a interval ended. A pause is at the head of a trace.
fn ended(result: &Result<Event, Trap>) -> Result<Step, Trap> {
    match result {
        Ok(Event::Ecall) => Ok(Step::Ecall),
        Ok(Event::Ebreak) => Ok(Step::Ebreak),
        Ok(Event::Paused) => Ok(Step::Head),
        Err(trap) => Err(trap.clone()),
    }
}

impl Interval {
    /// Repeats it on the interpreter. Nothing: it came to the same end.
    ///
    /// # Errors
    /// No memory left.
    pub fn repeat(&self) -> Result<Option<Mismatch>, SetupError> {
        let mut core = self.before.fork()?;
        let cost = CostTable::from(self.cost);
        let alone = Environment {
            cost: &cost,
            pause: None,
            library: None,
        };
        let cycles = self.native.core.cycles;
        let followed = core.follow(&alone, cycles, &self.native.result);
        // Nobody wants a pause here.
        let result = followed.map(|step| step.unwrap_or(Step::Head));
        let ends = ((&core, &result), (&self.native.core, &self.native.result));
        Ok(everything(ends).map(|difference| Mismatch {
            difference,
            interpreter: End { core, result },
        }))
    }

    /// Finds the block after which its modules and the interpreter differ, by running it again in
    /// lockstep. `blocks` has modules that leave after every block; without them the shortest interval
    /// is found that the modules themselves allow. Where it runs as the interpreter does this time,
    /// the result has no blocks, and the ends that were seen.
    ///
    /// # Errors
    /// No memory left.
    pub fn locate(
        self,
        mismatch: Mismatch,
        blocks: &dyn Library,
    ) -> Result<Divergence, SetupError> {
        let cost = CostTable::from(self.cost);
        let env = Environment {
            cost: &cost,
            pause: None,
            library: None,
        };
        let modules = Modules(&self.modules);
        let sources = Sources {
            whole: &modules,
            block: blocks,
            cost: self.cost,
        };
        let most = (self.native.core.cycles).max(mismatch.interpreter.core.cycles);
        if let Some(found) = Check::search(&self.before, &env, sources, most)? {
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

/// The modules of a interval, as a library.
struct Modules<'a>(&'a [Arc<NativeModule>]);

impl Library for Modules<'_> {
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>> {
        let fits = |module: &&Arc<NativeModule>| {
            let key = module.key();
            key.base == request.base && key.len == request.region.len() as u64
        };
        let module = self.0.iter().find(fits)?;
        Some(Arc::new(SharedRegion::from(Arc::clone(module))))
    }
}
