//! What an engine does beside its machines: it loads modules and makes them, so that no thread that
//! verifies waits for either.
//!
//! One thread loads from the cache, a bounded number translate, at low priority. Loading has a queue of
//! its own because it takes a millisecond, and a translation that hangs must not keep what is in the
//! cache from being used. The code region that was interpreted most is translated first; when the queue
//! is full, the one that was interpreted least gives way, and is looked at again later.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use lockstep_contract::heat::Heat;
use lockstep_runtime::{NativeModule, Request, SharedRegion};
use lockstep_translator::CodeRegion;

use super::entry::{Entry, State};
use super::hints::Copied;
use super::module_builder::Patience;
use super::prepared::Unavailable;
use super::provider::{Provider, region_of};
use super::queue::{Class, Job, Order, Queue, Refused, Threads};
use super::warm::{
    LineResult, Warming, WarmingCounter, WarmingObserver, warm_module, warm_program,
};
use super::warm_list::{Wanted, WarmModule, WarmProgram, read_list};

/// Code regions that may wait to be loaded. They are small, and done at once.
const QUEUED_LOADS: usize = 1024;

/// The class of code regions that a machine needs, in both queues.
const OF_MACHINES: usize = 0;
/// The class of what a warm list names, in both queues.
const OF_WARM_LIST: usize = 1;

/// Looks into the cache.
enum Load {
    /// For the module of a code region.
    Region(Arc<Entry>),
    /// For a module that a warm list names.
    Module(WarmModule),
}

/// Makes modules.
enum Translation {
    /// That of a code region, with the hints of a guest.
    Region(Arc<Entry>, Copied),
    /// That of a code region which has one already, with this heat and the hints of a guest.
    Hot(Arc<Entry>, Arc<NativeModule>, Heat, Copied),
    /// Those of a program of a warm list.
    Program(WarmProgram),
}

impl Job for Load {
    fn class(&self) -> usize {
        match self {
            Load::Region(_) => OF_MACHINES,
            Load::Module(_) => OF_WARM_LIST,
        }
    }
}

impl Job for Translation {
    fn class(&self) -> usize {
        match self {
            Translation::Region(..) | Translation::Hot(..) => OF_MACHINES,
            Translation::Program(_) => OF_WARM_LIST,
        }
    }

    /// The cycles that were interpreted so far.
    fn urgency(&self) -> u64 {
        match self {
            Translation::Region(entry, _) => entry.known.interpreted(),
            // Since it has a module, others may need a thread more.
            Translation::Hot(_, _, heat, _) => {
                let weights = heat.iter().map(|(_, weight)| weight);
                weights.fold(0, u64::saturating_add)
            }
            Translation::Program(_) => 0,
        }
    }
}

/// What the threads of an engine have to do.
///
/// ```
/// use lockstep::Engine;
///
/// // Nothing was asked of this engine yet.
/// let engine = Engine::builder().no_cache().no_warm().build();
/// assert!(engine.backlog().is_empty());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Backlog {
    /// Code regions to look for in the cache, and modules of the warm list.
    pub loads: usize,
    /// Code regions to translate.
    pub translations: usize,
    /// Programs of the warm list.
    pub warm: usize,
    /// Threads that have something in hand.
    pub at_work: usize,
}

impl Backlog {
    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Backlog::default()
    }
}

/// The queues of an engine, and their threads.
#[derive(Debug)]
pub(super) struct Background {
    provider: Arc<Provider>,
    loads: Queue<Load>,
    translations: Queue<Translation>,
    warming: Arc<WarmingCounter>,
}

impl Background {
    /// Queues for the work of this provider. Threads start with the first job.
    pub(super) fn new(provider: Arc<Provider>, observer: Option<WarmingObserver>) -> Background {
        let warming = Arc::new(WarmingCounter::new(observer));
        let budgets = provider.builder.budgets;
        let class = |capacity, order| Class { capacity, order };
        let (on, counter) = (Arc::clone(&provider), Arc::clone(&warming));
        let loads = Queue::new(
            Threads {
                name: "lockstep-load",
                count: 1,
                low_priority: false,
            },
            &[
                class(Some(QUEUED_LOADS), Order::FirstCome),
                class(None, Order::FirstCome),
            ],
            move |load, _| match load {
                Load::Region(entry) => on.load(&entry, |state| matches!(state, State::Queued)),
                Load::Module(module) => counter.done(warm_module(&on, module)),
            },
        );
        let (on, counter) = (Arc::clone(&provider), Arc::clone(&warming));
        let translations = Queue::new(
            Threads {
                name: "lockstep-work",
                count: budgets.workers,
                low_priority: true,
            },
            &[
                class(Some(budgets.queue), Order::MostUrgent),
                class(None, Order::FirstCome),
            ],
            move |translation, queue| {
                on.meter.queue(queue.waiting(OF_MACHINES));
                match translation {
                    Translation::Region(entry, data) => translate(&on, &entry, &data),
                    Translation::Hot(entry, old, heat, data) => {
                        on.heat(&entry, &old, &heat, &data.hints(&entry.region()));
                    }
                    Translation::Program(program) => counter.done(warm_program(&on, program)),
                }
            },
        );
        Background {
            provider,
            loads,
            translations,
            warming,
        }
    }

    /// What there is to do.
    pub(super) fn backlog(&self) -> Backlog {
        let (loads, translations) = (&self.loads, &self.translations);
        Backlog {
            loads: loads.waiting(OF_MACHINES) + loads.waiting(OF_WARM_LIST),
            translations: translations.waiting(OF_MACHINES),
            warm: translations.waiting(OF_WARM_LIST),
            at_work: loads.busy() + translations.busy(),
        }
    }

