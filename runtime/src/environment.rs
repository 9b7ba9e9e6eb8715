//! What a run of the guest depends on from outside: costs, a way to pause it, a source of native code.
//!
//! Handed in anew with every call, so that a [`Core`](crate::Core) holds nothing of its host.

use std::fmt;
use std::sync::Arc;

use lockstep_isa::{Cost, Op, Profile};

use crate::check::Divergence;
use crate::known::SharedRegion;
use crate::memory::Memory;
use crate::watch::{Interval, Mismatch, Watch};

/// Outside facts for one call of [`Core::advance`](crate::Core::advance).
#[derive(Clone, Copy)]
pub struct Environment<'a> {
    /// Cycles of each operation. Traces keep what they were charged when they were decoded, so a
    /// guest must see the same table from one reset to the next.
    pub cost: &'a CostTable,
    /// Asked before every trace that is interpreted and every slice of native code; `true` pauses.
    pub pause: Option<&'a dyn Fn() -> bool>,
    /// Where native code comes from; none: everything is interpreted.
    pub library: Option<&'a dyn Library>,
}

impl fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("model", &self.cost.model())
            .field("pause", &self.pause.is_some())
            .field("library", &self.library.is_some())
            .finish()
    }
}

/// A source of native code.
pub trait Library: Send + Sync {
    /// Native code for a run of executable and frozen pages, or the place where it will come, or
    /// nothing where there will never be any. Asked once for each such run, when the guest first gets
    /// there, and again after the code region was forgotten.
    fn find(&self, request: &Request<'_>) -> Option<Arc<SharedRegion>>;

    /// Whether native code may be entered at all: the kill switch, looked at before each slice.
    fn enabled(&self) -> bool {
        true
    }

    /// So many cycles of this code region were interpreted as it asked to be told of
    /// ([`SharedRegion::call_at`]). Called by the thread that runs the guest, which waits.
    fn hot(&self, request: &Request<'_>, region: &Arc<SharedRegion>) {
        let _ = (request, region);
    }

    /// What is to be done about the interval of native code that begins now: asked for each.
    fn watch(&self) -> Watch {
        Watch::default()
    }

    /// A interval that is to be repeated, to the library's own time. Called by the thread that runs
    /// the guest, which waits.
    fn repeat(&self, interval: Interval) {
        drop(interval);
    }

    /// The interpreter came to another end, which is now the guest's. Called by the thread that runs
    /// the guest, which waits.
    fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        let pc = interval.before.pc();
        tracing::error!(
            pc = format_args!("{pc:#x}"),
            "native code and interpreter differ: {}",
            mismatch.difference
        );
    }

    /// Where native code is to be checked: the library of modules for the same code regions that leave
    /// after every block. Code then runs on the interpreter, with both modules beside it, compared.
    fn checks(&self) -> Option<&dyn Library> {
        None
    }

    /// Told of a difference that was found. The answer: whether the guest goes on, on the interpreter
    /// alone; otherwise it stops with [`Defect::Diverged`](crate::Defect::Diverged).
    fn diverged(&self, divergence: &Divergence) -> bool {
        tracing::error!(
            blocks = ?divergence.blocks,
            "native code and interpreter differ: {}",
            divergence.difference
        );
        false
    }
}

/// What native code is asked for.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Version, extensions, register width.
    pub profile: Profile,
    /// The cost model.
    pub cost: Cost,
    /// Bytes of guest memory.
    pub memory_size: usize,
    /// Address of the first byte of code region.
    pub base: u64,
    /// The code region: a maximal run of pages that are executable and frozen.
    pub region: &'a [u8],
    /// All of memory: data may hold pointers to code.
    pub memory: &'a Memory,
    /// Where the guest is: in the code region.
    pub pc: u64,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("profile", &self.profile)
            .field("cost", &self.cost)
            .field("memory_size", &self.memory_size)
            .field("base", &format_args!("{:#x}", self.base))
            .field("len", &format_args!("{:#x}", self.region.len()))
            .field("pc", &format_args!("{:#x}", self.pc))
            .finish_non_exhaustive()
    }
}

/// The cycles of every operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CostTable {
    cycles: Box<[u64]>,
    model: Option<Cost>,
}

impl CostTable {
    /// Costs of any kind. Where they are those of a known model, the table says so.
    pub fn custom(cost: impl Fn(Op) -> u64) -> CostTable {
        let cycles: Box<[u64]> = Op::ALL.iter().map(|op| cost(*op)).collect();
        let model = [Cost::Estimate, Cost::Constant].into_iter().find(|model| {
            Op::ALL
                .iter()
                .zip(&cycles)
                .all(|(op, cycles)| model.cycles(*op) == *cycles)
        });
        CostTable { cycles, model }
    }

    /// Cycles of an operation.
    #[inline]
    #[must_use]
    pub fn cycles(&self, op: Op) -> u64 {
        self.cycles[op.index()]
    }

    /// The known model that these are the costs of; native code exists for these only.
    #[must_use]
    pub fn model(&self) -> Option<Cost> {
        self.model
    }
}

impl From<Cost> for CostTable {
    fn from(cost: Cost) -> CostTable {
        CostTable::custom(|op| cost.cycles(op))
    }
}
