//! The negative list: code that could not be translated, or cost more than its budget. It is tried
//! again, but not at once.
//!
//! The list goes by the key, so that a failure outlives the code region in the registry. How long to wait is counted in cycles of
//! that code that the interpreter ran, not in time: code that nobody runs is not tried again, code that
//! burns the node's time is. The wait doubles with each failure.

use std::collections::BTreeMap;
use std::sync::Mutex;

use lockstep_contract::key::KeyId;

use super::prepared::Unavailable;
use super::sync::lock;

/// Keys that are remembered; beyond, the one that failed longest ago is forgotten.
const REMEMBERED_KEYS: usize = 4096;
/// The first wait, in thresholds: a translation may cost many times what the threshold does.
const FIRST_WAIT_THRESHOLDS: u64 = 64;
/// How often the wait doubles at most.
const MAX_WAIT_DOUBLINGS: u32 = 20;

/// The list, shared by all threads.
#[derive(Debug, Default)]
pub(super) struct Negative(Mutex<List>);

#[derive(Debug, Default)]
struct List {
    failures: BTreeMap<KeyId, Failure>,
    /// Counts failures, to tell old from new.
    clock: u64,
}

/// What happened with one key.
#[derive(Debug)]
struct Failure {
    reason: Unavailable,
    times: u32,
    last: u64,
}

impl Failure {
    fn wait(&self, threshold: u64) -> u64 {
        let doublings = self.times.saturating_sub(1).min(MAX_WAIT_DOUBLINGS);
        threshold.saturating_mul(FIRST_WAIT_THRESHOLDS << doublings)
    }
}

impl Negative {
    /// Why this key failed last, and how many cycles must be interpreted before it is tried again.
    pub(super) fn look_up(&self, id: &KeyId, threshold: u64) -> Option<(Unavailable, u64)> {
        let list = lock(&self.0);
        let failure = list.failures.get(id)?;
        Some((failure.reason.clone(), failure.wait(threshold)))
    }

    /// Notes a failure. The cycles to wait.
    pub(super) fn add(&self, id: &KeyId, reason: &Unavailable, threshold: u64) -> u64 {
        let mut list = lock(&self.0);
        list.clock += 1;
        let now = list.clock;
        if list.failures.len() >= REMEMBERED_KEYS && !list.failures.contains_key(id) {
            let oldest = list.failures.iter().min_by_key(|(_, failure)| failure.last);
            if let Some(id) = oldest.map(|(id, _)| *id) {
                list.failures.remove(&id);
            }
        }
        let failure = list.failures.entry(*id).or_insert(Failure {
            reason: reason.clone(),
            times: 0,
            last: 0,
        });
        failure.reason = reason.clone();
        failure.times = failure.times.saturating_add(1);
        failure.last = now;
        failure.wait(threshold)
    }

    /// It worked after all.
    pub(super) fn remove(&self, id: &KeyId) {
        lock(&self.0).failures.remove(id);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.0).failures.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_with_success() {
        let negative = Negative::default();
        let (id, reason) = (KeyId([1; 32]), Unavailable::new("a test"));
        assert_eq!(negative.look_up(&id, 10), None);
        let first = negative.add(&id, &reason, 10);
        assert_eq!(negative.look_up(&id, 10), Some((reason.clone(), first)));
        assert_eq!(negative.add(&id, &reason, 10), 2 * first);
        for _ in 0..100 {
            negative.add(&id, &reason, 10);
        }
        assert_eq!(negative.add(&id, &reason, 10), first << MAX_WAIT_DOUBLINGS);
        assert_eq!(negative.add(&id, &reason, u64::MAX / 2), u64::MAX);
        negative.remove(&id);
        assert_eq!(negative.add(&id, &reason, 10), first);
    }

    #[test]
    fn the_oldest_failures_are_forgotten() {
        let negative = Negative::default();
        let reason = Unavailable::new("a test");
        let id = |number: usize| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_le_bytes());
            KeyId(id)
        };
        for number in 0..REMEMBERED_KEYS {
            negative.add(&id(number), &reason, 1);
        }
        negative.add(&id(0), &reason, 1);
        negative.add(&id(REMEMBERED_KEYS), &reason, 1);
        assert_eq!(negative.len(), REMEMBERED_KEYS);
        assert!(negative.look_up(&id(0), 1).is_some());
        assert_eq!(negative.look_up(&id(1), 1), None);
    }
}
