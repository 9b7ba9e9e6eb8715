//! Which native module belongs to which pages of the guest.
//!
//! Native code is found by content: each maximal run of executable and frozen pages is one text, and
//! the library is asked for it when the guest first gets there. What was found stays attached until
//! the flags of one of its pages change. Pages that are executable but not frozen never have native
//! code, because their content is not settled.

use std::ops::Range;
use std::sync::Arc;

use lockstep_contract::pages::{EXECUTABLE, FREEZED, PAGE_SHIFT};
use lockstep_isa::{Cost, Profile};

use crate::environment::{Library, Request};
use crate::mapping::NativeModule;
use crate::memory::Memory;

/// The texts of a guest.
#[derive(Debug, Default)]
pub(crate) struct Attached {
    /// In order of address.
    texts: Vec<Text>,
    /// The cost model that the modules were asked for.
    cost: Option<Cost>,
}

/// A maximal run of executable and frozen pages.
#[derive(Debug)]
struct Text {
    pages: Range<usize>,
    module: Asked,
}

/// What the library said.
#[derive(Debug)]
enum Asked {
    NotYet,
    Nothing,
    Found(Arc<NativeModule>),
}

impl Text {
    fn base(&self) -> u64 {
        (self.pages.start as u64) << PAGE_SHIFT
    }
}

impl Attached {
    /// Takes notice of pages whose code may have changed since the last call. Modules of texts that
    /// are what they were stay.
    pub(crate) fn refresh(&mut self, memory: &mut Memory, cost: Cost) {
        if self.cost != Some(cost) {
            self.cost = Some(cost);
            self.texts.clear();
            memory.note_all_recoded();
        }
        let recoded = memory.take_recoded();
        if recoded.is_empty() {
            return;
        }
        let mut known = std::mem::take(&mut self.texts);
        known.retain(|text| text.pages.end <= recoded.start || recoded.end <= text.pages.start);
        for pages in runs(memory.flags()) {
            let module = match known.iter().position(|text| text.pages == pages) {
                Some(index) => known.swap_remove(index).module,
                None => Asked::NotYet,
            };
            self.texts.push(Text { pages, module });
        }
    }

    /// Which text covers this address. A guest may have hundreds and go from one to the next with
    /// every jump, so they are not tried in turn.
    #[inline]
    fn place(&self, pc: u64) -> Option<usize> {
        let page = pc >> PAGE_SHIFT;
        let index = (self.texts).partition_point(|text| text.pages.end as u64 <= page);
        let text = self.texts.get(index)?;
        (text.pages.start as u64 <= page).then_some(index)
    }

    /// Whether native code may be able to go on from here.
    #[inline]
    pub(crate) fn wants(&self, pc: u64) -> bool {
        self.place(pc)
            .is_some_and(|index| match &self.texts[index].module {
                Asked::NotYet => true,
                Asked::Nothing => false,
                Asked::Found(module) => module.entry(pc).is_some(),
            })
    }

    /// The module that covers this address and the entry in it, asking the library if need be.
    pub(crate) fn find(
        &mut self,
        pc: u64,
        profile: Profile,
        memory: &Memory,
        library: &dyn Library,
    ) -> Option<(&NativeModule, u32)> {
        let cost = self.cost?;
        let index = self.place(pc)?;
        let text = &mut self.texts[index];
        if matches!(text.module, Asked::NotYet) {
            text.module = ask(text, pc, profile, cost, memory, library);
        }
        let Asked::Found(module) = &text.module else {
            return None;
        };
        module.entry(pc).map(|entry| (&**module, entry))
    }
}

/// Asks the library for the module of a text, and refuses one that is not for it.
fn ask(
    text: &Text,
    pc: u64,
    profile: Profile,
    cost: Cost,
    memory: &Memory,
    library: &dyn Library,
) -> Asked {
    let bytes = text.pages.start << PAGE_SHIFT..text.pages.end << PAGE_SHIFT;
    let request = Request {
        profile,
        cost,
        memory_size: memory.size(),
        base: text.base(),
        text: &memory.as_bytes()[bytes],
        memory,
        pc,
    };
    let Some(module) = library.find(&request) else {
        return Asked::Nothing;
    };
    let key = module.key();
    let fits = key.profile == profile
        && key.cost == cost
        && key.memory_size == memory.size() as u64
        && key.base == request.base
        && key.len == request.text.len() as u64;
    if !fits {
        tracing::warn!(
            ?request,
            ?key,
            "a module for something else; the code is interpreted"
        );
        return Asked::Nothing;
    }
    Asked::Found(module)
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
                let found = attached.place(pc).map(|index| &attached.texts[index].pages);
                assert_eq!(found.is_some(), page < 64 && is_code(page), "{pc:#x}");
                assert!(found.is_none_or(|pages| pages.contains(&(page as usize))));
            }
        }
        assert_eq!(attached.place(u64::MAX), None);
    }
}