    /// How far the warm list is.
    pub(super) fn warming(&self) -> Warming {
        self.warming.warming()
    }

    /// A machine gets to a code region for the first time.
    pub(super) fn find(&self, request: &Request<'_>) -> Arc<SharedRegion> {
        let region = region_of(request);
        let entry = self.provider.store.registry.entry(&region);
        self.see_to(&entry, &region, request);
        self.provider.count_request(&entry);
        Arc::clone(&entry.known)
    }

    /// A machine interpreted a code region without native code for long.
    pub(super) fn hot(&self, request: &Request<'_>, known: &Arc<SharedRegion>) {
        let region = region_of(request);
        let entry = self.provider.store.registry.entry(&region);
        // Otherwise it was forgotten meanwhile, and the machine will ask.
        if Arc::ptr_eq(&entry.known, known) {
            self.see_to(&entry, &region, request);
        }
    }

    /// Puts a code region into the right queue, if there is something to do for it.
    fn see_to(&self, entry: &Arc<Entry>, region: &CodeRegion<'_>, request: &Request<'_>) {
        match entry.state() {
            State::New => {
                if self.provider.store.preloaded.may_have(region) {
                    // Its module is in memory already, and costs no more than a digest.
                    (self.provider).load(entry, |state| matches!(state, State::New));
                } else if entry.queue(|state| matches!(state, State::New)) {
                    self.push_load(Load::Region(Arc::clone(entry)));
                }
            }
            State::Missing(_) | State::Failed(_) if entry.is_due() => {
                let due = |state: &State| matches!(state, State::Missing(_) | State::Failed(_));
                if entry.queue(due) {
                    let data = Copied::from_memory(region, request.memory, request.pc);
                    self.push_translation(Translation::Region(Arc::clone(entry), data));
                }
            }
            State::Has(_) if entry.is_due() => {
                let threshold = self.provider.builder.budgets.threshold;
                if let Some((module, heat)) = entry.take_heat(threshold) {
                    let data = Copied::from_memory(region, request.memory, request.pc);
                    let entry = Arc::clone(entry);
                    self.push_translation(Translation::Hot(entry, module, heat, data));
                }
            }
            _ => {}
        }
    }

    /// Reads a warm list and queues what it names. A list that cannot be read is a warning; one that is not there is
    /// none, because the first start of a node that writes its hot list has no list yet.
    pub(super) fn read_warm_list(&self, list: &Path) {
        let lines = match read_list(list) {
            Ok(lines) => lines,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                tracing::info!(
                    "there is no warm list {} yet; nothing is warmed",
                    list.display()
                );
                return;
            }
            Err(error) => {
                tracing::warn!(
                    "the warm list {}: {error}; nothing is warmed",
                    list.display()
                );
                return;
            }
        };
        self.warming.begin(lines.len());
        tracing::info!(list = %list.display(), lines = lines.len(), "warming");
        for line in lines {
            match line {
                Ok(Wanted::Module(module)) => self.push_load(Load::Module(module)),
                Ok(Wanted::Program(program)) => {
                    self.push_translation(Translation::Program(program));
                }
                Err(error) => {
                    tracing::warn!("{error}; the line is skipped");
                    self.warming.done(LineResult::FAILED);
                }
            }
        }
    }

    fn push_load(&self, load: Load) {
        match self.loads.push(load) {
            Err(Refused::Full(Load::Region(entry))) => self.put_off(&entry, QUEUE_FULL),
            Err(Refused::NoThread(Load::Region(entry))) => self.put_off(&entry, NO_THREAD),
            // The class of the warm list takes any number.
            Err(_) | Ok(()) => {}
        }
    }

    fn push_translation(&self, translation: Translation) {
        match self.translations.push(translation) {
            Err(Refused::Full(Translation::Region(entry, _))) => self.put_off(&entry, QUEUE_FULL),
            Err(Refused::NoThread(Translation::Region(entry, _))) => {
                self.put_off(&entry, NO_THREAD);
            }
            Err(
                Refused::Full(Translation::Hot(entry, ..))
                | Refused::NoThread(Translation::Hot(entry, ..)),
            ) => {
                entry.watch_heat(self.provider.builder.budgets.threshold);
            }
            // The class of the warm list takes any number.
            Err(_) | Ok(()) => {}
        }
        (self.provider.meter).queue(self.translations.waiting(OF_MACHINES));
    }

    /// Nobody works on a code region now: it is looked at again when twice as much was interpreted.
    fn put_off(&self, entry: &Entry, reason: &str) {
        tracing::debug!("{reason}; the code region is looked at again later");
        self.provider.meter.put_off();
        let threshold = self.provider.builder.budgets.threshold;
        let interpreted = entry.known.interpreted().max(threshold);
        entry.put_off(interpreted.saturating_mul(2), Unavailable::new(reason));
    }
}

const QUEUE_FULL: &str = "the queue for translation is full";
const NO_THREAD: &str = "there is no thread for translation";

/// Makes the module of a code region that waited for it.
fn translate(provider: &Provider, entry: &Entry, data: &Copied) {
    // Somebody who did not want to wait may have been at work on it meanwhile.
    if let Some(work) = entry.take(|state| matches!(state, State::Queued)) {
        let mut hints = || data.hints(&entry.region());
        // The reason, where there is no module, is in the log.
        drop(provider.work(entry, true, &mut hints, &mut Patience::Background));
        drop(work);
    }
}
