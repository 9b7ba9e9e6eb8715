//! Which engine the machines of this process use, and what they did.
//!
//! The scheduler of `ckb-script` makes machines by itself, so an engine that is not the process's
//! has to be put where [`super::NativeMachine`] finds it when it is made. The counters are sums over
//! all machines, for the same reason.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::core::Progress;
use crate::engine::Engine;

thread_local! {
    static SCOPED: RefCell<Option<Arc<Engine>>> = const { RefCell::new(None) };
}

/// The engine of a machine.
#[derive(Clone)]
pub(super) enum Choice {
    /// The process's.
    Global,
    /// One that was handed over.
    Own(Arc<Engine>),
}

impl Choice {
    /// The thread's engine, where one is set, else the process's.
    pub(super) fn of_this_thread() -> Choice {
        SCOPED.with(|scoped| match &*scoped.borrow() {
            Some(engine) => Choice::Own(Arc::clone(engine)),
            None => Choice::Global,
        })
    }

    pub(super) fn engine(&self) -> &Engine {
        match self {
            Choice::Global => Engine::global(),
            Choice::Own(engine) => engine,
        }
    }
}

/// Gives this engine to the machines that this thread makes while `f` runs.
///
/// For all machines of a process there is [`crate::engine::EngineBuilder::install`].
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

static RUNS: AtomicU64 = AtomicU64::new(0);
static CHARGED: AtomicU64 = AtomicU64::new(0);
static NATIVE: AtomicU64 = AtomicU64::new(0);

/// What all machines of this process have done so far. Only differences mean something.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Calls of `run`.
    pub runs: u64,
    /// Cycles charged for instructions; what syscalls add is not in it.
    pub charged_cycles: u64,
    /// Those charged by blocks that native code entered.
    pub native_cycles: u64,
}

/// The counters of this process.
pub fn counters() -> Counters {
    Counters {
        runs: RUNS.load(Ordering::Relaxed),
        charged_cycles: CHARGED.load(Ordering::Relaxed),
        native_cycles: NATIVE.load(Ordering::Relaxed),
    }
}

/// Adds a run to the counters.
pub(super) fn count(before: Progress, after: Progress) {
    RUNS.fetch_add(1, Ordering::Relaxed);
    CHARGED.fetch_add(after.charged - before.charged, Ordering::Relaxed);
    NATIVE.fetch_add(after.native - before.native, Ordering::Relaxed);
}
