//! Which native module belongs to which pages of the guest.
//!
//! Native code is found by content: each maximal run of executable and frozen pages is one code region, and
//! the library is asked for it when the guest first gets there. What it said stays attached until
//! the flags of one of its pages change. Native code may come and go in the meantime; that is seen
//! before each entry. Pages that are executable but not frozen never have native code, because their
//! content is not settled.
//!
//! Cycles are counted here, text by text, and handed to the library in lumps: at the end of a run and
//! whenever enough have come together. The interpreter's go to the code region where it began; it stops often
//! enough that a code region in which it spends its time gets them.

use std::ops::Range;
use std::sync::Arc;

use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SHIFT};
use lockstep_isa::{Cost, Profile};

use crate::environment::{Library, Request};
use crate::known::{Holding, SharedRegion};
use crate::mapping::{EntryPoint, NativeModule};
use crate::memory::Memory;

/// Interpreted cycles of a code region that come together before the library hears of them.
const CYCLE_BATCH: u64 = 1 << 16;

/// The code regions of a guest.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// In order of address.
    regions: Vec<CodeRegion>,
    /// The cost model that the modules were asked for.
    cost: Option<Cost>,
}

/// A maximal run of executable and frozen pages.
#[derive(Debug)]
struct CodeRegion {
    pages: Range<usize>,
    asked: Asked,
}

/// What the library said.
#[derive(Debug)]
enum Asked {
    NotYet,
    /// It does not know such code, and never will.
    Nothing,
    Known(Known),
}

/// A code region that the library knows, as this guest last saw it.
#[derive(Debug)]
struct Known {
    region: Arc<SharedRegion>,
    generation: u64,
    module: Option<Arc<NativeModule>>,
    /// Cycles that the code region was not told of yet.
    interpreted: u64,
    native: u64,
}

impl Known {
    fn new(region: Arc<SharedRegion>) -> Known {
        Known {
            // One that no code region ever has: the first look is still to come.
            generation: u64::MAX,
            region,
            module: None,
            interpreted: 0,
            native: 0,
        }
    }

    /// Hands over what was counted. Whether the library wants to be called.
    fn report(&mut self) -> bool {
        let interpreted = std::mem::take(&mut self.interpreted);
        let native = std::mem::take(&mut self.native);
        self.region.add(interpreted, native)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        self.report();
    }
}

impl CodeRegion {
    /// Takes notice of native code that came or went.
    #[inline]
    fn follow(&mut self, place: &Place<'_>) {
        match &self.asked {
            Asked::Known(known) if known.region.changed_since(known.generation) => self.look(place),
            _ => {}
        }
    }

    #[cold]
    fn look(&mut self, place: &Place<'_>) {
        let Asked::Known(known) = &mut self.asked else {
            return;
        };
        let (generation, holding) = known.region.look();
        known.generation = generation;
        known.module = None;
        match holding {
            Holding::Nothing => {}
            Holding::Module(module) => {
                if place.fits(self.pages.clone(), &module) {
                    known.module = Some(module);
                }
            }
            Holding::Forgotten => self.asked = Asked::NotYet,
        }
    }

    /// Asks the library, when this has not happened yet.
    #[inline]
    fn ask(&mut self, pc: u64, place: &Place<'_>, library: &dyn Library) {
        if matches!(self.asked, Asked::NotYet) {
            let answer = library.find(&place.request(self.pages.clone(), pc));
            self.asked = answer.map_or(Asked::Nothing, |region| Asked::Known(Known::new(region)));
        }
    }
}

/// What native code must be for, but for the code region: the guest and its costs.
struct Place<'a> {
    profile: Profile,
    cost: Cost,
    memory: &'a Memory,
}

impl<'a> Place<'a> {
    fn request(&self, pages: Range<usize>, pc: u64) -> Request<'a> {
        let bytes = pages.start << PAGE_SHIFT..pages.end << PAGE_SHIFT;
        Request {
            profile: self.profile,
            cost: self.cost,
            memory_size: self.memory.size(),
            base: bytes.start as u64,
            region: &self.memory.as_bytes()[bytes],
            memory: self.memory,
            pc,
        }
    }

    /// Whether a module is for these pages of this guest; that its code region is theirs is the library's
    /// duty.
    fn fits(&self, pages: Range<usize>, module: &NativeModule) -> bool {
        let key = module.key();
        let fits = key.profile == self.profile
            && key.cost == self.cost
            && key.memory_size == self.memory.size() as u64
            && key.base == (pages.start as u64) << PAGE_SHIFT
            && key.len == (pages.len() as u64) << PAGE_SHIFT;
        if !fits {
            let request = self.request(pages, 0);
            tracing::warn!(
                ?request,
                ?key,
                "a module for something else; the code is interpreted"
            );
        }
        fits
    }
}

impl Attached {
    /// Takes notice of pages whose code may have changed since the last call. Modules of code regions that
    /// are what they were stay.
    pub(crate) fn refresh(&mut self, memory: &mut Memory, cost: Cost) {
        if self.cost != Some(cost) {
            self.cost = Some(cost);
            self.regions.clear();
            memory.note_all_recoded();
        }
        let recoded = memory.take_recoded();
        if recoded.is_empty() {
            return;
        }
        let mut known = std::mem::take(&mut self.regions);
        known.retain(|region| {
            region.pages.end <= recoded.start || recoded.end <= region.pages.start
        });
        for pages in runs(memory.flags()) {
            let asked = match known.iter().position(|region| region.pages == pages) {
                Some(index) => known.swap_remove(index).asked,
                None => Asked::NotYet,
            };
            self.regions.push(CodeRegion { pages, asked });
        }
    }

