//! The threads that work for an engine beside its machines, and the queue of what they have to do.
//!
//! One thread loads from the cache, a bounded number translate, at low priority. Loading has a thread
//! of its own because it takes a millisecond, and a translation that hangs must not keep what is there
//! from being used. The queue is bounded: when it is full, the code region that was interpreted least gives
//! way. What was interpreted most is translated first.
//!
//! Threads start with the first job and end when the engine is dropped, a translation that is running
//! then after its current unit. Nobody waits for them: a compiler that hangs costs its thread, and
//! nothing else.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use super::entry::Entry;
use super::hints::Copied;
use super::shared::Shared;
use super::warm::WarmElf;
use super::{Unavailable, lock};

/// Texts that may wait to be loaded. They are small, and done at once.
const LOADS: usize = 1024;

/// What the threads do.
#[derive(Debug)]
pub(super) enum Job {
    /// Look for the module of a code region in the cache.
    Load(Arc<Entry>),
    /// Make it, with the hints of a guest.
    Translate(Arc<Entry>, Copied),
    /// Make or load the modules of a program of the warm list.
    Warm(WarmElf),
    /// Map a module of the cache that a warm list names.
    Preload(super::warm::WarmModule),
}

/// What a thread takes from the queue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Load,
    Translate,
}

/// The queue, and whether there are threads.
#[derive(Debug)]
pub(super) struct Pool {
    jobs: Mutex<Jobs>,
    wake: Condvar,
    started: AtomicBool,
    stopped: AtomicBool,
    /// Threads that have a job.
    at_work: AtomicUsize,
    /// Texts that may wait for translation.
    queue: usize,
    /// Threads that translate.
    workers: usize,
}

#[derive(Debug, Default)]
struct Jobs {
    loads: VecDeque<Job>,
    translations: Vec<(Arc<Entry>, Copied)>,
    warm: VecDeque<WarmElf>,
}

/// What the threads of an engine have to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Backlog {
    /// Texts to look for in the cache, and modules of the warm list.
    pub loads: usize,
    /// Texts to translate.
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

impl Pool {
    pub(super) fn new(workers: usize, queue: usize) -> Pool {
        Pool {
            jobs: Mutex::default(),
            wake: Condvar::new(),
            started: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            at_work: AtomicUsize::new(0),
            queue,
            workers,
        }
    }

    /// Ends the threads, as soon as they come by.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        let waiting = std::mem::take(&mut *lock(&self.jobs));
        self.wake.notify_all();
        drop(waiting);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// What there is to do.
    pub(super) fn backlog(&self) -> Backlog {
        let jobs = lock(&self.jobs);
        Backlog {
            loads: jobs.loads.len(),
            translations: jobs.translations.len(),
            warm: jobs.warm.len(),
            at_work: self.at_work.load(Ordering::SeqCst),
        }
    }

    /// Puts a job into the queue. The code region for which there is no room comes back.
    fn push(&self, job: Job) -> Option<Arc<Entry>> {
        let mut jobs = lock(&self.jobs);
        let refused = match job {
            Job::Load(entry) if jobs.loads.len() >= LOADS => Some(entry),
            Job::Load(_) | Job::Preload(_) => {
                jobs.loads.push_back(job);
                None
            }
            Job::Warm(elf) => {
                jobs.warm.push_back(elf);
                None
            }
            Job::Translate(entry, hints) => {
                jobs.translations.push((entry, hints));
                match jobs.translations.len() > self.queue {
                    true => jobs.take(|entries| entries.min_by_key(|(_, cycles)| *cycles)),
                    false => None,
                }
                .map(|(entry, _)| entry)
            }
        };
        self.wake.notify_all();
        refused
    }

    /// The next job for a thread; none when the engine is gone.
    fn next(&self, kind: Kind) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        loop {
            if self.is_stopped() {
                return None;
            }
            let job = match kind {
                Kind::Load => jobs.loads.pop_front(),
                Kind::Translate => jobs
                    .take(|entries| entries.max_by_key(|(_, cycles)| *cycles))
                    .map(|(entry, hints)| Job::Translate(entry, hints))
                    .or_else(|| jobs.warm.pop_front().map(Job::Warm)),
            };
            if job.is_some() {
                // Under the lock, so that nobody sees an empty queue and nobody at work in between.
                self.at_work.fetch_add(1, Ordering::SeqCst);
                return job;
            }
            let waited = self.wake.wait(jobs);
            jobs = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Jobs {
    /// Takes the code region that is chosen by the cycles that were interpreted of each.
    fn take(
        &mut self,
        choose: impl FnOnce(&mut dyn Iterator<Item = (usize, u64)>) -> Option<(usize, u64)>,
    ) -> Option<(Arc<Entry>, Copied)> {
        let cycles = |(index, (entry, _)): (usize, &(Arc<Entry>, Copied))| {
            (index, entry.known.interpreted())
        };
        let (index, _) = choose(&mut self.translations.iter().enumerate().map(cycles))?;
        Some(self.translations.remove(index))
    }
}

impl Shared {
    /// Puts a job into the queue, and sees to it that somebody does it.
    pub(super) fn push(self: &Arc<Shared>, job: Job) {
        if let Some(entry) = self.pool.push(job) {
            self.put_off(&entry);
        }
        self.meter.queue(self.pool.backlog().translations);
        if !self.pool.started.swap(true, Ordering::SeqCst) {
            self.start("lockstep-load".to_owned(), Kind::Load);
            for number in 0..self.pool.workers {
                self.start(format!("lockstep-work-{number}"), Kind::Translate);
            }
        }
    }

    /// There is no room in the queue: later, when twice as much was interpreted.
    fn put_off(&self, entry: &Entry) {
        tracing::debug!("the queue for translation is full");
        self.meter.put_off();
        let interpreted = entry.known.interpreted().max(self.budgets.threshold);
        let reason = Unavailable::new("the queue for translation is full");
        entry.put_off(interpreted.saturating_mul(2), reason);
    }

    fn start(self: &Arc<Shared>, name: String, kind: Kind) {
        let shared = Arc::clone(self);
        let work = move || {
            if kind == Kind::Translate {
                give_way();
            }
            while let Some(job) = shared.pool.next(kind) {
                shared.meter.queue(shared.pool.backlog().translations);
                // A panic costs the job, not the thread. What it was about is settled by whoever had
                // claimed it.
                if catch_unwind(AssertUnwindSafe(|| shared.perform(job))).is_err() {
                    tracing::error!("a worker panicked; it goes on with the next job");
                }
                shared.pool.at_work.fetch_sub(1, Ordering::SeqCst);
            }
        };
        if let Err(error) = thread::Builder::new().name(name).spawn(work) {
            tracing::warn!(
                "no thread for translation: {error}; code without modules is interpreted"
            );
        }
    }
}

/// Lowers the priority of this thread as far as it goes. Threads have priorities of their own on Linux
/// only; elsewhere this would be the whole process.
pub(super) fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min)
    {
        tracing::debug!(?error, "translation runs at normal priority");
    }
}
