//! Which native module belongs to which pages of a guest.
//!
//! Native code is found by content. Each maximal run of executable and frozen pages is one code region, and the
//! source of code is asked for it when the guest first gets there. What it answered stays attached until the flags
//! of one of the region's pages change. Native code may come and go in the meantime; that is seen before each
//! entry. Pages that are executable but not frozen never have native code, because their content may still change.
//!
//! Cycles are counted here, region by region, and reported to the [`SharedRegion`] in batches: at the end of a run
//! and whenever enough have come together. Cycles of the interpreter are counted for the region where it began. It
//! stops often enough that a region in which it spends its time gets them.
//!
//! This is no part of a guest's state: a copy of a guest has nothing attached.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use lockstep_contract::pages::PAGE_SHIFT;
use lockstep_isa::{Cost, Profile};

use crate::code_source::{CodeSource, Request};
use crate::mapping::{EntryPoint, NativeModule};
use crate::memory::{Identity, Memory};
use crate::shared_region::{Holding, Loaded, SharedRegion};
use crate::state::Core;
use crate::traces::DecodedTraces;

/// Interpreted cycles of a code region that come together before they are reported.
const CYCLE_BATCH: u64 = 1 << 16;

/// Heads that come together before they are reported. More of them are not counted, which no code needs that has
/// enough cycles at a head for it to matter.
const HEAD_BATCH: usize = 256;

/// The code regions of a guest.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// In the order of their addresses.
    regions: Vec<CodeRegion>,
    /// The memory that they are in, and the cost model that the modules were asked for.
    of: Option<(Identity, Cost)>,
}

/// A maximal run of executable and frozen pages.
#[derive(Debug)]
struct CodeRegion {
    pages: Range<usize>,
    asked: Asked,
}

/// What the source of code answered.
#[derive(Debug)]
enum Asked {
    NotYet,
    /// It does not know such code, and never will.
    Nothing,
    Known(Known),
}

/// A code region that the source of code knows, as this guest last saw it.
#[derive(Debug)]
struct Known {
    region: Arc<SharedRegion>,
    generation: u64,
    loaded: Option<Loaded>,
    /// Cycles that were not reported yet.
    interpreted: u64,
    native: u64,
    /// Those of them that were interpreted where there is native code, by the head at which it was missing.
    heads: BTreeMap<u64, u64>,
}

impl Known {
    fn new(region: Arc<SharedRegion>) -> Known {
        Known {
            // A generation that no region ever has, because nobody has looked at it yet.
            generation: u64::MAX,
            region,
            loaded: None,
            interpreted: 0,
            native: 0,
            heads: BTreeMap::new(),
        }
    }

    /// Whether heads are counted at which native code is missing.
    #[inline]
    fn counts_heads(&self) -> bool {
        self.loaded.is_some() && self.region.counts_heads()
    }

    /// Counts cycles that the interpreter ran from a head on.
    fn count(&mut self, head: u64, cycles: u64) {
        self.interpreted = self.interpreted.saturating_add(cycles);
        if self.counts_heads() && self.heads.len() < HEAD_BATCH {
            let sum = self.heads.entry(head).or_default();
            *sum = sum.saturating_add(cycles);
        }
    }

    /// Reports what was counted. The answer says whether the source of code wants to be called.
    fn report(&mut self) -> bool {
        let interpreted = std::mem::take(&mut self.interpreted);
        let native = std::mem::take(&mut self.native);
        if !self.heads.is_empty() {
            self.region.add_heads(std::mem::take(&mut self.heads));
        }
        self.region.add(interpreted, native)
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        self.report();
    }
}

impl CodeRegion {
    /// What the source of code gave for it, if that is native code.
    #[inline]
    fn loaded(&self) -> Option<&Loaded> {
        match &self.asked {
            Asked::Known(known) => known.loaded.as_ref(),
            Asked::NotYet | Asked::Nothing => None,
        }
    }

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
        known.loaded = None;
        match holding {
            Holding::Nothing => {}
            Holding::Module(loaded) => {
                if place.fits(self.pages.clone(), &loaded.module) {
                    known.loaded = Some(loaded);
                }
            }
            Holding::Forgotten => self.asked = Asked::NotYet,
        }
    }

    /// Asks the source of code, if this has not happened yet.
    #[inline]
    fn ask(&mut self, pc: u64, place: &Place<'_>, code: &dyn CodeSource) {
        if matches!(self.asked, Asked::NotYet) {
            let answer = code.find(&place.request(self.pages.clone(), pc));
            self.asked = answer.map_or(Asked::Nothing, |region| Asked::Known(Known::new(region)));
        }
    }
}

/// What native code must be for, apart from the code region: the guest and its costs.
struct Place<'a> {
    profile: Profile,
    cost: Cost,
    memory: &'a Memory,
}

