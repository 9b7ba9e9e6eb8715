//! Shadow checking: a sampled share of what native code does is repeated on the interpreter, on a
//! thread of its own, and a module that did something else is quarantined.
//!
//! Which intervals are sampled follows from their number alone: a hash of it is compared with the
//! share, so that no pattern of a script's host calls stays out of sight. The queue is bounded; when it
//! is full, intervals are dropped and counted. Nothing here can make a run fail: where the interpreter
//! has not been asked yet, the run has the verdict that it has.
//!
//! When a difference is seen, the modules of the interval are taken away at once. Then the interval runs
//! again in lockstep, which names the block and the module; that one is quarantined, a bundle is
//! written, and the others come back.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use lockstep_contract::key::KeyId;
use lockstep_runtime::{
    Divergence, Interval, Mismatch, NativeModule, Repeat, Watch, retire_spare_mappings,
};
use lockstep_translator::Options;

use super::meter::Meter;
use super::mode::{InvalidSetting, variable};
use super::settings::EngineBuilder;
use super::shared::Shared;
use super::{Mode, Translate, lock, pool};

/// Intervals that may wait. Each holds two copies of the pages that a guest has in use.
const QUEUE: usize = 16;

/// Which share of all intervals is repeated: `LOCKSTEP_SHADOW`, from 0 to 1; 0.001 by default.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share(f64);

impl Share {
    /// None at all.
    pub const NONE: Share = Share(0.0);

    /// This share; nothing outside of 0 to 1 is one.
    #[must_use]
    pub fn new(share: f64) -> Option<Share> {
        (0.0..=1.0).contains(&share).then_some(Share(share))
    }

    /// Whether the interval with this number is one of them.
    fn has(self, number: u64) -> bool {
        self.0 >= 1.0 || (hash(number) as f64) < self.0 * 2f64.powi(64)
    }
}

impl Default for Share {
    /// One in a thousand: under a hundredth of the time of a thread that verifies.
    fn default() -> Share {
        Share(0.001)
    }
}

impl Share {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When that is no share.
    pub fn from_environment() -> Result<Option<Share>, InvalidSetting> {
        variable("LOCKSTEP_SHADOW")
    }
}

impl FromStr for Share {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Share, InvalidSetting> {
        let share = value.parse().ok().and_then(Share::new);
        share.ok_or_else(|| InvalidSetting {
            setting: "LOCKSTEP_SHADOW",
            value: value.to_owned(),
            choices: "a share from 0 to 1",
        })
    }
}

/// What is repeated before the host hears of it, so that the interpreter's verdict is the run's:
/// `LOCKSTEP_CONFIRM`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Confirm {
    /// `nothing`: what shadow checking finds comes later.
    #[default]
    Nothing,
    /// `failures`: what a guest did before it failed. Costs a copy of its state at every host call.
    Failures,
    /// `sampled`: failures, and every interval that shadow checking samples.
    Sampled,
}

impl Confirm {
    /// What the environment asks for, if anything.
    ///
    /// # Errors
    /// When it asks for something that there is not.
    pub fn from_environment() -> Result<Option<Confirm>, InvalidSetting> {
        variable("LOCKSTEP_CONFIRM")
    }
}

impl FromStr for Confirm {
    type Err = InvalidSetting;

    fn from_str(value: &str) -> Result<Confirm, InvalidSetting> {
        match value {
            "nothing" => Ok(Confirm::Nothing),
            "failures" => Ok(Confirm::Failures),
            "sampled" => Ok(Confirm::Sampled),
            _ => Err(InvalidSetting {
                setting: "LOCKSTEP_CONFIRM",
                value: value.to_owned(),
                choices: "nothing, failures, sampled",
            }),
        }
    }
}

