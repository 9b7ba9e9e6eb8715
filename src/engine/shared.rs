//! What an engine shares with its worker threads: settings, registry, switches, cache, queue, counters.
//!
//! How a code region gets its native code depends on the setting, and here is where the ways part: on the
//! spot, from the cache alone, or in the background, where the thread that runs a guest does no more
//! than put the code region into a queue.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use lockstep_cache::{Budget, Cache, CacheError, Locations};
use lockstep_contract::key::{Key, KeyId};
use lockstep_runtime::{Request, SharedRegion};
use lockstep_translator::{CodeRegion, Hints, Options};

use super::check::Findings;
use super::entry::{Claim, Entry, State};
use super::hints::{Copied, hints_in_memory};
use super::meter::Meter;
use super::negative::Negative;
use super::obtain::{Obtained, Progress};
use super::pool::{Job, Pool};
use super::registry::Registry;
use super::settings::{Budgets, Compiler};
use super::shadow::Shadow;
use super::switches::{self, Switches};
use super::warm::{self, Preloaded};
use super::{Mode, Origin, Prepared, Translate, Unavailable};

/// Everything of an engine but the right to stop its threads.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) mode: Mode,
    pub(super) translate: Translate,
    /// How modules are made.
    pub(super) options: Options,
    pub(super) budgets: Budgets,
    pub(super) compiler: Compiler,
    /// The program that translates in a process of its own.
    pub(super) helper: Option<PathBuf>,
    pub(super) cache: CacheState,
    pub(super) registry: Registry,
    pub(super) switches: Switches,
    pub(super) negative: Negative,
    pub(super) pool: Pool,
    pub(super) preloaded: Preloaded,
    pub(super) progress: Option<warm::Progress>,
    pub(super) meter: Meter,
    pub(super) findings: Findings,
    pub(super) shadow: Shadow,
}

/// The module cache, opened when it is first needed.
#[derive(Debug)]
pub(super) struct CacheState {
    /// `None`: no cache is wanted. The error: no folder is known.
    pub(super) folder: Option<Result<PathBuf, CacheError>>,
    /// The files that decide what is trusted.
    pub(super) locations: Locations,
    pub(super) budget: Budget,
    pub(super) opened: OnceLock<Option<Cache>>,
    /// Whether the last module that was to be kept could not be.
    pub(super) full: AtomicBool,
}

impl Shared {
    pub(super) fn cache(&self) -> Option<&Cache> {
        let open = |folder: &Result<PathBuf, CacheError>| match folder {
            Ok(folder) => Cache::open_with(folder, &self.cache.locations, self.cache.budget)
                .inspect_err(|error| tracing::warn!("{error}; going on without a cache"))
                .ok(),
            Err(error) => {
                tracing::warn!("{error}; going on without a cache");
                None
            }
        };
        let opened = &self.cache.opened;
        opened
            .get_or_init(|| self.cache.folder.as_ref().and_then(open))
            .as_ref()
    }

    /// What the run loop asks when a guest first gets to a code region.
    pub(super) fn find(self: &Arc<Shared>, request: &Request<'_>) -> Arc<SharedRegion> {
        let region = region_of(request);
        let entry = self.registry.entry(&region);
        // What was fetched for this machine is counted as that.
        if !self.look(&entry, &region, request) {
            self.meter.asked(&entry);
        }
        Arc::clone(&entry.known)
    }

    /// What the run loop says when a code region without native code was interpreted for long.
    pub(super) fn hot(self: &Arc<Shared>, request: &Request<'_>, known: &Arc<SharedRegion>) {
        let region = region_of(request);
        let entry = self.registry.entry(&region);
        // Otherwise it was forgotten meanwhile; the machine will ask.
        if Arc::ptr_eq(&entry.known, known) {
            self.look(&entry, &region, request);
        }
    }

