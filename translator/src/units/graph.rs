//! The control-flow graph of one unit: which blocks may follow which, where control may enter the unit,
//! and where the budget is compared.
//!
//! Its nodes are blocks, and one more for the dispatch if the unit has one. What follows from it for
//! chains (costs, registers) is in `dataflow`.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::Reg;

use super::inline::Inlined;
use crate::abstract_interpreter::Flow;
use crate::block::Block;

/// The most calls of a unit to itself that are edges inside it. Each return of the unit compares its
/// target with the return points of all of them.
const SELF_CALLS: usize = 4;

/// The control-flow graph of one unit. A node is the position of a block in the order of addresses.
pub(super) struct Graph<'g, 'a> {
    pub(super) blocks: &'g [&'a Block],
    /// The calls that are inlined. Such a block and the copy of the function are one node, which goes on at
    /// the return point.
    inlined: &'g Inlined<'a>,
    pub(super) successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    /// Whether control may enter the unit at a block.
    pub(super) entries: Vec<bool>,
    /// Whether a node compares the budget.
    pub(super) checks: Vec<bool>,
    /// The nodes that can be reached from an entry, in reverse post-order: predecessors come first,
    /// except along retreating edges.
    pub(super) order: Vec<usize>,
    /// The targets of the dispatch by head. If it has any, the unit has a dispatch; its node is the number
    /// of blocks.
    pub(super) dispatch_targets: BTreeMap<u64, usize>,
    /// The return points of the unit's calls of itself, by head.
    pub(super) return_points: BTreeMap<u64, usize>,
}

/// Whether a block ends with an indirect jump that is not a call.
fn is_indirect_jump(block: &Block) -> bool {
    block.flow == Flow::Dynamic && !block.links
}

/// Whether a block ends with a return: a jump to the address in the link register.
pub(super) fn is_return(block: &Block) -> bool {
    is_indirect_jump(block)
        && block
            .instructions
            .last()
            .is_some_and(|inst| inst.rs1 == Reg::RA)
}

/// Whether a block ends with an indirect jump that is neither a call nor a return.
fn uses_dispatch(block: &Block) -> bool {
    is_indirect_jump(block) && !is_return(block)
}