/// The shadow of an engine.
pub(super) struct Shadow {
    share: Share,
    confirm: Confirm,
    /// Intervals so far.
    count: AtomicU64,
    jobs: Mutex<Jobs>,
    wake: Condvar,
    started: AtomicBool,
    /// Intervals in the queue.
    waiting: AtomicUsize,
    /// For the engine of modules that leave after every block.
    builder: EngineBuilder,
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow")
            .field("share", &self.share)
            .field("confirm", &self.confirm)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Jobs {
    found: VecDeque<Case>,
    intervals: VecDeque<Box<Interval>>,
    at_work: bool,
    stopped: bool,
}

/// A difference that was seen.
#[derive(Debug)]
struct Case {
    interval: Interval,
    mismatch: Mismatch,
    /// Modules that were taken away and may come back.
    barred: Vec<KeyId>,
}

/// What the thread does.
enum Job {
    Repeat(Box<Interval>),
    Locate(Box<Case>),
}

impl Shadow {
    pub(super) fn new(share: Share, confirm: Confirm, builder: EngineBuilder) -> Shadow {
        Shadow {
            share,
            confirm,
            count: AtomicU64::new(0),
            jobs: Mutex::default(),
            wake: Condvar::new(),
            started: AtomicBool::new(false),
            waiting: AtomicUsize::new(0),
            builder,
        }
    }

    /// What is to be done about the next interval.
    pub(super) fn watch(&self, meter: &Meter) -> Watch {
        let mut sampled = self.share != Share::NONE
            && (self.share).has(self.count.fetch_add(1, Ordering::Relaxed));
        let when = match self.confirm {
            Confirm::Sampled => Repeat::Now,
            Confirm::Nothing | Confirm::Failures => Repeat::Later,
        };
        if sampled && when == Repeat::Later && self.waiting.load(Ordering::Relaxed) >= QUEUE {
            // Before its state is copied for nothing.
            meter.shadowed("dropped");
            sampled = false;
        }
        Watch {
            repeat: sampled.then_some(when),
            failures: self.confirm != Confirm::Nothing,
        }
    }

    /// Whether everything that was sampled so far has been dealt with.
    pub(super) fn is_idle(&self) -> bool {
        let jobs = lock(&self.jobs);
        jobs.found.is_empty() && jobs.intervals.is_empty() && !jobs.at_work
    }

    /// Ends the thread as soon as it comes by.
    pub(super) fn stop(&self) {
        let waiting = std::mem::replace(
            &mut *lock(&self.jobs),
            Jobs {
                stopped: true,
                ..Jobs::default()
            },
        );
        self.wake.notify_all();
        drop(waiting);
    }

