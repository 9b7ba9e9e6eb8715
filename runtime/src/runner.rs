//! A guest with everything that running it takes: its state, the native code that was found for it, and the machines
//! that run beside it where native code is compared with the interpreter.
//!
//! This is what a host drives. It decides, at each call, in which of three ways the guest runs: by the run loop alone
//! (`run`), with intervals repeated on the interpreter (`shadow`), or in lockstep (`lockstep`). It serves no host calls:
//! that is the host's part, or a [`Machine`](crate::Machine)'s.

use crate::environment::Environment;
use crate::lockstep::{Lockstep, Sources};
use crate::observer::ShadowPlan;
use crate::run::{Event, RunLoop, is_plain};
use crate::shadow::{Advanced, ShadowRunner};
use crate::state::Core;
use crate::trap::Trap;

/// Runs one guest.
///
/// ```
/// use lockstep_runtime::{Core, CostTable, Environment, Event, Runner};
/// # use lockstep_isa::Reg;
/// # use lockstep_contract::pages::{EXECUTABLE, FREEZED};
/// # use lockstep_isa::{Cost, Profile, Version};
///
/// let mut core = Core::new(Profile::of(Version::V2), 1 << 16, 1000)?;
/// core.memory_mut().store_bytes(0x1000, &[0x93, 0x08, 0xd0, 0x05, 0x73, 0, 0, 0])?; // li a7, 93; ecall
/// core.memory_mut().set_flag(1, EXECUTABLE | FREEZED)?;
/// core.set_pc(0x1000);
///
/// let cost = CostTable::from(Cost::Estimate);
/// let mut guest = Runner::new(core);
/// assert_eq!(guest.advance(&Environment::new(&cost))?, Event::Ecall);
/// assert_eq!(guest.core().register(Reg::A7), 93);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Runner {
    guest: RunLoop,
    shadow: ShadowRunner,
    lockstep: Option<Box<Lockstep>>,
}

impl Runner {
    /// For this guest, wherever it is.
    #[must_use]
    pub fn new(core: Core) -> Runner {
        Runner {
            guest: RunLoop::new(core),
            shadow: ShadowRunner::default(),
            lockstep: None,
        }
    }

    /// The guest.
    #[inline]
    #[must_use]
    pub fn core(&self) -> &Core {
        &self.guest.core
    }

    /// The guest. It may be changed in any way, and replaced by another.
    #[inline]
    pub fn core_mut(&mut self) -> &mut Core {
        &mut self.guest.core
    }

    /// The guest alone.
    #[must_use]
    pub fn into_core(self) -> Core {
        self.guest.core
    }

    /// Runs the guest until its host has something to do. The state is then a place from which the next call goes
    /// on. After `CyclesExceeded`, which changes nothing, a call with a higher limit goes on too.
    ///
    /// # Errors
    /// Whatever stops the guest, by the name that CKB-VM's assembly machine has for it; `InvalidVersion` for fusion
    /// in a version without it; `Defect` when native code misbehaves.
    pub fn advance(&mut self, env: &Environment<'_>) -> Result<Event, Trap> {
        loop {
            match self.advance_once(env) {
                Advanced::Ended(result) => return result,
                Advanced::GoesOn => {}
            }
        }
    }

    /// To be called by a host that found nobody to handle a system call, with everything as it was at that call. If
    /// failures are to be confirmed ([`OnFailure::Repeat`](crate::OnFailure::Repeat)), the interpreter repeats the interval that
    /// led to the call. The answer is its result if that is another one; the guest is then where the interpreter came
    /// to.
    pub fn confirm_ecall(&mut self, env: &Environment<'_>) -> Option<Result<Event, Trap>> {
        match self.shadow.confirm_ecall(&mut self.guest, env)? {
            Advanced::Ended(result) => Some(result),
            Advanced::GoesOn => Some(self.advance(env)),
        }
    }

    /// Reports the cycles that this guest ran, as far as they were not reported yet, to the code regions in which it
    /// ran them ([`SharedRegion`](crate::SharedRegion)). Dropping a runner does the same.
    pub fn report(&mut self) {
        self.guest.attached.report();
    }

    fn advance_once(&mut self, env: &Environment<'_>) -> Advanced {
        let core = &mut self.guest.core;
        if core.profile.extensions.mop && !core.profile.version.has_fusion() {
            return Advanced::Ended(Err(Trap::InvalidVersion));
        }
        self.shadow.forget();
        core.traces.follow(&mut core.memory, core.profile);
        let native =
            (env.code.zip(env.cost.model())).filter(|_| core.memory.chaos_seed().is_none());
        let Some((code, cost)) = native else {
            return Advanced::Ended(self.guest.advance(env, None));
        };
        // What is counted is run once, and as it is.
        let every_block = code.every_block().filter(|_| env.tally.is_none());
        if let Some(every_block) = every_block {
            if !is_plain(core) {
                // Native code would do something else, and rightly so.
                return Advanced::Ended(self.guest.advance(env, None));
            }
            let sources = Sources {
                shipped: code,
                every_block,
                cost,
            };
            return Advanced::Ended(self.advance_in_lockstep(env, sources));
        }
        self.guest.attached.refresh(&mut core.memory, cost);
        if let Some(observer) = env.observer.filter(|_| env.tally.is_none()) {
            let plan = observer.shadow_plan();
            if plan != ShadowPlan::default() && is_plain(core) {
                return (self.shadow).advance(&mut self.guest, env, code, cost, plan);
            }
        }
        Advanced::Ended(self.guest.advance(env, Some(code)))
    }

    fn advance_in_lockstep(
        &mut self,
        env: &Environment<'_>,
        sources: Sources<'_>,
    ) -> Result<Event, Trap> {
        let core = &mut self.guest.core;
        let lockstep = match &mut self.lockstep {
            Some(lockstep) if lockstep.is_of(core) => lockstep,
            other => {
                let new = Lockstep::new(core).map_err(|error| Trap::External(error.to_string()))?;
                other.insert(Box::new(new))
            }
        };
        lockstep.advance(core, env, sources)
    }
}