impl<'g, 'a> Graph<'g, 'a> {
    pub(super) fn new(
        blocks: &'g [&'a Block],
        inlined: &'g Inlined<'a>,
        entries: &BTreeSet<u64>,
        indirect_targets: &BTreeSet<u64>,
    ) -> Self {
        let position: BTreeMap<u64, usize> = (blocks.iter().enumerate())
            .map(|(number, block)| (block.head, number))
            .collect();
        let dispatch_targets = find_dispatch_targets(blocks, &position, indirect_targets);
        let return_points = self_call_return_points(blocks, &position);
        let dispatch = blocks.len();
        let mut successors = Vec::with_capacity(dispatch + 1);
        for block in blocks {
            let back = inlined.returns_to(block);
            let mut next: Vec<usize> = (block.successors().chain(back))
                .filter_map(|head| position.get(&head).copied())
                .collect();
            if uses_dispatch(block) && !dispatch_targets.is_empty() {
                next.push(dispatch);
            }
            if is_return(block) {
                next.extend(return_points.values());
            }
            let callee = block.callee().filter(|_| !return_points.is_empty());
            next.extend(callee.and_then(|callee| position.get(&callee)));
            next.sort_unstable();
            next.dedup();
            successors.push(next);
        }
        successors.push(dispatch_targets.values().copied().collect());
        let mut predecessors = vec![Vec::new(); successors.len()];
        for (number, next) in successors.iter().enumerate() {
            for &target in next {
                predecessors[target].push(number);
            }
        }
        let mut graph = Graph {
            blocks,
            inlined,
            successors,
            predecessors,
            entries: (blocks.iter())
                .map(|block| {
                    let enters = |all: &BTreeSet<u64>| all.contains(&block.head);
                    enters(entries) || enters(indirect_targets) && dispatch_targets.is_empty()
                })
                .collect(),
            checks: vec![false; dispatch + 1],
            order: Vec::new(),
            dispatch_targets,
            return_points,
        };
        graph.sort();
        graph
    }

    /// Makes every block an entry that compares the budget.
    pub(super) fn check_all(&mut self) {
        self.entries.fill(true);
        self.sort();
        self.checks.fill(true);
    }

    /// Orders the nodes by a depth-first search and marks the targets of retreating edges as checks.
    fn sort(&mut self) {
        let mut rank = vec![usize::MAX; self.successors.len()];
        let mut post = Vec::with_capacity(self.successors.len());
        let mut seen = vec![false; self.successors.len()];
        // The lowest entry, usually the start of the function, is searched last and so comes first in the
        // order. The dispatch is a root too: some blocks are reached only through it.
        let entries = (0..self.blocks.len()).rev();
        let entries = entries.filter(|&block| self.entries[block]);
        let dispatch = (!self.dispatch_targets.is_empty()).then_some(self.blocks.len());
        for root in entries.chain(dispatch) {
            let mut path = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((block, tried)) = path.last_mut() {
                if let Some(&next) = self.successors[*block].get(*tried) {
                    *tried += 1;
                    if !std::mem::replace(&mut seen[next], true) {
                        path.push((next, 0));
                    }
                } else {
                    post.push(*block);
                    path.pop();
                }
            }
        }
        post.reverse();
        for (place, &block) in post.iter().enumerate() {
            rank[block] = place;
        }
        for &block in &post {
            for &next in &self.successors[block] {
                self.checks[next] |= rank[next] <= rank[block];
            }
        }
        self.order = post;
        // A check is an entry. The dispatch is not: it has no address of its own.
        for (entry, check) in self.entries.iter_mut().zip(&self.checks) {
            *entry |= *check;
        }
    }

    /// The blocks of a node: its own, and those of the function that it calls if that is inlined.
    pub(super) fn blocks_of(&self, node: usize) -> impl Iterator<Item = &'a Block> + use<'a, 'g> {
        let own = self.blocks.get(node).copied();
        let behind = own.map_or(&[][..], |block| self.inlined.behind(block));
        own.into_iter().chain(behind.iter().copied())
    }

    /// The return point of a node that ends with an inlined function.
    pub(super) fn returns_to(&self, node: usize) -> Option<u64> {
        self.inlined.returns_to(self.blocks.get(node)?)
    }

    /// Whether a block belongs to the chain of its predecessor: it has only one, which ends by length or
    /// with an inlined function, and nothing else can enter it.
    pub(super) fn extends_predecessor(&self, block: usize) -> bool {
        let &[before] = self.predecessors[block].as_slice() else {
            return false;
        };
        let flow = self.blocks.get(before).map(|block| block.flow);
        let goes_on = flow == Some(Flow::Next) || self.returns_to(before).is_some();
        self.entries.get(block) == Some(&false) && goes_on
    }
}

/// The targets of the unit's indirect jumps by head; none if it has no indirect jumps.
fn find_dispatch_targets(
    blocks: &[&Block],
    position: &BTreeMap<u64, usize>,
    indirect_targets: &BTreeSet<u64>,
) -> BTreeMap<u64, usize> {
    let any = blocks.iter().any(|block| uses_dispatch(block));
    (position.iter())
        .filter(|(head, _)| any && indirect_targets.contains(head))
        .map(|(&head, &number)| (head, number))
        .collect()
}

/// The return points of the unit's calls of itself, if there are at most [`SELF_CALLS`].
fn self_call_return_points(
    blocks: &[&Block],
    position: &BTreeMap<u64, usize>,
) -> BTreeMap<u64, usize> {
    let calls_itself =
        |block: &&&Block| (block.callee()).is_some_and(|callee| position.contains_key(&callee));
    let points: BTreeMap<u64, usize> = (blocks.iter().filter(calls_itself))
        .filter_map(|block| {
            let point = block.return_point()?;
            Some((point, *position.get(&point)?))
        })
        .collect();
    match points.len() {
        0..=SELF_CALLS => points,
        _ => BTreeMap::new(),
    }
}