    /// The next job; none when the engine is gone.
    fn next(&self) -> Option<Job> {
        let mut jobs = lock(&self.jobs);
        jobs.at_work = false;
        loop {
            if jobs.stopped {
                return None;
            }
            let found = (jobs.found.pop_front()).map(|case| Job::Locate(Box::new(case)));
            let job = found.or_else(|| jobs.intervals.pop_front().map(Job::Repeat));
            self.waiting.store(jobs.intervals.len(), Ordering::Relaxed);
            if job.is_some() {
                jobs.at_work = true;
                return job;
            }
            let waited = self.wake.wait(jobs);
            jobs = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    /// Takes a interval into the queue, if there is room.
    pub(super) fn repeat(self: &Arc<Shared>, interval: Interval) {
        let mut jobs = lock(&self.shadow.jobs);
        if jobs.intervals.len() >= QUEUE {
            drop(jobs);
            self.meter.shadowed("dropped");
            return;
        }
        jobs.intervals.push_back(Box::new(interval));
        (self.shadow.waiting).store(jobs.intervals.len(), Ordering::Relaxed);
        drop(jobs);
        self.wake_shadow();
    }

    /// A difference was seen: its modules do not run from here on, whoever is to blame.
    pub(super) fn mismatch(self: &Arc<Shared>, interval: Interval, mismatch: Mismatch) {
        self.meter.mismatch();
        tracing::error!(
            "native code and interpreter came to different ends from {:#x} on: {}",
            interval.before.pc(),
            mismatch.difference
        );
        let ids = interval.modules.iter().map(|module| module.key().id());
        let barred = match interval.modules.as_slice() {
            [one] => {
                self.quarantine(&one.key().id(), &mismatch.difference);
                Vec::new()
            }
            // What somebody else has switched off stays so.
            _ => ids
                .filter(|id| self.switches.set(id, false, &self.registry))
                .collect(),
        };
        // What it wrote, and where, nobody knows.
        retire_spare_mappings();
        lock(&self.shadow.jobs).found.push_back(Case {
            interval,
            mismatch,
            barred,
        });
        self.wake_shadow();
    }

    fn wake_shadow(self: &Arc<Shared>) {
        self.shadow.wake.notify_one();
        if self.shadow.started.swap(true, Ordering::SeqCst) {
            return;
        }
        let shared = Arc::clone(self);
        let work = move || {
            pool::give_way();
            while let Some(job) = shared.shadow.next() {
                // A panic costs the job, not the thread.
                if catch_unwind(AssertUnwindSafe(|| shared.shadow_job(job))).is_err() {
                    tracing::error!("shadow checking panicked; it goes on with the next interval");
                }
            }
        };
        let thread = thread::Builder::new().name("lockstep-shadow".to_owned());
        if let Err(error) = thread.spawn(work) {
            tracing::warn!("no thread for shadow checking: {error}");
        }
    }

    fn shadow_job(self: &Arc<Shared>, job: Job) {
        match job {
            Job::Repeat(interval) => match interval.repeat() {
                Ok(None) => self.meter.shadowed("same"),
                Ok(Some(mismatch)) => {
                    self.meter.shadowed("different");
                    self.mismatch(*interval, mismatch);
                }
                Err(error) => {
                    self.meter.shadowed("dropped");
                    tracing::warn!("a interval is not repeated: {error}");
                }
            },
            Job::Locate(case) => self.locate(*case),
        }
    }

    /// Finds the block and the module, quarantines it, and writes the bundle.
    fn locate(&self, case: Case) {
        let Case {
            interval,
            mismatch,
            barred,
        } = case;
        let modules = interval.modules.clone();
        let reason = mismatch.difference.clone();
        let every_block = Options {
            every_block: true,
            ..self.options.clone()
        };
        let blocks = (self.shadow.builder.clone().no_cache()).engine(
            Mode::Native,
            Translate::Now,
            every_block.clone(),
        );
        let culprits = match interval.locate(mismatch, &blocks) {
            Ok(divergence) => {
                self.record(&divergence, Some(&every_block));
                culprits(&divergence, &modules)
            }
            Err(error) => {
                tracing::error!("no memory to find the block: {error}");
                modules.iter().map(|module| module.key().id()).collect()
            }
        };
        for id in &culprits {
            self.quarantine(id, &reason);
        }
        for id in &barred {
            // The quarantine is for the culprits; the switch was for the time of the search.
            self.switches.set(id, true, &self.registry);
        }
    }
}

/// The modules to blame: the one with the code that was found, or all.
fn culprits(divergence: &Divergence, modules: &[Arc<NativeModule>]) -> Vec<KeyId> {
    let covers = |module: &&Arc<NativeModule>| {
        let key = module.key();
        let has = |block: &u64| (key.base..key.base + key.len).contains(block);
        divergence.blocks.is_empty() || divergence.blocks.iter().any(has)
    };
    let of = |modules: Vec<&Arc<NativeModule>>| -> Vec<KeyId> {
        modules.iter().map(|module| module.key().id()).collect()
    };
    let covering: Vec<&Arc<NativeModule>> = modules.iter().filter(covers).collect();
    match covering.is_empty() {
        true => of(modules.iter().collect()),
        false => of(covering),
    }
}

/// Steele, Lea and Flood's finaliser (SplitMix64).
fn hash(number: u64) -> u64 {
    let mut z = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_numbers_from_0_to_1() {
        for (text, share) in [("0", 0.0), ("0.01", 0.01), ("1", 1.0), ("1e-3", 0.001)] {
            assert_eq!(text.parse::<Share>().unwrap(), Share(share));
        }
        for text in ["", "-1", "1.1", "NaN", "inf", "all", "1%"] {
            assert!(text.parse::<Share>().is_err(), "{text}");
        }
    }

    #[test]
    fn so_many_are_sampled_and_no_pattern_hides() {
        for share in [0.0, 0.001, 0.01, 0.5, 1.0] {
            let sampled = Share(share);
            let count = |step: u64| {
                let numbers = (0..1_000_000).map(|number| number * step);
                numbers.filter(|number| sampled.has(*number)).count() as f64
            };
            // Every interval; and one of a script with a thousand of them.
            for step in [1, 2, 100, 1000] {
                let expected = share * 1e6;
                assert!(
                    (count(step) - expected).abs() <= 4.0 * expected.sqrt(),
                    "{step}"
                );
            }
        }
    }
}
