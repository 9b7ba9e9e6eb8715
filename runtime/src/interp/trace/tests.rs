//! Which trace has a slot, and what is kept behind it.

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
const TURN: u64 = 4 * SLOTS as u64;

/// Ten turns of `c.nop`, executable, with a page behind them that is not.
fn memory() -> Memory {
    let size = 10 * TURN;
    let mut memory = Memory::new(size as usize + PAGE_SIZE).unwrap();
    let code = [1, 0].repeat(size as usize / 2);
    memory
        .init_pages(0, size, EXECUTABLE | FREEZED, &code, 0)
        .unwrap();
    memory
}

fn load(traces: &mut Traces, memory: &Memory, pc: u64) -> Result<(), Trap> {
    let cost = CostTable::from(Cost::Estimate);
    traces.load(&mut memory.code(), pc, PROFILE, &cost)
}

#[test]
fn heads_of_one_slot_take_turns() {
    let memory = memory();
    let mut traces = Traces::new();
    let heads: Vec<u64> = (0..9)
        .flat_map(|turn| [turn * TURN, turn * TURN + 2])
        .collect();
    for round in 0..3 {
        for step in 0..heads.len() {
            // Another order each round.
            let head = heads[(step * [1, 5, 7][round]) % heads.len()];
            load(&mut traces, &memory, head).unwrap();
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
        load(&mut traces, &memory, 1 << 32),
        Err(Trap::MemOutOfBound)
    );
}

#[test]
fn what_has_no_slot_is_forgotten_when_pages_change() {
    let memory = memory();
    let mut traces = Traces::new();
    for head in [0, 2, 64, TURN] {
        load(&mut traces, &memory, head).unwrap();
    }
    traces.follow(0);
    assert_eq!(traces.traces.len(), 4);
    traces.follow(1);
    assert_eq!((traces.traces.len(), traces.code.len()), (2, 32));
    assert!(traces.find(TURN).is_some() && traces.find(64).is_some());
    load(&mut traces, &memory, 2).unwrap();
    assert_eq!(traces.find(2).map(|trace| trace.start), Some(2));
    traces.clear();
    assert!(traces.find(2).is_none());
}

#[test]
fn what_is_kept_is_bounded() {
    let memory = memory();
    let mut traces = Traces::new();
    for head in (0..10 * TURN - 32).step_by(2) {
        load(&mut traces, &memory, head).unwrap();
        assert!(traces.stored() <= traces.kept + ENOUGH + 20);
    }
    assert!(traces.kept > 0, "it was tidied up");
    assert!(traces.find(0).is_none() && traces.find(10 * TURN - 34).is_some());
}

#[test]
fn a_trace_that_cannot_be_decoded_leaves_nothing() {
    let memory = memory();
    let mut traces = Traces::new();
    let end = 10 * TURN;
    assert_eq!(
        load(&mut traces, &memory, end - 30),
        Err(Trap::MemWriteOnExecutablePage)
    );
    assert_eq!(
        load(&mut traces, &memory, end),
        Err(Trap::MemWriteOnExecutablePage)
    );
    assert_eq!(
        load(&mut traces, &memory, u64::MAX),
        Err(Trap::MemOutOfBound)
    );
    assert!(traces.code.is_empty() && traces.traces.is_empty());
    assert_eq!(load(&mut traces, &memory, end - 32), Ok(()));
}

#[test]
fn the_rest_of_a_trace_is_for_one_use() {
    let memory = memory();
    let mut traces = Traces::new();
    load(&mut traces, &memory, 0).unwrap();
    let rest = traces
        .decode_rest(&mut memory.code(), 26, 3, PROFILE)
        .unwrap();
    assert_eq!((rest.start, rest.len, rest.cycles), (26, 6, 0));
    assert_eq!(traces.code(&rest).len(), 3);
    traces.discard(&rest);
    assert_eq!(traces.code.len(), 16);
    assert!(traces.find(26).is_none());
}
