//! Units: the blocks that become one compiled function, and all that lifting needs to know of them.
//!
//! A unit is a guest function, or a piece of one where it is large: register allocation turns erratic
//! beyond about a thousand instructions. Inside a unit, blocks that nothing else can enter are glued
//! to their predecessor (a chain: one scope for memory checks, one subtraction of cycles); budget
//! checks stand at the targets of retreating edges, so that every way between two checks is acyclic
//! and its worst cost is known.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_isa::{Reg, Xlen};

use crate::Options;
use crate::block::Block;
use crate::discover::Program;
use crate::plant::{Fault, Plant};
use crate::record::{Access, Flow, Recorder};

/// Translated instructions of one unit at most.
const UNIT: usize = 1000;
/// Bytes of text from a unit's first block to its last at most: the table of its entries has a row a
/// halfword, and code with wide gaps would make it large.
const REACH: u64 = 1 << 14;
/// Entries of one chain at most.
const CHAIN: usize = 256;
/// Indirect jumps of a unit times the width of their switch, in halfwords, at most.
const SWITCHES: u64 = 20_000;
/// Exits times registers to store, above which a unit keeps its registers in memory.
const STORES: usize = 30_000;

/// Blocks glued together: entered at the first only, left at the end of the last or by an exit.
pub(crate) struct Chain<'a> {
    /// The blocks in order.
    pub blocks: Vec<&'a Block>,
    /// Control may come here from outside the unit.
    pub entry: bool,
    /// The budget is compared here, whoever comes.
    pub check: bool,
    /// Chains that it may go on to inside the unit, by index.
    pub successors: Vec<usize>,
    /// Chains that may go on to it.
    pub predecessors: Vec<usize>,
    /// It ends with an indirect jump that may stay inside the unit.
    pub switches: bool,
    /// Cycles of all its blocks.
    pub cycles: u64,
    /// The most that can be charged from here to the next check, its own charge included.
    pub worst: u64,
    /// Registers whose values it needs, one bit each.
    pub live: u32,
    /// Registers that may differ from the context's on arrival, one bit each.
    pub dirty: u32,
    /// Registers it writes.
    pub defs: u32,
    /// Memory accesses in order.
    pub accesses: Vec<Access>,
    uses: u32,
}

impl Chain<'_> {
    /// Address of the first instruction.
    pub(crate) fn head(&self) -> u64 {
        self.blocks[0].head
    }

    /// The block that decides where it goes.
    pub(crate) fn last(&self) -> &Block {
        self.blocks[self.blocks.len() - 1]
    }
}

/// One function to compile.
pub(crate) struct Unit<'a> {
    /// Chains in an order in which predecessors come first, but for retreating edges.
    pub chains: Vec<Chain<'a>>,
    /// Chains by head.
    pub heads: BTreeMap<u64, usize>,
    /// What an indirect jump may go to inside the unit; empty where switching does not pay.
    pub switch: BTreeMap<u64, usize>,
    /// Registers live in the context between chains, not in host registers.
    pub homed: bool,
    /// A fault on purpose.
    pub plant: Option<Plant>,
}

/// Cuts a program into units.
pub(crate) fn partition<'a>(program: &'a Program, xlen: Xlen, options: &Options) -> Vec<Unit<'a>> {
    let mut groups: Vec<Vec<&Block>> = Vec::new();
    let mut size = 0;
    for block in program.blocks.values() {
        size += block.entries.len();
        let fits = |group: &&mut Vec<&Block>| {
            let start = program.starts.contains(&block.head);
            let far = (group.first()).is_some_and(|first| block.head - first.head > REACH);
            !start && !far && size <= UNIT
        };
        match groups.last_mut().filter(fits) {
            Some(group) => group.push(block),
            None => {
                groups.push(vec![block]);
                size = block.entries.len();
            }
        }
    }
    let mut entries = program.entries.clone();
    entries.extend(crossing(&groups));
    groups
        .iter()
        .map(|group| Unit::build(group, &entries, &program.switched, xlen, options))
        .collect()
}

/// Heads that a block of another group goes on to.
fn crossing(groups: &[Vec<&Block>]) -> BTreeSet<u64> {
    let mut group_of = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        group_of.extend(group.iter().map(|block| (block.head, number)));
    }
    let mut found = BTreeSet::new();
    for (number, group) in groups.iter().enumerate() {
        for block in group {
            let outside = |head: &u64| group_of.get(head).is_some_and(|&other| other != number);
            found.extend(block.successors().filter(outside));
        }
    }
    found
}

