//! The machine that runs block by block: it is given what the interpreter's trace has just cost, runs that one block,
//! and is compared.
//!
//! Its table of pages that take stores as they are is emptied before each block, and so is the interpreter's. So the
//! two tables name the pages that the block wrote. In its table native code finds only the pages that the interpreter
//! wrote in the same block, to which it then stores as natively as ever.

use lockstep_contract::context::slot;
use lockstep_isa::Cost;

use super::piece::{Found, run_piece};
use crate::code_source::CodeSource;
use crate::compare::{PageSet, difference};
use crate::environment::Environment;
use crate::memory::SetupError;
use crate::observer::Step;
use crate::run::RunLoop;
use crate::state::Core;
use crate::trap::Trap;

/// Runs modules that leave after every block.
#[derive(Debug)]
pub(super) struct ByBlock {
    pub(super) guest: RunLoop,
    /// Pages that either side wrote in the current block; kept for its capacity.
    pages: Vec<usize>,
}

/// A block that the interpreter has run.
pub(super) struct Block<'a> {
    /// Its number since everything was compared.
    pub(super) number: usize,
    /// The address of its first instruction.
    pub(super) head: u64,
    /// The interpreter's counter in front of it.
    pub(super) cycles_before: u64,
    /// Where the interpreter came to.
    pub(super) result: &'a Result<Step, Trap>,
}

impl ByBlock {
    /// A machine in this guest's state.
    pub(super) fn new(core: &Core) -> Result<ByBlock, SetupError> {
        let mut guest = RunLoop::new(core.fork()?);
        guest.core.memory.keep_to_itself();
        Ok(ByBlock {
            guest,
            pages: Vec::new(),
        })
    }

    /// Makes it equal to the guest's machine, whose table of pages is empty.
    pub(super) fn begin(&mut self, core: &Core, cost: Cost) {
        let RunLoop {
            core: own,
            attached,
        } = &mut self.guest;
        own.copy_from(core);
        attached.refresh(&mut own.memory, cost);
        own.memory.close();
    }

    /// Runs native code for the block that the interpreter has just run, and compares. Adds the pages that either
    /// side wrote to `written`. With `exact`, all memory is compared.
    pub(super) fn compare(
        &mut self,
        core: &mut Core,
        env: &Environment<'_>,
        code: &dyn CodeSource,
        block: &Block<'_>,
        written: &mut PageSet,
        exact: bool,
    ) -> Option<Found> {
        let ByBlock { guest, pages } = self;
        pages.clear();
        core.memory.note_opened(pages);
        for &page in &*pages {
            core.memory.close_page(page);
            guest.core.memory.reopen_page(page);
        }
        // A trace that was not charged was not run: native code must not run it either.
        let cost = core.cycles.saturating_sub(block.cycles_before);
        let given = if cost == 0 { u64::MAX } else { cost };
        let native = run_piece(guest, env, code, given);
        core.native_cycles = guest.core.native_cycles;
        guest.core.memory.note_opened(pages);
        for &page in &*pages {
            guest.core.memory.close_page(page);
            written.add(page);
        }
        let ends = ((core as &Core, block.result), (&guest.core, &native));
        let difference = if exact {
            difference(ends, 0..core.memory.pages(), slot(block.head), true)
        } else {
            difference(ends, pages.iter().copied(), slot(block.head), false)
        };
        Some(Found {
            from: block.number,
            shipped: false,
            interpreter: block.result.clone(),
            difference: difference?,
            native,
        })
    }
}
