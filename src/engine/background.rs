//! What the worker threads do with a job: everything that a thread that verifies must not wait for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::entry::{Entry, State};
use super::obtain::Stop;
use super::pool::Job;
use super::shared::Shared;

impl Shared {
    /// Does a job.
    pub(super) fn perform(self: &Arc<Shared>, job: Job) {
        match job {
            Job::Load(entry) => self.load(&entry, |state| matches!(state, State::Queued)),
            Job::Translate(entry, hints) => {
                // Somebody who did not want to wait may have been at it meanwhile.
                if let Some(work) = entry.take(|state| matches!(state, State::Queued)) {
                    let mut hints = || hints.hints(&entry.region());
                    let obtained = self.obtain(&entry, true, &mut hints, &mut self.watch());
                    drop(self.conclude(&entry, obtained));
                    drop(work);
                }
            }
            Job::Preload(module) => self.preload(module),
            Job::Warm(program) => self.warm(program),
        }
    }

    /// Looks for a code region's module in the cache. Without one, the code region is counted from now on.
    pub(super) fn load(&self, entry: &Entry, from: impl Fn(&State) -> bool) {
        if let Some(work) = entry.take(from) {
            let stored = self.stored(entry, work.again);
            // What there is to say was said.
            drop(self.conclude(entry, stored));
        }
    }

    /// Ends a translation between two units when it takes too long or nobody waits for it any more.
    pub(super) fn watch(&self) -> impl FnMut(usize, usize) -> Result<(), Stop> {
        let started = Instant::now();
        let budget: Duration = self.budgets.translation;
        move |_, _| match () {
            () if self.pool.is_stopped() => Err(Stop::EngineDropped),
            () if started.elapsed() > budget => Err(Stop::OverBudget),
            () => Ok(()),
        }
    }
}