/// The control flow among the blocks of one unit, by position in order of address.
struct Graph<'g, 'a> {
    blocks: &'g [&'a Block],
    /// Blocks by head.
    position: BTreeMap<u64, usize>,
    successors: Vec<Vec<usize>>,
    predecessors: Vec<Vec<usize>>,
    entries: Vec<bool>,
    checks: Vec<bool>,
    /// Reachable blocks, predecessors first.
    order: Vec<usize>,
    switch: BTreeMap<u64, usize>,
}

/// An indirect jump that is not a return.
fn switches(block: &Block) -> bool {
    let returns = block.entries.last().is_some_and(|inst| inst.rs1 == Reg::RA);
    block.flow == Flow::Dynamic && !block.links && !returns
}

impl<'g, 'a> Graph<'g, 'a> {
    fn new(blocks: &'g [&'a Block], entries: &BTreeSet<u64>, switched: &BTreeSet<u64>) -> Self {
        let position: BTreeMap<u64, usize> = (blocks.iter().enumerate())
            .map(|(number, block)| (block.head, number))
            .collect();
        let switch = switch_targets(blocks, &position, switched);
        let mut successors = Vec::with_capacity(blocks.len());
        let mut predecessors = vec![Vec::new(); blocks.len()];
        for (number, block) in blocks.iter().enumerate() {
            let mut next: Vec<usize> = (block.successors())
                .filter_map(|head| position.get(&head).copied())
                .collect();
            if switches(block) {
                next.extend(switch.values());
            }
            next.sort_unstable();
            next.dedup();
            for &target in &next {
                predecessors[target].push(number);
            }
            successors.push(next);
        }
        let mut graph = Graph {
            blocks,
            position,
            successors,
            predecessors,
            entries: blocks.iter().map(|b| entries.contains(&b.head)).collect(),
            checks: vec![false; blocks.len()],
            order: Vec::new(),
            switch,
        };
        graph.sort();
        graph
    }

    /// Makes every block one that is entered and that looks at the budget.
    fn check_all(&mut self) {
        self.entries.fill(true);
        self.sort();
        self.checks.fill(true);
    }

    /// Orders the blocks and marks the targets of retreating edges.
    fn sort(&mut self) {
        let mut rank = vec![usize::MAX; self.blocks.len()];
        let mut post = Vec::with_capacity(self.blocks.len());
        let mut seen = vec![false; self.blocks.len()];
        // The lowest entry is finished last and so comes first: a function's start, usually.
        let roots: Vec<usize> = (0..self.blocks.len())
            .filter(|&b| self.entries[b])
            .collect();
        for root in roots.into_iter().rev() {
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
        for (entry, check) in self.entries.iter_mut().zip(&self.checks) {
            *entry |= *check;
        }
    }

    /// Whether a block continues its only predecessor.
    fn glued(&self, block: usize) -> bool {
        let &[before] = self.predecessors[block].as_slice() else {
            return false;
        };
        !self.entries[block] && self.blocks[before].flow == Flow::Next
    }
}

/// Heads that the unit's indirect jumps may go to, if a switch over them is not too large.
fn switch_targets(
    blocks: &[&Block],
    position: &BTreeMap<u64, usize>,
    switched: &BTreeSet<u64>,
) -> BTreeMap<u64, usize> {
    let jumps = blocks.iter().filter(|block| switches(block)).count() as u64;
    let targets: BTreeMap<u64, usize> = (position.iter())
        .filter(|(head, _)| jumps > 0 && switched.contains(head))
        .map(|(&head, &number)| (head, number))
        .collect();
    let width = match (targets.first_key_value(), targets.last_key_value()) {
        (Some((first, _)), Some((last, _))) => (last - first) / 2 + 1,
        _ => 0,
    };
    if jumps * width > SWITCHES {
        return BTreeMap::new();
    }
    targets
}

