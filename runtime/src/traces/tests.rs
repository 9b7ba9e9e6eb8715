//! Which trace has a slot, and what is kept behind it.

use lockstep_contract::context::SLOTS;
use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
use lockstep_isa::{Cost, Extensions, Version, Xlen};

use super::*;
use crate::memory::Memory;

const PROFILE: Profile = Profile {
    version: Version::V1,
    extensions: Extensions {
        b: true,
        mop: true,
        a: false,
    },
    xlen: Xlen::X64,
};
/// Bytes from one head of a slot to the next.
const SLOT_PERIOD_BYTES: u64 = 4 * SLOTS as u64;

/// Ten times as many bytes of `c.nop` as have slots of their own, executable, with a page behind them that is not.
fn memory() -> Memory {
    let size = 10 * SLOT_PERIOD_BYTES;
    let mut memory = Memory::new(size as usize + PAGE_SIZE).unwrap();
    let code = [1, 0].repeat(size as usize / 2);
    memory
        .init_pages(0, size, EXECUTABLE | FREEZED, &code, 0)
        .unwrap();
    memory
}

fn load(traces: &mut Traces, memory: &mut Memory, pc: u64) -> Result<(), Trap> {
    let cost = CostTable::from(Cost::Estimate);
    traces.load(&mut memory.code(), pc, PROFILE, &cost, None)
}

#[test]
fn heads_of_one_slot_take_turns() {
    let mut memory = memory();
    let mut traces = Traces::new();
    let heads: Vec<u64> = (0..9)
        .flat_map(|period| [period * SLOT_PERIOD_BYTES, period * SLOT_PERIOD_BYTES + 2])
        .collect();
    for round in 0..3 {
        for step in 0..heads.len() {
            // Another order each round.
            let head = heads[(step * [1, 5, 7][round]) % heads.len()];
            load(&mut traces, &mut memory, head).unwrap();
            let trace = traces.find(head).unwrap();
            assert_eq!((trace.start, trace.len, trace.last), (head, 32, 2));
            assert_eq!((trace.cycles, traces.code(&trace).len()), (16, 16));
            let found = heads.iter().filter(|head| traces.find(**head).is_some());
            assert_eq!(found.count(), 1);
        }
        assert_eq!(traces.traces.len(), heads.len(), "each is decoded once");
    }
    // Addresses beyond 4 GiB are others.
    assert!(traces.find(heads[0] + (1 << 32)).is_none());
    assert_eq!(
        load(&mut traces, &mut memory, 1 << 32),
        Err(Trap::MemOutOfBound)
    );
}

#[test]
fn what_has_no_slot_is_forgotten_when_pages_change() {
    let mut memory = memory();
    let mut traces = Traces::new();
    traces.follow(&mut memory, PROFILE);
    for head in [0, 2, 64, SLOT_PERIOD_BYTES] {
        load(&mut traces, &mut memory, head).unwrap();
    }
    traces.follow(&mut memory, PROFILE);
    assert_eq!(traces.traces.len(), 4);
    memory
        .set_flag(10 * SLOT_PERIOD_BYTES / PAGE_SIZE as u64, EXECUTABLE)
        .unwrap();
    traces.follow(&mut memory, PROFILE);
    assert_eq!((traces.traces.len(), traces.code.len()), (2, 32));
    assert!(traces.find(SLOT_PERIOD_BYTES).is_some() && traces.find(64).is_some());
    load(&mut traces, &mut memory, 2).unwrap();
    assert_eq!(traces.find(2).map(|trace| trace.start), Some(2));
    traces.clear();
    assert!(traces.find(2).is_none());
}

#[test]
fn what_is_kept_is_bounded() {
    let mut memory = memory();
    let mut traces = Traces::new();
    for head in (0..10 * SLOT_PERIOD_BYTES - 32).step_by(2) {
        load(&mut traces, &mut memory, head).unwrap();
        assert!(traces.stored() <= traces.kept + STORED_INSTRUCTIONS + 20);
    }
    assert!(traces.kept > 0, "it was tidied up");
    assert!(traces.find(0).is_none() && traces.find(10 * SLOT_PERIOD_BYTES - 34).is_some());
}

