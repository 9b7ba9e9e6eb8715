//! What the host learns about the work of native code: which intervals are repeated on the interpreter, and what
//! was found where the two differ.
//!
//! An *interval* is what a guest does between two host calls. This file has the questions that the run asks
//! ([`Observer`]) and the evidence that it hands over. It does not run anything: `shadow` repeats intervals,
//! `lockstep` compares block by block.

use std::sync::Arc;

use lockstep_isa::Cost;

use crate::mapping::NativeModule;
use crate::state::Core;
use crate::trap::Trap;

/// What the host is told about the work of native code.
///
/// ```
/// use lockstep_runtime::{Divergence, Observer, Repeat, ShadowPlan};
///
/// /// Has every interval repeated at once.
/// struct Careful;
///
/// impl Observer for Careful {
///     fn shadow_plan(&self) -> ShadowPlan {
///         ShadowPlan {
///             repeat: Some(Repeat::Now),
///             ..ShadowPlan::default()
///         }
///     }
///
///     fn diverged(&self, divergence: &Divergence) -> bool {
///         eprintln!("after {:x?}: {}", divergence.blocks, divergence.difference);
///         true // the guest goes on, on the interpreter
///     }
/// }
///
/// assert_eq!(Careful.shadow_plan().repeat, Some(Repeat::Now));
/// ```
pub trait Observer: Send + Sync {
    /// Says whether the interval that begins now is repeated on the interpreter. Asked at the start of each interval
    /// in which native code may run.
    fn shadow_plan(&self) -> ShadowPlan {
        ShadowPlan::default()
    }

    /// Takes an interval that is to be repeated later, at a time of the observer's choice. The thread that runs
    /// the guest calls it, and waits.
    fn repeat(&self, interval: Interval) {
        drop(interval);
    }

    /// Called when an interval was repeated at once and the interpreter came to another end, which is now the
    /// guest's. The thread that runs the guest calls it, and waits.
    fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        let pc = interval.before.pc();
        tracing::error!(
            pc = format_args!("{pc:#x}"),
            "native code and interpreter differ: {}",
            mismatch.difference
        );
    }

    /// Called when a comparison in lockstep found a difference. The answer says whether the guest goes on, on the
    /// interpreter alone. Otherwise it stops with [`Defect::Diverged`](crate::Defect::Diverged).
    fn diverged(&self, divergence: &Divergence) -> bool {
        tracing::error!(
            blocks = ?divergence.blocks,
            "native code and interpreter differ: {}",
            divergence.difference
        );
        false
    }
}

/// The observer of a host that has none: it has nothing repeated and logs differences.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unobserved;

impl Observer for Unobserved {}

/// Whether and when the interval that begins is repeated on the interpreter. The default is not to repeat it.
///
/// ```
/// use lockstep_runtime::{OnFailure, ShadowPlan};
///
/// let plan = ShadowPlan::default(); // nothing is repeated
/// assert_eq!((plan.repeat, plan.on_failure), (None, OnFailure::Accept));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShadowPlan {
    /// When it is repeated however it ends; `None`: not for that reason.
    pub repeat: Option<Repeat>,
    /// What happens if the guest fails at its end.
    pub on_failure: OnFailure,
}

/// What happens if the guest fails at the end of an interval: by a fault, by an exit with a code other than 0, or by
/// a system call that nobody handles.
///
/// Reaching the cycle limit is not such a failure. A host that runs a guest in pieces stops it by that limit, and
/// whether a trace exceeds the limit is always decided by the interpreter.
///
/// ```
/// use lockstep_runtime::{OnFailure, ShadowPlan};
///
/// let careful = ShadowPlan { repeat: None, on_failure: OnFailure::Repeat };
/// assert_ne!(careful, ShadowPlan::default());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OnFailure {
    /// The failure is accepted.
    #[default]
    Accept,
    /// The interval is repeated at once, and the failure counts only if the interpreter fails in the same way.
    Repeat,
}

/// When an interval is repeated.
///
/// ```
/// use lockstep_runtime::{Repeat, ShadowPlan};
///
/// // The host waits for the interpreter's verdict.
/// let plan = ShadowPlan { repeat: Some(Repeat::Now), ..ShadowPlan::default() };
/// assert_ne!(plan, ShadowPlan::default());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repeat {
    /// Whenever [`Observer::repeat`] has it done.
    Later,
    /// Before the host hears of its end.
    Now,
}

/// What native code did between two host calls, known by its two ends.
///
/// ```
/// use lockstep_runtime::Interval;
///
/// /// Cycles between the two ends.
/// fn cycles(interval: &Interval) -> u64 {
///     interval.native.core.cycles() - interval.before.cycles()
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Interval {
    /// The guest where it began.
    pub before: Core,
    /// The guest where it ended: at a system call, at a fault, or where the host wanted a pause.
    pub native: End,
    /// The modules that may have run.
    pub modules: Vec<Arc<NativeModule>>,
    /// The cost model of these modules.
    pub cost: Cost,
}

/// The other end to which the interpreter came in an interval.
///
/// ```
/// use lockstep_runtime::{Interval, Mismatch, Observer};
///
/// struct Loud;
///
/// impl Observer for Loud {
///     fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
///         eprintln!("from {:#x} on: {}", interval.before.pc(), mismatch.difference);
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Mismatch {
    /// The interpreter's end.
    pub interpreter: End,
    /// The first difference, in words.
    pub difference: String,
}

/// A piece of code after which native code and interpreter are not in the same state.
///
/// ```
/// use lockstep_runtime::Divergence;
///
/// /// The block that differs, if it is known.
/// fn block(divergence: &Divergence) -> Option<u64> {
///     match divergence.blocks[..] {
///         [block] => Some(block),
///         _ => None,
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Divergence {
    /// The heads of the blocks that the interpreter ran, in order. One, if the block is known; none, if the
    /// difference was seen once and could not be seen again.
    pub blocks: Vec<u64>,
    /// The first difference, in words.
    pub difference: String,
    /// The guest before the first of the blocks.
    pub before: Core,
    /// The interpreter after the last.
    pub interpreter: End,
    /// Native code after the last.
    pub native: End,
    /// The module that the native code is from.
    pub module: Option<Arc<NativeModule>>,
}

/// A machine at the end of a piece of code, and how it got there.
///
/// ```
/// use lockstep_runtime::{End, Step};
///
/// /// Whether a guest came to a system call.
/// fn is_call(end: &End) -> bool {
///     end.result == Ok(Step::Ecall)
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct End {
    /// The machine.
    pub core: Core,
    /// Where it came to, or why it stopped.
    pub result: Result<Step, Trap>,
}

/// Where a piece of code came to.
///
/// ```
/// use lockstep_runtime::Step;
///
/// /// Whether the host is asked for something there.
/// fn is_for_the_host(step: Step) -> bool {
///     matches!(step, Step::Ecall | Step::Ebreak)
/// }
///
/// assert!(!is_for_the_host(Step::Head));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The head of the next block.
    Head,
    /// A system call.
    Ecall,
    /// A call of the debugger.
    Ebreak,
}