impl<'a> Unit<'a> {
    fn build(
        blocks: &[&'a Block],
        entries: &BTreeSet<u64>,
        switched: &BTreeSet<u64>,
        xlen: Xlen,
        options: &Options,
    ) -> Unit<'a> {
        let mut graph = Graph::new(blocks, entries, switched);
        if options.every_block {
            graph.check_all();
        }
        let (mut chains, chain_of) = chains(&graph, xlen, options.plant);
        connect(&graph, &mut chains, &chain_of);
        worst_costs(&mut chains);
        dataflow(&mut chains);
        let exits: usize = (chains.iter())
            .map(|chain| {
                let registers = (chain.dirty | chain.defs).count_ones() as usize;
                (chain.accesses.len() + 1) * registers
            })
            .sum();
        let switch = (graph.switch.iter())
            .filter_map(|(&head, block)| Some((head, *chain_of.get(block)?)))
            .collect();
        Unit {
            heads: (chains.iter().enumerate())
                .map(|(number, chain)| (chain.head(), number))
                .collect(),
            chains,
            switch,
            homed: exits > STORES,
            plant: options.plant,
        }
    }
}

/// Glues blocks; the second result says which chain starts with which block.
fn chains<'a>(
    graph: &Graph<'_, 'a>,
    xlen: Xlen,
    plant: Option<Plant>,
) -> (Vec<Chain<'a>>, BTreeMap<usize, usize>) {
    let mut chains = Vec::new();
    let mut chain_of = BTreeMap::new();
    let mut cut = vec![false; graph.blocks.len()];
    for &first in &graph.order {
        if graph.glued(first) && !cut[first] {
            continue;
        }
        let mut recorder = Recorder::new(xlen);
        let mut members = Vec::new();
        let (mut block, mut size, mut wrong) = (first, 0, 0);
        loop {
            let member = graph.blocks[block];
            let fault = plant.and_then(|plant| plant.at(member.head));
            wrong |= fault.map_or(0, Fault::register);
            let mut pc = member.head;
            for inst in &member.entries {
                recorder.step(inst, pc);
                pc += u64::from(inst.len);
            }
            members.push(member);
            size += member.entries.len();
            match graph.successors[block].as_slice() {
                &[next] if graph.glued(next) && member.flow == Flow::Next => {
                    if size >= CHAIN {
                        cut[next] = true;
                        break;
                    }
                    block = next;
                }
                _ => break,
            }
        }
        chain_of.insert(first, chains.len());
        chains.push(Chain {
            switches: !graph.switch.is_empty() && switches(graph.blocks[block]),
            cycles: members.iter().map(|block| block.cycles).sum(),
            blocks: members,
            entry: graph.entries[first],
            check: graph.checks[first],
            successors: Vec::new(),
            predecessors: Vec::new(),
            worst: 0,
            live: 0,
            dirty: 0,
            uses: (recorder.uses | wrong) & !1,
            defs: recorder.defs | wrong,
            accesses: recorder.accesses,
        });
    }
    (chains, chain_of)
}

fn connect(graph: &Graph<'_, '_>, chains: &mut [Chain<'_>], chain_of: &BTreeMap<usize, usize>) {
    for number in 0..chains.len() {
        let last = graph.position[&chains[number].last().head];
        let next: Vec<usize> = (graph.successors[last].iter())
            .filter_map(|block| chain_of.get(block).copied())
            .collect();
        for &target in &next {
            chains[target].predecessors.push(number);
        }
        chains[number].successors = next;
    }
}

/// The worst cost from each chain to the next check. Edges to checks end a way; all others lead
/// forward in the order, so one pass from the back sees every successor before its predecessors.
fn worst_costs(chains: &mut [Chain<'_>]) {
    for number in (0..chains.len()).rev() {
        let onward = (chains[number].successors.iter())
            .filter(|&&next| !chains[next].check)
            .map(|&next| chains[next].worst)
            .max();
        chains[number].worst = chains[number].cycles + onward.unwrap_or(0);
    }
}

/// Which registers may be dirty on arrival, and which values are needed. A register that may be
/// dirty is stored at every exit, so its value is needed there whichever way control came.
fn dataflow(chains: &mut [Chain<'_>]) {
    let mut changed = true;
    while changed {
        changed = false;
        for number in 0..chains.len() {
            let dirty = (chains[number].predecessors.iter())
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

impl Unit<'_> {
    /// Instructions of all chains, fused ones counted once.
    pub(crate) fn instructions(&self) -> usize {
        let blocks = self.chains.iter().flat_map(|chain| &chain.blocks);
        blocks.map(|block| block.entries.len()).sum()
    }
}

#[cfg(test)]
mod tests;
