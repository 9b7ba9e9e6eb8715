//! One code region of this process: its bytes, its key, and how far it is on the way to native code.
//!
//! Machines see none of this but the [`SharedRegion`]. Whoever wants native code for the code region claims
//! the work; one claim is out at a time, and who comes later waits for its end or does without. How the
//! module is obtained is not decided here.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};

use lockstep_contract::heat::Heat;
use lockstep_contract::identity::CodePlace;
use lockstep_contract::key::{Key, KeyId};
use lockstep_runtime::{NativeModule, SharedRegion};
use lockstep_translator::{CodeRegion, Options};

use super::heat_names::is_about;
use super::outcome::Fallback;
use super::prepared::Unavailable;
use super::sync::lock;

/// Interpreted cycles after which a cache that has no module is looked into again, the first time. A
/// look takes some microseconds, and so many cycles take more than a millisecond.
const FIRST_RECHECK_CYCLES: u64 = 1_000_000;
/// How often that number doubles at most.
const MAX_RECHECK_DOUBLINGS: u64 = 20;

/// Modules with heat that a process makes for a code region, at most.
const MODULES_WITH_HEAT: u32 = 4;

/// A code region and what is known of it.
#[derive(Debug)]
pub(super) struct Entry {
    place: CodePlace,
    bytes: Box<[u8]>,
    /// What machines with this code region share.
    pub(super) known: Arc<SharedRegion>,
    /// When it was last asked for, by the registry's clock.
    pub(super) used: AtomicU64,
    /// Made when it is first needed: it takes a digest of the code region.
    key: OnceLock<Result<(Key, KeyId), Unavailable>>,
    state: Mutex<State>,
    /// Signalled when nobody is at work on it any more.
    finished: Condvar,
    /// How often the cache was looked into in vain.
    misses: AtomicU64,
    /// How often a module with heat was asked for.
    heated: AtomicU32,
}

/// How far it is.
#[derive(Clone, Debug)]
pub(super) enum State {
    /// Nobody has looked.
    New,
    /// It waits for a thread.
    Queued,
    /// Somebody is at it.
    Busy,
    /// There is a module. Whether machines get it is for the switches to say.
    Has(Arc<NativeModule>),
    /// There is none yet, and why.
    Missing(Unavailable),
    /// None could be made, and why.
    Failed(Unavailable),
    /// The one that would be made must not run.
    Quarantined(Unavailable),
    /// What would make it is on the deny-list.
    Denied(Unavailable),
}

/// What somebody who wants native code gets.
#[derive(Debug)]
pub(super) enum Claim<'a> {
    /// There is nothing to do, and this is the result.
    Finished(Result<Arc<NativeModule>, Unavailable>),
    /// The work is yours.
    Yours(Work<'a>),
}

/// The right to work on an entry. Dropped before the work is finished, the entry is as if nobody had
/// looked.
#[derive(Debug)]
pub(super) struct Work<'a> {
    entry: &'a Entry,
    /// Whether it failed before.
    pub(super) again: bool,
}

impl Entry {
    pub(super) fn new(region: &CodeRegion<'_>) -> Entry {
        Entry {
            place: region.place(),
            bytes: region.bytes.into(),
            known: Arc::new(SharedRegion::new()),
            used: AtomicU64::new(0),
            key: OnceLock::new(),
            state: Mutex::new(State::New),
            finished: Condvar::new(),
            misses: AtomicU64::new(0),
            heated: AtomicU32::new(0),
        }
    }