impl<'a> Place<'a> {
    fn new(core: &'a Core, cost: Cost) -> Place<'a> {
        Place {
            profile: core.profile,
            cost,
            memory: &core.memory,
        }
    }

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

    /// Whether a module is for these pages of this guest. That it was made from the bytes in them is the duty of
    /// the source of code.
    fn fits(&self, pages: Range<usize>, module: &NativeModule) -> bool {
        let key = module.key();
        let fits = key.place() == self.request(pages.clone(), 0).place();
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
    /// Takes notice of pages whose code may have changed since the last call. Regions that are what they were keep
    /// their modules.
    pub(crate) fn refresh(&mut self, memory: &mut Memory, cost: Cost) {
        let of = Some((memory.identity(), cost));
        if self.of != of {
            self.of = of;
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
        for pages in memory.code_runs() {
            let asked = match known.iter().position(|region| region.pages == pages) {
                Some(index) => known.swap_remove(index).asked,
                None => Asked::NotYet,
            };
            self.regions.push(CodeRegion { pages, asked });
        }
    }

    /// The index of the code region that covers this address. A guest may have hundreds of regions and go from one
    /// to the next with every jump, so this is a binary search.
    #[inline]
    fn place(&self, pc: u64) -> Option<usize> {
        let page = pc >> PAGE_SHIFT;
        let index = (self.regions).partition_point(|region| region.pages.end as u64 <= page);
        let region = self.regions.get(index)?;
        (region.pages.start as u64 <= page).then_some(index)
    }

    fn loaded(&self, pc: u64) -> Option<&Loaded> {
        self.regions[self.place(pc)?].loaded()
    }

    /// The traces that machines with the module for this address share.
    pub(crate) fn traces(&self, pc: u64) -> Option<&DecodedTraces> {
        self.loaded(pc).map(|loaded| &*loaded.traces)
    }

    /// The module that was found for this address.
    pub(crate) fn module(&self, pc: u64) -> Option<Arc<NativeModule>> {
        self.loaded(pc).map(|loaded| Arc::clone(&loaded.module))
    }

    /// All modules that this guest has.
    pub(crate) fn modules(&self) -> Vec<Arc<NativeModule>> {
        let loaded = self.regions.iter().filter_map(CodeRegion::loaded);
        loaded.map(|loaded| Arc::clone(&loaded.module)).collect()
    }

    /// Whether native code may be able to go on from here.
    #[inline]
    pub(crate) fn wants(&self, pc: u64) -> bool {
        self.place(pc)
            .is_some_and(|index| match &self.regions[index].asked {
                Asked::NotYet => true,
                Asked::Nothing => false,
                Asked::Known(known) => {
                    (known.loaded.as_ref()).is_some_and(|loaded| loaded.module.entry(pc).is_some())
                }
            })
    }

    /// The module that covers the guest's pc, and the entry in it. Asks the source of code if need be.
    pub(crate) fn find(&mut self, core: &Core, code: &dyn CodeSource) -> Option<EntryPoint<'_>> {
        let (_, cost) = self.of?;
        let pc = core.pc();
        let index = self.place(pc)?;
        let region = &mut self.regions[index];
        let place = Place::new(core, cost);
        // Twice: a region that turns out to be forgotten is asked for, and an answer is looked at.
        region.follow(&place);
        region.ask(pc, &place, code);
        region.follow(&place);
        region.loaded()?.module.entry_point(pc)
    }

    /// Counts cycles that native code ran, for the code region where it was entered.
    #[inline]
    pub(crate) fn count_native(&mut self, pc: u64, cycles: u64) {
        if let Some(index) = self.place(pc)
            && let Asked::Known(known) = &mut self.regions[index].asked
        {
            known.native = known.native.saturating_add(cycles);
        }
    }

    /// Counts cycles that the interpreter ran from an address on, and reports them when they are a batch.
    pub(crate) fn count_interpreted(
        &mut self,
        pc: u64,
        cycles: u64,
        core: &Core,
        code: &dyn CodeSource,
    ) {
        let Some((_, cost)) = self.of else {
            return;
        };
        let place = Place::new(core, cost);
        if let Some(index) = self.place(pc) {
            let CodeRegion { pages, asked } = &mut self.regions[index];
            if let Asked::Known(known) = asked {
                known.count(pc, cycles);
                if known.interpreted >= CYCLE_BATCH && known.report() {
                    code.hot(&place.request(pages.clone(), pc), &known.region);
                }
            }
        }
    }

    /// Whether heads are counted at which native code is missing, in the code region that covers this address.
    pub(crate) fn counts_heads(&self, pc: u64) -> bool {
        self.place(pc)
            .is_some_and(|index| match &self.regions[index].asked {
                Asked::Known(known) => known.counts_heads(),
                Asked::NotYet | Asked::Nothing => false,
            })
    }

    /// Takes notice of native code that came to any region meanwhile.
    pub(crate) fn follow(&mut self, core: &Core) {
        if let Some((_, cost)) = self.of {
            let place = Place::new(core, cost);
            for region in &mut self.regions {
                region.follow(&place);
            }
        }
    }

    /// Reports what was counted, at the end of a run.
    pub(crate) fn report(&mut self) {
        for region in &mut self.regions {
            if let Asked::Known(known) = &mut region.asked {
                // The machine that runs this region next calls the source of code, if it wants to be called.
                known.report();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_contract::pages::CODE;

    use super::*;

    #[test]
    fn a_code_region_is_found_by_any_of_its_addresses_and_no_other() {
        let mut memory = Memory::new(64 << PAGE_SHIFT).unwrap();
        let is_code = |page: u64| page % 7 < 3 && page != 1;
        for page in (0..64).filter(|page| is_code(*page)) {
            memory.set_flag(page, CODE).unwrap();
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