    /// Which text covers this address. A guest may have hundreds and go from one to the next with
    /// every jump, so they are not tried in generation.
    #[inline]
    fn place(&self, pc: u64) -> Option<usize> {
        let page = pc >> PAGE_SHIFT;
        let index = (self.regions).partition_point(|region| region.pages.end as u64 <= page);
        let region = self.regions.get(index)?;
        (region.pages.start as u64 <= page).then_some(index)
    }

    /// The module that was found for this address.
    pub(crate) fn module(&self, pc: u64) -> Option<&NativeModule> {
        self.found(pc).map(|module| &**module)
    }

    /// The same to keep.
    pub(crate) fn shared_module(&self, pc: u64) -> Option<Arc<NativeModule>> {
        self.found(pc).cloned()
    }

    fn found(&self, pc: u64) -> Option<&Arc<NativeModule>> {
        match &self.regions[self.place(pc)?].asked {
            Asked::Known(known) => known.module.as_ref(),
            Asked::NotYet | Asked::Nothing => None,
        }
    }

    /// All modules that this guest has.
    pub(crate) fn modules(&self) -> Vec<Arc<NativeModule>> {
        let module = |region: &CodeRegion| match &region.asked {
            Asked::Known(known) => known.module.clone(),
            Asked::NotYet | Asked::Nothing => None,
        };
        self.regions.iter().filter_map(module).collect()
    }

    /// Whether native code may be able to go on from here.
    #[inline]
    pub(crate) fn wants(&self, pc: u64) -> bool {
        self.place(pc)
            .is_some_and(|index| match &self.regions[index].asked {
                Asked::NotYet => true,
                Asked::Nothing => false,
                Asked::Known(known) => {
                    (known.module.as_ref()).is_some_and(|module| module.entry(pc).is_some())
                }
            })
    }

    /// The module that covers this address and the entry in it, asking the library if need be.
    pub(crate) fn find(
        &mut self,
        pc: u64,
        profile: Profile,
        memory: &Memory,
        library: &dyn Library,
    ) -> Option<EntryPoint<'_>> {
        let cost = self.cost?;
        let index = self.place(pc)?;
        let region = &mut self.regions[index];
        let place = Place {
            profile,
            cost,
            memory,
        };
        // Twice: who follows a code region that was forgotten asks, and who asks looks at the answer.
        region.follow(&place);
        region.ask(pc, &place, library);
        region.follow(&place);
        let Asked::Known(known) = &region.asked else {
            return None;
        };
        known.module.as_ref()?.entry_point(pc)
    }

    /// Notes cycles that native code ran, in the code region where it was entered.
    #[inline]
    pub(crate) fn count_native(&mut self, pc: u64, cycles: u64) {
        if let Some(index) = self.place(pc)
            && let Asked::Known(known) = &mut self.regions[index].asked
        {
            known.native = known.native.saturating_add(cycles);
        }
    }

    /// Notes cycles that the interpreter ran from an address on, and tells the library when they are
    /// enough.
    pub(crate) fn count_interpreted(
        &mut self,
        pc: u64,
        cycles: u64,
        profile: Profile,
        memory: &Memory,
        library: &dyn Library,
    ) {
        let Some(cost) = self.cost else {
            return;
        };
        let place = Place {
            profile,
            cost,
            memory,
        };
        if let Some(index) = self.place(pc) {
            let CodeRegion { pages, asked } = &mut self.regions[index];
            if let Asked::Known(known) = asked {
                known.interpreted = known.interpreted.saturating_add(cycles);
                if known.interpreted >= CYCLE_BATCH && known.report() {
                    library.hot(&place.request(pages.clone(), pc), &known.region);
                }
            }
        }
    }

    /// Takes notice of native code that came to any text meanwhile.
    pub(crate) fn follow(&mut self, profile: Profile, memory: &Memory) {
        if let Some(cost) = self.cost {
            let place = Place {
                profile,
                cost,
                memory,
            };
            for region in &mut self.regions {
                region.follow(&place);
            }
        }
    }

    /// Hands over what was counted, at the end of a run.
    pub(crate) fn report(&mut self) {
        for region in &mut self.regions {
            if let Asked::Known(known) = &mut region.asked {
                // Who has the code region next tells the library.
                known.report();
            }
        }
    }
}

/// The maximal runs of pages that are executable and frozen.
fn runs(flags: &[u8]) -> Vec<Range<usize>> {
    const CODE: u8 = EXECUTABLE | FREEZED;
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (page, flags) in flags.iter().enumerate() {
        if flags & CODE != CODE {
            continue;
        }
        match runs.last_mut() {
            Some(run) if run.end == page => run.end = page + 1,
            _ => runs.push(page..page + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_any_of_its_addresses_and_no_other() {
        let mut memory = Memory::new(64 << PAGE_SHIFT).unwrap();
        let is_code = |page: u64| page % 7 < 3 && page != 1;
        for page in (0..64).filter(|page| is_code(*page)) {
            memory.set_flag(page, EXECUTABLE | FREEZED).unwrap();
        }
        let mut attached = Attached::default();
        attached.refresh(&mut memory, Cost::Estimate);
        for page in 0..70 {
            for pc in [page << PAGE_SHIFT, ((page + 1) << PAGE_SHIFT) - 1] {
                let found = attached
                    .place(pc)
                    .map(|index| &attached.regions[index].pages);
                assert_eq!(found.is_some(), page < 64 && is_code(page), "{pc:#x}");
                assert!(found.is_none_or(|pages| pages.contains(&(page as usize))));
            }
        }
        assert_eq!(attached.place(u64::MAX), None);
    }
}
