//! Inlining: which calls run a copy of the function that they call, in the unit of the caller.
//!
//! LLVM's machine outliner moves pieces of a few instructions that occur often into functions of their own,
//! and calls them with `t0` as the link register. A program that is built so leaves its unit every few dozen
//! instructions. Other programs have getters and the like, which are as short. So calls of short functions
//! are inlined: the blocks of the function follow the block of the call in the same chain, and the return
//! point follows them.
//!
//! A call is inlined only if the function is straight-line code that comes back. The abstract interpreter
//! decides that: it runs the block of the call and then the blocks behind it. It knows the address in the
//! link register, so it finds where each block goes, the return included. If it finds the way from the call
//! to the return point, control takes this way whenever it takes the call. Nothing else has to be true of
//! the function: it may move the link register about, and others may enter it anywhere.
//!
//! The function itself is translated as well, for indirect calls and jumps into its middle. A side exit in a
//! copy leaves it to the interpreter to finish the block, as any side exit does.
//!
//! Functions with branches are not inlined. Their copies would be chains of their own, which cost registers
//! in the rest of the unit: Lua lost 4 % when they were inlined too.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::Xlen;

use crate::abstract_interpreter::{AbstractInterpreter, Flow};
use crate::block::Block;
use crate::discover::Discovered;
use crate::injection::Injection;

/// The most instructions of a function that is inlined; a fused one counts once. Pieces that LLVM outlines
/// have 4 to 25.
const INLINED_INSTRUCTIONS: usize = 40;
/// The most instructions of all copies in one unit, which also has no more of them than instructions of its own. What a unit
/// costs grows faster than its instructions, and an interpreter loop may have 8000 of them already.
const UNIT_COPIES_INSTRUCTIONS: usize = 1000;
/// The largest weight of all copies of a module, in plain instructions. It comes on top of the weight of the
/// blocks themselves. The copies of `ckb-js-vm`, which calls outlined pieces at 2100 places, weigh 70 000.
pub const COPIES_WEIGHT_LIMIT: usize = 100_000;

/// The inlined calls of a module, by the head of the block that ends with the call. For each, the blocks of
/// the function in the order in which they run.
#[derive(Default)]
pub(crate) struct Inlined<'a> {
    copies: BTreeMap<u64, Vec<&'a Block>>,
    /// What the copies cost to translate, in plain instructions.
    pub(crate) weight: usize,
}

impl<'a> Inlined<'a> {
    /// Chooses the calls to inline. `groups` are the blocks of each unit. The lowest calls come first: those
    /// for which the weight does not suffice stay calls.
    pub(super) fn choose(
        found: &'a Discovered,
        groups: &[Vec<&'a Block>],
        xlen: Xlen,
        inject: Option<Injection>,
    ) -> Inlined<'a> {
        // Behind an injected fault registers do not have the values that the analysis finds.
        let is_right = |block: &Block| inject.and_then(|inject| inject.at(block.head)).is_none();
        let mut inlined = Inlined::default();
        for group in groups {
            let heads: BTreeSet<u64> = group.iter().map(|block| block.head).collect();
            let own: usize = group.iter().map(|block| block.instructions.len()).sum();
            let mut room = own.min(UNIT_COPIES_INSTRUCTIONS);
            for call in group.iter().filter(|block| is_right(block)) {
                let Some(copy) = way_back(found, call, &heads, xlen) else {
                    continue;
                };
                let weight: usize = copy.iter().map(|block| block.weight()).sum();
                let size: usize = copy.iter().map(|block| block.instructions.len()).sum();
                let fits = size <= room && inlined.weight + weight <= COPIES_WEIGHT_LIMIT;
                if fits && copy.iter().all(|block| is_right(block)) {
                    room -= size;
                    inlined.weight += weight;
                    inlined.copies.insert(call.head, copy);
                }
            }
        }
        inlined
    }

    /// The blocks that run between this block and its return point; none if it ends with no inlined call.
    pub(super) fn behind(&self, call: &Block) -> &[&'a Block] {
        self.copies.get(&call.head).map_or(&[], Vec::as_slice)
    }

    /// The return point of this block, if it ends with an inlined call.
    pub(super) fn returns_to(&self, call: &Block) -> Option<u64> {
        (call.return_point()).filter(|_| self.copies.contains_key(&call.head))
    }

    /// The return points to which no call returns but inlined ones. Control comes to them inside the unit
    /// only.
    pub(super) fn return_points(&self, found: &Discovered) -> BTreeSet<u64> {
        let points = |inlined: bool| {
            let blocks = found.blocks.values();
            let blocks = blocks.filter(move |block| self.returns_to(block).is_some() == inlined);
            blocks.filter_map(Block::return_point)
        };
        let others: BTreeSet<u64> = points(false).collect();
        points(true)
            .filter(|point| !others.contains(point))
            .collect()
    }
}

/// The blocks that run between a call and its return point, if the call is one to inline. `heads` are the
/// heads of the caller's unit.
fn way_back<'a>(
    found: &'a Discovered,
    call: &Block,
    heads: &BTreeSet<u64>,
    xlen: Xlen,
) -> Option<Vec<&'a Block>> {
    let (mut head, back) = (call.callee()?, call.return_point()?);
    if !heads.contains(&back) {
        return None;
    }
    let mut analysis = AbstractInterpreter::new(xlen);
    call.run(&mut analysis);
    let (mut blocks, mut size) = (Vec::new(), 0);
    while !heads.contains(&head) {
        let block = found.blocks.get(&head)?;
        size += block.instructions.len();
        if size > INLINED_INSTRUCTIONS {
            return None;
        }
        block.run(&mut analysis);
        blocks.push(block);
        head = match analysis.flow {
            Flow::Next => block.end(),
            Flow::Static(target) if target == back => return Some(blocks),
            Flow::Static(target) if !analysis.links => target,
            _ => return None,
        };
    }
    None
}
