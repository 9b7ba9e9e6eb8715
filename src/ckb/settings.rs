//! Which engine the machines of this process use, and what they did.
//!
//! The scheduler of `ckb-script` makes machines by itself, so an engine that is not the
//! environment's has to be put where [`super::NativeMachine`] finds it when it is made. The counters are sums over
//! all machines, for the same reason.

use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::core::Driver;
use crate::engine::Engine;
use crate::engine::meter::{self, Run};

static INSTALLED: RwLock<Option<Arc<Engine>>> = RwLock::new(None);

thread_local! {
    static SCOPED: RefCell<Option<Arc<Engine>>> = const { RefCell::new(None) };
}

/// The engine for a machine that is made here: the thread's, else the installed one, else the
/// environment's.
pub(super) fn engine() -> Arc<Engine> {
    if let Some(engine) = SCOPED.with(|scoped| scoped.borrow().clone()) {
        return engine;
    }
    let installed = INSTALLED.read().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(installed.as_ref().unwrap_or_else(|| Engine::global()))
}

/// Gives this engine to all machines that the process makes from now on, in place of the
/// environment's ([`Engine::global`]).
pub fn install(engine: Arc<Engine>) {
    *INSTALLED.write().unwrap_or_else(PoisonError::into_inner) = Some(engine);
}

/// Gives this engine to the machines that this thread makes while `f` runs.
pub fn with_engine<R>(engine: Arc<Engine>, f: impl FnOnce() -> R) -> R {
    /// Puts the former engine back, also when `f` panics.
    struct Restore(Option<Arc<Engine>>);
    impl Drop for Restore {
        fn drop(&mut self) {
            let former = self.0.take();
            SCOPED.with(|scoped| *scoped.borrow_mut() = former);
        }
    }
    let _restore = Restore(SCOPED.with(|scoped| scoped.replace(Some(engine))));
    f()
}

thread_local! {
    static NEXT_DRIVER: RefCell<Option<Box<dyn Driver>>> = const { RefCell::new(None) };
}

/// Has the machine that this thread makes next run by a driver. The scheduler of `ckb-script` makes the system calls of a
/// process, and then its machine: so what makes the calls can give the machine a driver.
pub fn drive_next(driver: Box<dyn Driver>) {
    NEXT_DRIVER.with(|next| *next.borrow_mut() = Some(driver));
}

/// The driver for a machine that is made now, if it is to have one.
pub(super) fn next_driver() -> Option<Box<dyn Driver>> {
    NEXT_DRIVER.with(|next| next.borrow_mut().take())
}

static RUNS: AtomicU64 = AtomicU64::new(0);
static CHARGED: AtomicU64 = AtomicU64::new(0);
static NATIVE: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static HERE: Cell<Counters> = const { Cell::new(Counters::ZERO) };
}

/// What machines have done so far. Only differences mean something.
///
/// ```
/// use lockstep::ckb::{Counters, thread_counters};
///
/// let before: Counters = thread_counters();
/// // A verification on this thread.
/// let after = thread_counters();
/// println!("{} of {} cycles ran natively",
///     after.native_cycles - before.native_cycles, after.charged_cycles - before.charged_cycles);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Calls of `run`.
    pub runs: u64,
    /// Cycles charged for instructions; what syscalls add is not in it.
    pub charged_cycles: u64,
    /// Those charged by blocks that native code entered.
    pub native_cycles: u64,
}

impl Counters {
    const ZERO: Counters = Counters {
        runs: 0,
        charged_cycles: 0,
        native_cycles: 0,
    };
}

/// The counters of this process.
pub fn counters() -> Counters {
    Counters {
        runs: RUNS.load(Ordering::Relaxed),
        charged_cycles: CHARGED.load(Ordering::Relaxed),
        native_cycles: NATIVE.load(Ordering::Relaxed),
    }
}

/// The counters of this thread: the difference over a verification on it says which engine decided.
pub fn thread_counters() -> Counters {
    HERE.get()
}

/// Adds a run to the counters.
pub(super) fn count(run: Run) {
    RUNS.fetch_add(1, Ordering::Relaxed);
    CHARGED.fetch_add(run.charged, Ordering::Relaxed);
    NATIVE.fetch_add(run.native, Ordering::Relaxed);
    let mut here = HERE.get();
    here.runs += 1;
    here.charged_cycles += run.charged;
    here.native_cycles += run.native;
    HERE.set(here);
    meter::ran(run);
}
