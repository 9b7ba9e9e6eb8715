//! Decoded traces that machines share.
//!
//! A machine lives for one script of one transaction, and most machines leave native code at the same few places.
//! Decoding these places anew costs each machine more than running them. What decoding finds depends on the bytes it
//! reads, on the profile and on the costs, and on nothing else. Machines that have the same module of native code
//! for a code region agree in all three, as long as all that was read lies in that region. So these traces stand
//! beside the module, in the [`SharedRegion`](crate::SharedRegion).
//!
//! A machine that something is compared with decodes for itself. And nothing is taken from memory that wrong native
//! code may have written to, code included: what may go to no other guest
//! ([`retire_spare_mappings`](crate::retire_spare_mappings)) is not decoded for other guests either, and what was
//! decoded in it is forgotten.

use core::ops::Range;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use lockstep_isa::Inst;
use lockstep_isa::fuse::MAX_PARTS;

use super::trace::Trace;

/// Instructions that are shared for one code region. With what holds them they take half a MiB at most. A lock
/// script has some four hundred that all of its machines interpret.
const SHARED_INSTRUCTIONS: usize = 1 << 12;
/// Bytes behind a trace that decoding may have looked at, for what the last entry fuses with.
const LOOK_AHEAD_BYTES: u64 = 4 * (MAX_PARTS as u64 + 1);

/// Which part of a trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Extent {
    /// All of it, with its cost.
    Whole,
    /// Its last entries, so many, without a cost.
    Rest(u8),
}

/// Where a part of a trace begins, and which part it is.
type Place = (u64, Extent);

/// Decoded traces of one code region, by address.
#[derive(Debug)]
pub(crate) struct DecodedTraces {
    /// The addresses of the code region.
    region: Range<u64>,
    store: RwLock<Store>,
}

#[derive(Debug, Default)]
struct Store {
    /// The generation of mappings in which all of them were decoded.
    since: u64,
    traces: BTreeMap<Place, (Trace, Box<[Inst]>)>,
    /// Instructions in all of them.
    instructions: usize,
}

/// Where a machine shares what it decodes.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'m> {
    traces: &'m DecodedTraces,
    /// The generation of mappings that the machine's memory comes from.
    since: u64,
}

impl<'m> Shared<'m> {
    /// With the machines that have these traces, if the machine's memory is trusted.
    pub(crate) fn new(traces: Option<&'m DecodedTraces>, since: Option<u64>) -> Option<Shared<'m>> {
        let (traces, since) = (traces?, since?);
        Some(Shared { traces, since })
    }

    /// Appends the instructions of a part of a trace to `code`, if it is known.
    pub(super) fn copy(&self, pc: u64, extent: Extent, code: &mut Vec<Inst>) -> Option<Trace> {
        self.traces.copy(self.since, pc, extent, code)
    }

    /// Keeps a part of a trace that was decoded without being refused anything. `end` is the address behind it.
    pub(super) fn keep(&self, extent: Extent, trace: &Trace, end: u64, code: &[Inst]) {
        self.traces.keep(self.since, extent, trace, end, code);
    }
}

impl DecodedTraces {
    /// None yet, of a code region at these addresses.
    pub(crate) fn new(region: Range<u64>) -> DecodedTraces {
        DecodedTraces {
            region,
            store: RwLock::default(),
        }
    }

    fn copy(&self, since: u64, pc: u64, extent: Extent, code: &mut Vec<Inst>) -> Option<Trace> {
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        if store.since != since {
            return None;
        }
        let (trace, insts) = store.traces.get(&(pc, extent))?;
        let first = code.len() as u32;
        code.extend_from_slice(insts);
        Some(trace.at(first))
    }

