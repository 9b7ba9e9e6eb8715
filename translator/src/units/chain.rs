//! A chain: the blocks that one piece of straight-line code is made of, and what lifting has to know of it.
//!
//! `units` builds chains from blocks, and `dataflow` fills in what depends on other chains. Nothing here
//! computes.

use crate::abstract_interpreter::Access;
use crate::block::Block;

/// Blocks merged to one piece of straight-line code. Control enters at the first block only, and leaves at
/// the end of the last block or by an exit in between.
pub(crate) struct Chain<'a> {
    /// The blocks in order, copies of inlined functions among them. A dispatch has none.
    pub blocks: Vec<&'a Block>,
    /// Control may enter the unit here directly, not through the dispatch.
    pub entry: bool,
    /// The chain compares the budget at its start.
    pub check: bool,
    /// The chains of the unit that may follow, by index.
    pub successors: Vec<usize>,
    /// The chains of the unit that it may follow, by index.
    pub predecessors: Vec<usize>,
    /// The unit's dispatch, if it ends with an indirect jump that may stay inside the unit.
    pub dispatch: Option<usize>,
    /// It ends with a return that may stay inside the unit.
    pub returns_inside: bool,
    /// It ends with the copy of an inlined function, and goes on at this return point.
    pub goes_on: Option<u64>,
    /// The cycles of all its blocks.
    pub cycles: u64,
    /// The most cycles that can be charged from its start to the next check, its own included.
    pub worst: u64,
    /// Live registers at its start, as a mask.
    pub live: u32,
    /// Dirty registers at its start, as a mask: those whose value may differ from the one in the context.
    pub dirty: u32,
    /// Registers that it writes, as a mask.
    pub defs: u32,
    /// At its end it writes the dirty registers back to the context, so that no exit behind it has to.
    pub writes_back: bool,
    /// Its memory accesses in program order.
    pub accesses: Vec<Access>,
    /// How many of these there are up to the end of each block.
    pub accesses_until: Vec<usize>,
    /// Registers that it reads before it writes them, as a mask.
    pub uses: u32,
}

impl Chain<'_> {
    /// How many memory accesses its first block has.
    pub(crate) fn first_block_accesses(&self) -> usize {
        self.accesses_until.first().copied().unwrap_or_default()
    }

    /// The address of its first instruction; none for a dispatch.
    pub(crate) fn head(&self) -> Option<u64> {
        self.blocks.first().map(|block| block.head)
    }
}