    /// Does what the setting says for a code region that a machine needs. Whether that gave a module.
    fn look(
        self: &Arc<Shared>,
        entry: &Arc<Entry>,
        region: &CodeRegion<'_>,
        request: &Request<'_>,
    ) -> bool {
        if self.translate == Translate::Background {
            self.find_later(entry, region, request);
            return false;
        }
        let mut hints = || hints_in_memory(region, request.memory, request.pc);
        let prepared = self.settle(entry, |_| entry.is_due(), &mut hints, &mut |_, _| Ok(()));
        // Why there is none was said; there may be some later.
        prepared.is_ok_and(|prepared| !matches!(prepared.origin, Origin::Registry))
    }

    /// Puts a code region into the queue of the right threads, if there is something to do for it.
    fn find_later(
        self: &Arc<Shared>,
        entry: &Arc<Entry>,
        region: &CodeRegion<'_>,
        request: &Request<'_>,
    ) {
        match entry.state() {
            State::New => {
                if self.preloaded.may_have(region) {
                    // It is here already, and costs no more than the digest of the code region.
                    self.load(entry, |state| matches!(state, State::New));
                } else if entry.queue(|state| matches!(state, State::New)) {
                    self.push(Job::Load(Arc::clone(entry)));
                }
            }
            State::Missing(_) | State::Failed(_) if entry.is_due() => {
                let due = |state: &State| matches!(state, State::Missing(_) | State::Failed(_));
                if entry.queue(due) {
                    let hints = Copied::from_memory(region, request.memory, request.pc);
                    self.push(Job::Translate(Arc::clone(entry), hints));
                }
            }
            _ => {}
        }
    }

    /// The module of an entry, obtained by this thread, or by the one that is at it, for which this
    /// one then waits. `again` says whether to try where there was none.
    pub(super) fn settle(
        &self,
        entry: &Entry,
        again: impl Fn(&State) -> bool,
        hints: &mut dyn FnMut() -> Hints,
        progress: &mut Progress<'_>,
    ) -> Result<Prepared, Unavailable> {
        match entry.claim(again) {
            Claim::Settled(Ok(module)) => {
                if self.switches.is_off(entry, &module) {
                    return Err(switches::switched_off());
                }
                let origin = Origin::Registry;
                Ok(Prepared { module, origin })
            }
            Claim::Settled(Err(reason)) => Err(reason),
            Claim::Yours(work) => {
                let obtained = self.obtain(entry, work.again, hints, progress);
                self.conclude(entry, obtained)
            }
        }
    }

    /// Settles an entry with what came of the work on it.
    pub(super) fn conclude(
        &self,
        entry: &Entry,
        obtained: Obtained,
    ) -> Result<Prepared, Unavailable> {
        match obtained {
            Ok((module, origin)) => {
                entry.known.call_at(u64::MAX);
                let shown = self.switches.show(entry, module);
                self.meter.resident(&self.registry);
                let module = shown?;
                Ok(Prepared { module, origin })
            }
            Err(state) => {
                let reason = match &state {
                    State::Missing(reason) | State::Failed(reason) | State::Quarantined(reason) => {
                        reason.clone()
                    }
                    _ => Unavailable::new("the work on it was given up"),
                };
                entry.settle(state);
                Err(reason)
            }
        }
    }

    /// The state of a code region without a module, and when it is looked at again.
    pub(super) fn missing(&self, entry: &Entry, key: &Key, id: &KeyId) -> State {
        let interpreted = entry.known.interpreted();
        let (wait, why) = match self.translate {
            Translate::Never => (entry.next_recheck(), ", and LOCKSTEP_TRANSLATE is never"),
            _ if self.preloaded.wants(&key.digest) => (0, ""),
            _ => (self.budgets.threshold.saturating_sub(interpreted), ""),
        };
        entry.known.call_at(interpreted.saturating_add(wait));
        State::Missing(Unavailable::new(format!(
            "no module {id} in the cache{why}"
        )))
    }
}

/// What a request is about, in the translator's words.
fn region_of<'a>(request: &Request<'a>) -> CodeRegion<'a> {
    CodeRegion {
        profile: request.profile,
        cost: request.cost,
        memory_size: request.memory_size as u64,
        base: request.base,
        bytes: request.region,
    }
}
