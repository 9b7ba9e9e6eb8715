//! Decoded traces that the machines with one native module share.
//!
//! A machine lives for one script of one transaction, and most leave native code at the same few
//! places: decoding them anew costs each machine more than running them. What decoding finds depends
//! on the bytes it reads, on the profile and on costs, and on nothing else; the first two are those of the
//! module, and so are the costs, as long as all that was read lies in its code region.
//!
//! Not for machines that something is checked by: those decode for themselves. And not from memory that
//! wrong native code may have written to, which may be text too: what goes to no other guest
//! ([`retire_spare_mappings`](crate::retire_spare_mappings)) is not decoded for other guests either, and what was is forgotten.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use lockstep_contract::key::Key;
use lockstep_isa::Inst;
use lockstep_isa::fuse::MAX_PARTS;

use super::trace::Trace;
use crate::mapping::NativeModule;

/// Instructions that are kept for one module: half a MiB at most, with what holds them. A lock script has
/// some four hundred that all of its machines interpret.
const ENOUGH: usize = 1 << 12;
/// How far behind a trace decoding may have looked: for what its last entry fuses with.
const LOOK_AHEAD: u64 = 4 * (MAX_PARTS as u64 + 1);

/// Which part of a trace.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Extent {
    /// All of it, with its cost.
    Whole,
    /// Its last entries, so many, without a cost.
    Rest(u8),
}

/// Where a part of a trace begins, and which.
type Place = (u64, Extent);

/// Decoded traces by address.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    store: RwLock<Store>,
}

#[derive(Debug, Default)]
struct Store {
    /// The time that the memory comes from in which all of them were decoded.
    since: u64,
    traces: BTreeMap<Place, (Trace, Box<[Inst]>)>,
    /// Instructions in all of them.
    kept: usize,
}

/// Where a machine shares what it decodes.
#[derive(Clone, Copy)]
pub(crate) struct Shared<'m> {
    module: &'m NativeModule,
    /// The time that the machine's memory comes from.
    since: u64,
}

impl<'m> Shared<'m> {
    /// With the machines that have this module, if a machine's memory may be trusted.
    pub(crate) fn new(module: Option<&'m NativeModule>, since: Option<u64>) -> Option<Shared<'m>> {
        let (module, since) = (module?, since?);
        Some(Shared { module, since })
    }

    pub(super) fn copy(&self, pc: u64, extent: Extent, code: &mut Vec<Inst>) -> Option<Trace> {
        (self.module.decoded()).copy(self.since, pc, extent, code)
    }

    pub(super) fn keep(&self, extent: Extent, trace: &Trace, end: u64, code: &[Inst]) {
        let (decoded, key) = (self.module.decoded(), self.module.key());
        decoded.keep(self.since, key, extent, trace, end, code);
    }
}

impl Decoded {
    /// Appends the instructions of a trace to `code`, if it is known.
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