#[test]
fn a_trace_that_cannot_be_decoded_leaves_nothing() {
    let mut memory = memory();
    let mut traces = Traces::new();
    let end = 10 * SLOT_PERIOD_BYTES;
    assert_eq!(
        load(&mut traces, &mut memory, end - 30),
        Err(Trap::MemWriteOnExecutablePage)
    );
    assert_eq!(
        load(&mut traces, &mut memory, end),
        Err(Trap::MemWriteOnExecutablePage)
    );
    assert_eq!(
        load(&mut traces, &mut memory, u64::MAX),
        Err(Trap::MemOutOfBound)
    );
    assert!(traces.code.is_empty() && traces.traces.is_empty());
    assert_eq!(load(&mut traces, &mut memory, end - 32), Ok(()));
}

#[test]
fn the_rest_of_a_trace_is_for_one_use() {
    let mut memory = memory();
    let mut traces = Traces::new();
    load(&mut traces, &mut memory, 0).unwrap();
    let rest = traces
        .decode_rest(&mut memory.code(), 26, 3, PROFILE, None)
        .unwrap();
    assert_eq!((rest.start, rest.len, rest.cycles), (26, 6, 0));
    assert_eq!(traces.code(&rest).len(), 3);
    traces.discard(&rest);
    assert_eq!(traces.code.len(), 16);
    assert!(traces.find(26).is_none());
}

/// The first half of a pattern at the end of the code, as the last of sixteen entries.
#[test]
fn half_a_pattern_is_stale_when_the_other_half_comes() {
    let page = PAGE_SIZE as u64;
    let size = SLOT_PERIOD_BYTES + page;
    let mut memory = Memory::new((size + page) as usize).unwrap();
    let mut code = [1, 0].repeat(size as usize / 2 - 2);
    // lui a0, 1
    code.extend_from_slice(&0x0000_1537u32.to_le_bytes());
    memory
        .init_pages(0, size, EXECUTABLE | FREEZED, &code, 0)
        .unwrap();
    let head = size - 34;
    let mut traces = Traces::new();
    traces.follow(&mut memory, PROFILE);
    load(&mut traces, &mut memory, head).unwrap();
    assert!(!traces.are_stale());

    // addiw a0, a0, 2: the two are one entry.
    let other = 0x0025_051bu32.to_le_bytes();
    memory
        .init_pages(size, page, EXECUTABLE | FREEZED, &other, 0)
        .unwrap();
    traces.follow(&mut memory, PROFILE);
    assert!(traces.are_stale());
    let old = traces.find(head).unwrap();
    assert_eq!((traces.code(&old).len(), old.len), (16, 34));

    // Another head takes the slot; what comes back is what the code is now.
    for _ in 0..2 {
        load(&mut traces, &mut memory, head - SLOT_PERIOD_BYTES).unwrap();
        assert!(!traces.are_stale() && traces.find(head).is_none());
        load(&mut traces, &mut memory, head).unwrap();
        let new = traces.find(head).unwrap();
        assert_eq!((traces.code(&new).len(), new.len), (16, 38));
    }
}

#[test]
fn code_behind_that_changes_nothing_makes_nothing_stale() {
    let page = PAGE_SIZE as u64;
    let mut memory = memory();
    let end = 10 * SLOT_PERIOD_BYTES;
    let mut traces = Traces::new();
    traces.follow(&mut memory, PROFILE);
    load(&mut traces, &mut memory, end - 32).unwrap();
    memory
        .init_pages(end, page, EXECUTABLE | FREEZED, &[1, 0], 0)
        .unwrap();
    traces.follow(&mut memory, PROFILE);
    assert!(!traces.are_stale() && traces.find(end - 32).is_some());
}
