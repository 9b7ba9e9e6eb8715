//! What the chains of a unit need to know of each other: the worst cost to the next check, which
//! registers may differ from the context's, which values are needed, and who writes registers back.

use super::{Chain, loops};
use crate::lift;

/// The worst cost from each chain to the next check. Edges to checks end a way; all others lead
/// forward in the order, so one pass from the back sees every successor before its predecessors.
pub(super) fn worst_costs(chains: &mut [Chain<'_>]) {
    for number in (0..chains.len()).rev() {
        let onward = (chains[number].successors.iter())
            .filter(|&&next| !chains[next].check)
            .map(|&next| chains[next].worst)
            .max();
        chains[number].worst = chains[number].cycles + onward.unwrap_or(0);
    }
}

/// Exits behind a chain from which on it settles its registers.
const SETTLED_EXITS: usize = 2;

/// Decides which chains settle: none in a loop; those in front of a loop, so that its exits have only its
/// own registers to store, and those in front of several exits.
pub(super) fn settle(chains: &mut [Chain<'_>]) {
    let repeated = loops::repeated(chains);
    let exits: Vec<usize> = (chains.iter())
        .map(|chain| lift::exits(&chain.accesses) + usize::from(chain.check))
        .collect();
    for number in 0..chains.len() {
        let next = &chains[number].successors;
        let pays = next.iter().any(|&next| repeated[next])
            || next.iter().map(|&next| exits[next]).sum::<usize>() >= SETTLED_EXITS;
        // A dispatch goes on before it could.
        let chain = &mut chains[number];
        chain.settles = !repeated[number] && pays && !chain.blocks.is_empty();
    }
}

/// Which registers may be dirty on arrival, and which values are needed. A register that may be
/// dirty is stored at every exit, so its value is needed there whichever way control came.
pub(super) fn dataflow(chains: &mut [Chain<'_>]) {
    let mut changed = true;
    while changed {
        changed = false;
        for number in 0..chains.len() {
            let dirty = (chains[number].predecessors.iter())
                .filter(|&&p| !chains[p].settles)
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