    /// The code region.
    pub(super) fn region(&self) -> CodeRegion<'_> {
        CodeRegion::new(self.place, &self.bytes)
    }

    /// The key of its module on this host. `options` are its engine's.
    pub(super) fn key(&self, options: &Options) -> &Result<(Key, KeyId), Unavailable> {
        self.key.get_or_init(|| {
            let key = lockstep_translator::key(&self.region(), options);
            key.map_err(Unavailable::new).map(|key| {
                let id = key.id();
                (key, id)
            })
        })
    }

    /// The key, if anybody needed it yet.
    pub(super) fn known_key(&self) -> Option<&(Key, KeyId)> {
        self.key.get().and_then(|key| key.as_ref().ok())
    }

    /// Whether this id names it: that of its module, which need not be the one that this host would
    /// make, with or without the module's heat, or the digest of its code region.
    pub(super) fn is_named(&self, id: &KeyId) -> bool {
        let own = |(key, own): &(Key, KeyId)| own == id || key.digest == id.0;
        let held =
            |module: &NativeModule| is_about(id, module.key()) || module.key().digest == id.0;
        self.known_key().is_some_and(own)
            || matches!(&*lock(&self.state), State::Has(module) if held(module))
    }

    /// The id of the module that it has.
    pub(super) fn module_id(&self) -> Option<KeyId> {
        match &*lock(&self.state) {
            State::Has(module) => Some(module.key().id()),
            _ => None,
        }
    }

    pub(super) fn state(&self) -> State {
        lock(&self.state).clone()
    }

    /// Ends the work on it: it is in this state now, whatever it was in, and who waits goes on.
    pub(super) fn finish(&self, state: State) {
        *lock(&self.state) = state;
        self.finished.notify_all();
    }

    /// Claims the work, unless it is done; waits for whoever is at it. `again` is asked where there
    /// was nothing to be had.
    pub(super) fn claim(&self, again: impl Fn(&State) -> bool) -> Claim<'_> {
        let mut state = lock(&self.state);
        loop {
            match &*state {
                State::New | State::Queued => return Claim::Yours(self.begin(&mut state)),
                State::Missing(_) | State::Failed(_) if again(&state) => {
                    return Claim::Yours(self.begin(&mut state));
                }
                State::Busy => {
                    let waited = self.finished.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                }
                State::Has(module) => return Claim::Finished(Ok(Arc::clone(module))),
                State::Missing(reason)
                | State::Failed(reason)
                | State::Quarantined(reason)
                | State::Denied(reason) => {
                    return Claim::Finished(Err(reason.clone()));
                }
            }
        }
    }

    /// Claims the work without waiting, where it is in such a state.
    pub(super) fn take(&self, from: impl Fn(&State) -> bool) -> Option<Work<'_>> {
        let mut state = lock(&self.state);
        from(&state).then(|| self.begin(&mut state))
    }

    /// Notes that it waits for a thread, where it is in such a state.
    pub(super) fn queue(&self, from: impl Fn(&State) -> bool) -> bool {
        let mut state = lock(&self.state);
        let queued = from(&state);
        if queued {
            // Nobody has to tell us again, however long it takes.
            self.known.call_at(u64::MAX);
            *state = State::Queued;
        }
        queued
    }

    /// Why a machine that asks now gets no native code, if so.
    pub(super) fn fallback(&self) -> Option<Fallback> {
        match self.state() {
            State::Has(_) if self.known.module().is_some() => None,
            State::Has(_) => Some(Fallback::ScriptOff),
            State::New | State::Queued | State::Busy => Some(Fallback::Pending),
            State::Missing(_) => Some(Fallback::Missing),
            State::Failed(_) => Some(Fallback::Failed),
            State::Quarantined(_) => Some(Fallback::Quarantined),
            State::Denied(_) => Some(Fallback::Denied),
        }
    }

    /// Notes that nobody is at it and none will be before so many cycles were interpreted, unless
    /// somebody claimed it who did not want to wait.
    pub(super) fn put_off(&self, call_at: u64, reason: Unavailable) {
        let mut state = lock(&self.state);
        if matches!(*state, State::Queued) {
            self.known.call_at(call_at);
            *state = State::Missing(reason);
        }
    }

    fn begin(&self, state: &mut State) -> Work<'_> {
        let again = matches!(state, State::Failed(_));
        self.known.call_at(u64::MAX);
        *state = State::Busy;
        Work { entry: self, again }
    }

    /// Whether so much of it was interpreted, without a module, that it is to be looked at again.
    pub(super) fn is_due(&self) -> bool {
        self.known.is_due()
    }

    /// How many cycles later the cache is to be looked into again: twice as many each time.
    pub(super) fn next_recheck(&self) -> u64 {
        let misses = self.misses.fetch_add(1, Ordering::Relaxed);
        FIRST_RECHECK_CYCLES << misses.min(MAX_RECHECK_DOUBLINGS)
    }

    /// Begins to look for hot heads without native code, where the entry has a module and may get another:
    /// heads are counted after `threshold` more interpreted cycles, and looked at after as many again. With each
    /// module that was made with heat these are four times as many.
    pub(super) fn watch_heat(&self, threshold: u64) {
        let made = self.heated.load(Ordering::Relaxed);
        if made >= MODULES_WITH_HEAT {
            self.known.count_heads(u64::MAX, u64::MAX);
            return;
        }
        let wait = threshold.saturating_mul(1 << (2 * made));
        let from = self.known.interpreted().saturating_add(wait);
        self.known.count_heads(from, from.saturating_add(wait));
    }

    /// The module that it has and the heat of the next one, if it is time for that and at least `threshold` cycles
    /// were interpreted at heads that the module does not have. One who asks gets it, and heads are not counted
    /// until somebody watches again. Otherwise it is looked at later: after as much again as was interpreted so far.
    pub(super) fn take_heat(&self, threshold: u64) -> Option<(Arc<NativeModule>, Heat)> {
        let state = lock(&self.state);
        let State::Has(module) = &*state else {
            return None;
        };
        if !self.is_due() {
            return None;
        }
        let heads = self.known.interpreted_heads();
        let interpreted = self.known.interpreted().max(threshold);
        if heads.is_empty() {
            // A machine that is interpreted for long reports many cycles at once, and had not begun to count.
            let until = interpreted.saturating_add((interpreted / 2).max(threshold));
            self.known.count_heads(interpreted, until);
            return None;
        }
        let missing: Vec<_> = (heads.into_iter())
            .filter(|(head, _)| !module.has_block(*head))
            .collect();
        let cycles = (missing.iter()).fold(0, |sum: u64, (_, cycles)| sum.saturating_add(*cycles));
        if cycles < threshold {
            let from = interpreted.saturating_mul(2);
            self.known.count_heads(from, from.saturating_add(threshold));
            return None;
        }
        self.known.count_heads(u64::MAX, u64::MAX);
        self.heated.fetch_add(1, Ordering::Relaxed);
        let heat = Heat::new(module.heat().iter().chain(missing));
        Some((Arc::clone(module), heat))
    }

    /// Bytes of the module that it has.
    pub(super) fn native_size(&self) -> Option<usize> {
        match &*lock(&self.state) {
            State::Has(module) => Some(module.size()),
            _ => None,
        }
    }

    /// Bytes it keeps in memory.
    pub(super) fn size(&self) -> usize {
        self.bytes.len() + self.native_size().unwrap_or(0)
    }

    /// Whether a machine or somebody at work holds on to it.
    pub(super) fn is_in_use(&self) -> bool {
        Arc::strong_count(&self.known) > 1
            || matches!(&*lock(&self.state), State::Busy | State::Queued)
    }

    pub(super) fn age(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Drop for Work<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.entry.state);
        if matches!(*state, State::Busy) {
            *state = State::New;
            drop(state);
            self.entry.finished.notify_all();
        }
    }
}
