//! A bounded queue of jobs with priorities, and the threads that do them.
//!
//! It knows nothing of what the jobs are. Each job belongs to a class; the classes of a queue are
//! ordered, and a job of an earlier class is done first. Within a class the most urgent job comes
//! first, or the one that came first. A class has a capacity; beyond it, the job that would be done
//! last is handed back to whoever pushed.
//!
//! Threads start with the first job. Where the system has no thread to give, the queue works with
//! those it has and asks again with a later job. Without any thread, a job of a class that is bounded
//! is handed back, so that its owner can go on without; a job of an unbounded class waits.
//!
//! A panic of a job ends the job, not its thread. Dropping the queue drops the jobs that wait and ends
//! the threads after what they have in hand. Nobody waits for them: a job that hangs costs its thread,
//! and nothing else.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::sync::lock;

/// How long after a failure to start a thread the next one is tried.
const THREAD_RETRY_INTERVAL: Duration = Duration::from_millis(100);

/// Something that a queue can hold.
pub(super) trait Job: Send + 'static {
    /// Which of the queue's classes it belongs to, by index.
    fn class(&self) -> usize;

    /// How urgent it is, for classes in the order [`Order::MostUrgent`]. Asked whenever the queue has
    /// to choose, so it may change while the job waits.
    fn urgency(&self) -> u64 {
        0
    }
}

/// The jobs of one kind: how many may wait, and which is done first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Class {
    /// Jobs that may wait; none: any number.
    pub(super) capacity: Option<usize>,
    pub(super) order: Order,
}

/// Which job of a class is done first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// The one that came first.
    FirstCome,
    /// The one of the highest [`Job::urgency`]; among equals, the one that came first.
    MostUrgent,
}

/// The threads of a queue.
#[derive(Clone, Debug)]
pub(super) struct Threads {
    /// Their name; of several threads each has its number behind it.
    pub(super) name: &'static str,
    /// How many there are.
    pub(super) count: usize,
    /// Whether they give way to all other threads of the machine.
    pub(super) low_priority: bool,
}

/// Why a job was handed back.
#[derive(Debug)]
pub(super) enum Refused<J> {
    /// Its class is full, and this job, which need not be the one that was pushed, would be done last.
    Full(J),
    /// There is no thread, and the system gives none.
    NoThread(J),
}

/// Starts a thread of this name.
type Spawn = fn(String, Box<dyn FnOnce() + Send>) -> io::Result<()>;

/// What does a job.
type Perform<J> = dyn Fn(J, &Pusher<J>) + Send + Sync;

/// A queue and its threads.
pub(super) struct Queue<J: Job>(Arc<Shared<J>>);

struct Shared<J: Job> {
    threads: Threads,
    spawn: Spawn,
    perform: Box<Perform<J>>,
    state: Mutex<State<J>>,
    wake: Condvar,
}

struct State<J> {
    lanes: Vec<Lane<J>>,
    /// Threads that run.
    running: usize,
    /// Threads that have a job.
    busy: usize,
    /// When a thread could not be started, unless one was since.
    spawn_failed: Option<Instant>,
    stopped: bool,
}

/// The jobs of one class.
struct Lane<J> {
    class: Class,
    jobs: VecDeque<J>,
}

/// What a job is given to push other jobs into its own queue.
pub(super) struct Pusher<J: Job>(Arc<Shared<J>>);

impl<J: Job> fmt::Debug for Queue<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("threads", &self.0.threads)
            .finish_non_exhaustive()
    }
}

impl<J: Job> Queue<J> {
    /// A queue of jobs of these classes, which `perform` does.
    pub(super) fn new(
        threads: Threads,
        classes: &[Class],
        perform: impl Fn(J, &Pusher<J>) + Send + Sync + 'static,
    ) -> Queue<J> {
        Queue::with_spawn(threads, classes, spawn, perform)
    }

    fn with_spawn(
        threads: Threads,
        classes: &[Class],
        spawn: Spawn,
        perform: impl Fn(J, &Pusher<J>) + Send + Sync + 'static,
    ) -> Queue<J> {
        let lane = |class: &Class| Lane {
            class: *class,
            jobs: VecDeque::new(),
        };
        Queue(Arc::new(Shared {
            threads,
            spawn,
            perform: Box::new(perform),
            state: Mutex::new(State {
                lanes: classes.iter().map(lane).collect(),
                running: 0,
                busy: 0,
                spawn_failed: None,
                stopped: false,
            }),
            wake: Condvar::new(),
        }))
    }

    /// Puts a job into the queue.
    ///
    /// # Errors
    /// The job for which there is no room, or no thread.
    pub(super) fn push(&self, job: J) -> Result<(), Refused<J>> {
        Pusher(Arc::clone(&self.0)).push(job)
    }

    /// Jobs of a class that wait.
    pub(super) fn waiting(&self, class: usize) -> usize {
        Pusher(Arc::clone(&self.0)).waiting(class)
    }

    /// Threads that have a job. A job that was taken from the queue counts at once.
    pub(super) fn busy(&self) -> usize {
        lock(&self.0.state).busy
    }

