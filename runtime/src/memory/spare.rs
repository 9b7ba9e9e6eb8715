//! Mappings of guests that are gone, for guests to come.
//!
//! The first touch of a page costs the system one or two microseconds, mapping and unmapping a guest
//! some fifteen: for a lock script, more than its run. A mapping that is kept here is all zeros, so a
//! guest cannot tell it from a new one; who drops a region sees to that (`raw`). Few are kept: what
//! they hold is not given back to the system before the process ends.
//!
//! Native code that is wrong may write where nobody notices. So a mapping is not kept where such code
//! may have run: not that of a guest beside which native code is checked, and none of those in use or
//! kept when a module turns out to be wrong ([`retire_spare_mappings`]).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::raw::Mapping;

/// Mappings that are kept: at most 64 MiB, if the guests used all of their memory.
const KEPT: usize = 16;

static SPARE: Mutex<Vec<Mapping>> = Mutex::new(Vec::new());
/// Raised when what is in use or kept may be spoiled.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// The time that a mapping comes from.
pub(super) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// Wrong native code ran in this process: no mapping that is in use or kept now goes to another guest, and
/// nothing that was decoded in one.
pub fn retire_spare_mappings() {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    GENERATION.fetch_add(1, Ordering::Release);
    spare.clear();
}

/// A mapping of this size, if one is at hand.
pub(super) fn take(size: usize) -> Option<Mapping> {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    // The latest is the one most likely to be in the caches.
    let index = spare.iter().rposition(|mapping| mapping.size() == size)?;
    Some(spare.remove(index))
}

/// Keeps a zeroed mapping that is in use since `generation`, or unmaps it when there are enough or it is from
/// an earlier time.
pub(super) fn keep(mapping: Mapping, since: u64) {
    let mut spare = SPARE.lock().unwrap_or_else(PoisonError::into_inner);
    if spare.len() < KEPT && since == generation() {
        spare.push(mapping);
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::{DIRTY, EXECUTABLE, FREEZED, MAX_MEMORY, PAGE_SIZE};
    use lockstep_isa::Size;

    use crate::memory::Memory;

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
        let view = memory.view();
        let mut bytes = view.bytes;
        assert!(bytes.write(view.pages.writable, 8 * PAGE, [5; 8]));
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
            super::take(pages * PAGE_SIZE).is_some()
        };
        // Other tests may fill the store meanwhile.
        let kept_once = || {
            super::retire_spare_mappings();
            kept(101, &|_| {})
        };
        assert!((0..100).any(|_| kept_once()));
        assert!(!(0..100).any(|_| kept(102, &Memory::keep_to_itself)));
        assert!(!(0..100).any(|_| kept(103, &|_| super::retire_spare_mappings())));
        drop(Memory::new(104 * PAGE_SIZE).unwrap());
        super::retire_spare_mappings();
        assert!(super::take(104 * PAGE_SIZE).is_none());
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
