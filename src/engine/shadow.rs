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

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_contract::key::KeyId;
use lockstep_runtime::{
    Divergence, Interval, Mismatch, NativeModule, OnFailure, Repeat, ShadowPlan,
    retire_spare_mappings,
};
use lockstep_translator::{Entries, Options};

use super::findings::Findings;
use super::mode::Translate;
use super::module_builder::BuildSettings;
use super::outcome::ShadowOutcome;
use super::provider::{Provider, ProviderSettings};
use super::queue::{Class, Job, Order, Queue, Threads};
use super::share::{Confirm, Share};
use super::store::CacheSettings;

/// Intervals that may wait. Each holds two copies of the pages that a guest has in use.
const QUEUED_INTERVALS: usize = 16;

/// The class of differences that were seen.
const DIFFERENCES: usize = 0;
/// The class of intervals that are to be repeated.
const INTERVALS: usize = 1;

/// The shadow checking of one engine.
pub(super) struct Shadow {
    share: Share,
    confirm: Confirm,
    /// Intervals so far.
    count: AtomicU64,
    checker: Arc<Checker>,
    queue: Queue<ShadowJob>,
}

impl fmt::Debug for Shadow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shadow")
            .field("share", &self.share)
            .field("confirm", &self.confirm)
            .finish_non_exhaustive()
    }
}

/// What the thread does.
enum ShadowJob {
    /// Repeat an interval on the interpreter.
    Repeat(Box<Interval>),
    /// Find the block that made a difference.
    Locate(Box<Difference>),
}

impl Job for ShadowJob {
    fn class(&self) -> usize {
        match self {
            ShadowJob::Locate(_) => DIFFERENCES,
            ShadowJob::Repeat(_) => INTERVALS,
        }
    }
}

/// A difference that was seen.
struct Difference {
    interval: Interval,
    mismatch: Mismatch,
    /// Modules that are switched off until the culprit is known.
    suspended: Vec<KeyId>,
}

impl Shadow {
    /// Checks modules of this provider. `settings` are those that the provider was made from.
    pub(super) fn new(
        share: Share,
        confirm: Confirm,
        provider: Arc<Provider>,
        settings: ProviderSettings,
        findings: Arc<Findings>,
    ) -> Shadow {
        let checker = Arc::new(Checker {
            provider,
            settings,
            findings,
        });
        let class = |capacity| Class {
            capacity,
            order: Order::FirstCome,
        };
        let working = Arc::clone(&checker);
        let queue = Queue::new(
            Threads {
                name: "lockstep-shadow",
                count: 1,
                low_priority: true,
            },
            &[class(None), class(Some(QUEUED_INTERVALS))],
            move |job, queue| match job {
                ShadowJob::Repeat(interval) => {
                    if let Some(difference) = working.repeat(*interval) {
                        // That class takes any number.
                        let _ = queue.push(ShadowJob::Locate(Box::new(difference)));
                    }
                }
                ShadowJob::Locate(difference) => working.locate(*difference),
            },
        );
        Shadow {
            share,
            confirm,
            count: AtomicU64::new(0),
            checker,
            queue,
        }
    }

    /// Whether and when the next interval is repeated.
    pub(super) fn plan(&self) -> ShadowPlan {
        let mut sampled = self.share != Share::NONE
            && (self.share).has(self.count.fetch_add(1, Ordering::Relaxed));
        let when = match self.confirm {
            Confirm::Sampled => Repeat::Now,
            Confirm::Nothing | Confirm::Failures => Repeat::Later,
        };
        let full = || self.queue.waiting(INTERVALS) >= QUEUED_INTERVALS;
        if sampled && when == Repeat::Later && full() {
            // Before its state is copied for nothing.
            self.checker.dropped();
            sampled = false;
        }
        ShadowPlan {
            repeat: sampled.then_some(when),
            on_failure: match self.confirm {
                Confirm::Nothing => OnFailure::Accept,
                Confirm::Failures | Confirm::Sampled => OnFailure::Repeat,
            },
        }
    }

    /// Takes an interval into the queue, if there is room and a thread.
    pub(super) fn repeat(&self, interval: Interval) {
        if self
            .queue
            .push(ShadowJob::Repeat(Box::new(interval)))
            .is_err()
        {
            self.checker.dropped();
        }
    }