    /// Keeps a trace if decoding looked at nothing outside of the code region, and if there is room.
    fn keep(&self, since: u64, extent: Extent, trace: &Trace, end: u64, code: &[Inst]) {
        let looked_at = end.saturating_add(LOOK_AHEAD_BYTES);
        if trace.start < self.region.start || end < trace.start || looked_at > self.region.end {
            return;
        }
        let mut store = self.store.write().unwrap_or_else(PoisonError::into_inner);
        if store.since < since {
            // What there is comes from memory that is not trusted any more.
            *store = Store {
                since,
                ..Store::default()
            };
        }
        let place = (trace.start, extent);
        if store.since == since
            && store.instructions + code.len() <= SHARED_INSTRUCTIONS
            && !store.traces.contains_key(&place)
        {
            store.instructions += code.len();
            store.traces.insert(place, (*trace, code.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
    use lockstep_isa::{Cost, Extensions, Profile, Version, Xlen};

    use super::*;
    use crate::cost_table::CostTable;
    use crate::memory::Memory;
    use crate::traces::Traces;
    use crate::trap::Trap;

    const REGION: Range<u64> = 0x1000..0x2000;
    const MEMORY_BYTES: usize = 0x8000;
    const PROFILE: Profile = Profile {
        version: Version::V2,
        extensions: Extensions {
            b: true,
            mop: true,
            a: true,
        },
        xlen: Xlen::X64,
    };

    /// A code region that is `c.nop` throughout, and a memory with it. Code goes on behind it.
    fn guest() -> (DecodedTraces, Memory) {
        let mut memory = Memory::new(MEMORY_BYTES).unwrap();
        let size = REGION.end - REGION.start + PAGE_SIZE as u64;
        let code = [1, 0].repeat(size as usize / 2);
        memory
            .init_pages(REGION.start, size, EXECUTABLE | FREEZED, &code, 0)
            .unwrap();
        (DecodedTraces::new(REGION), memory)
    }

    /// Other tests may retire mappings at any time, so the memory's own generation says nothing here.
    const SINCE: Option<u64> = Some(1);

    fn load(memory: &mut Memory, pc: u64, shared: &DecodedTraces) -> Result<(Trace, usize), Trap> {
        load_since(memory, pc, shared, SINCE)
    }

    fn load_since(
        memory: &mut Memory,
        pc: u64,
        shared: &DecodedTraces,
        since: Option<u64>,
    ) -> Result<(Trace, usize), Trap> {
        let cost = CostTable::from(Cost::Constant);
        let mut traces = Traces::new();
        let shared = Shared::new(Some(shared), since);
        traces.load(&mut memory.code(), pc, PROFILE, &cost, shared)?;
        let trace = traces.find(pc).expect("it was put there");
        Ok((trace, traces.code(&trace).len()))
    }

    fn rest(memory: &mut Memory, pc: u64, entries: u8, shared: &DecodedTraces) -> Result<(), Trap> {
        let mut traces = Traces::new();
        let shared = Shared::new(Some(shared), SINCE);
        let code = &mut memory.code();
        let rest = traces.decode_rest(code, pc, entries, PROFILE, shared)?;
        assert_eq!((rest.cycles, rest.start), (0, pc));
        assert_eq!(traces.code(&rest).len(), usize::from(entries));
        Ok(())
    }

    /// The second memory has no code at all, so what is found there is what the first one decoded.
    #[test]
    fn what_one_machine_decoded_others_have() {
        let (shared, mut memory) = guest();
        let mut other = Memory::new(MEMORY_BYTES).unwrap();
        let refused = Err(Trap::MemWriteOnExecutablePage);
        let base = REGION.start;
        assert_eq!(load(&mut other, base, &shared).map(|_| ()), refused);
        rest(&mut memory, base, 16, &shared).unwrap();
        assert_eq!(load(&mut other, base, &shared).map(|_| ()), refused);
        for memory in [&mut memory, &mut other] {
            let (trace, insts) = load(memory, base, &shared).unwrap();
            assert_eq!((trace.start, trace.cycles, insts), (base, 16, 16));
            assert_eq!((trace.len, trace.last), (32, 2));
            rest(memory, base, 16, &shared).unwrap();
        }
        assert_eq!(rest(&mut other, base, 15, &shared), refused);
        assert_eq!(load(&mut other, base + 2, &shared).map(|_| ()), refused);
    }

    /// Code behind the code region is not part of it, and another guest may have something else there.
    #[test]
    fn what_may_depend_on_other_bytes_is_not_kept() {
        let (shared, mut memory) = guest();
        let mut other = Memory::new(MEMORY_BYTES).unwrap();
        let end = REGION.end;
        let mut is_kept = |pc| {
            load(&mut memory, pc, &shared).unwrap();
            load(&mut other, pc, &shared).is_ok()
        };
        for pc in (end - 80..end + 64).step_by(2) {
            assert_eq!(is_kept(pc), pc + 32 + LOOK_AHEAD_BYTES <= end, "{pc:#x}");
        }
    }

    /// Wrong native code of another module may have written to this code region, here an `ebreak`.
    #[test]
    fn what_spoiled_memory_may_say_is_not_kept() {
        let spoilt = || {
            let (shared, mut memory) = guest();
            let base = REGION.start as usize;
            memory.view().bytes.all()[base..base + 2].copy_from_slice(&0x9002_u16.to_le_bytes());
            (shared, memory)
        };
        let entries = |memory: &mut Memory, shared: &DecodedTraces| {
            let since = memory.trusted_since();
            load_since(memory, REGION.start, shared, since).unwrap().1
        };
        let whole = |shared: &DecodedTraces| {
            let (_, mut memory) = guest();
            entries(&mut memory, shared)
        };
        // Beside it native code is checked.
        let (shared, mut memory) = spoilt();
        memory.keep_to_itself();
        assert_eq!(entries(&mut memory, &shared), 1);
        assert_eq!(whole(&shared), 16);
        // Found out later: what was kept before, and what is decoded in that memory afterwards.
        for late in [false, true] {
            let (shared, mut memory) = spoilt();
            if late {
                crate::retire_spare_mappings();
            }
            assert_eq!(entries(&mut memory, &shared), 1);
            crate::retire_spare_mappings();
            assert_eq!(whole(&shared), 16, "{late}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (shared, mut memory) = guest();
        let base = REGION.start;
        for pc in (base..base + 0xf00).step_by(2) {
            load(&mut memory, pc, &shared).unwrap();
        }
        let store = shared.store.read().unwrap();
        assert_eq!(store.instructions, SHARED_INSTRUCTIONS);
        assert_eq!(store.traces.len(), SHARED_INSTRUCTIONS / 16);
    }
}
