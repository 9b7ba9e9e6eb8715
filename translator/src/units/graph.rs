//! The control flow among the blocks of one unit: who may follow whom, where control may come from
//! outside, and where the budget has to be compared.
//!
//! What follows from it for chains (costs, registers) is in `dataflow`.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::Reg;

use crate::block::Block;
use crate::record::Flow;

/// Calls of a unit to itself that are edges inside it, at most: each of its returns is compared with
/// all of them.
const RECURSIONS: usize = 4;

/// The control flow among the blocks of one unit, by position in order of address.
pub(super) struct Graph<'g, 'a> {
    pub(super) blocks: &'g [&'a Block],
    /// Blocks by head.
    pub(super) position: BTreeMap<u64, usize>,
    pub(super) successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    pub(super) entries: Vec<bool>,
    pub(super) checks: Vec<bool>,
    /// Reachable blocks, predecessors first.
    pub(super) order: Vec<usize>,
    /// Where the dispatch goes. If there is one, it is the node behind the last block.
    pub(super) switch: BTreeMap<u64, usize>,
    /// Where calls of the unit to itself return to.
    pub(super) returns: BTreeMap<u64, usize>,
}

/// An indirect jump that is not a call.
fn jumps(block: &Block) -> bool {
    block.flow == Flow::Dynamic && !block.links
}

/// A jump to the link register.
pub(super) fn returns(block: &Block) -> bool {
    jumps(block) && block.entries.last().is_some_and(|inst| inst.rs1 == Reg::RA)
}

/// An indirect jump that is not a return.
fn switches(block: &Block) -> bool {
    jumps(block) && !returns(block)
}

impl<'g, 'a> Graph<'g, 'a> {
    pub(super) fn new(
        blocks: &'g [&'a Block],
        entries: &BTreeSet<u64>,
        switched: &BTreeSet<u64>,
    ) -> Self {
        let position: BTreeMap<u64, usize> = (blocks.iter().enumerate())
            .map(|(number, block)| (block.head, number))
            .collect();
        let switch = switch_targets(blocks, &position, switched);
        let return_points = recursions(blocks, &position);
        let dispatch = blocks.len();
        let mut successors = Vec::with_capacity(dispatch + 1);
        for block in blocks {
            let mut next: Vec<usize> = (block.successors())
                .filter_map(|head| position.get(&head).copied())
                .collect();
            if switches(block) && !switch.is_empty() {
                next.push(dispatch);
            }
            if returns(block) {
                next.extend(return_points.values());
            }
            let callee = block.callee().filter(|_| !return_points.is_empty());
            next.extend(callee.and_then(|callee| position.get(&callee)));
            next.sort_unstable();
            next.dedup();
            successors.push(next);
        }
        successors.push(switch.values().copied().collect());
        let mut predecessors = vec![Vec::new(); successors.len()];
        for (number, next) in successors.iter().enumerate() {
            for &target in next {
                predecessors[target].push(number);
            }
        }
        let mut graph = Graph {
            blocks,
            position,
            successors,
            predecessors,
            entries: (blocks.iter())
                .map(|block| {
                    let enters = |all: &BTreeSet<u64>| all.contains(&block.head);
                    enters(entries) || enters(switched) && switch.is_empty()
                })
                .collect(),
            checks: vec![false; dispatch + 1],
            order: Vec::new(),
            switch,
            returns: return_points,
        };
        graph.sort();
        graph
    }

    /// Makes every block one that is entered and that looks at the budget.
    pub(super) fn check_all(&mut self) {
        self.entries.fill(true);
        self.sort();
        self.checks.fill(true);
    }

    /// Orders the blocks and marks the targets of retreating edges.
    fn sort(&mut self) {
        let mut rank = vec![usize::MAX; self.successors.len()];
        let mut post = Vec::with_capacity(self.successors.len());
        let mut seen = vec![false; self.successors.len()];
        // The lowest entry is finished last and so comes first: a function's start, usually. What none
        // of them reaches is entered through the dispatch.
        let entries = (0..self.blocks.len()).rev();
        let entries = entries.filter(|&block| self.entries[block]);
        let dispatch = (!self.switch.is_empty()).then_some(self.blocks.len());
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
        // Not so the dispatch, which has no address of its own.
        for (entry, check) in self.entries.iter_mut().zip(&self.checks) {
            *entry |= *check;
        }
    }

    /// Whether a block continues its only predecessor.
    pub(super) fn glued(&self, block: usize) -> bool {
        let &[before] = self.predecessors[block].as_slice() else {
            return false;
        };
        let flow = self.blocks.get(before).map(|block| block.flow);
        self.entries.get(block) == Some(&false) && flow == Some(Flow::Next)
    }
}

/// Heads that the unit's indirect jumps may go to, if it has any.
fn switch_targets(
    blocks: &[&Block],
    position: &BTreeMap<u64, usize>,
    switched: &BTreeSet<u64>,
) -> BTreeMap<u64, usize> {
    let jumps = blocks.iter().any(|block| switches(block));
    (position.iter())
        .filter(|(head, _)| jumps && switched.contains(head))
        .map(|(&head, &number)| (head, number))
        .collect()
}

/// Where the unit's calls of itself return to, if they are few.
fn recursions(blocks: &[&Block], position: &BTreeMap<u64, usize>) -> BTreeMap<u64, usize> {
    let calls_itself =
        |block: &&&Block| (block.callee()).is_some_and(|callee| position.contains_key(&callee));
    let points: BTreeMap<u64, usize> = (blocks.iter().filter(calls_itself))
        .filter_map(|block| {
            let point = block.return_point()?;
            Some((point, *position.get(&point)?))
        })
        .collect();
    match points.len() {
        0..=RECURSIONS => points,
        _ => BTreeMap::new(),
    }
}