    /// Whether no job waits and no thread has one.
    pub(super) fn is_idle(&self) -> bool {
        let state = lock(&self.0.state);
        state.busy == 0 && state.lanes.iter().all(|lane| lane.jobs.is_empty())
    }
}

impl<J: Job> Drop for Queue<J> {
    fn drop(&mut self) {
        let mut state = lock(&self.0.state);
        state.stopped = true;
        let lanes = std::mem::take(&mut state.lanes);
        drop(state);
        self.0.wake.notify_all();
        // What a job holds is released without the lock.
        drop(lanes);
    }
}

impl<J: Job> Pusher<J> {
    /// As [`Queue::waiting`].
    pub(super) fn waiting(&self, class: usize) -> usize {
        let state = lock(&self.0.state);
        state.lanes.get(class).map_or(0, |lane| lane.jobs.len())
    }

    /// As [`Queue::push`].
    pub(super) fn push(&self, job: J) -> Result<(), Refused<J>> {
        let shared = &self.0;
        let class = job.class();
        let mut state = lock(&shared.state);
        let Some(lane) = state.lanes.get_mut(class) else {
            // The queue was dropped.
            return Ok(());
        };
        lane.jobs.push_back(job);
        let bound = lane.class.capacity;
        let surplus = match bound {
            Some(capacity) if lane.jobs.len() > capacity => lane.take_last(),
            _ => None,
        };
        shared.start_threads(&mut state);
        let stranded = match (state.running, bound) {
            (0, Some(_)) => state
                .lanes
                .get_mut(class)
                .and_then(|lane| lane.jobs.pop_back()),
            _ => None,
        };
        drop(state);
        shared.wake.notify_all();
        match (surplus, stranded) {
            (Some(job), _) => Err(Refused::Full(job)),
            (None, Some(job)) => Err(Refused::NoThread(job)),
            (None, None) => Ok(()),
        }
    }
}

impl<J: Job> Shared<J> {
    /// Starts the threads that are not running yet, unless that failed a moment ago.
    fn start_threads(self: &Arc<Shared<J>>, state: &mut State<J>) {
        let failed_now = |at: &Instant| at.elapsed() < THREAD_RETRY_INTERVAL;
        if state.spawn_failed.as_ref().is_some_and(failed_now) {
            return;
        }
        while state.running < self.threads.count {
            let name = match self.threads.count {
                1 => self.threads.name.to_owned(),
                _ => format!("{}-{}", self.threads.name, state.running),
            };
            let shared = Arc::clone(self);
            if let Err(error) = (self.spawn)(name, Box::new(move || shared.work())) {
                // Once, until there is one again: the system may have no threads for long.
                if state.spawn_failed.is_none() {
                    tracing::warn!(
                        "the system gives no thread {}: {error}; {} of {} run, and others are \
                         started later",
                        self.threads.name,
                        state.running,
                        self.threads.count
                    );
                }
                state.spawn_failed = Some(Instant::now());
                return;
            }
            state.running += 1;
            state.spawn_failed = None;
        }
    }

    /// What a thread of the queue does.
    fn work(self: Arc<Shared<J>>) {
        if self.threads.low_priority {
            lower_priority();
        }
        let pusher = Pusher(Arc::clone(&self));
        while let Some(job) = self.next() {
            if catch_unwind(AssertUnwindSafe(|| (self.perform)(job, &pusher))).is_err() {
                tracing::error!(
                    "a job of the thread {} panicked; it goes on with the next one",
                    self.threads.name
                );
            }
            lock(&self.state).busy -= 1;
        }
    }

    /// Waits for the next job; none when the queue was dropped.
    fn next(&self) -> Option<J> {
        let mut state = lock(&self.state);
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.lanes.iter_mut().find_map(Lane::take_first) {
                // Under the lock, so that nobody sees an empty queue and no busy thread in between.
                state.busy += 1;
                return Some(job);
            }
            let waited = self.wake.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<J: Job> Lane<J> {
    /// The job that is to be done next.
    fn take_first(&mut self) -> Option<J> {
        match self.class.order {
            Order::FirstCome => self.jobs.pop_front(),
            Order::MostUrgent => {
                let jobs = self.jobs.iter().enumerate().rev();
                let (index, _) = jobs.max_by_key(|(_, job)| job.urgency())?;
                self.jobs.remove(index)
            }
        }
    }

    /// The job that would be done last.
    fn take_last(&mut self) -> Option<J> {
        match self.class.order {
            Order::FirstCome => self.jobs.pop_back(),
            Order::MostUrgent => {
                let jobs = self.jobs.iter().enumerate().rev();
                let (index, _) = jobs.min_by_key(|(_, job)| job.urgency())?;
                self.jobs.remove(index)
            }
        }
    }
}

fn spawn(name: String, work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name(name).spawn(work).map(drop)
}

/// Lowers the priority of this thread as far as it goes. Threads have priorities of their own on Linux
/// only; elsewhere this would be the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) =
        thread_priority::set_current_thread_priority(thread_priority::ThreadPriority::Min)
    {
        tracing::debug!(?error, "a thread of the engine runs at normal priority");
    }
}

#[cfg(test)]
mod tests;
