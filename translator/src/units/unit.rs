//! A unit: the chains that become one function, and the addresses at which it can be entered.
//!
//! `units` builds units. Nothing here decides what belongs to one.

use std::collections::BTreeMap;

use super::chain::Chain;
use crate::injection::Injection;

/// One function to compile. Its chains are numbered by their places in `chains`.
pub(crate) struct Unit<'a> {
    /// The chains, in an order in which predecessors come first, except along retreating edges.
    pub chains: Vec<Chain<'a>>,
    /// The chains by head.
    pub heads: BTreeMap<u64, usize>,
    /// The chains that the dispatch may go to, by head.
    pub dispatch_targets: BTreeMap<u64, usize>,
    /// The dispatch, if there is one.
    pub dispatch: Option<usize>,
    /// The chains to which the unit's calls of itself return, by head.
    pub return_points: BTreeMap<u64, usize>,
    /// The memory-resident registers as a mask: between chains they live in the context, not in host
    /// registers.
    pub memory_resident: u32,
    /// The injected fault, if there is one.
    pub inject: Option<Injection>,
    /// Whether its blocks are copies of blocks of another unit (`landings`).
    pub is_landing: bool,
}

impl Unit<'_> {
    /// The chains at which the unit can be entered; their places in the list are the numbers of the
    /// entries. They are in the order of their addresses, and the dispatch is last.
    pub(crate) fn entry_chains(&self) -> Vec<usize> {
        let direct = self.direct_entries().map(|(_, chain)| chain);
        direct.chain(self.dispatch).collect()
    }

    /// The heads at which control may enter the unit, each with the number of its entry. Heads that only
    /// indirect jumps go to share the entry of the dispatch. If such a head had an entry of its own, the
    /// registers that it needs would come from two places, and each jump from the dispatch would have to
    /// move them.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, usize)> {
        let dispatch = self.direct_entries().count();
        let direct = self.direct_entries().map(|(head, _)| head).zip(0..);
        let shared =
            (self.dispatch_targets.iter()).filter(|&(_, &chain)| !self.chains[chain].entry);
        direct.chain(shared.map(move |(&head, _)| (head, dispatch)))
    }

    /// The heads that are entered directly, not through the dispatch, with their chains.
    fn direct_entries(&self) -> impl Iterator<Item = (u64, usize)> {
        let heads = self.heads.iter().map(|(&head, &chain)| (head, chain));
        heads.filter(|&(_, chain)| self.chains[chain].entry)
    }
}
