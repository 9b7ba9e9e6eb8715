//! Landings: units beside a loop, at which native code takes over again after a store that the loop left.
//!
//! The first store to a page is the interpreter's, unless it is at the head of a chain that is an entry
//! (`memory_checks`). A side exit leaves it and the rest of its block to the interpreter, which runs on to the next
//! entry. In a loop that walks over memory this is the loop's head, so the rest of the round is interpreted, once for
//! each page. If the heads behind such stores were entries of the loop's unit, the registers would have to be in the
//! same places for those who come from the entry as for those who come from the loop, and the loop would be slower. So
//! the code from there to the loop's next entry is translated once more, in a unit of its own, which nothing but the
//! run loop enters: the loop's own code stays as it is.
//!
//! A landing has no code that can be entered elsewhere: where it comes to an entry of another unit it goes there. So
//! each address still has one entry at most.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::chain::Chain;
use super::inline::{COPIES_WEIGHT_LIMIT, Inlined};
use super::loops::repeated_with_calls;
use super::residency::INTERPRETER_LOOP_TARGETS;
use super::unit::Unit;
use lockstep_isa::Reg;

use crate::abstract_interpreter::Flow;
use crate::block::Block;
use crate::discover::Discovered;
use crate::memory_checks;

/// The most instructions from the start of a landing to the end of its code. Whoever goes on behind them does so in
/// the interpreter.
const LANDING_INSTRUCTIONS: usize = 64;

/// The blocks of one landing, in the order of their addresses.
pub(super) struct Landing<'a> {
    pub(super) blocks: Vec<&'a Block>,
    /// The heads at which it is entered.
    pub(super) heads: BTreeSet<u64>,
}

/// The landing beside a unit, if it needs one. `entries` are the heads at which the units that there are can be
/// entered. The weight of its blocks is added to that of the copies that inlining makes, and both together stay within
/// [`COPIES_WEIGHT_LIMIT`].
pub(super) fn landing<'a>(
    found: &'a Discovered,
    unit: &Unit<'a>,
    entries: &BTreeSet<u64>,
    inlined: &mut Inlined<'a>,
) -> Option<Landing<'a>> {
    // The handlers of an interpreter loop come back to its dispatch soon, and there are many of them.
    if unit.dispatch_targets.len() >= *INTERPRETER_LOOP_TARGETS.start() {
        return None;
    }
    let mut heads = behind_stores(unit, entries);
    let blocks = reached(found, inlined, &heads, entries);
    heads.retain(|head| blocks.contains_key(head));
    let weight_of = |block: &Block| {
        let copies = inlined.behind(block).iter();
        block.weight() + copies.map(|copy| copy.weight()).sum::<usize>()
    };
    let weight: usize = blocks.values().map(|block| weight_of(block)).sum();
    if heads.is_empty() || inlined.weight + weight > COPIES_WEIGHT_LIMIT {
        return None;
    }
    inlined.weight += weight;
    let blocks = blocks.into_values().collect();
    Some(Landing { blocks, heads })
}

/// The heads, in loops of a unit, at which the interpreter arrives when it has run the rest of a block after a side
/// exit at a store.
fn behind_stores(unit: &Unit<'_>, entries: &BTreeSet<u64>) -> BTreeSet<u64> {
    let repeated = repeated_with_calls(unit);
    let mut heads = BTreeSet::new();
    let pairs = unit.chains.iter().zip(&repeated);
    for (chain, _) in pairs.filter(|(_, repeated)| **repeated) {
        for number in leaving_blocks(chain) {
            heads.extend(chain.blocks[number].successors());
            // A copy of a function comes back to a return point that may be no entry.
            let rest = &chain.blocks[number..];
            let back = rest.windows(2).filter(|pair| pair[0].flow == Flow::Dynamic);
            heads.extend(back.map(|pair| pair[1].head));
            heads.extend(chain.goes_on);
        }
    }
    heads.retain(|head| !entries.contains(head));
    heads
}

/// The numbers of the blocks of a chain that may be left by a side exit at a store.
fn leaving_blocks(chain: &Chain<'_>) -> Vec<usize> {
    let plan = memory_checks::plan(&chain.accesses, chain.first_block_accesses());
    // Pages of the stack are few, and functions store to them when they begin.
    let leaves_head = (plan.head.iter())
        .any(|(register, check)| check.store.is_some() && *register != Some(Reg::SP));
    let opens = chain.entry && plan.pages_opened > 0;
    let checks = plan.accesses.as_slice();
    let mut from = 0;
    let mut leaving = Vec::new();
    for (number, &end) in chain.accesses_until.iter().enumerate() {
        let inside = checks[from..end].iter().any(|check| check.store.is_some());
        if inside || number == 0 && leaves_head && !opens {
            leaving.push(number);
        }
        from = end;
    }
    leaving
}

/// The blocks that can be reached from these heads without coming to an entry, by head, as far as a landing goes.
fn reached<'a>(
    found: &'a Discovered,
    inlined: &Inlined<'a>,
    heads: &BTreeSet<u64>,
    entries: &BTreeSet<u64>,
) -> BTreeMap<u64, &'a Block> {
    let mut blocks = BTreeMap::new();
    let mut queue: VecDeque<(u64, usize)> = heads.iter().map(|&head| (head, 0)).collect();
    while let Some((head, before)) = queue.pop_front() {
        let is_there = entries.contains(&head) || blocks.contains_key(&head);
        if is_there || before >= LANDING_INSTRUCTIONS {
            continue;
        }
        // Code that was left to the interpreter has no block.
        let Some(block) = found.blocks.get(&head) else {
            continue;
        };
        blocks.insert(head, block);
        let end = before + block.instructions.len();
        let next = block.successors().chain(inlined.returns_to(block));
        queue.extend(next.map(|head| (head, end)));
    }
    blocks
}
