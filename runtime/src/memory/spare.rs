//! What guests that are gone leave to guests to come: their mappings.
//!
//! The first touch of a page costs the system one or two microseconds, mapping and unmapping a guest some fifteen:
//! for a lock script, more than its run. A mapping of zeros that is kept here cannot be told from a new one; whoever
//! drops a region sees to that (`raw`). Other mappings hold large data that guests loaded, and are zeros elsewhere. No
//! guest begins in one of these (`held`). Few are kept, because their memory is not given back to the system before the
//! process ends.
//!
//! Native code that is wrong may write where nobody notices. So a mapping is not kept where such code may have run:
//! not that of a guest beside which native code is checked, and none of those in use or kept when a module turns out
//! to be wrong ([`Spare::retire`]).

use core::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// Mappings of zeros that are kept, and as many that hold data: each at most 64 MiB, if the guests used all of their
/// memory.
const SPARE_MAPPINGS: usize = 16;

/// What things must have in common, so that one can be used in place of another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Kind {
    /// Bytes of guest memory.
    pub(super) size: usize,
    /// The pages that are not zero; none, if there are none.
    pub(super) held: Range<usize>,
}

impl Kind {
    /// Zeros of this size.
    pub(super) const fn of_zeros(size: usize) -> Kind {
        Kind { size, held: 0..0 }
    }
}

/// Things of different kinds that can be used again.
pub(super) struct Spare<T> {
    /// The one that was kept first comes first.
    kept: Mutex<Vec<(Kind, T)>>,
    /// Raised when what is in use or kept may be spoiled.
    generation: AtomicU64,
}

impl<T> Spare<T> {
    /// None.
    pub(super) const fn new() -> Spare<T> {
        Spare {
            kept: Mutex::new(Vec::new()),
            generation: AtomicU64::new(0),
        }
    }

