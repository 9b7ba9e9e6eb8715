//! What the source of code and all machines with one code region share: its native code at the moment, and how many
//! cycles of it were run.
//!
//! Native code is put here when it is made, and taken away when it is withdrawn, while machines run. Before a machine
//! enters native code it compares one number, the generation. So it notices a change without asking the source of
//! code. Machines add up cycles by themselves and report them here in batches.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::mapping::NativeModule;
use crate::traces::DecodedTraces;

/// Heads of a code region whose interpreted cycles are counted. Those that come later are not.
const COUNTED_HEADS: usize = 4096;

/// A code region, its native code, and its counters.
///
/// ```
/// use lockstep_runtime::SharedRegion;
///
/// let region = SharedRegion::new();
/// region.call_at(10_000_000); // interpreted cycles
/// assert!(region.module().is_none() && !region.is_due());
/// ```
#[derive(Debug)]
pub struct SharedRegion {
    /// Counts the changes of `holding`; written while that is locked.
    generation: AtomicU64,
    holding: Mutex<Holding>,
    interpreted: AtomicU64,
    native: AtomicU64,
    call_at: AtomicU64,
    /// From so many interpreted cycles on, heads are counted.
    heads_from: AtomicU64,
    /// The cycles that were interpreted from a head on until native code took over, by head.
    heads: Mutex<BTreeMap<u64, u64>>,
}

/// What there is for the code region.
#[derive(Clone, Debug)]
pub(crate) enum Holding {
    /// No native code now. Some may be put here later.
    Nothing,
    /// This native code.
    Module(Loaded),
    /// The source of code forgot the code region: it is to be asked again.
    Forgotten,
}

/// Native code, and the traces that machines decoded where they left it.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) module: Arc<NativeModule>,
    pub(crate) traces: Arc<DecodedTraces>,
}

impl From<Arc<NativeModule>> for Loaded {
    fn from(module: Arc<NativeModule>) -> Loaded {
        let traces = DecodedTraces::new(module.key().place().addresses());
        Loaded {
            module,
            traces: Arc::new(traces),
        }
    }
}

impl Default for SharedRegion {
    fn default() -> SharedRegion {
        SharedRegion::new()
    }
}

impl From<Arc<NativeModule>> for SharedRegion {
    fn from(module: Arc<NativeModule>) -> SharedRegion {
        let known = SharedRegion::new();
        known.put(module);
        known
    }
}

impl SharedRegion {
    /// A region without native code. The source of code is not called for its cycles.
    #[must_use]
    pub fn new() -> SharedRegion {
        SharedRegion {
            generation: AtomicU64::new(0),
            holding: Mutex::new(Holding::Nothing),
            interpreted: AtomicU64::new(0),
            native: AtomicU64::new(0),
            call_at: AtomicU64::new(u64::MAX),
            heads_from: AtomicU64::new(u64::MAX),
            heads: Mutex::default(),
        }
    }

    /// Gives native code to all machines with this code region, at their next entry. A code region that was
    /// forgotten stays so.
    pub fn put(&self, module: Arc<NativeModule>) {
        self.change(Holding::Module(Loaded::from(module)));
    }

    /// Takes the native code away: no machine enters it again. One that is inside leaves at the end
    /// of its slice. A code region that was forgotten stays so.
    pub fn withdraw(&self) {
        self.change(Holding::Nothing);
    }

    /// Takes the native code away for good; machines with this code region ask the source of code again.
    pub fn forget(&self) {
        self.change(Holding::Forgotten);
    }

    /// The native code, if there is any.
    #[must_use]
    pub fn module(&self) -> Option<Arc<NativeModule>> {
        match &*self.lock() {
            Holding::Module(loaded) => Some(Arc::clone(&loaded.module)),
            Holding::Nothing | Holding::Forgotten => None,
        }
    }

    /// Cycles of this code region that the interpreter ran, as far as machines reported them.
    #[must_use]
    pub fn interpreted(&self) -> u64 {
        self.interpreted.load(Ordering::Relaxed)
    }

    /// Cycles of this code region that native code ran, as far as machines reported them.
    #[must_use]
    pub fn native(&self) -> u64 {
        self.native.load(Ordering::Relaxed)
    }

    /// Has [`CodeSource::hot`](crate::CodeSource::hot) called when so many cycles were interpreted; with `u64::MAX`
    /// never.
    pub fn call_at(&self, interpreted: u64) {
        self.call_at.store(interpreted, Ordering::Relaxed);
    }

    /// Whether as many cycles were interpreted as [`SharedRegion::call_at`] says.
    #[must_use]
    pub fn is_due(&self) -> bool {
        self.interpreted() >= self.call_at.load(Ordering::Relaxed)
    }

    /// Has heads counted at which native code is missing, from so many interpreted cycles on, and
    /// [`CodeSource::hot`](crate::CodeSource::hot) called at `call_at`. What was counted before is forgotten. Counting
    /// costs a machine some time at each such head, so it is for code of which much is interpreted.
    pub fn count_heads(&self, from: u64, call_at: u64) {
        (self.heads.lock().unwrap_or_else(PoisonError::into_inner)).clear();
        self.heads_from.store(from, Ordering::Relaxed);
        self.call_at(call_at);
    }

    /// The heads that were counted, with the cycles that the interpreter ran from there on until native code took
    /// over, as far as machines reported them. Only the first 4096 heads are counted.
    #[must_use]
    pub fn interpreted_heads(&self) -> Vec<(u64, u64)> {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        heads
            .iter()
            .map(|(&head, &cycles)| (head, cycles))
            .collect()
    }

    /// Whether heads are to be counted.
    #[inline]
    pub(crate) fn counts_heads(&self) -> bool {
        self.interpreted() >= self.heads_from.load(Ordering::Relaxed)
    }

    /// Adds cycles to heads.
    pub(crate) fn add_heads(&self, counted: impl IntoIterator<Item = (u64, u64)>) {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        for (head, cycles) in counted {
            let full = heads.len() >= COUNTED_HEADS;
            match heads.get_mut(&head) {
                Some(sum) => *sum = sum.saturating_add(cycles),
                None if full => {}
                None => {
                    heads.insert(head, cycles);
                }
            }
        }
    }

    /// Adds cycles. The answer says whether the source of code is to be called.
    pub(crate) fn add(&self, interpreted: u64, native: u64) -> bool {
        if native > 0 {
            self.native.fetch_add(native, Ordering::Relaxed);
        }
        if interpreted == 0 {
            return false;
        }
        let before = self.interpreted.fetch_add(interpreted, Ordering::Relaxed);
        before.saturating_add(interpreted) >= self.call_at.load(Ordering::Relaxed)
    }

    /// Whether something changed since this generation.
    #[inline]
    pub(crate) fn changed_since(&self, generation: u64) -> bool {
        self.generation.load(Ordering::Acquire) != generation
    }

    /// What there is, and since which generation.
    pub(crate) fn look(&self) -> (u64, Holding) {
        let holding = self.lock();
        (self.generation.load(Ordering::Relaxed), holding.clone())
    }

    fn change(&self, to: Holding) {
        let mut holding = self.lock();
        if !matches!(*holding, Holding::Forgotten) {
            *holding = to;
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Locks what there is. The value is consistent at every moment, so a panic of another thread does no harm.
    fn lock(&self) -> MutexGuard<'_, Holding> {
        self.holding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