    /// Keeps a trace that was decoded without being refused anything, if it is in the module's text and
    /// there is room. `end`: the address behind it.
    fn keep(&self, since: u64, key: &Key, extent: Extent, trace: &Trace, end: u64, code: &[Inst]) {
        let text_end = key.base.saturating_add(key.len);
        let looked_at = end.saturating_add(LOOK_AHEAD);
        if trace.start < key.base || end < trace.start || looked_at > text_end {
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
            && store.kept + code.len() <= ENOUGH
            && !store.traces.contains_key(&place)
        {
            store.kept += code.len();
            store.traces.insert(place, (*trace, code.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SIZE};
    use lockstep_isa::Cost;

    use super::*;
    use crate::environment::CostTable;
    use crate::interp::trace::Traces;
    use crate::mapping::NativeModule;
    use crate::memory::Memory;
    use crate::run::tests::{SIZE, module};
    use crate::trap::Trap;

    /// A module's text, which is `c.nop` throughout, and a memory with it. Code goes on behind it.
    fn guest() -> (NativeModule, Memory) {
        let module = module();
        let (base, len) = (module.key.base, module.key.len);
        let mut memory = Memory::new(SIZE).unwrap();
        let size = len + PAGE_SIZE as u64;
        let code = [1, 0].repeat(size as usize / 2);
        memory
            .init_pages(base, size, EXECUTABLE | FREEZED, &code, 0)
            .unwrap();
        let native = NativeModule::of_function(module, crate::enter::script::run);
        (native, memory)
    }

    /// Other tests may distrust memory at any time, so that its own time says nothing here.
    const SINCE: Option<u64> = Some(1);

    fn load(memory: &mut Memory, pc: u64, module: &NativeModule) -> Result<(Trace, usize), Trap> {
        load_since(memory, pc, module, SINCE)
    }

    fn load_since(
        memory: &mut Memory,
        pc: u64,
        module: &NativeModule,
        since: Option<u64>,
    ) -> Result<(Trace, usize), Trap> {
        let (cost, profile) = (CostTable::from(Cost::Constant), module.key().profile);
        let mut traces = Traces::new();
        let shared = Shared::new(Some(module), since);
        traces.load(&mut memory.code(), pc, profile, &cost, shared)?;
        let trace = traces.find(pc).expect("it was put there");
        Ok((trace, traces.code(&trace).len()))
    }

    fn rest(memory: &mut Memory, pc: u64, entries: u8, module: &NativeModule) -> Result<(), Trap> {
        let mut traces = Traces::new();
        let profile = module.key().profile;
        let shared = Shared::new(Some(module), SINCE);
        let code = &mut memory.code();
        let rest = traces.decode_rest(code, pc, entries, profile, shared)?;
        assert_eq!((rest.cycles, rest.start), (0, pc));
        assert_eq!(traces.code(&rest).len(), usize::from(entries));
        Ok(())
    }

    /// The second memory has no code at all, so what is found there is what the first one decoded.
    #[test]
    fn what_one_machine_decoded_others_have() {
        let (module, mut memory) = guest();
        let mut other = Memory::new(SIZE).unwrap();
        let refused = Err(Trap::MemWriteOnExecutablePage);
        let base = module.key().base;
        assert_eq!(load(&mut other, base, &module).map(|_| ()), refused);
        rest(&mut memory, base, 16, &module).unwrap();
        assert_eq!(load(&mut other, base, &module).map(|_| ()), refused);
        for memory in [&mut memory, &mut other] {
            let (trace, insts) = load(memory, base, &module).unwrap();
            assert_eq!((trace.start, trace.cycles, insts), (base, 16, 16));
            assert_eq!((trace.len, trace.last), (32, 2));
            rest(memory, base, 16, &module).unwrap();
        }
        assert_eq!(rest(&mut other, base, 15, &module), refused);
        assert_eq!(load(&mut other, base + 2, &module).map(|_| ()), refused);
    }

    /// Code behind the code region is none of the module's, and another guest may have something else there.
    #[test]
    fn what_may_depend_on_other_bytes_is_not_kept() {
        let (module, mut memory) = guest();
        let mut other = Memory::new(SIZE).unwrap();
        let key = module.key();
        let end = key.base + key.len;
        let mut is_kept = |pc| {
            load(&mut memory, pc, &module).unwrap();
            load(&mut other, pc, &module).is_ok()
        };
        for pc in (end - 80..end + 64).step_by(2) {
            assert_eq!(is_kept(pc), pc + 32 + LOOK_AHEAD <= end, "{pc:#x}");
        }
    }

    /// Wrong native code of another module may have written to this one's text, here an `ebreak`.
    #[test]
    fn what_spoiled_memory_may_say_is_not_kept() {
        let spoilt = || {
            let (module, mut memory) = guest();
            let base = module.key().base as usize;
            memory.view().bytes.all()[base..base + 2].copy_from_slice(&0x9002_u16.to_le_bytes());
            (module, memory)
        };
        let entries = |memory: &mut Memory, module: &NativeModule| {
            let (base, since) = (module.key().base, memory.trusted_since());
            load_since(memory, base, module, since).unwrap().1
        };
        let whole = |module: &NativeModule| {
            let (_, mut memory) = guest();
            entries(&mut memory, module)
        };
        // Beside it native code is checked.
        let (module, mut memory) = spoilt();
        memory.keep_to_itself();
        assert_eq!(entries(&mut memory, &module), 1);
        assert_eq!(whole(&module), 16);
        // Found out later: what was kept before, and what is decoded in that memory afterwards.
        for late in [false, true] {
            let (module, mut memory) = spoilt();
            if late {
                crate::retire_spare_mappings();
            }
            assert_eq!(entries(&mut memory, &module), 1);
            crate::retire_spare_mappings();
            assert_eq!(whole(&module), 16, "{late}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (module, mut memory) = guest();
        let base = module.key().base;
        for pc in (base..base + 0xf00).step_by(2) {
            load(&mut memory, pc, &module).unwrap();
        }
        let store = module.decoded().store.read().unwrap();
        assert_eq!(store.kept, ENOUGH);
        assert_eq!(store.traces.len(), ENOUGH / 16);
    }
}