    /// The generation to which what is taken now belongs.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Begins another generation: nothing that is in use or kept now is given out again.
    pub(super) fn retire(&self) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        self.generation.fetch_add(1, Ordering::Release);
        kept.clear();
    }

    /// A thing of this kind, if one is at hand.
    pub(super) fn take(&self, kind: &Kind) -> Option<T> {
        self.take_if(kind, |_| true)
    }

    /// The same with a condition.
    pub(super) fn take_if(&self, kind: &Kind, condition: impl Fn(&T) -> bool) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The latest is the one most likely to be in the processor's caches.
        let fits = |(other, thing): &(Kind, T)| other == kind && condition(thing);
        let index = kept.iter().rposition(fits)?;
        Some(kept.remove(index).1)
    }

    /// Keeps a thing that is in use since generation `since`, or drops it if it is from an earlier generation. Where
    /// there are enough, one of zeros is dropped, and one that holds data takes the place of the oldest, which is the
    /// result: it can be cleared and kept again.
    pub(super) fn keep(&self, kind: Kind, thing: T, since: u64) -> Option<T> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if since != self.generation() {
            return None;
        }
        let is_like = |(other, _): &(Kind, T)| other.held.is_empty() == kind.held.is_empty();
        let mut displaced = None;
        if kept.iter().filter(|other| is_like(other)).count() >= SPARE_MAPPINGS {
            if kind.held.is_empty() {
                return None;
            }
            displaced = kept.iter().position(is_like);
        }
        let displaced = displaced.map(|index| kept.remove(index).1);
        kept.push((kind, thing));
        displaced
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::{DIRTY, EXECUTABLE, FREEZED, MAX_MEMORY, PAGE_SIZE};
    use lockstep_isa::Size;

    use crate::memory::{Memory, raw};

    const SIZE: usize = 11 * PAGE_SIZE;
    const PAGE: u64 = PAGE_SIZE as u64;

    fn is_new(memory: &Memory) -> bool {
        memory.as_bytes().iter().all(|byte| *byte == 0)
            && memory.flags().iter().all(|flags| *flags == 0)
            && memory
                .region
                .writable()
                .words()
                .iter()
                .all(|word| *word == 0)
            && memory.context().registers == [0; 32]
            && (memory.context().pc, memory.context().budget) == (0, 0)
            && memory.reservation() == u64::MAX
    }

    /// Writes by every route there is.
    fn soil(memory: &mut Memory, round: u64) {
        let at = round % 3;
        memory.context_mut().registers[5] = u64::MAX;
        memory.context_mut().pc = 0x1000;
        memory.set_reservation(8);
        memory.store(at, Size::D, u64::MAX).unwrap();
        memory.store(2 * PAGE - 4, Size::D, u64::MAX).unwrap();
        memory.store_bytes(3 * PAGE + at, &[1; 9]).unwrap();
        memory.store_byte(4 * PAGE + at, PAGE + 9, 2).unwrap();
        memory
            .init_pages(6 * PAGE, PAGE, EXECUTABLE | FREEZED, &[3; 99], at)
            .unwrap();
        memory
            .init_pages(7 * PAGE, PAGE, FREEZED, &[4; PAGE_SIZE], 0)
            .unwrap();
        // Dirty by flag alone, then written as instructions do it, then clean again.
        memory.set_flag(8, DIRTY).unwrap();
        let touched = memory.region.writable().touched(8);
        let view = memory.view();
        let (mut bytes, mut pages) = (view.bytes, view.pages);
        assert_eq!(bytes.write(pages.writable, 8 * PAGE, [5; 8]), touched);
        pages.open(8).unwrap();
        assert!(bytes.write(pages.writable, 8 * PAGE, [5; 8]));
        for page in 0..9 {
            memory.clear_flag(page, DIRTY).unwrap();
        }
        assert!(!bytes_are_zero(memory));
    }

    fn bytes_are_zero(memory: &Memory) -> bool {
        memory.as_bytes().iter().all(|byte| *byte == 0)
    }

    #[test]
    fn a_mapping_that_was_used_is_as_a_new_one() {
        for round in 0..20 {
            let mut memory = Memory::new(SIZE).unwrap();
            assert!(is_new(&memory), "round {round}");
            if round % 5 == 4 {
                memory.set_chaos(Some(7));
                assert_ne!(memory.load(8 * PAGE, Size::D), Ok(0));
            }
            soil(&mut memory, round);
            if round % 2 == 0 {
                memory.reset();
                assert!(bytes_are_zero(&memory));
                soil(&mut memory, round);
            }
        }
    }

    /// Sizes that no other test uses: the spare mappings are the process's.
    #[test]
    fn what_may_be_spoiled_is_not_kept() {
        let kept = |pages: usize, spoil: &dyn Fn(&mut Memory)| {
            let mut memory = Memory::new(pages * PAGE_SIZE).unwrap();
            spoil(&mut memory);
            drop(memory);
            raw::take_spare(pages * PAGE_SIZE).is_some()
        };
        // Other tests may fill the store meanwhile.
        let kept_once = || {
            raw::retire_spare_mappings();
            kept(101, &|_| {})
        };
        assert!((0..100).any(|_| kept_once()));
        assert!(!(0..100).any(|_| kept(102, &Memory::keep_to_itself)));
        assert!(!(0..100).any(|_| kept(103, &|_| raw::retire_spare_mappings())));
        drop(Memory::new(104 * PAGE_SIZE).unwrap());
        raw::retire_spare_mappings();
        assert!(raw::take_spare(104 * PAGE_SIZE).is_none());
    }

    #[test]
    fn sizes_are_not_mixed() {
        for size in [PAGE_SIZE, MAX_MEMORY, PAGE_SIZE, 5 * PAGE_SIZE, MAX_MEMORY] {
            let mut memory = Memory::new(size).unwrap();
            assert_eq!(memory.as_bytes().len(), size);
            memory.store(size as u64 - 8, Size::D, 0x0102_0304).unwrap();
        }
    }
}
