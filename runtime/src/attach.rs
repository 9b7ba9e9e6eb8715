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
    fn contains(&self, pc: u64) -> bool {
        let page = pc >> PAGE_SHIFT;
        (self.pages.start as u64) <= page && page < self.pages.end as u64
    }

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

    /// Whether native code may be able to go on from here.
    #[inline]
    pub(crate) fn wants(&self, pc: u64) -> bool {
        self.texts.iter().any(|text| {
            text.contains(pc)
                && match &text.module {
                    Asked::NotYet => true,
                    Asked::Nothing => false,
                    Asked::Found(module) => module.entry(pc).is_some(),
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
    ) -> Option<(&NativeModule, u32)> {
        let cost = self.cost?;
        let text = self.texts.iter_mut().find(|text| text.contains(pc))?;
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
