//! Data-flow analysis over the chains of a unit.
//!
//! For each chain it computes the worst cost to the next budget check, the dirty registers (those whose
//! value may differ from the one in the context), the live registers, and whether the chain writes its
//! dirty registers back at its end. It works on the finished chains; `graph` has the control flow among
//! blocks.

use super::chain::Chain;
use super::loops;
use crate::memory_checks;

/// Computes the worst cost from each chain to the next check. An edge to a chain with a check ends a
/// path. All other edges lead forward in the order of chains, so one pass from the last chain to the
/// first has the result of every successor before it is needed.
pub(super) fn worst_costs(chains: &mut [Chain<'_>]) {
    for number in (0..chains.len()).rev() {
        let onward = (chains[number].successors.iter())
            .filter(|&&next| !chains[next].check)
            .map(|&next| chains[next].worst)
            .max();
        chains[number].worst = chains[number].cycles + onward.unwrap_or(0);
    }
}

/// A chain writes its registers back if the chains behind it have at least so many exits.
const WRITE_BACK_EXITS: usize = 2;

/// Decides which chains write their dirty registers back at their end. Chains in a loop do not. A chain
/// in front of a loop does, so that the exits of the loop store only the loop's own registers. So does a
/// chain in front of several exits, each of which would store the same registers.
pub(super) fn choose_write_backs(chains: &mut [Chain<'_>]) {
    let repeated = loops::repeated(chains);
    let exits: Vec<usize> = (chains.iter())
        .map(|chain| {
            memory_checks::plan(&chain.accesses, chain.first_block_accesses()).exits()
                + usize::from(chain.check)
        })
        .collect();
    for number in 0..chains.len() {
        let next = &chains[number].successors;
        let pays = next.iter().any(|&next| repeated[next])
            || next.iter().map(|&next| exits[next]).sum::<usize>() >= WRITE_BACK_EXITS;
        // The dispatch has no end at which it could write back.
        let chain = &mut chains[number];
        chain.writes_back = !repeated[number] && pays && !chain.blocks.is_empty();
    }
}

/// Computes which registers may be dirty at the start of each chain, and which are live there. Every exit
/// stores a register that may be dirty, so such a register is live too.
pub(super) fn dataflow(chains: &mut [Chain<'_>]) {
    let mut changed = true;
    while changed {
        changed = false;
        for number in 0..chains.len() {
            let dirty = (chains[number].predecessors.iter())
                .filter(|&&p| !chains[p].writes_back)
                .fold(0, |dirty, &p| dirty | chains[p].dirty | chains[p].defs);
            changed |= dirty != chains[number].dirty;
            chains[number].dirty = dirty;
        }
    }
    changed = true;
    while changed {
        changed = false;
        for number in (0..chains.len()).rev() {
            let after =
                (chains[number].successors.iter()).fold(0, |live, &s| live | chains[s].live);
            let chain = &mut chains[number];
            let live = chain.uses | chain.dirty | (after & !chain.defs);
            changed |= live != chain.live;
            chain.live = live;
        }
    }
}