    /// A difference was seen while the guest waited.
    pub(super) fn mismatch(&self, interval: Interval, mismatch: Mismatch) {
        let difference = self.checker.suspend(interval, mismatch);
        // That class takes any number.
        let _ = (self.queue).push(ShadowJob::Locate(Box::new(difference)));
    }

    /// Whether everything that was sampled so far has been dealt with.
    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_idle()
    }
}

/// Repeats intervals and finds culprits.
struct Checker {
    provider: Arc<Provider>,
    /// What the provider was made from.
    settings: ProviderSettings,
    findings: Arc<Findings>,
}

impl Checker {
    /// An interval was not repeated.
    fn dropped(&self) {
        self.provider.meter.shadowed(ShadowOutcome::Dropped);
    }

    /// Repeats an interval. The difference, if there is one.
    fn repeat(&self, interval: Interval) -> Option<Difference> {
        match interval.repeat() {
            Ok(None) => {
                self.provider.meter.shadowed(ShadowOutcome::Same);
                None
            }
            Ok(Some(mismatch)) => {
                self.provider.meter.shadowed(ShadowOutcome::Different);
                Some(self.suspend(interval, mismatch))
            }
            Err(error) => {
                self.dropped();
                tracing::warn!("an interval is not repeated: {error}");
                None
            }
        }
    }

    /// A difference was seen: the modules of the interval do not run from here on, whichever is the
    /// culprit.
    fn suspend(&self, interval: Interval, mismatch: Mismatch) -> Difference {
        self.provider.meter.mismatch();
        tracing::error!(
            "native code and interpreter came to different ends from {:#x} on: {}",
            interval.before.pc(),
            mismatch.difference
        );
        let store = &self.provider.store;
        // Without heat, so that the switch holds for a module with another heat as well.
        let ids = (interval.modules.iter()).map(|module| module.key().with_heat(None).id());
        let suspended = match interval.modules.as_slice() {
            [one] => {
                store.quarantine_key(one.key(), &mismatch.difference);
                Vec::new()
            }
            // What somebody else has switched off stays so.
            _ => ids.filter(|id| store.switch_script(id, false)).collect(),
        };
        // What it wrote, and where, nobody knows.
        retire_spare_mappings();
        Difference {
            interval,
            mismatch,
            suspended,
        }
    }

    /// Finds the block and the module, quarantines it, and writes the bundle.
    fn locate(&self, difference: Difference) {
        let Difference {
            interval,
            mismatch,
            suspended,
        } = difference;
        let modules = interval.modules.clone();
        let reason = mismatch.difference.clone();
        let every_block = (self.provider.builder.options.clone()).with_entries(Entries::EveryBlock);
        let blocks = self.provider_of_blocks(every_block.clone());
        let culprits = match interval.locate(mismatch, &blocks) {
            Ok(divergence) => {
                self.findings.record(&divergence, Some(&every_block));
                culprits(&divergence, &modules)
            }
            Err(error) => {
                tracing::error!("no memory to find the block: {error}");
                modules.iter().collect()
            }
        };
        let store = &self.provider.store;
        for module in culprits {
            store.quarantine_key(module.key(), &reason);
        }
        for id in &suspended {
            // The quarantine is for the culprits; the switch was for the time of the search.
            store.switch_script(id, true);
        }
    }

    /// A provider of modules that leave after every block, without a cache.
    fn provider_of_blocks(&self, options: Options) -> Provider {
        let ProviderSettings { cache, build } = self.settings.clone();
        Provider::new(ProviderSettings {
            cache: CacheSettings {
                folder: None,
                ..cache
            },
            build: BuildSettings {
                options,
                translate: Translate::Now,
                ..build
            },
        })
    }
}

/// The culprits: the modules with the code that was found, or all.
fn culprits<'a>(
    divergence: &Divergence,
    modules: &'a [Arc<NativeModule>],
) -> Vec<&'a Arc<NativeModule>> {
    let covers = |module: &&Arc<NativeModule>| {
        let place = module.key().place();
        let has = |block: &u64| place.contains(*block);
        divergence.blocks.is_empty() || divergence.blocks.iter().any(has)
    };
    let covering: Vec<&Arc<NativeModule>> = modules.iter().filter(covers).collect();
    match covering.is_empty() {
        true => modules.iter().collect(),
        false => covering,
    }
}
